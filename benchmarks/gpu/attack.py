"""The scorecard's attack by who holds the weights, on the long run: seconds a film.

The last checkpoint is held against the first of the same run, as a project's tuning run is where
there are no control films: members are phantoms that both learnt from, controls other patients'.
"""

from __future__ import annotations

import sys
import time

from benchmarks.film_sets import write_table
from benchmarks.gpu import workers
from benchmarks.gpu.settings import BEYOND, read
from cxr_release.films.film_set import open_films
from cxr_release.generators.checkpoints import folder_of
from cxr_release.params.training import ComputeParams
from cxr_release.scorecard.attacks.attack import Attack
from cxr_release.scorecard.network.attack import network_attacks
from cxr_release.scorecard.network.films import Chosen
from cxr_release.scorecard.network.inputs import NetworkInputs

MEMBERS = 2 * BEYOND


def main() -> None:
    settings, last = read(sys.argv[1]), int(sys.argv[2])
    patients = settings.patients()
    sets = {
        "members": (settings.trained()[:MEMBERS], patients[: settings.phantoms][:MEMBERS]),
        "controls": (settings.unseen(), patients[settings.phantoms :]),
    }
    chosen = {}
    for name, (films, owners) in sets.items():
        path = settings.folder / f"{name}.parquet"
        write_table(path, [f"{name}-{at:05d}" for at in range(len(films))], films, owners)
        chosen[name] = Chosen(open_films([path], name))
    inputs = NetworkInputs(
        targets=(folder_of(settings.long, last),),
        reference=folder_of(settings.long, 1),
        proxy=True,
        **chosen,
    )
    # Not compiled: six networks are asked, and each would be compiled for a second's work.
    compute = ComputeParams(precision=settings.precision, compile="never")  # type: ignore[arg-type]
    begin = time.perf_counter()
    results = network_attacks(inputs, compute=compute)
    took = time.perf_counter() - begin
    count = sum(len(films) for films, _ in sets.values())
    workers.answer(
        {
            "films": count,
            "seconds": took,
            "seconds_a_film": took / count,
            "attacks": [
                {"name": each.name, "auc": each.separation.auc.auc}
                if isinstance(each, Attack)
                else {"name": each.name, "why_not": each.why}
                for each in results
            ],
        }
    )


if __name__ == "__main__":
    main()
