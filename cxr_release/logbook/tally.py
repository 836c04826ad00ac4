"""On how many subjects how many people have said something: never people and subjects apart.

"3 people have judged 480" may be one who judged 480, and two who judged five of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

Tally = dict[str, int]
"""Number of people, as text → subjects on which so many have said something."""

_WORDS = ("nobody", "one person", "two people", "three people")


def tally(people: Collection[int]) -> Tally:
    """Count subjects by the number of people; each number from 0 to the largest is there.

    Args:
        people: of each subject, how many have said something.
    """
    number = Counter(people)
    return {str(count): number[count] for count in range(max(number, default=0) + 1)}


def by_people(found: Mapping[str, int]) -> str:
    """A tally in words: `475 by one person, 3 by two people and 2 by three people`; `none`."""
    numbers = sorted((int(people), subjects) for people, subjects in found.items() if subjects)
    said = [f"{subjects:,} by {persons(people)}" for people, subjects in numbers]
    return joined(said) if said else "none"


def persons(number: int) -> str:
    """So many people, in words where they are few."""
    return _WORDS[number] if number < len(_WORDS) else f"{number:,} people"


def joined(parts: Sequence[str]) -> str:
    """A list in a sentence."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
