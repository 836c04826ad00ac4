"""`croissant.json`: the release for machines, in Croissant 1.1 with RAI 1.0 and W3C PROV.

Written out as JSON-LD, not through mlcroissant's classes: those drop `isLiveDataset: false` and
write `rai:dataManipulationProtocol` under a name that the specification does not have. What is
written is held against mlcroissant by the tests.

Files are named as they lie in the release folder, so that it opens from a copy of that folder.

Sources: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html and
https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from cxr_release.params.films import PHANTOMS
from cxr_release.release.configs import Config
from cxr_release.release.documents.citation import (
    bibtex,
    contact,
    doi_url,
    keywords,
    license_url,
    stated,
    summary,
)
from cxr_release.release.documents.croissant_rai import rai
from cxr_release.release.documents.drawn_elsewhere import UNSTATED, license_of, origin
from cxr_release.release.documents.markdown import one_line
from cxr_release.release.record import Record
from cxr_release.tables import IMAGE, Column

CROISSANT = "croissant.json"
CONFORMS_TO = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")
PARQUET = "application/x-parquet"

_TERMS = (
    *("annotation", "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty"),
    *("excludes", "extract", "field", "fileObject", "fileProperty", "fileSet", "format"),
    *("includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path"),
    *("readLines", "recordSet", "references", "regex", "repeated", "replace", "samplingRate"),
    *("sdVersion", "separator", "source", "subField", "transform", "unArchive", "value"),
)

CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS},
}
"""The terms of Croissant 1.1, and of the vocabularies beside it."""

DATA_TYPES = {
    IMAGE: "sc:ImageObject",
    pa.string(): "sc:Text",
    pa.int64(): "cr:Int64",
    pa.float64(): "cr:Float64",
    pa.bool_(): "sc:Boolean",
}


def croissant(
    record: Record,
    configs: Sequence[Config],
    sizes: Mapping[str, int],
    hashes: Mapping[str, str],
) -> str:
    """The text of `croissant.json`.

    Args:
        record: what `release.json` holds.
        configs: the finished configs; those without rows are left out.
        sizes: bytes of the tables and of `release.json`, by their names below the release folder.
        hashes: SHA-256 of the same files.
    """
    usable = [config for config in configs if config.opens]
    shards = dict.fromkeys(name for config in usable for name in config.files)
    described = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list(CONFORMS_TO),
        **_identity(record),
        "distribution": [
            *(_file(name, sizes[name], hashes[name]) for name in ("release.json", *shards)),
            *(_file_set(config) for config in usable),
        ],
        "recordSet": [*_enumeration(record), *(_record_set(config) for config in usable)],
        **_provenance(record),
        **rai(record),
    }
    kept = {key: value for key, value in described.items() if value not in ("", [], {})}
    return json.dumps(kept, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _identity(record: Record) -> dict[str, Any]:
    authors = [_organization(author) for author in record.authors]
    publisher, funding = stated(record, "publisher"), stated(record, "funding")
    return {
        "name": one_line(record.title),
        "alternateName": record.name,
        "description": f"{summary(record)}. {_state(record)}",
        "license": [license_url(record.license) or "not stated"],
        "url": doi_url(record),
        "identifier": stated(record, "identifier"),
        "creator": authors,
        "publisher": [_organization(publisher)] if publisher else authors,
        "datePublished": stated(record, "date"),
        "version": record.version,
        "sdVersion": record.version,
        "citeAs": bibtex(record),
        "keywords": list(keywords(record)),
        "inLanguage": ["en"],
        "isLiveDataset": False,
        "isAccessibleForFree": True,
        "funding": {"@type": "sc:Grant", "description": funding} if funding else "",
        "maintainer": _maintainer(record),
    }


def _maintainer(record: Record) -> dict[str, str]:
    person = contact(record)
    if not person:
        return {}
    address = {"email": person["email"]} if "email" in person else {"url": person["website"]}
    return {**_organization(person["name"]), **address}


def _organization(name: str) -> dict[str, str]:
    return {"@type": "sc:Organization", "name": one_line(name)}


def _state(record: Record) -> str:
    """How far people have looked at it, which belongs to what it is."""
    reviews = ("screening", "audit", "reader_study")
    states = ", ".join(
        f"{name.replace('_', ' ')}: {getattr(record.reviews, name).state}" for name in reviews
    )
    # Whom other generators learnt from, nobody here knows.
    nobody = "" if record.elsewhere else ": no patient was ever imaged"
    drawn = f"A demonstration on drawn phantoms{nobody}. "
    return f"{drawn if record.source.kind == PHANTOMS else ''}State of its reviews: {states}."


def _file(name: str, size: int, sha256: str) -> dict[str, Any]:
    parquet = name.endswith(".parquet")
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "description": "One shard of a table." if parquet else "The record of the release.",
        "contentUrl": name,
        "contentSize": f"{size} B",
        "encodingFormat": PARQUET if parquet else "application/json",
        "sha256": sha256,
    }


def _file_set(config: Config) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": _file_set_name(config),
        "name": _file_set_name(config),
        "description": f"All shards of the config {config.name}.",
        "encodingFormat": PARQUET,
        "includes": config.patterns,
    }


def _file_set_name(config: Config) -> str:
    """Name of the file set that holds a config's shards."""
    return f"{config.name}-files"


LABEL_NAMES = "label_names"
"""Record set of the classes; no source of films can be called so."""


def _enumeration(record: Record) -> list[dict[str, Any]]:
    """The classes by number and name, as a record set with its records; nothing without classes."""
    if not record.classes:
        return []
    number, name = f"{LABEL_NAMES}/number", f"{LABEL_NAMES}/name"
    about = "class that films were drawn as"
    return [
        {
            "@type": "cr:RecordSet",
            "@id": LABEL_NAMES,
            "name": LABEL_NAMES,
            "description": f"The values of the columns label: {record.counts.labels.fact}."
            if record.counts.labels
            else "",
            "dataType": "sc:Enumeration",
            "key": [{"@id": number}],
            "field": [
                {
                    "@type": "cr:Field",
                    "@id": number,
                    "name": number,
                    "description": f"Number of a {about}.",
                    "dataType": "cr:Int64",
                },
                {
                    "@type": "cr:Field",
                    "@id": name,
                    "name": name,
                    "description": f"Name of a {about}.",
                    "dataType": ["sc:Text", "sc:name"],
                },
            ],
            "data": [{number: place, name: label} for place, label in enumerate(record.classes)],
        }
    ]


def _record_set(config: Config) -> dict[str, Any]:
    keys = [column.name for column in config.table.columns if column.unique] or list(
        config.table.key
    )
    return {
        "@type": "cr:RecordSet",
        "@id": config.name,
        "name": config.name,
        "description": f"{config.table.doc} {config.rows:,} record(s), split train.",
        "key": [{"@id": f"{config.name}/{name}"} for name in keys],
        "field": [_field(config, column) for column in config.table.columns],
    }


def _field(config: Config, column: Column) -> dict[str, Any]:
    """The field of one column; of pictures, the bytes in the column's structure."""
    source: dict[str, Any] = {
        "fileSet": {"@id": _file_set_name(config)},
        "extract": {"column": column.name},
    }
    described: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{config.name}/{column.name}",
        "name": column.name,
        "description": column.doc,
    }
    if column.type == IMAGE:
        source["transform"] = {"jsonPath": "bytes"}
    elif column.nested:
        return described | _parts(described["@id"], column.type, source)
    elif column.classes:
        return described | {
            "dataType": [DATA_TYPES[column.type], "cr:Label"],
            "source": source,
            "references": {"field": {"@id": f"{LABEL_NAMES}/number"}},
        }
    return described | {"dataType": DATA_TYPES[column.type], "source": source}


def _parts(name: str, kind: pa.DataType, source: Mapping[str, Any]) -> dict[str, Any]:
    """What a field of structures has besides: a field for each of their parts."""
    several = pa.types.is_list(kind)
    return {
        **({"isArray": True, "arrayShape": "-1"} if several else {}),
        "subField": [
            {
                "@type": "cr:Field",
                "@id": f"{name}/{part.name}",
                "name": part.name,
                "dataType": DATA_TYPES[part.type],
                "source": {**source, "transform": {"jsonPath": part.name}},
            }
            for part in (kind.value_type if several else kind)
        ],
    }


def _provenance(record: Record) -> dict[str, Any]:
    source, params = record.source, record.params
    elsewhere = [
        {
            "@type": "prov:Entity",
            "prov:label": origin(each),
            "license": license_of(each),
            "citation": one_line(each.citation) or UNSTATED,
        }
        for each in record.elsewhere
    ]
    train, network = params.train, params.network
    channels = ", ".join(map(str, network.channels))
    films = {
        "@type": "prov:Entity",
        "prov:label": one_line(source.title),
        "license": one_line(source.license),
        "citation": one_line(source.citation),
    }
    beside = (
        f"training of a variational autoencoder ({params.autoencoder_step:,} steps of"
        f" {params.autoencoder.batch_size} films) and sampling from it, "
        if params.sample.beside
        else ""
    )
    first = (
        f"Training of an autoencoder ({params.latent_step:,} steps of"
        f" {params.latent.batch_size} films) and, on its latents, of"
        if params.latent.is_on
        else "Training of"
    )
    made = (
        f"{first} a denoising diffusion model (U-Net of {channels} channels,"
        f" {train.steps:,} steps of {train.batch_size} films), sampling from its"
        f" checkpoints {', '.join(map(str, params.sample.checkpoints))}, {beside}screening"
    )
    if not params.trains:
        made = "Films of other generators taken in, screened, and compared with the source films"
    derived: Any = [films, *elsewhere] if elsewhere else films
    return {
        "prov:wasDerivedFrom": derived if params.trains else elsewhere,
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity",
            "prov:label": made,
            "prov:wasAssociatedWith": {
                "@type": "prov:SoftwareAgent",
                "prov:label": f"cxr-release {record.software['cxr-release']}",
            },
        },
    }
