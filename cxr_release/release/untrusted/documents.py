"""Texts that somebody else wrote: bounded before they are read, strict when they are parsed."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from cxr_release import plain_yaml
from cxr_release.errors import ReleaseError
from cxr_release.release.checks.report import CheckReport
from cxr_release.release.untrusted.folder import Folder

LARGEST = 20_000_000
"""Bytes of a JSON document; texts for people are much shorter."""
LARGEST_TEXT = 2_000_000
DEEPEST = 50
LARGEST_YAML = 200_000
"""Characters: PyYAML takes up to two seconds for that many."""


def text_of_file(folder: Folder, name: str, report: CheckReport) -> str | None:
    """A text file as UTF-8; None, with the difference noted, where it is none or is not there.

    That a file is not there `folder.look` and SHA256SUMS say.
    """
    most = LARGEST if name.endswith(".json") else LARGEST_TEXT
    if name not in folder.sizes:
        return None
    if folder.sizes[name] > most:
        report.add(name, f"is {folder.sizes[name]:,} bytes, more than {most:,}: it was not read")
        return None
    try:
        with folder.path(name).open("rb") as stream:
            return stream.read(most).decode("utf-8")
    except UnicodeDecodeError as error:
        report.add(name, f"is not UTF-8: {error.reason} at byte {error.start}")
    except OSError as error:
        report.add(name, f"cannot be read: {error.strerror}")
    return None


def json_of_file(folder: Folder, name: str, report: CheckReport) -> dict[str, Any] | None:
    """A JSON object; None, with the difference noted, where the file holds none."""
    text = text_of_file(folder, name, report)
    if text is None:
        return None
    try:
        value = json.loads(
            text, object_pairs_hook=_once, parse_constant=_refuse, parse_float=_finite
        )
    except (ValueError, RecursionError) as error:
        report.add(name, f"is not JSON: {error}")
        return None
    if not isinstance(value, dict):
        report.add(name, "is not a JSON object")
        return None
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key is a duplicate")
    return made


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits} is not a finite number")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def mapping_of_yaml(text: str, where: str) -> dict[Any, Any]:
    """A YAML mapping.

    Raises:
        ReleaseError: it is none, or is more than plain values.
    """
    if len(text) > LARGEST_YAML:
        raise ReleaseError(f"is {len(text):,} characters of YAML: it was not read", where=where)
    try:
        value = plain_yaml.of_text(text, nodes=LARGEST_YAML, deepest=DEEPEST, dates=True)
    except plain_yaml.NotPlainError as error:
        raise ReleaseError(f"is not plain YAML: {error}", where=where) from None
    if not isinstance(value, dict):
        raise ReleaseError("is not a YAML mapping", where=where)
    return value
