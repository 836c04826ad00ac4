"""How the audit page shows a pair whose synthetic film lies on the real one turned or cropped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_erosion

from cxr_release.memorization.poses import pose_of
from tests.support.browser.adjudicate_browser import (
    Archive,
    Grey,
    PairServer,
    Table,
    write_archive,
)
from tests.support.moved_pairs import (
    BEYOND,
    CROPPED,
    STRANGERS,
    TURNED,
    moved_pairs,
    shown_beyond,
    write_recall,
)

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

SIDE = 256
EDGE = 6
"""Pixels at the edges of what is compared in which the films are mixed with black."""
COPIES = (TURNED, CROPPED, BEYOND)
REVIEWERS = [f"reader.{letter}" for letter in "abcdefghijklmnop"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    folder = tmp_path_factory.mktemp("moved")
    pairs = moved_pairs(SIDE)
    write_recall(folder, len(pairs))
    return write_archive(folder, pairs)


@pytest.fixture(scope="module")
def server(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PairServer]:
    server = PairServer(archive, tmp_path_factory.mktemp("room"), REVIEWERS)
    yield server
    server.kill()


@pytest.fixture(scope="module")
def free() -> Iterator[str]:
    """Reviewers whom no other test uses."""
    return iter(REVIEWERS)


@pytest.fixture
def table(
    context: BrowserContext, server: PairServer, archive: Archive, free: Iterator[str]
) -> Iterator[Table]:
    """A reviewer's page. At the end it may not have complained."""
    table = Table(context.new_page(), server, archive)
    yield table.come(server.addresses[next(free)])
    assert table.errors == []


def turn_to(table: Table, place: int) -> None:
    while table.pair() < place:
        table.press("ArrowRight")
        table.ready()


def shown(table: Table, kind: str = "real") -> Grey:
    """Grey values of a film's frame on the screen."""
    box = table.page.locator(f'.pair-mark[data-kind="{kind}"] .film-frame').bounding_box()
    assert box
    left, top = round(box["x"]), round(box["y"])
    size = int(min(box["width"], box["height"]))
    return table.shot()[top : top + size, left : left + size]


def pane(table: Table, kind: str = "real") -> Grey:
    """Grey values of the middle of a film's place on the screen."""
    box = table.pane(kind).bounding_box()
    assert box
    left, top = round(box["x"]), round(box["y"])
    height, width = int(box["height"]), int(box["width"])
    place = table.shot()[top : top + height, left : left + width]
    return place[height // 3 : -height // 3, width // 3 : -width // 3]


def compared(place: int, size: int) -> NDArray[np.bool_]:
    """Where the frame, (size, size), shows the real film, but for edges and outline."""
    inside = eroded(shows_film(place, size))
    if place == CROPPED:  # of which a half is outlined
        inside[:, size // 2 - 3 : size // 2 + 3] = False
    return inside


def shows_film(place: int, size: int) -> NDArray[np.bool_]:
    film = np.full((SIDE, SIDE), 255, np.uint8)
    film = shown_beyond(film) if place == BEYOND else film
    return np.asarray(Image.fromarray(film).resize((size, size), Image.Resampling.NEAREST)) > 250


def eroded(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(binary_erosion(mask, iterations=EDGE), np.bool_)


@pytest.mark.parametrize("place", COPIES)
def test_the_difference_of_a_moved_copy_is_black_once_it_is_aligned(
    table: Table, place: int
) -> None:
    turn_to(table, place)
    table.look("difference")
    table.drawn()
    aligned = shown(table)
    inside = compared(place, len(aligned))
    assert inside.mean() > 0.8
    assert aligned[inside].mean() < 1.3  # half a pixel beside it: 1.5
    assert np.percentile(aligned[inside], 99.9) < 7  # and 11
    table.press("g")
    table.drawn()
    assert shown(table)[inside].mean() > 10
    table.press("g", "+", "+", "Shift+ArrowLeft")  # and stays so where it is looked at closely
    table.drawn()
    assert pane(table).mean() < 1.6
    table.press("r")
    table.drawn()
    assert np.abs(shown(table) - aligned)[inside].max() <= 2


def test_films_that_are_not_copies_differ_however_they_are_aligned(table: Table) -> None:
    turn_to(table, STRANGERS)
    table.look("difference")
    table.drawn()
    assert shown(table)[EDGE:-EDGE, EDGE:-EDGE].mean() > 10


@pytest.mark.parametrize("place", COPIES)
def test_side_by_side_the_same_places_lie_in_the_same_places(table: Table, place: int) -> None:
    turn_to(table, place)
    real, synthetic = shown(table, "real"), shown(table, "synthetic")
    inside = compared(place, len(real))
    assert np.abs(real - synthetic)[inside].mean() < 1.5
    table.press("g")
    table.drawn()
    plain = Image.fromarray(moved_pairs(SIDE)[place][0])
    wanted = np.asarray(plain.resize(real.shape, Image.Resampling.BILINEAR), np.float64)
    assert np.abs(shown(table, "real") - wanted).mean() < 2
    assert np.abs(shown(table, "real") - shown(table, "synthetic")).mean() > 10


def test_beyond_the_real_film_there_is_a_dark_mark_and_no_difference(table: Table) -> None:
    turn_to(table, BEYOND)
    marked = shown(table)
    outside = eroded(~shows_film(BEYOND, len(marked)))
    assert outside.sum() > 1000
    assert 5 < marked[outside].mean() < 30
    assert marked[outside].max() < 50
    table.press("i")  # the display, not the mark
    table.drawn()
    assert np.array_equal(shown(table)[outside], marked[outside])
    table.press("r")
    table.look("difference")
    table.drawn()
    difference = shown(table)
    assert difference[outside].max() < 50  # where the synthetic film has greys
    table.press(*["q"] * 12)
    table.drawn()
    assert np.array_equal(shown(table)[outside], difference[outside])
    assert "hatched beyond the real film" in table.text(".caption-difference")
    table.press("g")
    table.drawn()
    assert shown(table)[outside].mean() > 50


def test_the_captions_say_how_the_real_film_was_moved_and_what_was_compared(table: Table) -> None:
    for place, moved, part in (
        (TURNED, "real film turned 3° counterclockwise, enlarged 5.3 % to match", ""),
        (
            CROPPED,
            "real film enlarged 11.1 %, shifted 3.3 % right, 2.2 % up to match",
            "compared: left half (outlined)",
        ),
        (
            BEYOND,
            "real film turned 4° clockwise, shifted 5 % right to match",
            "hatched: beyond the real film",
        ),
    ):
        turn_to(table, place)
        assert details(table) == (moved, part)
    turn_to(table, STRANGERS)
    table.press("g")
    assert details(table) == ("real film as it is, not moved to match", "")


def details(table: Table) -> tuple[str, ...]:
    return tuple(table.page.locator(".detail").all_inner_texts())


def test_the_half_that_was_compared_is_outlined_in_the_film_that_is_held_so(table: Table) -> None:
    outline = table.page.locator(".part-mark")
    assert not outline.is_visible()
    turn_to(table, CROPPED)
    frame = table.page.locator('.pair-mark[data-kind="synthetic"] .film-frame').bounding_box()
    box = outline.bounding_box()
    assert frame and box
    assert [box[name] for name in ("x", "y", "height")] == pytest.approx(
        [frame[name] for name in ("x", "y", "height")], abs=1
    )
    assert box["width"] == pytest.approx(frame["width"] / 2, abs=1)
    table.press("g")
    assert not outline.is_visible()


def test_both_films_still_zoom_move_and_window_together(table: Table) -> None:
    turn_to(table, BEYOND)
    table.press("+", "+", "Shift+ArrowLeft", "Shift+ArrowUp", "w", "q", "i")
    table.drawn()
    frames = [
        table.page.locator(f'.pair-mark[data-kind="{kind}"]').evaluate(
            """(place) => {
              const film = place.querySelector(".film-frame").getBoundingClientRect();
              const { left, top } = place.getBoundingClientRect();
              return [film.left - left, film.top - top, film.width, film.height];
            }"""
        )
        for kind in ("real", "synthetic")
    ]
    assert frames[0] == frames[1] == table.rect("synthetic")
    real, synthetic = pane(table, "real"), pane(table, "synthetic")
    assert real.std() > 10
    assert np.abs(real - synthetic).mean() < 2.5


def test_in_the_flicker_marks_go_with_their_film(table: Table) -> None:
    turn_to(table, CROPPED)
    table.look("flicker")
    table.press("j")
    for _ in range(2):
        kind = table.page.locator("#pair").get_attribute("data-shown")
        visible = table.page.evaluate(
            """[...document.querySelectorAll(".pair-mark")]
              .filter((mark) => getComputedStyle(mark).visibility === "visible")
              .map((mark) => mark.dataset.kind)"""
        )
        assert visible == [kind]
        table.press("j")


def test_the_page_says_what_the_list_can_be_expected_to_hold(table: Table) -> None:
    summary = table.page.locator(".expectation summary")
    assert summary.inner_text() == (
        "What this list can be expected to hold – may miss these kinds of copies: blurred <b>patch"
        " (holds 3 of 40 planted), left half alone (holds 31 of 40 planted)"
    )
    body = table.page.locator(".expectation-body")
    assert not body.is_visible()
    films = table.rect("real")
    summary.click()
    assert body.is_visible()
    assert table.rect("real") == films  # it opens over them
    kinds = table.page.locator(".expectation-kinds dt").all_inner_texts()
    assert kinds == [
        "blurred <b>patch",
        "left half alone",
        "cropped by 5 %",
        "identical",
        "mirrored",
        "turned by 3°",
    ]
    assert "39 of 40 planted (95 % interval 87 % to 100 %)" in body.inner_text()
    table.look("flicker")  # the keyboard is still the pair's
    assert table.page.locator("#pair").get_attribute("data-mode") == "flicker"
    assert body.is_visible()
    summary.focus()
    table.press("Enter")
    assert not body.is_visible()


POSES = st.tuples(
    st.floats(-180, 180), st.floats(0.2, 5), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pose=POSES, size=st.tuples(st.integers(50, 900), st.integers(50, 900)))
def test_the_real_film_is_moved_by_the_inverse_of_the_pose(
    bare: Page, pose: tuple[float, ...], size: tuple[int, int]
) -> None:
    width, height = size
    names = ("turn", "scale", "right", "down")
    matrix: Any = bare.evaluate(
        """async ([pose, width, height]) => {
          const { Pose } = await import("/static/adjudicate/pose.js");
          const matrix = new DOMMatrix(new Pose(pose).transform(width, height));
          const { a, b, c, d, e, f } = matrix;
          return [a, b, c, d, e, f];
        }""",
        [dict(zip(names, pose, strict=True)), width, height],
    )
    a, b, x, y = pose_of(*pose).astype(np.float64)
    frame = np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1], [0.3, -0.4]])
    u, v = frame.T
    on_real = np.stack([a * u - b * v + x, b * u + a * v + y], axis=1)
    half = np.array([width, height]) / 2
    moved = (on_real * half) @ np.array(matrix[:4]).reshape(2, 2) + np.array(matrix[4:])
    assert moved == pytest.approx(frame * half, abs=1e-3 * max(size))


@pytest.mark.parametrize(
    ("pose", "text"),
    [
        ((0.0, 1.0, 0.0, 0.0), ""),
        ((0.04, 1.001, 0.001, 0.0), "moved very little to match"),
        ((0.1, 1.0, 0.0, 0.0), "turned 0.1° counterclockwise to match"),
        ((0.0, 1.1, 0.0, 0.0), "reduced 9.1 % to match"),
        ((0.0, 1.0, 0.02, 0.004), "shifted 2 % left to match"),
        ((0.0, 1.0, 0.0, -0.03), "shifted 3 % down to match"),
    ],
)
def test_only_what_differs_noticeably_is_put_into_words(
    bare: Page, pose: tuple[float, ...], text: str
) -> None:
    names = ("turn", "scale", "right", "down")
    worded = bare.evaluate(
        """async (pose) => new (await import("/static/adjudicate/pose.js")).Pose(pose).text""",
        dict(zip(names, pose, strict=True)),
    )
    assert worded == text
