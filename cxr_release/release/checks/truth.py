"""What a release's tables come to, in the shapes of its record and its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxr_release import schemas
from cxr_release.film_id import source_name
from cxr_release.release.checks.counts import count
from cxr_release.release.checks.record import Record
from cxr_release.release.checks.shards import Films
from cxr_release.release.checks.side_tables import file_of
from cxr_release.release.configs import Config, measure, pooled
from cxr_release.release.inputs import jobs_of
from cxr_release.release.untrusted.folder import Folder, checkpoint_of
from cxr_release.tables import Table

Rows = Sequence[Mapping[str, Any]]
SIDES = (schemas.AUDIT_PAIRS, schemas.TOMBSTONES, schemas.RESPONSES)
"""Tables beside the films, in the order of the card."""


@dataclass(frozen=True)
class Truth:
    """What a sound card is made of."""

    record: Record
    """The record, its counts made again from the tables."""
    configs: Sequence[Config]
    """The configs as the finished files make them."""
    pairs: Rows
    """The audited pairs."""


def truth_of(folder: Folder, record: Record, films: Films, sides: Mapping[Table, Rows]) -> Truth:
    """The truth about a release whose every table could be read."""
    exclusions = sides[schemas.TOMBSTONES]
    checkpoints = tuple(record["params"]["sample"]["checkpoints"])
    counted = count(films, exclusions, jobs_of(checkpoints))
    stated = record["counts"]
    rows = [
        {**row, **counted["rows"].get((row["checkpoint"], row["batch"]), {})}
        for row in stated["rows"]
    ]
    counts = {**stated, "rows": rows, "total": {**stated["total"], **counted["total"]}}
    configs = configs_of(folder, checkpoints, record["metrics"]["checkpoints"]["recommended"])
    return Truth({**record, "counts": counts}, configs, sides[schemas.AUDIT_PAIRS])


def configs_of(folder: Folder, checkpoints: Sequence[int], recommended: Rows) -> list[Config]:
    """The configs, `default` first, measured from the files as they are."""
    films = []
    for checkpoint in checkpoints:
        files = [name for name in folder.shards if checkpoint_of(name) == checkpoint]
        films.append(measure(folder.root, source_name(checkpoint), schemas.RELEASE, files))
    sides = [measure(folder.root, kind.name, kind, [file_of(kind)]) for kind in SIDES]
    return [pooled(folder.root, films, recommended), *films, *sides]
