"""What a network is asked about films, against closed forms of a network that answers 0."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from cxr_release.errors import CheckpointError
from cxr_release.film_size import Size
from cxr_release.generators.autoencoder.network import build
from cxr_release.generators.checkpoints import Checkpoint, Latents
from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.runtime.compute import Compute, computing
from cxr_release.params.autoencoders import FirstStageNetwork
from cxr_release.scorecard.network.films import NetworkFilms
from cxr_release.scorecard.network.losses import PIA_TIME, SIMA_TIME, Prober, times_of
from tests.support.tiny_networks import COMPUTE, NETWORK, SIDE, untrained, with_weights

SILENT = {"conv_out.weight": 0.0, "conv_out.bias": 0.0}
KEPT = unets.noise_schedule(NETWORK).alphas_cumprod.double().numpy()


@pytest.fixture(scope="module")
def context() -> Iterator[Compute]:
    with computing(COMPUTE) as context:
        yield context


def films(pixels: np.ndarray) -> NetworkFilms:
    names = tuple(f"{number:064x}" for number in range(len(pixels)))
    return NetworkFilms(pixels, names, names, names)


def random_films(count: int) -> NetworkFilms:
    chance = np.random.default_rng(1)
    return films(chance.integers(0, 256, (count, SIDE, SIDE)).astype(np.uint8))


WHITE = films(np.full((12, SIDE, SIDE), 255, np.uint8))


def test_levels_are_spread_over_the_noise_of_which_a_film_can_be_told() -> None:
    assert times_of(5) == [60, 99, 164, 272, 450]
    assert times_of(1) == [164]
    assert len(set(times_of(30))) == 30


def test_the_loss_of_silence_is_the_variance_of_v(context: Compute) -> None:
    silent = Prober(with_weights(untrained(), SILENT), context)
    # v = √ᾱ ε − √(1 − ᾱ) x with x = 1: its square is ᾱ + (1 − ᾱ) on average.
    logs = silent.log_losses(WHITE, levels=5, noises=4)
    assert logs.mean() == pytest.approx(0, abs=0.03)
    black = films(np.full((12, SIDE, SIDE), 128, np.uint8))
    kept = np.log(KEPT[times_of(5)]).mean()
    assert silent.log_losses(black, levels=5, noises=4).mean() == pytest.approx(kept, abs=0.03)


def test_pia_and_sima_of_silence_have_a_closed_form(context: Compute) -> None:
    silent = Prober(with_weights(untrained(), SILENT), context)
    side = (SIDE * SIDE) ** 0.25
    # A network that predicts v = 0 sees √(1 − ᾱ) x as noise in whatever it is given.
    assert silent.sima(WHITE) == pytest.approx(-side * (1 - KEPT[SIMA_TIME]) ** 0.5, rel=1e-4)
    first = (1 - KEPT[0]) ** 0.5
    noisy = KEPT[PIA_TIME] ** 0.5 + (1 - KEPT[PIA_TIME]) ** 0.5 * first
    back = (1 - KEPT[PIA_TIME]) ** 0.5 * noisy
    assert silent.pia(WHITE) == pytest.approx(-side * abs(back - first), rel=1e-4)


def test_a_film_is_asked_the_same_whatever_lies_beside_it_on_any_number_of_cores(
    context: Compute,
) -> None:
    network = untrained()
    some = random_films(11)
    whole = Prober(network, context).log_losses(some, levels=3, noises=2)
    assert len(set(whole)) == 11
    threads = torch.get_num_threads()
    torch.set_num_threads(2 if threads == 1 else 1)
    try:
        with computing(COMPUTE) as other:
            few = Prober(network, other).log_losses(some.take([7, 2]), levels=3, noises=2)
            again = Prober(network, other)
            assert again.log_losses(some, levels=3, noises=2).tobytes() == whole.tobytes()
            assert again.pia(some).tobytes() == Prober(network, context).pia(some).tobytes()
    finally:
        torch.set_num_threads(threads)
    assert few.tolist() == whole[[7, 2]].tolist()


@pytest.fixture
def latent() -> Checkpoint:
    """A network of chance for latents of an autoencoder of chance, fitted to some films."""
    network_of_latents = FirstStageNetwork(channels=(8, 16), pixel_unshuffle=2, latents=3)
    network = replace(NETWORK, channels=(16, 16), pixel_unshuffle=1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        autoencoder = build(network_of_latents, Size(SIDE, SIDE)).requires_grad_(False).eval()
    with torch.inference_mode():
        autoencoder.fit(*autoencoder.encode(unets.to_unit(random_films(50).pixels)))
    untold = untrained(network=network, latent=Latents("0" * 64, network_of_latents))
    return replace(untold, autoencoder=autoencoder)


def test_a_network_of_latents_is_asked_about_the_latents_of_a_film(
    context: Compute, latent: Checkpoint
) -> None:
    prober = Prober(latent, context)
    some = random_films(11)
    few = some.take([7, 2])
    for ask in (prober.pia, prober.sima, lambda of: prober.log_losses(of, levels=2, noises=1)):
        assert ask(few).tolist() == ask(some)[[7, 2]].tolist()
    # Latents of unit variance: so has v of a network that answers 0, at any noise level.
    silent = Prober(with_weights(latent, SILENT), context)
    logs = silent.log_losses(random_films(50), levels=5, noises=2)
    assert logs.mean() == pytest.approx(0, abs=0.05)


def test_broken_weights_are_named(context: Compute) -> None:
    broken = Prober(with_weights(untrained(), {"conv_out.bias": 1e30}), context)
    for ask in (broken.pia, broken.sima, lambda of: broken.log_losses(of, levels=1, noises=1)):
        with pytest.raises(CheckpointError, match="step 4: answers with losses that are not"):
            ask(random_films(2))
