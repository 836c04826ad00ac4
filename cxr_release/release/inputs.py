"""What a release is made of: finished artefacts of the stages before it, and their documents.

`validate` and `package` read the same ones.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from cxr_release.errors import REMAKE, Fault, ReleaseError
from cxr_release.files import sha256
from cxr_release.film_id import (
    AUTOENCODER,
    CHECKPOINT,
    Job,
    checkpoint_of,
    origin_of,
    source_name,
)
from cxr_release.json_documents import read
from cxr_release.params.project import Params
from cxr_release.paths import Paths, shard_table, shard_tables
from cxr_release.release.record import (
    AuditReview,
    BurnedInReview,
    Calibration,
    Checkpoints,
    Count,
    Counts,
    Ends,
    FacingRule,
    FilmCounts,
    JobCounts,
    Json,
    Landmarks,
    ListLength,
    Loss,
    Number,
    Part,
    Prescreen,
    Privacy,
    ReaderStudy,
    Recall,
    Scorecard,
    ScreeningReview,
    Sha256,
    Split,
    Start,
    StudyReview,
    Training,
)


class CountsDocument(Part):
    """`screening/counts.json`."""

    rows: list[JobCounts]
    total: FilmCounts
    review: ScreeningReview


class ClearanceDocument(Part):
    """`clearance/clearance.json`."""

    drawn: bool
    review: BurnedInReview | None = None


class StudyDocument(ReaderStudy):
    """`study/study.json`."""

    review: StudyReview


class _More(BaseModel):
    """A document that holds more than a release takes of it."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class StatedPrivacy(Privacy):
    """The guarantee in `checkpoint.json`, with the fingerprint of the key of the noise."""

    noise_key: str


class StatedTraining(_More):
    """Part `training` of `checkpoint.json`; old ones hold neither."""

    privacy: StatedPrivacy | None = None
    start: Start | None = None
    cohort_sha256: str | None = None


class TrainedCheckpoint(_More):
    """A checkpoint's `checkpoint.json`, as far as a release states it."""

    checkpoint: Count
    training: StatedTraining
    latent_sha256: Sha256 | None = None

    def stated(self) -> Training:
        """As `release.json` has it: the key of the noise is nobody's business."""
        privacy = self.training.privacy
        facts = None if privacy is None else privacy.model_dump(exclude={"noise_key"})
        return Training(
            privacy=None if facts is None else Privacy.model_validate(facts),
            start=self.training.start,
            **({} if self.latent_sha256 is None else {"latent_sha256": self.latent_sha256}),
        )


class StatedAutoencoder(_More):
    """What an autoencoder's `checkpoint.json` says of its training."""

    steps: Count
    batch_size: Count
    learning_rate: Number
    cohort_sha256: Sha256


class TrainedAutoencoder(_More):
    """An autoencoder's `checkpoint.json`, as far as a release rests on it."""

    generator: Literal["autoencoder", "latent"]
    checkpoint_step: Count
    network: dict[str, Any]
    training: StatedAutoencoder


class CheckpointReport(Checkpoints):
    """`checkpoints/report.json`."""

    losses: list[Loss]
    distances: Json


class NoCheckpoints(Part):
    """`checkpoints/report.json` where no network was trained."""

    note: str


class SearchedFilms(_More):
    """A set of films in `audit/audit.json`, which names the odd ones among them."""

    films: Count
    searched: Count
    patients: Count | None
    patients_not_stated: Count
    unreadable: list[Any]
    notes: list[Any]
    ignored: list[Any]


class EncoderWeights(_More):
    """Weights of an encoder in `audit/audit.json`."""

    sha256: str
    published: bool
    license: str


class AuditEncoder(_More):
    """The encoder in `audit/audit.json`."""

    name: str
    dimensions: Count
    looks: Count
    weights: EncoderWeights | None


class AuditReport(_More):
    """`audit/audit.json`."""

    state: str
    top: Count
    pairs: Count
    alike: Number
    encoder: AuditEncoder
    real: SearchedFilms
    control: SearchedFilms | None = None
    synthetic: SearchedFilms
    flagged: Any
    score: Ends
    cosine: Ends
    calibration: Calibration
    histogram: dict[str, list[Number] | None]
    within: dict[str, Json]
    power: list[Recall]
    power_note: str | None
    list_length: ListLength


class ScorecardReport(Scorecard):
    """`score/scorecard.json`."""

    schema_number: Count = Field(alias="schema")


class LandmarksDocument(Part):
    """`landmarks/landmarks.json`."""

    landmarks: Landmarks | None


class OrientedSummary(_More):
    """`oriented/summary.json`."""

    rule: FacingRule


class CollectedSource(_More):
    """An entry of `collected/sources.json`."""

    kind: Literal["folder", "hub"]
    repository: str | None
    commit: str | None
    files: Count
    films: Count
    initial: Count
    large: Count
    refused: Count
    passed_over: Count


class CollectedSources(RootModel[dict[str, CollectedSource]]):
    """`collected/sources.json`: by name."""


class CohortSummary(BaseModel):
    """`cohort/summary.json`: more numbers and texts may stand there, by a name."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    files: Count
    facings: Counts


DOCUMENTS: Mapping[str, Any] = {
    "screening/counts.json": CountsDocument,
    "study/study.json": StudyDocument,
    "audit/audit.json": AuditReport,
    "split/summary.json": Split,
    "prescreen/prescreen.json": Prescreen,
    "adjudication/copies.json": dict[str, str],
    "adjudication/adjudication.json": AuditReview,
    "cohort/summary.json": CohortSummary,
    "clearance/clearance.json": ClearanceDocument,
    "clearance/with-text.json": list[str],
    "oriented/summary.json": OrientedSummary,
    "score/scorecard.json": ScorecardReport,
    "landmarks/landmarks.json": LandmarksDocument,
}
"""File, as `ReleaseInputs.files` names it → what it holds; of `checkpoints/report.json` that hangs
on whether anything was trained."""

STUDY = {"realism": "study_realism", "identification": "study_identification"}
"""Figures of the reader study, once a reader has finished → their names in the release."""


@dataclass(frozen=True, kw_only=True)
class ReleaseInputs:
    """Paths of the artefacts. The readers' key is none of them: it never comes near a release."""

    collected: Path
    """Folder with `sources.json`, on films that another generator drew."""
    oriented: Path
    """Folder with `summary.json` and a folder a job, `<source>-<batch>`, with a table a shard."""
    screening: Path
    """Folder with `screened.parquet`, `exclusions.parquet`, `counts.json`, `reasons.png`."""
    prescreen: Path
    """Folder with `prescreen.json`, `roc.png`."""
    audit: Path
    """Folder with `pairs.parquet`, `nearest.parquet`, `audit.json`, `distances.png`."""
    adjudication: Path
    """Folder with `verdicts.parquet`, `copies.json`, `adjudication.json`."""
    kit: Path
    """The readers' blinded films, an image table."""
    study: Path
    """Folder with `responses.parquet`, `study.json`, and figures once a reader has finished."""
    score: Path
    """Folder with `scorecard.json`, and a picture of each thing that it measured."""
    landmarks: Path
    """Folder with `landmarks.parquet`, `landmarks.json`."""
    cohort: Path
    """Folder with `cohort.parquet`, `summary.json`."""
    clearance: Path
    """Folder with `clearance.json`, `with-text.json`: real films that show text, by opaque ids."""
    split: Path
    """Folder with `split.parquet`, `trained.parquet`, `control.parquet`, `summary.json`."""
    curves: Path
    """Losses of the tuning run's checkpoints, JSON."""
    fidelity: Path
    """Distances between drawn and real films, JSON."""
    film_key: Path
    """The key behind the films' ids; there is none for phantoms. Its hash is in no release."""
    published: Path
    """Folder of what earlier versions held, a folder a version; it may be empty."""
    final: Path
    """Folder of the final run: the `checkpoint.json` of each checkpoint that was sampled."""
    autoencoder: Path
    """Folder of the autoencoder's run; without a checkpoint where there is no autoencoder."""
    checkpoints: Path
    """Folder with `report.json`, `losses.png`, `distances.png`, `quality.png`, `bands.png`."""

    @classmethod
    def of(cls, paths: Paths) -> ReleaseInputs:
        """The artefacts of a project, by the names that `Paths` gives them."""
        return cls(**{field.name: getattr(paths, field.name) for field in fields(cls)})

    def table(self, job: Job, shard: int = 0) -> Path:
        """The oriented films of one shard of a sampling job."""
        return shard_table(self.oriented, job, shard)

    def tables(self, jobs: Iterable[Job]) -> list[Path]:
        """The oriented films of some sampling jobs, a table a shard; see `paths.shard_tables`."""
        return [path for job in jobs for path in shard_tables(self.oriented, job)]

    def trained(self, jobs: list[Job]) -> dict[int, Path]:
        """What each sampled checkpoint says of itself, by its number."""
        numbers = {number for source, _ in jobs if (number := checkpoint_of(source)) is not None}
        return {
            number: self.final / source_name(number) / "checkpoint.json"
            for number in sorted(numbers)
        }

    def trained_first_stage(self, jobs: list[Job]) -> dict[str, Path]:
        """What the autoencoder whose latents the checkpoints draw says of itself, by its name in
        `release.json`; empty where they draw pixels. Each checkpoint holds a copy of it."""
        stated = [path.parent / "latent/checkpoint.json" for path in self.trained(jobs).values()]
        return {"training/latent.json": stated[0]} if stated and stated[0].exists() else {}

    @property
    def trained_autoencoder(self) -> Path:
        """What the autoencoder's last checkpoint says of itself."""
        numbers = [
            number
            for folder in self.autoencoder.glob(f"{CHECKPOINT}-*")
            if (number := checkpoint_of(folder.name)) is not None
        ]
        return self.autoencoder / source_name(max(numbers, default=1)) / "checkpoint.json"

    def files(self, jobs: list[Job]) -> dict[str, Path]:
        """Every file that a release follows from, by the name that `release.json` gives it."""
        elsewhere = any(origin_of(source) == "elsewhere" for source, _ in jobs)
        second = any(source == AUTOENCODER for source, _ in jobs)
        reported = _CHECKPOINTS if self.trained(jobs) else _CHECKPOINTS[:1]
        return {
            **({"collected/sources.json": self.collected / "sources.json"} if elsewhere else {}),
            **{f"training/{path.parent.name}.json": path for path in self.trained(jobs).values()},
            **self.trained_first_stage(jobs),
            **({"training/autoencoder.json": self.trained_autoencoder} if second else {}),
            **{f"oriented/{path.parent.name}/{path.name}": path for path in self.tables(jobs)},
            "oriented/summary.json": self.oriented / "summary.json",
            **{f"screening/{name}": self.screening / name for name in _SCREENING},
            **{f"prescreen/{name}": self.prescreen / name for name in _PRESCREEN},
            **{f"audit/{name}": self.audit / name for name in _AUDIT},
            **{f"adjudication/{name}": self.adjudication / name for name in _ADJUDICATION},
            "study-kit/kit.parquet": self.kit,
            **{f"study/{name}": self.study / name for name in _READING},
            "score/scorecard.json": self.score / "scorecard.json",
            **{f"landmarks/{name}": self.landmarks / name for name in _LANDMARKS},
            **{f"cohort/{name}": self.cohort / name for name in _COHORT},
            **{f"clearance/{name}": self.clearance / name for name in _CLEARANCE},
            **{f"split/{name}": self.split / name for name in _SPLIT},
            "curves/losses.json": self.curves,
            "fidelity/distances.json": self.fidelity,
            **{f"checkpoints/{name}": self.checkpoints / name for name in reported},
        }

    def hashes(self, jobs: list[Job], *, labelled: bool = False) -> dict[str, str]:
        """SHA-256 of each of `files`, and of the classes where films are drawn as such.

        Not of the summary of ingest: what a folder of films is called is no part of a release. Nor
        of the list of films with text, which anybody who knows ids could try.
        """
        files = self.files(jobs)
        for private in ("cohort/summary.json", *(f"clearance/{name}" for name in _CLEARANCE)):
            del files[private]
        if self.landmark_report() is None:  # a release without landmarks says nothing of them
            for name in _LANDMARKS:
                del files[f"landmarks/{name}"]
        hashes = {name: sha256(path) for name, path in files.items()}
        classes = self.split / "classes.json"
        # The class of each real film stays out as those with text do; that there are none needs
        # no hash.
        return hashes | ({"split/classes.json": sha256(classes)} if labelled else {})

    def require(self, jobs: list[Job]) -> None:
        """Make sure that each of `files` is there, and that the documents hold what they should.

        Raises:
            ReleaseError: with one fault for each that is missing.
            DocumentError: one holds something else.
        """
        files = self.files(jobs)
        # Pictures that only some projects have. To open a pipe in the place of one would hang.
        pictures = [
            path
            for folder in (self.score, self.study)
            for kind in ("*.png", "*.svg")
            for path in sorted(folder.glob(kind))
        ]
        faults = [
            Fault(str(path), "no such file", "run `dvc repro`")
            if not os.path.lexists(path)
            else Fault(str(path), "is not a plain file", REMAKE)
            for path in (*files.values(), *pictures)
            if not path.is_file()
        ]
        if faults:
            raise ReleaseError(f"{len(faults)} file(s) are missing", faults=faults)
        for name, shape in DOCUMENTS.items():
            read(files[name], shape)
        trained = self.trained(jobs)
        read(files["checkpoints/report.json"], CheckpointReport if trained else NoCheckpoints)
        if "collected/sources.json" in files:
            self.sources()
        for path in trained.values():
            read(path, TrainedCheckpoint)
        if "training/autoencoder.json" in files:
            read(self.trained_autoencoder, TrainedAutoencoder)

    def checkpoint_report(self, params: Params) -> CheckpointReport | None:
        """What curves and distances say of the checkpoints; None where nothing was trained.

        Raises:
            DocumentError: that is missing or holds something else.
        """
        path = self.checkpoints / "report.json"
        return read(path, CheckpointReport) if params.trains else None

    def landmark_report(self) -> Landmarks | None:
        """What is known of the landmarks; None where none were asked for.

        Raises:
            DocumentError: that is missing or holds something else.
        """
        return read(self.landmarks / "landmarks.json", LandmarksDocument).landmarks

    def sources(self) -> dict[str, CollectedSource]:
        """What was taken in of films drawn elsewhere, by name.

        Raises:
            DocumentError: that is missing or holds something else.
        """
        return read(self.collected / "sources.json", CollectedSources).root


_LANDMARKS = ("landmarks.parquet", "landmarks.json")
_COHORT = ("cohort.parquet", "summary.json")
_CLEARANCE = ("clearance.json", "with-text.json")
_SPLIT = ("split.parquet", "trained.parquet", "control.parquet", "summary.json")
_CHECKPOINTS = ("report.json", "losses.png", "distances.png", "quality.png", "bands.png")
_SCREENING = ("screened.parquet", "exclusions.parquet", "counts.json", "reasons.png")
_PRESCREEN = ("prescreen.json", "roc.png")
_AUDIT = ("pairs.parquet", "nearest.parquet", "audit.json", "distances.png")
_ADJUDICATION = ("verdicts.parquet", "copies.json", "adjudication.json")
_READING = ("responses.parquet", "study.json")
