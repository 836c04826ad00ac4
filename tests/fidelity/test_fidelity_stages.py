"""The stages `fidelity` and `checkpoints`, with films that nobody had to denoise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

from cxr_release.errors import CxrReleaseError
from cxr_release.files import read_json, write_json
from cxr_release.generators.conditions import Conditions
from cxr_release.params.load import load_params
from cxr_release.params.project import Params
from cxr_release.params.sampling import SampleParams
from cxr_release.params.training import ComputeParams
from cxr_release.paths import Paths
from cxr_release.stages import checkpoints, fidelity
from tests.support import ROOT
from tests.support.fidelity_artefacts import Weights, distances, losses

DECLARED = {
    "deps": ["data/training/final"],
    "params": ["seed", "fidelity.images", "fidelity.weights_sha256"],
}


def films(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 32, 32), dtype=np.uint8)


@pytest.fixture
def params() -> Params:
    loaded = load_params(ROOT / "params.yaml")
    small = replace(loaded.fidelity, every=2, images=4, bootstrap=20)
    return replace(loaded, fidelity=small, sample=replace(loaded.sample, checkpoints=(2,)))


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths(tmp_path)
    for number in (1, 2, 3, 4):
        paths.checkpoint(number).mkdir(parents=True)
        (paths.checkpoint(number) / "weights").write_text(str(number))
    paths.pipeline.write_text(yaml.safe_dump({"stages": {"fidelity": DECLARED}}))
    return paths


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the checkpoints that films were drawn from, as the stage goes on."""
    asked: list[str] = []

    def draw(
        source: str,
        folder: Path,
        seeds: Sequence[int],
        *,
        settings: SampleParams,
        compute: ComputeParams,
        labels: Sequence[str] | None,
        class_guidance: float,
        guide: Path | None,
    ) -> Iterator[np.ndarray]:
        assert settings.steps >= 2
        assert (labels, class_guidance, guide) == (None, 1.0, None)
        assert source in {folder.name, "autoencoder"}
        assert compute.precision
        asked.append(folder.name)
        yield from films(len(seeds), int(folder.name[-1]))

    def record(folder: Path) -> SimpleNamespace:
        return SimpleNamespace(checkpoint_step=10 * int(folder.name[-1]))

    monkeypatch.setattr(fidelity, "draw", draw)
    monkeypatch.setattr(fidelity, "read_record", record)
    monkeypatch.setattr(fidelity, "conditions_of", lambda *_: Conditions())
    monkeypatch.setattr(fidelity, "load_films", lambda *_: ([], films(12, 99)))
    return asked


def test_it_measures_every_other_checkpoint_once(
    paths: Paths, params: Params, drawn: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    fidelity.run(paths, params)
    assert drawn == ["checkpoint-2", "checkpoint-4"]
    assert "2 of 2 checkpoints × 4 films, against 12 source films" in capsys.readouterr().err
    found = read_json(paths.fidelity)
    assert [point["checkpoint"] for point in found["checkpoints"]] == [2, 4]
    assert [point["checkpoint_step"] for point in found["checkpoints"]] == [20, 40]
    assert (found["images"], found["real_images"], found["size"]) == (4, 12, 32)
    first = paths.fidelity.read_bytes()
    fidelity.run(paths, params)
    assert drawn == ["checkpoint-2", "checkpoint-4"]
    assert paths.fidelity.read_bytes() == first


def test_it_goes_on_where_it_was_killed(
    paths: Paths, params: Params, drawn: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fidelity.run(paths, params)
    whole = paths.fidelity.read_bytes()
    paths.fidelity.unlink()
    write_json(paths.fidelity_points / "run.json", {"fingerprint": "another", "finished": True})
    kept = fidelity.draw

    def killed(source: str, *arguments: object, **keywords: object) -> object:
        if source == "checkpoint-4":
            raise KeyboardInterrupt
        return kept(source, *arguments, **keywords)

    monkeypatch.setattr(fidelity, "draw", killed)
    with pytest.raises(KeyboardInterrupt):
        fidelity.run(paths, params)
    assert not paths.fidelity.exists()
    assert (paths.fidelity_points / "checkpoint-2.json").exists()
    monkeypatch.setattr(fidelity, "draw", kept)
    drawn.clear()
    fidelity.run(paths, params)
    assert drawn == ["checkpoint-4"]
    assert paths.fidelity.read_bytes() == whole


def test_other_inputs_begin_anew(paths: Paths, params: Params, drawn: list[str]) -> None:
    fidelity.run(paths, params)
    drawn.clear()
    (paths.checkpoint(3) / "weights").write_text("trained again")
    fidelity.run(paths, params)
    assert drawn == ["checkpoint-2", "checkpoint-4"]


def test_the_last_checkpoint_is_measured_if_no_other_is(
    paths: Paths, params: Params, drawn: list[str]
) -> None:
    fidelity.run(paths, replace(params, fidelity=replace(params.fidelity, every=9)))
    assert drawn == ["checkpoint-4"]


def test_a_generator_beside_the_network_is_measured_by_the_same(
    paths: Paths, params: Params, drawn: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        fidelity, "read_autoencoder", lambda folder: SimpleNamespace(checkpoint_step=70)
    )
    asked = replace(
        params,
        autoencoder=replace(params.autoencoder, steps=7 * params.train.checkpoint_every),
        sample=replace(params.sample, generators=("autoencoder",)),
    )
    fidelity.run(paths, asked)
    assert drawn == ["checkpoint-2", "checkpoint-4", "checkpoint-7"]
    (beside,) = read_json(paths.fidelity)["generators"]
    assert (beside["source"], beside["checkpoint_step"]) == ("autoencoder", 70)
    assert {"frechet_random_conv", "bands", "intervals"} <= beside.keys()
    fidelity.run(paths, params)
    assert "generators" not in read_json(paths.fidelity)


def test_wrong_weights_are_heard_of_before_a_film_is_drawn(
    paths: Paths, params: Params, drawn: list[str], weights: Weights
) -> None:
    wrong = replace(params.fidelity, weights=str(weights.path), weights_sha256=64 * "0")
    with pytest.raises(CxrReleaseError, match="hashes to"):
        fidelity.run(paths, replace(params, fidelity=wrong))
    assert drawn == []


def test_the_report_is_written_with_figures_and_curves_and_warns(
    paths: Paths, params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    write_json(paths.curves, {"curve": losses([3, 2, 1], [3, 2, 2.5])})
    write_json(paths.fidelity, distances(9, 5, 3))
    checkpoints.run(paths, params)
    assert {path.name for path in paths.checkpoints.iterdir()} == {
        "report.json", "losses.png", "distances.png", "quality.png", "bands.png", "losses.csv",
        "distances.csv",
    }  # fmt: skip
    assert capsys.readouterr().err == (
        "warning: sample.checkpoints: Recommended and not sampled: checkpoint 3.\n"
    )
    checkpoints.run(paths, replace(params, sample=replace(params.sample, checkpoints=(2, 3))))
    assert capsys.readouterr().err == ""
