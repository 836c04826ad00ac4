"""A search for text by tesseract, a program of its own: it points at films, and clears none.

What it reads is thrown away at once: a film keeps how many characters seemed to be text, and how
sure the program was. A film without a flag is not cleared: see benchmarks/README.md for the share
of planted texts that it finds.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
from dataclasses import dataclass

import numpy as np
from PIL import Image

from cxr_release.errors import SourceError
from cxr_release.films.png import Film

BINARY = "tesseract"
PATIENCE = 120
"""Seconds that a picture may take."""
LEAST_CONFIDENCE = 60
"""Of a word, 0 … 100, as tesseract says. Lower, grain and ribs are read as words."""
LEAST_CHARACTERS = 3
"""Letters and digits of the words on a film that make it suspected."""
ENLARGED = 2
MOST_SIDE = 3_000
"""Pixels of a picture that is handed over: a large film is enlarged less, or reduced, for at this
size text on it is read as well and grain less."""
MARGIN = 0.3
"""Share of the height of which the upper and the lower margin are read once more by themselves."""

FOUND, PLANTED = 26, 48
"""Of names with dates that were burned into chest films, those at which it points: measured by
`benchmarks/burned_in.py`, which benchmarks/README.md reports."""

_WORD = re.compile(r"[^\W_]{3,}")
"""Not a side marker, nor the two letters that a rib or an edge is soon taken for."""


@dataclass(frozen=True)
class Suspicion:
    """How much on a film seems to be text; never which text."""

    characters: int
    confidence: float
    """Mean of its words', 0 … 100; 0 where there is none."""

    @property
    def flagged(self) -> bool:
        """Whether a person should look at this film first."""
        return self.characters >= LEAST_CHARACTERS


def version() -> str:
    """Version of the tesseract on this machine.

    Raises:
        SourceError: there is none.
    """
    if shutil.which(BINARY) is None:
        raise SourceError(
            "is not installed, and clearance.ocr asks for it",
            where=BINARY,
            remedy="install Debian's package tesseract-ocr, or set clearance.ocr to never",
        )
    done = _run(["--version"], b"")
    first = done.decode("utf-8", "replace").split("\n", maxsplit=1)[0]
    return re.sub(r"[^0-9.]", "", first)[:20] or "unknown"


def look(film: Film) -> Suspicion:
    """Search a film for text: all of it, and once more its upper and its lower margin.

    Args:
        film: (height, width) 8-bit grey.

    Raises:
        SourceError: tesseract fails, or takes longer than `PATIENCE`.
    """
    tall = max(1, round(MARGIN * film.shape[0]))
    # By itself a margin has a threshold between black and white of its own.
    pictures = (film, film[:tall], film[-tall:])
    scale = min(ENLARGED, MOST_SIDE / max(film.shape))
    found = [_look(picture, scale) for picture in pictures]
    # What is read twice counts once: as the most that any of the pictures shows.
    return max(found, key=lambda one: (one.characters, one.confidence))


def _look(picture: Film, scale: float) -> Suspicion:
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    stream = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(picture))
    image.resize(size, Image.Resampling.BICUBIC).save(stream, format="PNG", compress_level=1)
    # 11: sparse text, in no particular order. Dots an inch are stated, for it would guess them.
    table = _run(["stdin", "stdout", "--psm", "11", "--dpi", "150", "tsv"], stream.getvalue())
    return suspicion_of(table.decode("utf-8", "replace"))


def suspicion_of(table: str) -> Suspicion:
    """What a table of tesseract's words says, without the words.

    Args:
        table: its `tsv`: a header, then a row a word, with `conf` and `text` last.
    """
    characters, confidences = 0, []
    for line in table.split("\n")[1:]:
        *_, confidence, text = ["", "", *line.rstrip("\r").split("\t")]
        try:
            sure = float(confidence)
        except ValueError:
            continue
        word = "".join(_WORD.findall(text))
        if sure >= LEAST_CONFIDENCE and word:
            characters += len(word)
            confidences.append(sure)
    mean = sum(confidences) / len(confidences) if confidences else 0.0
    return Suspicion(characters, round(mean, 1))


def _run(arguments: list[str], picture: bytes) -> bytes:
    """Run tesseract on bytes; its own threads would only get in each other's way."""
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    try:
        done = subprocess.run(
            [BINARY, *arguments],
            input=picture,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
            env=environment,
        )
    except FileNotFoundError:
        raise SourceError("is not installed", where=BINARY) from None
    except subprocess.TimeoutExpired:
        raise SourceError(f"took longer than {PATIENCE} s", where=BINARY) from None
    except OSError as error:
        raise SourceError(f"cannot be run ({error.strerror})", where=BINARY) from error
    if done.returncode:
        # Not what it says: its messages could hold what it read.
        raise SourceError(f"failed with status {done.returncode}", where=BINARY)
    return done.stdout
