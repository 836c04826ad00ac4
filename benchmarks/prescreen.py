"""What the pre-screen finds of planted faults, against plain distances, and films a second.

    python -m benchmarks.prescreen [--films FOLDER] [--phantoms N] [--size PIXELS]

All are tried alike, on the same planted films: a film, sound or spoilt, is measured by the films
of other patients. The alternatives see thumbnails of 32 × 32 pixels brought to mean 0 and length
1: their cosine distance to the nearest film, and the likelihood under scikit-learn's probabilistic
PCA, five folds by patient. Without `--films` the films are phantoms alone.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA  # type: ignore[import-untyped]
from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]
from sklearn.model_selection import GroupKFold  # type: ignore[import-untyped]

from benchmarks import measuring, printing
from cxr_release import schemas, tables
from cxr_release.films import png
from cxr_release.params.films import IngestParams
from cxr_release.radiographs.ingest import ingest
from cxr_release.radiographs.resample import thumbnails
from cxr_release.screening import anomaly
from cxr_release.screening.corruptions import FAULTS, plant

Scores = NDArray[np.floating]
Films = Sequence[png.Film]
Method = Callable[[Films, Films, NDArray[np.str_]], Scores]
"""Cohort, as many films in its order (itself, or spoilt), patients → doubt in each film."""

DIRECTIONS = 40
FOLDS = 5


def main() -> None:
    """Print a table for each set of films."""
    options = _options()
    sources = {"phantoms": "phantoms"} | ({"films": options.films} if options.films else {})
    for name, source in sources.items():
        with tempfile.TemporaryDirectory() as folder:
            cohort = _cohort(Path(folder) / "cohort", source, options.phantoms, options.size)
        print(f"{len(cohort.films)} {name} of {options.size} × {options.size}")
        _print(cohort)
        print()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", help="folder of real films to try too")
    parser.add_argument("--phantoms", type=int, default=300, help="phantoms to draw")
    parser.add_argument("--size", type=int, default=256, help="pixels on each side")
    return parser.parse_args()


@dataclass(frozen=True)
class _Cohort:
    films: list[png.Film]
    patients: NDArray[np.str_]


def _cohort(folder: Path, source: str, phantoms: int, size: int) -> _Cohort:
    settings = IngestParams(
        source=source, phantoms=phantoms, size=size, fit="stretch", on_error="skip"
    )
    ingest(source, folder, settings=settings, seed=1, progress=False)
    rows = list(tables.iterate(folder / "cohort.parquet", schemas.COHORT))
    films = [png.decode(row["image"]["bytes"], where=row["id"]) for row in rows]
    return _Cohort(films, np.array([row["patient"] for row in rows]))


def _print(cohort: _Cohort) -> None:
    spoilt = {
        fault: [
            plant(fault, film, np.random.default_rng([number, place]))
            for place, film in enumerate(cohort.films)
        ]
        for number, fault in enumerate(FAULTS)
    }
    areas = {}
    for name, method in METHODS.items():
        sound = method(cohort.films, cohort.films, cohort.patients)
        truth = np.repeat([0, 1], len(sound))
        areas[name] = {
            fault: float(
                roc_auc_score(
                    truth, np.concatenate([sound, method(cohort.films, films, cohort.patients)])
                )
            )
            for fault, films in spoilt.items()
        }
    rates = _rates(cohort)
    rows: list[tuple[object, ...]] = [
        (f"`{fault}`", *(f"{areas[name][fault]:.3f}" for name in METHODS)) for fault in FAULTS
    ]
    rows.append(("mean", *(f"{np.mean(list(areas[name].values())):.3f}" for name in METHODS)))
    rows.append(("films scored a second", *(f"{rates[name]:,.0f}" for name in METHODS)))
    printing.table(("area under the ROC curve", *METHODS), rows)


def _rates(cohort: _Cohort) -> dict[str, float]:
    """Films a second, from pixels, once all is learnt."""
    model = anomaly.fit(cohort.patients.tolist(), anomaly.look(cohort.films))
    units = _units(cohort.films)
    fitted = _pca(units).fit(units)
    works: dict[str, Callable[[], object]] = {
        "pre-screen": lambda: model.scores(cohort.films),
        "nearest film": lambda: (_units(cohort.films) @ units.T).max(axis=1),
        "probabilistic PCA": lambda: fitted.score_samples(_units(cohort.films)),
    }
    durations = measuring.in_turns(works, 3)
    return {name: len(cohort.films) / seconds for name, seconds in durations.items()}


def _prescreen(cohort: Films, films: Films, patients: NDArray[np.str_]) -> Scores:
    model = anomaly.fit(patients.tolist(), anomaly.look(cohort))
    return model.scores(films, patients.tolist())


def _nearest(cohort: Films, films: Films, patients: NDArray[np.str_]) -> Scores:
    cosines = _units(films) @ _units(cohort).T
    cosines[patients[:, None] == patients] = -1
    distances: Scores = 1 - cosines.max(axis=1)
    return distances


def _likelihood(cohort: Films, films: Films, patients: NDArray[np.str_]) -> Scores:
    units, tested = _units(cohort), _units(films)
    scores = np.empty(len(units))
    for training, held_out in GroupKFold(FOLDS).split(units, groups=patients):
        scores[held_out] = (
            -_pca(units[training]).fit(units[training]).score_samples(tested[held_out])
        )
    return scores


def _pca(units: Scores) -> PCA:
    return PCA(min(DIRECTIONS, len(units) // 4), svd_solver="full")


def _units(films: Films) -> Scores:
    small = thumbnails(films).reshape(len(films), -1).astype(np.float64)
    small -= small.mean(axis=1, keepdims=True)
    units: Scores = small / np.maximum(np.linalg.norm(small, axis=1, keepdims=True), 1e-6)
    return units


METHODS: dict[str, Method] = {
    "pre-screen": _prescreen,
    "nearest film": _nearest,
    "probabilistic PCA": _likelihood,
}

if __name__ == "__main__":
    main()
