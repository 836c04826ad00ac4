"""dvc.yaml, the stages, params.yaml and the paths say the same things."""

from __future__ import annotations

import ast
import dataclasses
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from cxr_release.film_id import BATCHES
from cxr_release.params.load import load_params
from cxr_release.paths import Paths
from tests.conftest import SLOW
from tests.support import ROOT

STAGES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
FOUNDATION = {
    "errors",
    "exit_status",
    "files",
    "film_id",
    "film_size",
    "fingerprint",
    "json_documents",
    "licenses",
    "params",
    "partials",
    "paths",
    "plain_yaml",
    "plotting",
    "pool",
    "rows",
    "schemas",
    "settings",
    "spelling",
    "tables",
    "threads",
    "timings",
    "tool_code",
    "workers",
}


@cache
def imports(module: Path) -> frozenset[Path]:
    """Modules of this package that a module imports, anywhere in its code."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
        elif isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        for name in names:
            path = ROOT / (name.replace(".", "/") + ".py")
            if name.startswith("cxr_release") and path.exists():
                found.add(path)
    return frozenset(found)


def concerns_of(stage: str) -> set[str]:
    """Every module that a stage runs, beyond the foundation."""
    todo, seen = [ROOT / f"cxr_release/stages/{stage}.py"], set()
    while todo:
        module = todo.pop()
        part = module.relative_to(ROOT / "cxr_release").parts[0].removesuffix(".py")
        if module not in seen and part not in FOUNDATION:
            seen.add(module)
            todo.extend(imports(module))
    return {module.relative_to(ROOT).as_posix() for module in seen}


def code_deps(stage: str) -> set[str]:
    return {dep for dep in STAGES[stage]["deps"] if dep.startswith("cxr_release/")}


def covered(module: str, deps: set[str]) -> bool:
    return any(module == dep or module.startswith(f"{dep}/") for dep in deps)


def test_every_stage_is_a_module_and_every_module_a_stage() -> None:
    modules = {path.stem for path in (ROOT / "cxr_release/stages").glob("*.py")}
    assert set(STAGES) == modules - {"__init__"}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_code_that_it_runs(stage: str) -> None:
    modules, deps = concerns_of(stage), code_deps(stage)
    missing = sorted(module for module in modules if not covered(module, deps))
    assert not missing, f"dvc.yaml: stage {stage} lacks deps {missing}"
    useless = sorted(dep for dep in deps if not any(covered(module, {dep}) for module in modules))
    assert not useless, f"dvc.yaml: stage {stage} does not run {useless}"


def test_packages_re_export_nothing() -> None:
    """What a package's door imports, no stage would be seen to depend on."""
    for door in (ROOT / "cxr_release").rglob("__init__.py"):
        if door.parent.name == "cli":  # no stage imports the commands
            continue
        assert not imports(door), door


def test_an_edit_of_the_sampler_does_not_retrain() -> None:
    for stage in ("train", "train_tuning"):
        assert not covered("cxr_release/generators/sampling.py", code_deps(stage))
    assert covered("cxr_release/generators/sampling.py", code_deps("sample"))


def keys_of(value: Any, prefix: str = "") -> set[str]:
    if not dataclasses.is_dataclass(value):
        return {prefix.rstrip(".")}
    fields = [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
    return {prefix.rstrip(".")} | {
        key for name, one in fields for key in keys_of(one, f"{prefix}{name}.")
    }


def test_stages_name_parameters_that_exist_and_every_parameter_is_named() -> None:
    params = load_params(ROOT / "params.yaml")
    known = keys_of(params)
    named = {key for stage in STAGES.values() for key in stage.get("params", [])}
    named = {key.replace("${item.batch}", batch) for key in named for batch in BATCHES}
    assert named <= known
    leaves = {key for key in known if not any(other.startswith(f"{key}.") for other in known)}
    narrow = {key for key in named if key in leaves}
    # `package` takes whole sections; what a stage computes with it names key by key. The pages'
    # settings change no number, and the card prints them.
    wide = {key for key in leaves if key.startswith(("release.", "review."))}
    wide |= {
        "landmarks.start",
        "audit.weights_license",
        "audit.publish_real_images",
        "study.going_back",
    }
    assert leaves - narrow - {""} == wide


def test_stages_read_the_sections_that_dvc_knows_of() -> None:
    reads = re.compile(r"(?<!cxr_release\.)params\.([a-z_]+(?:\.[a-z_]+)?)")
    for stage, declared in STAGES.items():
        text = (ROOT / f"cxr_release/stages/{stage}.py").read_text()
        named = " ".join(declared.get("params", []))
        for key in reads.findall(text):
            section = key.split(".")[0]
            assert section in named, f"{stage} reads {key}"


def test_every_path_is_made_or_read_by_a_stage() -> None:
    paths = Paths(Path())
    named = " ".join(
        str(entry)
        for stage in STAGES.values()
        for kind in ("deps", "outs", "metrics")
        for entry in stage.get(kind, [])
    )
    artefacts = [name for name in vars(Paths) if isinstance(getattr(paths, name), Path)]
    # The readers' links and the keys are no artefacts: they only must stay. Neither are timings,
    # the report and the array of films, for which nothing runs again.
    keys = {"links", "film_key", "film_key_fingerprint", "noise_key", "timings", "report"}
    keys |= {"film_array"}
    for name in set(artefacts) - {"params", "pipeline"} - keys:
        path = getattr(paths, name)
        assert path.as_posix() in named or path.parent.as_posix() in named, name


def test_people_s_decisions_are_inputs_and_never_outputs() -> None:
    outs = [
        next(iter(out)) if isinstance(out, dict) else out
        for stage in STAGES.values()
        for kind in ("outs", "metrics")
        for out in stage.get(kind, [])
    ]
    assert not [
        out for out in outs if out.startswith(("data/reviews", "data/raw", "data/elsewhere"))
    ]
    reads = {"screen": "screening", "adjudicate": "audit", "study": "readers"}
    for stage, folder in (reads | {"quartets": "quartets"}).items():
        assert f"data/reviews/{folder}" in STAGES[stage]["deps"]


def test_long_work_keeps_its_outputs() -> None:
    for stage in ("train", "train_latent", "train_tuning", "sample"):
        (out,) = STAGES[stage]["outs"]
        assert next(iter(out.values()))["persist"] is True


@pytest.mark.parametrize("place", SLOW)
def test_what_is_called_slow_is_there(place: str) -> None:
    """Else what took its place would run with every `make check`."""
    assert (ROOT / "tests" / place).exists()


def test_films_that_no_run_may_see_are_given_to_audit_and_scorecard_alone() -> None:
    """What is not declared here and read all the same, `test_control_unseen` would tell."""

    def readers(path: str) -> set[str]:
        return {
            stage
            for stage, declared in STAGES.items()
            if any(path == dep or path.startswith(f"{dep}/") for dep in declared["deps"])
        }

    assert readers("data/split/control.parquet") == {
        "audit",
        "landmarks",
        "score_network",
        "scorecard",
        "validate",
        "package",
    }
    # Neither of the others makes a number of films: they look up ids and hashes, and count.
    assert readers("data/cohort/cohort.parquet") == {"split", "adjudicate", "validate", "package"}
    for stage in set(STAGES) - {"split", "adjudicate"}:
        text = (ROOT / f"cxr_release/stages/{stage}.py").read_text()
        assert "cohort_table" not in text, stage
        assert "control_table" not in text or stage in {
            "audit",
            "landmarks",
            "score_network",
            "scorecard",
        }, stage
