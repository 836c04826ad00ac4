"""How many numbers of a release's documents `verify` knows: each altered by one digit, in turn.

    python -m benchmarks.verify_mutations [--project DIR] [--files NAME ...] [--sample N]

Every number of a document (a longest run of digits, with its decimal point and thousands commas;
a hash in hex is one number) gets another last digit, SHA256SUMS and the hashes in croissant.json
are made anew, and `verify` has to name a difference. Printed are the numbers noticed and all
numbers, a line a document, and then each number that was not noticed, in its line. Of release.json
many are not: nothing else in a release holds what is measured on films that are not released.
The release of the project is left as it is: processes work on copies of it. Ends with 1 where a
number was not noticed.
"""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from cxr_release.release.verify import verify
from tests.support.mutations import Mutation, is_noticed, mutations_of, sampled

CHECKED = ("README.md", "croissant.json")
ALL = (*CHECKED, "release.json", "CITATION.cff", "CHANGELOG.md", "LICENSE")
_copies: list[Path] = []
"""This process's copy of the release."""


def main() -> None:
    """Print noticed and all numbers of each document, and those that were not noticed."""
    options = _options()
    release = options.project / "data" / "release"
    if not release.is_dir():
        raise SystemExit(f"error: {release} is missing: run `dvc repro` there, or give --project")
    differences = verify(release)["differences"]
    if differences:
        first = f"{differences[0]['where']}: {differences[0]['what']}"
        raise SystemExit(f"error: {release} is not what it says as it is: {first}")
    missed: dict[str, list[Mutation]] = {}
    print(f"{'document':16} {'noticed':>8} {'numbers':>8} {'share':>7} {'seconds':>8}")
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(
            options.workers, get_context("spawn"), initializer=_copy, initargs=(release, folder)
        ) as pool,
    ):
        for name in options.files or CHECKED:
            begin = time.perf_counter()
            mutations = sampled(
                list(mutations_of((release / name).read_text("utf-8"))), options.sample
            )
            names, texts = [name] * len(mutations), [mutation.text for mutation in mutations]
            noticed = list(pool.map(_is_noticed, names, texts, chunksize=8))
            missed[name] = [
                mutation
                for mutation, was_noticed in zip(mutations, noticed, strict=True)
                if not was_noticed
            ]
            share = f"{sum(noticed) / len(mutations):.1%}" if mutations else "–"
            seconds = time.perf_counter() - begin
            print(
                f"{name:16} {sum(noticed):8,} {len(mutations):8,} {share:>7} {seconds:8.0f}",
                flush=True,
            )
    for name, mutations in missed.items():
        for mutation in mutations:
            print(f"not noticed: {name}, {mutation}")
    raise SystemExit(any(missed.values()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--project", type=Path, default=Path(), help="its data/release is tried")
    parser.add_argument("--files", nargs="+", choices=ALL, help=f"default: {' '.join(CHECKED)}")
    parser.add_argument("--sample", type=int, default=0, help="numbers of each document; 0: all")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes")
    return parser.parse_args()


def _copy(release: Path, folder: str) -> None:
    _copies.append(Path(shutil.copytree(release, tempfile.mkdtemp(dir=folder) + "/release")))
    gc.freeze()  # see `mutations.many_times`; here for as long as the process lives


def _is_noticed(name: str, text: str) -> bool:
    return is_noticed(_copies[0], name, text)


if __name__ == "__main__":
    main()
