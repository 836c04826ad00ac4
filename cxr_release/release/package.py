"""The release folder: validated artefacts in, a dataset that `load_dataset` opens out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cxr_release import schemas, tables
from cxr_release.errors import Fault, ReleaseError
from cxr_release.files import read_json, whole_folder, write_json
from cxr_release.params import Params
from cxr_release.release.card import render
from cxr_release.release.checksums import write_checksums
from cxr_release.release.configs import Config, write_configs
from cxr_release.release.figures import write_figures
from cxr_release.release.inputs import ReleaseInputs, jobs_of
from cxr_release.release.licences import shows_real_films
from cxr_release.release.lint import lint
from cxr_release.release.notices import write_notices
from cxr_release.release.record import build_record

PAIRS_SHOWN = 10
"""Audited pairs in the card; the config `audit_pairs` has all of them."""


def package(
    inputs: ReleaseInputs,
    params: Params,
    *,
    validation: Path,
    reasons: Mapping[str, str],
    template: Path,
    output: Path,
) -> dict[str, Any]:
    """Write the release folder: the same inputs give the same bytes, file by file.

    Args:
        inputs: the artefacts, as `validate` accepted them.
        params: the parameters that they were made with.
        validation: what `validate` returned, as JSON.
        reasons: code of each reason of exclusion → its meaning.
        template: the card's Jinja2 template.
        output: the release folder; what stood there before is replaced as a whole.

    Returns:
        The release's record, as in its `release.json`.

    Raises:
        ReleaseError: an artefact is missing, an exclusion has an unknown reason, a film that is
            judged a copy would go out, real films are to be shown and their licence does not allow
            it, or the card is not true to the folder.
    """
    inputs.require(jobs_of(params.sample.checkpoints))
    screened = tables.read_rows(inputs.screening / "screened.parquet", schemas.SCREENED)
    exclusions = tables.read_rows(inputs.screening / "exclusions.parquet", schemas.EXCLUSIONS)
    unknown = sorted({row["reason"] for row in exclusions} - reasons.keys())
    if unknown:
        raise ReleaseError(f"unknown reason(s) of exclusion: {', '.join(unknown)}")
    shows_real_films(params)
    _require_kept_out(inputs, screened)
    with whole_folder(output) as folder:
        configs = write_configs(folder, inputs, params, screened)
        sheets = write_figures(folder, inputs, params, screened)
        record = build_record(inputs, params, configs, read_json(validation))
        write_json(folder / "release.json", record)
        write_notices(folder, record)
        card = render(
            template,
            record=record,
            configs=configs,
            sheets=sheets,
            pairs=_nearest(folder, configs),
            reasons=reasons,
        )
        (folder / "README.md").write_text(card, encoding="utf-8", newline="\n")
        lint(folder, configs)
        write_checksums(folder)
    return record


def _require_kept_out(inputs: ReleaseInputs, screened: Sequence[Mapping[str, Any]]) -> None:
    """`validate` has seen to it; a copy that goes out cannot be called back, so look again."""
    path = inputs.adjudication / "copies.json"
    copies = read_json(path)
    out = [row["id"] for row in screened if row["released"] and row["id"] in copies]
    if out:
        raise ReleaseError(
            f"{len(out)} film(s) that the audit keeps out would be released",
            where=str(path),
            remedy="run `dvc repro`",
            faults=[Fault(film, f"is judged {copies[film]}") for film in out],
        )


def _nearest(folder: Path, configs: Sequence[Config]) -> list[dict[str, Any]]:
    """The first of the audited pairs, as released."""
    config = next(one for one in configs if one.table is schemas.AUDIT_PAIRS)
    return tables.read_rows(folder / config.files[0], schemas.AUDIT_PAIRS)[:PAIRS_SHOWN]
