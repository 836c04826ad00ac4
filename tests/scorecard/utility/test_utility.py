"""What synthetic films are worth, where the truth is known."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from cxr_release.errors import ParamsError, SourceError
from cxr_release.scorecard.sets import Part, ScoreSets
from cxr_release.scorecard.utility.comparison import Row
from cxr_release.scorecard.utility.rows import recoveries
from cxr_release.scorecard.utility.utility import Utility, measure_utility
from cxr_release.scorecard.utility.words import CAVEAT, lines
from tests.support.film_arrays import film_set
from tests.support.useful_films import drawn, good_and_poor, part, sets, shapes


@cache
def measured() -> Utility:
    return measure_utility(good_and_poor(), seeds=3)


def row(rows: list[Row], task: str, protocol: str, ratio: int, of: str) -> Row:
    key = (task, protocol, ratio, of)
    return next(
        row for row in rows if (row["task"], row["protocol"], row["ratio"], row["of"]) == key
    )


def test_a_checkpoint_that_draws_as_patients_are_is_worth_as_many_real_films() -> None:
    scores = measured().scores()
    assert list(scores) == ["release", "ideal", "copies", "4", "9"]
    assert scores["ideal"] == 100
    good, poor, both, copies = (scores[name] for name in ("9", "4", "release", "copies"))
    assert good is not None
    assert poor is not None
    assert both is not None
    assert copies is not None
    assert good > 90
    assert copies > 90
    assert poor < both < good
    assert poor < 40
    assert recoveries(measured().rows)["noise"] < 10
    inpainted = [
        row(measured().report(), "inpainting", "hybrid", 2, of)["value"]
        for of in ("noise", "4", "release", "9")
    ]
    assert inpainted == sorted(inpainted)


def test_inpainting_does_not_see_a_blur_and_super_resolution_does() -> None:
    rows = measured().report()
    assert row(rows, "inpainting", "hybrid", 2, "blurred")["recovery"] > 0.9
    blurred = row(rows, "super-resolution", "synthetic only", 2, "blurred")
    assert (blurred["baseline"], blurred["recovery"]) == ("blurred", 0)
    assert blurred["value"] < row(rows, "super-resolution", "synthetic only", 2, "9")["value"]


def test_rows_are_what_their_repetitions_say() -> None:
    utility = measured()
    rows, table = utility.report(), utility.repetitions()
    for each in rows:
        arm = {"task": each["task"], "protocol": each["protocol"], "ratio": each["ratio"]}
        own, ceiling, real = (
            np.array([entry["value"] for entry in table if entry | of == entry])
            for of in (
                arm | {"of": each["of"]},
                arm | {"of": "ceiling"},
                {"task": each["task"], "protocol": "real only"},
            )
        )
        assert len(own) == len(ceiling) == len(real) == each["seeds"] * each["folds"] == 9
        assert each["value"] == pytest.approx(own.mean())
        assert each["difference"] == pytest.approx((own - real).mean())
        assert each["df"] == 8
        low, high = each["interval"]
        assert low < each["difference"] < high
        if each["recovery"] is not None and each["baseline"] == "real only":
            gain = own.mean() - real.mean()
            assert each["recovery"] == pytest.approx(gain / (ceiling.mean() - real.mean()))
        assert (each["recovery"] is None) == bool(each["why_not"]) == (not each["sensitive"])
        claimed = each["sensitive"] and each["of"] in {"release", "4", "9"}
        assert (each["p_holm"] is not None) == claimed
        assert not claimed or each["p_holm"] >= each["p"]


def test_arms_of_a_kind_have_as_many_films_and_the_ceiling_too() -> None:
    rows = measured().report()
    assert {row["real_only_films"] for row in rows} == {24}
    sizes = {(row["protocol"], row["ratio"], row["real"], row["synthetic"]) for row in rows}
    assert sizes == {("hybrid", 1, 24, 24), ("hybrid", 2, 24, 48), ("synthetic only", 2, 0, 48)}


def test_films_are_worth_what_the_learning_curve_says() -> None:
    curve = measured().curves()[0]
    assert curve["task"] == "inpainting"
    assert curve["real"] == [6, 12, 24, 48, 72]
    assert curve["value"] == sorted(curve["value"])
    rows = measured().report()
    noise = row(rows, "inpainting", "synthetic only", 2, "one film")["worth_real_films"]
    assert noise == {"films": 6, "bound": "fewer than"}
    good = row(rows, "inpainting", "synthetic only", 2, "9")
    after = next(n for n, v in zip(curve["real"], curve["value"], strict=True) if v > good["value"])
    assert curve["real"][curve["real"].index(after) - 1] <= good["worth_real_films"]["films"]
    assert good["worth_real_films"]["films"] <= after


def test_where_nothing_can_be_learnt_no_protocol_is_sensitive_and_there_is_no_score() -> None:
    """Real films of grain alone: the ceiling is no better than its floors."""
    grain = [drawn(np.zeros((count, 24)), grain=1.0, seed=count) for count in (90, 40, 61)]
    nothing = sets(part("trained", grain[0]), part("control", grain[1]), {"a": grain[2]})
    utility = measure_utility(nothing, seeds=2)
    inpainted = [row for row in utility.report() if row["task"] == "inpainting"]
    assert not any(row["sensitive"] for row in inpainted if row["protocol"] == "hybrid")
    assert any("other real films do no better" in why for why in utility.why_not)
    text = "\n".join(lines(utility.report()))
    assert "not sensitive, and not counted: other real films do no better" in text


def with_names(each: Part, name: str) -> Part:
    """The same films under other names, of the same patients under other names."""
    number = {patient: place for place, patient in enumerate(reversed(each.patients))}
    return replace(
        each,
        ids=tuple(f"{name}{7919 * place % 1009:04d}" for place in range(len(each))),
        patients=tuple(f"{name} {number[patient]}" for patient in each.patients),
    )


def renamed(scored: ScoreSets) -> ScoreSets:
    return replace(
        scored,
        trained=with_names(scored.trained, "x"),
        control=with_names(scored.control, "y"),
        released=with_names(scored.released, "z"),
        checkpoints={"b": scored.checkpoints["4"], "a": scored.checkpoints["9"]},
    )


def test_names_and_cores_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    few = good_and_poor(control=24)
    first = measure_utility(few, seeds=1)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    second = measure_utility(renamed(few), seeds=1)
    names = {"a": "9", "b": "4"}

    def by_row(utility: Utility) -> dict[tuple[object, ...], Row]:
        rows = [row | {"of": names.get(row["of"], row["of"])} for row in utility.report()]
        return {(r["task"], r["protocol"], r["ratio"], r["of"]): r for r in rows}

    assert by_row(first) == by_row(second)
    assert first.curves() == second.curves()


def test_a_report_is_json_and_names_no_film() -> None:
    text = json.dumps([*measured().report(), *measured().curves()], allow_nan=False)
    for name in ("trained-", "control-", "drawn-", "patient"):
        assert name not in text.replace("of other patients", "")


def test_the_words_give_the_order_and_the_caveat() -> None:
    text = "\n".join(lines(measured().report()))
    assert text.endswith(CAVEAT)
    assert "inpainting (no labels), tested on control films; R², higher is better" in text
    assert "24 real films alone: 0." in text
    assert "24 real films and 48 of each kind below: 0." in text
    assert "48 of each kind below, and no real ones: 0." in text
    assert "    noise: -" in text
    assert "none of what other real films bring" in text
    assert "worth fewer than 6 real films" in text
    assert list(lines([])) == []


def test_a_checkpoint_of_few_films_is_said_and_one_that_is_called_as_an_anchor_is_told_apart() -> (
    None
):
    scored = good_and_poor(control=24)
    places = scored.checkpoints["9"]
    named = {"few": places[:39], "copies": scored.checkpoints["4"]}
    utility = measure_utility(replace(scored, checkpoints=named), seeds=1)
    scores = utility.scores()
    assert scores["few"] is None
    assert "checkpoint copies" in scores
    assert scores["copies"] != scores["checkpoint copies"]
    assert utility.why_not[0] == ("few: has 39 films, and is measured apart with 40 or more")


def test_too_few_films_are_said_and_score_nothing() -> None:
    small = sets(
        part("trained", drawn(shapes(20, seed=1))),
        part("control", drawn(shapes(20, seed=2))),
        {"a": drawn(shapes(40, seed=3))},
    )
    utility = measure_utility(small)
    assert utility.report() == []
    assert set(utility.scores().values()) == {None}
    assert len(utility.why_not) == 2
    assert "there are too few films or patients" in utility.why_not[0]


def test_another_hospitals_films_are_tested_in_place_of_control_films() -> None:
    scored = good_and_poor(control=24)
    outside = {f"e{n}": film for n, film in enumerate(drawn(shapes(15, seed=8), seed=8))}
    utility = measure_utility(
        scored, external=film_set("external", outside | {"torn": None}), seeds=1
    )
    assert {row["tested_on"] for row in utility.report()} == {"external"}
    assert utility.notes == ("1 external film(s) could not be read",)
    good = row(utility.report(), "inpainting", "hybrid", 2, "9")
    assert good["value"] > good["real_only"] > 0.3
    # The same films of another hospital in every repetition.
    assert {len(each.test) for each in utility.trials[0].design.repetitions} == {15}
    assert (
        good["value"]
        != row(measure_utility(scored, seeds=1).report(), "inpainting", "hybrid", 2, "9")["value"]
    )


def test_an_external_film_that_was_trained_on_is_refused_by_name() -> None:
    scored = good_and_poor(control=24)
    films = film_set("external", {"e1": scored.trained.pictures[3]})
    with pytest.raises(SourceError, match="among the trained or control films") as caught:
        measure_utility(scored, external=films)
    assert "e1: looks as a trained film does" in str(caught.value)


def test_a_learner_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ParamsError, match="'vgg'") as caught:
        measure_utility(good_and_poor(), learner="vgg")
    assert "closed, resnet50, unet, swin_t" in str(caught.value)
