"""Licences by the names that the Hub knows, and by those of SPDX.

Source: https://huggingface.co/docs/hub/repositories-licenses and https://spdx.org/licenses/.

LICENSE and CITATION.cff of a release.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from cxr_release.files import write_text
from cxr_release.params import NOT_STATED
from cxr_release.release.documents.markdown import one_line

SPDX = {
    "afl-3.0": "AFL-3.0",
    "agpl-3.0": "AGPL-3.0-only",
    "apache-2.0": "Apache-2.0",
    "artistic-2.0": "Artistic-2.0",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "bsd-3-clause-clear": "BSD-3-Clause-Clear",
    "bsl-1.0": "BSL-1.0",
    "c-uda": "C-UDA-1.0",
    "cc-by-2.0": "CC-BY-2.0",
    "cc-by-2.5": "CC-BY-2.5",
    "cc-by-3.0": "CC-BY-3.0",
    "cc-by-4.0": "CC-BY-4.0",
    "cc-by-nc-2.0": "CC-BY-NC-2.0",
    "cc-by-nc-3.0": "CC-BY-NC-3.0",
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "cc-by-nc-nd-3.0": "CC-BY-NC-ND-3.0",
    "cc-by-nc-nd-4.0": "CC-BY-NC-ND-4.0",
    "cc-by-nc-sa-2.0": "CC-BY-NC-SA-2.0",
    "cc-by-nc-sa-3.0": "CC-BY-NC-SA-3.0",
    "cc-by-nc-sa-4.0": "CC-BY-NC-SA-4.0",
    "cc-by-nd-4.0": "CC-BY-ND-4.0",
    "cc-by-sa-3.0": "CC-BY-SA-3.0",
    "cc-by-sa-4.0": "CC-BY-SA-4.0",
    "cc0-1.0": "CC0-1.0",
    "cdla-permissive-1.0": "CDLA-Permissive-1.0",
    "cdla-permissive-2.0": "CDLA-Permissive-2.0",
    "cdla-sharing-1.0": "CDLA-Sharing-1.0",
    "ecl-2.0": "ECL-2.0",
    "epl-1.0": "EPL-1.0",
    "epl-2.0": "EPL-2.0",
    "etalab-2.0": "etalab-2.0",
    "eupl-1.1": "EUPL-1.1",
    "eupl-1.2": "EUPL-1.2",
    "gpl-2.0": "GPL-2.0-only",
    "gpl-3.0": "GPL-3.0-only",
    "isc": "ISC",
    "lgpl-2.1": "LGPL-2.1-only",
    "lgpl-3.0": "LGPL-3.0-only",
    "lgpl-lr": "LGPLLR",
    "lppl-1.3c": "LPPL-1.3c",
    "mit": "MIT",
    "mpl-2.0": "MPL-2.0",
    "ms-pl": "MS-PL",
    "ncsa": "NCSA",
    "odbl": "ODbL-1.0",
    "odc-by": "ODC-By-1.0",
    "ofl-1.1": "OFL-1.1",
    "osl-3.0": "OSL-3.0",
    "pddl": "PDDL-1.0",
    "postgresql": "PostgreSQL",
    "unlicense": "Unlicense",
    "wtfpl": "WTFPL",
    "zlib": "Zlib",
}
"""Name on the Hub → SPDX's, for every one that is one licence and in SPDX's list."""

OTHERS = frozenset(
    {
        "bigcode-openrail-m",
        "bigscience-bloom-rail-1.0",
        "bigscience-openrail-m",
        "bsd",
        "cc",
        "creativeml-openrail-m",
        "deepfloyd-if-license",
        "gemma",
        "gfdl",
        "gpl",
        "lgpl",
        "llama2",
        "openrail",
        "openrail++",
        "other",
        "unknown",
    }
)
"""Names on the Hub of families of licences, and of what SPDX does not list."""


def creative_commons_url(license_id: str) -> str | None:
    """Where Creative Commons has the text of one of its licences; None for any other."""
    family, _, version = license_id.removeprefix("cc-").rpartition("-")
    if license_id not in SPDX or not license_id.startswith("cc"):
        return None
    if license_id == "cc0-1.0":
        return "https://creativecommons.org/publicdomain/zero/1.0/legalcode"
    return f"https://creativecommons.org/licenses/{family}/{version}/legalcode"


KEYWORDS = ("synthetic data", "radiograph", "x-ray", "diffusion model")
"""What the release is about, for those who look for it."""

_DOI = re.compile(r"10\.\d{4,9}(\.\d+)?/[A-Za-z0-9:/_;\-.()\[\]\\]+")
"""A DOI as CITATION.cff 1.2.0 takes it: less than a DOI may be."""

_NEWER_THAN_CFF = frozenset({"CDLA-Permissive-2.0"})
"""SPDX ids of `SPDX` that came after the list of licences in CITATION.cff 1.2.0."""

_WEB = re.compile(r"https?://[!-~]+")
_MAIL = re.compile(r"[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+")


def license_url(license_id: str) -> str:
    """Where the text of a licence stands; for a family of licences, where the Hub lists them.

    Empty where no licence is stated.
    """
    if license_id == NOT_STATED["license"]:
        return ""
    if license_id in OTHERS:
        return "https://huggingface.co/docs/hub/repositories-licenses"
    spdx = SPDX.get(license_id, license_id)
    return creative_commons_url(license_id) or f"https://spdx.org/licenses/{spdx}.html"


def doi_url(record: Mapping[str, Any]) -> str:
    """Where the release's DOI leads; empty without one."""
    identifier = said(record, "identifier")
    return f"https://doi.org/{quote(identifier, safe='/:;()')}" if identifier else ""


def said(record: Mapping[str, Any], key: str) -> str:
    """One of the texts that people give, on one line; empty where nobody said."""
    return one_line(record.get(key) or "")


def summary(record: Mapping[str, Any]) -> str:
    """What the release is, in one sentence."""
    released, size = record["counts"]["total"]["released"], record["params"]["ingest"]["size"]
    films = "radiograph" if released == 1 else "radiographs"
    return (
        f"{released:,} synthetic {films} of {size} × {size} pixels, 8-bit grey, drawn by a"
        f" denoising diffusion model that was trained on: {one_line(record['source']['title'])}"
    )


def contact(record: Mapping[str, Any]) -> dict[str, str]:
    """Whom to write to: `name`, and `website` or `email`; empty where no address is given."""
    address = said(record, "contact")
    name = said(record, "publisher") or one_line(record["authors"][0])
    if _WEB.fullmatch(address):
        return {"name": name, "website": address}
    return {"name": name, "email": address} if _MAIL.fullmatch(address) else {}


def bibtex(record: Mapping[str, Any]) -> str:
    """A BibTeX entry: braces and backslashes of the values dropped, they would end a field."""
    fields = {
        "title": f"{{{_plain(record['title'])}}}",
        "author": " and ".join(f"{{{_plain(author)}}}" for author in record["authors"]),
        # "No date", as citation styles write it: a year of nobody's would be made up.
        "year": said(record, "date")[:4] or "n.d.",
        "version": record["version"],
        "publisher": _plain(said(record, "publisher")),
        "doi": _plain(said(record, "identifier")),
        "note": "Synthetic radiographs",
    }
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    return f"@misc{{{record['name']},\n" + ",\n".join(lines) + "\n}"


def _plain(text: str) -> str:
    return one_line("".join(" " if char in "{}\\`" else char for char in text))


def write_notices(folder: Path, record: Mapping[str, Any]) -> None:
    """Write the two files from the release's record."""
    write_text(folder / "LICENSE", _license(record))
    write_text(folder / "CITATION.cff", _citation(record))


def _license(record: Mapping[str, Any]) -> str:
    license_id, source = record["license"], record["source"]
    authors = ", ".join(one_line(author) for author in record["authors"])
    publisher = said(record, "publisher")
    return "\n".join(
        [
            f"{one_line(record['title'])}, version {record['version']}",
            f"by {authors}",
            *([f"published by {publisher}"] if publisher else []),
            "",
            *_terms(license_id),
            "",
            "The films are synthetic: a network drew them that was trained on",
            f"  {one_line(source['title'])}",
            f"  licence: {one_line(source['license'])}",
            f"  cite as: {one_line(source['citation'])}",
            "",
            *_shown(source["films_shown"]),
        ]
    )


def _terms(license_id: str) -> list[str]:
    if license_id == NOT_STATED["license"]:
        return ["No licence is stated for this dataset: there is no permission to use it."]
    return [
        f"This dataset is licensed under {SPDX.get(license_id, license_id)}.",
        "This notice is not the licence. Its text, which alone counts, stands at",
        license_url(license_id),
        "",
        "When you share the dataset or what you make of it, name the title, the version and",
        "the authors above, link the licence, and say what you changed.",
    ]


def _shown(films: int) -> list[str]:
    """What holds for source films that the release shows; nothing where it shows none."""
    if not films:
        return []
    return [
        f"The table audit_pairs shows {films:,} film(s) of that source, for comparison. The",
        "licence above does not cover them: they stay under the licence of the source and its",
        "terms. They were changed: resampled to 8-bit grey of one size; negatives inverted;",
        "mirrored where they were found to face right.",
        "",
    ]


def _citation(record: Mapping[str, Any]) -> str:
    """CITATION.cff 1.2.0: https://github.com/citation-file-format/citation-file-format.

    The source is cited in the message: a reference of its own would need a list of its authors.
    """
    doi = said(record, "identifier")
    spdx = SPDX.get(record["license"], "")
    known = bool(spdx) and spdx not in _NEWER_THAN_CFF
    citation = {
        "cff-version": "1.2.0",
        "message": "If you use this dataset, please cite it as below"
        f"{_source_cited(record['source'])}.",
        "type": "dataset",
        "title": one_line(record["title"]),
        "version": record["version"],
        "abstract": f"{summary(record)}.",
        "authors": [{"name": one_line(author)} for author in record["authors"]],
        "contact": [contact(record)] if contact(record) else [],
        "date-released": said(record, "date"),
        "keywords": list(KEYWORDS),
        "doi": doi if _DOI.fullmatch(doi) else "",
        "url": doi_url(record),
        "license": spdx if known else "",
        "license-url": "" if known else license_url(record["license"]),
    }
    kept = {name: value for name, value in citation.items() if value}
    return yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=10_000)


def _source_cited(source: Mapping[str, Any]) -> str:
    if not source["stated"]:
        return ""
    return f", and the films that its network learnt from: {one_line(source['citation'])}"
