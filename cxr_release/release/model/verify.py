"""Whether a model's folder is what it says: hashes, weights, configuration, card; from it alone.

Whoever made the folder may have meant harm: see `release.verify`. No pickle is opened, and nothing
is built but the network that `checkpoint.json` describes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path
from typing import Any

from pydantic import ValidationError

import cxr_release
from cxr_release.errors import CxrReleaseError
from cxr_release.film_size import Size
from cxr_release.generators import checkpoints
from cxr_release.generators.diffusion import network as unets
from cxr_release.json_documents import fault_of
from cxr_release.release.checks.checksums import check_checksums, has_windows_ends
from cxr_release.release.checks.derived import MADE_AGAIN
from cxr_release.release.checks.report import CheckReport
from cxr_release.release.checks.signature import check_signature
from cxr_release.release.layout import CHECKSUMS, SIGNATURE
from cxr_release.release.model.card import documents_of
from cxr_release.release.model.package import PIPELINE
from cxr_release.release.model.record import MODEL, ModelRecord
from cxr_release.release.signatures.signers import Signer
from cxr_release.release.untrusted.folder import Folder, look
from cxr_release.release.untrusted.readers import json_of_file, text_of_file

CONFIGS = ("unet/config.json", "scheduler/scheduler_config.json")
NEEDED = (
    *("README.md", "LICENSE", MODEL, checkpoints.RECORD, CHECKSUMS),
    *(checkpoints.WEIGHTS.as_posix(), *CONFIGS),
)
"""Files that every model has."""
ALLOWED = frozenset({*NEEDED, SIGNATURE, PIPELINE})
LARGEST_WEIGHTS = 50_000_000_000
"""Bytes: weights are read into memory to be looked at."""


def verify_model(folder: Path, *, signers: Sequence[Signer] | None = None) -> dict[str, Any]:
    """Hold a model's folder against everything that it says of itself.

    Args:
        folder: it may hold anything.
        signers: as of `release.verify.verify`.

    Returns:
        As `release.verify.verify`.
    """
    report = CheckReport(folder)
    record = signature = None
    with report.trying(folder.name):
        files = look(folder, report, allowed=ALLOWED.__contains__, needed=NEEDED)
        signature = check_signature(files, signers, report)
        if not has_windows_ends(files, report):
            hashes = check_checksums(files, report)
            record = _record(files, report)
            if record is not None:
                _check(files, record, hashes.get(checkpoints.WEIGHTS.as_posix()), report)
    return {
        "name": record.name if record else "",
        "version": record.version if record else "",
        "checked": dict(sorted(report.rules.items())),
        "signature": signature,
        "notes": report.notes,
        "differences": [asdict(difference) for difference in report.differences],
    }


def _record(files: Folder, report: CheckReport) -> ModelRecord | None:
    document = json_of_file(files, MODEL, report)
    if document is None:
        return None
    try:
        record = ModelRecord.model_validate(document)
    except ValidationError as error:
        for details in error.errors(include_url=False, include_input=False, include_context=False):
            fault = fault_of(MODEL, details)
            report.add(fault.where, fault.what)
        return None
    report.applied("records whose every key is as declared", 1)
    return record


def _check(files: Folder, record: ModelRecord, weights: str | None, report: CheckReport) -> None:
    report.says(f"{MODEL}: key tag", record.tag, f"v{record.version}", "version and tag together")
    report.says(f"{MODEL}: key network.weights.sha256", record.network.weights.sha256, weights,
                "the file")  # fmt: skip
    if any(fault.where in {*NEEDED} for fault in report.faults):
        report.note("the network was not looked at: its files are not those of the checksums")
    else:
        _check_network(files, record, report)
    if record.software.get("cxr-release") != cxr_release.__version__:
        report.note(
            f"written by another cxr-release than this one, {cxr_release.__version__}: its"
            " documents were not made again"
        )
        return
    with report.trying(MODEL):
        for name, made in documents_of(record).items():
            _compare(files, name, made, report)
            report.applied(MADE_AGAIN, 1)


def _check_network(files: Folder, record: ModelRecord, report: CheckReport) -> None:
    """The weights are those of the network that is described, and so are diffusers' settings."""
    if files.sizes[checkpoints.WEIGHTS.as_posix()] > LARGEST_WEIGHTS:
        report.add(checkpoints.WEIGHTS.as_posix(), "is larger than any weights that are read")
        return
    with report.trying(checkpoints.RECORD):
        try:
            loaded = checkpoints.load(files.root)
        except CxrReleaseError as error:
            report.add(checkpoints.RECORD, error.what)
            return
        made, stated = loaded.record, record.network
        schedule = unets.noise_schedule(made.network)
        true = {
            "checkpoint": made.checkpoint,
            "step": made.checkpoint_step,
            "pixel_unshuffle": made.network.pixel_unshuffle,
        }
        for key, value in true.items():
            report.says(f"{MODEL}: key network.{key}", getattr(stated, key), value,
                        checkpoints.RECORD)  # fmt: skip
        if Size.of(stated.size) != made.size:
            report.add(f"{MODEL}: key network.size", f"is not that of {checkpoints.RECORD}")
        count = sum(weight.numel() for weight in loaded.unet.parameters())
        report.says(f"{MODEL}: key network.weights.parameters", stated.weights.parameters, count,
                    "the weights")  # fmt: skip
        _check_settings(files, CONFIGS[0], loaded.unet, report)
        _check_settings(files, CONFIGS[1], schedule, report)
        _check_pipeline(files, made.network.pixel_unshuffle, report)
    report.applied("networks held against their description", 1)


def _check_pipeline(files: Folder, unshuffle: int, report: CheckReport) -> None:
    """`DDPMPipeline` opens networks that do not fold pixels, and no other."""
    if (PIPELINE in files.sizes) != (unshuffle == 1):
        what = "is not there" if unshuffle == 1 else "opens a network that folds pixels as noise"
        report.add(PIPELINE, what)
    elif unshuffle == 1:
        made = {"_class_name": "DDPMPipeline", "scheduler": ["diffusers", "DDPMScheduler"],
                "unet": ["diffusers", "UNet2DModel"]}  # fmt: skip
        stated = json_of_file(files, PIPELINE, report) or {}
        if {key: value for key, value in stated.items() if key != _VERSION} != made:
            report.add(PIPELINE, "is not that of such a network")


_VERSION = "_diffusers_version"


def _check_settings(files: Folder, name: str, made: Any, report: CheckReport) -> None:
    """What diffusers builds from a file is the network, or the schedule, that is described."""
    true = json.loads(made.to_json_string())
    stated = json_of_file(files, name, report) or {}
    # Of another version of diffusers a file may lack settings, or have some more.
    keys = true.keys() if stated.get(_VERSION) == true[_VERSION] else true.keys() & stated.keys()
    for key in sorted(keys - {_VERSION, "_name_or_path"}):
        if key not in stated or stated[key] != true[key]:
            report.add(f"{name}: key {key}", f"is not that of {checkpoints.RECORD}")


def _compare(files: Folder, name: str, made: str, report: CheckReport) -> None:
    text = text_of_file(files, name, report)
    if text is None or text == made:
        return
    lines = zip_longest(text.splitlines(), made.splitlines())
    place = next((place for place, pair in enumerate(lines, start=1) if pair[0] != pair[1]), 1)
    report.add(f"{name}: line {place}", f"is not what {MODEL} makes of it")
