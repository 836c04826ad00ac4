"""`.gitattributes` of a repo on the Hub: whoever clones it on Windows gets the bytes that it holds.

The Hub makes the file, and its lines say what lies beside git. One rule is put before them.
"""

from __future__ import annotations

from cxr_release.publishing.troubles import Trouble
from cxr_release.publishing.wire import Wire

ATTRIBUTES = ".gitattributes"
RULE = b"* -text"
LARGEST = 100_000
"""Bytes of a file of attributes; what is longer is left alone."""
_WHY = b"# No line end is changed on checkout: SHA256SUMS holds hashes of bytes.\n"


def with_rule(attributes: bytes) -> bytes | None:
    """The same with the rule that no line end is changed; None where it says so already.

    What stands behind the rule goes before it, so that the Hub's own lines keep their meaning.
    """
    if RULE in (line.strip() for line in attributes.splitlines()):
        return None
    return _WHY + RULE + b"\n" + attributes


def missing_rule(wire: Wire, commit: str) -> bytes | None:
    """What the file is to hold after `commit`; None where it may stay, or cannot be read.

    It is no part of the release: a Hub that does not give it is asked no second time.
    """
    from huggingface_hub import get_session, hf_raise_for_status

    def read() -> bytes:
        url = f"{wire.access.page}/raw/{commit}/{ATTRIBUTES}"
        response = get_session().get(url, headers=wire.headers())
        hf_raise_for_status(response)
        return bytes(response.content)

    found = wire.attempt(read)
    if isinstance(found, Trouble) or len(found) > LARGEST:
        return None
    return with_rule(found)
