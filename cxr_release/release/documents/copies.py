"""Kinds of planted copies in words: what follows "of copies"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

IN_WORDS = {
    "identical": "that were not altered",
    "mirrored": "that were mirrored",
    "inverted": "that were inverted",
    "gamma 0.8": "with a gamma of 0.8",
    "gamma 1.25": "with a gamma of 1.25",
    "contrast and brightness": "of less contrast and other brightness",
    "narrower window": "with a narrower window",
    "JPEG of quality 50": "that were saved as JPEG of quality 50",
    "noise 5 %": "with noise of 5 %",
    "blurred patch": "with a blurred patch",
    "half the resolution": "of half the resolution",
    "turned +3°": "that were turned by +3°",
    "turned −3°": "that were turned by −3°",
    "turned ±1°": "that were turned by 1° either way",
    "turned ±2°": "that were turned by 2° either way",
    "turned ±4°": "that were turned by 4° either way",
    "turned ±5°": "that were turned by 5° either way",
    "cropped 5 %": "that were cropped by 5 %",
    "cropped 5 %, off centre": "that were cropped by 5 %, off centre",
    "cropped 10 % anywhere": "that were cropped by 10 % anywhere",
    "cropped 15 % anywhere": "that were cropped by 15 % anywhere",
    "shifted 3 %": "that were shifted by 3 %",
    "shifted 5 %": "that were shifted by 5 %",
    "scaled to 0.9": "that were scaled to 0.9",
    "scaled to 0.95": "that were scaled to 0.95",
    "scaled to 1.05": "that were scaled to 1.05",
    "scaled to 1.1": "that were scaled to 1.1",
    "elastic warp, up to 1.5 %": "that were warped by up to 1.5 %",
    "turned ±3° and cropped 5 %": "that were turned by 3° either way and cropped by 5 %",
    "mirrored and cropped 10 %": "that were mirrored and cropped by 10 %",
    "gamma 0.8 and shifted 5 %": "with a gamma of 0.8, shifted by 5 %",
    "half of a film": "of half of a film, pasted into another one",
    "a third of each side": "of a ninth of a film, a third of each side, pasted into another one",
}
"""Alteration, as `alterations.ALTERATIONS` names it → words."""


FAMILIES = {"moved": "moved or scaled", "several": "several changes", "part": "part of a film"}
"""Families of alterations whose name says too little by itself → words."""


def in_words(row: Mapping[str, Any]) -> str:
    """The copies of one kind; by the name of their alteration where there are no words for it.

    Args:
        row: of `record.Recall`, as JSON has it.
    """
    name = str(row["alteration"])
    return IN_WORDS.get(name, f"of the kind “{name}”")
