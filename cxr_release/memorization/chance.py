"""How many films chance alone would flag: what the number of flagged films is compared with.

The more films are drawn, the more of them lie nearer to a source film than every film of a
baseline does, whether or not anything was copied. Against m control films, n new films are
expected to be nearer n / (m + 1) times: 36 of 27,000 against 744.

Control. Synthetic films that are not copies are taken to be exchangeable with the control films,
which no generator saw: all are searched for among the same films, those that it did see, and every
order of the n + m cosines is then equally likely. The number K of synthetic films above the highest
control film is the number of exceedances of Gumbel and von Schelling, The Distribution of the
Number of Exceedances, Annals of Mathematical Statistics 21, 1950 (before them Wilks, Determination
of Sample Sizes for Setting Tolerance Limits, ibid. 12, 1941): negative hypergeometric, or
beta-binomial with n trials and a share from Beta(1, m). Of the n + m films the k nearest are all
synthetic with

    P(K ≥ k) = C(n, k) / C(n + m, k) = Π (n − i) / (n + m − i), i = 0 … k − 1.

Ties count for no exceedance, which only raises the p-value. Control films that are as near to the
others as a film and its recompressed copy are the same film twice, and left out; that no
synthetic film is so near is then part of what is tested. Films of one patient are alike and do
not count as several: where control patients have more than one film, m is the number of patients.
The highest of all their films is no lower than that of one film a patient, so that K is no larger
than there, and what is stated as p and as expected is an upper bound. Where patients are not
stated, films are taken one by one: new films are then such as the control films are, of the same
patients or not.

Held out. Without control films, those that were held out of a tuning run take their place. All are
then searched for among the films of the tuning part alone. The generator of the synthetic films may
have seen the held-out films as well; they are new to the tuning part all the same.

Source. Without either, each source film is compared with the other ones, and so serves as query and
as reference. Of n new films one is nearer to them than all m of those are to each other only where
it is one of the two films of the closest pair among it and them, so no more than 2 n / (m + 1) are
expected; how they scatter depends on the films, and there is no exact test.

A low p says that more films lie near than new films would. Copies are one reason; films that are
more ordinary than real ones are another. A high p does not say that there is no copy: see `least`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from cxr_release.statistics.exceedances import LEVEL, exceedance, least_unlikely

FEWEST = 19
"""Patients of a baseline. With fewer, a single new film is flagged more often than in 1 of 20
cases, for the share is 1 / (m + 1)."""

NOT_STATED = "not measurable: the patients of the films are not stated"
NO_SPLIT = "no exact test: source films were compared with each other"
SEVERAL = (
    "not measurable: source films were compared with each other, and patients have several films"
    " each"
)

NO_BASELINE = {
    "patients": "too few source films of different patients to compare with each other",
    "films": "too few source films to compare with each other",
}


Unseen = Literal["control", "held_out"]
"""Films that are known to be new to those that are searched."""
ADJECTIVE: Mapping[Unseen, str] = {"control": "control", "held_out": "held-out"}
_SEARCHED: Mapping[Unseen, str] = {"control": "a source film", "held_out": "the tuning part"}


@dataclass(frozen=True, kw_only=True)
class Chance:
    """The number of films that are nearer than a baseline, beside what chance alone gives."""

    films: int
    """Synthetic films."""
    compared: int
    """Films of the baseline."""
    patients: int | None
    """Patients that those are of; None where that is not stated."""
    nearer: int | None
    """Synthetic films nearer than all of those: against held-out films, to the tuning part alone,
    as those are; else to any source film. None where nothing was compared."""
    expected: float | None = None
    """How many of as many new films, on average; None where that is not known."""
    at_most: bool = False
    """Whether `expected` and `p` are upper bounds and no more."""
    p: float | None = None
    """Probability that so many of new films, or more, are nearer; 0 … 1."""
    least: int | None = None
    """Lowest number whose p is no higher than `LEVEL`: fewer cannot be told from chance."""
    note: str | None = None
    """Why there is no p, or nothing at all."""
    unseen: Unseen = "held_out"
    """What the exact test is against; of no meaning without a p, and not in `report`."""

    @property
    def sentence(self) -> str:
        """What of this holds, for card, terminal and status alike."""
        if self.expected is None:
            return f"What chance alone gives is {self.note}."
        bound = "at most " if self.at_most else ""
        average = f"{self.expected:,.1f}" if self.expected >= 1 else f"{self.expected:.2g}"
        new = f"{self.films:,} new film{'' if self.films == 1 else 's'}"
        are = f"{self.nearer:,} {'is' if self.nearer == 1 else 'are'}"
        if self.p is None or self.least is None:
            return (
                f"Of {new} like the {self.compared:,} source films, chance alone would put"
                f" {bound}{average} nearer to one than any two of those are to each other;"
                f" {are} ({self.note})."
            )
        caveat = "" if self.patients else "Patients are not stated, so this is film by film. "
        return (
            f"{caveat}Of {new} like the {self.compared:,} {ADJECTIVE[self.unseen]} ones, chance"
            f" alone would put {bound}{average} nearer to {_SEARCHED[self.unseen]} than any of"
            " those;"
            f" {are} (exact test, {self._p_value(self.p)}). {self._meaning(self.p)}"
        )

    def _p_value(self, p: float) -> str:
        if p < 0.001 or p == 1:
            return "p < 0.001" if p < 0.001 else "p = 1"
        return f"p {'≤' if self.at_most else '='} {p:.{2 if p >= 0.1 else 3}f}"

    def _meaning(self, p: float) -> str:
        if p <= LEVEL:
            return (
                "That is more than chance gives: some may be copies, or these films are more"
                " ordinary than real ones."
            )
        return (
            "That number is not a sign of copies and does not rule them out:"
            f" below {self.least:,} it cannot be told from chance."
        )

    def report(self) -> dict[str, Any]:
        """Ready for JSON, with the sentence."""
        counts = asdict(self) | {"sentence": self.sentence}
        del counts["unseen"]
        return counts


def unseen_chance(
    unseen: Unseen, *, nearer: int, films: int, compared: int, patients: int | None
) -> Chance:
    """The exact test against control films, or against held-out films; see above.

    Args:
        unseen: which of them.
        nearer: synthetic films nearer to a film that is searched than any of those: against
            held-out films, nearer to one of the tuning part.
        films: synthetic films, 1 or more.
        compared: films of that baseline.
        patients: patients that those are of; None where that is not stated: see above.
    """
    counts = Chance(films=films, compared=compared, patients=patients, nearer=nearer, unseen=unseen)
    independent = compared if patients is None else patients
    least = least_unlikely(films, independent)
    if independent < FEWEST or least is None:
        noun = "film" if patients in {None, compared} else "patient"
        return replace(counts, note=_too_few(independent, f"{ADJECTIVE[unseen]} {noun}"))
    return replace(
        counts,
        expected=films / (independent + 1),
        at_most=independent < compared,
        p=exceedance(nearer, films, independent),
        least=least,
    )


def source_chance(*, nearer: int, films: int, compared: int, patients: int | None) -> Chance:
    """What can be said where source films were compared with each other; see above.

    Args:
        nearer: synthetic films nearer to a source film than any of those to another one.
        films: synthetic films, 1 or more.
        compared: source films that have one of another patient.
        patients: patients that those are of; None where that is not stated.
    """
    counts = Chance(films=films, compared=compared, patients=patients, nearer=nearer)
    if patients != compared:
        return replace(counts, note=NOT_STATED if patients is None else SEVERAL)
    if compared < FEWEST:
        return replace(counts, note=_too_few(compared, "source film"))
    return replace(counts, expected=2 * films / (compared + 1), at_most=True, note=NO_SPLIT)


def no_chance(films: int, reason: str) -> Chance:
    """Where nothing could be flagged."""
    return Chance(
        films=films, compared=0, patients=None, nearer=None, note=f"not measurable: {reason}"
    )


def _too_few(compared: int, noun: str) -> str:
    counted = f"{compared:,} {noun}{' is' if compared == 1 else 's are'}"
    return (
        f"not measurable: {counted} too few; with fewer than {FEWEST}, chance alone"
        " flags more than 1 of 20 new films"
    )
