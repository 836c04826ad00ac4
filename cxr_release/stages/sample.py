"""One sampling job: draw the films of one checkpoint and batch."""

from __future__ import annotations

from cxr_release import fingerprint
from cxr_release.exit_status import execute
from cxr_release.film_id import source_name
from cxr_release.generators.diffusion.denoising import open_denoiser
from cxr_release.generators.sampling import sample_job
from cxr_release.params import Params
from cxr_release.paths import Paths


def run(paths: Paths, params: Params, checkpoint: str, batch: str) -> None:
    """Draw the films, or go on drawing where the job was killed."""
    number = int(checkpoint)
    source = source_name(number)
    sample_job(
        paths.checkpoint(number),
        paths.job(source, batch),
        source=source,
        opener=open_denoiser,
        batch=batch,
        root_seed=params.seed,
        settings=params.sample,
        compute=params.compute,
        fingerprint=fingerprint.of_stage(
            paths.root, params, "sample", checkpoint=number, batch=batch
        ),
    )


if __name__ == "__main__":
    execute(run)
