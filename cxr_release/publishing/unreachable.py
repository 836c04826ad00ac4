"""Why a server cannot be reached, where the reason is not that it is silent.

Who only waits for it waits in vain: an unknown name, a certificate that nobody here trusts, and a
proxy that refuses are seen to on this side.
"""

from __future__ import annotations

import socket
import ssl
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

PROXIES = "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY"
TRUST = (
    "where the network has an authority of its own, name the file of its certificate in"
    " SSL_CERT_FILE; see whether this machine's clock is right"
)


def chain_of(error: BaseException) -> list[BaseException]:
    """The error, what caused it, what caused that, and so on."""
    found: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in found:
        found.append(one)
        one = one.__cause__ or one.__context__
    return found


def distrust(error: BaseException) -> str | None:
    """What is wrong with a server's certificate; None where that is not the reason."""
    for one in chain_of(error):
        if isinstance(one, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted here: {one.verify_message}"
    return None


def reason(error: BaseException, server: str) -> str:
    """Why a server was not reached, if there is more to say than that it does not answer."""
    import httpx2

    by_proxy = f"; a proxy is set for it: see {PROXIES}" if _is_by_proxy(server) else ""

    untrusted = distrust(error)
    if untrusted:
        return untrusted
    for one in chain_of(error):
        if isinstance(one, socket.gaierror):
            return f"{'a' if by_proxy else 'its'} name is not known here{by_proxy}"
        if isinstance(one, httpx2.ProxyError):
            return f"the proxy refuses ({one}): see {PROXIES}"
        if isinstance(one, ssl.SSLError):
            return f"it does not speak TLS as it should: {one}"
    return by_proxy.removeprefix("; ")


def _is_by_proxy(server: str) -> bool:
    """Whether the environment names a proxy for a server."""
    split = urlsplit(server)
    known = getproxies_environment()
    named = bool(known.get(split.scheme) or known.get("all"))
    return named and not proxy_bypass(split.hostname or "")
