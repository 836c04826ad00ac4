from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.errors import ParamsError
from cxr_release.film_id import BATCHES
from cxr_release.film_size import Size
from cxr_release.params.films import PHANTOMS
from cxr_release.params.identity import DEMONSTRATION, never_set, unset_of
from cxr_release.params.load import load_params
from cxr_release.params.project import Params
from cxr_release.params.publication import ModelParams
from cxr_release.params.training import PrivacyParams, TrainParams
from cxr_release.settings import checked
from tests.support import ROOT

DEFAULT = ROOT / "params.yaml"


def changed(tmp_path: Path, **sections: Any) -> Path:
    raw = yaml.safe_load(DEFAULT.read_text())
    for section, values in sections.items():
        raw[section] = {**raw[section], **values} if isinstance(values, dict) else values
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(raw))
    return path


def test_the_embedded_default_loads() -> None:
    params = load_params(DEFAULT)
    assert params.ingest.source == PHANTOMS
    assert params.sample.checkpoints[-1] * params.train.checkpoint_every <= params.train.steps


def test_the_paper_s_settings_load() -> None:
    params = load_params(DEFAULT.with_name("params.paper.yaml"))
    assert params.train.steps // params.train.checkpoint_every == 80
    assert params.sample.checkpoints == (34, 40, 80)
    films = sum(params.sample.films(batch) for batch in BATCHES)
    assert films * len(params.sample.checkpoints) == 27_000
    assert round(4963 * params.split.held_out) == params.curves.films


@pytest.mark.parametrize("size", [1024, 512, [768, 1024]])
def test_settings_for_large_films_load(tmp_path: Path, size: Any) -> None:
    raw = yaml.safe_load(DEFAULT.with_name("params.large.yaml").read_text())
    raw["ingest"]["size"] = size
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(raw))
    params = load_params(path)
    assert params.network.pixel_unshuffle == 4
    folded = [side // 4 for side in params.ingest.film_size]
    assert all(side % 2 ** (len(params.network.channels) - 1) == 0 for side in folded)


@pytest.mark.parametrize("name", ["params.paper.yaml", "params.large.yaml"])
def test_every_file_of_settings_has_the_keys_of_the_default(name: str) -> None:
    default, other = (
        yaml.safe_load(path.read_text()) for path in (DEFAULT, DEFAULT.with_name(name))
    )
    assert list(other) == list(default)
    for section, values in default.items():
        if isinstance(values, dict):
            assert set(other[section]) == set(values), section


IDENTITY = ["name", "license", "authors", "contact"]
SOURCE = ["source_title", "source_license", "source_citation"]


def unset(params: Params) -> list[str]:
    return never_set(params.ingest.source, dataclasses.asdict(params.release))


def test_phantoms_have_the_demonstration_s_identity_and_nobody_else_does(tmp_path: Path) -> None:
    drawn = load_params(DEFAULT)
    assert (drawn.release.name, drawn.release.license) == ("cxr-release-demo", "cc-by-4.0")
    assert drawn.release.authors == ("The cxr-release authors",)
    assert unset(drawn) == []
    ours = load_params(changed(tmp_path, ingest={"source": "data/raw"}))
    assert unset(ours) == IDENTITY + SOURCE
    texts = "".join(map(str, dataclasses.asdict(ours.release).values()))
    assert "cxr-release" not in texts
    assert "cc-by" not in texts


@pytest.mark.parametrize("name", IDENTITY + SOURCE)
def test_every_value_that_was_never_set_is_named(tmp_path: Path, name: str) -> None:
    """Empty, blank, or copied from the demonstration."""
    whole = {
        **{"name": "ours", "license": "cc0-1.0", "authors": ["A. One"], "contact": "a@b.org"},
        **dict.fromkeys(SOURCE, "ours"),
    }
    source = {"source": "data/raw"}
    assert unset(load_params(changed(tmp_path, ingest=source, release=whole))) == []
    blank: list[Any] = [[]] if name == "authors" else [""]
    if name in {"contact", *SOURCE}:
        blank += [" ", "\u200b", "\u00a0\u2060"]
    if name in DEMONSTRATION and name != "license":
        demonstrated = DEMONSTRATION[name]
        blank.append(list(demonstrated) if name == "authors" else demonstrated)
    for value in blank:
        path = changed(tmp_path, ingest=source, release={**whole, name: value})
        assert unset(load_params(path)) == [name]


@pytest.mark.parametrize(
    ("section", "values", "where"),
    [
        ("network", {"attention": 4}, "network.attention"),
        ("fidelity", {"weights": "weights.pth"}, "fidelity.weights"),
        ("fidelity", {"weights_sha256": "0" * 64}, "fidelity.weights"),
        ("train", {"start": "weights"}, "train.start"),
        ("train", {"start_sha256": "0" * 64}, "train.start"),
        ("sample", {"checkpoints": [3, 16]}, "sample.checkpoints"),
        ("network", {"pixel_unshuffle": 4, "channels": [8] * 6}, "ingest.size"),
    ],
)
def test_values_that_do_not_fit_together_are_named(
    tmp_path: Path, section: str, values: dict[str, Any], where: str
) -> None:
    path = changed(tmp_path, **{section: values})
    with pytest.raises(ParamsError, match="do not fit together") as caught:
        load_params(path)
    assert [fault.where for fault in caught.value.faults] == [where]


PRIVACY = {"epsilon": 8.0, "delta": 1.0e-4, "clip": 0.5, "levels": 1}


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({"balance": "uniform"}, ""),
        ({"balance": {"straight": 0.25, "kyphotic": 0.75}}, ""),
        ({"balance": {"straight": 0.25, "kyphotic": 0.7}}, "condition.balance"),
        ({"balance": {"straight": 1.0}}, "condition.balance"),
        ({"balance": {"straight": -0.5, "kyphotic": 1.5}}, "condition.balance"),
        ({"balance": {1: 0.5, 2: 0.5}}, "condition.balance"),
        ({"balance": "even"}, "condition.balance"),
        ({"least": 5}, "condition.least"),
        ({"guidance": 0.5}, "condition.guidance"),
        ({"drop": 1.0}, "condition.drop"),
        ({"drop": 0.0, "guidance": 2.0}, "condition.guidance"),
    ],
)
def test_how_films_are_drawn_as_classes_is_checked(
    tmp_path: Path, values: dict[str, Any], refused: str
) -> None:
    path = changed(tmp_path, condition={"label": "curvature", **values})
    if not refused:
        assert load_params(path).condition.is_on
        return
    with pytest.raises(ParamsError) as caught:
        load_params(path)
    assert [fault.where for fault in caught.value.faults] == [refused]


@pytest.mark.parametrize(
    ("sections", "refused"),
    [
        ({"sample": {"guidance": {"checkpoint": 2, "weight": 1.5}}}, []),
        (
            {"sample": {"guidance": {"checkpoint": 3, "weight": 1.5}}},
            ["sample.guidance.checkpoint"],
        ),
        (
            {"sample": {"guidance": {"checkpoint": 16, "weight": 1.5}}},
            ["sample.guidance.checkpoint"],
        ),
        ({"sample": {"guidance": {"checkpoint": 2, "weight": 0.5}}}, ["sample.guidance.weight"]),
        (
            {
                "sample": {"guidance": {"checkpoint": 2, "weight": 1.5}},
                "condition": {"label": "curvature", "guidance": 2.0},
            },
            ["sample.guidance"],
        ),
        ({"condition": {"label": "curvature"}, "train": {"privacy": PRIVACY}}, ["train.privacy"]),
        ({"train": {"privacy": PRIVACY, "flip": "labelled"}}, ["train.flip"]),
        ({"train": {"flip": "labelled"}, "condition": {"label": "curvature"}}, []),
        ({"train": {"flip": "random"}}, ["train.flip"]),
        ({"train": {"flip": 1}}, ["train.flip"]),
    ],
)
def test_guides_and_labelled_flips_fit_together_or_are_refused(
    tmp_path: Path, sections: dict[str, Any], refused: list[str]
) -> None:
    path = changed(tmp_path, **sections)
    if not refused:
        load_params(path)
        return
    with pytest.raises(ParamsError) as caught:
        load_params(path)
    assert [fault.where for fault in caught.value.faults] == refused


def test_settings_of_before_there_were_classes_have_none(tmp_path: Path) -> None:
    raw = yaml.safe_load(DEFAULT.read_text())
    del raw["condition"], raw["ingest"]["phantom_hardware"], raw["sample"]["guidance"]
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(raw))
    params = load_params(path)
    assert not params.condition.is_on
    assert params == load_params(DEFAULT)


FOLDER = {"kind": "folder", "path": "data/elsewhere/gan"}
HUB = {"kind": "hub", "path": "org/name", "revision": "v1"}


def test_films_drawn_elsewhere_are_named(tmp_path: Path) -> None:
    default = load_params(DEFAULT)
    assert default.sample.elsewhere == {}
    sources = {"vae": HUB, "gan-2": FOLDER | {"generator": "GAN", "license": " "}}
    params = load_params(changed(tmp_path, sample={"sources": sources}))
    assert params.sample.source_names == [
        *("checkpoint-3", "checkpoint-6", "checkpoint-15", "gan-2", "vae")
    ]
    assert params.sample.jobs[-1] == ("vae", "large")
    assert unset_of(params) == [
        "sample.sources.gan-2.license",
        "sample.sources.vae.generator",
        "sample.sources.vae.license",
    ]
    assert params.sample.most_films("gan-2", "large") is None
    assert params.sample.most_films("gan-2", "initial") == params.sample.initial
    assert params.sample.most_films("checkpoint-3", "large") == params.sample.large
    raw = yaml.safe_load(DEFAULT.read_text())
    del raw["sample"]["sources"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(raw))
    assert load_params(tmp_path / "params.yaml").sample.elsewhere == {}


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ([], "sample.sources: expected at most"),
        ({3: FOLDER}, "sample.sources: 3 is not text"),
        ({"checkpoint-3": FOLDER}, "'checkpoint-3' would be taken for a checkpoint"),
        ({"real": FOLDER}, "'real' means something else here"),
        ({"gan-large": FOLDER}, "'gan-large' ends as the name of a job does"),
        ({"GAN": FOLDER}, "'GAN' is not lower-case words"),
        ({"a/../b": FOLDER}, "'a/../b' is not lower-case words"),
        ({"gan": {}}, "sample.sources.gan.kind: missing"),
        ({"gan": FOLDER | {"licence": "mit"}}, "sample.sources.gan.licence: unknown key"),
        ({"gan": FOLDER | {"kind": "url"}}, "sample.sources.gan.kind: 'url' is not one of"),
        ({"gan": FOLDER | {"path": ""}}, "sample.sources.gan.path: is empty"),
        ({"gan": FOLDER | {"revision": "v1"}}, "sample.sources.gan.revision: is for kind hub"),
        ({"gan": HUB | {"revision": None}}, "sample.sources.gan.revision: is missing"),
        ({"gan": HUB | {"revision": "../x"}}, "sample.sources.gan.revision"),
        ({"gan": HUB | {"path": "name"}}, "sample.sources.gan.path: is not a dataset on the Hub"),
        ({"gan": HUB | {"path": "org/../x"}}, "sample.sources.gan.path: is not a dataset"),
        ({"gan": HUB | {"generator": "a\x1bb"}}, "sample.sources.gan.generator"),
    ],
)
def test_sources_that_are_wrong_are_named(tmp_path: Path, sources: Any, said: str) -> None:
    with pytest.raises(ParamsError) as caught:
        load_params(changed(tmp_path, sample={"sources": sources}))
    assert said in str(caught.value)


PRIVATE = {"epsilon": 8, "delta": 1e-4, "clip": 0.5, "levels": 2}
START = {"start": "weights", "start_sha256": "0" * 64}


def test_a_release_may_be_of_other_generators_alone(tmp_path: Path) -> None:
    alone = {"checkpoints": [], "sources": {"gan": FOLDER}}
    # Films that no network here is to draw need not be halved as it would halve them.
    deep = {"pixel_unshuffle": 4, "channels": [8] * 6}
    path = changed(tmp_path, network=deep, train={"steps": 0}, sample=alone)
    params = load_params(path)
    assert not params.trains
    assert params.sample.jobs == [("gan", "initial"), ("gan", "large")]
    assert load_params(DEFAULT).trains


ALONE = {"checkpoints": [], "sources": {"gan": FOLDER}}


@pytest.mark.parametrize(
    ("train", "sample", "where"),
    [
        ({"steps": 0}, {**ALONE, "checkpoints": [3]}, ["sample.checkpoints"]),
        ({}, ALONE, ["sample.checkpoints"]),
        ({"steps": 0}, {**ALONE, "sources": {}}, ["sample.sources"]),
        ({}, {"checkpoints": []}, ["sample.checkpoints", "sample.sources"]),
        ({"steps": 0, "privacy": PRIVATE}, ALONE, ["train.privacy"]),
        ({"steps": 0, **START}, ALONE, ["train.start"]),
    ],
)
def test_no_training_and_no_checkpoints_go_together(
    tmp_path: Path, train: dict[str, Any], sample: dict[str, Any], where: list[str]
) -> None:
    path = changed(tmp_path, train=train, sample=sample)
    with pytest.raises(ParamsError, match="do not fit together") as caught:
        load_params(path)
    assert [fault.where for fault in caught.value.faults] == where
    assert all(fault.remedy for fault in caught.value.faults)


BESIDE = {"generators": ["autoencoder"]}


def test_an_autoencoder_may_be_trained_beside_the_network(tmp_path: Path) -> None:
    assert load_params(DEFAULT).sample.beside == ()
    path = changed(tmp_path, autoencoder={"steps": 1000}, sample=BESIDE)
    params = load_params(path)
    assert params.sample.source_names[-1] == "autoencoder"
    assert params.autoencoder.last_checkpoint(params.train.checkpoint_every) == 11
    assert params.autoencoder_step == 990
    assert params.millimetres_per_pixel_of("autoencoder") is None
    raw = yaml.safe_load(DEFAULT.read_text())
    del raw["autoencoder"], raw["sample"]["generators"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(raw))
    older = load_params(tmp_path / "params.yaml")
    assert (older.autoencoder.steps, older.sample.beside) == (0, ())


@pytest.mark.parametrize(
    ("sections", "where"),
    [
        ({"autoencoder": {"steps": 1000}}, ["sample.generators"]),
        ({"sample": BESIDE}, ["sample.generators"]),
        ({"autoencoder": {"steps": 89}, "sample": BESIDE}, ["autoencoder.steps"]),
        (
            {"autoencoder": {"steps": 90, "channels": [8] * 7}, "sample": BESIDE},
            ["ingest.size"],
        ),
        (
            {"autoencoder": {"steps": 90}, "sample": BESIDE, "train": {"privacy": PRIVATE}},
            ["autoencoder.steps"],
        ),
        (
            {"autoencoder": {"steps": 90}, "sample": {**ALONE, **BESIDE}, "train": {"steps": 0}},
            ["autoencoder.steps"],
        ),
    ],
)
def test_an_autoencoder_and_what_does_not_go_with_it(
    tmp_path: Path, sections: dict[str, Any], where: list[str]
) -> None:
    with pytest.raises(ParamsError, match="do not fit together") as caught:
        load_params(changed(tmp_path, **sections))
    assert [fault.where for fault in caught.value.faults] == where
    assert all(fault.remedy for fault in caught.value.faults)


@pytest.mark.parametrize("generators", [["gan"], ["autoencoder", "autoencoder"], "autoencoder"])
def test_generators_that_there_are_not_are_refused(tmp_path: Path, generators: Any) -> None:
    path = changed(tmp_path, autoencoder={"steps": 90}, sample={"generators": generators})
    with pytest.raises(ParamsError, match=r"sample\.generators"):
        load_params(path)


def test_a_network_may_learn_latents(tmp_path: Path) -> None:
    assert not load_params(DEFAULT).latent.is_on
    params = load_params(changed(tmp_path, latent={"steps": 1000}, network=UNFOLDED))
    assert (params.latent.is_on, params.latent_step) == (True, 990)
    assert params.latent.network.latent_shape(params.ingest.film_size) == (4, 8, 8)
    assert params.latent_size == Size(8, 8)
    assert load_params(DEFAULT).latent_size is None
    raw = yaml.safe_load(DEFAULT.read_text())
    del raw["latent"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(raw))
    assert not load_params(tmp_path / "params.yaml").latent.is_on


UNFOLDED = {"pixel_unshuffle": 1}
LATENT = {"latent": {"steps": 90}, "network": UNFOLDED}


@pytest.mark.parametrize(
    ("sections", "where"),
    [
        ({"latent": {"steps": 89}}, ["latent.steps"]),
        ({"latent": {"steps": 90, "channels": [8] * 5}}, ["ingest.size"]),
        ({"network": {"channels": [8] * 5}}, ["ingest.size"]),
        ({"train": {"privacy": PRIVATE}}, ["latent.steps"]),
        ({"train": {"start": "elsewhere", "start_sha256": "0" * 64}}, ["train.start"]),
        ({"model": {"release": True}}, ["model.release"]),
        ({"sample": ALONE, "train": {"steps": 0}}, ["latent.steps"]),
    ],
)
def test_latents_and_what_does_not_go_with_them(
    tmp_path: Path, sections: dict[str, Any], where: list[str]
) -> None:
    with pytest.raises(ParamsError, match="do not fit together") as caught:
        load_params(changed(tmp_path, **LATENT | sections))
    assert [fault.where for fault in caught.value.faults] == where
    assert all(fault.remedy for fault in caught.value.faults)


@pytest.mark.parametrize(("key", "value"), [("latents", 65), ("channels", [12]), ("steps", -1)])
def test_an_autoencoder_of_latents_out_of_range_is_refused(
    tmp_path: Path, key: str, value: Any
) -> None:
    with pytest.raises(ParamsError, match=rf"latent\.{key}"):
        load_params(changed(tmp_path, latent={"steps": 90, key: value}))


def test_training_is_private_where_that_is_asked_for(tmp_path: Path) -> None:
    assert load_params(DEFAULT).train.privacy is None
    asked = load_params(changed(tmp_path, train={"privacy": PRIVATE})).train.privacy
    assert asked == PrivacyParams(epsilon=8.0, delta=1e-4, clip=0.5, levels=2)
    raw = yaml.safe_load(DEFAULT.read_text())
    for key in ("privacy", "start", "start_sha256"):
        del raw["train"][key]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(raw))
    assert load_params(tmp_path / "params.yaml") == load_params(DEFAULT)


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"epsilon": 0}, "train.privacy.epsilon"),
        ({"epsilon": -1.0}, "train.privacy.epsilon"),
        ({"delta": 0}, "train.privacy.delta"),
        ({"delta": 1.0}, "train.privacy.delta"),
        ({"clip": 0}, "train.privacy.clip"),
        ({"levels": 0}, "train.privacy.levels"),
        ({"noise": 1}, "train.privacy.noise"),
    ],
)
def test_privacy_that_is_none_is_refused(
    tmp_path: Path, values: dict[str, Any], where: str
) -> None:
    path = changed(tmp_path, train={"privacy": {**PRIVATE, **values}})
    with pytest.raises(ParamsError) as caught:
        load_params(path)
    assert [fault.where for fault in caught.value.faults] == [where]


def test_privacy_is_whole_or_null(tmp_path: Path) -> None:
    for value in ({"epsilon": 8}, True, "yes", [], 8):
        with pytest.raises(ParamsError, match=r"train\.privacy"):
            load_params(changed(tmp_path, train={"privacy": value}))


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    path = changed(
        tmp_path,
        seed=-1,
        ingest={"sise": 64, "on_error": "explode", "size": 63},
        train={"flip": "yes", "steps": True},
    )
    with pytest.raises(ParamsError) as caught:
        load_params(path)
    assert {fault.where for fault in caught.value.faults} == {
        "seed",
        "ingest.sise",
        "ingest.on_error",
        "ingest.size",
        "train.flip",
        "train.steps",
    }
    assert str(path) in str(caught.value)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    raw = yaml.safe_load(DEFAULT.read_text())
    del raw["audit"]["top"]
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(raw))
    with pytest.raises(ParamsError, match=r"audit\.top: missing"):
        load_params(path)


def test_a_checkpoint_that_is_never_reached_is_refused(tmp_path: Path) -> None:
    path = changed(tmp_path, sample={"checkpoints": [1, 999]})
    with pytest.raises(ParamsError, match="checkpoint 999 is never reached"):
        load_params(path)


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"model": {"checkpoint": 4}}, "checkpoint 4 is not one that films are sampled from"),
        ({"model": {"checkpoint": 3}}, "the network of checkpoint 3 is not attacked"),
        ({"score": {"checkpoints": [3]}}, "the network of checkpoint 15 is not attacked"),
        ({"model": {"most_tpr": 0.21}}, "model.most_tpr"),
        ({"model": {"repository": "name"}}, "expected ORG/NAME on the Hub, or empty"),
        ({"model": {"dataset": "org/na me"}}, "expected ORG/NAME on the Hub, or empty"),
    ],
)
def test_a_network_that_could_not_be_published_is_named_at_once(
    tmp_path: Path, sections: dict[str, Any], said: str
) -> None:
    sections["model"] = {"release": True, **sections.get("model", {})}
    with pytest.raises(ParamsError) as caught:
        load_params(changed(tmp_path, **sections))
    assert said in str(caught.value)


def test_the_network_that_is_released_is_the_last_that_films_are_drawn_from(tmp_path: Path) -> None:
    assert load_params(DEFAULT).modelled is None
    assert load_params(changed(tmp_path, model={"release": True})).modelled == 15
    asked = {"model": {"release": True, "checkpoint": 3}, "score": {"checkpoints": [3]}}
    assert load_params(changed(tmp_path, **asked)).modelled == 3
    alone = {"train": {"steps": 0}, "sample": {"checkpoints": [], "sources": {"gan": {
        "kind": "folder", "path": "x", "revision": None, "on_error": None, "generator": "g",
        "license": "cc0-1.0", "citation": None}}}}  # fmt: skip
    with pytest.raises(ParamsError, match="no network is trained here that could be released"):
        load_params(changed(tmp_path, **alone, model={"release": True}))


def test_a_file_from_before_there_was_a_section_lacks_it(tmp_path: Path) -> None:
    raw = yaml.safe_load(DEFAULT.read_text())
    del raw["model"]
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(raw))
    assert load_params(path).model == ModelParams()


def test_a_size_that_the_network_cannot_halve_is_refused(tmp_path: Path) -> None:
    path = changed(tmp_path, ingest={"size": 72}, network={"channels": [8, 16, 24, 32]})
    with pytest.raises(ParamsError, match=r"multiples of 16"):
        load_params(path)


@pytest.mark.parametrize("text", ["- a list", "a: [", "just text", ""])
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(ParamsError):
        load_params(path)


def test_no_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="no such file"):
        load_params(tmp_path / "params.yaml")


@given(st.floats(1e-7, 0.9))
def test_a_learning_rate_is_read_however_it_is_written(rate: float) -> None:
    texts = [f"{rate:.8f}", f"{rate:e}", f"{rate:.0e}"]
    for text in texts:
        raw = yaml.safe_load(text)
        built = checked(
            TrainParams,
            {
                "steps": 1,
                "batch_size": 1,
                "learning_rate": raw,
                "decay": "constant",
                "checkpoint_every": 1,
                "warmup": 0,
                "ema": 0.9,
                "ema_every": 1,
                "min_snr": 5,
                "flip": False,
            },
        )
        assert built.learning_rate == float(text)
