"""The configs of a release: which files each is made of, and what clients count in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cxr_release import schemas, tables
from cxr_release.params import Params
from cxr_release.release.inputs import ReleaseInputs, jobs_of
from cxr_release.release.pairs import released_pairs
from cxr_release.tables import ROWS_PER_GROUP, Table

Row = Mapping[str, Any]
SHARD_BYTES = 500_000_000
"""A shard is never larger; the Hub's clients fetch files of this size well."""


@dataclass(frozen=True)
class Config:
    """One config of the dataset, of one split, `train`."""

    name: str
    table: Table
    files: tuple[str, ...]
    """Files below the release folder, in the order of their rows."""
    rows: int
    num_bytes: int
    """Bytes in memory, as `datasets` counts them."""
    download_bytes: int

    @property
    def opens(self) -> bool:
        """Whether the card declares it: `load_dataset` cannot open a split without rows."""
        return self.rows > 0

    @property
    def patterns(self) -> list[str]:
        """Globs of the files, in the order of their rows."""
        return list(dict.fromkeys(f"{Path(name).parent}/train-*.parquet" for name in self.files))


def write_configs(
    folder: Path, inputs: ReleaseInputs, params: Params, screened: Sequence[Row]
) -> list[Config]:
    """Write every Parquet file of the release.

    Args:
        folder: the release folder.
        inputs: the artefacts.
        params: the parameters that they were made with.
        screened: rows of `schemas.SCREENED`.

    Returns:
        The configs, `default` first; one without rows is a file with typed columns and no more.
    """
    released = {row["id"] for row in screened if row["released"]}
    films = []
    for checkpoint in params.sample.checkpoints:
        generated = sum(row["checkpoint"] == checkpoint for row in screened)
        files = _write_films(
            folder, inputs, params, checkpoint, released=released, generated=generated
        )
        films.append(_measure(folder, f"checkpoint-{checkpoint}", schemas.RELEASE, files))
    everything = Config(
        "default",
        schemas.RELEASE,
        tuple(name for config in films for name in config.files),
        sum(config.rows for config in films),
        sum(config.num_bytes for config in films),
        sum(config.download_bytes for config in films),
    )
    sides: list[tuple[Table, Iterable[Row]]] = [
        (schemas.AUDIT_PAIRS, released_pairs(inputs, params, released)),
        (
            schemas.EXCLUSIONS,
            tables.read_rows(inputs.screening / "exclusions.parquet", schemas.EXCLUSIONS),
        ),
        (
            schemas.RESPONSES,
            tables.read_rows(inputs.study / "responses.parquet", schemas.RESPONSES),
        ),
    ]
    return [everything, *films, *(_write_side(folder, table, rows) for table, rows in sides)]


def films_per_shard(side: int) -> int:
    """Generated films whose released ones always fit one shard, however badly they compress.

    Counted over generated films, so that an exclusion changes the one shard that held the film.
    """
    # Deflate's stored blocks add 5 bytes per 16 KiB, PNG one a row; chunks and columns the rest.
    worst = (side + 1) * side * 1001 // 1000 + 4096
    return SHARD_BYTES // worst


def _write_films(
    folder: Path,
    inputs: ReleaseInputs,
    params: Params,
    checkpoint: int,
    *,
    released: set[str],
    generated: int,
) -> list[str]:
    size = films_per_shard(params.ingest.size)
    shards = -(-generated // size)
    films = chain.from_iterable(
        tables.iterate(inputs.table(job), schemas.ORIENTED) for job in jobs_of((checkpoint,))
    )
    names = []
    for shard, numbered in groupby(enumerate(films), key=lambda one: one[0] // size):
        name = f"data/checkpoint-{checkpoint}/train-{shard:05d}-of-{shards:05d}.parquet"
        rows = (film for _, film in numbered if film["id"] in released)
        with tables.Writer(folder / name, schemas.RELEASE) as writer:
            for some in tables.pieces(_release_rows(rows, params.release.version), ROWS_PER_GROUP):
                writer.append(some)
        names.append(name)
    return names


def _release_rows(films: Iterable[Row], version: str) -> Iterator[Row]:
    columns = schemas.RELEASE.arrow.names
    for film in films:
        row = {**film, "release_version": version}
        yield {name: row[name] for name in columns}


def _write_side(folder: Path, table: Table, rows: Iterable[Row]) -> Config:
    name = f"{table.name}/train-00000-of-00001.parquet"
    with tables.Writer(folder / name, table) as writer:
        for some in tables.pieces(rows, ROWS_PER_GROUP):
            writer.append(some)
    return _measure(folder, table.name, table, [name])


def _measure(folder: Path, name: str, table: Table, files: list[str]) -> Config:
    rows = num_bytes = 0
    for file in files:
        with pq.ParquetFile(folder / file, memory_map=True) as parquet:
            groups = parquet.metadata.num_row_groups
            rows += parquet.metadata.num_rows
            # The Parquet reader of `datasets` takes batches as long as the first row group.
            size = parquet.metadata.row_group(0).num_rows if groups else 1
            for batch in parquet.iter_batches(size):
                num_bytes += pa.Table.from_batches([batch]).combine_chunks().nbytes
    stored = sum((folder / file).stat().st_size for file in files)
    return Config(name, table, tuple(files), rows, num_bytes, stored)
