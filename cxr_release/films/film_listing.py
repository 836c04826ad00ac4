"""What lies under a path: a folder of films, an image table, or a folder that holds such tables.

Nothing is passed over in silence: a file is a film, or named as ignored, or a fault.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from cxr_release.errors import Fault, SourceError, TableError, one_line
from cxr_release.films.film_parts import FolderPart, Part, TablePart, open_parquet
from cxr_release.films.folder import BESIDE, place_fault, printable, visible
from cxr_release.films.patients import PATIENTS, read_patients, spelling_faults

TABLE = ".parquet"
FILMS = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff"})
"""Ends of names by which a folder is taken for one of films; any file in it is a film then."""
MAX_ID = 255
Ignored = tuple[str, str]
"""A file that is no film, and why it is taken for none."""


def list_path(path: Path) -> tuple[Sequence[Part], list[Ignored]]:
    """The parts under a path, and the files there that are no films. See `films.open_films`."""
    if not path.exists():
        raise SourceError("no such folder or table", where=str(path))
    if not path.is_dir():
        return [_table(path)], []
    inside = list(_walk(path))
    tables = [one for one in inside if one.suffix == TABLE and not _hidden(one, path)]
    # Tables that lie in a folder among films, as an audit leaves them, make no films tables.
    films = any(one.parent == path and one.suffix.lower() in FILMS for one in inside)
    if tables and (not films or any(one.parent == path for one in tables)):
        return _folder_of_tables(path, inside)
    return _folder(path)


def twice(films: Iterable[tuple[str, str]]) -> list[Fault]:
    """A fault for each id that stands twice, with both places; films are (id, place)."""
    seen: dict[str, str] = {}
    faults = []
    for name, place in films:
        if name in seen:
            faults.append(
                Fault(place, f"has the id {name!r} of {seen[name]}", "each film needs its own")
            )
        seen.setdefault(name, place)
    return faults


def _walk(folder: Path) -> Iterator[Path]:
    """Files below a folder, and links and hidden folders there, which are not entered."""

    def fail(error: OSError) -> None:
        raise SourceError(f"cannot be read ({error.strerror})", where=str(error.filename))

    for place, folders, names in os.walk(folder, onerror=fail):
        here = Path(place)
        shut = [one for one in folders if one.startswith(".") or (here / one).is_symlink()]
        folders[:] = sorted(set(folders) - set(shut))
        yield from sorted(here / one for one in [*names, *shut])


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _folder_of_tables(folder: Path, inside: Iterable[Path]) -> tuple[list[Part], list[Ignored]]:
    parts: list[Part] = []
    ignored: list[Ignored] = []
    faults: list[Fault] = []
    home = folder.resolve()
    for path in inside:
        shown = f"{folder}/{printable(path.relative_to(folder).as_posix())}"
        if _hidden(path, folder):
            ignored.append((shown, "hidden"))
        elif path.is_symlink() and (path.is_dir() or path.suffix == TABLE):
            what, _ = place_fault(path, home)
            if what:
                faults.append(Fault(shown, what, "give what it leads to as a path of its own"))
            else:
                ignored.append((shown, "a second name of a table in the folder"))
        elif path.suffix != TABLE:
            ignored.append((shown, "no table, in a folder of tables"))
        elif _is_image_table(path):
            parts.append(_table(path))
        else:
            ignored.append((shown, "a table without films"))
    if not faults and not parts:
        faults = [Fault(str(folder), "none of its tables has the columns id and image")]
    if faults:
        raise SourceError("cannot be taken as a set of films", where=str(folder), faults=faults)
    return parts, ignored


def _is_image_table(path: Path) -> bool:
    with open_parquet(path) as parquet:
        schema = parquet.schema_arrow
    if not {"id", "image"} <= set(schema.names):
        return False
    image = schema.field("image").type
    return bool(pa.types.is_struct(image) and image.get_field_index("bytes") >= 0)


def _table(path: Path) -> TablePart:
    if not _is_image_table(path):
        raise TableError(
            "has no columns `id` and `image` of bytes and path",
            where=str(path),
            remedy="give an image table, or a folder of films",
        )
    with open_parquet(path) as parquet:
        columns = [one for one in ("id", "patient") if one in parquet.schema_arrow.names]
        try:
            table = parquet.read(columns=columns)
            table = table.cast(pa.schema([(one, pa.string()) for one in columns])).to_pydict()
        except (pa.ArrowException, OSError, ValueError) as error:
            what = f"cannot read its ids: {one_line(str(error))}"
            raise TableError(
                what, where=str(path), remedy="make or fetch the table again"
            ) from error
    names = table["id"]
    places = [f"{path}: row {row}" for row in range(1, len(names) + 1)]
    faults = [
        Fault(place, f"has an id above {MAX_ID} letters" if name else "has no id")
        for name, place in zip(names, places, strict=True)
        if not name or len(name) > MAX_ID
    ]
    faults += twice(pair for pair in zip(names, places, strict=True) if pair[0])
    keys = table.get("patient", [None] * len(names))
    faults += spelling_faults(
        (place, place, key or "") for place, key in zip(places, keys, strict=True)
    )
    if faults:
        raise TableError(
            f"{len(faults)} fault(s) in its ids and patients", where=str(path), faults=faults
        )
    patients = {name: key for name, key in zip(names, keys, strict=True) if key}
    return TablePart(str(path), path, tuple(names), patients)


def _folder(folder: Path) -> tuple[list[Part], list[Ignored]]:
    everything = visible(folder)
    ignored = [
        (f"{folder}/{printable(path.name)}", "hidden")
        for path in sorted(folder.iterdir())
        if path.name.startswith(".")
    ]
    home = folder.resolve()
    paths = [path for path in everything if path.name not in BESIDE]
    names = {path: printable(path.stem) for path in paths}
    # How many films a folder among them holds nobody would know, so it is no unreadable film.
    faults = [
        Fault(str(path), "is a folder among films", "give it as a path of its own, or move it")
        for path in paths
        if path.is_dir()
    ]
    faults += [
        Fault(str(path), f"has a name above {MAX_ID} letters", "rename it")
        for path in paths
        if len(names[path]) > MAX_ID
    ]
    faults += twice((names[path], f"{folder}/{printable(path.name)}") for path in paths)
    patients: dict[str, str] = {}
    ignored += [(str(path), BESIDE[path.name]) for path in everything if path.name in BESIDE]
    if any(path.name == PATIENTS for path in everything):
        patients, more = _patients(folder / PATIENTS, names, home)
        faults += more
    if faults:
        raise SourceError(
            f"{len(faults)} fault(s) in a folder of films", where=str(folder), faults=faults
        )
    refused = {}
    for path in paths:
        what, remedy = place_fault(path, home)
        if what:
            refused[names[path]] = f"{what}: {remedy}" if remedy else what
    by_id = {names[path]: path for path in paths}
    return [FolderPart(str(folder), by_id, refused, patients)], ignored


def _patients(
    table: Path, names: dict[Path, str], home: Path
) -> tuple[dict[str, str], list[Fault]]:
    """Patient of each id, and what is wrong with the table."""
    what, remedy = place_fault(table, home)
    if what:
        raise SourceError(what, where=str(table), remedy=remedy)
    by_file = {printable(path.name): name for path, name in names.items()}
    found, faults = read_patients(table, set(by_file))
    return {by_file[file]: key for file, key in found.items() if file in by_file}, faults
