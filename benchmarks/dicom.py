"""DICOM films: what `ingest` takes to read them, against a plain pydicom loop.

    python -m benchmarks.dicom [--count N] [--rows PIXELS] [--films FILE...]

The plain loop does what a short script would: `dcmread`, `pixel_array`, divide by the greatest
value, 8 bits. It takes no window, no polarity, no header and no fault. `reading` lists the folder
with its headers and loads every film; `ingest` does all that a cohort takes. Films are phantoms of
12 bits with a window, a third of them each native, JPEG Lossless and run lengths. CPU seconds, each
method in a process of its own; memory at N / 4 and N films.

With --films a few files, such as pydicom's RG1, are read many times by either.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks import processes
from cxr_release.films.decode import decode
from cxr_release.films.dicom_folder import list_dicom
from cxr_release.films.film_key import FilmKey
from cxr_release.films.grey import window
from cxr_release.params.films import DicomParams, IngestParams
from cxr_release.radiographs.ingest import ingest
from cxr_release.radiographs.phantoms.phantom_source import draw_phantom

DRAWN = 24
REPEATS = 12
KEY = FilmKey(bytes(32))


def main() -> None:
    """Print a table."""
    options = _options()
    if options.measure:
        print(json.dumps(_measured(*options.measure)))
        return
    if options.films:
        _print_files(options.films)
        return
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        counts = (options.count // 4, options.count)
        folders = [_films(root / f"films-{count}", count, options.rows) for count in counts]
        print(f"films of {options.rows} × {options.rows * 4 // 5} pixels, 12 bits")
        titles = ("films", "CPU s", "films/CPU s", "ratio", "MiB main", "MiB worker")
        print(" " * 10 + "".join(f"{title:>12}" for title in titles))
        for count, folder in zip(counts, folders, strict=True):
            plain = 0.0
            for method in ("plain", "reading", "ingest"):
                run = processes.measured(
                    "dicom", "--measure", method, str(folder), str(root / f"out-{method}-{count}")
                )
                rate = count / run["busy"]
                plain = plain or rate
                numbers = (run["busy"], rate, plain / rate, run["own_mib"], run["worker_mib"])
                print(f"{method:10}{count:12}" + "".join(f"{number:12.2f}" for number in numbers))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=5000, help="films of the larger run")
    parser.add_argument("--rows", type=int, default=1000, help="pixels of a film's height")
    parser.add_argument("--films", type=Path, nargs="*", help="files to read many times instead")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


def _films(folder: Path, count: int, rows: int) -> Path:
    """A tree of series, as archives export them; few films are drawn, each has a UID."""
    from pydicom.uid import ExplicitVRLittleEndian, JPEGLosslessSV1, RLELossless

    from tests.support.dicom_films import dataset_of, encoded

    rng = np.random.default_rng(1)
    syntaxes = (ExplicitVRLittleEndian, JPEGLosslessSV1, RLELossless)
    drawn = []
    for index in range(DRAWN):
        film = Image.fromarray(window(draw_phantom(index, seed=1).pixels))
        pixels = np.asarray(film.resize((rows * 4 // 5, rows), Image.Resampling.BICUBIC))
        deep = pixels.astype("<u2") * 16 + rng.integers(0, 16, pixels.shape).astype("<u2")
        dataset = dataset_of(
            deep, 12, WindowCenter="2048", WindowWidth="4096", BodyPartExamined="CSPINE",
            SOPInstanceUID=f"1.2.{10**9}",
        )  # fmt: skip
        drawn.append(encoded(dataset, syntaxes[index % 3]))
    for index in range(count):
        path = folder / f"PAT{index // 20:04d}/SE{index % 20:02d}/IM0001"
        path.parent.mkdir(parents=True)
        path.write_bytes(drawn[index % DRAWN].replace(b"1000000000", str(10**9 + index).encode()))
    return folder


def _measured(method: str, films: str, output: str) -> dict[str, float]:
    if method == "plain":
        for path in sorted(Path(films).rglob("IM*")):
            _plain(path)
    elif method == "reading":
        for film in list_dicom(Path(films), KEY, DicomParams(), progress=False).films:
            film.load()
    else:
        settings = IngestParams(source=films, phantoms=1, size=256, fit="stretch", on_error="stop")
        ingest(films, Path(output), settings=settings, seed=1, key=KEY, progress=False)
    own, workers = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return {
        "busy": own.ru_utime + own.ru_stime + workers.ru_utime + workers.ru_stime,
        "own_mib": processes.peak(),
        "worker_mib": workers.ru_maxrss / 1024,
    }


def _plain(path: Path) -> Any:
    import pydicom

    pixels = pydicom.dcmread(path).pixel_array
    return (pixels / pixels.max() * 255).astype(np.uint8)


def _decoded(path: Path) -> Any:
    return decode(path.read_bytes()).film


def _print_files(films: list[Path]) -> None:
    for path in films:
        seconds: dict[str, list[float]] = {"plain": [], "decode": []}
        for _ in range(REPEATS):
            for method, work in (
                ("plain", _plain),
                ("decode", _decoded),
            ):
                begin = time.process_time()
                work(path)
                seconds[method].append(time.process_time() - begin)
        plain, ours = (float(np.median(seconds[method])) for method in ("plain", "decode"))
        print(f"{path.name:16} plain {plain * 1e3:7.1f} ms, decode {ours * 1e3:7.1f} ms, "
              f"ratio {ours / plain:.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
