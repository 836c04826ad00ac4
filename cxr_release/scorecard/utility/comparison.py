"""What arms are worth: each against real films alone, against the ceiling, and against the floors.

A protocol counts only where it could have told: its ceiling must beat what arms are measured from,
and every floor. *Recovery* is the share of the ceiling's gain that an arm reaches, and an arm is
*worth* as many real films as the learning curve of real-only models needs to do as well.

Differences are tested by the corrected resampled t test, and those of synthetic films corrected for
their number (Holm).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from cxr_release.scorecard.names import BLURRED, ONE_FILM
from cxr_release.scorecard.utility.arms import FOLDS, Arm
from cxr_release.scorecard.utility.pools import ANCHORS
from cxr_release.scorecard.utility.rows import HYBRID, REAL_ONLY, Row
from cxr_release.scorecard.utility.trials import Series, Trials
from cxr_release.statistics.multiple import holm
from cxr_release.statistics.proportions import ALPHA
from cxr_release.statistics.resampled import ResampledTest, resampled_t

_WORDS = {
    REAL_ONLY: "real films alone",
    BLURRED: "blurred films",
    ONE_FILM: "one film repeated",
}


def rows_of(trials: Sequence[Trials], tested_on: str) -> list[Row]:
    """A row for each task, arm and kind of films; see `scorecard.json`.

    `difference` is how much better than real films alone, whichever way the measure points: below 0
    where it is worse. `recovery` is None where the protocol is not sensitive. `p_holm` is corrected
    for all rows of synthetic films in sensitive protocols, and None in others: what stands beside
    these is there to judge the test by, and claims nothing.

    Args:
        trials: of each task.
        tested_on: whose films the models were tested on.
    """
    rows = [row for each in trials for row in _rows(each, tested_on)]
    claims = [row for row in rows if row["sensitive"] and row["of"] not in ANCHORS]
    for row, p in zip(claims, holm([row["p"] for row in claims]), strict=True):
        row["p_holm"] = p
    return rows


def _rows(trials: Trials, tested_on: str) -> Iterator[Row]:
    about, design = trials.about, trials.design
    curve = trials.curve
    for (arm, name), values in trials.values.items():
        hybrid = arm.protocol == HYBRID
        test = compared(trials, values, trials.real_only)
        floors = {floor: trials.values[arm, floor] for floor in about.floors}
        better = max if about.better == "higher" else min
        baseline = _baseline(trials, arm)
        why_not = insensitive(trials, arm)
        yield {
            "task": about.task,
            "labels": about.labels,
            "learner": about.learner,
            "protocol": arm.protocol,
            "of": name,
            "ratio": arm.ratio,
            "real": design.real if hybrid else 0,
            "synthetic": design.synthetic(arm),
            "seeds": len({each.seed for each in design.repetitions}),
            "folds": FOLDS,
            "tested_on": tested_on,
            "value": _mean(values),
            "real_only": _mean(trials.real_only),
            "real_only_films": design.real,
            "ceiling": _mean(trials.ceilings[arm]),
            "floor": better(_mean(floor) for floor in floors.values()),
            "baseline": baseline,
            "recovery": None if why_not else _recovery(trials, arm, values),
            "difference": test.difference,
            "interval": None if test.interval is None else list(test.interval),
            "t": test.t,
            "df": test.df,
            "p": test.p,
            "p_holm": None,
            "d": test.d,
            "sensitive": not why_not,
            "why_not": why_not,
            "unit": about.unit,
            "better": about.better,
            "worth_real_films": _worth(trials, curve, values),
        }


def compared(trials: Trials, values: Series, with_values: Series) -> ResampledTest:
    """The corrected test of how much better some values are than others.

    Training films are counted as those of the real-only arm, which has the fewest: that makes the
    test no more lenient than any count of an arm's films would. Films of another hospital, which
    are the same in every repetition, are counted as a fold of as many.
    """
    sign = 1 if trials.about.better == "higher" else -1
    return resampled_t(
        sign * (values - with_values),
        test_films=trials.design.most_tested,
        train_films=trials.design.real,
    )


def insensitive(trials: Trials, arm: Arm) -> str:
    """Why an arm could not have told good films from bad ones; empty where it could."""
    ceiling = trials.ceilings[arm]
    baseline = _baseline(trials, arm)
    rivals = {name: trials.values[arm, name] for name in trials.about.floors}
    if baseline == REAL_ONLY:
        rivals = {REAL_ONLY: trials.real_only, **rivals}
    equal = [name for name, values in rivals.items() if not _beats(trials, ceiling, values)]
    if not equal:
        return ""
    *names, last = (_WORDS.get(name, name) for name in equal)
    listed = f"{', '.join(names)} and {last}" if names else last
    return f"other real films do no better, beyond chance, than {listed}"


def _beats(trials: Trials, values: Series, others: Series) -> bool:
    test = compared(trials, values, others)
    return test.difference > 0 and (test.p is None or test.p <= ALPHA)


def _baseline(trials: Trials, arm: Arm) -> str:
    if arm.protocol == HYBRID:
        return REAL_ONLY
    return trials.about.synthetic_baseline or REAL_ONLY


def _recovery(trials: Trials, arm: Arm, values: Series) -> float:
    name = _baseline(trials, arm)
    base = _mean(trials.real_only if name == REAL_ONLY else trials.values[arm, name])
    return (_mean(values) - base) / (_mean(trials.ceilings[arm]) - base)


def _worth(trials: Trials, curve: Mapping[int, Series], values: Series) -> Row | None:
    """How many real films a real-only model needs to do as well; None where films do not help.

    Read off the curve, made to rise, between the logarithms of its numbers of films.
    """
    counts = list(curve)
    if not _beats(trials, curve[counts[-1]], curve[counts[0]]):
        return None
    sign = 1 if trials.about.better == "higher" else -1
    means = np.maximum.accumulate([sign * _mean(curve[count]) for count in counts])
    value = sign * _mean(values)
    if value < means[0]:
        return {"films": counts[0], "bound": "fewer than"}
    if value > means[-1]:
        return {"films": counts[-1], "bound": "more than"}
    films = np.exp(np.interp(value, means, np.log(counts)))
    return {"films": round(float(films)), "bound": None}


def curves_of(trials: Sequence[Trials]) -> list[Row]:
    """Learning curves of models that saw real films alone."""
    return [
        {
            "task": each.about.task,
            "labels": each.about.labels,
            "learner": each.about.learner,
            "unit": each.about.unit,
            "better": each.about.better,
            "real": list(each.curve),
            "value": [_mean(values) for values in each.curve.values()],
        }
        for each in trials
    ]


def _mean(values: Series) -> float:
    return float(np.mean(values))
