"""A released network that was altered: each thing that is wrong is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxr_release.files import read_json, sha256
from cxr_release.release.layout import write_checksums
from cxr_release.release.verify import text_of, verify
from tests.support.model_artefacts import Made
from tests.support.ssh_signatures import key_of, signature_of

Change = Callable[[Path], Any]


@pytest.fixture
def model(made: Made, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made.model, tmp_path / "model"))


WEIGHTS = "unet/diffusion_pytorch_model.safetensors"


def edit(name: str, **changes: Any) -> Change:
    """Change keys of a JSON document, `a__b` being b in a; None deletes one."""

    def change(folder: Path) -> None:
        document = read_json(folder / name)
        for key, value in changes.items():
            *above, last = key.split("__")
            place = document
            for part in above:
                place = place[part]
            if value is None:
                del place[last]
            else:
                place[last] = value
        (folder / name).write_text(json.dumps(document))

    return change


def flip_weights(folder: Path) -> None:
    data = bytearray((folder / WEIGHTS).read_bytes())
    data[-1] ^= 1
    (folder / WEIGHTS).write_bytes(data)


def flip_and_state_it(folder: Path) -> None:
    flip_weights(folder)
    edit("model.json", network__weights__sha256=sha256(folder / WEIGHTS))(folder)


def pickle_beside(folder: Path) -> None:
    (folder / "unet/diffusion_pytorch_model.bin").write_bytes(b"\x80\x04N.")


def other_card(folder: Path) -> None:
    path = folder / "README.md"
    path.write_text(path.read_text().replace("2.5%", "0.5%", 1))


def pipeline(folder: Path) -> None:
    (folder / "model_index.json").write_text("{}")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (flip_weights, "model.json: key network.weights.sha256: says"),
        (other_card, "README.md: line "),
        (pickle_beside, "diffusion_pytorch_model.bin: is not a file of a release"),
        (pipeline, "model_index.json: opens a network that folds pixels as noise"),
        (edit("unet/config.json", block_out_channels=[8, 24]), "unet/config.json: key block_out"),
        (edit("unet/config.json", layers_per_block=None), "unet/config.json: key layers_per"),
        (edit("scheduler/scheduler_config.json", beta_schedule="linear"), "key beta_schedule"),
        (
            edit("checkpoint.json", network__channels=[8, 24]),
            "checkpoint.json: the weights are not",
        ),
        (edit("checkpoint.json", checkpoint=4), "key network.checkpoint: says 3, checkpoint.json"),
        (edit("checkpoint.json", size=24), "key network.size: is not that of checkpoint.json"),
        (edit("model.json", network__weights__parameters=5), "weights.parameters: says 5"),
        (edit("model.json", tag="v9.0.0"), "key tag: says 'v9.0.0'"),
        (edit("model.json", most_tpr=0.9), "README.md: line "),
        (edit("model.json", more=1), "model.json: more: extra inputs are not permitted"),
        (edit("model.json", attacks="none"), "model.json: attacks: input should be a valid list"),
        (lambda folder: (folder / "model.json").write_text("["), "model.json: is not JSON"),
        (lambda folder: (folder / WEIGHTS).unlink(), f"{WEIGHTS}: no such file"),
        (lambda folder: (folder / "LICENSE").write_text("free"), "LICENSE: line 1"),
    ],
)
def test_what_is_altered_is_named_though_the_sums_are_made_anew(
    model: Path, change: Change, said: str
) -> None:
    change(model)
    write_checksums(model, {})
    lines = text_of(verify(model))
    assert said in lines, lines


def test_one_flipped_byte_of_the_weights_does_not_go_unseen(model: Path) -> None:
    flip_weights(model)
    lines = text_of(verify(model))
    assert f"{WEIGHTS}: does not match its SHA-256 in SHA256SUMS" in lines


def test_weights_that_are_stated_as_they_are_make_another_card(model: Path) -> None:
    flip_and_state_it(model)
    write_checksums(model, {})
    assert "README.md: line " in text_of(verify(model))


def test_of_another_version_the_documents_are_not_made_again_and_that_is_said(
    model: Path,
) -> None:
    edit("model.json", software={"cxr-release": "9.9.9"})(model)
    write_checksums(model, {})
    report = verify(model)
    assert report["differences"] == []
    assert "its documents were not made again" in report["notes"][0]


def test_a_network_is_signed_as_a_release_is(model: Path) -> None:
    text = signature_of((model / "SHA256SUMS").read_bytes(), key_of())
    (model / "SHA256SUMS.sig").write_bytes(text)
    report = verify(model)
    assert (report["differences"], report["signature"]["state"]) == ([], "by an unknown key")
