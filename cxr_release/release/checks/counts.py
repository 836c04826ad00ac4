"""What a record says of the people who reviewed: its own numbers agree, and its sentence is theirs.

Who decided what stands in no released table; how many excluded a film does.

The counts of a release, made again from its tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from cxr_release.film_id import source_name
from cxr_release.release.checks.record import RECORD, Record
from cxr_release.release.checks.report import value_at
from cxr_release.release.checks.shards import Films
from cxr_release.release.inputs import Job, jobs_of
from cxr_release.release.layout import shard_checkpoint
from cxr_release.release.untrusted.findings import Findings, is_a
from cxr_release.screening.counts import by_reason, excluded_by_nobody
from cxr_release.screening.reviewers import WAYS, sentence_of
from cxr_release.tables import Table

Row = Mapping[str, Any]
_PERSON = ("decisions", *WAYS, "hurried")


def check_screeners(
    review: Row, generated: int, exclusions: Sequence[Row], found: Findings
) -> None:
    """Who decided on how many films, and how.

    Args:
        review: `reviews.screening` of the record.
        generated: films, as the tables have them.
        exclusions: rows of `schemas.TOMBSTONES`.
        found: where differences go.
    """
    where = f"{RECORD}: reviews.screening"
    tally = review["films_by_reviewers"]
    if not check_tally(f"{where}, films_by_reviewers", tally, generated, found):
        return
    each, decisions = review["each"], review["decisions"]
    if set(decisions) != {*WAYS} or not all(map(_is_count, decisions.values())):
        found.add(f"{where}, decisions", f"are not counts of {', '.join(WAYS)}")
        return
    if not all(_is_person(one, generated) for one in each):
        found.add(f"{where}, each", "holds what is no count of a person's decisions")
        return
    stand = sum(int(people) * films for people, films in tally.items())
    found.says(f"{where}, decisions in all", sum(decisions.values()), stand, "films_by_reviewers")
    for way in WAYS:
        found.says(f"{where}, decisions, {way}", decisions[way], sum(one[way] for one in each))
    hurried = sum(one["hurried"] for one in each)
    found.says(f"{where}, hurried", review["hurried"], hurried, "its people")
    found.says(f"{where}, reviewers", review["reviewers"], len(each), "its people")
    most = max(map(int, tally))
    if most > len(each):
        found.add(f"{where}, films_by_reviewers", f"a film has {most} people of {len(each)}")
    shown = min(generated - tally["0"], decisions["page"])
    if not 0 <= review["looked_at"] <= shown:
        what = f"{review['looked_at']} films cannot be: {shown} at most were decided on when shown"
        found.add(f"{where}, looked_at", what)
    _check_exclusions(where, tally, exclusions, found)
    true = sentence_of(review, generated)
    if review["sentence"] != true:
        found.add(f"{where}, sentence", "is not what its numbers say")
    found.applied("counts of people's decisions that agree", len(each) + len(tally))


def check_tally(where: str, tally: Any, things: int, found: Findings) -> bool:
    """Whether these are counts of all things, by how many people said something of them."""
    names = [str(number) for number in range(len(tally))]
    if not tally or sorted(tally) != sorted(names) or not all(map(_is_count, tally.values())):
        found.add(where, "is no number of films or pairs for each number of people from 0 on")
        return False
    found.says(f"{where}, in all", sum(tally.values()), things)
    return True


def _check_exclusions(where: str, tally: Row, exclusions: Sequence[Row], found: Findings) -> None:
    """No more films were excluded by so many people than so many have decided on."""
    excluded = Counter(row["reviewers"] for row in exclusions)
    for people in sorted(excluded):
        out = sum(films for number, films in excluded.items() if number >= people)
        decided = sum(films for number, films in tally.items() if int(number) >= people)
        if out > decided:
            what = f"{decided} films have {people} people's decisions, and {out} are excluded so"
            found.add(f"{where}, films_by_reviewers", what)


def _is_person(one: Any, generated: int) -> bool:
    return (
        isinstance(one, Mapping)
        and all(_is_count(one.get(name)) for name in _PERSON)
        and 0 < one["decisions"] == sum(one[way] for way in WAYS) <= generated
        and one["hurried"] <= one["decisions"] - one["terminal"]
        and is_a(one.get("hurried_per_minute", 0), (int, float, type(None)))
    )


def _is_count(value: Any) -> bool:
    return is_a(value, int) and value >= 0


Rows = Sequence[Row]
_COUNTED = ("generated", "excluded", "released", "by_reason")


def count(films: Films, exclusions: Rows, jobs: Sequence[Job]) -> dict[str, Any]:
    """Counts as `release.json` holds them: `rows` (a row a job) and `total`, less `undecided`."""
    released = Counter(film.job for film in films.by_id.values())
    excluded: dict[Job, list[Row]] = {}
    for row in exclusions:
        excluded.setdefault((row["checkpoint"], row["batch"]), []).append(row)
    counted = {job: _count(released[job], excluded.get(job, [])) for job in jobs}
    return {"rows": counted, "total": _count(len(films.by_id), exclusions)}


def _count(released: int, exclusions: Rows) -> dict[str, Any]:
    return {
        "generated": released + len(exclusions),
        "excluded": len(exclusions),
        "released": released,
        "by_reason": by_reason(exclusions),
    }


def check_counts(films: Films, exclusions: Rows, record: Record, found: Findings) -> None:
    """Per checkpoint and batch, and in total: what the record says is what the tables hold."""
    jobs = jobs_of(tuple(value_at(record, "params.sample.checkpoints")))
    true = count(films, exclusions, jobs)
    stated = {(row["checkpoint"], row["batch"]): row for row in record["counts"]["rows"]}
    if sorted(stated) != sorted(jobs) or len(stated) != len(record["counts"]["rows"]):
        found.add(f"{RECORD}: key counts.rows", "holds not one row a checkpoint and batch")
    strange = {film.job for film in films.by_id.values()} - {*jobs}
    for job in sorted(strange):
        found.add(f"{RECORD}: key params.sample.checkpoints", f"lacks {job}, of which films are")
    for job, row in stated.items():
        where = f"{RECORD}: counts of checkpoint {job[0]}, {job[1]}"
        _compare(where, row, true["rows"].get(job, _count(0, [])), found)
    _compare(f"{RECORD}: counts in total", record["counts"]["total"], true["total"], found)
    undecided = sum(row["undecided"] for row in stated.values())
    total = record["counts"]["total"]["undecided"]
    found.says(f"{RECORD}: counts in total, undecided", total, undecided, "its rows")
    found.applied("counts that close", len(stated) + 1)
    _check_review(record["reviews"]["screening"], total, true["total"], exclusions, found)
    _check_facing(record["metrics"]["facing"], films, true["rows"], found)


def _compare(where: str, stated: Row, true: Row, found: Findings) -> None:
    for name in _COUNTED:
        found.says(f"{where}, {name}", stated.get(name), true[name])
    undecided = stated.get("undecided")
    if type(undecided) is not int or not 0 <= undecided <= true["generated"]:
        found.add(f"{where}, undecided", f"{undecided} of {true['generated']} cannot be")


def _check_review(
    review: Row, undecided: int, total: Row, exclusions: Rows, found: Findings
) -> None:
    """What the screening says of itself, as far as the released tables tell."""
    where = f"{RECORD}: reviews.screening"
    alone = excluded_by_nobody(exclusions)
    true = {key: number for key, number in alone.items() if key in review}
    true |= {"decided": total["generated"] - undecided, "undecided": undecided}
    for key, value in true.items():
        found.says(f"{where}, {key}", review.get(key), value)
    out = review.get("undecided_released")
    if type(out) is not int or not undecided - total["excluded"] <= out <= undecided:
        found.add(f"{where}, undecided_released", f"{out} of {undecided} undecided cannot be")
    by_people = any(row["reviewers"] for row in exclusions)
    reviewers = review["reviewers"]
    if reviewers < max((row["reviewers"] for row in exclusions), default=0):
        found.add(f"{where}, reviewers", f"says {reviewers}, and more excluded a film")
    state = "none" if not reviewers else "partial" if undecided else "complete"
    found.says(f"{where}, state", review["state"], state, "its numbers")
    if by_people and not reviewers:
        found.add(f"{where}, reviewers", "is 0, and people excluded films")
    check_screeners(review, total["generated"], exclusions, found)


def _check_facing(stated: Rows, films: Films, counts: Mapping[Job, Row], found: Findings) -> None:
    """How films faced, as far as the released ones tell: the excluded ones may be any of them."""
    released = films.by_id.values()
    true_of = {
        "flipped": Counter(film.job for film in released if film.flipped),
        "left": Counter(
            film.job for film in released if film.facing == "left" and not film.flipped
        ),
        "unknown": Counter(film.job for film in released if film.facing == "unknown"),
    }
    for row in stated:
        job = (row["checkpoint"], row["batch"])
        where, true = f"{RECORD}: metrics.facing of checkpoint {job[0]}, {job[1]}", counts.get(job)
        if true is None:
            found.add(where, "is of no sampling job")
            continue
        faced = row["left"] + row["right"] + row["unknown"]
        found.says(f"{where}, films", faced, true["generated"])
        for name, word in _FACED.items():
            there = true_of[name][job]
            if not 0 <= row[name] - there <= true["excluded"]:
                what = f"says {row[name]}; of the released films {there} are {word}"
                found.add(f"{where}, {name}", f"{what}, and {true['excluded']} are excluded")
        found.says(f"{where}, right", row["right"], row["flipped"], "flipped there")
    if sorted((row["checkpoint"], row["batch"]) for row in stated) != sorted(counts):
        found.add(f"{RECORD}: metrics.facing", "holds not one row a checkpoint and batch")
    found.applied("mirrored films held against the record", len(films.by_id))


_FACED = {"flipped": "mirrored", "left": "left-facing as sampled", "unknown": "of unknown facing"}


def rows_by_config(films: Films, sides: Mapping[str, Rows]) -> dict[str, int]:
    """Config → rows, of all tables, those without rows too."""
    found = {"default": sum(films.shards.values())}
    for name, rows in films.shards.items():
        config = source_name(shard_checkpoint(name))
        found[config] = found.get(config, 0) + rows
    return found | {name: len(rows) for name, rows in sides.items()}


def check_configs(
    films: Films, sides: Mapping[Table, Rows], record: Record, found: Findings
) -> None:
    """Rows of each config, and the tables that have none."""
    true = rows_by_config(films, {kind.name: rows for kind, rows in sides.items()})
    stated = record["counts"]["configs"]
    for name in sorted({*stated} | {name for name, rows in true.items() if rows}):
        found.says(f"{RECORD}: counts.configs, {name}", stated.get(name), true.get(name))
    empty = sorted(name for name, rows in true.items() if not rows)
    said = sorted(map(str, record["counts"]["empty_tables"]))
    found.says(f"{RECORD}: counts.empty_tables", said, empty)
    found.applied("rows of configs", len(true))
