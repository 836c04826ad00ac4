"""Draw the blinded quartets, or keep those that readers were given; and write their key."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from cxr_release import schemas, tables
from cxr_release.exit_status import execute
from cxr_release.files import private, write_json
from cxr_release.film_id import BATCHES
from cxr_release.films import png
from cxr_release.logbook.witnesses import require_kept
from cxr_release.params.project import Params
from cxr_release.paths import Paths
from cxr_release.radiographs.resample import mirror
from cxr_release.reader_study.kit import (
    Films,
    KeyRow,
    draw_quartets,
    left_facing_only,
    name_of,
    redraw_quartets,
    secret_of,
    served,
)
from cxr_release.reader_study.ratings import REAL
from cxr_release.tables import Table


def run(paths: Paths, params: Params) -> None:
    """Write the kit, and the key and how it was drawn."""
    require_kept(paths.root, [paths.served.parent])
    sources = {
        REAL: (schemas.COHORT, [paths.trained_table]),
        **{
            source: (schemas.ORIENTED, paths.oriented_tables([(source, BATCHES[0])]))
            for source in params.sample.source_names
        },
    }
    films = {source: _pixels(*table) for source, table in sources.items()}
    screened = tables.read_rows(paths.screening / "screened.parquet", schemas.SCREENED)
    released = {film["id"] for film in screened if film["released"]}
    secret = secret_of(params.seed, films[REAL].values())
    quartets = params.study.quartets
    served_kit = served(paths.served)
    turned: set[str] = set()
    alike: Films | None = None
    if served_kit:
        mirrored = {source: _mirrored(*sources[source]) for source in films if source != REAL}
        kit_films = redraw_quartets(
            films, served_kit, quartets=quartets, secret=secret, mirrored=mirrored
        )
        turned = {film.name for film in kit_films if film.name != _name_now(secret, film, films)}
    else:
        drawable = {
            source: {
                film: pixels for film, pixels in ids.items() if source == REAL or film in released
            }
            for source, ids in films.items()
        }
        left = {source: _facing_left(*table) for source, table in sources.items()}
        alike = left_facing_only(drawable, left)
        kit_films = draw_quartets(alike or drawable, quartets=quartets, secret=secret)
    pictures = {
        film.name: picture
        for source, table in sources.items()
        for film, picture in _pictures(
            [film for film in kit_films if film.source == source], turned, *table
        )
    }
    kit = [_row(film, pictures[film.name]) for film in kit_films]
    with private(paths.kit.parent, paths.study_key):
        tables.write(paths.kit, schemas.KIT, kit)
        tables.write(paths.key_table, schemas.KEY, [vars(film) for film in kit_films])
        write_json(
            paths.study_key / "draw.json",
            {
                "quartets": len({film.quartet for film in kit_films}),
                "quartets_wanted": quartets,
                "images_per_quartet": len(sources),
                "checkpoints": list(params.sample.checkpoints),
                **({"elsewhere": others} if (others := params.sample.other_names) else {}),
                "served": served_kit is not None,
                "not_released": sum(
                    film.source != REAL and film.id not in released for film in kit_films
                ),
                # How a kit that readers have seen was drawn, is not recorded.
                "drawn_by_facing": None if served_kit else alike is not None,
                "turned_since": len(turned),
            },
        )


def _pixels(kind: Table, paths: Sequence[Path]) -> dict[str, str]:
    """Film → SHA-256 of its pixels."""
    columns = ["id", "pixel_sha256"]
    return {
        row["id"]: row["pixel_sha256"]
        for path in paths
        for row in tables.read(path, kind, columns).to_pylist()
    }


def _mirrored(kind: Table, paths: Sequence[Path]) -> dict[str, str]:
    """Film → SHA-256 of the pixels of its mirror image."""
    films = (
        (row["id"], png.decode(row["image"]["bytes"], where=row["id"]))
        for path in paths
        for row in tables.iterate(path, kind)
    )
    return {name: png.pixel_sha256(mirror(film)) for name, film in films}


def _facing_left(kind: Table, paths: Sequence[Path]) -> set[str]:
    """Films that face left, of which it is known: real ones whose facing is known were mirrored."""
    return {
        row["id"]
        for path in paths
        for row in tables.read(path, kind, ["id", "facing"]).to_pylist()
        if row["facing"] not in {None, "unknown"}
    }


def _name_now(secret: bytes, film: KeyRow, films: Films) -> str:
    return name_of(secret, film.source, film.id, films[film.source][film.id])


def _pictures(
    kit_films: Sequence[KeyRow], turned: Collection[str], kind: Table, paths: Sequence[Path]
) -> Iterator[tuple[KeyRow, bytes]]:
    """Films in the form of the kit. Synthetic ones carry a label, real ones do not: all lose it.

    Those whose random name is in `turned` were shown the other way round, and stay so.
    """
    by_id = {film.id: film for film in kit_films}
    for row in (row for path in paths if by_id for row in tables.iterate(path, kind)):
        if row["id"] in by_id:
            film = png.decode(row["image"]["bytes"], where=row["id"])
            shown = by_id[row["id"]]
            yield shown, png.encode_evenly(mirror(film) if shown.name in turned else film)


def _row(film: KeyRow, picture: bytes) -> dict[str, object]:
    return {
        "image": png.cell(picture, film.name),
        "quartet": film.quartet,
        "position": film.position,
        "name": film.name,
        "sha256": png.sha256(picture),
    }


if __name__ == "__main__":
    execute(run)
