"""Citation, licence, changelog and the description for machines, against record and files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cxr_release.params import NOT_STATED
from cxr_release.release.checks.record import Record
from cxr_release.release.documents.citation import SPDX
from cxr_release.release.documents.markdown import one_line
from cxr_release.release.untrusted.documents import json_of_file, mapping_of_yaml, text_of_file
from cxr_release.release.untrusted.findings import Findings
from cxr_release.release.untrusted.folder import Folder

CITATION, LICENSE, CHANGELOG, CROISSANT = (
    "CITATION.cff",
    "LICENSE",
    "CHANGELOG.md",
    "croissant.json",
)
_N = r"([\d,]{1,20})"
_RELEASED = re.compile(rf"- {_N} films released of {_N} generated; {_N} excluded\.")
_SYNTHETIC = re.compile(rf"{_N} synthetic radiographs?")
_RECORDS = re.compile(rf"{_N} record\(s\)")


def check_notices(folder: Folder, record: Record, found: Findings) -> None:
    """The three notices are of this version, and count what it holds."""
    for name, check in ((CITATION, _citation), (LICENSE, _license), (CHANGELOG, _changelog)):
        with found.trying(name):
            text = text_of_file(folder, name, found)
            if text is not None:
                check(text, record, found)
                found.applied("notices held against the record", 1)


def _citation(text: str, record: Record, found: Findings) -> None:
    said = mapping_of_yaml(text, CITATION)
    total = record["counts"]["total"]["released"]
    found.says(f"{CITATION}: version", said.get("version"), record["version"], "release.json")
    title = one_line(record["title"])
    found.says(f"{CITATION}: title", said.get("title"), title, "release.json")
    spdx = SPDX.get(record["license"])
    if spdx is not None:
        found.says(f"{CITATION}: license", said.get("license"), spdx, "release.json")
    for number in _SYNTHETIC.findall(str(said.get("abstract"))):
        found.says(f"{CITATION}: abstract", number, f"{total:,}")


def _license(text: str, record: Record, found: Findings) -> None:
    first = text.partition("\n")[0]
    due = f"{one_line(record['title'])}, version {record['version']}"
    found.says(f"{LICENSE}: line 1", first, due, "release.json")
    name = SPDX.get(record["license"], record["license"])
    if record["license"] == NOT_STATED["license"]:
        if "No licence is stated" not in text:
            found.add(LICENSE, "does not say that no licence is stated")
    elif f"licensed under {name}." not in text:
        found.add(LICENSE, f"does not name the licence {name}")


def _changelog(text: str, record: Record, found: Findings) -> None:
    heads = [line.removeprefix("## ") for line in text.split("\n") if line.startswith("## ")]
    said = heads[0] if heads else ""
    found.says(f"{CHANGELOG}: newest version", said, record["version"], "release.json")
    if record["previous"] is not None and record["previous"] not in heads[1:]:
        found.add(CHANGELOG, f"does not mention the version before, {record['previous']}")
    total = record["counts"]["total"]
    for numbers in _RELEASED.findall(text)[:1]:
        due = tuple(f"{total[name]:,}" for name in ("released", "generated", "excluded"))
        found.says(f"{CHANGELOG}: released, generated, excluded", numbers, due)


def check_croissant(
    folder: Folder,
    record: Record,
    hashes: Mapping[str, str],
    rows: Mapping[str, int],
    found: Findings,
) -> None:
    """Files, hashes, sizes and numbers of records in the description for machines.

    Args:
        folder: the release.
        record: its record.
        hashes: file → SHA-256 as it is.
        rows: config → rows of its tables.
        found: where differences go.
    """
    described = json_of_file(folder, CROISSANT, found)
    if described is None:
        return
    found.says(f"{CROISSANT}: version", described.get("version"), record["version"], "release.json")
    files = [one for one in _objects(described, "distribution") if "contentUrl" in one]
    for one in files:
        _check_file(one, folder, hashes, found)
    named = {str(one["contentUrl"]) for one in files}
    tables = {name for name in folder.sizes if name.endswith(".parquet")}
    opened = {name for name in tables if rows.get(name.partition("/")[0], 1)}
    for name in sorted(opened - named):
        found.add(CROISSANT, f"does not describe {name}")
    for one in _objects(described, "recordSet"):
        config, said = str(one.get("name")), _RECORDS.search(str(one.get("description")))
        if said:
            due = f"{rows.get(config, 0):,}"
            found.says(f"{CROISSANT}: record set {config}", said[1], due)
    found.applied(f"files described in {CROISSANT}", len(files))


def _objects(described: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    listed = described.get(key)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _check_file(
    one: Mapping[str, Any], folder: Folder, hashes: Mapping[str, str], found: Findings
) -> None:
    name = str(one["contentUrl"])
    where = f"{CROISSANT}: {name}"
    if name not in folder.sizes:
        found.add(where, "is no file of this folder")
        return
    found.says(f"{where}, sha256", one.get("sha256"), hashes.get(name), "its bytes")
    if "contentSize" in one:
        found.says(f"{where}, contentSize", one["contentSize"], f"{folder.sizes[name]} B", "it")
