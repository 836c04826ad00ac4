"""Small pictures for the grid: large films alone, of some widths alone, and never more than fit."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cxr_release import schemas, tables
from cxr_release.errors import TableError
from cxr_release.films import png
from cxr_release.films.film_store import FilmStore
from cxr_release.logbook.seeds import seed_of
from cxr_release.logbook.shared_state import SharedState
from cxr_release.review_app.access import SignIn
from cxr_release.review_app.guard import Guard
from cxr_release.review_app.review import ReviewApp
from cxr_release.review_app.review_requests import FacingStatements
from cxr_release.review_app.thumbnails import WIDTHS, Thumbnails, side_of
from cxr_release.screening.decision import DECISION, FACING
from cxr_release.screening.films import read_generated
from cxr_release.screening.queue import Queue, order_of
from tests.review_app.conftest import Desk
from tests.support.asking import ORIGIN
from tests.support.oriented import oriented_row


def film(width: int, height: int) -> png.Film:
    greys = np.add.outer(np.arange(height), np.arange(width)) % 251
    return np.ascontiguousarray(greys.astype(np.uint8))


def opened(data: bytes) -> tuple[tuple[int, int], str, dict[str, object]]:
    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        image.load()
        return image.size, image.mode, dict(image.info)


@pytest.mark.parametrize(
    ("width", "height", "small"),
    [(1024, 1024, (256, 256)), (600, 300, (256, 128)), (300, 900, (85, 256)), (2048, 8, (256, 1))],
)
def test_a_large_film_becomes_small_and_keeps_its_proportions(
    width: int, height: int, small: tuple[int, int]
) -> None:
    data = png.encode(film(width, height), synthetic=True)
    made = Thumbnails().make("a", data, 256)
    assert opened(made) == (small, "L", {})


@pytest.mark.parametrize("side", [16, 64, 256])
def test_a_film_that_is_no_larger_comes_as_it_is(side: int) -> None:
    data = png.encode(film(side, side), synthetic=True)
    kept = Thumbnails()
    assert kept.make("a", data, 256) is data
    assert kept.get("a", 256) is None


def test_the_greys_are_those_of_the_film() -> None:
    flat = np.full((1024, 1024), 77, np.uint8)
    made = Thumbnails().make("a", png.encode(flat, synthetic=True), 256)
    with Image.open(io.BytesIO(made)) as image:
        assert set(np.unique(np.asarray(image))) == {77}


def test_what_is_kept_is_bounded_and_the_oldest_goes_first() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (512, 512), dtype=np.uint8)
    data = png.encode(pixels, synthetic=True)
    size = len(Thumbnails().make("a", data, 256))
    kept = Thumbnails(most=3 * size)
    for name in "abc":
        kept.make(name, data, 256)
    assert kept.get("a", 256) is not None  # it was looked at last
    kept.make("d", data, 256)
    kept.make("d", data, 256)
    assert [name for name in "abcd" if kept.get(name, 256)] == ["a", "c", "d"]


@pytest.mark.parametrize("data", [b"", b"x" * 10, b"x" * 100, b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_what_is_not_a_film_has_no_side(data: bytes) -> None:
    with pytest.raises(TableError):
        side_of(data)


@pytest.fixture
def door() -> SignIn:
    return SignIn(["a.b"], lambda person, token: None)


@pytest.fixture
def pages(tmp_path: Path, door: SignIn) -> ReviewApp:
    """The pages of a.b, of three films of 600 × 600 pixels."""
    path = tmp_path / "checkpoint-34-large.parquet"
    chance = np.random.default_rng(3)
    films = [chance.integers(0, 256, (600, 600), dtype=np.uint8) for _ in range(3)]
    rows = [oriented_row(pixels, 34, "large", index) for index, pixels in enumerate(films)]
    tables.write(path, schemas.ORIENTED, rows)
    shelf, generated = FilmStore([path], schemas.ORIENTED), read_generated([path])
    state = SharedState(DECISION, tmp_path / "screening", shelf.sha256)
    seed = seed_of(tmp_path / "orders", "a.b")
    queue = Queue("a.b", state, order_of(generated, seed), seed)
    said = SharedState(FACING, tmp_path / "facing", shelf.sha256)
    return ReviewApp(
        {"a.b": queue},
        shelf,
        door,
        facing=FacingStatements(said, generated),
        title="Screening",
        reasons={},
        contents={film.id: film.sha256 for film in generated},
    )


@pytest.fixture
def desk(tmp_path: Path, pages: ReviewApp, door: SignIn) -> Desk:
    """a.b at their page."""
    path = tmp_path / "checkpoint-34-large.parquet"
    made = Desk(
        app=Guard(pages, [ORIGIN]),
        door=door,
        root=tmp_path,
        shelf=FilmStore([path], schemas.ORIENTED),
        films=read_generated([path]),
        announced=[],
    )
    return made.enter("a.b")


def test_the_page_asks_for_small_pictures_and_gets_the_film_itself_without(desk: Desk) -> None:
    assert desk.ask("setup").json()["thumbnails"] == [256, 512]
    for name in desk.names("n=10"):
        whole = desk.ask(f"film/{name}").body
        assert png.sha256(whole) in desk.shelf.sha256.values()
        for width in WIDTHS:
            first, second = (desk.ask(f"film/{name}?w={width}") for _ in range(2))
            assert first.body == second.body != whole
            assert opened(first.body)[0] == (width, width)
            assert first.header("cache-control") == "no-store"


def test_the_first_page_is_made_before_anybody_asks(
    pages: ReviewApp, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages.prepare()
    names = desk.names("n=10")
    monkeypatch.setattr(Thumbnails, "make", None)  # nothing is left to be made
    assert [desk.ask(f"film/{name}?w=256").status for name in names] == [200] * 3


@pytest.mark.parametrize(
    "width", ["0", "255", "257", "1024", "-256", "2.5e2", "", "x", "²", "9" * 99]
)
def test_no_other_width_is_made(desk: Desk, width: str) -> None:
    name = desk.names("n=1")[0]
    answer = desk.ask(f"film/{name}?w={width}")
    assert answer.status == 400
    assert desk.ask(f"film/{'0' * 32}?w=256").status == 404


def test_a_kept_picture_is_not_shown_once_the_films_were_made_again(desk: Desk) -> None:
    name = desk.names("n=1")[0]
    assert desk.ask(f"film/{name}?w=256").status == 200
    path = desk.root / "checkpoint-34-large.parquet"
    path.write_bytes(path.read_bytes() + b" ")
    assert desk.ask(f"film/{name}?w=256").status == 503
