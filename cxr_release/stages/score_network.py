"""Is anybody in the network: attacks by who holds the weights, for the scorecard."""

from __future__ import annotations

from cxr_release import schemas, tables
from cxr_release.exit_status import execute
from cxr_release.films.labels import read_labels
from cxr_release.params.project import UNTRAINED, Params
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
    attacks = network_attacks(inputs, compute=params.compute, effort=effort)
    beside = (
        NotMeasurable(f"{CALIBRATED}, {name}", NETWORK, "film", NO_SECOND.format(name))
        for name in params.sample.beside
    )
    first_stage = (
        [
            NotMeasurable(
                "reconstruction error, autoencoder of the latents", NETWORK, "film", NOT_PLANTED
            )
        ]
        if params.latent.is_on
        else []
    )
    write(paths.network_attacks, (*attacks, *first_stage, *beside))


NOT_PLANTED = (
    "the autoencoder of the latents was not attacked by its error on films: no canaries were"
    " planted in it, to show whether such an attack would find anyone. The attack on the network"
    " takes the latents that this autoencoder makes of films"
)
"""Why nothing is known of who holds the weights of the first stage alone."""
NO_SECOND = (
    "the weights of the {} were not attacked: there is no second one, trained on the tuning part"
    " alone, to hold its losses against"
)
"""Why nothing is known of who holds the weights of a generator beside the network."""


if __name__ == "__main__":
    execute(run)
