"""What a release discloses of real films: whether it shows them, how it names and measures them.

How similar a patient's film is to a released one, to its own altered copy, or to another film,
anybody who has those films can compute, or nearly so: to the last digit, the published number would
tell that they were learnt from. So where films go by an HMAC such numbers are rounded: scores to
whole numbers, cosines and mean excesses of scores to two decimals, percentiles down to whole per
cents. Since the search learns from the source films what tells films apart, each of its numbers,
even one of two released films, would confirm a guess at the whole source; those are rounded, too.
p values and poses do not go out at all: a p value is a score to the last digit, and the pose of a
copy tells how it was moved. It cannot hide what the released films show by themselves: a film that
lies near one of them lies near it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from cxr_release import schemas, tables
from cxr_release.errors import ReleaseError
from cxr_release.files import read_json
from cxr_release.films.film_key import FilmKey, read_key
from cxr_release.films.png import ancillary
from cxr_release.params.films import PHANTOMS
from cxr_release.params.project import Params
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.tables import Table

SHAREABLE = (
    "cc0",
    "cc-by",
    "cc-by-sa",
    "cc-by-nc",
    "cc-by-nc-sa",
    "pddl",
    "apache",
    "mit",
    "bsd-2-clause",
    "bsd-3-clause",
)
"""SPDX ids, without version, of licences under which a film may be passed on after it was resized.

Not those that forbid derivatives: every film was resampled on its way in. Not those of databases
alone (ODC-By, ODbL): they say nothing of the films in one.
"""

_VERSION = re.compile(r"-v?\d+(\.\d+)*(-[a-z]{2,3})?$")
"""The end of an id: a version, and the country that the text was adapted to: -3.0-de."""


def is_shareable(license_id: str) -> bool:
    """Whether this is one of `SHAREABLE`, in any case, with or without version."""
    plain = re.sub(r"[\s_]+", "-", license_id.strip().lower())
    return _VERSION.sub("", plain) in SHAREABLE


NamedBy = Literal["sha256", "hmac"]


def names_films_by(params: Params) -> NamedBy:
    """What a release gives of a real film's pixels: their hash, or an HMAC that only a key opens.

    Whoever holds a patient's film could hash it and see that it was learnt from. So the hash goes
    out only where that gives nobody away: the source is drawn or public, or the film is shown.
    """
    drawn = params.ingest.source == PHANTOMS
    public = drawn or params.release.source_public or shows_real_films(params)
    return "sha256" if public else "hmac"


def shows_real_films(params: Params) -> bool:
    """Whether the release shows real films beside the audited pairs.

    Raises:
        ReleaseError: it is asked to, and the licence of the source does not allow that.
    """
    if not params.audit.publish_real_images:
        return False
    license_id = params.release.source_license
    # Phantoms are drawn by this package, and nobody is on them.
    if params.ingest.source == PHANTOMS or is_shareable(license_id):
        return True
    licence = f"the licence {license_id!r}" if license_id else "a source without a stated licence"
    raise ReleaseError(
        f"real films cannot be shown under {licence}",
        where="audit.publish_real_images",
        remedy="set it to false, or state in release.source_license a licence that allows passing"
        f" on resized films: {', '.join(SHAREABLE)}",
    )


PLACES = 2
"""Decimals that are left of a cosine, and of a mean excess."""
OFF, SCORE_OFF = 0.5 * 10**-PLACES + 1e-9, 0.5 + 1e-9
"""The most by which a rounded cosine, and a rounded score, is off."""


def coarse_cosine(cosine: float) -> float:
    """A cosine as it may go out where real films go by an HMAC; never −0."""
    return round(cosine, PLACES) + 0.0


def coarse_score(score: float) -> float:
    """A score, likewise: a whole number. What was higher is no lower then."""
    return float(round(score)) + 0.0


def coarse_percentile(percentile: float) -> float:
    """A percentile, likewise: down to a whole per cent, so that 100 still means all."""
    return float(math.floor(percentile))


def coarse_audit(report: Mapping[str, Any], params: Params) -> dict[str, Any]:
    """The audit's report as it may go out; counts, shares and their intervals stay.

    Args:
        report: `score`, `cosine`, `alike`, `power`, `calibration` and `within` among its keys.
        params: the parameters that it was made with.
    """
    if names_films_by(params) == "sha256":
        return dict(report)
    return dict(report) | {
        "score": _each(coarse_score, report["score"]),
        "cosine": _each(coarse_cosine, report["cosine"]),
        "alike": coarse_cosine(report["alike"]),
        "power": [
            row | {"median_cosine": _each(coarse_cosine, row["median_cosine"])}
            for row in report["power"]
        ],
        "calibration": _coarse_calibration(report["calibration"]),
        "within": {
            name: _each(coarse_cosine, numbers) for name, numbers in report["within"].items()
        },
    }


SCORECARD_DIGITS = 3
"""Decimals of a number of the scorecard, where a number to the last digit would confirm a guess."""


def coarse_scorecard(report: Mapping[str, Any], params: Params) -> dict[str, Any]:
    """The scorecard's report as it may go out; counts stay.

    An area to its last digit is that of these films and of no others: who holds all of them but one
    could try films in its place.

    Args:
        report: what `scorecard.json` holds.
        params: the parameters that it was made with.
    """
    if names_films_by(params) == "sha256":
        return dict(report)
    return {
        name: _each(lambda number: round(number, SCORECARD_DIGITS), part)
        for name, part in report.items()
    }


def _coarse_calibration(calibration: Mapping[str, Any]) -> dict[str, Any]:
    scores = ("synthetic", "source", "held_out", "control", "threshold")
    coarse = dict(calibration)
    coarse |= {name: _each(coarse_score, calibration.get(name)) for name in scores}
    if tail := calibration["tail"]:
        # A mean of ten films or more; rounded to whole numbers it would say nothing.
        excesses = {name: coarse_cosine(tail[name]) for name in ("mean_excess", "most_excess")}
        coarse["tail"] = tail | excesses | {"start": coarse_score(tail["start"])}
    if nearer := calibration["nearer_than_5_percent"]:
        coarse["nearer_than_5_percent"] = nearer | {"score": coarse_score(nearer["score"])}
    return coarse


def _each(coarse: Callable[[float], float], value: Any) -> Any:
    """Every number in it that is not a count, made coarse."""
    if isinstance(value, Mapping):
        return {key: _each(coarse, part) for key, part in value.items()}
    if isinstance(value, list):
        return [_each(coarse, part) for part in value]
    return coarse(value) if isinstance(value, float) else value


Cell = Mapping[str, Any]


def released_pairs(
    inputs: ReleaseInputs, params: Params, released: Collection[str]
) -> Iterator[dict[str, Any]]:
    """Rows of `schemas.AUDIT_PAIRS`, in the order of their rank.

    A real film stands there by the hash of its pixels, or by an HMAC: see `names_films_by`. Its id
    and picture stand there only where `audit.publish_real_images` asks for them
    and the source's licence allows it; the synthetic film's picture wherever that film is released.
    PNG bytes are copied.

    Args:
        inputs: the artefacts.
        params: the parameters that they were made with.
        released: ids of the synthetic films that go out.

    Raises:
        ReleaseError: the licence does not allow what is asked for, a real film carries more than
            its picture, or the key is not the one behind the cohort's ids.
        SourceError: there is no key, and one is needed.
    """
    pairs = tables.read_rows(inputs.audit / "pairs.parquet", schemas.PAIRS)
    cohort = inputs.cohort / "cohort.parquet"
    pixels = {row["id"]: row["pixel_sha256"] for row in tables.read_rows(cohort, schemas.COHORT)}
    verdict_rows = tables.read_rows(inputs.adjudication / "verdicts.parquet", schemas.VERDICTS)
    verdicts = {(row["real_id"], row["synthetic_id"]): row["verdict"] for row in verdict_rows}
    shown = shows_real_films(params)
    key = _key(inputs) if names_films_by(params) == "hmac" else None
    real: Mapping[str, Cell] = {}
    if shown:
        real = _cells(schemas.COHORT, [cohort], {pair["real_id"] for pair in pairs})
        _require_bare(real, cohort)
    films = inputs.tables(params.sample.jobs)
    wanted = {pair["synthetic_id"] for pair in pairs if pair["synthetic_id"] in released}
    synthetic = _cells(schemas.ORIENTED, films, wanted)
    for pair in pairs:
        films_of = (pair["real_id"], pair["synthetic_id"])
        yield {
            "real_image": real.get(pair["real_id"]),
            "synthetic_image": synthetic.get(pair["synthetic_id"]),
            "rank": pair["rank"],
            "synthetic_id": pair["synthetic_id"],
            "synthetic_released": pair["synthetic_id"] in released,
            "real_id": pair["real_id"] if shown else None,
            "real_pixel_sha256": None if key else pixels[pair["real_id"]],
            "real_pixel_hmac": key.pixels(pixels[pair["real_id"]]) if key else None,
            **(_coarse_pair(pair) if key else {name: pair[name] for name in _MEASURED}),
            "view": pair["view"],
            "part": pair["part"],
            "flagged": pair["flagged"],
            "verdict": verdicts.get(films_of),
        }


_MEASURED = ("score", "cosine", "percentile")
"""Columns of a pair that are rounded where real films go by an HMAC."""


def _coarse_pair(pair: Cell) -> dict[str, float | None]:
    percentile = pair["percentile"]
    return {
        "score": coarse_score(pair["score"]),
        "cosine": coarse_cosine(pair["cosine"]),
        "percentile": None if percentile is None else coarse_percentile(percentile),
    }


def _key(inputs: ReleaseInputs) -> FilmKey:
    key = read_key(inputs.film_key)
    if read_json(inputs.cohort / "summary.json").get("film_key") != key.fingerprint:
        raise ReleaseError(
            "is another key than the one behind the ids of the cohort",
            where=str(inputs.film_key),
            remedy="restore the key from where you keep it",
        )
    return key


def _cells(kind: Table, paths: Iterable[Path], wanted: Collection[str]) -> dict[str, Cell]:
    return {row["id"]: row["image"] for path in paths for row in tables.pick(path, kind, wanted)}


def _require_bare(real: Mapping[str, Cell], cohort: Path) -> None:
    for film, cell in real.items():
        if ancillary(cell["bytes"]):
            raise ReleaseError(
                "carries metadata beside its picture and cannot be shown",
                where=f"{cohort}: {film}",
                remedy="ingest again, or set audit.publish_real_images to false",
            )
