"""Whether the logs of answers are what was written, and about the films of the kit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cxr_release.errors import Fault
from cxr_release.logbook.verify import sentences_of, verified, wholeness_of
from cxr_release.reader_study.answer import ANSWER, Answer
from cxr_release.reader_study.gathered import CSV, foreign
from cxr_release.reader_study.kit import open_kit


def verify_answers(logs: Path, kit: Path) -> dict[str, Any]:
    """Verify every log of answers; an unfinished last line is set aside, with a message.

    Args:
        logs: folder of the answers; CSV from elsewhere lies there too.
        kit: the blinded films; before they are drawn the chains alone are verified.

    Returns:
        `logs` (reader → `lines`, `standing`) and `set_aside` (names of files).

    Raises:
        DecisionError: with every fault, by log and line.
    """
    return verified(ANSWER, logs, about_quartets(kit), beside={CSV})


def about_quartets(kit: Path) -> Callable[[Mapping[str, Sequence[Answer]]], list[Fault]]:
    """What is wrong with answers, reader → lines; see `verify_answers`."""

    def faults(lines: Mapping[str, Sequence[Answer]]) -> list[Fault]:
        if not lines or not kit.exists():
            return []
        given = open_kit(kit)
        return [fault for answers in lines.values() for fault in foreign(answers, given)]

    return faults


def text_of(found: Mapping[str, Any]) -> str:
    """What `verify_answers` found, for people."""
    end = wholeness_of(found, "log(s) of answers on quartets")
    return "\n".join([*sentences_of(found, ANSWER.noun), end])
