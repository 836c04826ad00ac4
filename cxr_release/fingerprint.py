"""What a stage's output follows from, as one hash: the same things that DVC compares.

Outputs that survive a kill (`persist: true`) are taken up again only where this hash is the one
they were begun with; otherwise an edit of the code or of a parameter would go on with old work.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import reduce
from pathlib import Path
from typing import Any

from cxr_release import plain_yaml
from cxr_release.errors import CxrReleaseError, ParamsError, one_line
from cxr_release.files import tree_sha256
from cxr_release.params.project import Params
from cxr_release.spelling import did_you_mean
from cxr_release.tool_code import code_of, installed_sha256


def of_stage(root: Path, params: Params, stage: str, **item: object) -> str:
    """SHA-256 over the contents of the stage's `deps` and the values of its `params` in dvc.yaml.

    Args:
        root: folder of dvc.yaml.
        params: the resolved parameters.
        stage: name of the stage in dvc.yaml.
        item: values of the matrix's variables, for a stage that has one.

    Raises:
        ParamsError: dvc.yaml names a parameter that does not exist.
        CxrReleaseError: something that the stage depends on has not been made or cannot be read.
    """
    declared = _declared(root, stage, item)
    values = asdict(params)
    digest = hashlib.sha256()
    for key in declared.get("params", []):
        if isinstance(key, Mapping):  # of other files: the code of the installed package
            continue
        value = json.dumps(_lookup(values, key), sort_keys=True)
        digest.update(f"{key}={value}\n".encode())
    for name in code_of(declared):
        digest.update(f"{name}\0{installed_sha256(name)}\n".encode())
    for dependency in declared["deps"]:
        if not (root / dependency).exists():
            raise CxrReleaseError(
                f"stage {stage} needs it and it is not there",
                where=dependency,
                remedy=f"`dvc repro {stage}` makes what comes before",
            )
        try:
            content = tree_sha256(root / dependency)
        except OSError as error:
            raise CxrReleaseError(
                f"stage {stage} needs it and cannot read it: {error.strerror or error}",
                where=str(error.filename or dependency),
                remedy=f"move it away, and `dvc repro {stage}` makes it again",
            ) from error
        digest.update(f"{dependency}\0{content}\n".encode())
    return digest.hexdigest()


def _declared(root: Path, stage: str, item: dict[str, object]) -> dict[str, Any]:
    where, stages = root / "dvc.yaml", None
    try:
        stages = plain_yaml.of_file(where).get("stages", {})
        entry: dict[str, Any] = stages[stage]
    except OSError as error:
        raise ParamsError(one_line(error.strerror or str(error)), where=str(where)) from error
    except plain_yaml.NotPlainError as error:
        raise ParamsError(f"is not plain YAML: {error}", where=str(where)) from None
    except (AttributeError, KeyError, TypeError):
        near = did_you_mean(stage, stages) if isinstance(stages, dict) else ""
        raise ParamsError(f"holds no stage {stage}", where=str(where), remedy=near) from None
    declared: dict[str, Any] = _filled(entry, item)
    return declared


def _filled(value: Any, item: dict[str, object]) -> Any:
    """A value of dvc.yaml with the matrix's variables in it."""
    if isinstance(value, Mapping):
        return {key: _filled(entry, item) for key, entry in value.items()}
    if isinstance(value, list):
        return [_filled(entry, item) for entry in value]
    if isinstance(value, str):
        for name, replacement in item.items():
            value = value.replace(f"${{item.{name}}}", str(replacement))
    return value


def _lookup(values: dict[str, Any], key: str) -> Any:
    try:
        return reduce(lambda section, part: section[part], key.split("."), values)
    except KeyError:
        raise ParamsError("no such parameter", where=f"dvc.yaml: {key}") from None
