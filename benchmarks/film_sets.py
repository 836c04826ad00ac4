"""Sets of films for the benchmarks of the memorization audit, kept in a folder from run to run.

Phantoms are drawn as `ingest` would leave them: positive, facing left, `size` pixels square, by
their truth, so that no detector has a part in it. Real and synthetic ones have seeds, and so
patients, of their own: none of the synthetic ones is a copy. They are kept as

- `phantoms-SEED-SIZE.npy`, (n, size, size) uint8, and `phantoms-SEED-SIZE-patients.npy`, (n,)
  names. A film is a function of seed and place: fewer films are the first ones of more.
- `NAME-COUNT-SIZE.parquet`, image tables of the first COUNT of them, which the audit reads.

Chest films are few. Their sets are grown to size by small variations of some patients' films: bent
smoothly and shifted by up to 1 % of a side, gamma 0.8 to 1.25. Patients are in three groups: films
that are copied, which are not varied, so that a copy's own film has no double; the other real
films, with their variations; and those that stand for synthetic films, with theirs. A variation
belongs to its film's patient. So more films are searched, but no more patients: it is a stricter
trial than that of the films alone, and a milder one than as many films of patients of their own.

Written to a temporary file and renamed; delete a file to have it made anew.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice, repeat
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from cxr_release.films import png
from cxr_release.films.film_set import FilmSet, open_films
from cxr_release.films.png import Film
from cxr_release.radiographs.phantoms.phantom_source import DrawnFilm
from cxr_release.radiographs.resample import mirror, resample
from cxr_release.tables import IMAGE

SEEDS = {"real": 2, "synthetic": 777}
GROUP = 500
"""Films of a row group of a table."""
SPLIT_SEED = 1
BENT, GAMMA = 0.01, (0.8, 1.25)
"""Of a variation: how far it bends and shifts, of a side, and its gamma."""


@dataclass(frozen=True)
class Sets:
    """What an audit is measured on."""

    real: FilmSet
    synthetic: FilmSet
    copied: int
    """How many of the real films, by their ids' order, may be copied."""
    name: str
    """For files that belong to them."""


def phantoms(folder: Path, name: str, count: int, *, size: int) -> tuple[Sequence[Film], list[str]]:
    """Films (count, size, size), mapped from a file in `folder`, and their patients.

    Args:
        folder: made where it is not there.
        name: `real` or `synthetic`.
        count: films wanted; all are drawn anew where the folder has fewer.
        size: pixels on each side.
    """
    stem = folder / f"phantoms-{SEEDS[name]}-{size}"
    paths = stem.with_suffix(".npy"), stem.with_name(f"{stem.name}-patients.npy")
    if not all(path.exists() for path in paths) or len(np.load(paths[1])) < count:
        folder.mkdir(parents=True, exist_ok=True)
        partial = stem.with_suffix(".partial.npy")
        shape = (count, size, size)
        films = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
        patients = []
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            drawn = pool.map(
                drawn_film, range(count), repeat(SEEDS[name]), repeat(size), chunksize=32
            )
            for place, (film, patient) in enumerate(drawn):
                films[place] = film
                patients.append(patient)
        films.flush()
        partial.rename(paths[0])
        np.save(paths[1], np.array(patients))
    return np.load(paths[0], mmap_mode="r")[:count], np.load(paths[1])[:count].tolist()


def drawn_film(place: int, seed: int, size: int) -> tuple[Film, str]:
    """A phantom (size, size), bone bright and facing left, and its patient."""
    film, facts = DrawnFilm(place, seed).load()
    if facts.true_negative:
        film = np.invert(film)
    if facts.true_facing == "right":
        film = mirror(film)
    assert facts.patient
    return resample(np.ascontiguousarray(film), size, "stretch"), facts.patient


def phantom_sets(folder: Path, real: int, synthetic: int, *, size: int) -> Sets:
    """Phantoms that stand for real films, and others that stand for synthetic ones."""
    sets = []
    for name, count in (("real", real), ("synthetic", synthetic)):
        path = folder / f"{name}-{count}-{size}.parquet"
        if not path.exists():
            films, patients = phantoms(folder, name, count, size=size)
            ids = [f"{name}-{place:05d}" for place in range(count)]
            write_table(path, ids, films, patients if name == "real" else None)
        sets.append(open_films([path], name))
    return Sets(sets[0], sets[1], real, f"{real}x{synthetic}-{size}")


@dataclass(frozen=True)
class _Chest:
    """A chest film, or a variation of one."""

    path: Path
    patient: str

    def film(self, variation: int, size: int) -> Film:
        """(size, size); variation 0 is the film itself."""
        with Image.open(self.path) as picture:
            film = resample(np.asarray(picture.convert("L")), size, "stretch")
        seed = [variation, *self.path.stem.encode()]
        return varied(film, np.random.default_rng(seed)) if variation else film


def chest_films(folder: Path, copied: int) -> tuple[list[_Chest], list[_Chest], list[_Chest]]:
    """Films to copy, `copied` or a few more; other real ones; and ones that stand for synthetic.

    Args:
        folder: with `manifest.csv`, of columns `file` and `patient_id`.
        copied: films.
    """
    with (folder / "manifest.csv").open(newline="") as stream:
        rows = [_Chest(folder / row["file"], row["patient_id"]) for row in csv.DictReader(stream)]
    patients = sorted({row.patient for row in rows})
    groups: tuple[list[_Chest], list[_Chest], list[_Chest]] = ([], [], [])
    limits = (min(copied, len(rows) // 3), len(rows) // 2)
    for place in np.random.default_rng(SPLIT_SEED).permutation(len(patients)):
        films = [row for row in rows if row.patient == patients[place]]
        real = len(groups[0]) + len(groups[1])
        groups[(len(groups[0]) >= limits[0]) + (real >= limits[1])].extend(films)
    return groups


def chest_sets(
    cache: Path, folder: Path, real: int, synthetic: int, *, size: int, copied: int
) -> Sets:
    """Chest films, of some patients varied until there are as many; see above.

    Args:
        cache: where tables are kept.
        folder: of the films.
        real: films; 0: as many as there are, none varied.
        synthetic: likewise.
        size: pixels on each side.
        copied: films that may be copied.
    """
    to_copy, others, strangers = chest_films(folder, copied)
    cache.mkdir(parents=True, exist_ok=True)
    count = real or len(to_copy) + len(others), synthetic or len(strangers)
    own = [(film, 0) for film in to_copy]
    sets = []
    for name, films, wanted in (
        ("real", [*own, *islice(_varied(others), count[0] - len(own))], count[0]),
        ("synthetic", list(islice(_varied(strangers), count[1])), count[1]),
    ):
        path = cache / f"chest-{name}-{wanted}-{size}-{len(own)}.parquet"
        if not path.exists():
            ids = [f"{name}-{place:05d}" for place in range(wanted)]
            patients = [film.patient for film, _ in films] if name == "real" else None
            with ProcessPoolExecutor(os.cpu_count()) as pool:
                made = pool.map(_made, films, repeat(size), chunksize=32)
                write_table(path, ids, np.stack(list(made)), patients)
        sets.append(open_films([path], name))
    return Sets(sets[0], sets[1], len(own), f"chest-{count[0]}x{count[1]}-{size}")


def _varied(films: Sequence[_Chest]) -> Iterator[tuple[_Chest, int]]:
    """The films, then a variation of each, then another one, …"""
    return ((film, variation) for variation in range(10**6) for film in films)


def _made(chosen: tuple[_Chest, int], size: int) -> Film:
    film, variation = chosen
    return film.film(variation, size)


def varied(film: Film, chance: np.random.Generator) -> Film:
    """A film (h, w) as another exposure of the same patient might show it; see above."""
    from scipy.ndimage import gaussian_filter, map_coordinates

    places = []
    for axis, side in enumerate(film.shape):
        field = gaussian_filter(chance.normal(size=film.shape), side / 10)
        moved = BENT * side * (field / np.abs(field).max() + chance.uniform(-1, 1))
        line = np.arange(side)
        places.append(moved + (line if axis else line[:, None]))
    grey = map_coordinates(film, places, order=1, mode="nearest", output=np.float64)
    gamma = np.exp(chance.uniform(*np.log(GAMMA)))
    greys: Film = np.rint(255 * (grey / 255) ** gamma).astype(np.uint8)
    return greys


def write_table(
    path: Path,
    ids: list[str],
    films: Sequence[Film] | NDArray[np.uint8],
    patients: list[str] | None,
) -> None:
    """Write films as an image table.

    Args:
        path: of the table.
        ids: n ids.
        films: n films (h, w), uint8.
        patients: n names; None where there are none.
    """
    schema = pa.schema(
        [("id", pa.string()), ("image", IMAGE), *([("patient", pa.string())] if patients else [])]
    )
    partial = path.with_suffix(".partial")
    with pq.ParquetWriter(partial, schema) as writer, ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(ids), GROUP):
            group = slice(start, start + GROUP)
            table = {
                "id": ids[group],
                "image": [
                    {"bytes": data, "path": f"{name}.png"}
                    for name, data in zip(ids[group], pool.map(_png, films[group]), strict=True)
                ],
            }
            if patients:
                table["patient"] = patients[group]
            writer.write_table(pa.table(table, schema=schema))
    partial.rename(path)


def _png(film: Film) -> bytes:
    return png.encode(np.asarray(film), synthetic=False)
