"""Films of the long run's last checkpoint, as the package draws them, and how far they are from
phantoms: alone at 25 steps, and guided by an earlier checkpoint at as many evaluations.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.gpu import workers
from benchmarks.gpu.settings import Settings, read
from benchmarks.gpu.speed import sample_settings
from cxr_release.fidelity.distances import (
    frechet_distance,
    overlap,
    random_conv_features,
    reach,
)
from cxr_release.generators.checkpoints import folder_of, read_record
from cxr_release.generators.opening import draw
from cxr_release.generators.sampling import film_seed
from cxr_release.params.load import load_params
from cxr_release.params.sampling import GuidanceParams
from cxr_release.params.training import ComputeParams
from cxr_release.radiographs.contact_sheet import contact_sheet, save_sheet

SHOWN = 64
STEPS, GUIDED_STEPS = 25, 13
WEIGHT = 1.5
MEASURED = 1000
"""Trained films at most that drawn ones are held against."""
SAMPLER = "sde-dpmsolver++"


def main() -> None:
    settings, out, about = read(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    last, guide = int(about["last"]), about["guide"]
    films, facts = _drawn(settings, last, guide)
    name = "films" if guide is None else "films-guided"
    save_sheet(out / f"{name}.png", contact_sheet(list(films), columns=8))
    real = random_conv_features(settings.trained()[:MEASURED])
    if guide is None:
        unseen = settings.unseen()[: len(films)]
        facts["unseen_phantoms"] = _measured(real, unseen)
    workers.answer(facts | {"measures": _measured(real, films), "films": len(films)})


def _drawn(
    settings: Settings, last: int, guide: int | None
) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    params = load_params(settings.params)
    steps = STEPS if guide is None else GUIDED_STEPS
    chosen = sample_settings(params, SAMPLER, steps, settings.films)
    if guide is not None:
        chosen = replace(chosen, guidance=GuidanceParams(checkpoint=guide, weight=WEIGHT))
    folder = folder_of(settings.long, last)
    seeds = [film_seed(1, last, "benchmark", index) for index in range(SHOWN)]
    begin = time.perf_counter()
    drawn = draw(
        folder.name,
        folder,
        seeds,
        settings=chosen,
        # Not compiled: that takes longer than drawing so few films.
        compute=ComputeParams(precision=settings.precision, compile="never"),  # type: ignore[arg-type]
        guide=None if guide is None else folder_of(settings.long, guide),
    )
    films = np.stack(list(drawn))
    return films, {
        "checkpoint": last,
        "checkpoint_step": read_record(folder).checkpoint_step,
        "guide": guide,
        "evaluations": steps * (1 if guide is None else 2),
        "seconds": time.perf_counter() - begin,
        "grey": [float(films.min()), float(films.mean()), float(films.max())],
    }


def _measured(real: NDArray[np.float64], films: NDArray[np.uint8]) -> dict[str, float]:
    """How far films are from the trained ones, whose features are given, and how they lie there."""
    drawn = random_conv_features(films)
    shares = overlap(drawn, real, real_reach=reach(real))
    return {
        "distance": frechet_distance(drawn, real),
        "precision": float(shares.precision.mean()),
        "recall": float(shares.recall.mean()),
        "density": float(shares.density.mean()),
        "coverage": float(shares.coverage.mean()),
    }


if __name__ == "__main__":
    main()
