"""What holds for all tests."""

from __future__ import annotations

import pytest
from hypothesis import settings

LONGEST = "test_pipeline.py"

# Nothing is timed in a test: a machine at work on something else is no fault.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the file that takes longest, so that no worker waits for it at the end."""
    items.sort(key=lambda item: item.path.name != LONGEST)
