"""params.yaml → frozen dataclasses. The only reader of params.yaml.

Unknown keys, missing keys and values out of range are refused, all of them at once.
"""

from __future__ import annotations

from pathlib import Path

from cxr_release import plain_yaml
from cxr_release.errors import ParamsError, one_line
from cxr_release.params.contradictions import contradictions
from cxr_release.params.identity import with_identity
from cxr_release.params.project import Params
from cxr_release.settings import checked

MOVED = {
    "ingest.left_facing": "list those films in left-facing.txt beside them: git holds params.yaml,"
    " and names of films may name patients"
}
"""Keys that there were, and where to say so now."""


def load_params(file: Path) -> Params:
    """Read a params file.

    A release of phantoms that is not named gets the name, licence, authors and address of
    `DEMONSTRATION`; one of other films gets `NOT_STATED` (see `never_set`).

    Raises:
        ParamsError: with one fault for every key that is unknown, missing or wrong.
    """
    where = str(file)
    try:
        raw = plain_yaml.of_file(file)
    except FileNotFoundError:
        raise ParamsError(
            "no such file", where=where, remedy="run from the repository root or pass --root"
        ) from None
    except plain_yaml.NotPlainError as error:
        raise ParamsError(f"is not plain YAML: {error}", where=where) from None
    except OSError as error:
        raise ParamsError(one_line(error.strerror or str(error)), where=where) from error
    params = checked(Params, raw, where=where, moved=MOVED)
    faults = contradictions(params)
    if faults:
        raise ParamsError("do not fit together", where=str(file), faults=faults)
    return with_identity(params)
