from __future__ import annotations

import hashlib
import hmac
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.errors import SourceError
from cxr_release.films.film_key import REAL_ID, FilmKey, keep_key, may_identify, open_key
from tests.support.film_key import KEY

OTHER = FilmKey(bytes(32))


def opened(root: Path) -> FilmKey:
    return open_key(
        root / "film-key",
        cohort=root / "cohort",
        fingerprint=root / "film-key-fingerprint",
        verdicts=root / "audit",
    )


def log(root: Path, *names: str) -> Path:
    path = root / "audit" / "a.b.jsonl"
    path.parent.mkdir(exist_ok=True)
    lines = [json.dumps({"seq": at, "real_id": name}) for at, name in enumerate(names, start=1)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_an_id_is_what_it_is_said_to_be() -> None:
    secret = bytes(range(32))
    wanted = hmac.new(secret, b"Mueller_Anna.png", hashlib.sha256).hexdigest()[:16]
    assert KEY.film("Mueller_Anna.png") == f"film-{wanted}"
    assert REAL_ID.fullmatch(KEY.film("Mueller_Anna.png"))
    assert KEY.patient("P07") == KEY.patient("p 7\u200b")
    assert KEY.patient("P07") != KEY.patient("P70")


@settings(max_examples=40)
@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_names_and_keys_tell_ids_apart(one: str, other: str) -> None:
    assert (KEY.film(one) == KEY.film(other)) == (one == other)
    assert KEY.film(one) != OTHER.film(one)
    # A film that is called like a patient, or like a hash of pixels, tells nothing of either.
    digests = {KEY.film(one)[5:], KEY.patient(one)[8:], KEY.pixels(one)[:16], KEY.fingerprint[:16]}
    assert len(digests) == 4


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0o000)
    try:
        key = opened(tmp_path)
    finally:
        os.umask(before)
    path = tmp_path / "film-key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert opened(tmp_path).fingerprint == key.fingerprint
    assert (tmp_path / "film-key-fingerprint").read_text() == f"{key.fingerprint}\n"
    assert key.fingerprint not in path.read_text()
    path.chmod(0o644)
    assert keep_key(path).film("a") == key.film("a")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("trace", ["fingerprint", "cohort", "verdicts"])
def test_a_key_that_is_lost_is_not_made_anew(tmp_path: Path, trace: str) -> None:
    key = opened(tmp_path)
    (tmp_path / "film-key").unlink()
    if trace != "fingerprint":
        (tmp_path / "film-key-fingerprint").unlink()
    if trace == "cohort":
        (tmp_path / "cohort").mkdir()
        (tmp_path / "cohort/summary.json").write_text(json.dumps({"film_key": key.fingerprint}))
    if trace == "verdicts":
        log(tmp_path, "phantom-00003", key.film("a.png"))
    with pytest.raises(SourceError, match=r"is missing, and .* names films by it") as caught:
        opened(tmp_path)
    assert "restore the key" in caught.value.remedy
    assert not (tmp_path / "film-key").exists()


@pytest.mark.parametrize("trace", ["fingerprint", "cohort"])
def test_another_key_is_named(tmp_path: Path, trace: str) -> None:
    opened(tmp_path)
    (tmp_path / "film-key").write_text(f"{bytes(32).hex()}\n")
    if trace == "cohort":
        (tmp_path / "film-key-fingerprint").unlink()
        (tmp_path / "cohort").mkdir()
        (tmp_path / "cohort/summary.json").write_text(json.dumps({"film_key": KEY.fingerprint}))
    with pytest.raises(SourceError, match="is not the key by which"):
        opened(tmp_path)


def test_logs_that_hold_names_of_files_are_named(tmp_path: Path) -> None:
    path = log(tmp_path, "Mueller_Anna")
    with pytest.raises(SourceError, match="real films by their file names") as caught:
        opened(tmp_path)
    assert caught.value.where == str(path)
    assert "Mueller" not in str(caught.value)
    log(tmp_path, "phantom-00003")
    assert opened(tmp_path)


@pytest.mark.parametrize("content", ["", "junk", "ab" * 31, "ab" * 33, "AB" * 32, "ab" * 4096])
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "film-key").write_text(content)
    with pytest.raises(SourceError, match="is not a key of films"):
        opened(tmp_path)
    assert (tmp_path / "film-key").read_text() == content


def test_a_key_is_read_from_nobody_s_trick(tmp_path: Path) -> None:
    path = tmp_path / "film-key"
    os.mkfifo(path)
    with pytest.raises(SourceError, match="is not a key of films"):
        opened(tmp_path)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(SourceError, match="cannot be read"):
        opened(tmp_path)


@pytest.mark.parametrize(
    "stem",
    ["Mueller_Anna", "MUELLER^ANNA^^", "anna müller", "O-Brien, Pat", "film_Mueller_Anna_01",
     "1961-07-24", "x19610724", "24071961", "24.07.1961_1", "IMG_20210714"],
)  # fmt: skip
def test_names_that_tell(stem: str) -> None:
    assert may_identify(stem)


@pytest.mark.parametrize(
    "stem",
    ["film-12", "0001035", "IMG_0001", "xray_lateral_003", "phantom-00012", "chest pa", "a1b2c3d4",
     "p07", "12345678", "20219914", "scan 3 copy", "1.2.840.10008.5.1"],
)  # fmt: skip
def test_names_that_do_not(stem: str) -> None:
    assert not may_identify(stem)
