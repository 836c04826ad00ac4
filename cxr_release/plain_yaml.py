"""YAML written by hand: plain values alone, each key once, and not too much of it.

No alias (which multiplies), no tag (which makes objects), nothing deep. What YAML 1.1 makes of
unquoted text beyond numbers, true, false and null stays text: a date is as it is written, 1:30 is
not a number of minutes, and 010 is not 8.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from cxr_release.errors import one_line
from cxr_release.files import read_bounded

MOST = 2**16
"""Bytes of a file of settings; a project's has some 9,000."""
NODES = 5_000
"""Keys, values and lists in it."""
DEEPEST = 12


class NotPlainError(ValueError):
    """What keeps a text from being plain YAML: the line, and what is in it."""


def of_file(path: Path) -> Any:
    """The value in a file of settings.

    Raises:
        NotPlainError: it holds something else.
        OSError: it is too large, is not a plain file, or cannot be read.
    """
    try:
        text = read_bounded(path, MOST, follow=True).decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotPlainError(f"not UTF-8: {error.reason} at byte {error.start}") from None
    return of_text(text)


def of_text(text: str, *, nodes: int = NODES, deepest: int = DEEPEST, dates: bool = False) -> Any:
    """The value in a text, whose length is bounded already.

    Args:
        text: YAML.
        nodes: most keys, values and lists in it.
        deepest: how deep they may lie in each other.
        dates: make dates of texts of that form, as readers elsewhere do.

    Raises:
        NotPlainError: it is not YAML, or holds more than plain values.
    """
    try:
        _check_events(text, nodes, deepest)
        loader = (_Dating if dates else _Loader)(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            return loader.construct_document(node)
        except (ValueError, OverflowError) as error:
            if isinstance(error, NotPlainError):
                raise
            raise NotPlainError("a number or a date that is not valid") from None
        finally:
            loader.dispose()
    except NotPlainError:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        problem = error.problem or error.context or "it cannot be read"
        raise NotPlainError(f"{line}{one_line(str(problem))}") from None
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise NotPlainError(one_line(str(error))) from None


def _check_events(text: str, nodes: int, deepest: int) -> None:
    """Before anything is built: reading stops at what is too much."""
    depth = count = 0
    events: Iterator[Any] = yaml.parse(text, _Base)
    for event in events:
        line = f"line {event.start_mark.line + 1}"
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise NotPlainError(f"{line}: an anchor or an alias: write the value out")
        tag = getattr(event, "tag", None)
        if tag:
            raise NotPlainError(f"{line}: a tag, {tag[:40]!r}: leave it out")
        count += isinstance(event, yaml.NodeEvent)
        if count > nodes:
            raise NotPlainError(f"{line}: more than {nodes:,} keys and values")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > deepest:
            raise NotPlainError(f"{line}: nested more than {deepest} levels deep")


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C, ten times as fast, where PyYAML has it."""


class _Loader(_Base):  # type: ignore[misc]
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - not those of YAML 1.1

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """A mapping of which no key says twice what it is."""
        mapping: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            line = f"line {key_node.start_mark.line + 1}"
            if not isinstance(key_node, yaml.ScalarNode):
                raise NotPlainError(f"{line}: a list or a section for a key")
            key = self.construct_object(key_node, deep=True)
            if key in mapping:
                raise NotPlainError(f"{line}: key {key_node.value[:80]!r} is a duplicate")
            mapping[key] = self.construct_object(value_node, deep=deep)
        return mapping


def _resolve(tag: str, pattern: str, first: str) -> None:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"(?:{pattern})$"), first)


_resolve(
    "bool",
    "yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF",
    "yYnNtTfFoO",
)
_resolve(
    "float",
    r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    "-+0123456789.",
)
_resolve("int", r"[-+]?(?:0b[0-1_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)", "-+0123456789")
_resolve("null", "~|null|Null|NULL", "~nN")
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("$"), [""])


class _Dating(_Loader):
    yaml_implicit_resolvers = _Base.yaml_implicit_resolvers
