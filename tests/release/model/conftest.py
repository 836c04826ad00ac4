from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.model_artefacts import Made, make_model
from tests.support.once import made_once


def _make(root: Path) -> None:
    root.mkdir()
    make_model(root, repository="cxr/films-model", dataset="cxr/films")


@pytest.fixture(scope="session")
def made() -> Made:
    """A dataset and its network, whose cards name each other: to be read, not altered."""
    return Made.below(made_once("released-model", _make))
