"""Audits and facing rules that are fitted in a quarter of the time, to fewer drawn pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cxr_release.memorization import discriminant, matching
from cxr_release.radiographs import facing

FEWER = ((discriminant, "DRAWS", 400), (matching, "FOLDS", 2), (facing, "MIXED", 256))
"""Module, number, and what suffices of it for tests that are about other things than how well
copies and facings are found."""


@contextmanager
def quick_fits() -> Iterator[None]:
    """In this process, as long as it lasts."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name, count in FEWER:
            patch.setattr(module, name, count)
        yield


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
