"""Bounds that keep a mistyped number from filling a disk; settings that several sections have."""

from __future__ import annotations

from typing import Any

from cxr_release.settings import checked_by
from cxr_release.spelling import REVIEWER

MOST_FILMS = 1_000_000
"""Films of a set. Each takes some kilobytes on disk; training maps those of a cohort."""
MOST_STEPS = 100_000_000
"""Steps of training: years, on any machine."""
MOST_AT_ONCE = 4_096
"""Films in memory beside the network's states for them."""
MOST_DRAWS = 100_000
"""Draws behind an interval: more change nothing that is printed, and all lie in memory."""
MOST_CLASSES = 64
"""Classes that films are drawn as."""
LONGEST_CLASS = 40
"""Characters of a class's name, which is a code."""
MOST_PEOPLE = 1_000
"""People who review or read: each has a file, and a column of the tables."""
LEAST_PATIENTS = 10
"""Who must share a value that is named, unless `ingest.least_patients` says otherwise: a rare
diagnosis beside a small number would single somebody out."""
_PRESCREEN = "prescreen"
"""The pre-screen's name in the logs, which is not a person's."""


def reviewer(**options: Any) -> Any:
    """A setting that names a person as the logs do, or nobody."""
    return checked_by(
        "a reviewer's name such as a.b, or empty",
        lambda value: not value or (bool(REVIEWER.fullmatch(value)) and value != _PRESCREEN),
        **options,
    )


def channels(**options: Any) -> Any:
    """Numbers of channels, one for each resolution of a network."""
    return checked_by(
        # 2048 pixels are halved seven times to 16; 4,096 channels alone are 150 M weights a block.
        "two to eight numbers of channels, each a multiple of 8 up to 4,096",
        lambda value: (
            2 <= len(value) <= 8 and all(0 < number <= 4096 and number % 8 == 0 for number in value)
        ),
        **options,
    )
