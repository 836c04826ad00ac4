"""Films on which the search for text found something: a table that stays in the house."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pydantic import BaseModel, ConfigDict
from tqdm import tqdm

from cxr_release.clearance import ocr
from cxr_release.clearance.source import SourceFilms
from cxr_release.errors import CxrReleaseError, Fault, SourceError

NOT_SEARCHED: Mapping[str, Any] = {"ocr": "never", "version": None, "films": 0, "flagged": {}}


class Flag(BaseModel):
    """A film that was flagged."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    content: str
    """HMAC of the content that was searched."""
    characters: int
    confidence: float


class Flags(BaseModel):
    """`found-text/flags.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    ocr: str
    version: str | None
    films: int
    """That were searched."""
    flagged: dict[str, Flag]
    """Opaque id → what was found."""

    def suspected(self, contents: Mapping[str, str]) -> set[str] | None:
        """Flagged films whose content is still the same; None where nothing was searched."""
        if self.ocr == "never":
            return None
        return {film for film, flag in self.flagged.items() if contents.get(film) == flag.content}


def search(films: SourceFilms, *, progress: bool = True) -> dict[str, Any]:
    """Search all films for text.

    Args:
        films: to be searched.
        progress: show a bar on stderr, on terminals alone.

    Returns:
        What `Flags` holds.

    Raises:
        SourceError: tesseract is not installed, or failed on some films, all of which are named by
            their opaque ids.
    """
    version = ocr.version()
    flagged: dict[str, dict[str, Any]] = {}
    faults: list[Fault] = []

    def look(film: str) -> ocr.Suspicion | Fault:
        try:
            return ocr.look(films.film(film))
        except CxrReleaseError as error:
            return Fault(film, error.what, error.remedy)

    shown = None if progress else True
    contents = films.contents
    with (
        ThreadPoolExecutor(os.cpu_count() or 1) as pool,
        tqdm(total=len(contents), desc="searching text", disable=shown, file=sys.stderr) as bar,
    ):
        for film, found in zip(contents, pool.map(look, contents), strict=True):
            bar.update(1)
            if isinstance(found, Fault):
                faults.append(found)
            elif found.flagged:
                flagged[film] = {
                    "content": contents[film],
                    "characters": found.characters,
                    "confidence": found.confidence,
                }
    if faults:
        raise SourceError(f"{len(faults)} film(s) could not be searched for text", faults=faults)
    return {
        "ocr": ocr.BINARY,
        "version": version,
        "films": len(contents),
        "flagged": dict(sorted(flagged.items())),
    }
