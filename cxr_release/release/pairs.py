"""The audited pairs as they are released: real films by a hash or an HMAC, or shown."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cxr_release import schemas, tables
from cxr_release.errors import ReleaseError
from cxr_release.files import read_json
from cxr_release.films.film_key import FilmKey, read_key
from cxr_release.films.png import ancillary
from cxr_release.params import Params
from cxr_release.release.disclosure import coarse_number, names_films_by, shows_real_films
from cxr_release.release.inputs import ReleaseInputs, jobs_of
from cxr_release.tables import Table

Cell = Mapping[str, Any]


def released_pairs(
    inputs: ReleaseInputs, params: Params, released: Collection[str]
) -> Iterator[dict[str, Any]]:
    """Rows of `schemas.AUDIT_PAIRS`, in the order of their rank.

    A real film stands there by the hash of its pixels, or by an HMAC: see `names_films_by`. Its id
    and picture stand there only where `audit.publish_real_images` asks for them
    and the source's licence allows it; the synthetic film's picture only beside them, and only if
    that film is released. PNG bytes are copied.

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
    synthetic: Mapping[str, Cell] = {}
    if shown:
        real = _cells(schemas.COHORT, [cohort], {pair["real_id"] for pair in pairs})
        _require_bare(real, cohort)
        films = [inputs.table(job) for job in jobs_of(params.sample.checkpoints)]
        wanted = {pair["synthetic_id"] for pair in pairs} & set(released)
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
            "cosine": coarse_number(pair["cosine"], params),
            "view": pair["view"],
            "percentile": pair["percentile"],
            "flagged": pair["flagged"],
            "verdict": verdicts.get(films_of),
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
