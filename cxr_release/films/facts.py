"""What is known of films before anything is done to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from cxr_release.errors import Fault
from cxr_release.films.png import Film

Facing = Literal["left", "right"]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a film before anything is done to it: most columns of the manifest."""

    source_file: str
    """Name of the file: it may identify the patient, and is kept in the manifest alone."""
    id: str
    """Opaque; see `identity`."""
    patient: str | None
    """Which patient's, opaque; None where it is not stated."""
    width: int
    """Pixels, as displayed."""
    height: int
    bits: int
    mode: str
    stated_patient: str | None = None
    """The patient's key as the source states it."""
    case: str | None = None
    """Number of the case, where the source numbers cases: two of them may be one patient's."""
    sha256: str | None = None
    """Of the source file's bytes; a phantom has none."""
    age: int | None = None
    curvature: int | None = None
    keypoints: Mapping[str, tuple[float, float]] | None = None
    """Name → (x, y) in pixels of the film as displayed."""
    left_out: tuple[str, ...] = ()
    """Annotations beside the film that could not be used, and why."""
    true_facing: Facing | None = None
    true_negative: bool | None = None


class SourceFilm(Protocol):
    """One film of a source, not yet read. Travels to another process."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    def load(self) -> tuple[Film, Facts]:
        """Read the film, in 8-bit grey. Raises SourceError when that cannot be done."""


@dataclass(frozen=True)
class Listing:
    """The films of a source and every fault that shows without opening them."""

    films: Sequence[SourceFilm]
    faults: list[Fault] = field(default_factory=list)
    """`where` is the name of a film that is refused, or a place in a file about films."""
    refused: list[str] = field(default_factory=list)
    """Names of the files behind those of `faults` that are about a film."""
    left_facing: frozenset[str] = frozenset()
    """Names of films that are known to face left, refused ones too."""
    stems: Sequence[str] = ()
    """Stems of the files, where people named them."""
    drawn: bool = False
    """Whether the films are phantoms, and so know which way they face."""
