"""Where the inputs of a release lie: `validate` and `package` read the same ones."""

from __future__ import annotations

from cxr_release.paths import Paths
from cxr_release.release.inputs import ReleaseInputs


def release_inputs(paths: Paths) -> ReleaseInputs:
    """The artefacts of the stages before."""
    return ReleaseInputs(
        oriented=paths.oriented,
        prescreen=paths.prescreen,
        screening=paths.screening,
        audit=paths.audit,
        adjudication=paths.adjudication,
        kit=paths.kit,
        study=paths.study,
        cohort=paths.cohort,
        split=paths.split,
        curves=paths.curves,
        fidelity=paths.fidelity,
        film_key=paths.film_key,
        published=paths.published,
        checkpoints=paths.checkpoints,
    )
