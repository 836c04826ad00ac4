"""What is typed, and what lies where a command looks: one line, at once, whatever it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse

from cxr_release.errors import CxrReleaseError, SourceError
from cxr_release.files import sha256
from cxr_release.films.patients import read_patients
from cxr_release.review_app.access import open_links
from cxr_release.review_app.serve import configure
from cxr_release.review_app.site import Site
from tests.support.commands import run
from tests.support.hangs import no_hang

HUGE = "1" + 30 * "0"
LONG = "checkpoint-1" + 5000 * "0" + "-large-00001"


@pytest.mark.parametrize(
    "arguments",
    [
        ("ingest", "phantoms", "out", "--size", HUGE),
        ("ingest", "phantoms", "out", "--size", "16", "--phantoms", HUGE),
        ("ingest", "phantoms", "out", "--size", "16", "--phantoms", "2", "--seed", HUGE),
        ("ingest", "phantoms", "out", "--size", "16", "--phantoms", "2", "--seed", "-1"),
        ("ingest", "a\nb" * 2000, "out", "--size", "16"),
        ("sample", "--only", LONG),
        ("sample", "--only", "checkpoint-３-large-00001"),
        ("audit", "--real", ".", "--synthetic", ".", "--output", "out", "--top", HUGE),
        ("audit", "--real", ".", "--synthetic", ".", "--output", "out", "--plant", HUGE),
        ("audit", "--real", ".", "--synthetic", ".", "--output", "out", "--encoder", LONG),
        ("study", "analyze", ".", "--bootstrap", HUGE),
        ("study", "analyze", ".", "--margin", "1e400"),
        ("study", "analyze", ".", "--margin", "nan"),
        ("archive", ".", "out.zip", "--year", HUGE),
        ("review", "--reviewer", "a.b", "--port", HUGE),
    ],
    ids=lambda one: " ".join(one)[:60] if isinstance(one, tuple) else None,
)
def test_a_number_or_name_out_of_any_range_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    with no_hang():
        done = run(*arguments)
    assert done.returncode in {1, 2}
    assert "Traceback" not in done.stderr
    assert len(done.stderr) < 3 * max(map(len, arguments)) + 1000
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("host", ["a" * 300, "a..b", "a" * 64 + ".example"])
def test_a_name_that_no_host_can_have_is_refused(host: str) -> None:
    with pytest.raises(CxrReleaseError, match="cannot listen"):
        Site(host, 0).listen()


def in_place_of(path: Path, kind: str) -> Path:
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    return path


@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_a_pipe_a_folder_or_a_device_in_a_file_s_place_is_refused_at_once(
    tmp_path: Path, kind: str
) -> None:
    path = in_place_of(tmp_path / "file", kind)
    with no_hang():
        with pytest.raises(SourceError, match="file"):
            read_patients(path, set())
        with pytest.raises(OSError, match="is"):
            sha256(path)
        with pytest.raises(CxrReleaseError, match="cannot be read or written"):
            open_links(path)
        site = Site("127.0.0.1", 0, (), path, path)
        with pytest.raises(CxrReleaseError, match="cannot be used"):
            configure(PlainTextResponse(""), site)
