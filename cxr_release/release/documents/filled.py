"""What card and datasheet print: the templates of this package, filled from a release's record.

The words stand in the templates, the numbers in the record: none is typed by hand. Card and
datasheet share no section. A link to a heading of the other document stands in a template as one to
a heading of its own; it is led there when both are made.
"""

from __future__ import annotations

import math
import posixpath
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING, Any

from cxr_release import schemas
from cxr_release.clearance.ocr import FOUND, PLANTED
from cxr_release.film_id import source_name, source_title
from cxr_release.memorization.list_length import KEPT
from cxr_release.release.configs import Config, opening_source
from cxr_release.release.contents import ON_A_SHEET
from cxr_release.release.documents.citation import bibtex, doi_url, license_url
from cxr_release.release.documents.copies import in_words
from cxr_release.release.documents.facing import facing_of
from cxr_release.release.documents.figures import IN_A_STRIP, POWER, sheet_file
from cxr_release.release.documents.markdown import FILTERS, Ready, finalize
from cxr_release.release.documents.scale import scale_of
from cxr_release.release.layout import DATASHEET
from cxr_release.release.record import Calibration, JobCounts, Record, Scorecard, Shard, Training
from cxr_release.release.versions.published import order_of
from cxr_release.schemas import SMALL
from cxr_release.scorecard.classes.rows import reasons_of
from cxr_release.scorecard.figures import names_due
from cxr_release.scorecard.names import natural, title
from cxr_release.scorecard.summary import LIMITS
from cxr_release.scorecard.weakest import because

if TYPE_CHECKING:
    from jinja2 import Environment

CARD = "README.md"
TOMBSTONES_SHOWN = 20
"""Withdrawn films that the datasheet names; `release.json` has all of them."""
PAIRS_SHOWN = 10
"""Audited pairs in the datasheet; the config `audit_pairs` has all of them."""


@dataclass(frozen=True)
class Sheet:
    """The contact sheet of one source."""

    file: str
    films: int


@dataclass(frozen=True)
class Advice:
    """Which checkpoint's films the card recommends."""

    source: str
    """Its config."""
    reasons: Sequence[str]
    """What speaks for it."""
    overfits: bool
    """Whether the tuning run began to overfit at this checkpoint or before it."""


def bodies_of(
    record: Record, configs: Sequence[Config], pairs: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """File name → Markdown of the card, without its header, and of the datasheet.

    Every text that a template prints is escaped, unless one of `markdown.FILTERS` made it Markdown.

    Args:
        record: what `release.json` holds.
        configs: the finished configs, `default` first.
        pairs: rows of `schemas.AUDIT_PAIRS`.
    """
    facts = _facts(record, configs, pairs)
    template = environment().get_template("facts.md.j2")
    bodies = {
        name: template.render(facts, part=f"{posixpath.basename(name)}.j2").strip() + "\n"
        for name in (CARD, DATASHEET)
    }
    return {name: _led(name, bodies) for name in bodies}


def _facts(
    record: Record, configs: Sequence[Config], pairs: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Name in the templates → value."""
    opening = opening_source(configs)
    sheets = _sheets(record.counts.rows)
    return {
        "release": record.plain(),
        "configs": configs,
        "columns": {config.table.name: config.table.columns for config in configs},
        "use": advice(record, configs),
        "opening": opening,
        "strip": min(sheets[opening].films, IN_A_STRIP) if opening else 0,
        "sheets": sheets,
        "titles": [(name, source_title(name)) for name in record.params.sample.source_names],
        "pairs": pairs[:PAIRS_SHOWN],
        "reasons": {reason.code: reason.meaning for reason in record.reasons},
        "views": schemas.VIEWS,
        "parts": schemas.PARTS,
        "small": SMALL,
        "kept": KEPT,
        "quantiles": _quantiles(record.metrics.audit.calibration),
        "power_figure": POWER,
        "scale": scale_of(record),
        "facing": facing_of(record),
        "autoencoder_step": record.params.autoencoder_step,
        "latent_step": record.params.latent_step,
        "latent_size": record.params.latent_size,
        "texts_found": (FOUND, PLANTED),
        "scored": _scored(record.metrics.scorecard),
        "at_worst": at_worst(record.metrics.training),
        "tombstones": record.tombstones[:TOMBSTONES_SHOWN],
        "film_versions": _film_versions(record.shards),
        "license_url": license_url(record.license),
        "doi_url": Ready(doi_url(record)),
        "bibtex": Ready(bibtex(record)),
    }


def advice(record: Record, configs: Sequence[Config]) -> Advice | None:
    """The first of the recommended checkpoints of which films are released; None of none.

    Args:
        record: what `release.json` holds.
        configs: of the release.
    """
    judged = record.metrics.checkpoints
    if judged is None:
        return None
    rows = {config.name: config.rows for config in configs}
    number = next((each for each in judged.preferred if rows.get(source_name(each))), None)
    if number is None:
        return None
    reasons = next(each.reasons for each in judged.recommended if each.checkpoint == number)
    parted = judged.divergence
    return Advice(source_name(number), reasons, parted is not None and number >= parted)


_HEADING = re.compile(r"^#{2,6} +(.*)$", re.MULTILINE)
"""Of sections: the title is the publishers' own words."""
_TO_A_HEADING = re.compile(r"\]\(#([^)\s]+)\)")
_FIGURE = re.compile(r"!\[([^\]]*)\]\((figures/[^)\s]+)\)")


def _led(name: str, bodies: Mapping[str, str]) -> str:
    """A document with its links led where they belong.

    A figure of the datasheet is a link to its picture, too: where a host shows no pictures of other
    folders in a text, it still opens them.
    """
    other = next(document for document in bodies if document != name)
    folder = posixpath.dirname(name) or "."
    own, others = (
        {_anchor(heading) for heading in _HEADING.findall(bodies[document])}
        for document in (name, other)
    )

    def led(link: re.Match[str]) -> str:
        there = link[1] in others - own
        return f"]({posixpath.relpath(other, folder)}#{link[1]})" if there else link[0]

    text = _TO_A_HEADING.sub(led, bodies[name])
    if folder == ".":
        return text
    return _FIGURE.sub(lambda figure: _linked(figure, folder), text)


def _linked(figure: re.Match[str], folder: str) -> str:
    path = posixpath.relpath(figure[2], folder)
    return f"[![{figure[1]}]({path})]({path})"


def _anchor(heading: str) -> str:
    """The anchor of a heading, as GitHub and the Hub make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@cache
def environment() -> Environment:
    """How the package's templates are filled."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(str(files("cxr_release.release.documents") / "templates")),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - they are Markdown: `finalize` escapes for that
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update({**FILTERS, "copies": in_words, "title": title})
    return environment


SCORE_PARTS = {
    "fidelity": "like real films",
    "utility": "good for something",
    "privacy": "gives nobody away",
    "coverage": "shows every group",
}
"""Part of the scorecard → what 100 would mean."""


def _scored(scorecard: Scorecard | None) -> dict[str, Any] | None:
    """What the card prints of the scorecard beyond its numbers; None where there is none."""
    if scorecard is None:
        return None
    report = scorecard.plain()
    summary = report["summary"]
    weakest = summary["weakest"]
    return {
        "parts": SCORE_PARTS,
        "missing": [part for part in SCORE_PARTS if summary[part] is None],
        "because": because(report, weakest) if weakest else "",
        "checkpoints": sorted(summary["checkpoints"], key=natural),
        "measures": [list(rows) for _, rows in groupby(report["fidelity"], key=_measure)],
        "figures": {name: f"figures/{name}" for name in names_due(report)},
        "class_reasons": {
            row["class"]: reasons_of(row) for row in (report.get("classes") or {}).get("rows", ())
        },
        "limits": LIMITS,
    }


def _measure(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["metric"], row["features"]


def _sheets(counts: Sequence[JobCounts]) -> dict[str, Sheet]:
    """Source → its contact sheet, where any of its films is released."""
    released: Counter[str] = Counter()
    for row in counts:
        released[row.job[0]] += row.released
    return {
        source: Sheet(sheet_file(source), min(films, ON_A_SHEET))
        for source, films in released.items()
        if films
    }


def at_worst(training: Training | None) -> str:
    """How sure ε lets somebody become who began at one half: odds grow at most e^ε times."""
    if training is None or training.privacy is None:
        return ""
    percent = 100 / (1 + math.exp(-training.privacy.epsilon))
    # Rounded up, for it is the most.
    shown = math.ceil(percent * 100) / 100
    return f"{shown:.2f} %" if shown < 100 else "99.99 %, or hardly less than wholly,"


def _film_versions(shards: Mapping[str, Shard]) -> list[str]:
    """The values of the films' column `release_version`, the oldest first."""
    return sorted({shard.version for shard in shards.values() if shard.rows}, key=order_of)


def _quantiles(calibration: Calibration) -> list[str]:
    """Names of the quantiles, from `min` over per cents to `max`: JSON keeps no order of keys."""
    names = set(calibration.synthetic.score) - {"min", "max"}
    return ["min", *sorted(names, key=lambda name: float(name.split()[0])), "max"]
