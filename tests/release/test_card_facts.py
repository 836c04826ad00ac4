"""What the card says of the real films: their cases, their facts, polarity and borders; and of how
films were drawn, where that is not as usual."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cxr_release.files import read_json, write_json
from cxr_release.params.project import Params
from cxr_release.params.sampling import GuidanceParams
from cxr_release.release.verify import require_true, verify
from tests.support.card_rules import written
from tests.support.release_artefacts import make_release, make_release_of, write_inputs

KNOWN: dict[str, Any] = {
    "cases": 4,
    "case_gaps": 3,
    "known": {"age": 4, "site": 3},
    "rare_values": [{"name": "site", "counted": "case", "put together": 2, "left out": 0}],
    "polarity_stated": {"films": 4, "look otherwise": 1},
    "cropped": 2,
}


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory, params: Params) -> str:
    root = tmp_path_factory.mktemp("facts")
    inputs = write_inputs(root / "artefacts")
    summary = inputs.cohort / "summary.json"
    write_json(summary, read_json(summary) | KNOWN)
    ingest = replace(params.ingest, source="data/raw", field="exposed")
    asked = replace(
        params,
        ingest=ingest,
        split=replace(params.split, stratify="site"),
        train=replace(params.train, flip="labelled"),
        sample=replace(params.sample, guidance=GuidanceParams(checkpoint=1, weight=1.5)),
    )
    release = make_release_of(inputs, asked, root)
    croissant = (release / "croissant.json").read_text(encoding="utf-8")
    assert "steps, guided by checkpoint 1 with weight 1.5." in croissant
    require_true(verify(release))
    assert "rare_values" not in (release / "release.json").read_text()
    return " ".join(written(release).split())


def test_the_card_says_what_is_known_of_case_numbers(card: str) -> None:
    assert (
        "4 numbers are there, with gaps between them, and the source nowhere says that two" in card
    )
    assert "| numbers between them that no film here has | 3 |" in card


def test_the_card_names_facts_and_where_their_groups_are(card: str) -> None:
    assert "Beyond their pixels, this is known of the films: age, site." in card
    assert "fewer than 10 patients share" in card
    assert "| known beyond the pixels: of how many films | age: 4, site: 3 |" in card
    assert "The pipeline does not know them" not in card
    assert "| parts have like shares of each value of | site |" in card


def test_the_card_says_whose_word_holds_on_polarity_and_that_borders_were_cut_off(
    card: str,
) -> None:
    assert "negatives, as their files state or, where a file does not, found by their own" in card
    assert "look otherwise | films: 4, look otherwise: 1 |" in card
    assert "borders that collimators or shutters left were cut off first" in card
    assert "| films with a border of a collimator or a shutter, cut off | 2 |" in card


def test_the_card_says_who_guided_and_that_the_network_knows_mirrored_films(card: str) -> None:
    assert "At each step checkpoint 1 of the same run guided" in card
    assert "plus 1.5 times the difference." in card
    assert "Films of the checkpoints after checkpoint 1 were drawn guided by it" in card
    assert "| random horizontal flips | yes, and the network was told which films were" in card
    assert "Films were drawn as not mirrored." in card


def test_a_source_of_which_nothing_is_known_has_none_of_these_sentences(
    tmp_path: Path, params: Params
) -> None:
    text = written(make_release(tmp_path, params))
    for words in (
        "case number",
        "Beyond their pixels",
        "as their files state",
        "borders that",
        "guided",
    ):
        assert words not in text
