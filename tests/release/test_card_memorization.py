"""What the card says of the search for copies, of its verdicts, and of what neither can show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markdown_it import MarkdownIt
from PIL import Image

from cxr_release.files import read_json, write_json
from cxr_release.memorization.chance import held_out_chance
from cxr_release.params import Params
from cxr_release.release.documents.figures import draw_power
from cxr_release.release.record import Recall
from tests.support.audit_artefacts import THRESHOLD, planted, write_audit
from tests.support.card_rules import header_and_body
from tests.support.release_artefacts import make_release_of, write_inputs

ALL_CLEAR = {1: "not-a-copy", 2: "not-a-copy", 3: "not-a-copy"}


def card_of(
    root: Path,
    params: Params,
    verdicts: Mapping[int, str],
    *,
    threshold: float | None = THRESHOLD,
    adjudication: Mapping[str, Any] | None = None,
    audit: Mapping[str, Any] | None = None,
) -> str:
    """The card of small artefacts, whose two reports may be changed where no table says more."""
    inputs = write_inputs(root / "artefacts", verdicts=verdicts)
    write_audit(inputs.audit, threshold)
    for path, changes in (
        (inputs.adjudication / "adjudication.json", adjudication or {}),
        (inputs.audit / "audit.json", audit or {}),
    ):
        write_json(path, read_json(path) | changes)
    release = make_release_of(inputs, params, root)
    return header_and_body((release / "README.md").read_text(encoding="utf-8"))[1]


def words(text: str) -> str:
    """One line, without the marks of a quotation."""
    return " ".join(text.replace("\n>", "\n").split())


def first_words(card: str) -> str:
    return words(card.strip().partition("\n# ")[0])


def memorization(card: str) -> str:
    return card.partition("\n## Memorization\n")[2].partition("\n## ")[0]


def test_pairs_that_nobody_judged_are_said_to_be_just_that(tmp_path: Path, params: Params) -> None:
    card = card_of(tmp_path, params, {})
    said = first_words(card)
    assert "**Memorization: searched automatically, not yet reviewed.**" in said
    assert "No person has judged any of the 3 nearest pairs" in said
    assert "whether a film of this release repeats a source film is not known" in said
    assert "Left out" not in said
    assert "No pair has been judged yet." in memorization(card)
    assert "no pair has the verdicts of two people" in memorization(card)


def test_a_review_of_the_pairs_that_is_not_finished_is_named_with_its_numbers(
    tmp_path: Path, params: Params
) -> None:
    said = first_words(card_of(tmp_path, params, {2: "copy"}))
    assert "**Memorization: the review is not finished.** 2 people have judged 1 of the 3" in said
    assert "2 pairs are not settled" in said
    assert "Left out of this release: 1 film judged a copy." in said
    assert "1 of the excluded films stays out because of the memorization audit alone" in said
    said = first_words(card_of(tmp_path / "none", params, {2: "not-a-copy"}))
    assert "No film has been judged a copy or a possible one so far." in said


def test_a_finished_review_says_by_how_many_people_and_what_stays_out(
    tmp_path: Path, params: Params
) -> None:
    card = card_of(tmp_path, params, {1: "copy", 2: "not-a-copy", 3: "unsure"})
    said = first_words(card)
    assert "**Memorization: judged by 2 people.** Each of the 3 nearest pairs" in said
    assert "1 film judged a copy, and 1 film that may be a copy." in said
    assert "| a copy | 1 |\n| not a copy | 1 |\n| settled as unsure | 1 |" in card
    assert "On 3 pairs that 2 of 2 people judged each, 87.5% of the pairs of" in words(card)
    assert "Cohen's kappa is 0.62." in card
    said = first_words(card_of(tmp_path / "clear", params, ALL_CLEAR))
    assert "No film was judged a copy or a possible one." in said


def test_flagged_films_stand_at_the_top_with_how_many_are_released(
    tmp_path: Path, params: Params
) -> None:
    said = first_words(card_of(tmp_path / "one", params, {}))
    assert (
        "1 generated film is nearer to a source film than any of 3 held-out films is to those of"
        " the tuning run; of these, no film is in this release."
    ) in said
    said = first_words(card_of(tmp_path / "five", params, {}, threshold=0.465))
    assert "5 generated films are nearer" in said
    assert "of these, 3 films are in this release, and 2 films stand in no pair that" in said
    said = first_words(card_of(tmp_path / "none", params, {}, threshold=0.95))
    assert "No generated film is nearer to a source film than the nearest of 3 held-out" in said


def test_a_search_without_a_baseline_or_plants_says_so(tmp_path: Path, params: Params) -> None:
    card = card_of(tmp_path, params, ALL_CLEAR, threshold=None)
    said = first_words(card)
    assert "No threshold of similarity could be set" in said
    assert "How many copies the search would find was not tried. A search without" in said
    assert "**Flagged**: not measurable" in card
    assert "**Nothing was planted**" in card
    assert "figures/power.png" not in card
    assert "Found of planted copies: not tried." in words(memorization(card))
    assert "held-out films" not in memorization(card)
    assert (
        "| 1 | `checkpoint-3-large-00000` | no | 0.9000 | mirrored | not known | not known |"
        in card
    )


def test_the_search_is_named_with_its_features_views_and_pairs(
    tmp_path: Path, params: Params
) -> None:
    said = words(memorization(card_of(tmp_path, params, {1: "copy"})))
    assert "Each of 16 generated films, released or not, was compared with each of 3 source" in said
    assert "source films: 48 pairs." in said
    assert "in 4 ways (plain, mirrored, inverted, mirrored-inverted)" in said
    assert "from 9 places" in said
    assert "`thumbnail-24`, 576 features" in said
    assert "has no weights" in said
    assert "normalised cross-correlation" in said
    assert "Converted to 8-bit grey or reduced in size before: 1 source film and 0" in said
    assert "| 2 | `checkpoint-1-initial-00000` | yes | 0.7750 | plain | 78.00% | no | not s" in said


def test_distances_and_shares_stand_there_with_their_intervals(
    tmp_path: Path, params: Params
) -> None:
    card = memorization(card_of(tmp_path, params, {}))
    rows = [line for line in card.splitlines() if "films, among" in line]
    assert rows[0].startswith("| synthetic films, among source films | 16 | 0.447 | 0.532 | 0.617")
    assert rows[1].startswith("| source films, among those of other patients | 2 | 0.632 |")
    assert rows[2].endswith("| 1.173 | 1.250 |")
    assert "| films | min | 1 % | 5 % | 25 % | 50 % | 75 % | 95 % | 99 % | max |" in card
    said = words(card)
    assert "1 generated film, 75.0% (95 % interval 47.6% to 92.8%)" in said
    assert "Of films of new patients it would be 5.0%." in said
    assert "nearest source film than a held-out film is to its own: 0.562" in said
    assert "median 0.719, lowest 0.500" in said
    assert "of 12 of 16 generated films, 75.0% (95 % interval 47.6% to 92.8%)" in said
    assert "this is a control, not a test" in said
    assert "1 source film, 0 held-out films" in said
    assert "0 of 3 source films (0 to one of another patient), 2 of 16 generated films." in said


def test_alterations_that_are_found_badly_are_computed(tmp_path: Path, params: Params) -> None:
    card = card_of(tmp_path, params, {})
    assert "| turned +3° | 40 | 35 | 87.5% | 71.0% to 82.5% | 2 | 0.8500 |" in card
    assert "| 7.0% to 18.5% | beyond the list | 0.5300 |" in card
    assert (
        "**Low sensitivity** (less than 95.0% of the planted copies):"
        " turned +3° (87.5%); blurred patch (7.5%)."
    ) in card
    assert (
        "copies of source films were planted, altered in 3 ways. It found 7.5% of those altered"
        " worst for it (blurred patch), 100.0% of those altered best. It may miss copies altered"
    ) in first_words(card)
    assert "](figures/power.png)" in card
    assert "Found of planted copies: 7.5% of the worst kind." in words(memorization(card))
    power = read_json(tmp_path / "artefacts" / "audit" / "audit.json")["power"][:1]
    card = card_of(tmp_path / "well", params, {}, audit={"power": power})
    assert "Of each alteration it found at least 95.0% of the planted copies" in card
    assert "planted, altered in 1 way. It found all of them. It may miss copies" in first_words(
        card
    )
    assert "Low sensitivity" not in card


def test_what_chance_gives_stands_beside_the_flagged_films(tmp_path: Path, params: Params) -> None:
    card = card_of(tmp_path, params, {})
    assert (
        "How many films would be so near by chance alone is not measurable: 3 held-out films are"
        " too few"
    ) in first_words(card)
    assert "- **Expected by chance.** What chance alone gives is not measurable: 3 held" in card
    calibration = read_json(tmp_path / "artefacts/audit/audit.json")["calibration"]
    chance = held_out_chance(nearer=1, films=16, compared=744, patients=744).report()
    held_out = calibration["held_out"] | {"counted": 744, "patients": 744}
    changed = {"calibration": calibration | {"chance": chance, "held_out": held_out}}
    card = card_of(tmp_path / "744", params, {}, audit=changed)
    sentence = (
        "Of 16 new films like the 744 held-out ones, chance alone would put 0.021 nearer to the"
        " tuning part than any of those; 1 is (exact test, p = 0.021). That is more than chance"
        " gives: some may be copies, or these films are more ordinary than real ones."
    )
    assert sentence in first_words(card)
    assert f"- **Expected by chance.** {sentence}" in card
    assert (
        "For the number expected by chance, both were compared with the tuning part alone." in card
    )
    assert "`metrics.audit.histogram` in `release.json`" in card


def test_a_list_that_is_a_good_part_of_all_pairs_is_said_to_find_nothing(
    tmp_path: Path, params: Params
) -> None:
    note = "not measurable: 3 of 6 pairs are listed, so that a list drawn at random would hold 50 %"
    power = [planted("identical", 40, 1) | dict.fromkeys(("recall", "low", "high"))]
    card = card_of(tmp_path, params, {}, audit={"power": power, "power_note": note})
    assert f"How many copies the search would find is {note}. A search without" in first_words(card)
    said = words(memorization(card))
    assert f"What share of them the search finds is {note}." in said
    assert "Found of planted copies: not measurable." in said
    assert "figures/power.png" not in card
    assert "| identical |" not in card


def test_open_conflicts_and_an_undefined_kappa_are_said(tmp_path: Path, params: Params) -> None:
    agreement = {"statistic": "Fleiss' kappa", "kappa": None, "agree": 1.0, "pairs": 3}
    counted = {"agreement": {**agreement, "reviewers": 3, "ratings": 2}}
    card = card_of(tmp_path, params, ALL_CLEAR, adjudication=counted)
    assert "Fleiss' kappa is undefined, because all of them are." in words(card)
    named = replace(params, audit=replace(params.audit, adjudicator="c.d"))
    assert "a third settles it" in card_of(tmp_path / "named", named, {})
    assert "no adjudicator is named" in card


def test_the_card_says_what_such_a_search_cannot_show(tmp_path: Path, params: Params) -> None:
    local = replace(params, ingest=replace(params.ingest, source="data/raw"))
    said = words(memorization(card_of(tmp_path, local, ALL_CLEAR)))
    for limit in (
        "Reviewers are shown 3 of 48 pairs",
        '"No copy found" is not "no copy".',
        "Copies of a part of a film, or of its texture",
        "Whether a patient can be recognised.",
        "no membership inference attack was made",
        "finer than a pixel of a picture of 24 × 24",
    ):
        assert limit in said


@pytest.mark.parametrize("show", [False, True])
def test_the_card_says_whether_real_films_are_in_the_release(
    tmp_path: Path, params: Params, show: bool
) -> None:
    licensed = replace(params.release, source_license="cc-by-4.0")
    local = replace(params, ingest=replace(params.ingest, source="data/raw"), release=licensed)
    asked = replace(local, audit=replace(params.audit, publish_real_images=show))
    card = card_of(tmp_path, asked, ALL_CLEAR)
    assert ("**This release shows 3 source films** by name and picture" in card) == show
    assert ("Every film here is synthetic: a denoising diffusion model drew it" in card) != show
    assert ("Source films are not published" in card) != show
    assert ("The films are not part of this release" in card) != show
    assert ("stay under the licence of the source" in card) == show


@pytest.mark.parametrize("threshold", [None, 0.465, THRESHOLD])
@pytest.mark.parametrize("verdicts", [{}, {2: "copy"}, {1: "unsure", **ALL_CLEAR}])
def test_nothing_that_is_not_known_is_printed_as_none_or_nan(
    tmp_path: Path, params: Params, threshold: float | None, verdicts: dict[int, str]
) -> None:
    card = card_of(tmp_path, params, verdicts, threshold=threshold)
    said = memorization(card) + first_words(card).replace("None of the", "")
    assert not re.search(r"\b(None|nan|inf|True|False)\b", said)
    html = MarkdownIt("gfm-like", {"linkify": False}).render(memorization(card))
    assert html.count("<table>") == (4 if threshold else 3)
    for table in html.split("<table>")[1:]:
        rows = table.partition("</table>")[0].split("<tr>")[2:]
        columns = table.partition("</thead>")[0].count("<th") - table.count("<thead")
        assert rows
        assert all(row.count("<td") == columns for row in rows)


def test_the_picture_of_the_power_shows_what_the_search_finds_worst_first(tmp_path: Path) -> None:
    def drawn(*found: float) -> np.ndarray:
        power = [
            Recall(
                alteration=f"turned −{number}°",
                planted=4,
                found=1,
                recall=one,
                low=one / 2,
                high=one,
                median_rank=None,
                median_cosine=0.5,
            )
            for number, one in enumerate(found)
        ]
        path = tmp_path / "power.png"
        draw_power(path, power)
        with Image.open(path) as picture:
            assert picture.info == {}
            return np.asarray(picture)

    assert (drawn(0.25, 1.0) == drawn(0.25, 1.0)).all()
    plot = slice(380, None)
    dark = [
        (half < 100).nonzero()[1].mean() for half in np.split(drawn(1.0, 0.25)[20:108, plot], 2)
    ]
    assert dark[0] < dark[1] / 3
    assert drawn(1.0).shape[0] < drawn(1.0, 0.25).shape[0]
