"""The release folder: described once, packaged, checked."""
