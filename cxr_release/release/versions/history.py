"""What a version owes to those before it: shards that stay, films that are gone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxr_release.errors import ReleaseError
from cxr_release.release.versions.published import order_of, read_published
from cxr_release.release.versions.version import GONE, Version


@dataclass(frozen=True)
class History:
    """The published versions before the one that is being made."""

    current: str
    """The version that is being made."""
    earlier: tuple[Version, ...] = ()
    """The oldest first."""
    published: Version | None = None
    """The current version, if it is out already."""

    @property
    def previous(self) -> Version | None:
        """The newest of those before."""
        return self.earlier[-1] if self.earlier else None

    def version_of(self, content: str) -> str:
        """The version in which a shard of this content last changed.

        Args:
            content: what `shards.content_of` gives for its rows.
        """
        shards = self.previous.record["shards"].values() if self.previous else ()
        return next((one["version"] for one in shards if one["content"] == content), self.current)

    def tombstones(
        self, films: Collection[str], reasons: Mapping[str, str]
    ) -> list[dict[str, str]]:
        """Films of earlier versions that this one lacks: `id`, `reason`, `first_version_without`.

        Args:
            films: ids of this version's films.
            reasons: film id → reason of its exclusion. A film that is in neither is no longer
                generated; a reason that an earlier version gave for it holds on.
        """
        versions = [version.name for version in self.earlier] + [self.current]
        last: dict[str, int] = {}
        said: dict[str, str] = {}
        for place, version in enumerate(self.earlier):
            last |= dict.fromkeys(version.films, place)
            said |= {one["id"]: one["reason"] for one in version.record["tombstones"]}
            for film in said.keys() & version.films.keys():  # it was back: the reason is past
                del said[film]
        return [
            {
                "id": film,
                "reason": reasons.get(film) or said.get(film, GONE),
                "first_version_without": versions[place + 1],
            }
            for film, place in sorted(last.items())
            if film not in films
        ]

    def require_unchanged(self, films: Mapping[str, Mapping[str, Any]]) -> None:
        """A version that is out stays what it is.

        Args:
            films: film id → flat columns of `schemas.RELEASE`.

        Raises:
            ReleaseError: this version is published, with other films.
        """
        if self.published and self.published.films != films:
            raise ReleaseError(
                f"version {self.current} is published, and with other films",
                where="release.version",
                remedy="raise it in params.yaml: what is published is never changed",
            )


def read_history(ledger: Path, current: str) -> History:
    """The published versions, as far as the version `current` comes after them."""
    versions = read_published(ledger)
    return History(
        current,
        tuple(one for one in versions if order_of(one.name) < order_of(current)),
        next((one for one in versions if one.name == current), None),
    )
