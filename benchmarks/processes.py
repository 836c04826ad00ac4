"""What the benchmarks that measure in processes of their own share; loads no library to measure."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any


def measured(module: str, *options: str) -> dict[str, Any]:
    """What a benchmark's module prints as JSON on its last line, run in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"error: {' '.join(options)}: {done.stderr.strip().splitlines()[-1]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def forget_peak() -> None:
    """Count the peak of this process's memory from here."""
    Path("/proc/self/clear_refs").write_text("5")


def peak(process: int | str = "self") -> float:
    """Most memory that a process held, MiB. Not `getrusage`, which counts the parent's too."""
    return kib(f"/proc/{process}/status", "VmHWM") / 1024


def processor() -> float:
    """Seconds that all cores together spent on this process and its finished children."""
    return sum(os.times()[:4])


def kib(path: str, key: str) -> int:
    """A number in a file of `/proc`."""
    match = re.search(rf"^{key}:\s*(\d+) kB", Path(path).read_text(), re.MULTILINE)
    assert match, f"{path} has no {key}"
    return int(match[1])
