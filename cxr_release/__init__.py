"""cxr-release: from a folder of radiographs to a citable synthetic dataset."""

__version__ = "0.1.0"
