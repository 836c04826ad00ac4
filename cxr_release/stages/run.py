"""How a stage is run: from the repository's root, errors as one line and exit code 1."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

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
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(1) from None
