"""`diff` on what is no sound release."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cxr_release.errors import CxrReleaseError, ReleaseError
from cxr_release.publishing.diff import compare, text_of
from tests.support.tampering import make


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("compared"))


def test_a_release_is_the_same_as_itself(release: Path) -> None:
    found = compare(str(release), str(release))
    assert found["same"]
    assert text_of(found) == "1.0.0 → 1.0.0\n- Films and numbers are those of 1.0.0."


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b"\xff\xfe"),
        lambda path: path.write_text("[1, 2]"),
        lambda path: path.write_text("[" * 100_000),
        lambda path: path.write_text(json.dumps({"version": "1.0.0", "tombstones": 3})),
        lambda path: path.write_text(
            json.dumps({**json.loads(path.read_text()), "tombstones": [{"id": "\x1b[2J"}]})
        ),
    ],
)
def test_a_record_that_is_none_is_refused_by_name(
    release: Path, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    other = Path(shutil.copytree(release, tmp_path / "other"))
    spoil(other / "release.json")
    with pytest.raises(ReleaseError) as caught:
        compare(str(release), str(other))
    assert str(other) in str(caught.value)
    assert str(caught.value).replace("\n", "").isprintable()


def test_what_is_neither_a_folder_nor_a_version_is_refused() -> None:
    with pytest.raises(CxrReleaseError, match="neither a folder nor a version"):
        compare("nowhere", "nowhere")
