"""What the documents say of who drew the films: of other makers' what is stated, and no more."""

from __future__ import annotations

from collections import Counter

from cxr_release.film_id import AUTOENCODER, origin_of
from cxr_release.licenses import SPDX
from cxr_release.release.documents.markdown import one_line
from cxr_release.release.record import Elsewhere, Record

UNSTATED = "not stated"


def released_elsewhere(record: Record) -> dict[str, int]:
    """Name of films drawn elsewhere → how many of them are released."""
    films: Counter[str] = Counter({source.name: 0 for source in record.elsewhere})
    for row in record.counts.rows:
        if origin_of(row.job[0]) == "elsewhere":
            films[row.job[0]] += row.released
    return dict(films)


def generated_elsewhere(record: Record) -> int:
    """Films that were taken in, excluded or not."""
    rows = record.counts.rows
    return sum(row.generated for row in rows if origin_of(row.job[0]) == "elsewhere")


def generated_by_autoencoder(record: Record) -> int:
    """Films that the autoencoder of this project drew, excluded or not."""
    return sum(row.generated for row in record.counts.rows if row.job[0] == AUTOENCODER)


def network_of(record: Record) -> str:
    """What was trained here, as a noun."""
    beside = " and a variational autoencoder" if record.params.sample.beside else ""
    return f"a denoising diffusion model{beside}"


def drawn_by(record: Record) -> str:
    """Who drew the released films, as the end of a sentence that names their number."""
    were = "were each" if record.params.sample.beside else "was"
    network = (
        f"drawn by {network_of(record)} that {were} trained on: {one_line(record.source.title)}"
    )
    elsewhere = released_elsewhere(record)
    if not elsewhere:
        return network
    others = ", ".join(
        f"{films:,} by {_generator(record, name)}" for name, films in elsewhere.items()
    )
    if not record.params.trains:
        return f"drawn by other makers' generators: {others}"
    own = record.counts.total.released - sum(elsewhere.values())
    return f"{others}, of other makers; {own:,} {network}"


def _generator(record: Record, name: str) -> str:
    source = next(source for source in record.elsewhere if source.name == name)
    return f"{one_line(source.generator)} ({name})" if source.generator else f"{name} (not stated)"


def origin(source: Elsewhere) -> str:
    """Where such films come from, in one sentence."""
    place = "a folder of the publishers"
    if source.repository is not None:
        place = f"{one_line(source.repository)} on the Hugging Face Hub, commit {source.commit}"
    return (
        f"{source.name}: {source.films:,} films from {place}; generator:"
        f" {one_line(source.generator) or UNSTATED}; licence: {license_of(source)}; cite as:"
        f" {one_line(source.citation) or UNSTATED}"
    )


def license_of(source: Elsewhere) -> str:
    """The licence as it is stated; an SPDX id by its official spelling."""
    stated = one_line(source.license)
    return SPDX.get(stated.lower(), stated) or UNSTATED


def origins(record: Record) -> list[str]:
    """A sentence for each source of films drawn elsewhere."""
    return [origin(source) for source in record.elsewhere]
