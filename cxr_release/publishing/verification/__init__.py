"""The checks of `verify`, one idea a module. They trust nothing that stands in the folder."""
