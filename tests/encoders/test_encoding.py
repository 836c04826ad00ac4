from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from scipy import ndimage

from cxr_release.encoders import encoding
from cxr_release.encoders.encoder import Encoder, fingerprint
from cxr_release.encoders.registry import thumbnail
from cxr_release.errors import CxrReleaseError
from cxr_release.films import png
from cxr_release.schemas import VIEWS
from tests.support.encoded import encode


def film(seed: int) -> png.Film:
    """A smooth random film, so that its thumbnail is its own."""
    coarse = np.random.default_rng(seed).integers(30, 220, size=(8, 8))
    return np.kron(coarse, np.ones((8, 8))).astype(np.uint8)


def data(pixels: png.Film) -> bytes:
    return png.encode(pixels, synthetic=False)


class Mean(torch.nn.Module):
    """Two numbers a film: the mean of its left half and of its right half."""

    def forward(self, films: torch.Tensor) -> torch.Tensor:
        left, right = films[:, 0].chunk(2, dim=2)
        return torch.stack([left.mean(dim=(1, 2)), right.mean(dim=(1, 2))], dim=1)


def halves(model: torch.nn.Module | None = None) -> Encoder:
    def transform(picture: Image.Image) -> Any:
        return torch.from_numpy(np.asarray(picture, dtype=np.float32).transpose(2, 0, 1))

    return Encoder(
        name="halves",
        dimensions=2,
        model=model or Mean(),
        transform=transform,
        fingerprint=fingerprint("halves"),
    )


def small(grey: png.Film, side: int, left: float = 0.025, top: float = 0.025) -> np.ndarray:
    """The thumbnail that is correlated, by scipy alone."""
    height, width = grey.shape
    box = (left * width, top * height, (left + 0.95) * width, (top + 0.95) * height)
    picture = Image.fromarray(grey).convert("F")
    seen = np.asarray(picture.resize((side, side), Image.Resampling.LANCZOS, box), float)
    fine, coarse = (ndimage.gaussian_filter(seen, share * side) for share in (1 / 32, 1 / 8))
    return fine - coarse


def test_thumbnail_cosine_is_the_weighted_correlation_of_small_films() -> None:
    side, films = 24, [film(1), film(2), film(3)]
    features = encode(thumbnail(side), map(data, films))
    assert features.dtype == np.float32
    assert features.shape == (3, side * side)
    assert np.linalg.norm(features, axis=1) == pytest.approx([1, 1, 1], abs=1e-6)
    taper = np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 2
    thumbnails = np.stack([small(each_film, side).ravel() for each_film in films])
    covariance = np.cov(thumbnails, aweights=np.outer(taper, taper).ravel())
    lengths = np.sqrt(np.diag(covariance))
    expected = covariance / np.outer(lengths, lengths)
    assert features @ features.T == pytest.approx(expected, abs=1e-5)


def test_a_thumbnail_crops_a_real_film_at_nine_places() -> None:
    encoder, picture = thumbnail(24), film(1)
    assert len(set(encoder.crops)) == 9
    assert encoder.crops[0] == "plain"
    places = {"down right": (0.045, 0.045), "up": (0.025, 0.005), "left": (0.005, 0.025)}
    for crop, (left, top) in places.items():
        (vector,) = encode(encoder.with_view(crop), [data(picture)])
        taper = np.sin(np.pi * (np.arange(24) + 0.5) / 24) ** 2
        expected = small(picture, 24, left, top)
        weight = np.outer(taper, taper)
        expected = (expected - (weight * expected).sum() / weight.sum()) * np.sqrt(weight)
        assert vector.reshape(24, 24) == pytest.approx(
            expected / np.linalg.norm(expected), abs=1e-5
        ), crop
    assert len({encoder.with_view(crop).fingerprint for crop in encoder.crops}) == 9


def test_a_thumbnail_is_bit_for_bit_what_imagededup_makes_of_it() -> None:
    encoder = thumbnail(24)

    def as_tensors(transform: Callable[[Image.Image], Any]) -> Callable[[Image.Image], Any]:
        return lambda picture: torch.from_numpy(transform(picture)).reshape(1, 24, 24)

    by_imagededup = replace(
        encoder,
        model=torch.nn.Flatten(),
        transform=as_tensors(encoder.transform),
        more_crops={name: as_tensors(transform) for name, transform in encoder.more_crops.items()},
    )
    noise = np.random.default_rng(7).integers(0, 256, (97, 61)).astype(np.uint8)
    blank = np.full((64, 64), 90, np.uint8)
    films = [data(pixels) for pixels in (film(1), film(2)[:, :40].copy(), noise, blank)]
    views = [*encoder.crops, *VIEWS[1:]]
    direct = encoding.encode_views(encoder, films, views)
    indirect = encoding.encode_views(by_imagededup, films, views)
    for view in views:
        assert direct[view].tobytes() == indirect[view].tobytes(), view


def test_a_negative_is_exactly_opposite() -> None:
    features = encoding.encode_views(thumbnail(24), [data(film(4))], VIEWS)
    assert features["inverted"] == pytest.approx(-features["plain"], abs=1e-6)


def test_a_constant_film_is_like_nothing() -> None:
    blank = np.full((64, 64), 90, np.uint8)
    features = encode(thumbnail(16), [data(blank), data(film(1))])
    assert not features[0].any()
    assert features[1].any()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_films_have_as_many_rows(count: int) -> None:
    features = encoding.encode_views(thumbnail(8), [data(film(1))] * count, VIEWS)
    assert list(features) == list(VIEWS)
    assert {matrix.shape for matrix in features.values()} == {(count, 64)}
    assert {matrix.dtype for matrix in features.values()} == {np.dtype(np.float32)}


def test_each_view_is_the_turned_film_seen_plainly() -> None:
    films = [film(seed) for seed in range(3)]
    turned = {
        "plain": films,
        "mirrored": [pixels[:, ::-1] for pixels in films],
        "inverted": [255 - pixels for pixels in films],
        "mirrored-inverted": [255 - pixels[:, ::-1] for pixels in films],
    }
    for encoder in (halves(), thumbnail(16)):
        together = encoding.encode_views(encoder, map(data, films), VIEWS)
        for view in VIEWS:
            expected = encode(
                encoder, [data(np.ascontiguousarray(pixels)) for pixels in turned[view]]
            )
            assert np.array_equal(together[view], expected), view
            alone = encode(encoder.with_view(view), map(data, films))
            assert np.array_equal(alone, expected), view
    means = encode(halves(), [data(films[0])])[0]
    assert means == pytest.approx([films[0][:, :32].mean(), films[0][:, 32:].mean()])


def test_a_view_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="upside-down"):
        halves().with_view("upside-down")


def test_no_piece_holds_more_than_its_bound_and_the_order_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(encoding, "PIECE", 4)
    monkeypatch.setattr(encoding, "BATCH", 3)
    films = [data(np.full((8, 8), value, np.uint8)) for value in range(11)]
    seen: list[int] = []
    folders: list[Path] = []
    checked = encoding._checked
    write = Path.write_bytes

    def counted(rows: list[Any], done: int) -> Any:
        seen.append(len(rows))
        return checked(rows, done)

    def noted(path: Path, content: bytes) -> int:
        folders.append(path.parent)
        return write(path, content)

    monkeypatch.setattr(encoding, "_checked", counted)
    monkeypatch.setattr(Path, "write_bytes", noted)
    taken = 0

    def one_by_one() -> Iterator[bytes]:
        nonlocal taken
        for data in films:
            assert taken - sum(seen) < 4
            taken += 1
            yield data

    features = encode(halves(), one_by_one())
    assert features[:, 0].tolist() == list(range(11))
    assert seen == [4, 4, 3]
    assert len(set(folders)) == 3
    assert not any(folder.exists() for folder in folders)
    seen.clear()
    monkeypatch.setattr(encoding, "PIECE_BYTES", 2 * len(films[0]) - 1)
    assert encode(halves(), films)[:, 0].tolist() == list(range(11))
    assert seen == [2, 2, 2, 2, 2, 1]


# imagededup leaves a file open that it could not read.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("broken", [b"not a film", b"", data(film(1))[:200]])
@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_film_that_cannot_be_read_is_never_left_out(broken: bytes, place: int) -> None:
    films = [data(film(seed)) for seed in range(4)]
    films.insert(place, broken)
    for encoder in (thumbnail(8), halves()):
        with pytest.raises(CxrReleaseError, match=f"1 of 5 films.*film {place + 1}"):
            encode(encoder, films)
        with pytest.raises(CxrReleaseError, match="1 of 1 films"):
            encode(encoder, [broken])


def test_features_that_are_no_numbers_are_refused() -> None:
    class Dark(Mean):
        def forward(self, films: torch.Tensor) -> torch.Tensor:
            return 1 / super().forward(films)

    black, grey = np.zeros((8, 8), np.uint8), np.full((8, 8), 5, np.uint8)
    assert encode(halves(Dark()), [data(grey)])[0] == pytest.approx([0.2, 0.2])
    with pytest.raises(CxrReleaseError, match="film 2 are not finite"):
        encode(halves(Dark()), [data(grey), data(black)])


def test_an_error_of_the_model_is_not_taken_for_a_bad_film() -> None:
    class Failing(Mean):
        def forward(self, films: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        encode(halves(Failing()), [data(film(1))])


def test_the_fingerprint_follows_what_the_features_depend_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = thumbnail(16)
    assert plain.fingerprint == thumbnail(16).fingerprint
    fingerprints = {thumbnail(17).fingerprint, fingerprint("thumbnail"), fingerprint("vit")}
    fingerprints |= {fingerprint("vit", weights_sha256=digit * 64) for digit in "ab"}
    fingerprints |= {plain.with_view(view).fingerprint for view in VIEWS}
    monkeypatch.setattr("cxr_release.encoders.encoder.TRANSFORM", 99)
    fingerprints.add(thumbnail(16).fingerprint)
    monkeypatch.undo()
    monkeypatch.setattr("cxr_release.encoders.encoder.version", lambda name: "0")
    fingerprints.add(thumbnail(16).fingerprint)
    assert len(fingerprints) == 11
    assert all(len(digit) == 64 for digit in fingerprints)


def test_mirroring_is_that_of_pillow() -> None:
    """The features of a colour picture too: imagededup hands over RGB."""
    picture = Image.fromarray(film(3)).convert("RGB")
    assert np.array_equal(
        halves().with_view("mirrored").transform(picture),
        halves().transform(ImageOps.mirror(picture)),
    )
