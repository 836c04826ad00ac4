"""What the scorecard says of releases of known worth, and what it costs to say.

    python -m benchmarks.scorecard [--root PROJECT] [--size FILMS]

After `make release`: the films of that project are scored again with others in the place of the
release, against the same trained and control films: films of other patients (phantoms of another
seed), the release, each of its checkpoints, copies of trained films, those blurred by a pixel,
and noise. No network is attacked here, for that says nothing about films. The mean of the parts
ranks copies above the release; `weakest` is what the score goes by.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

import cxr_release
from benchmarks import printing
from cxr_release import schemas, tables
from cxr_release.films.film_set import FilmSet, open_films
from cxr_release.films.png import Film
from cxr_release.params.measures import ScoreParams
from cxr_release.paths import Paths
from cxr_release.scorecard.measure import Subject, measure
from cxr_release.scorecard.names import CONTROL, PARTS, RELEASED, TRAINED, natural

OTHER_SEED = 77


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(), help="a project that has run")
    paths = Paths(parser.parse_args().root)
    trained, control = (
        open_films([path], name)
        for path, name in ((paths.trained_table, TRAINED), (paths.control_table, CONTROL))
    )
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for name, released, checkpoint_of in _releases(paths, trained, Path(scratch)):
            start = time.process_time()
            subject = Subject(
                trained=trained, control=control, released=released, checkpoint_of=checkpoint_of
            )
            card = measure(subject, ScoreParams())
            summary = card.report["summary"]
            numbers = [summary[part] for part in PARTS]
            known = [number for number in numbers if number is not None]
            rows.append(
                (
                    name,
                    len(card.sets.released),
                    *("–" if number is None else f"{number:.1f}" for number in numbers),
                    f"{np.mean(known):.1f}",
                    f"{summary[summary['weakest']]:.1f}, {summary['weakest']}",
                    time.process_time() - start,
                )
            )
    printing.table(("as the release", "films", *PARTS, "mean of these", "weakest", "CPU s"), rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak {peak:,.0f} MiB")


def _releases(
    paths: Paths, trained: FilmSet, scratch: Path
) -> Iterator[tuple[str, FilmSet, dict[str, str] | None]]:
    """Name, films, and which of them count and who drew them."""
    screened = tables.read_rows(paths.screening / "screened.parquet", schemas.SCREENED)
    drawn = {row["id"]: str(row["checkpoint"]) for row in screened if row["released"]}
    oriented = open_films(sorted(paths.oriented.rglob("*.parquet")), RELEASED)
    films = [trained.film(name) for name in list(trained.homes)[: len(drawn)]]
    size = films[0].shape[0]
    cxr_release.ingest(
        "phantoms", scratch / "others", size=size, phantoms=len(drawn), seed=OTHER_SEED
    )
    yield "films of other patients", open_films([scratch / "others/cohort.parquet"], RELEASED), None
    yield "the release", oriented, drawn
    for checkpoint in sorted(set(drawn.values()), key=natural):
        own = {film: number for film, number in drawn.items() if number == checkpoint}
        yield f"checkpoint {checkpoint}", oriented, own
    yield "copies of trained films", _written(scratch / "copies", films), None
    blurred = [gaussian_filter(film, size / schemas.SMALL) for film in films]
    yield "trained films, blurred", _written(scratch / "blurred", blurred), None
    chance = np.random.default_rng(1)
    noise = [chance.integers(0, 256, film.shape, np.uint8) for film in films]
    yield "noise", _written(scratch / "noise", noise), None


def _written(folder: Path, films: list[Film]) -> FilmSet:
    folder.mkdir()
    for number, film in enumerate(films):
        Image.fromarray(film).save(folder / f"film-{number:05d}.png")
    return open_films([folder], RELEASED)


if __name__ == "__main__":
    main()
