"""What readers place: the log's lines, the films, means and distances."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.errors import DecisionError
from cxr_release.film_size import Size
from cxr_release.landmarks.placement import (
    PLACEMENT,
    NewPlacement,
    lies_on,
    points_of_text,
    text_of,
)
from cxr_release.landmarks.points import NAMES, template
from cxr_release.landmarks.queue import Beginning, LandmarkQueue
from cxr_release.landmarks.readers import drawn_films, read_films, read_placements
from cxr_release.logbook import log
from cxr_release.logbook.shared_state import SharedState

SIZE = Size(64, 64)
FILM, SHA = "checkpoint-3-large-00007", "ab" * 32
TEXT = text_of(template(SIZE))


def new(points: str = TEXT, **more: str) -> NewPlacement:
    given = {"start": "model", "moved": "3", **more}
    return NewPlacement(FILM, SHA, "place", points=points, **given)  # type: ignore[arg-type]


@given(
    st.lists(
        st.none() | st.tuples(st.floats(0, 2048), st.floats(0, 2048)), min_size=23, max_size=23
    )
)
def test_points_come_back_from_a_line_to_a_hundredth_of_a_pixel(
    drawn: list[tuple[float, float] | None],
) -> None:
    points = np.array([place or (np.nan, np.nan) for place in drawn])
    text = text_of(points)
    assert not [*new(text).faults()]
    back = points_of_text(text)
    assert np.array_equal(np.isnan(back), np.isnan(points))
    assert np.nanmax(np.abs(back - points), initial=0) <= 0.005 + 1e-9
    assert lies_on(back, Size(2048, 2048))


@pytest.mark.parametrize(
    "points",
    [
        TEXT.replace(" ", "  ", 1),
        TEXT + " 1.00,1.00",
        TEXT.rpartition(" ")[0],
        TEXT.replace(".", ",", 1),
        "-1.00,2.00 " + TEXT.partition(" ")[2],
        "nan,nan " + TEXT.partition(" ")[2],
        "1e3,1.00 " + TEXT.partition(" ")[2],
        "12345.00,1.00 " + TEXT.partition(" ")[2],
    ],
)
def test_other_texts_are_not_points(points: str) -> None:
    with pytest.raises(DecisionError, match="points are not 23 places"):
        new(points)


@pytest.mark.parametrize("moved", ["24", "-1", "03", "x"])
def test_no_more_points_are_moved_than_there_are(moved: str) -> None:
    with pytest.raises(DecisionError, match="moved is not 0–23"):
        new(moved=moved)


def test_what_is_taken_back_has_no_points_and_what_is_placed_has() -> None:
    with pytest.raises(DecisionError, match="what is taken back has points"):
        NewPlacement(FILM, SHA, "retract", points=TEXT)
    with pytest.raises(DecisionError, match="what is placed has points"):
        NewPlacement(FILM, SHA, "place", points=TEXT)


def test_the_same_films_are_drawn_whatever_others_are_left_out() -> None:
    films = [f"checkpoint-3-large-{number:05d}" for number in range(100)]
    drawn = drawn_films(films, number=20, seed=7)
    assert len({*drawn}) == 20
    without = [film for film in films if film != drawn[4]]
    assert drawn_films(without[::-1], number=19, seed=7) == [*drawn[:4], *drawn[5:]]
    assert drawn_films(films, number=20, seed=8) != drawn
    assert sorted(drawn_films(films, number=999, seed=7)) == films


def test_means_spreads_and_distances_of_readers(tmp_path: Path) -> None:
    first, second = template(SIZE), template(SIZE) + np.array([3, 4])
    second[5] = np.nan
    first[6] = second[6] = np.nan
    for reader, points in (("a.b", first), ("c.d", second)):
        log.append(PLACEMENT, tmp_path, reader, [new(text_of(points))])
    log.append(PLACEMENT, tmp_path, "e.f", [new(), NewPlacement(FILM, SHA, "retract")])
    placements = read_placements(tmp_path)
    film = read_films(placements, {FILM: SHA})[FILM]
    assert film.readers == ("a.b", "c.d")
    assert film.mean[0] == pytest.approx(first[0] + [1.5, 2])
    assert film.mean[5] == pytest.approx(first[5])
    assert np.isnan(film.mean[6]).all()
    assert film.spread[0] == pytest.approx(2.5)
    assert np.isnan(film.spread[[5, 6]]).all()
    between = film.between()
    assert between[0] == pytest.approx(5)
    assert np.isnan(between[[5, 6]]).all()
    assert film.to(first)[0] == pytest.approx(2.5)
    assert film.to(first)[5] == pytest.approx(0)
    assert read_films(placements, {FILM: "cd" * 32}) == {}


def test_a_queue_logs_what_changed_and_counts_what_was_moved(tmp_path: Path) -> None:
    state = SharedState(PLACEMENT, tmp_path, {(FILM, SHA): SHA})
    beginnings = {FILM: Beginning("model", TEXT)}
    queue = LandmarkQueue("a.b", state, {FILM: SHA}, beginnings, b"seed")
    (shown,) = queue.entries()
    other = LandmarkQueue("c.d", state, {FILM: SHA}, beginnings, b"another")
    assert shown.name != other.entries()[0].name
    assert queue.film(shown.name) == FILM and queue.film("0" * 32) is None
    moved = text_of(np.vstack([template(SIZE)[:2] + 1, template(SIZE)[2:]]))
    assert not queue.retract(shown.name)
    assert [queue.place(shown.name, text) for text in (TEXT, TEXT, moved)] == [True, False, True]
    lines = log.read(PLACEMENT, tmp_path / "a.b.jsonl")
    assert [line.moved for line in lines] == ["0", "2"]
    assert (queue.progress().done, queue.progress().left) == (1, 0)
    assert queue.retract(shown.name)
    assert queue.progress().left == 1
    assert len(moved.split(" ")) == len(NAMES)
