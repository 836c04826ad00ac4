"""The report of a run: what it shows, what it says was not run, and what it never holds."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections import Counter
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from markupsafe import Markup

from cxr_release.cli.status import status_of
from cxr_release.errors import CxrReleaseError
from cxr_release.files import write_json
from cxr_release.films import png
from cxr_release.project import Project
from cxr_release.run_report.charts import svg
from cxr_release.run_report.contents import contents_of
from cxr_release.run_report.page import html_of, write_report
from tests.support import ROOT
from tests.support.commands import run
from tests.support.release_artefacts import CHECKPOINTS, EVERY, FILMS, SIZE, write_inputs

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}]]>&"
RECORD = {"name": "ours", "version": "1.0.0", "counts": {"total": {"released": 15}, "rows": []}}


class Page(HTMLParser):
    """What a browser would make of a page: elements, their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data

    def pictures(self) -> list[bytes]:
        start = "data:image/png;base64,"
        sources = [value for name, value in self.attributes if name == "src"]
        assert all(source.startswith(start) for source in sources)
        return [base64.b64decode(source.removeprefix(start)) for source in sources]


def lay_out(root: Path, **changes: Mapping[str, Any]) -> Project:
    """A project in which nothing has been run."""
    settings = yaml.safe_load((ROOT / "params.yaml").read_text())
    settings["ingest"]["size"] = SIZE
    settings["train"]["checkpoint_every"] = EVERY
    settings["sample"] |= {"checkpoints": list(CHECKPOINTS), **FILMS}
    for section, values in changes.items():
        settings[section] |= values
    root.mkdir(exist_ok=True)
    (root / "params.yaml").write_text(yaml.safe_dump(settings))
    shutil.copy(ROOT / "dvc.yaml", root)
    shutil.copytree(ROOT / "cards", root / "cards")
    (root / "data").mkdir()
    return Project(root)


def picture(number: int) -> bytes:
    """A PNG unlike those of other numbers."""
    return png.encode(np.full((4, 4), number, dtype=np.uint8), synthetic=True)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which all has been run, and a reviewer has excluded a film."""
    project = lay_out(tmp_path_factory.mktemp("report") / "project")
    paths = project.paths
    write_inputs(paths.root / "data", rated=True)
    for folder in (paths.screening_log, paths.audit_log, paths.responses, paths.orders):
        folder.mkdir(parents=True)
    (paths.release / "figures").mkdir(parents=True)
    write_json(paths.release / "release.json", RECORD)
    for checkpoint in CHECKPOINTS:
        sheet = paths.release / f"figures/checkpoint-{checkpoint}.png"
        sheet.write_bytes(picture(checkpoint))
    (paths.audit / "pairs.png").write_bytes(picture(200))
    (paths.prescreen / "doubtful.png").write_bytes(picture(201))
    (paths.final / "stats.jsonl").write_text(
        "".join(f"{json.dumps({'step': step, 'loss': 1 / step})}\n" for step in (10, 20, 30))
    )
    write_json(
        paths.timings / "sample@3-large.json",
        {"stage": "sample@3-large", "seconds": 61.25, "peak_bytes": 512 * 2**20},
    )
    film = "checkpoint-1-initial-00001"
    chosen = ("--reason", "artefact", "--reviewer", "a.b", "--root", str(paths.root))
    done = run("exclude", film, *chosen)
    assert done.returncode == 0, done.stderr
    return project


@pytest.fixture(scope="module")
def contents(project: Project) -> dict[str, Any]:
    return contents_of(project, status_of(project), real_films=False)


@pytest.fixture(scope="module")
def html(contents: dict[str, Any]) -> str:
    return html_of(contents)


def test_it_counts_as_the_status_does(project: Project, html: str) -> None:
    counts = status_of(project)["counts"]
    assert counts["total"] == counts["total"] | {"excluded": 1, "released": 15, "generated": 16}
    cells = [re.findall(r"<td>([\d,]+)</td>", row) for row in html.split("<tr>")]
    names = ("generated", "excluded", "released", "undecided")
    for row in (*counts["rows"], counts["total"]):
        assert [str(row[name]) for name in names] in cells
    assert "artefact 1" in html


def test_it_shows_all_that_was_run(contents: dict[str, Any], html: str) -> None:
    page = Page(html)
    assert set(contents["training"]["charts"]) == {"losses", "distances", "quality", "bands"}
    assert page.elements["svg"] == 4 + 1 + len(contents["score"]["charts"])
    assert "not run yet" not in page.text
    assert "Nothing is" not in page.text
    row = html[html.index('<th scope="row">sample@3-large</th>') :].split("</tr>", maxsplit=1)[0]
    assert "<td>61.2</td><td>512 MiB</td>" in row
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert html.count("not recorded") == len(stages) - 1


def test_it_loads_nothing_and_runs_nothing(html: str) -> None:
    """Whatever opens it, with and without a network."""
    page = Page(html)
    assert not {"script", "link", "iframe", "object", "embed", "form", "base"} & set(page.elements)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    for name, value in page.attributes:
        if name in {"src", "href", "xlink:href", "srcset", "data"}:
            assert value.startswith(("#", "data:image/png;base64,"))
    assert not re.search(r"url\((?!#)|@import", html)
    (policy,) = [value for _, value in page.attributes if value.startswith("default-src")]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")


def test_names_within_charts_do_not_meet(html: str) -> None:
    """Else a chart would take the clipping of another."""
    identities = [value for name, value in Page(html).attributes if name == "id"]
    assert len(identities) == len(set(identities))


def test_real_films_are_in_it_only_when_asked_for(
    project: Project, html: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = project.paths
    charts = [paths.audit / "distances.png", paths.study / "realism.png"]
    charts.append(paths.study / "identification.png")
    may = {path.read_bytes() for path in charts} | {picture(number) for number in CHECKPOINTS}
    shown = Page(html).pictures()
    assert set(shown) == may
    assert "role=" not in html.split("<header>", maxsplit=1)[0]
    monkeypatch.setattr("cxr_release.run_report.contents._training", lambda _: None)
    monkeypatch.setattr("cxr_release.run_report.contents._score", lambda _: None)
    asked = html_of(contents_of(project, status_of(project), real_films=True))
    assert set(Page(asked).pictures()) == may | {picture(200)}
    body = asked[asked.index("<body>") :]
    assert re.match(r'<body>\s*<p class="real" role="alert">', body)
    assert "drawn phantoms" in body.split("</p>")[0]


def test_films_of_patients_are_warned_of(tmp_path: Path) -> None:
    project = lay_out(tmp_path / "ours", ingest={"source": "data/raw"})
    contents = contents_of(project, status_of(project), real_films=True)
    assert "must not leave the institution" in html_of(contents).split("<header>")[0]


def test_what_was_not_run_is_said_and_nothing_else(tmp_path: Path) -> None:
    project = lay_out(tmp_path / "new")
    page = Page(html_of(contents_of(project, status_of(project), real_films=False)))
    for sentence in (
        "No films are in yet", "Synthetic films are not all sampled and audited yet",
        "Nothing is packaged yet", "Nothing is trained yet", "No audit has been run yet",
        "There is no scorecard yet", "quartets are not drawn yet",
    ):  # fmt: skip
        assert sentence in page.text
    assert not {"svg", "img"} & set(page.elements)
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert page.text.count("not recorded") == len(stages)


def test_a_run_that_is_at_training_shows_its_loss(tmp_path: Path) -> None:
    project = lay_out(tmp_path / "begun")
    project.paths.final.mkdir(parents=True)
    (project.paths.final / "stats.jsonl").write_text('{"step": 10, "loss": 0.5}\n')
    page = Page(html_of(contents_of(project, status_of(project), real_films=False)))
    assert page.elements["svg"] == 1
    assert "Checkpoints are not compared yet" in page.text


def hostile(value: Any) -> Any:
    """The same, with every text that is not markup made of this package turned hostile."""
    if isinstance(value, dict):
        return {key: hostile(part) for key, part in value.items()}
    if isinstance(value, list):
        return [hostile(part) for part in value]
    return HOSTILE if isinstance(value, str) and not isinstance(value, Markup) else value


def test_no_text_of_others_becomes_markup(contents: dict[str, Any], html: str) -> None:
    changed_contents = hostile(contents)
    changed_contents["status"]["notes"] = [HOSTILE]
    changed_contents["score"]["parts"] = contents["score"]["parts"]
    changed = Page(html_of(changed_contents))
    known = set(Page(html).elements)
    assert set(changed.elements) <= known | {"h3"}
    assert not [name for name, _ in changed.attributes if name.startswith("on")]
    assert "<script>alert(1)</script>" in changed.text  # as text, which it is
    assert "{{ 7 * 7 }}" in changed.text


def test_no_text_in_a_chart_becomes_markup() -> None:
    from cxr_release.plotting import new_figure, save_figure

    def draw(path: Path) -> None:
        figure = new_figure(2, 2)
        figure.suptitle(HOSTILE, parse_math=False)
        save_figure(figure, path)

    page = Page(svg("chart", HOSTILE, draw))
    assert not {"script", "img"} & set(page.elements)
    assert ("aria-label", HOSTILE) in page.attributes
    assert "alert(1)" in page.text


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_what_is_not_a_report_is_left_as_it_is(tmp_path: Path, kind: str) -> None:
    project = lay_out(tmp_path / "new")
    other, out = tmp_path / "other.html", tmp_path / "out.html"
    other.write_text("<!doctype html>\n<title>mine</title>")
    if kind == "folder":
        out.mkdir()
    elif kind == "link":
        out.symlink_to(other)
    else:
        shutil.copy(other, out)
    with pytest.raises(CxrReleaseError, match="is left as it is"):
        write_report(project, status_of(project), out, real_films=False)
    assert other.read_text().endswith("mine</title>")


def test_the_command_writes_it_for_its_owner_alone_and_again(tmp_path: Path) -> None:
    project = lay_out(tmp_path / "new")
    out = tmp_path / "out.html"
    command = ("report", "--out", str(out), "--root", str(project.root), "--json")
    first, second = run(*command), run(*command)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert json.loads(second.stdout) == {
        **{"file": str(out), "bytes": len(out.read_bytes()), "real_films": False}
    }
    assert out.stat().st_mode & 0o777 == 0o600
    assert first.stdout == second.stdout


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data/checkpoints/report.json", "{}"),
        ("data/training/final/stats.jsonl", "[]\n"),
        ("data/score/scorecard.json", "{"),
        ("data/timings/train.json", "{}"),
        ("dvc.yaml", "- 1"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: str) -> None:
    project = lay_out(tmp_path / "broken")
    (project.root / name).parent.mkdir(parents=True, exist_ok=True)
    (project.root / name).write_text(content)
    done = run("report", "--root", str(project.root))
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert name in done.stderr
    assert "unexpected" not in done.stderr
    assert not project.paths.report.exists()
