"""Autoencoders: their networks and their loss.

Encoder and decoder are the blocks of diffusers' `AutoencoderKL`. What lies between them is of two
kinds:

- `FilmAutoencoder`, a generator by itself: `latents` numbers that describe a whole film, not a
  small picture, few enough for one normal distribution, fitted to those of the real films, to say
  which of them go together. Films are drawn from it: drawn from the standard normal prior, phantoms
  are far from the real ones (docs/generators.md).
- `FirstStageAutoencoder`, the first stage of latent diffusion (Rombach et al., High-resolution
  image synthesis with latent diffusion models, CVPR 2022): a small map of the film, of `latents`
  channels, which the diffusion model learns and draws.

Training minimizes the negative evidence lower bound with the error's variance at its optimum for
each film, the σ-VAE of Rybkin, Daniilidis and Levine (Simple and effective VAE training with
calibrated decoders, ICML 2021): nothing weighs reconstruction against the latents' divergence but
the films themselves. For the first stage the divergence weighs a millionth, as in latent
diffusion: what is to be drawn is the diffusion model's to learn.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, overload

import torch
from diffusers import AutoencoderKL
from torch import Tensor
from torch.nn import Conv2d, Linear, Module, functional

from cxr_release.film_size import Size
from cxr_release.params.autoencoders import AutoencoderNetwork, FirstStageNetwork

NORM_GROUPS = 8
CODES = 8
"""Channels of the small picture between the blocks and the latents."""
WIDEST, NARROWEST = 10.0, -20.0
"""Ends of the log variance of a latent, so that its exponential stays finite."""
ROUNDING = 1 / 12 / 127.5**2
"""Variance of the rounding to grey values: a film that is met better has no finite density."""
DIVERGENCE_WEIGHT = 1e-6
"""Weight of the divergence of the first stage's latents."""


class Autoencoder(Module):
    """Films → latents → films.

    Args:
        network: channels, layers and latents.
        size: of the films.

    Attributes:
        mean: of the latents of the films that it learnt from; 0 until `fit` is called.
        shape: of the latents of a film.
    """

    divergence_weight = 1.0
    mean: Tensor
    shape: tuple[int, ...]

    def __init__(self, network: AutoencoderNetwork, size: Size) -> None:
        super().__init__()
        self._fold = network.pixel_unshuffle
        halvings = network.pixel_unshuffle << (len(network.channels) - 1)
        self._grid = (CODES, *(side // halvings for side in size.shape))
        self.blocks = AutoencoderKL(
            in_channels=network.pixel_unshuffle**2,
            out_channels=network.pixel_unshuffle**2,
            down_block_types=("DownEncoderBlock2D",) * len(network.channels),
            up_block_types=("UpDecoderBlock2D",) * len(network.channels),
            block_out_channels=network.channels,
            layers_per_block=network.layers,
            latent_channels=CODES,
            norm_num_groups=NORM_GROUPS,
            mid_block_add_attention=False,
            use_quant_conv=False,
            use_post_quant_conv=False,
        )

    @abstractmethod
    def _latents(self, codes: Tensor) -> Tensor:
        """Means, then log variances, (b, 2k, …), of what the encoder gives."""

    @abstractmethod
    def _codes(self, latents: Tensor) -> Tensor:
        """What the decoder takes, of latents."""

    @abstractmethod
    def fit(self, means: Tensor, variances: Tensor) -> None:
        """Take in the latents of the films that it learnt from.

        Args:
            means: (n, …), of each film.
            variances: (n, …), likewise.
        """

    def encode(self, films: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of the latents of films (b, 1, h, w) in [−1, 1]; (b, *shape)."""
        folded = functional.pixel_unshuffle(films, self._fold)
        codes = self.blocks.encoder(folded.contiguous(memory_format=torch.channels_last))
        mean, log_variance = self._latents(codes).float().chunk(2, dim=1)
        return mean, log_variance.clamp(NARROWEST, WIDEST)

    def decode(self, latents: Tensor) -> Tensor:
        """Films (b, 1, h, w), about in [−1, 1], of latents (b, *shape)."""
        codes = self._codes(latents)
        folded = self.blocks.decoder(codes.contiguous(memory_format=torch.channels_last))
        return functional.pixel_shuffle(folded.float(), self._fold)

    def forward(self, films: Tensor, noise: Tensor) -> Tensor:
        """Loss of each film, (b,): see `negative_bound`.

        Args:
            films: (b, 1, h, w) in [−1, 1].
            noise: (b, *shape) standard normal, by which latents are drawn; 0: their mean is taken.
        """
        mean, log_variance = self.encode(films)
        drawn = self.decode(mean + noise * (log_variance / 2).exp())
        return negative_bound(films, drawn, mean, log_variance, self.divergence_weight)


class FilmAutoencoder(Autoencoder):
    """One whose latents are numbers that describe a film: films are drawn from it.

    Args:
        network: channels, layers and latents.
        size: of the films.

    Attributes:
        factor: (latents, latents) lower triangular, whose product with its transpose is the
            latents' covariance; the identity until `fit` is called.
    """

    factor: Tensor

    def __init__(self, network: AutoencoderNetwork, size: Size) -> None:
        super().__init__(network, size)
        numbers = math.prod(self._grid)
        self.shape = (network.latents,)
        self.to_latents = Linear(2 * numbers, 2 * network.latents)
        self.from_latents = Linear(network.latents, numbers)
        self.register_buffer("mean", torch.zeros(network.latents))
        self.register_buffer("factor", torch.eye(network.latents))

    def _latents(self, codes: Tensor) -> Tensor:
        latents: Tensor = self.to_latents(codes.flatten(1))
        return latents

    def _codes(self, latents: Tensor) -> Tensor:
        codes: Tensor = self.from_latents(latents).view(-1, *self._grid)
        return codes

    def fit(self, means: Tensor, variances: Tensor) -> None:
        """Take the normal distribution of the latents of films for the one to draw from.

        Its covariance is that of the films' means and, as each film's latents are themselves
        spread, the mean of their variances: it is never singular.

        Args:
            means: (n, k), of each film.
            variances: (n, k), likewise.
        """
        means = means.double()
        spread = torch.cov(means.T, correction=0).view(means.shape[1], means.shape[1])
        covariance = spread + torch.diag(variances.double().mean(dim=0))
        self.mean.copy_(means.mean(dim=0))
        self.factor.copy_(torch.linalg.cholesky(covariance))

    def latents(self, noise: Tensor) -> Tensor:
        """Latents (b, k) of new films, of standard normal noise (b, k)."""
        return self.mean + noise @ self.factor.T


class FirstStageAutoencoder(Autoencoder):
    """One with spatial latents: a small map of the film, of `latents` channels.

    Args:
        network: channels, layers and latents.
        size: of the films.

    Attributes:
        deviation: (latents, 1, 1) standard deviation of each channel over the films that it learnt
            from, as `mean` is its mean; 1 until `fit` is called.
    """

    divergence_weight = DIVERGENCE_WEIGHT
    deviation: Tensor

    def __init__(self, network: FirstStageNetwork, size: Size) -> None:
        super().__init__(network, size)
        self.shape = network.latent_shape(size)
        self.to_latents = Conv2d(2 * CODES, 2 * network.latents, 1)
        self.from_latents = Conv2d(network.latents, CODES, 1)
        self.register_buffer("mean", torch.zeros(network.latents, 1, 1))
        self.register_buffer("deviation", torch.ones(network.latents, 1, 1))

    def _latents(self, codes: Tensor) -> Tensor:
        latents: Tensor = self.to_latents(codes)
        return latents

    def _codes(self, latents: Tensor) -> Tensor:
        codes: Tensor = self.from_latents(latents)
        return codes

    def fit(self, means: Tensor, variances: Tensor) -> None:
        """Note mean and standard deviation of each channel of the films' latents.

        Args:
            means: (n, c, h, w), of each film.
            variances: of no account: the latents' means are what a diffusion model learns.
        """
        values = means.double().transpose(0, 1).flatten(1)
        self.mean.copy_(values.mean(dim=1).view(-1, 1, 1))
        self.deviation.copy_(values.std(dim=1, correction=0).view(-1, 1, 1))

    def encode_scaled(self, films: Tensor) -> Tensor:
        """Latents (b, *shape) of films (b, 1, h, w) in [−1, 1]: of unit variance in each channel
        over the films that it learnt from."""
        mean, _ = self.encode(films)
        return (mean - self.mean) / self.deviation

    def decode_scaled(self, scaled: Tensor) -> Tensor:
        """Films (b, 1, h, w), about in [−1, 1], of such latents."""
        return self.decode(scaled * self.deviation + self.mean)


def negative_bound(
    films: Tensor, drawn: Tensor, mean: Tensor, log_variance: Tensor, weight: float = 1.0
) -> Tensor:
    """The negative evidence lower bound of each film, (b,), in nats a pixel, less a constant.

    The first part is the log of the root mean square error, pixels running from −1 to 1: the
    normal density of the film at the variance that makes it largest. The second is the
    Kullback–Leibler divergence of its latents from the standard normal prior, times `weight`.
    """
    error = (films - drawn).square().mean(dim=(1, 2, 3))
    divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).flatten(1).sum(dim=1)
    return 0.5 * (error + ROUNDING).log() + weight * divergence / films[0].numel()


@overload
def build(network: FirstStageNetwork, size: Size) -> FirstStageAutoencoder: ...
@overload
def build(network: AutoencoderNetwork, size: Size) -> Autoencoder: ...
def build(network: AutoencoderNetwork, size: Size) -> Autoencoder:
    """An autoencoder for films of a size, its weights drawn from torch's global stream."""
    autoencoder: Any
    if isinstance(network, FirstStageNetwork):
        autoencoder = FirstStageAutoencoder(network, size)
    else:
        autoencoder = FilmAutoencoder(network, size)
    placed: Autoencoder = autoencoder.to(memory_format=torch.channels_last)
    return placed
