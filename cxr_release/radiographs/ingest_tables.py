"""What an ingest writes beside pixels: the cohort's and the manifest's rows, and `summary.json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cxr_release.films.facts import Facing, Facts, Value
from cxr_release.films.patients import counted
from cxr_release.radiographs.exposure import is_whole
from cxr_release.radiographs.frame import Frame
from cxr_release.radiographs.ingest_passes import OrientedFilm
from cxr_release.radiographs.known_facts import KnownFacts
from cxr_release.schemas import COHORT, EDGES, MANIFEST
from cxr_release.tables import ROWS_PER_GROUP, Writer, pieces

COHORT_FILE, MANIFEST_FILE = "cohort.parquet", "manifest.parquet"
GROUP_BYTES = 2**26
"""Pixels of a row group of the cohort, at most: bounds memory for large films."""


def write_tables(
    output: Path,
    films: Sequence[OrientedFilm],
    encoded: Iterator[Mapping[str, Any]],
    refusals: Mapping[str, str],
    passed_over: Mapping[str, str],
    *,
    frame: Frame,
) -> None:
    """Write both tables into `output`.

    Args:
        output: folder.
        films: in order.
        encoded: the columns that are the film itself, in the same order.
        refusals: name of every refused file and why.
        passed_over: likewise of those that are not among the films that were asked for.
        frame: how they came to one size.
    """
    rows_a_group = max(1, min(ROWS_PER_GROUP, GROUP_BYTES // frame.size.pixels))
    cohort_rows = (_cohort_row(film, row, frame) for film, row in zip(films, encoded, strict=True))
    rows = [_manifest_row(film) for film in films]
    empty = dict.fromkeys(column.name for column in MANIFEST.columns)
    rows += [
        empty | {"source_file": name, "status": status, "fault": reason}
        for status, reasons in (("refused", refusals), ("passed over", passed_over))
        for name, reason in reasons.items()
    ]
    rows.sort(key=lambda row: str(row["source_file"]))
    # Both tables take their place when all rows of both are written.
    with (
        Writer(output / MANIFEST_FILE, MANIFEST) as manifest,
        Writer(output / COHORT_FILE, COHORT) as cohort,
    ):
        for piece in pieces(cohort_rows, rows_a_group):
            cohort.append(piece)
        for piece in pieces(rows, ROWS_PER_GROUP):
            manifest.append(piece)


def _cohort_row(film: OrientedFilm, encoded: Mapping[str, Any], frame: Frame) -> dict[str, Any]:
    spacing = frame.spacing(film.facts, film.placed)
    return {
        **encoded,
        "id": film.facts.id,
        "patient": film.facts.patient,
        "inverted": film.inverted,
        "facing": film.facing,
        "flipped": film.flipped,
        "millimetres_per_pixel_row": spacing and spacing.row,
        "millimetres_per_pixel_column": spacing and spacing.column,
        "spacing_kind": spacing and spacing.kind,
    }


def _manifest_row(film: OrientedFilm) -> dict[str, Any]:
    facts = film.facts
    field = film.placed.taken
    whole = is_whole(field, facts.width, facts.height)
    left, top, right, bottom = (None,) * 4 if whole else field
    placed = film.placed.of_film(facts.width, facts.height)
    spacing = facts.header.spacing
    points = facts.keypoints and [
        {"name": name, "x": x, "y": y} for name, (x, y) in facts.keypoints.items()
    ]
    return {
        "source_file": facts.source_file,
        "status": "ingested",
        "fault": None,
        "id": facts.id,
        "patient": facts.patient,
        "stated_patient": facts.stated_patient,
        "case": facts.case,
        "source_sha256": facts.sha256,
        "source_width": facts.width,
        "source_height": facts.height,
        "source_bits": facts.bits,
        "source_mode": facts.mode,
        "field_left": left,
        "field_top": top,
        "field_right": right,
        "field_bottom": bottom,
        "inverted": film.inverted,
        "facing": film.facing,
        "flipped": film.flipped,
        "age": facts.age,
        "curvature": facts.curvature,
        "keypoints": points,
        "facts": _facts({**facts.header.codes, **facts.stated}),
        "spacing_row": spacing and spacing.row,
        "spacing_column": spacing and spacing.column,
        "spacing_kind": spacing and spacing.kind,
        **{f"placed_{edge}": at for edge, at in zip(EDGES, placed, strict=True)},
        "stated_negative": facts.header.negative,
        "lossy": facts.header.lossy,
        "overlay": facts.header.overlay,
        "left_out": "; ".join(facts.left_out) or None,
        "true_facing": facts.true_facing,
        "true_negative": facts.true_negative,
    }


def _facts(values: Mapping[str, Value]) -> list[dict[str, str | float | None]] | None:
    """Facts as the manifest holds them, in the order of their names; None of no facts."""
    return [
        {
            "name": name,
            "code": value if isinstance(value, str) else None,
            "number": None if isinstance(value, str) else float(value),
        }
        for name, value in sorted(values.items())
    ] or None


def summarise(
    films: Sequence[OrientedFilm],
    *,
    refused: int,
    passed_over: int,
    unaided: Sequence[Facing | None],
    left_facing: Collection[int],
    contrary: int,
    known: KnownFacts,
    key: str | None,
) -> dict[str, Any]:
    """Counts over the films of an ingest; for phantoms the share that was found as it was drawn.

    Args:
        films: that were ingested; the facing of those listed as facing left is as listed.
        refused: how many files were refused.
        passed_over: how many are not among the films that were asked for.
        unaided: the facing that is found of each film without its being listed.
        left_facing: indices of films that were listed as facing left.
        contrary: how many look like negatives or not, otherwise than stated.
        known: what is known of the films.
        key: fingerprint of the key behind the films' ids; phantoms have none.
    """
    facts = [film.facts for film in films]
    truth: list[Facing | None] = [
        entry.true_facing or ("left" if at in left_facing else None)
        for at, entry in enumerate(facts)
    ]
    polarity = [
        film.inverted == film.facts.true_negative
        for film in films
        if film.facts.true_negative is not None
    ]
    return {
        "film_key": key,
        "files": len(films) + refused + passed_over,
        "ingested": len(films),
        "refused": refused,
        **({"passed_over": passed_over} if passed_over else {}),
        **counted([entry.patient for entry in facts]),
        "cases": len({entry.case for entry in facts if entry.case}) or None,
        **_case_gaps(facts),
        "inverted": sum(film.inverted for film in films),
        **_stated_polarity(films, contrary),
        **_cropped(films),
        **_known(known),
        "flipped": sum(film.flipped for film in films),
        "facings": _counts(film.facing or "unknown" for film in films),
        "source_bits": _counts(entry.bits for entry in facts),
        "source_modes": _counts(entry.mode for entry in facts),
        "spacing": _counts(
            entry.header.spacing.kind if entry.header.spacing else "not stated" for entry in facts
        ),
        "source_width": _spread([entry.width for entry in facts]),
        "source_height": _spread([entry.height for entry in facts]),
        "polarity_accuracy": sum(polarity) / len(polarity) if polarity else None,
        "facing_check": _check(unaided, truth),
    }


def _stated_polarity(films: Sequence[OrientedFilm], contrary: int) -> dict[str, dict[str, int]]:
    """Films whose polarity their files state, and how many look otherwise; nothing of none."""
    stated = sum(film.facts.header.negative is not None for film in films)
    return {"polarity_stated": {"films": stated, "look otherwise": contrary}} if stated else {}


def _case_gaps(facts: Sequence[Facts]) -> dict[str, int]:
    """How many numbers between the cases' are of no case here; nothing where none is numbered."""
    numbers = {int(entry.case) for entry in facts if entry.case}
    return {"case_gaps": max(numbers) - min(numbers) + 1 - len(numbers)} if numbers else {}


def _known(known: KnownFacts) -> dict[str, Any]:
    """Of how many films each fact is known, and what was done to rare values; nothing of none."""
    if not known.columns:
        return {}
    return {
        "known": {column.name: column.films for column in known.columns if column.films},
        # A list, so that no release states it.
        "rare_values": [
            {
                "name": column.name,
                "counted": known.unit,
                "put together": column.merged,
                "left out": column.left_out,
            }
            for column in known.columns
            if column.merged or column.left_out
        ],
    }


def _cropped(films: Sequence[OrientedFilm]) -> dict[str, int]:
    """How many films lost a border; nothing of none."""
    cropped = sum(
        not is_whole(film.placed.taken, film.facts.width, film.facts.height) for film in films
    )
    return {"cropped": cropped} if cropped else {}


def _check(facings: Sequence[Facing | None], truth: Sequence[Facing | None]) -> dict[str, int]:
    """Films whose facing is known from elsewhere, and how many are found otherwise, or not."""
    pairs = [(facing, true) for facing, true in zip(facings, truth, strict=True) if true]
    return {
        "known": len(pairs),
        "wrong": sum(facing is not None and facing != true for facing, true in pairs),
        "unknown": sum(facing is None for facing, _ in pairs),
    }


def _counts(values: Iterable[object]) -> dict[str, int]:
    return dict(Counter(map(str, values)))


def _spread(values: list[int]) -> dict[str, float]:
    return {"least": min(values), "median": float(np.median(values)), "most": max(values)}
