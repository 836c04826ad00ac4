"""Documents, commands and targets say the same things, and documents name what exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from cxr_release import __version__
from cxr_release.cli.commands import app
from cxr_release.cli.study import study_app
from tests.support import ROOT
from tests.support.installed import Installed
from tests.support.phantom_sets import phantoms_of_patients, write_folder, write_patients
from tests.support.preloaded import preloading
from tests.support.quick_fits import quicken
from tests.support.small_project import change

README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]
COMMANDS = {
    command.callback.__name__
    for group in (app, *(part.typer_instance for part in app.registered_groups if not part.name))
    for command in getattr(group, "registered_commands", ())
    if command.callback
}
COMMANDS |= {group.name for group in app.registered_groups if group.name}


def commands_in(text: str) -> set[str]:
    """Commands that a text calls in lines of a terminal."""
    return set(re.findall(r"^ *\$ cxr-release ([a-z]+)", text, flags=re.MULTILINE))


def test_documents_call_commands_that_exist() -> None:
    called = set().union(*(commands_in(document.read_text()) for document in DOCUMENTS))
    assert called == COMMANDS


def test_documents_name_every_command_of_the_reader_study_and_no_other() -> None:
    commands = {
        command.callback.__name__.replace("_", "-")
        for command in study_app.registered_commands
        if command.callback
    }
    called = re.compile(r"^ *\$ cxr-release study ([a-z-]+)", re.MULTILINE)
    named = {name for document in DOCUMENTS for name in called.findall(document.read_text())}
    assert named == commands


def test_every_command_is_told_of_on_a_page_that_people_wrote() -> None:
    """And not in the reference alone, which is made from the code."""
    told = "".join(one.read_text() for one in DOCUMENTS if one.parent.name != "reference")
    assert set(re.findall(r"cxr-release ([a-z]+)", told)) >= COMMANDS


def test_readme_is_short() -> None:
    assert len(README.splitlines()) <= 120


def test_documents_name_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.MULTILINE))
    for document in DOCUMENTS:
        assert set(re.findall(r"(?:`|\$ )make ([a-z-]+)", document.read_text())) <= targets
    assert {"setup", "lint", "types", "bench", "review", "clean", "release", "test"} <= targets


def test_the_page_of_the_pipeline_names_every_stage() -> None:
    page = (ROOT / "docs/pipeline.md").read_text()
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert not [stage for stage in stages if f"`{stage}`" not in page]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.relative_to(ROOT).as_posix())
def test_documents_show_pictures_that_exist_and_no_blank(document: Path) -> None:
    text = document.read_text()
    for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", text):
        assert (document.parent / picture).exists()
    if document.name != "commands.md":  # its help has arguments in braces
        assert not re.findall(r"(?<![a-z_^])\{[A-Z]+\}", text)


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


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.relative_to(ROOT).as_posix())
def test_documents_name_codes_that_exist(document: Path) -> None:
    reasons = yaml.safe_load((ROOT / "cards/phantoms/reasons.yaml").read_text())
    named = re.findall(r"^ *\$ .*--reason ([a-z-]+)", document.read_text(), re.MULTILINE)
    assert set(named) <= set(reasons)


def test_ci_runs_what_readme_tells_people_to_type() -> None:
    script = (ROOT / ".ci/run").read_text()
    assert "make test" in script
    assert "make release" in script
    assert "make docs" in script
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
    wanted = project["dependencies"] + [
        name for extra in ("dev", "docs") for name in project["optional-dependencies"][extra]
    ]
    names = {re.split(r"[>=<\[ ]", one)[0].lower() for one in wanted}
    assert names <= pinned


PAGES = re.compile(r"cxr-release (?:clear|review|adjudicate|study serve) ")
SHORT: dict[str, dict[str, Any]] = {
    "train": {"steps": 12, "checkpoint_every": 2, "warmup": 1},
    "train_tuning": {"steps": 6},
    "curves": {"levels": 2},
    "fidelity": {"images": 8, "bootstrap": 20},
    "sample": {"steps": 3},
    "audit": {"plants": 2},
    "study": {"bootstrap": 100},
}
"""As many checkpoints and films as the trial has."""
INSTALLATION = re.compile(r"python3 -m venv|pip install|cxr-release --version")


@pytest.mark.long
@pytest.mark.timeout(5400)
def test_the_tutorial_s_commands_lead_to_a_release(tmp_path: Path) -> None:
    """With phantoms in the place of a newcomer's films, and the wheel in that of the registry; and
    with a training so short that it shows no film: how films come out is no matter of commands.
    `dvc repro` forks one process, as in `project_setup/test_wheel.py`.
    """
    text = (ROOT / "docs/tutorial.md").read_text()
    commands = re.findall(r"^\$ (.*?)(?:  +#.*)?$", text, flags=re.MULTILINE)
    installed = Installed(tmp_path)
    quicken(installed.package)
    films = {f"film-{number:02}": film for number, film in enumerate(phantoms_of_patients(80))}
    home = write_folder(tmp_path / "films", {name: film for name, (film, _) in films.items()})
    write_patients(home, {name: patient for name, (_, patient) in films.items()})
    folder, outputs = tmp_path, {}
    with preloading() as preloaded:
        for command in commands:
            if command.startswith("cd "):
                folder = folder / command.removeprefix("cd ")
                change(folder, **SHORT)
            elif PAGES.match(command):
                installed.open_page(command, folder)
            elif not INSTALLATION.search(command):
                is_dry = "--dry-run" in command and "push" in command
                quickly = installed.quickly(preloaded) if command == "dvc repro" else {}
                outputs[command] = installed.run(
                    command, folder, code=1 if is_dry else 0, HOME=str(tmp_path), **quickly
                )
    assert "is what it says" in outputs["cxr-release verify"]
    (dry,) = (output for command, output in outputs.items() if " push " in command)
    assert "reviews" in dry and "was never set" in dry and "plan, before the Hub is asked" in dry
    assert "no stage runs again" in outputs["cxr-release upgrade --dry-run"]
    for place in re.findall(r"^\| `(data/[^`]+)`", text, flags=re.MULTILINE):
        assert (folder / place).is_file(), place
