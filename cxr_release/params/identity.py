"""What a release is called where `release` says nothing, and what was never stated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from cxr_release.params.films import PHANTOMS
from cxr_release.params.project import Params
from cxr_release.params.sampling import SampleParams

DEMONSTRATION: Mapping[str, Any] = MappingProxyType(
    {
        "name": "cxr-release-demo",
        "license": "cc-by-4.0",
        "authors": ("The cxr-release authors",),
        "contact": "https://github.com/cxr-release/cxr-release/issues",
    }
)
"""What a release of drawn phantoms is called where `release` says nothing."""


NOT_STATED: Mapping[str, Any] = MappingProxyType(
    {
        "name": "unnamed-release",
        "license": "unknown",
        "authors": ("not stated",),
        "contact": "not stated",
    }
)
"""What is filled in for a release of other films: it is made, but never published."""


_SOURCE = ("source_title", "source_license", "source_citation")


def never_stated(sample: SampleParams) -> list[str]:
    """What a release must say of films drawn elsewhere, and does not, as keys of params.yaml."""
    return [
        f"sample.sources.{name}.{key}"
        for name, source in sample.elsewhere.items()
        for key in ("generator", "license")
        if is_blank(getattr(source, key) or "")
    ]


def unset_of(params: Params) -> list[str]:
    """Keys of params.yaml that were never set, and without which nothing can be published."""
    release = vars(params.release)
    return [
        *(f"release.{name}" for name in never_set(params.ingest.source, release)),
        *never_stated(params.sample),
    ]


def is_blank(value: Iterable[str]) -> bool:
    """Whether a text, or each of several texts, has no visible character."""
    return not any(
        character.isprintable() and not character.isspace() for text in value for character in text
    )


def never_set(source: str, release: Mapping[str, Any]) -> list[str]:
    """Keys of `release` that a release must have, and that were never set.

    Args:
        source: kind of the source; a release of `PHANTOMS` has all that it needs.
        release: section `release` of the parameters, as `load_params` fills it; or as JSON, with
            lists for tuples.
    """
    if source == PHANTOMS:
        return []
    missing = [name for name, unset in NOT_STATED.items() if list(release[name]) == list(unset)]
    return missing + [name for name in _SOURCE if is_blank(release[name])]


def with_identity(params: Params) -> Params:
    """The same parameters; an empty identity of the release is filled in.

    Only a demonstration may have its name, authors and address; its licence is open to all.
    """
    is_phantoms = params.ingest.source == PHANTOMS
    stated = {name: getattr(params.release, name) for name in NOT_STATED}
    unset = [
        name
        for name, value in stated.items()
        if is_blank(value)
        or (not is_phantoms and name != "license" and value == DEMONSTRATION[name])
    ]
    filled = {name: (DEMONSTRATION if is_phantoms else NOT_STATED)[name] for name in unset}
    return replace(params, release=replace(params.release, **filled))
