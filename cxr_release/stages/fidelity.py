"""Distance between drawn and real films, along training."""

from __future__ import annotations

import sys

import numpy as np
from tqdm import tqdm

from cxr_release.diffusion.checkpoints import listed, read_record
from cxr_release.diffusion.sampling import draw, film_seed
from cxr_release.fidelity.features import random_conv_features
from cxr_release.fidelity.frechet import FEATURES, KEY, frechet_distance, real_floor
from cxr_release.files import write_json
from cxr_release.params import Params
from cxr_release.paths import Paths
from cxr_release.radiographs.stack import load_films
from cxr_release.stages.run import execute


def run(paths: Paths, params: Params) -> None:
    """Draw as many films from each checkpoint and hold them against the cohort."""
    _, films = load_films(paths.cohort_table)
    real = random_conv_features(films)
    images = params.fidelity.images
    found = listed(paths.final)
    chosen = {one: path for one, path in found.items() if one % params.fidelity.every == 0}
    # With `every` beyond the last checkpoint, the last one alone still gets a distance.
    chosen = chosen or dict(list(found.items())[-1:])
    # The same seeds for every checkpoint, so that the luck of the draw does not rank them; and of
    # their own, so that the distances stay whatever is sampled for the release.
    seeds = [film_seed(params.seed, 0, "fidelity", index) for index in range(images)]
    points = []
    for number, folder in tqdm(chosen.items(), desc="fidelity", unit="checkpoint", file=sys.stderr):
        drawn = np.stack(
            list(
                draw(folder, seeds, steps=params.sample.steps, batch_size=params.sample.batch_size)
            )
        )
        points.append(
            {
                "checkpoint": number,
                "checkpoint_step": read_record(folder).checkpoint_step,
                KEY: frechet_distance(random_conv_features(drawn), real),
            }
        )
    write_json(
        paths.fidelity,
        {
            "features": FEATURES,
            "images": images,
            "real_images": len(films),
            "size": films.shape[1],
            "real_floor": real_floor(real, images, seed=params.seed),
            "checkpoints": points,
        },
    )


if __name__ == "__main__":
    execute(run)
