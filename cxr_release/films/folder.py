"""What lies in a folder of films: names as they can be shown, and places that are refused.

A folder of films: which files are there, what each is called, and what is wrong with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cxr_release.errors import Fault, SourceError
from cxr_release.films.decode import decode, read_bytes
from cxr_release.films.facts import Facts, Listing
from cxr_release.films.identity import FilmKey
from cxr_release.films.left_facing import LEFT_FACING, read_left_facing
from cxr_release.films.patients import PATIENTS, read_patients
from cxr_release.films.png import Film

BESIDE = {PATIENTS: "the patients of the films", LEFT_FACING: "films that face left"}
"""Files beside films that are about them → what they say."""


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
    """A file name that can stand in a report and in a table, whatever its bytes."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in name
    )


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
