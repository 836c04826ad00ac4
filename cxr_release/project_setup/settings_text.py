"""params.yaml as text: values are set and keys added, and every comment stays.

It is written by hand in one form, which a test holds: sections that begin in the first column, keys
two spaces in with their value on one line, and comments behind or below them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import yaml

from cxr_release import plain_yaml

_SECTION = re.compile(r"([a-z_]+):(.*)")
_KEY = re.compile(r"  ([a-z_0-9]+):( *)(.*?)( +#.*)?")
_COMMENTS_AT = 30
"""Column of the comments."""


def _parts(text: str) -> list[tuple[str, str]]:
    """Each line with the name of what it belongs to: `section`, `section.key`, or empty."""
    parts, section, name = [], "", ""
    for line in text.splitlines(keepends=True):
        if match := _SECTION.fullmatch(line.rstrip("\n")):
            section = name = match[1]
        elif match := _KEY.fullmatch(line.rstrip("\n")):
            name = f"{section}.{match[1]}"
        elif not line.strip():
            name = ""
        parts.append((name, line))
    return parts


def with_values(text: str, values: Mapping[str, object]) -> str:
    """A params.yaml with other values.

    Args:
        text: the file.
        values: `section.key` → value, of keys that are in it.

    Raises:
        KeyError: one is not.
    """
    lines, left = [], dict(values)
    for name, line in _parts(text):
        match = _KEY.fullmatch(line.rstrip("\n"))
        if match and name in left:
            key = f"  {match[1]}:{match[2]}{_written(left.pop(name))}"
            comment = (match[4] or "").strip()
            lines.append(f"{key:<{_COMMENTS_AT - 1}} {comment}".rstrip() + "\n")
        else:
            lines.append(line)
    if left:
        raise KeyError(", ".join(sorted(left)))
    return "".join(lines)


def _written(value: object) -> str:
    """A value on one line, as people write it."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")


def with_missing(text: str, reference: str) -> tuple[str, dict[str, str]]:
    """A params.yaml with the keys that another one has besides, and their comments.

    Args:
        text: the file; its own lines stay as they are.
        reference: a file with all keys.

    Returns:
        The text, and `section.key` → value as written, of each key that was added. A key of the
        first column that is no section is among them under its name.
    """
    mine, theirs = _parts(text), _parts(reference)
    values = plain_yaml.of_text(text) or {}
    have = {*values, *(f"{name}.{key}" for name, part in values.items() for key in _keys(part))}
    new = [(name, line) for name, line in theirs if name and name not in have]
    added: dict[str, str] = {}
    for name, line in new:
        added.setdefault(name, _value(line))
    for section in dict.fromkeys(name.split(".")[0] for name, _ in new):
        lines = [(section, line) for name, line in new if name.split(".")[0] == section]
        if section in have:
            last = max(i for i, (name, _) in enumerate(mine) if name.split(".")[0] == section)
            mine[last + 1 : last + 1] = lines
        else:
            mine += [("", "\n"), *lines]
    return "".join(line for _, line in mine), {
        name: value for name, value in added.items() if "." in name or value
    }


def _keys(part: object) -> list[str]:
    return list(part) if isinstance(part, dict) else []


def _value(line: str) -> str:
    match = _KEY.fullmatch(line.rstrip("\n"))
    return match[3] if match else line.partition(":")[2].partition("#")[0].strip()
