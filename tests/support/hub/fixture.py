"""The fixture `world`, for modules that say `pytest_plugins = ("tests.support.hub.fixture",)`."""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.hub.believing import BELIEVING, VERIFY
from tests.support.hub.requests import WRITER
from tests.support.hub.server import Hub
from tests.support.hub.world import ServerProcess, World, write_release


def _off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verification has its own tests; certificates are read anew for every client. Both last."""
    from httpx2._transports import default

    monkeypatch.setitem(sys.modules, VERIFY, BELIEVING)
    monkeypatch.setattr("cxr_release.release.verify", BELIEVING, raising=False)
    monkeypatch.setattr(default, "create_ssl_context", lambda **_: _NO_CERTIFICATES)


_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A Hub without Xet, a small release, a client that never really waits."""
    with _made(tmp_path, monkeypatch, model=False) as one:
        yield one


@pytest.fixture
def model_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The same with a network that may go out; `hub.store` is the Hub's model repo."""
    with _made(tmp_path, monkeypatch, model=True) as one:
        yield one


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A Hub without Xet in a process of its own, not yet started."""
    one = ServerProcess(tmp_path / "hub")
    yield one
    one.stop()


@contextmanager
def _made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, model: bool) -> Iterator[World]:
    import huggingface_hub
    from huggingface_hub import constants
    from huggingface_hub.utils import _http

    from cxr_release.publishing import hub_client

    with Hub(tmp_path / "hub") as hub:
        one = World(hub, write_release(tmp_path / "release", model=model), model=model)
        if model:
            hub.store = hub.stores["models"]
        clock = SimpleNamespace(sleep=one.waits.append)
        monkeypatch.setattr(_http, "time", clock)
        monkeypatch.setattr(hub_client, "time", clock)
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(huggingface_hub, "get_token", lambda: os.environ.get("HF_TOKEN"))
        monkeypatch.setenv("HF_TOKEN", WRITER)
        _off(monkeypatch)
        yield one
