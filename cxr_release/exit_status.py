"""How a command or a stage ends: exit code 0, or 1 with one line on stderr that says why."""

from __future__ import annotations

import inspect
import io
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

from cxr_release.errors import CxrReleaseError, of_system, one_line
from cxr_release.params.load import load_params
from cxr_release.paths import Paths
from cxr_release.timings import record
from cxr_release.tool_code import require_installed

DEBUG = "CXR_RELEASE_DEBUG"
"""Environment variable by which a stage shows tracebacks."""
_PACKAGE = Path(__file__).parent
_SHOWN = 300
"""Characters of a foreign error that are repeated."""

_NOTHING = cast(TextIO, None)
"""In the place of a standard output that fails: Python would try again at its end."""


@contextmanager
def one_line_errors(*, debug: bool = False) -> Iterator[None]:
    """Around a whole command: every error becomes a line on stderr.

    Args:
        debug: let them through, with their traceback.

    Raises:
        SystemExit: 1 after an error.
    """
    stdout = sys.stdout
    if isinstance(stdout, io.TextIOWrapper):  # a terminal that lacks a letter is shown its code
        stdout.reconfigure(errors="backslashreplace")
    sys.stdout = cast(TextIO, _Printing(stdout))
    try:
        try:
            yield
        except SystemExit as end:
            if not end.code:
                sys.stdout.flush()
            raise
        sys.stdout.flush()
    except BrokenPipeError:  # as in `| head`
        sys.stdout = _NOTHING
        raise SystemExit(1) from None
    except (CxrReleaseError, OSError) as error:
        if debug:
            raise
        if isinstance(error, _UnprintedError):
            sys.stdout = _NOTHING
        failure = of_system(error) if isinstance(error, OSError) else error
        sys.stderr.write(f"error: {failure}\n")
        raise SystemExit(1) from None
    except Exception as error:
        if debug:
            raise
        sys.stderr.write(f"error: {_unforeseen(error)}\n")
        raise SystemExit(1) from None
    finally:
        if isinstance(sys.stdout, _Printing):
            sys.stdout = stdout


def _unforeseen(error: Exception) -> CxrReleaseError:
    """An unexpected exception, as a line that says so and where it was raised."""
    loop = str(error).partition("Symlink loop from ")  # which Path.resolve raised until 3.13
    if isinstance(error, RuntimeError) and loop[1]:
        return CxrReleaseError("is a link that leads to itself", where=one_line(loop[2]))
    frames = [
        f"{Path(frame.filename).name} line {frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(_PACKAGE)
    ]
    text = one_line(f"{type(error).__name__}: {error}")[:_SHOWN]
    return CxrReleaseError(
        f"{text}: unexpected error: a fault of cxr-release, or of a file that it reads",
        where=frames[-1] if frames else "",
        remedy=f"see the whole traceback with --debug (a stage: {DEBUG}=1), and report it",
    )


class _UnprintedError(CxrReleaseError):
    """A command's output could not be printed; its work is done all the same."""


class _Printing:
    """Standard output, whose errors are kept apart from those of files."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with _print_failures():
            return self._stream.write(text)

    def flush(self) -> None:
        with _print_failures():
            self._stream.flush()


@contextmanager
def _print_failures() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _UnprintedError(
            f"{error.strerror}: not all could be printed; what was done until then is done",
            where="standard output",
        ) from error


def execute(stage: Callable[..., None]) -> None:
    """Call `stage(paths, params, *arguments)` with the arguments of the command line."""
    paths = Paths(Path())
    with one_line_errors(debug=bool(os.environ.get(DEBUG))):
        require_installed(paths.root, Path(inspect.getfile(stage)).stem)
        started = time.monotonic()
        stage(paths, load_params(paths.params), *sys.argv[1:])
        record(paths, time.monotonic() - started)
