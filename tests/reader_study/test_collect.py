from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.errors import DecisionError, ReaderStudyError
from cxr_release.logbook import log
from cxr_release.logbook.logs import LogFolder, text_of
from cxr_release.reader_study.answer import ANSWER
from cxr_release.reader_study.collect import CSV, about_quartets, collect, unblind
from cxr_release.reader_study.kit import Kit
from cxr_release.reader_study.ratings import Rating
from tests.support.reading_of import QUARTETS, answer, reply, small_kit

KIT, SOURCES = small_kit()
ALL = range(1, QUARTETS + 1)
HEADER = "rater,quartet,image,rating,identified_as_real"


def csv_lines(reader: str, *, kit: Kit = KIT, seed: int = 0) -> list[str]:
    lines = []
    for quartet in kit.quartets:
        said = reply(kit, quartet, seed=seed)
        for film, rating in said.rated.items():
            picked = str(film == said.picked).lower()
            lines.append(f"{reader},{quartet},{film},{rating},{picked}")
    return lines


def write_csv(path: Path, *lines: str, header: str = HEADER) -> None:
    path.write_text("\n".join([header, *lines, ""]))


def faults_of(folder: Path) -> str:
    with pytest.raises(ReaderStudyError) as caught:
        collect(folder, KIT)
    return str(caught.value)


def test_nothing_came_back(tmp_path: Path) -> None:
    (tmp_path / ".gitkeep").touch()
    found = collect(tmp_path, KIT)
    assert (found.ratings, found.unfinished, found.seconds) == ([], [], [])
    assert unblind(found.ratings, SOURCES) == []


def test_what_readers_typed_comes_back_with_the_sources(tmp_path: Path) -> None:
    answer(tmp_path, KIT, "a.b", [3, 1, 2, 4])
    found = collect(tmp_path, KIT)
    assert found.readers == ["a.b"]
    assert len(found.seconds) == QUARTETS
    rows = unblind(found.ratings, SOURCES)
    for quartet in ALL:
        said = reply(KIT, quartet)
        mine = [row for row in rows if row["quartet"] == quartet]
        assert {row["image"]: row["rating"] for row in mine} == said.rated
        assert [row["image"] for row in mine if row["identified_as_real"]] == [said.picked]
        assert all(row["source"] == SOURCES[row["image"]] for row in mine)


def test_who_has_not_finished_is_told_and_does_not_count(tmp_path: Path) -> None:
    answer(tmp_path, KIT, "a.b", ALL)
    answer(tmp_path, KIT, "c.d", [2, 3])
    answer(tmp_path, KIT, "e.f", [1])
    found = collect(tmp_path, KIT)
    assert found.readers == ["a.b"]
    assert found.unfinished == [2, 1]
    assert len(found.seconds) == QUARTETS


def test_a_reader_s_last_word_counts(tmp_path: Path) -> None:
    answer(tmp_path, KIT, "a.b", ALL)
    answer(tmp_path, KIT, "a.b", [2], seed=8)
    rows = unblind(collect(tmp_path, KIT).ratings, SOURCES)
    mine = {row["image"]: row["rating"] for row in rows if row["quartet"] == 2}
    assert mine == reply(KIT, 2, seed=8).rated


def test_answers_from_our_page_and_from_elsewhere_come_to_the_same(tmp_path: Path) -> None:
    answer(tmp_path / "logs", KIT, "a.b", ALL, seed=1)
    answer(tmp_path / "logs", KIT, "c.d", ALL, seed=2)
    (tmp_path / "mixed").mkdir()
    write_csv(tmp_path / "mixed/survey.csv", *csv_lines("r1", seed=2))
    answer(tmp_path / "mixed", KIT, "z", ALL, seed=1)
    (tmp_path / "mixed/.survey.csv.swp.csv").write_text("what an editor left")
    rows = [unblind(collect(tmp_path / one, KIT).ratings, SOURCES) for one in ("logs", "mixed")]
    assert rows[0] == rows[1]


@given(st.permutations(range(5)))
def test_names_of_readers_change_nothing_but_who_is_who(order: list[int]) -> None:
    """`rater-1` follows from the answers: neither names nor their order can be read off it."""
    rated = [row for place, seed in enumerate(order) for row in _rated(f"reader.{place}", seed)]
    plain = [row for seed in range(5) for row in _rated(f"x{seed}", seed)]
    assert unblind(rated, SOURCES) == unblind(plain, SOURCES)


def _rated(reader: str, seed: int) -> Iterator[Rating]:
    for quartet in ALL:
        said = reply(KIT, quartet, seed=seed)
        for film, rating in said.rated.items():
            yield Rating("x", 1, reader, quartet, film, None, rating, film == said.picked)


def test_no_reader_s_name_is_left(tmp_path: Path) -> None:
    for place in range(11):
        answer(tmp_path, KIT, f"dr.smith-{place}", ALL, seed=place)
    rows = unblind(collect(tmp_path, KIT).ratings, SOURCES)
    names = {row["rater"] for row in rows}
    assert names == {f"rater-{number:02}" for number in range(1, 12)}
    assert "smith" not in str(rows)


def test_a_film_that_is_not_in_the_kit_is_named(tmp_path: Path) -> None:
    lines = csv_lines("r1")
    lines[2] = lines[2].replace(lines[2].split(",")[2], "f" * 16)
    write_csv(tmp_path / "survey.csv", *lines)
    assert (
        "survey.csv: line 4: reader r1 rates ffffffffffffffff of quartet 1, which the kit"
        in faults_of(tmp_path)
    )


def test_a_film_in_another_quartet_is_named(tmp_path: Path) -> None:
    lines = csv_lines("r1")
    name = lines[0].split(",")[2]
    lines[0] = lines[0].replace("r1,1,", "r1,2,")
    write_csv(tmp_path / "survey.csv", *lines)
    assert (
        f"survey.csv: line 2: reader r1 rates {name} of quartet 2, which the kit does not"
        in faults_of(tmp_path)
    )


def test_all_files_are_read_before_any_fault_is_told(tmp_path: Path) -> None:
    write_csv(tmp_path / "one.csv", *csv_lines("r1")[:-1], "r1,4,x,9,true")
    write_csv(tmp_path / "two.csv", "nothing", header="a,b")
    said = faults_of(tmp_path)
    assert "one.csv: line 13" in said
    assert "two.csv: line 1" in said


def test_a_survey_that_lacks_a_quartet_is_refused(tmp_path: Path) -> None:
    write_csv(tmp_path / "survey.csv", *csv_lines("r1")[:-3])
    assert "survey.csv: lines 2–10: reader r1 has no rating of quartet(s) 4" in faults_of(tmp_path)


def test_a_reader_under_two_spellings_is_refused(tmp_path: Path) -> None:
    for folder in ("log", "tables", "table"):
        (tmp_path / folder).mkdir()
    answer(tmp_path / "log", KIT, "r1", ALL)
    write_csv(tmp_path / "log" / "survey.csv", *csv_lines("R1"))
    write_csv(tmp_path / "tables" / "a.csv", *csv_lines("r1"))
    write_csv(tmp_path / "tables" / "b.csv", *csv_lines("R1"))
    write_csv(tmp_path / "table" / "survey.csv", *csv_lines("r1"), *csv_lines("R1", seed=3))
    said = "r1 and R1: one reader under two spellings"
    assert f"r1.jsonl: lines 1–4; survey.csv: lines 2–13: {said}" in faults_of(tmp_path / "log")
    assert f"a.csv: lines 2–13; b.csv: lines 2–13: {said}" in faults_of(tmp_path / "tables")
    assert f"survey.csv: lines 2–25: {said}" in faults_of(tmp_path / "table")


def test_a_log_under_another_spelling_is_refused(tmp_path: Path) -> None:
    answer(tmp_path, KIT, "r1", ALL)
    (tmp_path / "R1.jsonl").write_bytes((tmp_path / "r1.jsonl").read_bytes())
    with pytest.raises(DecisionError, match="r1 and R1: one person under two spellings"):
        collect(tmp_path, KIT)


def test_readers_who_answer_alike_are_named(tmp_path: Path) -> None:
    answer(tmp_path, KIT, "a.b", ALL)
    answer(tmp_path, KIT, "c.d", ALL)
    answer(tmp_path, KIT, "e.f", ALL, seed=4)
    assert collect(tmp_path, KIT).identical == [
        f"a.b and c.d gave the same answers on all {QUARTETS} quartets."
    ]


def test_a_reader_in_two_files_is_refused(tmp_path: Path) -> None:
    write_csv(tmp_path / "survey.csv", *csv_lines("a.b"))
    answer(tmp_path, KIT, "a.b", [1])
    assert "a.b.jsonl and survey.csv: hold answers of a.b" in faults_of(tmp_path)


def test_a_source_that_a_file_claims_must_be_the_key_s(tmp_path: Path) -> None:
    lines = [f"{line},{SOURCES[line.split(',')[2]]}" for line in csv_lines("r1")]
    write_csv(tmp_path / "survey.csv", *lines, header=f"{HEADER},source")
    assert len(unblind(collect(tmp_path, KIT).ratings, SOURCES)) == 3 * QUARTETS
    wrong = dict(zip(SOURCES, ["checkpoint-6", "real", "checkpoint-3"] * QUARTETS, strict=True))
    with pytest.raises(ReaderStudyError, match=r"survey.csv: line 2: the source of \w+ is not"):
        unblind(collect(tmp_path, KIT).ratings, wrong)


def test_answers_on_another_kit_are_refused(tmp_path: Path) -> None:
    other = Kit(tuple(film for film in KIT.films if film.quartet != 2))
    answer(tmp_path, KIT, "a.b", ALL)
    with pytest.raises(ReaderStudyError, match=r"a\.b\.jsonl: line 2: is an answer on other films"):
        collect(tmp_path, other)
    film = KIT.quartets[3][0]
    swapped = reply(KIT, 4)
    strange = swapped.films.split()[0]
    words = {"films": swapped.films, "picked": swapped.picked}
    other_name = {name: text.replace(strange, film.name) for name, text in words.items()}
    log.append(ANSWER, tmp_path, "c.d", [replace(swapped, **other_name)])
    with pytest.raises(ReaderStudyError, match=r"c\.d\.jsonl: line 1: is an answer on other"):
        collect(tmp_path, KIT)
    repainted = tuple(replace(one, sha256="0" * 64) if one == film else one for one in KIT.films)
    with pytest.raises(ReaderStudyError, match="line 3: is an answer on other films"):
        collect(tmp_path, Kit(repainted))


def test_what_is_neither_log_nor_csv_is_named(tmp_path: Path) -> None:
    (tmp_path / "ratings.xlsx").write_bytes(b"PK")
    with pytest.raises(DecisionError, match=r"ratings\.xlsx: is not an answer log"):
        collect(tmp_path, KIT)


def test_logs_are_verified_beside_csv(tmp_path: Path) -> None:
    answer(tmp_path, KIT, "a.b", [1, 2])
    write_csv(tmp_path / "survey.csv", *csv_lines("r1"))
    logs = LogFolder(ANSWER, tmp_path, about_quartets(tmp_path / "kit.parquet"), {CSV})
    found = logs.verify()
    assert found["logs"] == {"a.b": {"lines": 2, "standing": 2}}
    assert "1 log(s) of answers, all whole" in text_of(found, ANSWER.noun)
    path = tmp_path / "a.b.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"page":"1"', b'"page":"9"'))
    with pytest.raises(DecisionError, match="line 2: the chain is broken"):
        logs.verify()
