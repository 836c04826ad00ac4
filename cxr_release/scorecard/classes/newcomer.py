"""What somebody who has nothing but the release can learn of its classes.

`examples/class_model.py` does the same with `datasets` and scikit-learn alone, so that the number
in the card can be checked. The split is fixed: films in the order of their ids, of which every
fifth one is tested. All films were drawn by one generator, which makes it an easy test: it shows
that the classes can be told apart in these films, and nothing about patients. Beside it stands what
the same model gets right of control films.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.memorization.parallel import one_thread_each
from cxr_release.schemas import SMALL
from cxr_release.scorecard.class_model import UNKNOWN, ClassNumbers, Numbers
from cxr_release.statistics.proportions import clopper_pearson, clustered_interval

EVERY = 5
"""Every so many-th film is tested."""
SIDE = 16
"""Pixels of a film's side that the model sees."""
INVERSE_STRENGTH = 0.1
"""Scikit-learn's C."""
SPLIT = (
    f"films in the order of their ids; the first of each {EVERY} is tested, the others are learnt"
)
Report = dict[str, Any]


def newcomer(
    ids: Sequence[str],
    pictures: NDArray[np.uint8],
    classes: ClassNumbers,
    *,
    control: NDArray[np.uint8],
    control_classes: ClassNumbers,
    control_patients: Sequence[str],
) -> Report | None:
    """Learn from four fifths of the synthetic films, and test on the rest and on control films.

    Args:
        ids: (n,) of the synthetic films.
        pictures: (n, SMALL, SMALL).
        classes: (n,) what they were drawn as.
        control: (m, SMALL, SMALL).
        control_classes: (m,) what they are.
        control_patients: (m,) whose they are.

    Returns:
        `learnt` and `tested` films, `right` of them, `value` and `interval`; `control`, likewise,
        None where no control film has a class; `split`, in words. None where fewer than two classes
        would be learnt, or none tested.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    places = np.array(
        sorted(map(int, np.flatnonzero(classes != UNKNOWN)), key=lambda place: ids[place]), np.int64
    )
    tested, learnt = places[::EVERY], np.delete(places, np.s_[::EVERY])
    if len(np.unique(classes[learnt])) < 2:
        return None
    model = make_pipeline(
        StandardScaler(),
        LogisticRegression(C=INVERSE_STRENGTH, class_weight="balanced", max_iter=1000),
    )
    known = control_classes != UNKNOWN
    with one_thread_each():
        model.fit(reduced(pictures[learnt]), classes[learnt])
        right = model.predict(reduced(pictures[tested])) == classes[tested]
        of_control = None
        if known.any():
            hits = model.predict(reduced(control[known])) == control_classes[known]
            patients = [
                patient for patient, here in zip(control_patients, known, strict=True) if here
            ]
            of_control = {
                "films": len(hits),
                "right": int(hits.sum()),
                "value": float(hits.mean()),
                "interval": list(clustered_interval(hits, patients)),
            }
    return {
        "split": SPLIT,
        "learnt": len(learnt),
        "tested": len(tested),
        "right": int(right.sum()),
        "value": float(right.mean()),
        "interval": clopper_pearson(int(right.sum()), len(right)),
        "control": of_control,
    }


def reduced(pictures: NDArray[np.uint8]) -> Numbers:
    """(n, SIDE²) means of blocks of pixels, 0 … 255.

    Args:
        pictures: (n, SMALL, SMALL).
    """
    block = SMALL // SIDE
    means: Numbers = pictures.reshape(-1, SIDE, block, SIDE, block).mean(axis=(2, 4))
    return means.reshape(len(pictures), -1)
