"""A tiny set of finished artefacts: 2 checkpoints × 2 batches of films of 16 × 16 pixels."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np

from cxr_release import schemas, tables
from cxr_release.clearance.state import outcome_of
from cxr_release.clearance.statement import CLEAR, TEXT
from cxr_release.files import read_json, write_json
from cxr_release.film_id import FilmId, checkpoint_of, job_fields, job_of_row, jobs_of, source_name
from cxr_release.films import png
from cxr_release.films.film_key import keep_key
from cxr_release.memorization.chance import unseen_chance
from cxr_release.params.films import PHANTOMS
from cxr_release.params.load import load_params
from cxr_release.params.people import StudyParams
from cxr_release.params.project import Params
from cxr_release.radiographs.film_classes import NO_CLASSES
from cxr_release.reader_study.analysis import analyze
from cxr_release.reader_study.ratings import ratings_of
from cxr_release.reader_study.report import sentence_of
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.release.package import package
from cxr_release.release.validate import validate
from cxr_release.screening.counts import review_totals
from cxr_release.screening.reviewers import People
from cxr_release.screening.reviewers import sentence_of as screening_sentence
from tests.support.audit_artefacts import (
    STEMS,
    TOP,
    baseline,
    write_adjudication,
    write_audit,
    write_blank,
)
from tests.support.landmark_artefacts import write_no_landmarks
from tests.support.oriented import mirrored_sha256
from tests.support.score_artefacts import write_score
from tests.support.unspaced import NO_SPACING

REPOSITORY = Path(__file__).parents[2]
TEMPLATES = REPOSITORY / "cxr_release" / "release" / "documents" / "templates"
REASONS = {
    "vertebra-count": "Too many of them.",
    "blank-or-noise": "Nothing to see.",
    "copy": "A copy.",
    "possible-copy": "Maybe a copy.",
}
SIZE = 16
CHECKPOINTS = (1, 3)
FILMS = {"initial": 3, "large": 5}
EVERY = 150
EXCLUDED = {
    "checkpoint-1-initial-00001": "vertebra-count",
    "checkpoint-1-large-00004": "blank-or-noise",
    "checkpoint-3-large-00000": "vertebra-count",
}
DRAWS = 100
"""Bootstrap draws of the study."""
NOTHING_SAID: Mapping[int, str] = MappingProxyType({})
NOTHING_OUT: Mapping[str, str] = MappingProxyType({})


@cache
def small_params() -> Params:
    """The repository's parameters, shrunk."""
    loaded = load_params(REPOSITORY / "params.yaml")
    return replace(
        loaded,
        ingest=replace(loaded.ingest, source="phantoms", size=SIZE),
        train=replace(loaded.train, checkpoint_every=EVERY),
        sample=replace(loaded.sample, checkpoints=CHECKPOINTS, **FILMS),
        audit=replace(loaded.audit, top=TOP, reviewers_required=2),
        study=replace(loaded.study, quartets=2, bootstrap=DRAWS),
    )


def of_a_house(params: Params, **release: Any) -> Params:
    """Parameters of somebody's own films."""
    said = {"name": "ours", "license": "cc-by-4.0", "authors": ("A. Author",), "contact": "a@b.org"}
    return replace(
        params,
        ingest=replace(params.ingest, source="data/raw"),
        release=replace(params.release, **(said | release)),
    )


def film(number: int) -> png.Film:
    return np.random.default_rng(number).integers(0, 256, (SIZE, SIZE), dtype=np.uint8)


def oriented_row(source: str | int, batch: str, index: int) -> dict[str, Any]:
    source = source if isinstance(source, str) else source_name(source)
    checkpoint = checkpoint_of(source)
    number = (checkpoint or 40) * 1000 + (batch == "large") * 100 + index
    name = str(FilmId(source, batch, index))
    pixels = film(number)
    data = png.encode(pixels, synthetic=True)
    return {
        "image": png.cell(data, name),
        "id": name,
        "checkpoint": checkpoint,
        "checkpoint_step": checkpoint and checkpoint * EVERY,
        "batch": batch,
        "seed": checkpoint and 2**62 + number,
        "label": None,
        "facing": ("unknown", "left", "left")[index % 3],
        "facing_said": index == 1,
        "flipped": index % 3 == 2,
        **png.facts(pixels, data),
        "mirrored_sha256": mirrored_sha256(pixels),
    }


def cohort_row(place: int, stem: str = "") -> dict[str, Any]:
    pixels = film(90_000 + place)
    data = png.encode(pixels, synthetic=False)
    stem = stem or STEMS[place]
    return {
        "image": png.cell(data, stem),
        "id": stem,
        "patient": stem,
        **png.facts(pixels, data),
        "inverted": place == 0,
        "facing": "left",
        "flipped": False,
        **NO_SPACING,
    }


def rating(kit: list[dict[str, Any]], place: int, **changes: Any) -> dict[str, Any]:
    """What the one reader said of a film; the real one of each quartet stands first."""
    return {
        "rater": "rater-1",
        "quartet": kit[place]["quartet"],
        "image": kit[place]["name"],
        "source": ("real", "checkpoint-1", "checkpoint-3")[place % 3],
        "rating": 1 + place % 4,
        "identified_as_real": place in {0, 5},
        **changes,
    }


def kit_rows() -> list[dict[str, Any]]:
    rows = []
    for place in range(6):
        name, data = f"{place:016x}", png.encode_evenly(film(70_000 + place))
        rows.append(
            {
                "image": png.cell(data, name),
                "quartet": 1 + place // 3,
                "position": 1 + place % 3,
                "name": name,
                "sha256": png.sha256(data),
            }
        )
    return rows


def screened_row(
    row: Mapping[str, Any], excluded: Mapping[str, str], copies: Mapping[str, str]
) -> dict[str, Any]:
    taken = {name: row[name] for name in ("id", "checkpoint", "batch", "label", "sha256")}
    out = row["id"] in excluded or row["id"] in copies
    decided = row["id"] in excluded
    by = {"reviewers": int(decided), "looked_at": decided}
    return {**taken, "decided": decided, "released": not out, **by}


def reviewed(films: Collection[str]) -> People:
    """One person, who decided on some films while the page showed them."""
    ways = {"page": len(films), "terminal": 0, "not_stated": 0}
    person = {"decisions": len(films), **ways, "hurried": 0, "hurried_per_minute": None}
    return People({"a.b": person} if films else {}, dict.fromkeys(films, 1), frozenset(films))


def count(screened: list[dict[str, Any]], reasons: Mapping[str, str]) -> dict[str, Any]:
    given = [reasons[row["id"]] for row in screened if row["id"] in reasons]
    return {
        "generated": len(screened),
        "excluded": len(given),
        "released": len(screened) - len(given),
        "undecided": sum(not row["decided"] for row in screened),
        "by_reason": {code: given.count(code) for code in sorted(set(given))},
    }


def write_screening(
    folder: Path,
    rows: list[dict[str, Any]],
    excluded: Mapping[str, str],
    copies: Mapping[str, str] = NOTHING_OUT,
) -> None:
    reasons = {**excluded, **copies}
    screened = [screened_row(row, excluded, copies) for row in rows]
    exclusions = [
        {
            **{name: row[name] for name in ("id", "checkpoint", "batch", "sha256")},
            "reason": reasons[row["id"]],
            "reviewers": int(row["id"] in excluded),
            "prescreen": False,
            "audit": row["id"] in copies,
            "withdrawn": False,
        }
        for row in rows
        if row["id"] in reasons
    ]
    tables.write(folder / "screened.parquet", schemas.SCREENED, screened)
    tables.write(folder / "exclusions.parquet", schemas.EXCLUSIONS, exclusions)
    counts = []
    for job in jobs_of(map(source_name, CHECKPOINTS)):
        mine = [row for row in screened if job_of_row(row) == job]
        counts.append({**job_fields(job), **count(mine, reasons)})
    total = count(screened, reasons)
    review = {
        "state": "partial" if excluded else "none",
        **reviewed(excluded).counted(),
        **review_totals(screened, exclusions),
        "open_conflicts": 0,
        "elsewhere": 0,
        "agreement": None,
    }
    review["sentence"] = screening_sentence(review, total["generated"])
    write_blank(folder / "reasons.png")
    write_json(folder / "counts.json", {"rows": counts, "total": total, "review": review})


def write_prescreen(folder: Path) -> None:
    found = {"auc": 0.987, "low": 0.97, "high": 0.995, "sensitivity": 0.75}
    numbers = {"films": 16, "beyond": 2, "excluded": 0, "percentile": 99.9, "threshold": 3.5}
    folder.mkdir()
    write_json(folder / "prescreen.json", {"roc": {"two-spines": found}, **numbers})
    # It excluded nothing.
    (folder / "prescreen.jsonl").touch()
    write_blank(folder / "roc.png")


@cache
def analysis() -> dict[str, Any]:
    """Of the one reader's ratings."""
    rows = [rating(kit_rows(), place) for place in range(6)]
    return analyze(ratings_of(rows), StudyParams(bootstrap=DRAWS), seed=small_params().seed)


def write_study(kit: Path, folder: Path, *, rated: bool) -> None:
    rows = kit_rows()
    responses = [rating(rows, place) for place in range(6 * rated)]
    tables.write(kit, schemas.KIT, rows)
    tables.write(folder / "responses.parquet", schemas.RESPONSES, responses)
    for name in ("realism", "identification") if rated else ():
        write_blank(folder / f"{name}.png")
        (folder / f"{name}.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    summary = {
        "quartets": 2,
        "quartets_wanted": 2,
        "images_per_quartet": 3,
        "checkpoints": list(CHECKPOINTS),
        "served": rated,
        "not_released": 0,
        "drawn_by_facing": True,
        "turned_since": 0,
        "raters": int(rated),
        "ratings": len(responses),
        "unfinished": [],
        "median_seconds": 21.5 if rated else None,
        "review": {
            "state": "partial" if rated else "none",
            "readers": int(rated),
            "required": 8,
        },
        "analysis": analysis() if rated else None,
        "sentence": sentence_of(analysis()) if rated else "",
    }
    write_json(folder / "study.json", summary)


def inputs_below(root: Path) -> ReleaseInputs:
    return ReleaseInputs(
        collected=root / "collected",
        oriented=root / "oriented",
        prescreen=root / "prescreen",
        screening=root / "screening",
        audit=root / "audit",
        adjudication=root / "adjudication",
        kit=root / "study-kit" / "kit.parquet",
        study=root / "study",
        cohort=root / "cohort",
        clearance=root / "clearance",
        split=root / "split",
        curves=root / "curves" / "losses.json",
        fidelity=root / "fidelity" / "distances.json",
        film_key=root / "film-key",
        published=root / "published",
        final=root / "training" / "final",
        autoencoder=root / "training" / "autoencoder",
        score=root / "score",
        landmarks=root / "landmarks",
        checkpoints=root / "checkpoints",
    )


def write_inputs(
    root: Path,
    *,
    excluded: Mapping[str, str] = EXCLUDED,
    rated: bool = False,
    verdicts: Mapping[int, str] = NOTHING_SAID,
) -> ReleaseInputs:
    """Write every artefact that a release is made of below `root`.

    Args:
        root: a folder.
        excluded: film → reason, of those that a reviewer excluded.
        rated: whether a reader has finished the reader study.
        verdicts: rank → what two people said of that pair.
    """
    said = (tuple(sorted(excluded.items())), rated, tuple(sorted(verdicts.items())))
    shutil.copytree(_written(*said), root, dirs_exist_ok=True)
    inputs = inputs_below(root)
    key = keep_key(inputs.film_key).fingerprint
    summary = {"source": str(root), "film_key": key, "files": 4, "refused": 1}
    summary["facings"] = {"left": len(STEMS)}
    write_json(inputs.cohort / "summary.json", summary)
    return inputs


PRIVACY = {
    **{"epsilon": 8.0, "delta": 0.01, "noise_multiplier": 5.5586, "clip": 0.5, "levels": 2},
    **{"unit": "patient", "units": 3, "films": 3, "films_without_patient": 0, "batch_size": 1},
    **{"steps": 1350, "sampling": "poisson", "accountant": "rdp", "opacus": "1.6.0"},
}
"""What the checkpoints of a private run on the films for training state."""


def write_training(folder: Path, **said: Any) -> None:
    """What the checkpoints say of their training: without privacy, from random weights."""
    for checkpoint in CHECKPOINTS:
        place = folder / f"checkpoint-{checkpoint}"
        place.mkdir(parents=True, exist_ok=True)
        training = {"privacy": None, "start": None, "films": 3, **said}
        write_json(place / "checkpoint.json", {"checkpoint": checkpoint, "training": training})


def write_split(folder: Path, cohort: Sequence[Mapping[str, Any]]) -> None:
    """Two films for both runs, one that was held out of the tuning run, the others for control."""
    parts = ("tuning", "tuning", "held_out", *["control"] * (len(cohort) - 3))
    split = [
        {"id": film["id"], "patient": film["patient"], "part": part}
        for film, part in zip(cohort, parts, strict=True)
    ]
    tables.write(folder / "split.parquet", schemas.SPLIT, split)
    tables.write(folder / "trained.parquet", schemas.COHORT, cohort[:3])
    tables.write(folder / "control.parquet", schemas.COHORT, cohort[3:])
    films = {"tuning": 2, "held_out": 1, "control": len(cohort) - 3}
    summary = {"by": "patient", "films": films, "patients": films, "patients_not_stated": 0}
    write_json(folder / "summary.json", summary)
    write_json(folder / "classes.json", NO_CLASSES)
    tables.write(
        folder / "labels.parquet",
        schemas.LABELS,
        [{"id": film["id"], "label": None} for film in cohort],
    )


CONTROL = 25
"""Control films, where there are some: enough for an exact test."""


def add_control(inputs: ReleaseInputs) -> None:
    """Control films in the cohort, the split and the audit: its baseline instead of held-out ones.

    One generated film is nearer than all of them.
    """
    cohort = [cohort_row(place) for place in range(len(STEMS))]
    cohort += [cohort_row(100 + place, f"control-{place}-secret") for place in range(CONTROL)]
    tables.write(inputs.cohort / "cohort.parquet", schemas.COHORT, cohort)
    write_split(inputs.split, cohort)
    nearest = tables.read_rows(inputs.audit / "nearest.parquet", schemas.NEAREST)
    rows = [row | {"tuning_score": None} for row in nearest]
    tables.write(inputs.audit / "nearest.parquet", schemas.NEAREST, rows)
    report = read_json(inputs.audit / "audit.json")
    counts = {"films": CONTROL, "patients": CONTROL}
    scores = baseline(-0.75, 8.0, 0) | counts | {"counted": CONTROL}
    films = counts | {"searched": CONTROL, "patients_not_stated": 0}
    report["control"] = films | {"unreadable": [], "notes": [], "ignored": []}
    chance = unseen_chance(
        "control", nearer=1, films=len(nearest), compared=CONTROL, patients=CONTROL
    )
    report["calibration"] |= {
        **{"baseline": "control", "held_out": None, "control": scores},
        "chance": chance.report(),
    }
    report["histogram"] |= {"held_out": None, "control": [10, 14, 1]}
    write_json(inputs.audit / "audit.json", report)
    write_score(inputs, measured=True)


FACING_RULE = {
    "references": 30,
    "error": 0.01,
    "source": {"films": 30, "wrong": 1, "unknown": 2},
    "poor": {"films": 1000, "wrong": 5, "unknown": 80},
    "neither": {"films": 1000, "unknown": 989},
}
SHELF = TemporaryDirectory()
"""Artefacts that were written once; tests get copies."""


@cache
def _written(
    excluded_for: tuple[tuple[str, str], ...], rated: bool, said: tuple[tuple[int, str], ...]
) -> Path:
    excluded, verdicts = dict(excluded_for), dict(said)
    root = Path(mkdtemp(dir=SHELF.name))
    inputs = inputs_below(root)
    rows = []
    for job in jobs_of(map(source_name, CHECKPOINTS)):
        films = [oriented_row(*job, index) for index in range(FILMS[job[1]])]
        tables.write(inputs.table(job), schemas.ORIENTED, films)
        rows += films
    write_json(inputs.oriented / "summary.json", {"films": [], "rule": FACING_RULE})
    cohort = [cohort_row(place) for place in range(len(STEMS))]
    tables.write(inputs.cohort / "cohort.parquet", schemas.COHORT, cohort)
    write_split(inputs.split, cohort)
    write_drawn(inputs)
    write_training(inputs.final)
    write_prescreen(inputs.prescreen)
    write_audit(inputs.audit)
    copies = write_adjudication(inputs.adjudication, verdicts)
    write_screening(inputs.screening, rows, excluded, copies)
    write_study(inputs.kit, inputs.study, rated=rated)
    write_report(inputs)
    write_score(inputs)
    write_no_landmarks(inputs)
    return root


def bands(*powers: tuple[float, float]) -> list[dict[str, Any]]:
    """Bands of a film of 16 × 16 pixels: the power of each, and how far its interval reaches."""
    return [
        {"low": low, "high": high, "power": power, "interval": [power - wide, power + wide]}
        for (low, high), (power, wide) in zip([(1, 4), (4, 8)], powers, strict=True)
    ]


def distances(*, inception: bool = False) -> dict[str, Any]:
    """`distances.json` of three checkpoints, with FID and KID or without."""
    points = [
        {"frechet_random_conv": 126.5, "precision": 0.125, "recall": 0.0, "density": 0.05,
         "coverage": 0.0625, "ms_ssim": 0.75, "fid": 310.5, "kid": 0.25},
        {"frechet_random_conv": 34.125, "precision": 0.5, "recall": 0.375, "density": 0.45,
         "coverage": 0.25, "ms_ssim": 0.5, "fid": 150.25, "kid": 0.125},
        {"frechet_random_conv": 10.75, "precision": 0.875, "recall": 0.625, "density": 1.05,
         "coverage": 0.75, "ms_ssim": 0.25, "fid": 80.75, "kid": -0.0005},
    ]  # fmt: skip
    if not inception:
        points = [
            {name: one for name, one in point.items() if name not in {"fid", "kid"}}
            for point in points
        ]
    source = {"precision": 0.9, "recall": 0.9, "density": 1.0, "coverage": 0.95, "ms_ssim": 0.2}
    found: dict[str, Any] = {
        "features": "random convolution features",
        "resize": "none",
        "images": 8,
        "real_images": 3,
        "size": SIZE,
        "real_floor": 4.25,
        "source": {
            **source,
            "intervals": {"ms_ssim": [0.15, 0.25]},
            "bands": bands((1.125, 0.25), (0.875, 0.25)),
        },
        "bootstrap": {"level": 0.95, "draws": 200},
        "manifold": {"features": "random convolution features", "neighbours": 5},
        "ms_ssim": {
            **{"pairs": 28, "source_pairs": 3, "scales": 5, "window": 11},
            "magnification": 11,
        },
        "spectrum": {"window": "Hann"},
        "checkpoints": [
            {
                "checkpoint": number,
                "checkpoint_step": number * EVERY,
                **point,
                "intervals": {name: [one - 0.5, one + 0.5] for name, one in point.items()},
                "bands": bands((1.25, 0.5), (0.25 * number, 0.0625)),
            }
            for number, point in enumerate(points, 1)
        ],
    }
    if inception:
        found["inception"] = {
            "extractor": "inception-v3-compat of torch-fidelity 0.4.0, layer 2048",
            "weights_sha256": 64 * "a",
            "published_weights": False,
            "resize": "grey repeated to three channels, bilinear to 299 × 299",
            "kid_subsets": 100,
            "kid_subset_size": 3,
            "fid_draws": 20,
            "real_floor": 60.5,
        }
    return found


def write_report(inputs: ReleaseInputs, *, inception: bool = False) -> None:
    losses = [
        {"checkpoint": 1, "checkpoint_step": EVERY, "training": 0.5, "held_out": 0.5625},
        {"checkpoint": 2, "checkpoint_step": 2 * EVERY, "training": 0.25, "held_out": 0.375},
    ]
    taken = distances(inception=inception)
    report = {
        "losses": losses,
        "distances": taken,
        "lowest_held_out_loss": 2,
        "divergence": None,
        "ranked_by": "fid" if inception else "frechet_random_conv",
        "nearest": 3,
        "recommended": [
            {"checkpoint": 2, "reasons": ["lowest loss on held-out films"]},
            {"checkpoint": 3, "reasons": ["its films are nearest to real ones"]},
        ],
        "sampled": list(CHECKPOINTS),
        "warnings": ["Recommended and not sampled: checkpoint 2."],
        "notes": ["A longer run might lower it further."],
    }
    write_json(inputs.curves, losses)
    write_json(inputs.fidelity, taken)
    write_json(inputs.checkpoints / "report.json", report)
    for name in ("losses", "distances", "quality", "bands"):
        write_blank(inputs.checkpoints / f"{name}.png")


def make_release(
    root: Path,
    params: Params,
    *,
    excluded: Mapping[str, str] = EXCLUDED,
    rated: bool = False,
    verdicts: Mapping[int, str] = NOTHING_SAID,
) -> Path:
    """Artefacts and the release made of them, below `root`."""
    inputs = write_inputs(root / "artefacts", excluded=excluded, rated=rated, verdicts=verdicts)
    return make_release_of(inputs, params, root)


def write_drawn(inputs: ReleaseInputs) -> None:
    """Nobody needs to look at drawn films."""
    write_json(inputs.clearance / "clearance.json", {"drawn": True})
    write_json(inputs.clearance / "with-text.json", [])


def write_clearance(
    inputs: ReleaseInputs,
    *,
    clear: int = 0,
    with_text: Sequence[str] = (),
    required: int = 1,
    suspected: Collection[str] | None = None,
) -> dict[str, Any]:
    """One person looked at some real films of the cohort, the first of them without text."""
    films = tables.read(inputs.cohort / "cohort.parquet", schemas.COHORT, ["id"])["id"].to_pylist()
    contents = {film: film.encode().hex().ljust(64, "0")[:64] for film in films}
    said = dict.fromkeys([film for film in films if film not in with_text][:clear], CLEAR)
    words = said | dict.fromkeys(with_text, TEXT)
    entries = {
        (film, contents[film]): SimpleNamespace(
            about=(film, contents[film]), real_id=film, decision=word
        )
        for film, word in words.items()
    }
    decisions: Any = {"a.b": entries}
    outcome = outcome_of(contents, decisions, required=required, suspected=suspected)
    write_json(
        inputs.clearance / "clearance.json", {"drawn": False, "review": dict(outcome.counts)}
    )
    write_json(inputs.clearance / "with-text.json", list(outcome.with_text))
    return outcome.counts


def make_release_of(
    inputs: ReleaseInputs,
    params: Params,
    root: Path,
    *,
    reasons: Mapping[str, str] = REASONS,
    shows: str = "",
) -> Path:
    """A release of some artefacts; at real films of which nothing is said nobody has looked."""
    drawn = params.ingest.source == PHANTOMS
    if drawn != read_json(inputs.clearance / "clearance.json")["drawn"]:
        if drawn:
            write_drawn(inputs)
        else:
            write_clearance(inputs)
    write_json(root / "validation.json", validate(inputs, params))
    package(
        inputs,
        params,
        validation=root / "validation.json",
        reasons=reasons,
        shows=shows,
        output=root / "release",
    )
    return root / "release"


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
