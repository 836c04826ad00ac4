"""The pre-screen: an anomaly score of every generated film, tried on planted faults.

It orders films for reviewers. Only where told to it excludes some, in a log of its own.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cxr_release import schemas, tables
from cxr_release.files import whole_file
from cxr_release.films import png
from cxr_release.logbook.entry import GENESIS, line_hash, line_of
from cxr_release.plotting import new_figure, open_frame, save_figure
from cxr_release.radiographs.contact_sheet import contact_sheet
from cxr_release.screening import anomaly
from cxr_release.screening.anomaly import FloatArray, Looks, Model
from cxr_release.screening.corruptions import FAULTS, plant
from cxr_release.screening.decision import PRESCREEN, Decision
from cxr_release.statistics.auc import auc_with_interval
from cxr_release.tables import Stretch
from cxr_release.workers import ALONE, Workers

PLANTED = 200
"""Source films, at most, that each fault is planted into."""
WORST, COLUMNS = 48, 8
"""Films on the contact sheet of the highest scores, and in a row of it."""
AT = "1970-01-01T00:00:00.000Z"
"""When a rule decided: it has no hour, and the same films must give the same bytes."""

Row = Mapping[str, Any]
"""One row of `schemas.PRESCREEN`."""


@dataclass(frozen=True)
class Trial:
    """How the pre-screen does on films of which the truth is known."""

    sound: FloatArray
    """(n,) scores of the source films, each held out, with its patient's others where stated."""
    spoilt: Mapping[str, FloatArray]
    """Fault → (m,) scores of source films that it was planted into, held out alike."""


def learn(cohort: Path, crew: Workers = ALONE) -> Model:
    """Learn from every film of a `schemas.COHORT` table.

    Args:
        cohort: the table.
        crew: shares the work.

    Raises:
        CxrReleaseError: it holds films of fewer than two patients, or but one film.
        TableError, SourceError: the table or a film in it cannot be read.
    """
    patients = [_patient_of(row) for row in tables.read_rows(cohort, schemas.COHORT)]
    stretches = tables.stretches(cohort, anomaly.BLOCK)
    parts = crew.map(_look_at, [(cohort, stretch) for stretch in stretches])
    return anomaly.fit(patients, anomaly.joined(parts), crew)


def _look_at(cohort: Path, stretch: Stretch) -> Looks:
    return anomaly.look(map(_film, tables.iterate(cohort, schemas.COHORT, stretch=stretch)))


def _patient_of(row: Mapping[str, Any]) -> str:
    """The patient whose films are left out when a film is scored, or the film, if not stated."""
    return str(row["patient"] or row["id"])


def anomaly_scores(
    model: Model, films: Sequence[Path], crew: Workers = ALONE, *, progress: bool = True
) -> list[Row]:
    """Score every film of some `schemas.ORIENTED` tables, in their order.

    Args:
        model: what `learn` returned.
        films: the tables. Their films are read one by one and not kept.
        crew: shares the tables.
        progress: show a bar on stderr.
    """
    calls = [(model, path) for path in films]
    scored = crew.map(_scored, calls, "pre-screen" if progress else "")
    return [row for rows in scored for row in rows]


def _scored(model: Model, path: Path) -> list[Row]:
    names: list[tuple[str, str]] = []

    def films() -> Iterator[png.Film]:
        for row in tables.iterate(path, schemas.ORIENTED):
            names.append((row["id"], row["sha256"]))
            yield _film(row)

    scores = model.scores(films())
    return [
        {"id": film, "sha256": sha256, "score": score, "percentile": percentile}
        for (film, sha256), score, percentile in zip(
            names, scores.tolist(), model.percentiles(scores).tolist(), strict=True
        )
    ]


def try_out(
    model: Model,
    cohort: Path,
    crew: Workers = ALONE,
    *,
    seed: int,
    faults: Sequence[str] = tuple(FAULTS),
) -> Trial:
    """Plant faults into films of the cohort that the model was learnt from, and score them.

    A spoilt film is scored without the films of its patient, as the sound ones are; where the
    patient is not stated, without the film that it was made of. What is planted into a film
    depends on the seed, the fault and the film's id alone.

    Args:
        model: what `learn` returned.
        cohort: the table, `schemas.COHORT`.
        crew: shares the work.
        seed: root of all random numbers.
        faults: which are planted, of `corruptions.FAULTS`.
    """
    patients = {row["id"]: _patient_of(row) for row in tables.read_rows(cohort, schemas.COHORT)}
    chosen = {*heapq.nsmallest(PLANTED, patients, key=lambda film: _seed(seed, film))}
    known = [*patients.items()]
    calls = []
    for stretch in tables.stretches(cohort, anomaly.BLOCK):
        films = {film: patient for film, patient in known[stretch.rows] if film in chosen}
        if films:
            calls.append((stretch, films))
    scores = np.concatenate(crew.map(_Planting(model, cohort, tuple(faults), seed).scores, calls))
    return Trial(model.held_out, dict(zip(faults, scores.T, strict=True)))


@dataclass(frozen=True)
class _Planting:
    """What is planted into films of the cohort, and what scores them."""

    model: Model
    cohort: Path
    faults: tuple[str, ...]
    seed: int

    def scores(self, stretch: Stretch, films: Mapping[str, str]) -> FloatArray:
        """(films, faults) scores of films that each fault was planted into.

        Args:
            stretch: of the table's rows, in which the films are.
            films: id → patient, in their order.
        """
        spoilt = (
            plant(fault, film, np.random.default_rng(_seed(self.seed, row["id"], fault)))
            for row in tables.iterate(self.cohort, schemas.COHORT, stretch=stretch)
            if row["id"] in films
            for film in [_film(row)]
            for fault in self.faults
        )
        patients = [patient for patient in films.values() for _ in self.faults]
        return self.model.scores(spoilt, patients).reshape(len(films), len(self.faults))


def exclusions(rows: Iterable[Row], *, threshold: float, percentile: float) -> list[Decision]:
    """Lines of a log that excludes every film whose score exceeds the threshold, by id.

    Args:
        rows: what `anomaly_scores` returned.
        threshold: see `anomaly.Model.threshold`.
        percentile: that it was taken at, 0 … 100, for the note.
    """
    note = f"doubted more than {percentile:g} % of source films"
    decisions: list[Decision] = []
    prev = GENESIS
    for row in sorted(_beyond(rows, threshold), key=lambda row: str(row["id"])):
        decision = Decision(
            row["id"],
            row["sha256"],
            "exclude",
            PRESCREEN,
            note,
            seq=len(decisions) + 1,
            at=AT,
            reviewer=PRESCREEN,
            prev=prev,
        )
        prev = line_hash(line_of(decision))
        decisions.append(decision)
    return decisions


def report(
    rows: Sequence[Row], trial: Trial, *, threshold: float, percentile: float, excluded: int
) -> dict[str, Any]:
    """The numbers of the pre-screen, ready for JSON."""
    return {
        "films": len(rows),
        "beyond": len(list(_beyond(rows, threshold))),
        "excluded": excluded,
        "percentile": percentile,
        "threshold": threshold,
        "source_films": len(trial.sound),
        "roc": {
            fault: {
                **auc_with_interval(scores, trial.sound),
                "planted": len(scores),
                "sensitivity": float((scores > threshold).mean()),
            }
            for fault, scores in trial.spoilt.items()
        },
    }


def draw_roc(path: Path, trial: Trial, *, percentile: float) -> None:
    """ROC curves of the planted faults, as PNG: the same scores, the same bytes.

    The share of sound films beyond a score has a logarithmic axis, because exclusion
    happens where it is small.
    """
    from matplotlib.ticker import FuncFormatter, PercentFormatter

    figure = new_figure(7.2, 4.2)
    axes = figure.subplots()
    sound = np.sort(trial.sound)
    least = 0.5 / len(sound)
    cuts = np.concatenate([sound[::-1], [-np.inf]])
    alarms = 1 - np.searchsorted(sound, cuts, side="right") / len(sound)
    for place, (fault, scores) in enumerate(trial.spoilt.items()):
        sensitivity = 1 - np.searchsorted(np.sort(scores), cuts, side="right") / len(scores)
        axes.step(
            np.maximum(alarms, least),
            sensitivity,
            where="post",
            color=f"C{place % 10}",
            linestyle=("-", "--", ":")[place % 3],
            label=f"{fault}, area {auc_with_interval(scores, trial.sound)['auc']:.3f}",
        )
    axes.axvline(max(1 - percentile / 100, least), color="#5f5f5f", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xlim(least, 1)
    axes.set_ylim(-0.02, 1.02)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
    axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    axes.set_xlabel(f"Sound source films beyond the score (line: percentile {percentile:g})")
    axes.set_ylabel("Films with a planted fault beyond it")
    open_frame(axes)
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5))
    save_figure(figure, path)


def draw_most_anomalous(path: Path, rows: Iterable[Row], films: Sequence[Path]) -> None:
    """The films of the highest scores on one sheet, the worst first, captioned with percentiles.

    Args:
        path: the PNG. It carries the label of synthetic films.
        rows: what `anomaly_scores` returned.
        films: the tables that it was given.
    """
    worst = heapq.nsmallest(WORST, rows, key=lambda row: (-row["score"], row["id"]))
    ids = {row["id"] for row in worst}
    shown = {row["id"]: _film(row) for row in _rows(films) if row["id"] in ids}
    captions = [f"{row['percentile']:.1f}" for row in worst]
    sheet = contact_sheet([shown[row["id"]] for row in worst], captions, columns=COLUMNS)
    with whole_file(path) as partial:
        partial.write_bytes(png.encode(np.asarray(sheet), synthetic=True))


def _beyond(rows: Iterable[Row], threshold: float) -> Iterator[Row]:
    return (row for row in rows if row["score"] > threshold)


def _rows(films: Iterable[Path]) -> Iterator[dict[str, Any]]:
    return (row for path in films for row in tables.iterate(path, schemas.ORIENTED))


def _film(row: Row) -> png.Film:
    return png.decode(row["image"]["bytes"], where=row["id"])


def _seed(seed: int, *key: str) -> int:
    digest = hashlib.sha256("\0".join([str(seed), *key]).encode()).digest()
    return int.from_bytes(digest[:16], "big")
