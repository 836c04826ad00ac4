"""Readers' answers from the study page and from elsewhere: collected blinded, then unblinded."""

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
from cxr_release.reader_study.formatting import same_answers
from cxr_release.reader_study.kit import Kit, open_kit
from cxr_release.reader_study.ratings import Rating, identical
from cxr_release.reader_study.responses import read_csv
from cxr_release.reader_study.study_checks import faults_of

CSV = ".csv"
ANSWERED = ("quartet", "image", "source", "rating", "identified_as_real")
"""What a row says, without the reader's name."""


@dataclass(frozen=True)
class Collected:
    """What came back so far, still blinded."""

    ratings: list[Rating]
    """A row a film and reader, of readers who have finished; a source where the file has it."""
    unfinished: list[int]
    """Of each reader who has begun and not finished: quartets answered, most first."""
    seconds: list[float]
    """For which each page was in view, of readers who have finished on the study page."""

    @property
    def readers(self) -> list[str]:
        """Who has finished."""
        return sorted({row.rater for row in self.ratings})

    @property
    def identical(self) -> list[str]:
        """Which of them gave the same answers throughout, a sentence for each group."""
        quartets = len({row.quartet for row in self.ratings})
        blinded = (replace(row, source=None) for row in self.ratings)
        answers = {reader: frozenset(rows) for reader, rows in _answers(blinded).items()}
        return [same_answers(group, quartets) for group in identical(answers)]


def collect(folder: Path, kit: Kit) -> Collected:
    """Read everything that readers have answered. The key is not needed.

    Args:
        folder: logs of the study page (`.jsonl`), and tidy CSV from elsewhere, which is finished.
        kit: what they were shown.

    Raises:
        ReaderStudyError: with every fault of every file, each with its line.
        DecisionError: a log does not verify.
    """
    logs = read_all(ANSWER, folder, beside={CSV})
    faults = [*foreign(logs, kit)]
    rows: list[Rating] = []
    for path in sorted(folder.glob(f"*{CSV}")):
        if not path.name.startswith("."):  # what editors and file managers leave
            ratings, file_faults = read_csv(path, blinded=True)
            rows += ratings
            faults += file_faults
    effective = {reader: effective_of(answers) for reader, answers in logs.items()}
    unfinished = {name for name, given in effective.items() if given.keys() != kit.quartets.keys()}
    for answers in effective.values():
        rows += [row for answer in answers.values() for row in _ratings(answer)]
    if rows and not faults:
        films = {(film.quartet, film.name) for film in kit.films}
        faults = faults_of(rows, films, unfinished)
    if faults:
        raise _refused(folder, faults)
    begun = (len(effective[reader]) for reader in unfinished)
    done = (effective[reader].values() for reader in effective.keys() - unfinished)
    return Collected(
        ratings=[row for row in rows if row.rater not in unfinished],
        unfinished=sorted((number for number in begun if number), reverse=True),
        seconds=sorted(float(answer.seconds) for answers in done for answer in answers),
    )


def unblind(ratings: Sequence[Rating], sources: Mapping[str, str]) -> list[dict[str, Any]]:
    """The ratings with their films' sources, and readers without names.

    Who is `rater-1` follows from what was answered, and not from who did.

    Args:
        ratings: as `collect` found them.
        sources: name of a film in the kit → its source.

    Returns:
        Rows of `schemas.RESPONSES`, sorted.

    Raises:
        ReaderStudyError: a file says another source than the key, with each line.
    """
    faults = [
        Fault(f"{row.file}: line {row.line}", f"the source of {row.image} is not {row.source}")
        for row in ratings
        if row.source not in {None, sources[row.image]}
    ]
    rows = [replace(row, source=sources[row.image]) for row in ratings]
    if rows and not faults:
        faults = faults_of(rows)
    if faults:
        raise _refused(None, faults)
    by_reader = _answers(rows).values()
    answers = sorted((sorted(values, key=repr) for values in by_reader), key=_digest)
    width = len(str(len(answers)))
    anonymous = [
        {"rater": f"rater-{number:0{width}}", **dict(zip(ANSWERED, row, strict=True))}
        for number, values in enumerate(answers, start=1)
        for row in values
    ]
    return sorted(anonymous, key=lambda row: (row["rater"], row["quartet"], row["image"]))


def _answers(rows: Iterable[Rating]) -> dict[str, list[tuple[object, ...]]]:
    """Reader → rows as `ANSWERED`."""
    answers: dict[str, list[tuple[object, ...]]] = defaultdict(list)
    for row in rows:
        answers[row.rater].append(tuple(getattr(row, name) for name in ANSWERED))
    return answers


def _digest(answers: Sequence[object]) -> str:
    return hashlib.sha256(repr(answers).encode()).hexdigest()


def _refused(folder: Path | None, faults: Iterable[Fault]) -> ReaderStudyError:
    unique = sorted(set(faults))
    where = str(folder) if folder else ""
    return ReaderStudyError(f"{len(unique)} fault(s)", where=where, faults=unique)


def _ratings(answer: Answer) -> Iterator[Rating]:
    for film, rating in answer.rated.items():
        yield Rating(
            file=f"{answer.reviewer}.jsonl",
            line=answer.seq,
            rater=answer.reviewer,
            quartet=answer.about,
            image=film,
            source=None,
            rating=rating,
            identified_as_real=film == answer.picked,
        )


def foreign(logs: Mapping[str, Sequence[Answer]], kit: Kit) -> Iterator[Fault]:
    """Answers, by reader, on other films than the kit's."""
    for answer in (answer for answers in logs.values() for answer in answers):
        names = {film.name for film in kit.quartets.get(answer.about, ())}
        same_films = kit.fingerprints.get(answer.about) == answer.quartet_sha256
        if not same_films or names != answer.rated.keys():
            yield Fault(
                f"{answer.reviewer}.jsonl: line {answer.seq}",
                "is an answer on other films than the kit holds",
                "run `dvc repro quartets`; if this is a new study, move this log away",
            )


def about_quartets(kit: Path) -> Callable[[Mapping[str, Sequence[Answer]]], list[Fault]]:
    """What is wrong with answers, reader → lines; by log and line."""
    return lambda logs: [*foreign(logs, open_kit(kit))] if logs and kit.exists() else []
