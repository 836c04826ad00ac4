"""Whole records of a release, for tests of what follows from one."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cxr_release.files import read_json
from cxr_release.release.record import Record
from tests.support.release_artefacts import make_release, small_params


@cache
def _made() -> Any:
    with TemporaryDirectory() as root:
        return read_json(make_release(Path(root), small_params()) / "release.json")


def record_json(changes: Mapping[str, Any] | None = None, /, **more: Any) -> dict[str, Any]:
    """What `release.json` of a small release holds, but for these values."""
    document: dict[str, Any] = copy.deepcopy(_made())
    return merged(document, {**(changes or {}), **more})


def record_of(changes: Mapping[str, Any] | None = None, /, **more: Any) -> Record:
    """The record of a small release, but for these values."""
    return Record.model_validate(record_json(changes, **more))


def changed(record: Record, **changes: Any) -> Record:
    """A record with other values."""
    return Record.model_validate(merged(record.plain(), changes))


def merged(document: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A document with other values; those of mappings take their place one by one."""
    for key, value in changes.items():
        held = document.get(key)
        whole = not isinstance(held, dict) or not isinstance(value, dict)
        document[key] = value if whole else merged(held, value)
    return document
