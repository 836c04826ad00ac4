"""The release folder: validated, packaged, documented."""
