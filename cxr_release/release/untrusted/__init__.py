"""Bounded readers of files that somebody else made."""
