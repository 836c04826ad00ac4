"""Sign a release: one signature over SHA256SUMS, which covers every other file.

ssh-keygen makes it, so that keys in an agent or in hardware work and no private key is read here.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cxr_release.errors import Fault, ReleaseError
from cxr_release.files import read_bounded, write_text
from cxr_release.release.layout import CHECKSUMS, SIGNATURE
from cxr_release.release.signatures.ssh_keys import ED25519, HARDWARE_ED25519, NotSshError
from cxr_release.release.signatures.ssh_signature import NAMESPACE, SshSignature

PATIENCE = 300.0
"""Seconds for a passphrase to be typed, or a key to be touched."""
TOOL = "ssh-keygen"
_ONE_KIND = "make a key with `ssh-keygen -t ed25519`, or `-t ed25519-sk` for one in hardware"
SIGNED, SAME = "signed", "signed already"


def sign(folder: Path, key: Path) -> dict[str, Any]:
    """Write `SHA256SUMS.sig` into a release folder, once the release is verified.

    A signature that is there is replaced. ssh-keygen asks for a passphrase in the terminal.

    Args:
        folder: the release folder.
        key: private key, or the public one of a key that an agent holds; of the kind ed25519,
            whose signature of the same bytes is always the same, or ed25519-sk.

    Returns:
        `file`, `key` (fingerprint), `kind` of the key, `namespace`, `state` (`signed`, or `signed
        already` with the same bytes) and `repeatable`: whether signing again gives the same bytes.

    Raises:
        ReleaseError: the release is not what it says, ssh-keygen is not there or does not sign,
            or the key is of another kind.
    """
    from cxr_release.release.verify import require_true, verify

    report = verify(folder)
    # A signature of older sums is what is to be replaced.
    others = [fault for fault in report["differences"] if fault["where"] != SIGNATURE]
    require_true(report | {"differences": others})
    message = (folder / CHECKSUMS).read_bytes()
    text = _signature_of(message, key)
    signature = _require_sound(text, message, key)
    path = folder / SIGNATURE
    is_same = path.is_file() and path.read_bytes() == text
    if not is_same:
        write_text(path, text.decode("ascii"))
    return {
        "file": str(path),
        "key": signature.key.fingerprint,
        "kind": signature.key.kind,
        "namespace": NAMESPACE,
        "state": SAME if is_same else SIGNED,
        "repeatable": signature.key.kind == ED25519,
    }


def text_of(report: Mapping[str, Any]) -> str:
    """What was signed, for people."""
    lines = [f"{report['state']}: {report['file']}", f"key {report['key']} ({report['kind']})"]
    if not report["repeatable"]:
        lines.append("A key in hardware counts: signing the same release again gives other bytes.")
    lines += [
        "Publish the public key where people know it to be yours; it is not part of the release.",
        "Where the release is made again, the signature goes: sign that one too.",
    ]
    return "\n".join(lines)


def _signature_of(message: bytes, key: Path) -> bytes:
    """What ssh-keygen writes for these bytes.

    Raises:
        ReleaseError: it is not there, fails, or takes too long.
    """
    tool, key = shutil.which(TOOL), key.expanduser().absolute()
    if tool is None:
        raise ReleaseError("is not installed", where=TOOL, remedy="install OpenSSH")
    if not key.is_file():
        raise ReleaseError("no such file", where=str(key), remedy="name the file of a key")
    with TemporaryDirectory(prefix="cxr-release-") as name:
        sums = Path(name, CHECKSUMS)
        sums.write_bytes(message)
        # A file, not a pipe: with its input free, ssh-keygen asks for a passphrase in the terminal.
        # What it prints is for people: on stderr, like all progress.
        command = [tool, "-q", "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(sums)]
        try:
            done = subprocess.run(command, check=False, timeout=PATIENCE, stdout=2)
        except subprocess.TimeoutExpired:
            raise ReleaseError(f"took longer than {PATIENCE:.0f} s", where=TOOL) from None
        except OSError as error:
            raise ReleaseError(f"cannot be run: {error.strerror}", where=tool) from error
        if done.returncode:
            raise ReleaseError(
                f"{TOOL} did not sign and ended with {done.returncode}; its reason stands above",
                where=str(key),
                remedy="give a private key, or the .pub file of a key that ssh-agent holds",
            )
        try:
            return read_bounded(Path(name, SIGNATURE), 100_000)
        except OSError as error:
            raise ReleaseError(f"left no signature: {error.strerror}", where=TOOL) from error


def _require_sound(text: bytes, message: bytes, key: Path) -> SshSignature:
    """The signature, as whoever verifies the release will read it."""
    try:
        signature = SshSignature.of_text(text)
        kind = signature.key.kind
        is_sound = signature.is_of(message) and signature.namespace == NAMESPACE
    except NotSshError as error:
        what = f"its signature is {error}"
        raise ReleaseError("does not sign", where=str(key), faults=[Fault(TOOL, what)]) from error
    if kind not in {ED25519, HARDWARE_ED25519}:
        raise ReleaseError(f"is a key of the kind {kind}", where=str(key), remedy=_ONE_KIND)
    if not is_sound:
        raise ReleaseError("gave a signature that is not valid", where=TOOL)
    return signature
