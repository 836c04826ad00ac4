"""Where a server listens, under which addresses browsers know it, and the keys of its pages."""

from __future__ import annotations

import ipaddress
import re
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cxr_release.errors import CxrReleaseError

EVERYWHERE = {"0.0.0.0", "::", ""}  # noqa: S104 - these are asked about, not bound to
LOOPBACK = ("127.0.0.1", "localhost")

_NAME = re.compile(
    r"(?:(https?)://)?(\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(:\d{1,5})?/?"
)
_USUAL = {"http": ":80", "https": ":443"}


@dataclass(frozen=True)
class Site:
    """Where a server listens, and what browsers call it.

    Args:
        host: address or name to listen on.
        port: 0 takes a free one.
        names: further names, such as `review.example.org`; with a port if it is another one, or
            as a whole address (`https://review.example.org`) behind a proxy.
        certificate: TLS certificate (PEM), with `key`.
        key: its private key (PEM).
        keys: what the project changes of the pages' keys; see `key_settings.load_keys`.

    Raises:
        CxrReleaseError: these do not go together.
    """

    host: str
    port: int
    names: Sequence[str] = ()
    certificate: Path | None = None
    key: Path | None = None
    keys: Path | None = None

    def __post_init__(self) -> None:
        self.origins(self.port)
        if bool(self.certificate) != bool(self.key):
            raise CxrReleaseError("a certificate and its key go together", remedy="give both")
        if self.host in EVERYWHERE and not self.names:
            raise CxrReleaseError(
                "is every address of this machine",
                where=f"host {self.host!r}",
                remedy="give --name, the name under which browsers know it",
            )

    @property
    def scheme(self) -> str:
        """`http` or `https`."""
        return "https" if self.certificate else "http"

    @property
    def loopback(self) -> bool:
        """Whether only this machine can ask."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host in LOOPBACK

    def origins(self, port: int) -> list[str]:
        """Addresses that browsers may use, the one to print first.

        Args:
            port: on which the server listens.

        Raises:
            CxrReleaseError: a name is not a host name.
        """
        hosts = [] if self.host in EVERYWHERE else [self.host]
        hosts += LOOPBACK if self.loopback else []
        return list(dict.fromkeys(self._origin(name, port) for name in [*self.names, *hosts]))

    def listen(self) -> socket.socket:
        """A socket that listens; the caller closes it.

        Raises:
            CxrReleaseError: the address is taken, or not this machine's.
        """
        listener = None
        try:
            # With the protocol named, asyncio sends small answers at once; without it each one
            # waits 40 ms for the browser's receipt of what was sent before.
            family, kind, protocol, _, address = socket.getaddrinfo(
                self.host, self.port, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
            )[0]
            listener = socket.socket(family, kind, protocol)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(128)
        except (OSError, UnicodeError) as error:  # the latter of a name that no host can have
            if listener:
                listener.close()
            why = error.strerror if isinstance(error, OSError) else "is not a host name"
            raise CxrReleaseError(
                f"cannot listen: {why}",
                where=f"{self.host}:{self.port}",
                remedy="stop what listens there, or give another --host or --port (0: a free one)",
            ) from error
        return listener

    def warn(self) -> None:
        """Warn on stderr where others on the network can read along."""
        if not self.loopback and self.scheme == "http":
            sys.stderr.write(
                "warning: without a certificate, anyone on the network between a person and this"
                " machine can read along, and decide in that person's name; give --certificate"
                " and --private-key\n"
            )

    def _origin(self, name: str, port: int) -> str:
        lower = name.lower()
        bare = f"[{lower}]" if lower.count(":") > 1 and "[" not in lower else lower
        match = _NAME.fullmatch(bare)
        if not match:
            raise CxrReleaseError("is not a host name", where=repr(name))
        scheme, host, own = match.groups()
        if not own and not scheme:
            own = f":{port}"
        scheme = scheme or self.scheme
        return f"{scheme}://{host}{(own or '').removesuffix(_USUAL[scheme])}"
