"""How the card prints texts and numbers.

A text that others wrote is made safe: it can be read there and do nothing else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cxr_release.fidelity.distance_types import waves_of
from cxr_release.film_size import Size
from cxr_release.logbook.logs import by_people
from cxr_release.reader_study import formatting
from cxr_release.statistics.proportions import share_up
from cxr_release.tables import Column

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$!])")
_INSIDE_A_WORD = re.compile(r"(?<=[^\W_])\\_(?=[^\W_])")
_AT_THE_START = re.compile(r"^([-+=])")
_URL = re.compile(r"https?://[A-Za-z0-9.\-_~:/?#@!$&'()*+,;=%]+")
_MAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class Ready(str):
    """Markdown that is meant as such and stands as it is."""

    __slots__ = ()


def one_line(text: str) -> str:
    """`text` without line breaks and invisible characters, spaces collapsed."""
    kept = (
        " " if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else char
        for char in text
    )
    return " ".join("".join(kept).split())


def escape(text: str) -> str:
    """`text` as one line that Markdown and HTML show and do not obey."""
    plain = one_line(text).replace("&", "&amp;")
    escaped = _SPECIAL.sub(r"\\\1", plain)
    return _AT_THE_START.sub(r"\\\1", _INSIDE_A_WORD.sub("_", escaped))


def code(text: object) -> Ready:
    """`text` as a code span."""
    return Ready(f"`{one_line(str(text)).replace('`', chr(0x2019)).replace('|', chr(0xA6))}`")


def link(text: str) -> Ready:
    """An address as a link, anything else as text."""
    plain = one_line(text)
    return Ready(f"<{plain}>" if _URL.fullmatch(plain) or _MAIL.fullmatch(plain) else escape(plain))


def finalize(value: object) -> object:
    """What the card's template does to every value that it prints: escape what is no Markdown."""
    return escape(value) if type(value) is str else value


_ENDS_A_SENTENCE = re.compile(r"[.!?…][)\]\"'”’]*\Z")


def count(value: int) -> Ready:
    """A whole number with commas: 20,063."""
    return Ready(f"{value:,}")


def quantity(value: int, singular: str, plural: str = "") -> Ready:
    """A number and what it counts: 1 film, 1,000 films; `plural` where an s does not make it."""
    return Ready(f"{value:,} {singular if value == 1 else plural or f'{singular}s'}")


def share(part: float, whole: float) -> Ready:
    """A part of a whole in per cent; a dash where there is no whole."""
    return Ready(f"{part / whole:.1%}" if whole else "–")


def percent(part: float) -> Ready:
    """A share, 0 … 1, or a difference of two, in per cent; never −0."""
    return Ready(f"{part:z.1%}")


def bound(share: float) -> Ready:
    """An upper bound of a share in per cent, rounded up: no smaller number is promised."""
    return Ready(share_up(share))


def percents(ends: Sequence[float] | None) -> Ready:
    """An interval of shares, or of differences of them, in per cent and in brackets."""
    if ends is None:
        return Ready("[not known]")
    low, high = ends
    return Ready(f"[{low:z.1%}, {high:z.1%}]")


def p_value(p: float | None) -> Ready:
    """A p as the study's own paragraph has it, which stands beside it."""
    return Ready("undefined" if p is None else formatting.p_of(p))


def shown(equivalent: bool | None) -> Ready:
    """Whether equivalence was shown; that it was not does not mean that there is none."""
    return Ready("shown" if equivalent else "not shown")


def decimals(value: float, places: int) -> Ready:
    """A number with so many decimals; never −0."""
    return Ready(f"{value:z.{places}f}")


def span(values: Sequence[float], places: int) -> Ready:
    """The least and the greatest of some numbers; one of them where both print alike."""
    low, high = (f"{end(values):.{places}f}" for end in (min, max))
    return Ready(low if low == high else f"{low} to {high}")


def megabytes(size: int) -> Ready:
    """Bytes in millions, few ones with more decimals: 1,874.0, 2.05, 0.019."""
    millions = size / 1e6
    places = 1 if millions >= 10 else 2 if millions >= 0.1 else 3
    return Ready(f"{millions:,.{places}f}")


def mean(value: float, places: int) -> Ready:
    """A mean of ratings, as the study's own paragraph has it."""
    return Ready(formatting.mean(value, places))


def measure(point: Mapping[str, Any], metric: str, places: int) -> Ready:
    """A measure of a checkpoint's films, with the ends of its interval where it has one."""
    value = f"{point[metric]:.{places}f}"
    if metric not in point["intervals"]:
        return Ready(value)
    return _with_interval(point[metric], point["intervals"][metric], places)


def with_ends(interval: Mapping[str, Any], places: int) -> Ready:
    """A mean with the ends of its interval: `mean`, `low` and `high`."""
    return _with_interval(interval["mean"], (interval["low"], interval["high"]), places)


def band_power(band: Mapping[str, Any]) -> Ready:
    """Power in a band of the spectrum, over source films' power, with the ends of its interval."""
    return _with_interval(band["power"], band["interval"], 2)


def _with_interval(value: float, interval: Sequence[float], places: int) -> Ready:
    low, high = interval
    # A dash would read as a minus beside a negative end.
    return Ready(f"{value:.{places}f} [{low:.{places}f}, {high:.{places}f}]")


def dash(value: float | None, places: int) -> Ready:
    """A number with so many decimals; a dash where there is none."""
    return Ready("–") if value is None else decimals(value, places)


def by_so_many(tally: Mapping[str, int]) -> Ready:
    """How many things one person, two people … said something of."""
    return Ready(by_people(tally))


def number(value: float) -> Ready:
    """A number in full, or up to four decimals of it."""
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.4f}".rstrip("0").rstrip(".")
    return Ready(text)


def pixels(size: int | Sequence[int]) -> Ready:
    """The size of films: 64 × 64."""
    return Ready(Size.of(size))


def longer_side(size: int | Sequence[int]) -> int:
    """Pixels of a film's longer side."""
    return max(Size.of(size))


def waves(size: int | Sequence[int]) -> Ready:
    """What the waves of a band of the spectrum are counted in."""
    return Ready(waves_of(Size.of(size)))


def kind(column: Column) -> str:
    """A column's type, as the feature that `datasets` gives it."""
    return _feature(column.feature())


def _feature(feature: Mapping[str, Any]) -> str:
    if "_type" not in feature:
        return f"struct of {', '.join(feature)}"
    if feature["_type"] == "List":
        return f"list: {_feature(feature['feature'])}"
    return str(feature.get("dtype", feature["_type"].lower()))


def stated(text: str, missing: str = "Its publishers have not stated it.") -> Ready:
    """What the publishers say, as a sentence; where they say nothing, that they do not.

    Args:
        text: theirs, escaped here.
        missing: of the template, Markdown.
    """
    plain = one_line(text)
    if not plain:
        return Ready(missing)
    return Ready(escape(plain) + ("" if _ENDS_A_SENTENCE.search(plain) else "."))


FILTERS: Mapping[str, Callable[..., object]] = {
    "bound": bound,
    "code": code,
    "link": link,
    "count": count,
    "quantity": quantity,
    "share": share,
    "percent": percent,
    "percents": percents,
    "p_value": p_value,
    "shown": shown,
    "decimals": decimals,
    "span": span,
    "megabytes": megabytes,
    "mean": mean,
    "with_ends": with_ends,
    "measure": measure,
    "band_power": band_power,
    "number": number,
    "dash": dash,
    "by_people": by_so_many,
    "pixels": pixels,
    "longer_side": longer_side,
    "waves": waves,
    "kind": kind,
    "stated": stated,
}
"""Name in the template → filter."""
