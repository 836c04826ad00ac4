"""The package as users have it: its wheel, built and installed into an empty environment."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path

from tests.support import ROOT
from tests.support.preloaded import Preloaded

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
LONGEST = 3000
"""Seconds that one command may take."""


def built(folder: Path) -> Path:
    """The wheel of what git tracks in the source tree, as it is now, in a new folder."""
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    source = folder / "source"
    for name in filter(None, os.fsdecode(tracked).split("\0")):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name, follow_symlinks=False)
    command = [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source]
    subprocess.run(command, check=True, timeout=LONGEST)
    (wheel,) = folder.glob("*.whl")
    return wheel


class Installed:
    """An environment that holds the wheel, and sees the libraries of this one.

    Args:
        folder: an empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.home = folder / "environment"
        subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", self.home], check=True, timeout=LONGEST
        )
        self.python = self.home / "bin/python"
        subprocess.run(
            [*PIP[:3], "--python", self.python, *PIP[3:], "install", "--no-deps", "--no-index",
             built(folder)],
            check=True,
            timeout=LONGEST,
        )  # fmt: skip
        libraries = self.home / os.path.relpath(
            sysconfig.get_path("purelib"), sysconfig.get_path("data")
        )
        # A line of a .pth file is a folder to look into; the .pth files in that are not read, so
        # that the editable source tree of this environment is not seen.
        (libraries / "libraries.pth").write_text(sysconfig.get_path("purelib"))
        self.package = libraries / "cxr_release"
        dvc = self.home / "bin/dvc"
        dvc.write_text(f'#!/bin/sh\nexec {self.python} -m dvc "$@"\n')
        dvc.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables of a user who has activated it, and nothing of the source tree."""
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        person = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", "a"), ("EMAIL", "a@example.org"))
        }
        path = f"{self.home / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return kept | person | {"PATH": path, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}

    def quickly(self, preloaded: Preloaded) -> dict[str, str]:
        """Environment variables by which programs are forks of one, with this wheel's package."""
        path = preloaded.environment()
        return {name: path[name] for name in ("PATH", "PYTHON_EXEC")} | {
            "PYTHONPATH": str(self.package.parent)
        }

    def run(self, command: str, folder: Path, *, code: int | None = 0, **environment: str) -> str:
        """What a command line of bash prints; fails where it does not end with `code`."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        assert code is None or done.returncode == code, f"{command}: {done.stdout}"
        return done.stdout

    def open_page(self, command: str, folder: Path) -> None:
        """Start a command that serves pages, wait for its address, and end it as Ctrl-C does."""
        with subprocess.Popen(
            ["bash", "-c", f"exec {command.partition('#')[0]} --port 0"],
            cwd=folder,
            env=self.environment | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as serving:
            guard = threading.Timer(LONGEST, serving.kill)
            guard.start()
            try:
                printed = []
                for line in serving.stdout or ():
                    printed.append(line)
                    if "http://" in line:
                        break
                assert printed and "http://" in printed[-1], "".join(printed)
            finally:
                serving.send_signal(signal.SIGINT)
                serving.communicate()
                guard.cancel()
