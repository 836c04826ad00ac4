"""A signed release: checked here, and by ssh-keygen and sha256sum alone; altered in every way."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxr_release import api
from cxr_release.errors import ReleaseError
from cxr_release.publishing.archive import archive
from cxr_release.release.checks.report import CheckReport
from cxr_release.release.checks.signature import check_signature, sentence_of
from cxr_release.release.signatures.signers import Signer, read_signers
from cxr_release.release.untrusted.folder import look
from cxr_release.release.verify import text_of, verify
from tests.support.release_artefacts import make_release, small_params
from tests.support.ssh_signatures import NAMESPACE, key_of, needs_ssh_keygen, signature_of

NAME = "SHA256SUMS.sig"
KEY, OTHER = key_of(), key_of(which=1)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_release(tmp_path_factory.mktemp("signed"), small_params())
    (folder / NAME).write_bytes(signature_of((folder / "SHA256SUMS").read_bytes(), KEY))
    return folder


def signers_of(folder: Path, *lines: str) -> tuple[Signer, ...]:
    path = folder / "signers"
    path.write_text("\n".join(lines))
    return read_signers(path)


def test_a_signed_release_is_what_it_says_and_whose_key_it_is(signed: Path, tmp_path: Path) -> None:
    report = verify(signed)
    assert report["differences"] == []
    assert report["signature"]["state"] == "by an unknown key"
    assert report["checked"]["signatures held against SHA256SUMS"] == 1
    assert "SHA256:" in text_of(report) and "nobody vouches for it" in text_of(report)
    signers_of(tmp_path, f"team@example.org {KEY.line}")
    known = api.verify(signed, signer=tmp_path / "signers", raises=True)
    assert known["signature"]["signers"] == ["team@example.org"]
    assert "signed by team@example.org, with the key SHA256:" in text_of(known)


@needs_ssh_keygen
def test_ssh_keygen_and_sha256sum_say_so_too(signed: Path, tmp_path: Path) -> None:
    signers_of(tmp_path, f"team@example.org {KEY.line}")
    command = ["ssh-keygen", "-Y", "verify", "-f", str(tmp_path / "signers")]
    command += ["-I", "team@example.org", "-n", NAMESPACE, "-s", NAME]
    with (signed / "SHA256SUMS").open("rb") as sums:
        subprocess.run(command, stdin=sums, cwd=signed, check=True, capture_output=True, timeout=60)
    sums_alone = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    subprocess.run(sums_alone, cwd=signed, check=True, timeout=60)


def test_a_signature_goes_into_the_archive(signed: Path, tmp_path: Path) -> None:
    archive(signed, tmp_path / "bag.zip", year=2026)
    with zipfile.ZipFile(tmp_path / "bag.zip") as bag:
        (packed,) = [name for name in bag.namelist() if name.endswith(f"/data/{NAME}")]
        assert bag.read(packed) == (signed / NAME).read_bytes()


def test_a_flipped_byte_is_named_and_the_signature_still_stands(
    signed: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(signed, tmp_path / "release"))
    license = bytearray((folder / "LICENSE").read_bytes())
    license[9] ^= 1
    (folder / "LICENSE").write_bytes(license)
    report = verify(folder)
    assert report["signature"]["state"] == "by an unknown key"
    wheres = {fault["where"] for fault in report["differences"]}
    assert "LICENSE" in wheres and NAME not in wheres
    # Whoever makes the sums anew breaks the signature.
    sums = folder / "SHA256SUMS"
    sums.write_text(sums.read_text().replace("a", "b", 1))
    assert NAME in {fault["where"] for fault in verify(folder)["differences"]}


def test_a_file_of_keys_that_is_none_is_an_error(signed: Path, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="cannot be read"):
        api.verify(signed, signer=tmp_path / "missing")


SUMS = b"0" * 64 + b"  README.md\n"
Change = Callable[[Path], Any]


def no_signature(folder: Path) -> None:
    (folder / NAME).unlink()


def writes(data: bytes) -> Change:
    return lambda folder: (folder / NAME).write_bytes(data)


@pytest.mark.parametrize(
    ("change", "keys", "state", "said"),
    [
        (no_signature, None, "not signed", None),
        (no_signature, [KEY.line], "not signed", "nobody signed this release"),
        (lambda _: None, None, "by an unknown key", None),
        (lambda _: None, [OTHER.line, KEY.line], "by a signer", None),
        (lambda _: None, [OTHER.line], "by another key", "a key that is not among the signers'"),
        (
            lambda _: None,
            [f'a namespaces="git" {KEY.line}', f'b valid-before="20250101Z" {KEY.line}'],
            "by another key",
            "allowed for namespaces git, not for cxr-release-dataset; signers: line 2 was valid"
            " before 20250101Z",
        ),
        (
            writes(signature_of(SUMS, namespace="git")),
            None,
            "not valid",
            "is a signature for 'git'",
        ),
        (writes(signature_of(b"others")), None, "not valid", "is not a signature of this SHA256"),
        (writes(signature_of(SUMS)[:-40]), None, "not valid", "not all of it"),
        (writes(b"\0" * 10_000_000), [KEY.line], "not valid", "is larger than 20,000 bytes"),
        (lambda folder: (folder / "SHA256SUMS").unlink(), None, "not valid", "is not a signature"),
    ],
)
def test_each_thing_that_may_be_wrong_is_named(
    change: Change, keys: list[str] | None, state: str, said: str | None, tmp_path: Path
) -> None:
    folder = tmp_path / "release"
    folder.mkdir()
    (folder / "SHA256SUMS").write_bytes(SUMS)
    (folder / NAME).write_bytes(signature_of(SUMS))
    change(folder)
    files, report = look(folder, CheckReport(folder)), CheckReport(folder)
    signature = check_signature(files, keys and signers_of(tmp_path, *keys), report)
    assert signature["state"] == state
    assert sentence_of(signature)
    if said is None:
        assert report.faults == []
    else:
        (fault,) = report.faults
        assert fault.where == NAME
        assert said in fault.what
