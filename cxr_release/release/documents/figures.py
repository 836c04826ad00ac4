"""The pictures of the card: contact sheets of released films, curves, the power of the audit."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cxr_release.errors import REMAKE, ReleaseError
from cxr_release.files import whole_file
from cxr_release.film_id import FilmId, Origin, checkpoint_of, origin_of
from cxr_release.films import png
from cxr_release.films.png import Film
from cxr_release.json_documents import read
from cxr_release.radiographs.contact_sheet import contact_sheet
from cxr_release.release.contents import Contents, spread
from cxr_release.release.documents.copies import FAMILIES
from cxr_release.release.documents.markdown import one_line
from cxr_release.release.inputs import STUDY, AuditReport, ReleaseInputs, ScorecardReport
from cxr_release.release.record import Recall, Record, Scorecard
from cxr_release.scorecard.figures import names_due

COLUMNS = 8
POWER = "figures/power.png"
"""Drawn where copies were planted and the share found means something."""
STRIP = "figures/films.png"
"""Some films of the source that the config `default` opens with: the card's first picture."""
IN_A_STRIP = 8
"""Films of `STRIP`, in one row."""


COPIED = {
    **{f"checkpoints/{name}": name for name in ("losses", "distances", "quality", "bands")},
    "screening/reasons": "reasons",
    "prescreen/roc": "prescreen",
    "audit/distances": "audit",
}
"""Figure of an earlier stage → its name in the release."""


def figures_due(record: Record) -> list[str]:
    """Names of the figures that every card shows, but for its contact sheets."""
    audit, study = record.metrics.audit, record.metrics.reader_study
    names = [f"figures/{name}.png" for name in _copied(record.params.trains).values()]
    names += [POWER] * bool(audit.power and not audit.power_note)
    names += [f"figures/{name}" for name in score_figures(record.metrics.scorecard)]
    return names + [f"figures/{name}.png" for name in STUDY.values() if study.ratings]


def _copied(trains: bool) -> dict[str, str]:
    """Those of `COPIED` that a release has: without training there is nothing to draw of it."""
    kept = COPIED.items()
    return {made: name for made, name in kept if trains or not made.startswith("checkpoints/")}


def score_figures(scorecard: Scorecard | None) -> list[str]:
    """Names of the pictures that a scorecard has."""
    return [] if scorecard is None else names_due(scorecard.plain())


def sheet_file(source: str) -> str:
    """Name of the contact sheet of a source below the release folder."""
    name = source if checkpoint_of(source) is not None else f"{_ELSEWHERE}{source}"
    return f"figures/{name}.png"


def is_sheet(file: str) -> bool:
    """Whether a file of a release is named as a contact sheet, which shows films."""
    return file == STRIP or file.startswith(("figures/checkpoint-", f"figures/{_ELSEWHERE}"))


_ELSEWHERE = "source-"
"""Before the names of other sources: people choose them, and other figures have names."""


def write_figures(
    folder: Path,
    inputs: ReleaseInputs,
    contents: Contents,
    shown: Mapping[str, bytes],
    opening: str,
) -> None:
    """Write `figures/`.

    Args:
        folder: the release folder.
        inputs: the artefacts.
        contents: what goes out.
        shown: film id → PNG bytes, of the films that contact sheets show.
        opening: the source of `STRIP`; empty where no film is released.
    """
    figures = folder / "figures"
    figures.mkdir()
    drawn_here = any(checkpoint_of(source) is not None for source in contents.shards)
    for made, name in _copied(drawn_here).items():
        stage, _, file = made.partition("/")
        _copy_picture(getattr(inputs, stage) / f"{file}.png", figures / f"{name}.png")
    audit = read(inputs.audit / "audit.json", AuditReport)
    if audit.power and not audit.power_note:
        draw_power(folder / POWER, audit.power)
    for name in names_due(read(inputs.score / "scorecard.json", ScorecardReport).plain()):
        _copy_picture(inputs.score / name, figures / name)
    for name, published in STUDY.items() if (inputs.study / "realism.png").exists() else ():
        _copy_picture(inputs.study / f"{name}.png", figures / f"{published}.png")
        # Drawn from numbers alone, without a date or an author.
        shutil.copyfile(inputs.study / f"{name}.svg", figures / f"{published}.svg")
    for source, chosen in contents.shown.items():
        films = {film: png.decode(shown[film], where=film) for film in chosen}
        _write_sheet(folder / sheet_file(source), films, origin_of(source))
        if source == opening:
            row = {film: films[film] for film in spread(chosen, IN_A_STRIP)}
            _write_sheet(folder / STRIP, row, origin_of(source), captions=False)


def _write_sheet(
    path: Path, films: Mapping[str, Film], origin: Origin, *, captions: bool = True
) -> None:
    below = [_caption(film) for film in films] if captions else []
    columns = COLUMNS if captions else len(films)
    sheet = contact_sheet(list(films.values()), below, columns=columns)
    # Synthetic films stay labelled when they are shown together.
    path.write_bytes(png.encode(np.asarray(sheet), synthetic=True, origin=origin))


def _caption(film: str) -> str:
    parsed = FilmId.parse(film)
    return film.removeprefix(f"{parsed.source}-") if parsed else film


def draw_power(path: Path, power: Sequence[Recall]) -> None:
    """The share of planted copies that the audit finds, with its interval, by alteration, as PNG.

    Kinds of alteration stand in the order in which they come; of each, what the audit finds worst
    comes first. The same numbers give the same bytes.

    Args:
        path: the PNG.
        power: of each alteration; their shares are known.
    """
    families: dict[str, list[Recall]] = {}
    for row in power:
        families.setdefault(row.family, []).append(row)
    left, right, step, size = 430, 1190, 34, 26
    top, bottom = 20, 20 + step * (len(power) + len(families))
    picture = Image.new("L", (right + 190, bottom + 110), 255)
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size)

    def across(part: float) -> int:
        return round(left + part * (right - left))

    def write(place: tuple[float, float], text: str, anchor: str, fill: int = 0) -> None:
        # The font that Pillow brings has no minus sign.
        plain = one_line(text).replace("−", "-")[:30]
        pen.text(place, plain, fill=fill, font=font, anchor=anchor)

    for percent in range(0, 101, 25):
        place = across(percent / 100)
        pen.line([(place, top), (place, bottom)], fill=220, width=2)
        write((place, bottom + 26), f"{percent}", "mm")
    label = "planted copies found, %, with 95 % interval"
    pen.text(((left + right) / 2, bottom + 72), label, fill=0, font=font, anchor="mm")
    line = 0
    for family, rows in families.items():
        middle = top + step * line + step // 2
        write((20, middle), FAMILIES.get(family, family), "lm", fill=110)
        pen.line([(20, middle + step // 2), (left - 24, middle + step // 2)], fill=200, width=2)
        line += 1
        for row in sorted(rows, key=lambda row: (row.recall, row.low)):
            middle = top + step * line + step // 2
            write((left - 24, middle), str(row.alteration), "rm")
            write((right + 170, middle), f"{row.found:,} of {row.planted:,}", "rm")
            ends = (across(getattr(row, end)) for end in ("low", "recall", "high"))
            _draw_interval(pen, middle, *ends)
            line += 1
    with whole_file(path) as partial:
        picture.save(partial, format="PNG")


def _draw_interval(pen: ImageDraw.ImageDraw, middle: int, low: int, value: int, high: int) -> None:
    """A dot at `value` and a bar from `low` to `high`, in pixels, about a line at `middle`."""
    pen.line([(low, middle), (high, middle)], fill=120, width=6)
    for end in (low, high):
        pen.line([(end, middle - 8), (end, middle + 8)], fill=120, width=4)
    pen.ellipse([(value - 8, middle - 8), (value + 8, middle + 8)], fill=0)


def _copy_picture(source: Path, target: Path) -> None:
    """Copy the pixels of a picture and nothing that its maker wrote beside them."""
    try:
        with Image.open(source, formats=["PNG"]) as picture:
            bare = Image.frombytes("RGB", picture.size, picture.convert("RGB").tobytes())
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise ReleaseError("is not a complete PNG", where=str(source), remedy=REMAKE) from None
    with whole_file(target) as partial:
        bare.save(partial, format="PNG", optimize=True)
