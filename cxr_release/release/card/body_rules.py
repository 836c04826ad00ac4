"""What must hold of a datacard's words: nothing unfilled, every link leads to what is there."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

_UNFILLED = re.compile(r"\[More Information Needed\]|\{[{%#] ")
"""The Hub's mark of an empty section; a template's tags (braces of BibTeX have no space)."""

_FENCED = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"(?<!\\)`[^`\n]*`")
_PICTURE = re.compile(r"(?<!\\)!\[[^\]]*\]\(<?([^)>\s]*)")
_LINK = re.compile(r"(?<!\\)\]\(<?([^)>\s]*)")
_ELSEWHERE = re.compile(r"https?://|mailto:")
_HEADING = re.compile(r"^#{1,6}[ \t]+(.*?)[ \t]*#*$", re.MULTILINE)
_STRIPPED = re.compile(r"(?<!\\)<(script|iframe|style|object|embed|form|input|link|meta)\b", re.I)
_DETAILS = re.compile(r"(?<!\\)<(/?)(details|summary)\b", re.I)


def body_faults(body: str, folder: Path) -> Iterator[str]:
    """Where the words of a card are not whole, or not true to the folder.

    Args:
        body: the card below its header, Markdown.
        folder: the release folder.
    """
    yield from (f"unfilled: {mark}" for mark in _UNFILLED.findall(body))
    # What stands as code is shown and does nothing.
    prose = _FENCED.sub("", body)
    slugs = [slug(heading) for heading in _HEADING.findall(prose)]
    for name in sorted({one for one in slugs if slugs.count(one) > 1}):
        yield f"two headings lead to #{name}"
    words = _CODE.sub("", prose)
    pictures = _PICTURE.findall(words)
    for name in pictures:
        if not _is_there(folder, name):
            yield f"shows a picture that is not there: {name}"
    for target in _LINK.findall(words):
        if target in pictures or _ELSEWHERE.match(target):
            continue
        if target.startswith("#"):
            if target[1:] not in slugs:
                yield f"links to a heading that is not there: {target}"
        elif not _is_there(folder, target.partition("#")[0]):
            yield f"links to a file that is not there: {target}"
    for tag in _STRIPPED.findall(words):
        yield f"has the HTML tag <{tag.lower()}>, which the Hub strips"
    yield from _open_tags(words)


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub and the Hub make it."""
    shown = html.unescape(re.sub(r"\\(.)", r"\1", heading)).lower()
    return re.sub(r"[^\w\- ]", "", shown).replace(" ", "-")


def _is_there(folder: Path, name: str) -> bool:
    """Whether a name leads to a file of the folder, and not out of it."""
    if not name or name.startswith(("/", "~")) or ".." in name.split("/"):
        return False
    return (folder / name).is_file() and not (folder / name).is_symlink()


def _open_tags(words: str) -> Iterator[str]:
    opened: list[str] = []
    for closes, tag in _DETAILS.findall(words):
        name = tag.lower()
        if not closes:
            opened.append(name)
        elif not opened or opened.pop() != name:
            yield f"closes <{name}> where it is not open"
            return
    yield from (f"does not close <{name}>" for name in opened)
