"""The figures: labelled where they show films, and nothing in them that runs."""

from __future__ import annotations

import re

from cxr_release.film_id import source_name
from cxr_release.films import png
from cxr_release.films.png import ancillary
from cxr_release.release.checks.report import CheckReport
from cxr_release.release.documents.figures import figures_due
from cxr_release.release.record import Record
from cxr_release.release.untrusted.folder import Folder
from cxr_release.release.untrusted.png import frame_fault, size_of

LARGEST = 20_000_000
"""Bytes of a figure."""
_RUNS = re.compile(
    rb"<\s*(script|foreignobject|iframe|!entity|set\b|animate)|\son[a-z]+\s*=|javascript:", re.I
)
_LEADS_OUT = re.compile(rb"(?:href|src)\s*=\s*[\"'](?!#|data:image/png;)|url\(\s*[\"']?(?!#)", re.I)


def check_figures(folder: Folder, record: Record, report: CheckReport) -> None:
    """Look at every figure without drawing it; a contact sheet is a film and carries the label."""
    checkpoints = {row.checkpoint for row in record.counts.rows if row.released}
    sheets = {f"figures/{source_name(checkpoint)}.png" for checkpoint in checkpoints}
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
    if not name.startswith("figures/checkpoint-"):
        return "carries metadata beside its picture" if ancillary(data) else ""
    return frame_fault(data) or ("" if png.is_labelled(data) else "carries no provenance label")


def _svg_fault(data: bytes) -> str:
    if _RUNS.search(data):
        return "holds something that runs"
    return "leads out of the file" if _LEADS_OUT.search(data) else ""
