"""The table of who looked for text on real films, of a project that has some."""

from __future__ import annotations

from pathlib import Path

from cxr_release.project import Project
from tests.support.real_folder import RealFolder


def test_it_counts_the_films_as_they_are_and_what_waits_for_each(tmp_path: Path) -> None:
    settings = {"clearance": {"reviewers_required": 2}}
    real = RealFolder(tmp_path, 6, width=24, height=24, settings=settings)
    for number, word in [(0, "clear"), (1, "clear"), (2, "text"), (3, "clear"), (3, "retract")]:
        real.say("a.b", number, word)  # type: ignore[arg-type]
    for number in (0, 4):
        real.say("c.d", number, "clear")
    overview = Project(tmp_path).overview()
    assert [*overview["tasks"]] == ["clearance"]
    table = overview["tasks"]["clearance"]
    rows = {row["person"]: row for row in table["people"]}
    assert [rows[name]["done"] for name in ("a.b", "c.d")] == [3, 2]
    assert rows["a.b"]["words"] == {"clear": 2, "text": 1}
    assert rows["a.b"]["lines"] == 5
    # Film 2 shows text, and needs nobody more; 0 has both.
    assert [rows[name]["left"] for name in ("a.b", "c.d")] == [3, 3]
    assert (table["to_do"], table["required"], table["waiting"]) == (6, 2, 4)
    assert "all decisions are the same" in table["agreement"]["not_measurable"]
