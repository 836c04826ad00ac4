"""Whether ratings make up a whole study: everyone rated every film once and picked one a quartet.

What most raters have is taken for the study, and who differs is named. One mistake is named once:
what follows from it, or from a line that could not be read, is left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from cxr_release.errors import Fault, ranges
from cxr_release.reader_study.ratings import REAL, Rated, Unread, lines_of
from cxr_release.spelling import folded, one_person, spellings
from cxr_release.statistics.signed_rank import MOST_DIFFERENCES as MOST_RATERS

K = TypeVar("K", bound=Hashable)
Page = tuple[str, int]
"""A rater and a quartet."""


def faults_of(rows: Sequence[Rated], unread: Iterable[Unread] = ()) -> list[Fault]:
    """What is wrong with the ratings of a study as a whole, each with the lines that show it.

    - Two raters' names are one name in two spellings.
    - A rater rates a film of a quartet twice, lacks a film that others rated, or has another.
    - A rater picks no film of a quartet, or several.
    - A rater has other quartets than most raters.
    - Two sources' names are one name in two spellings.
    - A film has different sources; a quartet has not one film of each of the study's sources;
      no film is real, or every one. (Where sources are blinded: quartets differ in size.)

    Args:
        rows: of all raters, each with file and line.
        unread: what faulty lines were about: that it is missing is not said again.
    """
    if not rows:
        return [Fault("responses", "hold no ratings")]
    raters = len({row.rater for row in rows})
    if raters > MOST_RATERS:
        what = f"hold ratings of {raters:,} raters, more than {MOST_RATERS:,}"
        return [Fault("responses", what, "analyse a sample of them that you draw beforehand")]
    confused, rows = _confused(rows)
    if not rows:
        return confused
    study = _Study(rows, tuple(unread))
    repeated, once = _repeated(rows)
    unclear = {_page(row) for row in repeated}
    study.spoilt |= unclear
    faults = [*confused, *_twice(repeated, once)]
    faults += [*_quartets(study, once), *_films(study, once)]
    blinded = any(row.source is None for row in rows)
    # A film's name that stands twice on a page may be there in another's place.
    clear = [row for row in once if _page(row) not in unclear]
    if clear:
        faults += _sizes(study, clear) if blinded else _sources(study, clear)
    return [*faults, *_picks(study, once)]


@dataclass
class _Study:
    rows: Sequence[Rated]
    unread: tuple[Unread, ...]

    def __post_init__(self) -> None:
        self.spoilt: set[Page] = set()
        """Pages with a fault that has been named: what else is odd there follows from it."""
        self.short: set[int] = set()
        """Quartets that lack a film for everybody: the one that was picked, it may be."""
        self.raters = sorted({row.rater for row in self.rows})

        self._unread = {(one.rater, one.quartet) for one in self.unread}
        self._unread_of_anybody = {one.quartet for one in self.unread}

    def excused(self, rater: str | None, quartet: int) -> bool:
        """Whether a faulty line may be what is missing; `rater` None: anybody's."""
        if rater is None:
            return bool({None, quartet} & self._unread_of_anybody)
        return any(
            (who, which) in self._unread for who in (None, rater) for which in (None, quartet)
        )


def _grouped(rows: Iterable[Rated], key: Callable[[Rated], K]) -> dict[K, list[Rated]]:
    groups: dict[K, list[Rated]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def _page(row: Rated) -> Page:
    return row.rater, row.quartet


def _film(row: Rated) -> tuple[int, str]:
    return row.quartet, row.image


def _confused(rows: Sequence[Rated]) -> tuple[list[Fault], Sequence[Rated]]:
    """Raters who stand under several spellings, and the rows of all others."""
    named = [(group, set(group)) for group in spellings(row.rater for row in rows)]
    faults = [
        Fault(
            lines_of(row for row in rows if row.rater in names),
            one_person(group, "reader"),
            "write one reader in one way, and two in ways that differ more",
        )
        for group, names in named
    ]
    both = {name for group, _ in named for name in group}
    return faults, [row for row in rows if row.rater not in both] if both else rows


def _repeated(rows: Sequence[Rated]) -> tuple[list[Rated], list[Rated]]:
    """Rows that rate what their rater has rated before, and all other rows."""
    seen: set[tuple[str, int, str]] = set()
    repeated: list[Rated] = []
    once: list[Rated] = []
    for row in rows:
        key = (row.rater, row.quartet, row.image)
        (repeated if key in seen else once).append(row)
        seen.add(key)
    return repeated, once


def _twice(repeated: Sequence[Rated], once: Sequence[Rated]) -> Iterator[Fault]:
    first = {(row.rater, row.quartet, row.image): row for row in once}
    for rater, rows in sorted(_grouped(repeated, lambda row: row.rater).items()):
        row = rows[0]
        before = first[rater, row.quartet, row.image].where
        what = f"rater {rater} rates {row.image} of quartet {row.quartet} twice, first on {before}"
        more = f", and {len(rows) - 1} more such" if len(rows) > 1 else ""
        yield Fault(lines_of(rows), what + more, "keep one")


def _quartets(study: _Study, rows: Sequence[Rated]) -> Iterator[Fault]:
    """Raters with other quartets than most have."""
    by_rater = _grouped(rows, lambda row: row.rater)
    has = {rater: {row.quartet for row in mine} for rater, mine in by_rater.items()}
    held = Counter(quartet for quartets in has.values() for quartet in quartets)
    expected = {quartet for quartet, raters in held.items() if 2 * raters >= len(has)}
    for rater, mine in sorted(by_rater.items()):
        lacking = sorted(
            quartet for quartet in expected - has[rater] if not study.excused(rater, quartet)
        )
        others = sorted(has[rater] - expected)
        if lacking:
            what = f"rater {rater} has no ratings of quartet(s) {ranges(lacking)}"
            yield Fault(lines_of(mine), what, "everyone rates the same quartets")
        if others:
            strange = [row for row in mine if row.quartet in others]
            what = f"rater {rater} rates quartet(s) {ranges(others)}, which most others do not"
            yield Fault(lines_of(strange), what, "everyone rates the same quartets")
        study.spoilt |= {(rater, quartet) for quartet in others}


def _films(study: _Study, rows: Sequence[Rated]) -> Iterator[Fault]:
    """Raters whose films of a quartet are not those that most were shown."""
    pages = _grouped(rows, _page)
    shown = Counter(_film(row) for row in rows)
    raters = Counter(quartet for _, quartet in pages)
    expected: dict[int, set[str]] = defaultdict(set)
    for (quartet, image), number in shown.items():
        if 2 * number >= raters[quartet]:
            expected[quartet].add(image)
    lacks: dict[str, list[tuple[int, str]]] = defaultdict(list)
    adds: dict[str, list[Rated]] = defaultdict(list)
    for (rater, quartet), mine in sorted(pages.items()):
        have = {row.image for row in mine}
        if not study.excused(rater, quartet):
            lacks[rater] += [(quartet, film) for film in sorted(expected[quartet] - have)]
        adds[rater] += [row for row in mine if row.image not in expected[quartet]]
    for rater in study.raters:
        if lacks[rater]:
            spoilt = {quartet for quartet, _ in lacks[rater]}
            where = lines_of(row for quartet in spoilt for row in pages[rater, quartet])
            yield Fault(where, f"rater {rater} has no rating of {_listed(lacks[rater])}")
        if adds[rater]:
            films = _listed([_film(row) for row in adds[rater]])
            what = f"rater {rater} rates {films}, which most others were not shown there"
            yield Fault(lines_of(adds[rater]), what)
        study.spoilt |= {(rater, quartet) for quartet, _ in lacks[rater]}
        study.spoilt |= {_page(row) for row in adds[rater]}


def _listed(films: Sequence[tuple[int, str]]) -> str:
    named = [f"{image} of quartet {quartet}" for quartet, image in films[:5]]
    more = [f"{len(films) - 5} more"] if len(films) > 5 else []
    return ", ".join(named + more)


def _picks(study: _Study, rows: Sequence[Rated]) -> Iterator[Fault]:
    found: dict[tuple[str, str], list[Rated]] = defaultdict(list)
    for page, mine in sorted(_grouped(rows, _page).items()):
        if page in study.spoilt:
            continue
        picked = [row for row in mine if row.identified_as_real]
        if len(picked) > 1:
            found[page[0], f"{len(picked)} films as the real one"] += picked
        elif not picked and page[1] not in study.short and not study.excused(*page):
            found[page[0], "no film as the real one"] += mine
    for (rater, what), mine in sorted(found.items()):
        quartets = ranges(sorted({row.quartet for row in mine}))
        said = f"rater {rater} picks {what} in quartet(s) {quartets}"
        yield Fault(lines_of(mine), said, "expected one pick a quartet")


def _sources(study: _Study, rows: Sequence[Rated]) -> Iterator[Fault]:
    """Films of several sources, and quartets that have not one film of each source."""
    confused = spellings(str(row.source) for row in rows)
    for group in confused:
        mine = [row for row in rows if row.source in group]
        yield Fault(lines_of(mine), one_person(group, "source"), "write one source in one way")
    if confused:
        study.short |= {row.quartet for row in rows}
        return
    films = _grouped(rows, _film)
    sources: dict[int, dict[str, str]] = defaultdict(dict)
    doubtful: set[int] = set()
    for (quartet, image), mine in sorted(films.items()):
        named = Counter(str(row.source) for row in mine)
        most = min(named, key=lambda source: (-named[source], source))
        sources[quartet][image] = most
        if len(named) > 1:
            doubtful.add(quartet)
            tied = sum(number == named[most] for number in named.values()) > 1
            odd = [row for row in mine if tied or row.source != most]
            what = f"{image} of quartet {quartet} has the sources {', '.join(sorted(named))}"
            yield Fault(lines_of(odd), what, "a film has one source")
    doubtful |= {quartet for _, quartet in study.spoilt}
    known = _known(sources)
    if REAL not in known:
        study.short |= sources.keys()
        yield _none_is_real(rows, {str(row.source) for row in rows})
        doubtful |= sources.keys()
    if not known - {REAL}:
        yield Fault(lines_of(rows), "every film is real", "a study needs synthetic films too")
        doubtful |= sources.keys()
    for quartet, named_here in sorted(sources.items()):
        if quartet not in doubtful:
            yield from _not_one_of_each(study, quartet, named_here, known, films)


def _none_is_real(rows: Sequence[Rated], sources: set[str]) -> Fault:
    named = ", ".join(sorted(sources))
    if REAL in sources:
        return Fault(lines_of(rows), "most quartets have no real film", "each has one")
    alike = [source for source in sources if folded(source) == REAL]
    which = alike[0] if alike else "NAME"
    remedy = f"call the source of the real films {REAL}, or say which it is: --real {which!a}"
    return Fault(lines_of(rows), f"no film is real, for the sources are {named}", remedy)


def _known(sources: Mapping[int, Mapping[str, str]]) -> set[str]:
    """The study's sources: those of most quartets."""
    held = Counter(source for films in sources.values() for source in set(films.values()))
    return {source for source, quartets in held.items() if 2 * quartets >= len(sources)}


def _not_one_of_each(
    study: _Study,
    quartet: int,
    sources: Mapping[str, str],
    known: set[str],
    films: Mapping[tuple[int, str], Sequence[Rated]],
) -> Iterator[Fault]:
    number = Counter(sources.values())
    wrong = {source for source in number if source not in known or number[source] > 1}
    for source in sorted(wrong):
        mine = [row for film in sources if sources[film] == source for row in films[quartet, film]]
        if source not in known:
            what = f"unknown source {source} in quartet {quartet}"
            yield Fault(lines_of(mine), what, f"most quartets have {', '.join(sorted(known))}")
        else:
            what = f"quartet {quartet} has {number[source]} films of the source {source}"
            yield Fault(lines_of(mine), what, "expected one")
    lacking = sorted(known - number.keys())
    if lacking:
        study.short.add(quartet)
    if lacking and not wrong and not study.excused(None, quartet):
        mine = [row for film in sources for row in films[quartet, film]]
        yield Fault(lines_of(mine), f"quartet {quartet} has no film of {', '.join(lacking)}")


def _sizes(study: _Study, rows: Sequence[Rated]) -> Iterator[Fault]:
    """Quartets with another number of films than most, where sources are not known."""
    quartets = _grouped(rows, lambda row: row.quartet)
    sizes = {quartet: len({row.image for row in mine}) for quartet, mine in quartets.items()}
    numbers = Counter(sizes.values())
    usual = min(numbers, key=lambda size: (-numbers[size], -size))
    doubtful = {quartet for _, quartet in study.spoilt}
    for quartet, size in sorted(sizes.items()):
        if size != usual and quartet not in doubtful and not study.excused(None, quartet):
            what = f"quartet {quartet} has {size} film(s), the others {usual}"
            yield Fault(lines_of(quartets[quartet]), what)
