"""Ways to break a sound set of artefacts, so that a test can see which rule finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cxr_release import tables
from cxr_release.errors import ReleaseError
from cxr_release.files import read_json, write_json
from cxr_release.params.project import Params
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.release.validate import validate
from cxr_release.tables import Table

Rows = list[dict[str, Any]]
Break = Callable[[ReleaseInputs], None]


def rewrite(path: Path, kind: Table, change: Callable[[Rows], Rows | None]) -> None:
    rows = list(tables.iterate(path, kind))
    changed = change(rows)
    tables.write(path, kind, rows if changed is None else changed)


def rejson(path: Path, change: Callable[[Any], None]) -> None:
    value = read_json(path)
    change(value)
    write_json(path, value)


@contextmanager
def says_otherwise(path: Path, key: str, value: Any) -> Iterator[None]:
    """Within the block a JSON file has another value of a key, or an object with other members."""
    kept = read_json(path)
    write_json(path, kept | {key: kept[key] | value if isinstance(value, dict) else value})
    try:
        yield
    finally:
        write_json(path, kept)


def set_row(part: str, file: str, kind: Table, **values: Any) -> Callable[[ReleaseInputs], None]:
    def change(inputs: ReleaseInputs) -> None:
        path = getattr(inputs, part) / f"{file}.parquet"
        rewrite(path, kind, lambda rows: rows[0].update(values))

    return change


def set_json(part: str, file: str, *keys: Any, value: Any) -> Callable[[ReleaseInputs], None]:
    def change(inputs: ReleaseInputs) -> None:
        def put(document: Any) -> None:
            for key in keys[:-1]:
                document = document[key]
            document[keys[-1]] = value

        rejson(getattr(inputs, part) / f"{file}.json", put)

    return change


def faults_of(inputs: ReleaseInputs, params: Params) -> list[str]:
    """What validation finds wrong; it must find something."""
    with pytest.raises(ReleaseError) as caught:
        validate(inputs, params)
    return [str(fault) for fault in caught.value.faults]
