from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cxr_release.diffusion import network as unets
from cxr_release.diffusion.objective import min_snr_weights, v_losses
from cxr_release.params import NetworkParams


@given(arrays(np.uint8, (2, 8, 8)), st.sampled_from([1, 2, 4]))
def test_films_come_back_from_the_network_s_form(films: np.ndarray, fold: int) -> None:
    network = NetworkParams(channels=(8, 8), layers=1, pixel_unshuffle=fold)
    folded = unets.fold(unets.to_unit(films), network)
    assert folded.shape == (2, fold**2, 8 // fold, 8 // fold)
    assert folded.abs().max() <= 1
    assert (unets.to_films(unets.unfold(folded, network)) == films).all()


def test_attention_stands_in_the_middle_block_alone() -> None:
    unet = unets.build(NetworkParams(channels=(8, 16), layers=1, pixel_unshuffle=1), 16)
    attending = {name.split(".")[0] for name, _ in unet.named_modules() if "attentions" in name}
    assert attending == {"mid_block"}


def test_the_schedule_runs_from_film_to_noise() -> None:
    kept = unets.noise_schedule().alphas_cumprod
    assert len(kept) == 1000 and kept[0] > 0.999 and kept[-1] < 1e-4
    assert (kept.diff() < 0).all()


def test_v_loss_of_a_perfect_answer_is_zero() -> None:
    schedule = unets.noise_schedule()
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
    schedule = unets.noise_schedule()
    times = torch.arange(1000)
    kept = schedule.alphas_cumprod.double()
    snr = kept / (1 - kept)
    weights = min_snr_weights(schedule, times, 5.0)
    torch.testing.assert_close(weights.double(), torch.where(snr > 5, 5, snr) / (snr + 1))
    assert (min_snr_weights(schedule, times, 0.0) == 1).all()
