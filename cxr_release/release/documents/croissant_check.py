"""Whether `croissant.json` is whole and true to its folder, and whether mlcroissant can read it.

mlcroissant checks the structure alone: a dataset without creator, or without a word on responsible
use, passes it. Hence a list of our own.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cxr_release.errors import Fault, ReleaseError
from cxr_release.files import sha256
from cxr_release.release.configs import Config
from cxr_release.release.documents.croissant import (
    CONFORMS_TO,
    CONTEXT,
    CROISSANT,
    distributed,
    field_of,
    file_set_of,
)

REQUIRED = (
    *("@type", "conformsTo", "name", "description", "license", "creator", "publisher", "version"),
    *("sdVersion", "citeAs", "keywords", "isLiveDataset", "distribution", "recordSet"),
    *("prov:wasDerivedFrom", "prov:wasGeneratedBy"),
    *("rai:dataCollection", "rai:dataCollectionType", "rai:dataCollectionRawData"),
    *("rai:dataCollectionMissingData", "rai:dataPreprocessingProtocol"),
    *("rai:dataManipulationProtocol", "rai:dataAnnotationProtocol", "rai:dataAnnotationPlatform"),
    *("rai:dataAnnotationAnalysis", "rai:annotationsPerItem", "rai:annotatorDemographics"),
    *("rai:machineAnnotationTools", "rai:dataBiases", "rai:dataLimitations", "rai:dataUseCases"),
    *("rai:dataSocialImpact", "rai:personalSensitiveInformation"),
    "rai:dataReleaseMaintenancePlan",
)
"""Properties that a release never lacks.

Croissant asks for `url` and `datePublished` too: they stand there once the release has a DOI and a
date, which no stage of the pipeline can know.
"""

_UNDATED = 'Property "https://schema.org/datePublished" is recommended, but does not exist.'


def check_croissant(
    folder: Path, configs: Sequence[Config], hashes: Mapping[str, str] | None = None
) -> None:
    """Hold `croissant.json` against its release folder. No record is read, no network used.

    Args:
        folder: the release folder.
        configs: the finished configs.
        hashes: file below the folder → its SHA-256, where known; the rest is hashed here.

    Raises:
        ReleaseError: with every fault.
    """
    document = read_croissant(folder)
    faults = [
        *(f"property {key} is missing or empty" for key in REQUIRED if _empty(document.get(key))),
        *_file_faults(document, folder, distributed(configs), hashes or {}),
        *_record_set_faults(document, [config for config in configs if config.opens]),
    ]
    # A file that says something else than it should is none to hand to a parser of links.
    require(faults)
    require(load(folder)[1])


def read_croissant(folder: Path) -> dict[str, Any]:
    """`croissant.json` of a release folder.

    Raises:
        ReleaseError: it is not there, no JSON object, or asks for a vocabulary that is not ours.
    """
    try:
        document = json.loads((folder / CROISSANT).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ReleaseError(f"cannot be read: {error}", where=CROISSANT) from error
    if not isinstance(document, dict):
        raise ReleaseError("is no JSON object", where=CROISSANT)
    require(_foreign(document))
    return document


def require(faults: Sequence[str]) -> None:
    """Raise every fault."""
    if faults:
        raise ReleaseError(
            f"{len(faults)} fault(s)",
            where=CROISSANT,
            remedy="package again",
            faults=[Fault(CROISSANT, what) for what in faults],
        )


def _empty(value: object) -> bool:
    return value is None or value in ("", [], {})


def _foreign(document: Mapping[str, Any]) -> list[str]:
    """A context of somebody else's can make any parser of JSON-LD fetch what it names."""
    if document.get("@context") != CONTEXT:
        return ["its @context is not ours"]
    body = {key: value for key, value in document.items() if key != "@context"}
    if "@context" in set(_keys(body)):
        return ["has a second @context"]
    if document.get("conformsTo") != list(CONFORMS_TO):
        return [f"does not conform to {' and '.join(CONFORMS_TO)}"]
    return []


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for one in value.values():
            yield from _keys(one)
    elif isinstance(value, list):
        for one in value:
            yield from _keys(one)


def _nodes(value: object, kind: str) -> dict[str, dict[str, Any]]:
    """Nodes of a type by their ids."""
    nodes = value if isinstance(value, list) else []
    return {
        str(one.get("@id")): one
        for one in nodes
        if isinstance(one, dict) and one.get("@type") == kind
    }


def _file_faults(
    document: Mapping[str, Any], folder: Path, names: Sequence[str], known: Mapping[str, str]
) -> Iterator[str]:
    stated = _nodes(document.get("distribution"), "cr:FileObject")
    yield from (f"gives no hash of {name}" for name in names if name not in stated)
    yield from (f"names {name}, which is no table that opens" for name in stated.keys() - names)
    for name in names:
        node, path = stated.get(name, {}), folder / name
        if not node:
            continue
        if not path.is_file():
            yield f"{name} is not there"
            continue
        size = f"{path.stat().st_size} B"
        if node.get("contentUrl") != name:
            yield f"{name} is said to be at {node.get('contentUrl')}"
        if node.get("contentSize") != size:
            yield f"{name} is {size}, not {node.get('contentSize')}"
        elif node.get("sha256") != (known.get(name) or sha256(path)):
            yield f"{name} has another SHA-256 than stated"


def _record_set_faults(document: Mapping[str, Any], opened: Sequence[Config]) -> Iterator[str]:
    record_sets = _nodes(document.get("recordSet"), "cr:RecordSet")
    file_sets = _nodes(document.get("distribution"), "cr:FileSet")
    names = {config.name for config in opened}
    yield from (f"has a record set {name} of no config" for name in record_sets.keys() - names)
    for config in opened:
        if config.name not in record_sets:
            yield f"lacks a record set of config {config.name}"
            continue
        if file_sets.get(file_set_of(config), {}).get("includes") != config.patterns:
            yield f"record set {config.name} is not of the shards of its config"
        fields = _nodes(record_sets[config.name].get("field"), "cr:Field")
        for column in config.table.columns:
            field = fields.get(f"{config.name}/{column.name}", {})
            if not field:
                yield f"record set {config.name} lacks the column {column.name}"
            elif field != field_of(config, column):
                yield f"column {column.name} of {config.name} is described otherwise than it is"


def load(folder: Path) -> tuple[Any, list[str]]:
    """The dataset as mlcroissant has it, and what it complains of.

    Raises:
        ReleaseError: it cannot load it.
    """
    import mlcroissant

    with quiet():
        try:
            dataset = mlcroissant.Dataset(str(folder / CROISSANT))
        except Exception as error:
            raise ReleaseError(f"mlcroissant cannot load it: {error}", where=CROISSANT) from error
    issues = dataset.metadata.ctx.issues
    found = sorted(issues.errors | issues.warnings)
    return dataset, [one for one in found if not one.endswith(_UNDATED)]


@contextmanager
def quiet() -> Iterator[None]:
    """Keep its log off the terminal, for its issues are read from where it keeps them.

    And warnings of what rdflib and pandas will rename, which its authors are to read.
    """
    logger = logging.getLogger("absl")
    before = logger.disabled
    logger.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        logger.disabled = before
