"""Whether a card is whole, offline: header, files, pictures, nothing left unfilled."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from cxr_release.errors import Fault, ReleaseError
from cxr_release.release.configs import Config

REQUIRED = (
    "license",
    "pretty_name",
    "language",
    "tags",
    "size_categories",
    "task_categories",
    "annotations_creators",
    "source_datasets",
    "configs",
    "dataset_info",
)
_UNFILLED = re.compile(r"\[More Information Needed\]|\{[{%#] ")
"""The Hub's mark of an empty section; a template's tags (braces of BibTeX have no space)."""

_HEADER = re.compile(r"\A---\n(.*?\n)---\n(.*)\Z", re.DOTALL)
_PICTURE = re.compile(r"!\[[^\]]*\]\(([^)]*)\)")


def lint(folder: Path, configs: Sequence[Config]) -> None:
    """Hold the finished card against the finished folder.

    Raises:
        ReleaseError: with every fault.
    """
    text = (folder / "README.md").read_text(encoding="utf-8")
    faults = [Fault("README.md", what) for what in _card_faults(text, folder, configs)]
    if faults:
        raise ReleaseError(
            f"{len(faults)} fault(s) in the card", where="README.md", faults=sorted(faults)
        )


def header_and_body(text: str) -> tuple[dict[str, Any], str]:
    """The two parts of a card.

    Raises:
        ReleaseError: there is no header, or it is no YAML mapping.
    """
    parts = _HEADER.match(text)
    if not parts:
        raise ReleaseError("has no YAML header", where="README.md")
    try:
        header = yaml.safe_load(parts[1])
    except yaml.YAMLError as error:
        raise ReleaseError(f"its header is no YAML: {error}", where="README.md") from error
    if not isinstance(header, dict):
        raise ReleaseError("its header is no mapping", where="README.md")
    return header, parts[2]


def _card_faults(text: str, folder: Path, configs: Sequence[Config]) -> list[str]:
    try:
        header, body = header_and_body(text)
    except ReleaseError as error:
        return [error.what]
    faults = [f"key {key} is missing or empty" for key in REQUIRED if not header.get(key)]
    faults += [f"unfilled: {mark}" for mark in _UNFILLED.findall(body)]
    faults += [
        f"shows a picture that is not there: {name}"
        for name in _PICTURE.findall(body)
        if not (folder / name).is_file()
    ]
    return faults if faults else _config_faults(header, folder, configs)


def _config_faults(header: dict[str, Any], folder: Path, configs: Sequence[Config]) -> list[str]:
    faults = []
    matched = {folder / name for config in configs if not config.opens for name in config.files}
    for entry in header["configs"]:
        for data_files in entry["data_files"]:
            path = data_files["path"]
            for pattern in path if isinstance(path, list) else [path]:
                files = sorted(folder.glob(pattern))
                matched |= set(files)
                if not files:
                    faults.append(f"config {entry['config_name']}: nothing matches {pattern}")
    for file in sorted(set(folder.rglob("*.parquet")) - matched):
        faults.append(f"no config holds {file.relative_to(folder).as_posix()}")
    stated = {
        info["config_name"]: info["splits"][0]["num_examples"] for info in header["dataset_info"]
    }
    if stated != {config.name: config.rows for config in configs if config.opens}:
        faults.append("dataset_info departs from the finished shards")
    return faults
