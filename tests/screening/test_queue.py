from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxr_release.errors import DecisionError
from cxr_release.logbook import log
from cxr_release.logbook.shared_state import SharedState
from cxr_release.screening.decision import DECISION, PRESCREEN, Decision, NewDecision, Verb
from cxr_release.screening.films import Generated
from cxr_release.screening.queue import (
    NOTES,
    STATES,
    VIEWS,
    Listed,
    Queue,
    ShownFilm,
    View,
    name_of,
    order_of,
)

SEED = bytes(16)


def films(count: int) -> list[Generated]:
    return [
        Generated(f"checkpoint-1-large-{index:05d}", 1, "large", f"{index:064x}")
        for index in range(count)
    ]


def votes_on(folder: Path, films: list[Generated]) -> SharedState[NewDecision, Decision]:
    known = {film.id: film.sha256 for film in films}
    return SharedState(DECISION, folder, known, not_people={PRESCREEN})


def queue_of(
    folder: Path,
    count: int = 20,
    *,
    reviewer: str = "a",
    votes: SharedState[NewDecision, Decision] | None = None,
    **more: Any,
) -> Queue:
    order = order_of(films(count), SEED)
    return Queue(reviewer, votes or votes_on(folder, order), order, SEED, **more)


def wish(film: Generated, verb: Verb = "keep", note: str = "") -> NewDecision:
    return NewDecision(film.id, film.sha256, verb, "other" if verb == "exclude" else "", note)


def names(films: list[Generated]) -> list[str]:
    return [name_of(film, SEED) for film in films]


def shown(queue: Queue, view: View = "queue", count: int = 100) -> list[str]:
    queue.refresh()
    return [entry.name for entry in queue.page(view, count, start=0).entries]


def walk(queue: Queue, count: int, between: Any = None) -> list[str]:
    """Every page by `next`, from position 0."""
    found: list[str] = []
    place: int | None = 0
    while place is not None:
        page = queue.page("queue", count, start=place)
        found += [entry.name for entry in page.entries]
        if between:
            between(page.entries)
        place = page.next
    return found


def test_a_fresh_queue_holds_every_film_in_order(tmp_path: Path) -> None:
    queue = queue_of(tmp_path)
    assert shown(queue) == names(order_of(films(20), SEED))
    page = queue.page("queue", 8)
    assert (page.start, page.next, page.previous) == (0, 8, None)
    assert page.entries[0] == ShownFilm(names(order_of(films(20), SEED))[0], None)
    assert list(tmp_path.iterdir()) == []


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_walk_visits_every_film_of_the_queue_once(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("logs")
    count = data.draw(st.integers(0, 24))
    order = order_of(films(count), SEED)
    known = dict(zip(names(order), order, strict=True))
    gone = data.draw(st.sets(st.sampled_from(order), max_size=5)) if order else set()
    required = data.draw(st.integers(1, 2))
    queue = queue_of(folder, count, required=required, prescreened={film.id for film in gone})
    other = log.Log(DECISION, folder, "b")
    touched: set[str] = set()

    def meanwhile(entries: list[ShownFilm]) -> None:
        """The reviewer decides on some of the page, and others on any film."""
        mine = [wish(known[entry.name]) for entry in entries if data.draw(st.booleans())]
        queue.decide(mine)
        if order:
            theirs = data.draw(st.lists(st.sampled_from(order), max_size=2, unique=True))
            touched.update(names(theirs))
            other.append(
                [wish(film, data.draw(st.sampled_from(["keep", "retract"]))) for film in theirs]
            )
        queue.refresh()

    size = data.draw(st.integers(1, 10))
    before = shown(queue)
    visited = walk(queue, size, meanwhile)
    after = shown(queue)
    assert len(set(visited)) == len(visited)
    # What others decided on and took back may have left the queue and come back behind the walk.
    assert set(before) & set(after) <= set(visited) | touched
    assert not set(visited) & set(names(list(gone)))
    # Decisions of one's own take nothing out of the queue.
    assert set(queue.page("decided", 100).entries) <= {*queue.entries(after)}


@given(data=st.data())
@settings(deadline=None, max_examples=40)
def test_before_is_the_mirror_of_next(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("logs")
    order = order_of(films(16), SEED)
    others = data.draw(st.sets(st.sampled_from(order)))
    log.append(DECISION, folder, "b", [wish(film) for film in others])
    queue = queue_of(folder, 16)
    whole = shown(queue)
    size = data.draw(st.integers(1, 9))
    assert walk(queue, size) == whole
    backward: list[str] = []
    place: int | None = 16
    while place is not None:
        page = queue.page("queue", size, before=place)
        backward = [entry.name for entry in page.entries] + backward
        assert len(page.entries) == size or page.previous is None
        place = page.previous
    assert backward == whole
    for start in range(17):
        page = queue.page("queue", size, start=start)
        earlier = queue.page("queue", 100, before=start).entries
        assert [one.name for one in earlier] + [entry.name for entry in page.entries] == whole[
            : len(earlier) + size
        ]
        assert (page.previous is None) == (not earlier)
        assert (page.next is None) == (len(earlier) + size >= len(whole))


def test_it_starts_at_the_first_film_that_is_not_decided(tmp_path: Path) -> None:
    order = order_of(films(20), SEED)
    log.append(DECISION, tmp_path, "a", [wish(film) for film in order[:7]])
    queue = queue_of(tmp_path)
    queue.refresh()
    assert queue.page("queue", 5).start == 7
    assert queue.page("queue", 5).previous == 7
    queue.decide([wish(film) for film in order[7:]])
    page = queue.page("queue", 5)
    assert (page.entries, page.start, page.next, page.previous) == ([], 20, None, 20)
    last = queue.page("queue", 5, before=page.previous)
    assert [entry.name for entry in last.entries] == names(order[15:])


def test_what_others_decided_is_not_asked_again_but_never_shown(tmp_path: Path) -> None:
    order = order_of(films(20), SEED)
    votes = votes_on(tmp_path, order)
    mine = queue_of(tmp_path, votes=votes)
    theirs = queue_of(tmp_path, reviewer="b", votes=votes)
    theirs.decide([wish(order[0], "exclude", "note of b"), wish(order[1])])
    mine.decide([wish(order[1])])
    assert shown(mine) == names(order[1:])
    assert all(entry.decision is None for entry in mine.entries(names(order[:1])))
    assert mine.page("excluded", 9).entries == []
    theirs.decide([wish(order[0], "retract")])
    assert shown(mine) == names(order)


def test_as_many_people_as_are_required_see_a_film(tmp_path: Path) -> None:
    order = order_of(films(4), SEED)
    queue = queue_of(tmp_path, 4, required=2)
    log.append(DECISION, tmp_path, "b", [wish(order[0]), wish(order[1])])
    assert shown(queue) == names(order)
    log.append(DECISION, tmp_path, "c", [wish(order[1])])
    assert shown(queue) == names([order[0], *order[2:]])


def test_the_pre_screen_is_nobody(tmp_path: Path) -> None:
    order = order_of(films(4), SEED)
    log.append(DECISION, tmp_path, PRESCREEN, [wish(film) for film in order])
    queue = queue_of(tmp_path, 4, prescreened={order[2].id})
    assert shown(queue) == names([*order[:2], order[3]])
    assert queue.progress().left == 3


def test_an_adjudicator_sees_what_others_differ_on(tmp_path: Path) -> None:
    order = order_of(films(6), SEED)
    queue = queue_of(tmp_path, 6, reviewer="z", required=2, adjudicates=True)
    assert shown(queue) == []
    log.append(DECISION, tmp_path, "a", [wish(order[0]), wish(order[1], "exclude"), wish(order[4])])
    log.append(DECISION, tmp_path, "b", [wish(order[0], "exclude"), wish(order[1], "exclude")])
    assert shown(queue) == names([order[0]])
    queue.decide([wish(order[0])])
    assert shown(queue) == names([order[0]])
    assert queue.progress().left == 0
    log.append(DECISION, tmp_path, "b", [wish(order[4], "exclude"), wish(order[0])])
    assert shown(queue) == names([order[4]])


def test_own_decisions_latest_first(tmp_path: Path) -> None:
    order = order_of(films(6), SEED)
    queue = queue_of(tmp_path, 6)
    for film, verb in zip(order, ["keep", "exclude", "keep", "exclude", "keep"], strict=False):
        queue.decide([wish(film, verb)])  # type: ignore[arg-type]
    queue.decide([wish(order[0], "exclude", "after all")])
    queue.decide([wish(order[2], "retract")])
    assert shown(queue, "decided") == names([order[index] for index in (0, 4, 3, 1)])
    assert shown(queue, "excluded") == names([order[index] for index in (0, 3, 1)])
    page = queue.page("decided", 3)
    assert (page.start, page.next, page.previous) == (0, 3, None)
    page = queue.page("decided", 3, start=3)
    assert (len(page.entries), page.start, page.next, page.previous) == (1, 3, None, 3)
    page = queue.page("decided", 3, before=3)
    assert (len(page.entries), page.start, page.next) == (3, 0, 3)
    assert queue.page("decided", 3, start=99).entries == []
    first = queue.page("excluded", 1).entries[0].decision
    assert first is not None
    assert (first.reason, first.note) == ("other", "after all")
    progress = queue.progress()
    assert (progress.done, progress.left, progress.excluded) == (4, 2, 3)


def test_what_stands_already_is_not_logged_again(tmp_path: Path) -> None:
    queue, film = queue_of(tmp_path), films(20)[0]
    assert len(queue.decide([wish(film, "exclude")])) == 1
    assert queue.decide([wish(film, "exclude")]) == []
    assert len(queue.decide([wish(film, "exclude", "note")])) == 1
    assert len(queue.decide([wish(film, "retract")])) == 1
    assert queue.decide([wish(film, "retract")]) == []
    assert len(log.read(DECISION, tmp_path / "a.jsonl")) == 3


def test_the_rest_of_a_page_leaves_other_tabs_decisions_alone(tmp_path: Path) -> None:
    queue, some = queue_of(tmp_path), films(20)
    log.append(DECISION, tmp_path, "a", [wish(some[0], "exclude")])  # another tab, or a terminal
    logged = queue.decide([wish(film) for film in some[:3]], undecided_only=True)
    assert [one.image_id for one in logged] == [some[1].id, some[2].id]
    assert [
        entry.decision.decision for entry in queue.entries(names(some[:1])) if entry.decision
    ] == ["exclude"]


def test_threads_of_one_reviewer_lose_nothing(tmp_path: Path) -> None:
    some = films(60)
    votes = votes_on(tmp_path, some)
    queues = [queue_of(tmp_path, 60, votes=votes), queue_of(tmp_path, 60)]

    def work(index: int) -> None:
        queue = queues[index % 2]
        queue.decide([wish(some[index])], undecided_only=True)
        queue.refresh()
        for view in VIEWS:
            queue.page(view, 10)
        queue.progress()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(60)))
    assert len(log.read(DECISION, tmp_path / "a.jsonl")) == 60
    for queue in queues:
        queue.refresh()
        assert queue.progress().done == 60
        assert queue.progress().left == 0


def test_another_s_log_that_was_removed_is_read_anew_and_one_s_own_must_stay(
    tmp_path: Path,
) -> None:
    queue, some = queue_of(tmp_path / "logs"), order_of(films(20), SEED)
    for name, start in (("a", 0), ("b", 10)):
        log.append(
            DECISION, tmp_path / "logs", name, [wish(film) for film in some[start : start + 5]]
        )
    assert shown(queue) == names(some[:10] + some[15:])
    kept = {path: path.read_bytes() for path in (tmp_path / "logs").iterdir()}
    shutil.rmtree(tmp_path / "logs")
    with pytest.raises(DecisionError, match=r"a\.jsonl: line 1: is gone"):
        queue.refresh()
    with pytest.raises(DecisionError, match=r"a\.jsonl: line 1: is gone"):
        queue.decide([wish(some[0])])
    (tmp_path / "logs").mkdir()
    for path in ("a.jsonl", "a.head"):
        (tmp_path / "logs" / path).write_bytes(kept[tmp_path / "logs" / path])
    assert shown(queue) == names(some)
    assert queue.progress().done == 5
    log.append(DECISION, tmp_path / "logs", "b", [wish(some[19])])
    assert shown(queue) == names(some[:19])


def test_a_decision_on_other_bytes_is_an_error_until_it_is_gone(tmp_path: Path) -> None:
    queue, some = queue_of(tmp_path / "logs"), films(20)
    log.append(DECISION, tmp_path / "logs", "b", [NewDecision(some[3].id, "f" * 64, "keep")])
    for _ in range(2):
        with pytest.raises(DecisionError, match="do not match the SHA-256") as caught:
            queue.refresh()
        assert caught.value.faults[0].where == "b.jsonl: line 1"
    # One's own work goes on: it is logged, whatever is wrong with another's log.
    assert len(queue.decide([wish(some[0])])) == 1
    (tmp_path / "logs" / "b.jsonl").unlink()
    (tmp_path / "logs" / "b.head").unlink()
    queue.refresh()
    assert queue.progress().done == 1


def test_a_damaged_log_is_an_error(tmp_path: Path) -> None:
    queue, some = queue_of(tmp_path), films(20)
    log.append(DECISION, tmp_path, "b", [wish(some[0]), wish(some[1])])
    path = tmp_path / "b.jsonl"
    path.write_bytes(path.read_bytes().replace(b"keep", b"kept", 1))
    with pytest.raises(DecisionError):
        queue.refresh()
    path.unlink()
    with pytest.raises(DecisionError):
        queue.refresh()


def test_films_of_other_checkpoints_in_the_log_are_left_alone(tmp_path: Path) -> None:
    log.append(DECISION, tmp_path, "a", [NewDecision("checkpoint-9-large-00001", "f" * 64, "keep")])
    queue = queue_of(tmp_path)
    assert len(shown(queue)) == 20
    assert queue.progress().done == 0


def test_only_names_of_these_bytes_lead_to_a_film(tmp_path: Path) -> None:
    queue = queue_of(tmp_path)
    film = films(20)[4]
    assert queue.film(name_of(film, SEED)) == film
    assert queue.film(name_of(Generated(film.id, 1, "large", "f" * 64), SEED)) is None
    assert queue.film("") is None


LISTED = st.builds(
    Listed, st.sampled_from(STATES), st.sampled_from(["", "other"]), st.sampled_from(NOTES)
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), listed=LISTED, count=st.integers(1, 9))
def test_a_narrowed_list_holds_just_the_films_of_which_it_is_true(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, listed: Listed, count: int
) -> None:
    queue = queue_of(tmp_path_factory.mktemp("logs"), 24)
    order = order_of(films(24), SEED)
    verb = st.sampled_from([None, "keep", "exclude"])
    given_to = {film: data.draw(st.tuples(verb, st.booleans())) for film in order}
    decided = [
        wish(film, state, "tilted" if noted else "")
        for film, (state, noted) in given_to.items()
        if state
    ]
    queue.decide(decided)

    def holds(film: Generated) -> bool:
        state, noted = given_to[film]
        return (
            (not listed.state or listed.state == (state or "open"))
            and (not listed.reason or state == "exclude")
            and (not listed.note or (listed.note == "with") == (bool(state) and noted))
        )

    wanted = {"queue": [film for film in order if holds(film)]}
    latest = [film for film in reversed(order) if given_to[film][0] and holds(film)]
    wanted["decided"] = latest
    wanted["excluded"] = [film for film in latest if given_to[film][0] == "exclude"]
    for view in VIEWS:
        forward: list[str] = []
        place: int | None = 0
        while place is not None:
            page = queue.page(view, count, start=place, listed=listed)
            assert page.matching == (None if listed.all else len(wanted[view]))
            forward += [entry.name for entry in page.entries]
            place = page.next
        assert forward == names(wanted[view])
        backward: list[str] = []
        place = 24
        while place is not None:
            page = queue.page(view, count, before=place, listed=listed)
            backward[:0] = [entry.name for entry in page.entries]
            place = page.previous
        assert backward == names(wanted[view])


def test_the_place_of_a_film_is_where_its_page_begins(tmp_path: Path) -> None:
    order = order_of(films(20), SEED)
    queue = queue_of(tmp_path, prescreened={order[3].id})
    for film in order:
        place = queue.place_of(film.id)
        if film == order[3]:
            assert place is None
        else:
            assert queue.page("queue", 1, start=place).entries[0].name == name_of(film, SEED)
