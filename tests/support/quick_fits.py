"""Audits and facing rules fitted to fewer drawn pictures: in a third of the time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cxr_release.memorization import discriminant
from cxr_release.radiographs import facing

FEWER = {discriminant: ("DRAWS", 400), facing: ("MIXED", 256)}
"""Module → its number of pictures that are drawn to fit, and how many suffice for a test that is
about other things than what is found."""


@contextmanager
def quick_fits() -> Iterator[None]:
    """In this process, as long as it lasts."""
    with pytest.MonkeyPatch.context() as patch:
        for module, (name, count) in FEWER.items():
            patch.setattr(module, name, count)
        yield


def quicken(package: Path) -> None:
    """The same in a project's own copy of the package, for the processes that run there.

    Args:
        package: the copied folder `cxr_release`.
    """
    for module, (name, count) in FEWER.items():
        path = package.joinpath(*module.__name__.split(".")[1:]).with_suffix(".py")
        text = path.read_text()
        # A name alone, or the last of several that get their numbers together.
        changed, times = re.subn(rf"^((?:\w+, )*{name} = .*?)\d+$", rf"\g<1>{count}", text, flags=re.M)
        assert times == 1
        path.write_text(changed)
