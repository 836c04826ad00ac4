"""release.json and scorecard.json: their fields, out of the typed models that read them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any, TypeGuard

from pydantic import BaseModel

from cxr_release.release import inputs, record
from tools.reference.markdown import anchor, code, fields_of, page, summary_of, table

ALIASES = {
    "Count": "whole number, 0 or more",
    "Number": "finite number",
    "Text": "text",
    "Counts": "name → whole number",
    "Numbers": "name → number",
    "Json": "name → anything: numbers that are only printed, or computed again as a whole",
    "Sha256": "64 hex digits",
    "State": "`none`, `partial` or `complete`",
    "SourceText": "name of films that another generator drew",
    "VersionText": "MAJOR.MINOR.PATCH",
}
"""Names of plain types in `release/record.py`, in words."""
OTHERS = {
    "Params": "settings.md",
    "Scorecard": "scorecard-json.md#scorecardreport",
    "ScoreSummary": "scorecard-json.md#scoresummary",
}
"""Models with a page of their own."""


def record_page() -> str:
    """The page of release.json."""
    own = [kind for kind in _reached(record.Record) if kind.__name__ not in OTHERS]
    return page(
        "release.json",
        "All that a release says about itself, for machines. Card, datasheet, `croissant.json` and"
        " `CITATION.cff` are made of it, and `cxr-release verify` recounts it. No other key may"
        " stand there: `verify` names each that is missing, unknown or of another kind.",
        _aliases(),
        *(_section(kind, own) for kind in own),
    )


def scorecard_page() -> str:
    """The page of scorecard.json."""
    kinds = list(_scorecard())
    return page(
        "scorecard.json",
        "What the stage `scorecard` and `cxr-release score` measured. It names no film and no"
        " patient. A release holds the same under `metrics.scorecard` in"
        " [release.json](release-json.md). What the parts mean: [the scorecard](../scorecard.md).",
        _aliases(),
        *(_section(kind, kinds) for kind in kinds),
    )


def _scorecard() -> list[type[BaseModel]]:
    return list(_reached(inputs.ScorecardReport))


def _aliases() -> str:
    return table(("type", "is"), [(code(name), words) for name, words in ALIASES.items()])


def _reached(root: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """A model and all models of its fields, each once, outer ones first."""
    waiting, seen = [root], {root}
    while waiting:
        kind = waiting.pop(0)
        yield kind
        for written, _ in _fields(kind).values():
            for name in re.findall(r"[A-Z]\w+", written):
                model = getattr(record, name, None)
                if _is_model(model) and model not in seen:
                    seen.add(model)
                    waiting.append(model)


def _is_model(thing: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(thing, type) and issubclass(thing, BaseModel)


def _fields(kind: type) -> dict[str, tuple[str, str]]:
    """Fields of a model and of those that it derives from."""
    found: dict[str, tuple[str, str]] = {}
    for each in reversed(kind.__mro__):
        if each.__module__ in {record.__name__, inputs.__name__} and each is not record.Part:
            found |= fields_of(each)
    return found


def _section(kind: type[BaseModel], here: list[type[BaseModel]]) -> str:
    named = OTHERS | {each.__name__: f"#{anchor(each.__name__)}" for each in here}
    rows = []
    for name, (written, said) in _fields(kind).items():
        if name.startswith("__") or written.startswith("ClassVar"):
            continue
        alias = kind.model_fields[name].alias
        links = [
            f"[{model}]({named[model]})" for model in re.findall(r"\w+", written) if model in named
        ]
        rows.append((code(alias or name), code(_short(written)), " ".join([said, *links]).strip()))
    fields = table(("field", "type", "meaning"), rows)
    return f"## {kind.__name__}\n\n{summary_of(kind)}\n\n{fields}"


def _short(written: str) -> str:
    """A type as it is written, without what bounds it."""
    return ast.unparse(_Bare().visit(ast.parse(written, mode="eval")))


class _Bare(ast.NodeTransformer):
    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """`Annotated[kind, …]` → `kind`, at any depth."""
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and node.value.id == "Annotated":
            assert isinstance(node.slice, ast.Tuple)
            return node.slice.elts[0]
        return node
