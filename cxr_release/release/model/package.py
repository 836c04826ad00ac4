"""The model's folder: weights and schedule as diffusers writes them, a record, a card, checksums.

It holds nothing of a real film and of no patient but what the weights themselves hold.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from safetensors import safe_open

from cxr_release import schemas, tables
from cxr_release.errors import REMAKE, ReleaseError, TableError
from cxr_release.files import as_read, read_json, sha256, whole_folder, write_json, write_text
from cxr_release.film_id import source_name
from cxr_release.generators import checkpoints
from cxr_release.generators.conditions import Conditions
from cxr_release.json_documents import read
from cxr_release.release.layout import shard_source, write_checksums
from cxr_release.release.model.card import documents_of
from cxr_release.release.model.gate import attacks_on
from cxr_release.release.model.record import MODEL, ModelRecord
from cxr_release.release.record import RECORD, Record
from cxr_release.tables import Column

PIPELINE = "model_index.json"
"""By it `DDPMPipeline` opens the folder, and draws what it can: of a network that folds pixels into
channels that is noise in four colours. It is there for networks that do not."""
FILMS = replace(
    schemas.RELEASE,
    name="film_seeds",
    columns=(
        *(column for column in schemas.RELEASE.columns if column.name in ("id", "seed")),
        Column("label", pa.int64(), "Number of the class that it was drawn as.", nullable=True),
    ),
)
"""What the card draws again."""
SOFTWARE = ("cxr-release", "diffusers", "numpy", "torch")


def write_model(release: Path, run: Path, output: Path) -> ModelRecord:
    """Write the folder: the same inputs give the same bytes, file by file.

    Args:
        release: the release folder, whose record names the checkpoint.
        run: folder of the training run.
        output: the model's folder; what stood there before is replaced as a whole.

    Raises:
        DocumentError: the release has no record.
        CheckpointError: the checkpoint is missing or damaged.
        ReleaseError: the release is not of this checkpoint, or has no film of it.
    """
    record = read(release / RECORD, Record)
    number = record.params.modelled
    if number is None:
        raise ReleaseError("does not say that its network is released", where=str(release / RECORD))
    folder = checkpoints.folder_of(run, number)
    checkpoint = checkpoints.load(folder).record
    stated = record.inputs.get(f"training/{folder.name}.json")
    if stated != sha256(folder / checkpoints.RECORD):
        raise ReleaseError(
            "is not the checkpoint that the release was made of",
            where=str(folder),
            remedy="run `dvc repro`",
        )
    with whole_folder(output) as partial:
        for name in ("unet", "scheduler"):
            shutil.copytree(folder / name, partial / name)
        if checkpoint.network.pixel_unshuffle == 1:
            shutil.copy(folder / PIPELINE, partial)
        write_json(partial / checkpoints.RECORD, _bare(folder / checkpoints.RECORD))
        path = partial / MODEL
        write_json(path, _record(record, release, folder, checkpoint).plain())
        model = read(path, ModelRecord)  # as whoever makes the documents again will have it
        for name, text in documents_of(model).items():
            write_text(partial / name, text)
        write_checksums(partial, {})
    return model


def _bare(path: Path) -> dict[str, Any]:
    """A checkpoint's record, less what hangs on the films that it learnt from.

    Hashes of the cohort and of the run would let whoever guesses the films confirm the guess.
    """
    return dict(read_json(path)) | {"training": {}, "fingerprint": "not stated"}


def _record(
    record: Record, release: Path, folder: Path, checkpoint: checkpoints.Record
) -> ModelRecord:
    asked, training = record.params.model, record.metrics.training
    source = source_name(checkpoint.checkpoint)
    films = [
        film
        for name, shard in sorted(record.shards.items())
        if shard_source(name) == source
        for film in _films(release / name, shard.rows)
    ]
    if not films:
        raise ReleaseError(
            f"has no film of {source}, so its network is not released with it",
            where=str(release),
            remedy="take another model.checkpoint, or set model.release to false",
        )
    scorecard = record.metrics.scorecard
    with safe_open(folder / checkpoints.WEIGHTS, framework="np") as weights:
        sizes = [weights.get_slice(name).get_shape() for name in weights.keys()]  # noqa: SIM118
    return ModelRecord.model_validate(
        {
            "name": asked.repository.partition("/")[2] or f"{record.name}-model",
            "title": f"{record.title}: the network",
            **{key: getattr(record, key) for key in _SAME},
            "repository": asked.repository,
            "dataset": {
                "name": record.name,
                "title": record.title,
                "repository": asked.dataset,
                "films": len(films),
                "record_sha256": sha256(release / RECORD),
            },
            "network": {
                "checkpoint": checkpoint.checkpoint,
                "step": checkpoint.checkpoint_step,
                "size": as_read(checkpoint.size.sides),
                "pixel_unshuffle": checkpoint.network.pixel_unshuffle,
                "classes": list(checkpoint.conditions.names),
                "weights": {
                    "sha256": sha256(folder / checkpoints.WEIGHTS),
                    "parameters": sum(_product(size) for size in sizes),
                },
            },
            "sampling": {
                "sampler": record.params.sample.sampler,
                "steps": record.params.sample.steps,
                "class_guidance": record.params.condition.guidance,
            },
            "example": {
                "film": films[0]["id"],
                "seed": films[0]["seed"],
                "row": _row(checkpoint.conditions, films[0].get("label")),
            },
            "source": record.source.plain(),
            "split": record.metrics.split.plain(),
            "training": training.plain() if training else {"privacy": None, "start": None},
            "learning": {
                "films": checkpoint.training["films"],
                "batch_size": record.params.train.batch_size,
                "flip": bool(record.params.train.flip),
            },
            "distances": _distances(record, checkpoint.checkpoint),
            "attacks": attacks_on(
                scorecard.plain()["privacy"] if scorecard else [], checkpoint.checkpoint_step
            ),
            "most_tpr": asked.most_tpr,
            "software": {name: text for name, text in record.software.items() if name in SOFTWARE},
        }
    )


_SAME = (*("version", "tag", "license", "authors", "publisher", "contact", "identifier", "unset"),)
"""Keys that the model has of its dataset."""


def _films(path: Path, rows: int) -> list[dict[str, Any]]:
    """Id, seed and, where it has one, class of each film of a shard.

    Raises:
        TableError: it is not a shard of so many films.
    """
    try:
        films = tables.read_foreign(path, FILMS).to_pylist()
    except TableError as error:
        raise TableError(
            error.what, where=error.where, remedy=REMAKE, faults=error.faults
        ) from error
    if len(films) != rows:
        raise TableError(f"holds {len(films)} films, not {rows}", where=str(path), remedy=REMAKE)
    return list(films)


def _row(conditions: Conditions, label: int | None) -> int | None:
    """What the network is told of a film's class; None where it is told nothing."""
    if conditions.rows is None:
        return None
    return conditions.none if label is None else label


def _product(shape: list[int]) -> int:
    product = 1
    for side in shape:
        product *= side
    return product


def _distances(record: Record, checkpoint: int) -> dict[str, Any] | None:
    """How far films of this checkpoint lie from real ones, if that was measured."""
    measured = record.metrics.distances
    if measured is None:
        return None
    rows: Any = measured["checkpoints"]
    row: dict[str, Any] | None = next(
        (row for row in rows if row["checkpoint"] == checkpoint), None
    )
    return row and row | {
        "films": measured["images"],
        "source_films": measured["real_images"],
        "floor": measured["real_floor"],
    }
