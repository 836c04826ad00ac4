"""The films of a source folder, whatever it holds them in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cxr_release.films.atlas import is_atlas, list_atlas
from cxr_release.films.dicom_folder import is_dicom_folder, list_dicom
from cxr_release.films.facts import Listing
from cxr_release.films.film_key import FilmKey
from cxr_release.films.folder import list_folder
from cxr_release.films.stated_facts import Kind
from cxr_release.params.films import DicomParams


def list_films(
    folder: Path,
    key: FilmKey,
    *,
    facts: Mapping[str, Kind] | None = None,
    dicom: DicomParams | None = None,
    progress: bool = True,
) -> Listing:
    """List the real films of a folder; none is decoded.

    Args:
        folder: in the layout of CSXA, a tree of DICOM files, or a folder of films.
        key: behind the ids of films and patients.
        facts: columns of the table beside the films that are asked for.
        dicom: which DICOM films are asked for.
        progress: show a bar on stderr where headers are read.

    Raises:
        SourceError: there is no such folder, it holds no film, or a file beside them cannot be
            read.
    """
    if is_atlas(folder):
        return list_atlas(folder, key, facts or {})
    if is_dicom_folder(folder):
        settings = dicom or DicomParams()
        return list_dicom(folder, key, settings, kinds=facts, progress=progress)
    return list_folder(folder, key, facts or {})
