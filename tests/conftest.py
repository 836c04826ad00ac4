"""What holds for all tests."""

from __future__ import annotations

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

# Nothing is timed in a test: a machine at work on something else is no fault.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker waits for another at the end."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))
