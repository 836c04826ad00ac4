"""The command line, called in this process."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys

import pytest

from cxr_release.cli.commands import main


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """A command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.setattr(sys, "argv", ["cxr-release", *arguments])
        patch.setattr(sys, "stdin", io.StringIO(stdin))
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())
