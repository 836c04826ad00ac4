"""Milliseconds for a page of 48 films out of 27,000, and the memory of the server.

    python -m benchmarks.review [--films N] [--side PIXELS] [--pages N] [--folder FOLDER]

A client of six connections asks as a browser does: which films stand on the page, then for each of
them. The alternative serves the same films from a folder of loose PNG files with Starlette's
StaticFiles under the same uvicorn: without sessions, logs or hashes. Both are asked in
turns. Films lie in the page cache. Of films that are larger than a small picture the page asks for
small pictures: each page once when none of them is made yet, and once more when all are. Times hold
for this machine: compare the ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import processes
from benchmarks.review_films import PER_PAGE, REVIEWER, SIDE, make, tables_in
from cxr_release.review_app.thumbnails import WIDTHS

CONNECTIONS = 6
FLOOR = 150
"""Milliseconds that a page may take."""
READY = "listening on "


def main() -> None:
    """Print a table."""
    options = _options()
    if options.serve:
        _serve(options.serve, options.folder)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        root = Path(name)
        side = options.side
        sys.stderr.write(f"making {options.films:,} films of {side} × {side} pixels\n")
        size = make(root, options.films, side)
        servers = asyncio.run(_measured(root, options.films, options.pages, side))
    print(f"{options.films:,} films of {size / 1024:.0f} KiB; {options.pages} pages of {PER_PAGE}")
    _print(servers)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=27_000)
    parser.add_argument("--side", type=int, default=SIDE, help="pixels on each side of a film")
    parser.add_argument("--pages", type=int, default=100, help="pages asked for, at random")
    parser.add_argument("--folder", type=Path, help="where the temporary folder goes (3 GB)")
    parser.add_argument("--serve", choices=("review", "loose"), help=argparse.SUPPRESS)
    return parser.parse_args()


def _serve(service: str, root: Path) -> None:
    if service == "review":
        from cxr_release.review_app.review import review
        from cxr_release.review_app.site import Site

        review(
            tables_in(root),
            screening_log=root / "reviews" / "screening",
            facing_log=root / "reviews" / "facing",
            orders=root / "reviews" / "orders",
            reasons={"other": "Any other."},
            reviewers=[REVIEWER],
            site=Site("127.0.0.1", 0),
        )
        return
    import socket

    import uvicorn
    from starlette.staticfiles import StaticFiles

    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    print(f"{READY}{listener.getsockname()[1]}", flush=True)
    app = StaticFiles(directory=root / "loose")
    config = uvicorn.Config(app, access_log=False, log_config=None, lifespan="off", ws="none")
    uvicorn.Server(config).run(sockets=[listener])


@dataclass
class Server:
    """A running server, as its client knows it."""

    process: subprocess.Popen[str]
    port: int
    token: str
    seconds: float
    """From start until it listened."""

    def peak(self) -> float:
        """MiB of memory that it took at most."""
        return processes.peak(self.process.pid)


@contextmanager
def _running(service: str, root: Path) -> Iterator[Server]:
    command = [sys.executable, "-m", "benchmarks.review", "--serve", service, "--folder", str(root)]
    begin = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port, token = 0, ""
        while not port:
            line = process.stdout.readline()
            assert line, "the server did not start"
            if line.startswith(READY):
                port = int(line.removeprefix(READY))
            elif line.startswith(f"{REVIEWER}: "):
                address, _, token = line.strip().partition("/?token=")
                port = int(address.rpartition(":")[2])
        try:
            yield Server(process, port, token, time.perf_counter() - begin)
        finally:
            process.kill()


@dataclass
class Measured:
    """What was measured of a server."""

    times: list[float]
    """Milliseconds of each page."""
    peak: float
    seconds: float


class Client:
    """Six connections that stay open, as a browser's."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._lines: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._cookie = ""

    async def open(self) -> None:
        for _ in range(CONNECTIONS):
            self._lines.append(await asyncio.open_connection("127.0.0.1", self._port))

    async def enter(self, token: str) -> None:
        body = f"token={token}"
        headers = f"Origin: http://127.0.0.1:{self._port}\r\nContent-Length: {len(body)}\r\n"
        headers += "Content-Type: application/x-www-form-urlencoded\r\n"
        head, _ = await self._ask(0, f"POST /r/{REVIEWER}/enter", headers, body)
        self._cookie = f"session-{head.partition('session-')[2].partition(';')[0]}"

    async def get(self, path: str) -> bytes:
        head, body = await self._get(0, path)
        assert " 200 " in head.split("\r\n", maxsplit=1)[0], head
        return body

    async def get_all(self, paths: list[str]) -> list[bytes]:
        remaining = iter(enumerate(paths))
        bodies = [b""] * len(paths)

        async def work(line: int) -> None:
            for place, path in remaining:
                head, bodies[place] = await self._get(line, path)
                assert " 200 " in head.split("\r\n", maxsplit=1)[0], head

        await asyncio.gather(*map(work, range(CONNECTIONS)))
        return bodies

    async def _get(self, line: int, path: str) -> tuple[str, bytes]:
        cookie = f"Cookie: {self._cookie}\r\n" if self._cookie else ""
        return await self._ask(line, f"GET {path}", cookie)

    async def _ask(
        self, line: int, request: str, headers: str, body: str = ""
    ) -> tuple[str, bytes]:
        reader, writer = self._lines[line]
        head = f"{request} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n{headers}\r\n"
        writer.write(f"{head}{body}".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(field.split(":")[1])
            for field in head.split("\r\n")
            if field.lower().startswith("content-length")
        )
        return head, await reader.readexactly(length)


async def _measured(root: Path, films: int, pages: int, side: int) -> dict[str, Measured]:
    chance = random.Random(2)  # noqa: S311
    places = [chance.randrange(films - PER_PAGE) for _ in range(pages)]
    if side > WIDTHS[0]:  # pages without a film in common, so that each is new
        starts = range(0, films - PER_PAGE + 1, PER_PAGE)
        places = chance.sample(starts, min(pages, len(starts)))
    with _running("review", root) as review_server, _running("loose", root) as loose_server:
        reviewing, serving = Client(review_server.port), Client(loose_server.port)
        await reviewing.open()
        await serving.open()
        await reviewing.enter(review_server.token)

        query = f"?w={WIDTHS[0]}" if side > WIDTHS[0] else ""

        async def review_page(place: int) -> None:
            page = json.loads(await reviewing.get(f"/r/{REVIEWER}/films?n={PER_PAGE}&from={place}"))
            names = [f"/r/{REVIEWER}/film/{film['name']}{query}" for film in page["films"]]
            assert len(await reviewing.get_all(names)) == PER_PAGE

        async def loose_page(place: int) -> None:
            page = json.loads(await serving.get(f"/page-{place // PER_PAGE}.json"))
            assert len(await serving.get_all([f"/{film['name']}" for film in page])) == PER_PAGE

        works: dict[str, Callable[[int], Awaitable[None]]] = {
            "review": review_page,
            **({"again": review_page} if query else {}),
            "loose": loose_page,
        }
        times: dict[str, list[float]] = {name: [] for name in works}
        for place in places:
            for name, work in works.items():
                begin = time.perf_counter()
                await work(place)
                times[name].append(1000 * (time.perf_counter() - begin))
        return {
            "loose": Measured(times["loose"], loose_server.peak(), loose_server.seconds),
            **{
                name: Measured(times[name], review_server.peak(), review_server.seconds)
                for name in works
                if name != "loose"
            },
        }


def _print(servers: dict[str, Measured]) -> None:
    print(f"on {os.cpu_count()} processors\n")
    print("| | ms a page, median | 95 % | slowest | MiB of the server, peak | s to start |")
    print("|---|---:|---:|---:|---:|---:|")
    titles = {
        "loose": "StaticFiles, loose PNG files",
        "review": "cxr-release review",
        "again": "the same pages again: small pictures are made",
    }
    for name, server in servers.items():
        title, times = titles[name], server.times
        high = statistics.quantiles(times, n=20)[-1]
        print(
            f"| {title} | {statistics.median(times):.0f} | {high:.0f} | {max(times):.0f}"
            f" | {server.peak:,.0f} | {server.seconds:.1f} |"
        )
    warm = servers.get("again", servers["review"])
    high = statistics.quantiles(warm.times, n=20)[-1]
    print(f"\n95 % within {high:.0f} ms: {'meets' if high <= FLOOR else 'MISSES'} {FLOOR} ms")


if __name__ == "__main__":
    main()
