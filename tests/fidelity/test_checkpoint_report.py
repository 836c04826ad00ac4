from __future__ import annotations

import pytest

from cxr_release.fidelity.report import checkpoint_report, divergence
from tests.support.fidelity_artefacts import INCEPTION, bands, distances, losses

PARTING = losses([9, 6, 5, 4, 3], [9, 7, 6, 6.05, 8])


@pytest.mark.parametrize(
    ("training", "held_out", "expected"),
    [
        ([9, 6, 5, 4, 3], [9, 7, 6, 7, 8], 4),
        ([9, 6, 5, 4, 3], [9, 7, 6, 6.05, 8], 5),
        ([9, 6, 5, 4, 3], [9, 7, 6, 6.05, 6.1], None),
        ([9, 6, 5, 4, 3], [9, 7, 6, 8, 6], None),
        ([9, 6, 5, 4, 3], [9, 8, 7, 6, 5], None),
        ([9, 6, 5, 5, 5], [9, 7, 6, 7, 8], None),
        ([9], [9], None),
    ],
    ids=["at once", "later", "within the margin", "back again", "falls on", "both rise", "one"],
)
def test_where_the_losses_part(
    training: list[float], held_out: list[float], expected: int | None
) -> None:
    assert divergence(losses(training, held_out)) == expected


def test_recommended_checkpoints_say_why() -> None:
    report = checkpoint_report(PARTING, distances(9, 5, 3, 2, 1.25), [3, 5])
    assert report["lowest_held_out_loss"] == 3
    assert report["divergence"] == 5
    assert (report["ranked_by"], report["nearest"]) == ("frechet_random_conv", 5)
    reasons = {entry["checkpoint"]: entry["reasons"] for entry in report["recommended"]}
    assert reasons == {
        3: ["lowest loss on held-out films"],
        4: ["last before the losses part"],
        5: [
            "its films are nearest to source films (distance 1.25, 95 % interval 1.15 to 1.35; "
            "source films score 0.5)"
        ],
    }


def test_where_fid_was_taken_it_says_which_films_are_nearest() -> None:
    both = distances(9, 5, 3, 2, 1.25, fid=[90, 40, 30, 35, 60])
    report = checkpoint_report(PARTING, both, [3, 4])
    assert (report["ranked_by"], report["nearest"]) == ("fid", 3)
    reasons = {entry["checkpoint"]: entry["reasons"] for entry in report["recommended"]}
    assert reasons[3] == [
        "lowest loss on held-out films",
        "its films are nearest to source films (FID 30, 95 % interval 29.9 to 30.1; source films "
        "score 7.5)",
    ]
    assert 5 not in reasons


def test_it_warns_where_the_sampled_ones_differ() -> None:
    warnings = checkpoint_report(PARTING, distances(9, 5, 3, 2, 1), [1, 5])["warnings"]
    assert warnings == [
        "Recommended and not sampled: checkpoint 3, checkpoint 4.",
        "Sampled and not recommended: checkpoint 1.",
    ]


def test_it_has_nothing_to_warn_of_where_they_agree() -> None:
    report = checkpoint_report(PARTING, distances(9, 5, 3, 2, 1), [3, 4, 5])
    assert report["warnings"] == []
    assert len(report["notes"]) == 1


def test_an_earlier_checkpoint_within_chance_is_worth_a_note() -> None:
    def notes(wide: float) -> list[str]:
        notes = checkpoint_report(PARTING, distances(9, 3, 2.2, 2, 2.1, wide=wide), [4])["notes"]
        return [note for note in notes if "may not tell them apart" in note]

    assert notes(0.05) == []
    (note,) = notes(0.15)
    assert note == (
        "Checkpoint 3 comes before checkpoint 4, and this many films may not tell them apart: its "
        "distance is 2.2 "
        "(2.05 to 2.35), and the intervals of the two overlap."
    )
    assert len(notes(0.6)) == 2  # and never of a later one


@pytest.mark.parametrize(
    ("powers", "wide", "expected"),
    [
        ((1.5, 1, 1, 1), 0.1, None),  # outline and contrast alone
        ((1, 1, 1, 0.5), 0.5, None),  # an interval that reaches source films' own
        ((1, 1, 1, 1.5), 0.5, None),
        ((1, 1, 1, 0.52), 0.05, "less detail than source films: at 16 to 32 cycles a film, their "
         "power is 0.52 of the source films' (95 % interval 0.47 to 0.57)"),
        ((1, 0.75, 0.52, 1.4), 0.05, "less detail than source films: at 8 to 16 cycles a film, "
         "their power is 0.52 of the source films' (95 % interval 0.47 to 0.57)"),
        ((1, 1, 1.3, 1.75), 0.25, "more detail, or noise, than source films: at 16 to 32 cycles "
         "a film, their power is 1.75 of the source films' (95 % interval 1.5 to 2)"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("fid", "name"), [((), "distance"), ((90, 40, 30), "FID")])
def test_films_that_are_near_and_in_fog_are_worth_a_note(
    powers: tuple[float, ...],
    wide: float,
    expected: str | None,
    fid: tuple[float, ...],
    name: str,
) -> None:
    measured = distances(9, 5, 3, fid=fid)
    measured["checkpoints"][-1]["bands"] = bands(*powers, wide=wide)
    notes = checkpoint_report(PARTING[:3], measured, [3])["notes"]
    found = [note for note in notes if "detail" in note]
    if expected is None:
        assert found == []
        return
    assert found == [
        f"The films of checkpoint 3, the nearest by {name}, have {expected}. The {name} alone may "
        "not show that."
    ]


def test_films_of_another_generator_stand_beside_those_of_the_nearest_checkpoint() -> None:
    measured = distances(9, 5, 3, 2, 1.25)
    point = {**measured["checkpoints"][0], "source": "autoencoder", "checkpoint_step": 1350}
    point |= {"frechet_random_conv": 0.9, "bands": bands(1, 0.8, 0.3, 0.02, wide=0.01)}
    point["intervals"] = {**point["intervals"], "frechet_random_conv": [0.8, 1.0]}
    measured["checkpoints"][-1]["bands"] = bands(1, 1, 0.9, 0.5, wide=0.1)
    assert not [
        note for note in checkpoint_report(PARTING, measured, [5])["notes"] if "fog" in note
    ]
    measured["generators"] = [point]
    report = checkpoint_report(PARTING, measured, [5])
    (note,) = [note for note in report["notes"] if "fog" in note]
    assert note.startswith(
        "Films of the autoencoder at step 1,350 score 0.9 (95 % interval 0.8 to 1) in distance,"
        " those of checkpoint 5 1.25 (95 % interval 1.15 to 1.35), and source films 0.5. From 16 to"
        " 32 cycles a film the first have 0.02 (95 % interval 0.01 to 0.03) of the source films'"
        " power, the others 0.5 (95 % interval 0.4 to 0.6)."
    )
    # It is nearer than every checkpoint, and none the less recommends nothing.
    assert report["nearest"] == 5


def test_the_notes_say_what_each_distance_is() -> None:
    (note,) = checkpoint_report(PARTING, distances(9, 5, 3, 2, 1), [3, 4, 5])["notes"]
    assert "48 drawn films of 64 × 64 pixels" in note
    assert "It is not an FID" in note
    with_fid = distances(9, 5, 3, 2, 1, fid=[9, 5, 3, 2, 1])
    notes = checkpoint_report(PARTING, with_fid, [3, 4, 5])["notes"]
    assert [note for note in notes if "not an FID" in note] == [note]
    assert any("weights of SHA-256 6726825d…" in note and "299 × 299" in note for note in notes)
    assert any("fewer than 2,048 films" in note for note in notes)


def test_notes_say_where_fid_compares_with_nothing_published() -> None:
    many = distances(9, 5, 3, 2, 1, fid=[9, 5, 3, 2, 1])
    many |= {"images": 7250, "real_images": 4963}
    notes = " ".join(checkpoint_report(PARTING, many, [3, 4, 5])["notes"])
    assert "fewer than" not in notes
    assert "not the weights" not in notes
    many["inception"] = {**INCEPTION, "published_weights": False}
    notes = " ".join(checkpoint_report(PARTING, many, [3, 4, 5])["notes"])
    assert "not the weights that published FIDs are taken with" in notes


def test_it_notes_a_tuning_run_that_was_too_short() -> None:
    report = checkpoint_report(losses([3, 2], [3, 2]), distances(9, 5), [2])
    assert any("longer run" in note for note in report["notes"])
    assert [entry["checkpoint"] for entry in report["recommended"]] == [2]
    assert [reason[:12] for reason in report["recommended"][0]["reasons"]] == [
        "lowest loss ",
        "its films ar",
    ]
