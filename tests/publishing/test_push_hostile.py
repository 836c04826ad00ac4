"""A Hub that means no good, or is out of its mind: an error, no secrets, and no traceback."""

from __future__ import annotations

import base64
import io
import json
import logging
import random
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxr_release.errors import ReleaseError
from cxr_release.publishing import hub_client, hub_errors
from cxr_release.publishing.hub import Access
from tests.support.hub.requests import REPO, WRITER
from tests.support.hub.server import Hub
from tests.support.hub.world import SHARD, World

pytest_plugins = ("tests.support.hub.fixture",)

Edit = Callable[[Any], Any]
NONSENSE: list[Any] = [None, [], {}, [5], {"a": 1}, b"<html>", b"[" * 9999]


def first_file(change: dict[str, Any]) -> Edit:
    """The tree's answer with its first file changed."""

    def edit(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
        place = next(place for place, one in enumerate(said) if one["type"] == "file")
        return [*said[:place], said[place] | change, *said[place + 1 :]]

    return edit


@pytest.mark.parametrize("nonsense", NONSENSE, ids=[repr(one)[:12] for one in NONSENSE])
def test_nonsense_is_an_error_wherever_it_stands(world: World, nonsense: Any) -> None:
    world.push()
    world.release("1.0.1")
    before = world.state
    # A commit's and a tag's answer is not believed anyway: the Hub is looked at.
    for method, path in [
        ("GET", f"/datasets/{REPO}$"),
        ("GET", "/refs"),
        ("GET", "/tree/"),
        ("POST", "/preupload/"),
        ("POST", "/validate-yaml"),
    ]:
        if (path, nonsense) in [("/validate-yaml", {}), ("/validate-yaml", {"a": 1})]:
            continue  # an answer without warnings
        if (path, nonsense) == ("/tree/", []):
            continue  # an empty one
        world.hub.troubles.clear()
        world.hub.trouble(method, path, edit=lambda said: nonsense, times=100)
        with pytest.raises(ReleaseError) as caught:
            world.push()
        assert world.hub.url in str(caught.value)
        assert world.state == before


@pytest.mark.parametrize(
    "change",
    [
        {"path": "../../etc/passwd"},
        {"path": "a\nb"},
        {"path": "a\x1b[2Jb"},
        {"path": "README.md"},
        {"path": 5},
        {"size": -1},
        {"size": "12"},
        {"size": True},
        {"size": None},
        {"oid": "x"},
        {"oid": None},
        {"lfs": {"oid": "f" * 64}},
        {"lfs": {"oid": "f" * 63, "size": 5}},
        {"lfs": "yes"},
        {"type": "submodule"},
        {"type": None},
    ],
    ids=repr,
)
def test_a_tree_with_a_strange_file_is_not_believed(world: World, change: dict[str, Any]) -> None:
    world.hub.trouble("GET", "/tree/", edit=first_file(change), times=100)
    with pytest.raises(ReleaseError) as caught:
        world.push()
    assert "\n" not in caught.value.what
    assert "\x1b" not in str(caught.value)
    repo: Any = world.hub.store.repo
    assert repo["tags"] == {}


def test_a_commit_that_holds_something_else_gets_no_tag(world: World) -> None:
    """Whatever it answers to the commit: what it lists is looked at."""
    shard = SHARD.format(1)

    def smaller(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            one | ({"size": 5, "lfs": one["lfs"] | {"size": 5}} if one["path"] == shard else {})
            for one in said
        ]

    def without(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [one for one in said if one["path"] != shard]

    def more(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [*said, {"type": "file", "path": "extra.py", "size": 1, "oid": "0" * 40}]

    for edit, named in ((smaller, shard), (without, shard), (more, "extra.py")):
        world.hub.troubles.clear()
        world.hub.trouble("GET", "/tree/", edit=edit, skip=1, times=100)
        with pytest.raises(ReleaseError, match="holds other files than the folder") as caught:
            world.push()
        assert [fault.where for fault in caught.value.faults] == [named]
        repo: Any = world.hub.store.repo
        assert repo["tags"] == {}
        world.release(f"1.0.{len(world.hub.store.commits())}")


def test_a_file_that_the_hub_would_leave_out_stops_the_commit(world: World) -> None:
    world.hub.store.create(REPO, private=False)
    before = world.state
    world.hub.ignored = {SHARD.format(2), "README.md"}
    with pytest.raises(ReleaseError, match="the Hub would leave it out") as caught:
        world.push()
    assert {fault.where for fault in caught.value.faults} == world.hub.ignored
    assert world.state == before


def test_no_gitignore_on_the_hub_is_asked_for_its_opinion(world: World) -> None:
    world.push()
    said = [
        body
        for (_, path), body in zip(world.hub.asked, world.hub.bodies, strict=True)
        if "/preupload/" in path
    ]
    assert all(b'"gitIgnore":""' in body for body in said) and said


def test_a_shard_is_never_sent_inside_of_a_commit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cxr_release.publishing import commit

    monkeypatch.setattr(commit, "REGULAR_AT_MOST", 10_000)

    def regular(said: dict[str, Any]) -> dict[str, Any]:
        return {"files": [file | {"uploadMode": "regular"} for file in said["files"]]}

    world.hub.trouble("POST", "/preupload/", edit=regular)
    with pytest.raises(ReleaseError, match="inside of the commit"):
        world.push()
    assert world.hub.count("POST", "/commit/") == 0


def test_a_tree_without_an_end_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from cxr_release.publishing import remote

    monkeypatch.setattr(remote, "PAGES", 20)
    world.push()
    world.hub.page = 1
    world.release("1.0.1")
    assert world.push()["state"] == "pushed"  # 13 pages
    world.release("1.0.2")
    for name, most in (("PAGES", 5), ("MOST_FILES", 10)):
        monkeypatch.setattr(remote, "PAGES", 20)
        monkeypatch.setattr(remote, name, most)
        with pytest.raises(ReleaseError, match="or never ends"):
            world.push()


def test_an_answer_without_an_end_is_cut_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_client, "ANSWER_AT_MOST", 100_000)
    world.hub.trouble("GET", "/refs", edit=lambda said: b" " * 200_000, times=100)
    with pytest.raises(ReleaseError, match="more than 100,000 bytes"):
        world.push()
    assert world.hub.count("GET", "/refs") == 1


def test_a_compressed_answer_is_not_unpacked(world: World) -> None:
    import gzip

    bomb = gzip.compress(b" " * 1_000_000)
    world.hub.trouble(
        "GET", "/refs", status=200, text="", headers={"Content-Encoding": "gzip"}, times=100
    )
    assert bomb
    with pytest.raises(ReleaseError, match="compressed an answer"):
        world.push()


def test_a_redirect_elsewhere_carries_no_token(world: World) -> None:
    """Neither by a redirect nor by an address that the Hub names."""
    with Hub(world.hub.store.folder.parent / "elsewhere") as other:
        away = other.url.replace("127.0.0.1", "localhost") + "/steal"
        world.hub.trouble("GET", "/refs", status=302, headers={"Location": away}, times=100)
        with pytest.raises(ReleaseError):
            world.push()
        assert other.asked
        assert other.tokens == [""] * len(other.asked)
        world.hub.troubles.clear()

        def verify_there(said: dict[str, Any]) -> dict[str, Any]:
            actions = {"upload": {"href": f"{world.hub.url}/lfs/x"}, "verify": {"href": away}}
            for one in said["objects"]:
                actions["upload"] = one["actions"]["upload"]
                one["actions"] = dict(actions)
            return said

        start = len(other.asked)
        world.hub.trouble("POST", "/objects/batch", edit=verify_there, times=100)
        with pytest.raises(ReleaseError, match="would send the token to localhost"):
            world.push()
        assert len(other.asked) == start


def test_nothing_is_sent_unencrypted_to_another_machine(world: World) -> None:
    def upload_there(said: dict[str, Any]) -> dict[str, Any]:
        for one in said["objects"]:
            one["actions"]["upload"]["href"] = "http://192.0.2.1/steal"
        return said

    world.hub.trouble("POST", "/objects/batch", edit=upload_there)
    with pytest.raises(ReleaseError, match="unencrypted, to another machine"):
        world.push()


ECHOES = (
    f"Bearer {WRITER}",
    f"why '{WRITER}'?",
    WRITER.replace("_", "%5F"),
    f"authorization: bearer {WRITER}\r\n\x1b[31m",
)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/refs"),
        ("POST", "/repos/create"),
        ("POST", "/preupload/"),
        ("PUT", "/lfs/"),
        ("POST", "/commit/"),
        ("POST", "/tag/"),
    ],
)
def test_a_token_that_comes_back_is_not_repeated(
    world: World, method: str, path: str, capfd: pytest.CaptureFixture[str]
) -> None:
    for status in (403, 500):
        header = {"X-Error-Message": " ".join(ECHOES).encode("unicode_escape").decode()}
        for text in (json.dumps({"error": " ".join(ECHOES)}), ""):
            world.hub.troubles.clear()
            world.hub.trouble(method, path, status=status, text=text, headers=header, times=1000)
            with pytest.raises(ReleaseError) as caught:
                world.push()
            told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
            assert "authorization" in told, "the Hub's words are repeated as such"
            assert WRITER.removeprefix("hf_") not in told
            assert "\x1b" not in told
            assert caught.value.__context__ is None
    said = capfd.readouterr()
    assert WRITER.removeprefix("hf_") not in said.out + said.err
    assert "5ec3e7" not in said.err, "the signature of an upload"


def test_what_the_library_logs_is_scrubbed(world: World) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("huggingface_hub")
    logger.addHandler(handler)
    try:
        world.hub.trouble("PUT", "/lfs/", status=500)
        world.push()
    finally:
        logger.removeHandler(handler)
    assert "HTTP Error 500 thrown while requesting PUT" in stream.getvalue()
    assert "5ec3e7" not in stream.getvalue()
    assert handler.filters == []


@given(st.text(max_size=30), st.text(max_size=30))
def test_scrubbed_text_is_one_line_without_the_token(before: str, after: str) -> None:
    access = Access("https://huggingface.co", REPO, WRITER)
    shown = hub_errors.scrub(before + WRITER + after, access)
    assert WRITER not in shown
    assert shown.isprintable()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=5), one, max_size=3),
    max_leaves=6,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answer=JSON,
    path=st.sampled_from([f"/datasets/{REPO}$", "/refs", "/tree/", "/whoami"]),
    seed=st.integers(0, 2**32),
)
def test_no_field_of_an_answer_leads_to_a_traceback(
    world: World, answer: Any, path: str, seed: int
) -> None:
    """Any field of any answer that is read, replaced by anything."""
    if world.hub.store.repo is None:
        world.push()
        world.release("1.0.1")
    chance = random.Random(seed)

    def edit(said: Any) -> Any:
        if isinstance(said, list) and said:
            place = chance.randrange(len(said))
            return [*said[:place], edit(said[place]), *said[place + 1 :]]
        if isinstance(said, dict) and said and chance.random() < 0.8:
            key = chance.choice(sorted(said))
            return said | {key: edit(said[key])}
        return answer

    world.hub.troubles.clear()
    world.hub.trouble("GET", path, edit=edit)
    try:
        report = world.push(dry_run=True)
    except ReleaseError as error:
        assert error.what.isprintable()
    else:
        assert report["state"] in {"dry run", "already there"}


def test_a_word_on_the_cards_yaml_is_passed_on_and_stops_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    said = {"errors": [], "warnings": [{"message": f"no \x1b[31mtags, {WRITER}"}]}
    world.hub.trouble("POST", "/validate-yaml", edit=lambda _: said)
    assert world.push()["state"] == "pushed"
    told = capsys.readouterr().err
    assert "no [31mtags, …" in told
    assert WRITER not in told


def test_a_card_that_the_hub_refuses_stops_the_commit(world: World) -> None:
    world.hub.store.create(REPO, private=False)
    before = world.state
    said = json.dumps({"errors": [{"message": "license is none"}], "warnings": []})
    world.hub.trouble("POST", "/validate-yaml", status=400, text=said)
    with pytest.raises(ReleaseError, match="400"):
        world.push()
    assert world.state == before


def test_a_conflict_that_passes_is_waited_for(world: World) -> None:
    world.hub.trouble("POST", "/commit/", status=409, text="another operation is in progress")
    world.hub.trouble("POST", "/commit/", status=412, text="please refresh")
    world.push()
    world.require_published()


def test_a_token_is_shown_by_no_repr() -> None:
    access = Access("https://huggingface.co", REPO, WRITER)
    assert WRITER not in repr(access)
    assert base64.b64encode(WRITER.encode()).decode() not in repr(access)
