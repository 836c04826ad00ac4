"""The autoencoder: its network, its loss, and the normal distribution that films are drawn from.

Encoder and decoder are the blocks of diffusers' `AutoencoderKL`. Between them lie `latents` numbers
that describe a whole film, not a small picture: few enough for one normal distribution, fitted to
those of the real films, to say which of them go together. Films are drawn from it: drawn from the
standard normal prior, phantoms are far from the real ones (docs/generators.md).

Training minimizes the negative evidence lower bound with the error's variance at its optimum for
each film, the σ-VAE of Rybkin, Daniilidis and Levine (Simple and effective VAE training with
calibrated decoders, ICML 2021): nothing weighs reconstruction against the latents' divergence but
the films themselves.
"""

from __future__ import annotations

from typing import Any

import torch
from diffusers import AutoencoderKL
from torch import Tensor
from torch.nn import Linear, Module, functional

from cxr_release.film_size import Size
from cxr_release.params import AutoencoderNetwork

NORM_GROUPS = 8
CODES = 8
"""Channels of the small picture between the blocks and the latents."""
WIDEST, NARROWEST = 10.0, -20.0
"""Ends of the log variance of a latent, so that its exponential stays finite."""
ROUNDING = 1 / 12 / 127.5**2
"""Variance of the rounding to grey values: a film that is met better has no finite density."""


class FilmAutoencoder(Module):
    """Films → latents → films.

    Args:
        network: channels, layers and latents.
        size: of the films.

    Attributes:
        mean: (latents,) of the latents of the films that it learnt from; 0 until `fit` is called.
        factor: (latents, latents) lower triangular, whose product with its transpose is their
            covariance; the identity until then.
    """

    mean: Tensor
    factor: Tensor

    def __init__(self, network: AutoencoderNetwork, size: Size) -> None:
        super().__init__()
        self._fold = network.pixel_unshuffle
        halvings = network.pixel_unshuffle << (len(network.channels) - 1)
        self._grid = (CODES, *(side // halvings for side in size.shape))
        numbers = self._grid[0] * self._grid[1] * self._grid[2]
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
        self.to_latents = Linear(2 * numbers, 2 * network.latents)
        self.from_latents = Linear(network.latents, numbers)
        self.register_buffer("mean", torch.zeros(network.latents))
        self.register_buffer("factor", torch.eye(network.latents))

    def encode(self, films: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of the latents of films (b, 1, h, w) in [−1, 1]; each (b, k)."""
        folded = functional.pixel_unshuffle(films, self._fold)
        codes = self.blocks.encoder(folded.contiguous(memory_format=torch.channels_last))
        mean, log_variance = self.to_latents(codes.flatten(1)).float().chunk(2, dim=1)
        return mean, log_variance.clamp(NARROWEST, WIDEST)

    def decode(self, latents: Tensor) -> Tensor:
        """Films (b, 1, h, w), about in [−1, 1], of latents (b, k)."""
        codes = self.from_latents(latents).view(-1, *self._grid)
        folded = self.blocks.decoder(codes.contiguous(memory_format=torch.channels_last))
        return functional.pixel_shuffle(folded.float(), self._fold)

    def forward(self, films: Tensor, noise: Tensor) -> Tensor:
        """Loss of each film, (b,): see `negative_bound`.

        Args:
            films: (b, 1, h, w) in [−1, 1].
            noise: (b, k) standard normal, by which latents are drawn; 0: their mean is taken.
        """
        mean, log_variance = self.encode(films)
        drawn = self.decode(mean + noise * (log_variance / 2).exp())
        return negative_bound(films, drawn, mean, log_variance)

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


def negative_bound(films: Tensor, drawn: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """The negative evidence lower bound of each film, (b,), in nats a pixel, less a constant.

    The first part is the log of the root mean square error, pixels running from −1 to 1: the
    normal density of the film at the variance that makes it largest. The second is the
    Kullback–Leibler divergence of its latents from the standard normal prior.
    """
    error = (films - drawn).square().mean(dim=(1, 2, 3))
    divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)
    return 0.5 * (error + ROUNDING).log() + divergence / films[0].numel()


def build(network: AutoencoderNetwork, size: Size) -> FilmAutoencoder:
    """An autoencoder for films of a size, its weights drawn from torch's global stream."""
    autoencoder: Any = FilmAutoencoder(network, size)
    placed: FilmAutoencoder = autoencoder.to(memory_format=torch.channels_last)
    return placed
