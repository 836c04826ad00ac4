from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_collecting(monkeypatch: pytest.MonkeyPatch) -> None:
    """statsmodels' multipletests collects garbage each time: in a test run, nearly all its time."""
    monkeypatch.setattr("gc.collect", lambda: 0)
