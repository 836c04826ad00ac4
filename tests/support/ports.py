"""Ports for servers that are killed and started again where they were."""

from __future__ import annotations

import random
import socket
from contextlib import closing

BELOW_EPHEMERAL = range(20_000, 32_768)
"""Ports that no system gives to whoever asks for any: Linux begins there at 32768."""


def free_port() -> int:
    """A port of the loopback that is free, and stays free while its server is down.

    A port that the system chose would not: the next connection of another test may be given it.
    """
    for _ in range(100):
        port = random.SystemRandom().choice(BELOW_EPHEMERAL)
        with closing(socket.socket()) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
