"""Reviewers correct which way films face: logged, applied, taken back; no decision is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxr_release import schemas, tables
from cxr_release.adjudication.outcomes import Verdict
from cxr_release.adjudication.outcomes import faults_of as verdict_faults
from cxr_release.errors import DecisionError
from cxr_release.files import read_json, write_json
from cxr_release.films import png
from cxr_release.params.load import load_params
from cxr_release.params.project import Params
from cxr_release.paths import Paths
from cxr_release.radiographs.resample import mirror
from cxr_release.screening.consensus import apply
from cxr_release.screening.decision import (
    FACING,
    Faces,
    NewFacing,
)
from cxr_release.screening.facing_corrections import read_facing
from cxr_release.screening.films import Generated, read_generated
from cxr_release.screening.record_decisions import decide, record_facing
from cxr_release.stages import orient
from tests.support.decisions import verified
from tests.support.oriented import mirrored_sha256
from tests.support.unspaced import NO_SPACING

ROOT = Path(__file__).parents[2]
FIRST, SECOND = "checkpoint-1-initial-00000", "checkpoint-1-large-00001"


@pytest.fixture(scope="module")
def params() -> Params:
    loaded = load_params(ROOT / "params.yaml")
    return replace(loaded, sample=replace(loaded.sample, checkpoints=(1,)))


def picture(number: int) -> png.Film:
    return np.random.default_rng(number).integers(0, 256, (16, 16), dtype=np.uint8)


@pytest.fixture
def paths(tmp_path: Path, params: Params) -> Paths:
    """Two jobs of three films; of no real film is it known which way it faces."""
    paths = Paths(tmp_path)
    data = png.encode(picture(99), synthetic=False)
    cohort: dict[str, Any] = {"image": png.cell(data, "real"), "id": "real", "patient": None}
    cohort |= {"inverted": False, "facing": None, "flipped": False, **NO_SPACING}
    columns = {column.name for column in schemas.COHORT.columns}
    cohort = {key: one for key, one in cohort.items() if key in columns}
    tables.write(paths.trained_table, schemas.COHORT, [cohort | png.facts(picture(99), data)])
    for checkpoint, batch in params.sample.jobs:
        folder = paths.job(checkpoint, batch)
        rows = []
        for index in range(3):
            film = picture(index + 10 * (batch == "large"))
            name, data = f"checkpoint-1-{batch}-{index:05d}", png.encode(film, synthetic=True)
            known = {"id": name, "checkpoint": 1, "checkpoint_step": 10, "batch": batch}
            image = {"image": png.cell(data, name), "seed": index, "label": None}
            rows.append(known | image | png.facts(film, data))
        tables.write(folder / "shard-00000.parquet", schemas.SAMPLES, rows)
        write_json(folder / "job.json", {"made": 3})
    orient.run(paths, params)
    return paths


def films_of(paths: Paths, params: Params) -> dict[str, Generated]:
    return {
        film.id: film
        for film in read_generated(paths.oriented_table(*job) for job in params.sample.jobs)
    }


def rows_of(paths: Paths, params: Params) -> dict[str, dict[str, Any]]:
    return {
        row["id"]: row
        for job in params.sample.jobs
        for row in tables.iterate(paths.oriented_table(*job), schemas.ORIENTED)
    }


def say(paths: Paths, params: Params, who: str, ids: Sequence[str], faces: Faces) -> None:
    films = list(films_of(paths, params).values())
    record_facing(paths.facing_log, who, ids, faces, films=films)


def test_what_is_said_is_done_and_can_be_taken_back(paths: Paths, params: Params) -> None:
    before = rows_of(paths, params)
    assert {row["facing"] for row in before.values()} == {"unknown"}
    say(paths, params, "a.b", [FIRST], "right")
    say(paths, params, "a.b", [SECOND], "left")
    orient.run(paths, params)
    after = rows_of(paths, params)
    first, second = after[FIRST], after[SECOND]
    assert (first["facing"], first["flipped"], first["facing_said"]) == ("left", True, True)
    assert (second["facing"], second["flipped"], second["facing_said"]) == ("left", False, True)
    film = png.decode(first["image"]["bytes"], where="")
    np.testing.assert_array_equal(film, mirror(picture(0)))
    assert png.is_labelled(first["image"]["bytes"])
    assert first["sha256"] == before[FIRST]["mirrored_sha256"] == mirrored_sha256(picture(0))
    assert first["mirrored_sha256"] == before[FIRST]["sha256"]
    others = {name: row for name, row in after.items() if name not in {FIRST, SECOND}}
    assert others == {name: before[name] for name in others}
    said = read_json(paths.oriented / "summary.json")["films"]
    assert [row["said"] for row in said] == [1, 1]
    say(paths, params, "a.b", [FIRST, SECOND], "retract")
    orient.run(paths, params)
    assert rows_of(paths, params) == before


def test_reviewers_who_differ_leave_it_open(paths: Paths, params: Params) -> None:
    before = rows_of(paths, params)[FIRST]
    say(paths, params, "a.b", [FIRST], "right")
    orient.run(paths, params)
    say(paths, params, "c.d", [FIRST], "right")  # of the mirrored film: a.b has said left of it
    orient.run(paths, params)
    after = rows_of(paths, params)[FIRST]
    assert after == before | {"facing_said": True}
    say(paths, params, "c.d", [FIRST], "right")  # as a.b says, of the film as it was sampled
    orient.run(paths, params)
    assert rows_of(paths, params)[FIRST]["flipped"]


def test_decisions_count_whichever_way_the_film_faces_by_now(paths: Paths, params: Params) -> None:
    reasons = {"other": "Any other.", "artefact": "An artefact."}

    def screened(now: dict[str, Generated], **logs: Any) -> set[str]:
        result = apply(list(now.values()), logs, params.screen, reasons)
        return {row["id"] for row in result.exclusions}

    films = films_of(paths, params)
    logged = decide(
        paths.screening_log, "a.b", [FIRST], "exclude",
        films=list(films.values()), reasons=reasons, reason="artefact",
    )  # fmt: skip
    assert screened(films, **{"a.b": logged}) == {FIRST}
    say(paths, params, "a.b", [FIRST], "right")
    orient.run(paths, params)
    films = films_of(paths, params)
    assert films[FIRST].sha256 != logged[0].image_sha256
    assert screened(films, **{"a.b": logged}) == {FIRST}
    other = replace(logged[0], image_sha256="0" * 64)
    with pytest.raises(DecisionError, match="does not match the SHA-256 that was decided on"):
        screened(films, **{"a.b": [other]})
    nothing = replace(logged[0], image_sha256="")
    with pytest.raises(DecisionError, match="does not match the SHA-256 that was decided on"):
        screened({FIRST: Generated(FIRST, 1, "initial", "1" * 64)}, x=[nothing])


def test_so_do_verdicts_on_pairs(paths: Paths, params: Params) -> None:
    film = films_of(paths, params)[FIRST]
    real, synthetic = {"real": "a" * 64}, {FIRST: film.sha256}
    line = {"seq": 1, "at": "", "reviewer": "a.b", "prev": "", "real_id": "real", "note": ""}
    line |= {"real_sha256": "a" * 64, "synthetic_id": FIRST, "verdict": "copy"}
    mirrored = {FIRST: film.mirrored_sha256}
    for sha256, faults in ((film.sha256, 0), (film.mirrored_sha256, 0), ("b" * 64, 1)):
        logs = {"a.b": [Verdict(**line, synthetic_sha256=sha256)]}
        found = verdict_faults(logs, real=real, synthetic=synthetic, mirrored=mirrored)
        assert len(found) == faults
    logs = {"a.b": [Verdict(**line, synthetic_sha256=film.mirrored_sha256)]}
    assert verdict_faults(logs, real=real, synthetic=synthetic, mirrored={})


def test_the_log_is_held_against_the_films(paths: Paths, params: Params) -> None:
    say(paths, params, "a.b", [FIRST], "right")
    orient.run(paths, params)
    films = list(films_of(paths, params).values())
    found = verified(FACING, paths.facing_log, films)
    assert found["logs"]["a.b"] == {"lines": 1, "standing": 1}
    changed = [replace(film, sha256="1" * 64, mirrored_sha256="2" * 64) for film in films]
    with pytest.raises(DecisionError, match=r"a\.b\.jsonl: line 1"):
        verified(FACING, paths.facing_log, changed)
    path = paths.facing_log / "a.b.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"right"', b'"left" '))
    with pytest.raises(DecisionError):
        verified(FACING, paths.facing_log, films)


def test_films_that_are_not_there_are_refused(paths: Paths, params: Params) -> None:
    with pytest.raises(DecisionError, match="did you mean checkpoint-1-initial-00000"):
        say(paths, params, "a.b", ["checkpoint-1-initial-0"], "right")
    strange = [Generated("checkpoint-1-large-00077", 1, "large", "3" * 64)]
    record_facing(paths.facing_log, "a.b", [strange[0].id], "left", films=strange)
    with pytest.raises(DecisionError, match="unknown film 'checkpoint-1-large-00077'"):
        orient.run(paths, params)


def test_films_of_other_checkpoints_are_left_alone(paths: Paths, params: Params) -> None:
    other = [Generated("checkpoint-9-large-00001", 9, "large", "3" * 64)]
    record_facing(paths.facing_log, "a.b", [other[0].id], "left", films=other)
    orient.run(paths, params)
    assert verified(FACING, paths.facing_log, list(films_of(paths, params).values()))


@pytest.mark.parametrize(
    "wrong", [{"faces": "up"}, {"image_sha256": "x"}, {"image_id": ""}, {"note": "\ud800"}]
)
def test_a_malformed_wish_is_refused(wrong: dict[str, str]) -> None:
    sound = {"image_id": FIRST, "image_sha256": "a" * 64, "faces": "left"}
    with pytest.raises(DecisionError):
        NewFacing(**(sound | wrong))  # type: ignore[arg-type]
    assert FACING.statement(**sound)  # type: ignore[arg-type]


Sayings = list[tuple[str, Faces, bool]]
SAYINGS = st.lists(
    st.tuples(
        st.sampled_from(["a.b", "c.d", "e.f"]), st.sampled_from(get_args(Faces)), st.booleans()
    ),
    max_size=8,
)


SHARED = [HealthCheck.function_scoped_fixture]


@settings(max_examples=4, deadline=None, suppress_health_check=SHARED)
@given(SAYINGS)
def test_the_last_word_of_each_counts_whenever_the_films_are_turned(
    paths: Paths, params: Params, sayings: Sayings
) -> None:
    expect_last_words(paths, params, sayings)


@pytest.mark.long
@pytest.mark.timeout(1800)  # Hypothesis calls a test "flaky" that its limit ends on a busy machine
@settings(max_examples=100, deadline=None, suppress_health_check=SHARED)
@given(SAYINGS)
def test_the_last_words_count_in_any_order(paths: Paths, params: Params, sayings: Sayings) -> None:
    expect_last_words(paths, params, sayings)


def expect_last_words(paths: Paths, params: Params, sayings: Sayings) -> None:
    """Whatever was shown when it was said."""
    for log in paths.facing_log.glob("*"):
        log.unlink()
    orient.run(paths, params)
    sampled = films_of(paths, params)[FIRST].sha256
    means: dict[str, str] = {}
    for who, faces, turned in sayings:
        now = films_of(paths, params)[FIRST]
        say(paths, params, who, [FIRST], faces)
        means.pop(who, None)
        if faces != "retract":
            other = {"left": "right", "right": "left", "unknown": "unknown"}
            means[who] = faces if now.sha256 == sampled else other[faces]
        if turned:
            orient.run(paths, params)
    orient.run(paths, params)
    row = rows_of(paths, params)[FIRST]
    facing = means.popitem()[1] if len(set(means.values())) == 1 else "unknown"
    assert (row["facing"] == "left") == (facing != "unknown")
    assert row["flipped"] == (facing == "right")
    assert (row["sha256"] == sampled) == (facing != "right")
    assert row["facing_said"] == bool(read_facing(paths.facing_log))
