"""What waits for an adjudicator, with what each person says of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from cxr_release.team.people import Team, words_on


def film_conflicts(team: Team) -> Iterator[dict[str, Any]]:
    """Films that wait for the adjudicator, with what each reviewer says."""
    if team.screening is None or team.params.screen.conflict != "adjudicate":
        return
    on: dict[str, dict[str, str]] = defaultdict(dict)
    films = {row["id"]: row["decided"] for row in team.screening.screened}
    for name in team.names("screening", team.decisions):
        for film, word in words_on(films, team.decisions.get(name, ()), "decision").items():
            on[film][name] = word
    for film in sorted(on):
        settled = team.params.screen.adjudicator in on[film]
        if len({*on[film].values()}) > 1 and not settled and not films[film]:
            yield {"task": "screening", "subject": film, "people": dict(sorted(on[film].items()))}


def pair_conflicts(team: Team) -> Iterator[dict[str, Any]]:
    """Pairs that wait for the adjudicator, with what each person says."""
    if team.audit is None:
        return
    rule = team.params.audit
    on: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    pairs = {(row["real_id"], row["synthetic_id"]): row["settled"] for row in team.audit.rows}
    for name in team.names("adjudication", team.verdicts):
        for pair, word in words_on(pairs, team.verdicts.get(name, ()), "verdict").items():
            on[pair][name] = word
    for pair, words in sorted(on.items()):
        if not pairs[pair] and len(words) >= rule.reviewers_required:
            subject = " and ".join(pair)
            yield {
                "task": "adjudication",
                "subject": subject,
                "people": dict(sorted(words.items())),
            }
