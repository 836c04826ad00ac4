"""Networks out of files, and what they measure."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cxr_release.encoders import registry
from cxr_release.errors import CxrReleaseError
from cxr_release.fidelity import inception
from cxr_release.fidelity.distances import frechet_distance
from cxr_release.films.film_set import FilmSet
from cxr_release.scorecard.anchors import Rows, rows_of
from cxr_release.scorecard.extractors import Extractor, open_extractor
from cxr_release.scorecard.names import CONTROL, IDEAL, RELEASED, TRAINED
from cxr_release.scorecard.sets import score_sets
from tests.support.encoded import encode
from tests.support.random_films import as_set, clouds


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def opened(network: str, path: Path) -> Extractor:
    return open_extractor(network, path, hash_of(path))


def small() -> tuple[Rows, dict[str, FilmSet]]:
    films = {
        TRAINED: as_set("trained", clouds(20, seed=1)),
        CONTROL: as_set("control", clouds(20, seed=2)),
        RELEASED: as_set("drawn", clouds(20, seed=3)),
    }
    rows = rows_of(score_sets(films[TRAINED], films[CONTROL], films[RELEASED]), np.arange(20))
    assert rows is not None
    return rows, films


def test_what_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(b"no tensors")
    for network in ("inception", "radimagenet", "timm:resnet18"):
        with pytest.raises(CxrReleaseError, match="SHA-256 of the weights"):
            open_extractor(network, path, "")


@pytest.mark.long
def test_a_file_without_tensors_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(b"no tensors")
    for network in ("inception", "radimagenet"):
        with pytest.raises(CxrReleaseError, match="tensors alone"):
            opened(network, path)


@pytest.mark.long
def test_radimagenet_numbers_the_layers_of_a_resnet(tmp_path: Path) -> None:
    import torch
    import torchvision

    torch.manual_seed(1)
    model = torchvision.models.resnet50(weights=None)
    state = {name: value for name, value in model.state_dict().items() if name[:3] != "fc."}
    own = torch.nn.Module()
    own.backbone = torch.nn.Sequential(*list(model.children())[:9])
    theirs, plain = tmp_path / "ResNet50.pt", tmp_path / "resnet50.pth"
    torch.save(own.state_dict(), theirs)
    torch.save(state, plain)
    film = clouds(1, seed=1)[0][0]
    features = [
        encode(registry.radimagenet(path, hash_of(path)), [film])[0] for path in (theirs, plain)
    ]
    np.testing.assert_array_equal(*features)
    model.fc = torch.nn.Identity()
    resized = Image.fromarray(film).resize((224, 224), Image.Resampling.BILINEAR)
    grey = (torch.from_numpy(np.asarray(resized, np.float32)) - 127.5) * 2 / 255
    with torch.inference_mode():
        expected = model.eval()(grey.expand(1, 3, -1, -1))[0].numpy()
    np.testing.assert_allclose(features[0], expected, rtol=1e-4, atol=1e-5)
    torch.save(state | {"backbone.9.weight": torch.zeros(1)}, plain)
    with pytest.raises(CxrReleaseError, match="does not hold the weights"):
        opened("radimagenet", plain)


@pytest.mark.long
def test_a_classifier_of_torchvision_gives_a_distance_of_its_own(tmp_path: Path) -> None:
    import torch
    import torchvision

    torch.manual_seed(2)
    path = tmp_path / "resnet18.pth"
    torch.save(torchvision.models.resnet18(weights=None).state_dict(), path)
    with pytest.raises(CxrReleaseError, match="no encoder 'resnet5'"):
        opened("resnet5", path)
    extractor = opened("resnet18", path)
    rows, films = small()
    measures = extractor.measure(rows, films)
    ((key, found),) = measures.items()
    assert key == ("Fréchet distance", f"resnet18, weights {hash_of(path)[:12]}")
    ideal = next(row for row in rows.rows if row.name == IDEAL)
    drawn, real = (extractor.features(row.read(films)) for row in (ideal, rows.reference))
    assert drawn.shape == (10, 512)
    assert found[IDEAL].value == pytest.approx(frechet_distance(drawn, real))
    low, high = found[IDEAL].interval or (0, 0)
    assert low <= found[IDEAL].value <= high
    assert found["noise"].value > found[IDEAL].value


@pytest.mark.long
def test_inception_gives_what_torch_fidelity_does(tmp_path: Path) -> None:
    from tests.support.fidelity_artefacts import random_weights
    from tests.support.other_fidelity import torch_fidelity

    weights = random_weights(tmp_path / "weights.pth")
    extractor = open_extractor("inception", weights.path, weights.sha256)
    rows, films = small()
    ideal = next(row for row in rows.rows if row.name == IDEAL)
    pictures = [np.stack(list(row.read(films))) for row in (ideal, rows.reference)]
    drawn, real = (extractor.features(row.read(films)) for row in (ideal, rows.reference))
    found = extractor.metrics(ideal, drawn, rows.reference, real)
    assert set(found) == {"FID", "KID", "Inception score"}

    expected = torch_fidelity(*pictures, weights.path, isc=True, isc_splits=10, rng_seed=7)
    assert found["FID"].value == pytest.approx(expected["frechet_inception_distance"], rel=1e-3)
    score = inception.inception_score(drawn[:, inception.WIDTH :], splits=10, seed=7)
    assert score == pytest.approx(expected["inception_score_mean"], rel=1e-4)
    assert extractor.higher == {"Inception score"}
    assert "other weights than published" in extractor.name


def test_timm_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(CxrReleaseError, match="timm is not installed") as caught:
        open_extractor("timm:resnet18", tmp_path / "weights.pth", "0" * 64)
    assert "cxr-release[timm]" in str(caught.value)


@pytest.mark.long
def test_a_network_of_timm_where_it_is_installed(tmp_path: Path) -> None:
    timm = pytest.importorskip("timm")
    import torch

    torch.manual_seed(3)
    path = tmp_path / "resnet10t.pth"
    model = timm.create_model("resnet10t", pretrained=False)
    torch.save(model.state_dict(), path)
    extractor = opened("timm:resnet10t", path)
    film = clouds(1, seed=1)[0][0]
    (found,) = extractor.features([film])
    model.reset_classifier(0)
    picture = Image.fromarray(film).convert("RGB")
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model))
    with torch.inference_mode():
        expected = model.eval()(transform(picture)[None])[0].numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    for name in ("resnet10", "hf-hub:someone/something"):
        with pytest.raises(CxrReleaseError, match="timm has no network"):
            opened(f"timm:{name}", path)
