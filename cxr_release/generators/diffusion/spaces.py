"""What the network sees of films: their pixels, or the latents of an autoencoder.

Latent diffusion (Rombach et al., High-resolution image synthesis with latent diffusion models, CVPR
2022) learns and draws latents, which an autoencoder makes of films and turns back into films. To
the code around this module the network's input is an array of some shape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cxr_release.film_size import Size
from cxr_release.generators.autoencoder.network import FirstStageAutoencoder
from cxr_release.generators.diffusion.network import to_unit
from cxr_release.generators.runtime.compute import Compute
from cxr_release.generators.runtime.films import Films

PIECE = 8
"""Films that the autoencoder sees at once on one core, always as many: fewer take other kernels."""
ON_GPU = 32
"""Films that it sees at once on a GPU."""

Inputs = Callable[[NDArray[np.int64], NDArray[np.bool_] | None], Tensor]
"""Input (b, *shape) of the network for some films by their places, mirrored where told."""


class Space(Protocol):
    """What the network sees of films."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the network's input."""

    @property
    def is_bounded(self) -> bool:
        """Whether its values lie in [−1, 1]."""

    def encode(self, films: Films, compute: Compute, *, mirrored: bool = False) -> Inputs:
        """Inputs for films (n, height, width).

        Args:
            films: uint8.
            compute: where an autoencoder is computed.
            mirrored: whether any will be asked for as a mirrored film.
        """

    def decode(self, drawn: Tensor, compute: Compute) -> Tensor:
        """Films (b, 1, height, width), about in [−1, 1], of what was drawn (b, *shape)."""


class PixelSpace:
    """The network sees the films themselves.

    Args:
        size: of the films.
    """

    is_bounded = True

    def __init__(self, size: Size) -> None:
        self.shape = (1, *size.shape)

    def encode(self, films: Films, compute: Compute, *, mirrored: bool = False) -> Inputs:
        """Films as they are asked for: all of them as numbers would take four times the memory."""

        def taken(places: NDArray[np.int64], flips: NDArray[np.bool_] | None = None) -> Tensor:
            chosen = films[places]
            if flips is not None:
                chosen = np.where(flips[:, None, None], chosen[:, :, ::-1], chosen)
            return to_unit(chosen)

        return taken

    def decode(self, drawn: Tensor, compute: Compute) -> Tensor:
        """What was drawn."""
        return drawn


class LatentSpace:
    """The network sees an autoencoder's latents of films, scaled to unit variance.

    Args:
        autoencoder: as loaded.
    """

    is_bounded = False

    def __init__(self, autoencoder: FirstStageAutoencoder) -> None:
        self._autoencoder = autoencoder
        channels, height, width = autoencoder.shape
        self.shape = (channels, height, width)

    def encode(self, films: Films, compute: Compute, *, mirrored: bool = False) -> Inputs:
        """All latents at once, for encoding takes longer than a step of the network: of f8 with 4
        channels a quarter of the films' memory, and as much for mirrored ones. The latents of a
        film are a pure function of its pixels."""
        sides = [
            self._encoded(films, compute, mirrored=side) for side in (False, True)[: 1 + mirrored]
        ]

        def taken(places: NDArray[np.int64], flips: NDArray[np.bool_] | None = None) -> Tensor:
            at = torch.from_numpy(np.asarray(places, np.int64))
            if flips is None or not mirrored:
                return sides[0][at]
            chosen = torch.from_numpy(flips).view(-1, 1, 1, 1)
            return torch.where(chosen, sides[1][at], sides[0][at])

        return taken

    def _encoded(self, films: Films, compute: Compute, *, mirrored: bool) -> Tensor:
        network = self._autoencoder.to(compute.device)
        size = ON_GPU if compute.on_gpu else PIECE
        places = np.resize(np.arange(len(films)), -(-len(films) // size) * size)

        @torch.inference_mode()
        def encoded(piece: NDArray[np.int64]) -> Tensor:
            chosen = films[piece][:, :, ::-1] if mirrored else films[piece]
            with compute.autocast():
                return network.encode_scaled(to_unit(chosen).to(compute.device)).float().cpu()

        parts = compute.run(encoded, np.split(places, len(places) // size))
        # Joined outside of inference mode: training takes gradients of what follows from these.
        return torch.cat(parts)[: len(films)]

    def decode(self, drawn: Tensor, compute: Compute) -> Tensor:
        """Through the decoder."""
        with compute.autocast():
            films: Tensor = self._autoencoder.to(compute.device).decode_scaled(drawn).float()
        return films
