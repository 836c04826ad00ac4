"""The kinds of copies that are planted: what a film may have gone through and still be a copy.

An alteration takes a film (h, w), of any size and proportions, and gives an altered copy of the
same size. Lengths are shares of the film's sides. What a move brings in from outside the film is of
the grey that is usual along its edge. Where chance has a part in it, it is drawn from the generator
that is given: the same generator gives the same copy.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from cxr_release.films.png import Film
from cxr_release.radiographs.resample import mirror

SAME, GREY, DETAIL = "pixels unchanged", "grey values", "noise and detail"
MOVED, SEVERAL, PART = "moved", "several", "part"

JPEG_QUALITY = 50
RECOMPRESSED = f"JPEG of quality {JPEG_QUALITY}"
NOISE = 0.05
"""Standard deviation, of the whole range of greys."""
BLUR_SIDE, BLUR_SIGMA = 1 / 3, 1 / 36
"""Side of the blurred patch and standard deviation of the blur, of the film's shorter side."""
GAIN, OFFSET = (0.55, 0.85), 20
"""Contrast is brought to a share of itself, brightness changed by so many greys at most."""
WINDOW = (10, 90)
"""Percentiles of a film's greys that become black and white."""
WARP = 0.015
"""Of a side, by which a warp moves a point at most in each direction."""
WARP_GRID, WARP_SIGMA = 64, 24 / 256
"""Points on each side at which a warp is drawn, and how far it is smoothed, of a side."""
BLOCK, BLOCK_MARGIN = 3, 8
"""One third of each side is copied, no nearer to the edge than one eighth."""

Alter = Callable[[Film, np.random.Generator], Film]
Paste = Callable[[Film, Film, np.random.Generator], Film]


@dataclass(frozen=True)
class Alteration:
    """A kind of copy."""

    name: str
    family: str
    """What kind of change it is; alterations of one family follow each other."""
    alter: Paste
    """Film (h, w), host and generator → altered copy (h, w), uint8. Only a `PART` needs the host: a
    film of any size, into which it is pasted. Neither film is changed; the copy may be the film."""

    @property
    def needs_host(self) -> bool:
        """Whether it is a part of a film, pasted into another one."""
        return self.family == PART


def _usual_edge(film: Film) -> int:
    return int(np.median(np.concatenate([film[0], film[-1], film[:, 0], film[:, -1]])))


def _turned(degrees: float) -> Alter:
    """Counterclockwise."""

    def alter(film: Film, _: np.random.Generator) -> Film:
        turned = Image.fromarray(film).rotate(
            degrees, Image.Resampling.BICUBIC, fillcolor=_usual_edge(film)
        )
        return np.asarray(turned)

    return alter


def _turned_either_way(degrees: float) -> Alter:
    ways = _turned(degrees), _turned(-degrees)
    return lambda film, chance: ways[chance.integers(2)](film, chance)


def _cropped(share: float, place: tuple[float, float] | None = None) -> Alter:
    """Cut a share of each side off and bring what is left to the old size.

    Of what is cut off, `place` is the share on the left and at the top (0 … 1); None draws it.
    """

    def alter(film: Film, chance: np.random.Generator) -> Film:
        left, top = chance.random(2) if place is None else place
        height, width = film.shape
        wide, high = (1 - share) * width, (1 - share) * height
        x, y = left * share * width, top * share * height
        box = (x, y, x + wide, y + high)
        resized = Image.fromarray(film).resize((width, height), Image.Resampling.LANCZOS, box=box)
        return np.asarray(resized)

    return alter


def _placed(film: Film, scale: float, right: float, down: float) -> Film:
    """Scaled about the middle, then moved right and down by pixels."""
    height, width = film.shape
    step = 1 / scale
    x, y = (1 - step) * width / 2 - step * right, (1 - step) * height / 2 - step * down
    moved = Image.fromarray(film).transform(
        (width, height),
        Image.Transform.AFFINE,
        (step, 0, x, 0, step, y),
        Image.Resampling.BICUBIC,
        fillcolor=_usual_edge(film),
    )
    return np.asarray(moved)


def _shifted(share: float) -> Alter:
    def alter(film: Film, chance: np.random.Generator) -> Film:
        angle = 2 * np.pi * chance.random()
        height, width = film.shape
        return _placed(film, 1, share * width * np.cos(angle), share * height * np.sin(angle))

    return alter


def _scaled(scale: float) -> Alter:
    return lambda film, _: _placed(film, scale, 0, 0)


def _warped(film: Film, chance: np.random.Generator) -> Film:
    from scipy.ndimage import gaussian_filter, map_coordinates

    height, width = film.shape
    places = []
    for axis, side in enumerate(film.shape):
        drawn = gaussian_filter(chance.normal(size=(WARP_GRID,) * 2), WARP_SIGMA * WARP_GRID)
        drawn *= WARP * side / np.abs(drawn).max()
        # Bilinear, so that no point between those drawn is moved farther than they are.
        offsets = Image.fromarray(drawn.astype(np.float32)).resize(
            (width, height), Image.Resampling.BILINEAR
        )
        line = np.arange(side, dtype=np.float32)
        places.append(np.asarray(offsets) + (line if axis else line[:, None]))
    grey = map_coordinates(film, places, order=1, mode="nearest", output=np.float32)
    return _greys(grey)


def _gamma(exponent: float) -> Alter:
    table = _greys(255 * (np.arange(256) / 255) ** exponent)
    return lambda film, _: table[film]


def _contrast(film: Film, chance: np.random.Generator) -> Film:
    gain, offset = chance.uniform(*GAIN), chance.uniform(-OFFSET, OFFSET)
    return _greys((np.arange(256) - 127.5) * gain + 127.5 + offset)[film]


def _windowed(film: Film, _: np.random.Generator) -> Film:
    low, high = np.percentile(film, WINDOW)
    return _greys(255 * (np.arange(256) - low) / max(high - low, 1))[film]


def _recompressed(film: Film, _: np.random.Generator) -> Film:
    stream = io.BytesIO()
    Image.fromarray(film).save(stream, format="JPEG", quality=JPEG_QUALITY)
    with Image.open(stream, formats=["JPEG"]) as picture:
        return np.asarray(picture)


def _noisy(film: Film, chance: np.random.Generator) -> Film:
    return _greys(film + chance.normal(0, 255 * NOISE, film.shape))


def _blurred(film: Film, chance: np.random.Generator) -> Film:
    height, width = film.shape
    side = max(1, round(BLUR_SIDE * min(film.shape)))
    x, y = (int(chance.integers(0, size - side + 1)) for size in (width, height))
    picture = Image.fromarray(film)
    patch = picture.crop((x, y, x + side, y + side))
    picture.paste(patch.filter(ImageFilter.GaussianBlur(BLUR_SIGMA * min(film.shape))), (x, y))
    return np.asarray(picture)


def _halved(film: Film, _: np.random.Generator) -> Film:
    height, width = film.shape
    half = Image.fromarray(film).resize(
        (max(1, width // 2), max(1, height // 2)), Image.Resampling.BOX
    )
    return np.asarray(half.resize((width, height), Image.Resampling.BICUBIC))


def _greys(values: NDArray[np.floating]) -> Film:
    greys: Film = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return greys


def _in_turn(*alters: Alter) -> Alter:
    def alter(film: Film, chance: np.random.Generator) -> Film:
        for each in alters:
            film = each(film, chance)
        return film

    return alter


def _half(film: Film, host: Film, chance: np.random.Generator) -> Film:
    """Left, right, top or bottom; of an odd number of lines, the middle one too."""
    height, width = film.shape
    high, wide = (height + 1) // 2, (width + 1) // 2
    halves = np.s_[:, :wide], np.s_[:, width - wide :], np.s_[:high], np.s_[height - high :]
    return _pasted(film, host, halves[chance.integers(4)])


def _block(film: Film, host: Film, chance: np.random.Generator) -> Film:
    places = []
    for side in film.shape:
        length, margin = max(1, side // BLOCK), side // BLOCK_MARGIN
        start = int(chance.integers(margin, side - margin - length, endpoint=True))
        places.append(slice(start, start + length))
    return _pasted(film, host, tuple(places))


def _pasted(film: Film, host: Film, place: slice | tuple[slice, ...]) -> Film:
    size = film.shape[::-1]
    copy = np.array(Image.fromarray(host).resize(size, Image.Resampling.LANCZOS))
    copy[place] = film[place]
    return copy


def _mirrored(film: Film, _: np.random.Generator) -> Film:
    return mirror(film)


_ALONE: dict[str, dict[str, Alter]] = {
    SAME: {"identical": lambda film, _: film, "mirrored": _mirrored},
    GREY: {
        "inverted": lambda film, _: 255 - film,
        "gamma 0.8": _gamma(0.8),
        "gamma 1.25": _gamma(1.25),
        "contrast and brightness": _contrast,
        "narrower window": _windowed,
    },
    DETAIL: {
        RECOMPRESSED: _recompressed,
        "noise 5 %": _noisy,
        "blurred patch": _blurred,
        "half the resolution": _halved,
    },
    MOVED: {
        "turned +3°": _turned(3),
        "turned −3°": _turned(-3),
        "turned ±1°": _turned_either_way(1),
        "turned ±2°": _turned_either_way(2),
        "turned ±4°": _turned_either_way(4),
        "turned ±5°": _turned_either_way(5),
        "cropped 5 %": _cropped(0.05, (0.5, 0.5)),
        "cropped 5 %, off centre": _cropped(0.05),
        "cropped 10 % anywhere": _cropped(0.1),
        "cropped 15 % anywhere": _cropped(0.15),
        "shifted 3 %": _shifted(0.03),
        "shifted 5 %": _shifted(0.05),
        "scaled to 0.9": _scaled(0.9),
        "scaled to 0.95": _scaled(0.95),
        "scaled to 1.05": _scaled(1.05),
        "scaled to 1.1": _scaled(1.1),
        "elastic warp, up to 1.5 %": _warped,
    },
    SEVERAL: {
        "turned ±3° and cropped 5 %": _in_turn(_turned_either_way(3), _cropped(0.05)),
        "mirrored and cropped 10 %": _in_turn(_mirrored, _cropped(0.1)),
        "gamma 0.8 and shifted 5 %": _in_turn(_gamma(0.8), _shifted(0.05)),
    },
}
_PASTED: dict[str, Paste] = {"half of a film": _half, "a third of each side": _block}


def _without_host(alter: Alter) -> Paste:
    return lambda film, _, chance: alter(film, chance)


def _alterations() -> Iterator[Alteration]:
    for family, alters in _ALONE.items():
        for name, alter in alters.items():
            yield Alteration(name, family, _without_host(alter))
    for name, paste in _PASTED.items():
        yield Alteration(name, PART, paste)


ALTERATIONS: dict[str, Alteration] = {each.name: each for each in _alterations()}
"""By name, family by family."""
