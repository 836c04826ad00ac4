"""How many real films have a finding, where a fact of that name states it of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from cxr_release.params.project import Params

YES = frozenset({"yes", "true", "present", "1", "y"})
NO = frozenset({"no", "false", "absent", "0", "n"})
"""Codes of a fact, in lower case, that say whether a film has it."""


def real_findings(rows: Iterable[Mapping[str, Any]], params: Params) -> dict[str, dict[str, int]]:
    """Name of a fact that says yes or no → `real_films` that have it, `real_known` films.

    A fact with any other code, or of which fewer patients than `ingest.least_patients` have it, or
    have it not, is left out: it is not of that kind, or would single somebody out.

    Args:
        rows: of the manifest, with `facts`, of the films that were trained on.
        params: the parameters.
    """
    said: dict[str, dict[str, str]] = defaultdict(dict)
    whose: dict[str, str] = {}
    for row in rows:
        whose[row["id"]] = row["patient"] or row["id"]
        for fact in row["facts"] or ():
            if fact["code"] is not None:
                said[fact["name"]][row["id"]] = fact["code"].strip().lower()
    found = {}
    for name, codes in said.items():
        have = {film for film, code in codes.items() if code in YES}
        have_not = {film for film, code in codes.items() if code in NO}
        owners = ({whose[film] for film in films} for films in (have, have_not))
        enough = all(len(people) >= params.ingest.least_patients for people in owners)
        if enough and len(have) + len(have_not) == len(codes):
            found[name] = {"real_films": len(have), "real_known": len(codes)}
    return found
