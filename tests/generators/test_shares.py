"""How processes share the work of a step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cxr_release.errors import TrainingError
from cxr_release.generators.diffusion.training import train
from cxr_release.generators.runtime import compute as computing
from cxr_release.generators.runtime.compute import Processes


def test_more_processes_than_a_batch_has_pieces_are_refused(
    tmp_path: Path, arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(computing, "processes", lambda: Processes(0, 9))
    with pytest.raises(TrainingError, match="films is too few for 9 processes"):
        train(folder=tmp_path / "run", **arguments)
    assert not list(tmp_path.rglob("checkpoint-*"))
