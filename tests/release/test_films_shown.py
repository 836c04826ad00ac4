"""What the films show is said as it is stated: in the record, and in every document made of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from cxr_release.files import read_json
from cxr_release.json_documents import read
from cxr_release.params.project import Params
from cxr_release.release.documents.croissant import CROISSANT
from cxr_release.release.documents.datacite import datacite, to_xml
from cxr_release.release.layout import DATASHEET
from cxr_release.release.record import RECORD, Record
from cxr_release.release.verify import require_true, verify
from cxr_release.screening.anatomy import load_anatomy
from cxr_release.screening.decision import load_reasons, of_people
from tests.support import ROOT
from tests.support.breaking import rejson
from tests.support.card_rules import first_screen, header_and_body
from tests.support.records import record_of
from tests.support.release_artefacts import (
    EXCLUDED,
    files_of,
    make_release_of,
    of_a_house,
    small_params,
    write_inputs,
)

OF_THE_SPINE = re.compile(
    r"spine|spinal|spinous|cervical|vertebra|lordo|kypho|\bneck|\bjaw|airway|larynx|\bC[2-7]\b",
    re.IGNORECASE,
)
CARDS = {"": ROOT / "cards", "chest": ROOT / "cards/examples/chest"}
"""What films show, as their cards state it → the cards."""


class Shown(NamedTuple):
    """A release of real films, of which its cards state this."""

    stated: str
    folder: Path


@pytest.fixture(scope="module", params=CARDS, ids=["not stated", "chest"])
def shown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Reviewers excluded films for reasons of these cards; their faults tried the pre-screen."""
    cards, root = CARDS[request.param], tmp_path_factory.mktemp("shown")
    anatomy, reasons = load_anatomy(cards / "anatomy.yaml"), load_reasons(cards / "reasons.yaml")
    given = dict(zip(EXCLUDED, of_people(reasons), strict=False))
    inputs = write_inputs(root / "artefacts", excluded=given)
    rejson(
        inputs.prescreen / "prescreen.json",
        lambda report: report.update(
            roc=dict.fromkeys(anatomy.faults, report["roc"]["two-spines"])
        ),
    )
    named = of_a_house(
        small_params(), title="Films", source_title="Ours", source_citation="Us, 2026"
    )
    folder = make_release_of(inputs, named, root, reasons=reasons, shows=anatomy.films)
    return Shown(request.param, folder)


def test_no_document_says_a_word_of_the_spine_of_other_films(shown: Shown) -> None:
    texts = {
        name: data.decode()
        for name, data in files_of(shown.folder).items()
        if not name.endswith((".parquet", ".png"))
    }
    record = read(shown.folder / RECORD, Record)
    texts["datacite.xml"] = to_xml(datacite(record, year=2026, size=1)).decode()
    assert {"README.md", DATASHEET, CROISSANT, "CITATION.cff", RECORD} <= texts.keys()
    named = [
        (name, text[max(0, word.start() - 30) : word.end() + 30])
        for name, text in texts.items()
        for word in OF_THE_SPINE.finditer(text)
    ]
    assert named == []


def test_every_document_says_what_is_stated_and_verify_holds_them_to_it(shown: Shown) -> None:
    what = shown.stated or "not stated"
    documents = {name: (shown.folder / name).read_text() for name in ("README.md", DATASHEET)}
    header, _ = header_and_body(documents["README.md"])
    assert f"Part of the body and view: {what}." in first_screen(documents["README.md"])
    assert f"Part of the body and view: {what}." in documents[DATASHEET]
    croissant = read_json(shown.folder / CROISSANT)
    citation = yaml.safe_load((shown.folder / "CITATION.cff").read_text())
    assert f"Part of the body and view: {what}." in croissant["rai:dataCollectionRawData"]
    assert f"source films: {what}." in croissant["description"]
    assert f"source films: {what}." in citation["abstract"]
    for words in (croissant["keywords"], citation["keywords"]):
        assert (what in words) == bool(shown.stated)
    assert ("chest" in header["tags"]) == bool(shown.stated)
    assert "not-stated" not in header["tags"]
    assert read_json(shown.folder / RECORD)["source"]["shows"] == shown.stated
    require_true(verify(shown.folder))
    rejson(shown.folder / RECORD, lambda record: record["source"].update(shows="hand"))
    assert any("README.md" in str(difference) for difference in verify(shown.folder)["differences"])


def test_phantoms_show_what_the_program_draws_whatever_a_file_says(
    tmp_path: Path, params: Params
) -> None:
    release = make_release_of(write_inputs(tmp_path / "artefacts"), params, tmp_path, shows="hand")
    assert read(release / RECORD, Record).source.shows == "lateral cervical spine"
    card = (release / "README.md").read_text()
    assert "Part of the body and view: lateral cervical spine." in first_screen(card)


def test_a_record_from_before_films_were_described_states_nothing() -> None:
    plain = record_of().plain()
    del plain["source"]["shows"]
    older = Record.model_validate(plain)
    assert older.source.shows == ""
    assert "shows" not in older.plain()["source"]
