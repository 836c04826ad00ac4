"""One conversation with the Hub: guarded, patient, and with errors that say what to do.

`huggingface_hub` does the talking; this module watches over its one HTTP client for as long as a
conversation lasts. The token goes to the Hub alone, no answer is endless, and what
the libraries raise over a strange answer becomes one ReleaseError, without secrets in it.
"""

from __future__ import annotations

import json
import logging
import random
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from cxr_release import __version__
from cxr_release.errors import ReleaseError
from cxr_release.publishing import hub_errors
from cxr_release.publishing.hub import Access, travels_safely
from cxr_release.publishing.hub_errors import HubFailure
from cxr_release.publishing.patience import Watch

if TYPE_CHECKING:
    import httpx2
    from huggingface_hub import HfApi

T = TypeVar("T")
LIMIT = "cxr-release-limit"
"""Extension of a request: bytes that its answer may have."""
_UNPACKED = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd"})
"""What a client would unpack as it comes, to an unknown size."""
ANSWER_AT_MOST = 64 * 2**20
"""Bytes of an answer that states no limit: all of them are JSON."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for a Hub that fails or asks to wait. All in seconds."""

    tries: int = 6
    """Of one request; the libraries repeat some of their own accord, five times, within each."""
    first: float = 1.0
    """Before the second try; twice as long before each further one."""
    longest: float = 30.0
    """Between two tries, unless the Hub asks for more."""
    asked: float = 600.0
    """The longest wait that the Hub may ask for."""
    silence: float = 120.0
    """How long a connection may say nothing."""
    total: float = 300.0
    """How long a server may give no answer at all, however often it is asked."""

    def before(self, turn: int) -> float:
        """How long to wait after try `turn`, counted from 0, with up to a quarter of chance."""
        return min(self.longest, self.first * 2.0**turn) * random.uniform(1.0, 1.25)  # noqa: S311


class Wire:
    """Requests of one conversation; made by `conversation`."""

    def __init__(self, access: Access, patience: Patience, watch: Watch) -> None:
        from huggingface_hub import HfApi

        self.access = access
        self.patience = patience
        self.watch = watch
        # False, not None: None would look for a login by itself.
        self.hub: HfApi = HfApi(endpoint=access.endpoint, token=access.token or False)
        self.status: int | None = None
        """Of the last answer."""

    def attempt(self, act: Callable[[], T]) -> T | HubFailure:
        """What `act` gives, or what went wrong: nothing that a library raises gets past this."""
        self.status = None
        try:
            with warnings.catch_warnings(record=True) as caught:
                # Never raised: a Hub's word on the card's YAML is news and no failure.
                warnings.simplefilter("always")
                result = act()
        except ReleaseError:
            raise
        except Exception as error:  # noqa: BLE001 - what a strange answer makes a library raise
            return hub_errors.failure_of(error, self.access, self.status)
        finally:
            self.watch.finished()
        for warning in caught:
            if issubclass(warning.category, UserWarning):
                sys.stderr.write(f"{hub_errors.scrub(str(warning.message), self.access)}\n")
        return result

    def persist(self, act: Callable[[], T], absent: Set[int] = frozenset()) -> T | None:
        """What `act` gives at last; it is repeated while what goes wrong may pass.

        Args:
            act: what to do.
            absent: statuses by which the Hub says that there is nothing; None is given then.

        Raises:
            ReleaseError: it went wrong for good, or too often.
        """
        for turn in count():
            result = self.attempt(act)
            if not isinstance(result, HubFailure):
                return result
            if result.status in absent:
                return None
            self.wait_or_raise(result, turn)
        raise AssertionError("the last try raises")

    def wait_or_raise(self, failure: HubFailure, turn: int) -> None:
        """Wait before the next try, or raise where there shall be none.

        A server that gives no answer at all is tried as long as the watch allows.

        Raises:
            ReleaseError: what went wrong does not pass by itself, or this was the last try.
        """
        if self.watch.error is not None:
            raise self.watch.error
        is_last = turn + 1 >= self.patience.tries and not self.watch.is_silent
        if not failure.passes or is_last:
            raise failure.error
        time.sleep(self.patience.before(turn) if failure.wait is None else failure.wait)

    def get(self, url: str, absent: Set[int] = frozenset()) -> tuple[Any, str | None]:
        """The JSON at `url`, and the address of the page behind it, if there is one.

        Raises:
            ReleaseError: the Hub does not answer, or not with JSON.
        """
        return self.persist(lambda: self.get_once(url), absent) or (None, None)

    def get_once(self, url: str) -> tuple[Any, str | None]:
        """The same without patience; what goes wrong is raised as the library raises it."""
        from huggingface_hub import get_session, hf_raise_for_status

        response = get_session().get(url, headers=self.headers())
        hf_raise_for_status(response)
        return json.loads(response.content), response.links.get("next", {}).get("url")

    def headers(self) -> dict[str, str]:
        """Who asks."""
        token = self.access.token
        asked_by = {"user-agent": f"cxr-release/{__version__}"}
        return asked_by | ({"authorization": f"Bearer {token}"} if token else {})


@contextmanager
def conversation(access: Access, patience: Patience) -> Iterator[Wire]:
    """Watch over `huggingface_hub`'s HTTP client until the block ends."""
    watch = Watch(access, patience.total)
    wire = Wire(access, patience, watch)
    with _scrubbed_logs(access), _bars_on_terminals(), _guarded(wire), watch:
        yield wire


@contextmanager
def _guarded(wire: Wire) -> Iterator[None]:
    """Clients of the library are watched; afterwards it makes them as it did before."""
    from huggingface_hub import get_session, set_client_factory

    before = get_session()
    with ExitStack() as clients:
        set_client_factory(lambda: _kept(_watched(_like(before), wire), clients))
        try:
            yield
        finally:
            set_client_factory(lambda: _like(before))


def _like(client: httpx2.Client) -> httpx2.Client:
    """A client with the settings of another, which may be closed."""
    import httpx2

    return httpx2.Client(
        auth=client.auth,
        cookies=client.cookies,
        event_hooks=client.event_hooks,
        follow_redirects=client.follow_redirects,
        headers=client.headers,
        timeout=client.timeout,
        trust_env=client.trust_env,
    )


def _kept(client: httpx2.Client, until: ExitStack) -> httpx2.Client:
    """The same client, which closes only with `until`.

    The library closes the client that all its uploads share when one of them cannot connect, and
    so ends those that may well be fine, with errors that it does not try again.
    """
    until.callback(client.close)
    client.close = lambda: None  # type: ignore[method-assign]
    return client


def _watched(client: httpx2.Client, wire: Wire) -> httpx2.Client:
    import httpx2

    access, patience = wire.access, wire.patience
    home = httpx2.URL(access.endpoint).origin

    def look_at_request(request: httpx2.Request) -> None:
        if not travels_safely(str(request.url), access):
            raise hub_errors.Untrusted("would send it unencrypted, to another machine")
        if "authorization" in request.headers and request.url.origin != home:
            raise hub_errors.Untrusted(f"would send the token to {request.url.host}")
        wire.watch.request(request, request.extensions.get(LIMIT, 0))

    def look_at_response(response: httpx2.Response) -> None:
        wire.status = response.status_code
        wire.watch.answered(response.request.url)
        encodings = response.headers.get("content-encoding", "").lower().replace(",", " ")
        if _UNPACKED & set(encodings.split()):
            raise hub_errors.Untrusted("compressed an answer, and was asked not to")
        wait = hub_errors.asked_to_wait(response)
        if wait is not None and wait > patience.asked and response.is_error:
            raise hub_errors.Busy(wait)
        limit = response.request.extensions.get(LIMIT, ANSWER_AT_MOST)
        response.stream = _bounded(response.stream, limit, wire.watch, response.request.url)

    client.timeout = httpx2.Timeout(min(patience.silence, patience.total))
    client.headers["Accept-Encoding"] = "identity"
    hooks = client.event_hooks
    hooks["request"] = [*hooks["request"], look_at_request]
    hooks["response"] = [*hooks["response"], look_at_response]
    client.event_hooks = hooks
    return client


def _bounded(stream: Any, limit: int, watch: Watch, url: httpx2.URL) -> Any:
    """The same bytes, which `watch` sees; more than `limit` of them are an error."""
    import httpx2

    class Bounded(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            remaining = limit
            for chunk in stream:
                watch.answered(url)
                remaining -= len(chunk)
                if remaining < 0:
                    raise hub_errors.Untrusted(f"gives an answer of more than {limit:,} bytes")
                yield chunk

        def close(self) -> None:
            watch.finished()
            stream.close()

    return Bounded()


@contextmanager
def _bars_on_terminals() -> Iterator[None]:
    """In a log file, the library's bars would be thousands of lines."""
    from huggingface_hub.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    if sys.stderr.isatty() or are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()


@contextmanager
def _scrubbed_logs(access: Access) -> Iterator[None]:
    """What the library says of its retries names addresses, and those of uploads are signed."""

    def scrub(record: logging.LogRecord) -> bool:
        record.msg, record.args = hub_errors.scrub(record.getMessage(), access), ()
        return True

    handlers = list(logging.getLogger("huggingface_hub").handlers)
    for handler in handlers:
        handler.addFilter(scrub)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(scrub)
