from __future__ import annotations

import numpy as np
import pytest

from cxr_release import encoders
from cxr_release.memorization.audit import audit, pair_rows, pair_sheet
from cxr_release.radiographs import png


def film(seed: int) -> np.ndarray:
    """A smooth random film, so that its thumbnail is its own."""
    coarse = np.random.default_rng(seed).integers(30, 220, size=(8, 8))
    return np.kron(coarse, np.ones((8, 8))).astype(np.uint8)


def encoded(films: dict[str, np.ndarray], synthetic: bool) -> dict[str, bytes]:
    return {name: png.encode(one, synthetic=synthetic) for name, one in films.items()}


def test_thumbnail_cosine_is_the_correlation_of_small_films() -> None:
    films = [film(1), film(2)]
    features = encoders.encode(
        encoders.thumbnail(8), [png.encode(one, synthetic=False) for one in films]
    )
    assert features.dtype == np.float32
    assert features.shape == (2, 64)
    assert np.linalg.norm(features, axis=1) == pytest.approx([1, 1], abs=1e-6)
    small = [one[4::8, 4::8].ravel().astype(float) for one in films]
    # Resampling blurs the coarse squares a little; the correlation is nearly theirs.
    assert float(features[0] @ features[1]) == pytest.approx(np.corrcoef(*small)[0, 1], abs=0.05)


def test_a_constant_film_is_like_nothing() -> None:
    blank = np.full((64, 64), 90, np.uint8)
    data = [png.encode(one, synthetic=False) for one in (blank, film(1))]
    features = encoders.encode(encoders.thumbnail(16), data)
    assert np.allclose(features[0], 0, atol=1e-6)


def test_one_film_alone_is_encoded_too() -> None:
    assert encoders.encode(encoders.thumbnail(8), [png.encode(film(1), synthetic=False)]).shape == (
        1,
        64,
    )


def test_a_film_that_cannot_be_read_is_never_left_out() -> None:
    with pytest.raises(RuntimeError, match="1 of 2 films"):
        encoders.encode(
            encoders.thumbnail(8), [png.encode(film(1), synthetic=False), b"not a film"]
        )


def test_a_planted_copy_is_the_first_pair() -> None:
    real = {f"patient-{seed}": film(seed) for seed in range(12)}
    noise = np.random.default_rng(5).normal(0, 6, (64, 64))
    copied = np.clip(real["patient-7"] + noise, 0, 255).astype(np.uint8)
    synthetic = {f"checkpoint-1-large-{seed:05d}": film(100 + seed) for seed in range(9)}
    synthetic["checkpoint-1-large-00009"] = copied
    real_bytes, synthetic_bytes = encoded(real, False), encoded(synthetic, True)
    found = audit(real_bytes, synthetic_bytes, encoder=encoders.thumbnail(16), top=10)
    first = found.pairs[0]
    assert (first.real_id, first.synthetic_id) == ("patient-7", "checkpoint-1-large-00009")
    assert first.cosine > 0.98 > found.pairs[1].cosine
    assert found.report["cosine"] == {
        "highest": first.cosine,
        "lowest": found.pairs[-1].cosine,
    }
    assert (found.report["real"], found.report["synthetic"]) == (12, 10)
    assert [row["rank"] for row in pair_rows(found.pairs)] == list(range(1, 11))
    sheet = pair_sheet(found.pairs, real_bytes, synthetic_bytes)
    assert sheet.width > 12 * 112
