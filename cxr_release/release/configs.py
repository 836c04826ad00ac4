"""The configs of a release: which files each is made of, and what clients count in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from cxr_release import schemas, tables
from cxr_release.film_id import checkpoint_of, jobs_of, source_name
from cxr_release.params.project import Params
from cxr_release.release.contents import Contents
from cxr_release.release.disclosure import released_pairs
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.release.layout import hashes_of, shard_source, side_file
from cxr_release.release.shards import rows_per_group, write_films
from cxr_release.tables import Table

Row = Mapping[str, Any]
LEAN = ds.ParquetFileFormat(
    default_fragment_scan_options=ds.ParquetFragmentScanOptions(pre_buffer=False)
)
"""Reads a row group at a time, not all that follow."""
AT_ONCE = 3
"""Sources that are written at the same time; each holds a few row groups in memory."""


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


@dataclass(frozen=True)
class Written:
    """The Parquet files of a release, and what was learnt while they were written."""

    configs: Sequence[Config]
    """`default` first; one without rows is a file with typed columns and no more."""
    hashes: Mapping[str, str]
    """File below the release folder → SHA-256."""
    shown: Mapping[str, bytes]
    """Film id → PNG bytes, of the films that contact sheets show."""


def films_of(params: Params, classes: Sequence[str] = ()) -> Table:
    """The table of the films of a release that was made with these parameters.

    Args:
        params: the parameters.
        classes: names of the classes that films were drawn as.
    """
    return schemas.released_films(
        to_scale=params.ingest.millimetres_per_pixel is not None,
        classes=classes,
        landmarks=params.landmarks.is_on,
    )


def write_configs(
    folder: Path,
    inputs: ReleaseInputs,
    params: Params,
    contents: Contents,
) -> Written:
    """Write every Parquet file of the release.

    Args:
        folder: the release folder.
        inputs: the artefacts.
        params: the parameters that they were made with.
        contents: what goes out.

    Returns:
        What was written.
    """

    shown: dict[str, bytes] = {}
    hashes: dict[str, str] = {}
    classes = contents.names
    kind = films_of(params, classes)

    def write(source: str) -> Config:
        films = [inputs.tables([job]) for job in jobs_of((source,))]
        shards = contents.shards[source]
        group = rows_per_group(params.ingest.film_size)
        shown.update(
            write_films(
                folder,
                films,
                shards,
                group,
                contents.shown.get(source, ()),
                kind=kind,
                millimetres_per_pixel=params.millimetres_per_pixel_of(source),
                landmarks=contents.landmarks,
                classes=classes,
            )
        )
        files = [shard.name for shard in shards]
        hashes.update(hashes_of(folder, files))
        return measure(folder, source, kind, files)

    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        films = list(pool.map(write, contents.shards))
    sides: list[tuple[Table, Iterable[Row]]] = [
        (schemas.AUDIT_PAIRS, released_pairs(inputs, params, contents.films)),
        (schemas.released_exclusions(classes), contents.numbered_exclusions()),
        (
            schemas.RESPONSES,
            tables.read_rows(inputs.study / "responses.parquet", schemas.RESPONSES),
        ),
    ]
    # Two pictures a row, where there are any.
    group = rows_per_group(params.ingest.film_size, films=2)
    written = [_write_side(folder, table, rows, group) for table, rows in sides]
    hashes.update(hashes_of(folder, [file for config in written for file in config.files]))
    report = inputs.checkpoint_report(params)
    preferred = report.preferred if report else ()
    return Written([pooled(folder, films, preferred), *films, *written], hashes, shown)


def side_tables(classes: Sequence[str] = ()) -> tuple[Table, Table, Table]:
    """Tables beside the films, in the order of the card: pairs, exclusions, ratings.

    Args:
        classes: names of the classes that films were drawn as.
    """
    return schemas.AUDIT_PAIRS, schemas.released_exclusions(classes), schemas.RESPONSES


def measured(
    folder: Path,
    shards: Sequence[str],
    sources: Sequence[str],
    preferred: Sequence[int],
    *,
    kind: Table = schemas.RELEASE,
    classes: Sequence[str] = (),
) -> list[Config]:
    """The configs of a finished release, `default` first, from its files as they are.

    Args:
        folder: the release folder.
        shards: its files of films, in the order of their rows.
        sources: those of the release.
        preferred: see `pooled`.
        kind: of its films; see `schemas.released_films`.
        classes: names of the classes that films were drawn as.
    """
    films = []
    for source in sources:
        files = [name for name in shards if shard_source(name) == source]
        films.append(measure(folder, source, kind, files))
    sides = [
        measure(folder, table.name, table, [side_file(table)]) for table in side_tables(classes)
    ]
    return [pooled(folder, films, preferred), *films, *sides]


def pooled(folder: Path, films: Sequence[Config], preferred: Sequence[int]) -> Config:
    """The config `default`: the films of all sources.

    Those of the checkpoint that the card recommends come first, then those of the others for which
    curves and distances speak, later ones before earlier ones, then films drawn elsewhere: what
    `load_dataset` shows first is what is worth a look.

    Args:
        folder: the release folder.
        films: the config of each source.
        preferred: the recommended checkpoints, in the order of `record.Checkpoints.preferred`.
    """
    kind = films[0].table
    place = {source_name(number): -rank for rank, number in enumerate(preferred)}
    worst = -len(place)
    films = sorted(
        films,
        key=lambda config: (place.get(config.name, worst), _number(config)),
        reverse=True,
    )
    files = [name for config in films for name in config.files]
    if any(_begins_with_one_row(folder / name) for name in files):
        # `datasets` joins it to a single row before it, and counts a few bytes less.
        return measure(folder, "default", kind, files)
    return Config(
        "default",
        kind,
        tuple(files),
        sum(config.rows for config in films),
        sum(config.num_bytes for config in films),
        sum(config.download_bytes for config in films),
    )


def opening_source(configs: Sequence[Config]) -> str:
    """The source whose films the config `default` opens with; empty where no film is released.

    Args:
        configs: of a release, `default` first.
    """
    rows = {config.name: config.rows for config in configs}
    return next((name for name in map(shard_source, configs[0].files) if rows[name]), "")


def _begins_with_one_row(path: Path) -> bool:
    metadata = pq.read_metadata(path)
    return bool(metadata.num_row_groups) and int(metadata.row_group(0).num_rows) == 1


def _number(config: Config) -> int:
    return checkpoint_of(config.name) or 0


def _write_side(folder: Path, table: Table, rows: Iterable[Row], group: int) -> Config:
    name = side_file(table)
    with tables.Writer(folder / name, table) as writer:
        for piece in tables.pieces(rows, group):
            writer.append(piece)
    return measure(folder, table.name, table, [name])


def measure(folder: Path, name: str, table: Table, files: list[str]) -> Config:
    """A config from its finished files: what `datasets` counts, by its own writer, into nothing."""
    from datasets import Features
    from datasets.arrow_writer import ArrowWriter

    features = Features.from_arrow_schema(table.arrow)
    writer = ArrowWriter(features=features, stream=pa.MockOutputStream())
    for file in files:
        with pa.OSFile(str(folder / file)) as stream:
            for piece in _as_datasets_reads(LEAN.make_fragment(stream)):
                writer.write_row(piece) if piece.num_rows == 1 else writer.write_table(piece)
    rows, num_bytes = writer.finalize()
    stored = sum((folder / file).stat().st_size for file in files)
    return Config(name, table, tuple(files), rows, num_bytes, stored)


def _as_datasets_reads(fragment: ds.ParquetFileFragment) -> Iterator[pa.Table]:
    """Its rows in the batches in which the Parquet reader of `datasets` takes them."""
    groups = fragment.row_groups
    if groups:
        for batch in fragment.to_batches(
            batch_size=groups[0].num_rows, batch_readahead=0, fragment_readahead=0
        ):
            yield pa.Table.from_batches([batch])
