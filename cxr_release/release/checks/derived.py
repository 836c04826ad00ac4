"""The documents of a release, made again from its record and tables and compared byte for byte.

And its figures: labelled where they show films, and with nothing in them that runs.
"""

from __future__ import annotations

import re
from itertools import zip_longest

import cxr_release
from cxr_release.films import png
from cxr_release.films.png import ancillary
from cxr_release.release.checks.report import CheckReport
from cxr_release.release.documents.figures import STRIP, figures_due, is_sheet, sheet_file
from cxr_release.release.documents.rendered import Sources, documents_of
from cxr_release.release.layout import DATASHEET
from cxr_release.release.record import RECORD, Record
from cxr_release.release.untrusted.folder import Folder
from cxr_release.release.untrusted.readers import (
    frame_fault,
    json_of_file,
    mapping_of_yaml,
    size_of,
    text_of_file,
)

LARGEST = 20_000_000
"""Bytes of a figure."""
_RUNS = re.compile(
    rb"<\s*(script|foreignobject|iframe|!entity|set\b|animate)|\son[a-z]+\s*=|javascript:", re.I
)
_LEADS_OUT = re.compile(rb"(?:href|src)\s*=\s*[\"'](?!#|data:image/png;)|url\(\s*[\"']?(?!#)", re.I)


def check_figures(folder: Folder, record: Record, report: CheckReport) -> None:
    """Look at every figure without drawing it; a contact sheet is a film and carries the label."""
    sheets = {sheet_file(row.job[0]) for row in record.counts.rows if row.released}
    for name in sorted(sheets - {*folder.sizes}):
        report.add(name, "no such contact sheet")
    for name in figures_due(record):
        if name not in folder.sizes:
            report.add(name, "no such figure")
    figures = [name for name in folder.sizes if name.startswith("figures/")]
    for name in figures:
        if folder.sizes[name] > LARGEST:
            report.add(name, f"is {folder.sizes[name]:,} bytes: it was not read")
            continue
        with report.trying(name):
            data = folder.path(name).read_bytes()
            fault = _svg_fault(data) if name.endswith(".svg") else _png_fault(name, data)
            if fault:
                report.add(name, fault)
    report.applied("figures looked at", len(figures))


def _png_fault(name: str, data: bytes) -> str:
    size = size_of(data)
    if size is None:
        return "is not a PNG"
    if not 0 < size[0] * size[1] <= png.MAX_PIXELS:
        return f"is {size[0]:,} × {size[1]:,} pixels, and was not opened"
    if not is_sheet(name):
        return "carries metadata beside its picture" if ancillary(data) else ""
    return frame_fault(data) or ("" if png.is_labelled(data) else "carries no provenance label")


def _svg_fault(data: bytes) -> str:
    if _RUNS.search(data):
        return "holds something that runs"
    return "leads out of the file" if _LEADS_OUT.search(data) else ""


MADE_AGAIN = "documents made again and compared byte for byte"
MOST_LINES = 10
"""Lines of a document that are shown where it differs; of other ones there is only their number."""
_WIDTH = 80
"""Characters of a line that are shown around the first one that differs."""
_CARD, _CITATION, _CROISSANT = "README.md", "CITATION.cff", "croissant.json"
_HEADER = re.compile(r"\A---\n(.*?\n)---\n", re.DOTALL)


def check_documents(folder: Folder, sources: Sources, report: CheckReport) -> None:
    """Hold every document against the one that this version of the package makes.

    A release of another version is written in other words: of its documents only some facts can
    be compared, and the report says so.
    """
    written = written_by(sources.record)
    if written != cxr_release.__version__:
        report.note(
            f"written by cxr-release {written}; this is {cxr_release.__version__}: of its documents"
            " hashes and header facts were compared; their text was not made again, nor were the"
            " sentences of release.json"
        )
        _check_facts(folder, sources, report)
        return
    # Of `NOTICES` `folder.look` says it; releases of before there were these lack them.
    due = [DATASHEET, *[STRIP] * bool(sources.record.counts.total.released)]
    for name in due:
        if name not in folder.sizes:
            report.add(name, "no such file")
    with report.trying(RECORD):
        for name, expected in documents_of(sources).items():
            text = text_of_file(folder, name, report)
            if text is not None:
                _compare(name, text, expected, report)
                report.applied(MADE_AGAIN, 1)


def written_by(record: Record) -> str:
    """The version of the tool that wrote a release."""
    return record.software.get("cxr-release", "no version")


def _compare(name: str, text: str, expected: str, report: CheckReport) -> None:
    if text == expected:
        return
    lines, expected_lines = text.split("\n"), expected.split("\n")
    pairs = zip_longest(lines, expected_lines)
    different = [(number, *pair) for number, pair in enumerate(pairs, 1) if pair[0] != pair[1]]
    # After a line too many or too few, all that follow differ.
    shown = different[: MOST_LINES if len(lines) == len(expected_lines) else 1]
    for number, line, other in shown:
        is_there, would_be = _quoted(line, other)
        report.add(f"{name}: line {number}", f"is {is_there} / would be {would_be}", _REMEDY)
    if len(different) > len(shown):
        report.add(name, f"{len(different) - len(shown):,} more lines differ", _REMEDY)


_REMEDY = "fetch it again, or make the release again"


def _quoted(line: str | None, other: str | None) -> tuple[str, str]:
    """The parts of two lines in which they differ first."""
    if line is None or other is None:
        ends = ("no line" if text is None else repr(text[:_WIDTH]) for text in (line, other))
        is_there, would_be = ends
        return is_there, would_be
    pairs = enumerate(zip_longest(line, other))
    first = next(place for place, (left, right) in pairs if left != right)
    start = max(0, first - _WIDTH // 2)
    is_there, would_be = (
        f"{'…' * bool(start)}{text[start : start + _WIDTH]!r}{'…' * (len(text) > start + _WIDTH)}"
        for text in (line, other)
    )
    return is_there, would_be


def _check_facts(folder: Folder, sources: Sources, report: CheckReport) -> None:
    """What documents of any version say in the same place."""
    for name, check in ((_CARD, _card), (_CITATION, _citation), (_CROISSANT, _croissant)):
        with report.trying(name):
            check(folder, sources, report)


def _card(folder: Folder, sources: Sources, report: CheckReport) -> None:
    text = text_of_file(folder, _CARD, report)
    if text is None:
        return
    parts = _HEADER.match(text)
    if not parts:
        report.add(_CARD, "has no YAML header")
        return
    header = mapping_of_yaml(parts[1], f"{_CARD}: header")
    stated = header.get("license")
    report.says(f"{_CARD}: header, license", stated, sources.record.license, RECORD)
    rows = {
        info["config_name"]: sum(split["num_examples"] for split in info["splits"])
        for info in header["dataset_info"]
    }
    true = {config.name: config.rows for config in sources.configs if config.opens}
    report.says(f"{_CARD}: header, rows of configs", rows, true)


def _citation(folder: Folder, sources: Sources, report: CheckReport) -> None:
    text = text_of_file(folder, _CITATION, report)
    if text is not None:
        stated = mapping_of_yaml(text, _CITATION).get("version")
        report.says(f"{_CITATION}: version", stated, sources.record.version, RECORD)


def _croissant(folder: Folder, sources: Sources, report: CheckReport) -> None:
    document = json_of_file(folder, _CROISSANT, report)
    if document is None:
        return
    stated = document.get("version")
    report.says(f"{_CROISSANT}: version", stated, sources.record.version, RECORD)
    for file in document["distribution"]:
        if "contentUrl" in file:
            name = str(file["contentUrl"])
            true = sources.hashes.get(name)
            report.says(f"{_CROISSANT}: {name}, sha256", file.get("sha256"), true, "its bytes")
