"""JSON documents that one stage writes and another reads: what they hold is checked when read.

Shapes are `TypedDict`s. What a shape does not name may stand there, too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

from cxr_release.errors import AGAIN, DocumentError, Fault, one_line
from cxr_release.files import MOST_JSON, read_bounded

T = TypeVar("T")

MOST_FAULTS = 20


def read(path: Path, shape: type[T], *, remedy: str = AGAIN, follow: bool = True) -> T:
    """A document, as it stands there.

    Args:
        path: the file.
        shape: what it must hold: a `TypedDict`, a mapping, or a pydantic model, which is then what
            is returned.
        remedy: what to do where it does not.
        follow: whether it may be a link, as DVC makes them into its cache.

    Raises:
        DocumentError: it is missing, no plain file, no JSON, or holds something else; with one
            fault for each value that is missing or of another kind.
    """
    from pydantic import BaseModel, TypeAdapter, ValidationError

    where = str(path)
    try:
        value = json.loads(
            read_bounded(path, MOST_JSON, follow=follow).decode("utf-8"), parse_constant=_refuse
        )
    except FileNotFoundError:
        raise DocumentError("no such file", where=where, remedy="run `dvc repro`") from None
    except OSError as error:
        what = one_line(error.strerror or str(error))
        raise DocumentError(what, where=where, remedy=remedy) from error
    except (ValueError, RecursionError) as error:
        what = f"is not JSON: {one_line(str(error))}"
        raise DocumentError(what, where=where, remedy=remedy) from None
    try:
        made = TypeAdapter(shape).validate_python(value, strict=True)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise DocumentError(
            "holds something else than the stage that reads it expects",
            where=where,
            remedy=remedy,
            faults=[fault_of(where, one) for one in found[:MOST_FAULTS]],
        ) from None
    # Not what pydantic makes of a `TypedDict`: that lacks what the shape does not name.
    return made if isinstance(made, BaseModel) else cast(T, value)


def fault_of(where: str, error: Any) -> Fault:
    """One of pydantic's errors as a fault of the document that is called `where`."""
    place = ".".join(one_line(str(one)[:80]) for one in error["loc"])
    what = one_line(error["msg"])
    return Fault(f"{where}: {place}" if place else where, what[:1].lower() + what[1:])


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")
