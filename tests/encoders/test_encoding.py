from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from cxr_release.encoders import encoding
from cxr_release.encoders.encoder import Encoder, fingerprint
from cxr_release.encoders.registry import SMALL, small_picture
from cxr_release.errors import CxrReleaseError
from cxr_release.films import png
from cxr_release.films.film_source import OpenedFilm
from cxr_release.schemas import VIEWS
from tests.support.encoded import encode, opened, tiny


def film(seed: int) -> png.Film:
    """A smooth random film."""
    coarse = np.random.default_rng(seed).integers(30, 220, size=(8, 8))
    return np.kron(coarse, np.ones((8, 8))).astype(np.uint8)


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


def test_a_small_picture_is_the_film_reduced_whatever_its_proportions() -> None:
    """Each of its pixels is a weighted mean of a film's, by a triangle of twice its width."""
    chance = np.random.default_rng(7)
    films = [film(1), film(2)[:, :40].copy(), chance.integers(0, 256, (97, 161)).astype(np.uint8)]
    features = encode(small_picture(), films)
    assert features.dtype == np.uint8
    assert features.shape == (3, SMALL * SMALL)
    assert np.array_equal(features[0].reshape(SMALL, SMALL), films[0])

    def triangles(pixels: int) -> np.ndarray:
        """(SMALL, pixels) weights."""
        width = max(1, pixels / SMALL)
        middles = (np.arange(SMALL) + 0.5) * pixels / SMALL
        distance = np.abs(np.arange(pixels) + 0.5 - middles[:, None]) / width
        weights = np.clip(1 - distance, 0, None)
        return weights / weights.sum(axis=1, keepdims=True)

    for pixels, row in zip(films, features, strict=True):
        expected = triangles(pixels.shape[0]) @ pixels @ triangles(pixels.shape[1]).T
        assert row.reshape(SMALL, SMALL) == pytest.approx(expected, abs=1.01)


def test_the_views_of_a_small_picture_are_those_of_the_film() -> None:
    """So that an audit needs to read it but once."""
    chance = np.random.default_rng(3)
    films = [chance.integers(0, 256, (90, 128)).astype(np.uint8), film(4)]
    views = encoding.encode_views(small_picture(), map(opened, films), VIEWS)
    plain = views["plain"].reshape(-1, SMALL, SMALL).astype(int)
    for view in VIEWS:
        turned = plain[:, :, ::-1] if "mirrored" in view else plain
        expected = 255 - turned if "inverted" in view else turned
        assert np.abs(views[view].reshape(plain.shape) - expected).max() <= 1, view


def test_a_film_of_any_size_has_a_small_picture() -> None:
    for shape in ((1, 1), (16, 16), (3, 400)):
        (row,) = encode(small_picture(), [np.full(shape, 90, np.uint8)])
        assert (row == 90).all()


@pytest.mark.parametrize("cores", [1, 2, 5])
def test_threads_do_not_change_the_rows(cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    films = [film(seed) for seed in range(7)]
    alone = np.stack([encode(tiny(8), [each])[0] for each in films])
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    counted: list[int] = []
    views = encoding.encode_views(tiny(8), map(opened, films), VIEWS, advance=counted.append)
    assert np.array_equal(views["plain"], alone)
    assert counted == [1] * 7


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_films_have_as_many_rows(count: int) -> None:
    for dtype in (np.uint8, np.float32):
        features = encoding.encode_views(tiny(8, dtype), [opened(film(1))] * count, VIEWS)
        assert list(features) == list(VIEWS)
        assert {matrix.shape for matrix in features.values()} == {(count, 64)}
        assert {matrix.dtype for matrix in features.values()} == {np.dtype(dtype)}


def test_each_view_is_the_turned_film_seen_plainly() -> None:
    films = [film(seed) for seed in range(3)]
    turned = {
        "plain": films,
        "mirrored": [pixels[:, ::-1] for pixels in films],
        "inverted": [255 - pixels for pixels in films],
        "mirrored-inverted": [255 - pixels[:, ::-1] for pixels in films],
    }
    for encoder in (halves(), tiny(16)):
        together = encoding.encode_views(encoder, map(opened, films), VIEWS)
        for view in VIEWS:
            expected = encode(encoder, [np.ascontiguousarray(pixels) for pixels in turned[view]])
            assert np.array_equal(together[view], expected), view
            alone = encode(encoder.with_view(view), films)
            assert np.array_equal(alone, expected), view
    means = encode(halves(), [films[0]])[0]
    assert means == pytest.approx([films[0][:, :32].mean(), films[0][:, 32:].mean()])


def test_a_view_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="upside-down"):
        halves().with_view("upside-down")


def test_no_piece_holds_more_than_its_bound_and_the_order_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(encoding, "PIECE", 4)
    monkeypatch.setattr(encoding, "BATCH", 3)
    films = [np.full((8, 8), value, np.uint8) for value in range(11)]
    written: dict[Path, int] = {}
    write = Path.write_bytes

    def noted(path: Path, content: bytes) -> int:
        written[path.parent] = written.get(path.parent, 0) + 1
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", noted)
    taken = 0

    def one_by_one() -> Iterator[png.Film]:
        nonlocal taken
        for film in films:
            assert taken - sum(written.values()) < 4
            taken += 1
            yield film

    features = encode(halves(), one_by_one())
    assert features[:, 0].tolist() == list(range(11))
    assert list(written.values()) == [4, 4, 3]
    assert not any(folder.exists() for folder in written)
    written.clear()
    monkeypatch.setattr(encoding, "PIECE_PIXELS", 2 * films[0].size - 1)
    assert encode(halves(), films)[:, 0].tolist() == list(range(11))
    assert list(written.values()) == [2, 2, 2, 2, 2, 1]


def test_films_keep_their_label_on_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    labels: list[bool] = []
    write = Path.write_bytes

    def noted(path: Path, content: bytes) -> int:
        labels.append(png.is_labelled(content))
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", noted)
    films = [OpenedFilm("a", film(1), labelled=label) for label in (True, False, True)]
    encoding.encode_views(halves(), films, ["plain"])
    assert labels == [True, False, True]


# imagededup leaves a file open that it could not read.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("broken", [b"not a film", b"", png.encode(film(9), synthetic=False)[:200]])
@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_film_that_cannot_be_read_is_never_left_out(
    broken: bytes, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor one whose file was damaged before imagededup came to it."""
    films = [film(seed) for seed in range(4)]
    films.insert(place, film(9))
    encode_png = png.encode

    def damaged(pixels: png.Film, *, synthetic: bool) -> bytes:
        return broken if pixels is films[place] else encode_png(pixels, synthetic=synthetic)

    monkeypatch.setattr(png, "encode", damaged)
    with pytest.raises(CxrReleaseError, match=f"film {place + 1} could not be encoded"):
        encode(halves(), films)
    with pytest.raises(CxrReleaseError, match="film 1 could not be encoded"):
        encode(halves(), [films[place]])
    unread = [*map(opened, films[:place]), OpenedFilm("b.png", fault="is truncated")]
    for encoder in (tiny(8), small_picture(), halves()):
        with pytest.raises(CxrReleaseError, match=r"b\.png: is truncated"):
            encoding.encode_views(encoder, unread, ["plain"])


def test_features_that_are_no_numbers_are_refused() -> None:
    class Dark(Mean):
        def forward(self, films: torch.Tensor) -> torch.Tensor:
            return 1 / super().forward(films)

    black, grey = np.zeros((8, 8), np.uint8), np.full((8, 8), 5, np.uint8)
    assert encode(halves(Dark()), [grey])[0] == pytest.approx([0.2, 0.2])
    with pytest.raises(CxrReleaseError, match="film 2 are not finite"):
        encode(halves(Dark()), [grey, black])


def test_an_error_of_the_model_is_not_taken_for_a_bad_film() -> None:
    class Failing(Mean):
        def forward(self, films: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        encode(halves(Failing()), [film(1)])


def test_the_fingerprint_follows_what_the_features_depend_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = small_picture()
    assert plain.fingerprint == small_picture().fingerprint
    fingerprints = {fingerprint("thumbnail"), fingerprint("vit")}
    fingerprints |= {fingerprint("vit", weights_sha256=digit * 64) for digit in "ab"}
    fingerprints |= {plain.with_view(view).fingerprint for view in VIEWS}
    monkeypatch.setattr("cxr_release.encoders.encoder.TRANSFORM", 99)
    fingerprints.add(small_picture().fingerprint)
    monkeypatch.undo()
    monkeypatch.setattr("cxr_release.encoders.registry.SMALL_VERSION", 99)
    fingerprints.add(small_picture().fingerprint)
    monkeypatch.undo()
    monkeypatch.setattr("cxr_release.encoders.encoder.version", lambda name: "0")
    fingerprints.add(small_picture().fingerprint)
    assert len(fingerprints) == 11
    assert all(len(digit) == 64 for digit in fingerprints)


def test_mirroring_is_that_of_pillow() -> None:
    """The features of a colour picture too: imagededup hands over RGB."""
    picture = Image.fromarray(film(3)).convert("RGB")
    assert np.array_equal(
        halves().with_view("mirrored").transform(picture),
        halves().transform(ImageOps.mirror(picture)),
    )
