"""What a release needs before it is published: its own identity, and complete reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxr_release.errors import Fault, ReleaseError

if TYPE_CHECKING:
    from cxr_release.release.model.record import ModelRecord
    from cxr_release.release.record import Record

_REVIEWS = {
    "screening": "screen the films with `cxr-release review --reviewer NAME`",
    "audit": "judge the pairs with `cxr-release adjudicate --reviewer NAME`",
    "reader_study": "let more readers answer with `cxr-release study serve`",
}
_LOOK = "look at the real films with `cxr-release clear --reviewer NAME`"
_PLACE = "place landmarks with `cxr-release landmark --reviewer NAME`"
_PACKAGE = ", then `dvc repro`"


def incomplete_reviews(record: Record) -> list[Fault]:
    """Reviews that are not complete, by a release's `release.json`."""
    faults = []
    for name, remedy in _REVIEWS.items():
        state = getattr(record.reviews, name).state
        if state != "complete":
            faults.append(Fault(name, f"the review is {_state_text(state)}", remedy + _PACKAGE))
    looking = record.reviews.burned_in
    if looking is not None and looking.state != "complete":
        what = f"the search of people for text on real films is {_state_text(looking.state)}"
        faults.append(Fault("burned_in", what, _LOOK + _PACKAGE))
    placing = record.metrics.landmarks and record.metrics.landmarks.readers
    if placing and placing.state != "complete":
        what = f"the placing of landmarks by readers is {_state_text(placing.state)}"
        faults.append(Fault("landmarks", what, _PLACE + _PACKAGE))
    return faults


def require_identity(record: Record | ModelRecord, where: str = "release.json") -> None:
    """A release goes out under its own name, or not at all.

    Raises:
        ReleaseError: name, licence, authors, address or source were never set, or the generator or
            the licence of films drawn elsewhere.
    """
    faults = [
        Fault(
            name if "." in name else f"release.{name}",
            "was never set",
            f"set it in params.yaml{_PACKAGE}",
        )
        for name in record.unset
    ]
    if faults:
        raise ReleaseError(
            "does not say whose it is, so it cannot be published",
            where=where,
            faults=faults,
        )


def _state_text(state: object) -> str:
    return {"none": "not begun", "partial": "not finished"}.get(str(state), str(state))


def require_reviewed(record: Record, *, allow_unreviewed: bool) -> list[str]:
    """Names of what is not done yet; none unless `allow_unreviewed`.

    Raises:
        ReleaseError: something is not done yet and was not allowed to be.
    """
    faults = incomplete_reviews(record)
    if faults and not allow_unreviewed:
        raise ReleaseError(
            f"{len(faults)} review(s) are not complete, so the release is not published",
            where="release.json",
            remedy="finish them, or push with --allow-unreviewed: the card says what was not done",
            faults=faults,
        )
    return [fault.where for fault in faults]
