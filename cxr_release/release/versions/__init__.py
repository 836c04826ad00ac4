"""Versions of a release: what each held, and what became different."""
