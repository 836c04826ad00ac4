"""Whether a file's name looks as if it told whose film it is: a guess, for a warning."""

from __future__ import annotations

import re
from itertools import pairwise

_WORD = re.compile(r"[^\W\d_]+")
_DATE = re.compile(
    r"(?<!\d)(?:"
    r"(?:19|20)\d\d[-_. ]?(?:0[1-9]|1[0-2])[-_. ]?(?:0[1-9]|[12]\d|3[01])"  # 1961-07-24, 19610724
    r"|(?:0[1-9]|[12]\d|3[01])[-_. ]?(?:0[1-9]|1[0-2])[-_. ]?(?:19|20)\d\d"  # 24.07.1961, 24071961
    r")(?!\d)"
)
_NAME = re.compile(r"[^\W\d_]{2,}[ ,._^+-]+[^\W\d_]{2,}")
"""Two words of letters with a separator between them: Mueller_Anna, MUELLER^ANNA."""
PLAIN = frozenset(
    """
    ap bw cervical chest copy cr crop cropped csp csxa ct ddr dicom digital dr dx ex export
    extension film final flexion front frontal grey gray hws id image img inv inverted lat lateral
    left lspine mono neck neg negative new no nr number old orig original pa phantom png pos raw
    real rad radiograph resized right scan series side skull spine study test thorax thumb tif tiff
    view xr xray
    """.split()  # noqa: SIM905 - a list of words is read as one
)
"""Words that films are called by and people are not."""


def tells(stem: str) -> bool:
    """Whether a file's stem looks like a person's name or holds a date.

    A name is two words of letters, not of `PLAIN`, with a separator between them; a date is one of
    1900 to 2099, year or day first, with separators or without. Both are guesses: a name of one
    word, initials, or a number of a hospital look like nothing here.
    """
    if _DATE.search(stem):
        return True
    return any(
        not any(word.casefold() in PLAIN for word in _WORD.findall(found)) for found in _pairs(stem)
    )


def _pairs(stem: str) -> list[str]:
    """Every two neighbouring words with what stands between them."""
    words = list(_WORD.finditer(stem))
    spans = [stem[one.start() : other.end()] for one, other in pairwise(words)]
    return [span for span in spans if _NAME.fullmatch(span)]
