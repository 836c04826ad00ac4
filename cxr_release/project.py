"""A project's folder as it is now: what the commands read, by the names that people use."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cxr_release.paths import Cards, Paths

if TYPE_CHECKING:
    from cxr_release.adjudication.outcomes import Adjudication
    from cxr_release.clearance.looked import Looked
    from cxr_release.landmarks.page_films import Drawn
    from cxr_release.params.measures import AuditParams
    from cxr_release.params.people import ScreenParams, StudyParams
    from cxr_release.params.project import Params
    from cxr_release.reader_study.collect import Collected
    from cxr_release.release.lost_decisions import LostDecisions
    from cxr_release.release.versions.proofs import LogStatements
    from cxr_release.release.versions.version import Version
    from cxr_release.screening.anatomy import Anatomy
    from cxr_release.screening.assignment import Assignment
    from cxr_release.screening.consensus import Screening
    from cxr_release.screening.decision import Decision
    from cxr_release.screening.films import Generated
    from cxr_release.team.invitations import Invitations
    from cxr_release.team.people import Team

P = TypeVar("P", "AuditParams", "StudyParams")

HOME = ("params.yaml", "dvc.yaml")
"""What a project's folder holds."""


def find_project() -> Project:
    """The project of the current folder: that folder, or the nearest above it that is one.

    Its paths are relative to the current folder, as a user who stands there writes them. Outside of
    a project it is the current folder, for commands that can do without one.
    """
    here = Path.cwd()
    for depth, folder in enumerate([here, *here.parents]):
        if all((folder / name).is_file() for name in HOME):
            return Project(Path(*[os.pardir] * depth))
    return Project(Path())


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
        from cxr_release.params.load import load_params

        self.require()
        return load_params(self.paths.params)

    def require(self) -> None:
        """Refuse what only a project has.

        Raises:
            ParamsError: the folder is not a project.
        """
        from cxr_release.errors import ParamsError

        if not self.paths.params.exists():
            above = "" if self.root.parts else ", nor is a folder above it"
            raise ParamsError(
                f"is not a project of cxr-release (no such file: params.yaml){above}",
                where=str(self.root.resolve()),
                remedy="go into one, name one with --root, or make one with `cxr-release init DIR`",
            )

    def drawn_from(self, source: str) -> Path:
        """The checkpoint that a source's films are drawn from.

        Raises:
            CheckpointError: it is not there; with the names most like it.
        """
        from cxr_release.errors import CheckpointError
        from cxr_release.spelling import did_you_mean

        folder = self.paths.drawn_from(
            source, self.params.autoencoder.last_checkpoint(self.params.train.checkpoint_every)
        )
        if not folder.exists():
            there = sorted(path.name for path in folder.parent.glob("checkpoint-*"))
            raise CheckpointError(
                "there is no such checkpoint",
                where=str(folder),
                remedy=did_you_mean(folder.name, there) or "`dvc repro train` makes them",
            )
        return folder

    @property
    def tables(self) -> list[Path]:
        """The generated films, a table for each sampling job."""
        return self.paths.oriented_tables(self.params.sample.jobs)

    @property
    def sampled(self) -> bool:
        """Whether all of those tables are there."""
        return all(path.exists() for path in self.tables)

    def films(self, images: Path | None = None) -> Sequence[Generated]:
        """The generated films, or those that another table lists."""
        from cxr_release.screening.films import read_generated, read_listed

        return read_listed(images) if images else read_generated(self.tables)

    def known_films(self, images: Path | None = None) -> Sequence[Generated] | None:
        """The same; None outside of a project, or before any film is sampled."""
        inside = self.paths.params.exists()
        return self.films(images) if images or (inside and self.sampled) else None

    def logs(self, reviews: Path | None = None) -> dict[str, list[Decision]]:
        """Reviewer → decisions: people's and the pre-screen's, or those of another folder."""
        from cxr_release.logbook.logs import read_all
        from cxr_release.screening.decision import DECISION
        from cxr_release.screening.record_decisions import read_with_prescreen

        if reviews:
            return read_all(DECISION, reviews)
        return read_with_prescreen(self.paths.screening_log, self.paths.prescreen_log)

    @property
    def seed(self) -> int:
        """Root of every random number; 0 outside of a project."""
        return self.params.seed if self.paths.params.exists() else 0

    def audit_settings(self, **changes: Any) -> dict[str, Any]:
        """How to audit: as params.yaml says, or plainly where there is none; None changes nothing.

        Raises:
            ParamsError: a change is out of range.
        """
        from cxr_release.params.measures import AuditParams

        settings = asdict(self._changed("audit", AuditParams, changes))
        if settings["weights"] and not changes.get("weights"):  # as params.yaml has it
            settings["weights"] = str(self.root / settings["weights"])
        return settings

    def _changed(self, section: str, kind: type[P], changes: Mapping[str, Any]) -> P:
        from cxr_release.settings import checked

        current = getattr(self.params, section) if self.paths.params.exists() else kind()
        values = asdict(current) | {
            key: value for key, value in changes.items() if value is not None
        }
        return checked(kind, values)

    def study_settings(self, **changes: Any) -> dict[str, Any]:
        """How to analyse a reader study: as params.yaml says, or plainly; None changes nothing.

        Raises:
            ParamsError: a change is out of range.
        """
        from cxr_release.params.people import StudyParams

        return asdict(self._changed("study", StudyParams, changes))

    def audit_inputs(
        self, real: list[Path] | None, synthetic: list[Path] | None, split: Path | None
    ) -> dict[str, Any]:
        """Real films, synthetic films and the split: this project's, or others.

        Raises:
            SourceError: one set is given and not the other.
        """
        from cxr_release.errors import SourceError

        if bool(real) != bool(synthetic):
            raise SourceError(
                "an audit takes two sets", remedy="give both --real and --synthetic, or neither"
            )
        if real and synthetic:
            return {"real": real, "synthetic": synthetic, "split": split}
        return {
            "real": [self.paths.trained_table, self.paths.control_table],
            "synthetic": self.tables,
            "split": split or self.paths.split_table,
        }

    def adjudication(self) -> Adjudication:
        """What the verdicts on pairs come to, as they are now."""
        from cxr_release.adjudication.outcomes import read_adjudication

        return read_adjudication(
            pairs=self.paths.pairs,
            cohort=self.paths.cohort_table,
            synthetic=self.tables,
            logs=self.paths.audit_log,
            required=self.params.audit.reviewers_required,
            adjudicator=self.params.audit.adjudicator,
        )

    def require_logs(self, folder: Path, people: Sequence[str]) -> None:
        """Refuse to go on with people's logs where git holds more of them than is there.

        Raises:
            DecisionError: a log lacks lines that were committed, or that a merge dropped; or a
                name could not be a file name.
        """
        from cxr_release.logbook.log_files import log_file
        from cxr_release.logbook.witnesses import require_kept

        require_kept(self.paths.root, [log_file(folder, person) for person in people])

    def open_logs(self, folder: Path, people: Sequence[str]) -> None:
        """The same, and say on stderr who has no log yet, with the names most like theirs."""
        from cxr_release.logbook.logs import people_of, similar_names
        from cxr_release.logbook.witnesses import people_without_log

        self.require_logs(folder, people)
        # Tasks share the orders: who has a log of another one may have been given it there.
        without = people_without_log(self.paths.orders, self.paths.ordered_logs)
        for person in people:
            if person not in people_of(folder):
                message = "; an order was given before: the log is gone, or was never begun"
                like = similar_names(person, folder)
                sys.stderr.write(
                    f"{person} has no log here{message if person in without else like}\n"
                )

    def lost_decisions(self) -> LostDecisions:
        """What git, the recorded orders and the published versions know of the logs."""
        from cxr_release.release.lost_decisions import find_lost_decisions

        films = self.known_films() or []
        return find_lost_decisions(
            self.paths,
            self.published(),
            films={film.id: film.sha256 for film in films},
            mirrored={film.id: film.mirrored_sha256 for film in films},
        )

    def readers(self) -> Collected | None:
        """What readers of the blinded quartets have answered; None before those are drawn."""
        from cxr_release.reader_study.collect import collect
        from cxr_release.reader_study.kit import open_kit

        if not self.paths.kit.exists():
            return None
        return collect(self.paths.responses, open_kit(self.paths.kit))

    def clearance(self) -> Looked | None:
        """Who looked for text on the real films, as it is now.

        None of drawn films, before films are in, or in a copy without the key of the films' ids.
        """
        from cxr_release.clearance.looked import looked_at
        from cxr_release.params.films import PHANTOMS

        here = self.paths.manifest.exists() and self.paths.film_key.exists()
        if self.params.ingest.source == PHANTOMS or not here:
            return None
        return looked_at(
            manifest=self.paths.manifest,
            key=self.paths.film_key,
            flags=self.paths.text_flags,
            logs=self.paths.clearance_log,
            required=self.params.clearance.reviewers_required,
        )

    def landmarks(self) -> Drawn | None:
        """The films on which readers are to place landmarks; None before films are screened.

        None too where no reader is asked.
        """
        from cxr_release.landmarks.page_films import drawn_of

        screened = self.paths.screening / "screened.parquet"
        if not self.params.landmarks.films or not (self.sampled and screened.exists()):
            return None
        return drawn_of(
            screened,
            self.tables,
            log=self.paths.landmark_log,
            number=self.params.landmarks.films,
            seed=self.params.seed,
        )

    @property
    def cards(self) -> Cards:
        """Where codes and words of the films stand; outside of a project, those of any films."""
        known = self.paths.params.exists()
        return self.paths.cards_of(self.params.ingest.source if known else "")

    def findings(self) -> dict[str, str]:
        """The codes of what reviewers may see on a film, and their meanings."""
        from cxr_release.screening.findings import load_findings

        return load_findings(self.cards.findings)

    def anatomy(self) -> Anatomy:
        """What the films show."""
        from cxr_release.screening.anatomy import load_anatomy

        return load_anatomy(self.cards.anatomy)

    def reasons(self) -> dict[str, str]:
        """The codes of reasons, and their meanings."""
        from cxr_release.screening.decision import load_reasons

        return load_reasons(self.cards.reasons)

    @property
    def rule(self) -> ScreenParams:
        """What holds where reviewers differ; outside of a project, any exclusion."""
        from cxr_release.params.people import ScreenParams

        if self.paths.params.exists():
            return self.params.screen
        return ScreenParams(
            reviewers_required=1, conflict="exclude", adjudicator="", require_complete=False
        )

    def counts(self, images: Path | None, reviews: Path | None) -> dict[str, Any]:
        """Table S1 as it is now, of this project's films and logs or of others.

        Verdicts of the audit and withdrawals count where both are the project's own.
        """
        from cxr_release.screening.consensus import apply

        reasons = None if images else self.reasons()
        if images or reviews:
            films, logs = self.films(images), self.logs(reviews)
            return apply(films, logs, self.rule, reasons, seed=self.seed).counts
        return self.screening(self.adjudication().excluded).counts

    def screening(self, copies: Mapping[str, str]) -> Screening:
        """What becomes of this project's films as decisions and withdrawals are now."""
        from cxr_release.screening.consensus import apply

        films, logs = self.films(), self.logs()
        return apply(
            films,
            logs,
            self.rule,
            self.reasons(),
            copies=copies,
            withdrawals=self.withdrawals(),
            seed=self.params.seed,
        )

    def withdrawals(self) -> dict[str, list[Decision]]:
        """Who withdrew published films → lines."""
        from cxr_release.logbook.logs import read_all
        from cxr_release.screening.decision import DECISION

        return read_all(DECISION, self.paths.withdrawals)

    def ledger_for(self, folder: Path) -> Path | None:
        """Where the version in `folder` is noted as published; None for another project's."""
        from cxr_release.release.versions.published import name_of

        is_own = self.paths.params.exists() and name_of(folder) == self.params.release.name
        return self.paths.published if is_own else None

    def statements(self) -> LogStatements:
        """What the logs hold, as far as published versions prove it.

        Raises:
            DecisionError: a log does not verify, or lacks lines that git holds.
        """
        from cxr_release.logbook.witnesses import require_kept
        from cxr_release.release.lost_decisions import statements_in

        require_kept(self.paths.root, [self.paths.published])
        return statements_in(self.paths)

    def ends(self) -> dict[str, dict[str, Any]]:
        """How far each log goes: log → `lines`, and `sha256` of the last one."""
        from cxr_release.release.lost_decisions import ends_of

        return ends_of(self.paths)

    def published(self) -> list[Version]:
        """The published versions, the oldest first."""
        from cxr_release.release.versions.published import read_published

        return read_published(self.paths.published)

    def withdraw(
        self, ids: Sequence[str], by: str, *, reason: str, note: str, retract: bool
    ) -> list[Decision]:
        """Log that published films are withdrawn, or, with `retract`, no longer."""
        from cxr_release.release.versions.proofs import withdrawn_films
        from cxr_release.screening.record_decisions import withdraw

        self.require_logs(self.paths.withdrawals, [by])
        versions = self.published()
        films = {film: row for version in versions for film, row in version.films.items()}
        return withdraw(
            self.paths.withdrawals,
            by,
            ids,
            published=films.values(),
            reasons=self.reasons(),
            reason=reason,
            note=note,
            retract=retract,
            proven=withdrawn_films(versions),
        )

    @cached_property
    def invitations(self) -> Invitations:
        """Who is invited to which task, as the leads' logs are now."""
        from cxr_release.team.invitations import Invitations

        return Invitations(self.paths.invitations)

    def assignment(self, reviewers: Collection[str]) -> Assignment:
        """Which films are each reviewer's.

        Args:
            reviewers: who is invited to screen.
        """
        from cxr_release.screening.assignment import assignment_of, strata_of

        return assignment_of(
            self.films,
            lambda: strata_of(self.tables),
            assign=self.params.review.assign,
            rule=self.params.screen,
            prescreened=self.prescreened(),
            reviewers=reviewers,
            seed=self.params.seed,
        )

    def team(
        self,
        *,
        screening: Screening | None,
        audit: Adjudication | None,
        clearance: Looked | None,
        landmarks: Drawn | None,
        study: Collected | None,
    ) -> Team:
        """What the tables of the team are made of, with what is known already of each task."""
        from cxr_release.adjudication.outcomes import VERDICT
        from cxr_release.clearance.statement import CLEARANCE
        from cxr_release.landmarks.placement import PLACEMENT
        from cxr_release.logbook.logs import read_all
        from cxr_release.reader_study.answer import ANSWER
        from cxr_release.reader_study.collect import CSV
        from cxr_release.reader_study.kit import open_kit
        from cxr_release.screening.decision import DECISION
        from cxr_release.screening.findings import FINDINGS
        from cxr_release.team.people import Team

        paths, invited = self.paths, self.invitations.people("screening")
        return Team(
            params=self.params,
            invitations=self.invitations,
            assignment=self.assignment(invited) if screening else None,
            screening=screening,
            decisions=read_all(DECISION, paths.screening_log),
            findings=read_all(FINDINGS, paths.findings_log),
            audit=audit,
            verdicts=read_all(VERDICT, paths.audit_log),
            clearance=clearance,
            clearances=read_all(CLEARANCE, paths.clearance_log),
            landmarks=landmarks,
            placements=read_all(PLACEMENT, paths.landmark_log),
            study=study,
            kit=open_kit(paths.kit) if study else None,
            answers=read_all(ANSWER, paths.responses, beside={CSV}),
        )

    def overview(self) -> dict[str, Any]:
        """The tables of the team, as films and logs are now; see `overview_of`."""
        from cxr_release.team.overview import overview_of

        audit = self.adjudication() if self.sampled else None
        return overview_of(
            self.team(
                screening=self.screening(audit.excluded) if audit else None,
                audit=audit,
                clearance=self.clearance(),
                landmarks=self.landmarks(),
                study=self.readers(),
            )
        )

    def anomaly_scores(self) -> dict[str, float] | None:
        """The pre-screen's scores, where they order the review."""
        from cxr_release.screening.films import read_scores

        if self.params.review.order == "shuffled":
            return None
        return read_scores(self.paths.prescreen / "scores.parquet", self.films())

    def prescreened(self) -> set[str]:
        """Films that the pre-screen excluded by itself: people need not see them."""
        from cxr_release.logbook.entry import effective_of
        from cxr_release.logbook.log import read
        from cxr_release.screening.decision import DECISION

        log = self.paths.prescreen_log
        return set(effective_of(read(DECISION, log))) if log.exists() else set()
