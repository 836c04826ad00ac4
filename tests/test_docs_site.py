"""The reference is what the code says, the site builds, and commands print what it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from difflib import SequenceMatcher
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from tests.support import ROOT
from tests.support.command_outputs import COMMANDS, OUTPUTS, printed, shape_of
from tools.reference.pages import command_names, pages

ALIKE = 0.7
"""Share of an output's lines that are the same, numbers apart."""
RECORDED = yaml.safe_load(OUTPUTS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return pages(ROOT)


def test_the_reference_is_what_the_code_says(made: dict[str, str]) -> None:
    folder = ROOT / "docs/reference"
    assert {path.name for path in folder.glob("*.md")} == set(made)
    stale = [name for name, text in made.items() if (folder / name).read_text() != text]
    assert not stale, "run `make reference`"


def test_the_reference_has_an_example_of_every_command(made: dict[str, str]) -> None:
    page = made["commands.md"]
    for name in command_names():
        section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert f"Usage: cxr-release {name} " in section
        assert re.search(rf"^\$ cxr-release {name}\b.*\n.+", section, re.MULTILINE), name
    assert set(RECORDED) == {"cxr-release init spine", *COMMANDS}


def test_the_reference_has_every_setting_with_its_comment(made: dict[str, str]) -> None:
    page, section = made["settings.md"], ""
    for line in (ROOT / "params.yaml").read_text().splitlines():
        if key := re.match(r"( *)([a-z0-9_]+):", line):
            section = section if key[1] else key[2]
            if key[1]:
                rows = page.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
                (row,) = re.findall(rf"^\| `{key[2]}` \|.*$", rows, re.MULTILINE)
                assert not row.endswith("|  |") or "#" not in line, row


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda one: one.stem)
def test_blocks_inside_lists_are_shown_alike_on_the_site_and_on_github(page: Path) -> None:
    """The site asks for four blanks before them, GitHub for two or more."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert not re.findall(r"^ {1,3}```|\n\n {1,3}\S", text, flags=re.MULTILINE)


class _Addresses(HTMLParser):
    """What a page loads by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag != "a" and given.get("rel") != "canonical":
            self.loaded += [given[name] or "" for name in ("src", "href") if name in given]


@pytest.mark.long
def test_the_site_builds_strictly_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    # Another library leaves a folder of the name `mkdocs`, with no mkdocs in it.
    pytest.importorskip("mkdocs.commands.build", reason="make docs installs it")
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        check=True,
        timeout=250,
    )
    made = sorted(tmp_path.rglob("*.html"))
    assert len(made) > 50
    for page in made:
        parser = _Addresses()
        parser.feed(page.read_text(encoding="utf-8"))
        assert parser.loaded
        assert not [one for one in parser.loaded if re.match(r"(https?:)?//", one)], page
        assert not re.search(r"formula\d+formula", page.read_text(encoding="utf-8")), page


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_commands_print_what_the_reference_shows(tmp_path: Path) -> None:
    """But for numbers, and for the few lines that stand or fall with them: processors round alike
    in no two makes.
    """
    now = {line: shape_of(output).splitlines() for line, output in printed(tmp_path)}
    shown = {line: shape_of(output).splitlines() for line, output in RECORDED.items()}
    assert now.keys() == shown.keys()
    unlike = {
        line: (now[line], lines)
        for line, lines in shown.items()
        if now[line][:1] != lines[:1] or SequenceMatcher(None, now[line], lines).ratio() < ALIKE
    }
    assert not unlike
