"""The documents of a release, made again from its record and tables, and compared byte for byte."""

from __future__ import annotations

import re
from itertools import zip_longest

import cxr_release
from cxr_release.release.checks.report import CheckReport
from cxr_release.release.documents.rendered import Sources, documents_of
from cxr_release.release.record import RECORD
from cxr_release.release.untrusted.documents import json_of_file, mapping_of_yaml, text_of_file
from cxr_release.release.untrusted.folder import Folder

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
    written = sources.record.software.get("cxr-release", "no version")
    if written != cxr_release.__version__:
        report.note(
            f"written by cxr-release {written}; this is {cxr_release.__version__}: of its documents"
            " hashes and header facts were compared, and the text was not made again"
        )
        _check_facts(folder, sources, report)
        return
    with report.trying(RECORD):
        for name, expected in documents_of(sources).items():
            text = text_of_file(folder, name, report)
            if text is not None:
                _compare(name, text, expected, report)
                report.applied("documents made again and compared byte for byte", 1)


def _compare(name: str, text: str, expected: str, report: CheckReport) -> None:
    if text == expected:
        return
    lines, others = text.split("\n"), expected.split("\n")
    pairs = zip_longest(lines, others)
    different = [(number, *pair) for number, pair in enumerate(pairs, 1) if pair[0] != pair[1]]
    # After a line too many or too few, all that follow differ.
    shown = different[: MOST_LINES if len(lines) == len(others) else 1]
    for number, line, other in shown:
        is_there, would_be = _quoted(line, other)
        report.add(f"{name}: line {number}", f"is {is_there} / would be {would_be}", _REMEDY)
    if len(different) > len(shown):
        report.add(name, f"{len(different) - len(shown):,} more lines differ", _REMEDY)


_REMEDY = "fetch it again, or make the release again"


def _quoted(line: str | None, other: str | None) -> tuple[str, str]:
    """The parts of two lines in which they differ first."""
    if line is None or other is None:
        ends = ("no line" if one is None else repr(one[:_WIDTH]) for one in (line, other))
        is_there, would_be = ends
        return is_there, would_be
    pairs = enumerate(zip_longest(line, other))
    first = next(place for place, (one, two) in pairs if one != two)
    start = max(0, first - _WIDTH // 2)
    is_there, would_be = (
        f"{'…' * bool(start)}{one[start : start + _WIDTH]!r}{'…' * (len(one) > start + _WIDTH)}"
        for one in (line, other)
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
        one["config_name"]: sum(split["num_examples"] for split in one["splits"])
        for one in header["dataset_info"]
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
    for one in document["distribution"]:
        if "contentUrl" in one:
            name = str(one["contentUrl"])
            true = sources.hashes.get(name)
            report.says(f"{_CROISSANT}: {name}, sha256", one.get("sha256"), true, "its bytes")
