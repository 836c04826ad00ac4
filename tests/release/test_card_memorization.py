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
from cxr_release.memorization.alterations import ALTERATIONS
from cxr_release.memorization.chance import unseen_chance
from cxr_release.params.project import Params
from cxr_release.release.documents.copies import FAMILIES, IN_WORDS, in_words
from cxr_release.release.documents.figures import draw_power
from cxr_release.release.record import Recall
from cxr_release.release.verify import verify
from tests.support.audit_artefacts import (
    LOW,
    POWER,
    THRESHOLD,
    audit_report,
    list_length,
    planted,
    tail_to,
    write_audit,
)
from tests.support.card_rules import first_screen, header_and_body, written
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
    return header_and_body(written(release))[1]


def words(text: str) -> str:
    """One line, without the marks of a quotation."""
    return " ".join(text.replace("\n>", "\n").split())


def first_words(card: str) -> str:
    """What the section on memorization begins with."""
    return words(memorization(card).partition("\n### ")[0])


def memorization(card: str) -> str:
    return card.partition("\n## Memorization\n")[2].partition("\n## ")[0]


def test_pairs_that_nobody_judged_are_said_to_be_just_that(tmp_path: Path, params: Params) -> None:
    card = card_of(tmp_path, params, {})
    said = first_words(card)
    top = first_screen(card)
    assert "**Memorization: searched automatically, not yet reviewed.**" in top
    assert "Whether a film repeats a source film is not known." in top
    assert "Left out" not in top
    assert "No person has judged any of the 3 most similar pairs" in said
    assert "whether a film of this release repeats a source film is not known" in said
    assert "Left out" not in said
    assert "No pair has been judged yet." in memorization(card)
    assert "no pair has the verdicts of two people" in memorization(card)


def test_a_review_of_the_pairs_that_is_not_finished_is_named_with_its_numbers(
    tmp_path: Path, params: Params
) -> None:
    card = card_of(tmp_path, params, {2: "copy"})
    said = first_words(card)
    assert "**Memorization: the review is not finished.**" in first_screen(card)
    assert "**The review is not finished.** 2 people have judged 1 of the 3 most similar" in said
    for part in (said, first_screen(card)):
        assert "2 pairs are not settled" in part
        assert "Left out of this release: 1 film judged a copy." in part
    screened = words(card.partition("\n## Screening\n")[2].partition("\n## ")[0])
    assert "1 of the excluded films stays out because of the memorization audit alone" in screened
    said = first_words(card_of(tmp_path / "none", params, {2: "not-a-copy"}))
    assert "No film has been judged a copy or a possible one so far." in said


def test_a_finished_review_says_by_how_many_people_and_what_stays_out(
    tmp_path: Path, params: Params
) -> None:
    card = card_of(tmp_path, params, {1: "copy", 2: "not-a-copy", 3: "unsure"})
    said = first_words(card)
    assert "**Judged by 2 people.** Each of the 3 most similar pairs" in said
    top = first_screen(card)
    assert "**Memorization: judged by 2 people**" in top
    assert "who were shown the 3 most similar pairs: a copy further down" in top
    for part in (said, top):
        assert "1 film judged a copy, and 1 film that may be a copy." in part
    assert "| a copy | 1 |\n| not a copy | 1 |\n| settled as unsure | 1 |" in card
    assert "On 3 pairs that 2 of 2 people judged each, 87.5% of the pairs of" in words(card)
    assert "Cohen's kappa is 0.62." in card
    said = first_words(card_of(tmp_path / "clear", params, ALL_CLEAR))
    assert "No film was judged a copy or a possible one." in said


def test_flagged_films_stand_at_the_top_with_how_many_are_released(
    tmp_path: Path, params: Params
) -> None:
    card = card_of(tmp_path / "one", params, {})
    assert "Flagged and released: 0 films." in first_screen(card)
    said = first_words(card)
    assert (
        "1 generated film is flagged: more similar to a source film than chance alone explains."
        " Of these, no film is in this release."
    ) in said
    card = card_of(tmp_path / "five", params, {}, threshold=LOW)
    assert "Flagged and released: 3 films." in first_screen(card)
    said = first_words(card)
    assert "5 generated films are flagged" in said
    assert "Of these, 3 films are in this release, and 2 films stand in no pair that" in said
    said = first_words(card_of(tmp_path / "none", params, {}, threshold=9.5))
    assert "No generated film is flagged: none by itself is more similar to a source film" in said


@pytest.mark.parametrize("threshold", [LOW, THRESHOLD, 9.5])
def test_the_rule_of_flags_is_said_in_one_sentence_whatever_is_flagged(
    tmp_path: Path, params: Params, threshold: float
) -> None:
    card = memorization(card_of(tmp_path, params, {}, threshold=threshold))
    said = words(card)
    assert f"- **Flagged**, with a score of {threshold:.2f} or more: " in card
    assert (
        "Of 16 films that copy nobody, chance alone would flag any in at most 5.0% of releases, as"
        " far as they score like source films with others, and the tail of such scores is"
        " exponential or shorter."
    ) in said
    assert "p is the probability that a film which copies nobody has such a score or a" in said
    assert "is flagged where p times the number of generated films is 0.05 or less." in said
    most = tail_to(threshold).most_excess
    assert f"0.02 on average, is taken to be exponential, with a mean of {most:.2f}, the" in said


def test_a_search_without_a_baseline_or_plants_says_so(tmp_path: Path, params: Params) -> None:
    card = card_of(tmp_path, params, ALL_CLEAR, threshold=None)
    said, top = first_words(card), first_screen(card)
    assert "No threshold of similarity could be set (too few source films of different" in said
    assert "How many copies the search would find was not tried. A search without" in said
    assert "**Flagged**: not known (too few source films of different patients" in card
    assert "**Nothing was planted**" in card
    assert "figures/power.png" not in card
    assert "Flagged and released: not known. Planted copies found: not tried." in top
    assert "held-out films" not in memorization(card)
    assert (
        "| 1 | `checkpoint-3-large-00000` | no | 9.00 | 0.9000 | mirrored | whole | not known |"
        " not known |"
    ) in card


def test_a_baseline_of_too_few_films_to_flag_any_is_shown(tmp_path: Path, params: Params) -> None:
    inputs = write_inputs(tmp_path / "artefacts")
    write_audit(inputs.audit, tail_known=False)
    release = make_release_of(inputs, params, tmp_path)
    card = header_and_body(written(release))[1]
    assert "No threshold of similarity could be set (too few source films" in first_words(card)
    assert "**Flagged**: not known (too few source films of different patients" in card
    assert "| held-out films, among those of the tuning run | 3 | -0.75 |" in card
    assert "What chance alone gives is not measurable: 3 held-out films are too few" in card
    assert verify(release)["differences"] == []


def test_the_search_is_named_with_its_steps_views_and_pairs(tmp_path: Path, params: Params) -> None:
    said = words(memorization(card_of(tmp_path, params, {1: "copy"})))
    assert "Each of 16 generated films, released or not, was compared with each of 3 source" in said
    assert "source films: 48 pairs." in said
    assert "as small pictures, 64 × 64 pixels" in said
    assert "in 4 views (plain, mirrored, inverted, mirrored-inverted)" in said
    assert "each source film in 59 looks" in said
    assert "their halves (left, right, top, bottom)" in said
    assert "learnt from the source films of this release and from nothing else" in said
    assert "of a network" not in said
    assert "0 is usual for source films and their nearest of other patients" in said
    assert "Converted to 8-bit grey or reduced in size before: 1 source film and 0" in said
    assert "The 3 pairs of the highest score, from 9.00 down to 6.50, are the config" in said
    assert (
        "| 2 | `checkpoint-1-initial-00000` | yes | 7.75 | 0.9375 | plain | left | 77.50% | no | n"
        in said
    )


def test_scores_and_shares_stand_there_with_their_intervals(tmp_path: Path, params: Params) -> None:
    card = memorization(card_of(tmp_path, params, {}))
    rows = [line for line in card.splitlines() if "films, among" in line]
    assert rows[0].startswith("| synthetic films, among source films | 16 | 3.50 | 4.19 | 4.88")
    assert rows[1].startswith("| source films, among those of other patients | 2 | -1.50 |")
    assert rows[2].endswith("| 6.91 | 8.00 |")
    assert "| films | min | 1 % | 5 % | 25 % | 50 % | 75 % | 95 % | 99 % | max |" in card
    said = words(card)
    assert "1 generated film, 75.0% (95 % interval 47.6% to 92.8%)" in said
    assert "Of films of new patients it would be 5.0%." in said
    assert "nearest source film than a held-out film is to its own: 0.562" in said
    assert "of 12 of 16 generated films, 75.0% (95 % interval 47.6% to 92.8%)" in said
    assert "this checks the parts, not the network" in said
    assert "1 source film, 0 held-out films" in said
    assert "a cosine of 0.9875 or more); within each set, without alignment, 0 of 3 source" in said
    assert "(0 to one of another patient) and 2 of 16 generated films to another" in said


def test_kinds_of_copies_that_are_found_badly_are_named_in_words(
    tmp_path: Path, params: Params
) -> None:
    card = card_of(tmp_path, params, {})
    assert "| turned +3° | 40 | 35 | 87.5% | 73.2% to 95.8% | 2 | 0.8500 | 9 |" in card
    assert "| 1.6% to 20.4% | beyond the list | 0.5300 | no list would do |" in card
    said = words(memorization(card))
    assert "less than 95.0% were found of 2 of 3 kinds." in said
    assert (
        "- Of copies that were turned by +3° it would miss 5 of 40."
        " - Of copies with a blurred patch it would miss 37 of 40."
    ) in said
    assert (
        "A list of 9 pairs would hold 95.0% of the copies of each of the other kinds; this one"
        " has 3. No list, however long, would hold that share of 1 kind: blurred patch."
    ) in said
    assert (
        "altered in 3 ways. In 2 of these it lists less than 95.0% of the copies: of copies with a"
        " blurred patch it would miss 37 of 40. It may miss copies altered in other ways"
    ) in first_words(card)
    assert "](../figures/power.png)" in card
    assert "Planted copies found: 7.5% of the worst kind." in first_screen(card)


def test_a_search_that_finds_every_kind_says_so(tmp_path: Path, params: Params) -> None:
    power = POWER[:1]
    changed = {"power": power, "list_length": list_length(power)}
    card = card_of(tmp_path, params, {}, audit=changed)
    assert "Of each kind it found at least 95.0% of the planted copies" in card
    assert "A list of 1 pair would hold 95.0% of the copies of each kind; this one has 3." in card
    assert (
        "altered in 1 way. It lists at least 95.0% of the copies of each. It may miss copies"
        in first_words(card)
    )
    assert "Low sensitivity" not in card
    assert "No list, however long" not in card


def test_every_kind_of_copy_has_words() -> None:
    assert IN_WORDS.keys() == ALTERATIONS.keys()
    assert {each.family for each in ALTERATIONS.values()} >= FAMILIES.keys()
    assert in_words({"alteration": "folded"}) == "of the kind “folded”"


def test_what_chance_gives_stands_beside_the_flagged_films(tmp_path: Path, params: Params) -> None:
    card = card_of(tmp_path, params, {})
    assert "by chance" not in first_words(card)
    assert "- **Expected by chance.** What chance alone gives is not measurable: 3 held" in card
    calibration = read_json(tmp_path / "artefacts/audit/audit.json")["calibration"]
    chance = unseen_chance("held_out", nearer=1, films=16, compared=744, patients=744).report()
    held_out = calibration["held_out"] | {"counted": 744, "patients": 744}
    histogram = audit_report()["histogram"] | {"held_out": [0, 743, 1]}
    changed = {
        "calibration": calibration | {"chance": chance, "held_out": held_out},
        "histogram": histogram,
    }
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
    power = [POWER[0] | dict.fromkeys(("recall", "low", "high"))]
    changed = {"power": power, "power_note": note, "list_length": list_length(power)}
    card = card_of(tmp_path, params, {}, audit=changed)
    assert f"How many copies the search would find is {note}. A search without" in first_words(card)
    said = words(memorization(card))
    assert f"What share of them the search finds is {note}." in said
    assert "Planted copies found: not measurable." in first_screen(card)
    assert "figures/power.png" not in card
    assert "| identical |" not in card


def test_open_conflicts_and_an_undefined_kappa_are_said(tmp_path: Path, params: Params) -> None:
    agreement = {"statistic": "Fleiss' kappa", "kappa": None, "agree": 1.0, "pairs": 3}
    counted = {"agreement": {**agreement, "reviewers": 3, "ratings": 2}}
    card = card_of(tmp_path, params, ALL_CLEAR, adjudication=counted)
    assert "Fleiss' kappa is undefined, because all of them are." in words(card)
    named = replace(params, audit=replace(params.audit, adjudicator="c.d"))
    assert "are unsure a third settles it." in card_of(tmp_path / "named", named, {})
    assert "no adjudicator is named" in card


def test_the_card_says_what_such_a_search_cannot_show(tmp_path: Path, params: Params) -> None:
    local = replace(params, ingest=replace(params.ingest, source="data/raw"))
    said = words(memorization(card_of(tmp_path, local, ALL_CLEAR)))
    for limit in (
        "Reviewers are shown 3 of 48 pairs",
        '"No copy found" is not "no copy".',
        "Copies of less than half of a film, or of its texture",
        "scores are in units of this source and of this search",
        "Whether a patient can be recognised.",
        "that a certain film was used for training: see [the attacks](#attacks)",
        "finer than a pixel of a picture of 64 × 64",
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
    shown = "**This release shows 3 source films** by name and picture"
    assert (shown in first_screen(card)) == show
    assert ("Every film here is synthetic: a denoising diffusion model drew it" in card) != show
    assert ("Source films are not published" in card) != show
    assert ("The films are not part of this release" in card) != show
    assert ("stay under the licence of the source" in card) == show


@pytest.mark.parametrize("threshold", [None, LOW, THRESHOLD])
@pytest.mark.parametrize("verdicts", [{}, {2: "copy"}, {1: "unsure", **ALL_CLEAR}])
def test_nothing_that_is_not_known_is_printed_as_none_or_nan(
    tmp_path: Path, params: Params, threshold: float | None, verdicts: dict[int, str]
) -> None:
    card = card_of(tmp_path, params, verdicts, threshold=threshold)
    said = memorization(card) + first_screen(card).replace("None of the", "")
    assert not re.search(r"\b(None|nan|inf|True|False)\b", said)
    html = MarkdownIt("gfm-like", {"linkify": False}).render(memorization(card))
    assert html.count("<table>") == (4 if threshold else 3)
    for table in html.split("<table>")[1:]:
        rows = table.partition("</table>")[0].split("<tr>")[2:]
        columns = table.partition("</thead>")[0].count("<th") - table.count("<thead")
        assert rows
        assert all(row.count("<td") == columns for row in rows)


def drawn(path: Path, *kinds: tuple[str, str, int]) -> np.ndarray:
    """The figure of kinds of copies: alteration, family and how many of 4 were found."""
    power = [
        Recall(**planted(alteration, found, None, None, family=family, of=4))
        for alteration, family, found in kinds
    ]
    draw_power(path, power)
    with Image.open(path) as picture:
        assert picture.info == {}
        return np.asarray(picture)


STEP, PLOT = 34, slice(430, 1200)


def dots(picture: np.ndarray, lines: int) -> list[float | None]:
    """Where on each line of the figure the dot lies; None: there is none."""
    places = [
        (picture[20 + STEP * line : 20 + STEP * (line + 1), PLOT] < 50).nonzero()[1]
        for line in range(lines)
    ]
    return [place.mean() if len(place) else None for place in places]


def test_the_figure_of_the_power_goes_by_family_and_shows_the_worst_of_each_first(
    tmp_path: Path,
) -> None:
    kinds = [("a", "moved", 4), ("b", "moved", 1), ("−c", "grey values", 2), ("d", "moved", 3)]
    picture = drawn(tmp_path / "one.png", *kinds)
    assert (picture == drawn(tmp_path / "two.png", *kinds)).all()
    heading, first, second, third, other_heading, fourth = dots(picture, 6)
    assert heading is other_heading is None
    assert first < second < third
    assert first < fourth < second
    assert drawn(tmp_path / "three.png", kinds[0]).shape[0] < picture.shape[0]


def test_the_figure_of_all_kinds_can_be_read_at_the_width_of_a_card(tmp_path: Path) -> None:
    """No name is cut off, none reaches into the plot, and letters are ten pixels and more high."""
    kinds = [(each.name, each.family, 4) for each in ALTERATIONS.values()]
    picture = drawn(tmp_path / "all.png", *kinds)
    height, width = picture.shape
    assert all(len(name) <= 30 for name in ALTERATIONS)
    assert (picture[:, :8] == 255).all()
    assert (picture[20 : height - 120, 412:424] == 255).all()
    card = 800
    assert card / width * 26 * 0.7 >= 10
    assert height / width < 1.2
