"""The rules between the films, the search for copies and what people said of its pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cxr_release import schemas, tables
from cxr_release.errors import ReleaseError
from cxr_release.files import write_json
from cxr_release.film_id import jobs_of
from cxr_release.params.project import Params
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.release.validate import validate
from cxr_release.tables import Table
from tests.support.audit_artefacts import PAIRED, verdict_row, write_adjudication, write_audit
from tests.support.breaking import Break, Rows, faults_of, rejson, rewrite, set_json, set_row
from tests.support.release_artefacts import write_inputs, write_screening
from tests.support.score_artefacts import write_score


def set_pair(row: int, **values: Any) -> Callable[[ReleaseInputs], None]:
    """Change a row of the listed pairs."""

    def change(inputs: ReleaseInputs) -> None:
        path = inputs.audit / "pairs.parquet"
        rewrite(path, schemas.PAIRS, lambda rows: rows[row].update(values))

    return change


def without_row(part: str, file: str, kind: Table, row: int) -> Callable[[ReleaseInputs], None]:
    def change(inputs: ReleaseInputs) -> None:
        path = getattr(inputs, part) / f"{file}.parquet"
        rewrite(path, kind, lambda rows: rows[:row] + rows[row + 1 :])

    return change


def other_ranks(inputs: ReleaseInputs) -> None:
    path = inputs.audit / "pairs.parquet"
    rewrite(path, schemas.PAIRS, lambda rows: [row | {"rank": row["rank"] + 1} for row in rows])


def searched_twice(inputs: ReleaseInputs) -> None:
    path = inputs.audit / "nearest.parquet"
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table, table.slice(3, 1)]), path)


def judge(verdicts: dict[int, str]) -> Callable[[ReleaseInputs], None]:
    """Verdicts that came after the screening."""

    def change(inputs: ReleaseInputs) -> None:
        write_adjudication(inputs.adjudication, verdicts)

    return change


def judge_and_exclude(**values: Any) -> Callable[[ReleaseInputs], None]:
    """A copy that reviewers exclude too, whose exclusion is only half the audit's."""

    def change(inputs: ReleaseInputs) -> None:
        write_adjudication(inputs.adjudication, {1: "copy"})
        path = inputs.screening / "exclusions.parquet"
        rewrite(path, schemas.EXCLUSIONS, lambda rows: rows[2].update(values))

    return change


def judges_forgotten(inputs: ReleaseInputs) -> None:
    write_adjudication(inputs.adjudication, {2: "not-a-copy"})
    set_json("adjudication", "adjudication", "reviewers", value=1)(inputs)


def say(rank: int, /, **values: Any) -> Callable[[ReleaseInputs], None]:
    """Change what the verdicts on a pair come to, in the table alone."""

    def change(inputs: ReleaseInputs) -> None:
        path = inputs.adjudication / "verdicts.parquet"
        rewrite(path, schemas.VERDICTS, lambda rows: rows[rank - 1].update(values))

    return change


def copy_forgotten(inputs: ReleaseInputs) -> None:
    write_adjudication(inputs.adjudication, {1: "copy"})
    write_json(inputs.adjudication / "copies.json", {})


def copy_made_up(inputs: ReleaseInputs) -> None:
    write_json(inputs.adjudication / "copies.json", {PAIRED[0]: "copy"})


RULES: dict[str, tuple[Break, str]] = {
    "pair of no synthetic film": (
        set_pair(0, synthetic_id="checkpoint-9-large-00000"),
        "pairs.parquet: row 1, column synthetic_id: is not a generated film",
    ),
    "pair of no real film": (
        set_pair(0, real_id="nobody"),
        "pairs.parquet: row 1, column real_id: is not a film that was trained on",
    ),
    "nearest to no real film": (
        set_row("audit", "nearest", schemas.NEAREST, real_id="nobody"),
        "nearest.parquet: row 1, column real_id: is not a film that was trained on",
    ),
    "rank": (other_ranks, "row 1, column rank: ranks do not run 1, 2, 3"),
    "order of pairs": (
        set_pair(0, score=1.0, flagged=False),
        "row 2, column score: is higher than the rank before it",
    ),
    "pair nearer than nearest": (
        set_pair(1, score=7.9),
        "pairs.parquet: row 2, column score: is higher than the film's nearest one",
    ),
    "pair left out": (
        without_row("audit", "pairs", schemas.PAIRS, 1),
        f"pairs.parquet: lacks {PAIRED[1]} with its nearest film, nearer than the last pair",
    ),
    "list cut short": (
        without_row("audit", "pairs", schemas.PAIRS, 2),
        "audit.json: key top: 2 pairs are listed, the first 3 were asked for",
    ),
    "first pair is not the nearest": (
        set_row("audit", "nearest", schemas.NEAREST, score=9.5, flagged=True),
        "pairs.parquet: row 1, column score: is not the highest of nearest.parquet",
    ),
    "not searched for": (
        without_row("audit", "nearest", schemas.NEAREST, 3),
        "nearest.parquet: checkpoint-1-large-00000 was generated and not searched for",
    ),
    "searched for twice": (
        searched_twice,
        "column synthetic_id: 'checkpoint-1-large-00000' fails",
    ),
    "flag of a pair": (
        set_pair(0, flagged=False),
        "pairs.parquet: row 1, column flagged: is False, the threshold says True",
    ),
    "flag of a film": (
        set_row("audit", "nearest", schemas.NEAREST, flagged=True),
        "nearest.parquet: row 1, column flagged: is True, the threshold says False",
    ),
    "flag without a baseline": (
        set_json("audit", "audit", "calibration", "threshold", value=None),
        "nearest.parquet: row 1, column flagged: is False, the threshold says None",
    ),
    "number of pairs": (
        set_json("audit", "audit", "pairs", value=4),
        "key pairs: says 4, the tables say 3",
    ),
    "films searched": (
        set_json("audit", "audit", "synthetic", "searched", value=13),
        "key synthetic.searched: says 13, the tables say 16",
    ),
    "films of the cohort searched": (
        set_json("audit", "audit", "real", "searched", value=2),
        "key real.searched: says 2, the tables say 3",
    ),
    "highest score": (
        set_json("audit", "audit", "score", "highest", value=9.9),
        "key score.highest: says 9.9, the tables say 9.0",
    ),
    "highest cosine": (
        set_json("audit", "audit", "cosine", "highest", value=0.9),
        "key cosine.highest: says 0.9, the tables say 0.9375",
    ),
    "lowest cosine": (
        set_json("audit", "audit", "cosine", "lowest", value=0.7),
        "key cosine.lowest: says 0.7, the tables say 0.65",
    ),
    "highest nearest score": (
        set_json("audit", "audit", "calibration", "synthetic", "score", "max", value=7.0),
        "key calibration.synthetic.score.max: says 7.0, the tables say 9.0",
    ),
    "source films of the baseline": (
        set_json("audit", "audit", "calibration", "source", "films", value=4),
        "key calibration.source.films: says 4, the tables say 3",
    ),
    "p value of a pair": (
        set_pair(2, p=0.25),
        "pairs.parquet: row 3, column p: is 0.25, the score says 1.0",
    ),
    "p value of a film": (
        set_row("audit", "nearest", schemas.NEAREST, p=None),
        "nearest.parquet: row 1, column p: is None, the score says",
    ),
    "level": (
        set_json("audit", "audit", "calibration", "level", value=0.5),
        "key calibration: level: says 0.5, the rules say 0.05",
    ),
    "threshold": (
        set_json("audit", "audit", "calibration", "threshold", value=8.5),
        "key calibration: threshold: says 8.5, its tail says 8.1",
    ),
    "films of the tail": (
        set_json("audit", "audit", "calibration", "tail", "films", value=600),
        "key calibration: tail.films: says 600, the source films say 2",
    ),
    "peaks of the tail": (
        set_json("audit", "audit", "calibration", "tail", "peaks", value=20),
        "key calibration: tail.peaks: says 20, its films say 10",
    ),
    "upper end of the mean excess": (
        set_json("audit", "audit", "calibration", "tail", "most_excess", value=0.02),
        "key calibration: tail.most_excess: says 0.02, its tail says 0.0368",
    ),
    "tail without a threshold": (
        set_json("audit", "audit", "calibration", "tail", value=None),
        "key calibration: a tail, a threshold and a number of flagged films go together",
    ),
    "source films of the histogram": (
        set_json("audit", "audit", "histogram", "source", value=[1, 2, 0]),
        "key histogram: source: says 3, the films that were compared say 2",
    ),
    "bins of the histogram": (
        set_json("audit", "audit", "histogram", "held_out", value=[2, 1]),
        "key histogram: held_out: has 2 bins between 4 edges",
    ),
    "edges of the histogram": (
        set_json("audit", "audit", "histogram", "edges", value=[3.0, 7.0, 5.0, 9.0]),
        "key histogram: edges: do not rise",
    ),
    "copies found": (
        set_json("audit", "audit", "power", 1, "found", value=36),
        "key power: turned +3°: recall: says 0.875, its counts say 0.9",
    ),
    "more found than planted": (
        set_json("audit", "audit", "power", 1, "found", value=41),
        "key power: turned +3°: found: says 41 of 40",
    ),
    "interval of a share": (
        set_json("audit", "audit", "power", 1, "low", value=0.875),
        "key power: turned +3°: low: says 0.875, its counts say 0.7",
    ),
    "list that is long enough after all": (
        set_json("audit", "audit", "power", 0, "needed", value=4),
        "key power: identical: needed: says 4; of 40 copies 40 are in 3 pairs",
    ),
    "one kind of copy twice": (
        set_json("audit", "audit", "power", 1, "alteration", value="identical"),
        "key power: names an alteration twice",
    ),
    "length of the list": (
        set_json("audit", "audit", "list_length", "needed", value=1),
        "key list_length: needed: says 1, the planted copies say 9",
    ),
    "kinds beyond any list": (
        set_json("audit", "audit", "list_length", "beyond", value=[]),
        "key list_length: beyond: says [], the planted copies say ['blurred patch']",
    ),
    "share that the list is to hold": (
        set_json("audit", "audit", "list_length", "recall", value=0.9),
        "key list_length: recall: says 0.9, the parameters say 0.95",
    ),
    "flagged pairs": (
        set_json("audit", "audit", "flagged", "pairs", value=0),
        "key flagged.pairs: says 0, the tables say 1",
    ),
    "flagged films": (
        set_json("audit", "audit", "flagged", "films", value=0),
        "key flagged.films: says 0, the tables say 1",
    ),
    "flagged films of the calibration": (
        set_json("audit", "audit", "calibration", "flagged", value=2),
        "key calibration.flagged: says 2, the tables say 1",
    ),
    "films beyond what chance gives": (
        set_json("audit", "audit", "calibration", "chance", "nearer", value=0),
        "key calibration.chance.nearer: says 0, the tables say 1",
    ),
    "films held against chance": (
        set_json("audit", "audit", "calibration", "chance", "films", value=27),
        "key calibration.chance: films: says 27, the tables say 16",
    ),
    "films that are alike": (
        set_json("audit", "audit", "calibration", "synthetic", "alike", value=17),
        "key calibration.synthetic.alike: says 17; the tables show 0 of 16",
    ),
    "films that are not alike": (
        set_json("audit", "audit", "alike", value=0.9),
        "key calibration.synthetic.alike: says 0; the tables show 2 of 16",
    ),
    "histogram": (
        set_json("audit", "audit", "histogram", "synthetic", value=[13, 2, 1]),
        "key histogram: is not of the films in nearest.parquet",
    ),
    "histogram of no numbers": (
        set_json("audit", "audit", "histogram", "synthetic", value="many"),
        "audit.json: histogram.synthetic: input should be a valid list",
    ),
    "incomplete search": (
        set_json("audit", "audit", "state", value="incomplete"),
        "key state: some films could not be read, so not all were searched",
    ),
    "unreadable films": (
        set_json("audit", "audit", "real", "unreadable", value=[{"film": "a", "fault": "b"}]),
        "key state: real films could not be read, so not all were searched",
    ),
    "state of the audit": (
        set_json("audit", "audit", "state", value="nothing flagged"),
        "key state: says 'nothing flagged', its numbers say 'flagged'",
    ),
    "pair without a verdict": (
        without_row("adjudication", "verdicts", schemas.VERDICTS, 2),
        "verdicts.parquet: the pair of rank 3 is not listed",
    ),
    "verdict on another rank": (
        say(1, rank=None),
        "verdicts.parquet: row 1, column rank: is None, the audit says 1",
    ),
    "verdict on a pair of no audit": (
        say(1, real_id="withdrawn"),
        "verdicts.parquet: row 1, column rank: is 1, the audit says None",
    ),
    "verdict on no film": (
        say(1, synthetic_id="checkpoint-9-large-00000"),
        "verdicts.parquet: row 1, column synthetic_id: is not a generated film",
    ),
    "settled without a verdict": (
        say(1, settled=True, reviewers=2),
        "verdicts.parquet: row 1, column settled: is True with the verdict None",
    ),
    "copy that may go out": (
        say(2, verdict="copy", settled=True, reviewers=2),
        "verdicts.parquet: row 2, column excluded: is False with the verdict copy",
    ),
    "no copy that must stay": (
        say(2, verdict="not-a-copy", settled=True, reviewers=2, excluded=True),
        "verdicts.parquet: row 2, column excluded: is True with the verdict not-a-copy",
    ),
    "settled by too few": (
        say(2, verdict="not-a-copy", settled=True, reviewers=1),
        "verdicts.parquet: row 2, column reviewers: 1 are too few",
    ),
    "doubted by nobody": (
        say(2, excluded=True),
        "verdicts.parquet: row 2, column reviewers: 0 are too few",
    ),
    "copy forgotten": (
        copy_forgotten,
        f"copies.json: {PAIRED[0]}: says None, the verdicts say copy",
    ),
    "copy made up": (copy_made_up, f"copies.json: {PAIRED[0]}: says copy, the verdicts say None"),
    "copy that is released": (
        judge({2: "copy"}),
        f"{PAIRED[1]}: is judged copy by the audit and yet released",
    ),
    "possible copy that is not excluded": (
        judge({2: "unsure"}),
        f"{PAIRED[1]}: is judged possible-copy by the audit and not excluded",
    ),
    "copy excluded for something else": (
        judge({1: "copy"}),
        f"{PAIRED[0]}: is excluded as vertebra-count, the audit's reason is copy",
    ),
    "copy excluded for another reason": (
        judge_and_exclude(audit=True),
        f"{PAIRED[0]}: is excluded as vertebra-count, the audit's reason is copy",
    ),
    "copy excluded by reviewers alone": (
        judge_and_exclude(reason="copy"),
        f"{PAIRED[0]}: is excluded as copy, not by the audit",
    ),
    "excluded by the audit without a verdict": (
        set_row("screening", "exclusions", schemas.EXCLUSIONS, audit=True),
        "checkpoint-1-initial-00001: is excluded by the audit, whose verdicts do not",
    ),
    "state of the verdicts": (
        set_json("adjudication", "adjudication", "state", value="complete"),
        "adjudication.json: key state: says 'complete', the pairs say 'none'",
    ),
    "judges": (
        set_json("adjudication", "adjudication", "reviewers", value=2),
        "adjudication.json: key reviewers: says 2, and 0 judged one pair",
    ),
    "judges forgotten": (
        judges_forgotten,
        "adjudication.json: key reviewers: says 1, and 2 judged one pair",
    ),
    **{
        f"{name} of the verdicts": (
            set_json("adjudication", "adjudication", name, value=9),
            f"adjudication.json: key {name}: says 9",
        )
        for name, true in (
            ("pairs", 3),
            ("judged", 0),
            ("settled", 0),
            ("open_conflicts", 0),
            ("excluded_films", 0),
            ("earlier", 0),
        )
    },
    "numbers of the verdicts": (
        set_json("adjudication", "adjudication", "verdicts", "copy", value=1),
        "adjudication.json: key verdicts: says {'copy': 1, 'not-a-copy': 0, 'unsure': 0}, the",
    ),
    "films that the audit alone keeps out": (
        set_json("screening", "counts", "review", "audited", value=1),
        "review: audited: says 1, the tables say 0",
    ),
    "films that the pre-screen alone keeps out": (
        set_json("screening", "counts", "review", "prescreened", value=1),
        "review: prescreened: says 1, the tables say 0",
    ),
}

ALONE = {
    "number of pairs", "films searched", "films of the cohort searched", "highest score",
    "highest cosine", "lowest cosine", "highest nearest score", "source films of the baseline",
    "p value of a pair", "p value of a film", "level", "threshold",
    "source films of the histogram", "bins of the histogram", "more found than planted",
    "interval of a share", "length of the list", "kinds beyond any list",
    "share that the list is to hold", "films that are not alike",
    "flagged pairs", "flagged films",
    "flagged films of the calibration", "films beyond what chance gives",
    "films held against chance", "films that are alike", "histogram", "incomplete search",
    "unreadable films", "state of the audit", "state of the verdicts", "judges",
    "judges forgotten", "pairs of the verdicts", "settled of the verdicts",
    "open_conflicts of the verdicts", "excluded_films of the verdicts",
    "films that the audit alone keeps out", "films that the pre-screen alone keeps out",
}  # fmt: skip
"""Rules that can be broken without breaking another one."""


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_names_its_fault(inputs: ReleaseInputs, params: Params, rule: str) -> None:
    broken, expected = RULES[rule]
    broken(inputs)
    faults = faults_of(inputs, params)
    assert [fault for fault in faults if expected in fault], "\n".join(faults)
    assert len(faults) == 1 or rule not in ALONE, "\n".join(faults)


@pytest.mark.parametrize(
    "verdicts",
    [
        {1: "copy"},
        {2: "unsure"},
        {1: "not-a-copy", 2: "copy", 3: "unsure"},
        {1: "not-a-copy", 2: "not-a-copy", 3: "not-a-copy"},
    ],
    ids=lambda verdicts: " ".join(verdicts.values()),
)
def test_films_that_the_audit_keeps_out_pass_whoever_else_excluded_them(
    tmp_path: Path, params: Params, verdicts: dict[int, str]
) -> None:
    checked = validate(write_inputs(tmp_path, verdicts=verdicts), params)
    assert checked["rules"]["verdicts held against the audited pairs"] == 3
    assert checked["rules"]["films held against the verdicts of the audit"] == 16


def test_an_open_conflict_and_a_pair_of_an_earlier_audit_keep_their_films_out(
    tmp_path: Path, params: Params
) -> None:
    inputs = write_inputs(tmp_path)
    earlier = verdict_row(1, "copy") | {"rank": None, "real_id": "withdrawn since"}
    doubted = {"reviewers": 2, "excluded": True}

    def change(rows: Rows) -> Rows:
        return [*rows[:2], rows[2] | doubted, earlier]

    rewrite(inputs.adjudication / "verdicts.parquet", schemas.VERDICTS, change)
    copies = {PAIRED[0]: "copy", PAIRED[2]: "possible-copy"}
    write_json(inputs.adjudication / "copies.json", copies)
    rejson(
        inputs.adjudication / "adjudication.json",
        lambda one: one.update(
            state="partial", reviewers=2, judged=1, open_conflicts=1, earlier=1, excluded_films=2,
            verdicts={"copy": 1, "not-a-copy": 0, "unsure": 0},
            pairs_by_reviewers={"0": 2, "1": 0, "2": 1},
        ),
    )  # fmt: skip
    with pytest.raises(ReleaseError, match=f"{PAIRED[2]}: is judged possible-copy by the audit"):
        validate(inputs, params)
    films = [
        row for job in jobs_of(("checkpoint-1", "checkpoint-3")) for row in films_of(inputs, job)
    ]
    write_screening(inputs.screening, films, {}, copies)
    write_score(inputs)
    checked = validate(inputs, params)
    assert checked["tables"]["adjudication/verdicts.parquet"] == 4


def films_of(inputs: ReleaseInputs, job: tuple[str, str]) -> Rows:
    return tables.read_rows(inputs.table(job), schemas.ORIENTED)


def test_one_word_settles_a_pair_where_somebody_is_named_to_settle(
    inputs: ReleaseInputs, params: Params
) -> None:
    write_adjudication(inputs.adjudication, {2: "not-a-copy"})
    say(2, reviewers=1)(inputs)
    tally = {"0": 2, "1": 1}
    set_json("adjudication", "adjudication", "pairs_by_reviewers", value=tally)(inputs)
    with pytest.raises(ReleaseError, match="1 are too few"):
        validate(inputs, params)
    validate(inputs, replace(params, audit=replace(params.audit, adjudicator="c.d")))


def test_a_search_without_a_baseline_passes(inputs: ReleaseInputs, params: Params) -> None:
    write_audit(inputs.audit, threshold=None)
    validate(inputs, params)


def test_a_baseline_of_too_few_films_to_flag_any_passes(
    inputs: ReleaseInputs, params: Params
) -> None:
    write_audit(inputs.audit, tail_known=False)
    validate(inputs, params)
    set_json("audit", "audit", "calibration", "chance", "nearer", value=0)(inputs)
    assert any("chance.nearer: says 0, the tables say 1" in fault for fault in faults_of(
        inputs, params))  # fmt: skip


def test_no_more_pairs_are_asked_for_than_there_are(inputs: ReleaseInputs, params: Params) -> None:
    set_json("audit", "audit", "top", value=100)(inputs)
    with pytest.raises(ReleaseError, match="3 pairs are listed, the first 48 were asked for"):
        validate(inputs, params)
