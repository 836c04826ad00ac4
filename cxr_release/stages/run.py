"""How a stage is run: from the repository's root, errors as one line and exit code 1."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from cxr_release import params as parameters
from cxr_release.ending import DEBUG, one_line_errors
from cxr_release.paths import Paths


def execute(stage: Callable[..., None]) -> None:
    """Call `stage(paths, params, *arguments)` with what stands on the command line."""
    paths = Paths(Path())
    with one_line_errors(debug=bool(os.environ.get(DEBUG))):
        stage(paths, parameters.load(paths.params), *sys.argv[1:])
