"""The blinded study as a Qualtrics survey: a survey file, the films, and how to use them.

Opens the kit and never the key.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cxr_release import schemas, tables
from cxr_release.errors import ReaderStudyError
from cxr_release.files import whole_folder
from cxr_release.films import png
from cxr_release.reader_study.kit import Kit, open_kit, serve
from cxr_release.reader_study.qualtrics.survey import (
    KIT_FIELD,
    MAX_FILMS,
    READER,
    mark_of,
    survey_of,
)

SURVEY, IMAGES, README = "survey.txt", "images", "README.txt"
WRITTEN_AT = 315_619_200
"""1980-01-02 UTC: one time for every file, so that none tells. Zip archives know none before
1980-01-01 in local time."""

_URL = re.compile(r"[A-Za-z0-9._~:/!$&'()*+,;=%-]{1,2000}")


def export_qualtrics(
    kit: Path, served: Path, output: Path, *, image_url: str, title: str, going_back: bool
) -> dict[str, Any]:
    """Write `survey.txt`, the folder `images` and `README.txt`, whole or not at all.

    From then on the quartets stay as they are: the kit is recorded as handed out.

    Args:
        kit: `schemas.KIT`.
        served: the record of the kit that readers got; see `kit.serve`.
        output: folder; one that an earlier export wrote is replaced.
        image_url: http(s) address of the folder in which the readers' browsers find the films.
        title: heading of the first page.
        going_back: whether readers may go back to earlier pages.

    Returns:
        `quartets`, `images` (how many of each) and `files` (paths below `output`).

    Raises:
        ReaderStudyError: the address, the title or the folder cannot be taken, readers were given
            other quartets, or the films' files tell them apart.
        TableError: the kit is missing or breaks its schema.
    """
    url = _checked_url(image_url)
    if not 1 <= len(title.strip()) <= 200 or not title.isprintable():
        raise ReaderStudyError(
            "is not a heading of 1 to 200 characters in one line", where=f"title {title[:40]!r}"
        )
    blinded = open_kit(kit)
    most = max(map(len, blinded.quartets.values()))
    if most > MAX_FILMS:
        raise ReaderStudyError(
            f"has {most} films in a quartet; a survey has letters for {MAX_FILMS}", where=str(kit)
        )
    survey = survey_of(blinded, image_url=url, title=title.strip(), going_back=going_back)
    readme = _readme(blinded, url, going_back=going_back)
    try:
        _check_folder(output)
        with whole_folder(output.absolute()) as folder:
            _write_films(kit, blinded, folder / IMAGES)
            for name, text in ((SURVEY, survey), (README, readme)):
                (folder / name).write_text(text, encoding="utf-8", newline="\n")
            for path in [*folder.rglob("*"), folder]:
                os.utime(path, (WRITTEN_AT, WRITTEN_AT))
            # Recorded before the folder is there, and not for a kit that cannot be exported.
            serve(blinded, served)
    except OSError as error:
        raise ReaderStudyError(f"cannot be written: {error.strerror}", where=str(output)) from error
    films = sorted(f"{IMAGES}/{film.name}.png" for film in blinded.films)
    return {
        "quartets": len(blinded.quartets),
        "images": len(films),
        "files": [README, *films, SURVEY],
    }


def text_of(written: Mapping[str, Any], output: Path) -> str:
    """What `export_qualtrics` wrote, for people."""
    return (
        f"{written['quartets']:,} quartets, {written['images']:,} films in {output}\n"
        f"{output / README} says how to upload and import them; from now on the quartets stay"
    )


def _checked_url(image_url: str) -> str:
    url = image_url if image_url.endswith("/") else f"{image_url}/"
    try:
        parts = urlsplit(url)
        # Reading a port that is none raises.
        good = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    # Neither "@" (a password would be published), nor "?" and "#" (a file's name comes after it).
    if not good or not _URL.fullmatch(url):
        raise ReaderStudyError(
            "is not the address of a folder of pictures",
            where="image URL",
            remedy="give one such as https://images.example.org/study/, without user, password,"
            " query or fragment, and with other characters percent-encoded",
        )
    return url


def _check_folder(output: Path) -> None:
    """Raise unless nothing is there, an empty folder, or what an earlier export wrote."""
    if not os.path.lexists(output):
        return
    if output.is_symlink() or not output.is_dir():
        raise ReaderStudyError("is not a folder", where=str(output), remedy="give another")
    names = {path.name for path in output.iterdir()}
    if names and not (names == {SURVEY, IMAGES, README} and _is_ours(output)):
        raise ReaderStudyError(
            "holds something other than an earlier export",
            where=str(output),
            remedy="give an empty folder, or one that is not there",
        )


def _is_ours(folder: Path) -> bool:
    survey, images = folder / SURVEY, folder / IMAGES
    if not survey.is_file() or images.is_symlink() or not images.is_dir():
        return False
    with survey.open("rb") as stream:
        head = stream.read(200)
    films = all(re.fullmatch(r"[0-9a-f]{16}\.png", path.name) for path in images.iterdir())
    return films and head.startswith(f"[[AdvancedFormat]]\n\n[[ED:{KIT_FIELD}:".encode())


def _write_films(kit: Path, blinded: Kit, images: Path) -> None:
    images.mkdir()
    known = {film.name: film.sha256 for film in blinded.films}
    sizes = set()
    for row in tables.iterate(kit, schemas.KIT):
        data = row["image"]["bytes"]
        if data is None or known.pop(row["name"], None) != png.sha256(data):
            raise _damaged(kit, "a film does not match its SHA-256")
        sizes.add(len(data))
        (images / f"{row['name']}.png").write_bytes(data)
    if known:
        raise _damaged(kit, "changed while it was read")
    if len(sizes) > 1:
        raise _damaged(kit, "its films' files differ in size, which tells them apart")


def _damaged(kit: Path, problem: str) -> ReaderStudyError:
    return ReaderStudyError(problem, where=str(kit), remedy="run `dvc repro quartets`")


def _readme(kit: Kit, url: str, *, going_back: bool) -> str:
    back = (
        'Survey options: switch the "Back button" on; readers may go back.'
        if going_back
        else 'Survey options: leave the "Back button" off; readers may not go back.'
    )
    return f"""\
Blinded reader study for Qualtrics: {len(kit.quartets)} quartets, {len(kit.films)} films

Nothing in this folder says which films are real. Keep it that way: do not rename the films,
and do not put anything else beside them.

1.  Upload everything in images/, names unchanged, to a web server, so that the films are at
        {url}<name>.png
    and the readers' browsers may load them without a password. (Qualtrics' own library gives each
    picture an address of its own: with it, every address in survey.txt must be replaced.)
2.  In Qualtrics make a blank survey project; then Tools > Import/Export > Import Survey, and
    choose survey.txt.
3.  The file format knows no tags for these, so set them by hand:
    - every question "reader", "q.._real" and "q.._rating": Response requirements > Force response;
    - {back}
    - Survey flow: put the quartets' blocks, without the block "Reader", into a Randomizer, so
      that each reader has an order of his or her own;
    - Survey options > Security: one response a person; anonymize responses, so that neither
      addresses nor places are kept;
    - if you want times: a Timing question in each quartet's block. They are not imported.
    Do not change the questions' names (q07_real ...), the order of films or answers, or the
    embedded data field {KIT_FIELD} = {mark_of(kit)} at the top of the survey flow.
4.  Preview the survey: each page shows all its films, a pick and a rating of each. What you answer
    in a preview is left out later.
5.  Give every reader a code of 1 to 64 letters, digits, ".", "_" or "-" that says nothing about
    him or her, to type into the question "{READER}", and the survey's link.
6.  When all have finished: Data & Analysis > Export & Import > Export Data > CSV, with all fields,
    "Use numeric values" (choice text is read as well), not as a zip archive.
7.  cxr-release study import-qualtrics EXPORT.csv ...
    writes the ratings without any of the personal data of the export.
"""
