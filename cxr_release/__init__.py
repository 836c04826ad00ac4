"""cxr-release: from a folder of radiographs to a citable synthetic dataset.

The public functions are those of `cxr_release.api`, and importable from here.
"""

from importlib import import_module
from typing import Any

__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    """Functions of the API, loaded when first asked for: the command's help loads none of them."""
    if name.startswith("_") or name not in (api := import_module("cxr_release.api")).__all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(api, name)
