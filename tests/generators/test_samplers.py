from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
import torch
from diffusers import DDPMScheduler
from diffusers.schedulers import scheduling_ddpm

from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.diffusion.denoising import Solver
from cxr_release.params.sampling import Sampler
from cxr_release.params.training import NetworkParams


def never() -> torch.Tensor:
    raise AssertionError("this sampler adds no noise")


@pytest.mark.parametrize("schedule", ["cosine", "sigmoid"])
def test_ddpm_takes_the_steps_of_diffusers_own_scheduler(
    network: NetworkParams, schedule: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over all 1,000 steps, with the same noise, from the same answers of a network."""
    noise_schedule = unets.noise_schedule(replace(network, schedule=schedule))
    reference = DDPMScheduler.from_config(noise_schedule.config)
    reference.set_timesteps(1000)
    ours = Solver("ddpm", 1000, noise_schedule)
    assert ours.times == reference.timesteps.tolist() == list(range(999, -1, -1))
    chance = torch.Generator().manual_seed(1)
    state = theirs = torch.randn(2, 1, 4, 4, generator=chance, dtype=torch.float64)
    for time in ours.times:
        noise = torch.randn(2, 1, 4, 4, generator=chance, dtype=torch.float64)
        monkeypatch.setattr(scheduling_ddpm, "randn_tensor", lambda *_, n=noise, **__: n)
        velocity = torch.tanh(state) * 0.7 - 0.2
        theirs = reference.step(velocity, time, theirs).prev_sample
        state = ours.step(velocity, time, state, lambda n=noise: n)  # type: ignore[misc]
        # A grey level is 8e-3; both round α to float32, in another order.
        torch.testing.assert_close(state, theirs, atol=1e-3, rtol=0)


@pytest.mark.parametrize("steps", [2, 7, 25, 1000])
@pytest.mark.parametrize("sampler", get_args(Sampler))
def test_a_network_that_knows_the_film_is_followed_to_it(
    network: NetworkParams, sampler: Sampler, steps: int
) -> None:
    schedule = unets.noise_schedule(network)
    kept = schedule.alphas_cumprod.double()
    film = torch.linspace(-1, 1, 16, dtype=torch.float64).reshape(1, 1, 4, 4)
    way = Solver(sampler, steps, schedule)
    assert len(way.times) == steps
    assert way.times[0] == 999 and way.times == sorted(way.times, reverse=True)
    chance = torch.Generator().manual_seed(2)

    def noise() -> torch.Tensor:
        return torch.randn(1, 1, 4, 4, generator=chance, dtype=torch.float64)

    fresh = noise if sampler in {"ddpm", "sde-dpmsolver++"} else never
    state = noise()
    for time in way.times:
        signal, spread = kept[time].sqrt(), (1 - kept[time]).sqrt()
        velocity = (signal * state - film) / spread
        state = way.step(velocity, time, state, fresh)
    torch.testing.assert_close(state, film, atol=0.02, rtol=0)
