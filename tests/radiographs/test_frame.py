from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release import schemas, tables
from cxr_release.errors import ParamsError, SourceError
from cxr_release.film_size import Size
from cxr_release.films import png
from cxr_release.films.facts import Box, Facts, Header, Listing
from cxr_release.films.png import Film
from cxr_release.films.spacing import Spacing, SpacingKind
from cxr_release.params.films import Fit, IngestParams
from cxr_release.radiographs import ingest as ingesting
from cxr_release.radiographs.contact_sheet import contact_sheet
from cxr_release.radiographs.exposure import exposed_field
from cxr_release.radiographs.frame import Frame, place
from cxr_release.radiographs.ingest import ingest
from cxr_release.radiographs.phantoms.phantom_source import draw_phantom, list_phantoms
from cxr_release.radiographs.resample import resample
from cxr_release.scorecard.utility.manifest_labels import labels_of_manifest

SPACINGS = [(0.1, 0.1), (0.2, 0.2), (0.545, 0.597)]
"""Millimetres between rows and between columns."""


def facts(
    width: int,
    height: int,
    spacing: tuple[float, float] | None,
    kind: SpacingKind = "detector",
    *,
    exposed: Box | None = None,
    name: str = "film",
) -> Facts:
    stated = None if spacing is None else Spacing(*spacing, kind)
    return Facts(
        source_file=name,
        id=name,
        patient=None,
        width=width,
        height=height,
        bits=8,
        mode="L",
        header=Header(spacing=stated, exposed=exposed),
    )


def planted(spacing: tuple[float, float], field: tuple[float, float] = (230, 180)) -> Film:
    """A square of 10 mm in the middle of a film of field (height, width) mm."""
    height, width = (round(mm / step) for mm, step in zip(field, spacing, strict=True))
    rows, columns = (
        np.abs((np.arange(count) + 0.5 - count / 2) * step) < 5
        for count, step in zip((height, width), spacing, strict=True)
    )
    return np.where(rows[:, None] & columns, 255, 0).astype(np.uint8)


def lengths(film: Film) -> tuple[float, float]:
    """Rows and columns of the brightest thing in a film, its half-bright edges counted in part."""
    bright = film / 255
    return float(bright.sum(axis=0).max()), float(bright.sum(axis=1).max())


@pytest.mark.parametrize("size", [Size(192, 256), Size(256, 256), Size(256, 160)])
def test_a_square_of_10_mm_has_as_many_pixels_whatever_the_film(size: Size) -> None:
    frame = Frame(size, "physical", 240 / max(size))
    for spacing in SPACINGS:
        film = planted(spacing)
        known = facts(film.shape[1], film.shape[0], spacing)
        came = frame.place(known).resample(film)
        assert came.shape == size.shape
        assert lengths(came) == pytest.approx([10 * max(size) / 240] * 2, abs=0.5)
        assert frame.spacing(known, frame.place(known)) == Spacing(
            240 / max(size), 240 / max(size), "detector"
        )


@given(
    st.tuples(st.integers(1, 3000), st.integers(1, 3000)),
    st.tuples(st.floats(0.01, 4.9), st.floats(0.01, 4.9)),
    st.sampled_from([Size(16, 64), Size(64, 16), Size(48, 48)]),
    st.floats(10, 2000),
)
def test_any_film_has_a_place_of_at_least_a_pixel(
    sides: tuple[int, int], spacing: tuple[float, float], size: Size, millimetres: float
) -> None:
    frame = Frame(size, "physical", millimetres / max(size))
    placed = frame.place(facts(*sides, spacing))
    left, top, right, bottom = placed.shown
    low_x, low_y, high_x, high_y = placed.edges
    assert 0 <= left < right <= size.width
    assert 0 <= top < bottom <= size.height
    # As much on the left as on the right, above as below.
    assert low_x + high_x == pytest.approx(size.width, abs=1e-6)
    assert low_y + high_y == pytest.approx(size.height, abs=1e-6)
    assert high_x - low_x == pytest.approx(sides[0] * spacing[1] / frame.millimetres_per_pixel)


EDGES = st.integers(-50, 450)


@given(st.tuples(EDGES, EDGES, EDGES, EDGES), st.floats(0.01, 4.9), st.floats(10, 2000))
def test_whatever_field_is_stated_some_of_the_film_is_shown(
    exposed: Box, spacing: float, millimetres: float
) -> None:
    frame = Frame(Size(16, 24), "physical", millimetres / 24)
    known = facts(300, 200, (spacing, spacing), exposed=exposed)
    film = np.full((200, 300), 90, np.uint8)
    placed = frame.place(known, exposed_field(film, exposed))
    left, top, right, bottom = placed.shown
    came = placed.resample(film)
    assert (came[top:bottom, left:right] == 90).all()
    assert came.sum() == 90 * (right - left) * (bottom - top) > 0


def test_the_middle_of_the_exposed_field_is_the_middle_of_the_film() -> None:
    film = np.zeros((200, 300), np.uint8)
    film[20:60, 200:280] = 255
    frame = Frame(Size(64, 64), "physical", 1.0)
    known = facts(300, 200, (1.0, 1.0))
    came = frame.place(known, (200, 20, 280, 60)).resample(film)
    assert (came[12:52] == 255).all()
    assert (came[:11] == 0).all()
    assert (came[53:] == 0).all()


def test_what_a_film_has_nothing_for_is_black() -> None:
    frame = Frame(Size(64, 32), "physical", 1.0)
    came = frame.place(facts(20, 10, (1.0, 1.0))).resample(np.full((10, 20), 90, np.uint8))
    assert (came[11:21, 22:42] == 90).all()
    assert came.sum() == 90 * 200


@given(
    st.integers(1, 500), st.integers(1, 500), st.sampled_from([(48, 64), (64, 48)]), st.booleans()
)
def test_millimetres_are_kept_through_stretching_and_padding(
    width: int, height: int, sides: tuple[int, int], stretched: bool
) -> None:
    size = Size(*sides)
    frame = Frame(size, "stretch" if stretched else "pad")
    known = facts(width, height, (0.2, 0.3), "calibrated")
    left, top, right, bottom = frame.place(known).edges
    spacing = frame.spacing(known, frame.place(known))
    assert spacing is not None
    assert spacing.kind == "calibrated"
    assert spacing.column * (right - left) == pytest.approx(0.3 * width)
    assert spacing.row * (bottom - top) == pytest.approx(0.2 * height)
    unknown = facts(width, height, None)
    assert frame.spacing(unknown, frame.place(unknown)) is None


@pytest.mark.parametrize("fit", ["stretch", "pad", "physical"])
def test_what_is_not_taken_is_not_shown_and_moves_nothing(fit: Fit) -> None:
    """A bright border that is cut off leaves no trace, and landmarks stay on their pixels."""
    film = np.full((200, 300), 255, np.uint8)
    film[40:140, 60:220] = 30
    film[80:90, 100:110] = 200
    frame = Frame(Size(64, 48), fit, 3.0 if fit == "physical" else None, "exposed")
    known = facts(300, 200, (1.0, 1.0))
    field = 60, 40, 220, 140
    placed = frame.place(known, field)
    came = placed.resample(film)
    left, top, right, bottom = placed.shown
    beyond = came.copy()
    beyond[top:bottom, left:right] = 0
    assert not beyond.any()
    assert came.max() < 230
    x, y, last, lower = placed.of_film(300, 200)
    rows, columns = np.nonzero(came > 110)
    assert columns.mean() + 0.5 == pytest.approx(x + 105 / 300 * (last - x), abs=0.6)
    assert rows.mean() + 0.5 == pytest.approx(y + 85 / 200 * (lower - y), abs=0.6)
    spacing = frame.spacing(known, placed)
    assert spacing is not None
    assert spacing.column * (last - x) == pytest.approx(300)
    assert spacing.row * (lower - y) == pytest.approx(200)


@given(st.integers(1, 3000), st.integers(1, 3000))
def test_padding_fills_one_side_of_a_film_that_is_not_square(width: int, height: int) -> None:
    left, top, right, bottom = place(width, height, Size(48, 64), "pad")
    assert 0 <= left < right <= 48
    assert 0 <= top < bottom <= 64
    assert right - left == 48 or bottom - top == 64
    assert abs((right - left) * height - (bottom - top) * width) <= max(width, height)


def test_a_film_is_stretched_to_width_and_height() -> None:
    film = np.tile(np.arange(200, dtype=np.uint8), (100, 1))
    assert resample(film, Size(48, 64), "stretch").shape == (64, 48)


# An ingest of films whose spacing is stated, without any reader of files.


class Drawn:
    """A film with what is known of it."""

    def __init__(self, film: Film, known: Facts) -> None:
        self.name, self._given = known.source_file, (film, known)

    def load(self) -> tuple[Film, Facts]:
        return self._given


def settings(**changes: object) -> IngestParams:
    usual = IngestParams(
        source="films", phantoms=1, size=(48, 64), fit="physical", on_error="stop", millimetres=128
    )
    return replace(usual, **changes)


def ingested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, films: list[Drawn], **changes: object
) -> Path:
    monkeypatch.setattr(ingesting, "_list", lambda *_, **__: Listing(films=films))
    ingest("films", tmp_path / "out", settings=settings(**changes), seed=1, progress=False)
    return tmp_path / "out"


def some(*stated: tuple[tuple[float, float] | None, SpacingKind]) -> list[Drawn]:
    chance = np.random.default_rng(0)
    return [
        Drawn(
            chance.integers(0, 256, (90, 120), dtype=np.uint8),
            facts(120, 90, spacing, kind, name=f"film-{place}"),
        )
        for place, (spacing, kind) in enumerate(stated)
    ]


def test_one_scale_refuses_films_that_do_not_state_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = some(((1.0, 1.0), "detector"), (None, "detector"), ((1.0, 1.0), "unknown"))
    with pytest.raises(SourceError) as caught:
        ingested(tmp_path, monkeypatch, films)
    assert {fault.where for fault in caught.value.faults} == {"film-1", "film-2"}
    assert all("ingest.fit" in fault.remedy for fault in caught.value.faults)
    kept = ingested(tmp_path, monkeypatch, films, on_error="skip")
    assert [row["id"] for row in tables.read_rows(kept / "cohort.parquet", schemas.COHORT)] == [
        "film-0"
    ]


def test_one_scale_refuses_two_kinds_of_millimetres(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = some(*[((1.0, 1.0), "detector")] * 2, ((1.0, 1.0), "calibrated"))
    with pytest.raises(SourceError, match=r"1 film.*in the patient.*2 at the detector") as caught:
        ingested(tmp_path, monkeypatch, films, on_error="skip")
    assert "one kind" in str(caught.value)
    assert not (tmp_path / "out/cohort.parquet").exists()
    ingested(tmp_path, monkeypatch, films, fit="pad", millimetres=None)


def test_what_does_not_go_together_is_refused_without_a_file_of_settings(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="go together"):
        ingest("phantoms", tmp_path / "out", settings=settings(millimetres=None), seed=1)


def test_the_cohort_keeps_millimetres_and_unknown_ones_stay_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = some(((0.2, 0.4), "calibrated"), (None, "unknown"), ((0.5, 0.5), "unknown"))
    folder = ingested(tmp_path, monkeypatch, films, fit="stretch", millimetres=None)
    rows = tables.read_rows(folder / "cohort.parquet", schemas.COHORT)
    assert [
        (
            row["millimetres_per_pixel_row"],
            row["millimetres_per_pixel_column"],
            row["spacing_kind"],
        )
        for row in rows
    ] == [
        (pytest.approx(0.2 * 90 / 64), pytest.approx(0.4 * 120 / 48), "calibrated"),
        (None, None, None),
        (pytest.approx(0.5 * 90 / 64), pytest.approx(0.5 * 120 / 48), "unknown"),
    ]


@pytest.mark.parametrize(
    ("fit", "millimetres"), [("stretch", None), ("pad", None), ("physical", 96.0)]
)
def test_landmarks_go_where_their_pixels_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fit: str, millimetres: float | None
) -> None:
    film = np.zeros((90, 120), np.uint8)
    film[30:40, 70:80] = 255
    points = {"seen": (75.0, 35.0), "cut off": (-60.0, 35.0)}
    known = replace(facts(120, 90, (1.0, 1.0)), keypoints=points)
    folder = ingested(tmp_path, monkeypatch, [Drawn(film, known)], fit=fit, millimetres=millimetres)
    (row,) = tables.iterate(folder / "cohort.parquet", schemas.COHORT)
    came = png.decode(row["image"]["bytes"], where="film")
    assert not row["inverted"]
    labels = labels_of_manifest(
        tables.iterate(folder / "manifest.parquet", schemas.MANIFEST), size=Size(48, 64)
    )
    assert labels is not None
    ((name, (across, down)),) = labels.points["film"].items()
    assert name == "seen"
    rows, columns = np.nonzero(came > 127)
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx(
        (across * 48, down * 64), abs=0.6
    )


def test_phantoms_with_more_detail_are_the_same_patients_drawn_finer() -> None:
    plain, fine = (draw_phantom(0, seed=3, detail=detail) for detail in (1, 2))
    assert fine.pixels.shape == tuple(2 * side for side in plain.pixels.shape)
    assert fine.scale == pytest.approx(2 * plain.scale)
    assert (fine.patient, fine.facing, fine.negative) == (
        plain.patient,
        plain.facing,
        plain.negative,
    )
    small = [
        resample(
            (phantom.pixels / np.iinfo(phantom.pixels.dtype).max * 255).astype(np.uint8),
            64,
            "stretch",
        )
        for phantom in (plain, fine)
    ]
    assert np.corrcoef(*(film.ravel() for film in small))[0, 1] > 0.98
    for name, (x, y) in plain.keypoints.items():
        # The middle of the film is the same point of the patient.
        assert fine.keypoints[name] == pytest.approx((2 * x + 0.5, 2 * y + 0.5), abs=1e-6)


def test_phantoms_state_millimetres_at_the_detector() -> None:
    """Two landmarks lie as many millimetres apart however many pixels there are between them."""
    apart = []
    for detail in (1, 2):
        _, known = list_phantoms(1, seed=3, detail=detail).films[0].load()
        assert known.keypoints is not None
        assert known.header.spacing is not None
        assert known.header.spacing.kind == "detector"
        ends = np.array([*known.keypoints.values()])[[0, -1]]
        step = np.array([known.header.spacing.column, known.header.spacing.row])
        apart.append(float(np.linalg.norm((ends[1] - ends[0]) * step)))
    assert apart[0] == pytest.approx(apart[1])
    assert 20 < apart[0] < 200


def test_a_contact_sheet_keeps_proportions() -> None:
    sheet = np.asarray(contact_sheet([np.full((64, 32), 255, np.uint8)], columns=1, side=64))
    rows, columns = np.nonzero(sheet == 255)
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (64, 32)
