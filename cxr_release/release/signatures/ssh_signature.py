"""A signature as `ssh-keygen -Y sign` writes it, read within bounds.

Format: OpenSSH's PROTOCOL.sshsig. The file comes from whoever made the release.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cxr_release.release.signatures.ssh_keys import NotSshError, Reader, SshKey, packed

LARGEST = 20_000
"""Bytes of the file; with the longest keys of RSA it has 6,000."""
NAMESPACE = "cxr-release-dataset"
"""What a signature of a release is for: OpenSSH keeps signatures of other things apart by it."""
_BEGIN, _END = b"-----BEGIN SSH SIGNATURE-----", b"-----END SSH SIGNATURE-----"
_MAGIC = b"SSHSIG"
_HASHES = frozenset({"sha256", "sha512"})


@dataclass(frozen=True)
class SshSignature:
    """What such a file holds."""

    key: SshKey
    """The public key that is said to have made it."""
    namespace: str
    reserved: bytes
    hash_name: str
    """`sha256` or `sha512`: of the message, before it is signed."""
    signature: bytes

    @classmethod
    def of_text(cls, data: bytes) -> SshSignature:
        """The signature in a file's bytes.

        Raises:
            NotSshError: they are not one, or of a key or version that is not read.
        """
        parts = Reader(_body(data))
        if parts.take(len(_MAGIC)) != _MAGIC:
            raise NotSshError("not a signature of OpenSSH")
        version = parts.number()
        if version != 1:
            raise NotSshError(f"of version {version} of the format; version 1 is read")
        key = SshKey.of_blob(parts.string())
        namespace, reserved, hash_name = parts.name(), parts.string(), parts.name()
        signature = parts.string()
        parts.finish()
        if hash_name not in _HASHES:
            raise NotSshError(f"over a hash called {hash_name[:60]}, which is not read")
        return cls(key, namespace, reserved, hash_name, signature)

    def is_of(self, message: bytes) -> bool:
        """Whether `key` signed these bytes, in this namespace.

        Raises:
            NotSshError: what it holds is not a signature of such a key.
        """
        fields = (
            self.namespace.encode("ascii"),
            self.reserved,
            self.hash_name.encode("ascii"),
            hashlib.new(self.hash_name, message).digest(),
        )
        return self.key.made(self.signature, _MAGIC + b"".join(map(packed, fields)))


def _body(data: bytes) -> bytes:
    """The bytes between the two lines."""
    if len(data) > LARGEST:
        raise NotSshError(f"larger than {LARGEST:,} bytes")
    lines = data.splitlines()
    if len(lines) < 3 or (lines[0], lines[-1]) != (_BEGIN, _END):
        raise NotSshError("not the text of a signature, or not all of it")
    try:
        return base64.b64decode(b"".join(lines[1:-1]), validate=True)
    except binascii.Error:
        raise NotSshError("not base64 between its first line and its last") from None
