"""What `cxr-release status` says of the readers, from their answers as they are now."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxr_release.cli.status import status_of
from cxr_release.errors import DecisionError
from cxr_release.paths import Paths
from cxr_release.project import Project
from tests.support.reading_of import QUARTETS, answer, write_drawn

ROOT = Path(__file__).parents[2]


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A project whose params ask for two readers; no film is sampled."""
    params = (ROOT / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(
        params.replace("readers_required: 8", "readers_required: 2")
    )
    return Paths(tmp_path)


def test_before_the_quartets_are_drawn_there_is_nothing_to_say(paths: Paths) -> None:
    found = status_of(Project(paths.root))
    assert found["readers"] is None
    assert found["reviews"]["reader_study"] == "none"


def test_readers_count_when_they_have_finished(paths: Paths) -> None:
    kit = write_drawn(paths)
    project = Project(paths.root)
    states = []
    for quartets, reader in ([], "a"), ([2], "a"), ([1, 3, 4], "a"), (range(1, QUARTETS + 1), "b"):
        answer(paths.responses, kit, reader, list(quartets))
        found = status_of(project)
        states.append((found["reviews"]["reader_study"], found["readers"]["finished"]))
    assert states == [("none", 0), ("partial", 0), ("partial", 1), ("complete", 2)]
    assert found["readers"]["unfinished"] == []


def test_a_changed_answer_stops_the_status(paths: Paths) -> None:
    kit = write_drawn(paths)
    answer(paths.responses, kit, "a", [1, 2])
    log = paths.responses / "a.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"page":"1"', b'"page":"3"'))
    with pytest.raises(DecisionError, match="line 2: the chain is broken"):
        status_of(Project(paths.root))
