"""params.yaml → frozen dataclasses. The only reader of params.yaml.

Unknown keys, missing keys and values out of range are refused, all of them at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from cxr_release import plain_yaml
from cxr_release.errors import Fault, ParamsError, one_line
from cxr_release.film_id import AUTOENCODER, Job, jobs_of, name_fault, origin_of, source_name
from cxr_release.film_size import ASKED, Size, is_film_size, read_sides
from cxr_release.licenses import SPDX
from cxr_release.settings import (
    LATER,
    between,
    by_name,
    checked,
    checked_by,
    matching,
    path,
    prose,
    read_by,
)
from cxr_release.spelling import REVIEWER

PHANTOMS = "phantoms"
"""The value of `ingest.source` that draws the embedded cohort."""

MOVED = {
    "ingest.left_facing": "list those films in left-facing.txt beside them: git holds params.yaml,"
    " and names of films may name patients"
}
"""Keys that there were, and where to say so now."""

Fit = Literal["stretch", "pad", "physical"]
"""How films come to one size; see docs/proportions.md."""
Borders = Literal["none", "bright", "dark", "mixed"]
"""Of collimators around phantoms: as bright as bone, or dark."""
Sampler = Literal["ddpm", "ddim", "dpmsolver++", "sde-dpmsolver++"]


MOST_FILMS = 1_000_000
"""Films of a set. Each takes some kilobytes on disk, and all of a cohort lie in memory at once."""
MOST_STEPS = 100_000_000
"""Steps of training: years, on any machine."""
MOST_AT_ONCE = 4_096
"""Films in memory beside the network's states for them."""
MOST_DRAWS = 100_000
"""Draws behind an interval: more change nothing that is printed, and all lie in memory."""
MOST_CLASSES = 64
"""Classes that films are drawn as."""
LONGEST_CLASS = 40
"""Characters of a class's name, which is a code."""
MOST_PEOPLE = 1_000
"""People who review or read: each has a file, and a column of the tables."""
LEAST_PATIENTS = 10
"""Who must share a value that is named, unless `ingest.least_patients` says otherwise: a rare
diagnosis beside a small number would single somebody out."""

_PRESCREEN = "prescreen"
"""The pre-screen's name in the logs, which is not a person's."""


_FACT = re.compile(r"[^\W_][\w .()/%-]{0,59}")
"""The name of something known of films."""
_EXTRACTOR = re.compile(r"[a-z][a-z0-9_]{0,63}=[^@\s][^@]{0,150}(@[0-9a-f]{64})?")
"""A network, the file of its weights, and the file's SHA-256."""


def _reviewer(**options: Any) -> Any:
    return checked_by(
        "a reviewer's name such as a.b, or empty",
        lambda value: not value or (bool(REVIEWER.fullmatch(value)) and value != _PRESCREEN),
        **options,
    )


def _is_date(text: str) -> bool:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return not text
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _fact_names(value: Any) -> bool:
    return len(value) <= 50 and all(_FACT.fullmatch(name) for name in value)


_CODES = "at most 32 codes of 1 to 16 of A–Z, 0–9, blank and _"


def _codes(**options: Any) -> Any:
    return checked_by(
        _CODES,
        lambda value: (
            len(value) <= 32 and all(re.fullmatch("[A-Z0-9_ ]{1,16}", code) for code in value)
        ),
        **options,
    )


@dataclass(frozen=True, kw_only=True)
class DicomParams:
    """Which DICOM films are taken in, by their headers; an empty list asks for any.

    The defaults are those of a source without `ingest.dicom`.
    """

    modality: tuple[str, ...] = _codes(default=("CR", "DX"))
    body_part: tuple[str, ...] = _codes(default=())
    view: tuple[str, ...] = _codes(default=())
    laterality: tuple[str, ...] = _codes(default=())
    burned_in: Literal["refuse", "keep"] = "refuse"
    frames: Literal["refuse", "first"] = "refuse"


@dataclass(frozen=True, kw_only=True)
class IngestParams:
    """Films in: where they are and what becomes of them."""

    source: str = path()
    phantoms: int = between(1, MOST_FILMS, "films")
    phantom_borders: Borders = "none"
    phantom_hardware: float = between(0.0, 1.0, "of the patients", later=True, default=0.0)
    size: int | tuple[int, int] = read_by(ASKED, read_sides, is_film_size)
    fit: Fit
    on_error: Literal["stop", "skip"]
    millimetres: float | None = between(10, 2_000, "millimetres, or null", default=None)
    field: Literal["whole", "exposed"] = "whole"
    facts: Mapping[str, Literal["number", "code"]] = checked_by(
        "at most 50 names of letters, digits, blanks and _ . ( ) / % -, each with number or code",
        _fact_names,
        default_factory=dict,
    )
    least_patients: int = between(5, 1_000, "patients", default=LEAST_PATIENTS)
    dicom: DicomParams | None = None

    @property
    def film_size(self) -> Size:
        """Width and height of ingested films, and so of synthetic ones."""
        return Size.of(self.size)

    @property
    def millimetres_per_pixel(self) -> float | None:
        """The one scale of all films where `fit` is `physical`, else None."""
        if self.fit != "physical" or self.millimetres is None:
            return None
        return self.millimetres / max(self.film_size)


@dataclass(frozen=True, kw_only=True)
class ClearanceParams:
    """Text burned into real films: who looks for it, and whether a program helps."""

    ocr: Literal["never", "tesseract"]
    reviewers_required: int = between(1, MOST_PEOPLE, "reviewers")
    require_complete: bool


@dataclass(frozen=True, kw_only=True)
class SplitParams:
    """The parts of the films."""

    held_out: float = between(0.01, 0.5)
    control: float = between(0.0, 0.5, default=0.0)
    stratify: str = checked_by(
        "the name of a fact, or empty",
        lambda value: not value or bool(_FACT.fullmatch(value)),
        default="",
    )


def _balance(value: Any) -> str | dict[str, float]:
    """`source`, `uniform`, or shares by class, as they are written."""
    if isinstance(value, str):
        if value not in {"source", "uniform"}:
            raise ValueError("is neither source nor uniform, nor shares by class")
        return value
    if not isinstance(value, Mapping) or not 2 <= len(value) <= MOST_CLASSES:
        raise ValueError(f"is not the shares of two to {MOST_CLASSES} classes")
    for name, share in value.items():
        if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_CLASS:
            raise ValueError(f"names a class otherwise than by 1 to {LONGEST_CLASS} characters")
        if isinstance(share, bool) or not isinstance(share, int | float):
            raise ValueError("has a share that is not a number")
    return {name: float(share) for name, share in value.items()}


def _is_balance(value: str | Mapping[str, float]) -> bool:
    if isinstance(value, str):
        return True
    shares = list(value.values())
    return all(0 <= share <= 1 for share in shares) and abs(sum(shares) - 1) < 1e-6


@dataclass(frozen=True, kw_only=True)
class ConditionParams:
    """What films are drawn as: a class of something that is known of the real ones.

    The defaults are those of a project that has no classes.
    """

    label: str = checked_by(
        "the name of a fact, or empty",
        lambda value: not value or bool(_FACT.fullmatch(value)),
        default="",
    )
    """Empty: films are drawn without a class."""
    drop: float = between(0.0, 0.9, "of the draws", default=0.1)
    guidance: float = between(1.0, 20.0, default=1.0)
    balance: str | Mapping[str, float] = read_by(
        "shares from 0 to 1 whose sum is 1", _balance, _is_balance, default="source"
    )
    least: int = between(10, MOST_FILMS, "films", default=20)

    @property
    def is_on(self) -> bool:
        """Whether films are drawn as classes."""
        return bool(self.label)


def _channels(**options: Any) -> Any:
    return checked_by(
        # 2048 pixels are halved seven times to 16; 4,096 channels alone are 150 M weights a block.
        "two to eight numbers of channels, each a multiple of 8 up to 4,096",
        lambda value: (
            2 <= len(value) <= 8 and all(0 < number <= 4096 and number % 8 == 0 for number in value)
        ),
        **options,
    )


@dataclass(frozen=True, kw_only=True)
class NetworkParams:
    """The U-Net."""

    channels: tuple[int, ...] = _channels()
    layers: int = between(1, 16)
    attention: int = between(0, 8, "resolutions")
    pixel_unshuffle: int = checked_by("1, 2 or 4", lambda value: value in (1, 2, 4))
    schedule: Literal["cosine", "sigmoid"]


@dataclass(frozen=True, kw_only=True)
class ComputeParams:
    """How the network is computed, wherever it is: in training, sampling and for the curves."""

    precision: Literal["auto", "fp32", "bf16"]
    compile: Literal["auto", "always", "never"]


@dataclass(frozen=True, kw_only=True)
class PrivacyParams:
    """Differential privacy of both runs; see docs/privacy.md."""

    epsilon: float = checked_by("above 0, at most 1,000", lambda value: 0 < value <= 1000)
    delta: float = checked_by("at least 1e-12, below 1", lambda value: 1e-12 <= value < 1)
    clip: float = checked_by(
        "1e-6 to 1e6, of the length of a film's gradient", lambda value: 1e-6 <= value <= 1e6
    )
    levels: int = between(1, 64, "noise levels")


def _flip(value: Any) -> bool | str:
    if isinstance(value, bool):
        return value
    if value == "labelled":
        return "labelled"
    raise ValueError("is neither true nor false nor labelled")


@dataclass(frozen=True, kw_only=True)
class TrainParams:
    """Training on all films."""

    steps: int = between(0, MOST_STEPS)
    """0: nothing is trained, and all films are of other generators."""
    batch_size: int = between(1, MOST_AT_ONCE, "films")
    learning_rate: float = between(1e-8, 1.0)
    decay: Literal["cosine", "constant"]
    checkpoint_every: int = between(1, MOST_STEPS, "steps")
    warmup: int = between(0, MOST_STEPS, "steps")
    ema: float = between(0.0, 0.99999)
    ema_every: int = between(1, MOST_STEPS, "steps")
    min_snr: float = between(0.0, 1e12)  # no signal stands out more in float32
    flip: bool | Literal["labelled"] = read_by("", _flip, lambda value: True)
    """`labelled`: films are mirrored as for true, and the network is told which."""
    privacy: PrivacyParams | None = None
    start: str | None = path(default=None)
    start_sha256: str | None = matching(r"[0-9a-f]{64}", "64 hex digits, or null", default=None)


@dataclass(frozen=True, kw_only=True)
class AutoencoderNetwork:
    """What an autoencoder is made of."""

    channels: tuple[int, ...] = _channels(default=(24, 48, 64))
    layers: int = between(1, 16, default=1)
    pixel_unshuffle: int = checked_by("1, 2 or 4", lambda value: value in (1, 2, 4), default=2)
    latents: int = between(1, 4_096, "numbers that describe a film", default=64)

    @property
    def halvings(self) -> int:
        """Films must be a multiple of this many pixels high and wide."""
        return self.pixel_unshuffle << (len(self.channels) - 1)


@dataclass(frozen=True, kw_only=True)
class FirstStageNetwork(AutoencoderNetwork):
    """What the first stage of latent diffusion is made of: an autoencoder with spatial latents."""

    channels: tuple[int, ...] = _channels(default=(32, 48, 64))
    latents: int = between(1, 64, "channels of the latents", default=4)

    def latent_shape(self, size: Size) -> tuple[int, int, int]:
        """Channels, height and width of the latents of a film of this size."""
        height, width = (side // self.halvings for side in size.shape)
        return self.latents, height, width


@dataclass(frozen=True, kw_only=True)
class AutoencoderParams(AutoencoderNetwork):
    """A second generator to compare with; what is not named here is as in `train`."""

    steps: int = between(0, MOST_STEPS, default=0)
    """0: there is no second generator."""
    batch_size: int = between(1, MOST_AT_ONCE, "films", default=8)
    learning_rate: float = between(1e-8, 1.0, default=2e-3)

    @property
    def network(self) -> AutoencoderNetwork:
        """What it is made of, alone."""
        return AutoencoderNetwork(
            channels=self.channels,
            layers=self.layers,
            pixel_unshuffle=self.pixel_unshuffle,
            latents=self.latents,
        )

    def last_checkpoint(self, checkpoint_every: int) -> int:
        """Number of its last checkpoint, which draws its films; 0: there is none."""
        return self.steps // checkpoint_every


@dataclass(frozen=True, kw_only=True)
class LatentParams(AutoencoderParams):
    """The autoencoder whose latents the network learns, instead of pixels; see
    docs/generators.md. `steps` 0: it learns pixels."""

    channels: tuple[int, ...] = _channels(default=(32, 48, 64))
    latents: int = between(1, 64, "channels of the latents", default=4)

    @property
    def network(self) -> FirstStageNetwork:
        """What it is made of, alone."""
        return FirstStageNetwork(
            channels=self.channels,
            layers=self.layers,
            pixel_unshuffle=self.pixel_unshuffle,
            latents=self.latents,
        )

    @property
    def is_on(self) -> bool:
        """Whether the network learns latents."""
        return bool(self.steps)


@dataclass(frozen=True, kw_only=True)
class TrainTuningParams:
    """Training on the tuning part, as far as it differs."""

    steps: int = between(1, MOST_STEPS)


@dataclass(frozen=True, kw_only=True)
class CurvesParams:
    """The loss curves of the tuning run."""

    films: int = between(1, MOST_FILMS, "films")
    levels: int = between(1, 1000, "noise levels")  # the noise has 1,000 steps


@dataclass(frozen=True, kw_only=True)
class FidelityParams:
    """The distance between drawn and real films along training."""

    every: int = between(1, MOST_STEPS, "checkpoints")
    images: int = between(8, 100_000, "films")  # in memory at once; FID is customary with 50,000
    bootstrap: int = between(20, MOST_DRAWS, "draws")
    weights: str = path()
    weights_sha256: str = matching(r"([0-9a-f]{64})?", "64 hex digits, or empty")


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


@dataclass(frozen=True, kw_only=True)
class PrescreenParams:
    """The automatic pre-screen."""

    exclude: bool
    percentile: float = between(90.0, 100.0)


@dataclass(frozen=True, kw_only=True)
class ReviewParams:
    """The reviewers' pages."""

    order: Literal["shuffled", "doubtful-first"]


@dataclass(frozen=True, kw_only=True)
class ScreenParams:
    """What reviewers' decisions make of a film."""

    reviewers_required: int = between(1, MOST_PEOPLE, "reviewers")
    conflict: Literal["exclude", "majority", "adjudicate"]
    adjudicator: str = _reviewer()
    require_complete: bool


@dataclass(frozen=True, kw_only=True)
class AuditParams:
    """The memorization audit; the defaults are those of an audit without params.yaml."""

    encoder: str = matching(
        r"[a-z][a-z0-9_]{0,63}",
        "thumbnail, vit, or the name of a torchvision model",
        default="thumbnail",
    )
    weights: str = path(default="")
    weights_sha256: str = matching(r"([0-9a-f]{64})?", "64 hex digits, or empty", default="")
    weights_license: str = ""
    top: int = between(1, MOST_FILMS, "pairs", default=100)  # all are sorted in memory
    plants: int = between(0, 100_000, "films an alteration", default=0)  # in memory, each altered
    recall: float = between(0.5, 1.0, "of the planted copies of a kind", default=0.95)
    reviewers_required: int = between(1, MOST_PEOPLE, "reviewers", default=2)
    adjudicator: str = _reviewer(default="")
    publish_real_images: bool = False


@dataclass(frozen=True, kw_only=True)
class LandmarksParams:
    """Landmarks on released films; the defaults are those of a release without any."""

    teacher: Literal["none", "closed"] = "none"
    films: int = between(0, 100_000, "films", default=0)
    readers_required: int = between(1, MOST_PEOPLE, "readers", default=2)
    start: Literal["model", "template"] = "model"

    @property
    def is_on(self) -> bool:
        """Whether released films come with landmarks."""
        return self.teacher != "none" or self.films > 0


@dataclass(frozen=True, kw_only=True)
class StudyParams:
    """The blinded reader study; the defaults are those of an analysis without params.yaml."""

    quartets: int = between(1, 10_000, default=50)  # the page holds all of their films in memory
    readers_required: int = between(1, MOST_PEOPLE, "readers", default=8)
    going_back: bool = False
    margin: float = checked_by(
        "above 0 and below 3 Likert points", lambda value: 0 < value < 3, default=0.25
    )
    accuracy_margin: float = checked_by(
        "above 0 and below 1", lambda value: 0 < value < 1, default=0.1
    )
    bootstrap: int = between(100, MOST_DRAWS, "draws", default=10_000)


@dataclass(frozen=True, kw_only=True)
class ScoreParams:
    """The scorecard; the defaults are those of a score without params.yaml."""

    checkpoints: tuple[int, ...] = checked_by(
        "numbers of checkpoints, rising, or none",
        lambda value: all(number > 0 for number in value) and list(value) == sorted({*value}),
        default=(),
    )
    levels: int = between(1, 100, "noise levels", default=5)
    noises: int = between(1, 100, "noises a level", default=1)
    doses: tuple[int, ...] = checked_by(
        "one to ten numbers of passes from 1 to 1,000, rising",
        lambda value: (
            1 <= len(value) <= 10
            and all(0 < number <= 1_000 for number in value)
            and list(value) == sorted({*value})
        ),
        default=(3, 6, 12),
    )
    learner: Literal["closed", "resnet50", "unet", "swin_t"] = "closed"
    external: str = path(default="")
    extractors: tuple[str, ...] = checked_by(
        "at most 8 of NETWORK=FILE or NETWORK=FILE@SHA256",
        lambda value: len(value) <= 8 and all(map(_EXTRACTOR.fullmatch, value)),
        default=(),
    )


def _repository(**options: Any) -> Any:
    return matching(rf"({_HUB_NAME}/{_HUB_NAME})?", "ORG/NAME on the Hub, or empty", **options)


_HUB_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"


@dataclass(frozen=True, kw_only=True)
class ModelParams:
    """The network as a thing to publish; the defaults are those of a project that keeps it."""

    release: bool = False
    checkpoint: int | None = between(1, MOST_STEPS, "or null", default=None)
    repository: str = _repository(default="")
    dataset: str = _repository(default="")
    most_tpr: float = between(0.0, 0.2, "of the films", default=0.05)


@dataclass(frozen=True, kw_only=True)
class ReleaseParams:
    """What the release is called and where its source comes from."""

    name: str = matching(
        r"([a-z0-9][a-z0-9._-]{0,95})?", "at most 96 lower-case letters, digits, . _ -"
    )
    title: str
    version: str = matching(
        # No zeros in front: 1.00.0 would be another version than 1.0.0, and equal to it.
        r"(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){2}",
        "MAJOR.MINOR.PATCH, such as 1.0.0",
    )
    license: str = checked_by(
        "one licence that the Hugging Face Hub and SPDX know, in lower case, such as cc-by-4.0; see"
        " https://huggingface.co/docs/hub/repositories-licenses",
        lambda value: value in {"", "unknown", *SPDX},
    )
    authors: tuple[str, ...] = checked_by(
        "names that are not empty", lambda value: all(name.strip() for name in value)
    )
    source_title: str
    source_license: str
    source_citation: str = prose()
    source_public: bool
    population: str = prose()
    purpose: str = prose()
    publisher: str
    funding: str = prose()
    interests: str = prose()
    ethics: str = prose()
    identifier: str = matching(
        r"(10\.[0-9]{4,9}/\S{1,180})?", "a DOI, such as 10.5281/zenodo.12, or empty"
    )
    date: str = checked_by("a day of the calendar as YYYY-MM-DD, or empty", _is_date)
    contact: str


@dataclass(frozen=True, kw_only=True)
class Params:
    """All of params.yaml."""

    seed: int = checked_by("0 to 2^63 - 1", lambda value: 0 <= value < 2**63)
    ingest: IngestParams
    clearance: ClearanceParams
    split: SplitParams
    condition: ConditionParams = field(default_factory=ConditionParams, metadata=LATER)
    compute: ComputeParams
    network: NetworkParams
    train: TrainParams
    latent: LatentParams = field(default_factory=LatentParams, metadata=LATER)
    autoencoder: AutoencoderParams = field(default_factory=AutoencoderParams, metadata=LATER)
    train_tuning: TrainTuningParams
    curves: CurvesParams
    fidelity: FidelityParams
    sample: SampleParams
    prescreen: PrescreenParams
    review: ReviewParams
    screen: ScreenParams
    audit: AuditParams
    study: StudyParams
    score: ScoreParams
    landmarks: LandmarksParams = field(default_factory=LandmarksParams, metadata=LATER)
    model: ModelParams = field(default_factory=ModelParams, metadata=LATER)
    release: ReleaseParams

    @property
    def trains(self) -> bool:
        """Whether a network is trained here; if not, other generators drew all films."""
        return bool(self.train.steps)

    @property
    def autoencoder_step(self) -> int:
        """Training steps of the autoencoder that draws films; 0: there is none."""
        every = self.train.checkpoint_every
        return self.autoencoder.last_checkpoint(every) * every

    @property
    def latent_step(self) -> int:
        """Training steps of the autoencoder whose latents the network learns; 0: it learns
        pixels."""
        every = self.train.checkpoint_every
        return self.latent.last_checkpoint(every) * every

    @property
    def latent_size(self) -> Size | None:
        """Of the latents of a film; None: the network learns pixels."""
        if not self.latent.is_on:
            return None
        _, height, width = self.latent.network.latent_shape(self.ingest.film_size)
        return Size(width=width, height=height)

    @property
    def modelled(self) -> int | None:
        """Number of the checkpoint that is released as a model; None where none is."""
        if not self.model.release:
            return None
        return self.model.checkpoint or self.sample.checkpoints[-1]

    def millimetres_per_pixel_of(self, source: str) -> float | None:
        """The scale of a source's films; None where it is not known, as of other makers'."""
        drawn_here = origin_of(source) != "elsewhere"
        return self.ingest.millimetres_per_pixel if drawn_here else None


UNTRAINED = "no network was trained here: train.steps is 0"
"""Why a stage that is about the project's own network has nothing to say."""

DEMONSTRATION: Mapping[str, Any] = MappingProxyType(
    {
        "name": "cxr-release-demo",
        "license": "cc-by-4.0",
        "authors": ("The cxr-release authors",),
        "contact": "https://github.com/cxr-release/cxr-release/issues",
    }
)
"""What a release of drawn phantoms is called where `release` says nothing."""

NOT_STATED: Mapping[str, Any] = MappingProxyType(
    {
        "name": "unnamed-release",
        "license": "unknown",
        "authors": ("not stated",),
        "contact": "not stated",
    }
)
"""What is filled in for a release of other films: it is made, but never published."""

_SOURCE = ("source_title", "source_license", "source_citation")


def never_stated(sample: SampleParams) -> list[str]:
    """What a release must say of films drawn elsewhere, and does not, as keys of params.yaml."""
    return [
        f"sample.sources.{name}.{key}"
        for name, source in sample.elsewhere.items()
        for key in ("generator", "license")
        if is_blank(getattr(source, key) or "")
    ]


def unset_of(params: Params) -> list[str]:
    """Keys of params.yaml that were never set, and without which nothing can be published."""
    release = vars(params.release)
    return [
        *(f"release.{name}" for name in never_set(params.ingest.source, release)),
        *never_stated(params.sample),
    ]


def is_blank(value: Iterable[str]) -> bool:
    """Whether a text, or each of several texts, has no visible character."""
    return not any(
        character.isprintable() and not character.isspace() for text in value for character in text
    )


def never_set(source: str, release: Mapping[str, Any]) -> list[str]:
    """Keys of `release` that a release must have, and that were never set.

    Args:
        source: kind of the source; a release of `PHANTOMS` has all that it needs.
        release: section `release` of the parameters, as `load` fills it; or as JSON, with lists
            for tuples.
    """
    if source == PHANTOMS:
        return []
    missing = [name for name, unset in NOT_STATED.items() if list(release[name]) == list(unset)]
    return missing + [name for name in _SOURCE if is_blank(release[name])]


def _with_identity(params: Params) -> Params:
    """The same parameters; an empty identity of the release is filled in.

    Only a demonstration may have its name, authors and address; its licence is open to all.
    """
    is_phantoms = params.ingest.source == PHANTOMS
    stated = {name: getattr(params.release, name) for name in NOT_STATED}
    unset = [
        name
        for name, value in stated.items()
        if is_blank(value)
        or (not is_phantoms and name != "license" and value == DEMONSTRATION[name])
    ]
    filled = {name: (DEMONSTRATION if is_phantoms else NOT_STATED)[name] for name in unset}
    return replace(params, release=replace(params.release, **filled))


def load(file: Path) -> Params:
    """Read a params file.

    A release of phantoms that is not named gets the name, licence, authors and address of
    `DEMONSTRATION`; one of other films gets `NOT_STATED` (see `never_set`).

    Raises:
        ParamsError: with one fault for every key that is unknown, missing or wrong.
    """
    where = str(file)
    try:
        raw = plain_yaml.of_file(file)
    except FileNotFoundError:
        raise ParamsError(
            "no such file", where=where, remedy="run from the repository root or pass --root"
        ) from None
    except plain_yaml.NotPlainError as error:
        raise ParamsError(f"is not plain YAML: {error}", where=where) from None
    except OSError as error:
        raise ParamsError(one_line(error.strerror or str(error)), where=where) from error
    params = checked(Params, raw, where=where, moved=MOVED)
    faults = _contradictions(params)
    if faults:
        raise ParamsError("do not fit together", where=str(file), faults=faults)
    return _with_identity(params)


def fit_faults(ingest: IngestParams, section: str = "") -> list[Fault]:
    """What of `fit` and `millimetres` does not go together; `section` stands before the names."""
    if (ingest.fit == "physical") == (ingest.millimetres is not None):
        return []
    return [
        Fault(
            f"{section}millimetres",
            "`fit: physical` and the length of a film's longer side go together",
            f"give both, or set {section}fit to stretch or pad and {section}millimetres to null",
        )
    ]


def _contradictions(params: Params) -> list[Fault]:
    """Values that are each right and do not fit together."""
    last = params.train.steps // params.train.checkpoint_every
    faults = _untrained_faults(params)
    faults += [
        Fault(
            "sample.checkpoints",
            f"checkpoint {number} is never reached",
            f"training ends at checkpoint {last}"
            f" ({params.train.steps} steps, one every {params.train.checkpoint_every})",
        )
        for number in params.sample.checkpoints
        if number > last and params.train.steps
    ]
    faults += [
        Fault(
            "score.checkpoints",
            f"checkpoint {number} is not one that films are sampled from",
            "take numbers of sample.checkpoints: those networks made the release",
        )
        for number in params.score.checkpoints
        if number not in params.sample.checkpoints
    ]
    folds = params.network.pixel_unshuffle * 2 ** (len(params.network.channels) - 1)
    of_latents = params.latent.halvings if params.latent.is_on else 1
    if params.train.steps and not params.ingest.film_size.is_multiple_of(folds * of_latents):
        asks = "the network asks" if of_latents == 1 else "latent and network ask together"
        less = "fewer network.channels"
        if of_latents > 1:
            less += ", a smaller network.pixel_unshuffle, or fewer latent.channels"
        faults.append(
            Fault(
                "ingest.size",
                f"{params.ingest.film_size} cannot be halved as often as {asks}",
                f"take multiples of {folds * of_latents}, or {less}",
            )
        )
    faults += fit_faults(params.ingest, "ingest.") + _model_faults(params)
    faults += _condition_faults(params) + _guidance_faults(params)
    faults += _autoencoder_faults(params) + _latent_faults(params)
    if params.network.attention > len(params.network.channels):
        faults.append(
            Fault(
                "network.attention",
                f"{params.network.attention} resolutions are more than the network has",
                f"take at most {len(params.network.channels)}",
            )
        )
    faults += [
        fault
        for name, source in params.sample.elsewhere.items()
        for fault in _source_faults(f"sample.sources.{name}", source)
    ]
    if bool(params.screen.adjudicator) != (params.screen.conflict == "adjudicate"):
        faults.append(
            Fault(
                "screen.adjudicator",
                "an adjudicator and `conflict: adjudicate` go together",
                "give screen.adjudicator the name of who settles conflicts, or another conflict",
            )
        )
    faults += [
        Fault(
            f"{name}.weights",
            "a file of weights and its hash go together",
            f"give both {name}.weights and {name}.weights_sha256, or neither",
        )
        for name, section in (("fidelity", params.fidelity), ("audit", params.audit))
        if bool(section.weights) != bool(section.weights_sha256)
    ]
    if (params.train.start is None) != (params.train.start_sha256 is None):
        faults.append(
            Fault(
                "train.start",
                "a checkpoint to start from and the hash of its weights go together",
                "give both train.start and train.start_sha256, or neither",
            )
        )
    if bool(params.audit.weights) == (params.audit.encoder == "thumbnail"):
        faults.append(
            Fault(
                "audit.weights",
                "an encoder other than `thumbnail` and a file of weights go together",
                "give audit.weights and audit.weights_sha256, or take `encoder: thumbnail`",
            )
        )
    return faults


def _condition_faults(params: Params) -> list[Fault]:
    """What does not go together in what the network is told of films."""
    asked = params.condition
    faults = []
    if params.train.privacy is not None and params.train.flip == "labelled":
        faults.append(
            Fault(
                "train.flip",
                "is labelled, and private training tells the network of no flips",
                "set train.flip to true or false, or train.privacy to null",
            )
        )
    if not asked.is_on:
        return faults
    if params.train.privacy is not None:
        faults.append(
            Fault(
                "train.privacy",
                "does not cover how many films are of which class, which the classes tell",
                'set condition.label to "", or train.privacy to null',
            )
        )
    if not params.train.steps:
        faults.append(
            Fault(
                "condition.label",
                "is for training, and train.steps is 0: nothing is trained",
                'set condition.label to ""',
            )
        )
    if asked.guidance > 1 and not asked.drop:
        faults.append(
            Fault(
                "condition.guidance",
                "leads away from films without a class, and with `drop: 0` none are learnt",
                "set condition.guidance to 1.0, or condition.drop to more than 0",
            )
        )
    return faults


def _autoencoder_faults(params: Params) -> list[Fault]:
    """What does not go together with a second generator, or with none."""
    settings, every = params.autoencoder, params.train.checkpoint_every
    is_drawn = AUTOENCODER in params.sample.beside
    if bool(settings.steps) != is_drawn:
        return [
            Fault(
                "sample.generators",
                "names the autoencoder, and autoencoder.steps is 0: none is trained"
                if is_drawn
                else "does not name the autoencoder, and one is trained",
                "set sample.generators to [autoencoder] and autoencoder.steps to more than 0, or"
                " the one to [] and the other to 0",
            )
        ]
    if not is_drawn:
        return []
    faults = []
    if not params.train.steps:
        faults.append(
            Fault(
                "autoencoder.steps",
                "is for a generator beside the network, and train.steps is 0: none is trained",
                "set autoencoder.steps to 0, or train.steps to more than 0",
            )
        )
    if settings.steps < every:
        faults.append(
            Fault(
                "autoencoder.steps",
                f"{settings.steps} steps end before the first checkpoint at step {every}",
                f"take at least {every}, or lower train.checkpoint_every",
            )
        )
    if not params.ingest.film_size.is_multiple_of(settings.halvings):
        faults.append(
            Fault(
                "ingest.size",
                f"{params.ingest.film_size} cannot be halved as often as the autoencoder asks",
                f"take multiples of {settings.halvings}, or fewer autoencoder.channels",
            )
        )
    if params.train.privacy is not None:
        faults.append(
            Fault(
                "autoencoder.steps",
                "would train without differential privacy on the films that train.privacy protects",
                "set autoencoder.steps to 0 and sample.generators to []",
            )
        )
    return faults


def _latent_faults(params: Params) -> list[Fault]:
    """What does not go together where the network learns an autoencoder's latents."""
    settings, every = params.latent, params.train.checkpoint_every
    if not settings.is_on:
        return []
    faults = []
    if not params.train.steps:
        what = "is for the network, and train.steps is 0: nothing is trained"
        remedy = "set latent.steps to 0, or train.steps to more than 0"
        faults.append(Fault("latent.steps", what, remedy))
    if settings.steps < every:
        what = f"{settings.steps} steps end before the first checkpoint at step {every}"
        remedy = f"take at least {every}, or lower train.checkpoint_every"
        faults.append(Fault("latent.steps", what, remedy))
    if params.train.privacy is not None:
        what = "would train without differential privacy on the films that train.privacy protects"
        faults.append(Fault("latent.steps", what, "set it to 0, or train.privacy to null"))
    if params.train.start is not None:
        what = "has learnt pixels, or the latents of another autoencoder than this run's"
        faults.append(Fault("train.start", what, "set train.start to null, or latent.steps to 0"))
    if params.model.release:
        what = "the network draws latents, which diffusers alone does not turn into films"
        remedy = "set model.release to false, or latent.steps to 0"
        faults.append(Fault("model.release", what, remedy))
    return faults


def _guidance_faults(params: Params) -> list[Fault]:
    """What does not go together in guidance by an earlier checkpoint."""
    guidance = params.sample.guidance
    if guidance is None:
        return []
    if params.condition.is_on and params.condition.guidance > 1:
        return [
            Fault(
                "sample.guidance",
                "and condition.guidance both lead away from another prediction: there is one way",
                "set sample.guidance to null, or condition.guidance to 1.0",
            )
        ]
    return [
        Fault(
            "sample.guidance.checkpoint",
            f"checkpoint {guidance.checkpoint} is not earlier than checkpoint {number}, which it"
            " is to guide",
            "take a number below all of sample.checkpoints, or set sample.guidance to null",
        )
        for number in params.sample.checkpoints
        if number <= guidance.checkpoint
    ][:1]


def _model_faults(params: Params) -> list[Fault]:
    """What does not go together where the network is to be released."""
    if not params.model.release or not params.sample.checkpoints:
        return [
            Fault(
                "model.release",
                "no network is trained here that could be released",
                "set model.release to false",
            )
        ] * params.model.release
    number, sampled = params.modelled, params.sample.checkpoints
    faults = []
    if number not in sampled:
        what = f"checkpoint {number} is not one that films are sampled from"
        faults.append(Fault("model.checkpoint", what, "take a number of sample.checkpoints"))
    if number not in (params.score.checkpoints or sampled[-1:]):
        what = f"the network of checkpoint {number} is not attacked, so it could not be published"
        faults.append(Fault("model.checkpoint", what, "name it in score.checkpoints, too"))
    if params.sample.guidance is not None:
        what = "the films are guided by another checkpoint, which is not released with the network"
        faults.append(Fault("model.release", what, "set sample.guidance to null, or this to false"))
    return faults


def _untrained_faults(params: Params) -> list[Fault]:
    """What does not go together where nothing is trained, or where nothing is drawn here."""
    steps, checkpoints = params.train.steps, params.sample.checkpoints
    if steps and checkpoints:
        return []
    faults = []
    if steps:
        faults.append(
            Fault(
                "sample.checkpoints",
                "is empty, and a network is trained",
                "name checkpoints to sample from, or set train.steps to 0: nothing is trained",
            )
        )
    elif checkpoints:
        faults.append(
            Fault(
                "sample.checkpoints",
                "names checkpoints, and train.steps is 0: nothing is trained",
                "set sample.checkpoints to [], or train.steps to more than 0",
            )
        )
    if not checkpoints and not params.sample.elsewhere:
        faults.append(
            Fault(
                "sample.sources",
                "names no films of another generator, and none are drawn here",
                "name a source (docs/other-generators.md), or checkpoints to sample from",
            )
        )
    if not steps:
        faults += [
            Fault(
                f"train.{name}",
                "is for training, and train.steps is 0: nothing is trained",
                f"set train.{name} to null",
            )
            for name in ("privacy", "start")
            if getattr(params.train, name) is not None
        ]
    return faults


_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,95}){1,8}")


def _source_faults(place: str, source: SourceParams) -> list[Fault]:
    """What does not fit together in films that another generator drew."""
    if is_blank(source.path):
        return [Fault(f"{place}.path", "is empty", "name the folder, or ORG/NAME on the Hub")]
    if source.kind == "folder":
        what = "is for kind hub: a folder is as it is"
        return [] if source.revision is None else [Fault(f"{place}.revision", what, "leave it out")]
    faults = []
    if not _REPO.fullmatch(source.path):
        faults.append(
            Fault(
                f"{place}.path", "is not a dataset on the Hub", "give ORG/NAME, or ORG/NAME/FOLDER"
            )
        )
    if source.revision is None:
        remedy = "give its commit, 40 hex digits, or a tag, whose commit is then recorded"
        faults.append(Fault(f"{place}.revision", "is missing: datasets on the Hub change", remedy))
    return faults
