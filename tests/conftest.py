"""What holds for all tests."""

from __future__ import annotations

import signal

import pytest
from hypothesis import settings

LONGEST = (
    "test_pipeline.py",
    "test_adjudicate_page.py",
    "test_study_page.py",
    "test_screening_page.py",
    "test_cli.py",
    "test_measure.py",
    "test_screening_by_keyboard.py",
)
"""Files that take longest, the longest first: each is one worker's."""

# A shell without job control lets what it starts in the background ignore Ctrl-C, and so would
# every process of a test whose end by Ctrl-C is what is tested.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Nothing is timed in a test: a machine at work on something else is no fault.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker waits for another at the end."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))
