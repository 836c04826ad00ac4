"""All that can go wrong with a dataset's push, with a network's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.publishing import test_push_faults as faults
from tests.support.hub.server import Hub
from tests.support.hub.world import (
    World,
    client_process,
    environment,
    files_of,
    run_client,
    write_release,
)

pytest_plugins = ("tests.support.hub.fixture",)
pytestmark = pytest.mark.long
OF_PROCESSES = {
    "test_a_server_that_is_killed_and_started_again_gets_all_of_it",
    "test_a_push_that_is_killed_is_finished_by_the_next",
}
"""They look at the dataset repo; see below."""
globals().update(
    {
        name: test
        for name, test in vars(faults).items()
        if name.startswith("test_") and name not in OF_PROCESSES
    }
)


@pytest.fixture
def world(model_world: World) -> World:
    return model_world


@pytest.mark.parametrize("path", ["/lfs/", "/commit/", "/tag/"])
def test_a_push_that_is_killed_is_finished_by_the_next(tmp_path: Path, path: str) -> None:
    folder = write_release(tmp_path / "release", model=True)
    with Hub(tmp_path / "hub") as hub:
        store, clients = hub.stores["models"], []
        env = environment(hub.url, tmp_path / "home", xet=False)
        method = "PUT" if path == "/lfs/" else "POST"
        hub.trouble(method, path, before=lambda: [client.kill() for client in clients])
        with client_process(folder, env) as client:
            clients.append(client)
            client.communicate(timeout=60)
        assert set(store.files()) in (set(), set(files_of(folder))), "never half"
        code, _, err = run_client(folder, env)
        assert code == 0, err
        assert store.files() == store.files("v1.0.0") == files_of(folder)
        assert len(store.commits()) == 2
