"""What lies in a folder of films: names as they can be shown, and places that are refused."""

from __future__ import annotations

from pathlib import Path

from cxr_release.errors import SourceError
from cxr_release.radiographs.left_facing import LEFT_FACING
from cxr_release.radiographs.patients import PATIENTS

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
