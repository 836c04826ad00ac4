from __future__ import annotations

from collections.abc import Sequence

import pytest

from cxr_release.fidelity.report import Distances, LossPoint, checkpoint_report, divergence


def losses(training: Sequence[float], held_out: Sequence[float]) -> list[LossPoint]:
    return [
        {"checkpoint": number, "checkpoint_step": 10 * number, "training": one, "held_out": other}
        for number, (one, other) in enumerate(zip(training, held_out, strict=True), 1)
    ]


def distances(*values: float) -> Distances:
    return {
        "features": "random convolution features",
        "images": 48,
        "real_images": 500,
        "size": 64,
        "real_floor": 0.5,
        "checkpoints": [
            {"checkpoint": number, "checkpoint_step": 10 * number, "frechet_random_conv": value}
            for number, value in enumerate(values, 1)
        ],
    }


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
    reasons = {one["checkpoint"]: one["reasons"] for one in report["recommended"]}
    assert reasons == {
        3: ["lowest loss on held-out films"],
        4: ["last before the losses part"],
        5: ["its films are nearest to source films (1.25, source films score 0.5)"],
    }


def test_it_notes_where_the_sampled_ones_differ() -> None:
    notes = checkpoint_report(PARTING, distances(9, 5, 3, 2, 1), [1, 5])["notes"]
    assert "Recommended and not sampled: checkpoint 3, checkpoint 4." in notes
    assert "Sampled and not recommended: checkpoint 1." in notes
    assert any("48 drawn films of 64 × 64 pixels" in note and "no FID" in note for note in notes)


def test_it_has_nothing_to_note_where_they_agree() -> None:
    notes = checkpoint_report(PARTING, distances(9, 5, 3, 2, 1), [3, 4, 5])["notes"]
    assert len(notes) == 1


def test_it_notes_a_tuning_run_that_was_too_short() -> None:
    report = checkpoint_report(losses([3, 2], [3, 2]), distances(9, 5), [2])
    assert any("longer run" in note for note in report["notes"])
    assert report["recommended"] == [
        {
            "checkpoint": 2,
            "reasons": [
                "lowest loss on held-out films",
                "its films are nearest to source films (5, source films score 0.5)",
            ],
        }
    ]
