"""Audits and facing rules that are fitted in a quarter of the time, to fewer drawn pictures; and
scorecards that compare fewer pairs of films."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cxr_release.memorization import comparer, discriminant, matching
from cxr_release.memorization.descriptor import Descriptor
from cxr_release.memorization.discriminant import Setting
from cxr_release.memorization.sampler import Pictures
from cxr_release.radiographs import facing
from cxr_release.scorecard import fidelity

FEWER = (
    (discriminant, "DRAWS", 400),
    (matching, "FOLDS", 2),
    (facing, "MIXED", 256),
    (fidelity, "PAIRS", 4),
)
"""Module, number, and what suffices of it for tests that are about other things than how well
copies and facings are found, or how various films are."""


@contextmanager
def quick_fits() -> Iterator[None]:
    """In this process, as long as it lasts."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name, count in FEWER:
            patch.setattr(module, name, count)
        yield


KEPT = 8
"""Fits that are kept: each is some 10 MB."""


@contextmanager
def kept_fits() -> Iterator[None]:
    """What was fitted is not fitted again to the same films, with as many draws and one seed.

    Not for tests of what a fit may depend on: blocks and threads are no part of what it is kept by.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparer, "fitted", _fitted_once)
        yield


_kept: OrderedDict[str, list[Descriptor]] = OrderedDict()


def _fitted_once(
    films: Pictures, folds: NDArray[np.integer], setting: Setting, *, seed: int
) -> list[Descriptor]:
    arrays = (films, np.asarray(folds, np.int64))
    known = repr((films.shape, films.dtype, setting, seed, discriminant.DRAWS)).encode()
    key = hashlib.sha256(known + b"".join(each.tobytes() for each in arrays)).hexdigest()
    if key not in _kept:
        _kept[key] = discriminant.fitted(films, folds, setting, seed=seed)
    _kept.move_to_end(key)
    if len(_kept) > KEPT:
        _kept.popitem(last=False)
    return list(_kept[key])


def quicken(package: Path) -> None:
    """The same in a project's own copy of the package, for the processes that run there.

    Args:
        package: the copied folder `cxr_release`.
    """
    for module, name, count in FEWER:
        path = package.joinpath(*module.__name__.split(".")[1:]).with_suffix(".py")
        assert hasattr(module, name)
        with path.open("a") as file:
            file.write(f"\n{name} = {count}\n")
