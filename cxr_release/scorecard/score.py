"""The score of any three sets of films: what the command writes and prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cxr_release.errors import Fault, SourceError
from cxr_release.files import write_json
from cxr_release.films.film_set import FilmSet, open_films
from cxr_release.films.patients import read_patients
from cxr_release.scorecard.attacks import sentences
from cxr_release.scorecard.privacy import measure_privacy
from cxr_release.scorecard.sets import CONTROL, RELEASED, TRAINED, score_sets
from cxr_release.scorecard.summary import LIMITS, sets_lines, summary_lines, summary_of

SCHEMA = 1
"""Of the report."""
FILE = "scorecard.json"


def score(
    trained: Sequence[Path],
    control: Sequence[Path],
    released: Sequence[Path],
    output: Path,
    *,
    patients: Path | None = None,
) -> dict[str, Any]:
    """Attack a release that was drawn by a generator that learnt from `trained`.

    Args:
        trained: folders of films or image tables; see `film_set.open_films`.
        control: likewise, films of other patients that no run ever saw.
        released: likewise, the synthetic films.
        output: folder for `scorecard.json`; made where it is not there. Nothing in it names a film
            or a patient.
        patients: CSV with `file` (or id) and `patient` of every trained and control film, where no
            `patients.csv` lies beside them.

    Returns:
        What `scorecard.json` holds, and `unreadable`: set → films that could not be read, which it
        does not hold.

    Raises:
        SourceError: a set cannot be opened or has too few films; a patient or a picture is both in
            `trained` and in `control`; or `output` lies among films.
    """
    films = {
        name: open_films(paths, name)
        for name, paths in ((TRAINED, trained), (CONTROL, control), (RELEASED, released))
    }
    for each in films.values():
        each.require_elsewhere(output)
    if patients is not None:
        stated = _stated(patients, [films[TRAINED], films[CONTROL]])
        films |= {
            name: replace(films[name], stated=of)
            for name, of in zip((TRAINED, CONTROL), stated, strict=True)
        }
    sets = score_sets(films[TRAINED], films[CONTROL], films[RELEASED])
    privacy = measure_privacy(sets, films[TRAINED])
    report = {
        "schema": SCHEMA,
        "sets": sets.report(),
        "privacy": privacy.report(),
        "summary": summary_of({"privacy": privacy.scores()}, privacy.why_not),
    }
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / FILE, report)
    return report | {"unreadable": {name: list(each) for name, each in sets.unreadable.items()}}


def text_of(report: Mapping[str, Any]) -> str:
    """A score in words, for a terminal.

    Args:
        report: see `score`.
    """
    return "\n".join(
        [
            *sets_lines(report["sets"]),
            "",
            *sentences.lines(report["privacy"]),
            *summary_lines(report["summary"]),
            LIMITS,
        ]
    )


def require_read(unreadable: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    """Refuse to call a set scored in which a film could not be read.

    Raises:
        SourceError: with every film that could not be read.
    """
    faults = [Fault(film, fault) for films in unreadable.values() for film, fault in films]
    if faults:
        raise SourceError(
            f"{len(faults)} film(s) could not be read and are not in the score",
            remedy="mend them or take them out, and score again",
            faults=faults,
        )


def _stated(table: Path, sets: Sequence[FilmSet]) -> list[dict[str, str]]:
    """Id → patient of the films of each set, out of one table that names files or ids."""
    named: list[dict[str, str]] = []
    for films in sets:
        if films.patients:
            raise SourceError(
                f"states patients of {films.name} films whose own folder or table states them, too",
                where=str(table),
                remedy="leave one of the two out",
            )
        places = {film: place for source in films.sources for film, place in source.places.items()}
        named.append(_by_name(places))
    both = sorted(named[0].keys() & named[1].keys())
    if both:
        raise SourceError(
            f"cannot tell {len(both)} trained film(s) from control films of the same name, such as"
            f" {both[0]}",
            where=str(table),
            remedy="give them different names, or put a patients.csv beside each set of films",
        )
    patients, faults = read_patients(table, {name for names in named for name in names})
    if faults:
        raise SourceError("does not state the films' patients", where=str(table), faults=faults)
    return [
        {names[name]: patient for name, patient in patients.items() if name in names}
        for names in named
    ]


def _by_name(places: Mapping[str, str]) -> dict[str, str]:
    """Name by which a table may call a film → its id: its file's name; its id in an image table."""
    return {
        (Path(place).name if Path(place).stem == film else film): film
        for film, place in places.items()
    }
