"""The whole audit's seconds and memory, step by step; and its recall and seconds beside others'.

    python -m benchmarks.audit [--sizes 4963x27000] [--plants N] [--peers REALxSYNTHETIC]
        [--peer-plants N] [--encoder NAME --weights FILE] [--cnn-weights FILE] [--size PIXELS]
        [--phantoms-cache FOLDER]

First the whole audit of phantoms (see `film_sets`): image tables in, tables, figures and report
out, nothing cached. Then, on fewer films, because the others would take hours for so many, the same
copies are searched for by the audit and by other ways (see `peers`). A copy is found where its pair
would be among the 100 of highest score, of the two likeliest of each synthetic film. Seconds are
those of reading the real and the synthetic films and comparing them; those of the audit are of all
that it does, planting apart. `find_duplicates` of imagededup, which holds all films of one folder
against each other, gets both sets in one view. Everything runs in a process of its own, one after
the other. Seconds of both cores are those that the processor spent: other programs do not count in
them, and ratios are of them.

What was measured is kept in the cache by the films and the code; delete it to measure anew.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import film_sets, printing, processes
from benchmarks.film_sets import Sets

TOP, SEED, KEPT = 100, 1, 2
PEERS = ("PHash", "DHash", "WHash", "AHash", "CNN", "SIFT")
OWN, WHOLE = "cxr-release", "find_duplicates"
WORKS = (OWN, *PEERS, *(f"{WHOLE} {name}" for name in PEERS[:-1]))


def main() -> None:
    """Print the tables."""
    options = _options()
    if options.work:
        print(json.dumps(_worked(options)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        options.phantoms_cache = options.phantoms_cache or Path(scratch)
        for size in options.sizes:
            _print_steps(size, _measured(OWN, size, options.plants, options))
        if options.peers:
            works = [work for work in WORKS if options.only is None or work in options.only]
            _print_peers(
                {
                    work: _measured(work, options.peers, options.peer_plants, options)
                    for work in works
                },
                options,
            )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="*", default=["4963x27000"], help="of whole audits")
    parser.add_argument("--plants", type=int, default=40, help="copies of each kind")
    parser.add_argument("--peers", default="200x400", help="films for the comparison; empty: none")
    parser.add_argument("--peer-plants", type=int, default=20)
    parser.add_argument("--only", nargs="+", choices=WORKS, help="of the comparison")
    parser.add_argument("--size", type=int, default=256, help="pixels on each side")
    parser.add_argument("--encoder", default="thumbnail", help="of the audit")
    parser.add_argument("--weights", default="", help="its file")
    parser.add_argument(
        "--weights-sha256", default="", help="of a file that is not a published one"
    )
    parser.add_argument("--cnn-weights", type=Path, help="file of torchvision's mobilenet_v3_small")
    parser.add_argument("--phantoms-cache", type=Path, help="folder that keeps what is made")
    parser.add_argument("--work", choices=WORKS, help=argparse.SUPPRESS)
    return parser.parse_args()


def _measured(work: str, size: str, plants: int, options: argparse.Namespace) -> dict[str, Any]:
    """What a work measures in a process of its own, or what it did before."""
    from benchmarks.recall import measured_with

    sets = film_sets.phantom_sets(options.phantoms_cache, *_counts(size), size=options.size)
    output = (
        options.phantoms_cache
        / f"audit-{sets.name}-{measured_with(options.encoder, options.weights)}"
    )
    kept = output / f"steps-{plants}.json"
    if work != OWN:
        kept = options.phantoms_cache / f"peer-{work.replace(' ', '-')}-{sets.name}-{plants}.json"
    if not kept.exists():
        if work == OWN:
            shutil.rmtree(output, ignore_errors=True)  # features are kept there
        given = {
            "work": work,
            "sizes": size,
            "plants": plants,
            "size": options.size,
            "encoder": options.encoder,
            "weights": options.weights,
            "weights-sha256": options.weights_sha256,
            "cnn-weights": options.cnn_weights,
            "phantoms-cache": options.phantoms_cache,
        }
        result = processes.measured(
            "audit", *(f"--{name}={value}" for name, value in given.items() if value)
        )
        kept.write_text(json.dumps(result, ensure_ascii=False))
    result = json.loads(kept.read_text())
    if work == OWN:
        result["rows"] = json.loads((output / "audit.json").read_text())["power"]
    return dict(result)


def _worked(options: argparse.Namespace) -> dict[str, Any]:
    sets = film_sets.phantom_sets(
        options.phantoms_cache, *_counts(options.sizes[0]), size=options.size
    )
    if options.work == OWN:
        return _audited(sets, options)
    if options.work.startswith(WHOLE):
        return _all_duplicates(sets, options)
    return _searched(sets, options)


def _audited(sets: Sets, options: argparse.Namespace) -> dict[str, Any]:
    """The whole audit."""
    from benchmarks.recall import measured_with
    from benchmarks.steps import Watch
    from cxr_release.memorization.audit import audit
    from cxr_release.params.measures import AuditParams

    settings = AuditParams(
        encoder=options.encoder,
        weights=options.weights,
        weights_sha256=options.weights_sha256,
        top=TOP,
        plants=options.plants,
    )
    output = (
        options.phantoms_cache
        / f"audit-{sets.name}-{measured_with(options.encoder, options.weights)}"
    )
    processes.forget_peak()
    begin, processor = time.perf_counter(), processes.processor()
    with Watch() as watch:
        audit(sets.real, sets.synthetic, None, output, settings=settings, seed=SEED)
    return _spent(begin, processor) | {"load": os.getloadavg(), "steps": watch.report()}


def _all_duplicates(sets: Sets, options: argparse.Namespace) -> dict[str, Any]:
    """imagededup's own search of a folder in which all films lie."""
    from imagededup import methods
    from imagededup.utils.models import CustomModel
    from PIL import Image

    from benchmarks import peers

    name = options.work.removeprefix(f"{WHOLE} ")
    with tempfile.TemporaryDirectory() as folder:
        for films in (sets.real, sets.synthetic):
            for film in films.homes:
                Image.fromarray(films.film(film)).save(Path(folder) / f"{film}.png")
        if name == "CNN":
            model, transform = peers.mobilenet(options.cnn_weights)
            finder = methods.CNN(
                verbose=False, model_config=CustomModel("mobilenet", model, transform)
            )
        else:
            finder = getattr(methods, name)(verbose=False)
        begin, processor = time.perf_counter(), processes.processor()
        finder.find_duplicates(image_dir=folder)
        return _spent(begin, processor) | {"rows": None}


def _searched(sets: Sets, options: argparse.Namespace) -> dict[str, Any]:
    """Recall of planted copies by another way to search, and its seconds without them."""
    from benchmarks import peers
    from cxr_release.memorization.planting import plan, small_copies
    from cxr_release.memorization.recall import Own, rows_of

    ids = [sorted(films.homes) for films in (sets.real, sets.synthetic)]
    method = peers.method_of(options.work, options.cnn_weights)
    begin, processor = time.perf_counter(), processes.processor()
    real, synthetic = (
        [films.film(film) for film in names]
        for films, names in zip((sets.real, sets.synthetic), ids, strict=True)
    )
    compare = method(real)
    scores = compare(synthetic)
    spent = _spent(begin, processor)
    if options.work == "CNN" and options.cnn_weights is None:
        return spent | {"rows": None}
    planned = plan(*ids, plants=options.plants, seed=SEED)
    copies = list(
        small_copies(sets.real, sets.synthetic, planned, seed=SEED, small=lambda film: film)
    )
    of_copies = compare(copies).astype(np.float64)
    at = np.arange(len(planned)), np.array([plant.place for plant in planned])
    own = of_copies[at]
    of_copies[at] = -np.inf
    rows = rows_of(
        planned,
        Own(own, own, _best(of_copies)),
        _best(scores.astype(np.float64)).ravel(),
        top=TOP,
        plants=options.plants,
    )
    return spent | {"rows": rows}


def _spent(begin: float, processor: float) -> dict[str, Any]:
    """Seconds since then, those of all cores, and the peak of this process's memory."""
    return {
        "seconds": time.perf_counter() - begin,
        "processor": processes.processor() - processor,
        "mib": processes.peak(),
    }


def _best(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, KEPT) highest scores of each row."""
    return np.sort(scores, axis=1)[:, -KEPT:]


def _print_steps(size: str, result: dict[str, Any]) -> None:
    steps = result["steps"].values()
    anonymous, mapped = (max(step[name] for step in steps) for name in ("anonymous", "mapped"))
    real, synthetic = _counts(size)
    seconds, processor, mib = (result[name] for name in ("seconds", "processor", "mib"))
    print(f"The whole audit of {real:,} × {synthetic:,} films: {seconds:.0f} s, of both cores")
    print(f"{processor:.0f} s; peak {mib:,.0f} MiB, of its own {anonymous:,.0f}, of mapped files")
    print(f"{mapped:,.0f}; load of the machine {result['load'][0]:.1f}\n")
    printing.table(
        ("", "seconds", "of both cores", "own MiB, peak", "mapped MiB, peak"),
        [
            (
                name,
                step["seconds"],
                step["processor"],
                f"{step['anonymous']:,.0f}",
                f"{step['mapped']:,.0f}",
            )
            for name, step in sorted(result["steps"].items(), key=lambda step: -step[1]["seconds"])
        ],
    )
    print()


def _print_peers(results: dict[str, dict[str, Any]], options: argparse.Namespace) -> None:
    real, synthetic = _counts(options.peers)
    measured = {work: result for work, result in results.items() if result["rows"]}
    print(f"{real:,} × {synthetic:,} films, {options.peer_plants} copies of each kind; found, %,")
    print("and 95 % interval\n")
    rows: Iterator[Sequence[dict[str, Any]]] = zip(
        *(result["rows"] for result in measured.values()), strict=True
    )
    printing.table(
        ("", *measured), [(row[0]["alteration"], *(_share(cell) for cell in row)) for row in rows]
    )
    print()
    spent = {work: _without_planting(result) for work, result in results.items()}
    printing.table(
        ("", "seconds", "of both cores", "ratio to the audit", "peak MiB"),
        [
            (
                _named(work, options),
                seconds,
                processor,
                processor / spent[OWN][1] if OWN in spent else "–",
                f"{results[work]['mib']:,.0f}",
            )
            for work, (seconds, processor) in spent.items()
        ],
    )


def _without_planting(result: dict[str, Any]) -> tuple[float, float]:
    """Seconds, and seconds of both cores: without planting, which the audit does, too."""
    planting = ("make copies", "planted copies", "planted copies: align")
    steps = [result["steps"][name] for name in planting if name in result.get("steps", {})]
    seconds, processor = (
        result[name] - sum(step[name] for step in steps) for name in ("seconds", "processor")
    )
    return seconds, processor


def _named(work: str, options: argparse.Namespace) -> str:
    random = work.endswith("CNN") and options.cnn_weights is None
    return f"{work}, random weights" if random else work


def _share(row: dict[str, Any]) -> str:
    return f"{100 * row['recall']:.0f} ({100 * row['low']:.0f} to {100 * row['high']:.0f})"


def _counts(size: str) -> tuple[int, int]:
    real, synthetic = size.split("x")
    return int(real), int(synthetic)


if __name__ == "__main__":
    main()
