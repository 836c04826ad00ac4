"""What the parts measured, on disk as soon as each has ended: `results.json`, `results.md`."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import printing
from benchmarks.gpu.settings import PAPER_RATE
from benchmarks.gpu.workers import PartError

Facts = dict[str, Any]


class Report:
    """Results of all parts in a folder."""

    def __init__(self, folder: Path, settings: Facts) -> None:
        self.folder = folder
        self._begin = time.monotonic()
        self.facts: Facts = {"settings": settings, "parts": {}, "faults": {}}
        folder.mkdir(parents=True, exist_ok=True)

    def part(self, name: str, work: Callable[[], Facts]) -> Facts | None:
        """Do a part and record what came of it, a fault too; None where it failed."""
        begin = time.monotonic()
        print(f"{begin - self._begin:6.1f} s  {name} …", flush=True)
        try:
            facts = work()
        except Exception as error:  # noqa: BLE001  a fault in one part loses nothing of the rest
            fault = str(error) if isinstance(error, PartError) else traceback.format_exc()
            self.facts["faults"][name] = fault
            print(f"FAILED {name}: {fault}", flush=True)
            facts = None
        else:
            self.facts["parts"][name] = facts | {"seconds_of_part": time.monotonic() - begin}
        self.write()
        print(f"{time.monotonic() - self._begin:6.1f} s  {name} over", flush=True)
        return facts

    def write(self) -> None:
        """Bring both files up to date."""
        for name, text in (
            ("results.json", json.dumps(self.facts, indent=1)),
            ("results.md", self.markdown()),
        ):
            partial = self.folder / f"{name}.partial"
            partial.write_text(text + "\n")
            partial.rename(self.folder / name)

    def markdown(self) -> str:
        """All tables so far."""
        parts = self.facts["parts"]
        speeds = [part for name, part in parts.items() if name.startswith("speed")]
        lines = _speeds(speeds)
        for name, tell in (
            ("runs", _runs),
            ("long run", _long),
            ("films", _films),
            ("attack", _attack),
            ("encoding", _encoding),
            ("phantoms", _phantoms),
        ):
            if name in parts:
                lines += ["", *tell(parts[name], parts)]
        for name, fault in self.facts["faults"].items():
            lines += ["", f"**{name} failed:** {fault.strip().splitlines()[-1]}"]
        return "\n".join(lines)


def _speeds(speeds: list[Facts]) -> list[str]:
    if not speeds:
        return []
    first = speeds[0]
    lines = [
        f"{first['device']}, torch {first['torch']}, {first['precision']}; matrix product"
        f" {first['matrix_tflops']:.1f} TFLOP/s",
        "",
    ]
    networks = {each["who"]: each for each in speeds}.values()
    titles: tuple[str, ...] = ("network", "parameters, M", "GFLOP a film, forward")
    lines += printing.lines(
        titles, [(each["who"], each["parameters_m"], each["gflop_a_film"]) for each in networks]
    )
    for what, titles in (
        ("training", ("steps/s", "share of product rate, %", "GiB", "hours for all steps")),
        ("sampling", ("films/s", "share of product rate, %", "GiB", "hours for 27,000")),
    ):
        rows = [
            (
                f"{each['who']}, {row['name']}{', compiled' * each['compiled']}",
                row["a_second"],
                100 * row["share_of_matrix_rate"],
                row["gib"],
                row["hours"],
                *([f"{row['a_second'] / PAPER_RATE:,.0f}"] * (what == "sampling")),
                f"{each['seconds_to_warm_up']:.0f}",
            )
            for each in speeds
            if each["what"] == what
            for row in each["rows"]
        ]
        if rows:
            times = ("× the paper's rate",) * (what == "sampling")
            lines += ["", *printing.lines((what, *titles, *times, "s to warm up"), rows)]
    return lines


def _runs(facts: Facts, _: Facts) -> list[str]:
    rows = [
        (title, *(f"{facts[key][name]:.2e}" for name in ("loss", "weight", "weights_of_moved")))
        for title, key in (
            ("two equal runs", "two_equal_runs"),
            ("killed and resumed, and the first", "killed_and_first"),
            ("killed and resumed, and the second", "killed_and_second"),
        )
    ]
    return [
        f"{facts['steps']} steps, killed at step {facts['killed_at_step']}, resumed after step"
        f" {facts['resumed_after']}",
        "",
        *printing.lines(("apart", "loss, at most", "a weight, at most", "weights, of moved"), rows),
    ]


def _long(facts: Facts, _: Facts) -> list[str]:
    losses = list(facts["losses"].items())
    shown = losses[:: max(1, len(losses) // 10)] + losses[-1:]
    return [
        f"long run: {facts['steps']:,} steps, killed at {facts['killed_at']}, resumed after"
        f" {facts['resumed_after']}; taken twice: {facts['taken_twice']}",
        "losses: " + ", ".join(f"{step}: {loss:.4f}" for step, loss in shown),
    ]


def _films(facts: Facts, parts: Facts) -> list[str]:
    sets = {"unseen phantoms": facts["unseen_phantoms"], "alone": facts["measures"]}
    if "guided films" in parts:
        sets["guided"] = parts["guided films"]["measures"]
    rows = [
        (name, *(f"{value:.2f}" for value in measures.values())) for name, measures in sets.items()
    ]
    return [
        f"{facts['films']} films of step {facts['checkpoint_step']:,}",
        "",
        *printing.lines(("films", *facts["measures"]), rows),
    ]


def _attack(facts: Facts, _: Facts) -> list[str]:
    return [
        f"attack on the network: {facts['films']} films in {facts['seconds']:.1f} s,"
        f" {facts['seconds_a_film']:.3f} s a film: {facts['attacks']}"
    ]


def _encoding(facts: Facts, _: Facts) -> list[str]:
    return [
        f"ViT-B/16 at 384: {facts['films']} films, {facts['films_a_second']:.1f} films/s;"
        f" the network alone {facts['network_alone_films_a_second']:.1f}"
    ]


def _phantoms(facts: Facts, _: Facts) -> list[str]:
    return [f"phantoms: {facts['films']:,} in {facts['seconds']:.1f} s on {facts['cores']} cores"]
