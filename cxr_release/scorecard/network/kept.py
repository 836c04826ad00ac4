"""Attacks on a network in a file: they take long, and no decision on a film changes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cxr_release.errors import REMAKE, DocumentError
from cxr_release.files import write_json
from cxr_release.json_documents import fault_of
from cxr_release.json_documents import read as read_document
from cxr_release.scorecard.attacks.attack import Attack, NotMeasurable

Attacks = tuple[Attack | NotMeasurable, ...]
KEY = "attacks"


def write(path: Path, attacks: Attacks) -> None:
    """Keep attacks as JSON; numbers to the last bit, and no film and no patient.

    Args:
        path: the file; its folder is made.
        attacks: not corrected.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {KEY: TypeAdapter(Attacks).dump_python(attacks, mode="json")})


def read(path: Path) -> Attacks:
    """The attacks that were kept.

    Raises:
        DocumentError: the file is missing, or holds something else.
    """
    document = read_document(path, dict[str, Any])
    try:
        # JSON has lists where attacks have tuples.
        attacks: Attacks = TypeAdapter(Attacks).validate_python(document.get(KEY))
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False, include_context=False)
        raise DocumentError(
            "does not hold attacks on a network",
            where=str(path),
            remedy=REMAKE,
            faults=[fault_of(str(path), detail) for detail in details[:1]],
        ) from None
    return attacks
