"""What the documents say of a release in which no film was drawn by a network of this project."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from cxr_release import schemas
from cxr_release.release.configs import Config
from cxr_release.release.documents.card import header_of
from cxr_release.release.documents.citation import citation, license_notice
from cxr_release.release.documents.croissant_rai import rai
from cxr_release.release.documents.datacite import datacite
from cxr_release.release.documents.filled import CARD
from cxr_release.release.layout import DATASHEET
from cxr_release.release.record import Record
from tests.support.card_rules import body_faults, header_and_body, rendered
from tests.support.records import record_json

SAID = (
    "No film of this release was drawn by a network that was trained here",
    "No network was trained here",
    "no network was trained here",
    "No network was trained.",
    "none was drawn by a network that was trained here",
    "No film was drawn by a network that was trained here",
    "no distances along a training",
    "Of films drawn elsewhere, checkpoint, training steps and seed are empty.",
    "Hyperparameters of training",
    "was used for training",
    "as the only training or test set",
    "what they are trained in",
    "How their generators were trained",
    "what their generators were trained on",
    "how they were trained is not known",
    "What other generators were trained on is not known",
)
"""True sentences with words that otherwise speak of a network of this project."""
CLAIMS = re.compile(
    r"checkpoint|\btrain(ed|ing)\b|tuning run|the network|no run saw|diffusion", re.IGNORECASE
)
SOURCE = {
    **{"name": "gan", "kind": "folder", "generator": "StyleGAN2-ADA", "license": "cc-by-4.0"},
    **{"citation": "A. Author, 2024", "repository": None, "commit": None, "files": 24},
    **{"films": 24, "initial": 4, "large": 20, "refused": 0, "passed_over": 0},
}
NO_ATTACK = {
    **{"attack": "density ratio", "access": "released films", "unit": "film"},
    **{"measurable": False, "why_not": "no film is known to be a member"},
}


def counted(batch: str, films: int) -> dict[str, Any]:
    numbers = {"generated": films, "excluded": 0, "released": films, "undecided": films}
    return {"checkpoint": None, "source": "gan", "batch": batch, "by_reason": {}, **numbers}


def alone(**changes: Any) -> Record:
    """The record of a release of films of another generator alone."""
    made = record_json(**changes)
    faced = {"checkpoint": None, "source": "gan", "left": 1, "right": 0, "unknown": 3}
    scorecard = made["metrics"]["scorecard"]
    scorecard |= {"members": "not known", "privacy": [NO_ATTACK]}
    scorecard["summary"] |= {"privacy": None, "checkpoints": {}, "weakest": None, "why_not": []}
    made["metrics"] |= {"training": None, "losses": [], "distances": None, "checkpoints": None}
    made["metrics"]["facing"] = [{**faced, "batch": "initial", "said": 0, "flipped": 0}]
    rows = [counted("initial", 4), counted("large", 20)]
    made["counts"] |= {"rows": rows, "total": counted("", 24)}
    for key in ("checkpoint", "source", "batch"):
        del made["counts"]["total"][key]
    made["elsewhere"] = [SOURCE]
    record = Record.model_validate(made)
    gan = {"kind": "folder", "path": "given", "generator": "StyleGAN2-ADA", "license": "cc-by-4.0"}
    params = json.loads(json.dumps(asdict(record.params)))
    params["train"] |= {"steps": 0, "privacy": None}
    params["sample"] |= {"checkpoints": [], "sources": {"gan": gan}}
    return Record.model_validate({**made, "params": params})


def card_of(record: Record) -> str:
    file = "data/gan/train-00000-of-00001.parquet"
    films = Config("default", schemas.RELEASE, (file,), 24, 24_000, 24_000)
    sides = [
        Config(table.name, table, (f"{table.name}.parquet",), 1, 100, 100)
        for table in (schemas.AUDIT_PAIRS, schemas.TOMBSTONES, schemas.RESPONSES)
    ]
    # The shards of the record are those of a release of checkpoints.
    shard = next(iter(record.shards.values()))
    record = record.model_copy(update={"shards": {file: shard}})
    return rendered(record, [films, replace(films, name="gan"), *sides], [])


def claims(text: str) -> list[str]:
    """Words on a network of this project that stand in none of `SAID`."""
    plain = " ".join(text.split())
    for sentence in SAID:
        plain = plain.replace(sentence, "")
    return [plain[max(0, hit.start() - 60) : hit.end() + 40] for hit in CLAIMS.finditer(plain)]


SOURCES: dict[str, dict[str, Any]] = {
    "phantoms": {"kind": "phantoms"},
    "a house": {"kind": "local films", "films_named_by": "hmac", "stated": True},
    "not stated": {"kind": "local films", "films_named_by": "hmac", "stated": False},
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_no_document_speaks_of_a_network_of_this_project(source: dict[str, Any]) -> None:
    record = alone(source=source)
    body = header_and_body(card_of(record))[1]
    # What the columns may hold, of any release, and the rules are printed as they are.
    for title in ("Columns", "Columns of the other tables", "Checked before packaging"):
        before, heading, rest = body.partition(f"\n## {title}\n")
        assert heading, title
        body = "".join([before, *rest.partition("\n## ")[1:]])
    assert claims(body) == []
    assert "No film of this release was drawn by a network that was trained here" in body
    assert "Which films the generators of\nthis release learnt from is not known here" in body
    assert "StyleGAN2-ADA" in body
    for text in (
        license_notice(record),
        citation(record),
        json.dumps(rai(record), ensure_ascii=False),
        json.dumps(datacite(record, year=2026, size=1), ensure_ascii=False),
        json.dumps(header_of(record, [])),
    ):
        assert claims(text) == []


def test_every_link_leads_to_a_section_that_such_a_release_has(tmp_path: Path) -> None:
    (tmp_path / DATASHEET).parent.mkdir()
    for name in (CARD, DATASHEET):
        (tmp_path / name).touch()
    body, title, sheet = header_and_body(card_of(alone()))[1].partition("\n# Datasheet of ")
    assert title
    faults = body_faults({CARD: body, DATASHEET: sheet}, tmp_path)
    assert [fault for fault in faults if "heading" in fault] == []


def test_words_of_a_sentence_are_not_joined() -> None:
    card = card_of(alone())
    for joined in ("imagedfor", "sourceor", "generated(", "filmsthat"):
        assert joined not in card
