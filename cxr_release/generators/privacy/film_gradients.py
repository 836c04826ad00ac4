"""The gradient of each film apart, and the sum of what the clip leaves of them.

By `torch.func`: one pass for several films, gradients equal to those taken one film after another.
opacus's hooks are not used: a convolution whose input lies in memory as channels_last gives them
wrong gradients without a word, and here nearly all do.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call, grad, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

FilmLoss = Callable[[Callable[..., Any], Tensor, Tensor, Tensor], Tensor]
"""Loss of one film from (network, film (1, c, h, w), noises (k, c, h, w), times (k,))."""


class Skeletons:
    """A network without weights for each thread.

    While torch computes with weights from elsewhere it puts them into the network itself: two
    threads in one network would take each other's, without a word.

    Args:
        network: of which they are.
    """

    def __init__(self, network: torch.nn.Module) -> None:
        self._template = copy.deepcopy(network).to("meta")
        self._of_thread = threading.local()

    def mine(self) -> torch.nn.Module:
        """That of the calling thread."""
        if not hasattr(self._of_thread, "network"):
            self._of_thread.network = copy.deepcopy(self._template)
        own: torch.nn.Module = self._of_thread.network
        return own


def film_gradients(
    network: torch.nn.Module,
    weights: Mapping[str, Tensor],
    loss: FilmLoss,
    *,
    films: Tensor,
    noises: Tensor,
    times: Tensor,
) -> tuple[dict[str, Tensor], Tensor]:
    """The gradients of single films.

    Args:
        network: whose layers are used, and not its weights; no other thread may be in it.
        weights: name of each weight → its value.
        loss: of one film, at all of its noise levels.
        films: (b, c, h, w), folded as the network takes them.
        noises: (b, k, c, h, w), k of them a film.
        times: (b, k) diffusion times.

    Returns:
        Name of each weight → (b, *its shape); and (b,) losses.
    """

    def of_one(
        weights: Mapping[str, Tensor], film: Tensor, noise: Tensor, time: Tensor
    ) -> tuple[Tensor, Tensor]:
        def predict(noisy: Tensor, at: Tensor) -> Any:
            return functional_call(network, dict(weights), (noisy, at))

        value = loss(predict, film, noise, time)
        return value, value.detach()

    of_all = vmap(grad(of_one, has_aux=True), in_dims=(None, 0, 0, 0))
    values = {name: weight.detach() for name, weight in weights.items()}
    gradients, losses = of_all(values, films.unsqueeze(1), noises, times)
    return gradients, losses


@contextmanager
def plain_attention() -> Iterator[None]:
    """Attention as written out: its fused form has no rule for several gradients at once."""
    with sdpa_kernel(SDPBackend.MATH):
        yield


def lengths(gradients: Mapping[str, Tensor]) -> Tensor:
    """(b,) Euclidean lengths of films' gradients over all weights together."""
    squares = [gradient.flatten(1).square().sum(dim=1) for gradient in gradients.values()]
    return torch.stack(squares).sum(dim=0).sqrt()


def clipped_sum(gradients: Mapping[str, Tensor], clip: float) -> list[Tensor]:
    """The sum over films of their gradients, each shortened to `clip` where it is longer."""
    shares = (clip / lengths(gradients)).clamp(max=1)
    return [torch.tensordot(shares, gradient, dims=1) for gradient in gradients.values()]
