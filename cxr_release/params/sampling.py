"""Section `sample`: which films are drawn, and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cxr_release.film_id import Job, jobs_of, name_fault, source_name
from cxr_release.params.limits import MOST_AT_ONCE, MOST_FILMS, MOST_STEPS
from cxr_release.settings import between, by_name, checked_by, matching, path, prose

Sampler = Literal["ddpm", "ddim", "dpmsolver++", "sde-dpmsolver++"]


@dataclass(frozen=True, kw_only=True)
class SourceParams:
    """Synthetic films that another generator drew; what is not stated is None or blank."""

    kind: Literal["folder", "hub"]
    path: str = path()
    revision: str | None = matching(
        r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}", "a commit or a tag of the Hub", default=None
    )
    on_error: Literal["stop", "skip"] | None = None
    """None: stop."""
    generator: str | None = None
    license: str | None = None
    citation: str | None = prose(default=None)


@dataclass(frozen=True, kw_only=True)
class GuidanceParams:
    """A network that is guided by an earlier checkpoint of its own run."""

    checkpoint: int = between(1, MOST_STEPS)
    """Its number."""
    weight: float = between(1.0, 20.0)
    """1: as without guidance, at twice the cost."""


@dataclass(frozen=True, kw_only=True)
class SampleParams:
    """Sampling jobs, and films that were drawn elsewhere."""

    checkpoints: tuple[int, ...] = checked_by(
        "up to 1,000 checkpoint numbers, each once, rising",
        lambda value: (
            len(value) <= 1_000
            and all(number >= 1 for number in value)
            and list(value) == sorted(set(value))
        ),
    )
    """Empty where nothing is trained; see `TrainParams.steps`."""
    sources: Mapping[str, SourceParams] | None = by_name(name_fault, default=None)
    """Name → films drawn elsewhere; None in records of before there were any."""
    generators: tuple[Literal["autoencoder"], ...] | None = checked_by(
        "generators that are trained beside the network, each once",
        lambda value: len(value) == len(set(value)),
        default=None,
    )
    """Generators that are trained here beside the network; None in records of before there were
    any."""
    initial: int = between(1, MOST_FILMS, "films")
    large: int = between(1, MOST_FILMS, "films")
    sampler: Sampler
    steps: int = between(2, 1000, "denoising steps")
    batch_size: int = between(1, MOST_AT_ONCE, "films")
    max_hours: float = checked_by(
        "more than 0 hours, at most 8,760 (a year)", lambda value: 0 < value <= 8760
    )
    guidance: GuidanceParams | None = None

    @property
    def elsewhere(self) -> Mapping[str, SourceParams]:
        """Films that another generator drew, by name."""
        return self.sources or {}

    @property
    def source_names(self) -> list[str]:
        """Names of all sources: checkpoints by number, then other generators by name."""
        return [*map(source_name, self.checkpoints), *self.other_names]

    @property
    def other_names(self) -> list[str]:
        """Names of the sources that are not checkpoints."""
        return sorted([*self.beside, *self.elsewhere])

    @property
    def beside(self) -> tuple[str, ...]:
        """Generators that are trained here beside the network, as sources of films."""
        return self.generators or ()

    @property
    def jobs(self) -> list[Job]:
        """Every job: source and batch."""
        return jobs_of(self.source_names)

    def most_films(self, source: str, batch: str) -> int | None:
        """Most films of a job; None where it takes all that there are, drawn elsewhere."""
        open_ended = source in self.elsewhere and batch != "initial"
        return None if open_ended else self.films(batch)

    def films(self, batch: str) -> int:
        """Films to draw of each checkpoint in `batch` (`initial` or `large`)."""
        return {"initial": self.initial, "large": self.large}[batch]
