"""Computed radiographs of pydicom's test data, shown as their tags say."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from cxr_release.films.grey import window
from cxr_release.films.png import Film


@cache
def shown_as_stated(name: str) -> Film:
    """A film of the test data of pydicom-data, `RG1` or `RG3`, in 8 bits: bone bright.

    Both are MONOCHROME1: the least value is shown white.
    """
    pydicom = pytest.importorskip("pydicom")
    pytest.importorskip("data_store")
    from pydicom.data import get_testdata_file

    data = pydicom.dcmread(get_testdata_file(f"{name}_UNCR.dcm", download=False))
    assert data.PhotometricInterpretation == "MONOCHROME1"
    film: Film = 255 - window(data.pixel_array.astype(np.uint16))
    return film
