from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxr_release import schemas, tables
from cxr_release.adjudication.outcomes import VERDICT, NewVerdict, Verdict, Word
from cxr_release.adjudication.pair_queue import AuditedPair, PairQueue, Progress, read_pairs
from cxr_release.errors import DecisionError, TableError
from cxr_release.logbook import log
from cxr_release.logbook.shared_state import SharedState
from cxr_release.memorization.poses import Pose
from tests.support.plain_pairs import MATCH

UNMOVED = Pose(0, 1, 0, 0)
PAIRS = [
    AuditedPair(f"r-{i}", f"{i:064x}", f"s-{i}", f"{i + 100:064x}", "plain", "whole", UNMOVED)
    for i in range(6)
]
PEOPLE = ("a", "b", "c", "judge")


class Table:
    """Everybody's queues over one folder of logs."""

    def __init__(self, folder: Path, *, required: int = 2, adjudicator: str = "judge") -> None:
        self.folder = folder
        known = {pair.about: pair.fingerprint for pair in PAIRS}
        self.votes: SharedState[NewVerdict, Verdict] = SharedState(VERDICT, folder, known)
        self.queues = {
            person: PairQueue(
                person,
                self.votes,
                PAIRS,
                person.encode(),
                required=required,
                adjudicator=adjudicator,
            )
            for person in PEOPLE
        }

    def say(self, person: str, pair: int, verdict: Word, note: str = "") -> bool:
        names = [name for name in self.names(person) if self.number(person, name) == pair]
        return self.queues[person].judge(names[0], verdict, note)

    def names(self, person: str) -> list[str]:
        """Of all pairs, whether they wait for the person or not."""
        return list(self.queues[person]._named)

    def number(self, person: str, name: str) -> int:
        pair = self.queues[person].pair(name)
        assert pair
        return PAIRS.index(pair)

    def seen(self, person: str) -> dict[int, str | None]:
        """Pair → own verdict, in the order shown."""
        return {
            self.number(person, entry.name): entry.verdict.verdict if entry.verdict else None
            for entry in self.queues[person].entries()
        }

    def waiting(self, person: str) -> list[int]:
        return [pair for pair, verdict in self.seen(person).items() if verdict is None]


def test_pairs_are_judged_in_the_order_of_rank_and_leave_when_enough_have_judged(
    tmp_path: Path,
) -> None:
    table = Table(tmp_path)
    assert table.waiting("a") == [0, 1, 2, 3, 4, 5]
    table.say("a", 0, "not-a-copy")
    table.say("a", 2, "copy")
    table.say("b", 0, "not-a-copy")
    table.say("b", 2, "not-a-copy")
    assert table.waiting("a") == table.waiting("b") == [1, 3, 4, 5]
    assert table.waiting("c") == [1, 3, 4, 5]
    assert table.seen("a")[2] == "copy"
    assert table.queues["a"].progress() == Progress(2, 4, None)
    assert table.queues["c"].progress() == Progress(0, 4, None)


def test_the_adjudicator_sees_only_what_others_differ_on_or_are_unsure_of(tmp_path: Path) -> None:
    table = Table(tmp_path)
    assert table.queues["judge"].progress() == Progress(0, 0, 6)
    table.say("a", 0, "copy")
    assert table.waiting("judge") == []
    table.say("b", 0, "not-a-copy")
    table.say("a", 3, "unsure")
    table.say("b", 3, "unsure")
    table.say("a", 4, "copy")
    table.say("b", 4, "copy")
    assert table.waiting("judge") == [0, 3]
    assert table.queues["judge"].progress() == Progress(0, 2, 3)
    table.say("judge", 0, "not-a-copy")
    assert table.seen("judge") == {0: "not-a-copy", 3: None}
    assert table.queues["judge"].progress() == Progress(1, 1, 3)


def test_the_adjudicator_is_none_of_those_who_must_judge(tmp_path: Path) -> None:
    table = Table(tmp_path, adjudicator="c")
    table.say("a", 0, "copy")
    log.append(VERDICT, tmp_path, "d", [wish(0, "unsure")])
    table.votes.refresh()
    assert 0 in table.waiting("c")
    table = Table(tmp_path, required=1, adjudicator="")
    table.votes.refresh()
    assert all(0 not in table.waiting(person) for person in ("b", "c", "judge"))


def wish(pair: int, verdict: Word) -> NewVerdict:
    one = PAIRS[pair]
    return NewVerdict(one.real_id, one.real_sha256, one.synthetic_id, one.synthetic_sha256, verdict)


def test_a_correction_is_a_new_line_and_the_same_words_are_none(tmp_path: Path) -> None:
    table = Table(tmp_path)
    assert table.say("a", 1, "copy")
    assert not table.say("a", 1, "copy")
    assert table.say("a", 1, "copy", "a note")
    assert table.say("a", 1, "unsure")
    assert table.say("a", 1, "retract")
    assert not table.say("a", 1, "retract")
    said = [(one.verdict, one.note) for one in log.read(VERDICT, tmp_path / "a.jsonl")]
    assert said == [("copy", ""), ("copy", "a note"), ("unsure", ""), ("retract", "")]
    assert table.waiting("a") == [0, 1, 2, 3, 4, 5]


def test_what_was_judged_before_the_server_started_counts(tmp_path: Path) -> None:
    log.append(VERDICT, tmp_path, "a", [wish(2, "copy")])
    log.append(VERDICT, tmp_path, "b", [wish(2, "unsure")])
    table = Table(tmp_path)
    table.votes.refresh()
    assert table.seen("a")[2] == "copy"
    assert table.waiting("judge") == [2]


def test_names_are_each_reviewer_s_own_and_say_nothing(tmp_path: Path) -> None:
    table = Table(tmp_path)
    everything: set[str] = set()
    for person in PEOPLE[:3]:
        for entry in table.queues[person].entries():
            names = {entry.name, entry.real, entry.synthetic}
            assert all(re.fullmatch(r"[0-9a-f]{32}", name) for name in names)
            assert len(names) == 3
            assert not names & everything
            everything |= names
            pair = table.queues[person].pair(entry.name)
            real, synthetic = (
                table.queues[person].film(name) for name in (entry.real, entry.synthetic)
            )
            assert pair and real and synthetic
            assert (real.kind, real.id) == ("real", pair.real_id)
            assert (synthetic.kind, synthetic.id) == ("synthetic", pair.synthetic_id)
            assert table.queues[person].film(entry.name) is None
    mine = table.names("a")
    assert table.queues["b"].pair(mine[0]) is None
    assert Table(tmp_path / "other").names("a") == mine


def test_other_bytes_of_either_film_make_other_names(tmp_path: Path) -> None:
    votes: SharedState[NewVerdict, Verdict] = SharedState(VERDICT, tmp_path, {})
    one = PAIRS[0]
    changed = [
        replace(one, real_sha256="f" * 64),
        replace(one, synthetic_sha256="f" * 64),
    ]
    names = {
        PairQueue("a", votes, [pair], b"seed", required=2, adjudicator="").entries()[0].name
        for pair in [one, *changed]
    }
    assert len(names) == 3


def test_a_verdict_on_other_bytes_is_named(tmp_path: Path) -> None:
    table = Table(tmp_path)
    one = PAIRS[0]
    bad = NewVerdict(one.real_id, "f" * 64, one.synthetic_id, one.synthetic_sha256, "copy")
    log.append(VERDICT, tmp_path, "b", [bad])
    with pytest.raises(DecisionError, match="do not match the SHA-256"):
        table.queues["a"].refresh()


SAID = st.tuples(
    st.sampled_from(PEOPLE),
    st.integers(0, len(PAIRS) - 1),
    st.sampled_from(["copy", "not-a-copy", "unsure", "retract"]),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(said=st.lists(SAID, max_size=25), required=st.integers(1, 3))
def test_queues_follow_from_what_stands(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[str, int, Word]], required: int
) -> None:
    table = Table(tmp_path_factory.mktemp("logs"), required=required)
    stands: dict[str, dict[int, str]] = {person: {} for person in PEOPLE}
    for person, pair, verdict in said:
        table.say(person, pair, verdict)
        stands[person].pop(pair, None)
        if verdict != "retract":
            stands[person][pair] = verdict
    for person in PEOPLE:
        seen = table.seen(person)
        assert list(seen) == sorted(seen)
        judged = {pair: verdict for pair, verdict in seen.items() if verdict}
        assert judged == stands[person]
        for pair in set(range(len(PAIRS))) - set(judged):
            assert (pair in seen) == waits(stands, person, pair, required)
        progress = table.queues[person].progress()
        assert (progress.done, progress.left) == (len(judged), len(seen) - len(judged))


def waits(stands: Mapping[str, Mapping[int, str]], person: str, pair: int, required: int) -> bool:
    """What the rule says, of a pair that the person has not judged."""
    others = {one: words[pair] for one, words in stands.items() if pair in words and one != person}
    final = others.pop("judge", None)
    enough = len(others) >= required
    if person == "judge":
        alike = len(set(others.values())) == 1 and "unsure" not in others.values()
        return enough and not alike
    return final is None and not enough


def row(rank: int, real: str, synthetic: str) -> dict[str, object]:
    return {
        "rank": rank,
        "real_id": real,
        "synthetic_id": synthetic,
        "cosine": 0.5,
        "view": "mirrored",
        "percentile": 1.0,
        "flagged": False,
        **MATCH,
    }


def test_pairs_are_read_in_the_order_of_rank_with_the_hashes_of_their_films(
    tmp_path: Path,
) -> None:
    path = tmp_path / "pairs.parquet"
    tables.write(path, schemas.PAIRS, [row(2, "r-1", "s-1"), row(1, "r-1", "s-2")])
    real, synthetic = {"r-1": "a" * 64}, {"s-1": "b" * 64, "s-2": "c" * 64}
    assert read_pairs(path, real=real, synthetic=synthetic) == [
        AuditedPair("r-1", "a" * 64, "s-2", "c" * 64, "mirrored", "whole", UNMOVED),
        AuditedPair("r-1", "a" * 64, "s-1", "b" * 64, "mirrored", "whole", UNMOVED),
    ]


MOVED = {"part": "top", "turn": -2.5, "scale": 0.9, "right": 0.03, "down": -0.05}


def test_part_and_pose_are_read_and_shown_as_the_audit_wrote_them(tmp_path: Path) -> None:
    path = tmp_path / "pairs.parquet"
    tables.write(path, schemas.PAIRS, [row(1, "r-1", "s-1") | MOVED])
    pairs = read_pairs(path, real={"r-1": "a" * 64}, synthetic={"s-1": "b" * 64})
    state: SharedState[NewVerdict, Verdict] = SharedState(VERDICT, tmp_path, {})
    queue = PairQueue("a", state, pairs, b"seed", required=2, adjudicator="")
    (shown,) = queue.entries()
    assert (shown.view, shown.part, shown.pose) == ("mirrored", "top", Pose(-2.5, 0.9, 0.03, -0.05))


def test_a_pose_in_which_a_film_has_no_size_is_named(tmp_path: Path) -> None:
    path = tmp_path / "pairs.parquet"
    tables.write(path, schemas.PAIRS, [row(7, "r-1", "s-1") | {"scale": 0.0}])
    with pytest.raises(TableError, match="cannot be aligned") as caught:
        read_pairs(path, real={"r-1": "a" * 64}, synthetic={"s-1": "b" * 64})
    assert [str(fault) for fault in caught.value.faults] == [
        f"{path}: rank 7: the scale is not above 0: run `dvc repro`"
    ]


def test_films_that_are_not_there_are_all_named(tmp_path: Path) -> None:
    path = tmp_path / "pairs.parquet"
    tables.write(path, schemas.PAIRS, [row(1, "r-1", "s-1"), row(2, "r-2", "s-2")])
    with pytest.raises(TableError, match="2 film") as caught:
        read_pairs(path, real={"r-1": "a" * 64}, synthetic={"s-2": "b" * 64})
    assert [fault.what for fault in caught.value.faults] == [
        "synthetic_id 's-1' is not one of these films",
        "real_id 'r-2' is not one of these films",
    ]
