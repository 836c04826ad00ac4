"""All films of a table in one array, as the network and the distances want them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxr_release import schemas, tables
from cxr_release.errors import AGAIN, TableError
from cxr_release.radiographs import png


def load_films(path: Path) -> tuple[list[str], NDArray[np.uint8]]:
    """Ids and films of a `schemas.COHORT` table, in its order.

    Returns:
        n ids, and (n, height, width) uint8; 325 MB for 4,963 films of 256 × 256.

    Raises:
        TableError, SourceError: the table or a film in it cannot be read.
    """
    ids: list[str] = []
    films: list[png.Film] = []
    for row in tables.iterate(path, schemas.COHORT):
        ids.append(row["id"])
        films.append(png.decode(row["image"]["bytes"], where=f"{path}: {row['id']}"))
    if not films:
        raise TableError("holds no film", where=str(path), remedy=AGAIN)
    return ids, np.stack(films)
