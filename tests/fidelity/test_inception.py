from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from cxr_release.encoders import weights as file_of_weights
from cxr_release.errors import CxrReleaseError
from cxr_release.fidelity import inception
from cxr_release.fidelity.inception import Inception, fid, kid, load
from tests.support.fidelity_artefacts import Weights, hash_of
from tests.support.hostile_pickle import Hostile
from tests.support.other_fidelity import torch_fidelity


def films(count: int, *, seed: int, bright: int = 0) -> np.ndarray:
    chance = np.random.default_rng(seed)
    coarse = chance.integers(0, 200, (count, 4, 4))
    grain = chance.integers(0, 40, (count, 32, 32))
    return (coarse.repeat(8, axis=1).repeat(8, axis=2) + grain + bright).astype(np.uint8)


@pytest.fixture(scope="module")
def network(weights: Weights) -> Inception:
    return load(*weights)


def refused(path: Path, sha256: str | None = None) -> str:
    with pytest.raises(CxrReleaseError) as error:
        load(path, sha256 or hash_of(path))
    assert str(path) in str(error.value)
    return str(error.value)


def test_fid_and_kid_are_those_of_torch_fidelity(weights: Weights, network: Inception) -> None:
    drawn, real = films(3, seed=1, bright=9), films(5, seed=2)
    expected = torch_fidelity(drawn, real, weights.path, kid=True, kid_subset_size=3, rng_seed=5)
    features = network.features(drawn), network.features(real)
    assert features[0].shape == (3, 2048)
    assert features[0].dtype == np.float32
    value, (low, high) = fid(*features, draws=5, seed=5)
    assert value == pytest.approx(expected["frechet_inception_distance"], rel=1e-3)
    assert low < value < high
    value, _ = kid(*features, draws=50, seed=5)
    assert value == pytest.approx(expected["kernel_inception_distance_mean"], rel=1e-3, abs=1e-6)


def test_batches_change_nothing(network: Inception, monkeypatch: pytest.MonkeyPatch) -> None:
    some = films(3, seed=3)
    whole = network.features(some)
    monkeypatch.setattr(inception, "BATCH", 2)
    np.testing.assert_allclose(network.features(some), whole, rtol=1e-4, atol=1e-5)


def test_it_says_what_it_is(network: Inception, weights: Weights) -> None:
    assert network.weights_sha256 == weights.sha256
    assert network.name.startswith("inception-v3-compat of torch-fidelity 0.")
    assert not network.published
    assert Inception(None, inception.PUBLISHED + 56 * "0", "cpu").published


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    message = refused(tmp_path / "none.pth", 64 * "0")
    assert "No such file" in message
    assert "fidelity.weights" in message
    assert "cannot read" in message
    assert "is not a file of weights" in refused(tmp_path, 64 * "0")


def test_another_file_than_the_one_that_was_meant_is_refused(weights: Weights) -> None:
    message = refused(weights.path, 64 * "0")
    assert weights.sha256 in message
    assert "fidelity.weights_sha256" in message


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_runs_code_is_refused_and_not_run(tmp_path: Path, zipped: bool) -> None:
    mark, path = tmp_path / "mark", tmp_path / "weights.pth"
    torch.save({"a": Hostile(mark)}, path, _use_new_zipfile_serialization=zipped)
    message = refused(path)
    assert "not a whole file of tensors alone" in message
    assert "weights_only" not in message
    assert not mark.exists()
    path.write_bytes(pickle.dumps(Hostile(mark)))
    refused(path)
    assert not mark.exists()
    pickle.loads(path.read_bytes())  # noqa: S301 - our own, to see that it would have run
    assert mark.exists()


def test_a_truncated_or_empty_file_is_refused(weights: Weights, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    data = weights.path.read_bytes()
    for length in (0, 1, 1000, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        assert "not a whole file" in refused(path), length


def test_other_content_is_refused(weights: Weights, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    for content in ([torch.ones(2)], {"a": 3}, torch.ones(2)):
        torch.save(content, path)
        assert "does not hold a state dict" in refused(path)
    torch.save({"Conv2d_1a_3x3.conv.weight": torch.ones(2)}, path)
    assert "not the weights of torch-fidelity's InceptionV3" in refused(path)
    state = torch.load(weights.path, weights_only=True)
    first = next(iter(state))
    torch.save(state | {"other": torch.ones(1)}, path)
    assert "not the weights" in refused(path)
    state[first][0] = torch.nan
    torch.save(state, path)
    assert f"not finite numbers in {first}" in refused(path)


def test_a_file_swapped_after_the_check_is_not_read(
    weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, path = tmp_path / "mark", tmp_path / "weights.pth"
    path.write_bytes(weights.path.read_bytes())
    checked = file_of_weights._hashed

    def then_swapped(path: Path, sha256: str) -> tuple[bytes, str]:
        found = checked(path, sha256)
        torch.save(Hostile(mark), path)
        return found

    monkeypatch.setattr(file_of_weights, "_hashed", then_swapped)
    assert load(path, weights.sha256).weights_sha256 == weights.sha256
    assert not mark.exists()
