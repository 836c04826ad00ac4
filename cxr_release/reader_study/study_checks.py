"""Whether ratings make up a whole study: everyone rated every film once and picked one a quartet.

Each reader's films are compared, as sets, with those of the study. What follows from a fault that
is named already (a pick on a page that lacks a film, a source on a page with a film too many) is
left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from cxr_release.errors import Fault, ranges
from cxr_release.reader_study.ratings import REAL, Rating, lines_of
from cxr_release.spelling import folded, one_person, spellings
from cxr_release.statistics.signed_rank import MOST_DIFFERENCES as MOST_READERS

K = TypeVar("K", bound=Hashable)
Film = tuple[int, str]
"""A quartet, and the name of a film in it."""
Page = tuple[str, int]
"""A reader and a quartet."""


def faults_of(
    rows: Sequence[Rating], films: Collection[Film] = (), unfinished: Collection[str] = ()
) -> list[Fault]:
    """What is wrong with the ratings of a study as a whole, each with the lines that show it.

    - Two readers' names are one name in two spellings, or one reader's ratings are in two files.
    - A reader rates a film twice, lacks a film of the study, or has another.
    - A reader picks no film of a quartet, or several.
    - Two sources' names are one name in two spellings.
    - A film has different sources; a quartet has not one film of each of the study's sources;
      no film is real, or every one. (Not where sources are blinded.)

    Args:
        rows: of all readers.
        films: of the study; none: those that at least half of the readers rated.
        unfinished: readers of whom rows may be missing: that is not reported, nor what may follow
            from it.
    """
    if not rows:
        return [Fault("responses", "hold no ratings")]
    readers = _grouped(rows, lambda row: row.rater)
    if len(readers) > MOST_READERS:
        problem = f"hold ratings of {len(readers):,} readers, more than {MOST_READERS:,}"
        return [Fault("responses", problem, "analyse a sample of them that you draw beforehand")]
    faults = [*_confused(readers)]
    unexpected_because = "the kit does not have" if films else "most others did not rate"
    expected = set(films) or _held_by_most(readers)
    wrong: set[Page] = set()
    for reader, rated in sorted(readers.items()):
        places = Counter(map(_film, rated))
        wrong |= {(reader, quartet) for (quartet, _), times in places.items() if times > 1}
        wrong |= {(reader, quartet) for quartet, _ in expected ^ places.keys()}
        faults += _other_films(
            reader, rated, expected, unexpected_because, may_lack=reader in unfinished
        )
    clear = [row for rated in readers.values() for row in rated if _page(row) not in wrong]
    if clear and all(row.source is not None for row in rows):
        faults += _sources(clear, wrong, whole=not unfinished)
    return [*faults, *_picks(clear, wrong, unfinished)]


def _grouped(rows: Iterable[Rating], key: Callable[[Rating], K]) -> dict[K, list[Rating]]:
    groups: dict[K, list[Rating]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def _page(row: Rating) -> Page:
    return row.rater, row.quartet


def _film(row: Rating) -> Film:
    return row.quartet, row.image


def _confused(readers: dict[str, list[Rating]]) -> Iterator[Fault]:
    """Readers under several spellings or in several files; those that are named are taken out."""
    for group in spellings(readers):
        where = lines_of(row for reader in group for row in readers.pop(reader))
        remedy = "write one reader in one way, and two in ways that differ more"
        yield Fault(where, one_person(group, "reader"), remedy)
    for reader in sorted(readers):
        files = sorted({row.file for row in readers[reader]})
        if len(files) > 1:
            del readers[reader]
            remedy = "keep each reader's answers in one file"
            yield Fault(" and ".join(files), f"hold answers of {reader}", remedy)


def _held_by_most(readers: Mapping[str, Sequence[Rating]]) -> set[Film]:
    readers_of = Counter(film for rated in readers.values() for film in set(map(_film, rated)))
    return {film for film, number in readers_of.items() if 2 * number >= len(readers)}


def _other_films(
    reader: str,
    rows: Sequence[Rating],
    expected: set[Film],
    unexpected_because: str,
    *,
    may_lack: bool,
) -> Iterator[Fault]:
    """Films that this reader lacks, has besides, or has twice."""
    films = _grouped(rows, _film)
    twice = {film for film, rated in films.items() if len(rated) > 1}
    unexpected = films.keys() - expected
    lacking = set() if may_lack else expected - films.keys()

    def lines(subset: Collection[Film]) -> str:
        return lines_of(row for film in subset for row in films[film])

    if twice:
        yield Fault(lines(twice), f"reader {reader} rates {_named(twice)} twice", "keep one")
    if unexpected:
        named = _named(unexpected, {quartet for quartet, _ in expected})
        yield Fault(lines(unexpected), f"reader {reader} rates {named}, which {unexpected_because}")
    if lacking:
        pages = {quartet for quartet, _ in lacking}
        beside = {film for film in films if film[0] in pages} or films
        named = _named(lacking, {quartet for quartet, _ in films})
        problem = f"reader {reader} has no rating of {named}"
        yield Fault(lines(beside), problem, "everyone rates the same films")


def _named(films: Collection[Film], begun: Collection[int] | None = None) -> str:
    """Quartets of which nothing is `begun` as a whole, and the films of the others."""
    quartets = {quartet for quartet, _ in films}
    whole = sorted(quartets - set(quartets if begun is None else begun))
    single = [
        f"{image} of quartet {quartet}" for quartet, image in sorted(films) if quartet not in whole
    ]
    more = [f"{len(single) - 5} more"] if len(single) > 5 else []
    return ", ".join([*([f"quartet(s) {ranges(whole)}"] if whole else []), *single[:5], *more])


def _picks(
    rows: Sequence[Rating], wrong: Collection[Page], unfinished: Collection[str]
) -> Iterator[Fault]:
    faulty: dict[tuple[str, str], list[Rating]] = defaultdict(list)
    for page, page_rows in sorted(_grouped(rows, _page).items()):
        picked = [row for row in page_rows if row.identified_as_real]
        fewest = 0 if page[0] in unfinished else 1
        if not fewest <= len(picked) <= 1 and page not in wrong:
            number = f"{len(picked) or 'no'} film{'s' * bool(picked)}"
            faulty[page[0], number] += picked or page_rows
    for (reader, picks), wrong_rows in sorted(faulty.items()):
        quartets = ranges(sorted({row.quartet for row in wrong_rows}))
        problem = f"reader {reader} picks {picks} as the real one in quartet(s) {quartets}"
        yield Fault(lines_of(wrong_rows), problem, "expected one pick a quartet")


def _sources(rows: Sequence[Rating], wrong: set[Page], *, whole: bool) -> Iterator[Fault]:
    """Films of several sources and, of a whole study, quartets without one film of each source."""
    confused = spellings(str(row.source) for row in rows)
    for group in confused:
        named = [row for row in rows if row.source in group]
        yield Fault(lines_of(named), one_person(group, "source"), "write one source in one way")
    if confused:
        wrong |= set(map(_page, rows))
        return
    quartets: dict[int, list[str]] = defaultdict(list)
    unclear: set[int] = set()
    for (quartet, image), rated in sorted(_grouped(rows, _film).items()):
        counted = Counter(str(row.source) for row in rated)
        (source, most), *further = counted.most_common()
        quartets[quartet].append(source)
        if further:
            unclear.add(quartet)
            odd = [row for row in rated if row.source != source or further[0][1] == most]
            problem = f"{image} of quartet {quartet} has the sources {', '.join(sorted(counted))}"
            yield Fault(lines_of(odd), problem, "a film has one source")
    if not whole:
        return
    quartets_of = Counter(source for sources in quartets.values() for source in set(sources))
    known = sorted(source for source, number in quartets_of.items() if 2 * number >= len(quartets))
    if REAL not in known or known == [REAL]:
        wrong |= set(map(_page, rows))
        yield _without_contrast(lines_of(rows), sorted(quartets_of))
        return
    for quartet, rated in sorted(_grouped(rows, lambda row: row.quartet).items()):
        sources = sorted(quartets[quartet])
        if quartet not in unclear and sources != known:
            wrong |= set(map(_page, rated))
            many = {name for name in sources if name not in known or sources.count(name) > 1}
            odd = [row for row in rated if row.source in many]
            problem = (
                f"quartet {quartet} has films of {', '.join(sources)},"
                f" not one of each of {', '.join(known)}"
            )
            yield Fault(lines_of(odd or rated), problem)


def _without_contrast(where: str, sources: Sequence[str]) -> Fault:
    """The fault of a study in which most quartets have no real film, or no other."""
    if sources == [REAL]:
        return Fault(where, "every film is real", "a study needs synthetic films too")
    if REAL in sources:
        return Fault(where, "most quartets lack a real or a synthetic film", "each has both")
    alike = [source for source in sources if folded(source) == REAL]
    name = alike[0] if alike else "NAME"
    remedy = f"call the source of the real films {REAL}, or say which it is: --real {name!a}"
    return Fault(where, f"no film is real, for the sources are {', '.join(sources)}", remedy)
