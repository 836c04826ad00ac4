from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from cxr_release.errors import SourceError
from cxr_release.films import png

films = hnp.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)))


@given(films, st.booleans())
def test_pixels_survive_and_bytes_repeat(film: np.ndarray, synthetic: bool) -> None:
    data = png.encode(film, synthetic=synthetic)
    assert np.array_equal(png.decode(data, where="x"), film)
    assert png.encode(film, synthetic=synthetic) == data
    assert png.is_labelled(data) == synthetic
    facts = png.facts(film, data)
    assert (facts["height"], facts["width"]) == film.shape


def test_the_label_costs_little_and_is_plain_to_other_readers() -> None:
    film = np.zeros((64, 64), np.uint8)
    labelled, plain = png.encode(film, synthetic=True), png.encode(film, synthetic=False)
    assert len(labelled) - len(plain) < 900
    with Image.open(io.BytesIO(labelled)) as image:
        assert image.text["Software"] == "cxr-release"
        assert "trainedAlgorithmicMedia" in image.text["XML:com.adobe.xmp"]
    with Image.open(io.BytesIO(plain)) as image:
        assert image.info == {}


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind)
    return stream.getvalue()


WHOLE = encoded(Image.effect_noise((64, 64), 40))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        WHOLE[:-200],
        WHOLE[: len(WHOLE) // 2],
        encoded(Image.new("RGB", (8, 8))),
        encoded(Image.new("I;16", (8, 8))),
        encoded(Image.new("L", (8, 8)), "JPEG"),
        encoded(Image.new("L", (5000, 5000))),
    ],
)
def test_what_is_no_film_of_ours_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(SourceError, match="film-7"):
        png.decode(data, where="film-7")
