"""What films show is read from `cards/anatomy.yaml`, for any part of the body."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cxr_release.errors import DecisionError
from cxr_release.params.films import PHANTOMS
from cxr_release.paths import Cards, Paths
from cxr_release.release.build_record import PHANTOMS_SHOW
from cxr_release.screening.anatomy import AS_STORED, COPIES, NOT_STATED, WINDOWS, load_anatomy
from cxr_release.screening.corruptions import FAULTS, GENERAL
from cxr_release.screening.decision import load_reasons, missing_note, of_people
from cxr_release.screening.findings import load_findings
from tests.support import ROOT

CHEST = ROOT / "cards/examples/chest"
OF_THE_SPINE = (
    *("lordo", "kypho", "cervical", "vertebra", "spine", "spinal", "column", "neck"),
    *("airway-posterior", "C2", "C7"),
)
GIVEN_BY_THE_TOOL = ["prescreen", "copy", "possible-copy"]


def written(folder: Path, value: Any) -> Path:
    path = folder / "anatomy.yaml"
    path.write_text(value if isinstance(value, str) else yaml.safe_dump(value))
    return path


def test_phantoms_are_of_the_cervical_spine_and_get_every_fault() -> None:
    anatomy = load_anatomy(Paths(ROOT).cards_of(PHANTOMS).anatomy)
    assert anatomy.films == PHANTOMS_SHOW
    assert anatomy.faults == tuple(FAULTS)  # in this order: the released report keeps its bytes
    assert "Vertebral contours" in dict(anatomy.criteria)
    assert [window.name for window in anatomy.windows][:1] == ["as stored"]


def test_the_chest_s_files_load_and_name_no_part_of_a_spine_but_a_broken_one() -> None:
    anatomy = load_anatomy(CHEST / "anatomy.yaml")
    reasons, findings = load_reasons(CHEST / "reasons.yaml"), load_findings(CHEST / "findings.yaml")
    assert "chest" in anatomy.films
    assert {*anatomy.faults} <= {*FAULTS}
    assert not {"spine-truncated", "two-spines", "elements-inverted"} & {*anatomy.faults}
    assert {*GIVEN_BY_THE_TOOL, "other"} <= {*reasons}
    assert 1 <= len(of_people(reasons)) <= 10  # each has a digit
    assert missing_note("other", "")
    assert findings
    texts = [anatomy.films, *map(str, anatomy.criteria), *reasons, *reasons.values()]
    assert [(text, word) for text in texts for word in OF_THE_SPINE if word in text] == []


def test_of_films_that_are_not_phantoms_nothing_is_stated_until_somebody_does() -> None:
    cards = Paths(ROOT).cards_of("data/raw")
    assert load_anatomy(cards.anatomy) == NOT_STATED
    assert load_findings(cards.findings) == {}
    reasons = load_reasons(cards.reasons)
    assert {*GIVEN_BY_THE_TOOL, "other"} <= {*reasons}
    assert 1 <= len(of_people(reasons)) <= 10  # each has a digit
    text = " ".join([*reasons, *reasons.values()])
    assert [word for word in OF_THE_SPINE if word in text] == []


def test_a_project_from_before_phantoms_had_cards_has_its_own_for_them(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    assert paths.cards_of(PHANTOMS) == paths.cards_of("data/raw") == Cards(tmp_path / "cards")
    paths.phantom_cards.mkdir(parents=True)
    assert paths.cards_of(PHANTOMS) == Cards(tmp_path / "cards/phantoms")
    assert paths.cards_of("data/raw") == Cards(tmp_path / "cards")


def test_without_a_file_or_a_key_nothing_is_said_of_an_anatomy(tmp_path: Path) -> None:
    assert load_anatomy(tmp_path / "anatomy.yaml") is NOT_STATED
    anatomy = load_anatomy(written(tmp_path, "{}"))
    assert anatomy == NOT_STATED
    assert (anatomy.films, anatomy.windows, anatomy.faults) == ("", WINDOWS, GENERAL)
    assert anatomy.criteria == [*COPIES.items()]
    general = " ".join([*COPIES, *COPIES.values(), *GENERAL])
    assert not any(word in general for word in OF_THE_SPINE)


def test_windows_come_in_order_with_the_stored_one_first(tmp_path: Path) -> None:
    windows = {"lung": {"window": 70, "level": 35}, "full range": "film"}
    anatomy = load_anatomy(written(tmp_path, yaml.safe_dump({"windows": windows}, sort_keys=False)))
    assert anatomy.of_page == {
        "anatomy": "",
        "windows": [
            {"name": AS_STORED.name, "window": 100, "level": 50},
            {"name": "lung", "window": 70, "level": 35},
            {"name": "full range", "window": None, "level": None},
        ],
    }


@pytest.mark.parametrize(
    ("value", "where", "what"),
    [
        ("[chest]", "anatomy.yaml", "expected some of the keys"),
        ("", "anatomy.yaml", "expected some of the keys"),
        ("a: &x 1\nb: *x", "anatomy.yaml", "plain YAML"),
        ({"window": {}}, "window", "did you mean windows"),
        ({"films": "x" * 41}, "films", "40 characters"),
        ({"films": ["chest"]}, "films", "40 characters"),
        ({"windows": {"lung": {"window": 70}}}, "windows: lung", "in per cent"),
        ({"windows": {"lung": {"window": 0, "level": 35}}}, "windows: lung", "in per cent"),
        ({"windows": {"lung": {"window": True, "level": 35}}}, "windows: lung", "in per cent"),
        ({"windows": {"as stored": "film"}}, "as stored", "is not a name"),
        ({"windows": {str(i): "film" for i in range(10)}}, "windows", "up to 9"),
        ({"windows": None}, "windows", "up to 9"),
        ({"copies": {}}, "copies", "1 to 6"),
        ({"copies": {"Ribs": "two\nlines"}}, "copies", "1 to 6"),
        ({"faults": []}, "faults", "not a list"),
        ({"faults": ["two-spine"]}, "faults", "did you mean two-spines"),
        ({"faults": ["noise", "noise"]}, "faults", "duplicate"),
        ({"faults": [["noise"]]}, "faults", "can be planted"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    tmp_path: Path, value: Any, where: str, what: str
) -> None:
    with pytest.raises(DecisionError) as raised:
        load_anatomy(written(tmp_path, value))
    text = f"{raised.value}\n" + "\n".join(map(str, raised.value.faults))
    assert where in text
    assert what in text


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    value = {"films": 3, "windows": 4, "copies": 5, "faults": 6, "windos": 7}
    with pytest.raises(DecisionError) as raised:
        load_anatomy(written(tmp_path, value))
    assert len(raised.value.faults) == 5


def test_pages_and_templates_name_an_anatomy_only_where_it_is_given() -> None:
    """But those of landmarks, which are the spine's, and of phantoms, which are necks."""
    package = ROOT / "cxr_release"
    files = [*(package / "review_app").rglob("*.*"), *package.rglob("*.j2")]
    own = ("landmark", "__pycache__")
    named = [
        (str(path.relative_to(package)), word)
        for path in files
        if path.is_file() and not any(part in str(path) for part in own)
        for text in [path.read_text().replace("lateral neck", "")]  # the card's words on phantoms
        for word in re.findall(r"lordo|kypho|[Cc]ervical|[Vv]ertebra|\bspin(?:e|al)\b|\bneck", text)
    ]
    assert named == []
