"""Logs that lost their end, and versions that came in any order: what was decided still counts."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.errors import ParamsError, ReleaseError
from cxr_release.logbook.log_files import HEAD_SUFFIX, SUFFIX
from cxr_release.params.publication import ReleaseParams
from cxr_release.release.versions.proofs import LogStatements, contradictions
from cxr_release.release.versions.published import History, read_published
from cxr_release.release.versions.version import GONE, StatedRecord, Version
from cxr_release.settings import checked
from tests.release.test_proofs import FILM, House, house, row_of

__all__ = ["house"]

LOG, END = "screening/a.b", "e" * 64
OUT = "2026-02-01T00:00:00.000+00:00"
BEFORE, SINCE = "2026-01-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z"


def cut(folder: Path, person: str, lines: int) -> None:
    """Leave some lines of a log, as if the others had never been."""
    path = folder / f"{person}{SUFFIX}"
    kept = path.read_bytes().splitlines(keepends=True)[:lines]
    path.write_bytes(b"".join(kept))
    path.with_suffix(HEAD_SUFFIX).write_bytes(kept[-1])


def version(
    name: str, *, released: bool = False, out: str = OUT, log: str = "", **facts: Any
) -> Version:
    """A version of one film: released, or left out for what `facts` say; `log` ended at `END`."""
    film = row_of(1)
    flags = {"reviewers": 0, "audit": False, "withdrawn": False} | facts
    left = [] if released else [{**film, "reason": "artefact", **flags}]
    logs = {log: {"lines": 3, "sha256": END}} if log else {}
    record = StatedRecord(version=name, tombstones=[])
    return Version(record, {"1": film} if released else {}, {}, left, logs=logs, entered=out)


def test_a_withdrawal_that_a_log_lost_from_its_end_is_missed(house: House) -> None:
    house.publish("1.0.0")
    house.withdraw()
    house.withdraw(retract=True)
    house.withdraw()
    house.publish("1.1.0")
    cut(house.paths.withdrawals, "team", 2)
    said = house.refused("1.2.0")
    assert f"{FILM}: version 1.1.0 left it out as withdrawn-on-request" in said
    house.withdraw(retract=True)  # said anew: it may come back
    house.build("1.2.0")
    assert FILM in house.released()


@pytest.mark.parametrize(
    ("log", "facts", "held", "since"),
    [
        (
            "screening/a.b", {"reviewers": 1},
            {"excluded": {"1": 1}, "screened": {"1": BEFORE}}, {"screened": {"1": SINCE}},
        ),
        (
            "audit/a.b", {"audit": True},
            {"doubted": {"1"}, "adjudicated": {"1": BEFORE}}, {"adjudicated": {"1": SINCE}},
        ),
        (
            "withdrawals/team", {"withdrawn": True},
            {"withdrawn": {"1"}, "retracted": {"1": BEFORE}}, {"retracted": {"1": SINCE}},
        ),
    ],
)  # fmt: skip
def test_a_log_explains_a_film_while_it_is_whole_or_says_so_since(
    log: str, facts: dict[str, Any], held: dict[str, Any], since: dict[str, Any]
) -> None:
    versions, films = [version("1.0.0", log=log, **facts)], {"1": row_of(1)}
    assert (
        contradictions(versions, films, LogStatements(**held, lines={log: {END, "f" * 64}})) == []
    )
    (fault,) = contradictions(versions, films, LogStatements(**held, lines={log: {"f" * 64}}))
    assert "version 1.0.0 left it out as artefact" in fault.what
    assert contradictions(versions, films, LogStatements(**held | since)) == []
    # A log of another kind has nothing to do with it.
    versions = [version("1.0.0", log="other/a.b", **facts)]
    assert contradictions(versions, films, LogStatements(**held)) == []


def test_another_reviewers_retraction_does_not_stand_for_a_lost_exclusion(house: House) -> None:
    house.say("exclude", "a.b")
    house.say("exclude", "c.d")
    house.publish("1.0.0")
    for path in house.paths.screening_log.glob("c.d.*"):
        path.unlink()
    house.say("retract", "a.b")
    assert "2 reviewer(s) or more had excluded it" in house.refused("1.1.0")


def test_a_film_withdrawn_in_a_patch_of_an_old_line_stays_away_from_the_new_line(
    house: House,
) -> None:
    house.publish("1.0.0")
    house.publish("2.0.0")
    house.withdraw()
    house.publish("1.1.0")
    shutil.rmtree(house.paths.withdrawals)
    assert f"{FILM}: version 1.1.0 left it out" in house.refused("2.0.1")


@given(
    st.lists(
        st.tuples(st.sampled_from(["released", "withdrawn", "excluded"]), st.integers(1, 9)),
        min_size=1,
        max_size=5,
    )
)
def test_only_a_later_version_of_a_higher_number_outdoes_another(
    history: list[tuple[str, int]],
) -> None:
    flags = {"withdrawn": {"withdrawn": True}, "excluded": {"reviewers": 1}, "released": {}}
    versions = [
        version(
            f"1.{number}.0",
            released=fate == "released",
            out=OUT.replace("-02-", f"-0{day}-"),
            **flags[fate],
        )
        for number, (fate, day) in enumerate(history)
    ]
    standing = [
        number
        for number, (fate, day) in enumerate(history)
        if fate != "released" and all(later < day for _, later in history[number + 1 :])
    ]
    faults = contradictions(versions, {"1": row_of(1)}, LogStatements())
    assert [fault.what.split()[1] for fault in faults] == [f"1.{one}.0" for one in standing]


def test_the_reason_of_a_film_that_was_back_is_past() -> None:
    stone = {"id": "1", "reason": "withdrawn-on-request", "first_version_without": "1.1.0"}
    stated = StatedRecord.model_validate({"version": "1.1.0", "tombstones": [stone]})
    gone = Version(stated, {})
    first, back = version("1.0.0", released=True), version("1.2.0", released=True)
    left = [{**stone, "first_version_without": "1.3.0", "reason": GONE}]
    assert History("1.3.0", (first, gone, back)).tombstones([], {}) == left
    assert History("1.2.0", (first, gone)).tombstones([], {}) == [stone]


def test_a_note_of_a_version_that_lost_a_file_is_refused_by_name(house: House) -> None:
    house.say("exclude", "a.b")
    house.publish("1.0.0")
    folder = house.paths.published / "1.0.0"
    for name in ("exclusions.parquet", "decided.json"):
        kept = (folder / name).read_bytes()
        (folder / name).unlink()
        with pytest.raises(ReleaseError, match=rf"lacks {name}"):
            read_published(house.paths.published)
        (folder / name).write_bytes(kept)


@pytest.mark.parametrize("name", ["1.00.0", "01.0.0", "1.0.00", "1.0.0.0", "1.0", "v1.0.0"])
def test_a_version_has_one_spelling(name: str) -> None:
    with pytest.raises(ParamsError, match=r"version.*MAJOR\.MINOR\.PATCH"):
        checked(ReleaseParams, {"version": name})
