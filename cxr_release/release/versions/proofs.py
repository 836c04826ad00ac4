"""What published versions prove that people decided, held against a release and the logs.

A log may be lost; what was published is not. A film that a version left out because somebody
withdrew or excluded it, or judged it a copy, does not go out while no log says why it may. What a
log says of it counts only if the log still holds all that it held when that version was out, or if
it was stated since: a log that lost its end may say what was true before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cxr_release.errors import Fault, ReleaseError
from cxr_release.release.versions.published import order_of, read_published
from cxr_release.release.versions.version import GONE, Version, reasons_of
from cxr_release.schemas import COPY, POSSIBLE_COPY

Row = Mapping[str, Any]
NOBODY_S = (GONE, "prescreen")
"""Reasons of films that left without a decision of a person."""
WITHDRAWN = "withdrawn-"
"""What the reasons begin with that are given on withdrawal alone."""
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class LogStatements:
    """What the logs hold, as far as a published version can prove it. Times are of log lines."""

    excluded: Mapping[str, int] = field(default_factory=dict)
    """Film → people whose log excludes it, whatever they decided later."""
    screened: Mapping[str, str] = field(default_factory=dict)
    """Film → when it was last kept."""
    withdrawn: Collection[str] = ()
    """Films that a log of withdrawals names."""
    retracted: Mapping[str, str] = field(default_factory=dict)
    """Film → when a withdrawal of it was last taken back."""
    doubted: Collection[str] = ()
    """Synthetic films of pairs that somebody judged a copy, or was unsure of."""
    adjudicated: Mapping[str, str] = field(default_factory=dict)
    """Synthetic film → when a pair with it was last judged, whatever was taken back since."""
    lines: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Log, such as `screening/a.b` → the hashes of its lines, and of those joined into it."""


@dataclass(frozen=True)
class _Proof:
    """A film that a version left out because of what people decided."""

    film: str
    version: Version
    reason: str
    reviewers: int = 0
    """People who had excluded it, at least."""
    audit: bool = False
    withdrawn: bool | None = False
    """None: the version does not tell a withdrawal from an exclusion."""


def evidence(versions: Sequence[Version], current: str) -> list[Version]:
    """The versions that a release must not contradict: all, or those before it if it is out."""
    if all(version.name != current for version in versions):
        return list(versions)
    return [version for version in versions if order_of(version.name) < order_of(current)]


def withdrawn_films(versions: Sequence[Version]) -> set[str]:
    """Films that a version shows to have been withdrawn, or may have been."""
    return {
        proof.film
        for proofs in _proofs(versions).values()
        for proof in proofs
        if proof.withdrawn is not False
    }


_HASHES = ("sha256", "pixel_sha256", "mirrored_sha256")


def contradictions(
    versions: Sequence[Version],
    films: Mapping[str, Row],
    statements: LogStatements,
    *,
    audited: Collection[str] = (),
) -> list[Fault]:
    """Films that go out although a version proves that people decided otherwise.

    Args:
        versions: see `evidence`.
        films: released film → `sha256` and, where known, `pixel_sha256` and `mirrored_sha256`: a
            film that is mirrored since is the same film.
        statements: what the logs hold.
        audited: synthetic films of the pairs that are audited now.

    Returns:
        A fault a film and decision: film, version, remedy; none where the logs say why.
    """
    proofs, verdicts = _proofs(versions), _adjudicated_films(versions)
    faults = []
    for film, row in films.items():
        hashes = [row[name] for name in _HASHES if row.get(name)]
        proven = next((proofs[digest] for digest in hashes if digest in proofs), [])
        for proof in proven:
            faults += [
                Fault(film, *problem)
                for problem in _unexplained(proof, {film, proof.film}, statements)
            ]
        version = next((verdicts[digest] for digest in hashes if digest in verdicts), None)
        reported = any(proof.audit for proof in proven)
        if version and film in audited and film not in statements.adjudicated and not reported:
            what = f"version {version.name} says that a pair with it was judged, and no log does"
            faults.append(Fault(film, what, _JUDGE))
    return faults


def require_no_contradiction(
    ledger: Path,
    current: str,
    films: Mapping[str, Row],
    statements: LogStatements,
    *,
    audited: Collection[str] = (),
) -> None:
    """Refuse a release that contradicts the ledger; see `contradictions`.

    Args:
        ledger: folder of the published versions.
        current: the release's version.
        films: as for `contradictions`.
        statements: likewise.
        audited: likewise.

    Raises:
        ReleaseError: with a fault a film and decision.
    """
    versions = evidence(read_published(ledger), current)
    faults = contradictions(versions, films, statements, audited=audited)
    if faults:
        raise ReleaseError(
            f"{len(faults):,} decision(s) that a published version proves are in no log, and these"
            " films would go out",
            where=str(ledger),
            faults=faults,
        )


def shortened(
    versions: Sequence[Version], films: Mapping[str, str], statements: LogStatements
) -> list[Fault]:
    """Logs that held more when the last version was published, of films that are still the same.

    Args:
        versions: published ones, the oldest first.
        films: generated film → SHA-256 of its PNG bytes.
        statements: what the logs hold.
    """
    if not versions:
        return []
    last = versions[-1]
    hashes = {row["sha256"] for row in (*last.films.values(), *last.exclusions)}
    if not hashes & {*films.values()}:
        return []
    return [
        Fault(
            f"data/reviews/{log}.jsonl",
            f"lacks line {end['lines']}, which it had when {last.name} was published",
            _RESTORE,
        )
        for log, end in sorted(last.logs.items())
        if end["sha256"] not in statements.lines.get(log, ())
    ]


_RESTORE = "restore data/reviews from git or from a copy"
_JUDGE = f"{_RESTORE}; or judge it anew with `cxr-release adjudicate`, or exclude the film"


def _unexplained(
    proof: _Proof, names: set[str], statements: LogStatements
) -> Iterator[tuple[str, str]]:
    """What a version proves of a released film and the logs do not explain: what, remedy."""
    out = f"version {proof.version.name} left it out as {proof.reason}"
    withdrawn = _since(statements.retracted, names, proof) or (
        any(name in statements.withdrawn for name in names)
        and _whole("withdrawals", proof, statements)
    )
    if proof.withdrawn and not withdrawn:
        yield (
            f"{out}: it was withdrawn, and no log of withdrawals says why it may come back",
            f"{_RESTORE}; if it is to come back: `cxr-release withdraw {proof.film} --retract`",
        )
    adjudicated = _since(statements.adjudicated, names, proof) or (
        any(name in statements.doubted for name in names) and _whole("audit", proof, statements)
    )
    if proof.audit and not adjudicated:
        yield f"{out}: a pair with it was judged so, and no log holds that verdict", _JUDGE
    whole = _whole("screening", proof, statements)
    excluded = max(statements.excluded.get(name, 0) for name in names)
    explained = withdrawn and proof.withdrawn is None
    screened = _since(statements.screened, names, proof) or (whole and excluded >= proof.reviewers)
    if proof.reviewers and not explained and not screened:
        held = f"{excluded} log(s) hold that" if whole else "a log has lost lines since"
        yield (
            f"{out}: {proof.reviewers} reviewer(s) or more had excluded it, and {held}",
            f"{_RESTORE}; if it is to come back: `cxr-release keep {proof.film} --reviewer NAME`",
        )


def _whole(kind: str, proof: _Proof, statements: LogStatements) -> bool:
    """Whether the logs of a kind hold all that they held when the version was out."""
    return all(
        end["sha256"] in statements.lines.get(log, ())
        for log, end in proof.version.logs.items()
        if log.startswith(f"{kind}/")
    )


def _since(times: Mapping[str, str], names: set[str], proof: _Proof) -> bool:
    """Whether a log speaks of a film since the version was published, or ever if unknown."""
    out = _moment(proof.version.entered)
    return any(name in times and _moment(times[name]) >= out for name in names)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return _EVER


def _proofs(versions: Sequence[Version]) -> dict[str, list[_Proof]]:
    """Hash of a film → what versions prove of it, where no later one says otherwise.

    Later is what has the higher number and was out later. A patch of an old line (1.1.0 after
    2.0.0) may be what a film left with; and so does a version that is noted a second time not
    bring back what others left out.
    """
    proofs: dict[str, list[_Proof]] = {}
    known: dict[str, set[str]] = defaultdict(set)

    def outlast(version: Version, digest: str) -> list[_Proof]:
        """What was proven before and is not outdone."""
        out = _moment(version.entered)
        return [proof for proof in proofs.get(digest, ()) if _moment(proof.version.entered) > out]

    for version in sorted(versions, key=lambda entry: order_of(entry.name)):
        for film, row in version.films.items():
            known[film] |= {row["sha256"], row["pixel_sha256"]}
            for digest in (row["sha256"], row["pixel_sha256"]):
                proofs[digest] = outlast(version, digest)
        excluded = set()
        for row in version.exclusions:
            hashes = {row["sha256"]}
            if hashes & known[row["id"]]:
                hashes |= known[row["id"]]
            excluded.add(row["id"])
            facts = {name: row[name] for name in ("reviewers", "audit", "withdrawn")}
            if any(facts.values()):
                proof = _Proof(row["id"], version, row["reason"], **facts)
                proofs |= {digest: [*outlast(version, digest), proof] for digest in hashes}
        for film, reason in reasons_of(version.record).items():
            if film not in excluded and reason not in NOBODY_S:
                for digest in known[film]:
                    proofs[digest] = proofs.get(digest) or [_by_reason(film, version, reason)]
    return proofs


def _by_reason(film: str, version: Version, reason: str) -> _Proof:
    """What a tombstone alone proves."""
    if reason in {COPY, POSSIBLE_COPY}:
        return _Proof(film, version, reason, audit=True)
    if reason.startswith(WITHDRAWN):
        return _Proof(film, version, reason, withdrawn=True)
    return _Proof(film, version, reason, reviewers=1, withdrawn=None)


def _adjudicated_films(versions: Sequence[Version]) -> dict[str, Version]:
    """Hash of a released film → the latest version that says a pair with it was judged."""
    latest: dict[str, Version] = {}
    for version in versions:
        for film in version.judged:
            row = version.films.get(film)
            if row:
                latest |= dict.fromkeys((row["sha256"], row["pixel_sha256"]), version)
    return latest
