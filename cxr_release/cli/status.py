"""Where a release stands: films per source and batch, reviews, and what holds it back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cxr_release import schemas, tables
from cxr_release.adjudication.outcomes import Adjudication
from cxr_release.clearance.looked import Looked
from cxr_release.errors import CxrReleaseError, Fault
from cxr_release.files import read_json
from cxr_release.film_id import job_of_row
from cxr_release.films.patients import counted
from cxr_release.landmarks.page_films import Drawn
from cxr_release.landmarks.readers import NO_FACING
from cxr_release.params.identity import unset_of
from cxr_release.paths import Paths
from cxr_release.project import Project
from cxr_release.reader_study.collect import Collected
from cxr_release.screening.consensus import Screening
from cxr_release.screening.counts import decided_by, title_of_row
from cxr_release.screening.reviewers import person_lines
from cxr_release.team.overview import overview_of
from cxr_release.team.printed import text_of as text_of_team

Status = dict[str, Any]
SHOWN = 10
"""Faults that are named."""
COLUMNS = ("generated", "excluded", "released", "undecided")


def status_of(project: Project) -> Status:
    """Read where things stand from the films and the logs as they are now.

    Returns:
        `counts` (as in `data/screening/counts.json`, each row with `decided_by`, reviewer →
        films, and `left`, and with `people`, see `People.by_name`; None before films are sampled),
        `audit` (as in `data/adjudication/adjudication.json`, and `flagged`, films, with what
        `chance` gives), `team` (who has done what in each task; see `overview_of`), `source`
        (`films`, and `patients`, None unless stated for all:
        `patients_not_stated` are without; None before films are in),
        `facing` (synthetic films that faced `left`, `right` or are `unknown`, and of how many
        reviewers `said` so; None before films are sampled), `readers` (`finished`, `required`,
        `unfinished`, `alike`; None before the quartets are drawn), `burned_in` (who looked for text
        on real films: as in `data/clearance/clearance.json`, with `people`; None of drawn films, or
        before films are in), `landmarks` (`films` on which readers are to place landmarks, how many
        readers are `required`, how many films are `waiting`, and `people`, reader → films; None
        where nobody is asked, or before films are screened), `reviews` (state of each),
        `release` (the release in `data/release/`, or None), `published` (versions that are out),
        `holds_back` (sentences; empty when nothing does).

    Raises:
        DecisionError: a log does not verify, or is about other films.
    """
    lost = project.lost_decisions()
    audit = _audit(project)
    screening = project.screening(audit.excluded) if audit else None
    counts = _counts(project, screening)
    answers = project.readers()
    paths, readers = project.paths, _readers(project, answers)
    looked = project.clearance()
    reviews = {
        "screening": counts["review"]["state"] if counts else "none",
        "audit": audit.report["state"] if audit else "none",
        "reader_study": _state(readers),
        **({"burned_in_text": looked.outcome.counts["state"]} if looked else {}),
    }
    drawn = project.landmarks()
    landmarks = _landmarks(project, drawn)
    overview = overview_of(
        project.team(
            screening=screening, audit=audit, clearance=looked, landmarks=drawn, study=answers
        )
    )
    release = _release(paths)
    return {
        "counts": counts,
        "audit": audit.report | _flagged(paths) if audit else None,
        "source": _source(paths),
        "facing": _facing(project),
        "readers": readers,
        "burned_in": _burned_in(looked),
        "landmarks": landmarks,
        "team": overview,
        "reviews": reviews,
        "release": release,
        "published": [version.name for version in project.published()],
        "holds_back": [
            *_lacks_lookers(looked),
            *_lacks_landmarks(landmarks),
            *_holds_back(counts, screening, audit, _flagged(paths), readers, release),
            *_published_otherwise(project, screening),
            *_never_set(project),
            *_missing(lost.faults),
        ],
        "notes": [*lost.notes, *_not_stated(project)],
    }


def _not_stated(project: Project) -> Iterator[str]:
    if not project.anatomy().films:
        yield (
            "what the films show is not stated, and the card says so: state it in"
            f" {project.cards.anatomy} (films)"
        )


def _burned_in(looked: Looked | None) -> dict[str, Any] | None:
    """Who looked for text on the real films, by name."""
    if looked is None:
        return None
    people = {
        reviewer: {"films": films, "with_text": with_text}
        for reviewer, (films, with_text) in looked.people.items()
    }
    return looked.outcome.counts | {"people": people}


def _lacks_lookers(looked: Looked | None) -> Iterator[str]:
    counts = looked.outcome.counts if looked else {"undecided": 0}
    if counts["undecided"]:
        yield (
            f"{counts['undecided']:,} of {counts['films']:,} real films wait to be looked at for"
            " text that may identify a patient: run `cxr-release clear --reviewer NAME`"
        )


def _landmarks(project: Project, drawn: Drawn | None) -> dict[str, Any] | None:
    """How far readers are with the landmarks, by name."""
    if drawn is None:
        return None
    required = project.params.landmarks.readers_required
    return {
        "films": len(drawn.films),
        "required": required,
        "waiting": drawn.waiting(required),
        "people": drawn.people,
    }


def _lacks_landmarks(landmarks: Mapping[str, Any] | None) -> Iterator[str]:
    if landmarks and landmarks["waiting"]:
        yield (
            f"{landmarks['waiting']:,} of {landmarks['films']:,} films drawn for it wait for"
            " landmarks: run `cxr-release landmark --reviewer NAME`"
        )


def _source(paths: Paths) -> dict[str, int | None] | None:
    """The source films, and of how many patients they are."""
    if not paths.cohort_table.exists():
        return None
    patients = tables.read(paths.cohort_table, schemas.COHORT, ["patient"])["patient"].to_pylist()
    control = 0
    if paths.split_table.exists():
        parts = tables.read(paths.split_table, schemas.SPLIT, ["part"])["part"].to_pylist()
        control = parts.count("control")
    return {"films": len(patients), **counted(patients), "control": control}


def _facing(project: Project) -> dict[str, int] | None:
    """How the synthetic films faced when they were sampled, as far as is known."""
    if not project.sampled:
        return None
    columns = ["facing", "flipped", "facing_said"]
    rows = [
        row
        for path in project.tables
        for row in tables.read(path, schemas.ORIENTED, columns).to_pylist()
    ]
    faced = Counter("right" if row["flipped"] else row["facing"] for row in rows)
    ways = {way: faced[way] for way in ("left", "right", "unknown")}
    return ways | {"said": sum(row["facing_said"] for row in rows)}


def _patients(source: Mapping[str, int | None]) -> str:
    if source["patients"] is not None:
        return f"of {source['patients']:,} patients"
    without = source["patients_not_stated"]
    of = "" if without == source["films"] else f" for {without:,} of them"
    return f"patients not stated{of}"


def _control(source: Mapping[str, int | None]) -> str:
    control = source["control"]
    return f"; {control:,} of them for control, which no run sees" if control else ""


def _missing(faults: Sequence[Fault]) -> Iterator[str]:
    """What people wrote and is not there; a folder of logs that is lost is many faults."""
    yield from map(str, faults[:SHOWN])
    if len(faults) > SHOWN:
        yield f"{len(faults) - SHOWN:,} more are missing: `cxr-release log verify` names all"


def _flagged(paths: Paths) -> dict[str, Any]:
    """Films that the search `flagged`, and what of that is `chance`; None before it ran."""
    path = paths.audit / "audit.json"
    report: dict[str, Any] = read_json(path) if path.exists() else {"flagged": None}
    if report["flagged"] is None:
        return {"flagged": None, "chance": None}
    chance = report["calibration"]["chance"]["sentence"]
    return {"flagged": int(report["flagged"]["films"]), "chance": chance}


def _audit(project: Project) -> Adjudication | None:
    return project.adjudication() if project.sampled else None


def _counts(project: Project, screening: Screening | None) -> dict[str, Any] | None:
    if not screening:
        return None
    counts = screening.counts
    by = decided_by(project.films(), project.logs())
    for row in counts["rows"]:
        row |= {"left": row["undecided"], "decided_by": by[job_of_row(row)]}
    return counts | {"people": screening.people.by_name}


def _readers(project: Project, answers: Collected | None) -> dict[str, Any] | None:
    """Readers of the blinded quartets; `unfinished` holds the quartets that each has answered."""
    required = project.params.study.readers_required
    if answers is None:
        return None
    return {
        "finished": len(answers.readers),
        "required": required,
        "unfinished": answers.unfinished,
        "alike": answers.identical,
    }


def _state(readers: dict[str, Any] | None) -> str:
    if not readers or not (readers["finished"] or readers["unfinished"]):
        return "none"
    return "complete" if readers["finished"] >= readers["required"] else "partial"


def _release(paths: Paths) -> dict[str, Any] | None:
    record = paths.release / "release.json"
    if not record.exists():
        return None
    try:
        contents = read_json(record)
        return {
            "folder": paths.release.as_posix(),
            "name": contents["name"],
            "version": contents["version"],
            "counts": contents["counts"],
            "open": f'load_dataset("{paths.release.as_posix()}")',
        }
    except (ValueError, KeyError, TypeError) as error:
        raise CxrReleaseError(
            f"is not a record of a release: {error!r}",
            where=str(record),
            remedy="run `dvc repro --force package`",
        ) from error


def _holds_back(
    counts: dict[str, Any] | None,
    screening: Screening | None,
    audit: Adjudication | None,
    flagged: Mapping[str, Any],
    readers: dict[str, Any] | None,
    release: dict[str, Any] | None,
) -> Any:
    if counts is None or screening is None or audit is None:
        yield "no films yet: run `dvc repro`"
        return
    if screening.waiting:
        sampled = " sampled" if "acceptance" in counts["review"] else ""
        yield (
            f"{screening.waiting:,} of {screening.to_review:,}{sampled} films are undecided:"
            " run `cxr-release review --reviewer NAME`"
        )
    if counts["review"]["open_conflicts"]:
        yield f"{counts['review']['open_conflicts']:,} films wait for the adjudicator"
    if flagged["flagged"]:
        yield (
            f"{flagged['flagged']:,} film(s) are flagged as more similar to a source film than"
            " chance alone explains: `flagged` in data/audit/nearest.parquet."
            f" {flagged['chance']}"
        )
    unsettled = audit.report["pairs"] - audit.report["settled"]
    if unsettled:
        yield (
            f"{unsettled:,} of the {audit.report['pairs']:,} most similar pairs are not settled:"
            " run `cxr-release adjudicate --reviewer NAME`"
        )
    if audit.report["open_conflicts"]:
        yield (
            f"{audit.report['open_conflicts']:,} of those pairs wait for a third:"
            " audit.adjudicator in params.yaml"
        )
    yield from _lacks_readers(readers)
    if release is None:
        yield "nothing is packaged: run `dvc repro`"
        return
    if _outcome(release["counts"]) != _outcome(counts):
        yield "the packaged release is older than the decisions: run `dvc repro`"


def _never_set(project: Project) -> Iterator[str]:
    """A release of real films needs a name, a licence and an address of its own."""
    missing = unset_of(project.params)
    if missing:
        yield f"never set in params.yaml, so nothing can be published: {', '.join(missing)}"


def _published_otherwise(project: Project, screening: Screening | None) -> Iterator[str]:
    """What is published is never changed: other films need another version."""
    number = project.params.release.version
    version = next((entry for entry in project.published() if entry.name == number), None)
    released = (
        {row["id"]: row["sha256"] for row in screening.screened if row["released"]}
        if screening
        else {}
    )
    if (
        version
        and screening
        and released != {film: row["sha256"] for film, row in version.films.items()}
    ):
        yield f"version {number} is published with other films: raise release.version"


def _lacks_readers(readers: dict[str, Any] | None) -> Iterator[str]:
    yield from readers["alike"] if readers else ()
    if not readers or not (readers["finished"] or readers["unfinished"]):
        yield "no reader has rated the quartets: run `cxr-release study serve --reader NAME`"
    elif readers["finished"] < readers["required"]:
        begun = len(readers["unfinished"])
        yield (
            f"{readers['finished']:,} of {readers['required']:,} readers have rated the"
            f" quartets{f', {begun:,} more have begun' if begun else ''}"
        )


def _outcome(counts: Mapping[str, Any]) -> list[Any]:
    names = ("checkpoint", "source", "batch", *COLUMNS, "by_reason")
    return [[row.get(name) for name in names] for row in counts["rows"]]


def _table(counts: Mapping[str, Any]) -> Iterator[str]:
    """Films of each source and batch, and how many each reviewer has decided on."""
    reviewers = sorted({name for row in counts["rows"] for name in row["decided_by"]})
    lines = [("films", [*COLUMNS, *(f"by {name}" for name in reviewers)])]
    for row in counts["rows"]:
        name = title_of_row(row, "{}, {}")
        numbers = [row[column] for column in COLUMNS] + [
            row["decided_by"][reviewer] for reviewer in reviewers
        ]
        lines.append((name, [f"{number:,}" for number in numbers]))
    totals = [counts["total"][column] for column in COLUMNS]
    totals += [sum(row["decided_by"][name] for row in counts["rows"]) for name in reviewers]
    lines.append(("all", [f"{number:,}" for number in totals]))
    widths = [max(map(len, column)) for column in zip(*(cells for _, cells in lines), strict=True)]
    longest = max(len(name) for name, _ in lines)
    for name, cells in lines:
        yield name.ljust(longest) + "".join(
            cell.rjust(width + 3) for cell, width in zip(cells, widths, strict=True)
        )


def _agreement(agreement: Mapping[str, Any] | None, unit: str) -> Iterator[str]:
    if agreement:
        kappa = "undefined" if agreement["kappa"] is None else f"{agreement['kappa']:.2f}"
        yield (
            f"agreement  {agreement['statistic']} {kappa}; {100 * agreement['agree']:.1f} %"
            f" of pairs agree, {agreement[unit]:,} {unit}, {agreement['reviewers']} reviewers"
        )


def text_of(status: Status) -> str:
    """The status for people."""
    counts, audit, release = status["counts"], status["audit"], status["release"]
    lines = []
    if status["source"]:
        lines += [
            f"source     {status['source']['films']:,} films, {_patients(status['source'])}"
            f"{_control(status['source'])}",
            "",
        ]
    if status["burned_in"]:
        looked = status["burned_in"]
        lines += [
            f"text       {person}: {films['films']:,} real film(s) looked at,"
            f" {films['with_text']:,} with text"
            for person, films in looked["people"].items()
        ]
        lines += [f"text       {looked['sentence']}", ""]
    if status["landmarks"]:
        asked = status["landmarks"]
        lines += [
            f"landmarks  {person}: placed on {films:,} of {asked['films']:,} film(s)"
            for person, films in asked["people"].items()
        ]
        waiting = (
            f"{asked['waiting']:,} of {asked['films']:,} film(s) wait for"
            f" {asked['required']:,} reader(s)"
        )
        lines += [f"landmarks  {waiting if asked['films'] else f'not measurable: {NO_FACING}'}", ""]
    if status["facing"]:
        faced = status["facing"]
        lines += [
            f"facing     left {faced['left']:,}, right and mirrored {faced['right']:,},"
            f" unknown {faced['unknown']:,}; {faced['said']:,} as reviewers say",
            "",
        ]
    if counts:
        lines += [*_table(counts), "", *_agreement(counts["review"]["agreement"], "films")]
        lines += (f"screening  {sentence}" for sentence in person_lines(counts["people"]))
        if counts["review"]["sentence"]:
            lines.append(f"screening  {counts['review']['sentence']}")
    if audit:
        lines += _agreement(audit["agreement"], "pairs")
    lines += text_of_team(status["team"])
    states = [f"{name.replace('_', ' ')} {state}" for name, state in status["reviews"].items()]
    lines.append(f"reviews    {', '.join(states)}")
    lines += [f"to do      {sentence}" for sentence in status["holds_back"]]
    lines += [f"note       {sentence}" for sentence in status["notes"]]
    if release:
        name = f"{release['name']} {release['version']}"
        released = release["counts"]["total"]["released"]
        lines += [
            f"dataset    {name}: {released:,} films in {release['folder']}",
            f"to open    from datasets import load_dataset; films = {release['open']}",
        ]
    return "\n".join(lines)
