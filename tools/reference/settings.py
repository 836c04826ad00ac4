"""params.yaml: each key with its default, what it may be, and its comment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import yaml

from cxr_release.params.project import Params
from tools.reference.markdown import code, fields_of, page, summary_of, table

KINDS = {int: "whole number", float: "number", str: "text", bool: "true or false"}


@dataclass(frozen=True)
class Key:
    """A key of a section."""

    name: str
    allowed: str
    said: str


def settings_page(root: Path) -> str:
    """The page of params.yaml.

    Args:
        root: the source tree, with the presets.
    """
    lines = (root / "params.yaml").read_text()
    comments = comments_of(lines)
    default = yaml.safe_load(lines)
    paper = yaml.safe_load((root / "params.paper.yaml").read_text())
    types = get_type_hints(Params)
    parts = [
        "Every setting of a project. The default is that of `params.yaml`, which is the preset"
        " `demo`; where the preset `paper` has another, that stands beside it. `cxr-release init"
        " --preset` has further ones. A key that is unknown, missing or out of range is refused,"
        " all of them at once. Change a value and run `dvc repro`: what depends on it runs again.",
        table(
            ("key", "default", "may be", "what it is"),
            [_row("", _key(Params, "seed", {}), comments, default, paper)],
        ),
    ]
    for section in fields(Params):
        kind = _inner(types[section.name])
        if kind is None:
            continue
        rows = [
            _row(section.name, key, comments, default[section.name], paper[section.name])
            for key in _keys(kind)
        ]
        parts += [
            f"## {section.name}",
            summary_of(kind),
            table(("key", "default", "may be", "what it is"), rows),
        ]
    return page("Settings: params.yaml", *parts)


def _row(
    section: str,
    key: Key,
    comments: Mapping[str, str],
    default: Mapping[str, Any],
    paper: Mapping[str, Any],
) -> tuple[str, ...]:
    place = f"{section}.{key.name}" if section else key.name
    here, there = (
        code(_plain(values[key.name])) if key.name in values else "" for values in (default, paper)
    )
    said = re.sub(r"docs/([a-z-]+)\.md", r"[\1](../\1.md)", comments.get(place) or key.said)
    said = re.sub(r"(\{[^}]*\})", r"`\1`", said)  # else the site takes it for attributes
    default_and_paper = here if here == there else f"{here} (paper: {there})"
    return code(key.name), default_and_paper, key.allowed, said


def _plain(value: Any) -> str:
    """A value as params.yaml has it, on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")


def comments_of(text: str) -> dict[str, str]:
    """Key → the comment beside and below it, of a file in the shape of params.yaml."""
    found: dict[str, str] = {}
    section = place = ""
    for line in text.splitlines():
        if key := re.match(r"( *)([a-z0-9_]+):", line):
            section = section if key[1] else key[2]
            place = f"{section}.{key[2]}" if key[1] else key[2]
            found[place] = line.partition(" # ")[2].strip()
        elif (more := re.match(r" {8,}# (.*)", line)) and place:
            found[place] += f" {more[1].strip()}"
        else:
            place = ""
    return found


def _keys(kind: type, prefix: str = "") -> Iterator[Key]:
    """Keys of a section, and of the sections in it."""
    documented: dict[str, tuple[str, str]] = {}
    for each in reversed(kind.__mro__[:-1]):
        documented |= fields_of(each)
    for spec in fields(kind):
        yield _key(kind, spec.name, documented, prefix)
        inner = _inner(get_type_hints(kind)[spec.name])
        if inner is not None:
            named = ".NAME" if get_origin(_bare(get_type_hints(kind)[spec.name])) is Mapping else ""
            yield from _keys(inner, f"{prefix}{spec.name}{named}.")


def _key(kind: type, name: str, documented: Mapping[str, tuple[str, str]], prefix: str = "") -> Key:
    (spec,) = (each for each in fields(kind) if each.name == name)
    said = documented.get(name, ("", ""))[1]
    hint = get_type_hints(kind)[name]
    allowed = str(spec.metadata.get("unit", "")) or _words(hint)
    if _bare(hint) is not hint and "null" not in allowed:
        allowed += ", or null"
    return Key(prefix + name, allowed, said)


def _bare(hint: Any) -> Any:
    """A type without its None."""
    if get_origin(hint) in (Union, UnionType) and type(None) in get_args(hint):
        return get_args(hint)[0]
    return hint


def _inner(hint: Any) -> type | None:
    """The section that a key holds, or sections by name; None of a value."""
    kind = _bare(hint)
    if get_origin(kind) is Mapping:
        kind = get_args(kind)[1]
    return kind if isinstance(kind, type) and is_dataclass(kind) else None


def _words(hint: Any) -> str:
    """A type in words."""
    kind = _bare(hint)
    if get_origin(kind) is Literal:
        return ", ".join(code(str(value)) for value in get_args(kind))
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(_words(each) for each in get_args(kind))
    if _inner(kind) is not None:
        return "sections by name" if get_origin(kind) is Mapping else "a section"
    return KINDS.get(kind, "a list")
