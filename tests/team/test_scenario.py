"""A team at work: every number of the lead's page is counted again from the logs' lines.

Nothing below uses the package's own counting: lines are read as JSON, and the rules are written
down once more.
"""

from __future__ import annotations

import csv
import io
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa

from cxr_release.cli.status import status_of, text_of
from cxr_release.project import Project
from tests.support.asking import Visitor
from tests.support.team_project import Clock, House, team_project
from tests.support.team_scenario import ADJUDICATORS, READERS, REVIEWERS, open_films, work

Line = dict[str, Any]
SUBJECT = {
    "screening": ("image_id",),
    "audit": ("real_id", "synthetic_id"),
    "readers": ("quartet",),
}
WORD = {
    "screening": "decision",
    "audit": "verdict",
    "readers": "picked",
    "landmarks": "decision",
    "findings": "findings",
}
FOLDER = {
    "screening": "screening",
    "adjudication": "audit",
    "study": "readers",
    "landmarks": "landmarks",
    "findings": "findings",
}


class Scenario:
    def __init__(self, root: Path) -> None:
        self.root = root
        clock = Clock()
        # Whoever comes gets an order and names of their own, by chance: here the same in each run.
        bytes_by_chance = random.Random(5).randbytes
        with (
            patch("cxr_release.logbook.log.now", clock),
            patch("secrets.token_bytes", bytes_by_chance),
        ):
            self.house = House(team_project(root))
            self.people: dict[str, Visitor] = work(self.house, clock, random.Random(3))
            self.overview = self.house.overview()

    def lines(self, task: str) -> dict[str, list[Line]]:
        folder = self.root / "data/reviews" / FOLDER[task]
        return {
            path.stem: [json.loads(line) for line in path.read_text().splitlines()]
            for path in sorted(folder.glob("*.jsonl"))
        }

    def last(self, task: str) -> dict[str, dict[tuple[str, ...], Line]]:
        """Person → subject → the last line on it, unless that takes back."""
        subject = SUBJECT.get(FOLDER[task], ("image_id",))
        last: dict[str, dict[tuple[str, ...], Line]] = {}
        for person, lines in self.lines(task).items():
            standing: dict[tuple[str, ...], Line] = {}
            for line in lines:
                about = tuple(line[key] for key in subject)
                standing.pop(about, None)
                if line[WORD[FOLDER[task]]] != "retract":
                    standing[about] = line
            last[person] = standing
        return last

    def row(self, task: str, person: str) -> Line:
        rows = self.overview["tasks"][task]["people"]
        (row,) = [row for row in rows if row["person"] == person]
        return dict(row)


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    yield Scenario(tmp_path_factory.mktemp("team"))


def at(line: Line) -> float:
    return datetime.fromisoformat(line["at"]).timestamp()


def called(task: str, word: str) -> str:
    """What a column of the page calls a word of a log."""
    if task == "findings":
        return "none" if word == "none" else "findings"
    return "answered" if task == "study" else word


def pace(lines: list[Line], word: str, pause: float) -> tuple[float, float | None]:
    """Active hours, and things an hour, as the page defines them."""
    kept = [line for line in lines if line[word] != "retract"]
    turns: list[list[float]] = []
    for before, line in zip([None, *kept], kept, strict=False):
        gap = 0.0 if before is None else at(line) - at(before)
        if turns and gap <= 0.1:
            turns[-1][0] += gap
            turns[-1][1] += 1
        else:
            turns.append([gap, 1])
    active = [(gap, count) for gap, count in turns[1:] if gap <= max(pause, 6 * count)]
    seconds, things = sum(gap for gap, _ in active), sum(count for _, count in active)
    return seconds / 3600, 3600 * things / seconds if things >= 10 and seconds >= 10 else None


@pytest.mark.parametrize("task", [*FOLDER])
def test_every_row_of_a_person_is_what_their_log_says(team: Scenario, task: str) -> None:
    pauses = {"adjudication": 300, "study": 600, "landmarks": 600}
    lines, last, word = team.lines(task), team.last(task), WORD[FOLDER[task]]
    invited = {
        "screening": {*REVIEWERS, "judge.one"},
        "adjudication": {*ADJUDICATORS},
        "study": {*READERS},
        "landmarks": {"mark.er"},
        "findings": {*REVIEWERS[:2]},
    }[task]
    rows = team.overview["tasks"][task]["people"]
    assert {row["person"] for row in rows} == invited
    for person in sorted(invited):
        row, mine, log = team.row(task, person), last.get(person, {}), lines.get(person, [])
        assert row["done"] == len(mine), person
        assert row["lines"] == len(log)
        assert row["last_seen"] == (max(line["at"] for line in log) if log else None)
        hours, an_hour = pace(log, word, pauses.get(task, 120))
        assert row["active_hours"] == pytest.approx(hours)
        assert row["an_hour"] == pytest.approx(an_hour) if an_hour else row["an_hour"] is None
        said = Counter(called(task, line[word]) for line in mine.values())
        assert {key: number for key, number in row["words"].items() if number} == said
        assert row["invitation"] == "open"


def test_somebody_is_fast_slow_finished_and_absent(team: Scenario) -> None:
    """What is compared above is not the same for all."""
    assert len({row["an_hour"] for row in team.overview["tasks"]["screening"]["people"]}) > 2
    assert {row["done"] for row in team.overview["tasks"]["study"]["people"]} == {12, 4, 0}
    assert any(len(log) > 20 for log in team.lines("screening").values())


def test_what_is_left_to_a_reviewer_is_what_their_own_page_still_shows(team: Scenario) -> None:
    for name in REVIEWERS:
        assert team.row("screening", name)["left"] == len(open_films(team.people[name])), name
    films = {line["image_id"] for log in team.lines("screening").values() for line in log}
    assert films
    assert [team.row("screening", name)["assigned"] for name in REVIEWERS] == [24] * 4


def test_what_is_left_to_an_adjudicator_is_what_waits_on_their_page(team: Scenario) -> None:
    for name in ADJUDICATORS:
        progress = team.people[name].ask("pairs").json()["progress"]
        assert team.row("adjudication", name)["left"] == progress["left"], name
    for name in READERS:
        pages = team.people[name].ask("pages").json()["pages"]
        assert team.row("study", name)["left"] == sum(not page["answered"] for page in pages)


def by_film(team: Scenario) -> dict[str, dict[str, Line]]:
    films: dict[str, dict[str, Line]] = defaultdict(dict)
    for person, mine in team.last("screening").items():
        for (film,), line in mine.items():
            films[film][person] = line
    return films


def test_films_to_settle_and_to_decide_follow_from_the_lines(team: Scenario) -> None:
    table, films = team.overview["tasks"]["screening"], by_film(team)
    words = {
        film: {p: line["decision"] for p, line in said.items()} for film, said in films.items()
    }
    differ = {film for film, said in words.items() if len({*said.values()}) > 1}
    settled = {film for film in differ if "judge.one" in words[film]}
    assert table["differ"] == len(differ)
    assert table["conflicts"] == len(differ - settled)
    assert settled
    decided = {
        film
        for film, said in words.items()
        if film in settled or (len(said) >= 2 and film not in differ)
    }
    assert table["to_do"] == 48
    assert table["waiting"] == 48 - len(decided)
    stated = {
        row["subject"]: row["people"]
        for row in team.overview["conflicts"]
        if row["task"] == "screening"
    }
    assert stated == {film: words[film] for film in differ - settled}


def test_pairs_to_settle_follow_from_the_lines(team: Scenario) -> None:
    words: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for person, mine in team.last("adjudication").items():
        for pair, line in mine.items():
            words[pair][person] = line["verdict"]
    settled, open_pairs = set(), set()
    for pair, said in words.items():
        agreed = {*said.values()}
        if "judge.three" in said or (len(said) >= 2 and len(agreed) == 1 and agreed != {"unsure"}):
            settled.add(pair)
        elif len(said) >= 2:
            open_pairs.add(pair)
    table = team.overview["tasks"]["adjudication"]
    assert (table["to_do"], table["waiting"], table["conflicts"]) == (
        12,
        12 - len(settled),
        len(open_pairs),
    )
    stated = {row["subject"] for row in team.overview["conflicts"] if row["task"] == "adjudication"}
    assert stated == {" and ".join(pair) for pair in open_pairs}


def test_reasons_by_checkpoint_follow_from_the_lines(team: Scenario) -> None:
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    copies: dict[str, str] = {}
    words: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for person, mine in team.last("adjudication").items():
        for pair, line in mine.items():
            words[pair][person] = line["verdict"]
    for (_, film), said in words.items():
        final = said.get("judge.three")
        agreed = {*said.values()}
        if final is None and len(said) >= 2 and len(agreed) == 1:
            final = agreed.pop()
        doubt = final or ("unsure" if {*said.values()} != {"not-a-copy"} else "not-a-copy")
        if doubt != "not-a-copy":
            copies[film] = "copy" if final == "copy" else "possible-copy"
    films = by_film(team)
    for film in sorted({*films, *copies}):
        said = films.get(film, {})
        out = sorted(
            (line["at"], name, line["reason"])
            for name, line in said.items()
            if line["decision"] == "exclude"
        )
        judge = said.get("judge.one")
        if judge and len({line["decision"] for line in said.values()}) > 1:
            out = [("", "", judge["reason"])] if judge["decision"] == "exclude" else []
        if film in copies or out:
            reasons[film.split("-")[1]][copies.get(film) or out[0][2]] += 1
    stated = {row["source"].removeprefix("checkpoint "): row for row in team.overview["reasons"]}
    assert {number: row["reasons"] for number, row in stated.items()} == reasons
    for row in stated.values():
        assert row["generated"] == 24
        assert row["excluded"] == sum(row["reasons"].values())


def test_agreement_is_that_of_a_second_program_with_an_interval_like_brute_force(
    team: Scenario,
) -> None:
    stated = team.overview["tasks"]["screening"]["agreement"]
    films = {
        film: [line["decision"] for line in said.values()] for film, said in by_film(team).items()
    }
    sizes = Counter(len(said) for said in films.values() if len(said) > 1)
    frequent = max(sizes, key=lambda size: (sizes[size], size))
    table = np.array(
        [
            [said.count("keep"), said.count("exclude")]
            for said in films.values()
            if len(said) == frequent
        ]
    )
    assert stated["films"] == len(table)
    assert stated["kappa"] == pytest.approx(fleiss_kappa(table))
    chance = np.random.default_rng(1)
    draws = np.array(
        [fleiss_kappa(table[chance.integers(len(table), size=len(table))]) for _ in range(4000)]
    )
    draws = draws[np.isfinite(draws)]
    # So few films have few values of kappa: the ends are compared by the share of draws beyond
    # them, since the smallest chance moves an end from one value to the next.
    for end, beyond in (
        (stated["low"], draws - stated["low"]),
        (stated["high"], stated["high"] - draws),
    ):
        assert np.mean(beyond < -1e-9) <= 0.025 + 0.017, end
        assert np.mean(beyond < 1e-9) >= 0.025 - 0.017, end


def test_readers_agree_by_a_second_program_and_too_few_pairs_are_not_measurable(
    team: Scenario,
) -> None:
    answers = {name: said for name, said in team.last("study").items() if len(said) == 12}
    picked = defaultdict(list)
    for said in answers.values():
        for line in said.values():
            for film in line["films"].split(" "):
                picked[film].append(film == line["picked"])
    table = np.array([[sum(row), len(row) - sum(row)] for row in picked.values()])
    stated = team.overview["tasks"]["study"]["agreement"]
    assert stated["kappa"] == pytest.approx(fleiss_kappa(table))
    assert (stated["films"], stated["reviewers"]) == (36, len(answers))
    assert stated["low"] < stated["kappa"] < stated["high"]
    study = team.overview["tasks"]["study"]
    assert (study["to_do"], study["finished"], study["waiting"]) == (12, 6, 2)
    judged = team.last("adjudication")
    both = sorted(judged["judge.one"].keys() & judged["judge.two"].keys())
    words = ("copy", "not-a-copy", "unsure")
    square = np.zeros((3, 3))
    for pair in both:
        first, second = (judged[name][pair]["verdict"] for name in ("judge.one", "judge.two"))
        square[words.index(first), words.index(second)] += 1
    pairs = team.overview["tasks"]["adjudication"]["agreement"]
    assert pairs["kappa"] == pytest.approx(cohens_kappa(square, return_results=False))
    assert f"there are {len(both)}" in pairs["not_measurable"]
    assert "low" not in pairs


def test_the_status_has_the_same_tables_and_the_page_s_agreement_is_the_card_s(
    team: Scenario,
) -> None:
    status = status_of(Project(team.root))
    assert json.loads(json.dumps(status["team"])) == team.overview
    review = status["counts"]["review"]
    stated = team.overview["tasks"]["screening"]["agreement"]
    assert review["agreement"].items() <= stated.items()
    text = text_of(status)
    for name in (*REVIEWERS, *ADJUDICATORS, *READERS):
        assert name in text
    assert "its interval is not measurable" in text


def test_downloads_hold_the_same_numbers(team: Scenario) -> None:
    house = team.house.lead_on(lambda: team.overview)

    def rows(name: str) -> list[dict[str, str]]:
        answer = house.ask(f"download/{name}.csv")
        assert answer.status == 200
        assert answer.header("content-disposition") == f'attachment; filename="{name}.csv"'
        return list(csv.DictReader(io.StringIO(answer.body.decode())))

    people = {(row["task"], row["person"]): row for row in rows("people")}
    for task, table in team.overview["tasks"].items():
        for row in table["people"]:
            stated = people.pop((task, row["person"]))
            assert int(stated["done"]) == row["done"]
            assert float(stated["an_hour"] or -1) == pytest.approx(row["an_hour"] or -1)
            assert stated["last_seen"] == (row["last_seen"] or "")
    assert not people
    assert len(rows("conflicts")) == sum(len(row["people"]) for row in team.overview["conflicts"])
    assert sum(int(row["films"]) for row in rows("reasons")) == sum(
        row["excluded"] for row in team.overview["reasons"]
    )
    assert len(rows("invitations")) == len(team.overview["invitations"]) == 17
    assert {row["task"] for row in rows("tasks")} == set(team.overview["tasks"])
    assert house.ask("download/secret.csv").status == 404


def test_reviewers_and_readers_never_see_checkpoints_nor_the_lead_s_page(team: Scenario) -> None:
    for name, person in team.people.items():
        for path in ("", "setup", "films?n=100", "pairs", "pages"):
            body = person.ask(path).body.decode()
            assert "checkpoint" not in body, (name, path)
        strange = replace(team.house.lead, cookie=person.cookie)
        assert strange.ask("overview").status == 403
        assert strange.ask("download/people.csv").status == 403
