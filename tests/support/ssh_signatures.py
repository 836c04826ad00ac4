"""Signatures as ssh-keygen writes them, made here of any key, and of what none would sign."""

from __future__ import annotations

import base64
import hashlib
import shutil
import struct
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NAMESPACE = "cxr-release-dataset"
CURVES = {256: ec.SECP256R1(), 384: ec.SECP384R1(), 521: ec.SECP521R1()}
SIZES = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}
KINDS = ("ed25519", "sk-ed25519", "rsa", "ecdsa-256", "ecdsa-384", "ecdsa-521", "sk-ecdsa")
needs_ssh_keygen = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="no ssh-keygen here")


def text(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def number(value: int) -> bytes:
    return text(value.to_bytes(value.bit_length() // 8 + 1))


@dataclass(frozen=True)
class TestKey:
    """A private key; those "in hardware" are kept here in software."""

    __test__ = False
    kind: str
    private: Any

    @property
    def blob(self) -> bytes:
        line = self.private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        plain: bytes = base64.b64decode(line.split()[1])
        if not self.kind.startswith("sk-"):
            return plain
        old = b"ssh-ed25519" if self.kind == "sk-ed25519" else b"ecdsa-sha2-nistp256"
        name = b"sk-" + old + b"@openssh.com"
        return text(name) + plain.removeprefix(text(old)) + text(b"ssh:")

    @property
    def line(self) -> str:
        """As in a .pub file."""
        name = self.blob[4 : 4 + struct.unpack(">I", self.blob[:4])[0]].decode()
        return f"{name} {base64.b64encode(self.blob).decode()}"

    def signature(self, message: bytes, *, flags: int = 1, counter: int = 7) -> bytes:
        name = self.line.split()[0].encode()
        after = b""
        if self.kind.startswith("sk-"):
            after = struct.pack(">BI", flags, counter)
            message = hashlib.sha256(b"ssh:").digest() + after + hashlib.sha256(message).digest()
        if self.kind.endswith("ed25519"):
            raw = self.private.sign(message)
        elif self.kind == "rsa":
            name = b"rsa-sha2-512"
            raw = self.private.sign(message, padding.PKCS1v15(), hashes.SHA512())
        else:
            size = self.private.curve.key_size
            der = self.private.sign(message, ec.ECDSA(SIZES[size]))
            raw = b"".join(map(number, utils.decode_dss_signature(der)))
        return text(name) + text(raw) + after


@cache
def key_of(kind: str = "ed25519", which: int = 0) -> TestKey:
    """A key of a kind; of Ed25519 always the same ones."""
    if kind.endswith("ed25519"):
        return TestKey(kind, ed25519.Ed25519PrivateKey.from_private_bytes(bytes([which] * 32)))
    if kind == "rsa":
        return TestKey(kind, rsa.generate_private_key(public_exponent=65537, key_size=2048))
    size = 256 if kind == "sk-ecdsa" else int(kind.removeprefix("ecdsa-"))
    return TestKey(kind, ec.generate_private_key(CURVES[size]))


def record_of(
    message: bytes,
    key: TestKey | None = None,
    *,
    namespace: str = NAMESPACE,
    hash_name: str = "sha512",
) -> bytes:
    """A signature by PROTOCOL.sshsig, before it is written as text."""
    key = key or key_of()
    digest = hashlib.new(hash_name, message).digest()
    rest = text(namespace.encode()) + text(b"") + text(hash_name.encode())
    signed = key.signature(b"SSHSIG" + rest + text(digest))
    return b"SSHSIG" + struct.pack(">I", 1) + text(key.blob) + rest + text(signed)


def armoured(record: bytes) -> bytes:
    lines = base64.b64encode(record)
    wrapped = [lines[place : place + 70] for place in range(0, len(lines), 70)]
    begin, end = b"-----BEGIN SSH SIGNATURE-----", b"-----END SSH SIGNATURE-----"
    return b"\n".join([begin, *wrapped, end]) + b"\n"


def signature_of(message: bytes, key: TestKey | None = None, **options: str) -> bytes:
    """The text of a signature."""
    return armoured(record_of(message, key, **options))
