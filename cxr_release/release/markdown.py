"""Text that others wrote, made safe for the card: it can be read there and do nothing else."""

from __future__ import annotations

import re
import unicodedata

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$!])")
_INSIDE_A_WORD = re.compile(r"(?<=[^\W_])\\_(?=[^\W_])")
_AT_THE_START = re.compile(r"^([-+=])")
_URL = re.compile(r"https?://[A-Za-z0-9.\-_~:/?#@!$&'()*+,;=%]+")
_MAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class Ready(str):
    """Markdown that is meant as such and stands as it is."""

    __slots__ = ()


def one_line(text: str) -> str:
    """`text` without line breaks and invisible characters, spaces collapsed."""
    kept = (
        " " if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else char
        for char in text
    )
    return " ".join("".join(kept).split())


def escape(text: str) -> str:
    """`text` as one line that Markdown and HTML show and do not obey."""
    plain = one_line(text).replace("&", "&amp;")
    escaped = _SPECIAL.sub(r"\\\1", plain)
    return _AT_THE_START.sub(r"\\\1", _INSIDE_A_WORD.sub("_", escaped))


def code(text: object) -> Ready:
    """`text` as a code span."""
    return Ready(f"`{one_line(str(text)).replace('`', chr(0x2019)).replace('|', chr(0xA6))}`")


def link(text: str) -> Ready:
    """An address as a link, anything else as text."""
    plain = one_line(text)
    return Ready(f"<{plain}>" if _URL.fullmatch(plain) or _MAIL.fullmatch(plain) else escape(plain))


def finalize(value: object) -> object:
    """What the card's template does to every value that it prints: escape what is no Markdown."""
    return escape(value) if type(value) is str else value
