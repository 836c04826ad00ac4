"""A server that cannot be reached for a reason on this side: the reason is said."""

from __future__ import annotations

import socket
import ssl
import sys
from collections.abc import Callable

import httpx2
import pytest
from huggingface_hub import constants

from cxr_release.errors import ReleaseError
from cxr_release.publishing import hub, hub_errors, patience
from cxr_release.publishing.hub import Access
from cxr_release.publishing.hub_errors import reason

ACCESS = Access("https://hub.example", "cxr/films", None)


def untrusted() -> Exception:
    error = ssl.SSLCertVerificationError("certificate verify failed")
    error.verify_message = "self-signed certificate"
    return error


def caused(error: Exception, by: Exception) -> Exception:
    try:
        try:
            raise by
        except Exception as first:
            raise error from first
    except Exception as both:  # noqa: BLE001 - the one that was raised
        return both


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "http_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


CASES: list[tuple[Exception, Exception, str]] = [
    (httpx2.ConnectError("x"), untrusted(), "its certificate is not trusted here: self-signed"),
    (httpx2.ConnectError("x"), socket.gaierror(-2, "unknown"), "its host name is unknown"),
    (httpx2.ConnectError("x"), ssl.SSLError(1, "[SSL] wrong version"), "it does not speak TLS"),
    (httpx2.ProxyError("403 Forbidden"), OSError(), "the proxy refuses (403 Forbidden): see HTTPS"),
    (httpx2.ConnectError("x"), ConnectionRefusedError(), ""),
    (httpx2.ConnectTimeout("x"), TimeoutError(), ""),
]


@pytest.mark.parametrize(("error", "cause", "said"), CASES)
def test_the_reason_is_read_from_what_caused_the_error(
    error: Exception, cause: Exception, said: str
) -> None:
    found = reason(caused(error, cause), ACCESS.endpoint)
    assert found.startswith(said)
    assert bool(found) == bool(said)


def test_a_proxy_that_is_set_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.invalid:3128")
    for cause, said in (
        (ConnectionRefusedError(), "a proxy is set for it"),
        (socket.gaierror(-2, "unknown"), "a host name is unknown; a proxy is set for it"),
    ):
        error = caused(httpx2.ConnectError("x"), cause)
        assert reason(error, "https://hub.example").startswith(said)
        assert "proxy" not in reason(error, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "hub.example")
    assert reason(error, "https://hub.example") == "its host name is unknown"


@pytest.mark.parametrize(("error", "cause", "said"), CASES)
def test_the_silence_is_told_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, error: Exception, cause: Exception, said: str
) -> None:
    def head(*_: object, **__: object) -> None:
        raise caused(error, cause)

    monkeypatch.setattr(httpx2, "head", head)
    one = patience.Watch(ACCESS, 300.0)
    assert not one._gives_a_sign(ACCESS.endpoint)
    told = one._silence(ACCESS.endpoint, 5.0)
    assert told.startswith("https://hub.example has not answered for 5 s" + (" (" if said else ""))
    assert said in told


def test_a_certificate_that_is_not_trusted_does_not_pass_by_itself() -> None:
    trouble = hub_errors.failure_of(caused(httpx2.ConnectError("x"), untrusted()), ACCESS)
    assert not trouble.passes
    assert "certificate is not trusted here: self-signed certificate" in str(trouble.error)
    assert "SSL_CERT_FILE" in str(trouble.error)


@pytest.mark.parametrize("error", [
    lambda: caused(ImportError("Using SOCKS proxy, but no 'socksio'"), ModuleNotFoundError("x")),
    lambda: ValueError("Unknown scheme for proxy URL 'x'"),
])  # fmt: skip
def test_a_proxy_that_cannot_be_used_is_not_the_hub_s_fault(error: Callable[[], Exception]) -> None:
    trouble = hub_errors.failure_of(error(), ACCESS)
    assert not trouble.passes
    assert "the proxy that is set" in str(trouble.error)
    assert "HTTPS_PROXY" in str(trouble.error)
    assert "operators of that Hub" not in str(trouble.error)


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:99999", "https://[x]", "x://"])
def test_an_endpoint_at_which_the_library_would_break_is_refused(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", url)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)  # it reads the address on import
    with pytest.raises(ReleaseError, match="HF_ENDPOINT: is not the address of a Hub"):
        hub.access_to("cxr/films")
    assert constants.ENDPOINT
