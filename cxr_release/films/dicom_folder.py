"""A folder of DICOM films as archives export them: PATIENT/STUDY/SERIES/IM0001, and a DICOMDIR.

Paths and headers hold patients' names. So a film is named by its SOP Instance UID under the key
(`film_key`), a patient by issuer and Patient ID, and a file is called `dicom-00012`: by its place
in the order of the opaque ids, which says nothing. Which file that is, `find_places` tells whoever
has the key. No message here holds a path or a value of a header, but for the codes that were asked
for.

Beside the films may lie `patients.csv` and `left-facing.txt`, which name files by their path in
the folder. The table then states all patients, whatever the headers say.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from cxr_release.errors import Fault, SourceError
from cxr_release.files import read_bounded
from cxr_release.films.decode import is_film
from cxr_release.films.dicom_file import SNIFFED, is_dicom, open_dataset, silenced, value
from cxr_release.films.dicom_header import ASKED, not_asked_for
from cxr_release.films.facts import Listing
from cxr_release.films.film_key import FilmKey
from cxr_release.films.folder import BESIDE, LEFT_FACING, FilmFile, RealFilm, place_fault, printable
from cxr_release.films.limits import MAX_LEFT_FACING_BYTES
from cxr_release.films.patients import PATIENTS, canonical, no_patient, read_patients
from cxr_release.films.stated_facts import Kind, StatedFacts, read_stated
from cxr_release.params.films import DicomParams

if TYPE_CHECKING:
    from pydicom import Dataset

INDEX = "DICOMDIR"
HINT = "which file a name stands for: cxr-release where NAME"

_READ = (
    "SpecificCharacterSet",
    "SOPClassUID",
    "SOPInstanceUID",
    "PatientID",
    "IssuerOfPatientID",
    "PresentationIntentType",
    *ASKED,
)
_OTHER_PICTURE = (
    "is a PNG, JPEG or TIFF, in a folder of DICOM films",
    "give such films a folder of their own, or take it out",
)
_LINKED = ("is a symbolic link to a folder", "copy the folder itself, or take the link out")
_UID = re.compile(r"[0-9.]{1,64}")


@dataclass(frozen=True)
class _Entry:
    """A file of the folder."""

    path: Path
    inside: str
    """Its path in the folder."""
    uid: str = ""
    """SOP Instance UID; empty of what is not a DICOM film."""
    issuer: str = ""
    patient: str = ""
    """Patient ID; empty where it names nobody."""
    fault: tuple[str, str] = ("", "")
    passed_over: str = ""
    """Why it is not among the films that were asked for."""


def is_dicom_folder(folder: Path) -> bool:
    """Whether any visible file below a folder is DICOM, by its content; or is called DICOMDIR."""
    home = folder.resolve()

    def holds_dicom(path: Path) -> bool:
        try:
            return path.name.upper() == INDEX or is_dicom(_start(path, home))
        except OSError:  # whoever lists the folder says so
            return False

    return any(map(holds_dicom, _files(folder)))


def list_dicom(
    folder: Path,
    key: FilmKey,
    settings: DicomParams,
    *,
    kinds: Mapping[str, Kind] | None = None,
    progress: bool = True,
) -> Listing:
    """List all films below a folder, by opaque ids of that key. Headers are read, no pixels.

    Files of another form, kind, modality, body part, view or side than the settings ask for are
    passed over; what is damaged, or a duplicate, is a fault. `kinds` are the columns of the table
    beside the films that are asked for.

    Raises:
        SourceError: pydicom is missing, no film is asked for, or a file beside the films cannot
            be read.
    """
    silenced()
    entries = _entries(folder, settings, progress)
    names = _named(entries, key)
    films = [entry for entry in entries if not entry.passed_over]
    if not films:
        reasons = Counter(entry.passed_over for entry in entries)
        counts = "; ".join(f"{count:,}: {reason}" for reason, count in reasons.most_common(8))
        raise SourceError(f"holds no film that is asked for ({counts})", where=str(folder))
    faults = [Fault(names[entry.inside], *entry.fault) for entry in films if entry.fault[0]]
    faults += _duplicates(films, names)
    table = folder / PATIENTS
    known = StatedFacts()
    if table.is_symlink() or table.exists():
        stated, of_patients = _tabled(table, entries, names, key)
        known = read_stated(table, set(names), kinds or {})
    else:
        stated, of_patients = _patients(films, names, key)
    faults += [*of_patients, *_not_of_kind(known, names)]
    bad = {fault.where for fault in faults}
    return Listing(
        films=[
            RealFilm(
                file=FilmFile(names[entry.inside], entry.path, ("", "")),
                id=key.dicom_film(entry.uid),
                patient=stated.get(entry.inside),
                stated_patient=None,
                dicom=settings,
            )
            for entry in sorted(films, key=lambda entry: entry.uid)  # the same under any key
            if names[entry.inside] not in bad
        ],
        faults=faults,
        refused=sorted(names[entry.inside] for entry in films if names[entry.inside] in bad),
        left_facing=_left_facing(folder, films, names),
        passed_over={
            names[entry.inside]: entry.passed_over for entry in entries if entry.passed_over
        },
        hint=HINT,
        stated={names[inside]: values for inside, values in known.of.items()},
        columns=known.columns,
    )


def find_places(
    wanted: Sequence[str], folder: Path, key: FilmKey, settings: DicomParams | None
) -> dict[str, str]:
    """Where the files are that `list_dicom` calls by some names. For terminals alone.

    Raises:
        SourceError: pydicom is missing, or a name is not one of a file there.
    """
    entries = _entries(folder, settings or DicomParams(), progress=True)
    names = _named(entries, key)
    paths = {names[entry.inside]: printable(str(entry.path)) for entry in entries}
    unknown = [name for name in wanted if name not in paths]
    if unknown:
        raise SourceError(
            "is not a name of a file in the folder of DICOM films",
            where=unknown[0],
            remedy="names are those of the manifest of the same folder, key and ingest.dicom",
        )
    return {name: paths[name] for name in wanted}


def _files(folder: Path, fail: Callable[[OSError], None] | None = None) -> Iterator[Path]:
    """Visible files below a folder, but those `BESIDE` the films; links to folders, too.

    Args:
        folder: to list.
        fail: called with the error of a folder that cannot be read; None: it is passed over.
    """
    for place, folders, names in os.walk(folder, onerror=fail):
        parent = Path(place)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = [name for name in folders if (parent / name).is_symlink()]
        for name in sorted([*names, *links]):
            if not name.startswith(".") and not (parent == folder and name in BESIDE):
                yield parent / name


def _start(path: Path, home: Path) -> bytes:
    """The first bytes of a file; none of what is not a regular file of the folder.

    Raises:
        OSError: it cannot be read.
    """
    # Opening a named pipe would wait for ever.
    if place_fault(path, home)[0] or not path.is_file():
        return b""
    with path.open("rb") as stream:
        return stream.read(SNIFFED)


def _entries(folder: Path, settings: DicomParams, progress: bool) -> list[_Entry]:
    def unlisted(error: OSError) -> None:
        raise SourceError(
            f"holds a folder that cannot be read ({error.strerror})", where=str(folder)
        ) from None

    home = folder.resolve()
    files = list(_files(folder, unlisted))
    bar = tqdm(
        files,
        desc="reading headers",
        unit="file",
        disable=None if progress else True,
        file=sys.stderr,
    )
    return [_entry(path, folder, home, settings) for path in bar]


def _entry(path: Path, folder: Path, home: Path, settings: DicomParams) -> _Entry:
    entry = _Entry(path, path.relative_to(folder).as_posix())
    fault = _LINKED if path.is_symlink() and path.is_dir() else place_fault(path, home)
    if fault[0]:
        return replace(entry, fault=fault)
    try:
        start = _start(path, home)
        if path.name.upper() == INDEX:  # whatever state it is in, it holds no film
            return replace(entry, passed_over="is not a film: a DICOMDIR, an index of other files")
        if not is_dicom(start):
            # A picture may be a film, or an icon of the viewer on the disc: a person can say.
            other = "" if is_film(start) else "is not a film, in a folder of DICOM films"
            return replace(entry, fault=("", "") if other else _OTHER_PICTURE, passed_over=other)
        with path.open("rb") as stream:
            dataset = open_dataset(stream, _READ)
        return _with_header(entry, dataset, settings)
    except SourceError as error:
        return replace(entry, fault=(error.what, error.remedy))
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or "an element is larger than the memory"
        return replace(entry, fault=(f"cannot be read ({reason})", ""))


def _with_header(entry: _Entry, dataset: Dataset, settings: DicomParams) -> _Entry:
    refusal = not_asked_for(dataset, settings)
    if refusal:
        return replace(entry, passed_over=refusal.what)
    uid, patient, issuer = (
        str(value(dataset, keyword) or "").strip(" \0")
        for keyword in ("SOPInstanceUID", "PatientID", "IssuerOfPatientID")
    )
    if not _UID.fullmatch(uid):
        return replace(entry, fault=("is damaged: it has no SOPInstanceUID", ""))
    return replace(entry, uid=uid, issuer=issuer, patient="" if _nobody(patient) else patient)


def _nobody(patient: str) -> bool:
    """Whether a Patient ID names nobody: it is empty, a placeholder, or of zeros alone."""
    return bool(no_patient(patient)) or canonical(patient).strip("0") == ""


def _named(entries: Sequence[_Entry], key: FilmKey) -> dict[str, str]:
    """Path in the folder → name, numbered in the order of opaque ids."""

    def order(entry: _Entry) -> tuple[str, str]:
        opaque = key.place(entry.inside)
        return (key.dicom_film(entry.uid) if entry.uid else f"not-{opaque}", opaque)

    ordered = sorted(entries, key=order)
    return {entry.inside: f"dicom-{at:05d}" for at, entry in enumerate(ordered, start=1)}


def _duplicates(films: Sequence[_Entry], names: Mapping[str, str]) -> Iterator[Fault]:
    by_uid: dict[str, list[str]] = defaultdict(list)
    for film in films:
        if film.uid:
            by_uid[film.uid].append(names[film.inside])
    for twins in by_uid.values():
        for name in twins if len(twins) > 1 else ():
            others = ", ".join(sorted(twin for twin in twins if twin != name)[:5])
            yield Fault(name, f"has the same SOPInstanceUID as {others}", "take all but one out")


def _patients(
    films: Sequence[_Entry], names: Mapping[str, str], key: FilmKey
) -> tuple[dict[str, str], list[Fault]]:
    """Path in the folder → opaque patient, where stated; and a fault for each that is in doubt."""
    issuers: dict[str, set[str]] = defaultdict(set)
    spelt: dict[tuple[str, str], set[str]] = defaultdict(set)
    for film in films:
        if film.patient:
            issuers[canonical(film.patient)].add(canonical(film.issuer))
            spelt[_whose(film)].add(film.patient)
    stated: dict[str, str] = {}
    faults = []
    for film in films:
        if not film.patient:
            continue
        if len(spelt[_whose(film)]) > 1:
            faults.append(
                Fault(
                    names[film.inside],
                    "has a PatientID that differs from another film's only by case, leading zeros,"
                    " form of Unicode or invisible characters",
                    f"state the patients in {PATIENTS}, by the films' paths in the folder",
                )
            )
        known = issuers[canonical(film.patient)] - {""}
        # Some devices of a hospital leave the issuer out; between two, nothing says which.
        issuer = film.issuer or (next(iter(known)) if len(known) == 1 else "")
        if issuer or not known:
            stated[film.inside] = key.dicom_patient(issuer, film.patient)
    return stated, faults


def _whose(film: _Entry) -> tuple[str, str]:
    return canonical(film.issuer), canonical(film.patient)


def _tabled(
    table: Path, entries: Sequence[_Entry], names: Mapping[str, str], key: FilmKey
) -> tuple[dict[str, str], list[Fault]]:
    """Patients by a table of paths; what is wrong with it, without a word that stands in it.

    Files that are passed over may have rows, and need none.
    """
    problem, remedy = place_fault(table, table.parent.resolve())
    if problem:
        raise SourceError(problem, where=str(table), remedy=remedy)
    keys, faults = read_patients(table, set(names))
    others = {entry.inside for entry in entries if entry.passed_over}
    told = []
    for where in sorted({fault.where for fault in faults} - others):
        what = "names what is not a file of the folder, or is torn"
        if where in names:
            what = f"has no row in {PATIENTS}, several, or a key that does not name one patient"
        told.append(Fault(names.get(where, where), what, "see docs/hospital-films.md"))
    return {inside: key.patient(stated) for inside, stated in keys.items()}, told


def _not_of_kind(known: StatedFacts, names: Mapping[str, str]) -> Iterator[Fault]:
    """Films of which the table states what is not asked for, without a word that stands in it."""
    what = f"has a value in {PATIENTS} that is not of the kind that ingest.facts asks for"
    for where in sorted({fault.where for fault in known.faults}):
        yield Fault(names[where], what, "see docs/facts-of-films.md")


def _left_facing(folder: Path, films: Sequence[_Entry], names: Mapping[str, str]) -> frozenset[str]:
    """Names of the films whose paths `left-facing.txt` lists."""
    path = folder / LEFT_FACING
    if not (path.is_symlink() or path.exists()):
        return frozenset()
    try:
        text = read_bounded(path, MAX_LEFT_FACING_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError:
        raise SourceError("is not UTF-8 text", where=str(path)) from None
    inside = {film.inside for film in films}
    lines = [(at, line.strip()) for at, line in enumerate(text.split("\n"), start=1)]
    lines = [(at, line) for at, line in lines if line and not line.startswith("#")]
    faults = [
        Fault(f"{LEFT_FACING} line {at}", "is not the path of a film in the folder")
        for at, line in lines
        if line not in inside
    ]
    if faults:
        raise SourceError(f"names {len(faults)} unknown film(s)", where=str(path), faults=faults)
    return frozenset(names[line] for _, line in lines)
