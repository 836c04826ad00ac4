"""What `dvc push` may send to a remote: every output of every stage is in one of two lists."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import ROOT

STAYS = {
    "data/cohort": "real films; the manifest names their files and patients",
    "data/found-text": "which real films show text, and where",
    "data/clearance": "which real films show text that may name a patient",
    "data/split": "real films, their patients and classes",
    "data/training/tuning": "a network's weights may hold films by heart",
    "data/training/final": "a network's weights may hold films by heart",
    "data/training/latent": "a network's weights may hold films by heart",
    "data/training/autoencoder": "a network's weights may hold films by heart",
    "data/samples/checkpoint-${item.checkpoint}-${item.batch}": "films that no audit has seen yet",
    "data/samples/${item.generator}-${item.batch}": "films that no audit has seen yet",
    "data/collected": "films that no audit has seen yet; names of their files",
    "data/oriented": "films that reviewers and verdicts keep out, copies of real films among them",
    "data/prescreen": "pictures of films that nobody has looked at; a row on each film",
    "data/audit/features": "features of real films",
    "data/audit/pairs.parquet": "real films beside synthetic ones",
    "data/audit/nearest.parquet": "a row on each film, with the real film that it is like",
    "data/audit/within.parquet": "pairs of real films, and whether they are of one patient",
    "data/audit/pairs.png": "pictures of real films",
    "data/audit/audit.json": "names pairs of real and synthetic films",
    "data/adjudication/verdicts.parquet": "names pairs of real and synthetic films",
    "data/adjudication/copies.json": "names films that are copies of a real film",
    "data/screening/screened.parquet": "a row on each film, with what reviewers made of it",
    "data/screening/exclusions.parquet": "a row on each film that is kept out",
    "data/study-kit": "real films among the quartets",
    "data/study-key": "which films of the quartets are real",
    "data/study": "readers' answers beside the key, while others may still be reading",
    "data/landmarks": "control films, which are real, with their landmarks",
    "data/release": "leaves by `cxr-release push`, which holds back what nobody has reviewed",
    "data/model": "a network's weights; leaves by `cxr-release push --model`",
}
LEAVES = {
    "data/curves/losses.json": "losses, means over films",
    "data/fidelity/points": "distances between sets of films",
    "data/fidelity/distances.json": "distances between sets of films",
    "data/checkpoints": "curves of losses and distances",
    "data/audit/distances.png": "a histogram",
    "data/adjudication/adjudication.json": "how many pairs were judged, and how",
    "data/screening/table-s1.md": "how many films were generated, excluded and released",
    "data/screening/reasons.png": "how many films were excluded, by reason",
    "data/screening/counts.json": "how many films were generated, excluded and released",
    "data/score-network": "what attacks find, over sets of films",
    "data/score": "the scorecard and its charts: no film is in them",
    "data/validation": "how many rows and rules were checked",
    "data/metrics.json": "a dozen numbers",
}
PIPELINE: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text())


def outputs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every output of dvc.yaml, with what DVC is told of it."""
    kinds = ("outs", "metrics", "plots")
    stages = PIPELINE["stages"].values()
    for entry in (entry for stage in stages for kind in kinds for entry in stage.get(kind, [])):
        yield next(iter(entry.items())) if isinstance(entry, dict) else (entry, {})


def test_every_output_stays_or_may_leave() -> None:
    """A new output is put into a list, with the reason, by whoever adds it."""
    named = [place for place, _ in outputs()]
    assert sorted(named) == sorted([*STAYS, *LEAVES])


def test_what_stays_is_never_pushed_and_all_else_is() -> None:
    told = dict(outputs())
    stays = {place for place, flags in told.items() if flags.get("push") is False}
    assert stays == set(STAYS)
    # DVC knows no other way by which an output has a remote of its own.
    assert not [place for place, flags in told.items() if "remote" in flags]


def test_people_s_logs_and_keys_are_no_outputs() -> None:
    """Git holds the logs, and nothing holds the keys: DVC knows of neither."""
    never = ("data/raw", "data/reviews", "data/film-key", "data/noise-key", "data/study-links")
    assert not [place for place, _ in outputs() if place.startswith(never)]


def expanded(place: str) -> list[str]:
    """An output of a matrix as each of its jobs has it, with `GENERATORS` and the default's."""
    batches = ("initial", "large")
    if "${item.checkpoint}" in place:
        return [
            place.replace("${item.checkpoint}", str(number)).replace("${item.batch}", batch)
            for number in (3, 6, 15)
            for batch in batches
        ]
    if "${item.generator}" in place:
        return [
            place.replace("${item.generator}", "autoencoder").replace("${item.batch}", batch)
            for batch in batches
        ]
    return [place]


def marker(place: str) -> bytes:
    return f"the content of {place}\n".encode()


def lay_out(root: Path) -> None:
    """A project in which every output lies, each with bytes that tell which it is."""
    shutil.copy(ROOT / "dvc.yaml", root)
    shutil.copytree(ROOT / "cards", root / "cards")
    (root / "cxr_release").symlink_to(ROOT / "cxr_release")
    shutil.copy(ROOT / ".dvcignore", root)
    text = (ROOT / "params.yaml").read_text()
    changed = re.sub(r"^  generators: \[\]", "  generators: [autoencoder]", text, flags=re.M)
    assert changed != text
    (root / "params.yaml").write_text(changed)
    for place in (job for output in [*STAYS, *LEAVES] for job in expanded(output)):
        path = root / place
        file = path if path.suffix else path / "content"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(marker(place))
    for stage in PIPELINE["stages"].values():
        for dependency in stage["deps"]:
            path = root / dependency
            if "$" not in dependency and not path.exists():
                path = path if path.suffix else path / "content"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(marker(dependency))
    for number in (3, 6, 15):
        folder = root / f"data/training/final/checkpoint-{number}"
        folder.mkdir()
        (folder / "content").write_bytes(marker("data/training/final"))


@pytest.mark.long
@pytest.mark.parametrize("options", [(), ("--run-cache",), ("data/cohort", "data/study-key")])
def test_dvc_push_sends_nothing_that_must_stay(tmp_path: Path, options: tuple[str, ...]) -> None:
    """With DVC as it is, to a remote that takes everything."""
    root, remote = tmp_path / "project", tmp_path / "remote"
    root.mkdir()
    lay_out(root)

    def dvc(*arguments: str) -> None:
        environment = os.environ | {"DVC_NO_ANALYTICS": "1"}
        done = subprocess.run(
            ["dvc", *arguments], cwd=root, env=environment, text=True, capture_output=True,
            timeout=250, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    dvc("init", "--no-scm", "--quiet")
    dvc("commit", "--force")
    dvc("remote", "add", "--default", "anywhere", str(remote))
    dvc("push", *options)
    sent = {path.read_bytes() for path in remote.rglob("*") if path.is_file()}
    jobs = {job for place in STAYS for job in expanded(place)}
    assert not [place for place in jobs if marker(place) in sent]
    assert not [content for content in sent if b"the content of data/raw" in content]
    if not options or options[0] == "--run-cache":
        assert not [place for place in LEAVES if marker(place) not in sent]
    else:
        assert not sent
