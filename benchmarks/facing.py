"""How often the facing of films is found wrongly, and how often not at all.

    python -m benchmarks.facing [--project FOLDER] [--phantoms N]

- On drawn phantoms of patients that the detector has not seen, whole and spoilt in several ways:
  the truth is known. Films that face neither way are found wrongly where they are found at all. A
  film and its mirror image are always found to face opposite ways, so one of them is tried.
- On the films that the embedded default drew with `train.flip: true`, which face either way, good
  ones and poor ones: the truth is what an eye saw that did not know what was found
  (`facing_by_eye.csv`; `left?` and `right?` where it was not sure, `unclear` where it could not
  say). Only films with the same pixels are compared.

Beside it stands the rule of old: the sign of the correlation with the mean left-facing film.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter
from statsmodels.stats.proportion import proportion_confint

from cxr_release import schemas, tables
from cxr_release.films import png
from cxr_release.films.facts import Facing
from cxr_release.films.grey import window
from cxr_release.films.png import Film
from cxr_release.paths import Paths
from cxr_release.radiographs.facing import Detector, detector_of
from cxr_release.radiographs.orient import left_facing
from cxr_release.radiographs.phantoms.phantom_source import draw_phantom
from cxr_release.radiographs.resample import Thumbnail, antisymmetric, mirror, resample, thumbnails

BY_EYE = Path(__file__).with_name("facing_by_eye.csv")
SIZE = 64
NEITHER = ("grain alone", "left half and its mirror image")
Facings = Sequence[Facing | None]


def _spoilt(seed: int) -> Mapping[str, Callable[[Film], Any]]:
    chance = np.random.default_rng(seed)
    return {
        "whole": lambda film: film,
        "grain, deviation 60": lambda film: film + chance.normal(0, 60, film.shape),
        "blurred, 4 pixels": lambda film: gaussian_filter(film.astype(float), 4),
        "blurred, 8 pixels": lambda film: gaussian_filter(film.astype(float), 8),
        "contrast of 5 %, grain": lambda film: 120 + film * 0.05 + chance.normal(0, 5, film.shape),
        "shifted by 10 pixels": lambda film: np.roll(film, chance.choice([-10, 10]), axis=1),
        "upside down": lambda film: film[::-1],
        "negative": lambda film: 255 - film,
        "grain alone": lambda film: chance.normal(128, 40, film.shape),
        "left half and its mirror image": lambda film: np.hstack(
            [film[:, : SIZE // 2], film[:, SIZE // 2 - 1 :: -1]]
        ),
    }


def main() -> None:
    """Print tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--project", type=Path, default=Path(), help="where `dvc repro` has run")
    parser.add_argument("--phantoms", type=int, default=600)
    options = parser.parse_args()
    _phantoms(options.phantoms)
    _synthetic(Paths(options.project))


def _phantoms(count: int) -> None:
    """Of other seeds than the default's, so that no patient of the detector's is among them."""
    phantoms = [draw_phantom(index, seed=1) for index in range(count)]
    films = []
    for phantom in phantoms:
        film = resample(window(phantom.pixels), SIZE, "stretch")
        film = 255 - film if phantom.negative else film
        films.append(mirror(film) if phantom.facing == "right" else film)
    known, new = films[: count // 2], films[count // 2 :]
    detector = detector_of(thumbnails(known))
    assert detector is not None
    old = antisymmetric(thumbnails(known)).mean(axis=0)
    print(f"Phantoms: {len(known)} of known facing, {len(new)} of other patients\n")
    print("| films | n | wrong | 95 % interval | unknown | wrong by the rule of old |")
    print("|---|---:|---:|---|---:|---:|")
    for name, spoil in _spoilt(0).items():
        spoilt = [np.clip(spoil(film), 0, 255).astype(np.uint8) for film in new]
        small = thumbnails(spoilt)
        truth = ["neither" if name in NEITHER else "left"] * len(spoilt)
        _row(name, detector.facings(small), truth, _of_old(small, old))


def _of_old(small: Thumbnail, reference: Any) -> Facings:
    return ["left" if lean >= 0 else "right" for lean in antisymmetric(small) @ reference]


def _row(name: str, facings: Facings, truth: Sequence[str], old: Facings) -> None:
    pairs = list(zip(facings, truth, old, strict=True))
    answered = sum(facing is not None for facing, _, _ in pairs)
    wrong = sum(facing is not None and facing != faces for facing, faces, _ in pairs)
    before = sum(facing != faces for _, faces, facing in pairs)
    low, high = proportion_confint(wrong, answered, method="beta") if answered else (0, 1)
    of = f"{wrong} of {answered}"
    interval = f"{low:.1%} to {high:.1%}" if answered else "–"
    unknown = len(pairs) - answered
    print(f"| {name} | {len(pairs)} | {of} | {interval} | {unknown} | {before} |")


def _synthetic(paths: Paths) -> None:
    known = left_facing(paths.cohort_table)
    assert known is not None
    detector = detector_of(known)
    assert detector is not None
    old = antisymmetric(known).mean(axis=0)
    with BY_EYE.open(encoding="utf-8", newline="") as stream:
        by_eye_rows = {row["id"]: row for row in csv.DictReader(stream)}
    by_eye: dict[int, list[tuple[str, Film]]] = {}
    for shard in sorted(paths.samples.glob("checkpoint-*/shard-*.parquet")):
        for row in tables.iterate(shard, schemas.SAMPLES):
            label = by_eye_rows.get(row["id"])
            if label and row["pixel_sha256"].startswith(label["pixel_sha256"]):
                film = png.decode(row["image"]["bytes"], where=row["id"])
                by_eye.setdefault(row["checkpoint"], []).append((label["faces"], film))
    matched = sum(map(len, by_eye.values()))
    print(f"\nDrawn films: {matched} of {len(by_eye_rows)} have the pixels that the eye saw\n")
    print("| films | n | wrong | 95 % interval | unknown | wrong by the rule of old |")
    print("|---|---:|---:|---|---:|---:|")
    for checkpoint, films in sorted(by_eye.items()):
        _eye_rows(f"checkpoint {checkpoint}", films, detector, old)
    _eye_rows("all", [film for films in by_eye.values() for film in films], detector, old)


def _eye_rows(name: str, films: Sequence[tuple[str, Film]], detector: Detector, old: Any) -> None:
    small = thumbnails(film for _, film in films)
    facings, before = detector.facings(small), _of_old(small, old)
    for clarity, labels in {
        "plain": ("left", "right"),
        "not so plain": ("left?", "right?"),
    }.items():
        places = [at for at, (label, _) in enumerate(films) if label in labels]
        if places:
            truth = [films[at][0].rstrip("?") for at in places]
            both = ([answers[at] for at in places] for answers in (facings, before))
            by_detector, by_rule = both
            _row(f"{name}, {clarity} to the eye", by_detector, truth, by_rule)
    unclear = Counter(
        facings[at] or "unknown" for at, (label, _) in enumerate(films) if label == "unclear"
    )
    if unclear:
        count, of = unclear.total(), unclear.total() - unclear["unknown"]
        cells = (f"{name}, unclear to the eye", count, f"? of {of}", "–", unclear["unknown"], "–")
        print(f"| {' | '.join(map(str, cells))} |")


if __name__ == "__main__":
    main()
