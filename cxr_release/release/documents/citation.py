"""LICENSE and CITATION.cff of a release, and what other documents cite of it."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import quote

import yaml

from cxr_release.licenses import OTHERS, SPDX, creative_commons_url
from cxr_release.params.identity import NOT_STATED
from cxr_release.release.documents.drawn_elsewhere import drawn_by, origins
from cxr_release.release.documents.markdown import one_line
from cxr_release.release.record import Ingest, Record, Source

KEYWORDS = ("synthetic data", "radiograph", "x-ray", "diffusion model")
"""What a release is about whose films were drawn here, for those who look for it."""

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


Stated = Literal[
    "purpose", "publisher", "funding", "interests", "ethics", "identifier", "date", "contact"
]
"""Texts of a record that people give, or leave empty."""


def doi_url(record: Record) -> str:
    """Where the release's DOI leads; empty without one."""
    identifier = stated(record, "identifier")
    return f"https://doi.org/{quote(identifier, safe='/:;()')}" if identifier else ""


def stated(record: Record, key: Stated) -> str:
    """One of the texts that people give, on one line; empty where none is given."""
    return one_line(getattr(record, key))


def keywords(record: Record) -> tuple[str, ...]:
    """What the release is about, for those who look for it."""
    # What kind of model another generator is, only its makers know.
    words = KEYWORDS if record.params.trains else KEYWORDS[:-1]
    shows = one_line(record.source.shows)
    return (*words, shows) if shows else words


def tags_of(source: Source) -> list[str]:
    """Part of the body and view as a tag of the Hub; none where nobody has stated them."""
    words = re.findall(r"[a-z0-9]+", source.shows.lower())
    return ["-".join(words)] if words else []


def summary(record: Record) -> str:
    """What the release is, in one sentence."""
    released, size = record.counts.total.released, record.params.ingest.film_size
    films = "radiograph" if released == 1 else "radiographs"
    return (
        f"{released:,} synthetic {films} of {size} pixels, 8-bit grey, {drawn_by(record)}; part of"
        f" the body and view of the source films: {one_line(record.source.shows) or 'not stated'}"
    )


def contact(record: Record) -> dict[str, str]:
    """Whom to write to: `name`, and `website` or `email`; empty where no address is given."""
    address = stated(record, "contact")
    name = stated(record, "publisher") or one_line(record.authors[0])
    if _WEB.fullmatch(address):
        return {"name": name, "website": address}
    return {"name": name, "email": address} if _MAIL.fullmatch(address) else {}


def bibtex(record: Record) -> str:
    """A BibTeX entry: braces and backslashes of the values dropped, they would end a field."""
    fields = {
        "title": f"{{{_plain(record.title)}}}",
        "author": " and ".join(f"{{{_plain(author)}}}" for author in record.authors),
        # "No date", as citation styles write it: a year of nobody's would be made up.
        "year": stated(record, "date")[:4] or "n.d.",
        "version": record.version,
        "publisher": _plain(stated(record, "publisher")),
        "doi": _plain(stated(record, "identifier")),
        "note": "Synthetic radiographs",
    }
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    return f"@misc{{{record.name},\n" + ",\n".join(lines) + "\n}"


def _plain(text: str) -> str:
    return one_line("".join(" " if char in "{}\\`" else char for char in text))


def license_notice(record: Record) -> str:
    """The text of LICENSE."""
    license_id, source = record.license, record.source
    authors = ", ".join(one_line(author) for author in record.authors)
    publisher = stated(record, "publisher")
    return "\n".join(
        [
            f"{one_line(record.title)}, version {record.version}",
            f"by {authors}",
            *([f"published by {publisher}"] if publisher else []),
            "",
            *terms(license_id),
            "",
            *_others(record),
            *_said_of_source(record),
            f"  {one_line(source.title)}",
            f"  licence: {one_line(source.license)}",
            f"  cite as: {one_line(source.citation)}",
            "",
            *_shown(source.films_shown, record.metrics.ingest),
        ]
    )


def _others(record: Record) -> list[str]:
    """Films of other makers, with their licences as stated."""
    if not record.elsewhere:
        return []
    return [
        "Films that other generators drew, with their licences as these were stated; whether they",
        "go together with that of this dataset is not judged here:",
        *(f"  {line}" for line in origins(record)),
        "",
        *(["Of all other films:"] if record.params.trains else []),
    ]


def _said_of_source(record: Record) -> list[str]:
    """What the films of the source are to this dataset, as a line above their title."""
    if record.params.trains:
        if record.params.sample.beside:
            return ["The films are synthetic: two networks drew them that were each trained on"]
        return ["The films are synthetic: a network drew them that was trained on"]
    return [
        "No film was drawn by a network that was trained here. The films were compared with",
    ]


def terms(license_id: str, what: str = "dataset") -> list[str]:
    """What a LICENSE says of a licence, in lines.

    Args:
        license_id: as the Hub writes it.
        what: is licensed.
    """
    if license_id == NOT_STATED["license"]:
        return [f"No licence is stated for this {what}: there is no permission to use it."]
    return [
        f"This {what} is licensed under {SPDX.get(license_id, license_id)}.",
        "This notice is not the licence. Its text, which alone counts, stands at",
        license_url(license_id),
        "",
        f"When you share the {what} or what you make of it, name the title, the version and",
        "the authors above, link the licence, and say what you changed.",
    ]


def _shown(films: int, ingest: Ingest) -> list[str]:
    """What holds for source films that the release shows; nothing where it shows none."""
    if not films:
        return []
    greys = "; negatives inverted" if ingest.inverted else ""
    sides = ["mirrored where they were found to face right."] if ingest.flipped else []
    end = ";" if sides else "."
    return [
        f"The table audit_pairs shows {films:,} film(s) of that source, for comparison. The",
        "licence above does not cover them: they stay under the licence of the source and its",
        f"terms. They were changed: resampled to 8-bit grey of one size{greys}{end}",
        *sides,
        "",
    ]


def citation(record: Record) -> str:
    """The text of CITATION.cff, version 1.2.0: https://github.com/citation-file-format/citation-file-format.

    The source is cited in the message: a reference of its own would need a list of its authors.
    """
    doi = stated(record, "identifier")
    spdx = SPDX.get(record.license, "")
    known = bool(spdx) and spdx not in _NEWER_THAN_CFF
    fields = {
        "cff-version": "1.2.0",
        "message": f"If you use this dataset, please cite it as below{_source_cited(record)}.",
        "type": "dataset",
        "title": one_line(record.title),
        "version": record.version,
        "abstract": f"{summary(record)}.",
        "authors": [{"name": one_line(author)} for author in record.authors],
        "contact": [contact(record)] if contact(record) else [],
        "date-released": stated(record, "date"),
        "keywords": list(keywords(record)),
        "doi": doi if _DOI.fullmatch(doi) else "",
        "url": doi_url(record),
        "license": spdx if known else "",
        "license-url": "" if known else license_url(record.license),
    }
    kept = {name: value for name, value in fields.items() if value}
    return yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=10_000)


def _source_cited(record: Record) -> str:
    source = record.source
    if not source.stated:
        return ""
    films = "its network learnt from" if record.params.trains else "it was compared with"
    return f", and the films that {films}: {one_line(source.citation)}"
