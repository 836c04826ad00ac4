"""The release folder: validated artefacts in, a dataset that `load_dataset` opens out."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cxr_release import schemas, tables
from cxr_release.files import sha256, whole_folder, write_json, write_text
from cxr_release.json_documents import read
from cxr_release.params.project import Params
from cxr_release.release.build_record import build_record
from cxr_release.release.configs import opening_source, write_configs
from cxr_release.release.contents import read_contents
from cxr_release.release.documents.figures import write_figures
from cxr_release.release.documents.rendered import Sources, documents_of
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.release.layout import SIGNATURE, side_file, write_checksums
from cxr_release.release.record import RECORD, Record, Validation
from cxr_release.release.versions.proofs import LogStatements


def package(
    inputs: ReleaseInputs,
    params: Params,
    *,
    validation: Path,
    reasons: Mapping[str, str],
    shows: str = "",
    output: Path,
    statements: LogStatements | None = None,
) -> Record:
    """Write the release folder: the same inputs give the same bytes, file by file.

    Args:
        inputs: the artefacts, as `validate` accepted them.
        params: the parameters that they were made with.
        validation: what `validate` returned, as JSON.
        reasons: code of each reason of exclusion → its meaning.
        shows: part of the body and view of the source films; empty: not stated.
        output: the release folder; what stood there before is replaced as a whole, its signature
            too, of which stderr says that it is gone.
        statements: what the logs hold; None: nothing is held against the published versions.

    Returns:
        The release's record.

    Raises:
        ReleaseError: an artefact is missing, an exclusion has an unknown reason, a film that is
            judged a copy would go out, real films are to be shown and their licence does not allow
            it, this version is published with other films, or a published version proves that a
            film is to stay out.
    """
    jobs = params.sample.jobs
    inputs.require(jobs)
    checked = read(validation, Validation)
    was_signed = os.path.lexists(output / SIGNATURE)
    # Hashing lets other threads work: it runs beside the reading.
    with ThreadPoolExecutor(max_workers=1) as beside, whole_folder(output) as folder:
        hashed = beside.submit(inputs.hashes, jobs, labelled=params.condition.is_on)
        contents = read_contents(inputs, params, reasons, statements)
        written = write_configs(folder, inputs, params, contents)
        opening = opening_source(written.configs)
        write_figures(folder, inputs, contents, written.shown, opening)
        record = build_record(
            inputs,
            params,
            written.configs,
            contents,
            reasons=reasons,
            shows=shows,
            validation=checked,
            hashes=hashed.result(),
        )
        path = folder / RECORD
        write_json(path, record.plain())
        hashes = {**written.hashes, path.name: sha256(path)}
        sources = Sources(
            read(path, Record),  # as whoever makes the documents again will have it
            written.configs,
            tables.read_rows(folder / side_file(schemas.AUDIT_PAIRS), schemas.AUDIT_PAIRS),
            {name: (folder / name).stat().st_size for name in hashes},
            hashes,
        )
        for name, text in documents_of(sources).items():
            (folder / name).parent.mkdir(exist_ok=True)
            write_text(folder / name, text)
        write_checksums(folder, hashes)
    if was_signed:
        sys.stderr.write(f"{output}: its signature is gone; sign it with `cxr-release sign`\n")
    return record
