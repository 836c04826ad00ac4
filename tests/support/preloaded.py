"""Programs that a test starts by name, forked from a process that has imported what takes long.

A stage that needs torch imports for six seconds and works for one, and `dvc repro` starts twenty.
`Preloaded(folder)` puts a `python`, `dvc`, `accelerate` and `cxr-release` into `folder / "bin"`
(`preloading()` finds it a folder); with that at the front of PATH, what they are asked is done by a
fork of one waiting process: in the caller's folder, with its environment, arguments and streams,
until the caller is killed, which ends all that the fork has started, too. The package itself is
imported by each fork, from where it is run. What a fork shares with the others is what a process
has once: the seed of its hashes, and modules of libraries, which know the environment of the
waiting process. No fork asks the Hub for anything.
"""

from __future__ import annotations

import gc
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[2]
PROGRAMS = {
    "python": "",
    "dvc": "dvc",
    "accelerate": "accelerate.commands.accelerate_cli",
    "cxr-release": "cxr_release.cli",
}
"""Name of a program → the module that it runs; "": the one that follows `-m`."""
LIBRARIES = ("accelerate.commands.launch", "datasets", "dvc.cli", "dvc.commands.repro",
             "dvc.repo.reproduce", "imagecodecs", "jinja2", "matplotlib.pyplot",
             "PIL.PngImagePlugin", "torch.distributed.run")  # fmt: skip
"""What is imported late, in functions."""

CLIENT = """#!{python} -SE
import json, os, socket, sys
words, module = sys.argv[1:], {module!r}
if not module:
    words = words[1:] if words[:1] == ["-u"] else words
    if words[:1] != ["-m"]:
        os.execv({python!r}, [{python!r}, *sys.argv[1:]])
    module, *words = words[1:]
asked = {{"module": module, "words": words, "cwd": os.getcwd(), "env": dict(os.environ)}}
with socket.socket(socket.AF_UNIX) as link:
    link.connect({address!r})
    socket.send_fds(link, [b"."], [0, 1, 2])
    link.sendall(json.dumps(asked).encode())
    link.shutdown(socket.SHUT_WR)
    code = link.recv(9)
sys.exit(int(code))
"""


class Preloaded:
    """The waiting process; `bin` is for the front of PATH.

    Args:
        folder: a new one of its own, with a short path: a socket lies in it.
    """

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        address = folder / "socket"
        for name, module in PROGRAMS.items():
            text = CLIENT.format(python=sys.executable, module=module, address=str(address))
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(address)],
            cwd=ROOT,
            env=os.environ
            | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != b"ready\n":
            self.close()
            raise RuntimeError("the process that imports for others did not start")

    def environment(self) -> dict[str, str]:
        """What a program is told that is to be one of these, and start only these."""
        path = os.pathsep.join(
            [str(self.bin), str(Path(sys.executable).parent), os.environ["PATH"]]
        )
        # accelerate starts processes by this variable.
        return os.environ | {"PATH": path, "PYTHON_EXEC": str(self.bin / "python")}

    def close(self) -> None:
        """End it; forks end with those who asked for them."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def preloading() -> Iterator[Preloaded]:
    """The waiting process, for as long as it is wanted."""
    with TemporaryDirectory() as folder:
        process = Preloaded(Path(folder))
        try:
            yield process
        finally:
            process.close()


def run(asked: dict[str, Any]) -> int:
    """What was asked, as a process of its own would do it; its exit code."""
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.argv = [asked["module"], *asked["words"]]
    sys.path = [path for path in sys.path if path not in {str(ROOT), str(Path(__file__).parent)}]
    told = filter(None, asked["env"].get("PYTHONPATH", "").split(os.pathsep))
    sys.path[:0] = [asked["cwd"], *told]
    try:
        runpy.run_module(asked["module"], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        code = 1
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    return code


def attend(link: socket.socket) -> None:
    """One caller: do in a fork what it asks, and end that when the caller is gone.

    The fork leads a group of processes of its own: where it is DVC, the stages that it has started
    end with it.
    """
    _, streams, _, _ = socket.recv_fds(link, 1, 3)
    asked = json.loads(b"".join(iter(lambda: link.recv(1 << 16), b"")))
    child = os.fork()
    if not child:
        link.close()
        os.setpgid(0, 0)
        for place, stream in enumerate(streams):
            os.dup2(stream, place)
            os.close(stream)
        os._exit(run(asked))
    with suppress(OSError):  # the fork may have been faster, or have ended
        os.setpgid(child, child)
    for stream in streams:
        os.close(stream)
    ended = os.pidfd_open(child)
    gone = select.poll()
    gone.register(ended, select.POLLIN)
    # It has said all that it will: only that it is gone makes this an event.
    gone.register(link, 0)
    try:
        wanted = any(which == ended for which, _ in gone.poll())
    except KeyboardInterrupt:
        wanted = False
    if not wanted:
        os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    with suppress(OSError):
        link.sendall(str(code if code >= 0 else 128 - code).encode())


def _validate() -> None:
    """With its first table pandera imports what checks tables, and Hypothesis where that is."""
    import pandas as pd
    from pandera.pandas import Check, Column, DataFrameSchema

    schema = DataFrameSchema({"number": Column(int, Check.ge(0))})
    schema.validate(pd.DataFrame({"number": [1]}))


def main() -> None:
    """Import, then fork for whoever calls."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen(16)
    import cxr_release.stages

    for stage in pkgutil.iter_modules(cxr_release.stages.__path__, "cxr_release.stages."):
        import_module(stage.name)
    for name in LIBRARIES:
        import_module(name)
    _validate()
    for name in [name for name in sys.modules if name.partition(".")[0] == "cxr_release"]:
        del sys.modules[name]
    # A million objects that are there to stay: no fork looks for garbage among them.
    gc.collect()
    gc.freeze()
    os.write(1, b"ready\n")
    while True:
        link, _ = listener.accept()
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not os.fork():
            listener.close()
            attend(link)
            os._exit(0)
        link.close()


if __name__ == "__main__":
    main()
