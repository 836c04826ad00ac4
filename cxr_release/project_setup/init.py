"""`cxr-release init`: a folder for one dataset, with git and DVC set up, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from cxr_release import __version__, plain_yaml
from cxr_release.errors import CxrReleaseError, Fault, one_line
from cxr_release.files import sync_folder, write_text
from cxr_release.partials import remove, scratch_folder
from cxr_release.project_setup import pipeline
from cxr_release.project_setup.settings_text import with_values
from cxr_release.spelling import did_you_mean
from cxr_release.tool_code import TOOL

Preset = Literal["demo", "trial", "paper", "large"]
PRESETS: dict[Preset, str] = {
    "demo": "params.yaml",
    "trial": "params.yaml",
    "paper": "params.paper.yaml",
    "large": "params.large.yaml",
}
"""Preset → the file that its params.yaml is made of."""

KEEP = ".gitkeep"
_SAME = {
    ".gitattributes": "gitattributes",
    ".gitignore": "gitignore",
    ".dvcignore": "dvcignore",
    ".dvc/config": "dvc/config",
    ".dvc/.gitignore": "dvc/gitignore",
}
"""Files of a project → the same files of the source tree, as this package has them."""
_FILMS_GO_HERE = (
    "The real films go into this folder, or params.yaml names another: ingest.source.\n"
)


def params_text(preset: Preset) -> str:
    """The params.yaml of a preset."""
    text = pipeline.own_file(PRESETS[preset])
    if preset != "trial":
        return text
    trial = pipeline.own_file("trial.yaml")
    values: dict[str, object] = plain_yaml.of_text(trial)
    head = [line for line in trial.splitlines(keepends=True) if line.startswith("#")]
    _, _, body = with_values(text, values).partition("\n\n")
    return "".join(head) + "\n" + body


def project_files(name: str, preset: Preset, anatomy: str | None = None) -> dict[str, str]:
    """Every file of a new project, relative name → text, but those of git.

    Args:
        name: of the project: that of its folder.
        preset: whose settings it begins with.
        anatomy: whose cards it begins with; see `pipeline.own_cards`.
    """
    stages = pipeline.derived()
    text = pipeline.text_of(stages)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    keep = {f"{folder}/{KEEP}": "" for folder in pipeline.input_folders(stages)}
    own = _SAME | pipeline.own_cards(anatomy)
    return {
        **{place: pipeline.own_file(source) for place, source in own.items()},
        **keep,
        f"data/raw/{KEEP}": _FILMS_GO_HERE,
        "README.md": pipeline.own_file("README.md").replace("# NAME", f"# {name}", 1),
        "params.yaml": params_text(preset),
        "dvc.yaml": text,
        TOOL: pipeline.tool_text(stages, version=__version__, preset=preset, sha256=sha256),
    }


def init(folder: Path, *, preset: Preset, anatomy: str | None = None) -> dict[str, Any]:
    """Make a project.

    Args:
        folder: becomes it. It may exist where it holds nothing of the same name: films in
            `data/raw`, say, or a git repository.
        preset: `demo` (phantoms), `trial` (own films, in minutes), `paper` or `large`.
        anatomy: what the films show, one of `pipeline.anatomies`; None: not stated.

    Returns:
        `folder`, `preset`, `version` of the tool, `files` (number), `git` (whether a repository was
        made).

    Raises:
        CxrReleaseError: the folder holds files that would be replaced (all are named), is not a
            folder, or git fails. Nothing has changed then.
    """
    home, known = folder.resolve(), pipeline.anatomies()
    if anatomy is not None and anatomy not in known:
        raise CxrReleaseError(
            f"there are no cards for {anatomy[:80]!r}",
            remedy=f"{did_you_mean(anatomy, known)} known: {', '.join(known) or 'none'}; or write"
            " those in cards/ yourself".strip(),
        )
    files = project_files(home.name, preset, anatomy)
    _require_free(folder, files)
    is_new, has_git = not home.exists(), (home / ".git").exists()
    with scratch_folder(home) as partial:
        for place, text in files.items():
            (partial / place).parent.mkdir(parents=True, exist_ok=True)
            write_text(partial / place, text)
        if is_new:
            _start_git(partial, files, has_git=False)
            partial.rename(home)
        else:  # whoever stands in it stays there
            with _moved_in(partial, home, files):
                _start_git(home, files, has_git=has_git)
    sync_folder(home.parent)
    return {
        "folder": str(folder),
        "preset": preset,
        "version": __version__,
        "files": len(files),
        "git": not has_git,
    }


def _require_free(folder: Path, files: Mapping[str, str]) -> None:
    """Nothing that is there is replaced."""
    if shutil.which("git") is None:
        raise CxrReleaseError(
            "git is not installed", remedy="install it: a project is a repository"
        )
    if folder.exists() and not folder.is_dir():
        raise CxrReleaseError("is not a folder", where=str(folder))
    if (folder / "dvc.yaml").exists() and (folder / "params.yaml").exists():
        raise CxrReleaseError(
            "is a project already",
            where=str(folder),
            remedy="`cxr-release upgrade` there takes up the installed version",
        )
    taken = [place for place in files if os.path.lexists(folder / place)]
    taken += [
        str(parent)
        for parent in sorted({parent for place in files for parent in Path(place).parents})
        if os.path.lexists(folder / parent) and not (folder / parent).is_dir()
    ]
    own = [place for place in taken if not place.endswith(KEEP)]
    if own:
        raise CxrReleaseError(
            "holds files that a new project has too; nothing was changed",
            where=str(folder),
            remedy="choose another folder, or move them away",
            faults=[Fault(place, "is there already") for place in sorted(own)],
        )


@contextmanager
def _moved_in(source: Path, home: Path, files: Iterable[str]) -> Iterator[None]:
    """Files in a folder that is in use; after an error in the block they are taken out."""
    moved: list[Path] = []
    made: list[Path] = []
    try:
        for place in files:
            target = home / place
            for parent in reversed(target.parents):
                if not parent.exists():
                    parent.mkdir()
                    made.append(parent)
            if not (target.name == KEEP and target.exists()):
                os.link(source / place, target)  # fails where a file has appeared meanwhile
                moved.append(target)
        yield
    except BaseException:
        for path in [*moved, *reversed(made)]:
            remove(path)
        raise


def _start_git(folder: Path, files: Iterable[str], *, has_git: bool) -> None:
    """Make a repository where there is none, and add the files for a first commit."""
    if not has_git:
        _git(folder, "init", "--quiet", "--initial-branch=main")
    try:
        _git(folder, "add", "--", *files)
    except CxrReleaseError:
        if not has_git:
            remove(folder / ".git")
        raise


def _git(folder: Path, *arguments: str) -> None:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CxrReleaseError(
            f"git {arguments[0]} failed: {one_line(done.stderr)}", where=str(folder)
        )


def text_of(report: Mapping[str, Any]) -> str:
    """What was made, and what comes next, for people."""
    steps = {
        "demo": ["dvc repro                     # phantoms to data/release/, in minutes"],
        "trial": [
            "cp FILMS/*.png data/raw/      # and patients.csv, if you have one",
            "dvc repro                     # films to data/release/, in minutes",
        ],
    }.get(
        report["preset"],
        ["cp FILMS/* data/raw/", "dvc repro                     # for GPUs: days on a CPU"],
    )
    return "\n".join(
        [
            f"{report['folder']}: a project of cxr-release {report['version']},"
            f" preset {report['preset']}",
            "next:",
            f"  cd {report['folder']}",
            '  git commit --message "A new project"',
            *(f"  {step}" for step in steps),
            "  cxr-release status",
        ]
    )
