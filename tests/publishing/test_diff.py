"""`diff` on what is no sound release."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cxr_release.errors import CxrReleaseError, ReleaseError
from cxr_release.publishing.diff import compare, text_of
from tests.support.tampering import make


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("compared"))


def test_a_release_is_the_same_as_itself(release: Path) -> None:
    found = compare(str(release), str(release))
    assert found["same"]
    assert text_of(found) == "1.0.0 → 1.0.0\n- Films, settings and numbers are the same."


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


def report_of(**changes: Any) -> dict[str, Any]:
    """A report of `compare` between two versions that differ in some ways."""
    none: dict[str, Any] = {
        **{"old": "1.0.0", "new": "1.1.0", "same": False},
        **{"added": (), "returned": (), "redrawn": ()},
        **{"withdrawn": {}, "relabelled": {}, "numbers": {}},
    }
    return none | changes


def films(*indices: int) -> tuple[str, ...]:
    return tuple(f"checkpoint-3-large-{index:05}" for index in indices)


def test_each_difference_is_told_once_and_in_words() -> None:
    assert text_of(
        report_of(
            added=films(0, 1, 2, 7, 9),
            returned=films(9),
            withdrawn=dict.fromkeys(films(4, 5), "copy"),
            relabelled={film: {"facing": ("unknown", "left")} for film in films(11, 12)},
            numbers={
                "params.train.min_snr": (5.0, 1e9),
                "params.model.release": (False, True),
                "counts.total.released": (1480, 1483),
                "metrics.audit.flagged.films": (None, 2),
            },
        )
    ).splitlines() == [
        "1.0.0 → 1.1.0",
        "- 4 films new:",
        "  - checkpoint-3-large-00000 to 00002 (3), checkpoint-3-large-00007",
        "- 1 film back that an earlier version had:",
        "  - checkpoint-3-large-00009",
        "- 2 films left out:",
        "  - copy: checkpoint-3-large-00004 to 00005 (2)",
        "- 2 films described otherwise:",
        "  - facing: unknown → left: checkpoint-3-large-00011 to 00012 (2)",
        "- 2 settings changed:",
        "  - train.min_snr: 5 → 1e+09",
        "  - model.release: no → yes",
        "- 2 numbers changed:",
        "  - counts, total, released: 1,480 → 1,483",
        "  - audit, flagged, films: not there → 2",
    ]


def test_of_many_numbers_their_parts_are_told() -> None:
    numbers = {f"metrics.audit.power.{index}": (0.1, 0.2) for index in range(30)}
    told = text_of(report_of(numbers=numbers | {"counts.total.released": (2, 3)})).splitlines()
    assert told[1:] == [
        "- The films are the same.",
        "- 31 numbers changed:",
        "  - audit: 30, such as 0: 0.1 → 0.2",
        "  - counts, total: 1; released: 2 → 3",
        "  --json names all of them",
    ]


@given(st.lists(st.integers(0, 99), unique=True))
@example(list(range(0, 40, 2)))
@example(list(range(0, 42, 2)))
@example(list(range(0, 60, 2)))
def test_ranges_of_films_say_which_and_how_many(indices: list[int]) -> None:
    told = text_of(report_of(redrawn=films(*sorted(indices)))).partition("under the same id:\n")[2]
    named, _, more = told.strip("- \n").partition(", and ")
    held = set()
    for part in named.split(", ") if named else []:
        first, _, last = part.removeprefix("checkpoint-3-large-").partition(" to ")
        held |= {*range(int(first), int(last.partition(" ")[0] or first) + 1)}
    assert held == set(sorted(indices)[: len(held)])
    left = sorted(indices)[len(held) :]
    ranges = sum(index - 1 not in left for index in left)
    assert more == (f"{ranges} more range{'' if ranges == 1 else 's'}" if ranges else "")
