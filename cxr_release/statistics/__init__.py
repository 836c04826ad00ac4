"""Intervals, tests and agreement, once for all who need them."""
