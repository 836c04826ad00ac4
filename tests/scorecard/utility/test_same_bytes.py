"""The same bytes, however many threads the libraries would take."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support import ROOT

PROGRAM = """
import hashlib, json, sys
import numpy as np
from cxr_release.scorecard.sets import Part, ScoreSets
from cxr_release.scorecard.utility.labels import Labels
from cxr_release.scorecard.utility.utility import measure_utility

assert "scipy" not in sys.modules, "its threads would be held back in any case"
chance = np.random.default_rng(1)
basis = np.kron(chance.normal(size=(40, 8, 8)), np.ones((8, 8)))

def part(name, count):
    grey = 128 + 5 * np.tensordot(chance.normal(size=(count, 40)), basis, 1)
    grey += 9 * chance.normal(size=grey.shape)
    ids = tuple(f"{name}-{place:04d}" for place in range(count))
    films = np.clip(grey, 0, 255).astype(np.uint8)
    return Part(ids, ids, ids, np.zeros((count, 1), np.float32), films)

films = ScoreSets(part("t", 640), part("c", 120), part("r", 120), {}, {}, {})
numbers = {film: int(film[-4:]) % 7 for film in [*films.trained.ids, *films.control.ids]}
rows = measure_utility(films, labels=Labels(numbers=numbers), seeds=1).report()
print(hashlib.sha256(json.dumps(rows).encode()).hexdigest())
"""
"""Labels of 600 films make sums that are long enough to be shared among threads."""


@pytest.mark.long
def test_a_score_does_not_depend_on_the_number_of_threads() -> None:
    hashes = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            env=os.environ | {"OPENBLAS_NUM_THREADS": count, "OMP_NUM_THREADS": count},
            check=True,
            capture_output=True,
            text=True,
            timeout=200,
        ).stdout
        for count in ("1", "2")
    ]
    assert len(hashes[0].strip()) == 64
    assert hashes[0] == hashes[1]
