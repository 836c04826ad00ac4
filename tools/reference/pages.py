"""The pages of the reference, out of the code."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from typer.main import get_command
from typer.testing import CliRunner

from cxr_release import api, schemas
from cxr_release.cli.commands import app
from cxr_release.tables import Column
from tools.reference.markdown import code, page, table
from tools.reference.records import record_page, scorecard_page
from tools.reference.settings import settings_page

WIDTH = 96
"""Characters of a line of help."""


def pages(root: Path) -> dict[str, str]:
    """File in `docs/reference/` → its text.

    Args:
        root: the source tree.
    """
    outputs = yaml.safe_load((root / "docs/reference/outputs.yaml").read_text(encoding="utf-8"))
    return {
        "commands.md": commands_page(outputs),
        "settings.md": settings_page(root),
        "tables.md": tables_page(),
        "release-json.md": record_page(),
        "scorecard-json.md": scorecard_page(),
        "python.md": python_page(),
    }


def command_names() -> list[str]:
    """Every command as it is typed, behind `cxr-release`."""
    return sorted(_leaves(get_command(app), ""))


def _leaves(group: Any, before: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _leaves(command, f"{before}{name} ")
        else:
            yield before + name


def commands_page(outputs: dict[str, str]) -> str:
    """Each command: its help, and an example with what it prints in a small project."""
    names = command_names()
    index = [f"[{name}](#{name.replace(' ', '-')})" for name in names]
    sections = []
    for name in names:
        (line, output), *_ = (
            each for each in outputs.items() if re.match(rf"cxr-release {name}( |$)", each[0])
        )
        sections += [
            f"## {name}",
            f"```text\n{help_of(name)}\n```",
            f"```console\n$ {line}\n{output}\n```" if output else f"```console\n$ {line}\n```",
        ]
    return page(
        "Commands",
        "Commands find the project from any of its folders. Each ends with 0 where it did what it"
        " was asked to do, with 1 where the work failed, with 2 where it was typed wrongly. Reports"
        " go to stdout, progress and notices to stderr. `--debug` before a command shows the"
        " traceback of an error; `cxr-release --install-completion` has the tab key complete"
        " commands, codes, people and checkpoints.",
        "The examples are of a project of 40 phantoms of 16 × 16 pixels, and a test runs them."
        " `…` stands for what is left out here.",
        " · ".join(index),
        *sections,
    )


def help_of(name: str) -> str:
    """What `--help` prints of a command."""
    os.environ.pop("COLUMNS", None)
    done = CliRunner().invoke(
        app, [*name.split(), "--help"], prog_name="cxr-release", terminal_width=WIDTH
    )
    return "\n".join(line.rstrip() for line in done.output.strip().splitlines())


def tables_page() -> str:
    """Each table of the pipeline: its columns, their types and their meaning."""
    sections = []
    for name in sorted({kind.name for kind in schemas.ALL}):
        kinds = [kind for kind in schemas.ALL if kind.name == name]
        columns = {column.name: column for kind in kinds for column in kind.columns}
        rows = []
        for each, column in columns.items():
            is_always = all(each in kind.arrow.names for kind in kinds)
            rows.append(
                (
                    code(each),
                    _type(column),
                    ("" if is_always else "Not always there. ") + _meaning(column),
                )
            )
        docs = dict.fromkeys(kind.doc for kind in kinds)
        sections += [f"## {name}", " ".join(docs), table(("column", "type", "meaning"), rows)]
    return page(
        "Tables",
        "Every Parquet table of the pipeline. Each is declared once, in `cxr_release/schemas.py`,"
        " and is checked whenever it is written or read. Pictures are 8-bit grey PNG, in the column"
        " `image`.",
        *sections,
    )


def _type(column: Column) -> str:
    feature = column.feature()
    kind = str(feature.get("dtype", feature.get("_type", "struct"))).lower()
    return f"{kind}, may be empty" if column.nullable else kind


def _meaning(column: Column) -> str:
    values = column.among or column.classes
    if all(value in column.doc for value in values):
        return column.doc
    return f"{column.doc} One of {', '.join(map(code, values))}."


def python_page() -> str:
    """The public functions: signatures and docstrings."""
    sections = []
    for name in api.__all__:
        function = getattr(api, name)
        sections += [
            f"## {name}",
            f"```python\ncxr_release.{name}{_signature(function)}\n```",
            _docstring(inspect.getdoc(function) or ""),
        ]
    first, _, rest = (inspect.getdoc(api) or "").partition("\n\n")
    return page("Python API", first, rest, *sections)


def _signature(function: Any) -> str:
    """Parameters, a line each, as the source has them."""
    source = inspect.getsource(function)
    end = re.search(r"\) -> [^:]+:\n", source)
    assert end is not None
    return source[source.index("(") : end.end() - 2]


def _docstring(text: str) -> str:
    """A docstring of Google's kind as Markdown."""
    said: list[str] = []
    is_list = False
    for paragraph in text.split("\n\n"):
        head, _, body = paragraph.partition("\n")
        if head not in {"Args:", "Returns:", "Raises:"}:
            said.append(paragraph)
            continue
        body = inspect.cleandoc(body)
        is_list = head != "Returns:"
        joined = re.sub(r"\n +", " ", body) if is_list else body
        entries = [re.sub(r"^(\w+): ", r"- `\1`: ", line) for line in joined.split("\n")]
        said += [f"**{head[:-1].replace('Args', 'Arguments')}**", "\n".join(entries)]
    return "\n\n".join(said)
