"""Films a second of `ingest` against a plain Pillow loop, and its memory at N and 4 N films.

    python -m benchmarks.ingest [--films FOLDER] [--count N] [--size PIXELS]

The plain loop does what a short script would: open, convert to grey, resize, save as PNG. It
looks for no fault, hashes nothing, finds no polarity and writes no table. Without `--films` the
films are phantoms brought to the 565 × 741 pixels that are usual in the atlas. Times hold for
this machine: compare the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import tempfile
import time
from pathlib import Path

from PIL import Image

from benchmarks import processes
from cxr_release.films.grey import window
from cxr_release.params.films import IngestParams
from cxr_release.radiographs.ingest import ingest
from cxr_release.radiographs.phantoms.phantom_source import draw_phantom

ATLAS_SIZE = (565, 741)
DRAWN = 40


def main() -> None:
    """Print a table."""
    options = _options()
    if options.measure:
        print(json.dumps(_measured(*options.measure, size=options.size)))
        return
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        originals = options.films or _phantom_files(root / "drawn")
        small_set, large_set = (
            _copied(originals, root / f"films-{count}", count)
            for count in (options.count, 4 * options.count)
        )
        runs = [
            ("plain Pillow loop", options.count, _run("plain", small_set, root, options.size)),
            ("ingest", options.count, _run("ingest", small_set, root, options.size)),
            ("plain Pillow loop", 4 * options.count, _run("plain", large_set, root, options.size)),
            ("ingest", 4 * options.count, _run("ingest", large_set, root, options.size)),
        ]
    _print(runs, options.size)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=Path, help="folder of films to copy from")
    parser.add_argument("--count", type=int, default=500, help="films of the smaller run")
    parser.add_argument("--size", type=int, default=256, help="pixels on each side")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


def _phantom_files(folder: Path) -> Path:
    folder.mkdir()
    for index in range(DRAWN):
        film = Image.fromarray(window(draw_phantom(index, seed=1).pixels))
        film.resize(ATLAS_SIZE, Image.Resampling.BICUBIC).save(folder / f"{index:03d}.png")
    return folder


def _copied(originals: Path, folder: Path, count: int) -> Path:
    folder.mkdir()
    files = sorted(path for path in originals.iterdir() if path.is_file())
    for index in range(count):
        original = files[index % len(files)]
        shutil.copyfile(original, folder / f"{index:06d}{original.suffix}")
    return folder


def _run(method: str, films: Path, root: Path, size: int) -> dict[str, float]:
    """Measure in a process of its own, so that peaks of memory do not mix."""
    output = root / f"{method}-{films.name}"
    options = [f"--size={size}", "--measure", method, str(films), str(output)]
    return processes.measured("ingest", *options)


def _measured(method: str, films: str, output: str, *, size: int) -> dict[str, float]:
    begin = time.perf_counter()
    if method == "plain":
        _plain(Path(films), Path(output), size)
    else:
        settings = IngestParams(source=films, phantoms=1, size=size, fit="stretch", on_error="stop")
        ingest(films, Path(output), settings=settings, seed=1, progress=False)
    seconds = time.perf_counter() - begin
    main_process, workers = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return {
        "seconds": seconds,
        "busy": main_process.ru_utime + main_process.ru_stime + workers.ru_utime + workers.ru_stime,
        "own_mib": main_process.ru_maxrss / 1024,
        "worker_mib": workers.ru_maxrss / 1024,
    }


def _plain(films: Path, output: Path, size: int) -> None:
    output.mkdir()
    for path in sorted(films.iterdir()):
        with Image.open(path) as image:
            image.convert("L").resize((size, size), Image.Resampling.LANCZOS).save(
                output / f"{path.stem}.png"
            )


def _print(runs: list[tuple[str, int, dict[str, float]]], size: int) -> None:
    print(f"to {size} × {size}, {os.cpu_count()} processors")
    titles = ("films", "seconds", "CPU s", "films/s", "ratio", "MiB main", "MiB worker")
    print(" " * 18 + "".join(f"{title:>11}" for title in titles))
    plain = 0.0
    for method, count, measured in runs:
        rate = count / measured["seconds"]
        plain = rate if method.startswith("plain") else plain
        numbers = (measured["seconds"], measured["busy"], rate, rate / plain)
        line = "".join(f"{number:11.2f}" for number in numbers)
        print(
            f"{method:18}{count:11}{line}{measured['own_mib']:11.0f}{measured['worker_mib']:11.0f}"
        )


if __name__ == "__main__":
    main()
