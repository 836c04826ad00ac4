"""README, commands and targets say the same things, and documents name what exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from cxr_release import __version__
from cxr_release.cli.commands import app
from cxr_release.cli.release import release_app
from cxr_release.cli.study import study_app
from tests.support import ROOT

README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]
COMMANDS = {
    command.callback.__name__
    for group in (app, release_app)
    for command in group.registered_commands
    if command.callback
}
COMMANDS |= {group.name for group in app.registered_groups if group.name}


def test_readme_names_every_command_and_no_other() -> None:
    assert set(re.findall(r"cxr-release ([a-z]+)", README)) >= COMMANDS
    named = re.findall(r"^\$ cxr-release ([a-z]+)", README, flags=re.MULTILINE)
    assert set(named) <= COMMANDS


def test_readme_names_every_command_of_the_reader_study() -> None:
    commands = {
        command.callback.__name__.replace("_", "-")
        for command in study_app.registered_commands
        if command.callback
    }
    assert set(re.findall(r"^ *\$ cxr-release study ([a-z-]+)", README, re.MULTILINE)) == commands


def test_readme_names_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.MULTILINE))
    assert set(re.findall(r"make ([a-z-]+)`?", README)) <= targets
    assert set(re.findall(r"make ([a-z-]+)", CONTRIBUTING)) <= targets
    assert {"setup", "lint", "types", "bench", "review", "clean", "release", "test"} <= targets


def test_readme_names_every_stage() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert not [stage for stage in stages if f"`{stage}`" not in README]


def test_readme_shows_pictures_that_exist_and_no_blank() -> None:
    for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README):
        assert (ROOT / picture).exists()
    assert not re.findall(r"\{[A-Z]+\}", README)


def anchors(document: Path) -> set[str]:
    """Where links into a document may lead: its headings, as GitHub writes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.relative_to(ROOT).as_posix())
def test_links_of_documents_lead_somewhere(document: Path) -> None:
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert not dead


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.relative_to(ROOT).as_posix())
def test_documents_name_paths_that_exist(document: Path) -> None:
    """A path with a word in capitals, such as `cxr_release/stages/NAME.py`, stands for many."""
    shape = r"`((?:cards|benchmarks|cxr_release|docs|tests)/[a-z0-9_./-]*)`"
    named = re.findall(shape, document.read_text())
    assert not [path for path in named if not (ROOT / path).exists()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.relative_to(ROOT).as_posix())
def test_links_to_functions_lead_to_the_module_that_has_them(document: Path) -> None:
    for name, link in re.findall(r"\[`(\w+)`\]\(([^)]+\.py)\)", document.read_text()):
        module = (document.parent / link).resolve()
        assert re.search(rf"^(def|class) {name}\b", module.read_text(), re.MULTILINE), name


def test_every_decision_stands_in_the_index() -> None:
    folder = ROOT / "docs/decisions"
    index = (folder / "README.md").read_text()
    records = {path.name for path in folder.glob("*.md")} - {"README.md"}
    assert set(re.findall(r"\]\(([a-z-]+\.md)\)", index)) == records


def test_readme_names_codes_that_exist() -> None:
    reasons = yaml.safe_load((ROOT / "cards/reasons.yaml").read_text())
    assert set(re.findall(r"--reason ([a-z-]+)", README)) <= set(reasons)


def test_ci_runs_what_readme_tells_people_to_type() -> None:
    script = (ROOT / ".ci/run").read_text()
    assert "make test" in script
    assert "make release" in script
    assert "make test" in (ROOT / ".github/workflows/ci.yml").read_text()


def test_the_version_is_the_same_everywhere() -> None:
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == __version__
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["dynamic"] == ["version"]


def test_constraints_pin_versions_and_name_no_address() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line) for line in lines)
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.split(r"[>=<\[ ]", one)[0].lower() for one in wanted}
    assert names <= pinned
