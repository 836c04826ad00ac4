"""Training maps its films: however many they are, memory of its own stays what it was."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cxr_release import schemas, tables
from cxr_release.films import png
from tests.generators.conftest import COMPUTE, NETWORK, SETTINGS
from tests.support import ROOT
from tests.support.unspaced import NO_SPACING

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
FILMS = 2**16
"""Of 256 × 256 pixels: 4 GiB."""
GIVEN = {
    "network": replace(NETWORK, pixel_unshuffle=4),
    "settings": replace(SETTINGS, checkpoint_every=2),
    "compute": COMPUTE,
    "steps": 2,
    "seed": 7,
    "fingerprint": "a" * 64,
}
PROGRAM = """
import re, sys, threading, time
from pathlib import Path
import numpy as np
from cxr_release import schemas, tables
from cxr_release.films import film_array
from cxr_release.generators.diffusion.training import train
from cxr_release.generators.runtime.films import SomeFilms
from tests.generators.test_training_memory import GIVEN

own = []
def watch():
    while True:
        status = Path("/proc/self/status").read_text()
        own.append(int(re.search(r"RssAnon:\\s*(\\d+) kB", status)[1]))
        time.sleep(0.02)
threading.Thread(target=watch, daemon=True).start()
table, folder = Path(sys.argv[1]), Path(sys.argv[2])
# The array, as `load_films` would make it of black films, but without a place on the disk.
columns = tables.read(table, schemas.COHORT)
folder.mkdir()
with (folder / (film_array._name(columns) + film_array.SUFFIX)).open("wb") as stream:
    stream.truncate(len(columns) * 256 * 256)
ids, films = film_array.load_films(table, folder)
assert films.nbytes == 2**32
train(films, folder / "all", **GIVEN)
train(SomeFilms(films, np.arange(0, len(ids), 2)), folder / "half", **GIVEN)
print(max(own))
"""


def test_training_on_four_gib_of_films_takes_less_than_one_of_its_own(tmp_path: Path) -> None:
    film = np.zeros((256, 256), np.uint8)
    data = png.encode(film, synthetic=False)
    row = {
        "image": png.cell(data, "black"), "patient": None, **png.facts(film, data),
        "inverted": False, "facing": None, "flipped": False, **NO_SPACING,
    }  # fmt: skip
    table = tmp_path / "films.parquet"
    tables.write(table, schemas.COHORT, ({**row, "id": f"film-{at}"} for at in range(FILMS)))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(table), str(tmp_path / "array")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 2**20
