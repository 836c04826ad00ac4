from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cxr_release.radiographs.phantoms.film import Exposure, draw_exposure, expose
from cxr_release.radiographs.phantoms.solids import Solid, Tissue, View

SHAPE = (120, 160)
VIEW = View.centred(np.zeros(2), SHAPE, scale=10.0)
PLAIN = Exposure(
    photons=20e3,
    scatter=0.2,
    middle=0.0,
    contrast=1.6,
    detail=0.0,
    fog=0.0,
    texture=0.5,
    shutters=(0.0, 0.0, 0.0, 0.0),
    border=0.97,
    marker="",
)
SQUARE = np.array([[-4.0, -4.0], [4.0, -4.0], [4.0, 4.0], [-4.0, 4.0]])
FLESH = Solid(SQUARE, Tissue(fill=2.0, bevel=0.5))
BONE = Solid(SQUARE / 4, Tissue(fill=0.8, bevel=0.2))


def film(exposure: Exposure = PLAIN, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return expose([BONE], [FLESH], view=VIEW, shape=SHAPE, exposure=exposure, rng=rng)


def test_bone_is_brighter_than_flesh_and_flesh_than_air() -> None:
    grey = film()
    bone, flesh, air = grey[55:65, 75:85], grey[30:90, 45:60], grey[:, :20]
    assert bone.min() > flesh.mean() > air.mean()
    assert grey.min() >= 0
    assert grey.max() <= 1
    assert air.mean() < 0.05


def test_fewer_quanta_are_noisier() -> None:
    flat = np.s_[30:90, 45:60]
    assert film(replace(PLAIN, photons=1e3))[flat].std() > 1.5 * film()[flat].std()


def test_scatter_lowers_contrast() -> None:
    def contrast(grey: np.ndarray) -> float:
        return float(grey[55:65, 75:85].mean() - grey[30:90, 45:60].mean())

    assert contrast(film(replace(PLAIN, scatter=2.0))) < 0.95 * contrast(film())


def test_shutters_cut_each_side() -> None:
    grey = film(replace(PLAIN, shutters=(0.1, 0.2, 0.05, 0.1)))
    hidden = grey == np.float32(0.97)
    assert hidden[:, :16].all()
    assert hidden[:24].all()
    assert hidden[:, -8:].all()
    assert hidden[-12:].all()
    assert not hidden[24:-12, 16:-8].any()


@pytest.mark.parametrize("marker", ["L", "R"])
def test_a_marker_lies_bright_in_the_air(marker: str) -> None:
    with_marker, without = film(replace(PLAIN, marker=marker)), film()
    lead = (with_marker - without) > 0.3
    assert 5 < lead.sum() < 120
    assert without[lead].max() < 0.15


def test_a_marker_is_left_out_where_no_air_is() -> None:
    whole = Solid(SQUARE * 10, Tissue(fill=2.0, bevel=0.5))
    films = [
        expose(
            [BONE],
            [whole],
            view=VIEW,
            shape=SHAPE,
            exposure=replace(PLAIN, marker=marker),
            rng=np.random.default_rng(0),
        )
        for marker in ("", "L")
    ]
    # The search for a place draws numbers, so the noise differs, but no lead may show.
    assert abs(films[0] - films[1]).max() < 0.3


def test_white_borders_are_kept_rare() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_exposure(rng) for _ in range(2000)]
    white = sum(any(e.shutters) and e.border > 0.5 for e in drawn)
    assert 0 < white <= 0.03 * len(drawn)
    assert 0.2 < sum(bool(e.marker) for e in drawn) / len(drawn) < 0.5
