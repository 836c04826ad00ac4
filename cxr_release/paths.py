"""Every artefact's path, named once. A test holds them and `dvc.yaml` together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """Where the pipeline's artefacts lie, below the repository's root."""

    root: Path

    def _data(self, *parts: str) -> Path:
        return self.root.joinpath("data", *parts)

    @property
    def params(self) -> Path:
        """The parameters of every stage."""
        return self.root / "params.yaml"

    @property
    def pipeline(self) -> Path:
        """DVC's table of contents."""
        return self.root / "dvc.yaml"

    @property
    def cards(self) -> Path:
        """Templates of the card, and the reasons of exclusion."""
        return self.root / "cards"

    @property
    def reasons(self) -> Path:
        """Codes of the reasons for which a film may be excluded."""
        return self.cards / "reasons.yaml"

    @property
    def reviews(self) -> Path:
        """All that people decided: the folder of the logs' folders."""
        return self._data("reviews")

    @property
    def screening_log(self) -> Path:
        """Reviewers' decisions on films: an input, written by the review tools alone."""
        return self._data("reviews", "screening")

    @property
    def audit_log(self) -> Path:
        """Reviewers' verdicts on pairs."""
        return self._data("reviews", "audit")

    @property
    def withdrawals(self) -> Path:
        """Films that were withdrawn after they were published: logs like the reviewers'."""
        return self._data("reviews", "withdrawals")

    @property
    def facing_log(self) -> Path:
        """What reviewers say of the way films face."""
        return self._data("reviews", "facing")

    @property
    def published(self) -> Path:
        """What each published version held, a folder a version: later ones are held against it."""
        return self._data("published")

    @property
    def responses(self) -> Path:
        """Readers' answers: logs of our own page, and tidy CSV from elsewhere."""
        return self._data("reviews", "readers")

    @property
    def served(self) -> Path:
        """The kit as readers got it: from then on these quartets stay."""
        return self._data("reviews", "quartets", "served.json")

    @property
    def film_key(self) -> Path:
        """The key behind the ids of real films: stays in the house, for its owner alone."""
        return self._data("film-key")

    @property
    def film_key_fingerprint(self) -> Path:
        """What tells that key from another, for git: it does not tell the key."""
        return self._data("film-key-fingerprint")

    @property
    def cohort(self) -> Path:
        """Folder of the films that came in: image table, manifest and summary."""
        return self._data("cohort")

    @property
    def cohort_table(self) -> Path:
        """The films that came in, as an image table."""
        return self.cohort / "cohort.parquet"

    @property
    def manifest(self) -> Path:
        """What every source file was and became. Names source files and patients: stays."""
        return self.cohort / "manifest.parquet"

    @property
    def split(self) -> Path:
        """Folder of the tuning split: `split.parquet`, `summary.json`."""
        return self._data("split")

    @property
    def split_table(self) -> Path:
        """Which film belongs to which part."""
        return self.split / "split.parquet"

    @property
    def tuning(self) -> Path:
        """Checkpoints of the tuning run."""
        return self._data("training", "tuning")

    @property
    def final(self) -> Path:
        """Checkpoints of the run on all films."""
        return self._data("training", "final")

    def checkpoint(self, number: int) -> Path:
        """One checkpoint of the run on all films."""
        return self.final / f"checkpoint-{number}"

    @property
    def curves(self) -> Path:
        """Losses of the tuning run's checkpoints."""
        return self._data("curves", "losses.json")

    @property
    def fidelity(self) -> Path:
        """Distances between drawn and real films."""
        return self._data("fidelity", "distances.json")

    @property
    def fidelity_points(self) -> Path:
        """What is measured at each checkpoint, as soon as it is there; see `fidelity`."""
        return self._data("fidelity", "points")

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoint report: `report.json`, its figures, its curves as CSV."""
        return self._data("checkpoints")

    @property
    def samples(self) -> Path:
        """Folder of all sampling jobs."""
        return self._data("samples")

    def job(self, checkpoint: int, batch: str) -> Path:
        """Shards of one sampling job."""
        return self.samples / f"checkpoint-{checkpoint}-{batch}"

    @property
    def oriented(self) -> Path:
        """Folder of the films turned left: one table a sampling job, and `summary.json`."""
        return self._data("oriented")

    def oriented_table(self, checkpoint: int, batch: str) -> Path:
        """Films of one sampling job, turned left."""
        return self.oriented / f"checkpoint-{checkpoint}-{batch}.parquet"

    @property
    def prescreen(self) -> Path:
        """Folder of the pre-screen: scores, its log, how well it finds planted faults."""
        return self._data("prescreen")

    @property
    def prescreen_log(self) -> Path:
        """What the pre-screen excluded by itself, in the form of a reviewer's log."""
        return self.prescreen / "prescreen.jsonl"

    @property
    def orders(self) -> Path:
        """The order in which each reviewer sees the films: a recorded seed a reviewer."""
        return self._data("reviews", "orders")

    @property
    def screening(self) -> Path:
        """Folder of what the reviewers made of the films: tables, counts, Table S1."""
        return self._data("screening")

    @property
    def audit(self) -> Path:
        """Folder of the memorization audit. Holds real films: stays in the house."""
        return self._data("audit")

    @property
    def pairs(self) -> Path:
        """The most similar pairs of a real and a synthetic film."""
        return self.audit / "pairs.parquet"

    @property
    def adjudication(self) -> Path:
        """Folder of what the verdicts on those pairs come to. Names real films: stays as well."""
        return self._data("adjudication")

    @property
    def copies(self) -> Path:
        """Synthetic film → reason, of those that the verdicts keep out of the release, JSON."""
        return self.adjudication / "copies.json"

    @property
    def kit(self) -> Path:
        """The blinded quartets: all that a reader may see, in a folder without anything else."""
        return self._data("study-kit", "kit.parquet")

    @property
    def study_key(self) -> Path:
        """Folder of what stands behind the kit, so that a kit is shared without it."""
        return self._data("study-key")

    @property
    def key_table(self) -> Path:
        """The key to the kit."""
        return self.study_key / "key.parquet"

    @property
    def study(self) -> Path:
        """Folder of what the readers' answers come to: responses, statistics, figures."""
        return self._data("study")

    @property
    def links(self) -> Path:
        """Secret behind the readers' links to their pages."""
        return self._data("study-links", "secret")

    @property
    def validation(self) -> Path:
        """What was checked before packaging."""
        return self._data("validation", "validation.json")

    @property
    def release(self) -> Path:
        """The release folder."""
        return self._data("release")
