"""Reviewers' decisions: the log, and what it makes of the generated films."""
