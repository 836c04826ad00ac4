"""A release as one file for a repository such as Zenodo or figshare: a BagIt bag, or plain.

The file's suffix says in what kind of archive: see `packing`. The same folder gives the same bytes.
BagIt: RFC 8493.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cxr_release
from cxr_release.errors import Fault, ReleaseError
from cxr_release.files import sha256, whole_file
from cxr_release.json_documents import read
from cxr_release.publishing.packing import Packing, packing, suffix_of
from cxr_release.publishing.readiness import require_identity
from cxr_release.release.documents.citation import contact, stated, summary
from cxr_release.release.documents.datacite import datacite, to_xml
from cxr_release.release.documents.markdown import one_line
from cxr_release.release.layout import CHECKSUMS, UNLISTED, portable_files
from cxr_release.release.record import RECORD, Record

FORMS = ("bagit", "plain")


def archive(
    folder: Path, output: Path, *, form: str = "bagit", year: int | None = None
) -> dict[str, Any]:
    """Pack a release folder, once it is verified, with DataCite metadata.

    Args:
        folder: the release folder.
        output: the archive, of a suffix of `packing.SUFFIXES`; it appears whole or not at all.
        form: `bagit`: one BagIt 1.0 bag; `plain`: the folder, the metadata beside it.
        year: year of publication, for DataCite; None: of the release's date.

    Returns:
        `name`, `version`, `form`, `file`, `files`, `bytes`, `sha256` of the archive, `year`, `doi`.

    Raises:
        ReleaseError: the release does not verify, holds a link or an invalid name, or changes
            meanwhile; the form, suffix or year is wrong; the archive would lie in the folder.
    """
    from cxr_release.release import verify

    if form not in FORMS:
        raise ReleaseError(f"is not a form of archive: {form}", remedy=f"use {' or '.join(FORMS)}")
    if output.is_dir() or output.resolve().is_relative_to(folder.resolve()):
        raise ReleaseError(
            "the archive cannot be a folder or lie in the release", where=str(output)
        )
    suffix = suffix_of(output)
    paths = _files(folder)
    verify.require_true(verify.verify(folder))
    record = read(folder / RECORD, Record)
    require_identity(record)
    sizes = {name: path.stat().st_size for name, path in paths.items()}
    metadata = datacite(record, year=year, size=sum(sizes.values()))
    described = {
        "datacite.json": json.dumps(metadata, indent=2, ensure_ascii=False) + "\n",
        "datacite.xml": to_xml(metadata).decode("utf-8"),
    }
    base = f"{record.name}-{record.version}"
    with whole_file(output) as partial, packing(partial, suffix, sum(sizes.values())) as packed:
        if form == "bagit":
            hashes = _pack(packed, folder, f"{base}/data", paths)
            tags = _tags(record, sizes, hashes, described)
            tagged = {name: packed.text(f"{base}/{name}", text) for name, text in tags.items()}
            packed.text(f"{base}/tagmanifest-sha256.txt", _manifest(tagged))
        else:
            _pack(packed, folder, base, paths)
            for name, text in described.items():
                packed.text(name, text)
    return {
        "name": record.name,
        "version": record.version,
        "form": form,
        "file": str(output),
        "files": len(paths),
        "bytes": output.stat().st_size,
        "sha256": sha256(output),
        "year": int(metadata["publicationYear"]),
        "doi": metadata.get("doi"),
    }


def text_of(report: Mapping[str, Any]) -> str:
    """What was packed, for people."""
    doi = report["doi"] or "to be assigned by the repository"
    return (
        f"{report['file']}: {report['name']} {report['version']}, {report['files']:,} files,"
        f" {report['bytes']:,} bytes, {report['form']}\n"
        f"SHA-256 {report['sha256']}\n"
        f"DataCite metadata inside: year {report['year']}, DOI {doi}"
    )


def _files(folder: Path) -> dict[str, Path]:
    """Name → path of the files of a folder, sorted; refuses names that unpack elsewhere."""
    if not (folder / "release.json").is_file() or not (folder / CHECKSUMS).is_file():
        raise ReleaseError("is not a release folder", where=str(folder))
    paths, faults = portable_files(folder)
    if faults:
        raise ReleaseError("cannot be packed", where=str(folder), faults=faults)
    return paths


def _pack(packed: Packing, folder: Path, base: str, paths: Mapping[str, Path]) -> dict[str, str]:
    """Pack the release below `base`; name → SHA-256, as the release states it.

    Raises:
        ReleaseError: a file does not match its SHA-256.
    """
    stated = _stated(folder)
    hashes = {name: packed.file(path, f"{base}/{name}") for name, path in paths.items()}
    wrong = [
        name
        for name in {*hashes, *stated}
        if name not in UNLISTED and stated.get(name) != hashes.get(name)
    ]
    if wrong:
        raise ReleaseError(
            "does not match its checksums",
            where=str(folder),
            faults=[Fault(name, f"does not match {CHECKSUMS}") for name in sorted(wrong)],
        )
    return hashes


def _stated(folder: Path) -> dict[str, str]:
    """File → SHA-256, from the release's own list."""
    lines = (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def _tags(
    record: Record,
    sizes: Mapping[str, int],
    hashes: Mapping[str, str],
    described: Mapping[str, str],
) -> dict[str, str]:
    """The tag files of the bag, less the list of their own hashes."""
    return {
        "bagit.txt": "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "bag-info.txt": _bag_info(record, sizes),
        "manifest-sha256.txt": _manifest(
            {f"data/{name}": digest for name, digest in hashes.items()}
        ),
        **{f"metadata/{name}": text for name, text in described.items()},
    }


def _manifest(hashes: Mapping[str, str]) -> str:
    return "".join(f"{digest}  {name}\n" for name, digest in hashes.items())


def _bag_info(record: Record, sizes: Mapping[str, int]) -> str:
    size, person = sum(sizes.values()), contact(record)
    organization = stated(record, "publisher") or "; ".join(map(one_line, record.authors))
    lines = {
        "Source-Organization": organization,
        "Contact-Name": person.get("name", ""),
        "Contact-Email": person.get("email", ""),
        "External-Description": summary(record),
        "External-Identifier": stated(record, "identifier") or f"{record.name} {record.tag}",
        "Bag-Size": f"{size / 1e6:.1f} MB",
        "Payload-Oxum": f"{size}.{len(sizes)}",
        "Bag-Software-Agent": f"cxr-release {cxr_release.__version__}",
    }
    return "".join(f"{label}: {value}\n" for label, value in lines.items() if value)
