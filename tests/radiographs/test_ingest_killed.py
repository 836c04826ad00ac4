"""SIGKILL at any moment, run again: the same bytes."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from cxr_release.files import tree_sha256
from cxr_release.films.png import Film
from cxr_release.params.films import IngestParams
from cxr_release.radiographs.ingest import ingest
from tests.support.film_key import KEY

SCRIPT = """
import sys
from pathlib import Path
from cxr_release.params.films import IngestParams
from cxr_release.radiographs.ingest import ingest
from tests.support.film_key import KEY
if __name__ == "__main__":
    settings = IngestParams(source="", phantoms=1, size=64, fit="pad", on_error="stop")
    print("start", flush=True)
    ingest(sys.argv[1], Path(sys.argv[2]), settings=settings, seed=1, key=KEY, progress=False)
"""


def test_killed_anywhere_and_run_again(
    tmp_path: Path, settings: Callable[..., IngestParams], positives: list[Film]
) -> None:
    films = tmp_path / "films"
    films.mkdir()
    for at in range(48):
        Image.fromarray(positives[at % 32]).save(films / f"film-{at:02d}.png", compress_level=1)
    (films / "left-facing.txt").write_text("film-00\n")
    script = tmp_path / "run.py"
    script.write_text(SCRIPT)
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}

    def start(output: Path) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(
            [sys.executable, script, films, output], stdout=subprocess.PIPE, env=env
        )
        assert child.stdout is not None
        with child.stdout:
            assert child.stdout.readline() == b"start\n"
        return child

    def in_one_go(output: Path) -> None:
        ingest(films, output, settings=settings(fit="pad"), seed=1, key=KEY, progress=False)

    began = time.monotonic()
    in_one_go(tmp_path / "whole")
    length = time.monotonic() - began

    output = tmp_path / "out"
    moments = random.Random(4)
    for part in range(2):
        child = start(output)
        time.sleep(length * (part + moments.random()) / 2)
        child.kill()
        child.wait()
        for name in ("cohort.parquet", "manifest.parquet"):
            if (output / name).exists():  # whole or absent
                expected = (tmp_path / "whole" / name).read_bytes()
                assert (output / name).read_bytes() == expected
    in_one_go(output)
    assert tree_sha256(output) == tree_sha256(tmp_path / "whole")
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["films", "out", "run.py", "whole"]
