"""What a version owes to those before it: shards that stay, films that are gone, changes told."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release import schemas, tables
from cxr_release.errors import ReleaseError
from cxr_release.files import as_read, read_json, write_json
from cxr_release.params.project import Params
from cxr_release.release import shards
from cxr_release.release.layout import side_file
from cxr_release.release.versions.published import enter, order_of, read_history, read_published
from cxr_release.release.versions.version import (
    GONE,
    StatedRecord,
    Version,
    differences,
    read_version,
)
from tests.support.audit_artefacts import PAIRED
from tests.support.release_artefacts import (
    EXCLUDED,
    NOTHING_SAID,
    files_of,
    inputs_below,
    make_release_of,
)
from tests.support.release_artefacts import write_inputs as write_artefacts

LEFT = "checkpoint-1-large-00001"
SHARD = "data/checkpoint-1/train-00001-of-00003.parquet"


@dataclass
class House:
    """A team that publishes versions one after the other."""

    root: Path
    params: Params

    @property
    def ledger(self) -> Path:
        return self.root / "published"

    def make(
        self,
        version: str,
        *,
        excluded: Mapping[str, str] = EXCLUDED,
        verdicts: Mapping[int, str] = NOTHING_SAID,
    ) -> Path:
        """Package a version; the folder is its own."""
        folder = self.root / version
        write_artefacts(folder / "artefacts", excluded=excluded, verdicts=verdicts)
        inputs = replace(inputs_below(folder / "artefacts"), published=self.ledger)
        params = replace(self.params, release=replace(self.params.release, version=version))
        return make_release_of(inputs, params, folder)

    def publish(self, version: str, **made: Mapping[str, str]) -> Path:
        release = self.make(version, **made)
        enter(self.ledger, release)
        return release


@pytest.fixture
def house(tmp_path: Path, params: Params, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(shards, "SHARD_BYTES", 15_000)  # three films of this size
    return House(tmp_path, params)


def versions_in(release: Path) -> dict[str, set[str]]:
    return {
        path.relative_to(release).as_posix(): {
            row["release_version"] for row in tables.read_rows(path, schemas.RELEASE)
        }
        for path in sorted(release.glob("data/*/*.parquet"))
    }


def test_a_withdrawn_film_changes_one_shard_and_leaves_a_tombstone(house: House) -> None:
    old = files_of(house.publish("1.0.0"))
    release = house.make("1.0.1", excluded=EXCLUDED | {LEFT: "vertebra-count"})
    new = files_of(release)
    assert [name for name in old if name.startswith("data/") and old[name] != new[name]] == [SHARD]
    held = versions_in(release)
    assert held.pop(SHARD) == {"1.0.1"}
    assert set.union(*held.values()) == {"1.0.0"}
    record = read_json(release / "release.json")
    stone = {"id": LEFT, "reason": "vertebra-count", "first_version_without": "1.0.1"}
    assert record["tombstones"] == [stone]
    assert (record["films_version"], record["previous"]) == ("1.0.1", "1.0.0")
    assert record["changes"]["withdrawn"] == 1
    assert record["shards"][SHARD]["version"] == "1.0.1"
    rows = tables.read_rows(release / "exclusions/train-00000-of-00001.parquet", schemas.TOMBSTONES)
    assert {row["id"]: row["first_version_without"] for row in rows} == {
        **dict.fromkeys(EXCLUDED),
        LEFT: "1.0.1",
    }
    told = (release / "CHANGELOG.md").read_text(encoding="utf-8")
    assert told.index("## 1.0.1") < told.index("## 1.0.0")
    assert f"  - `{LEFT}`: `vertebra-count`" in told
    assert "`counts.total.released` 13 → 12" in told


def test_a_version_that_changes_no_film_changes_no_shard(house: House) -> None:
    old = files_of(house.publish("1.0.0"))
    release = house.make("1.1.0", verdicts={1: "not-a-copy"})
    new = files_of(release)
    assert all(old[name] == new[name] for name in old if name.startswith("data/"))
    assert read_json(release / "release.json")["films_version"] == "1.0.0"
    assert "The films are those of 1.0.0" in (release / "CHANGELOG.md").read_text(encoding="utf-8")


def test_tombstones_stay_and_a_film_that_comes_back_has_none(house: House) -> None:
    house.publish("1.0.0")
    house.publish("1.0.1", excluded=EXCLUDED | {LEFT: "vertebra-count"})
    third = house.publish("1.9.0", excluded=EXCLUDED | {LEFT: "blank-or-noise"})
    stones = read_json(third / "release.json")["tombstones"]
    assert [(stone["id"], stone["first_version_without"]) for stone in stones] == [(LEFT, "1.0.1")]
    fourth = house.publish("1.10.0")
    assert read_json(fourth / "release.json")["tombstones"] == []
    assert f"`{LEFT}`" in (fourth / "CHANGELOG.md").read_text(encoding="utf-8").split("## 1.9.0")[0]
    again = house.make("2.0.0", excluded=EXCLUDED | {LEFT: "vertebra-count"})
    stones = read_json(again / "release.json")["tombstones"]
    assert [stone["first_version_without"] for stone in stones] == ["2.0.0"]
    assert [one.name for one in read_published(house.ledger)][-2:] == ["1.9.0", "1.10.0"]


def test_packaging_a_published_version_again_gives_the_same_bytes(house: House) -> None:
    house.publish("1.0.0")
    first = files_of(house.publish("1.0.1", excluded=EXCLUDED | {LEFT: "vertebra-count"}))
    shutil.rmtree(house.root / "1.0.1")
    again = files_of(house.make("1.0.1", excluded=EXCLUDED | {LEFT: "vertebra-count"}))
    assert again == first


def test_a_published_version_cannot_get_other_films(house: House) -> None:
    release = house.publish("1.0.0")
    shutil.rmtree(release.parent)
    with pytest.raises(ReleaseError, match=r"1\.0\.0 is published, and with other films"):
        house.make("1.0.0", excluded=EXCLUDED | {LEFT: "vertebra-count"})


def test_a_release_that_measured_pairs_by_distance_alone_goes_into_the_ledger(
    house: House, tmp_path: Path
) -> None:
    """Releases of earlier versions of the tool lack the columns `score` and `part`."""
    release = house.make("1.0.0", verdicts={1: "copy", 2: "not-a-copy"})
    path = release / side_file(schemas.AUDIT_PAIRS)
    pairs = pq.read_table(path)
    assert {"score", "part"} < {*pairs.column_names}
    pq.write_table(pairs.drop_columns(["score", "part"]), path)
    assert enter(tmp_path / "ledger", release) == tmp_path / "ledger/1.0.0"
    (version,) = read_published(tmp_path / "ledger")
    assert sorted(version.judged) == sorted(PAIRED[:2])


def test_the_ledger_takes_a_version_once_and_never_with_other_films(
    house: House, tmp_path: Path
) -> None:
    release = house.publish("1.0.0")
    before = files_of(house.ledger)
    assert enter(house.ledger, release) == house.ledger / "1.0.0"
    assert files_of(house.ledger) == before
    assert not any(b"\x89PNG" in data for data in before.values())
    other = House(tmp_path / "other", house.params).make("1.0.0", excluded={})
    with pytest.raises(ReleaseError, match="published with other films"):
        enter(house.ledger, other)
    assert files_of(house.ledger) == before


@pytest.mark.parametrize(
    ("name", "says", "message"),
    [("1.0", {}, "not a published version"),
     ("1.0.0", {"version": "1.0.1", "tombstones": []}, "holds version 1.0.1"),
     ("1.0.0", [], "not a published version"), ("1.0.0", {}, "not a published version")],
)  # fmt: skip
def test_what_is_no_published_version_stops_the_packaging(
    house: House, name: str, says: object, message: str
) -> None:
    write_json(house.ledger / name / "release.json", says)
    with pytest.raises(ReleaseError, match=message):
        house.make("1.0.0")


def test_versions_are_sorted_as_numbers_and_later_ones_are_not_before(house: House) -> None:
    assert sorted(["1.10.0", "1.9.2", "0.12.0"], key=order_of) == ["0.12.0", "1.9.2", "1.10.0"]
    house.publish("1.0.0")
    house.publish("1.2.0")
    history = read_history(house.ledger, "1.1.0")
    assert history.previous and history.previous.name == "1.0.0"
    assert history.published is None


def test_differences_name_each_film_by_what_became_of_it(house: House) -> None:
    old = read_version(house.make("1.0.0"))
    new = read_version(house.make("1.0.1", excluded=EXCLUDED | {LEFT: "blank-or-noise"}))
    films = dict(new.films)
    one, two, three = [film for film in films if "large" in film][:3]
    gone = films.pop(one)
    films[two] = {**films[two], "pixel_sha256": hashlib.sha256(b"other").hexdigest()}
    films[three] = {**films[three], "flipped": not films[three]["flipped"]}
    films["checkpoint-9-large-00000"] = gone
    found = differences(old, replace(new, films=films))
    assert found.withdrawn == {LEFT: "blank-or-noise", one: GONE}
    assert found.added == ("checkpoint-9-large-00000",)
    assert found.redrawn == (two,)
    assert found.relabelled == {
        three: {"flipped": (old.films[three]["flipped"], films[three]["flipped"])}
    }
    assert found.numbers["counts.total.by_reason.blank-or-noise"] == (1, 2)
    assert found.numbers["counts.rows.checkpoint=1, batch=large.released"] == (4, 3)
    assert not found.same
    assert differences(old, old).same


def test_what_did_not_change_is_said_to_have_changed_nowhere(house: House) -> None:
    old = house.publish("1.0.0")
    release = house.make("1.0.1", excluded=EXCLUDED | {LEFT: "vertebra-count"})
    record = read_json(release / "release.json")
    found = differences(read_version(old), read_version(release))
    assert record["changes"]["numbers"] == len(found.numbers)
    assert not [place for place in found.numbers if place.startswith("params.")]
    told = (release / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "setting(s) changed" not in told
    assert f"- {len(found.numbers)} number(s) changed" in told


def _version(value: Any) -> Version:
    """A version as it is read: with tuples as lists, and texts for keys."""
    stated = as_read({"version": "1.0.0", "params": {"x": value}, "tombstones": []})
    return Version(StatedRecord.model_validate(stated), {})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda some: (
        st.lists(some, max_size=3).map(tuple)
        | st.lists(some, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.integers(0, 9), some, max_size=3)
    ),
    max_leaves=12,
)


@given(JSON, JSON)
def test_a_record_is_compared_as_it_will_be_read(value: Any, other: Any) -> None:
    made, changed = _version(value), _version(other)
    read = _version(json.loads(json.dumps(value)))
    assert not differences(read, made).numbers
    assert not differences(made, read).numbers
    again = _version(json.loads(json.dumps(other)))
    assert [*differences(read, changed).numbers] == [*differences(read, again).numbers]


@pytest.mark.parametrize(
    ("old", "new", "places"),
    [
        ((8, 16), [8, 16], {}),
        ({3: 0.5}, {"3": 0.5}, {}),
        (math.nan, math.nan, {}),
        ([1, [math.nan]], [1, [float("nan")]], {}),
        ([1, 0], [True, 0], {"params.x": ([1, 0], [True, 0])}),
        (1, True, {"params.x": (1, True)}),
        (
            [{"name": "a", "n": 1}, {"name": "a", "n": 2}],
            [{"name": "a", "n": 9}, {"name": "a", "n": 2}],
            {"params.x.name=a 0.n": (1, 9)},
        ),
        ((8, 16), (8, 32), {"params.x": ([8, 16], [8, 32])}),
    ],
)
def test_what_differs_and_what_only_looks_so(old: Any, new: Any, places: dict[str, Any]) -> None:
    assert differences(_version(old), _version(new)).numbers == places
