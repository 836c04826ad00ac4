"""The phantoms of a call, drawn on all cores, and how long that took."""

from __future__ import annotations

import os
import sys
import time

from benchmarks.gpu import workers
from benchmarks.gpu.settings import BEYOND, read


def main() -> None:
    settings = read(sys.argv[1])
    begin = time.perf_counter()
    settings.patients()
    took = time.perf_counter() - begin
    count = settings.phantoms + BEYOND
    workers.answer(
        {"films": count, "seconds": took, "films_a_second": count / took, "cores": os.cpu_count()}
    )


if __name__ == "__main__":
    main()
