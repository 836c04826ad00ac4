"""Dataset and network of one project on one Hub, by the commands that people type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cxr_release.cli.commands import app
from cxr_release.errors import ReleaseError
from cxr_release.files import read_json
from tests.support.hub.requests import REPO, WRITER
from tests.support.hub.server import Hub
from tests.support.hub.world import files_of
from tests.support.model_artefacts import make_model
from tests.support.ssh_signatures import key_of, signature_of


def ran(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*arguments, "--json"])
    if result.exception is not None:
        raise result.exception
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def test_both_are_published_signed_verified_and_lead_to_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub
    from huggingface_hub import constants

    made = make_model(tmp_path, repository=REPO, dataset=REPO)
    (tmp_path / "team.pub").write_text(key_of().line)
    for folder in (made.release, made.model):
        text = signature_of((folder / "SHA256SUMS").read_bytes(), key_of())
        (folder / "SHA256SUMS.sig").write_bytes(text)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: WRITER)
    with Hub(tmp_path / "hub") as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        common = ("--repo", REPO, "--root", str(tmp_path))
        ran("push", str(made.release), *common, "--allow-unreviewed")
        with pytest.raises(ReleaseError, match="cannot be called back"):
            ran("push", str(made.model), "--model", *common)
        ran("push", str(made.model), "--model", *common, "--allow-weights", REPO)
        for kind, folder in (("datasets", made.release), ("models", made.model)):
            store = hub.stores[kind]
            assert store.files("main") == store.files("v1.0.0") == files_of(folder)
            assert len(store.commits()) == 2
            flags = ["--model"] if kind == "models" else []
            signer = ("--signer", str(tmp_path / "team.pub"))
            report = ran("verify", f"{REPO}@v1.0.0", *flags, *signer)
            assert report["signature"]["state"] == "by a signer"
        card = {kind: hub.stores[kind].files()["README.md"].decode() for kind in hub.stores}
    assert f"https://huggingface.co/datasets/{REPO}" in card["models"]
    assert f"https://huggingface.co/{REPO})" in card["datasets"]
    dataset = read_json(made.model / "model.json")["dataset"]
    assert dataset["record_sha256"] in (made.release / "SHA256SUMS").read_text()


@pytest.mark.long
def test_a_network_without_an_attack_that_found_little_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "get_token", lambda: WRITER)
    made = make_model(tmp_path, attack={"target_step": 7})
    with pytest.raises(ReleaseError, match="was not made on this checkpoint"):
        ran("push", str(made.model), "--model", "--repo", REPO, "--allow-weights", REPO)
