"""Sections `model` and `release`: what is published, and under which name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from cxr_release.licenses import SPDX
from cxr_release.params.limits import MOST_STEPS
from cxr_release.settings import between, checked_by, matching, prose


def _is_date(text: str) -> bool:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return not text
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _repository(**options: Any) -> Any:
    return matching(rf"({_HUB_NAME}/{_HUB_NAME})?", "ORG/NAME on the Hub, or empty", **options)


_HUB_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"


@dataclass(frozen=True, kw_only=True)
class ModelParams:
    """The network as a thing to publish; the defaults are those of a project that keeps it."""

    release: bool = False
    checkpoint: int | None = between(1, MOST_STEPS, "or null", default=None)
    repository: str = _repository(default="")
    dataset: str = _repository(default="")
    most_tpr: float = between(0.0, 0.2, "of the films", default=0.05)


@dataclass(frozen=True, kw_only=True)
class ReleaseParams:
    """What the release is called and where its source comes from."""

    name: str = matching(
        r"([a-z0-9][a-z0-9._-]{0,95})?", "at most 96 lower-case letters, digits, . _ -"
    )
    title: str
    version: str = matching(
        # No zeros in front: 1.00.0 would be another version than 1.0.0, and equal to it.
        r"(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){2}",
        "MAJOR.MINOR.PATCH, such as 1.0.0",
    )
    license: str = checked_by(
        "one licence that the Hugging Face Hub and SPDX know, in lower case, such as cc-by-4.0; see"
        " https://huggingface.co/docs/hub/repositories-licenses",
        lambda value: value in {"", "unknown", *SPDX},
    )
    authors: tuple[str, ...] = checked_by(
        "names that are not empty", lambda value: all(name.strip() for name in value)
    )
    source_title: str
    source_license: str
    source_citation: str = prose()
    source_public: bool
    population: str = prose()
    purpose: str = prose()
    publisher: str
    funding: str = prose()
    interests: str = prose()
    ethics: str = prose()
    identifier: str = matching(
        r"(10\.[0-9]{4,9}/\S{1,180})?", "a DOI, such as 10.5281/zenodo.12, or empty"
    )
    date: str = checked_by("a day of the calendar as YYYY-MM-DD, or empty", _is_date)
    contact: str

    @property
    def shown_title(self) -> str:
        """What pages and reports have as their title: the name where there is none."""
        return self.title or self.name
