"""From the source folder to the split: films with text leave every part, and nothing else moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxr_release import schemas, tables
from cxr_release.clearance import ocr
from cxr_release.cli.log import verify_logs
from cxr_release.cli.status import status_of, text_of
from cxr_release.errors import DecisionError, SourceError
from cxr_release.files import read_json
from cxr_release.project import Project
from tests.support import ROOT
from tests.support.real_folder import RealFolder, checks, write_film


@pytest.fixture
def real(tmp_path: Path) -> RealFolder:
    return RealFolder(tmp_path)


def parts(real: RealFolder) -> dict[str, str]:
    return {
        row["id"]: row["part"] for row in tables.read_rows(real.paths.split_table, schemas.SPLIT)
    }


def films_in(path: Path) -> set[str]:
    return {row["id"] for row in tables.read_rows(path, schemas.COHORT)}


def test_a_film_with_text_is_in_no_part_and_the_others_stay_where_they_were(
    real: RealFolder,
) -> None:
    real.run()
    before = parts(real)
    trained = [number for number in range(8) if before[real.id(number)] != "control"]
    real.say("a.b", trained[0], "text")
    real.say("a.b", trained[1], "clear")
    real.run()
    out = real.id(trained[0])
    assert read_json(real.paths.with_text) == [out]
    assert parts(real) == {film: part for film, part in before.items() if film != out}
    held = films_in(real.paths.trained_table) | films_in(real.paths.control_table)
    assert held == before.keys() - {out}
    assert sum(read_json(real.paths.split / "summary.json")["films"].values()) == 7
    real.say("a.b", trained[0], "retract")
    real.run()
    assert parts(real) == before


def test_a_part_that_would_be_left_empty_is_named(real: RealFolder) -> None:
    real.run()
    for number in range(8):
        if parts(real)[real.id(number)] == "control":
            real.say("a.b", number, "text")
    with pytest.raises(SourceError, match="no film is left for control"):
        real.run()


def test_a_decision_on_another_content_does_not_count(real: RealFolder) -> None:
    real.say("a.b", 3, "text")
    real.run(divide=False)
    assert read_json(real.paths.with_text) == [real.id(3)]
    write_film(real.file(3), checks(99, 64, 48))
    real.take_in()
    real.run(divide=False)
    assert read_json(real.paths.with_text) == []
    review = read_json(real.paths.clearance_counts)["review"]
    assert (review["changed"], review["looked_at"], review["state"]) == (1, 0, "none")


def test_the_pipeline_stops_while_films_wait_where_that_is_asked_for(tmp_path: Path) -> None:
    asked = {"clearance": {"require_complete": True, "reviewers_required": 2}}
    real = RealFolder(tmp_path, 4, settings=asked)
    for person in ("a.b", "c.d"):
        for number in range(3):
            real.say(person, number, "clear")
    real.say("a.b", 3, "clear")
    with pytest.raises(DecisionError, match="1 of 4 real films wait to be looked at") as caught:
        real.run(divide=False)
    assert "cxr-release clear" in caught.value.remedy
    real.say("c.d", 3, "clear")
    real.run(divide=False)
    assert read_json(real.paths.clearance_counts)["review"]["state"] == "complete"


def test_no_artefact_and_no_log_names_a_file(real: RealFolder) -> None:
    real.say("a.b", 0, "text")
    real.run(divide=False)
    sources = {row["source_sha256"] for row in tables.read_rows(
        real.paths.manifest, schemas.MANIFEST)}  # fmt: skip
    for folder in (real.paths.clearance, real.paths.found_text, real.paths.clearance_log):
        for path in folder.rglob("*"):
            data = path.read_bytes()
            assert b"Mueller" not in data
            assert not [sha256 for sha256 in sources if sha256.encode() in data]


def test_status_and_log_verify_know_of_it(real: RealFolder) -> None:
    real.say("a.b", 0, "text")
    real.say("a.b", 1, "clear")
    project = Project(real.paths.root)
    status = status_of(project)
    assert status["reviews"]["burned_in_text"] == "partial"
    assert status["burned_in"]["people"] == {"a.b": {"films": 2, "with_text": 1}}
    text = text_of(status)
    assert "text       a.b: 2 real film(s) looked at, 1 with text" in text
    assert "6 of 8 real films wait to be looked at" in text
    verified = verify_logs(project, None, None)
    assert verified["burned-in"]["logs"] == {"a.b": {"lines": 2, "standing": 2}}
    path = real.paths.clearance_log / "a.b.jsonl"
    path.write_text(path.read_text().replace('"clear"', '"text"'))
    with pytest.raises(DecisionError, match=r"a\.b"):
        verify_logs(project, None, None)
    with pytest.raises(DecisionError):
        real.run(divide=False)


def test_a_new_key_is_refused_while_decisions_name_films_by_the_old_one(real: RealFolder) -> None:
    real.say("a.b", 0, "clear")
    real.paths.film_key.unlink()
    real.paths.film_key_fingerprint.unlink()
    (real.paths.cohort / "summary.json").unlink()
    with pytest.raises(SourceError, match="is missing"):
        real.take_in()


# The search for text


TABLE = "\n".join(
    [
        "level\tpage\tconf\ttext",
        "1\t1\t-1\t",
        "5\t1\t96.5\tMUELLER,",
        "5\t1\t40\tANNA",
        "5\t1\t91.5\tL",
        "5\t1\t80\t24.07.1961",
        "5\t1\tnan?\tGARBLED",
        "5",
        "",
    ]
)


def test_words_become_a_number_and_how_sure_that_is() -> None:
    found = ocr.suspicion_of(TABLE)
    assert found == ocr.Suspicion(11, 88.2)  # MUELLER and 1961; one letter is a side marker
    assert found.flagged
    assert not ocr.suspicion_of("").flagged
    assert not ocr.suspicion_of("header\n5\t1\t99\tL\n5\t1\t99\tR\n").flagged


def test_what_the_card_says_it_finds_is_what_was_measured() -> None:
    text = (ROOT / "benchmarks/README.md").read_text()
    assert f"| chest films: `clearance.ocr: tesseract` | {ocr.FOUND} | {ocr.PLANTED} |" in text
    text = " ".join((ROOT / "docs/burned-in-text.md").read_text().split())
    assert f"Of {ocr.PLANTED} names with dates" in text
    assert f"it pointed at {ocr.FOUND} (" in text


def test_where_tesseract_is_not_installed_its_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match="not installed") as caught:
        ocr.version()
    assert "tesseract-ocr" in caught.value.remedy


PROGRAM = """#!/bin/sh
case "$1" in --version) echo "tesseract 5.9.9"; exit 0;; esac
head -c 8 > /dev/null
printf 'level\\tconf\\ttext\\n5\\t%s\\tSECRET\\n' 95
"""


def test_what_was_read_is_in_no_artefact_and_flagged_films_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a program in tesseract's place that reads the same word on every film."""
    program = tmp_path / "bin" / "tesseract"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    (tmp_path / "project").mkdir()
    asked = {"clearance": {"ocr": "tesseract"}}
    real = RealFolder(tmp_path / "project", 4, settings=asked)
    real.say("a.b", 0, "clear")
    real.run()
    flags = read_json(real.paths.text_flags)
    assert (flags["ocr"], flags["version"], len(flags["flagged"])) == ("tesseract", "5.9.9", 4)
    review = read_json(real.paths.clearance_counts)["review"]
    assert (review["flagged"], review["flagged_unseen"], review["looked_at"]) == (4, 3, 1)
    for path in (real.paths.root / "data").rglob("*"):
        assert path.is_dir() or b"SECRET" not in path.read_bytes(), path
    # A film that changes is not flagged by what was found on the one before.
    write_film(real.file(1), checks(50, 64, 48))
    real.take_in()
    program.write_text(PROGRAM.replace("95", "10"))
    real.run(divide=False)
    assert read_json(real.paths.clearance_counts)["review"]["flagged"] == 0


def test_a_program_that_fails_is_named_and_what_it_said_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "tesseract"
    program.write_text("#!/bin/sh\ncat > /dev/null\necho SECRET >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(SourceError, match="failed with status 3") as caught:
        ocr.look(checks(1, 32, 32))
    assert "SECRET" not in str(caught.value)
