from __future__ import annotations

import csv
from pathlib import Path

import pytest

from cxr_release.fidelity.curves import write_distances, write_losses
from cxr_release.fidelity.report import checkpoint_report
from tests.support.fidelity_artefacts import distances, losses

LOSSES = losses([3, 2, 1.5], [3.5, 2.5, 2.75])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_losses_are_one_row_a_checkpoint(tmp_path: Path) -> None:
    write_losses(checkpoint_report(LOSSES, distances(9, 5), [1]), tmp_path / "losses.csv")
    assert (tmp_path / "losses.csv").read_text().splitlines() == [
        "checkpoint,step,training,held_out",
        "1,10,3,3.5",
        "2,20,2,2.5",
        "3,30,1.5,2.75",
    ]


def test_distances_are_one_row_a_checkpoint_with_all_that_was_taken(tmp_path: Path) -> None:
    report = checkpoint_report(LOSSES, distances(9, 5, wide=0.5, fine=0.75), [1])
    write_distances(report, tmp_path / "distances.csv")
    found = rows(tmp_path / "distances.csv")
    assert [row["checkpoint"] for row in found] == ["1", "2"]
    assert [row["step"] for row in found] == ["10", "20"]
    for name in ("distance", "frechet_random_conv"):
        ends = [[float(row[name + end]) for end in ("", "_low", "_high")] for row in found]
        assert ends == [[9, 8.5, 9.5], [5, 4.5, 5.5]]
    assert found[1]["recall"] == "0.2"
    for name in ("power_16_to_32", "power_finest"):
        ends = [[float(row[name + end]) for end in ("", "_low", "_high")] for row in found]
        assert ends == [[0.75, 0.25, 1.25]] * 2
    assert {"power_1_to_4", "power_4_to_8", "power_8_to_16"} <= found[0].keys()
    assert {row["ranked_by"] for row in found} == {"frechet_random_conv"}
    assert "fid" not in found[0]


def test_the_distance_is_the_fid_where_it_was_taken(tmp_path: Path) -> None:
    report = checkpoint_report(LOSSES, distances(9, 5, fid=[80, 40]), [1])
    write_distances(report, tmp_path / "distances.csv")
    found = rows(tmp_path / "distances.csv")
    assert [row["distance"] for row in found] == [row["fid"] for row in found] == ["80", "40"]
    assert found[0]["ranked_by"] == "fid"
    assert found[0]["frechet_random_conv"] == "9"
    assert float(found[0]["kid_low"]) == pytest.approx(-0.09)
