"""Training steps a second, against denoising_diffusion_pytorch, the paper's library.

    python -m benchmarks.training [--size PIXELS] [--batch FILMS] [--steps N] [--rounds N]

Both train the same class of network (base 64, multipliers 1-2-4-8) on the same films held in
memory, at one precision, with their own losses, gradient clipping, Adam and averaged weights. The
floor is three times the operations of a forward pass over the measured rate of a matrix product.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ema_pytorch import EMA
from numpy.typing import NDArray

from benchmarks import measuring, printing
from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.diffusion.learner import Learner
from cxr_release.generators.runtime.compute import computing
from cxr_release.params.load import load_params
from cxr_release.params.training import ComputeParams, TrainParams
from cxr_release.settings import checked

PAPER = Path(__file__).parent.parent / "params.paper.yaml"
FORWARD_AND_BACKWARD = 3


def main() -> None:
    """Print a table."""
    options = _options()
    films = np.random.default_rng(1).integers(
        0, 256, (64, options.size, options.size), dtype=np.uint8
    )
    rows = [
        row
        for precision in options.precisions
        for row in _rows(films, precision, options.batch, options.steps, options.rounds)
    ]
    print(f"training at {options.size} × {options.size}, {options.batch} films a step")
    titles = ("", "parameters, M", "GFLOP a film, forward", "steps/s", "ratio", "share of floor, %")
    printing.table(titles, rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=64, help="pixels on each side")
    parser.add_argument("--batch", type=int, default=8, help="films a step")
    parser.add_argument("--steps", type=int, default=2, help="steps that are timed together")
    parser.add_argument("--rounds", type=int, default=5, help="times that each is timed")
    parser.add_argument("--precisions", nargs="+", default=["fp32", "bf16"])
    return parser.parse_args()


def _rows(
    films: NDArray[np.uint8], precision: str, batch: int, steps: int, rounds: int
) -> list[tuple[object, ...]]:
    params = load_params(PAPER)
    compute = ComputeParams(precision=precision, compile="auto")  # type: ignore[arg-type]
    size = films.shape[1]
    settings = checked(TrainParams, {**vars(params.train), "batch_size": batch})
    with measuring.quiet_peer() as peer, computing(compute) as context:
        learner = Learner(
            films, network=params.network, settings=settings, horizon=1, seed=1, compute=context
        )
        steps_taken = iter(range(10**9))
        unet = peer.Unet(dim=64, dim_mults=(1, 2, 4, 8), channels=1).to(context.device)
        peer_trainer = PeerTrainer(peer, unet, films, batch, precision, context.device)
        works = {
            measuring.PEER: lambda: measuring.with_all_cores(context, peer_trainer.steps, steps),
            "cxr-release": lambda: [learner.step(next(steps_taken)) for _ in range(steps)],
        }
        durations = measuring.in_turns(works, rounds)
        rate = measuring.with_all_cores(context, measuring.matrix_rate, context.device, precision)
        own_network = unets.build(params.network, size)
        counted = {
            measuring.PEER: (unet.cpu(), unet),
            "cxr-release": (measuring.answer(own_network), own_network),
        }
        return [
            (
                f"{name}, {precision}",
                measuring.parameters_of(module),
                operations / 1e9,
                steps / durations[name],
                durations[measuring.PEER] / durations[name],
                100 * FORWARD_AND_BACKWARD * operations * batch * steps / rate / durations[name],
            )
            for name, (forward, module) in counted.items()
            for operations in [measuring.operations(forward, size)]
        ]


class PeerTrainer:
    """The steps of the peer's own `Trainer`, without its files and its data loader."""

    def __init__(
        self,
        peer: Any,
        unet: Any,
        films: NDArray[np.uint8],
        batch: int,
        precision: str,
        device: torch.device,
    ) -> None:
        self._model = peer.GaussianDiffusion(unet, image_size=films.shape[1]).to(device)
        self._films = torch.from_numpy(films).unsqueeze(1).float().div(255).to(device)
        self._batch, self._device, self._lower = batch, device, precision == "bf16"
        self._optimizer = torch.optim.Adam(self._model.parameters(), lr=5e-5, betas=(0.9, 0.99))
        self._average = EMA(self._model, beta=0.995, update_every=10)

    def steps(self, count: int) -> None:
        for _ in range(count):
            chosen = torch.randint(len(self._films), (self._batch,), device=self._device)
            with torch.autocast(self._device.type, torch.bfloat16, enabled=self._lower):
                loss = self._model(self._films[chosen])
            loss.item()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
            self._optimizer.step()
            self._optimizer.zero_grad()
            self._average.update()


if __name__ == "__main__":
    main()
