"""How to reach the Hub: its address, the login, the repo's name, and references to a version.

Nothing here talks to the network.
"""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from cxr_release.errors import ReleaseError

_HOME = "https://huggingface.co"
LOG_IN = "set HF_TOKEN, or log in with `hf auth login`"
_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
_REPO = re.compile(rf"{_PART}/{_PART}")
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class Reference:
    """A version on the Hub: ORG/NAME@TAG."""

    repo: str
    tag: str


Kind = Literal["dataset", "model"]
"""What a repo on the Hub holds, as the Hub's clients call it."""
RECORDS: dict[Kind, str] = {"dataset": "release.json", "model": "model.json"}
"""Kind of a repo → the file by which its content is one of ours."""


@dataclass(frozen=True)
class Access:
    """One repo of one Hub, and who asks."""

    endpoint: str
    """Such as https://huggingface.co, without a slash at the end."""
    repo: str
    """ORG/NAME."""
    token: str | None = field(repr=False)
    """None where not logged in."""
    kind: Kind = "dataset"

    @property
    def record(self) -> str:
        """The file by which the repo's content is one of ours."""
        return RECORDS[self.kind]

    @property
    def page(self) -> str:
        """The repo's page, and the `where` of every error."""
        folder = "datasets/" if self.kind == "dataset" else ""
        return f"{self.endpoint}/{folder}{self.repo}"

    @property
    def api(self) -> str:
        """Where the repo's endpoints are."""
        return f"{self.endpoint}/api/{self.kind}s/{self.repo}"


def is_reference(text: str) -> bool:
    """Whether this reads as ORG/NAME@TAG."""
    repo, separator, tag = text.partition("@")
    return bool(separator) and _is_repo_name(repo) and _is_tag(tag)


def reference(text: str) -> Reference:
    """ORG/NAME@TAG in its parts.

    Raises:
        ReleaseError: it is not a reference.
    """
    if not is_reference(text):
        raise ReleaseError("is not a version on the Hub", where=text, remedy="give ORG/NAME@TAG")
    repo, _, tag = text.partition("@")
    return Reference(repo, tag)


def access_to(repo: str, kind: Kind = "dataset", *, plan: bool = False) -> Access:
    """How to reach a repo: endpoint of HF_ENDPOINT, token of HF_TOKEN or of the usual login.

    Args:
        repo: ORG/NAME.
        kind: what it holds.
        plan: for a plan alone, which needs no network: see `require_online`.

    Raises:
        ReleaseError: the name, the endpoint or the token cannot be used, the Hub is switched off
            (HF_HUB_OFFLINE), or the token would travel where others can read it.
    """
    _is_encrypted(os.environ.get("HF_ENDPOINT") or _HOME)  # at a wrong one, the library breaks
    from huggingface_hub import constants, get_token

    if not _is_repo_name(repo):
        raise ReleaseError("is not the name of a repository", where=repo, remedy="give ORG/NAME")
    endpoint = str(constants.ENDPOINT).rstrip("/")
    encrypted = _is_encrypted(endpoint)
    if not plan:
        require_online(endpoint)
    token = get_token() or None
    if token and not _TOKEN.fullmatch(token):
        raise ReleaseError(
            "the token has characters that are not allowed in a token", remedy=LOG_IN
        )
    if token and not encrypted and not _is_loopback(endpoint):
        raise ReleaseError(
            "would carry the token unencrypted", where=endpoint, remedy="set HF_ENDPOINT to https"
        )
    return Access(endpoint, repo, token, kind)


def require_online(endpoint: str) -> None:
    """Refuse to talk to a Hub where the user wants no network.

    Raises:
        ReleaseError: HF_HUB_OFFLINE is set.
    """
    from huggingface_hub import constants

    if constants.is_offline_mode():
        raise ReleaseError(
            "offline mode is on, so nothing is sent to the Hub or fetched from it",
            where=endpoint,
            remedy="unset HF_HUB_OFFLINE, or name a local folder",
        )


def _is_encrypted(endpoint: str) -> bool:
    """Whether this address is https; it is an address of a server and nothing else."""
    try:
        split = urlsplit(endpoint)
        sound = split.scheme in {"http", "https"} and bool(split.hostname) and split.port != 0
    except ValueError:
        sound = False
    if not sound or "@" in split.netloc or split.query or split.fragment:
        raise ReleaseError(
            "is not the address of a Hub", where="HF_ENDPOINT", remedy="give https://…"
        )
    return split.scheme == "https"


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def travels_safely(url: str, access: Access) -> bool:
    """Whether to talk to `url`: encrypted, or as unencrypted as the Hub's own address.

    A Hub without encryption is known to be on this machine as soon as there is a token; where it
    redirects to must then be on this machine too.
    """
    if urlsplit(url).scheme == "https":
        return True
    return access.endpoint.startswith("http:") and (not access.token or _is_loopback(url))


def _is_repo_name(repo: str) -> bool:
    sound = _REPO.fullmatch(repo) and not repo.endswith(".git")
    return bool(sound) and "--" not in repo and ".." not in repo


def _is_tag(tag: str) -> bool:
    return bool(_TAG.fullmatch(tag)) and ".." not in tag and not tag.endswith((".", ".lock"))
