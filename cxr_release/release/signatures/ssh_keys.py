"""Public keys of OpenSSH, and whether such a key made a signature.

Formats: RFC 4253 section 6.6 (RSA), RFC 5656 (ECDSA), RFC 8709 (Ed25519), and OpenSSH's
PROTOCOL.u2f for keys in hardware. Everything read here may have been written by anybody.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass

ED25519, HARDWARE_ED25519 = "ssh-ed25519", "sk-ssh-ed25519@openssh.com"
HARDWARE = frozenset({HARDWARE_ED25519, "sk-ecdsa-sha2-nistp256@openssh.com"})
KINDS = frozenset(
    {
        *(ED25519, "ssh-rsa", *HARDWARE),
        *(f"ecdsa-sha2-nistp{bits}" for bits in (256, 384, 521)),
    }
)
"""Kinds of keys that are read."""
LEAST_RSA_BITS = 2048
LARGEST_KEY = 10_000
"""Bytes; a key of RSA with 16,384 bits has 2,071."""


class NotSshError(ValueError):
    """The bytes are not what OpenSSH writes; the message says what they are, after "it is"."""


class Reader:
    """Takes a record of OpenSSH's apart: strings with their length before them (RFC 4251)."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def take(self, count: int) -> bytes:
        """The next bytes.

        Raises:
            NotSshError: there are fewer.
        """
        end = self._place + count
        if end > len(self._data):
            raise NotSshError("cut off")
        taken, self._place = self._data[self._place : end], end
        return taken

    def number(self) -> int:
        """An unsigned number of 32 bits."""
        return int(struct.unpack(">I", self.take(4))[0])

    def string(self) -> bytes:
        """Bytes with their length before them."""
        return self.take(self.number())

    def name(self) -> str:
        """A string of printable ASCII."""
        data = self.string()
        if not data.isascii() or not data.decode("ascii").isprintable():
            raise NotSshError("not sound: a name in it is not printable")
        return data.decode("ascii")

    def finish(self) -> None:
        """Make sure that nothing follows.

        Raises:
            NotSshError: something does.
        """
        if self._place < len(self._data):
            raise NotSshError("followed by further bytes")


def packed(data: bytes) -> bytes:
    """Bytes with their length before them, as `Reader.string` takes them."""
    return struct.pack(">I", len(data)) + data


@dataclass(frozen=True)
class SshKey:
    """A public key."""

    kind: str
    blob: bytes
    """As OpenSSH sends it: its kind, then its numbers."""

    @classmethod
    def of_blob(cls, blob: bytes) -> SshKey:
        """The key of such bytes.

        Raises:
            NotSshError: they are not a key, or of a kind that is not read.
        """
        if len(blob) > LARGEST_KEY:
            raise NotSshError(f"a key of more than {LARGEST_KEY:,} bytes")
        kind = Reader(blob).name()
        if kind not in KINDS:
            raise NotSshError(f"a key of the kind {kind[:60]}, which is not read")
        key = cls(kind, blob)
        key._public()
        return key

    @classmethod
    def of_text(cls, text: str) -> SshKey:
        """The key of its base64, as it stands in a `.pub` file.

        Raises:
            NotSshError: it is not a key, or of a kind that is not read.
        """
        try:
            return cls.of_blob(base64.b64decode(text, validate=True))
        except binascii.Error:
            raise NotSshError("not base64") from None

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` prints it: SHA256:…"""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode("ascii")
        return f"SHA256:{digest.rstrip('=')}"

    def made(self, signature: bytes, message: bytes) -> bool:
        """Whether a signature (as in RFC 4253: algorithm, then its bytes) is this key's.

        Raises:
            NotSshError: it is not a signature, or of an algorithm that is not of this key.
        """
        from cryptography.exceptions import InvalidSignature

        parts = Reader(signature)
        algorithm, raw = parts.name(), parts.string()
        if self.kind in HARDWARE:
            # What such a key signs, by PROTOCOL.u2f: application, flags, counter and message.
            fields = Reader(self.blob)
            application = [fields.string() for _ in range(self._strings())][-1]
            message = b"".join(
                (
                    hashlib.sha256(application).digest(),
                    parts.take(1 + 4),
                    hashlib.sha256(message).digest(),
                )
            )
        parts.finish()
        try:
            self._verify(algorithm, raw, message)
        except InvalidSignature:
            return False
        return True

    def _strings(self) -> int:
        """Strings of a key in hardware: kind, (curve,) point and application."""
        return 3 if self.kind == HARDWARE_ED25519 else 4

    def _public(self) -> object:
        """The key as `cryptography` has it.

        Raises:
            NotSshError: its numbers are not those of a key, or of too weak a one.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
        from cryptography.hazmat.primitives.serialization import load_ssh_public_key

        line = self.kind.encode("ascii") + b" " + base64.b64encode(self.blob)
        try:
            key = load_ssh_public_key(line)
        except (ValueError, UnsupportedAlgorithm, NotImplementedError):
            raise NotSshError(f"not a key of the kind {self.kind}") from None
        if isinstance(key, RSAPublicKey) and key.key_size < LEAST_RSA_BITS:
            raise NotSshError(f"a key of RSA with {key.key_size} bits: too few")
        return key

    def _verify(self, algorithm: str, raw: bytes, message: bytes) -> None:
        """Raise `InvalidSignature` unless the bytes are a signature of this message."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

        key = self._public()
        rsa_hashes = {"rsa-sha2-256": hashes.SHA256(), "rsa-sha2-512": hashes.SHA512()}
        of_this_key = rsa_hashes if isinstance(key, rsa.RSAPublicKey) else {self.kind}
        if algorithm not in of_this_key:
            raise NotSshError(f"by {algorithm[:60]}, with a key of the kind {self.kind}")
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(raw, message)
        elif isinstance(key, rsa.RSAPublicKey):
            full = raw.rjust((key.key_size + 7) // 8, b"\0")
            key.verify(full, message, padding.PKCS1v15(), rsa_hashes[algorithm])
        elif isinstance(key, ec.EllipticCurvePublicKey):
            numbers = Reader(raw)
            r, s = (int.from_bytes(numbers.string()) for _ in range(2))
            numbers.finish()
            sizes = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}
            encoded = utils.encode_dss_signature(r, s)
            key.verify(encoded, message, ec.ECDSA(sizes[key.curve.key_size]))
