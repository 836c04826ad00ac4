"""How many planted copies the audit finds, against a plain correlation of small films.

    python -m benchmarks.recall [--films FOLDER] [--phantoms N] [--size PIXELS] [--plants N]

Half of the films, by patient, are the real ones; the other half stand for synthetic films that
are not copies. Copies of real films are altered and planted, one at a time; a copy is found where
its pair with its film is among the 100 most similar. The alternative is the cosine of whole films
of 32 × 32 pixels brought to mean 0 and length 1, in the same four views. A `patients.csv` in FOLDER
keeps a patient's films in one half. Without `--films` the films are phantoms alone.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import measuring
from cxr_release import schemas, tables
from cxr_release.encoders.encoder import Encoder, fingerprint
from cxr_release.encoders.registry import load
from cxr_release.films.film_set import FilmSet, open_films
from cxr_release.memorization.features import features_of
from cxr_release.memorization.recall import Recall, measure_recall
from cxr_release.memorization.search import search
from cxr_release.params import IngestParams
from cxr_release.radiographs.ingest import ingest
from cxr_release.schemas import VIEWS

TOP, SEED = 100, 1


def main() -> None:
    """Print a table for each set of films."""
    options = _options()
    sources = {"phantoms": "phantoms"} | ({"films": options.films} if options.films else {})
    encoders = {
        "plain correlation, 32 × 32": _plain(32),
        "thumbnail-24": load("thumbnail", side=24, weights=None, sha256=""),
    }
    for name, source in sources.items():
        with tempfile.TemporaryDirectory() as folder:
            real, rest = _halves(Path(folder), source, options.phantoms, options.size)
            print(f"{len(real)} real and {len(rest)} other {name}")
            recalls = {
                title: _power(real, rest, encoder, options.plants)
                for title, encoder in encoders.items()
            }
        columns = list(recalls)
        rows = [
            (row[0]["alteration"], str(row[0]["planted"]), *map(_share, row))
            for row in zip(*(power.alterations for power in recalls.values()), strict=True)
        ]
        measuring.table(("copies found, %", "planted", *columns), rows)
        print()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", help="folder of real films to try too")
    parser.add_argument("--phantoms", type=int, default=600, help="phantoms to draw")
    parser.add_argument("--size", type=int, default=256, help="pixels on each side")
    parser.add_argument("--plants", type=int, default=100, help="copies of each alteration")
    return parser.parse_args()


def _share(row: dict[str, float]) -> str:
    return f"{100 * row['recall']:.0f}"


def _halves(folder: Path, source: str, phantoms: int, size: int) -> tuple[FilmSet, FilmSet]:
    settings = IngestParams(
        source=source, phantoms=phantoms, size=size, fit="stretch", on_error="skip"
    )
    ingest(source, folder / "cohort", settings=settings, seed=SEED)
    rows = list(tables.iterate(folder / "cohort/cohort.parquet", schemas.COHORT))
    patients = sorted({row["patient"] for row in rows})
    real_patients = set(np.random.default_rng(SEED).permutation(patients)[: len(patients) // 2])
    sets = []
    for name in ("real", "other"):
        (folder / name).mkdir()
        chosen = [row for row in rows if (row["patient"] in real_patients) == (name == "real")]
        with (folder / name / "patients.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("file", "patient"))
            for row in chosen:
                (folder / name / f"{row['id']}.png").write_bytes(row["image"]["bytes"])
                writer.writerow((f"{row['id']}.png", row["patient"]))
        sets.append(open_films([folder / name], name))
    return sets[0], sets[1]


def _power(real: FilmSet, rest: FilmSet, encoder: Encoder, plants: int) -> Recall:
    real_features = features_of(real, encoder, encoder.crops, None)
    other_features = features_of(rest, encoder, VIEWS, None)
    crops = [real_features.views[crop] for crop in encoder.crops]
    result = search(
        crops,
        other_features.views,
        real_ids=real_features.ids,
        synthetic_ids=other_features.ids,
        top=TOP,
    )
    cosines = [pair.cosine for pair in result.pairs]
    return measure_recall(
        real, crops, real_features.ids, cosines, encoder=encoder, top=TOP, plants=plants, seed=SEED
    )


def _plain(side: int) -> Encoder:
    import torch

    def transform(film: Image.Image) -> torch.Tensor:
        small = film.convert("L").convert("F").resize((side, side), Image.Resampling.LANCZOS)
        grey = np.asarray(small, np.float64)
        vector = grey - grey.mean()
        return torch.from_numpy((vector / np.linalg.norm(vector))[None].astype(np.float32))

    return Encoder(
        name=f"plain-{side}",
        dimensions=side * side,
        model=torch.nn.Flatten(),
        transform=transform,
        fingerprint=fingerprint(f"plain-{side}"),
    )


if __name__ == "__main__":
    main()
