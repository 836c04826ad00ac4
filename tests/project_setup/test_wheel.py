"""The wheel alone, outside of the source tree: a project is made, run, upgraded and verified."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cxr_release.tool_code import installed_sha256
from tests.support import ROOT
from tests.support.installed import Installed
from tests.support.preloaded import preloading
from tests.support.small_project import SMALLEST

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

STAGES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
RAN = re.compile(r"Running stage '([^'@]+)")


@pytest.fixture
def quickly(installed: Installed) -> Iterator[dict[str, str]]:
    """Environment variables for stages that need not import what takes long."""
    with preloading() as process:
        yield installed.quickly(process)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("installed"))


def test_it_holds_the_code_of_the_source_tree_file_by_file(
    installed: Installed, tmp_path: Path
) -> None:
    names = sorted(path.name for path in (ROOT / "cxr_release").iterdir() if path.is_dir())
    names = [name for name in names if name not in {"__pycache__", "project_setup"}]
    code = (
        "import json, sys; from cxr_release.tool_code import installed_sha256 as f;"
        "print(json.dumps({n: f(n) for n in sys.argv[1:]}))"
    )
    there = json.loads(installed.run(f'python -c "{code}" {" ".join(names)}', tmp_path))
    assert there == {name: installed_sha256(name) for name in names}


def test_a_project_of_it_runs_and_an_upgrade_runs_again_what_its_code_changed(
    installed: Installed, quickly: dict[str, str], tmp_path: Path
) -> None:
    assert "a project of cxr-release" in installed.run("cxr-release init set", tmp_path)
    root = tmp_path / "set"
    settings = yaml.safe_load((root / "params.yaml").read_text())
    for section, values in SMALLEST.items():
        settings[section].update(values)
    (root / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    assert set(RAN.findall(installed.run("dvc repro", root, **quickly))) >= set(STAGES) - {
        "sample_generators"
    }
    told = installed.run("cxr-release verify", root / "data/reviews")
    assert "is what it says" in told
    installed.run("git add . && git commit --quiet --message run", root)
    assert not installed.run("git status --short", root)
    assert "up to date" in installed.run("dvc repro", root, **quickly)

    changed = installed.package / "screening/counts.py"
    changed.write_text(changed.read_text() + "# changed\n")
    assert "up to date" in installed.run("dvc repro", root, **quickly)
    refused = installed.run("dvc repro --force --single-item screen", root, code=None, **quickly)
    assert "other code of stage screen" in refused
    report = json.loads(installed.run("cxr-release upgrade --json", root))
    declaring = {name for name in STAGES if "cxr_release/screening" in STAGES[name]["deps"]}
    assert set(report["stages"]) == declaring
    ran = set(RAN.findall(installed.run("dvc repro", root, **quickly)))
    # What they make is as before, so nothing that follows from it runs: nothing is trained, and
    # nothing sampled, audited or scored.
    assert ran == declaring
    assert "is what it says" in installed.run("cxr-release verify", root)
