"""One sampling job: draw the films of one checkpoint and batch."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

from cxr_release import fingerprint
from cxr_release.errors import CheckpointError
from cxr_release.exit_status import execute
from cxr_release.files import tree_sha256
from cxr_release.film_id import source_name
from cxr_release.generators.diffusion.denoising import open_denoiser
from cxr_release.generators.sampling import sample_job
from cxr_release.params.project import Params
from cxr_release.paths import Paths


def run(paths: Paths, params: Params, checkpoint: str, batch: str) -> None:
    """Draw the films, or go on drawing where the job was killed."""
    number = int(checkpoint)
    source, guidance = source_name(number), params.sample.guidance
    guide = None if guidance is None else paths.checkpoint(guidance.checkpoint)
    sample_job(
        paths.checkpoint(number),
        paths.job(source, batch),
        source=source,
        opener=partial(open_denoiser, class_guidance=params.condition.guidance, guide=guide),
        batch=batch,
        root_seed=params.seed,
        settings=params.sample,
        compute=params.compute,
        fingerprint=_fingerprint(paths, params, number, batch, guide),
        condition=params.condition,
    )


def _fingerprint(paths: Paths, params: Params, number: int, batch: str, guide: Path | None) -> str:
    """What dvc.yaml names, and the guide: dvc.yaml cannot name a folder that may be none."""
    own = fingerprint.of_stage(paths.root, params, "sample", checkpoint=number, batch=batch)
    if guide is None:
        return own
    if not guide.exists():
        raise CheckpointError(
            "no such checkpoint", where=str(guide), remedy="set another sample.guidance.checkpoint"
        )
    return hashlib.sha256(f"{own}\0{tree_sha256(guide)}".encode()).hexdigest()


if __name__ == "__main__":
    execute(run)
