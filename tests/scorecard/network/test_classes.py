"""Attacks on a network that draws films as classes: it is told each film's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxr_release.errors import CheckpointError
from cxr_release.generators.conditions import Conditions
from cxr_release.generators.runtime.compute import computing
from cxr_release.scorecard.attacks.attack import Attack, NotMeasurable
from cxr_release.scorecard.network.attack import NO_LABELS, network_attacks
from cxr_release.scorecard.network.canaries import with_canaries
from cxr_release.scorecard.network.films import Chosen, NetworkFilms, read_films
from cxr_release.scorecard.network.inputs import NetworkInputs, unfit
from cxr_release.scorecard.network.losses import Prober
from cxr_release.scorecard.network.scores import Effort
from tests.support.random_films import as_set
from tests.support.tiny_networks import COMPUTE, SIDE, saved, speckles, untrained

CONDITIONS = Conditions((("bright", 12), ("dark", 12)))
QUICK = Effort(levels=1, noises=1, doses=(1,), canaries=20)


def films_of(labels: dict[str, str | None] | None = None) -> NetworkFilms:
    films = read_films(Chosen(as_set("some", speckles(24, seed=1)), labels=labels), SIDE)
    assert isinstance(films, NetworkFilms)
    return films


def by_halves(films: NetworkFilms) -> dict[str, str | None]:
    return {name: "bright" if at % 2 else "dark" for at, name in enumerate(sorted(films.ids))}


def test_every_question_is_asked_with_the_film_s_own_class() -> None:
    plain = films_of()
    labels = by_halves(plain)
    films = films_of(labels)
    assert films.labels == tuple(labels[name] for name in films.ids)
    assert films.take([3, 1]).labels == (films.labels[3], films.labels[1])
    swapped = replace(films, labels=tuple({"bright": "dark", "dark": "bright"}[str(label)]
                                          for label in films.labels))  # fmt: skip
    with computing(COMPUTE) as context:
        prober = Prober(untrained(conditions=CONDITIONS), context)

        def asked(some: NetworkFilms) -> list[Any]:
            return [
                prober.log_losses(some, levels=2, noises=1),
                prober.pia(some),
                prober.sima(some),
            ]

        with pytest.raises(CheckpointError, match="classes are not given"):
            asked(plain)
        for own, other in zip(asked(films), asked(swapped), strict=True):
            assert np.abs(own - other).min() > 0
        one = asked(films.take([5]))
        assert [float(each[0]) for each in one] == [float(each[5]) for each in asked(films)]


def test_a_copy_goes_on_learning_with_classes() -> None:
    films = films_of(by_halves(films_of()))
    with computing(COMPUTE) as context:
        ((_, _, learnt),) = with_canaries(untrained(conditions=CONDITIONS), films, (2,), context)
        assert learnt.record.conditions == CONDITIONS
        assert np.isfinite(Prober(learnt, context).log_losses(films, levels=1, noises=1)).all()


def test_without_the_films_classes_nothing_is_measured(tmp_path: Path) -> None:
    for step, run in ((4, "tuning"), (6, "final")):
        saved(tmp_path / run, untrained(step=step, conditions=CONDITIONS))
    members, controls = (
        Chosen(as_set(name, speckles(24, seed=seed))) for name, seed in (("a", 1), ("b", 2))
    )
    given = NetworkInputs(
        targets=(tmp_path / "final/checkpoint-6",),
        reference=tmp_path / "tuning",
        members=members,
        controls=controls,
    )
    (nothing,) = network_attacks(given, compute=COMPUTE, effort=QUICK)
    assert isinstance(nothing, NotMeasurable)
    assert nothing.why == NO_LABELS
    known = {
        name: dict.fromkeys(chosen.films.homes, "bright")
        for name, chosen in (("a", members), ("b", controls))
    }
    told = replace(
        given,
        members=replace(members, labels=known["a"]),
        controls=replace(controls, labels=known["b"]),
    )
    attack, *_ = network_attacks(told, compute=COMPUTE, effort=QUICK)
    assert isinstance(attack, Attack)


def test_a_reference_of_other_classes_is_unfit() -> None:
    target, reference = untrained(conditions=CONDITIONS).record, untrained().record
    assert "other classes" in str(unfit(target, reference, proxy=False))
