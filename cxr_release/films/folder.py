"""Films in files of their own: a folder in which every visible file but a few is a film.

Ingest and the audit both read folders of films through `open_folder`; each decides what a
film is called and whether to stop at a fault. Beside films may lie `patients.csv` (see `patients`)
and `left-facing.txt`, which names a few of them that are known to face left.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from cxr_release.errors import Fault, SourceError
from cxr_release.files import read_bounded
from cxr_release.films.decode import decode, read_bytes
from cxr_release.films.facts import Facts, Listing, SourceFilm
from cxr_release.films.film_key import FilmKey
from cxr_release.films.limits import MAX_LEFT_FACING_BYTES
from cxr_release.films.patients import PATIENTS, read_patients
from cxr_release.films.png import Film
from cxr_release.films.stated_facts import Kind, StatedFacts, read_stated
from cxr_release.params.films import DicomParams
from cxr_release.spelling import by_form

LEFT_FACING = "left-facing.txt"
SHOWN = 128
"""Characters of a line that an error repeats."""
BESIDE = {PATIENTS: "the patients of the films", LEFT_FACING: "films that face left"}
"""Files beside films that are about them → what they hold."""


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


def printable(name: str) -> str:
    """A file name that a report and a table can show, whatever its bytes."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in name
    )


@dataclass(frozen=True)
class FilmFile:
    """A file that should hold a film; not opened yet."""

    name: str
    """What reports and tables call it."""
    path: Path
    fault: tuple[str, str]
    """Why it must not be opened, and the remedy; see `place_fault`."""

    def read(self) -> bytes:
        """The file's bytes. Raises SourceError where it must not or cannot be read."""
        fault, remedy = self.fault
        if fault:
            raise SourceError(fault, remedy=remedy)
        return read_bytes(self.path)


@dataclass(frozen=True)
class FilmFolder:
    """The films of a folder, and the files beside them."""

    path: Path
    films: tuple[FilmFile, ...]
    beside: Path
    """Folder of `patients.csv` and `left-facing.txt`."""

    def patients(self) -> tuple[dict[str, str], list[Fault]]:
        """Name of each film whose patient is stated → the key, and what is wrong with the table.

        Raises:
            SourceError: the table cannot be read, or lies elsewhere.
        """
        table = self._table()
        if table is None:
            return {}, []
        names = self._names()
        keys, faults = read_patients(table, set(names))
        return (
            {names[name]: key for name, key in keys.items() if name in names},
            [replace(fault, where=names.get(fault.where, fault.where)) for fault in faults],
        )

    def stated(self, kinds: Mapping[str, Kind]) -> StatedFacts:
        """What the table states of each film in the columns of `kinds`; see `read_stated`.

        Raises:
            SourceError: the table cannot be read, or lies elsewhere.
        """
        table = self._table()
        if table is None:
            return StatedFacts()
        names = self._names()
        stated = read_stated(table, set(names), kinds)
        return replace(
            stated,
            of={names[name]: values for name, values in stated.of.items()},
            faults=tuple(replace(fault, where=names[fault.where]) for fault in stated.faults),
        )

    def _table(self) -> Path | None:
        table = self.beside / PATIENTS
        if not table.is_symlink() and not table.exists():
            return None
        problem, remedy = place_fault(table, self.beside.resolve())
        if problem:
            raise SourceError(problem, where=str(table), remedy=remedy)
        return table

    def _names(self) -> dict[str, str]:
        """What the table calls a film → what reports call it."""
        return {printable(film.path.name): film.name for film in self.films}

    def left_facing(self) -> frozenset[str]:
        """Names of the films that the list beside them names; see `read_left_facing`."""
        path = self.beside / LEFT_FACING
        names = {film.name for film in self.films}
        return read_left_facing(path, names) if path.is_symlink() or path.exists() else frozenset()

    def listing(
        self,
        film_of: Callable[[FilmFile, str | None], SourceFilm],
        *,
        faults: Iterable[Fault] = (),
        stems: Sequence[str] = (),
        kinds: Mapping[str, Kind] | None = None,
    ) -> Listing:
        """What there is to ingest.

        Args:
            film_of: a film from its file and its patient's key, None where it is not stated.
            faults: of files, beside those that any folder may have.
            stems: of the files, where people named them.
            kinds: columns of the table beside the films that are asked for.
        """
        patients, of_patients = self.patients()
        stated = self.stated(kinds or {})
        every = [*self._file_faults(), *faults, *of_patients, *stated.faults]
        bad = {fault.where for fault in every}
        return Listing(
            films=[
                film_of(film, patients.get(film.name))
                for film in self.films
                if film.name not in bad
            ],
            faults=every,
            refused=[film.name for film in self.films if film.name in bad],
            left_facing=self.left_facing(),
            stems=stems,
            stated=stated.of,
            columns=stated.columns,
        )

    def _file_faults(self) -> Iterator[Fault]:
        """What is wrong with files before they are opened."""
        by_stem: dict[str, list[Path]] = {}
        for film in self.films:
            # One film saved twice, or two that a list of stems cannot tell apart; and files whose
            # names differ in case alone overwrite each other on some file systems.
            by_stem.setdefault(film.path.stem.casefold(), []).append(film.path)
        for film in self.films:
            twins = [path for path in by_stem[film.path.stem.casefold()] if path != film.path]
            for fault, remedy in (film.fault, _name_fault(film.path, twins)):
                if fault:
                    yield Fault(film.name, fault, remedy)


def open_folder(path: Path, *, prefix: str = "", beside: Path | None = None) -> FilmFolder:
    """List the films of a folder; none is opened.

    Args:
        path: the folder; every visible file is a film, except those `BESIDE` films.
        prefix: put before the files' names in reports and tables.
        beside: folder of the tables about the films, where it is another: then every file is one.

    Raises:
        SourceError: there is no such folder, or it cannot be read.
    """
    home = path.resolve()
    films = [
        FilmFile(prefix + printable(file.name), file, place_fault(file, home))
        for file in visible(path)
        if beside is not None or file.name not in BESIDE
    ]
    return FilmFolder(path, tuple(films), beside or path)


def _name_fault(path: Path, twins: list[Path]) -> tuple[str, str]:
    if not path.name.isprintable():
        return "has characters in its name that cannot be printed", "rename it"
    if twins:
        names = ", ".join(printable(twin.name) for twin in twins)
        return (
            f"has the same stem as {names}",
            "remove it if it is a duplicate; else rename it",
        )
    return "", ""


@dataclass(frozen=True, kw_only=True)
class RealFilm:
    """A real film to ingest, under its opaque ids."""

    file: FilmFile
    id: str
    patient: str | None
    """Opaque; None where it is not stated, like the next."""
    stated_patient: str | None
    case: str | None = None
    dicom: DicomParams | None = None
    """Which DICOM films are asked for; None: those of the defaults."""

    @classmethod
    def named_by(
        cls, key: FilmKey, file: FilmFile, stated: str | None, case: str | None = None
    ) -> RealFilm:
        """A film by the ids of a key.

        Args:
            key: behind the ids.
            file: that holds the film.
            stated: the patient's key as stated; None where it is not.
            case: number of its case, where the source numbers cases.
        """
        patient = None if stated is None else key.patient(stated)
        film = key.film(file.path.name)
        return cls(file=file, id=film, patient=patient, stated_patient=stated, case=case)

    @property
    def name(self) -> str:
        """What the manifest calls it."""
        return self.file.name

    def load(self) -> tuple[Film, Facts]:
        """Read exactly once: what is hashed is what is decoded."""
        data = self.file.read()
        decoded = decode(data, self.dicom)
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
            header=decoded.header,
        )
        return decoded.film, facts


def list_folder(folder: Path, key: FilmKey, kinds: Mapping[str, Kind] | None = None) -> Listing:
    """List a folder of real films to ingest.

    Whose film each is, `patients.csv` states alone: without it no patient is known.

    Args:
        folder: of the films.
        key: behind their ids.
        kinds: columns of the table beside the films that are asked for.

    Raises:
        SourceError: there is no such folder, it holds no film, or a file beside them cannot be
            read.
    """
    films = open_folder(folder)
    if not films.films:
        raise SourceError(
            "holds no films", where=str(folder), remedy="put PNG, JPEG, TIFF or DICOM files there"
        )
    return films.listing(
        lambda file, patient: RealFilm.named_by(key, file, patient),
        stems=[film.path.stem for film in films.films],
        kinds=kinds,
    )


def read_left_facing(path: Path, films: Collection[str]) -> frozenset[str]:
    """Films that a list names: a file's name or its stem a line, `#` before a comment.

    Args:
        path: the list.
        films: names of all films of the source, bad ones too.

    Returns:
        Some of `films`.

    Raises:
        SourceError: the list cannot be read, or names what is not a film; with every such
            line.
    """
    by_name: dict[str, set[str]] = {}
    for film in films:
        for name in (film, PurePosixPath(film).name, PurePosixPath(film).stem):
            by_name.setdefault(name, set()).add(film)
    forms = by_form(by_name)
    facing_left: set[str] = set()
    faults = []
    for number, line in _lines(path):
        name = line if line in forms else line.partition(" #")[0].strip()
        name = forms.get(name, name)
        if name in by_name:
            facing_left |= by_name[name]
        else:
            nearest = difflib.get_close_matches(name[:SHOWN], sorted(by_name), n=3, cutoff=0)
            faults.append(
                Fault(
                    f"{LEFT_FACING} line {number}",
                    f"{name[:SHOWN]!a} is not a film of the source",
                    f"nearest: {', '.join(nearest)}",
                )
            )
    if faults:
        raise SourceError(f"names {len(faults)} unknown film(s)", where=str(path), faults=faults)
    return frozenset(facing_left)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number and text of each line that is neither empty nor a comment."""
    try:
        text = read_bounded(path, MAX_LEFT_FACING_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise SourceError("is not UTF-8 text", where=str(path)) from error
    for number, line in enumerate(text.split("\n"), start=1):
        name = line.strip()
        if name and not name.startswith("#"):
            yield number, name
