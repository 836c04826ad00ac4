"""The release folder: validated artefacts in, a dataset that `load_dataset` opens out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cxr_release import schemas, tables
from cxr_release.files import whole_folder, write_json, write_text
from cxr_release.json_documents import read
from cxr_release.params import Params
from cxr_release.release.configs import Config, write_configs
from cxr_release.release.contents import read_contents
from cxr_release.release.documents.card import render
from cxr_release.release.documents.card_lint import lint
from cxr_release.release.documents.changelog import changelog
from cxr_release.release.documents.citation import write_notices
from cxr_release.release.documents.croissant import write_croissant
from cxr_release.release.documents.croissant_check import check_croissant
from cxr_release.release.documents.figures import write_figures
from cxr_release.release.inputs import ReleaseInputs, Validation, jobs_of
from cxr_release.release.layout import write_checksums
from cxr_release.release.record import build_record
from cxr_release.release.versions.proofs import Said
from cxr_release.release.versions.version import Version, reasons_of

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
    said: Said | None = None,
) -> dict[str, Any]:
    """Write the release folder: the same inputs give the same bytes, file by file.

    Args:
        inputs: the artefacts, as `validate` accepted them.
        params: the parameters that they were made with.
        validation: what `validate` returned, as JSON.
        reasons: code of each reason of exclusion → its meaning.
        template: the card's Jinja2 template.
        output: the release folder; what stood there before is replaced as a whole.
        said: what the logs hold; None: nothing is held against the published versions.

    Returns:
        The release's record, as in its `release.json`.

    Raises:
        ReleaseError: an artefact is missing, an exclusion has an unknown reason, a film that is
            judged a copy would go out, real films are to be shown and their licence does not allow
            it, this version is published with other films, a published version proves that a film
            is to stay out, or card or Croissant are not true to the folder.
    """
    jobs = jobs_of(params.sample.checkpoints)
    inputs.require(jobs)
    checked = read(validation, Validation)
    # Hashing lets other threads work: it runs beside the reading.
    with ThreadPoolExecutor(max_workers=1) as beside, whole_folder(output) as folder:
        hashed = beside.submit(inputs.hashes, jobs)
        contents = read_contents(inputs, params, reasons, said)
        written = write_configs(folder, inputs, params, contents)
        configs = written.configs
        sheets = write_figures(folder, inputs, contents, written.shown)
        record = build_record(
            inputs,
            params,
            configs,
            contents,
            validation=checked,
            hashes=hashed.result(),
        )
        write_json(folder / "release.json", record)
        write_notices(folder, record)
        this = Version(record, contents.films, reasons_of(record))
        write_text(folder / "CHANGELOG.md", changelog([*contents.history.earlier, this]))
        card = render(
            template,
            record=record,
            configs=configs,
            sheets=sheets,
            pairs=_nearest(folder, configs),
            reasons=reasons,
        )
        write_text(folder / "README.md", card)
        lint(folder, configs)
        write_croissant(folder, record, configs, written.hashes)
        check_croissant(folder, configs, written.hashes)
        write_checksums(folder, written.hashes)
    return record


def _nearest(folder: Path, configs: Sequence[Config]) -> list[dict[str, Any]]:
    """The first of the audited pairs, as released."""
    config = next(one for one in configs if one.table is schemas.AUDIT_PAIRS)
    return tables.read_rows(folder / config.files[0], schemas.AUDIT_PAIRS)[:PAIRS_SHOWN]
