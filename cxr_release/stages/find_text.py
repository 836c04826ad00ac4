"""Search the real films for text that is burned in: it points at films, and is off at first."""

from __future__ import annotations

import sys
from pathlib import Path

from cxr_release import schemas, tables
from cxr_release.clearance.flags import NOT_SEARCHED, search
from cxr_release.clearance.source import open_source
from cxr_release.exit_status import execute
from cxr_release.files import private, write_json
from cxr_release.params.films import PHANTOMS
from cxr_release.params.project import Params
from cxr_release.paths import Paths


def run(paths: Paths, params: Params) -> None:
    """Write which films are flagged. Drawn films show no text: they are not searched.

    Raises:
        SourceError: tesseract is asked for and not installed, or films cannot be searched.
    """
    source = params.ingest.source
    tables.read(paths.manifest, schemas.MANIFEST, ["status"])
    with private(paths.found_text):
        if params.clearance.ocr == "never" or source == PHANTOMS:
            write_json(paths.text_flags, dict(NOT_SEARCHED))
            return
        films = open_source(
            Path(source), manifest=paths.manifest, key=paths.film_key, dicom=params.ingest.dicom
        )
        report = search(films)
        write_json(paths.text_flags, report)
    sys.stderr.write(
        f"text suspected on {len(report['flagged']):,} of {report['films']:,} films, which are"
        " shown first; a film without a flag is not cleared\n"
    )


if __name__ == "__main__":
    execute(run)
