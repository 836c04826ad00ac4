"""Opaque ids, by which real films and their patients are named wherever others could read it.

An id is HMAC-SHA256 of the file's name (of a DICOM film, of its SOP Instance UID), or of the
patient's key, under 32 random bytes that are never published. With the key the film of an id can be
found; without it an id says nothing, and names or films cannot be tried against it. Phantoms are
public: their ids need no key.

File names that seem to identify a patient are guessed at, for a warning.
"""

from __future__ import annotations

import errno
import hmac
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from cxr_release.errors import SourceError
from cxr_release.files import read_bounded, read_json, write_once
from cxr_release.films.patients import canonical

KEY_BYTES = 32
ID_DIGITS = 16
"""Hex digits of an id: 64 bits, so that 100,000 films meet by chance once in 4 billion cohorts."""
REAL_ID = re.compile(rf"film-[0-9a-f]{{{ID_DIGITS}}}")
PHANTOM_ID = re.compile(r"phantom-\d+")

_KEY = re.compile(rb"([0-9a-f]{%d})\n?" % (2 * KEY_BYTES))
_FINGERPRINT = re.compile(rb"([0-9a-f]{64})\n?")
_REAL_IDS = re.compile(rb'"real_id": ?"((?:[^"\\]|\\.)*)"')
_LOG_BYTES = 2**28
"""Bytes of a log that are looked at: more than the verdicts of any group of reviewers."""


class FilmKey:
    """The key behind the ids.

    Args:
        secret: `KEY_BYTES` random bytes.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def film(self, name: str) -> str:
        """Id of a film, from the name of its file: the same for the same name."""
        return f"film-{self._digest(name)[:ID_DIGITS]}"

    def patient(self, key: str) -> str:
        """Id of a patient, from the stated key; its spelling (see `canonical`) does not matter."""
        return f"patient-{self._digest('patient', canonical(key))[:ID_DIGITS]}"

    def dicom_film(self, uid: str) -> str:
        """Id of a DICOM film, from its SOP Instance UID."""
        return f"film-{self._digest('dicom', uid)[:ID_DIGITS]}"

    def dicom_patient(self, issuer: str, key: str) -> str:
        """Id of a patient, from a Patient ID and who issued it; spelling does not matter."""
        parts = canonical(issuer), canonical(key)
        return f"patient-{self._digest('dicom patient', *parts)[:ID_DIGITS]}"

    def place(self, path: str) -> str:
        """64 hex digits from a path, by which files are put into an order that says nothing."""
        return self._digest("place", path)

    def pixels(self, pixel_sha256: str) -> str:
        """HMAC of a film's pixels, 64 hex digits, from the SHA-256 of them."""
        return self._digest("pixels", pixel_sha256)

    def content(self, sha256: str) -> str:
        """HMAC of what a film's file holds, 64 hex digits, from the SHA-256 of its bytes."""
        return self._digest("content", sha256)

    @property
    def fingerprint(self) -> str:
        """64 hex digits that identify the key without revealing it."""
        return self._digest("fingerprint", "")

    def _digest(self, *parts: str) -> str:
        # No file's name holds a NUL, so that other inputs never collide with a film's name.
        text = "\0".join(parts).encode("utf-8", "surrogateescape")
        return hmac.digest(self._secret, text, "sha256").hex()


def keep_key(path: Path) -> FilmKey:
    """The key that a file keeps, for its owner alone; a fresh one where there is no file.

    Raises:
        SourceError: the file holds something else, or cannot be written.
    """
    if not os.path.lexists(path):
        _write(path, secrets.token_hex(KEY_BYTES))
    key = read_key(path)
    path.chmod(0o600)
    return key


def read_key(path: Path) -> FilmKey:
    """The key that a file holds.

    Raises:
        SourceError: there is none, or the file holds something else.
    """
    match = _KEY.fullmatch(_small(path))
    if not match:
        raise SourceError("is not a key of films", where=str(path), remedy=_RESTORE)
    return FilmKey(bytes.fromhex(match[1].decode()))


def open_key(
    path: Path, *, cohort: Path, fingerprint: Path, verdicts: Path, clearances: Path | None = None
) -> FilmKey:
    """The key by which films are named; a fresh one where nothing was ever named by a key.

    It is on disk, for its owner alone, when this returns, and so is its fingerprint.

    Args:
        path: file of the key.
        cohort: folder of the cohort, whose summary names its key by the fingerprint.
        fingerprint: file of the key's fingerprint, which git may hold.
        verdicts: folder of reviewers' verdicts on pairs, which name real films.
        clearances: folder of reviewers' decisions on burned-in text, which name them likewise.

    Raises:
        SourceError: films were named by another key than this one: with a new key the films of
            the verdicts could not be found.
    """
    logs = [verdicts] if clearances is None else [verdicts, clearances]
    named = list(_names(cohort, fingerprint, logs))
    if named and not os.path.lexists(path):
        raise SourceError(
            f"is missing, and {named[0][0]} names films by it", where=str(path), remedy=_RESTORE
        )
    key = keep_key(path)
    source = next((where for where, stated in named if stated not in (None, key.fingerprint)), None)
    if source:
        raise SourceError(
            f"is not the key by which {source} names films",
            where=str(path),
            remedy=_RESTORE,
        )
    if not os.path.lexists(fingerprint):
        _write(fingerprint, key.fingerprint, mode=0o644)
    return key


_RESTORE = (
    "restore the key from where you keep it; to start again without the reviewers' verdicts, move"
    " data/film-key, data/film-key-fingerprint, data/cohort, data/reviews/audit/*.jsonl and"
    " data/reviews/burned-in/*.jsonl away"
)


def _names(
    cohort: Path, fingerprint: Path, folders: Sequence[Path]
) -> Iterator[tuple[str, str | None]]:
    """What names films by a key: its place, and the key's fingerprint where it is stated."""
    if os.path.lexists(fingerprint):
        match = _FINGERPRINT.fullmatch(_small(fingerprint))
        if not match:
            raise SourceError(
                "is not a key's fingerprint",
                where=str(fingerprint),
                remedy="restore it from git",
            )
        yield str(fingerprint), match[1].decode()
    summary = cohort / "summary.json"
    if summary.is_file():
        try:
            stated: Any = read_json(summary)
        except (OSError, ValueError, RecursionError):
            stated = None  # A cohort that cannot be read is made anew.
        if isinstance(stated, dict) and isinstance(stated.get("film_key"), str):
            yield str(summary), stated["film_key"]
    for log in (log for folder in folders for log in sorted(folder.glob("*.jsonl"))):
        for name in _real_ids(log):
            if REAL_ID.fullmatch(name):
                yield str(log), None
                break
            if not PHANTOM_ID.fullmatch(name):
                raise SourceError(
                    "names real films by their file names, a form that is no longer read",
                    where=str(log),
                    remedy="move it away and judge the pairs again",
                )


def _real_ids(log: Path) -> Iterator[str]:
    """Names of real films in a log of verdicts, whether or not the log is whole."""
    if log.is_symlink() or not log.is_file():  # the reader of logs refuses what is not one
        return
    with log.open("rb") as stream:
        data = stream.read(_LOG_BYTES)
    for name in _REAL_IDS.findall(data):
        yield name.decode("utf-8", "replace")


def _small(path: Path) -> bytes:
    try:
        return read_bounded(path, 1024)
    except OSError as error:
        if error.errno == errno.EINVAL:  # not a regular file, so not a key
            return b""
        raise SourceError(
            f"cannot be read ({error.strerror})", where=str(path), remedy=_RESTORE
        ) from error


def _write(path: Path, text: str, *, mode: int = 0o600) -> None:
    try:
        write_once(path, f"{text}\n", mode=mode)
    except OSError as error:
        raise SourceError(f"cannot be written ({error.strerror})", where=str(path)) from error


_WORD = re.compile(r"[^\W\d_]+")
_DATE = re.compile(
    r"(?<!\d)(?:"
    r"(?:19|20)\d\d[-_. ]?(?:0[1-9]|1[0-2])[-_. ]?(?:0[1-9]|[12]\d|3[01])"  # 1961-07-24, 19610724
    r"|(?:0[1-9]|[12]\d|3[01])[-_. ]?(?:0[1-9]|1[0-2])[-_. ]?(?:19|20)\d\d"  # 24.07.1961, 24071961
    r")(?!\d)"
)
_NAME = re.compile(r"[^\W\d_]{2,}[ ,._^+-]+[^\W\d_]{2,}")
"""Two words of letters with a separator between them: Mueller_Anna, MUELLER^ANNA."""
PLAIN = frozenset(
    """
    ap bw cervical chest copy cr crop cropped csp csxa ct ddr dicom digital dr dx ex export
    extension film final flexion front frontal grey gray hws id image img inv inverted lat lateral
    left lspine mono neck neg negative new no nr number old orig original pa phantom png pos raw
    real rad radiograph resized right scan series side skull spine study test thorax thumb tif tiff
    view xr xray
    """.split()  # noqa: SIM905 - a list of words is read as one
)
"""Words in the names of films that are not names of people."""


def may_identify(stem: str) -> bool:
    """Whether a file's stem looks like a person's name or holds a date.

    A name is two words of letters, not of `PLAIN`, with a separator between them; a date is one of
    1900 to 2099, year or day first, with separators or without. Both are guesses: a name of one
    word, initials, or a number of a hospital look like nothing here.
    """
    if _DATE.search(stem):
        return True
    return any(
        not any(word.casefold() in PLAIN for word in _WORD.findall(pair)) for pair in _pairs(stem)
    )


def _pairs(stem: str) -> list[str]:
    """Every two neighbouring words with the characters between them."""
    words = list(_WORD.finditer(stem))
    spans = [stem[first.start() : second.end()] for first, second in pairwise(words)]
    return [span for span in spans if _NAME.fullmatch(span)]
