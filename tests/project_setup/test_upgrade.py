"""`cxr-release upgrade`: exactly the stages whose code changed run again, and none by accident."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release import fingerprint, plain_yaml, tool_code
from cxr_release.errors import CxrReleaseError, ParamsError
from cxr_release.exit_status import execute
from cxr_release.params.load import load_params
from cxr_release.project_setup.init import init, project_files
from cxr_release.project_setup.settings_text import with_missing, with_values
from cxr_release.project_setup.upgrade import text_of, upgrade
from tests.support import ROOT
from tests.support.commands import run

PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
PARAMS = (ROOT / "params.yaml").read_text()
KEYS = [
    f"{section}.{key}"
    for section, values in yaml.safe_load(PARAMS).items()
    if isinstance(values, dict)
    for key in values
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    init(tmp_path / "mine", preset="demo")
    return tmp_path / "mine"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The installed package, as a copy that may be changed."""
    copy = tmp_path / "site" / "cxr_release"
    shutil.copytree(
        ROOT / "cxr_release", copy, ignore=shutil.ignore_patterns("__pycache__", "static", "files")
    )
    monkeypatch.setattr(tool_code, "_PACKAGE", copy)
    return copy


def touch(path: Path) -> None:
    path.write_text(path.read_text() + "# changed\n")


def running(folder: str) -> set[str]:
    """Stages that declare some code."""
    return {name for name, stage in PIPELINE.items() if f"cxr_release/{folder}" in stage["deps"]}


def files_of(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("module", "code"),
    [("screening/counts.py", "screening"), ("stages/screen.py", "stages/screen.py")],
)
def test_the_stages_whose_code_changed_run_again_and_no_other(
    project: Path, package: Path, module: str, code: str
) -> None:
    before = plain_yaml.of_file(project / "tool.yaml")["code"]
    touch(package / module)
    unchanged = files_of(project)
    told = upgrade(project, dry_run=True)
    assert set(told["stages"]) == running(code) != set()
    assert "train" not in told["stages"]
    assert files_of(project) == unchanged
    assert "would run again" in text_of(told) and "dry run" in text_of(told)
    assert upgrade(project, dry_run=False)["stages"] == told["stages"]
    after = plain_yaml.of_file(project / "tool.yaml")["code"]
    assert {key for key in after if after[key] != before[key]} == {code.removesuffix(".py")}
    changed = {path for path in files_of(project) if files_of(project)[path] != unchanged[path]}
    assert changed == {project / "tool.yaml"}
    assert upgrade(project, dry_run=True)["stages"] == []
    assert "no stage runs again" in text_of(upgrade(project, dry_run=False))


def test_an_edit_of_what_no_stage_depends_on_changes_nothing(project: Path, package: Path) -> None:
    touch(package / "errors.py")
    touch(package / "review_app/pages.py")
    assert upgrade(project, dry_run=True)["code"] == []


def test_a_stage_refuses_to_run_with_other_code_until_then(
    project: Path,
    package: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(project)
    ran = []

    def stage_of(name: str) -> object:
        space: dict[str, object] = {"ran": ran}
        code = compile("def run(paths, params): ran.append(1)", f"/x/stages/{name}.py", "exec")
        exec(code, space)  # noqa: S102 - a stage is known by its file's name
        return space["run"]

    monkeypatch.setattr(sys, "argv", ["stage"])
    touch(package / "screening/counts.py")
    with pytest.raises(SystemExit):
        execute(stage_of("screen"))  # type: ignore[arg-type]
    told = capsys.readouterr().err
    assert "other code of stage screen" in told and "screening" in told
    assert "`cxr-release upgrade`" in told
    assert not ran
    execute(stage_of("ingest"))  # type: ignore[arg-type]
    assert ran == [1]
    upgrade(project, dry_run=False)
    execute(stage_of("screen"))  # type: ignore[arg-type]
    assert ran == [1, 1]


def test_kept_work_is_of_the_code_too(project: Path, package: Path) -> None:
    """What survives a kill is taken up again only with equal code; see `fingerprint`."""
    params = load_params(project / "params.yaml")
    for place in plain_yaml.of_file(project / "dvc.yaml")["stages"]["train"]["deps"]:
        (project / place).parent.mkdir(parents=True, exist_ok=True)
        (project / place).write_text("x")
    first = fingerprint.of_stage(project, params, "train")
    touch(package / "screening/counts.py")
    assert fingerprint.of_stage(project, params, "train") == first
    touch(package / "generators/diffusion/network.py")
    assert fingerprint.of_stage(project, params, "train") != first


def test_parameters_and_stages_of_a_later_version_are_added(project: Path) -> None:
    before = (project / "params.yaml").read_text()
    lines = before.splitlines(keepends=True)
    older = [line for line in lines if not line.startswith(("  guidance:", "  plants:"))]
    (project / "params.yaml").write_text("".join(older).replace("seed: 2026", "seed: 7"))
    shutil.rmtree(project / "data/reviews/landmarks")
    shutil.rmtree(project / "cards/phantoms")
    (project / "cards/reasons.yaml").write_text("own: Of this project.\n")
    (project / "cards/findings.yaml").unlink()
    stages = plain_yaml.of_file(project / "dvc.yaml")
    del stages["stages"]["landmarks"]
    (project / "dvc.yaml").write_text(yaml.safe_dump(stages, sort_keys=False))
    with pytest.raises(CxrReleaseError, match="was edited"):
        upgrade(project, dry_run=False)
    report = json.loads(
        run("upgrade", "--replace-pipeline", "--json", "--root", str(project)).stdout
    )
    assert report["added"] == {
        "audit.plants": "40",
        "condition.guidance": "1.0",
        "sample.guidance": "null",
    }
    assert report["new_stages"] == ["landmarks"]
    drawn = [f"cards/phantoms/{name}.yaml" for name in ("anatomy", "findings", "reasons")]
    added = ["cards/findings.yaml", *drawn, "data/reviews/landmarks/.gitkeep"]
    assert report["added_files"] == added
    assert plain_yaml.of_file(project / "cards/findings.yaml") == {}
    # From before phantoms had cards of their own, the project's held for them.
    assert (project / drawn[-1]).read_text() == "own: Of this project.\n"
    params = load_params(project / "params.yaml")
    assert params.seed == 7
    assert (project / "dvc.yaml").read_text() == project_files("mine", "demo")["dvc.yaml"]


def test_a_source_tree_has_nothing_to_upgrade() -> None:
    with pytest.raises(CxrReleaseError, match="it is not a project that `cxr-release init` made"):
        upgrade(ROOT, dry_run=True)


@pytest.mark.parametrize("text", ["", "code: 3", "code: {a: 3}", "code: {a: &x b}", "[", "- 1"])
def test_a_tool_file_that_is_none_is_refused(project: Path, text: str) -> None:
    (project / "tool.yaml").write_text(text)
    with pytest.raises(ParamsError, match=r"tool\.yaml|plain YAML|wrote"):
        upgrade(project, dry_run=True)


def loaded_from(text: str) -> Any:
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


@settings(max_examples=20)
@given(st.sets(st.sampled_from(KEYS), max_size=8))
def test_parameters_that_are_taken_out_come_back_as_they_were(keys: set[str]) -> None:
    section, kept = "", []
    for line in PARAMS.splitlines(keepends=True):
        if line[0] not in " #\n":
            section = line.split(":")[0]
        name = f"{section}.{line.strip().split(':')[0]}"
        gone = line.startswith("  ") and line[2] not in " #" and name in keys
        if not gone:
            kept.append(line)
    text = "".join(kept)
    if any(value is None for value in loaded_from(text).values()):
        return  # a section without any key, which nobody writes
    completed, added = with_missing(text, PARAMS)
    assert set(added) == keys
    assert loaded_from(completed) == loaded_from(PARAMS)
    assert set(kept) <= set(completed.splitlines(keepends=True))


@settings(max_examples=20)
@given(
    st.dictionaries(
        st.sampled_from(KEYS),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
        | st.lists(st.integers(), max_size=3),
        max_size=4,
    )
)
def test_values_are_set_and_all_else_stays(values: dict[str, object]) -> None:
    text = with_values(PARAMS, values)
    loaded, default = loaded_from(text), loaded_from(PARAMS)
    for key, value in values.items():
        section, name = key.split(".")
        default[section][name] = value
    assert loaded == default
    comments = [line.partition("#")[2] for line in PARAMS.splitlines() if "  #" in line]
    assert all(comment in text for comment in comments)
