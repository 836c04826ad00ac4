"""Who decided on how many films, how the decisions came, and on which films people can have looked.

A decision says that somebody decided. That they looked at the film it says only where it was given
on the page, and not faster than one look takes (see `pace`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxr_release.logbook.line import standing_of
from cxr_release.logbook.tally import tally
from cxr_release.screening.decision import PAGE, TERMINAL, Decision
from cxr_release.screening.pace import hurry

NOT_STATED = "not_stated"
WAYS = (PAGE, TERMINAL, NOT_STATED)
"""How a decision came."""
Person = dict[str, Any]


@dataclass(frozen=True)
class People:
    """What people's standing decisions on some films are."""

    by_name: dict[str, Person]
    """Everybody with a decision: `decisions`, of which by each of `WAYS`; `hurried`, those that
    were given faster than a look takes; `hurried_per_minute`, films at that pace, None of none and
    where no time lies between them."""
    deciders: Mapping[str, int]
    """Film → people whose decision stands on it; films without one are left out."""
    looked_at: frozenset[str]
    """Films on which somebody decided on the page, and not faster than a look takes."""

    def counted(self, films: int) -> dict[str, Any]:
        """The same in numbers, without names.

        Args:
            films: how many there are.

        Returns:
            `reviewers`; `films_by_reviewers` (see `tally`); `decisions` (way → how many);
            `hurried`; `looked_at` (films); `each` (of each person what `by_name` says, in no order
            of names).
        """
        nobody = [0] * (films - len(self.deciders))
        each = sorted(self.by_name.values(), key=lambda one: [-one["decisions"], str(one)])
        return {
            "reviewers": len(self.by_name),
            "films_by_reviewers": tally([*self.deciders.values(), *nobody]),
            "decisions": {way: sum(one[way] for one in each) for way in WAYS},
            "hurried": sum(one["hurried"] for one in each),
            "looked_at": len(self.looked_at),
            "each": each,
        }


def people_of(films: Collection[str], logs: Mapping[str, Sequence[Decision]]) -> People:
    """Count what people have decided.

    Args:
        films: ids; decisions on others are left out.
        logs: person → decisions.
    """
    by_name: dict[str, Person] = {}
    deciders: dict[str, int] = defaultdict(int)
    looked_at: set[str] = set()
    for name, log in logs.items():
        stands = {film: one for film, one in standing_of(log).items() if film in films}
        if not stands:
            continue
        fast = hurry(log)
        hurried = [film for film, one in stands.items() if one.seq in fast.lines]
        ways = Counter(one.via or NOT_STATED for one in stands.values())
        by_name[name] = {
            "decisions": len(stands),
            **{way: ways[way] for way in WAYS},
            "hurried": len(hurried),
            "hurried_per_minute": fast.per_minute if hurried else None,
        }
        for film in stands:
            deciders[film] += 1
        looked_at |= {film for film, one in stands.items() if one.via == PAGE} - {*hurried}
    return People(by_name, dict(deciders), frozenset(looked_at))
