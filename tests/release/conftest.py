from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cxr_release.params.project import Params
from cxr_release.release.inputs import ReleaseInputs
from tests.support.release_artefacts import inputs_below, small_params, write_inputs


@pytest.fixture(scope="session")
def params() -> Params:
    return small_params()


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sound")
    write_inputs(root)
    return root


@pytest.fixture
def inputs(sound: Path, tmp_path: Path) -> ReleaseInputs:
    """A fresh set of artefacts that a test may break."""
    return inputs_below(Path(shutil.copytree(sound, tmp_path / "artefacts")))
