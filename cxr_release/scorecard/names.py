"""What films, rows and parts of a score are called."""

from __future__ import annotations

TRAINED, CONTROL, RELEASED = "trained", "control", "released"
"""Sets of films: what the generator learnt from, what no run saw, and what it drew."""

RELEASE, IDEAL, COPIES, BLURRED, NOISE = "release", "ideal", "copies", "blurred", "noise"
ONE_FILM = "one film"
"""What stands in reports beside checkpoints, by their names: no checkpoint is called so."""
ROWS = (RELEASE, IDEAL, COPIES, BLURRED, NOISE, ONE_FILM)

FILMS_OF_PATIENT = "films of the patient"
"""Column of groups: whether a film's patient has others."""
SINGLE, SEVERAL = "one", "several"
"""Its groups."""

PARTS = ("fidelity", "utility", "privacy", "coverage")


def row_name(checkpoint: str) -> str:
    """What a checkpoint is called in rows: its name, unlike those of other rows."""
    return f"checkpoint {checkpoint}" if checkpoint in ROWS else checkpoint


def title(row: str) -> str:
    """A row's name for people: a checkpoint, which is a number, as such; others as they are."""
    return f"checkpoint {row}" if row.isdecimal() else row


def natural(name: str) -> tuple[int, int, str]:
    """Key by which names of checkpoints are sorted: numbers as such, and before other names."""
    return (0, int(name), "") if name.isdecimal() else (1, 0, name)
