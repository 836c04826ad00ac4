"""Which networks are attacked, held against which, and on which films.

The network under attack has learnt from the *members* and not from the *controls*. The reference
has seen neither, or the comparison shows nothing: a project has one where its tuning run did not
see what was held out of it, and its final run did. Best is the checkpoint of the tuning run that
has taken as many steps as the target: a younger one knows less of all films, and blunts the test.

Where a project keeps no control films, its final run can be held against nobody. Then the tuning
run is attacked in its place, which is another model than the released one, and the report says so:
its own films are the members, those held out of it the controls, and its first checkpoint is the
reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cxr_release import schemas, tables
from cxr_release.errors import CheckpointError
from cxr_release.films.film_set import open_films
from cxr_release.generators.checkpoints import (
    RECORD,
    Record,
    folder_of,
    list_checkpoints,
    read_record,
)
from cxr_release.radiographs.split import CONTROL, HELD_OUT, TUNING
from cxr_release.scorecard.network.films import Chosen


@dataclass(frozen=True, kw_only=True)
class NetworkInputs:
    """What the attacks on a network need."""

    targets: tuple[Path, ...]
    """Folders of the checkpoints under attack."""
    reference: Path | None
    """Folder of a checkpoint that saw none of the films, or of a run, of which the checkpoint at
    the step nearest to each target's is taken; None where there is none."""
    members: Chosen
    """Films that the targets learnt from and the reference did not."""
    controls: Chosen
    """Films of other patients, which none of them learnt from."""
    proxy: bool = False
    """Whether this is the tuning run in place of the final one. Then members are the reference's,
    too, which is an early checkpoint of the run under attack."""


def inputs_of_project(
    *,
    split: Path,
    trained: Path,
    control: Path,
    final: Path,
    tuning: Path,
    checkpoints: Sequence[int] = (),
    labels: Mapping[str, str | None] | None = None,
) -> NetworkInputs:
    """The attack that a project's own runs allow; see the module.

    Args:
        split: table of the films' parts.
        trained: image table of the films that generators may see.
        control: image table of those that none may.
        final: folder of the final run.
        tuning: folder of the tuning run.
        checkpoints: numbers of the final run's to attack; none: the last. They do not matter where
            the tuning run is attacked in its place.
        labels: class of each real film in a part, where films are drawn as classes.

    Raises:
        CxrReleaseError: a table or a run cannot be read, or the run has no such checkpoint.
    """
    parts = {row["id"]: row["part"] for row in tables.read_rows(split, schemas.SPLIT)}

    def chosen(part: str) -> Chosen:
        table = control if part == CONTROL else trained
        ids = frozenset(film for film, of in parts.items() if of == part)
        return Chosen(open_films([table], part.replace("_", "-")), ids, labels)

    if CONTROL not in parts.values():
        runs = list(list_checkpoints(tuning).values())
        return NetworkInputs(
            targets=(runs[-1],),
            reference=runs[0] if len(runs) > 1 else None,
            members=chosen(TUNING),
            controls=chosen(HELD_OUT),
            proxy=True,
        )
    known = list_checkpoints(final)
    missing = [number for number in checkpoints if number not in known]
    if missing:
        raise CheckpointError(
            "no such checkpoint",
            where=str(folder_of(final, missing[0])),
            remedy=f"take one of {', '.join(map(str, known))}",
        )
    return NetworkInputs(
        targets=tuple(known[number] for number in checkpoints or list(known)[-1:]),
        reference=tuning,
        members=chosen(HELD_OUT),
        controls=chosen(CONTROL),
    )


def reference_for(target: Record, reference: Path) -> tuple[Path, Record]:
    """The checkpoint to hold a target against, and its record.

    Args:
        target: record of the checkpoint under attack.
        reference: folder of a checkpoint, or of a run, of which the checkpoint is taken whose step
            is nearest to the target's; of two equally near, the later.

    Raises:
        CheckpointError: it is neither, or a record cannot be read.
    """
    if (reference / RECORD).exists():
        return reference, read_record(reference)
    records = {folder: read_record(folder) for folder in list_checkpoints(reference).values()}
    return min(
        records.items(),
        key=lambda each: (
            abs(each[1].checkpoint_step - target.checkpoint_step),
            -each[1].checkpoint_step,
        ),
    )


def unfit(target: Record, reference: Record, *, proxy: bool) -> str | None:
    """Why a target cannot be held against a reference; None where it can."""
    if target.size != reference.size:
        return (
            f"the reference draws films of {reference.size} pixels, the network under attack of"
            f" {target.size}"
        )
    if target.network.schedule != reference.network.schedule:
        return "the reference was trained with another schedule of noise"
    if target.conditions.names != reference.conditions.names:
        return "the reference draws other classes than the network under attack"
    if target.input_shape != reference.input_shape:
        return "the reference learns other latents than the network under attack, or pixels"
    cohorts = [record.training.get("cohort_sha256") for record in (target, reference)]
    if not proxy and cohorts[0] is not None and cohorts[0] == cohorts[1]:
        return (
            "the reference has learnt from the same films as the network under attack: give a"
            " checkpoint of a run that did not see the members"
        )
    return None
