"""DataCite metadata of a release: what a repository needs to give it a DOI.

Kernel 4.6, as JSON and as XML: https://datacite-metadata-schema.readthedocs.io/en/4.6/. Everything
follows from the release's record but the year of publication, which no machine's clock may tell.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Any

from cxr_release.errors import ReleaseError
from cxr_release.licenses import SPDX
from cxr_release.release.documents.citation import (
    contact,
    keywords,
    license_url,
    stated,
    summary,
)
from cxr_release.release.documents.drawn_elsewhere import origins
from cxr_release.release.documents.markdown import one_line
from cxr_release.release.record import Record

KERNEL = "http://datacite.org/schema/kernel-4"
_LOCATION = f"{KERNEL} https://schema.datacite.org/meta/kernel-4.6/metadata.xsd"
_UNASSIGNED = "(:tba)"
"""DataCite's word for an identifier that is to be assigned later."""

_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]+")
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
REQUIRED = ("creators", "titles", "publisher", "publicationYear", "types", "schemaVersion")
"""Properties that DataCite asks of everybody, beside the identifier that it gives."""


def datacite(record: Record, *, year: int | None, size: int) -> dict[str, Any]:
    """The metadata as DataCite's JSON.

    Args:
        record: what the release's `release.json` holds.
        year: year of publication; None: of the record's date.
        size: bytes of the release folder.

    Raises:
        ReleaseError: the year is not given, or none; or a required property is empty.
    """
    doi = stated(record, "identifier")
    funding, publisher = stated(record, "funding"), stated(record, "publisher")
    metadata: dict[str, Any] = {
        "doi": doi,
        "identifiers": [{"identifier": doi, "identifierType": "DOI"}] if doi else [],
        "creators": [{"name": name} for name in _names(record.authors)],
        "titles": [{"title": one_line(record.title)}],
        "publisher": {"name": publisher or "; ".join(_names(record.authors))},
        "publicationYear": str(_year(record, year)),
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Synthetic radiographs"},
        "subjects": [{"subject": word} for word in keywords(record)],
        "contributors": [
            {"name": person["name"], "contributorType": "ContactPerson"}
            for person in _contacts(record)
        ],
        "language": "en",
        "relatedIdentifiers": [
            {
                "relatedIdentifier": doi_of_source,
                "relatedIdentifierType": "DOI",
                "relationType": "IsDerivedFrom" if record.params.trains else "References",
            }
            for doi_of_source in _dois(record.source.citation)
        ],
        "sizes": [f"{record.counts.total.released} films", f"{size} bytes"],
        "formats": ["application/vnd.apache.parquet", "image/png", "text/markdown"],
        "version": record.version,
        "rightsList": [_rights(record.license)],
        "descriptions": _descriptions(record),
        "fundingReferences": [{"funderName": funding}] if funding else [],
        "schemaVersion": KERNEL,
    }
    kept = {name: value for name, value in metadata.items() if value}
    missing = [name for name in REQUIRED if not kept.get(name)]
    if missing or not metadata["titles"][0]["title"]:
        raise ReleaseError(
            f"DataCite asks for {', '.join(missing or ['titles'])}", where="datacite"
        )
    return kept


def to_xml(metadata: Mapping[str, Any]) -> bytes:
    """The same metadata as DataCite's XML; an identifier is to be assigned where none is given."""
    root = ET.Element(
        "resource",
        {
            "xmlns": KERNEL,
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            "xsi:schemaLocation": _LOCATION,
        },
    )
    _add(root, "identifier", metadata.get("doi", _UNASSIGNED), identifierType="DOI")
    creators = ET.SubElement(root, "creators")
    for creator in metadata["creators"]:
        _add(ET.SubElement(creators, "creator"), "creatorName", creator["name"])
    _list(root, "titles", "title", metadata["titles"])
    _add(root, "publisher", metadata["publisher"]["name"])
    _add(root, "publicationYear", metadata["publicationYear"])
    kinds = metadata["types"]
    general = kinds["resourceTypeGeneral"]
    _add(root, "resourceType", kinds["resourceType"], resourceTypeGeneral=general)
    _list(root, "subjects", "subject", metadata["subjects"])
    contributors = ET.SubElement(root, "contributors")
    for person in metadata.get("contributors", []):
        kind = {"contributorType": person["contributorType"]}
        contributor = ET.SubElement(contributors, "contributor", kind)
        _add(contributor, "contributorName", person["name"])
    _add(root, "language", metadata["language"])
    _list(root, "relatedIdentifiers", "relatedIdentifier", metadata.get("relatedIdentifiers", []))
    _list(root, "sizes", "size", [{"size": text} for text in metadata["sizes"]])
    _list(root, "formats", "format", [{"format": text} for text in metadata["formats"]])
    _add(root, "version", metadata["version"])
    rights = [
        {name.replace("Uri", "URI"): value for name, value in entry.items()}
        for entry in metadata["rightsList"]
    ]
    _list(root, "rightsList", "rights", rights)
    _list(root, "descriptions", "description", metadata["descriptions"])
    funding = ET.SubElement(root, "fundingReferences")
    for reference in metadata.get("fundingReferences", []):
        _add(ET.SubElement(funding, "fundingReference"), "funderName", reference["funderName"])
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _add(parent: ET.Element, tag: str, text: str, **attributes: str) -> None:
    safe = {name: _NOT_IN_XML.sub("", value) for name, value in attributes.items()}
    ET.SubElement(parent, tag, safe).text = _NOT_IN_XML.sub("", text)


def _list(parent: ET.Element, tag: str, each: str, values: Sequence[Mapping[str, str]]) -> None:
    """A list of elements whose text stands under their own name; the rest are attributes."""
    element = ET.SubElement(parent, tag)
    for value in values:
        rest = {name: text for name, text in value.items() if name != each}
        _add(element, each, value[each], **rest)


def _year(record: Record, year: int | None) -> int:
    date = stated(record, "date")
    published = year if year is not None else int(date[:4]) if re.match(r"\d{4}", date) else None
    if published is None or not 1900 <= published <= 9999:
        raise ReleaseError(
            "the year of publication is not given"
            if published is None
            else f"{published} is not a year",
            where="datacite: publicationYear",
            remedy="give it, such as --year 2026",
        )
    return published


def _names(authors: Sequence[str]) -> list[str]:
    return [name for name in map(one_line, authors) if name]


def _contacts(record: Record) -> list[dict[str, str]]:
    person = contact(record)
    return [person] if person else []


def _dois(text: str) -> list[str]:
    """DOIs that a citation names, without the full stop or bracket that ends the sentence."""
    return list(dict.fromkeys(doi.rstrip(".,;:)]}'") for doi in _DOI.findall(one_line(text))))


def _rights(license_id: str) -> dict[str, str]:
    spdx = SPDX.get(license_id)
    known = {
        "rightsIdentifier": spdx or "",
        "rightsIdentifierScheme": "SPDX",
        "schemeUri": "https://spdx.org/licenses/",
    }
    return {
        "rights": spdx or license_id,
        "rightsUri": license_url(license_id),
        **(known if spdx else {}),
    }


def _descriptions(record: Record) -> list[dict[str, str]]:
    source = record.source
    purpose, method = stated(record, "purpose"), _method(record)
    films = "Training films" if record.params.trains else "Compared with"
    origin = (
        f"{films}: {one_line(source.title)}; licence: {one_line(source.license)};"
        f" cite as: {one_line(source.citation)}"
    )
    texts = [
        ("Abstract", f"{summary(record)}. {purpose}".strip()),
        ("Methods", method),
        ("Other", origin),
        *(("Other", f"Drawn elsewhere: {line}") for line in origins(record)),
    ]
    return [{"description": text, "descriptionType": kind} for kind, text in texts]


def _method(record: Record) -> str:
    states = ", ".join(
        f"{name.replace('_', ' ')}: {getattr(record.reviews, name).state}"
        for name in ("audit", "reader_study", "screening")
    )
    return (
        f"{'Drawn, screened' if record.params.trains else 'Screened, searched for copies'} and"
        f" packaged by cxr-release {record.software['cxr-release']}; all"
        f" parameters and numbers stand in release.json. State of the reviews: {states}."
    )
