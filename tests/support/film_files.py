"""Films on disk, as the audit may find them."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from cxr_release.encoders.encoder import Encoder
from cxr_release.films import png
from cxr_release.films.film_set import FilmSet
from cxr_release.films.film_source import OpenedFilm
from cxr_release.memorization import features
from cxr_release.tables import IMAGE


def film(seed: int, side: int = 64) -> png.Film:
    """A smooth random film."""
    coarse = np.random.default_rng(seed).integers(30, 220, size=(8, 8))
    return np.kron(coarse, np.ones((side // 8, side // 8))).astype(np.uint8)


def film_bytes(seed: int, side: int = 64, *, synthetic: bool = False) -> bytes:
    """The same as 8-bit grey PNG."""
    return png.encode(film(seed, side), synthetic=synthetic)


def saved(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    """Any pixels in any format that Pillow writes."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format=kind)
    return stream.getvalue()


def write_films(folder: Path, films: Mapping[str, bytes]) -> Path:
    """File name → bytes, in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in films.items():
        (folder / name).write_bytes(data)
    return folder


def write_table(
    path: Path,
    films: Mapping[str, bytes | None],
    *,
    patients: Sequence[str | None] | None = None,
    rows_per_group: int = 3,
) -> Path:
    """An image table: id → bytes, and patients if given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [{"bytes": data, "path": f"{name}.png"} for name, data in films.items()]
    columns: dict[str, Any] = {
        "image": pa.array(cells, IMAGE),
        "id": pa.array(list(films), pa.string()),
    }
    if patients is not None:
        columns["patient"] = pa.array(patients, pa.string())
    pq.write_table(pa.table(columns), path, row_group_size=rows_per_group)
    return path


def keep_and_load(folder: Path, kept: features.StoredFeatures, times: int, start: Barrier) -> None:
    """Keep the same features again and again; each time they can be loaded, and no notice falls."""
    notices: list[logging.LogRecord] = []
    logging.getLogger(features.__name__).addHandler(_Listing(notices))
    films = kept.account.ids
    encoder = Encoder(
        name="kept",
        dimensions=kept.matrix.shape[1],
        dtype=kept.matrix.dtype.type,
        model=None,
        transform=np.asarray,
        fingerprint="",
    )
    start.wait()
    for _ in range(times):
        features.save(folder, "key", kept)
        found = features.load(folder, "key", films=films, encoder=encoder)
        assert found is not None
        assert np.array_equal(found.matrix, kept.matrix)
    assert notices == []


def everything(films: FilmSet) -> Iterator[OpenedFilm]:
    """Every film found, source by source; unreadable ones with their fault."""
    for source in films.sources:
        yield from source.read(0, len(source.places))


class _Listing(logging.Handler):
    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__()
        self.emit = records.append  # type: ignore[method-assign]
