"""A project's folder as it is now: what the commands read, by the names that people use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cxr_release.paths import Paths

if TYPE_CHECKING:
    from cxr_release.params import Params, ScreenParams
    from cxr_release.screening.decision import Decision
    from cxr_release.screening.films import Generated


@dataclass(frozen=True)
class Project:
    """A folder with params.yaml and dvc.yaml; or none yet, where a command can do without."""

    root: Path

    @cached_property
    def paths(self) -> Paths:
        """Where everything lies."""
        return Paths(self.root)

    @cached_property
    def params(self) -> Params:
        """params.yaml.

        Raises:
            ParamsError: it is missing or wrong.
        """
        from cxr_release import params

        return params.load(self.paths.params)

    @property
    def tables(self) -> list[Path]:
        """The generated films, a table for each sampling job."""
        return [self.paths.oriented_table(*job) for job in self.params.sample.jobs]

    @property
    def sampled(self) -> bool:
        """Whether all of those tables are there."""
        return all(path.exists() for path in self.tables)

    def films(self, images: Path | None = None) -> list[Generated]:
        """The generated films, or those that a table of anybody's lists."""
        from cxr_release.screening.films import read_generated, read_listed

        return read_listed(images) if images else read_generated(self.tables)

    def known_films(self, images: Path | None = None) -> list[Generated] | None:
        """The same; None outside of a project, or before any film is sampled."""
        inside = self.paths.params.exists()
        return self.films(images) if images or (inside and self.sampled) else None

    def logs(self, reviews: Path | None = None) -> dict[str, list[Decision]]:
        """Reviewer → decisions: people's and the pre-screen's, or those of another folder."""
        from cxr_release.screening.logs import read_all, read_with_prescreen

        if reviews:
            return read_all(reviews)
        return read_with_prescreen(self.paths.screening_log, self.paths.prescreen_log)

    def reasons(self) -> dict[str, str]:
        """The codes of reasons, and their meanings."""
        from cxr_release.screening.reasons import load_reasons

        return load_reasons(self.paths.reasons)

    @property
    def rule(self) -> ScreenParams:
        """What holds where reviewers differ; outside of a project, any exclusion."""
        from cxr_release.params import ScreenParams

        if self.paths.params.exists():
            return self.params.screen
        return ScreenParams(
            reviewers_required=1, conflict="exclude", adjudicator="", require_complete=False
        )

    def doubt(self) -> dict[str, float] | None:
        """The pre-screen's scores, where they order the review."""
        from cxr_release.screening.doubt import read_doubt

        if self.params.review.order == "shuffled":
            return None
        return read_doubt(self.paths.prescreen / "scores.parquet", self.films())

    def prescreened(self) -> set[str]:
        """Films that the pre-screen excluded by itself: people need not see them."""
        from cxr_release.screening.decision import standing_of
        from cxr_release.screening.log import read

        log = self.paths.prescreen_log
        return set(standing_of(read(log))) if log.exists() else set()
