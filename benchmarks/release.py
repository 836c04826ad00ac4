"""Packaging a release, against the usual way to make Parquet of films, and against a plain copy.

    python -m benchmarks.release [--films N] [--excluded N] [--rounds N]

The usual way is `load_dataset("imagefolder")` over the released films as loose files, then
`to_parquet`, with an empty cache. The copies are of the finished shards, hashed with SHA-256; one
of them is flushed to the disk, as ours is. Ours is `package`, from the artefacts of the stages
before to the finished folder: shards, side tables, contact sheets, card, Croissant, checksums of
everything, and the hashes of its inputs; and, by itself, the part of it that writes the films'
shards, flushes and hashes them, which is what the copies do. Each runs in a process of its own, in
turns, and is timed without its imports; peaks are of the process, libraries included. Films are
drawn: smooth fields with grain, 256 × 256. Times hold for this machine: compare the ratios.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import printing, processes
from cxr_release import schemas, tables
from cxr_release.files import read_json, write_json
from cxr_release.params.project import Params

REASON = "vertebra-count"


def main() -> None:
    """Print a table."""
    options = _options()
    if options.work:
        print(json.dumps(_measured(options.work, options.root)))
        return
    with tempfile.TemporaryDirectory(dir=options.root) as folder:
        root = Path(folder)
        size = _make(root, options.films, options.excluded)
        runs: dict[str, list[dict[str, float]]] = {work: [] for work in WORKS}
        for _ in range(options.rounds):
            for work in WORKS:
                runs[work].append(processes.measured("release", f"--work={work}", f"--root={root}"))
    seconds = {
        work: statistics.median(run["seconds"] for run in measured)
        for work, measured in runs.items()
    }
    print(f"{options.films - options.excluded:,} of {options.films:,} films, {size / 1e6:,.0f} MB")
    rows: list[tuple[object, ...]] = [
        (
            work,
            seconds[work],
            seconds[work] / seconds["copy, hash"],
            seconds[work] / seconds["copy, hash, flush"],
            seconds["imagefolder → to_parquet"] / seconds[work],
            f"{max(run['mib'] for run in measured):,.0f}",
        )
        for work, measured in runs.items()
    ]
    titles = (
        "",
        "seconds",
        "of a copy",
        "of a flushed copy",
        "times as fast as imagefolder",
        "peak MiB",
    )
    printing.table(titles, rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=20_063, help="generated films")
    parser.add_argument("--excluded", type=int, default=0, help="of them")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--root", type=Path, default=None, help="folder to work in")
    parser.add_argument("--work", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def _measured(work: str, root: Path) -> dict[str, float]:
    run = WORKS[work](root)
    processes.forget_peak()
    begin = time.perf_counter()
    run()
    seconds = time.perf_counter() - begin
    return {
        "seconds": seconds,
        "mib": processes.peak(),
    }


def _make(root: Path, generated: int, excluded: int) -> float:
    """Artefacts of a project with so many films, and the released ones as loose files.

    Returns:
        Bytes of the released films.
    """
    from benchmarks import review_films
    from cxr_release.film_id import source_name
    from cxr_release.radiographs.orient import ROWS_PER_GROUP
    from tests.support.release_artefacts import write_inputs

    films = root / "films"
    films.mkdir()
    review_films.make(films, generated)
    inputs = write_inputs(root / "artefacts")
    for table in inputs.oriented.rglob("*.parquet"):
        table.unlink()
    screened: list[dict[str, Any]] = []
    for number, path in zip(review_films.CHECKPOINTS, review_films.tables_in(films), strict=True):
        path.rename(inputs.table((source_name(number), "large")))
        empty = inputs.table((source_name(number), "initial"))
        with tables.Writer(empty, schemas.ORIENTED, rows_per_group=ROWS_PER_GROUP):
            pass
        screened += tables.read_rows(inputs.table((source_name(number), "large")), schemas.ORIENTED)
    out = {screened[place * generated // excluded]["id"] for place in range(excluded)}
    names = ("id", "checkpoint", "batch", "sha256")
    exclusions = [
        {**{name: row[name] for name in names}, "reason": REASON, "reviewers": 1}
        | {"prescreen": False, "audit": False, "withdrawn": False}
        for row in screened
        if row["id"] in out
    ]
    rows = [
        {
            **{name: row[name] for name in (*names, "label")},
            "decided": True,
            "released": row["id"] not in out,
        }
        | {"reviewers": int(row["id"] in out), "looked_at": row["id"] in out}
        for row in screened
    ]
    tables.write(inputs.screening / "screened.parquet", schemas.SCREENED, rows)
    tables.write(inputs.screening / "exclusions.parquet", schemas.EXCLUSIONS, exclusions)
    _count(inputs.screening / "counts.json", generated, excluded)
    loose = films / "loose"
    for path in loose.glob("*.json"):
        path.unlink()
    for film in out:
        (loose / f"{film}.png").unlink()
    return float(sum(path.stat().st_size for path in loose.iterdir()))


def _count(path: Path, generated: int, excluded: int) -> None:
    """Counts of all films; what a checkpoint has is not what is timed."""
    counts = read_json(path)
    counts["total"] |= {"generated": generated, "excluded": excluded}
    counts["total"] |= {"released": generated - excluded, "by_reason": {REASON: excluded}}
    counts["review"]["films_by_reviewers"] = {"0": generated - excluded, "1": excluded}
    write_json(path, counts)


def _params() -> Params:
    from benchmarks import review_films
    from tests.support.release_artefacts import small_params

    params = small_params()
    return replace(
        params,
        ingest=replace(params.ingest, size=review_films.SIDE),
        sample=replace(params.sample, checkpoints=review_films.CHECKPOINTS),
    )


def _shards(root: Path) -> Callable[[], object]:
    """The part of `package` that does what a copy does: the films' files and their hashes."""
    from cxr_release.film_id import jobs_of
    from cxr_release.release.configs import AT_ONCE
    from cxr_release.release.contents import read_contents
    from cxr_release.release.layout import hashes_of
    from cxr_release.release.shards import rows_per_group, write_films
    from tests.support.release_artefacts import REASONS, inputs_below

    import_module("pandera.pandas")
    params, inputs, target = _params(), inputs_below(root / "artefacts"), root / "shards"
    shutil.rmtree(target, ignore_errors=True)

    def work() -> None:
        contents = read_contents(inputs, params, REASONS, None)

        def write(source: str) -> None:
            shards = contents.shards[source]
            jobs = [inputs.tables([job]) for job in jobs_of((source,))]
            write_films(target, jobs, shards, rows_per_group(params.ingest.size))
            hashes_of(target, [shard.name for shard in shards])

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(write, contents.shards))

    return work


def _package(root: Path) -> Callable[[], object]:
    from tests.support.release_artefacts import REASONS, inputs_below

    for name in ("datasets", "jinja2", "mlcroissant", "pandera.pandas"):
        import_module(name)
    from cxr_release.release.package import package

    params = _params()
    shutil.rmtree(root / "release", ignore_errors=True)
    validation = root / "validation.json"
    write_json(validation, {"tables": {}, "rules": {}})
    return lambda: package(
        inputs_below(root / "artefacts"),
        params,
        validation=validation,
        reasons=REASONS,
        output=root / "release",
    )


def _copy(root: Path, *, flush: bool = False) -> Callable[[], object]:
    shards = sorted((root / "release" / "data").glob("*/*.parquet"))
    target = root / "copied"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    os.sync()

    def work() -> None:
        for shard in shards:
            copy = target / f"{shard.parent.name}-{shard.name}"
            shutil.copyfile(shard, copy)
            with copy.open("rb") as stream:
                hashlib.file_digest(stream, "sha256")
                if flush:
                    os.fsync(stream.fileno())

    return work


def _imagefolder(root: Path) -> Callable[[], object]:
    from datasets import disable_progress_bars, load_dataset

    disable_progress_bars()
    cache = root / "cache"
    shutil.rmtree(cache, ignore_errors=True)

    def work() -> None:
        loose = str(root / "films" / "loose")
        films = load_dataset("imagefolder", data_dir=loose, split="train", cache_dir=str(cache))
        films.to_parquet(str(root / "films.parquet"))

    return work


WORKS: dict[str, Callable[[Path], Callable[[], object]]] = {
    "cxr-release": _package,
    "cxr-release, films' shards and hashes": _shards,
    "copy, hash": _copy,
    "copy, hash, flush": partial(_copy, flush=True),
    "imagefolder → to_parquet": _imagefolder,
}

if __name__ == "__main__":
    main()
