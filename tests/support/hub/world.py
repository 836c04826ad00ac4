"""What tests of pushing need: a small release, a Hub, and clients that do not dawdle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxr_release.publishing import push as pushing
from cxr_release.publishing.hub_client import Patience
from cxr_release.publishing.push_model import push_model
from tests.support.hub.requests import REPO, WRITER
from tests.support.model_records import model_json
from tests.support.ports import free_port
from tests.support.records import record_json

if TYPE_CHECKING:
    from tests.support.hub.server import Hub

HERE = Path(__file__).parent
QUICK = Patience(tries=4, first=0.0, longest=0.0, asked=60.0, silence=10.0)
SHARD = "data/checkpoint-{}/train-00000-of-00001.parquet"
DONE = {name: {"state": "complete"} for name in ("screening", "audit", "reader_study")}


def noise(seed: int, size: int = 20_000) -> bytes:
    """Bytes that do not compress."""
    import random

    return random.Random(seed).randbytes(size)


def write_release(
    folder: Path, version: str = "1.0.0", *, model: bool = False, **changed: bytes | None
) -> Path:
    """Something with a release's names. Nothing looks inside but a `release.json` for its reviews.

    Args:
        folder: where to write it.
        version: its version; the card says it too.
        model: whether its record is that of a released network.
        changed: `shard_N` → other bytes of that shard; None leaves it out.
    """
    shards = {f"shard_{number}": noise(number) for number in (1, 2, 3)} | changed
    record = record_json(title="Films", version=version, tag=f"v{version}", reviews=DONE)
    files: dict[str, bytes | None] = {
        "README.md": f"---\nlicense: cc-by-4.0\n---\n# Films {version}\n".encode(),
        **(
            {"model.json": json.dumps(model_json(version=version, tag=f"v{version}")).encode()}
            if model
            else {"release.json": json.dumps(record).encode()}
        ),
        "SHA256SUMS": version.encode(),
        "figures/losses.png": noise(9, 500),
        **{SHARD.format(name.removeprefix("shard_")): data for name, data in shards.items()},
    }
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        if data is not None:
            path.write_bytes(data)
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@dataclass
class World:
    """A Hub, a release, and this process as its client."""

    hub: Hub
    folder: Path
    waits: list[float] = field(default_factory=list)
    """Seconds that the client would have waited."""
    model: bool = False
    """Whether the release is of a network, for the Hub's model repo; then that is `hub.store`."""

    def push(self, **options: Any) -> dict[str, Any]:
        given: dict[str, Any] = {
            **{"repo": REPO, "tag": None, "private": False, "dry_run": False},
            "patience": QUICK,
        }
        if self.model:
            return push_model(self.folder, **given | {"allow_weights": REPO} | options)
        given |= {"allow_unreviewed": False, "ledger": None}
        return pushing.push(self.folder, **given | options)

    def release(self, version: str = "1.0.0", **changed: bytes | None) -> Path:
        return write_release(self.folder, version, model=self.model, **changed)

    @property
    def state(self) -> tuple[Any, list[str]]:
        """Everything that a push could change for those who read."""
        repo = self.hub.store.repo
        return repo, self.hub.store.commits() if repo else []

    def require_published(self, tag: str = "v1.0.0") -> None:
        """The release is on the Hub: complete, identical, on main and under its tag."""
        store = self.hub.store
        assert store.files("main") == files_of(self.folder)
        assert store.files(tag) == files_of(self.folder)


def environment(url: str, home: Path, *, xet: bool, token: str | None = WRITER) -> dict[str, str]:
    """What a fresh client process is told; its caches are new."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return {
        **kept,
        **({} if token is None else {"HF_TOKEN": token}),
        **({} if xet else {"HF_HUB_DISABLE_XET": "1"}),
        "HF_ENDPOINT": url,
        "HF_HOME": str(home),
        "HF_UPDATE_DOWNLOAD_COUNTS": "0",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_XET_CLIENT_RETRY_BASE_DELAY": "20ms",
        "HF_XET_CLIENT_RETRY_MAX_ATTEMPTS": "3",
        "OMP_NUM_THREADS": "1",
        # datasets looks at torch if there is one, and it takes two seconds to come.
        "USE_TORCH": "0",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }


@contextmanager
def client_process(
    folder: Path, env: dict[str, str], tries: int = 6
) -> Iterator[subprocess.Popen[str]]:
    """A process that pushes `folder`; it is gone after the block, whatever comes of the test."""
    with subprocess.Popen(
        [sys.executable, str(HERE / "client.py"), str(folder), str(tries)],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as client:
        try:
            yield client
        finally:
            client.kill()


def run_client(folder: Path, env: dict[str, str], tries: int = 6) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a process that pushes `folder`."""
    with client_process(folder, env, tries) as client:
        out, err = client.communicate(timeout=60)
        return client.returncode, out, err


class ServerProcess:
    """A Hub in a process of its own, which can be killed and started again."""

    def __init__(self, folder: Path, *, xet: bool = False) -> None:
        self.folder, self.xet, self.port = folder, xet, free_port()
        self.process: subprocess.Popen[str] | None = None

    def start(self, *die: str) -> None:
        """Start it, at the same port as ever; `die` is method and path that it dies of."""
        self.stop()
        self.process = subprocess.Popen(
            [
                *(sys.executable, str(HERE / "server.py"), str(self.folder)),
                *(str(self.port), "xet" if self.xet else "lfs", *die),
            ],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert self.process.stdout is not None
        assert int(self.process.stdout.readline()) == self.port

    def wait_for_death(self) -> int:
        assert self.process is not None
        return self.process.wait(timeout=60)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait(timeout=60)
            assert self.process.stdout is not None
            self.process.stdout.close()
