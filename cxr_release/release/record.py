"""`release.json`: all that a release says about itself, as typed models.

`build_record` makes one, `verify` reads one that anybody may have written, and the documents are
made of it. No key may stand there that has no field here, and none may be missing but those with a
default. Beyond types and bounds nothing is checked: see `verify` and the modules in `checks`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    PlainValidator,
)

from cxr_release.film_id import Job, checkpoint_of, is_source, job_of_row
from cxr_release.params.limits import MOST_CLASSES
from cxr_release.params.project import Params
from cxr_release.schemas import CLASS_PATTERN
from cxr_release.settings import checked
from cxr_release.tables import HEX64

RECORD = "release.json"
VERSION = r"(0|[1-9][0-9]{0,5})(\.(0|[1-9][0-9]{0,5})){2}"


def _finite(value: Any) -> Any:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError("should be a finite number")
    return value


def _drawn_elsewhere(name: str) -> str:
    if checkpoint_of(name) is not None or not is_source(name):
        raise ValueError("should be a name of films that another generator drew")
    return name


Number = Annotated[
    Any,
    PlainValidator(_finite, json_schema_input_type=float),
    PlainSerializer(lambda number: number),
]
"""A finite number, whole or not, as it is written."""
Count = Annotated[int, Field(ge=0, le=2**53)]
Text = Annotated[str, Field(max_length=20_000)]
Counts = dict[str, Count]
Numbers = dict[str, Number]
SourceText = Annotated[str, AfterValidator(_drawn_elsewhere)]
State = Literal["none", "partial", "complete"]
VersionText = Annotated[str, Field(pattern=f"^({VERSION})$")]
Sha256 = Annotated[str, Field(pattern=f"^({HEX64})$")]
Json = dict[str, JsonValue]
"""Numbers that are only printed, or computed again as a whole: their places are no fields."""


class Part(BaseModel):
    """Part of a record."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def plain(self) -> dict[str, Any]:
        """As JSON has it: what stands there, and no default of what does not."""
        return self.model_dump(mode="json", exclude_unset=True)


class Source(Part):
    """Where the training films come from, as their publishers say."""

    kind: Literal["phantoms", "local films"]
    title: Text
    license: Text
    citation: Text
    population: Text
    shows: Text = ""
    """Part of the body and view of the films, as `cards/anatomy.yaml` states them; of phantoms, as
    the program draws them. Empty where nobody has stated them, and not there in older records."""
    stated: bool
    public: bool
    films_named_by: Literal["sha256", "hmac"]
    films_shown: Count
    """Source films whose pictures are in the release."""


class FilmCounts(Part):
    """Films of a release, or of one of its sampling jobs."""

    generated: Count
    excluded: Count
    released: Count
    undecided: Count
    by_reason: Counts


class JobRow(Part):
    """A row of one job."""

    checkpoint: Count | None
    """None of films that are not of a checkpoint: then `source` names them."""
    source: SourceText | None = None
    batch: Literal["initial", "large"]

    @property
    def job(self) -> Job:
        """Source and batch."""
        return job_of_row(vars(self))


class JobCounts(FilmCounts, JobRow):
    """Films of one job."""


class ClassCounts(FilmCounts):
    """Films that were drawn as one class."""

    name: Annotated[str, Field(pattern=f"^({CLASS_PATTERN})$")]
    real_films: Count
    """Films of it that were trained on."""
    real_patients: Count
    """Or cases, or films: see `LabelCounts.by`."""
    asked: Annotated[Number, Field(ge=0, le=1)]
    """Share of the films that were to be drawn as it."""


class LabelCounts(Part):
    """The classes that films were drawn as."""

    fact: Text
    """What of the real films they are classes of."""
    by: Literal["patient", "case", "film"]
    """What `real_patients` counts."""
    unlabelled: Count
    """Real films that were trained on and whose class is not known."""
    classes: Annotated[list[ClassCounts], Field(min_length=2, max_length=MOST_CLASSES)]
    """In the order of their numbers."""
    without: FilmCounts
    """Films that were not drawn as a class."""


class ReleaseCounts(Part):
    """Films and rows."""

    rows: list[JobCounts]
    total: FilmCounts
    labels: LabelCounts | None = None
    """Not there where films were not drawn as classes."""
    configs: Counts
    """Config → rows."""
    empty_tables: list[Text]


class Agreement(Part):
    """How far reviewers agree."""

    statistic: Text
    kappa: Number | None
    agree: Number
    reviewers: Count
    ratings: Count
    films: Count | None = None
    pairs: Count | None = None


class Reviewer(Part):
    """Decisions of one person, who is not named."""

    decisions: Count
    page: Count
    terminal: Count
    not_stated: Count
    hurried: Count
    hurried_per_minute: Number | None


class Finding(Part):
    """How often a finding is noted on synthetic films, and how often source films have it."""

    code: Text
    meaning: Text
    films: Count
    """Of the tagged films."""
    interval: list[Number]
    """95 % interval of their share."""
    released: Count
    """Of the tagged films that are released."""
    real_films: Count | None = None
    """Source films with a fact of this name; None: not known."""
    real_known: Count | None = None
    """Source films of which that fact is known."""


class FindingNotes(Part):
    """What people saw on synthetic films, of those on which they noted findings or none."""

    taggers: Count
    tagged: Count
    released: Count
    decided: Count
    """Films on which a person decided."""
    decided_tagged: Count
    """Of those, tagged ones."""
    several: Count
    """Films that more than one person tagged."""
    differ: Count
    """Of those, films on which they are not of one mind."""
    findings: list[Finding]


class AcceptedSource(Part):
    """What the reviewed sample of one source says of its other films."""

    checkpoint: Count | None
    """None of films that are not of a checkpoint: then `source` names them."""
    source: SourceText | None = None
    generated: Count
    lot: Count
    """All but what the pre-screen keeps out."""
    sample: Count
    """Films of the lot that were drawn for review."""
    waiting: Count
    """Of these, undecided ones."""
    faults: Count
    """Of the sample, films that reviewers excluded or that were withdrawn."""
    released: Count
    unseen: Count
    """Released films outside of the sample."""
    most_left: Count | None
    """Upper 95 % bound of the faults among the released films; None: the sample is not finished."""
    share: Number | None
    """The same as a share of the released films."""


class AcceptedTogether(Part):
    """The same of all sources at once."""

    released: Count
    most_left: Count
    share: Number | None


class Acceptance(Part):
    """What was reviewed in place of all films, and what that says of the others."""

    size: Count
    """`screen.sample`"""
    confidence: Number
    waiting: Count
    rows: list[AcceptedSource]
    together: AcceptedTogether | None
    """None while a sample is not finished."""


class ScreeningReview(Part):
    """How far people have screened the films."""

    state: State
    sentence: Text
    reviewers: Count
    decided: Count
    undecided: Count
    undecided_released: Count
    looked_at: Count
    prescreened: Count
    audited: Count
    withdrawn: Count
    open_conflicts: Count
    elsewhere: Count
    hurried: Count
    agreement: Agreement | None
    decisions: Counts
    films_by_reviewers: Counts
    """Number of people → films on which so many decided."""
    each: list[Reviewer]
    findings: FindingNotes | None = None
    """Not there where nobody noted any, and in older records."""
    acceptance: Acceptance | None = None
    """Not there where all films are to be reviewed, and in older records."""


class AuditReview(Part):
    """How far people have judged the most similar pairs: `adjudication.json`."""

    state: State
    pairs: Count
    judged: Count
    settled: Count
    reviewers: Count
    open_conflicts: Count
    excluded_films: Count
    earlier: Count
    elsewhere: Count
    agreement: Agreement | None
    verdicts: Counts
    pairs_by_reviewers: Counts
    """Number of people → pairs that so many judged."""


class StudyReview(Part):
    """How far the blinded reader study has come."""

    state: State
    readers: Count
    required: Count


class Looker(Part):
    """Decisions on real films of one person, who is not named."""

    films: Count
    with_text: Count


class BurnedInReview(Part):
    """How far people have looked for text that is burned into the real films."""

    state: State
    films: Count
    required: Count
    reviewers: Count
    looked_at: Count
    with_text: Count
    undecided: Count
    changed: Count
    elsewhere: Count
    flagged: Count | None
    """Films on which a program suspected text; None: it was not asked."""
    flagged_unseen: Count | None
    films_by_reviewers: Counts
    """Number of people → films at which so many looked."""
    each: list[Looker]
    sentence: Text


class Reviews(Part):
    """The state of each review."""

    screening: ScreeningReview
    audit: AuditReview
    reader_study: StudyReview
    burned_in: BurnedInReview | None = None
    """None of drawn films, and in releases from before anybody was asked to look."""


class Elsewhere(Part):
    """Films that another generator drew; what is not stated is empty."""

    name: SourceText
    kind: Literal["folder", "hub"]
    generator: Text
    license: Text
    citation: Text
    repository: Text | None
    """ORG/NAME, or a folder in it, on the Hub; None of a folder, whose path is not published."""
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None
    files: Count
    """Files, and rows of tables, that were taken for films."""
    films: Count
    initial: Count
    large: Count
    refused: Count
    """Of `files`, those that are not films or are duplicates."""
    passed_over: Count
    """Other files beside them."""


class Ingest(BaseModel):
    """What ingest counted; more numbers may stand there, by a name."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)
    __pydantic_extra__: dict[str, Number | Numbers]

    source: Literal["phantoms", "local films"]
    films: Count
    patients: Count | None
    patients_not_stated: Count
    inverted: Count
    flipped: Count
    facings: Counts
    spacing: Counts | None = None
    """Kind of the millimetres that films state → films, `not stated` among them."""


class Split(Part):
    """`split/summary.json`."""

    by: Literal["patient", "case", "film"]
    films: Counts
    patients: Counts | None
    patients_not_stated: Count


class Privacy(Part):
    """The guarantee of private training, and all that it follows from; see docs/privacy.md."""

    epsilon: Annotated[Number, Field(ge=0)]
    """Spent after all steps."""
    delta: Annotated[Number, Field(gt=0, lt=1)]
    noise_multiplier: Annotated[Number, Field(ge=0.1, le=1e6)]
    """Standard deviation of the noise, in clips."""
    clip: Annotated[Number, Field(gt=0)]
    levels: Annotated[int, Field(ge=1, le=64)]
    """Noise levels at which a film is taken in a step, all inside its clip."""
    unit: Literal["patient", "film", "patient or film"]
    """Whom it protects; `patient or film`: films of which the patient is not stated, one by one."""
    units: Annotated[int, Field(ge=1, le=2**53)]
    films: Count
    films_without_patient: Count
    batch_size: Annotated[int, Field(ge=1, le=2**53)]
    """Units in a step on average."""
    steps: Annotated[int, Field(ge=1, le=2**53)]
    sampling: Literal["poisson"]
    accountant: Literal["rdp"]
    opacus: Text
    """Version of the library whose accountant it is."""


class Start(Part):
    """The weights that training started from."""

    sha256: Sha256


class Training(Part):
    """How the network that drew the films was trained, as its checkpoints say."""

    privacy: Privacy | None
    """None: without differential privacy."""
    start: Start | None
    """None: from random weights."""
    latent_sha256: Sha256 | None = None
    """Of the weights of the autoencoder whose latents the network draws; None: it draws pixels."""


class Loss(Part):
    """Losses of one checkpoint of the tuning run."""

    checkpoint: Count
    checkpoint_step: Count
    training: Number
    held_out: Number


class Recommended(Part):
    """A checkpoint, and what speaks for it."""

    checkpoint: Count
    reasons: list[Text]


class Checkpoints(Part):
    """What curves and distances say of the checkpoints."""

    divergence: Count | None
    lowest_held_out_loss: Count
    nearest: Count
    ranked_by: Text
    recommended: list[Recommended]
    sampled: list[Count]
    warnings: list[Text]
    notes: list[Text]

    @property
    def preferred(self) -> list[int]:
        """The recommended checkpoints: the one whose films are nearest to source films, then later
        ones before earlier ones."""
        numbers = [each.checkpoint for each in self.recommended]
        return sorted(numbers, key=lambda number: (number == self.nearest, number), reverse=True)


class Facing(JobRow):
    """How the films of one job faced before they were turned."""

    left: Count
    right: Count
    unknown: Count
    said: Count
    """Films of which a reviewer said it."""
    flipped: Count


class FacingRule(Part):
    """How facing was found, and how often that would be wrong."""

    references: Count
    error: Number
    source: Counts | None
    poor: Counts | None
    neither: Counts | None


class Prescreen(Part):
    """`prescreen/prescreen.json`."""

    films: Count
    source_films: Count | None = None
    beyond: Count
    excluded: Count
    percentile: Number
    threshold: Number
    roc: dict[str, Numbers]
    """Planted fault → area under the ROC curve, its interval, sensitivity."""


class Weights(Part):
    """Weights of an encoder."""

    sha256: Text
    published: bool
    license: Text


class Encoder(Part):
    """What the audit looked with."""

    name: Text
    dimensions: Count
    looks: Count
    """Poses in which each source film is looked at."""
    weights: Weights | None


class Searched(Part):
    """A set of films that the audit searched, or searched among."""

    films: Count
    searched: Count
    patients: Count | None
    patients_not_stated: Count
    unreadable: Count
    notes: Count
    ignored: Count


class Flagged(Part):
    """What became of flagged films."""

    pairs: Count
    films: Count
    released: Count
    unlisted: Count
    """Films that stand in no listed pair, so that nobody was asked."""


class Ends(Part):
    """The highest and the lowest value in the list of pairs."""

    highest: Number | None
    lowest: Number | None


class Chance(Part):
    """See `memorization.chance`."""

    films: Count
    compared: Count
    patients: Count | None
    nearer: Count | None
    """Films nearer than the whole baseline; against held-out films, to the tuning part alone."""
    expected: Number | None
    at_most: bool
    p: Number | None
    least: Count | None
    note: Text | None
    sentence: Text


class Tail(Part):
    """The upper tail of the scores of films that copy nobody; see `memorization.tail`."""

    films: Annotated[int, Field(ge=1, le=2**53)]
    peaks: Annotated[int, Field(ge=1, le=2**53)]
    start: Number
    mean_excess: Number
    most_excess: Number


class Baseline(Part):
    """Scores of films that nobody copied, each with its nearest film."""

    films: Count
    counted: Count
    patients: Count | None
    left_out_alike: Count
    without_another: Count
    score: Numbers | None


class SyntheticScores(Part):
    """Scores of synthetic films, each with its nearest real film."""

    films: Count
    alike: Count
    score: Numbers


class Calibration(Part):
    """How near is near: synthetic films beside films that nobody copied."""

    baseline: Literal["control", "held_out", "source"] | None
    others: Literal["patients", "films"]
    threshold: Number | None
    """Score from which on a film is flagged."""
    level: Number
    """Probability that any of the films is flagged if none of them copies anybody."""
    tail: Tail | None
    flagged: Count | None
    note: Text | None
    chance: Chance
    source: Baseline
    held_out: Baseline | None
    """Films held out of the tuning run; None where control films are the better baseline."""
    control: Baseline | None = None
    """Films that no run saw; they came with a later version of the program."""
    synthetic: SyntheticScores
    nearer_probability: Number | None
    nearer_than_5_percent: Numbers | None
    nearest_in_tuning: Numbers | None


class Recall(Part):
    """How many planted copies of one alteration the search found."""

    alteration: Text
    family: Text
    """Kind of change; those of one family follow each other."""
    planted: Count
    found: Count
    recall: Number | None
    """None where a list drawn at random would hold as many; see `Audit.power_note`."""
    low: Number | None
    high: Number | None
    median_rank: Count | None
    """None beyond the list."""
    median_cosine: Number | None
    """Of the copies whose pair the search kept; None where it kept none."""
    needed: Count | None
    """Pairs of the shortest list that holds the share `ListLength.recall`; None: no list does."""


class ListLength(Part):
    """How long the list must be to hold the share of each kind of copy that is asked for."""

    recall: Number
    needed: Count | None
    beyond: list[Text]
    """Alterations of which no list would hold so many."""


class Audit(Part):
    """The search for memorized films; no film is named."""

    state: Literal["flagged", "nothing flagged", "no baseline", "incomplete"]
    top: Count
    pairs: Count
    alike: Number
    encoder: Encoder
    real: Searched
    control: Searched | None = None
    """Real films that were not searched, for no run saw them; None where there are none."""
    synthetic: Searched
    flagged: Flagged | None
    score: Ends
    cosine: Ends
    calibration: Calibration
    histogram: dict[str, list[Number] | None]
    within: dict[str, Json]
    power: list[Recall]
    power_note: Text | None
    list_length: ListLength


class ReaderStudy(Part):
    """The blinded reader study."""

    quartets: Count
    quartets_wanted: Count
    images_per_quartet: Count
    checkpoints: list[Count]
    elsewhere: list[SourceText] | None = None
    """Names of its sources that are not checkpoints, where there are any."""
    served: bool
    drawn_by_facing: bool | None
    turned_since: Count
    not_released: Count
    raters: Count
    ratings: Count
    unfinished: list[JsonValue]
    median_seconds: Number | None
    sentence: Text
    analysis: Json | None


ScorePart = Literal["fidelity", "utility", "privacy", "coverage"]
Scores = dict[ScorePart, Number | None]
"""Part of the scorecard → 0 … 100; None where it was not measured."""


class ScoreSummary(Part):
    """The parts of the scorecard side by side; see `scorecard.summary`."""

    fidelity: Number | None
    utility: Number | None
    privacy: Number | None
    coverage: Number | None
    weakest: ScorePart | None
    anchors: dict[Literal["ideal", "copies"], Scores]
    checkpoints: dict[Text, Scores]
    why_not: list[Text]


class Scorecard(Part):
    """Attacks with their controls, and measures between their anchors; see `scorecard.score`."""

    sets: dict[Literal["trained", "control", "released"], Counts]
    fidelity: list[Json]
    utility: list[Json]
    learning_curves: list[Json]
    privacy: list[Json]
    coverage: list[Json]
    prevalence: list[Json] = []
    """It came with a later version of the program."""
    notes: list[Text]
    summary: ScoreSummary
    members: Literal["not known"] | None = None
    """Not there where the films called trained are those that the films' generator learnt from."""
    classes: Json | None = None
    """Measures of each class; see `scorecard.classes`. Not there where films were not drawn as
    classes."""

    @property
    def obedience(self) -> dict[str, Json]:
        """Class → how many synthetic films a classifier takes for what they were drawn as, beside
        control films; see `obedience.obedience_of`. Empty where that was not measured."""
        rows: Any = (self.classes or {}).get("rows", ())
        return {row["class"]: row["obedience"] for row in rows if row["obedience"]}


class Interval(Part):
    """A mean over films, with the ends of its 95 % interval."""

    films: Annotated[int, Field(ge=1, le=2**53)]
    mean: Number
    low: Number
    high: Number


class PointDistance(Part):
    """Distances of one landmark."""

    films: Annotated[int, Field(ge=1, le=2**53)]
    mean: Number


class PointDistances(Interval):
    """Distances of landmarks, in pixels of a film; see `landmarks.distances`."""

    median: Number
    p95: Number
    points: dict[Text, PointDistance]


class TeacherOnControl(Part):
    """What a teacher makes of control films, which nothing saw, against their own landmarks."""

    patients: Count | None
    errors: PointDistances
    mean_shape: PointDistances
    """Of the mean of the films that it learnt from, put on every film."""
    within: Interval
    """Share of landmarks within the stated radius."""
    cobb: Interval
    """Error of the angle, in degrees."""
    sva: Interval
    """Error of the sagittal vertical axis, in pixels."""


class LandmarkTeacher(Part):
    """A teacher of landmarks; see `landmarks.teacher`."""

    kind: Literal["closed"]
    films: Count
    patients: Count | None
    level: Number
    """Share of landmarks that the stated radius is to hold."""
    left_out: PointDistances
    """Of films that it learnt from, each placed by a teacher that had not seen it."""
    control: TeacherOnControl | None
    """None where no control film came with landmarks."""


class LandmarkReader(Part):
    """One reader, who is not named."""

    films: Count
    not_seen: Count
    """Landmarks that the reader did not see."""
    moved: Count
    """Landmarks that the reader moved from where the page showed them first."""


class LandmarkReaders(Part):
    """How far readers have placed landmarks, and how far apart they are."""

    state: State
    asked: Count
    """Released films that were drawn for readers."""
    required: Count
    readers: Count
    films: Count
    """Released films on which any reader placed landmarks."""
    waiting: Count
    films_by_readers: Counts
    """Number of readers → drawn films on which so many placed landmarks."""
    elsewhere: Count
    """Placements on films that are not in this release."""
    each: list[LandmarkReader]
    began: Counts
    """Where the points came from that the page showed first → placements."""
    between: PointDistances | None
    """Of two readers of a film."""
    model: PointDistances | None
    """Of a reader from the teacher."""


class Newcomer(Part):
    """What a plain model learns of the released films alone: examples/landmark_model.py."""

    learnt: Count
    synthetic: Interval
    real: Interval | None


class Landmarks(Part):
    """`landmarks/landmarks.json`: landmarks of the released films."""

    points: Count
    films: dict[Literal["model", "readers", "none"], Count]
    """Who placed them → released films."""
    facing_unknown: Count
    teacher: LandmarkTeacher | None
    readers: LandmarkReaders | None
    newcomer: Newcomer | None


class Metrics(Part):
    """What the stages measured."""

    ingest: Ingest
    split: Split
    training: Training | None = None
    """It came with a later version of the program; before it, nothing was private. None too where
    no network was trained."""
    losses: list[Loss]
    """None of them where no network was trained."""
    distances: Json | None
    """None where no network was trained; so is `checkpoints`."""
    checkpoints: Checkpoints | None
    facing: list[Facing]
    facing_rule: FacingRule
    prescreen: Prescreen
    audit: Audit
    reader_study: ReaderStudy
    scorecard: Scorecard | None = None
    """It came with a later version of the program."""
    landmarks: Landmarks | None = None
    """Not there where none were asked for."""


class Shard(Part):
    """A file of films."""

    rows: Count
    version: VersionText
    """In which it last changed."""
    content: Sha256
    """What `shards.content_of` gives for its rows."""


class Tombstone(Part):
    """A film of an earlier version that this one lacks."""

    id: Text
    reason: Text
    first_version_without: VersionText


class Changes(Part):
    """Numbers of films and numbers that changed since the previous version."""

    added: Count
    withdrawn: Count
    redrawn: Count
    relabelled: Count
    numbers: Count


class Earlier(Part):
    """What the changelog says of an earlier version, in Markdown."""

    version: VersionText
    lines: list[Text]


class Changelog(Part):
    """What CHANGELOG.md tells that the tables do not."""

    changes: list[Text]
    """Since the previous version, in Markdown."""
    earlier: list[Earlier]
    """The oldest first."""


class Reason(Part):
    """A reason of exclusion."""

    code: Text
    meaning: Text


class Validation(Part):
    """What `validate` returned."""

    tables: Counts
    rules: Counts


def _params(values: Any) -> Params:
    if isinstance(values, Params):
        return values
    if not isinstance(values, Mapping):
        raise ValueError("should be an object")
    return checked(Params, values)


class Record(Part):
    """A whole record."""

    name: Text
    title: Text
    version: VersionText
    tag: Text
    license: Text
    authors: Annotated[list[Annotated[str, Field(pattern=r"\S")]], Field(min_length=1)]
    contact: Text
    unset: list[Text]
    purpose: Text
    publisher: Text
    funding: Text
    interests: Text
    ethics: Text
    identifier: Text
    date: Text
    source: Source
    elsewhere: list[Elsewhere] = []
    """Not there where no film was drawn elsewhere, and in older records."""
    counts: ReleaseCounts
    reviews: Reviews
    metrics: Metrics
    reasons: list[Reason]
    params: Annotated[Params, PlainValidator(_params), PlainSerializer(asdict)]
    """As resolved, less what names a path, a source file or a person."""
    software: dict[str, Text]
    inputs: dict[str, Sha256]
    validation: Validation
    shards: dict[str, Shard]
    films_version: VersionText
    tombstones: list[Tombstone]
    previous: VersionText | None
    changes: Changes | None
    changelog: Changelog

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that films were drawn as, in the order of their numbers."""
        labels = self.counts.labels
        return tuple(each.name for each in labels.classes) if labels else ()
