"""What lies in a folder of synthetic films from elsewhere: films, tables of films, and the rest.

Folders below it are looked into, as public datasets have them. No link is followed out of it, and
nothing is opened here. Texts and tables beside films are passed over, and what is none of these is
tried as a film: where it is not one, that is a fault and not a silence.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cxr_release.errors import Fault, SourceError
from cxr_release.films.folder import FilmFile, place_fault, printable
from cxr_release.params.limits import MOST_FILMS

DEEPEST = 8
"""Folders below each other that are looked into."""
TABLE = ".parquet"
BESIDE = frozenset(
    {
        *(".csv", ".tsv", ".json", ".jsonl", ".txt", ".md", ".rst", ".yaml", ".yml", ".cff"),
        *(".xlsx", ".xls", ".html", ".pdf", ".xml", ".bib"),
    }
)
"""Endings of texts and tables about films, which hold none."""
NAMES_BESIDE = frozenset({"license", "licence", "readme", "notice", "sha256sums"})


@dataclass(frozen=True)
class Found:
    """What a folder holds, by name below it, sorted."""

    films: tuple[FilmFile, ...]
    tables: tuple[FilmFile, ...]
    """Parquet files; what is in them is not known yet."""
    beside: tuple[Path, ...]
    """Texts and tables about films, which are passed over."""
    faults: tuple[Fault, ...]


def list_films(folder: Path) -> Found:
    """List a folder of synthetic films and all folders below it; dotfiles are passed over.

    Raises:
        SourceError: there is no such folder, it cannot be listed, or it holds too many files.
    """
    if not folder.is_dir():
        raise SourceError(
            "is not a folder of synthetic films", where=str(folder), remedy="mend sample.sources"
        )
    home = folder.resolve()
    films: list[FilmFile] = []
    tables: list[FilmFile] = []
    beside: list[Path] = []
    faults: list[Fault] = []
    for path in _files(folder, faults):
        if len(films) + len(beside) + len(tables) >= MOST_FILMS:
            raise SourceError(f"holds more than {MOST_FILMS:,} files", where=str(folder))
        name = printable(path.relative_to(folder).as_posix())
        file = FilmFile(name, path, place_fault(path, home))
        suffix = path.suffix.lower()
        if not path.relative_to(folder).as_posix().isprintable():
            what = "has characters in its name that cannot be printed"
            faults.append(Fault(name, what, "rename it"))
        elif suffix == TABLE:
            tables.append(file)
        elif suffix in BESIDE or path.name.lower() in NAMES_BESIDE:
            beside.append(path)
        else:
            films.append(file)
    # On some systems names that differ in case alone are one file.
    names = Counter(film.name.casefold() for film in films)
    faults += [
        Fault(film.name, "differs from another name in case alone", "rename it")
        for film in films
        if names[film.name.casefold()] > 1
    ]
    return Found(tuple(films), tuple(tables), tuple(beside), tuple(faults))


def _files(folder: Path, faults: list[Fault]) -> Iterator[Path]:
    """Every visible file, sorted by its name below the folder; folders that are not entered."""
    paths: list[Path] = []

    def stop(error: OSError) -> None:
        raise SourceError(
            f"cannot be listed ({error.strerror})", where=printable(str(error.filename))
        ) from error

    for place, folders, files in os.walk(folder, onerror=stop):
        here = Path(place)
        visible = [name for name in folders if not name.startswith(".")]
        for name in visible:
            shown = printable((here / name).relative_to(folder).as_posix())
            if (here / name).is_symlink():
                faults.append(Fault(shown, "is a link to a folder", "copy the folder itself"))
            elif len(here.relative_to(folder).parts) >= DEEPEST:
                faults.append(Fault(shown, "lies too deep to be looked into", "move it up"))
        entered = len(here.relative_to(folder).parts) < DEEPEST
        folders[:] = [name for name in visible if entered and not (here / name).is_symlink()]
        paths += [here / name for name in files if not name.startswith(".")]
    yield from sorted(paths, key=lambda path: path.relative_to(folder).as_posix())
