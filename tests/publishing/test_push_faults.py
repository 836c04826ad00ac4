"""Pushing where things go wrong: complete and identical in the end, or a clear error."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cxr_release.errors import ReleaseError
from tests.support.hub.believing import BELIEVING
from tests.support.hub.requests import REPO
from tests.support.hub.server import Hub
from tests.support.hub.store import Store
from tests.support.hub.world import (
    QUICK,
    SHARD,
    ServerProcess,
    World,
    client_process,
    environment,
    files_of,
    noise,
    run_client,
    write_release,
)

pytest_plugins = ("tests.support.hub.fixture",)

EVERY_REQUEST = [
    ("GET", f"/(datasets|models)/{REPO}$"),
    ("POST", "/repos/create"),
    ("GET", "/refs"),
    ("GET", "/tree/"),
    ("POST", "/preupload/"),
    ("POST", "/objects/batch"),
    ("PUT", "/lfs/"),
    ("POST", "/lfs/verify"),
    ("POST", "/validate-yaml"),
    ("POST", "/commit/"),
    ("POST", "/tag/"),
]


def test_every_request_may_fail_and_be_cut_off(world: World) -> None:
    world.hub.trouble("GET", "/whoami-v2", status=429, headers={"Retry-After": "60"})
    for method, path in EVERY_REQUEST:
        world.hub.trouble(method, path, status=500)
        world.hub.trouble(method, path, status=503)
        world.hub.trouble(method, path, drop=100)
    assert world.push(patience=replace(QUICK, tries=8))["state"] == "pushed"
    world.require_published()
    assert not any(trouble.times for trouble in world.hub.troubles), "all of them came"
    assert len(world.hub.store.commits()) == 2


# Not the look at an object after sending it: when it is tried again, the object is there.
@pytest.mark.parametrize(
    ("method", "path"), [one for one in EVERY_REQUEST if one[1] != "/lfs/verify"]
)
def test_a_request_that_fails_for_good_leaves_main_as_it_was(
    world: World, method: str, path: str
) -> None:
    world.hub.store.create(REPO, private=False)
    repo: Any = world.hub.store.repo
    if path == "/repos/create":
        (world.hub.store.folder / "repo.json").unlink()
    broken = world.hub.trouble(method, path, status=500, text="broken down", times=1000)
    with pytest.raises(ReleaseError) as caught:
        world.push()
    told = str(caught.value)
    assert world.hub.url in told
    assert "answers 500" in told
    assert "run the same command again" in told
    if path == "/tag/":  # the release is out by then, whole
        assert world.hub.store.files() == files_of(world.folder)
    elif path != "/repos/create":
        assert world.hub.store.repo == repo
    broken.times = 0
    assert world.push()["state"] == "pushed"
    world.require_published()


def test_an_upload_that_breaks_off_for_good_says_why(world: World) -> None:
    world.hub.trouble("PUT", "/lfs/", drop=100, times=1000)
    with pytest.raises(ReleaseError, match=r"the connection failed: .*; because of \w+Error: "):
        world.push()


def test_an_object_cut_off_on_its_way_is_sent_again(world: World) -> None:
    world.hub.trouble("PUT", "/lfs/", drop=7_000, times=3)
    world.push()
    world.require_published()


def test_an_upload_that_closes_the_shared_client_does_not_end_the_others(world: World) -> None:
    from huggingface_hub import close_session, get_session

    clients = []

    def close() -> None:
        clients.append(get_session())
        close_session()

    world.hub.trouble("PUT", "/lfs/", before=close)
    world.push()
    world.require_published()
    assert world.hub.count("PUT", "/lfs/") == 4, "each object was sent once"
    assert clients[0].is_closed, "in the end"


def test_an_upload_whose_client_another_one_took_away_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library's own look for its client can come back empty while another thread drops it."""
    from huggingface_hub.utils import _http

    true, lost = _http.get_session, [None, None]

    def get_session() -> Any:
        is_upload = sys._getframe(1).f_code.co_name == "_http_backoff_base"
        return lost.pop() if is_upload and lost else true()

    monkeypatch.setattr(_http, "get_session", get_session)
    world.push()
    world.require_published()
    assert not lost


def test_what_is_written_while_it_is_verified_is_not_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def verify(folder: Path) -> dict[str, Any]:
        (folder / SHARD.format(2)).write_bytes(noise(22))
        return {}

    monkeypatch.setitem(vars(BELIEVING), "verify", verify)
    world.hub.store.create(REPO, private=False)
    before = world.state
    with pytest.raises(ReleaseError) as caught:
        world.push()
    assert [fault.where for fault in caught.value.faults] == [SHARD.format(2)]
    assert "changed during the push" in str(caught.value)
    assert world.state == before


def test_it_waits_as_long_as_it_is_asked_to(world: World) -> None:
    world.hub.trouble("POST", "/preupload/", status=429, headers={"Retry-After": "7"})
    world.hub.trouble("POST", "/commit/", status=429, headers={"Retry-After": "11"})
    world.hub.trouble("GET", "/refs", status=503, headers={"Retry-After": "13"})
    limit = {"RateLimit": '"api";r=0;t=17'}
    world.hub.trouble("POST", "/tag/", status=429, headers=limit)
    world.push()
    world.require_published()
    # A second more: what headers say is rounded.
    assert sorted(wait for wait in world.waits if wait) == [8, 12, 14, 18]


@pytest.mark.parametrize("path", ["/preupload/", "/commit/"])
def test_it_does_not_wait_for_days(world: World, path: str) -> None:
    world.hub.store.create(REPO, private=False)
    before = world.state
    world.hub.trouble("POST", path, status=429, headers={"Retry-After": "900000"}, times=1000)
    with pytest.raises(ReleaseError, match=r"900,000 seconds.*run the same command again"):
        world.push()
    assert world.hub.count("POST", path) == 1
    assert max(world.waits, default=0.0) == 0
    assert world.state == before


def test_a_commit_by_somebody_else_in_between_is_not_overwritten(world: World) -> None:
    world.push()
    world.release("1.0.1", shard_1=noise(11))
    theirs = {"README.md": b"edited on the Hub"}
    world.hub.trouble("POST", "/commit/", before=lambda: world.hub.store.add(theirs))
    with pytest.raises(
        ReleaseError, match=r"main was changed in the meantime.*nothing of this release"
    ):
        world.push()
    assert world.hub.store.files()["README.md"] == theirs["README.md"]
    assert world.hub.store.files()[SHARD.format(1)] == noise(1)
    with world.hub.counting() as count:
        assert world.push()["state"] == "pushed"
        assert count("PUT", ".") == 0, "the object is there since the first try"
    world.require_published("v1.0.1")


def test_a_commit_whose_answer_is_lost_is_made_once(world: World) -> None:
    world.hub.trouble("POST", "/commit/", lose=True)
    report = world.push()
    world.require_published()
    assert report["commit"] == world.hub.store.head
    assert len(world.hub.store.commits()) == 2
    assert world.hub.count("POST", "/commit/") == 1


@pytest.mark.parametrize("answer", [{}, [], {"commitOid": 5}, {"commitOid": "f" * 40}])
def test_a_commit_whose_answer_makes_no_sense_is_found_on_main(world: World, answer: Any) -> None:
    world.hub.trouble("POST", "/commit/", edit=lambda said: answer)
    world.push()
    world.require_published()
    assert len(world.hub.store.commits()) == 2


def test_a_tag_whose_answer_is_lost_is_found(world: World) -> None:
    world.hub.trouble("POST", "/tag/", lose=True)
    world.push()
    world.require_published()
    assert world.hub.count("POST", "/tag/") == 1


def test_a_tag_that_somebody_else_made_in_between_is_an_error(world: World) -> None:
    world.hub.store.create(REPO, private=False)
    first = world.hub.store.head
    world.hub.trouble("POST", "/tag/", before=lambda: world.hub.store.tag("v1.0.0", first))
    with pytest.raises(ReleaseError, match=r"tag v1\.0\.0 is on commit"):
        world.push()
    repo: Any = world.hub.store.repo
    assert repo["tags"] == {"v1.0.0": first}


def test_a_repo_whose_making_was_not_answered_is_used(world: World) -> None:
    world.hub.trouble("POST", "/repos/create", lose=True)
    world.push(private=True)
    world.require_published()
    repo: Any = world.hub.store.repo
    assert repo["private"] is True


def test_a_file_that_changes_on_its_way_is_not_committed(world: World) -> None:
    world.hub.store.create(REPO, private=False)
    before = world.state
    shard = world.folder / SHARD.format(2)
    world.hub.trouble("POST", "/preupload/", before=lambda: shard.write_bytes(noise(77)))
    with pytest.raises(ReleaseError, match="changed during the push"):
        world.push()
    assert world.state == before


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/lfs/"), ("POST", "/commit/"), ("POST", "/tag/")]
)
def test_a_server_that_is_killed_and_started_again_gets_all_of_it(
    world: World,
    server: ServerProcess,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
) -> None:
    from huggingface_hub import constants
    from huggingface_hub.utils import _http

    from cxr_release.publishing import hub_client

    server.start(method, path)
    started = threading.Event()

    def again() -> None:
        assert server.wait_for_death() == -signal.SIGKILL
        server.start()
        started.set()

    # No waiting by the clock: the first wait is for the server.
    for module in (_http, hub_client):
        monkeypatch.setattr(module.time, "sleep", lambda seconds: started.wait(30))
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.port}")
    helper = threading.Thread(target=again)
    helper.start()
    report = world.push(patience=QUICK)
    helper.join()
    assert report["state"] == "pushed"
    store = Store(server.folder)
    assert store.files() == store.files("v1.0.0") == files_of(world.folder)
    assert len(store.commits()) == 2


LAST = [("POST", "/commit/"), ("POST", "/tag/")]


@pytest.mark.parametrize(
    ("xet", "places"),
    [
        (False, [("PUT", "/lfs/"), *LAST]),
        (True, [("POST", "/cas/v1/shards")]),
        # What comes after the uploads is the same either way.
        pytest.param(True, [("POST", "/cas/v1/shards"), *LAST], marks=pytest.mark.long),
    ],
    ids=["lfs", "xet", "xet-everywhere"],
)
def test_a_push_that_is_killed_is_finished_by_the_next(
    tmp_path: Path, xet: bool, places: list[tuple[str, str]]
) -> None:
    folder = write_release(tmp_path / "release")
    with Hub(tmp_path / "hub", xet=xet) as hub:
        env = environment(hub.url, tmp_path / "home", xet=xet)
        for method, path in places:
            clients: list[subprocess.Popen[str]] = []
            reached = threading.Event()

            def kill(clients: list[Any] = clients, reached: Any = reached) -> None:
                reached.wait(30)
                os.kill(clients[0].pid, signal.SIGKILL)
                clients[0].wait()

            hub.trouble(method, path, before=kill)
            with client_process(folder, env) as client:
                clients.append(client)
                reached.set()
                _, err = client.communicate(timeout=60)
                assert client.returncode == -signal.SIGKILL, err
            assert set(hub.store.files()) in (set(), set(files_of(folder))), "never half"
        with hub.counting() as count:
            code, _, err = run_client(folder, env)
            assert code == 0, err
            if places[-1] == LAST[-1]:  # all was sent and committed by then
                assert (
                    count("PUT", ".")
                    == count("POST", "/xorbs/|/shards")
                    == count("POST", "/commit/")
                    == 0
                )
        assert hub.store.files() == hub.store.files("v1.0.0") == files_of(folder)
        assert len(hub.store.commits()) == 2
