"""Signatures of OpenSSH, read and checked without it, against OpenSSH itself."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.release.signatures.ssh_keys import NotSshError, SshKey
from cxr_release.release.signatures.ssh_signature import LARGEST, SshSignature
from tests.support.ssh_signatures import (
    KINDS,
    NAMESPACE,
    armoured,
    key_of,
    needs_ssh_keygen,
    record_of,
    signature_of,
    text,
)

SUMS = b"0" * 64 + b"  README.md\n"


@pytest.mark.parametrize("kind", KINDS)
def test_the_signature_of_each_kind_of_key_is_of_these_bytes_alone(kind: str) -> None:
    key = key_of(kind)
    signature = SshSignature.of_text(signature_of(SUMS, key))
    assert (signature.namespace, signature.key.blob) == (NAMESPACE, key.blob)
    assert signature.is_of(SUMS)
    assert not signature.is_of(SUMS + b"\n")


@needs_ssh_keygen
@pytest.mark.parametrize("kind", KINDS)
def test_openssh_says_the_same_of_it(kind: str, tmp_path: Path) -> None:
    key = key_of(kind)
    (tmp_path / "sig").write_bytes(signature_of(SUMS, key, hash_name="sha256"))
    (tmp_path / "signers").write_text(f"team@example.org {key.line}\n")
    (tmp_path / "key.pub").write_text(key.line)
    command = ["ssh-keygen", "-Y", "verify", "-f", "signers", "-I", "team@example.org"]
    command += ["-n", NAMESPACE, "-s", "sig"]
    for message in (SUMS, SUMS + b"\n"):
        done = subprocess.run(
            command, input=message, cwd=tmp_path, check=False, capture_output=True, timeout=60
        )
        ours = SshSignature.of_text((tmp_path / "sig").read_bytes()).is_of(message)
        assert ours == (done.returncode == 0) == (message == SUMS)
    show = ["ssh-keygen", "-l", "-f", "key.pub"]
    shown = subprocess.run(show, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    assert shown.stdout.decode().split()[1] == SshKey.of_blob(key.blob).fingerprint


def test_flags_and_counter_of_a_key_in_hardware_are_signed_too() -> None:
    record = record_of(SUMS, key_of("sk-ed25519"))
    for place in (-5, -1):
        altered = bytearray(record)
        altered[place] ^= 1
        assert not SshSignature.of_text(armoured(bytes(altered))).is_of(SUMS)


def accepted(data: bytes) -> bool:
    """Whether the bytes are a signature of `SUMS`; nothing but `NotSshError` may come of them."""
    try:
        return SshSignature.of_text(data).is_of(SUMS)
    except NotSshError as error:
        assert str(error).isprintable()
        return False


@given(st.data(), st.sampled_from(["ed25519", "sk-ed25519"]))
def test_no_altered_signature_is_accepted(data: st.DataObject, kind: str) -> None:
    record = record_of(SUMS, key_of(kind))
    start = data.draw(st.integers(0, len(record)))
    end = data.draw(st.integers(start, min(len(record), start + 40)))
    other = data.draw(st.binary(max_size=8))
    altered = record[:start] + other + record[end:]
    assert accepted(armoured(altered)) == (altered == record)


@given(st.data())
def test_no_altered_text_is_accepted_unless_it_holds_the_same(data: st.DataObject) -> None:
    sound = signature_of(SUMS)
    start = data.draw(st.integers(0, len(sound)))
    end = data.draw(st.integers(start, min(len(sound), start + 3)))
    altered = sound[:start] + data.draw(st.binary(max_size=3)) + sound[end:]
    assert accepted(altered) <= (b"".join(altered.split()) == b"".join(sound.split()))


@pytest.mark.long
def test_a_hundred_thousand_altered_signatures_are_refused_by_name() -> None:
    chance = random.Random(7)
    sound = {kind: record_of(SUMS, key_of(kind)) for kind in KINDS}
    for kind in KINDS * 15_000:
        record = bytearray(sound[kind])
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(record))
            if chance.random() < 0.6:
                record[place] ^= 1 << chance.randrange(8)
            elif chance.random() < 0.5:
                del record[place : place + chance.randint(1, 30)]
            else:
                record[place:place] = chance.choice([b"\xff" * 4, b"\0", b"\0\0\0\x0bssh-ed25519"])
            record = record or bytearray(1)
        assert bytes(record) == sound[kind] or not accepted(armoured(bytes(record)))


@given(st.binary(max_size=200))
def test_nothing_is_a_key_by_chance(data: bytes) -> None:
    for blob in (data, text(b"ssh-ed25519") + data, text(b"ssh-rsa") + text(data) + text(data)):
        try:
            SshKey.of_blob(blob)
        except NotSshError:
            continue
        assert len(data) == 36 and data[:4] == b"\0\0\0\x20"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not the text of a signature"),
        (b"\xff" * 40, "not the text of a signature"),
        (signature_of(SUMS)[:150], "not all of it"),
        (b"x" * (LARGEST + 1), "larger than 20,000 bytes"),
        (armoured(b"SSHSIG\0\0\0\2"), "of version 2 of the format"),
        (armoured(b"SSHSIG\0\0\0\1\xff\xff\xff\xff"), "cut off"),
        (armoured(b"PGPSIG" + record_of(SUMS)[6:]), "not a signature of OpenSSH"),
        (armoured(record_of(SUMS) + b"\0"), "followed by further bytes"),
        (armoured(record_of(SUMS).replace(b"ssh-ed25519", b"ssh-ed25518")), "which is not read"),
        (signature_of(SUMS, hash_name="sha1"), "over a hash called sha1"),
        (signature_of(SUMS, namespace="a\nb"), "not printable"),
        (signature_of(SUMS).replace(b"\n", b"\n*", 1), "not base64"),
    ],
)
def test_what_is_wrong_with_a_signature_is_said(data: bytes, said: str) -> None:
    with pytest.raises(NotSshError, match=said):
        SshSignature.of_text(data)


def test_a_compressed_point_is_not_a_key() -> None:
    record = record_of(SUMS, key_of("ecdsa-256"))
    compressed = record.replace(b"\0\0\0\x41\x04", b"\0\0\0\x41\x02")
    with pytest.raises(NotSshError, match="not a key of the kind ecdsa-sha2-nistp256"):
        SshSignature.of_text(armoured(compressed))


def test_a_short_key_of_rsa_is_refused() -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    from tests.support.ssh_signatures import TestKey

    private = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
    weak = TestKey("rsa", private)
    with pytest.raises(NotSshError, match="1024 bits: too few"):
        SshSignature.of_text(signature_of(SUMS, weak))


def test_a_signature_of_another_algorithm_than_the_keys_is_refused() -> None:
    sound = record_of(SUMS)
    swapped = sound[::-1].replace(b"ssh-ed25519"[::-1], b"ssh-ed2551x"[::-1], 1)[::-1]
    with pytest.raises(NotSshError, match="by ssh-ed2551x, with a key of the kind ssh-ed25519"):
        SshSignature.of_text(armoured(swapped)).is_of(SUMS)
