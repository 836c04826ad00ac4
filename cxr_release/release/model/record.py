"""`model.json`: all that a released network says about itself, and what its card is made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cxr_release.release.record import (
    Count,
    Json,
    Number,
    Part,
    Sha256,
    Source,
    Split,
    Text,
    Training,
    VersionText,
)

MODEL = "model.json"


class Dataset(Part):
    """The dataset whose films the network drew."""

    name: Text
    title: Text
    repository: Text
    """ORG/NAME on the Hub; empty where that is not stated."""
    films: Count
    """That this checkpoint drew and the dataset has."""
    record_sha256: Sha256
    """Of its release.json."""


class Weights(Part):
    """The file of weights."""

    sha256: Sha256
    parameters: Annotated[int, Field(ge=1, le=2**53)]


class Network(Part):
    """The checkpoint."""

    checkpoint: Annotated[int, Field(ge=1, le=2**53)]
    step: Annotated[int, Field(ge=1, le=2**53)]
    size: Annotated[int, Field(ge=1, le=2048)] | list[Annotated[int, Field(ge=1, le=2048)]]
    """Of its films, in pixels: the side of a square, or width and height."""
    pixel_unshuffle: Annotated[int, Field(ge=1, le=4)]
    """Pixels on each side that are folded into channels."""
    classes: list[Text]
    """Classes that it draws films as; the number that it is told is the place here, and behind the
    last one that of films without a class. Empty: it has no classes."""
    weights: Weights


class Sampling(Part):
    """How the dataset's films were drawn."""

    sampler: Text
    steps: Annotated[int, Field(ge=2, le=1000)]
    class_guidance: Annotated[Number, Field(ge=1)]
    """Weight of the class against no class; 1: the network was not asked without."""


class Example(Part):
    """A film of the dataset, which the card draws again."""

    film: Text
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    row: Count | None
    """What the network is told of its class; None where it is told nothing."""


class Learning(Part):
    """Settings of training that the card prints."""

    films: Count
    batch_size: Count
    flip: bool


class ModelRecord(Part):
    """A whole record."""

    name: Text
    """Of the repository, without its owner."""
    title: Text
    version: VersionText
    tag: Text
    license: Text
    authors: list[Text]
    publisher: Text
    contact: Text
    identifier: Text
    unset: list[Text]
    repository: Text
    """ORG/NAME on the Hub; empty where that is not stated."""
    dataset: Dataset
    network: Network
    sampling: Sampling
    example: Example
    source: Source
    split: Split
    training: Training
    learning: Learning
    distances: Json | None
    """Row of this checkpoint in the dataset's `metrics.distances`, as it stands there, with what
    real films score (`floor`) and how many films were drawn (`films`); None: not measured."""
    attacks: list[Json]
    """Attacks on this network by who holds its weights, as the dataset's scorecard has them."""
    most_tpr: Number
    """What `gate.refusals` allows."""
    software: dict[str, Text]
