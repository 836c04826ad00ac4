"""A folder that a long run fills and finishes, with a record of the run that it belongs to.

`run.json` says for which inputs (a fingerprint) the folder is, and whether it is finished. It
holds no time and no host, so that equal work gives equal folders.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from tqdm import tqdm

from cxr_release.errors import CxrReleaseError
from cxr_release.files import read_json, write_json
from cxr_release.params.project import UNTRAINED
from cxr_release.partials import PARTIAL, remove, scratch_folder, sweep

RECORD = "run.json"


def say(message: str) -> None:
    """Tell the user something on stderr, without breaking a progress bar."""
    tqdm.write(message, file=sys.stderr)


def begin(folder: Path, fingerprint: str, *, keep_unfinished: bool) -> bool:
    """Make `folder` ready for the work of `fingerprint`.

    Work of the same fingerprint is left for the caller to go on with. Finished work of another
    one is deleted. Unfinished work of another one is deleted too, or, with `keep_unfinished`, set
    aside under `<folder>.superseded-<8 hex>`, because it may hold hours of work.

    Returns:
        Whether the work is finished already.

    Raises:
        CxrReleaseError: the folder holds files and no readable `run.json`: they are not deleted.
    """
    sweep(folder)
    record = _read(folder)
    if record is not None:
        recorded, finished = record
        if recorded == fingerprint:
            _sweep(folder)
            return finished
        _clear(folder, recorded, keep=keep_unfinished and not finished)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder, fingerprint, finished=False)
    return False


def leave_untrained(stage: str, folder: Path, fingerprint: str) -> None:
    """Finish a folder without work, and say so: no network is trained in this project.

    See `leave_empty`.
    """
    leave_empty(folder, fingerprint)
    say(f"{stage}: {UNTRAINED}")


def leave_empty(folder: Path, fingerprint: str) -> None:
    """Finish a folder without work, for none is asked for.

    Finished work of before is deleted, unfinished work is set aside; see `begin`.
    """
    begin(folder, fingerprint, keep_unfinished=True)
    finish(folder, fingerprint)


def finish(folder: Path, fingerprint: str) -> None:
    """Record that the work is done."""
    _write(folder, fingerprint, finished=True)


def _write(folder: Path, fingerprint: str, *, finished: bool) -> None:
    write_json(folder / RECORD, {"fingerprint": fingerprint, "finished": finished})


def _read(folder: Path) -> tuple[str, bool] | None:
    """Fingerprint and state of the work in `folder`; None where there is none yet."""
    try:
        record = read_json(folder / RECORD)
        return str(record["fingerprint"]), bool(record["finished"])
    except FileNotFoundError:
        foreign = [entry for entry in folder.glob("*") if not entry.name.endswith(PARTIAL)]
        if not foreign:
            return None
        fault = f"holds {len(foreign)} file(s) that this program did not write"
    except (ValueError, KeyError, TypeError, NotADirectoryError):
        fault = f"has a {RECORD} that cannot be read"
    raise CxrReleaseError(fault, where=str(folder), remedy="move it away and run again")


def _sweep(folder: Path) -> None:
    """Remove what a killed process left half-written."""
    for path in folder.glob(f"*{PARTIAL}"):
        remove(path)


def _clear(folder: Path, fingerprint: str, *, keep: bool) -> None:
    if keep:
        mark = hashlib.sha256(fingerprint.encode()).hexdigest()[:8]
        aside = folder.with_name(f"{folder.name}.superseded-{mark}")
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
        say(f"{folder}: inputs changed; the unfinished run was set aside as {aside}")
        return
    # Renamed first: a kill in the middle of the deletion must not leave half a run behind.
    with scratch_folder(folder) as doomed:
        folder.rename(doomed / folder.name)
    say(f"{folder}: inputs changed; the earlier run was deleted")
