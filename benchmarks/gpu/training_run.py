"""The package's own training run on the phantoms, with its checkpoints, in a folder."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.gpu import workers
from benchmarks.gpu.settings import Settings, read
from cxr_release.generators.diffusion.training import train
from cxr_release.params.load import load_params
from cxr_release.params.training import ComputeParams


def main() -> None:
    settings = read(sys.argv[1])
    folder, steps, every = Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    params = load_params(settings.params)
    train(
        settings.trained(),
        folder,
        network=params.network,
        settings=replace(params.train, checkpoint_every=every),
        compute=compute_of(settings),
        steps=steps,
        seed=1,
        fingerprint="benchmark",
    )
    workers.answer({"steps": steps})


def compute_of(settings: Settings) -> ComputeParams:
    """Precision and compilation that were asked for; by default those of the package."""
    return ComputeParams(
        precision=settings.precision,  # type: ignore[arg-type]
        compile=settings.compile,  # type: ignore[arg-type]
    )


if __name__ == "__main__":
    main()
