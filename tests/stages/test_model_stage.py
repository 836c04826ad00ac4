"""The stage `model`: an empty folder unless the network is to be released."""

from __future__ import annotations

from pathlib import Path

from cxr_release.params.load import load_params
from cxr_release.stages import model
from tests.support.small_project import small_project


def test_by_default_there_is_an_empty_folder(tmp_path: Path) -> None:
    paths = small_project(tmp_path, {})
    (paths.model / "unet").mkdir(parents=True)
    (paths.model / "unet/older").touch()
    model.run(paths, load_params(paths.params))
    assert [path.name for path in paths.model.iterdir()] == [".gitkeep"]
