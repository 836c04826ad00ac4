"""The report as HTML: text escaped, no script, nothing loaded, written whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from cxr_release import __version__
from cxr_release.errors import CxrReleaseError
from cxr_release.files import private, read_bounded, write_text
from cxr_release.project import Project
from cxr_release.run_report.contents import contents_of

if TYPE_CHECKING:
    from jinja2 import Environment

_OURS = b"<!doctype html>\n<!-- report of cxr-release -->\n"
_MOST = 2**32
_TEMPLATES = "cxr_release.run_report"


def write_report(
    project: Project, status: Mapping[str, Any], path: Path | None, *, real_films: bool
) -> dict[str, Any]:
    """Write the report of a project, for its owner alone, in the place of a report of before.

    Args:
        project: what has been run of it is shown, and of the rest that it was not run.
        status: as in `cxr-release status --json`.
        path: the file; None: `data/report.html`, which neither git nor DVC takes.
        real_films: show real films, with a warning on top.

    Returns:
        `file`, its `bytes`, and whether `real_films` may be in it.

    Raises:
        CxrReleaseError: another file is there, which is left as it is; what a stage left, or the
            project's settings, cannot be read.
    """
    path = path or project.paths.report
    _require_replaceable(path)
    text = html_of(contents_of(project, status, real_films=real_films))
    if not path.parent.is_dir():
        raise CxrReleaseError("no such folder", where=str(path.parent), remedy="make it first")
    with private():
        write_text(path, text)
    return {"file": str(path), "bytes": len(text.encode()), "real_films": real_films}


def text_of(report: Mapping[str, Any]) -> str:
    """What was written, for people."""
    kept = " It may show real films: keep it in the institution." if report["real_films"] else ""
    return f"wrote {report['file']} ({report['bytes']:,} bytes): open it in a browser.{kept}"


def html_of(contents: Mapping[str, Any]) -> str:
    """The page.

    Args:
        contents: see `contents_of`.
    """
    return _environment().get_template("report.html.j2").render(contents, tool=__version__)


def _require_replaceable(path: Path) -> None:
    """Refuse to write over what is not a report of this tool's."""
    if not path.exists() and not path.is_symlink():
        return
    try:
        ours = not path.is_symlink() and read_bounded(path, _MOST).startswith(_OURS)
    except OSError:
        ours = False
    if not ours:
        raise CxrReleaseError(
            "is there and is not a report of cxr-release: it is left as it is",
            where=str(path),
            remedy="give --out another name",
        )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = files(_TEMPLATES) / "templates"
    environment = Environment(
        loader=FileSystemLoader(str(folder)),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    style = (folder / "report.css").read_text(encoding="utf-8")
    environment.filters["code"] = _code
    environment.globals.update(style=Markup(style), agreement=_agreement)  # noqa: S704 - our file
    return environment


def _code(sentence: str) -> Markup:
    """A sentence, escaped, with what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(sentence))))  # noqa: S704


def _agreement(agreement: Mapping[str, Any]) -> str:
    kappa = "undefined" if agreement["kappa"] is None else f"{agreement['kappa']:.2f}"
    return f"{agreement['statistic']} {kappa}, {100 * agreement['agree']:.1f} % agree"
