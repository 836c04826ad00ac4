"""A set of films out of folders and image tables, read one film at a time.

Nothing is passed over in silence: every film is searched or unreadable, and every file under the
paths that were given is a film, or named in `ignored`, or a fault.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cxr_release.errors import Fault, SourceError
from cxr_release.films.film_source import FilmSource, FolderSource
from cxr_release.films.folder import BESIDE, open_folder, place_fault, printable
from cxr_release.films.image_table import duplicate_ids, is_image_table, open_table
from cxr_release.films.limits import MAX_ID
from cxr_release.films.png import Film

TABLE = ".parquet"
FILMS = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".dcm"})
"""Suffixes of films. In a folder with one of them every file counts as a film."""
Ignored = tuple[str, str]
"""A file that is not a film, and why."""
Listed = tuple[list[FilmSource], list[Ignored]]
"""What lies under a path."""


@dataclass(frozen=True)
class FilmSet:
    """Films under one name, out of one or more sources."""

    name: str
    sources: tuple[FilmSource, ...]
    ignored: tuple[Ignored, ...]
    stated: Mapping[str, str] = field(default_factory=dict)
    """Id → patient, as stated beside the films; used where the films state none."""

    @cached_property
    def homes(self) -> Mapping[str, FilmSource]:
        """Id → source, of every film found, readable or not."""
        return {name: source for source in self.sources for name in source.places}

    @cached_property
    def patients(self) -> Mapping[str, str]:
        """Id → patient, where known."""
        by_source = {
            name: patient for source in self.sources for name, patient in source.patients.items()
        }
        return by_source or {name: self.stated[name] for name in self.homes if name in self.stated}

    def __len__(self) -> int:
        """Films found, readable or not."""
        return len(self.homes)

    def film(self, name: str) -> Film:
        """Pixels of one film by its id; at most `MAX_ENCODED_SIDE` pixels on a side.

        Raises:
            SourceError: there is no such film, or it cannot be read.
        """
        if name not in self.homes:
            raise SourceError(f"is not a film of the {self.name} set", where=name)
        return self.homes[name].open(name).pixels

    def require_elsewhere(self, output: Path) -> None:
        """Refuse to write among the films: the output would count as films in the next run.

        Raises:
            SourceError: the folder of `output` lies in one of the films.
        """
        for source in self.sources:
            home = Path(source.name).resolve()
            if home.is_dir() and output.resolve().is_relative_to(home):
                raise SourceError(
                    f"lies in the folder of {self.name} films {source.name}",
                    where=str(output),
                    remedy="write elsewhere",
                )


def open_films(paths: Sequence[Path], name: str) -> FilmSet:
    """Take films out of folders and tables. No film is opened yet.

    Args:
        paths: each a folder of films (PNG, JPEG, TIFF, DICOM; every visible file is a film, but
            `patients.csv`); a folder with image tables, at any depth, of which only those count;
            or an image table: Parquet with columns `id` and `image` of bytes and path, and
            `patient` where there is one. The id of a film in a folder is its file's stem.
        name: of the set, for messages.

    Raises:
        SourceError: nothing is there, folders lie among films, an id is a duplicate, or
            `patients.csv` is wrong; with every fault.
        TableError: a table cannot be read, or has no such columns.
    """
    sources: list[FilmSource] = []
    ignored: list[Ignored] = []
    for path in paths:
        readable, skipped = list_path(path)
        sources += readable
        ignored += skipped
    where = ", ".join(map(str, paths))
    faults = duplicate_ids(pair for source in sources for pair in source.places.items())
    if faults:
        raise SourceError(
            f"{len(faults)} id(s) of {name} films are duplicates", where=where, faults=faults
        )
    films = FilmSet(name, tuple(sources), tuple(ignored))
    if not len(films):
        raise SourceError(
            f"no {name} films",
            where=where,
            remedy="give a folder of PNG, JPEG, TIFF or DICOM films, or an image table",
        )
    return films


def list_path(path: Path) -> Listed:
    """The sources under a path, and the files there that are not films. See `films.open_films`."""
    if not path.exists():
        raise SourceError("no such folder or table", where=str(path))
    if not path.is_dir():
        return [open_table(path)], []
    inside = list(_walk(path))
    tables = [entry for entry in inside if entry.suffix == TABLE and not _hidden(entry, path)]
    # Tables among films, as an audit leaves them, do not make a folder one of tables.
    films = any(entry.parent == path and entry.suffix.lower() in FILMS for entry in inside)
    if tables and (not films or any(entry.parent == path for entry in tables)):
        return _folder_of_tables(path, inside)
    return _folder(path)


def _walk(folder: Path) -> Iterator[Path]:
    """Files below a folder, and links and hidden folders there, which are not entered."""

    def fail(error: OSError) -> None:
        raise SourceError(f"cannot be read ({error.strerror})", where=str(error.filename))

    for place, folders, names in os.walk(folder, onerror=fail):
        parent = Path(place)
        shut = [name for name in folders if name.startswith(".") or (parent / name).is_symlink()]
        folders[:] = sorted(set(folders) - set(shut))
        yield from sorted(parent / name for name in [*names, *shut])


def _hidden(path: Path, folder: Path) -> bool:
    return any(name.startswith(".") for name in path.relative_to(folder).parts)


def _folder_of_tables(folder: Path, inside: Iterable[Path]) -> Listed:
    sources: list[FilmSource] = []
    ignored: list[Ignored] = []
    faults: list[Fault] = []
    home = folder.resolve()
    for path in inside:
        shown = f"{folder}/{printable(path.relative_to(folder).as_posix())}"
        if _hidden(path, folder):
            ignored.append((shown, "hidden"))
        elif path.is_symlink() and (path.is_dir() or path.suffix == TABLE):
            fault, _ = place_fault(path, home)
            if fault:
                faults.append(Fault(shown, fault, "give its target as a path of its own"))
            else:
                ignored.append((shown, "a link within the folder"))
        elif path.suffix != TABLE:
            ignored.append((shown, "not a table, in a folder of tables"))
        elif is_image_table(path):
            sources.append(open_table(path))
        else:
            ignored.append((shown, "a table without films"))
    if not faults and not sources:
        faults = [Fault(str(folder), "none of its tables has the columns id and image")]
    if faults:
        raise SourceError("cannot be taken as a set of films", where=str(folder), faults=faults)
    return sources, ignored


def _folder(path: Path) -> Listed:
    folder = open_folder(path)
    hidden = sorted(child for child in path.iterdir() if child.name.startswith("."))
    ignored = [(f"{path}/{printable(child.name)}", "hidden") for child in hidden]
    ignored += [
        (str(path / name), note)
        for name, note in sorted(BESIDE.items())
        if os.path.lexists(path / name)
    ]
    ids = {film.name: printable(film.path.stem) for film in folder.films}
    # The films in a subfolder would go uncounted, so it is not reported as an unreadable film.
    faults = [
        Fault(str(film.path), "is a folder among films", "give it as a path of its own, or move it")
        for film in folder.films
        if film.path.is_dir()
    ]
    faults += [
        Fault(str(film.path), f"has a name above {MAX_ID} letters", "rename it")
        for film in folder.films
        if len(ids[film.name]) > MAX_ID
    ]
    faults += duplicate_ids((ids[film.name], f"{path}/{film.name}") for film in folder.films)
    patients, of_patients = folder.patients()
    faults += of_patients
    if faults:
        raise SourceError(
            f"{len(faults)} fault(s) in a folder of films", where=str(path), faults=faults
        )
    films = {ids[film.name]: film for film in folder.films}
    by_id = {ids[name]: key for name, key in patients.items()}
    return [FolderSource(str(path), films, by_id)], ignored
