"""Pieces of Markdown, and what source code says of fields."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

GENERATED = "<!-- Made from the code by `make reference`; change it there. -->\n"


def page(title: str, *parts: str) -> str:
    """A page: its title, then paragraphs, tables and sections."""
    return "\n\n".join([f"{GENERATED}\n# {title}", *(part for part in parts if part)]) + "\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells may hold any text of one paragraph."""
    lines = [heads, ["---"] * len(heads), *([cell(text) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(text: str) -> str:
    """A text as a cell of a table."""
    return " ".join(text.split()).replace("|", r"\|")


def code(text: str) -> str:
    """A text as code, or nothing where there is none."""
    return f"`{text}`" if text else ""


def anchor(heading: str) -> str:
    """The part of an address that leads to a heading of one word."""
    return heading.lower()


def summary_of(thing: Any) -> str:
    """The docstring of a class or function, its lines joined."""
    return " ".join((inspect.getdoc(thing) or "").split())


def fields_of(kind: type) -> dict[str, tuple[str, str]]:
    """Name of each annotated field of a class's body → its type as written, and its docstring."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(body, ast.ClassDef)
    found: dict[str, tuple[str, str]] = {}
    last = ""
    for statement in body.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            last = statement.target.id
            found[last] = (ast.unparse(statement.annotation), "")
        elif last and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            found[last] = (found[last][0], " ".join(str(statement.value.value).split()))
            last = ""
        else:
            last = ""
    return found
