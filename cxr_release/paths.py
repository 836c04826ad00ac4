"""Every artefact's path, named once. A test holds them and `dvc.yaml` together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxr_release.film_id import Job, checkpoint_of, job_name, origin_of, source_name

_SHARD = "[0-9]" * 5 + ".parquet"


class _Below:
    """A path below a root, as an attribute of `Paths` or `Cards`."""

    def __init__(self, place: str) -> None:
        self.place = place

    def __get__(self, paths: Paths | Cards, owner: type[Any]) -> Path:
        return paths.root / self.place


@dataclass(frozen=True)
class Cards:
    """Codes and words of the films of a project."""

    root: Path

    reasons = _Below("reasons.yaml")
    """Codes of the reasons for which a film may be excluded."""
    findings = _Below("findings.yaml")
    """Codes of what reviewers may see on a film; there may be no such file."""
    anatomy = _Below("anatomy.yaml")
    """What the films show, and what follows from it; there may be no such file."""


@dataclass(frozen=True)
class Paths:
    """Where the pipeline's artefacts lie, below the repository's root."""

    root: Path

    params = _Below("params.yaml")
    """The parameters of every stage."""
    pipeline = _Below("dvc.yaml")
    """DVC's table of contents."""
    cards = _Below("cards")
    """Folder of codes and words: of the project's own films."""
    phantom_cards = _Below("cards/phantoms")
    """Folder of those of phantoms; projects from before it was there lack it."""
    keys = _Below("cards/keys.yaml")
    """What is changed of the keys of the pages; there may be no such file."""
    reviews = _Below("data/reviews")
    """All that people decided: the folder of the logs' folders."""
    screening_log = _Below("data/reviews/screening")
    """Reviewers' decisions on films: an input, written by the review tools alone."""
    audit_log = _Below("data/reviews/audit")
    """Reviewers' verdicts on pairs."""
    withdrawals = _Below("data/reviews/withdrawals")
    """Films that were withdrawn after they were published: logs like the reviewers'."""
    facing_log = _Below("data/reviews/facing")
    """What reviewers say of the way films face."""
    findings_log = _Below("data/reviews/findings")
    """What reviewers see on films."""
    clearance_log = _Below("data/reviews/burned-in")
    """What people say of text on the real films: logs like the others, by opaque ids."""
    landmark_log = _Below("data/reviews/landmarks")
    """Where people place landmarks on synthetic films."""
    invitations = _Below("data/reviews/invitations")
    """Who is invited to which task: logs of the leads."""
    published = _Below("data/published")
    """What each published version held, a folder a version: later ones are held against it."""
    responses = _Below("data/reviews/readers")
    """Readers' answers: logs of our own page, and tidy CSV from elsewhere."""
    served = _Below("data/reviews/quartets/served.json")
    """The kit as readers got it: from then on these quartets stay."""
    film_key = _Below("data/film-key")
    """The key behind the ids of real films: stays in the house, for its owner alone."""
    film_key_fingerprint = _Below("data/film-key-fingerprint")
    """What tells that key from another, for git: it does not tell the key."""
    noise_key = _Below("data/noise-key")
    """The key behind the chance of private training: stays in the house, likewise."""
    cohort = _Below("data/cohort")
    """Folder of the films that came in: image table, manifest and summary."""
    cohort_table = _Below("data/cohort/cohort.parquet")
    """The films that came in, as an image table."""
    manifest = _Below("data/cohort/manifest.parquet")
    """What every source file was and became. Names source files and patients: stays."""
    found_text = _Below("data/found-text")
    """Folder of what the search for text on real films found: stays in the house."""
    text_flags = _Below("data/found-text/flags.json")
    """Real films on which text is suspected."""
    clearance = _Below("data/clearance")
    """Folder of what people's decisions on text come to. Names real films: stays as well."""
    clearance_counts = _Below("data/clearance/clearance.json")
    """How many real films were looked at, by how many people."""
    with_text = _Below("data/clearance/with-text.json")
    """Real films that show text: no run sees them."""
    split = _Below("data/split")
    """Folder of the split: `split.parquet`, the films in two tables, classes, `summary.json`."""
    split_table = _Below("data/split/split.parquet")
    """Which film belongs to which part."""
    trained_table = _Below("data/split/trained.parquet")
    """The films of the cohort that generators may see: what every stage takes for real films."""
    control_table = _Below("data/split/control.parquet")
    """The films of the cohort that no run sees; without rows where `split.control` is 0."""
    labels = _Below("data/split/labels.parquet")
    """Class of each real film in a part; without rows where films are not drawn as classes."""
    classes = _Below("data/split/classes.json")
    """The classes in order, with the films and patients of each."""
    film_array = _Below("data/film-array")
    """Folder of the pixels of the films that generators may see, for all processes at once. It
    follows from their table, is no output of a stage, and stays in the house."""
    tuning = _Below("data/training/tuning")
    """Checkpoints of the tuning run."""
    final = _Below("data/training/final")
    """Checkpoints of the run on all films but the control films."""
    latent = _Below("data/training/latent")
    """Checkpoints of the autoencoders whose latents the networks learn, a folder for each of the
    two runs; none where they learn pixels."""
    autoencoder = _Below("data/training/autoencoder")
    """Checkpoints of the autoencoder, on the same films; none where there is no autoencoder."""
    curves = _Below("data/curves/losses.json")
    """Losses of the tuning run's checkpoints."""
    fidelity = _Below("data/fidelity/distances.json")
    """Distances between drawn and real films."""
    fidelity_points = _Below("data/fidelity/points")
    """What is measured at each checkpoint, as soon as it is there; see `fidelity`."""
    checkpoints = _Below("data/checkpoints")
    """Folder of the checkpoint report: `report.json`, its figures, its curves as CSV."""
    samples = _Below("data/samples")
    """Folder of all sampling jobs."""
    collected = _Below("data/collected")
    """Synthetic films that another generator drew: a folder a job, as sampling leaves them."""
    elsewhere = _Below("data/elsewhere")
    """Where folders of such films are looked for by DVC: an input, as `data/raw` is."""
    oriented = _Below("data/oriented")
    """Folder of the films turned left: a folder a sampling job with one table a shard, and
    `summary.json`."""
    prescreen = _Below("data/prescreen")
    """Folder of the pre-screen: scores, its log, how well it finds planted faults."""
    prescreen_log = _Below("data/prescreen/prescreen.jsonl")
    """What the pre-screen excluded by itself, in the form of a reviewer's log."""
    orders = _Below("data/reviews/orders")
    """The order in which each reviewer sees the films: a recorded seed a reviewer."""
    screening = _Below("data/screening")
    """Folder of what the reviewers made of the films: tables, counts, Table S1."""
    audit = _Below("data/audit")
    """Folder of the memorization audit. Holds real films: stays in the house."""
    pairs = _Below("data/audit/pairs.parquet")
    """The most similar pairs of a real and a synthetic film."""
    adjudication = _Below("data/adjudication")
    """Folder of what the verdicts on those pairs come to. Names real films: stays as well."""
    copies = _Below("data/adjudication/copies.json")
    """Synthetic film → reason, of those that the verdicts keep out of the release, JSON."""
    kit = _Below("data/study-kit/kit.parquet")
    """The blinded quartets: all that a reader may see, in a folder without anything else."""
    study_key = _Below("data/study-key")
    """Folder of the key and the draw of the kit, so that a kit is shared without them."""
    key_table = _Below("data/study-key/key.parquet")
    """The key to the kit."""
    study = _Below("data/study")
    """Folder of what the readers' answers come to: responses, statistics, figures."""
    network_attacks = _Below("data/score-network/attacks.json")
    """What attacks on the network's weights found, for the scorecard."""
    score = _Below("data/score")
    """Folder of the scorecard: `scorecard.json` and its pictures. No film is in it."""
    landmarks = _Below("data/landmarks")
    """Folder of the landmarks: table, report, and control films with points."""
    landmark_table = _Below("data/landmarks/landmarks.parquet")
    """Landmarks of the films that are released."""
    landmark_model = _Below("data/landmarks/model.parquet")
    """What the teacher placed, on films too on which readers placed landmarks since."""
    landmark_report = _Below("data/landmarks/landmarks.json")
    """Who placed them, and how far off they are."""
    landmark_test = _Below("data/landmarks/control.parquet")
    """Control films with the points that came with them. Films of patients: stay."""
    links = _Below("data/study-links/secret")
    """Secret behind people's links to their pages."""
    validation = _Below("data/validation/validation.json")
    """What was checked before packaging."""
    release = _Below("data/release")
    """The release folder."""
    metrics = _Below("data/metrics.json")
    """A dozen numbers of the run, for `dvc metrics`."""
    timings = _Below("data/timings")
    """How long each stage worked, for the report: no output of it, and no input of any."""
    report = _Below("data/report.html")
    """The report of the run, where nobody names another file."""

    model = _Below("data/model")
    """The network as a folder to publish; empty where it is not to be."""

    @property
    def ordered_logs(self) -> list[Path]:
        """Folders of the logs of all tasks in which people see films in an order of their own."""
        return [
            *(self.screening_log, self.audit_log, self.responses),
            *(self.clearance_log, self.landmark_log),
        ]

    def cards_of(self, source: str) -> Cards:
        """Codes and words that hold for films of a source, a value of `ingest.source`.

        What phantoms show is known. What other films show, only the project's own cards may say.
        """
        own = self.phantom_cards  # it has the name of that source
        return Cards(own if source == own.name and own.exists() else self.cards)

    def checkpoint(self, number: int) -> Path:
        """One checkpoint of the run on all films."""
        return self.final / source_name(number)

    def latent_of(self, run: str, last: int) -> Path | None:
        """The autoencoder whose latents a run's network learns; None: it learns pixels.

        Args:
            run: `tuning` or `final`.
            last: number of its last checkpoint; 0: there is none.
        """
        return self.latent / run / source_name(last) if last else None

    def drawn_from(self, source: str, last_autoencoder: int) -> Path:
        """The checkpoint that a source's films are drawn from.

        Args:
            source: a checkpoint, or the autoencoder.
            last_autoencoder: number of the autoencoder's last checkpoint, which draws its films.
        """
        number = checkpoint_of(source)
        if number is not None:
            return self.checkpoint(number)
        return self.autoencoder / source_name(last_autoencoder)

    def job(self, source: str, batch: str) -> Path:
        """Shards of one job."""
        home = self.collected if origin_of(source) == "elsewhere" else self.samples
        return home / job_name(source, batch)

    def oriented_table(self, source: str, batch: str, shard: int = 0) -> Path:
        """Films of one shard of a job, turned left."""
        return shard_table(self.oriented, (source, batch), shard)

    def oriented_tables(self, jobs: Iterable[Job]) -> list[Path]:
        """Films of several jobs, a table a shard; see `shard_tables`."""
        return [path for job in jobs for path in shard_tables(self.oriented, job)]


def shard_table(oriented: Path, job: Job, shard: int) -> Path:
    """The table of one shard of a job, in the folder of the films turned left."""
    return oriented / job_name(*job) / f"{shard:05d}.parquet"


def shard_tables(oriented: Path, job: Job) -> list[Path]:
    """The tables of a job's shards, in order, from the first to the last that is there.

    The first one is always among them, and so is one that lacks between others: whoever reads it
    says that it is missing.
    """
    last = max((int(path.stem) for path in oriented.glob(f"{job_name(*job)}/{_SHARD}")), default=0)
    return [shard_table(oriented, job, shard) for shard in range(last + 1)]
