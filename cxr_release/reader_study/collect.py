"""Readers' answers, from our own page and from elsewhere: gathered blinded, then unblinded.

Whether the logs of answers are what was written, and about the films of the kit.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cxr_release.errors import Fault, ReaderStudyError
from cxr_release.logbook.entry import effective_of
from cxr_release.logbook.logs import read_all
from cxr_release.reader_study.answer import ANSWER, Answer
from cxr_release.reader_study.formatting import said_alike
from cxr_release.reader_study.kit import Kit, open_kit
from cxr_release.reader_study.ratings import alike
from cxr_release.reader_study.responses import Rated, faults_of, read_csv
from cxr_release.spelling import one_person, spellings

CSV = ".csv"
SHOWN_FAULTS = 10
"""Quartets that a fault names at most."""


@dataclass(frozen=True)
class Gathered:
    """What came back so far, still blinded."""

    rated: list[Rated]
    """A row a film and reader, of readers who have finished; a source where the file has it."""
    unfinished: list[int]
    """Of each reader who has begun and not finished: quartets answered, most first."""
    seconds: list[float]
    """For which each page was in view, of readers who have finished on our own page."""

    @property
    def readers(self) -> list[str]:
        """Who has finished."""
        return sorted({row.rater for row in self.rated})

    @property
    def alike(self) -> list[str]:
        """Which of them gave the same answers throughout, a sentence for each group."""
        said: dict[str, set[tuple[object, ...]]] = defaultdict(set)
        for row in self.rated:
            said[row.rater].add((row.quartet, row.image, row.rating, row.identified_as_real))
        quartets = len({row.quartet for row in self.rated})
        groups = alike({rater: frozenset(answers) for rater, answers in said.items()})
        return [said_alike(group, quartets) for group in groups]


def gather(folder: Path, kit: Kit) -> Gathered:
    """Read everything that readers have answered. The key is not needed.

    Args:
        folder: logs of our own page (`.jsonl`), and tidy CSV from elsewhere.
        kit: what they were shown.

    Raises:
        ReaderStudyError: with every fault of every file, each with its line.
        DecisionError: a log does not verify.
    """
    logs = read_all(ANSWER, folder, beside={CSV})
    faults = [fault for answers in logs.values() for fault in foreign(answers, kit)]
    tables: dict[str, list[Rated]] = {}
    for path in sorted(folder.glob(f"*{CSV}")):
        if path.name.startswith("."):  # what editors and file managers leave
            continue
        rated, wrong = read_csv(path, blinded=True)
        faults += [*wrong, *_strange(rated, kit)]
        tables[path.name] = rated
    faults += _twice(tables, logs)
    if not faults:
        rows = [row for rated in tables.values() for row in rated]
        faults = [*_missing(tables, kit), *(faults_of(rows) if rows else [])]
    if faults:
        raise refused(folder, faults)
    standing = {reader: effective_of(answers) for reader, answers in logs.items()}
    done = {reader for reader, said in standing.items() if said.keys() == kit.quartets.keys()}
    ours = [row for reader in sorted(done) for row in _rated(standing[reader].values())]
    return Gathered(
        rated=[*(row for rated in tables.values() for row in rated), *ours],
        unfinished=sorted(
            (len(said) for reader, said in standing.items() if said and reader not in done),
            reverse=True,
        ),
        seconds=sorted(
            float(answer.seconds) for reader in done for answer in standing[reader].values()
        ),
    )


def unblind(rated: Sequence[Rated], sources: Mapping[str, str]) -> list[dict[str, Any]]:
    """The ratings with their films' sources, and raters without names.

    Who is `rater-1` follows from what was answered, and not from who did.

    Args:
        rated: as `gather` found them.
        sources: name of a film in the kit → its source.

    Returns:
        Rows of `schemas.RESPONSES`, sorted.

    Raises:
        ReaderStudyError: a file says another source than the key, with each line.
    """
    faults = [
        Fault(row.where, f"the source of {row.image} is not {row.source}")
        for row in rated
        if row.source not in {None, sources[row.image]}
    ]
    if faults:
        raise refused(None, faults)
    rows = [replace(row, source=sources[row.image]) for row in rated]
    faults = faults_of(rows) if rows else []
    if faults:
        raise refused(None, faults)
    answers: dict[str, list[tuple[object, ...]]] = defaultdict(list)
    columns = ("quartet", "image", "source", "rating", "identified_as_real")
    for row in rows:
        answers[row.rater].append(tuple(getattr(row, name) for name in columns))
    in_order = sorted((sorted(one, key=repr) for one in answers.values()), key=_digest)
    width = len(str(len(in_order)))
    named = [
        {"rater": f"rater-{number:0{width}}", **dict(zip(columns, row, strict=True))}
        for number, one in enumerate(in_order, start=1)
        for row in one
    ]
    return sorted(named, key=lambda row: (row["rater"], row["quartet"], row["image"]))


def foreign(answers: Iterable[Answer], kit: Kit) -> Iterator[Fault]:
    """Answers on other films than the kit's."""
    for one in answers:
        names = {film.name for film in kit.quartets.get(one.about, ())}
        if kit.fingerprints.get(one.about) != one.quartet_sha256 or names != set(one.rated):
            yield Fault(
                f"{one.reviewer}.jsonl: line {one.seq}",
                "is an answer on other films than the kit holds",
                "run `dvc repro quartets`; if the study is another one now, move this log away",
            )


def refused(folder: Path | None, faults: Iterable[Fault]) -> ReaderStudyError:
    """The error that names faults, each once."""
    named = sorted(set(faults))
    where = str(folder) if folder else ""
    return ReaderStudyError(f"{len(named)} fault(s)", where=where, faults=named)


def _strange(rated: Iterable[Rated], kit: Kit) -> Iterator[Fault]:
    """Ratings of films that are not in the kit."""
    places = {(film.quartet, film.name) for film in kit.films}
    for row in rated:
        if (row.quartet, row.image) not in places:
            yield Fault(row.where, f"{row.image} is not in quartet {row.quartet} of the kit")


def _rated(answers: Iterable[Answer]) -> Iterator[Rated]:
    for one in answers:
        for film, rating in one.rated.items():
            yield Rated(
                where=f"{one.reviewer}.jsonl: line {one.seq}",
                rater=one.reviewer,
                quartet=one.about,
                image=film,
                source=None,
                rating=rating,
                identified_as_real=film == one.picked,
            )


def _twice(tables: Mapping[str, Sequence[Rated]], logs: Iterable[str]) -> Iterator[Fault]:
    """Readers whose answers stand in two files, under one spelling of their name or several."""
    files: dict[str, list[str]] = defaultdict(list)
    for reader in logs:
        files[reader].append(f"{reader}.jsonl")
    for name, rated in tables.items():
        for reader in sorted({row.rater for row in rated}):
            files[reader].append(name)
    for group in spellings(files):
        where = " and ".join(sorted({name for reader in group for name in files[reader]}))
        remedy = "write one reader in one way, and two in ways that differ more"
        yield Fault(where, one_person(group, "reader"), remedy)
    for reader, names in sorted(files.items()):
        if len(names) > 1:
            remedy = "keep each reader's answers in one file"
            yield Fault(" and ".join(names), f"hold answers of {reader}", remedy)


def _missing(tables: Mapping[str, Sequence[Rated]], kit: Kit) -> Iterator[Fault]:
    """Readers of a CSV who have not answered every quartet: such a file is finished or wrong."""
    for name, rated in tables.items():
        answered: dict[str, set[int]] = defaultdict(set)
        for row in rated:
            answered[row.rater].add(row.quartet)
        for reader, quartets in sorted(answered.items()):
            lacking = sorted(kit.quartets.keys() - quartets)
            if lacking:
                some = ", ".join(map(str, lacking[:SHOWN_FAULTS]))
                more = ", …" if len(lacking) > SHOWN_FAULTS else ""
                yield Fault(name, f"rater {reader} has not answered quartet(s) {some}{more}")


def _digest(answers: Sequence[object]) -> str:
    return hashlib.sha256(repr(answers).encode()).hexdigest()


def about_quartets(kit: Path) -> Callable[[Mapping[str, Sequence[Answer]]], list[Fault]]:
    """What is wrong with answers, reader → lines; by log and line."""

    def faults(lines: Mapping[str, Sequence[Answer]]) -> list[Fault]:
        if not lines or not kit.exists():
            return []
        given = open_kit(kit)
        return [fault for answers in lines.values() for fault in foreign(answers, given)]

    return faults
