"""The signature over SHA256SUMS: whether it is valid, and whether a known signer made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cxr_release.release.checks.report import CheckReport
from cxr_release.release.layout import CHECKSUMS, SIGNATURE
from cxr_release.release.signatures.signers import Signer
from cxr_release.release.signatures.ssh_keys import NotSshError
from cxr_release.release.signatures.ssh_signature import LARGEST, NAMESPACE, SshSignature
from cxr_release.release.untrusted.folder import Folder
from cxr_release.release.untrusted.readers import LARGEST_TEXT

UNSIGNED, INVALID, KNOWN = "not signed", "not valid", "by a signer"
UNKNOWN, OTHER = "by an unknown key", "by another key"
"""States: nobody said whose key to expect; somebody did, and it is not that one."""
_SIGN = "ask its makers; or sign it again with `cxr-release sign`"


def check_signature(
    folder: Folder, signers: Sequence[Signer] | None, report: CheckReport
) -> dict[str, Any]:
    """Hold the signature against SHA256SUMS and the signers' keys.

    A release without a signature is valid, unless signers were given.

    Args:
        folder: the release.
        signers: who may sign; None: nobody said.
        report: takes what is wrong.

    Returns:
        `state` (`not signed`, `not valid`, `by an unknown key`, `by another key` or `by a signer`),
        `key` (its fingerprint, or None) and `signers`: names, or lines of the file, that vouch for
        the key.
    """
    if SIGNATURE not in folder.sizes:
        if signers is not None:
            report.add(SIGNATURE, "is not there: nobody signed this release", _SIGN)
        return _found(UNSIGNED)
    with report.trying(SIGNATURE):
        return _checked(folder, signers, report)
    return _found(INVALID)


def _found(state: str, key: str | None = None, signers: Sequence[str] = ()) -> dict[str, Any]:
    return {"state": state, "key": key, "signers": list(signers)}


def _checked(
    folder: Folder, signers: Sequence[Signer] | None, report: CheckReport
) -> dict[str, Any]:
    try:
        signature = SshSignature.of_text(_start(folder, SIGNATURE, LARGEST + 1))
        key = signature.key.fingerprint
        is_made = signature.is_of(_start(folder, CHECKSUMS, LARGEST_TEXT))
    except NotSshError as error:
        report.add(SIGNATURE, f"is {error}", _SIGN)
        return _found(INVALID)
    if signature.namespace != NAMESPACE:
        named = ascii(signature.namespace)[:60]
        report.add(SIGNATURE, f"is a signature for {named}, not for {NAMESPACE}", _SIGN)
        return _found(INVALID, key)
    if not is_made:
        what = f"is not a signature of this {CHECKSUMS}, or was altered"
        report.add(SIGNATURE, what, _SIGN)
        return _found(INVALID, key)
    report.applied(f"signatures held against {CHECKSUMS}", 1)
    if signers is None:
        return _found(UNKNOWN, key)
    return _vouched(key, [signer for signer in signers if signer.key == signature.key], report)


def _start(folder: Folder, name: str, most: int) -> bytes:
    """The bytes of a file, or, of a longer one, which is refused, the first `most`."""
    if name not in folder.sizes:
        return b""
    with folder.path(name).open("rb") as stream:
        return stream.read(most)


def _vouched(key: str, lines: Sequence[Signer], report: CheckReport) -> dict[str, Any]:
    """Whether lines of the signers' file, which hold the signature's key, vouch for it."""
    now = datetime.now(UTC)
    refusals = [(line, line.refusal(NAMESPACE, now)) for line in lines]
    vouching = [line.name or line.where for line, refusal in refusals if not refusal]
    if vouching:
        return _found(KNOWN, key, vouching)
    reasons = [f"; {line.where} {refusal}" for line, refusal in refusals]
    whom = "a key that is not among the signers'" if not lines else "a key that may not"
    report.add(SIGNATURE, f"was made by {whom}: {key}{''.join(reasons)}", _SIGN)
    return _found(OTHER, key)


def sentence_of(signature: Mapping[str, Any]) -> str:
    """What `check_signature` found, for people."""
    state, key = signature["state"], signature["key"]
    if state == KNOWN:
        return f"signed by {', '.join(signature['signers'])}, with the key {key}"
    if state == UNKNOWN:
        return f"signed with the key {key}, and nobody vouches for it: give --signer FILE"
    if state == OTHER:
        return f"signed with the key {key}, for which the given signers do not vouch"
    if state == INVALID:
        return "its signature is not valid"
    return "not signed: nothing here says who made it"
