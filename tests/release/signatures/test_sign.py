"""Signing with ssh-keygen, which may be missing, old, slow or wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cxr_release.errors import ReleaseError
from cxr_release.release import verify
from cxr_release.release.signatures import sign as signing
from cxr_release.release.signatures.sign import sign, text_of
from cxr_release.release.signatures.ssh_signature import SshSignature
from tests.support.ssh_signatures import NAMESPACE, key_of, needs_ssh_keygen, signature_of

SUMS = b"0" * 64 + b"  README.md\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A release of which verification, which has its own tests, says nothing."""
    monkeypatch.setattr(verify, "verify", lambda folder: {"differences": []})
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / "SHA256SUMS").write_bytes(SUMS)
    return tmp_path / "release"


def make_key(path: Path, kind: str = "ed25519", phrase: str = "") -> Path:
    command = ["ssh-keygen", "-q", "-t", kind, "-N", phrase, "-C", "team", "-f", str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path


def tool(path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Put a program of this name in the place of ssh-keygen; its file is the last argument."""
    (path / "bin").mkdir()
    program = path / "bin" / "ssh-keygen"
    program.write_text(f"#!{sys.executable}\nimport sys, time, pathlib\n{body}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(path / "bin"))


@needs_ssh_keygen
def test_the_same_release_gets_the_same_signature(folder: Path, tmp_path: Path) -> None:
    key = make_key(tmp_path / "key")
    first = sign(folder, key)
    signed = (folder / "SHA256SUMS.sig").read_bytes()
    assert (first["state"], first["kind"], first["repeatable"]) == ("signed", "ssh-ed25519", True)
    assert SshSignature.of_text(signed).is_of(SUMS)
    assert first["key"] in text_of(first)
    assert json.loads(json.dumps(first)) == first
    assert sign(folder, key)["state"] == "signed already"
    (folder / "SHA256SUMS.sig").unlink()
    sign(folder, key)
    assert (folder / "SHA256SUMS.sig").read_bytes() == signed
    assert sorted(path.name for path in folder.iterdir()) == ["SHA256SUMS", "SHA256SUMS.sig"]


@needs_ssh_keygen
def test_a_key_whose_name_looks_like_an_option_is_a_file(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_key(tmp_path / "-oProxyCommand=x; touch hacked")
    monkeypatch.chdir(tmp_path)
    sign(folder, Path("-oProxyCommand=x; touch hacked"))
    assert not (tmp_path / "hacked").exists()


@needs_ssh_keygen
@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_a_key_of_another_kind_is_refused_by_name(folder: Path, tmp_path: Path, kind: str) -> None:
    with pytest.raises(ReleaseError, match=f"is a key of the kind .*{kind}.*ssh-keygen -t ed25519"):
        sign(folder, make_key(tmp_path / "key", kind))
    assert not (folder / "SHA256SUMS.sig").exists()


@needs_ssh_keygen
def test_a_public_key_alone_does_not_sign(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    make_key(tmp_path / "key").unlink()
    with pytest.raises(
        ReleaseError, match=r"did not sign and ended with 255.*that ssh-agent holds"
    ):
        sign(folder, tmp_path / "key.pub")
    shown = capfd.readouterr()
    assert (shown.out, "Couldn't" in shown.err or "No private key" in shown.err) == ("", True)


def test_no_key_and_no_ssh_keygen_are_named(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if signing.shutil.which("ssh-keygen"):
        with pytest.raises(ReleaseError, match="missing: no such file"):
            sign(folder, tmp_path / "missing")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ReleaseError, match=r"ssh-keygen: is not installed.*install OpenSSH"):
        sign(folder, tmp_path / "missing")


def test_a_tool_that_hangs_is_ended(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool(tmp_path, monkeypatch, "time.sleep(60)")
    monkeypatch.setattr(signing, "PATIENCE", 0.2)
    with pytest.raises(ReleaseError, match="took longer than"):
        sign(folder, folder / "SHA256SUMS")


WRITES = 'pathlib.Path(sys.argv[-1] + ".sig").write_bytes({!r})'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "left no signature"),
        (WRITES.format(b"hello"), "its signature is not the text of a signature"),
        (WRITES.format(signature_of(b"other sums")), "gave a signature that is not valid"),
        (WRITES.format(signature_of(SUMS, namespace="git")), "gave a signature that is not valid"),
        (WRITES.format(b"x" * 200_000), "left no signature"),
    ],
)
def test_what_a_tool_writes_is_checked_before_it_is_kept(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, said: str
) -> None:
    (folder / "SHA256SUMS.sig").write_bytes(b"older")
    tool(tmp_path, monkeypatch, body)
    with pytest.raises(ReleaseError, match=said):
        sign(folder, folder / "SHA256SUMS")
    assert (folder / "SHA256SUMS.sig").read_bytes() == b"older"


def test_a_key_in_hardware_signs_and_its_counter_is_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = signature_of(SUMS, key_of("sk-ed25519"))
    tool(tmp_path, monkeypatch, WRITES.format(written))
    report = sign(folder, folder / "SHA256SUMS")
    assert "gives other bytes" in text_of(report)
    assert (folder / "SHA256SUMS.sig").read_bytes() == written


def test_the_tool_is_told_what_it_signs_and_nothing_else(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = f"pathlib.Path({str(tmp_path / 'told')!r}).write_text(repr(sys.argv[1:-1]))\n"
    tool(tmp_path, monkeypatch, wish + WRITES.format(signature_of(SUMS)))
    sign(folder, folder / "SHA256SUMS")
    told = ["-q", "-Y", "sign", "-f", str(folder / "SHA256SUMS"), "-n", NAMESPACE]
    assert (tmp_path / "told").read_text() == repr(told)


def test_a_release_that_is_not_what_it_says_is_not_signed_and_an_old_signature_is_replaced(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = {"where": "SHA256SUMS.sig", "what": "is of other sums", "remedy": ""}
    wrong = {"where": "LICENSE", "what": "does not match", "remedy": ""}
    tool(tmp_path, monkeypatch, WRITES.format(signature_of(SUMS)))
    monkeypatch.setattr(verify, "verify", lambda folder: {"differences": [wrong, old]})
    with pytest.raises(ReleaseError, match="1 difference") as caught:
        sign(folder, folder / "SHA256SUMS")
    assert "LICENSE" in str(caught.value)
    monkeypatch.setattr(verify, "verify", lambda folder: {"differences": [old]})
    assert sign(folder, folder / "SHA256SUMS")["state"] == "signed"
