"""What each person has done in each task, and what is left: the tables of the lead's page.

The status, the lead's page and its downloads print these tables, and nothing else computes them.
They name people and sources, so they are for the lead alone: who reviews or reads sees neither.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from cxr_release.adjudication.outcomes import waits_for
from cxr_release.clearance.state import waits_for_more
from cxr_release.clearance.statement import CLEAR, TEXT
from cxr_release.film_id import job_of_row, source_order, source_title
from cxr_release.landmarks.placement import Placement
from cxr_release.logbook.entry import effective_of
from cxr_release.schemas import JUDGED
from cxr_release.screening.decision import CATEGORIES
from cxr_release.screening.findings import NONE
from cxr_release.statistics.agreement import measured_agreement
from cxr_release.team.conflicts import film_conflicts, pair_conflicts
from cxr_release.team.invitations import Invitations
from cxr_release.team.people import (
    LAST_SEEN,
    PACE,
    Share,
    Team,
    table_of,
    waiting_counts,
    words_on,
)

Table = dict[str, Any]


def overview_of(team: Team) -> dict[str, Any]:
    """The tables of all tasks.

    Returns:
        `tasks`: task → table, for the tasks that are there. A table has `unit`, `pause_s`, `to_do`
        (things in all), `required` (people on each), `waiting` (things that wait for people),
        `conflicts` (things to settle), `differ` (things on which people's words differ), `people`
        (rows, see `people._row`) and `agreement` (see `measured_agreement`).

        `reasons`: rows of `source`, `generated`, `excluded` and `reasons` (code → films), and,
        where a sample is reviewed in place of all, `sample`, `waiting`, `faults`, `most_left` and
        `share`, see `acceptance_of`. `conflicts`: things to settle, `task`, `subject` and `people`
        (name → word). `invitations`: every link, without what would open it. `definitions`:
        sentences on what is counted; `notes`: sentences on what is wrong.
    """
    tables = {
        "screening": _screening(team),
        "adjudication": _adjudication(team),
        "study": _study(team),
        "landmarks": _landmarks(team),
        "clearance": _clearance(team),
        "findings": _findings(team),
    }
    problem = team.assignment.problem if team.assignment else ""
    return {
        "tasks": {task: table for task, table in tables.items() if table is not None},
        "reasons": _reasons(team),
        "conflicts": [*film_conflicts(team), *pair_conflicts(team)],
        "invitations": invitation_rows(team.invitations),
        "definitions": [PACE, LAST_SEEN],
        "notes": [f"Films are not assigned: {problem}."] if problem else [],
    }


def invitation_rows(invitations: Invitations) -> list[dict[str, Any]]:
    """Every link: `task`, `person`, `link` (its number), `state`, `by` whom and `at` what time it
    was made, when it `expires` (empty: never), how often it was handed out (`sent`) and when last,
    and when it was `revoked` (empty: it was not).
    """
    return [
        {
            "task": link.task,
            "person": link.person,
            "link": link.number,
            "state": link.state(),
            "by": link.by,
            "at": link.at,
            "expires": link.expires,
            "sent": len(link.sent),
            "last_sent": max(link.sent, default=""),
            "revoked": link.revoked,
        }
        for link in invitations.links()
    ]


def _screening(team: Team) -> Table | None:
    if team.screening is None or team.assignment is None:
        return None
    rule, films = team.params.screen, {row["id"] for row in team.screening.screened}
    names = team.names("screening", team.decisions, rule.adjudicator)
    words = {name: words_on(films, team.decisions.get(name, ()), "decision") for name in names}
    queues = {name: team.assignment.rule_of(name) for name in names}

    def waits(name: str, film: str, on: Mapping[str, str]) -> bool:
        return queues[name].holds(film, [*on.values()], decided=False)

    left = waiting_counts(films, words, waits)
    people = {
        name: Share(
            words[name], team.decisions.get(name, ()), left[name], team.assignment.number_of(name)
        )
        for name in names
    }
    return table_of(
        team,
        "screening",
        people,
        words=CATEGORIES,
        to_do=team.screening.to_review,
        required=rule.reviewers_required,
        waiting=team.screening.waiting,
        conflicts=team.screening.counts["review"]["open_conflicts"],
        agreement=_agreement(team, people, CATEGORIES, "films"),
    )


def _adjudication(team: Team) -> Table | None:
    if team.audit is None:
        return None
    rule, report = team.params.audit, team.audit.report
    pairs = {(row["real_id"], row["synthetic_id"]) for row in team.audit.rows}
    listed = [
        (row["real_id"], row["synthetic_id"]) for row in team.audit.rows if row["rank"] is not None
    ]
    names = team.names("adjudication", team.verdicts, rule.adjudicator)
    words = {name: words_on(pairs, team.verdicts.get(name, ()), "verdict") for name in names}

    def waits(name: str, _: Any, on: Mapping[str, str]) -> bool:
        return waits_for(name, on, required=rule.reviewers_required, adjudicator=rule.adjudicator)

    left = waiting_counts(listed, words, waits)
    people = {name: Share(words[name], team.verdicts.get(name, ()), left[name]) for name in names}
    judges = {name: share for name, share in people.items() if name != rule.adjudicator}
    return table_of(
        team,
        "adjudication",
        people,
        words=JUDGED,
        to_do=report["pairs"],
        required=rule.reviewers_required,
        waiting=report["pairs"] - report["settled"],
        conflicts=report["open_conflicts"],
        agreement=_agreement(team, judges, JUDGED, "pairs"),
    )


_ANSWERED = "answered"


def _study(team: Team) -> Table | None:
    if team.study is None or team.kit is None:
        return None
    quartets = team.kit.quartets.keys()
    elsewhere = {*team.study.readers} - team.answers.keys()
    people = {}
    for name in team.names("study", team.answers, *elsewhere):
        log = team.answers.get(name, ())
        given = dict.fromkeys(quartets & effective_of(log).keys(), _ANSWERED)
        if name in elsewhere:  # readers of another program, who have finished
            given = dict.fromkeys(quartets, _ANSWERED)
        people[name] = Share(given, log, len(quartets) - len(given))
    finished = len(team.study.readers)
    picked: dict[str, dict[Any, str]] = defaultdict(dict)
    for row in team.study.ratings:
        word = "picked" if row.identified_as_real else "not picked"
        picked[row.rater][row.quartet, row.image] = word
    table = table_of(
        team,
        "study",
        people,
        words=(_ANSWERED,),
        to_do=len(quartets),
        required=team.params.study.readers_required,
        waiting=max(0, team.params.study.readers_required - finished),
        conflicts=0,
        agreement=measured_agreement(
            picked,
            ("picked", "not picked"),
            unit="films",
            seed=team.params.seed,
            cluster_of=lambda film: film[0],
        ),
    )
    return table | {"finished": finished}


def _landmarks(team: Team) -> Table | None:
    if team.landmarks is None:
        return None
    films = {*team.landmarks.films.items()}
    required = team.params.landmarks.readers_required
    people = {}
    for name in team.names("landmarks", team.placements):
        log: Sequence[Placement] = team.placements.get(name, ())
        words = words_on(films, log, "decision")
        people[name] = Share(words, log, len(films) - len(words))
    apart = "points are placed, not chosen: how far readers are apart stands in the card"
    return table_of(
        team,
        "landmarks",
        people,
        words=("place",),
        to_do=len(films),
        required=required,
        waiting=team.landmarks.waiting(required),
        conflicts=0,
        agreement={"not_measurable": apart},
    )


def _clearance(team: Team) -> Table | None:
    if team.clearance is None:
        return None
    counts, films = team.clearance.outcome.counts, {*team.clearance.contents.items()}
    names = team.names("clearance", team.clearances)
    words = {name: words_on(films, team.clearances.get(name, ()), "decision") for name in names}
    required = team.params.clearance.reviewers_required

    def waits(_: str, __: Any, on: Mapping[str, str]) -> bool:
        return waits_for_more([*on.values()], required)

    left = waiting_counts(films, words, waits)
    people = {name: Share(words[name], team.clearances.get(name, ()), left[name]) for name in names}
    return table_of(
        team,
        "clearance",
        people,
        words=(CLEAR, TEXT),
        to_do=counts["films"],
        required=required,
        waiting=counts["undecided"],
        conflicts=0,
        agreement=_agreement(team, people, (CLEAR, TEXT), "films"),
    )


def _findings(team: Team) -> Table | None:
    """Nobody must note findings, so nothing waits for it."""
    if team.screening is None or not team.findings:
        return None
    films = {row["id"] for row in team.screening.screened}
    people, noted = {}, {}
    for name in team.names("findings", team.findings):
        log = team.findings.get(name, ())
        words = words_on(films, log, "findings")
        kinds = {film: "none" if word == NONE else "findings" for film, word in words.items()}
        people[name], noted[name] = Share(words, log), Share(kinds, log)
    table = table_of(
        team,
        "findings",
        people,
        words=(),
        to_do=len(films),
        required=0,
        waiting=0,
        conflicts=0,
        agreement=_agreement(team, noted, ("findings", "none"), "films"),
    )
    for row in table["people"]:
        number = Counter(noted[row["person"]].words.values())
        row["words"] = {word: number[word] for word in ("findings", "none")}
    return table


def _agreement(
    team: Team, people: Mapping[str, Share], words: Sequence[str], unit: str
) -> dict[str, Any]:
    judges = {name: share.words for name, share in people.items()}
    return measured_agreement(judges, words, unit=unit, seed=team.params.seed)


_SAMPLE = ("sample", "waiting", "faults", "most_left", "share")


def _reasons(team: Team) -> list[dict[str, Any]]:
    """Source → why films of it are excluded, by whatever keeps them out."""
    if team.screening is None:
        return []
    films: Counter[str] = Counter()
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    review = team.screening.counts["review"]
    samples = {
        job_of_row({**row, "batch": ""})[0]: {key: row[key] for key in _SAMPLE}
        for row in review.get("acceptance", {"rows": ()})["rows"]
    }
    for row in team.screening.counts["rows"]:
        source, _ = job_of_row(row)
        films[source] += row["generated"]
        reasons[source].update(row["by_reason"])
    return [
        {
            "source": source_title(source),
            "generated": films[source],
            "excluded": reasons[source].total(),
            "reasons": dict(sorted(reasons[source].items())),
            **samples.get(source, {}),
        }
        for source in sorted(films, key=source_order)
    ]
