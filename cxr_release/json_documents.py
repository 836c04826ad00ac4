"""JSON documents that one stage writes and another reads: what they hold is checked when read.

Shapes are `TypedDict`s. A document may hold more than its shape names.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

from cxr_release.errors import REMAKE, DocumentError, Fault, one_line
from cxr_release.files import MOST_JSON, read_bounded

T = TypeVar("T")

MOST_FAULTS = 20


def read(path: Path, shape: type[T], *, remedy: str = REMAKE, follow: bool = True) -> T:
    """A document, as it is in the file.

    Args:
        path: the file.
        shape: what it must hold: a `TypedDict`, a mapping, or a pydantic model, which is then what
            is returned.
        remedy: what to do where it does not.
        follow: whether it may be a link, as DVC makes them into its cache.

    Raises:
        DocumentError: it is missing, not a plain file, not JSON, or holds something else; with one
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
        message = one_line(error.strerror or str(error))
        raise DocumentError(message, where=where, remedy=remedy) from error
    except (ValueError, RecursionError) as error:
        message = f"is not JSON: {one_line(str(error))}"
        raise DocumentError(message, where=where, remedy=remedy) from None
    try:
        document = TypeAdapter(shape).validate_python(value, strict=True)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False, include_context=False)
        raise DocumentError(
            "holds something else than the stage that reads it expects",
            where=where,
            remedy=remedy,
            faults=[fault_of(where, detail) for detail in details[:MOST_FAULTS]],
        ) from None
    # Not what pydantic makes of a `TypedDict`: that lacks what the shape does not name.
    return document if isinstance(document, BaseModel) else cast(T, value)


def fault_of(where: str, error: Any) -> Fault:
    """One of pydantic's errors as a fault of the document that is called `where`."""
    place = ".".join(one_line(str(part)[:80]) for part in error["loc"])
    message = one_line(error["msg"])
    return Fault(f"{where}: {place}" if place else where, message[:1].lower() + message[1:])


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")
