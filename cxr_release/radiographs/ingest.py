"""From a source of films to a cohort: one size, one polarity, one facing, one table.

Films are taken twice. The first pass reads and resamples them; then the whole cohort's polarity
and facing are known, and the second pass turns, encodes and writes them.
"""

from __future__ import annotations

import secrets
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from cxr_release.errors import Fault, ParamsError, SourceError
from cxr_release.files import private, write_json
from cxr_release.film_size import Size
from cxr_release.films.facts import Facing, Listing
from cxr_release.films.film_key import KEY_BYTES, FilmKey, may_identify
from cxr_release.films.folder import LEFT_FACING, printable
from cxr_release.films.listing import list_films
from cxr_release.films.patients import PATIENTS
from cxr_release.params.films import PHANTOMS, IngestParams, fit_faults
from cxr_release.partials import PARTIAL, remove, scratch_file, sweep
from cxr_release.pool import WorkerDiedError, fatal_calls, in_order, worker_pool
from cxr_release.radiographs.facing import CohortFacings, find_facings
from cxr_release.radiographs.frame import Frame
from cxr_release.radiographs.ingest_passes import (
    OrientedFilm,
    PixelStore,
    ReadFilm,
    encode_films,
    read_films,
)
from cxr_release.radiographs.ingest_tables import summarise, write_tables
from cxr_release.radiographs.known_facts import OTHERS, KnownFacts, know
from cxr_release.radiographs.phantoms.phantom_source import detail_for, list_phantoms
from cxr_release.radiographs.polarity import find_polarity
from cxr_release.radiographs.resample import SIDE, Thumbnail
from cxr_release.tables import pieces

SUMMARY_FILE = "summary.json"
CHUNK = 8
"""Films that a process gets at a time."""
PHANTOM_ANCHORS = 8
"""Phantoms whose facing is given, as a user would list a few films."""


def ingest(
    source: str | Path,
    output: Path,
    *,
    settings: IngestParams,
    seed: int,
    key: FilmKey | None = None,
    progress: bool = True,
) -> dict[str, Any]:
    """Bring every film of a source into one form.

    Writes into the folder `output`, whole or not at all and for this user alone: `cohort.parquet`
    (8-bit grey PNG of `settings.size`, bone bright, facing left where facing is known),
    `manifest.parquet` (one row for every source file, by its name) and `summary.json`. The same
    source, settings, seed and key give the same bytes.

    Args:
        source: `phantoms`, a folder in the layout of CSXA, or any folder of films.
        output: folder to write into; must not lie in the source.
        settings: size, fit, what to do about bad files.
        seed: root seed; phantoms are drawn from it.
        key: behind the ids of real films; None: a fresh one, which is not kept.
        progress: show bars on stderr.

    Returns:
        What `summary.json` holds.

    Raises:
        SourceError: films are bad and `settings.on_error` is `stop`, or none is good, or a film
            that is listed as facing left does not exist, or films whose millimetres are not of one
            kind are to be brought to one scale. Names every fault; leaves `output` alone.
        ParamsError: the settings do not fit together.
    """
    if faults_of_fit := fit_faults(settings):
        raise ParamsError("do not fit together", where="settings", faults=faults_of_fit)
    frame = Frame.of(settings)
    key = key or FilmKey(secrets.token_bytes(KEY_BYTES))
    with private(output):
        _clean(output)
        listing = _list(source, output, settings, seed, key, progress=progress)
        films = len(listing.films)
        _warn_of_names(listing.stems)
        _tell_passed_over(listing)
        with worker_pool(films) as pool, _store(output, frame.size, films) as store:
            read, small, faults = _read_all(pool, store, listing, frame, progress)
            _report([*listing.faults, *faults], read, str(source), settings, listing.hint)
            frame.require_one_kind(film.facts for film in read)
            read, known = _know(read, listing, settings)
            _tell_left_out(read)
            anchors = _anchors(read, listing)
            oriented, facings, contrary = _orient(read, small, anchors)
            encoded = _encode_all(pool, store, oriented, progress)
            refusals = _refusals(listing, faults)
            write_tables(output, oriented, encoded, refusals, listing.passed_over, frame=frame)
        summary = summarise(
            oriented,
            refused=len(refusals),
            passed_over=len(listing.passed_over),
            unaided=facings.unaided,
            left_facing=anchors,
            contrary=contrary,
            known=known,
            key=None if listing.drawn else key.fingerprint,
        )
        write_json(output / SUMMARY_FILE, summary)
    _warn_of_patients(summary)
    return summary


def _warn_of_names(stems: Sequence[str]) -> None:
    telling = sum(map(may_identify, stems))
    if telling:
        sys.stderr.write(
            f"{telling:,} of {len(stems):,} file names look like names of people or hold dates:"
            " they are kept in the manifest beside the cohort and are not published;"
            " everywhere else films have opaque ids\n"
        )


def _warn_of_patients(summary: dict[str, Any]) -> None:
    without, films = summary["patients_not_stated"], summary["ingested"]
    if without:
        of = "" if without == films else f" for {without:,} of {films:,} films"
        sys.stderr.write(
            f"patients not stated{of}: the audit cannot compare different patients, and the split"
            f" is drawn film by film there; {PATIENTS} beside the films (`file,patient`)"
            " states them\n"
        )


def _clean(output: Path) -> None:
    """Remove what a killed run left."""
    if output.exists() and not output.is_dir():
        raise SourceError("is not a folder to write into", where=str(output))
    sweep(_store_path(output))
    for stale in output.glob(f"*{PARTIAL}"):
        remove(stale)


def _store_path(output: Path) -> Path:
    """The store's path: beside the folder; it is deleted at the end."""
    folder = output.resolve()
    return folder.with_name(f"{folder.name}.films")


@contextmanager
def _store(output: Path, size: Size, films: int) -> Iterator[PixelStore]:
    with scratch_file(_store_path(output)) as path:
        with path.open("r+b") as stream:
            stream.truncate(films * size.pixels)
        yield PixelStore(path, size)


def _list(
    source: str | Path,
    output: Path,
    settings: IngestParams,
    seed: int,
    key: FilmKey,
    *,
    progress: bool,
) -> Listing:
    if source == PHANTOMS:
        return list_phantoms(
            settings.phantoms,
            seed=seed,
            detail=detail_for(settings.film_size),
            borders=settings.phantom_borders,
            facts=settings.facts,
            hardware=settings.phantom_hardware,
        )
    folder = Path(source)
    if output.resolve().is_relative_to(folder.resolve()):
        raise SourceError(
            "lies in the folder of source films", where=str(output), remedy="write elsewhere"
        )
    return list_films(folder, key, facts=settings.facts, dicom=settings.dicom, progress=progress)


def _read_all(
    pool: ProcessPoolExecutor | None,
    store: PixelStore,
    listing: Listing,
    frame: Frame,
    progress: bool,
) -> tuple[list[ReadFilm], Thumbnail, list[Fault]]:
    films = listing.films
    calls = (
        (store, frame, first, films[first : first + CHUNK]) for first in range(0, len(films), CHUNK)
    )
    small = np.empty((len(films), SIDE, SIDE), np.float32)
    read: list[ReadFilm] = []
    faults: list[Fault] = []
    with _bar("reading films", len(films), progress) as bar, _named_crashes(store, frame):
        for chunk in in_order(pool, read_films, calls):
            bar.update(len(chunk))
            for outcome in chunk:
                if isinstance(outcome, Fault):
                    faults.append(outcome)
                else:
                    film, small[len(read)] = outcome
                    read.append(film)
    return read, small[: len(read)], faults


@contextmanager
def _named_crashes(store: PixelStore, frame: Frame) -> Iterator[None]:
    """Name the films that end the process that reads them: each is read once more, alone."""
    try:
        yield
    except WorkerDiedError as error:
        films = [film for *_, chunk in error.calls for film in chunk]
        calls = ((store, frame, 0, [film]) for film in films)
        faults = [
            Fault(films[at].name, "ends the process that reads it", "take it out")
            for at in fatal_calls(read_films, calls)
        ]
        if not faults:
            raise
        raise SourceError(f"{len(faults)} film(s) cannot be read", faults=faults) from error


def _report(
    faults: list[Fault], read: list[ReadFilm], source: str, settings: IngestParams, hint: str
) -> None:
    """Stop at bad files, or report them and go on with the rest."""
    if not faults:
        return
    remedy = "mend them, take them out, or set ingest.on_error to skip"
    error = SourceError(
        f"{len(faults)} fault(s) in the source films",
        where=source,
        remedy=f"{remedy}; {hint}" if hint else remedy,
        faults=sorted(faults),
    )
    if settings.on_error == "stop" or not read:
        raise error
    sys.stderr.write(f"skipped: {error}\n")


def _know(
    read: list[ReadFilm], listing: Listing, settings: IngestParams
) -> tuple[list[ReadFilm], KnownFacts]:
    """The films with all that is known of them and may be kept; say what may not."""
    further = [printable(name) for name in listing.columns if name not in settings.facts]
    if further:
        sys.stderr.write(
            f"{PATIENTS}: not taken in, since ingest.facts does not name them:"
            f" {', '.join(further)}\n"
        )
    names = [listing.films[film.slot].name for film in read]
    facts, known = know(
        [film.facts for film in read],
        [listing.stated.get(name, {}) for name in names],
        kinds=settings.facts,
        columns=listing.columns,
        least=settings.least_patients,
    )
    rare = [
        f"  {column.name}: {_values(count)} {fate}"
        for column in known.columns
        for count, fate in (
            (column.merged, f"put together as `{OTHERS}`"),
            (column.left_out, "left out"),
        )
        if count
    ]
    if rare:
        head = f"values of fewer than {settings.least_patients} {known.unit}s are not kept:"
        sys.stderr.write("\n".join([head, *rare]) + "\n")
    return [replace(film, facts=of) for film, of in zip(read, facts, strict=True)], known


def _values(count: int) -> str:
    return f"{count:,} value{'s' * (count != 1)}"


def _tell_passed_over(listing: Listing) -> None:
    """Report how many files are not among the films that were asked for, by reason."""
    if listing.passed_over:
        reasons = Counter(listing.passed_over.values()).most_common()
        lines = [f"  {count:,}: {reason}" for reason, count in reasons]
        head = f"passed over, and named in the manifest: {len(listing.passed_over):,} file(s)"
        sys.stderr.write("\n".join([head, *lines]) + "\n")


def _tell_left_out(read: list[ReadFilm]) -> None:
    """Report annotations that could not be used; their films are ingested."""
    lines = [
        f"  {film.facts.source_file}: {reason}" for film in read for reason in film.facts.left_out
    ]
    if lines:
        films = sum(bool(film.facts.left_out) for film in read)
        head = f"ingested without some of their annotations: {films} film(s)"
        sys.stderr.write("\n".join([head, *lines]) + "\n")


def _anchors(read: list[ReadFilm], listing: Listing) -> list[int]:
    """Indices of the films that are known to face left."""
    if listing.left_facing:
        # A marked film may have been refused; the others are enough.
        marked = [
            at for at, film in enumerate(read) if film.facts.source_file in listing.left_facing
        ]
        if not marked:
            raise SourceError(
                "names only films that were refused",
                where=LEFT_FACING,
                remedy="name others, or mend one of them",
            )
        return marked
    left = (at for at, film in enumerate(read) if film.facts.true_facing == "left")
    return list(islice(left, PHANTOM_ANCHORS)) if listing.drawn else []


def _orient(
    read: list[ReadFilm], small: Thumbnail, anchors: Sequence[int]
) -> tuple[list[OrientedFilm], CohortFacings, int]:
    """The films with their polarity and facing, and how many look otherwise than stated."""
    polarity = find_polarity(small, [film.facts.header.negative for film in read])
    _warn_of_polarity([film.facts.source_file for film in read], polarity.contrary)
    small *= np.where(polarity.negatives, np.float32(-1), np.float32(1))[:, None, None]
    unknown: list[Facing | None] = [None] * len(read)
    facings = find_facings(small, anchors) if anchors else CohortFacings(unknown, unknown, [])
    _warn_of_facings([film.facts.source_file for film in read], anchors, facings)
    oriented = [
        OrientedFilm(film.slot, film.facts, film.placed, bool(negative), facing)
        for film, negative, facing in zip(read, polarity.negatives, facings.facings, strict=True)
    ]
    return oriented, facings, len(polarity.contrary)


def _warn_of_polarity(names: list[str], contrary: Sequence[int]) -> None:
    """Name the films whose looks are not what their files state."""
    if contrary:
        named = ", ".join(names[index] for index in contrary)
        sys.stderr.write(
            f"bright or dark bone otherwise than their files state, by their looks: {named}; they"
            " are taken as stated: look at them\n"
        )


def _warn_of_facings(names: list[str], anchors: Sequence[int], facings: CohortFacings) -> None:
    """Say which listed films look otherwise, and where listing films was of no use."""
    if facings.contrary:
        contrary = ", ".join(names[index] for index in facings.contrary)
        sys.stderr.write(
            f"listed as facing left, but facing right by their looks: {contrary}; they stay as"
            " listed: look at them\n"
        )
    if anchors and not any(facings.unaided) and len(names) > len(set(anchors)):
        sys.stderr.write(
            "which way the other films face could not be found: nothing but the films listed as"
            " facing left has a known facing\n"
        )


def _encode_all(
    pool: ProcessPoolExecutor | None,
    store: PixelStore,
    films: list[OrientedFilm],
    progress: bool,
) -> Iterator[dict[str, Any]]:
    calls = ((store, chunk) for chunk in pieces(films, CHUNK))
    with _bar("writing films", len(films), progress) as bar:
        for chunk in in_order(pool, encode_films, calls):
            bar.update(len(chunk))
            yield from chunk


def _refusals(listing: Listing, faults: list[Fault]) -> dict[str, str]:
    """Name of every file that was refused → why."""
    reasons: dict[str, list[str]] = {name: [] for name in listing.refused}
    for fault in faults:
        reasons[fault.where] = []
    for fault in (*listing.faults, *faults):
        if fault.where in reasons:
            reasons[fault.where].append(fault.what)
    return {name: "; ".join(reasons[name]) for name in sorted(reasons)}


def _bar(task: str, films: int, progress: bool) -> tqdm[Any]:
    shown = None if progress else True  # None: on terminals alone
    return tqdm(total=films, desc=task, unit="film", disable=shown, file=sys.stderr)
