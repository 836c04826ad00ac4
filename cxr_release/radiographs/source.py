"""A folder of films: which files are there, what each is called, and what is wrong with them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cxr_release.errors import Fault, SourceError
from cxr_release.radiographs.decode import decode, read_bytes
from cxr_release.radiographs.facing import Facing
from cxr_release.radiographs.folder import BESIDE, place_fault, printable, visible
from cxr_release.radiographs.identity import FilmKey
from cxr_release.radiographs.left_facing import LEFT_FACING, read_left_facing
from cxr_release.radiographs.patients import PATIENTS, read_patients
from cxr_release.radiographs.png import Film


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a film before anything is done to it: most columns of the manifest."""

    source_file: str
    """Name of the file: it may tell whose film it is, and stands in the manifest alone."""
    id: str
    """Opaque; see `identity`."""
    patient: str | None
    """Which patient's, opaque; None where nobody stated it."""
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
    """What of that which lies beside the film could not be taken, and why."""
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
    """Names of films that somebody knows to face left, refused ones too."""
    stems: Sequence[str] = ()
    """Stems of the files, where people named them."""
    drawn: bool = False
    """Whether the films are phantoms, and so know which way they face."""


@dataclass(frozen=True, kw_only=True)
class FilmFile:
    """A film in a file of its own."""

    name: str
    path: Path
    id: str
    patient: str | None
    """Opaque; None where it is not stated, like the next."""
    stated_patient: str | None
    case: str | None = None

    def load(self) -> tuple[Film, Facts]:
        """Read exactly once: what is hashed is what is decoded."""
        data = read_bytes(self.path)
        decoded = decode(data)
        height, width = decoded.film.shape
        facts = Facts(
            source_file=self.name,
            id=self.id,
            patient=self.patient,
            stated_patient=self.stated_patient,
            case=self.case,
            width=width,
            height=height,
            bits=decoded.bits,
            mode=decoded.mode,
            sha256=hashlib.sha256(data).hexdigest(),
        )
        return decoded.film, facts


def film_file(
    path: Path, name: str, key: FilmKey, stated: str | None, case: str | None = None
) -> FilmFile:
    """A film under its opaque ids.

    Args:
        path: the file.
        name: what the manifest calls it.
        key: behind the ids.
        stated: the patient's key as stated; None where it is not.
        case: number of its case, where the source numbers cases.
    """
    return FilmFile(
        name=name,
        path=path,
        id=key.film(path.name),
        patient=None if stated is None else key.patient(stated),
        stated_patient=stated,
        case=case,
    )


def list_folder(folder: Path, key: FilmKey) -> Listing:
    """List a folder in which every visible file is a film, except those `BESIDE` them.

    Whose film each is, `patients.csv` states alone: without it no patient is known.

    Args:
        folder: of the films.
        key: behind their ids.

    Raises:
        SourceError: there is no such folder, it holds no film, or a file beside them cannot be
            read.
    """
    paths = [path for path in visible(folder) if path.name not in BESIDE]
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
        film_file(path, names[path], key, patients.get(names[path]))
        for path in paths
        if names[path] not in bad
    ]
    return Listing(
        films=films,
        faults=faults,
        refused=[name for name in names.values() if name in bad],
        left_facing=marked_films(folder, names.values()),
        stems=[path.stem for path in paths],
    )


def marked_films(folder: Path, films: Iterable[str]) -> frozenset[str]:
    """Films that the list in a folder names as facing left; see `read_left_facing`."""
    path = folder / LEFT_FACING
    present = path.is_symlink() or path.exists()
    return read_left_facing(path, set(films)) if present else frozenset()


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


def file_faults(paths: Iterable[Path], folder: Path, prefix: str = "") -> list[Fault]:
    """What is wrong with files before they are opened; `prefix` comes before their names."""
    by_stem: dict[str, list[Path]] = {}
    for path in paths:
        # One film saved twice, or two that a list of stems cannot tell apart; and files whose names
        # differ in case alone overwrite each other on some file systems.
        by_stem.setdefault(path.stem.casefold(), []).append(path)
    home = folder.resolve()
    faults = []
    for path in paths:
        twins = [one for one in by_stem[path.stem.casefold()] if one != path]
        for what, remedy in (place_fault(path, home), _name_fault(path, twins)):
            if what:
                faults.append(Fault(prefix + printable(path.name), what, remedy))
    return faults


def _name_fault(path: Path, twins: list[Path]) -> tuple[str, str]:
    if not path.name.isprintable():
        return "has characters in its name that cannot be printed", "rename it"
    if twins:
        others = ", ".join(printable(twin.name) for twin in twins)
        return f"has the same stem as {others}", "take out what is there twice; rename what is not"
    return "", ""
