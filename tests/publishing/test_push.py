"""Pushing where nothing goes wrong: what is sent, what is said, and what is left alone."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from cxr_release.clearance.state import outcome_of
from cxr_release.errors import ReleaseError
from cxr_release.publishing import push as pushing
from cxr_release.publishing.commit import with_rule
from cxr_release.publishing.readiness import incomplete_reviews
from cxr_release.release.record import Record
from tests.support.hub.believing import VERIFY
from tests.support.hub.requests import READER, REPO, WRITER
from tests.support.hub.store import ATTRIBUTES
from tests.support.hub.world import SHARD, World, files_of, noise

pytest_plugins = ("tests.support.hub.fixture",)


def test_a_release_is_on_main_and_under_its_tag(world: World) -> None:
    report = world.push()
    world.require_published()
    sizes = [len(data) for data in files_of(world.folder).values()]
    commit = world.hub.store.head
    assert report == {
        **{"repo": REPO, "tag": "v1.0.0", "commit": commit, "private": False, "dry_run": False},
        "url": f"{world.hub.url}/datasets/{REPO}/tree/v1.0.0",
        "sent": {"files": len(sizes), "bytes": sum(sizes)},
        "already_there": {"files": 0, "bytes": 0},
        **{"deleted": [], "state": "pushed", "unreviewed": [], "recorded": None},
    }
    assert world.hub.store.resolve("v1.0.0") == commit
    # The Hub's own first commit and ours: one, whatever the number of files.
    assert len(world.hub.store.commits()) == 2
    assert f"pushed {REPO}@v1.0.0" in pushing.text_of(report)
    assert json.loads(json.dumps(report)) == report


def test_whoever_clones_it_on_windows_gets_its_bytes(world: World) -> None:
    world.push()
    store = world.hub.store

    def attributes() -> bytes:
        return store.content(store.tree(store.head)[".gitattributes"])

    first = attributes()
    assert first.splitlines()[1] == b"* -text"
    assert first.endswith(ATTRIBUTES)  # what lies beside git stays so
    world.release("1.0.1", shard_2=noise(22))
    world.push()
    assert attributes() == first
    store.add({".gitattributes": None})
    world.release("1.0.2", shard_2=noise(23))
    world.push()  # somebody wants none
    assert ".gitattributes" not in store.tree(store.head)
    assert with_rule(b"*.bin  -text\n * -text \n") is None


def test_pushing_again_sends_nothing(world: World) -> None:
    first = world.push()
    with world.hub.counting() as count:
        again = world.push()
        assert count("(?!GET)", ".") == count("POST", ".") == count("PUT", ".") == 0
    assert again["state"] == "already there"
    assert again["commit"] == first["commit"]
    assert again["sent"] == {"files": 0, "bytes": 0}
    assert "nothing was sent" in pushing.text_of(again)


def test_a_changed_shard_is_the_one_object_that_is_sent(world: World) -> None:
    world.push()
    world.release("1.0.1", shard_2=noise(22))
    with world.hub.counting() as count:
        report = world.push()
        assert count("PUT", ".") == 1
    # The shard, the card, the record and the checksums.
    assert report["sent"]["files"] == 4
    assert report["already_there"]["files"] == 3
    world.require_published("v1.0.1")
    assert world.hub.store.files("v1.0.0")[SHARD.format(2)] == noise(2)


def test_a_signature_goes_in_the_same_commit_and_cannot_follow_a_tag(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.push(dry_run=True)
    assert "It is not signed" in capsys.readouterr().err
    (world.folder / "SHA256SUMS.sig").write_bytes(b"a signature")
    world.push()
    assert "It is not signed" not in capsys.readouterr().err
    world.require_published()
    assert len(world.hub.store.commits()) == 2
    (world.folder / "SHA256SUMS.sig").write_bytes(b"another signature")
    with pytest.raises(ReleaseError, match=r"v1\.0\.0 holds another release") as caught:
        world.push()
    assert [fault.where for fault in caught.value.faults] == ["SHA256SUMS.sig"]


def test_stale_files_leave_in_the_same_commit(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.push()
    world.release("1.0.1", shard_3=None)
    report = world.push()
    assert report["deleted"] == [SHARD.format(3)]
    assert f"to delete: {SHARD.format(3)}\n" in capsys.readouterr().err
    world.require_published("v1.0.1")
    assert len(world.hub.store.commits()) == 3


def test_a_dry_run_says_what_it_would_do_and_does_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    report = world.push(dry_run=True)
    assert world.state == (None, [])
    assert (report["state"], report["commit"]) == ("dry run", None)
    assert "to send: 7 file(s), 0.1 MB" in capsys.readouterr().err
    assert "would be sent: 7 file(s)" in pushing.text_of(report)
    world.push()
    world.release("1.0.1", shard_1=noise(11))
    before = world.state
    with world.hub.counting() as count:
        report = world.push(dry_run=True)
        assert count("POST", ".") == count("PUT", ".") == 0
    assert world.state == before
    assert (report["sent"]["files"], report["already_there"]["files"]) == (4, 3)


def test_a_dry_run_tells_plan_and_gates_before_the_hub_is_asked(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = [len(data) for data in files_of(world.folder).values()]
    world.push(dry_run=True)
    told = capsys.readouterr().err
    assert f"files       {len(sizes)}, {sum(sizes):,} bytes" in told
    assert f"repository  {world.hub.url}/datasets/{REPO}; public where it has to be made" in told
    assert "tag         v1.0.0" in told and "signed      no" in told
    gates = ("verified", "earlier versions", "tag", "identity", "reviews")
    assert all(f"  {gate:<16}  passed\n" in told for gate in gates)
    assert told.index("plan,") < told.index("gates:") < told.index("to send: ")
    path, asked = world.folder / "release.json", len(world.hub.asked)
    record = json.loads(path.read_text()) | {"unset": ["contact", "license"]}
    record["reviews"]["audit"]["state"] = "partial"
    path.write_text(json.dumps(record))
    with pytest.raises(ReleaseError, match="3 gates are shut") as caught:
        world.push(dry_run=True, tag="v2.0.0")
    where = [fault.where for fault in caught.value.faults]
    assert where == ["release.json", "release.contact", "release.license", "audit"]
    assert all(fault.remedy for fault in caught.value.faults)
    told = capsys.readouterr().err
    assert "  reviews           1 review(s) are not complete" in told
    assert "  verified          passed\n" in told
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ReleaseError, match="4 gates are shut"):
        world.push(dry_run=True, tag="v2.0.0")
    assert "  network           offline mode is on" in capsys.readouterr().err
    with pytest.raises(ReleaseError, match="offline mode is on"):
        world.push()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    # Without a dry run the first of them ends it, as ever.
    with pytest.raises(ReleaseError, match="not v2"):
        world.push(tag="v2.0.0")
    assert len(world.hub.asked) == asked


def test_a_tag_with_the_same_content_is_success_wherever_main_is(world: World) -> None:
    world.push()
    tagged = world.hub.store.head
    world.hub.store.add({"README.md": b"edited on the Hub"})
    before = world.state
    report = world.push()
    assert (report["state"], report["commit"]) == ("already there", tagged)
    assert world.state == before


def test_a_tag_with_other_content_is_never_moved(world: World) -> None:
    world.push()
    world.release("1.0.0", shard_2=noise(22))
    before = world.state
    with world.hub.counting() as count, pytest.raises(ReleaseError) as caught:
        world.push()
        assert count("POST", ".") == count("PUT", ".") == 0
    assert world.state == before
    assert "v1.0.0 holds another release" in str(caught.value)
    assert [fault.where for fault in caught.value.faults] == [SHARD.format(2)]
    assert "raise release.version" in str(caught.value)


def test_what_main_holds_already_is_only_tagged(world: World) -> None:
    world.push()
    repo: Any = world.hub.store.repo
    world.hub.store.save(repo | {"tags": {}})
    with world.hub.counting() as count:
        report = world.push()
        assert count("POST", "/commit/") == count("PUT", ".") == 0
    assert report["state"] == "pushed"
    world.require_published()


def test_a_branch_of_the_tags_name_is_refused(world: World) -> None:
    world.push()
    repo: Any = world.hub.store.repo
    branches = repo["branches"] | {"v1.0.0": world.hub.store.head}
    world.hub.store.save(repo | {"tags": {}, "branches": branches})
    with pytest.raises(ReleaseError, match=r"branch called v1\.0\.0"):
        world.push()


def test_only_the_versions_own_tag_is_made(world: World) -> None:
    assert world.push(tag="v1.0.0", dry_run=True)["tag"] == "v1.0.0"
    with pytest.raises(ReleaseError, match=r"has the tag v1\.0\.0.*not v2\.0\.0"):
        world.push(tag="v2.0.0")
    assert world.hub.count("POST", ".") == 0


def test_a_private_repo_is_private_and_stays_so(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.push(private=True)["private"] is True
    repo: Any = world.hub.store.repo
    assert repo["private"] is True
    world.release("1.0.1")
    capsys.readouterr()
    report = world.push(private=False)
    repo = world.hub.store.repo
    assert repo["private"] is report["private"] is True
    assert "It is private and stays so" in capsys.readouterr().err


def test_what_was_to_be_private_is_not_sent_to_a_public_repo(world: World) -> None:
    world.hub.store.create(REPO, private=False)
    before = world.state
    with pytest.raises(ReleaseError, match="is public, and was to be private"):
        world.push(private=True)
    assert world.state == before
    assert world.hub.count("PUT", ".") == world.hub.count("POST", ".") == 0


def test_somebody_elses_files_are_not_deleted(world: World) -> None:
    world.hub.store.create(REPO, private=False)
    world.hub.store.add({"train.csv": b"years of work"})
    before = world.state
    with pytest.raises(ReleaseError, match=r"not a release: train\.csv"):
        world.push()
    assert world.state == before


def test_a_card_written_on_the_hub_beforehand_is_replaced(world: World) -> None:
    world.hub.store.create(REPO, private=False)
    world.hub.store.add({"README.md": b"to come"})
    world.push()
    world.require_published()


def test_real_films_at_which_nobody_has_looked_stop_it_unless_allowed(world: World) -> None:
    path = world.folder / "release.json"
    record = json.loads(path.read_text())
    counts = outcome_of({"film-1": "content"}, {}, required=1, suspected=None).counts
    for state, faults in (("none", ["burned_in"]), ("partial", ["burned_in"]), ("complete", [])):
        record["reviews"]["burned_in"] = dict(counts) | {"state": state}
        path.write_text(json.dumps(record))
        found = incomplete_reviews(Record.model_validate(record))
        assert [fault.where for fault in found] == faults
        assert all("cxr-release clear" in fault.remedy for fault in found)
    record["reviews"]["burned_in"] = dict(counts)
    path.write_text(json.dumps(record))
    with pytest.raises(ReleaseError, match="--allow-unreviewed"):
        world.push()
    assert world.push(allow_unreviewed=True)["unreviewed"] == ["burned_in"]


@pytest.mark.parametrize("gate", ["screening", "audit", "reader_study"])
def test_a_gate_that_does_not_hold_stops_it_unless_allowed(world: World, gate: str) -> None:
    path = world.folder / "release.json"
    record = json.loads(path.read_text())
    record["reviews"][gate]["state"] = "partial"
    path.write_text(json.dumps(record))
    assert [fault.where for fault in incomplete_reviews(Record.model_validate(record))] == [gate]
    with pytest.raises(ReleaseError, match="--allow-unreviewed") as caught:
        world.push()
    assert [fault.where for fault in caught.value.faults] == [gate]
    assert all(fault.remedy for fault in caught.value.faults)
    assert world.hub.asked == []
    report = world.push(allow_unreviewed=True)
    assert report["unreviewed"] == [gate]
    assert f"not complete: {gate}" in pushing.text_of(report)


@pytest.mark.parametrize("allowed", [False, True])
def test_a_release_that_does_not_say_whose_it_is_goes_nowhere(world: World, allowed: bool) -> None:
    path = world.folder / "release.json"
    record = json.loads(path.read_text()) | {"unset": ["contact", "source_license"]}
    path.write_text(json.dumps(record))
    with pytest.raises(ReleaseError, match="does not say whose it is") as caught:
        world.push(allow_unreviewed=allowed)
    where = [fault.where for fault in caught.value.faults]
    assert where == ["release.contact", "release.source_license"]
    assert world.hub.asked == []


def test_a_release_that_is_not_true_goes_nowhere(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the true verification: these files have a release's names, and no more."""
    monkeypatch.delitem(sys.modules, VERIFY)
    monkeypatch.setattr("cxr_release.release.verify", importlib.import_module(VERIFY))
    with pytest.raises(ReleaseError):
        world.push(allow_unreviewed=True)
    assert world.hub.asked == []


def test_a_repo_that_was_renamed_is_named_as_it_is_now(world: World) -> None:
    world.push()
    world.release("1.0.1")
    before = world.state
    world.hub.trouble("GET", f"/{REPO}$", edit=lambda said: said | {"id": "cxr/moved"})
    with pytest.raises(ReleaseError, match=r"is called 'cxr/moved'.*use that name"):
        world.push()
    assert world.state == before


def test_the_library_is_left_as_it_was(world: World) -> None:
    import httpx2
    from huggingface_hub import get_session, set_client_factory

    def own() -> httpx2.Client:
        return httpx2.Client(headers={"User-Agent": "somebody else's"})

    set_client_factory(own)
    try:
        world.push()
        assert get_session().headers["User-Agent"] == "somebody else's"
    finally:
        set_client_factory(lambda: httpx2.Client(follow_redirects=True, timeout=None))


def test_what_is_no_plain_file_is_not_sent(world: World, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("not of the release")
    (world.folder / "figures/link.png").symlink_to(tmp_path / "secret")
    (world.folder / "more").symlink_to(tmp_path)
    (world.folder / ".hidden").write_text("")
    (world.folder / "figures/a b.png").write_text("")
    with pytest.raises(ReleaseError) as caught:
        world.push()
    named = {fault.where.strip("'") for fault in caught.value.faults}
    assert named == {"figures/link.png", "more", ".hidden", "figures/a b.png"}
    assert world.hub.asked == []


def test_what_the_hub_s_client_downloaded_is_sent_like_the_folder(
    world: World, tmp_path: Path
) -> None:
    """In its cache files are links; beside a local folder's files lie things of its own."""
    made = files_of(world.folder)
    snapshot = tmp_path / "cache/datasets--a--b/snapshots" / ("a" * 40)
    blobs = snapshot.parent.parent / "blobs"
    blobs.mkdir(parents=True)
    for name, data in made.items():
        blob = blobs / hashlib.sha256(data).hexdigest()
        blob.write_bytes(data)
        (snapshot / name).parent.mkdir(parents=True, exist_ok=True)
        (snapshot / name).symlink_to(os.path.relpath(blob, (snapshot / name).parent))
    (snapshot / ".gitattributes").symlink_to("../../blobs/none")
    (world.folder / ".cache/huggingface/download").mkdir(parents=True)
    (world.folder / ".cache/huggingface/download/README.md.metadata").write_text("when")
    (world.folder / ".gitattributes").write_text("* text=auto")
    assert World(world.hub, snapshot).push()["state"] == "pushed"
    assert world.hub.store.files("v1.0.0") == made
    assert world.push()["state"] == "already there"


def test_who_may_not_write_is_told_what_to_do(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(ReleaseError, match=r"not logged in.*HF_TOKEN.*hf auth login"):
        world.push()
    assert world.push(dry_run=True)["state"] == "dry run"
    monkeypatch.setenv("HF_TOKEN", READER)
    with pytest.raises(ReleaseError, match="may only read"):
        world.push()
    monkeypatch.setenv("HF_TOKEN", "hf_nobodysnobodysnobodys")
    with pytest.raises(ReleaseError, match=r"answers 401.*not accepted.*hf auth login"):
        world.push()
    monkeypatch.setenv("HF_TOKEN", WRITER)
    with pytest.raises(ReleaseError, match=r"answers 403.*right to write to other"):
        world.push(repo="other/films")
    assert world.state == (None, [])


def test_a_published_version_is_noted_once_its_tag_stands(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cxr_release.release.versions import published

    noted: list[bool] = []

    def enter(ledger: Path, folder: Path) -> Path:
        repo: Any = world.hub.store.repo
        noted.append("v1.0.0" in repo["tags"])
        return ledger / "1.0.0"

    monkeypatch.setattr(published, "enter", enter)
    assert world.push(ledger=tmp_path, dry_run=True)["recorded"] is None
    assert noted == []
    report = world.push(ledger=tmp_path)
    assert report["recorded"] == str(tmp_path / "1.0.0")
    # One that was pushed before it could be noted is noted now, and not by a dry run.
    world.push(ledger=tmp_path, dry_run=True)
    assert noted == [True]
    world.push(ledger=tmp_path)
    assert noted == [True, True]


def test_a_version_that_is_out_and_cannot_be_noted_is_said_to_be_out(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cxr_release.release.versions import published

    def full(ledger: Path, folder: Path) -> Path:
        raise OSError(28, "No space left on device", str(ledger))

    monkeypatch.setattr(published, "enter", full)
    with pytest.raises(ReleaseError, match=r"@v1\.0\.0 is published, but could not be noted: No s"):
        world.push(ledger=tmp_path)
    assert world.hub.store.resolve("v1.0.0") == world.hub.store.head
    monkeypatch.setattr(published, "enter", lambda ledger, folder: ledger / "1.0.0")
    again = world.push(ledger=tmp_path)
    assert (again["state"], again["recorded"]) == ("already there", str(tmp_path / "1.0.0"))
