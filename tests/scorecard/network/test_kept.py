"""Attacks in a file: read as they were, to the last bit; anything else is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxr_release.errors import DocumentError
from cxr_release.scorecard.attacks.attack import (
    AUC,
    BEYOND,
    NETWORK,
    Attack,
    NotMeasurable,
    corrected,
    power_of,
    separation,
)
from cxr_release.scorecard.network.kept import read, write

chance = np.random.default_rng(5)
RESULT = separation(
    chance.normal(0.3, 1, 60),
    chance.normal(0, 1, 50),
    member_patients=[f"m{number // 2}" for number in range(60)],
    control_patients=[f"c{number}" for number in range(50)],
)
MADE = Attack(
    name="calibrated loss",
    access=NETWORK,
    unit="film",
    members=60,
    controls=50,
    member_patients=30,
    control_patients=50,
    separation=RESULT,
    power=(power_of("planted", 5, RESULT, found_by=[AUC], passes=3),),
    ps={AUC: RESULT.auc.p, BEYOND: RESULT.beyond.p},
    details={"subject": "the network", "beside": [{"score": "loss", "auc": 0.1}]},
)
NOT_MADE = NotMeasurable("calibrated loss, step 90", NETWORK, "film", "no reference network")


def test_attacks_are_read_as_they_were_kept(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "attacks.json"
    write(path, (MADE, NOT_MADE))
    again = read(path)
    assert again == (MADE, NOT_MADE)
    first, second = ([each.report() for each in corrected(each)] for each in ((MADE,), again[:1]))
    assert json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"attacks": [{"name": "x"}]}', '{"attacks": 1}', "x"]
)
def test_anything_else_is_refused(tmp_path: Path, text: Any) -> None:
    path = tmp_path / "attacks.json"
    path.write_text(text)
    with pytest.raises(DocumentError) as caught:
        read(path)
    assert "attacks.json" in str(caught.value)
    assert "dvc repro" in str(caught.value) or "again" in str(caught.value)
