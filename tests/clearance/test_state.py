"""What people's decisions on real films come to."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.clearance.state import outcome_of, sentence_of
from cxr_release.clearance.statement import Clearance, NewClearance, Word
from cxr_release.release.checks.burned_in import check_burned_in
from cxr_release.release.checks.report import CheckReport, Place
from cxr_release.release.record import BurnedInReview

FILMS = {f"film-{number:016x}": f"{number:064x}" for number in range(5)}
IDS = list(FILMS)
OLD = "f" * 64
Said = Mapping[str, Mapping[int, tuple[Word, bool]]]
"""Person → film → word, and whether it was of the content as it is."""


def decided(said: Said) -> dict[str, dict[tuple[str, str], Clearance]]:
    decisions: dict[str, dict[tuple[str, str], Clearance]] = {}
    for person, given_ in said.items():
        mine = decisions.setdefault(person, {})
        for film, (word, current) in given_.items():
            name = IDS[film] if film < len(IDS) else f"film-{film:016x}"
            content = FILMS.get(name, OLD) if current else OLD
            place = {"seq": 1, "at": "2026-01-01T00:00:00Z", "reviewer": person, "prev": "0" * 64}
            entry = Clearance(name, content, word, **place)  # type: ignore[arg-type]
            mine[entry.about] = entry
    return decisions


def test_nobody_has_looked() -> None:
    outcome = outcome_of(FILMS, {}, required=1, suspected=None)
    assert outcome.with_text == ()
    assert outcome.counts["state"] == "none"
    assert outcome.counts["undecided"] == 5
    assert outcome.counts["sentence"] == (
        "Nobody has looked at the 5 real films for text that may identify a patient."
    )


def test_text_that_one_person_sees_is_there_whatever_others_say() -> None:
    said: Said = {"a": {0: ("text", True)}, "b": {0: ("clear", True), 1: ("clear", True)}}
    outcome = outcome_of(FILMS, decided(said), required=2, suspected=None)
    assert outcome.with_text == (IDS[0],)
    counts = outcome.counts
    assert (counts["reviewers"], counts["looked_at"], counts["with_text"]) == (2, 2, 1)
    assert counts["undecided"] == 4  # the second film has been looked at by one of two
    assert counts["films_by_reviewers"] == {"0": 3, "1": 1, "2": 1}
    assert counts["each"] == [{"films": 1, "with_text": 1}, {"films": 2, "with_text": 0}]
    assert "1 of them shows such text or a mark, and was left out." in counts["sentence"]


def test_a_film_that_has_changed_is_not_cleared_and_that_is_said() -> None:
    said: Said = {"a": {0: ("text", False), 1: ("clear", True), 9: ("clear", False)}}
    outcome = outcome_of(FILMS, decided(said), required=1, suspected={IDS[0], IDS[1]})
    assert outcome.with_text == ()
    counts = outcome.counts
    assert (counts["changed"], counts["elsewhere"], counts["looked_at"]) == (1, 1, 1)
    assert (counts["flagged"], counts["flagged_unseen"]) == (2, 1)
    assert "1 film has changed since somebody looked" in counts["sentence"]


WORDS: st.SearchStrategy[tuple[Word, bool]] = st.tuples(
    st.sampled_from(["clear", "text"]), st.booleans()
)
SAID = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.dictionaries(st.integers(0, 6), WORDS, max_size=7)
)


@settings(max_examples=40)
@given(SAID, st.integers(1, 3), st.none() | st.sets(st.sampled_from(IDS)))
def test_counts_agree_with_each_other_and_their_sentence_holds(
    said: Said, required: int, suspected: set[str] | None
) -> None:
    outcome = outcome_of(FILMS, decided(said), required=required, suspected=suspected)
    report = CheckReport()
    review = BurnedInReview.model_validate(outcome.counts)
    check_burned_in(review, len(FILMS), place=Place("here"), same_words=True, report=report)
    assert report.faults == []
    counts = outcome.counts
    assert counts["sentence"] == sentence_of(counts)
    seen = {
        IDS[film]
        for given_ in said.values()
        for film, (_, current) in given_.items()
        if current and film < len(IDS)
    }
    assert counts["looked_at"] == len(seen)
    assert {*outcome.with_text} <= seen


@settings(max_examples=40)
@given(SAID, st.sampled_from(
    ["films", "reviewers", "looked_at", "with_text", "undecided", "state", "sentence", "each"]
))  # fmt: skip
def test_a_number_that_was_altered_is_noticed(said: Said, key: str) -> None:
    counts = dict(outcome_of(FILMS, decided(said), required=1, suspected=None).counts)
    other = {
        "state": "complete" if counts["state"] != "complete" else "none",
        "sentence": "Everybody has looked.",
        "each": [*counts["each"], {"films": 1, "with_text": 0}],
    }
    counts[key] = other.get(key, 9 if key not in other else None)
    report = CheckReport()
    review = BurnedInReview.model_validate(counts)
    check_burned_in(review, len(FILMS), place=Place("here"), same_words=True, report=report)
    assert report.faults


def test_a_retracted_decision_is_none() -> None:
    assert NewClearance(IDS[0], FILMS[IDS[0]], "retract").retracts
