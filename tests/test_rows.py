from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release import schemas, tables
from cxr_release.errors import TableError
from cxr_release.rows import AT_ONCE, ById, Rows, as_rows, grouped, read_rows

IDS = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
    unique=True,
    max_size=8,
)


@dataclass(frozen=True)
class Film:
    id: str
    number: int


def films(count: int) -> Rows[Film]:
    ids = [f"film-{place}" for place in range(count)]
    return Rows(pa.table({"id": ids, "number": list(range(count))}), Film)


def test_rows_are_a_sequence_of_what_is_made_of_them() -> None:
    rows, made = films(2 * AT_ONCE + 3), [Film(f"film-{at}", at) for at in range(2 * AT_ONCE + 3)]
    assert list(rows) == made and rows == made and rows != made[:-1]
    assert rows[-1] == made[-1] and rows[AT_ONCE] == made[AT_ONCE]
    for piece in (slice(5, 9), slice(9, 5), slice(-3, None), slice(None, None, -700), slice(0)):
        assert list(rows[piece]) == made[piece]
    assert list(rows.of_ids(["film-7", "film-2", "film"])) == [made[2], made[7]]
    assert list(rows.column("number")) == [film.number for film in made]
    with pytest.raises(IndexError):
        rows[len(rows)]


def test_a_row_that_is_changed_changes_nothing() -> None:
    rows = Rows(pa.table({"id": ["a"]}), dict)
    rows[0]["id"] = "b"
    assert rows == [{"id": "a"}]


@given(IDS, st.text())
def test_ids_are_found_as_in_a_dictionary(ids: list[str], other: str) -> None:
    table = pa.table({"id": pa.array(ids, pa.string()), "number": range(len(ids))})
    by_id, known = (
        ById(Rows(table, dict)),
        {name: {"id": name, "number": place} for place, name in enumerate(ids)},
    )
    assert by_id == known and dict(by_id) == known and list(by_id) == ids
    assert list(by_id.values()) == list(known.values())
    assert list(by_id.items()) == list(known.items())
    for name in [*ids, other, other + "\0", *(f"{name}\0" for name in ids), *(n[:-1] for n in ids)]:
        assert by_id.get(name) == known.get(name) and (name in by_id) == (name in known)
    assert by_id.duplicate() is None and 3 not in by_id
    if ids:
        twice = ById(Rows(pa.concat_tables([table, table.slice(len(ids) - 1)]), dict))
        assert twice.duplicate() == ids[-1]


def test_rows_that_are_made_are_sorted_and_of_the_table_s_types() -> None:
    row = {"checkpoint": None, "batch": "large", "sha256": "a" * 64}
    rows = as_rows(({**row, "id": name} for name in ("b", "ä", "a")), schemas.FILMS, by="id")
    assert [made["id"] for made in rows] == ["a", "b", "ä"]
    assert len(as_rows([], schemas.FILMS, by="id")) == 0
    with pytest.raises(TableError):
        as_rows([{**row, "id": 3}], schemas.FILMS, by="id")


def test_rows_of_several_tables_follow_each_other(tmp_path: Path) -> None:
    row = {"checkpoint": 3, "batch": "large", "sha256": "a" * 64}
    paths = [tmp_path / name for name in ("one", "two")]
    for path in paths:
        tables.write(path, schemas.FILMS, [{**row, "id": path.name}])
    assert [made["id"] for made in read_rows(paths, schemas.FILMS)] == ["one", "two"]
    assert len(read_rows([], schemas.FILMS)) == 0


def test_groups_are_the_same_of_rows_and_of_lists() -> None:
    rows = films(10)
    groups = grouped(rows, lambda film: film.number % 3)
    assert groups == grouped(list(rows), lambda film: film.number % 3)
    assert isinstance(groups[1], Rows) and [film.number for film in groups[1]] == [1, 4, 7]
