"""What a score must reach, for those who let a program decide whether a release goes on."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from cxr_release.errors import ParamsError
from cxr_release.scorecard.names import PARTS

EXIT = 3
"""Code with which a command ends that did all it was to do, where a part lies below its limit."""
_LIMIT = re.compile(r"([a-z]+)=([0-9]{1,3}(?:\.[0-9]{1,6})?)")


def limits_of(texts: Sequence[str]) -> dict[str, float]:
    """Part → the least number that it must have.

    Args:
        texts: each `PART=NUMBER`, of 100, such as `privacy=50`.

    Raises:
        ParamsError: one is not of that kind, or two are of one part.
    """
    limits: dict[str, float] = {}
    for text in texts:
        match = _LIMIT.fullmatch(text)
        if not match or match[1] not in PARTS or float(match[2]) > 100 or match[1] in limits:
            raise ParamsError(
                f"{text[:40]!r} is not a limit, or its part has one already",
                where="--fail-below",
                remedy=f"give PART=NUMBER of 100, such as privacy=50; parts: {', '.join(PARTS)}",
            )
        limits[match[1]] = float(match[2])
    return limits


def below(summary: Mapping[str, Any], limits: Mapping[str, float]) -> list[str]:
    """A sentence for each part that does not reach its limit.

    Args:
        summary: see `summary.summary_of`. A part that was not measured reaches no limit.
        limits: see `limits_of`.
    """
    sentences = []
    for part, least in limits.items():
        number = summary[part]
        if number is None:
            sentences.append(f"{part} was not measured, and is to be {least:g} or more")
        elif number < least:
            sentences.append(f"{part} is {number:g}, and is to be {least:g} or more")
    return sentences


def require_reached(summary: Mapping[str, Any], limits: Mapping[str, float]) -> None:
    """Say on standard error which parts are below their limits.

    Raises:
        SystemExit: any is, with the code `EXIT`.
    """
    if sentences := below(summary, limits):
        sys.stderr.write("".join(f"below its limit: {sentence}\n" for sentence in sentences))
        raise SystemExit(EXIT)
