"""What a synthetic film's id says."""

from __future__ import annotations


def job_name(film: str) -> str:
    """`checkpoint-34-large` of `checkpoint-34-large-00012`; nothing of an id that is no film's."""
    head, dash, index = film.rpartition("-")
    return head if dash and index.isdigit() and head.startswith("checkpoint-") else ""
