"""What a published version proves outlives the logs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release import schemas, tables
from cxr_release.adjudication.outcomes import VERDICT, NewVerdict
from cxr_release.errors import CxrReleaseError, ReleaseError
from cxr_release.logbook import log
from cxr_release.params.films import PHANTOMS
from cxr_release.params.project import Params
from cxr_release.paths import Paths
from cxr_release.publishing import push as pushing
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.release.lost_decisions import ends_of, find_lost_decisions, statements_in
from cxr_release.release.record import Tombstone
from cxr_release.release.verify import verify
from cxr_release.release.versions.proofs import (
    LogStatements,
    contradictions,
    evidence,
    require_no_contradiction,
    withdrawn_films,
)
from cxr_release.release.versions.published import enter, read_published
from cxr_release.release.versions.version import GONE, StatedRecord, Version, read_version
from cxr_release.screening.decision import Verb, load_reasons
from cxr_release.screening.films import read_generated
from cxr_release.screening.record_decisions import decide, withdraw
from cxr_release.stages import adjudicate, package, screen, validate
from tests.support.release_artefacts import REPOSITORY, files_of, small_params, write_inputs
from tests.support.score_artefacts import write_score

FILM = "checkpoint-1-large-00001"
OTHER = "checkpoint-3-large-00002"


@dataclass
class House:
    """A project whose stages run from the decisions on."""

    paths: Paths
    params: Params

    def build(self, version: str) -> Path:
        params = replace(self.params, release=replace(self.params.release, version=version))
        adjudicate.run(self.paths, params)
        screen.run(self.paths, params)
        write_score(ReleaseInputs.of(self.paths))
        validate.run(self.paths, params)
        package.run(self.paths, params)
        return self.paths.release

    def publish(self, version: str) -> None:
        enter(self.paths.published, self.build(version), logs=ends_of(self.paths))

    def withdraw(self, film: str = FILM, *, retract: bool = False, reason: str = "") -> None:
        versions = read_published(self.paths.published)
        withdraw(
            self.paths.withdrawals,
            "team",
            [film],
            published=versions[0].films.values(),
            reasons=load_reasons(self.paths.cards_of(PHANTOMS).reasons),
            reason=reason if retract or reason else "withdrawn-on-request",
            retract=retract,
            proven=withdrawn_films(versions),
        )

    def say(self, verb: Verb, by: str, film: str = FILM) -> None:
        decide(
            self.paths.screening_log,
            by,
            [film],
            verb,
            films=read_generated(
                self.paths.oriented_table(*job) for job in self.params.sample.jobs
            ),
            reasons=load_reasons(self.paths.cards_of(PHANTOMS).reasons),
            reason="artefact" if verb == "exclude" else "",
        )

    def judge(self, verdict: Any, by: str = "a.b", place: int = 0) -> str:
        """Judge an audited pair; its synthetic film."""
        pair = tables.read_rows(self.paths.pairs, schemas.PAIRS)[place]
        real, synthetic = pair["real_id"], pair["synthetic_id"]
        hashes = {
            row["id"]: row["sha256"]
            for kind, paths in (
                (schemas.COHORT, [self.paths.cohort_table]),
                (schemas.ORIENTED, [self.paths.oriented_table(*job) for job in self.jobs]),
            )
            for path in paths
            for row in tables.read_rows(path, kind)
        }
        wish = NewVerdict(real, hashes[real], synthetic, hashes[synthetic], verdict)
        log.append(VERDICT, self.paths.audit_log, by, [wish])
        return str(synthetic)

    @property
    def jobs(self) -> list[tuple[str, str]]:
        return list(self.params.sample.jobs)

    def released(self) -> dict[str, Any]:
        return dict(read_version(self.paths.release).films)

    def noticed(self) -> list[str]:
        """What `log verify` and `status` name."""
        films = read_generated(self.paths.oriented_table(*job) for job in self.jobs)
        found = find_lost_decisions(
            self.paths,
            read_published(self.paths.published),
            films={film.id: film.sha256 for film in films},
        )
        return [str(fault) for fault in found.faults]

    def refused(self, version: str) -> str:
        before = files_of(self.paths.release)
        with pytest.raises(CxrReleaseError) as caught:
            self.build(version)
        assert files_of(self.paths.release) == before
        return str(caught.value)


@pytest.fixture
def house(tmp_path: Path) -> House:
    paths = Paths(tmp_path)
    write_inputs(tmp_path / "data", excluded={})
    shutil.rmtree(paths.screening)
    shutil.copytree(REPOSITORY / "cards", paths.cards)
    return House(paths, small_params())


def test_a_withdrawn_film_does_not_return_because_its_log_is_lost(house: House) -> None:
    house.publish("1.0.0")
    house.withdraw()
    house.publish("1.1.0")
    assert FILM not in house.released()
    shutil.rmtree(house.paths.withdrawals)
    for version in ("1.2.0", "1.0.5", "2.0.0"):
        said = house.refused(version)
        assert f"{FILM}: version 1.1.0 left it out as withdrawn-on-request" in said
        assert f"`cxr-release withdraw {FILM} --retract`" in said
    assert any(FILM in one for one in house.noticed())
    assert any("withdrawals/team.jsonl: lacks line 1" in one for one in house.noticed())

    # Nor is it packaged by itself, or pushed.
    params = replace(house.params, release=replace(house.params.release, version="1.2.0"))
    screen.run(house.paths, params)
    with pytest.raises(ReleaseError, match=r"left it out as withdrawn-on-request"):
        package.run(house.paths, params)

    house.withdraw(retract=True)
    house.build("1.2.0")
    assert FILM in house.released()
    told = (house.paths.release / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"- 1 film(s) are back that an earlier version had:\n  - `{FILM}`" in told
    assert "are new" not in told
    assert verify(house.paths.release)["differences"] == []
    films = house.released()
    with pytest.raises(ReleaseError, match=FILM):  # the log is lost again before the push
        require_no_contradiction(house.paths.published, "1.2.0", films, LogStatements())
    require_no_contradiction(house.paths.published, "1.2.0", films, statements_in(house.paths))
    with pytest.raises(ReleaseError, match=FILM):
        pushing._require_no_contradiction(house.paths.published, house.paths.release, None)
    pushing._require_no_contradiction(
        house.paths.published, house.paths.release, statements_in(house.paths)
    )

    # Once it is out again, that proves itself.
    enter(house.paths.published, house.paths.release)
    shutil.rmtree(house.paths.withdrawals)
    house.build("1.3.0")


def test_a_withdrawal_for_any_reason_is_one(house: House) -> None:
    house.publish("1.0.0")
    house.withdraw(reason="artefact")
    house.publish("1.1.0")
    shutil.rmtree(house.paths.withdrawals)
    assert "it was withdrawn, and no log of withdrawals" in house.refused("1.2.0")
    house.say("keep", "a.b")  # a reviewer does not bring it back
    assert "it was withdrawn, and no log of withdrawals" in house.refused("1.2.0")


def test_an_excluded_film_does_not_go_out_because_its_log_is_lost(house: House) -> None:
    house.say("keep", "c.d")
    house.say("exclude", "a.b")
    house.say("keep", "a.b", OTHER)
    house.publish("1.0.0")
    for path in house.paths.screening_log.glob("a.b.*"):
        path.unlink()
    said = house.refused("1.1.0")  # the other's `keep` is older than the version
    assert f"{FILM}: version 1.0.0 left it out as artefact: 1 reviewer(s) or more had" in said
    assert f"`cxr-release keep {FILM} --reviewer NAME`" in said
    assert any("screening/a.b.jsonl: lacks line 2" in one for one in house.noticed())
    house.say("keep", "e.f")
    house.build("1.1.0")
    assert FILM in house.released()


@pytest.mark.parametrize("deeds", [
    [("retract", "a.b")], [("keep", "a.b")], [("retract", "a.b"), ("keep", "c.d")],
])  # fmt: skip
def test_an_exclusion_that_was_taken_back_is_not_missed(
    house: House, deeds: list[tuple[Verb, str]]
) -> None:
    house.say("exclude", "a.b")
    house.publish("1.0.0")
    for deed in deeds:
        house.say(*deed)
    house.build("1.1.0")
    assert FILM in house.released()
    assert house.noticed() == []


def test_a_copy_does_not_go_out_because_its_verdict_is_lost(house: House) -> None:
    film = house.judge("copy")
    house.judge("not-a-copy", "c.d")
    house.publish("1.0.0")
    assert film not in house.released()
    for path in house.paths.audit_log.glob("a.b.*"):
        path.unlink()
    said = house.refused("1.1.0")
    assert (
        f"{film}: version 1.0.0 left it out as possible-copy: a pair with it was judged so" in said
    )
    house.judge("not-a-copy", "e.f")
    house.build("1.1.0")
    assert film in house.released()


def test_a_verdict_that_is_lost_is_named_though_its_film_stays(house: House) -> None:
    for by in ("a.b", "c.d"):
        film = house.judge("not-a-copy", by)
    house.publish("1.0.0")
    assert film in house.released()
    shutil.rmtree(house.paths.audit_log)
    assert f"{film}: version 1.0.0 says that a pair with it was judged" in house.refused("1.1.0")
    house.judge("unsure")
    house.judge("retract")
    house.build("1.1.0")


def test_films_that_were_drawn_anew_are_others(house: House) -> None:
    house.say("exclude", "a.b")
    house.publish("1.0.0")
    shutil.rmtree(house.paths.screening_log)
    versions = read_published(house.paths.published)
    rows = {FILM: {"sha256": "f" * 64, "pixel_sha256": "e" * 64}}
    assert contradictions(versions, rows, LogStatements()) == []
    (row,) = versions[0].exclusions
    assert len(contradictions(versions, {FILM: row}, LogStatements())) == 1
    renamed = {"checkpoint-9-large-00000": row}
    assert "checkpoint-9" in contradictions(versions, renamed, LogStatements())[0].where


def test_a_ledger_from_before_it_held_exclusions_is_asked_by_its_tombstones(house: House) -> None:
    house.publish("1.0.0")
    house.withdraw()
    house.publish("1.1.0")
    for folder in house.paths.published.iterdir():
        (folder / "exclusions.parquet").unlink()
        (folder / "decided.json").unlink()
    shutil.rmtree(house.paths.withdrawals)
    assert f"{FILM}: version 1.1.0 left it out as withdrawn-on-request" in house.refused("1.2.0")
    house.withdraw(retract=True)
    house.build("1.2.0")


@pytest.mark.parametrize(
    "damage", ["[]", "{", '{"at": 3}', '{"at": "", "judged": [1], "logs": {}}',
               '{"at": "", "judged": [], "logs": {"a": 1}}'],
)  # fmt: skip
def test_what_is_no_note_of_a_version_is_refused_by_name(house: House, damage: str) -> None:
    house.publish("1.0.0")
    (house.paths.published / "1.0.0/decided.json").write_text(damage)
    with pytest.raises(ReleaseError, match=r"decided\.json.*is not what was noted"):
        read_published(house.paths.published)


def row_of(film: int) -> dict[str, Any]:
    return {"id": str(film), "sha256": f"s{film}", "pixel_sha256": f"p{film}"}


Fate = st.sampled_from(["released", "withdrawn", "excluded", "copy", "prescreen", GONE])
FLAGS = {"withdrawn": (0, False, True), "excluded": (2, False, False), "copy": (0, True, False)}


def version_of(name: str, fates: list[str], before: list[list[str]]) -> Version:
    films = {str(film): row_of(film) for film, fate in enumerate(fates) if fate == "released"}
    out, stones = [], []
    for film, fate in enumerate(fates):
        once = any(len(one) > film and one[film] == "released" for one in before)
        if fate != "released":
            reviewers, audit, withdrawn = FLAGS.get(fate, (0, False, False))
            flags = {"reviewers": reviewers, "audit": audit, "withdrawn": withdrawn}
            if fate != GONE:
                out.append({**row_of(film), "reason": fate, "prescreen": True, **flags})
            if once:
                stones.append(Tombstone(id=str(film), reason=fate, first_version_without="1.0.0"))
    return Version(StatedRecord(version=name, tombstones=stones), films, {}, out)


@given(st.lists(st.lists(Fate, min_size=3, max_size=3), min_size=1, max_size=4))
def test_the_latest_word_on_a_film_counts(history: list[list[str]]) -> None:
    versions = [
        version_of(f"1.{place}.0", fates, history[:place]) for place, fates in enumerate(history)
    ]
    assert evidence(versions, "9.0.0") == versions
    assert evidence(versions, "1.1.0") == (versions[:1] if len(versions) > 1 else versions)
    films = {str(film): row_of(film) for film in range(3)}
    named = {fault.where for fault in contradictions(versions, films, LogStatements())}
    for film in range(3):
        words = [fates[film] for fates in history if fates[film] not in {"prescreen", GONE}]
        assert (str(film) in named) == (bool(words) and words[-1] != "released")
    back = LogStatements(
        excluded={"0": 2, "1": 2, "2": 2}, withdrawn={"0", "1", "2"}, doubted={"0", "1", "2"}
    )
    assert contradictions(versions, films, back) == []


@pytest.mark.parametrize(
    ("said", "enough"),
    [
        (LogStatements(), False),
        (LogStatements(excluded={FILM: 1}), False),
        (LogStatements(excluded={FILM: 2}), True),
        (LogStatements(screened={FILM: "2026-01-01T00:00:00.000Z"}), False),
        (LogStatements(screened={FILM: "2026-03-01T00:00:00.000Z"}), True),
        (LogStatements(screened={FILM: "2026-02-01T02:00:00+01:00"}), True),
        (LogStatements(screened={FILM: "2026-02-01T00:30:00+01:00"}), False),
        (LogStatements(withdrawn={FILM}), False),
    ],
)
def test_a_decision_is_explained_by_later_lines_of_its_own_kind(
    said: LogStatements, enough: bool
) -> None:
    row = {"id": FILM, "sha256": "s", "reason": "artefact", "reviewers": 2,
           "audit": False, "withdrawn": False}  # fmt: skip
    record = StatedRecord(version="1.0.0", tombstones=[])
    version = Version(record, {}, {}, [row], entered="2026-02-01T00:00:00.000+00:00")
    assert (not contradictions([version], {FILM: row}, said)) == enough
