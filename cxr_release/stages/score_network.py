"""Is anybody in the network: attacks by who holds the weights, for the scorecard."""

from __future__ import annotations

from cxr_release import schemas, tables
from cxr_release.exit_status import execute
from cxr_release.films.labels import read_labels
from cxr_release.params import UNTRAINED, Params
from cxr_release.paths import Paths
from cxr_release.scorecard.attacks.attack import NETWORK, NotMeasurable
from cxr_release.scorecard.network.attack import network_attacks
from cxr_release.scorecard.network.inputs import inputs_of_project
from cxr_release.scorecard.network.kept import write
from cxr_release.scorecard.network.scores import CALIBRATED, Effort


def run(paths: Paths, params: Params) -> None:
    """Write what the attacks found, apart from the scorecard: no decision on a film changes it."""
    if not params.train.steps:
        write(paths.network_attacks, (NotMeasurable(CALIBRATED, NETWORK, "film", UNTRAINED),))
        return
    for path in (paths.trained_table, paths.control_table):
        tables.require(path, schemas.COHORT)
    inputs = inputs_of_project(
        split=paths.split_table,
        trained=paths.trained_table,
        control=paths.control_table,
        final=paths.final,
        tuning=paths.tuning,
        checkpoints=params.score.checkpoints or params.sample.checkpoints[-1:],
        labels=read_labels(paths.classes, paths.labels).of if params.condition.is_on else None,
    )
    score = params.score
    effort = Effort(levels=score.levels, noises=score.noises, doses=score.doses)
    write(paths.network_attacks, network_attacks(inputs, compute=params.compute, effort=effort))


if __name__ == "__main__":
    execute(run)
