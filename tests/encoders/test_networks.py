from __future__ import annotations

import hashlib
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
import torchvision
from torchvision.models import ResNet18_Weights, ViT_B_16_Weights, list_models
from torchvision.models._api import WeightsEnum

from cxr_release.encoders import registry, weights
from cxr_release.encoders.encoder import Encoder, imagededup_models
from cxr_release.errors import CxrReleaseError
from cxr_release.films.png import Film
from tests.support.encoded import encode
from tests.support.hostile_pickle import Hostile

RESNET_URL = ResNet18_Weights.IMAGENET1K_V1.url


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def film(seed: int, side: int = 64) -> Film:
    coarse = np.random.default_rng(seed).integers(30, 220, size=(8, 8))
    return np.kron(coarse, np.ones((side // 8, side // 8))).astype(np.uint8)


def load(name: str, path: Path | None, sha256: str | None = None) -> Encoder:
    given = hash_of(path) if sha256 is None and path is not None else sha256 or ""
    encoder = registry.load(name, weights=path, sha256=given)
    assert encoder is not None
    return encoder


def refused(name: str, path: Path | None, sha256: str | None = None) -> str:
    with pytest.raises(CxrReleaseError) as error:
        load(name, path, sha256)
    return str(error.value)


@pytest.fixture(scope="module")
def resnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of a resnet18."""
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("resnet") / "resnet18.pth"
    torch.save(torchvision.models.resnet18(weights=None).state_dict(), path)
    return path


@pytest.fixture(scope="module")
def vit_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of a ViT-B/16 at 384."""
    torch.manual_seed(2)
    path = tmp_path_factory.mktemp("vit") / "vit.pth"
    state = torchvision.models.vit_b_16(weights=None, image_size=384).state_dict()
    torch.save(
        {name: tensor + 0.02 * torch.randn_like(tensor) for name, tensor in state.items()}, path
    )
    return path


def published(monkeypatch: pytest.MonkeyPatch, member: Any, path: Path) -> None:
    """Let torchvision's address of some weights name a file of ours."""
    stem = member.url.rpartition("-")[0]
    monkeypatch.setattr(member.value, "url", f"{stem}-{hash_of(path)[:8]}.pth")


@pytest.mark.long
def test_the_vit_is_imagededups_own(vit_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def local(member: WeightsEnum, **_: Any) -> Any:
        assert member is ViT_B_16_Weights.IMAGENET1K_SWAG_E2E_V1
        return torch.load(vit_weights, weights_only=True)

    # What torchvision would download, when the stock class is made.
    monkeypatch.setattr(WeightsEnum, "get_state_dict", local)
    stock = imagededup_models().ViT()
    monkeypatch.undo()
    monkeypatch.setattr(
        torch.hub, "load_state_dict_from_url", lambda *_, **__: pytest.fail("a download")
    )
    encoder = load("vit", vit_weights)
    assert (encoder.name, encoder.dimensions) == ("vit", 768)
    reference = Encoder(
        name="stock", dimensions=768, model=stock, transform=stock.transform, fingerprint=""
    )
    films = [film(1)]
    features = encode(encoder, films)
    assert np.array_equal(features, encode(reference, films))
    assert features.shape == (1, 768)
    assert features.std() > 0


def test_vit_weights_of_another_size_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "vit.pth"
    torch.save({"class_token": torch.zeros(1, 1, 768)}, path)
    message = refused("vit", path)
    assert "does not hold the weights of torchvision's vit_b_16 of image size 384" in message
    assert ViT_B_16_Weights.IMAGENET1K_SWAG_E2E_V1.url in message


def test_a_backbone_gives_what_its_last_layer_would_see(resnet: Path) -> None:
    encoder = load("resnet18", resnet)
    assert encoder.dimensions == 512
    model = torchvision.models.resnet18(weights=None)
    model.load_state_dict(torch.load(resnet, weights_only=True))
    seen: list[torch.Tensor] = []
    model.fc.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    films = [film(1), film(2, side=96)]
    stock = Encoder(
        name="stock",
        dimensions=1000,
        model=model.eval(),
        transform=ResNet18_Weights.DEFAULT.transforms(),
        fingerprint="",
    )
    encode(stock, films)
    features = encode(encoder, films)
    assert np.array_equal(features, torch.cat(seen).numpy())
    assert not np.array_equal(features[0], features[1])


def test_a_film_has_the_same_features_whatever_its_batch(resnet: Path) -> None:
    encoder = load("resnet18", resnet)
    films = [film(seed) for seed in range(5)]
    together = encode(encoder, films)
    alone = np.concatenate([encode(encoder, [single]) for single in reversed(films)])[::-1]
    # Bit for bit where it was measured; other processors may round otherwise.
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-6)


def test_safetensors_give_the_same(resnet: Path, tmp_path: Path) -> None:
    path = tmp_path / "resnet18.safetensors"
    safetensors.torch.save_file(torch.load(resnet, weights_only=True), path)
    first, second = load("resnet18", resnet), load("resnet18", path)
    films = [film(1)]
    assert np.array_equal(encode(first, films), encode(second, films))
    assert first.fingerprint != second.fingerprint
    path.write_bytes(path.read_bytes()[:-1])
    assert "not a whole file of tensors alone" in refused("resnet18", path)


def test_another_file_than_the_one_that_was_meant_is_refused(resnet: Path) -> None:
    message = refused("resnet18", resnet, 64 * "0")
    assert hash_of(resnet) in message
    assert 64 * "0" in message


def test_without_a_hash_only_a_published_file_is_taken(
    resnet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = refused("resnet18", resnet, "")
    assert hash_of(resnet) in message
    assert RESNET_URL in message
    known = load("resnet18", resnet).weights
    assert known is not None
    assert (known.sha256, known.published, known.license) == (hash_of(resnet), False, "")
    published(monkeypatch, ResNet18_Weights.IMAGENET1K_V1, resnet)
    known = load("resnet18", resnet, "").weights
    assert known is not None
    assert known.published
    # A hash that was given counts, though the file is published.
    assert "hashes to" in refused("resnet18", resnet, 64 * "0")


def test_swag_weights_carry_their_licence(
    vit_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(monkeypatch, ViT_B_16_Weights.IMAGENET1K_SWAG_E2E_V1, vit_weights)
    known = load("vit", vit_weights, "").weights
    assert known is not None
    assert (known.published, known.license) == (True, "CC BY-NC 4.0")
    # The same file as a plain backbone: its own enum member sets the size of 384.
    encoder = load("vit_b_16", vit_weights, "")
    assert encoder.dimensions == 768
    assert encoder.transform.crop_size == [384]
    assert encoder.weights == known


def test_every_address_of_torchvision_names_a_hash() -> None:
    names = list_models(module=torchvision.models)
    members = [member for name in names for member in torchvision.models.get_model_weights(name)]
    assert len(members) > 100
    prefixes = {weights.published_prefix(member) for member in members}
    assert all(8 <= len(member) <= 64 for member in prefixes)
    assert {member[:8] for member in prefixes} >= {"f37072fd", "9ac1b537"}


def test_a_member_without_a_hash_is_no_published_file() -> None:
    class Nameless:
        url = "https://example.org/weights.pth"

    assert not hashlib.sha256(b"").hexdigest().startswith(weights.published_prefix(Nameless))


def test_missing_weights_are_asked_for_by_address(tmp_path: Path) -> None:
    message = refused("resnet18", None)
    assert "needs a file of weights, and none is downloaded" in message
    assert RESNET_URL in message
    assert "vit_b_16_swag" in refused("vit", None)
    message = refused("resnet18", tmp_path / "none.pth", 64 * "0")
    assert str(tmp_path / "none.pth") in message
    assert "No such file" in message
    assert "is not a file" in refused("resnet18", tmp_path, 64 * "0")


def test_a_thumbnail_takes_no_weights(resnet: Path) -> None:
    assert "has no weights" in refused("thumbnail", resnet)
    assert "has no weights" in refused("thumbnail", None, 64 * "0")
    assert registry.load("thumbnail", weights=None, sha256="") is None


def test_unknown_names_name_those_near_them(resnet: Path) -> None:
    assert "did you mean resnet18" in refused("resnet-18", resnet)
    assert "vit" in refused("vitt", None)
    assert "thumbnail" in refused("qqqqq", None)


def test_a_model_without_a_last_linear_layer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "squeezenet.pth"
    torch.save(torchvision.models.squeezenet1_1(weights=None).state_dict(), path)
    assert "no last linear layer" in refused("squeezenet1_1", path)


def test_old_names_in_densenet_files_are_understood() -> None:
    state = {"features.denseblock1.denselayer1.norm.1.weight": 1, "features.norm0.weight": 2}
    assert registry._renamed("densenet121", state) == {
        "features.denseblock1.denselayer1.norm1.weight": 1,
        "features.norm0.weight": 2,
    }
    assert registry._renamed("resnet18", state) == state


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_runs_code_is_refused_and_not_run(tmp_path: Path, zipped: bool) -> None:
    mark, path = tmp_path / "mark", tmp_path / "weights.pth"
    torch.save({"a": Hostile(mark)}, path, _use_new_zipfile_serialization=zipped)
    message = refused("resnet18", path)
    assert "not a whole file of tensors alone" in message
    assert "weights_only" not in message
    assert not mark.exists()
    path.write_bytes(pickle.dumps(Hostile(mark)))
    refused("resnet18", path)
    assert not mark.exists()
    pickle.loads(path.read_bytes())  # noqa: S301 - our own, to see that it would have run
    assert mark.exists()


def test_truncated_files_and_other_content_are_refused(resnet: Path, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    data = resnet.read_bytes()
    for length in (0, 1, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        assert "not a whole file" in refused("resnet18", path), length
    for content in ([torch.ones(2)], {"a": 3}, torch.ones(2)):
        torch.save(content, path)
        assert "does not hold a state dict" in refused("resnet18", path)
    state = torch.load(resnet, weights_only=True)
    torch.save(state | {"other": torch.ones(1)}, path)
    message = refused("resnet18", path)
    assert "does not hold the weights of torchvision's resnet18" in message
    assert RESNET_URL in message
    torch.save(state | {"fc.bias": torch.ones(7)}, path)
    assert "fc.bias" in refused("resnet18", path)
    torch.save(state | {"fc.bias": torch.full((1000,), torch.nan)}, path)
    assert "not finite numbers in fc.bias" in refused("resnet18", path)


def test_files_beyond_any_weights_are_not_read(
    resnet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "MAX_BYTES", 1000)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("was read"))
    assert "is larger than" in refused("resnet18", resnet, 64 * "0")


def test_a_file_swapped_after_the_check_is_not_read(
    resnet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, path = tmp_path / "mark", tmp_path / "weights.pth"
    path.write_bytes(resnet.read_bytes())
    tensors = weights._tensors

    def swapped(data: bytes, path: Path) -> Any:
        torch.save(Hostile(mark), path)
        return tensors(data, path)

    monkeypatch.setattr(weights, "_tensors", swapped)
    assert load("resnet18", path).dimensions == 512
    assert not mark.exists()
