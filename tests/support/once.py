"""What several workers of a run need and one of them makes, in a folder that ends with the run."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

FOLDER = "CXR_RELEASE_TESTS_ONCE"
"""Environment variable with the folder; `tests/conftest.py` makes it and removes it."""


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """A file or folder, made by whoever asks for it first; the others wait for it.

    Args:
        name: a file name, of what depends on nothing but this name.
        make: writes it to the path that it is given.
    """
    path = Path(os.environ[FOLDER]) / name
    if not path.exists():
        with path.with_name(f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                partial = path.with_name(f"partial-{name}")
                make(partial)
                partial.rename(path)
    return path
