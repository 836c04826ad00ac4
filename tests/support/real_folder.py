"""A folder of films that stand for real ones, with a project around it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cxr_release.clearance.state import read_contents
from cxr_release.clearance.statement import CLEARANCE, NewClearance, Word
from cxr_release.films.film_key import FilmKey, read_key
from cxr_release.films.png import Film
from cxr_release.logbook import log
from cxr_release.params.load import load_params
from cxr_release.params.project import Params
from cxr_release.paths import Paths
from cxr_release.stages import clearance, find_text, ingest, split
from tests.support.small_project import small_project

NAME = "Mueller_Anna_1961-07-24_{}.png"
"""What the files are called: nobody's name may come out."""


def checks(number: int, width: int, height: int, block: int = 16) -> Film:
    """A film of squares of greys that are its own."""
    greys = np.random.default_rng(number).integers(
        0, 256, (-(-height // block), -(-width // block))
    )
    whole: Film = np.kron(greys, np.ones((block, block)))[:height, :width].astype(np.uint8)
    return whole


def write_film(path: Path, film: Film) -> None:
    Image.fromarray(film).save(path)


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """`ingest.source` is relative, as in a project."""
    here = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)


class RealFolder:
    """A project of real films.

    Args:
        root: an empty folder.
        films: how many.
        width, height: pixels of each.
        settings: section of `params.yaml` → what differs.
    """

    def __init__(
        self,
        root: Path,
        films: int = 8,
        *,
        width: int = 64,
        height: int = 48,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        small = {"ingest": {"source": "data/raw", "size": 16}, **(settings or {})}
        self.paths: Paths = small_project(root, small)
        self.raw = root / "data" / "raw"
        self.raw.mkdir()
        self.paths.film_key.write_text("ab" * 32)  # the same ids, and so the same split, each time
        for number in range(films):
            write_film(self.file(number), checks(number, width, height))
        self.take_in()

    def file(self, number: int) -> Path:
        return self.raw / NAME.format(number)

    def take_in(self) -> None:
        with inside(self.paths.root):
            ingest.run(self.paths, self.params)

    @property
    def params(self) -> Params:
        return load_params(self.paths.params)

    @property
    def key(self) -> FilmKey:
        return read_key(self.paths.film_key)

    def id(self, number: int) -> str:
        return self.key.film(NAME.format(number))

    @property
    def contents(self) -> dict[str, str]:
        return read_contents(self.paths.manifest, self.key)

    def say(self, person: str, number: int, word: Word) -> None:
        """A line in a person's log, of the film as it was taken in."""
        film = self.id(number)
        new = NewClearance(film, self.contents[film], word)
        log.append(CLEARANCE, self.paths.clearance_log, person, [new])

    def run(self, *, divide: bool = True) -> None:
        """The stages from the search for text to the split."""
        with inside(self.paths.root):
            for stage in (find_text, clearance, *([split] if divide else [])):
                stage.run(self.paths, self.params)
