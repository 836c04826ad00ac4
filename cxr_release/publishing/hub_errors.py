"""What went wrong on the Hub: whether it may pass by itself, and the error that says what to do.

An unknown host name, an untrusted certificate and a proxy that refuses do not pass by waiting: the
error says what to change on this machine.
"""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from traceback import walk_tb
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from cxr_release.errors import ReleaseError
from cxr_release.publishing.hub import LOG_IN, Access

if TYPE_CHECKING:
    import httpx2


PROXIES = "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY"
TRUST = (
    "where the network has an authority of its own, name the file of its certificate in"
    " SSL_CERT_FILE; see whether this machine's clock is right"
)


def chain_of(error: BaseException) -> list[BaseException]:
    """The error, what caused it, what caused that, and so on."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    return chain


def distrust(error: BaseException) -> str | None:
    """What is wrong with a server's certificate; None where that is not the reason."""
    for cause in chain_of(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted here: {cause.verify_message}"
    return None


def reason(error: BaseException, server: str) -> str:
    """Why a server was not reached, if there is more to say than that it does not answer."""
    import httpx2

    by_proxy = f"; a proxy is set for it: see {PROXIES}" if _is_by_proxy(server) else ""

    untrusted = distrust(error)
    if untrusted:
        return untrusted
    for cause in chain_of(error):
        if isinstance(cause, socket.gaierror):
            return f"{'a' if by_proxy else 'its'} host name is unknown{by_proxy}"
        if isinstance(cause, httpx2.ProxyError):
            return f"the proxy refuses ({cause}): see {PROXIES}"
        if isinstance(cause, ssl.SSLError):
            return f"it does not speak TLS as it should: {cause}"
    return by_proxy.removeprefix("; ")


def _is_by_proxy(server: str) -> bool:
    """Whether the environment names a proxy for a server."""
    split = urlsplit(server)
    proxies = getproxies_environment()
    has_proxy = bool(proxies.get(split.scheme) or proxies.get("all"))
    return has_proxy and not proxy_bypass(split.hostname or "")


PASSING = frozenset({408, 409, 412, 423, 425, 429, 500, 502, 503, 504})
"""Statuses of what may pass by itself. A conflict is one: main is read again before each try."""
RERUN = "run the same command again: only what is missing is sent"
_SHOWN = 300
"""Characters of a Hub's own words that an error repeats."""
_SECRETS = (
    (re.compile(r"\bhf_[A-Za-z0-9_-]{4,}"), "hf_…"),
    (re.compile(r"(?i)\bbearer\s+[^\s'\",;]+"), "Bearer …"),
    # Addresses of uploads and downloads are signed in their query.
    (re.compile(r"(https?://[^\s?'\"<>]+)\?[^\s'\"<>]+"), r"\1?…"),
)


class Untrusted(Exception):  # noqa: N818 - says what the Hub did
    """The Hub does, or asks for, something unsafe."""


class Busy(Exception):  # noqa: N818 - says what the Hub said
    """The Hub asks for a longer wait than `Patience` allows."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"asks to wait {seconds:,.0f} seconds")


@dataclass(frozen=True)
class HubFailure:
    """Something that went wrong."""

    error: ReleaseError
    passes: bool
    """Whether it may pass by itself."""
    wait: float | None = None
    """Seconds that the Hub asks to wait."""
    status: int | None = None
    """HTTP status, where there was an answer."""


def scrub(text: str, access: Access) -> str:
    """Text from outside on one line, without token, signatures and control characters."""
    if access.token:
        # Without its prefix too, however that may be written.
        for secret in (access.token, quote(access.token), access.token.removeprefix("hf_")):
            text = text.replace(secret, "…")
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return " ".join(
        "".join(character if character.isprintable() else " " for character in text).split()
    )


_LIMIT_REACHED = re.compile(r";\s*r\s*=\s*0\s*;\s*t\s*=\s*([0-9]{1,9})", re.ASCII)
"""The Hub's header `RateLimit`, as in `"api";r=0;t=55`: none left, more in 55 seconds."""


def asked_to_wait(response: httpx2.Response) -> float | None:
    """Seconds that an answer asks to wait: its Retry-After, or the Hub's own rate limit."""
    limit = _LIMIT_REACHED.search(response.headers.get("ratelimit", ""))
    if limit and response.status_code == 429:
        return float(limit[1])
    retry_after = response.headers.get("retry-after", "").strip()
    if retry_after.isdecimal() and retry_after.isascii():
        return float(retry_after[:9])
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None


def failure_of(error: Exception, access: Access, status: int | None = None) -> HubFailure:
    """What an exception of a library means, without keeping the exception.

    Args:
        error: what was raised; what caused it is looked at too, for uploads wrap it.
        access: whose secrets it may hold.
        status: of the last answer, which the exception may say nothing of: what some proxies say
            when the Hub is down is not JSON.
    """
    import httpx2

    chain = chain_of(error)
    for cause in chain:
        response = _response(cause)
        if isinstance(response, httpx2.Response):
            return _answered(response, access)
        if isinstance(cause, Untrusted | Busy):
            remedy = RERUN if isinstance(cause, Busy) else "ask the operators of that Hub"
            return HubFailure(_error(str(cause), access, remedy), passes=False)
    if status in PASSING:
        return HubFailure(_error(f"answers {status}", access, RERUN), passes=True, status=status)
    return _unanswered(chain, access)


def _unanswered(chain: list[BaseException], access: Access) -> HubFailure:
    """What went wrong without an answer that says so."""
    import httpx2

    # What a library wraps around it says where; only the first cause says why.
    texts = dict.fromkeys(f"{type(cause).__name__}: {cause}" for cause in (chain[0], chain[-1]))
    text = "; because of ".join(scrub(line, access)[:_SHOWN] for line in texts)
    if untrusted := distrust(chain[0]):
        return HubFailure(_error(scrub(untrusted, access), access, TRUST), passes=False)
    if any(_is_proxys(cause) for cause in chain):
        message = f"cannot be reached through the proxy that is set: {text}"
        return HubFailure(_error(message, access, f"see {PROXIES}"), passes=False)
    if any(_is_xet(cause) for cause in chain):
        # Of its errors only the text says more.
        refused = any(isinstance(cause, PermissionError) for cause in chain)
        return HubFailure(_error(f"sending through Xet failed: {text}", access, RERUN), not refused)
    failed = any(isinstance(cause, httpx2.TransportError | ConnectionError) for cause in chain)
    if failed or any(_lost_its_client(cause) for cause in chain):
        return HubFailure(_error(f"the connection failed: {text}", access, RERUN), passes=True)
    if isinstance(chain[0], OSError) and chain[0].filename is not None:
        return HubFailure(_error(f"a file cannot be read: {text}", access, ""), passes=False)
    message = f"gives an answer that cannot be used: {text}"
    return HubFailure(_error(message, access, "ask the operators of that Hub"), passes=False)


def _answered(response: httpx2.Response, access: Access) -> HubFailure:
    status = response.status_code
    wait = asked_to_wait(response)
    error = _error(
        f"answers {status}: {_message_of(response, access)}", access, _remedy(status, access)
    )
    # A second more: seconds in headers are rounded.
    return HubFailure(error, status in PASSING, None if wait is None else wait + 1, status)


def _message_of(response: httpx2.Response, access: Access) -> str:
    """What the Hub itself says."""
    try:
        body = response.json()
        message = body.get("error") if isinstance(body, dict) else None
    except (ValueError, RuntimeError):  # not JSON, or never read
        message = None
    if not isinstance(message, str):
        message = response.headers.get("X-Error-Message") or response.reason_phrase
    return scrub(message, access)[:_SHOWN] or "nothing more"


def _remedy(status: int, access: Access) -> str:
    if status == 401:
        return LOG_IN if access.token is None else f"the token is not accepted: {LOG_IN}"
    if status == 403:
        org = access.repo.partition("/")[0]
        return f"use a token with the right to write to {org}, or ask its owners for it"
    if status == 404:
        return "check the name; a private repo is visible only to those who may read it: " + LOG_IN
    if status == 413:
        return "make the shards smaller"
    return RERUN if status in PASSING else ""


def _error(message: str, access: Access, remedy: str) -> ReleaseError:
    return ReleaseError(message, where=access.page, remedy=remedy)


def _response(error: BaseException) -> httpx2.Response | None:
    """The answer that an error is about; httpx2 raises where there is none."""
    try:
        return getattr(error, "response", None)
    except RuntimeError:
        return None


def _is_proxys(error: BaseException) -> bool:
    """Whether the error says that a proxy's address cannot be used."""
    text = str(error).lower()
    return isinstance(error, ImportError | ValueError) and "proxy" in text


def _is_xet(error: BaseException) -> bool:
    """Whether the error was raised by hf_xet, whose exceptions are plain Python ones."""
    callers = [frame.f_code.co_name for frame, _ in walk_tb(error.__traceback__)]
    return any("xet" in name for name in callers)


def _lost_its_client(error: BaseException) -> bool:
    """Whether another thread's failed upload took away the client that all uploads share.

    The library drops that client whenever a connection fails, between one look at it and the next.
    """
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    return (
        isinstance(error, AttributeError)
        and error.obj is None
        and bool(frames)
        and str(frames[-1].f_globals.get("__name__")).startswith("huggingface_hub.")
    )
