"""What private training costs, and why opacus's hooks are not used.

    python -m benchmarks.privacy [--films N] [--batch FILMS] [--steps N] [--start-steps N]
        [--phantoms-cache FOLDER] [--parts gradients cost account training]

`gradients`: gradients of single films by opacus's hooks and by `torch.func`, each against gradients
taken one film after another. `cost`: processor time of 8 films. `account`: ε and σ. `training`: the
embedded default's network on phantoms, with ε = 8 and without, from random weights and from weights
that were learnt from phantoms of another seed; few steps, all on the same films in the same run.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks import printing
from benchmarks.film_sets import phantoms
from cxr_release.fidelity.distances import (
    frechet_distance,
    overlap,
    random_conv_features,
    reach,
    real_floor,
)
from cxr_release.files import sha256
from cxr_release.generators.checkpoints import WEIGHTS
from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.diffusion.denoising import fixed_losses
from cxr_release.generators.diffusion.network import v_losses
from cxr_release.generators.diffusion.training import train
from cxr_release.generators.opening import draw
from cxr_release.generators.privacy.accounting import epsilon_of, noise_for
from cxr_release.generators.privacy.film_gradients import Skeletons, film_gradients, plain_attention
from cxr_release.generators.privacy.mechanism import private_run
from cxr_release.generators.privacy.noise_key import NoiseKey
from cxr_release.params.load import load_params
from cxr_release.params.training import PrivacyParams, TrainParams

PARAMS = load_params(Path(__file__).parent.parent / "params.yaml")
SIZE = PARAMS.ingest.size
DRAWN = 64
"""Films whose distance is taken."""
FINE_TUNING = 5e-4
"""Learning rate from public weights, of the plain and the private run alike."""
KEY = NoiseKey(b"a benchmark on phantoms: public.."[:32])


def main() -> None:
    """Print tables."""
    options = _options()
    torch.set_num_threads(1)
    for part in options.parts:
        PARTS[part](options)
        print(flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=600, help="phantoms to train on")
    parser.add_argument("--batch", type=int, default=24, help="films a step, on average")
    parser.add_argument("--steps", type=int, default=120, help="of each run")
    parser.add_argument("--start-steps", type=int, default=360, help="of 8 public films")
    parser.add_argument("--phantoms-cache", type=Path, default=Path("build/bench"))
    parser.add_argument("--rounds", type=int, default=3, help="times that each cost is taken")
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    return parser.parse_args()


class _Case:
    """Eight films, their noise, and the embedded default's network."""

    def __init__(self, layout: torch.memory_format) -> None:
        torch.manual_seed(0)
        network = PARAMS.network
        self.unet = unets.build(network, SIZE).train().to(memory_format=layout)
        self.skeletons = Skeletons(self.unet)
        self.schedule = unets.noise_schedule(network)
        films, noise = torch.rand(8, 1, SIZE, SIZE) * 2 - 1, torch.randn(8, 1, SIZE, SIZE)
        self.films = unets.fold(films, network).contiguous(memory_format=layout)
        self.noise = unets.fold(noise, network).contiguous(memory_format=layout)
        self.times = torch.arange(8) * 120 + 60

    def loss(self, predict: Any, film: Tensor, noise: Tensor, time: Tensor) -> Tensor:
        return v_losses(predict, self.schedule, film, noise, time).mean()

    def plain(self) -> None:
        loss = v_losses(self.unet, self.schedule, self.films, self.noise, self.times).mean()
        torch.autograd.grad(loss, list(self.unet.parameters()))

    def one_by_one(self) -> dict[str, Tensor]:
        names = [name for name, _ in self.unet.named_parameters()]
        rows = []
        for at in range(len(self.films)):
            film = slice(at, at + 1)
            loss = self.loss(self.unet, self.films[film], self.noise[film], self.times[film])
            rows.append(torch.autograd.grad(loss, list(self.unet.parameters())))
        columns = zip(*rows, strict=True)
        return {name: torch.stack(column) for name, column in zip(names, columns, strict=True)}

    def together(self) -> dict[str, Tensor]:
        with plain_attention():
            noises, times = self.noise.unsqueeze(1), self.times.unsqueeze(1)
            weights = dict(self.unet.named_parameters())
            skeleton = self.skeletons.mine()
            return film_gradients(
                skeleton, weights, self.loss, films=self.films, noises=noises, times=times
            )[0]

    def hooks(self) -> dict[str, Tensor]:
        """As opacus takes them by default: `GradSampleModule`."""
        from opacus import GradSampleModule

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            hooked = GradSampleModule(self.unet, loss_reduction="mean")
            v_losses(hooked, self.schedule, self.films, self.noise, self.times).mean().backward()
            gradients = {
                name: weight.grad_sample.detach().clone()  # type: ignore[attr-defined]
                for name, weight in self.unet.named_parameters()
            }
            hooked.remove_hooks()
            for weight in self.unet.parameters():
                weight.grad = None
                del weight.grad_sample  # type: ignore[attr-defined]
        return gradients


def _lengths(gradients: dict[str, Tensor]) -> Tensor:
    return torch.stack([one.flatten(1).square().sum(1) for one in gradients.values()]).sum(0).sqrt()


def gradients(options: argparse.Namespace) -> None:
    print("gradients of 8 films, against one film after another; the biases of keys left out,")
    print("whose gradient is 0 but for rounding")
    rows: list[tuple[object, ...]] = []
    for label, layout in LAYOUTS.items():
        case = _Case(layout)
        true = case.one_by_one()
        for way, made in (("opacus's hooks", case.hooks()), ("torch.func", case.together())):
            errors = {
                name: float(((made[name] - one).norm() / one.norm()).item())
                for name, one in true.items()
                if not name.endswith("to_k.bias")
            }
            whole = torch.cat([(made[name] - one).flatten(1) for name, one in true.items()], 1)
            relative = (whole.norm(dim=1) / _lengths(true)).numpy()
            ratio = (_lengths(made) / _lengths(true)).numpy()
            wrong = sum(error > 1e-3 for error in errors.values())
            rows.append(
                (
                    f"{way}, {label}",
                    f"{relative.min():.2g}–{relative.max():.2g}",
                    f"{max(errors.values()):.2g}",
                    f"{wrong} of {len(errors)}",
                    f"{ratio.min():.3f}–{ratio.max():.3f}",
                )
            )
    titles = ("", "error of a film", "largest of a weight", "wrong weights", "length, true = 1")
    printing.table(titles, rows)


def cost(options: argparse.Namespace) -> None:
    case = _Case(torch.channels_last)
    works: dict[str, Callable[[], object]] = {
        "plain: their mean alone": case.plain,
        "torch.func": case.together,
        "one film after another": case.one_by_one,
        "opacus's hooks (wrong)": case.hooks,
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(options.rounds + 1):
        for name, work in works.items():
            begin = time.process_time()
            work()
            if number:
                times[name].append(time.process_time() - begin)
    plain = float(np.median(times["plain: their mean alone"]))
    print("processor time of the gradients of 8 films")
    rows = [
        (name, float(np.median(ones)), float(np.median(ones)) / plain)
        for name, ones in times.items()
    ]
    printing.table(("", "seconds", "ratio"), rows)


def account(options: argparse.Namespace) -> None:
    weights = sum(weight.numel() for weight in _Case(torch.channels_last).unet.parameters())
    print("noise for an ε at δ = 1 in 10 n; its length in a step, beside the most that one patient")
    print("adds (the clip) and the most that all who are drawn add")
    rows: list[tuple[object, ...]] = []
    for n, batch, steps, size in (
        (600, 8, 1350, weights),
        (600, 24, 450, weights),
        (600, 64, 300, weights),
        (4963, 8, 160_000, 34_100_000),
        (4963, 512, 4000, 34_100_000),
        (100_000, 512, 4000, weights),
    ):
        for epsilon in (1.0, 3.0, 8.0):
            given: dict[str, Any] = {"rate": batch / n, "steps": steps, "delta": 1 / (10 * n)}
            sigma = noise_for(epsilon, **given)
            length = sigma * size**0.5
            spent = epsilon_of(sigma, **given)
            rows.append(
                (
                    f"{n:,}",
                    f"{batch:,}",
                    f"{steps:,}",
                    f"{spent:.2f}",
                    f"{sigma:.3f}",
                    f"{length:,.0f}",
                    f"{length / batch:,.0f}",
                )
            )
    titles = ("patients", "a step", "steps", "ε", "σ", "noise ÷ one", "noise ÷ all")
    printing.table(titles, rows)


def training(options: argparse.Namespace) -> None:
    folder = options.phantoms_cache
    mapped, patients = phantoms(folder, "real", options.films, size=SIZE)
    films = np.array(mapped)
    public = np.array(phantoms(folder, "synthetic", options.films, size=SIZE)[0])
    n = len(set(patients))
    features = random_conv_features(films)
    measure = _Measure(films, features, reach(features))
    print(
        f"{len(films)} films of {n} patients, {SIZE} × {SIZE}; {options.steps} steps of"
        f" {options.batch} films;"
    )
    print(f"start: {options.start_steps} steps of 8 public phantoms; {DRAWN} films drawn of each")
    settings = replace(
        PARAMS.train, steps=options.steps, batch_size=options.batch,
        checkpoint_every=options.steps, warmup=options.steps // 10,
    )  # fmt: skip
    asked = PrivacyParams(epsilon=8.0, delta=1 / (10 * n), clip=0.35, levels=1)
    rows: list[tuple[object, ...]] = []
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        before = replace(
            PARAMS.train, steps=options.start_steps, checkpoint_every=options.start_steps
        )
        _train(folder / "start", public, before)
        start = folder / "start" / "checkpoint-1"
        rows.append(("start alone: no film of these patients", "0", "–", *measure(start)))
        base = 0.0
        for label, begun, private in (
            ("plain", None, None),
            ("private", None, asked),
            ("plain, from start", start, None),
            ("private, from start", start, asked),
        ):
            chosen = replace(settings, privacy=private)
            if begun is not None:
                hashed = sha256(begun / WEIGHTS)
                chosen = replace(chosen, start_sha256=hashed, learning_rate=FINE_TUNING)
            begin = time.process_time()
            _train(folder / label, films, chosen, patients, begun)
            seconds = time.process_time() - begin
            base = base or seconds
            epsilon = "∞" if private is None else f"{private.epsilon:g}"
            speed = f"{options.steps / seconds:.2f} ({base / seconds:.2f})"
            rows.append((label, epsilon, speed, *measure(folder / label / "checkpoint-1")))
    real = real_floor(features, DRAWN, seed=1)
    chance = np.random.default_rng(1).permutation(len(films))
    own = overlap(
        features[chance[:DRAWN]],
        features[chance[DRAWN:]],
        real_reach=reach(features[chance[DRAWN:]]),
    )
    rows.append(("real films against each other", "–", "–", real, float(own.coverage.mean()), "–"))
    titles = ("", "ε", "steps a processor second (ratio)", "distance", "coverage", "loss")
    printing.table(titles, rows)


def _train(
    folder: Path,
    films: NDArray[np.uint8],
    settings: TrainParams,
    patients: Sequence[str | None] = (),
    start: Path | None = None,
) -> None:
    private = None
    if settings.privacy:
        private = private_run(settings, KEY, patients=patients, of_final=patients)
        print(f"σ = {private.noise_multiplier}", flush=True)
    train(
        films,
        folder,
        network=PARAMS.network,
        settings=settings,
        compute=PARAMS.compute,
        steps=settings.steps,
        seed=PARAMS.seed,
        fingerprint=folder.name,
        start=start,
        private=private,
    )


class _Measure:
    """Distance, coverage and loss of a checkpoint against the films to learn."""

    def __init__(
        self, films: NDArray[np.uint8], features: NDArray[np.float64], reached: NDArray[np.float64]
    ) -> None:
        self._films, self._features, self._reach = films, features, reached

    def __call__(self, checkpoint: Path) -> tuple[object, ...]:
        drawn = np.stack(
            list(
                draw(
                    checkpoint.name,
                    checkpoint,
                    range(1, DRAWN + 1),
                    settings=PARAMS.sample,
                    compute=PARAMS.compute,
                )
            )
        )
        features = random_conv_features(drawn)
        covered = overlap(features, self._features, real_reach=self._reach).coverage.mean()
        loss = fixed_losses(checkpoint, self._films[:60], levels=4, seed=1, compute=PARAMS.compute)
        return frechet_distance(features, self._features), float(covered), f"{loss:.3f}"


LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
PARTS: dict[str, Callable[[argparse.Namespace], None]] = {
    "gradients": gradients,
    "cost": cost,
    "account": account,
    "training": training,
}

if __name__ == "__main__":
    main()
