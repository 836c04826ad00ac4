"""A folder of films: which files are there, what each is called, and what is wrong with them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cxr_release.errors import Fault, SourceError
from cxr_release.radiographs.decode import decode, read_bytes
from cxr_release.radiographs.facing import Facing
from cxr_release.radiographs.patients import PATIENTS, read_patients
from cxr_release.radiographs.png import Film

SAFE_STEM = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,126}[A-Za-z0-9._-])?")
"""A stem becomes the film's id and part of file names, so it holds only what is safe in both."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a film before anything is done to it: most columns of the manifest."""

    source_file: str
    id: str
    patient: str | None
    """Which patient's; None where nobody stated it."""
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
    ids: frozenset[str] | None = None
    """Ids of all films, refused ones too, where they are known beforehand."""


@dataclass(frozen=True, kw_only=True)
class FilmFile:
    """A film in a file of its own."""

    name: str
    path: Path
    patient: str | None
    """Key of the patient as stated; None where it is not."""
    case: str | None = None

    @property
    def id(self) -> str:
        """The stem of the file."""
        return self.path.stem

    def load(self) -> tuple[Film, Facts]:
        """Read exactly once: what is hashed is what is decoded."""
        data = read_bytes(self.path)
        decoded = decode(data)
        height, width = decoded.film.shape
        facts = Facts(
            source_file=self.name,
            id=self.id,
            patient=self.patient,
            stated_patient=self.patient,
            case=self.case,
            width=width,
            height=height,
            bits=decoded.bits,
            mode=decoded.mode,
            sha256=hashlib.sha256(data).hexdigest(),
        )
        return decoded.film, facts


def list_folder(folder: Path) -> Listing:
    """List a folder in which every visible file is a film, except `patients.csv`.

    Whose film each is, that table states alone: without it no patient is known.

    Raises:
        SourceError: there is no such folder, it holds no film, or its table cannot be read.
    """
    paths = [path for path in visible(folder) if path.name != PATIENTS]
    if not paths:
        raise SourceError(
            "holds no films", where=str(folder), remedy="put PNG, JPEG or TIFF files there"
        )
    faults = file_faults(paths, folder)
    names = {path: printable(path.name) for path in paths}
    patients, more = stated_patients(folder, set(names.values()))
    faults += more
    bad = {fault.where for fault in faults}
    films = [
        FilmFile(name=names[path], path=path, patient=patients.get(names[path]))
        for path in paths
        if names[path] not in bad
    ]
    return Listing(
        films=films,
        faults=faults,
        refused=[name for name in names.values() if name in bad],
        ids=frozenset(path.stem for path in paths),
    )


def stated_patients(folder: Path, files: set[str]) -> tuple[dict[str, str], list[Fault]]:
    """Patient key of each of `files` that the table in a folder states, and what is wrong with it.

    Raises:
        SourceError: the table cannot be read, or lies elsewhere.
    """
    table = folder / PATIENTS
    if not table.is_symlink() and not table.exists():
        return {}, []
    what, remedy = place_fault(table, folder.resolve())
    if what:
        raise SourceError(what, where=str(table), remedy=remedy)
    return read_patients(table, files)


def visible(folder: Path) -> list[Path]:
    """Everything in a folder but dotfiles, sorted by name.

    Raises:
        SourceError: there is no such folder, or it cannot be read.
    """
    try:
        paths = [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as error:
        raise SourceError(
            f"cannot be read as a folder of films ({error.strerror})", where=str(folder)
        ) from error
    return sorted(paths, key=lambda path: path.name)


def file_faults(paths: Iterable[Path], folder: Path, prefix: str = "") -> list[Fault]:
    """What is wrong with files before they are opened; `prefix` comes before their names."""
    by_stem: dict[str, list[Path]] = {}
    for path in paths:
        # Ids that differ in case alone would overwrite each other on some file systems.
        by_stem.setdefault(path.stem.casefold(), []).append(path)
    home = folder.resolve()
    faults = []
    for path in paths:
        twins = [one for one in by_stem[path.stem.casefold()] if one != path]
        for what, remedy in (place_fault(path, home), _name_fault(path, twins)):
            if what:
                faults.append(Fault(prefix + printable(path.name), what, remedy))
    return faults


def place_fault(path: Path, home: Path) -> tuple[str, str]:
    """What is wrong with where a file is, and its remedy; `home` is its folder, resolved."""
    if path.is_symlink():
        try:
            target = path.resolve(strict=True)
        except (OSError, RuntimeError):
            return "is a broken symbolic link", ""
        if not target.is_relative_to(home):
            return "is a symbolic link out of the folder", "copy the film itself"
    if path.is_dir():
        return "is a folder", "move its films up, or take it out"
    return "", ""


def _name_fault(path: Path, twins: list[Path]) -> tuple[str, str]:
    if not SAFE_STEM.fullmatch(path.stem):
        return (
            "has a name that cannot be an id",
            "rename it with letters A–Z, digits, space, dot, hyphen and underscore, at most 128",
        )
    if twins:
        others = ", ".join(printable(twin.name) for twin in twins)
        return f"has the same stem as {others}", "stems become ids: rename all but one"
    return "", ""


def printable(name: str) -> str:
    """A file name that can stand in a report and in a table, whatever its bytes."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in name
    )
