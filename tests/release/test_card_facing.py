"""What the documents say of the way films face: of chest films, of which nobody stated it, and of
films of which it was found."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from cxr_release import schemas
from cxr_release.release.configs import Config
from cxr_release.release.documents.citation import license_notice
from cxr_release.release.documents.croissant_rai import rai
from cxr_release.release.documents.facing import KnownFacing, facing_of
from cxr_release.release.layout import shard_source
from cxr_release.release.record import Record
from cxr_release.scorecard.coverage_rows import lowest
from tests.release.test_card_alone import alone, card_of
from tests.support.card_rules import rendered
from tests.support.records import changed, record_of

FILMS = 142
UNKNOWN = {
    **{"facings": {"unknown": FILMS}, "facing_check": {"known": 0, "unknown": 0, "wrong": 0}},
    **{"flipped": 0, "inverted": 0, "films": FILMS},
}
NOTHING = {"references": 0, "error": 0.01, "source": None, "poor": None, "neither": None}
NOT_DETERMINED = "Which way films face was not determined: source films face as they came"
BIAS = "| Films that were found to face right are mirrored. |"
TABLE = "| batch | faced left | faced right | not known | mirrored | as reviewers say |"
CLUE = "The facing of too few films is known: films were drawn whichever way they face, which may"


def facing_rows(record: Record, **counts: int) -> list[dict[str, Any]]:
    """All films of unknown facing, but for these counts of the first row."""
    rows = [
        row.model_dump() | {"left": 0, "right": 0, "flipped": 0, "said": 0, "unknown": 20}
        for row in record.metrics.facing
    ]
    return [rows[0] | counts, *rows[1:]]


def chest(record: Record | None = None, /, **counts: int) -> Record:
    """A record of films of which nobody stated how they face, and of which it was not found."""
    record = record or record_of()
    metrics = {"facing": facing_rows(record, **counts), "facing_rule": NOTHING}
    made = changed(
        record,
        source={"kind": "local films", "films_named_by": "hmac", "films_shown": 2},
        metrics={**metrics, "reader_study": {"drawn_by_facing": False}},
    ).plain()
    made["metrics"]["ingest"] |= UNKNOWN
    return Record.model_validate(made)


def text_of(record: Record) -> str:
    """Card and datasheet on one line, without the columns' own texts."""
    films = Config("default", schemas.RELEASE, (next(iter(record.shards)),), 24, 24_000, 24_000)
    source = replace(films, name=shard_source(films.files[0]))
    sides = [
        Config(table.name, table, (f"{table.name}.parquet",), 1, 100, 100)
        for table in (schemas.AUDIT_PAIRS, schemas.TOMBSTONES, schemas.RESPONSES)
    ]
    return " ".join(rendered(record, [films, source, *sides], []).split())


def test_what_was_determined_follows_from_the_record() -> None:
    assert facing_of(record_of()).known
    assert facing_of(chest()) == KnownFacing(source=False, films=False, mirrored=False)
    assert facing_of(chest(said=1)) == KnownFacing(source=False, films=True, mirrored=False)
    turned = facing_of(chest(said=1, right=1, flipped=1))
    assert turned == KnownFacing(source=False, films=True, mirrored=True)
    listed = changed(chest(), metrics={"ingest": {"facings": {"left": 3}}})
    assert facing_of(listed) == KnownFacing(source=True, films=False, mirrored=False)


def test_of_films_whose_facing_nobody_determined_that_is_said_and_nothing_is_counted() -> None:
    text = text_of(chest())
    assert f"{NOT_DETERMINED}, and the films of this release as they were sampled (col" in text
    for needless in (
        *(BIAS, TABLE, CLUE, "faced right", "face right", "How facing is found"),
        *("facing, as listed or found", "facing is known from elsewhere", "mirrored | 0"),
        *("left out or mirrored", "negatives and facings", "it is not known which way"),
    ):
        before_columns = text.partition("## Columns")[0]
        assert needless not in before_columns, needless
    steps = text.partition("in this order, and nothing else:")[2][:60]
    assert steps.startswith(" 1. A film that")
    assert "2. The PNG is copied" in text
    assert "3. The PNG is copied" not in text


def test_of_films_whose_facing_is_known_all_of_it_stands_there() -> None:
    record = record_of()
    rows = [row | {"left": 1} for row in facing_rows(record)]
    rows[0] |= {"right": 3, "flipped": 3}
    known = {"facings": {"left": 3, "right": 1, "unknown": 2}, "flipped": 1}
    check = {"facing_check": {"known": 3, "unknown": 0, "wrong": 0}}
    ingest = {"facing": rows, "ingest": known | check, "reader_study": {"drawn_by_facing": False}}
    text = text_of(changed(record, metrics=ingest))
    for needed in (
        *(BIAS, TABLE, CLUE, "3 films that faced right were mirrored", "How facing is found"),
        "1 film was found to face right and mirrored; of 2 it is not known which way they face",
        *("| facing, as listed or found | left: 3", "| found to face right, mirrored | 1 |"),
        *("facing is known from elsewhere", "3. The PNG is copied"),
    ):
        assert needed in text, needed
    assert "not determined" not in text


def test_what_reviewers_state_of_films_stands_there_though_nothing_is_known_of_source_films() -> (
    None
):
    text = text_of(chest(said=3, left=2, right=1, flipped=1))
    assert "Which way these films face was not determined: none was mirrored for it." in text
    assert "1 film that faced right was mirrored (column `flipped`), as it was found or as" in text
    assert "Not at all: the facing of no source film is known." in text
    assert NOT_DETERMINED not in text
    for needed in (BIAS, TABLE, CLUE):
        assert needed in text, needed


@pytest.mark.parametrize("turned", [0, 2])
def test_no_bias_of_mirrored_films_is_claimed_where_none_was_mirrored(turned: int) -> None:
    record = chest()
    ingest = {"facings": {"left": FILMS - turned, "right": turned}, "flipped": turned}
    text = text_of(changed(record, metrics={"ingest": ingest}))
    assert (BIAS in text) is bool(turned)
    assert ("2 films were found to face right and mirrored;" in text) is bool(turned)
    assert ("No film was found to face right;" in text) is not turned


def test_random_flips_and_films_taken_in_are_not_said_to_face_as_they_came() -> None:
    flips = changed(chest(), params={"train": {"flip": True}})
    assert f"{NOT_DETERMINED}, but for random flips in training, and the films" in text_of(flips)
    taken = chest(alone())
    assert f"{NOT_DETERMINED}, and the films of this release as they were taken in" in " ".join(
        card_of(taken).split()
    )


def test_the_reader_study_says_that_facing_was_not_determined_and_no_more() -> None:
    said = "Which way films face was not determined: real and synthetic films alike were drawn"
    assert said in text_of(chest())
    assert said not in text_of(chest(left=1))
    served = changed(
        chest(), metrics={"reader_study": {"drawn_by_facing": None, "turned_since": 0}}
    )
    assert "They stay as readers were given them." in text_of(served)
    known = changed(
        chest(left=1), metrics={"reader_study": {"drawn_by_facing": None, "turned_since": 0}}
    )
    assert "as readers were given them, whatever is known since of the way films face." in text_of(
        known
    )


@pytest.mark.parametrize("inverted", [0, 4])
@pytest.mark.parametrize("flipped", [0, 4])
def test_what_was_changed_of_source_films_that_are_shown(inverted: int, flipped: int) -> None:
    facings = {"left": FILMS - flipped, "right": flipped}
    ingest = {"inverted": inverted, "flipped": flipped, "facings": facings}
    record = changed(chest(), metrics={"ingest": ingest})
    notice = " ".join(license_notice(record).split())
    text = text_of(record)
    assert ("one size; negatives inverted" in notice) is bool(inverted)
    assert ("mirrored where they were found to face right." in notice) is bool(flipped)
    assert not notice.endswith(";")
    end = {
        (0, 0): "size and depth.",
        (4, 0): "size and depth, and, where a film came as a negative, its greys.",
        (0, 4): "size and depth, and, where a film faced right, its sides.",
        (4, 4): "where a film came as a negative or faced right, its greys and its sides.",
    }
    assert end[inverted, flipped] in text


def test_what_privacy_does_not_cover_names_facings_alone_where_they_were_found() -> None:
    numbers = {
        **{"epsilon": 8.0, "delta": 0.01, "noise_multiplier": 1.0, "clip": 1.0, "levels": 1},
        **{"unit": "film", "units": 3, "films": 3, "films_without_patient": 3, "batch_size": 1},
        **{"steps": 9, "sampling": "poisson", "accountant": "rdp", "opacus": "1.5"},
    }
    private = changed(record_of(), metrics={"training": {"privacy": numbers, "start": None}})
    known = changed(private, metrics={"ingest": {"facings": {"left": 3}}})
    assert "left out or mirrored, and negatives and facings of source films, which" in text_of(
        known
    )
    assert "were left out, and negatives of source films, which" in text_of(chest(private))


def test_the_metadata_says_it_both_ways() -> None:
    said = json.dumps(rai(chest()), ensure_ascii=False)
    assert "Which way they face was not determined: none was mirrored for it." in said
    assert "Which way generated films face was not determined, and none was mirrored" in said
    assert "face right" not in said
    said = json.dumps(rai(chest(left=2, right=1, flipped=1, said=3)), ensure_ascii=False)
    assert "1 generated films that were found, or said by reviewers, to face right" in said
    said = json.dumps(rai(record_of()), ensure_ascii=False)
    assert "of them were found to face right and mirrored" in said
    assert "not determined" not in said


@pytest.mark.parametrize(
    ("column", "group", "words"),
    [
        ("films of the patient", "one", "patients with one film"),
        ("films of the patient", "several", "patients with several films"),
        ("sex", "F", "sex: F"),
        ("", "all films", "all films"),
    ],
)
def test_the_least_covered_group_is_named_as_in_a_sentence(
    column: str, group: str, words: str
) -> None:
    assert lowest([{"column": column, "group": group, "ratio": 0.5}]) == (0.5, words)
