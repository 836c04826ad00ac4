"""Films of 512 × 384 pixels, folded by 4: one step, one film, the same each time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cxr_release.film_size import Size
from cxr_release.films.png import Film
from cxr_release.generators import checkpoints
from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.diffusion.training import train
from cxr_release.generators.opening import draw
from cxr_release.params.load import load_params
from cxr_release.params.training import ComputeParams, NetworkParams
from cxr_release.radiographs.frame import Frame
from cxr_release.radiographs.phantoms.phantom_source import detail_for, list_phantoms
from tests.support import ROOT

SIZE = Size(512, 384)
NETWORK = NetworkParams(
    channels=(8, 16, 16), layers=1, attention=0, pixel_unshuffle=4, schedule="sigmoid"
)
COMPUTE = ComputeParams(precision="fp32", compile="never")


def films(count: int) -> list[Film]:
    frame = Frame(SIZE, "pad")
    drawn = [film.load() for film in list_phantoms(count, seed=4, detail=detail_for(SIZE)).films]
    return [frame.place(facts).resample(film) for film, facts in drawn]


def test_phantoms_are_not_enlarged() -> None:
    _, facts = list_phantoms(1, seed=4, detail=detail_for(SIZE)).films[0].load()
    assert min(facts.width, facts.height) >= min(SIZE)


@pytest.mark.long
def test_a_step_is_taken_and_films_are_drawn(tmp_path: Path) -> None:
    params = load_params(ROOT / "params.large.yaml")
    settings = replace(params.train, steps=1, checkpoint_every=1, batch_size=2)
    train(
        np.stack(films(2)),
        tmp_path,
        network=NETWORK,
        settings=settings,
        compute=COMPUTE,
        steps=1,
        seed=1,
        fingerprint="a" * 64,
    )
    folder = checkpoints.folder_of(tmp_path, 1)
    unet = checkpoints.load(folder).unet
    assert tuple(unet.config.sample_size) == (384 // 4, 512 // 4)
    drawing = replace(params.sample, steps=2, batch_size=2)
    first, second = (
        list(draw(folder.name, folder, seeds, settings=drawing, compute=COMPUTE))
        for seeds in ([1, 2], [2])
    )
    assert first[0].shape == SIZE.shape
    assert (first[1] == second[0]).all()
    assert (first[0] != first[1]).any()


def test_diffusers_opens_a_checkpoint_of_films_that_are_not_square(tmp_path: Path) -> None:
    import torch
    from diffusers import DDPMPipeline

    plain = replace(NETWORK, pixel_unshuffle=1)
    record = checkpoints.Record(
        checkpoint=1,
        checkpoint_step=1,
        size=Size(64, 32),
        network=plain,
        training={},
        fingerprint="a" * 64,
    )
    checkpoints.save(tmp_path / "checkpoint-1", unets.build(plain, record.size), record)
    pipeline = DDPMPipeline.from_pretrained(tmp_path / "checkpoint-1")
    with torch.no_grad():
        picture = pipeline(num_inference_steps=1, output_type="np").images
    assert picture.shape[1:3] == (32, 64)
    assert checkpoints.read_record(tmp_path / "checkpoint-1") == record
