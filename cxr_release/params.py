"""params.yaml → frozen dataclasses. The only reader of params.yaml.

Unknown keys, missing keys and values out of range are refused, all of them at once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from cxr_release.errors import Fault, ParamsError

PHANTOMS = "phantoms"
"""The value of `ingest.source` that draws the embedded cohort."""

BATCHES = ("initial", "large")
"""The two sampling jobs of each checkpoint, in the order of the paper's Table S1."""

MOVED = {
    "ingest.left_facing": "list those films in left-facing.txt beside them: git holds params.yaml,"
    " and names of films may name patients"
}
"""Keys that there were, and where to say so now."""

Batch = Literal["initial", "large"]
Sampler = Literal["ddpm", "ddim", "dpmsolver++", "sde-dpmsolver++"]
P = TypeVar("P")


def _check(unit: str, accept: Callable[[Any], bool], **options: Any) -> Any:
    """A dataclass field whose value must satisfy `accept`; `unit` says so to the user."""
    return field(metadata={"unit": unit, "accept": accept}, **options)


def _at_least(least: float, unit: str = "", **options: Any) -> Any:
    return _check(f"{least} or more {unit}".strip(), lambda value: value >= least, **options)


def _between(low: float, high: float) -> Any:
    return _check(f"from {low} to {high}", lambda value: low <= value <= high)


def _matching(pattern: str, unit: str, **options: Any) -> Any:
    return _check(unit, lambda value: re.fullmatch(pattern, value) is not None, **options)


def _reviewer(**options: Any) -> Any:
    pattern = r"([a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?)?"
    return _matching(pattern, "a reviewer's name such as a.b, or empty", **options)


@dataclass(frozen=True, kw_only=True)
class IngestParams:
    """Films in: where they are and what becomes of them."""

    source: str
    phantoms: int = _at_least(1, "films")
    size: int = _check(
        "16 to 2048 pixels, a multiple of 8", lambda value: 16 <= value <= 2048 and value % 8 == 0
    )
    fit: Literal["stretch", "pad"]
    on_error: Literal["stop", "skip"]


@dataclass(frozen=True, kw_only=True)
class SplitParams:
    """The tuning split."""

    held_out: float = _between(0.01, 0.5)


@dataclass(frozen=True, kw_only=True)
class NetworkParams:
    """The U-Net."""

    channels: tuple[int, ...] = _check(
        "at least two numbers of channels, each a multiple of 8",
        lambda value: len(value) >= 2 and all(one > 0 and one % 8 == 0 for one in value),
    )
    layers: int = _at_least(1)
    attention: int = _at_least(0, "resolutions")
    pixel_unshuffle: int = _check("1, 2 or 4", lambda value: value in (1, 2, 4))
    schedule: Literal["cosine", "sigmoid"]


@dataclass(frozen=True, kw_only=True)
class ComputeParams:
    """How the network is computed, wherever it is: in training, sampling and for the curves."""

    precision: Literal["auto", "fp32", "bf16"]
    compile: Literal["auto", "always", "never"]


@dataclass(frozen=True, kw_only=True)
class TrainParams:
    """Training on all films."""

    steps: int = _at_least(1)
    batch_size: int = _at_least(1, "films")
    learning_rate: float = _between(1e-8, 1.0)
    decay: Literal["cosine", "constant"]
    checkpoint_every: int = _at_least(1, "steps")
    warmup: int = _at_least(0, "steps")
    ema: float = _between(0.0, 0.99999)
    ema_every: int = _at_least(1, "steps")
    min_snr: float = _at_least(0.0)
    flip: bool


@dataclass(frozen=True, kw_only=True)
class TrainTuningParams:
    """Training on the tuning part, as far as it differs."""

    steps: int = _at_least(1)


@dataclass(frozen=True, kw_only=True)
class CurvesParams:
    """The loss curves of the tuning run."""

    films: int = _at_least(1, "films")
    levels: int = _at_least(1, "noise levels")


@dataclass(frozen=True, kw_only=True)
class FidelityParams:
    """The distance between drawn and real films along training."""

    every: int = _at_least(1, "checkpoints")
    images: int = _at_least(8, "films")
    bootstrap: int = _at_least(20, "draws")
    weights: str
    weights_sha256: str = _matching(r"([0-9a-f]{64})?", "64 hex digits, or empty")


@dataclass(frozen=True, kw_only=True)
class SampleParams:
    """Sampling jobs."""

    checkpoints: tuple[int, ...] = _check(
        "one or more checkpoint numbers, each once, rising",
        lambda value: len(value) >= 1 and value[0] >= 1 and list(value) == sorted(set(value)),
    )
    initial: int = _at_least(1, "films")
    large: int = _at_least(1, "films")
    sampler: Sampler
    steps: int = _check("2 to 1000 denoising steps", lambda value: 2 <= value <= 1000)
    batch_size: int = _at_least(1, "films")
    max_hours: float = _check("more than 0 hours", lambda value: value > 0)

    @property
    def jobs(self) -> list[tuple[int, str]]:
        """Every sampling job: checkpoint and batch."""
        return [(number, batch) for number in self.checkpoints for batch in BATCHES]

    def films(self, batch: str) -> int:
        """Films to draw of each checkpoint in `batch` (`initial` or `large`)."""
        return {"initial": self.initial, "large": self.large}[batch]


@dataclass(frozen=True, kw_only=True)
class PrescreenParams:
    """The automatic pre-screen."""

    exclude: bool
    percentile: float = _between(90.0, 100.0)


@dataclass(frozen=True, kw_only=True)
class ReviewParams:
    """The reviewers' pages."""

    order: Literal["shuffled", "doubtful-first"]


@dataclass(frozen=True, kw_only=True)
class ScreenParams:
    """What reviewers' decisions make of a film."""

    reviewers_required: int = _at_least(1, "reviewers")
    conflict: Literal["exclude", "majority", "adjudicate"]
    adjudicator: str = _reviewer()
    require_complete: bool


@dataclass(frozen=True, kw_only=True)
class AuditParams:
    """The memorization audit; the defaults are those of an audit without params.yaml."""

    encoder: str = _matching(
        r"[a-z][a-z0-9_]{0,63}",
        "thumbnail, vit, or the name of a torchvision model",
        default="thumbnail",
    )
    weights: str = ""
    weights_sha256: str = _matching(r"([0-9a-f]{64})?", "64 hex digits, or empty", default="")
    weights_license: str = ""
    thumbnail: int = _check("8 to 128 pixels", lambda value: 8 <= value <= 128, default=24)
    top: int = _at_least(1, "pairs", default=100)
    plants: int = _at_least(0, "films an alteration", default=0)
    reviewers_required: int = _at_least(1, "reviewers", default=2)
    adjudicator: str = _reviewer(default="")
    publish_real_images: bool = False


@dataclass(frozen=True, kw_only=True)
class StudyParams:
    """The blinded reader study; the defaults are those of an analysis without params.yaml."""

    quartets: int = _at_least(1, default=50)
    readers_required: int = _at_least(1, "readers", default=8)
    going_back: bool = False
    margin: float = _check(
        "above 0 and below 3 Likert points", lambda value: 0 < value < 3, default=0.25
    )
    accuracy_margin: float = _check("above 0 and below 1", lambda value: 0 < value < 1, default=0.1)
    bootstrap: int = _at_least(100, "draws", default=10_000)


@dataclass(frozen=True, kw_only=True)
class ReleaseParams:
    """What the release is called and where its source comes from."""

    name: str = _matching(r"([a-z0-9][a-z0-9._-]{0,95})?", "lower-case letters, digits, . _ -")
    title: str
    version: str = _matching(r"\d+\.\d+\.\d+", "MAJOR.MINOR.PATCH, such as 1.0.0")
    license: str = _matching(r"[a-z0-9.-]*", "an SPDX id in lower case, such as cc-by-4.0")
    authors: tuple[str, ...] = _check(
        "names that are not empty", lambda value: all(one.strip() for one in value)
    )
    source_title: str
    source_license: str
    source_citation: str
    source_public: bool
    population: str
    purpose: str
    publisher: str
    funding: str
    interests: str
    ethics: str
    identifier: str = _matching(r"(10\.\d{4,9}/\S+)?", "a DOI, such as 10.5281/zenodo.12, or empty")
    date: str = _matching(r"(\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]))?", "YYYY-MM-DD, or empty")
    contact: str


@dataclass(frozen=True, kw_only=True)
class Params:
    """All of params.yaml."""

    seed: int = _check("0 to 2^63 - 1", lambda value: 0 <= value < 2**63)
    ingest: IngestParams
    split: SplitParams
    compute: ComputeParams
    network: NetworkParams
    train: TrainParams
    train_tuning: TrainTuningParams
    curves: CurvesParams
    fidelity: FidelityParams
    sample: SampleParams
    prescreen: PrescreenParams
    review: ReviewParams
    screen: ScreenParams
    audit: AuditParams
    study: StudyParams
    release: ReleaseParams


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
"""What stands there for films of anybody else: such a release is made, and never published."""

_SOURCE = ("source_title", "source_license", "source_citation")


def never_set(source: str, release: Mapping[str, Any]) -> list[str]:
    """Keys of `release` that a release must have, and nobody has set.

    Args:
        source: kind of the source; a release of `PHANTOMS` has all that it needs.
        release: section `release` of the parameters, as `load` fills it; or as JSON, with lists
            for tuples.
    """
    if source == PHANTOMS:
        return []
    missing = [name for name, unset in NOT_STATED.items() if list(release[name]) == list(unset)]
    return missing + [name for name in _SOURCE if not release[name].strip()]


def _named(params: Params) -> Params:
    """The same parameters; an empty identity of the release is filled in.

    The demonstration's name, authors and address are nobody else's; its licence may be.
    """
    drawn = params.ingest.source == PHANTOMS
    given = {name: getattr(params.release, name) for name in NOT_STATED}
    unset = [
        name
        for name, value in given.items()
        if not any(map(str.strip, value))
        or (not drawn and name != "license" and value == DEMONSTRATION[name])
    ]
    filled = {name: (DEMONSTRATION if drawn else NOT_STATED)[name] for name in unset}
    return replace(params, release=replace(params.release, **filled))


def load(path: Path) -> Params:
    """Read a params file.

    A release of phantoms that is not named gets the name, licence, authors and address of
    `DEMONSTRATION`; one of other films gets `NOT_STATED` (see `never_set`).

    Raises:
        ParamsError: with one fault for every key that is unknown, missing or wrong.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParamsError(
            "no such file", where=str(path), remedy="run from the repository root or pass --root"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ParamsError(f"not YAML: {error}", where=str(path)) from error
    params = checked(Params, raw, where=str(path))
    faults = _contradictions(params)
    if faults:
        raise ParamsError("do not fit together", where=str(path), faults=faults)
    return _named(params)


def checked(kind: type[P], raw: object, *, where: str = "") -> P:
    """Build one dataclass of parameters from plain values, checked like params.yaml.

    Raises:
        ParamsError: with one fault for every key that is unknown, missing or wrong.
    """
    faults: list[Fault] = []
    params: P = _build(kind, raw, "", faults)
    if faults:
        raise ParamsError(f"{len(faults)} wrong parameter(s)", where=where, faults=sorted(faults))
    return params


def _contradictions(params: Params) -> list[Fault]:
    """Values that are each right and do not fit together."""
    last = params.train.steps // params.train.checkpoint_every
    faults = [
        Fault(
            "sample.checkpoints",
            f"checkpoint {number} is never reached",
            f"training ends at checkpoint {last}"
            f" ({params.train.steps} steps, one every {params.train.checkpoint_every})",
        )
        for number in params.sample.checkpoints
        if number > last
    ]
    folds = params.network.pixel_unshuffle * 2 ** (len(params.network.channels) - 1)
    if params.ingest.size % folds:
        faults.append(
            Fault(
                "ingest.size",
                f"{params.ingest.size} cannot be halved as often as the network asks",
                f"take a multiple of {folds}, or fewer network.channels",
            )
        )
    if params.network.attention > len(params.network.channels):
        faults.append(
            Fault(
                "network.attention",
                f"{params.network.attention} resolutions are more than the network has",
                f"take at most {len(params.network.channels)}",
            )
        )
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
    if bool(params.audit.weights) == (params.audit.encoder == "thumbnail"):
        faults.append(
            Fault(
                "audit.weights",
                "an encoder other than `thumbnail` and a file of weights go together",
                "give audit.weights and audit.weights_sha256, or take `encoder: thumbnail`",
            )
        )
    return faults


def _build(kind: Any, raw: Any, place: str, faults: list[Fault]) -> Any:
    """One dataclass from one mapping; what is wrong goes to `faults`."""
    if not isinstance(raw, Mapping):
        faults.append(Fault(place or "(top level)", "expected a section with keys"))
        return None
    known = {one.name: one for one in fields(kind)}
    types = get_type_hints(kind)
    prefix = f"{place}." if place else ""
    faults.extend(
        Fault(
            f"{prefix}{key}",
            "unknown key",
            MOVED.get(f"{prefix}{key}", f"known here: {', '.join(known)}"),
        )
        for key in raw
        if key not in known
    )
    values: dict[str, Any] = {}
    for name, spec in known.items():
        where = prefix + name
        if name not in raw:
            faults.append(Fault(where, "missing"))
        elif is_dataclass(types[name]):
            values[name] = _build(types[name], raw[name], where, faults)
        else:
            values[name] = _value(types[name], raw[name], where, spec.metadata, faults)
    return kind(**values) if len(values) == len(known) else None


def _value(
    kind: Any, raw: Any, where: str, metadata: Mapping[str, Any], faults: list[Fault]
) -> Any:
    try:
        value = _coerce(kind, raw)
    except (TypeError, ValueError) as error:
        faults.append(Fault(where, f"{raw!r} is {error}"))
        return None
    if "accept" in metadata and not metadata["accept"](value):
        faults.append(Fault(where, f"{raw!r} is out of range", f"expected {metadata['unit']}"))
    return value


def _coerce(kind: Any, raw: Any) -> Any:
    """`raw` as `kind`, or an error that completes the sentence "<value> is …"."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        kinds = get_args(kind)
        return None if raw is None and type(None) in kinds else _coerce(kinds[0], raw)
    if origin is Literal:
        if raw not in get_args(kind):
            raise ValueError(f"none of {', '.join(map(repr, get_args(kind)))}")
        return raw
    if origin is tuple:
        if not isinstance(raw, list):
            raise TypeError("no list")
        return tuple(_coerce(get_args(kind)[0], one) for one in raw)
    # YAML 1.1 reads 5e-5 (no dot) as text, and bool is an int to Python.
    if (
        kind is float
        and isinstance(raw, str)
        and re.fullmatch(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+", raw)
    ):
        raw = float(raw)
    if kind is float and isinstance(raw, int | float) and not isinstance(raw, bool):
        if not math.isfinite(raw):
            raise ValueError("not a finite number")
        return float(raw)
    if isinstance(raw, kind) and not (kind is int and isinstance(raw, bool)):
        return raw
    raise TypeError(f"no {kind.__name__}")
