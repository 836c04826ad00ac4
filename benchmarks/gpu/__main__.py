"""The paper's preset on the device at hand: how fast, does it resume, what it draws.

    python -m benchmarks.gpu [--out FOLDER] [--minutes M] [--parts PART …] [--size PIXELS] …

Meant for a GPU of which there are minutes: each part is a process of its own with a limit, and is
written to `results.json` and `results.md` in FOLDER as soon as it ends.

- `speed`: training steps and films a second, compiled and not, of this package and of
  denoising_diffusion_pytorch in the same call (films of 1,000, 50 and 25 steps from untrained
  networks, as fast as from trained ones), as a share of the device's matrix-product rate; hours for
  160,000 steps and for 27,000 films; times the paper's 0.09 films a second.
- `runs`: the package's own training run, killed and resumed; see `runs`.
- `films`: 64 films of that run's last checkpoint at 25 steps, on a sheet, alone and guided.
- `attack`, `encoding`: seconds a film of the scorecard's attack on the network, films a second of
  ViT features.

While the processes of `speed` compile, the long run of `runs` trains; it is killed before anything
is timed, which is the kill that it resumes from. On a CPU, in minutes: `--size 64 --films 8 --steps
2 25 --train-steps 2 --phantoms 64 --every 2 --short 6 --encoded 4 --minutes 12`.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

import torch

from benchmarks.gpu.report import Facts, Report
from benchmarks.gpu.runs import LONG_STEPS, Losses, Run, compared, taken_twice
from benchmarks.gpu.settings import Settings, parse
from benchmarks.gpu.workers import PartError, Worker, wait_until
from benchmarks.measuring import PEER

OWN = "cxr-release"
RESERVE = {"films": 45, "attack": 35, "encoding": 25}
"""Seconds of a GPU that are left to each of these parts."""
READY_WITHIN = 0.5
"""Share of the time in which all must have compiled."""
LEAST = 20
"""Seconds that a part gets in any case."""


class Session:
    """One call: its clock, its report, its long run."""

    def __init__(self, settings: Settings, parts: list[str], out: Path, minutes: float) -> None:
        self.settings, self.parts = settings, parts
        self.report = Report(out, asdict(settings))
        self.log = settings.folder / "logs"
        self.log.mkdir(parents=True, exist_ok=True)
        self.long = Run(settings, "long", LONG_STEPS, settings.every, self.log)
        self._end = time.monotonic() + 60 * minutes
        self._killed_at: list[int] = []
        self._before: Losses = {}

    def left(self) -> float:
        """Seconds, never less than a part needs to say what is wrong."""
        return max(LEAST, self._end - time.monotonic())

    def reserved(self) -> float:
        """Seconds to keep for the parts after `runs`."""
        return sum(RESERVE[part] for part in RESERVE if part in self.parts)

    def worker(self, module: str, *arguments: str, name: str) -> Worker:
        """A part that is told the settings."""
        return Worker(module, self.settings.as_json, *arguments, log=self.log, name=name)

    def run(self) -> None:
        """All parts that were asked for."""
        worker = self.worker("draw_phantoms", name="phantoms")
        self.report.part("phantoms", lambda: worker.result(self.left()))
        trains = bool({"runs", "films", "attack"} & {*self.parts})
        if trains:
            self.long.begin()
        if "speed" in self.parts:
            self.speeds()
        if trains:
            self.training()
        last = self.long.numbers()[-1:]
        if "films" in self.parts:
            self.films(last)
        if "attack" in self.parts:
            self.report.part("attack", lambda: self._attack(last))
        if "encoding" in self.parts:
            encoding = self.worker("encoding", name="encoding")
            self.report.part("encoding", lambda: encoding.result(self.left()))

    def speeds(self) -> None:
        """All cases warm up at once, and are timed one by one while nothing else runs."""
        workers = dict(self._cases())
        until = time.monotonic() + READY_WITHIN * self.left()
        faults: dict[str, PartError] = {}
        for name, worker in workers.items():
            try:
                worker.wait_ready(until - time.monotonic())
            except PartError as error:
                faults[name] = error
        print(f"warm: {len(workers) - len(faults)} of {len(workers)}", flush=True)
        if self.long.running():
            beyond = self.settings.every + 20
            wait_until(
                lambda: max(self.long.losses(), default=0) > beyond or not self.long.running(), 45
            )
            self._kill_long()
        for name, worker in workers.items():
            self.report.part(name, lambda: _timed(worker, faults.get(name), self.left()))  # noqa: B023

    def _cases(self) -> Iterator[tuple[str, Worker]]:
        compiled = self.settings.compile == "always" or (
            self.settings.compile == "auto" and torch.cuda.is_available()
        )
        for what in ("training", "sampling"):
            for who in (OWN, PEER):
                for lower in (True, False) if compiled else (False,):
                    case = {"who": who, "what": what, "compiled": lower}
                    name = f"speed of {what}, {who}{', compiled' * lower}"
                    yield name, self.worker("speed", json.dumps(case), name=name)

    def training(self) -> None:
        """The runs that are held against each other; then the long run, to its end."""
        if not self.long.running():
            self.long.begin()
        if "runs" in self.parts:
            limit = max(LEAST, self.left() - self.reserved())
            self.report.part("runs", lambda: compared(self.settings, self.log, limit))
        if not self._killed_at:
            wait_until(
                lambda: (
                    max(self.long.losses(), default=0) > self.settings.every
                    or not self.long.running()
                ),
                max(LEAST, self.left() - self.reserved()),
            )
            self._kill_long()
            self.long.begin()
        wait_until(
            lambda: not self.long.running() or self.left() <= self.reserved(), self.left(), 0.2
        )
        self.report.part("long run", self._long)

    def _kill_long(self) -> None:
        self.long.kill()
        self._killed_at.append(max(self.long.killed_with, default=0))
        self._before = self.long.killed_with

    def _long(self) -> Facts:
        if not self.long.running():
            raise PartError(f"the long run ended: {self.long.tail()}")
        self.long.kill()
        losses, resumed = self.long.losses(), self.long.resumed_after()
        twice = taken_twice(self._before, losses, resumed[0]) if resumed else None
        return {
            "steps": max(losses, default=0),
            "checkpoints": self.long.numbers(),
            "killed_at": self._killed_at,
            "resumed_after": resumed,
            "taken_twice": twice,
            "losses": {str(step): loss for step, loss in losses.items()},
        }

    def films(self, last: list[int]) -> None:
        """Alone, and guided by a checkpoint at two fifths of the run, side by side."""
        if not last:
            self.report.part("films", _no_checkpoint)
            return
        guide = round(0.4 * last[0])
        workers = {
            name: self.worker(
                "draw_films",
                str(self.report.folder),
                json.dumps({"last": last[0], "guide": number}),
                name=name,
            )
            for name, number in (("films", None), ("guided films", guide or None))
            if name == "films" or guide
        }
        for name, worker in workers.items():
            self.report.part(name, lambda: worker.result(self.left()))  # noqa: B023

    def _attack(self, last: list[int]) -> Facts:
        if not last or last[0] < 2:
            return _no_checkpoint()
        return self.worker("attack", str(last[0]), name="attack").result(self.left())

    def close(self) -> None:
        """Nothing runs on, and the logs lie with the results."""
        self.long.kill()
        with (self.report.folder / "log.txt").open("w") as stream:
            for path in sorted(self.log.glob("*.log")):
                stream.write(f"== {path.stem}\n{path.read_text(errors='replace')[-20_000:]}\n")
        stats = self.long.folder / "stats.jsonl"
        if stats.exists():
            shutil.copy(stats, self.report.folder / "stats.jsonl")


def _timed(worker: Worker, fault: PartError | None, limit: float) -> Facts:
    if fault is not None:
        raise fault
    worker.start()
    return worker.result(limit)


def _no_checkpoint() -> Facts:
    raise PartError("the long run left too few checkpoints")


def main() -> None:
    settings, options = parse(__doc__.splitlines()[0])
    with ExitStack() as stack:
        if not settings.work:
            work = stack.enter_context(tempfile.TemporaryDirectory(prefix="cxr-release-gpu-"))
            settings = replace(settings, work=work)
        session = Session(settings, options.parts, options.out, options.minutes)
        try:
            session.run()
        finally:
            session.close()
    print(session.report.markdown())


if __name__ == "__main__":
    main()
