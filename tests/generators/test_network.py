from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.diffusion.network import min_snr_weights, v_losses
from cxr_release.params.load import load_params
from cxr_release.params.training import NetworkParams
from tests.support import ROOT

SMALL = NetworkParams(channels=(8, 8), layers=1, attention=0, pixel_unshuffle=1, schedule="cosine")


@given(arrays(np.uint8, (2, 8, 8)), st.sampled_from([1, 2, 4]))
def test_films_come_back_from_the_network_s_form(films: np.ndarray, fold: int) -> None:
    network = replace(SMALL, pixel_unshuffle=fold)
    folded = unets.fold(unets.to_unit(films), network)
    assert folded.shape == (2, fold**2, 8 // fold, 8 // fold)
    assert folded.abs().max() <= 1
    assert (unets.to_grey(unets.unfold(folded, network)).numpy() == films).all()


@pytest.mark.parametrize(
    ("attention", "places"),
    [
        (0, {"mid_block"}),
        (1, {"mid_block", "down_blocks.2", "up_blocks.0"}),
        (3, {"mid_block", *(f"{way}_blocks.{at}" for way in ("down", "up") for at in range(3))}),
    ],
)
def test_attention_stands_in_the_middle_and_where_it_is_asked_for(
    attention: int, places: set[str]
) -> None:
    unet = unets.build(replace(SMALL, channels=(8, 16, 24), attention=attention), 16)
    attending = {name.split(".attentions")[0] for name, _ in unet.named_modules() if "att" in name}
    assert attending == places
    film = torch.zeros(2, 1, 16, 16)
    assert unet(film, torch.tensor([3, 500])).sample.shape == film.shape


def test_the_paper_s_network_has_no_more_parameters_than_the_paper_s() -> None:
    """denoising_diffusion_pytorch's U-Net (base 64, multipliers 1-2-4-8) has 35,705,089."""
    params = load_params(ROOT / "params.paper.yaml")
    with torch.device("meta"):
        unet = unets.build(params.network, params.ingest.size)
    assert 33_000_000 < sum(weight.numel() for weight in unet.parameters()) < 35_705_089


@pytest.mark.parametrize("schedule", ["cosine", "sigmoid"])
def test_the_schedule_runs_from_film_to_noise(schedule: Any) -> None:
    kept = unets.noise_schedule(replace(SMALL, schedule=schedule)).alphas_cumprod
    assert len(kept) == 1000 and kept[0] > 0.999 and kept[-1] < 1e-4
    assert (kept.diff() < 0).all()


def test_the_sigmoid_schedule_follows_the_paper_s_figures() -> None:
    kept = unets.noise_schedule(replace(SMALL, schedule="sigmoid")).alphas_cumprod
    # γ(t) = (σ(3) − σ(6 t − 3)) / (σ(3) − σ(−3)), worked out by hand with σ(3) = 0.952574.
    by_hand = {
        249: (0.952574 - 0.182426) / 0.905148,
        499: 0.5,
        749: (0.952574 - 0.817574) / 0.905148,
    }
    for time, value in by_hand.items():
        assert kept[time].item() == pytest.approx(value, abs=1e-4)


def test_v_loss_of_a_perfect_answer_is_zero() -> None:
    schedule = unets.noise_schedule(SMALL)
    films, noise = torch.rand(4, 1, 8, 8) * 2 - 1, torch.randn(4, 1, 8, 8)
    times = torch.tensor([0, 300, 700, 999])
    kept = schedule.alphas_cumprod[times].view(-1, 1, 1, 1)

    class Oracle:
        def __init__(self, error: float) -> None:
            self.sample = kept.sqrt() * noise - (1 - kept).sqrt() * films + error

    for error in (0.0, 0.5):
        losses = v_losses(lambda *_: Oracle(error), schedule, films, noise, times)  # noqa: B023
        torch.testing.assert_close(losses, torch.full((4,), error**2), atol=1e-10, rtol=1e-4)


def test_min_snr_weights_follow_the_formula() -> None:
    schedule = unets.noise_schedule(SMALL)
    times = torch.arange(1000)
    kept = schedule.alphas_cumprod.double()
    snr = kept / (1 - kept)
    weights = min_snr_weights(schedule, times, 5.0)
    torch.testing.assert_close(weights.double(), torch.where(snr > 5, 5, snr) / (snr + 1))
    assert (min_snr_weights(schedule, times, 0.0) == 1).all()
