"""Draw the blinded quartets, or those that readers were given again; and, apart, their key."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from cxr_release import schemas, tables
from cxr_release.exit_status import execute
from cxr_release.files import private, write_json
from cxr_release.film_id import BATCHES, source_name
from cxr_release.films import png
from cxr_release.logbook.witnesses import require_kept
from cxr_release.params import Params
from cxr_release.paths import Paths
from cxr_release.radiographs.resample import mirror
from cxr_release.reader_study.kit import (
    Films,
    Shown,
    alike_in_facing,
    draw_again,
    draw_quartets,
    name_of,
    secret_of,
    served,
)
from cxr_release.reader_study.ratings import REAL
from cxr_release.tables import Table


def run(paths: Paths, params: Params) -> None:
    """Write the kit, and the key and how it was drawn."""
    require_kept(paths.root, [paths.served.parent])
    sources = {
        REAL: (schemas.COHORT, paths.cohort_table),
        **{
            source_name(number): (schemas.ORIENTED, paths.oriented_table(number, BATCHES[0]))
            for number in params.sample.checkpoints
        },
    }
    films = {source: _pixels(*table) for source, table in sources.items()}
    screened = tables.read_rows(paths.screening / "screened.parquet", schemas.SCREENED)
    released = {film["id"] for film in screened if film["released"]}
    secret = secret_of(params.seed, films[REAL].values())
    wanted = params.study.quartets
    given = served(paths.served)
    turned: set[str] = set()
    alike: Films | None = None
    if given:
        mirrored = {source: _mirrored(*sources[source]) for source in films if source != REAL}
        shown = draw_again(films, given, quartets=wanted, secret=secret, mirrored=mirrored)
        turned = {one.name for one in shown if one.name != _name_now(secret, one, films)}
    else:
        drawable = {
            source: {film: one for film, one in ids.items() if source == REAL or film in released}
            for source, ids in films.items()
        }
        left = {source: _facing_left(*table) for source, table in sources.items()}
        alike = alike_in_facing(drawable, left)
        shown = draw_quartets(alike or drawable, quartets=wanted, secret=secret)
    pictures = {
        one.name: picture
        for source, table in sources.items()
        for one, picture in _pictures(
            [one for one in shown if one.source == source], turned, *table
        )
    }
    kit = [_row(one, pictures[one.name]) for one in shown]
    with private(paths.kit.parent, paths.study_key):
        tables.write(paths.kit, schemas.KIT, kit)
        tables.write(paths.key_table, schemas.KEY, [vars(one) for one in shown])
        write_json(
            paths.study_key / "draw.json",
            {
                "quartets": len({one.quartet for one in shown}),
                "quartets_wanted": wanted,
                "images_per_quartet": len(sources),
                "checkpoints": list(params.sample.checkpoints),
                "served": given is not None,
                "not_released": sum(one.source != REAL and one.id not in released for one in shown),
                # How a kit that readers have seen was drawn, is not recorded.
                "drawn_by_facing": None if given else alike is not None,
                "turned_since": len(turned),
            },
        )


def _pixels(kind: Table, path: Path) -> dict[str, str]:
    """Film → SHA-256 of its pixels."""
    rows = tables.read(path, kind, ["id", "pixel_sha256"]).to_pylist()
    return {row["id"]: row["pixel_sha256"] for row in rows}


def _mirrored(kind: Table, path: Path) -> dict[str, str]:
    """Film → SHA-256 of the pixels of its mirror image."""
    films = (
        (row["id"], png.decode(row["image"]["bytes"], where=row["id"]))
        for row in tables.iterate(path, kind)
    )
    return {name: png.pixel_sha256(mirror(film)) for name, film in films}


def _facing_left(kind: Table, path: Path) -> set[str]:
    """Films that face left, of which it is known: real ones whose facing is known were mirrored."""
    rows = tables.read(path, kind, ["id", "facing"]).to_pylist()
    return {row["id"] for row in rows if row["facing"] not in {None, "unknown"}}


def _name_now(secret: bytes, one: Shown, films: Films) -> str:
    return name_of(secret, one.source, one.id, films[one.source][one.id])


def _pictures(
    shown: Sequence[Shown], turned: Collection[str], kind: Table, path: Path
) -> Iterator[tuple[Shown, bytes]]:
    """Films in the form of the kit. Synthetic ones carry a label, real ones do not: all lose it.

    Those whose random name is in `turned` were shown the other way round, and stay so.
    """
    wanted = {one.id: one for one in shown}
    for row in tables.iterate(path, kind) if wanted else ():
        if row["id"] in wanted:
            film = png.decode(row["image"]["bytes"], where=row["id"])
            one = wanted[row["id"]]
            yield one, png.encode_evenly(mirror(film) if one.name in turned else film)


def _row(one: Shown, picture: bytes) -> dict[str, object]:
    return {
        "image": png.cell(picture, one.name),
        "quartet": one.quartet,
        "position": one.position,
        "name": one.name,
        "sha256": png.sha256(picture),
    }


if __name__ == "__main__":
    execute(run)
