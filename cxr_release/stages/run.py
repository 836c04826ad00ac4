"""How a stage is run: from the repository's root, errors as one line and exit code 1."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from cxr_release import params as parameters
from cxr_release.errors import CxrReleaseError
from cxr_release.params import Params
from cxr_release.paths import Paths


def execute(stage: Callable[..., None]) -> None:
    """Call `stage(paths, params, *arguments)` with what stands on the command line."""
    paths = Paths(Path())
    try:
        params: Params = parameters.load(paths.params)
        stage(paths, params, *sys.argv[1:])
    except CxrReleaseError as error:
        _give_up(str(error))
    except OSError as error:
        if error.errno not in _OF_THE_DISK:
            raise
        place = f"{error.filename}: " if error.filename else ""
        _give_up(f"{place}{error.strerror}: make room, or let it be written, and run again")


_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EROFS}
"""What goes wrong outside this program: no room, no right."""


def _give_up(why: str) -> NoReturn:
    sys.stderr.write(f"error: {why}\n")
    raise SystemExit(1) from None
