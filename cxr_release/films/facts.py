"""What is known of films before anything is done to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from cxr_release.errors import Fault
from cxr_release.films.png import Film
from cxr_release.films.spacing import Spacing

Facing = Literal["left", "right"]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are outside."""
Value = str | float
"""A code, or a number."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a file says of its film, beside the pixels: codes, numbers and places, no free text.

    A file that says nothing has the defaults.
    """

    spacing: Spacing | None = None
    """None where it is not stated, or not plausible."""
    negative: bool | None = None
    """Whether the film as decoded is stated to be bone dark; None where nothing is stated."""
    exposed: Box | None = None
    """The exposed field as stated, in pixels of the film as displayed."""
    codes: Mapping[str, Value] = field(default_factory=dict)
    """Name → value of what else is coded in it, such as `modality`, `body_part`, `view`,
    `laterality`, `sex` and `age`."""
    lossy: bool | None = None
    """Whether the pixels were compressed with loss at any time, where that is stated."""
    overlay: bool | None = None
    """Whether graphics lie over the film that are not shown; None where files cannot say."""


NOTHING_STATED = Header()


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
    header: Header = NOTHING_STATED
    """What its file says of it."""
    stated: Mapping[str, Value] = field(default_factory=dict)
    """Column → what a table beside the film states of it, in the columns that were asked for."""
    true_facing: Facing | None = None
    true_negative: bool | None = None


class SourceFilm(Protocol):
    """One film of a source, not yet read. Travels to another process."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    @property
    def id(self) -> str:
        """Its id, opaque where it is a real film."""

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
    stated: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    """Name of a film → column → what a table beside the films states, where that was asked for."""
    columns: tuple[str, ...] = ()
    """Columns of that table that can be asked for."""
    passed_over: Mapping[str, str] = field(default_factory=dict)
    """Name of each file that is not among the films that were asked for, and why; no fault."""
    hint: str = ""
    """How a person finds the file that a name stands for, where names say nothing."""
    drawn: bool = False
    """Whether the films are phantoms, and so know which way they face."""
