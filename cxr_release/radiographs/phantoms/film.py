"""From attenuation to a film: Beer–Lambert, scatter, quantum noise, film curve, lead, shutters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, uniform_filter

from cxr_release.radiographs.phantoms.solids import (
    Grid,
    Points,
    Solid,
    Tissue,
    View,
    attenuation_map,
    refine,
)

_LEAD = Tissue(fill=2.4, bevel=0.05)
_GLYPHS = {
    "L": np.array([[0.0, 0.0], [0.0, 1.0], [0.62, 1.0]]),
    "R": np.array([[0.0, 1.0], [0.0, 0.0], [0.6, 0.12], [0.6, 0.4], [0.0, 0.52], [0.65, 1.0]]),
}
_BODY = 1.0
"""Attenuation above which a place counts as the patient."""
_CLEAR = 0.35
"""Attenuation below which a place counts as air, where a marker can lie."""


@dataclass(frozen=True)
class Exposure:
    """How a film was exposed and processed."""

    photons: float
    """Quanta a pixel without a patient."""
    scatter: float
    """Scattered part of the light that leaves the patient."""
    middle: float
    """Attenuation that becomes middle grey, relative to the median of the body's."""
    contrast: float
    """Slope of the film curve there, 1 a unit of attenuation."""
    detail: float
    """Strength of the processor's edge enhancement."""
    fog: float
    """Grey of the film where nothing held the beam back."""
    texture: float
    """Unevenness of bone and flesh, relative to their attenuation."""
    shutters: tuple[float, float, float, float]
    """What collimation cuts off: left, top, right, bottom, as parts of the film's side."""
    border: float
    """Grey of what the shutters hide."""
    marker: str
    """Side marker, "L", "R", or "" for none."""


def draw_exposure(rng: np.random.Generator) -> Exposure:
    """Draw the settings of one film. White borders are kept to 2 % of films."""
    shutters = np.where(rng.random(4) < 0.5, rng.uniform(0.01, 0.05, 4), 0)
    collimated = rng.random()
    if collimated > 0.16:
        shutters[:] = 0
    return Exposure(
        photons=float(rng.uniform(6e3, 30e3)),
        scatter=float(rng.uniform(0.15, 0.4)),
        middle=float(rng.normal(-0.02, 0.12)),
        contrast=float(rng.normal(1.65, 0.13)),
        detail=float(rng.uniform(0.25, 0.7)),
        fog=float(rng.uniform(0.0, 0.05)),
        texture=float(rng.uniform(0.5, 1.0)),
        shutters=(float(shutters[0]), float(shutters[1]), float(shutters[2]), float(shutters[3])),
        border=0.97 if collimated < 0.02 else 0.01,
        marker=str(rng.choice(["", "L", "R"], p=[0.66, 0.17, 0.17])),
    )


def expose(
    bone: list[Solid],
    flesh: list[Solid],
    *,
    view: View,
    shape: tuple[int, int],
    exposure: Exposure,
    rng: np.random.Generator,
    detail: int = 1,
) -> Grid:
    """Return a positive film (bone bright) of `shape` (h, w), grey from 0 to 1, float32.

    `detail` tells how many times finer the detector is, a side: a pixel gets fewer quanta, and
    what is blurred has the same width on the film.
    """
    texture = np.float32(exposure.texture)
    grain = _clouds(shape, 2, 0.06 * view.scale, rng) * np.float32(0.10) * texture
    clouds = _clouds(shape, 12 * detail, 0.8, rng) * np.float32(0.03) * texture
    attenuation = attenuation_map(bone, view, shape) * (1 + grain)
    attenuation += attenuation_map(flesh, view, shape) * (1 + clouds)
    np.maximum(attenuation, 0, out=attenuation)
    _lay_marker(attenuation, exposure.marker, view.scale, rng)

    primary = np.exp(-attenuation)
    signal = primary + np.float32(exposure.scatter) * _veil(primary, 8 * detail)
    quanta = np.sqrt(signal / np.float32(exposure.photons / detail**2))
    signal += quanta * rng.standard_normal(shape, np.float32)
    density = -np.log(np.maximum(signal / np.float32(1 + exposure.scatter), np.float32(2e-3)))

    smooth = uniform_filter(density, int(0.9 * view.scale), mode="nearest")
    density += np.float32(exposure.detail) * (density - smooth)
    grey = _film_curve(density, exposure)
    _close_shutters(grey, exposure)
    return grey


def _film_curve(density: Grid, exposure: Exposure) -> Grid:
    """Logistic curve of the film, aimed at the body as automatic exposure does."""
    body = density[::4, ::4]
    middle = float(np.median(body[body > _BODY])) + exposure.middle
    contrast = exposure.contrast
    grey: Grid = 1 / (1 + np.exp(np.float32(contrast) * (np.float32(middle) - density)))
    black = 1 / (1 + np.exp(contrast * middle))
    grey = np.clip((grey - np.float32(black)) / np.float32(1 - black), 0, 1)
    return np.float32(exposure.fog) + np.float32(0.99 - exposure.fog) * grey


def _veil(primary: Grid, step: int) -> Grid:
    """The wide, smooth share of scattered quanta, worked out on every `step`-th pixel.

    Bright air beside the neck scatters little into it, so its share is capped.
    """
    capped = np.minimum(primary, np.float32(0.25))
    coarse = gaussian_filter(capped[::step, ::step], 3.0, mode="nearest")
    coarse = np.pad(coarse, ((0, 1), (0, 1)), mode="edge")
    return refine(coarse, step)[: primary.shape[0], : primary.shape[1]]


def _clouds(shape: tuple[int, int], step: int, blur: float, rng: np.random.Generator) -> Grid:
    """Smooth noise of about unit deviation, drawn and blurred on every `step`-th pixel."""
    coarse = rng.standard_normal((shape[0] // step + 2, shape[1] // step + 2), np.float32)
    coarse = gaussian_filter(coarse, blur)
    fine: Grid = refine(coarse / coarse.std(), step)[: shape[0], : shape[1]]
    return fine


def _lay_marker(attenuation: Grid, marker: str, scale: float, rng: np.random.Generator) -> None:
    """Lay a lead letter on clear film, if a corner of the lower half has room for it."""
    if not marker:
        return
    height, width = attenuation.shape
    size = scale * rng.uniform(0.55, 0.8)
    places = rng.uniform((0.03, 0.40), (0.90, 0.90), (12, 2)) * (width, height)
    for place in places:
        x, y = int(place[0]), int(place[1])
        reach = int(1.2 * size)
        under = attenuation[y : y + reach, x : x + reach]
        if under.shape == (reach, reach) and under.max() < _CLEAR:
            glyph: Points = place + _GLYPHS[marker] * size
            lead = Solid(glyph, _LEAD, radii=np.full(len(glyph), 0.055), blend=0.01)
            still = View(np.eye(2), np.zeros(2), scale)
            attenuation += attenuation_map([lead], still, (height, width))
            return


def _close_shutters(grey: Grid, exposure: Exposure) -> None:
    height, width = grey.shape
    left, top, right, bottom = exposure.shutters
    for side in (
        np.s_[:, : int(left * width)],
        np.s_[: int(top * height), :],
        np.s_[:, width - int(right * width) :],
        np.s_[height - int(bottom * height) :, :],
    ):
        grey[side] = exposure.border
