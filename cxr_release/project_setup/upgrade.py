"""`cxr-release upgrade`: a project takes up the installed code, and says first what runs again.

Installing a newer cxr-release changes nothing in a project: its stages refuse to run with other
code than `tool.yaml` names (`tool_code.require_installed`). Days of training are not lost by
accident, and results of two versions never stand beside each other as if they were of one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxr_release import __version__, plain_yaml
from cxr_release.errors import CxrReleaseError, ParamsError, one_line
from cxr_release.files import write_text
from cxr_release.project_setup import pipeline
from cxr_release.project_setup.init import KEEP, PRESETS, params_text
from cxr_release.project_setup.settings_text import with_missing
from cxr_release.tool_code import TOOL, changed_code, code_of, read_tool


def upgrade(root: Path, *, dry_run: bool, replace_pipeline: bool = False) -> dict[str, Any]:
    """Bring a project's tool.yaml, dvc.yaml and params.yaml up to the installed package.

    Args:
        root: folder of the project.
        dry_run: say what would change, and change nothing.
        replace_pipeline: replace a dvc.yaml that somebody has edited.

    Returns:
        `from` and `to` (versions), `stages` (of which the code, the data or the parameters change:
        they run again, and with them what depends on what they make), `code` (what has changed of
        it), `added` (parameters that were missing → value), `new_stages`, `gone_stages`,
        `added_files` (that stages read and were missing: empty folders, and cards that ask for
        nothing), `dry_run`.

    Raises:
        CxrReleaseError: it is not a project of `init`, or its dvc.yaml was edited.
        ParamsError: params.yaml cannot be read.
    """
    tool = read_tool(root)
    if tool is None:
        raise CxrReleaseError(
            f"has no {TOOL}: it is not a project that `cxr-release init` made",
            where=str(root),
            remedy="in a source tree the code itself is what stages depend on: there is nothing"
            " to upgrade",
        )
    old = _pipeline_of(root, tool, replace_pipeline=replace_pipeline)
    new = pipeline.derived()
    preset = tool.get("preset")
    reference = params_text(preset if preset in PRESETS else "demo")
    params, added = _completed(root / "params.yaml", reference)
    names = sorted({name for stage in new["stages"].values() for name in code_of(stage)})
    code = changed_code(tool, names)
    missing = _missing_files(root, new)
    report = {
        "from": str(tool.get("version", "")),
        "to": __version__,
        "code": code,
        "stages": _affected(old["stages"], new["stages"], set(code)),
        "new_stages": [name for name in new["stages"] if name not in old["stages"]],
        "gone_stages": [name for name in old["stages"] if name not in new["stages"]],
        "added": added,
        "added_files": sorted(missing),
        "dry_run": dry_run,
    }
    if not dry_run:
        text = pipeline.text_of(new)
        for place, content in missing.items():
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            write_text(root / place, content)
        if added:
            write_text(root / "params.yaml", params)
        write_text(root / "dvc.yaml", text)
        # Last: until it is written, stages refuse to run, and upgrade may be called once more.
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        tool_text = pipeline.tool_text(new, version=__version__, preset=str(preset), sha256=sha256)
        write_text(root / TOOL, tool_text)
    return report


def _pipeline_of(root: Path, tool: Mapping[str, Any], *, replace_pipeline: bool) -> dict[str, Any]:
    """The project's dvc.yaml as it is.

    Raises:
        CxrReleaseError: somebody has edited it.
        ParamsError: it cannot be read.
    """
    where = root / "dvc.yaml"
    try:
        sha256 = hashlib.sha256(where.read_bytes()).hexdigest()
        found = plain_yaml.of_file(where)
    except OSError as error:
        raise ParamsError(one_line(error.strerror or str(error)), where=str(where)) from error
    except plain_yaml.NotPlainError as error:
        raise ParamsError(f"is not plain YAML: {error}", where=str(where)) from None
    if not isinstance(found, dict) or not isinstance(found.get("stages"), dict):
        raise ParamsError("holds no stages", where=str(where))
    written = pipeline.text_of(pipeline.derived()).encode()
    known = {tool.get("pipeline"), hashlib.sha256(written).hexdigest()}
    if sha256 not in known and not replace_pipeline:
        raise CxrReleaseError(
            "was edited since cxr-release wrote it; nothing was changed",
            where=str(where),
            remedy="take it back from git, or replace it with --replace-pipeline",
        )
    return found


def _missing_files(root: Path, new: pipeline.Pipeline) -> dict[str, str]:
    """Inputs of stages that the project lacks → what they hold: nothing.

    What another part of the body has in its cards is not this project's. A project from before
    phantoms had cards of their own keeps for them those that it has.
    """
    folders = {
        f"{folder}/{KEEP}": ""
        for folder in pipeline.input_folders(new)
        if not (root / folder).exists()
    }
    cards = {
        place: _own_card(root, place)
        for stage in new["stages"].values()
        for place in stage["deps"]
        if place.startswith("cards/") and not (root / place).exists()
    }
    return folders | cards


def _own_card(root: Path, place: str) -> str:
    own = root / "cards" / Path(place).name
    return own.read_text(encoding="utf-8") if own.exists() else "{}\n"


def _completed(where: Path, reference: str) -> tuple[str, dict[str, str]]:
    """params.yaml with the parameters that it lacks; see `with_missing`."""
    try:
        text = where.read_text(encoding="utf-8")
        completed, added = with_missing(text, reference)
        plain_yaml.of_text(completed)
    except OSError as error:
        raise ParamsError(one_line(error.strerror or str(error)), where=str(where)) from error
    except (plain_yaml.NotPlainError, UnicodeDecodeError, AttributeError) as error:
        raise ParamsError(
            f"cannot be completed: {one_line(str(error))}", where=str(where)
        ) from None
    return completed, added


def _affected(old: Mapping[str, Any], new: Mapping[str, Any], code: set[str]) -> list[str]:
    """Stages that run again by themselves, in the order of the pipeline."""
    return [
        name
        for name, stage in new.items()
        if code & set(code_of(stage)) or stage != old.get(name, stage)
    ]


def text_of(report: Mapping[str, Any]) -> str:
    """What an upgrade changed, or would change, for people."""
    changed = report["stages"] or report["added"] or report["new_stages"]
    lines = [
        f"cxr-release {report['from']} → {report['to']}"
        + ("" if changed else ": no stage runs again")
    ]
    if report["stages"]:
        then = "would run" if report["dry_run"] else "run"
        lines.append(f"stages that {then} again: {', '.join(report['stages'])}")
        lines.append("  and those that depend on what these make")
    if report["new_stages"]:
        lines.append(f"new stages: {', '.join(report['new_stages'])}")
    if report["gone_stages"]:
        lines.append(f"stages that are no more: {', '.join(report['gone_stages'])}")
    lines += [f"added to params.yaml: {key}: {value}" for key, value in report["added"].items()]
    lines += [f"added: {place}" for place in report["added_files"]]
    if report["dry_run"]:
        lines.append("nothing was changed: this was a dry run")
    return "\n".join(lines)
