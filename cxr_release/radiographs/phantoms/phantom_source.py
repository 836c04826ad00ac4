"""The phantom cohort: each film a pure function of (seed, index), with its ground truth.

Eight films in a row belong to six patients, and two of every 25 films are negatives, so that
shares hold in small cohorts too and any film can be drawn without its neighbours.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cxr_release.errors import SourceError
from cxr_release.film_size import Size
from cxr_release.films.facts import Box, Facing, Facts, Header, Listing
from cxr_release.films.grey import window
from cxr_release.films.png import Film
from cxr_release.films.spacing import Spacing
from cxr_release.params.films import Borders
from cxr_release.radiographs.phantoms.collimation import Collimation, collimate, draw_collimation
from cxr_release.radiographs.phantoms.film import draw_exposure, expose
from cxr_release.radiographs.phantoms.hardware import plate_solids, plated_levels
from cxr_release.radiographs.phantoms.neck import larynx_solids, soft_tissue
from cxr_release.radiographs.phantoms.patient import Patient, Posture, draw_patient, draw_posture
from cxr_release.radiographs.phantoms.phantom_facts import FACTS, codes_of
from cxr_release.radiographs.phantoms.skull import jaw_solids, skull_solids
from cxr_release.radiographs.phantoms.solids import Grid, Points, Solid, View
from cxr_release.radiographs.phantoms.spine import Spine, keypoints, spine_solids, stack_spine

_FILMS_A_BLOCK = 8
_PATIENTS_A_BLOCK = 6
_NEGATIVE_EVERY = 25
_NEGATIVES = 2
_HEIGHTS = (240, 256, 272, 288, 304, 320, 336)
_ENOUGH = 256
"""Pixels of an ingested film's side up to which films of `_HEIGHTS` have all the detail of it."""
_PATIENT, _USUAL_POSTURE, _FILM, _BLOCK, _POLARITY, _BORDER, _COLLIMATION, _HARDWARE = range(8)
"""Streams of random numbers, so that no draw shifts another."""


@dataclass(frozen=True)
class Phantom:
    """One film as a scanner would give it, and the truth about it."""

    name: str
    """File stem, such as "phantom-00012"."""
    pixels: NDArray[np.uint8] | NDArray[np.uint16]
    """(height, width), the full range of its type."""
    patient: str
    """Such as "patient-0007"; some patients have several films."""
    facing: Facing
    negative: bool
    """True where bone is dark."""
    keypoints: dict[str, tuple[float, float]]
    """CSXA's 23 names → (x, y) in pixels; left and right are the film's."""
    scale: float
    """Pixels a centimetre on the film, where the patient appears as anatomy is drawn: magnified."""
    codes: Mapping[str, str]
    """What else is known of it, by the names of `phantom_facts.FACTS`."""
    field: Box | None = None
    """Around what a border leaves of the film, in pixels, where one was asked for."""


def draw_phantom(
    index: int,
    *,
    seed: int,
    detail: int = 1,
    collimation: Collimation | None = None,
    hardware: float = 0.0,
) -> Phantom:
    """Draw one film of the cohort: a pure function of seed, index (both ≥ 0) and the rest.

    With more detail the same patient stands in the same way before a detector of `detail` times as
    many pixels a side; with a collimation the same film has that border, in place of any of its
    own. `hardware` is the share of patients who have had surgery; of all others the films are the
    same whatever it is.

    Bit-identical for the same NumPy and SciPy on the same machine.
    """
    number = _patient_of(index, seed)
    patient = draw_patient(_stream(seed, _PATIENT, number))
    rng = _stream(seed, _FILM, index)
    posture = draw_posture(rng, _stream(seed, _USUAL_POSTURE, number))
    spine = stack_spine(patient, posture)
    mirrored = bool(rng.random() < 0.5)
    shape, view = _frame(spine, mirrored, rng, detail)
    bone, flesh = _anatomy(patient, posture, spine)
    surgery = _stream(seed, _HARDWARE, number)
    operated = bool(surgery.random() < hardware)
    if operated:
        bone += plate_solids(spine, posture, plated_levels(surgery))
    exposure = draw_exposure(rng)
    field = None
    if collimation is not None:
        exposure = replace(exposure, shutters=(0.0, 0.0, 0.0, 0.0))
    grey = expose(bone, flesh, view=view, shape=shape, exposure=exposure, rng=rng, detail=detail)
    if collimation is not None:
        grey, field = collimate(grey, collimation, _stream(seed, _BORDER, index))
    negative = _is_negative(index, seed)
    return Phantom(
        name=f"phantom-{index:05d}",
        pixels=_scan(1 - grey if negative else grey, deep=bool(rng.random() < 0.25)),
        patient=f"patient-{number:04d}",
        facing="right" if mirrored else "left",
        negative=negative,
        keypoints=_on_film(keypoints(patient, spine), view, mirrored),
        scale=view.scale,
        codes=codes_of(patient, spine, view, shape, operated=operated),
        field=field,
    )


def _anatomy(patient: Patient, posture: Posture, spine: Spine) -> tuple[list[Solid], list[Solid]]:
    """Return the solids of bone (with teeth and chalk) and those of flesh and air."""
    bone = spine_solids(patient, posture, spine)
    bone += skull_solids(patient, posture, spine.skull) + jaw_solids(patient, posture, spine.skull)
    bone += larynx_solids(patient, spine)
    return bone, soft_tissue(patient, posture, spine)


def _frame(
    spine: Spine, mirrored: bool, rng: np.random.Generator, detail: int
) -> tuple[tuple[int, int], View]:
    """Choose a film's size and centre it tightly: from the skull base to T1, jaw to nape."""
    height = int(rng.choice(_HEIGHTS))
    width = int(height * rng.choice((0.84, 0.90, 0.96, 1.0, 1.06))) * detail
    height *= detail
    top = spine.skull.origin[1] - 1.8 + rng.normal(0, 0.35)
    bottom = spine.at("T1").frame.origin[1] + 0.7 + rng.normal(0, 0.35)
    forward = -2.2 + rng.normal(0, 0.4)
    middle = (spine.skull.origin[0] + spine.at("C7").frame.origin[0]) / 2
    look_at = np.array([middle + forward, (top + bottom) / 2])
    view = View.centred(
        look_at,
        (height, width),
        scale=height / (bottom - top),
        degrees=float(rng.normal(0, 2.0)),
        mirrored=mirrored,
    )
    return (height, width), view


def _scan(grey: Grid, *, deep: bool) -> NDArray[np.uint8] | NDArray[np.uint16]:
    if deep:
        return np.rint(grey * 65535).astype(np.uint16)
    return np.rint(grey * 255).astype(np.uint8)


def _on_film(
    points: dict[str, Points], view: View, mirrored: bool
) -> dict[str, tuple[float, float]]:
    sides = {"front": "right", "back": "left"} if mirrored else {"front": "left", "back": "right"}
    truth = {}
    for name, point in points.items():
        x, y = view.project(point[None])[0]
        *words, last = name.split()
        truth[" ".join([*words, sides.get(last, last)])] = (float(x), float(y))
    return truth


def _patient_of(index: int, seed: int) -> int:
    """Number of a film's patient: in each block some patients come back once or twice."""
    block, place = divmod(index, _FILMS_A_BLOCK)
    rng = _stream(seed, _BLOCK, block)
    repeats = rng.integers(_PATIENTS_A_BLOCK, size=_FILMS_A_BLOCK - _PATIENTS_A_BLOCK)
    owners = rng.permutation(np.concatenate([np.arange(_PATIENTS_A_BLOCK), repeats]))
    return block * _PATIENTS_A_BLOCK + int(owners[place])


def _is_negative(index: int, seed: int) -> bool:
    block, place = divmod(index, _NEGATIVE_EVERY)
    order = _stream(seed, _POLARITY, block).permutation(_NEGATIVE_EVERY)
    return bool(order[place] < _NEGATIVES)


def _stream(seed: int, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


@dataclass(frozen=True)
class DrawnFilm:
    """A phantom, drawn when it is loaded."""

    index: int
    seed: int
    detail: int = 1
    borders: Borders = "none"
    facts: tuple[str, ...] = ()
    """Names of `phantom_facts.FACTS` that are asked for: no others are stated."""
    hardware: float = 0.0
    """Share of patients who have had surgery."""

    @property
    def name(self) -> str:
        """What a person calls it."""
        return f"phantom {self.index}"

    @property
    def id(self) -> str:
        """Its id in the cohort."""
        return f"phantom-{self.index:05d}"

    def load(self) -> tuple[Film, Facts]:
        """Draw it, with the truth about it."""
        phantom = draw_phantom(
            self.index,
            seed=self.seed,
            detail=self.detail,
            collimation=self._collimation(),
            hardware=self.hardware,
        )
        height, width = phantom.pixels.shape
        bits = phantom.pixels.dtype.itemsize * 8
        facts = Facts(
            source_file=phantom.name,
            id=phantom.name,
            patient=phantom.patient,
            stated_patient=phantom.patient,
            width=width,
            height=height,
            bits=bits,
            mode="L" if bits == 8 else "I;16",
            keypoints=phantom.keypoints,
            true_facing=phantom.facing,
            true_negative=phantom.negative,
            header=Header(
                spacing=Spacing(10 / phantom.scale, 10 / phantom.scale, "detector"),
                codes={name: phantom.codes[name] for name in self.facts},
            ),
        )
        return window(phantom.pixels), facts

    def _collimation(self) -> Collimation | None:
        if self.borders == "none":
            return None
        rng = _stream(self.seed, _COLLIMATION, self.index)
        bright = self.borders == "bright" or (self.borders == "mixed" and rng.random() < 0.5)
        return draw_collimation(rng, "bright" if bright else "dark")


def detail_for(size: Size) -> int:
    """How many times finer phantoms are to be drawn, a side, so that none is ever enlarged much."""
    return -(-max(size) // _ENOUGH)


def list_phantoms(
    count: int,
    *,
    seed: int,
    detail: int = 1,
    borders: Borders = "none",
    facts: Collection[str] = (),
    hardware: float = 0.0,
) -> Listing:
    """The first `count` films of the phantom cohort of `seed`.

    Args:
        count: how many.
        seed: of all of them.
        detail: see `draw_phantom`.
        borders: around them.
        facts: names of what they are to state, of `phantom_facts.FACTS`.
        hardware: share of patients who have had surgery.

    Raises:
        SourceError: nothing of such a name is known of phantoms.
    """
    if unknown := sorted({*facts} - {*FACTS}):
        raise SourceError(
            f"names {', '.join(unknown)}, of which nothing is known of phantoms",
            where="ingest.facts",
            remedy=f"known of phantoms: {', '.join(FACTS)}",
        )
    asked = tuple(name for name in FACTS if name in facts)
    films = [DrawnFilm(index, seed, detail, borders, asked, hardware) for index in range(count)]
    return Listing(films=films, drawn=True)
