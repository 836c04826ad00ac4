"""A released network: what its folder holds, draws and says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from numpy.typing import NDArray

from cxr_release.errors import ReleaseError
from cxr_release.files import as_read, read_json
from cxr_release.film_size import Size
from cxr_release.generators.conditions import Conditions
from cxr_release.generators.opening import draw
from cxr_release.params.sampling import Sampler
from cxr_release.params.training import NetworkParams
from cxr_release.release.model.card import render
from cxr_release.release.model.package import write_model
from cxr_release.release.model.record import ModelRecord
from cxr_release.release.model.snippet import MOST_LINES, snippet
from cxr_release.release.verify import verify
from tests.support.card_rules import header_and_body
from tests.support.hub.world import files_of
from tests.support.model_artefacts import FOLDED, NUMBER, STEPS, Made, make_model
from tests.support.model_records import model_json, network_attack
from tests.support.release_artefacts import small_params
from tests.support.tiny_networks import COMPUTE, NETWORK, SIDE, saved, untrained

FLAT = replace(FOLDED, pixel_unshuffle=1)


def record_of(made: Made) -> ModelRecord:
    return ModelRecord.model_validate(read_json(made.model / "model.json"))


def test_the_folder_holds_a_network_of_diffusers_and_what_is_said_of_it(made: Made) -> None:
    assert sorted(files_of(made.model)) == [
        *("LICENSE", "README.md", "SHA256SUMS", "checkpoint.json", "model.json"),
        *("scheduler/scheduler_config.json", "unet/config.json"),
        "unet/diffusion_pytorch_model.safetensors",
    ]
    assert verify(made.model)["differences"] == []
    assert record_of(made).network.checkpoint == NUMBER
    check = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    subprocess.run(check, cwd=made.model, check=True, timeout=60)


def test_the_same_inputs_give_the_same_bytes(made: Made, tmp_path: Path) -> None:
    write_model(made.release, made.run, tmp_path / "model")
    assert files_of(tmp_path / "model") == files_of(made.model)


def test_nothing_that_hangs_on_the_films_goes_out(made: Made) -> None:
    stated = read_json(made.model / "checkpoint.json")
    assert (stated["training"], stated["fingerprint"]) == ({}, "not stated")


def drawn(code: str, model: Path) -> NDArray[np.uint8]:
    """The film that a card's lines draw, with the folder in the place of the repository."""
    space: dict[str, Any] = {}
    with warnings.catch_warnings():
        # diffusers hands a tensor to numpy.array, which numpy 2 deplores.
        warnings.simplefilter("ignore", DeprecationWarning)
        exec(code.replace("'cxr/films-model'", repr(str(model))), space)  # noqa: S102
    film: NDArray[np.uint8] = space["film"]
    return film


def test_the_card_draws_a_film_of_the_dataset(made: Made) -> None:
    record = record_of(made)
    assert snippet(record) in (made.model / "README.md").read_text()
    folder = made.run / f"checkpoint-{NUMBER}"
    shard = next((made.release / "data" / folder.name).glob("*.parquet"))
    rows = pq.read_table(shard, columns=["id", "seed"]).to_pylist()
    assert {"id": record.example.film, "seed": record.example.seed} in rows
    assert differs(record, made.model, folder, snippet(record)) <= 1
    # Another seed is another film.
    other = snippet(record).replace(str(record.example.seed), "7")
    assert differs(record, made.model, folder, other) > 1


def differs(record: ModelRecord, model: Path, folder: Path, lines: str) -> int:
    """Grey levels between the film that lines draw and the one that this package draws."""
    sampling = record.sampling
    settings = replace(small_params().sample, sampler=sampling.sampler, steps=sampling.steps)
    (expected,) = draw(
        "checkpoint", folder, [record.example.seed], settings=settings, compute=COMPUTE
    )
    film = drawn(lines, model)
    assert film.shape == expected.shape
    assert expected.std() > 1, "a film of one grey level would show nothing"
    return int(np.abs(film.astype(int) - expected).max())


@pytest.mark.parametrize(
    ("sampler", "network", "size"),
    [
        ("sde-dpmsolver++", FOLDED, Size(16, 16)),
        ("dpmsolver++", FLAT, Size(16, 24)),
        ("ddpm", replace(FOLDED, schedule="sigmoid"), Size(24, 16)),
        ("ddim", replace(FOLDED, pixel_unshuffle=4), Size(16, 16)),
    ],
)
def test_the_lines_of_the_card_draw_what_is_drawn_here(
    tmp_path: Path, sampler: Sampler, network: NetworkParams, size: Size
) -> None:
    folder = saved(tmp_path, untrained(network=network, size=size))
    shown = {"size": as_read(size.sides), "pixel_unshuffle": network.pixel_unshuffle}
    said = model_json(
        repository="cxr/films-model",
        sampling={"sampler": sampler, "steps": 4, "class_guidance": 1.0},
    )
    record = ModelRecord.model_validate(said | {"network": said["network"] | shown})
    lines = snippet(record)
    assert len(lines.splitlines()) <= MOST_LINES
    assert differs(record, folder, folder, lines) <= 1
    opens = "`DDPMPipeline` opens this model too" in render(record)
    assert opens == (network.pixel_unshuffle == 1)
    if opens:
        from diffusers import DDPMPipeline

        pipeline = DDPMPipeline.from_pretrained(folder)
        pipeline.set_progress_bar_config(disable=True)
        (picture,) = pipeline(num_inference_steps=2, output_type="np").images
        assert picture.shape == (size.height, size.width, 1)


@pytest.mark.long
def test_they_need_diffusers_and_torch_alone(made: Made, tmp_path: Path) -> None:
    """In a process of its own, in which this package cannot be imported."""
    record = record_of(made)
    lines = snippet(record).replace("'cxr/films-model'", repr(str(made.model)))
    code = f"import sys\nsys.modules['cxr_release'] = None\n{lines}\nnp.save('film.npy', film)\n"
    env = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, check=True, env=env,
                   timeout=120)  # fmt: skip
    film = np.load(tmp_path / "film.npy")
    folder = made.run / f"checkpoint-{NUMBER}"
    settings = replace(small_params().sample, steps=STEPS)
    (expected,) = draw(
        "checkpoint", folder, [record.example.seed], settings=settings, compute=COMPUTE
    )
    assert np.abs(film.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("guidance", [1.0, 2.5])
def test_the_lines_draw_the_film_s_class_with_its_guidance(tmp_path: Path, guidance: float) -> None:
    conditions = Conditions((("kyphotic", 20), ("straight", 20)))
    folder = saved(tmp_path, untrained(conditions=conditions))
    sampling = {"sampler": "dpmsolver++", "steps": 4, "class_guidance": guidance}
    said = model_json(repository="cxr/films-model", sampling=sampling)
    network = said["network"] | {
        "classes": list(conditions.names),
        "size": SIDE,
        "pixel_unshuffle": NETWORK.pixel_unshuffle,
    }
    example = said["example"] | {"row": 1}
    record = ModelRecord.model_validate(said | {"network": network, "example": example})
    settings = replace(small_params().sample, sampler="dpmsolver++", steps=4)
    films = [
        next(
            draw(
                folder.name,
                folder,
                [record.example.seed],
                settings=settings,
                compute=COMPUTE,
                labels=[name],
                class_guidance=guidance,
            )
        )
        for name in conditions.names
    ]
    film = drawn(snippet(record), folder).astype(int)
    assert len(snippet(record).splitlines()) <= MOST_LINES
    assert np.abs(film - films[1]).max() <= 1
    assert np.abs(film - films[0]).max() > 1


def test_a_network_with_classes_is_told_one() -> None:
    network = model_json()["network"] | {"classes": ["kyphotic", "straight"]}
    example = model_json()["example"] | {"row": 1}
    record = ModelRecord.model_validate(model_json(network=network, example=example))
    assert "unet(film, time, class_labels=torch.tensor([1])).sample" in snippet(record)
    assert "0 `kyphotic`, 1 `straight`, 2 no class." in render(record)
    assert "class_labels" not in render(ModelRecord.model_validate(model_json()))


def test_the_header_is_what_the_hub_reads(made: Made) -> None:
    from huggingface_hub import ModelCard

    text = (made.model / "README.md").read_text()
    header = yaml.safe_load(text.split("---\n")[1])
    assert header["datasets"] == ["cxr/films"]
    assert (header["library_name"], header["license"]) == ("diffusers", "cc-by-4.0")
    assert header["pipeline_tag"] == "unconditional-image-generation"
    results = {one.metric_type: one for one in ModelCard(text).data.eval_results}
    assert results["frechet_random_conv"].metric_value == 10.75
    assert "95 % interval" in results["frechet_random_conv"].metric_name
    assert results["tpr_at_1_percent_fpr"].metric_value == 0.01


def test_the_cards_of_dataset_and_network_lead_to_each_other(made: Made) -> None:
    model, dataset = ((folder / "README.md").read_text() for folder in (made.model, made.release))
    assert "[cxr/films](https://huggingface.co/datasets/cxr/films)" in model
    assert "[cxr/films-model](https://huggingface.co/cxr/films-model)" in dataset
    assert f"The network of checkpoint {NUMBER} is to be published as a model" in dataset


@pytest.mark.long
def test_without_names_on_the_hub_the_cards_have_no_links(tmp_path: Path) -> None:
    unnamed = make_model(tmp_path)
    model, dataset = (
        (folder / "README.md").read_text() for folder in (unnamed.model, unnamed.release)
    )
    assert "huggingface.co/datasets" not in model
    assert "is to be published as a model of its own, `cxr-release-demo-model`" in dataset
    assert "datasets:" not in model.split("---\n")[1]


def body_of(**changes: Any) -> str:
    return " ".join(header_and_body(render(ModelRecord.model_validate(model_json(**changes))))[1]
                    .split())  # fmt: skip


def test_the_card_says_what_the_attack_found_and_what_follows_from_it() -> None:
    said = body_of()
    assert (
        "| calibrated loss | 400 films | 200 films | 0.510 [0.460, 0.560] | 1.0% [0.3%, 2.5%]"
        in said
    )
    assert "A patient who withdraws means a new training." in said
    assert "Films that were left out can be drawn again." in said
    assert "**Nothing is guaranteed.**" in said
    assert "must not be published" not in said
    assert "No attack was made on these weights" in body_of(attacks=[])
    refused = body_of(attacks=[network_attack(controls=99)])
    assert "must not be published:** > calibrated loss had 99 control films" in refused
    why = {"measurable": False, "why_not": "no *reference* network"}
    assert r"calibrated loss: not measurable. no \*reference\* network" in body_of(
        attacks=[network_attack(**why)]
    )


def test_private_training_and_strange_starts_are_stated() -> None:
    private = {
        **{"epsilon": 8.0, "delta": 0.0001, "noise_multiplier": 5.5, "clip": 0.5, "levels": 2},
        **{"unit": "patient", "units": 3, "films": 3, "films_without_patient": 0},
        **{"batch_size": 1, "steps": 4, "sampling": "poisson", "accountant": "rdp"},
        "opacus": "1.6.0",
    }
    said = body_of(training={"privacy": private, "start": {"sha256": "c" * 64}})
    assert "Training guarantees ε = 8 and δ = `0.0001` for each patient" in said
    assert f"of SHA-256 `{'c' * 64}`: what they were learnt from is not known here" in said
    assert "Nothing is guaranteed" not in said


def test_what_others_wrote_does_nothing_in_the_card() -> None:
    evil = "<script>x</script> [a](b) `c`"
    source = model_json()["source"] | {"title": evil, "citation": evil, "license": evil}
    said = body_of(source=source, title=evil, publisher=evil, authors=[evil])
    assert "<script>" not in said.replace(r"\<script", "")
    assert "](b)" not in said.replace(r"\](b)", "")


def test_a_release_of_another_checkpoint_is_refused(made: Made, tmp_path: Path) -> None:
    run = Path(shutil.copytree(made.run, tmp_path / "run"))
    path = run / f"checkpoint-{NUMBER}" / "checkpoint.json"
    path.write_text(path.read_text() + "\n")
    with pytest.raises(ReleaseError, match="is not the checkpoint that the release was made of"):
        write_model(made.release, run, tmp_path / "model")
    assert not (tmp_path / "model").exists()
