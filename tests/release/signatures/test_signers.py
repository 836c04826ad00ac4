"""The file of those who may sign, read as ssh-keygen reads it."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.errors import ReleaseError
from cxr_release.release.signatures.signers import Signer, read_signers
from tests.support.ssh_signatures import NAMESPACE, key_of, needs_ssh_keygen, signature_of

KEY, OTHER = key_of(), key_of(which=1)
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


def signers_of(folder: Path, text: str | bytes) -> tuple[Signer, ...]:
    path = folder / "signers"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_signers(path)


def test_plain_keys_and_allowed_signers_are_read(tmp_path: Path) -> None:
    lines = (
        "# the team's keys\n\n",
        f"{KEY.line} a comment with words\n",
        f"{OTHER.line}\r\n",
        f'team@example.org,b@example.org namespaces="file,{NAMESPACE}" {KEY.line} comment\n',
        f"team@example.org {OTHER.line}\n",
    )
    signers = signers_of(tmp_path, "".join(lines))
    assert [one.key.blob for one in signers] == [KEY.blob, OTHER.blob] * 2
    assert [one.name for one in signers] == ["", "", "team@example.org,b@example.org",
                                             "team@example.org"]  # fmt: skip
    assert [one.where for one in signers][:2] == ["signers: line 3", "signers: line 4"]
    assert not any(one.refusal(NAMESPACE, NOW) for one in signers)


OPTIONS = [
    "",
    f'namespaces="{NAMESPACE}"',
    'namespaces="file,git"',
    'namespaces="cxr-*"',
    'namespaces="cxr-release-datase?"',
    f'namespaces="*,!{NAMESPACE}"',
    'namespaces="!file,*"',
    'namespaces="cxr-release-[a-z]*"',
    'namespaces=""',
    'valid-after="20250101Z"',
    'valid-after="20990101"',
    'valid-before="20990101120000Z"',
    'valid-before="202501010000"',
    'Valid-Before="19990101Z",namespaces="*"',
    'namespaces="*",valid-after="20250101",valid-before="20990101"',
]


@needs_ssh_keygen
@pytest.mark.parametrize("options", OPTIONS)
def test_options_mean_what_they_mean_to_ssh_keygen(options: str, tmp_path: Path) -> None:
    (signer,) = signers_of(tmp_path, f"team {options} {KEY.line}\n")
    (tmp_path / "sig").write_bytes(signature_of(b"films"))
    command = ["ssh-keygen", "-Y", "verify", "-f", "signers", "-I", "team", "-n", NAMESPACE]
    done = subprocess.run(
        [*command, "-s", "sig"],
        input=b"films",
        cwd=tmp_path,
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert (signer.refusal(NAMESPACE, datetime.now(UTC)) == "") == (done.returncode == 0)


def test_a_refusal_says_why(tmp_path: Path) -> None:
    def refusal(options: str) -> str:
        (signer,) = signers_of(tmp_path, f"team {options} {KEY.line}\n")
        return signer.refusal(NAMESPACE, NOW)

    assert refusal('namespaces="git"') == f"is allowed for namespaces git, not for {NAMESPACE}"
    assert refusal('valid-after="20261127120001Z"') == "is valid after 20261127120001Z"
    assert refusal('valid-before="20261127120000Z"') == "was valid before 20261127120000Z"
    assert not refusal('valid-after="20261127120000Z",valid-before="20261127120001Z"')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no public key"),
        ("# nothing\n", "holds no public key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\n", "line 1: is of a private key"),
        (f"a cert-authority {KEY.line}\n", "with options 'cert-authority', which are not read"),
        (f'a tty="x" {KEY.line}\n', "with the option tty, which is not read"),
        (f'a valid-after="20261301" {KEY.line}\n', "with a date '20261301', which is not one"),
        (f"{KEY.line[:-9]}\n", "line 1: is not"),
        ("ssh-dss AAAA\n", "of the kind 'ssh-dss', which is not read"),
        (f"ssh-rsa {KEY.line.split()[1]}\n", "called ssh-rsa, and is a key of the kind ssh-ed"),
        ("team@example.org\n", "is not a kind of key and a key"),
        ('"\n', "is not a key"),
        ("\x1b[2J ssh-ed25519 x\n", "not base64"),
        (f"# a comment\u2028{KEY.line}\n", "holds no public key"),
        (f"team\xa0{KEY.line}\n", "line 1: is"),
        (b"\xff\xfe", "cannot be read: is not text"),
        (b"#" * 1_000_001, "cannot be read"),
    ],
)
def test_what_is_not_a_signer_is_named_by_its_line(
    text: str | bytes, said: str, tmp_path: Path
) -> None:
    with pytest.raises(ReleaseError) as caught:
        signers_of(tmp_path, text)
    assert said in str(caught.value)
    assert str(caught.value).replace("\n", "").isprintable()


@given(st.text(st.characters(codec="utf-8"), max_size=60), st.booleans())
def test_no_text_ends_in_another_error(
    tmp_path_factory: pytest.TempPathFactory, text: str, with_key: bool
) -> None:
    folder = tmp_path_factory.getbasetemp()
    try:
        signers = signers_of(folder, f"{text} {KEY.line}" if with_key else text)
    except ReleaseError as error:
        assert str(error).replace("\n", "").isprintable()
        return
    for signer in signers:
        signer.refusal(NAMESPACE, NOW)
