"""CITATION.cff against the rules of its schema, version 1.2.0, as far as they touch this file."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from cxr_release.licenses import OTHERS, SPDX
from cxr_release.release.documents.citation import bibtex, citation, license_notice, license_url
from tests.support.records import record_of

HOSTILE = "X\n---\nlicense: mit\n# <b> {a} \\b | [c](http://d)\x00"
RECORD: dict[str, Any] = {
    "name": "films",
    "title": "Films",
    "version": "1.0.0",
    "license": "cc-by-4.0",
    "authors": ["A. One", "B: Two"],
    "contact": "",
    "source": {
        "title": "Source",
        "license": "cc0-1.0",
        "citation": "Us, 2026",
    },
    "counts": {"total": {"released": 1, "generated": 1, "excluded": 0}},
}
KEYS = {
    "cff-version", "message", "type", "title", "version", "abstract", "authors", "contact",
    "keywords", "doi", "url", "license", "license-url", "date-released",
}  # fmt: skip


def cited(**changes: Any) -> dict[str, Any]:
    """The citation of a record, held against the schema."""
    found = yaml.safe_load(citation(record_of(RECORD, **changes)))
    assert isinstance(found, dict)
    assert found.keys() <= KEYS
    assert found["cff-version"] == "1.2.0"
    assert found["type"] == "dataset"
    assert all(found[key] for key in ("message", "title", "authors"))
    for author in found["authors"]:
        assert author.keys() == {"name"}
    for one in found.get("contact", []):
        assert one["name"]
        assert re.match(r"(https|http|ftp|sftp)://.+", one.get("website", "https://a"))
        assert re.match(r"[\S]+@[\S]+\.[\S]{2,}$", one.get("email", "a@b.org"))
    assert ("license" in found) != ("license-url" in found)
    assert isinstance(found["version"], str)
    assert len(set(found["keywords"])) == len(found["keywords"])
    return found


def test_it_says_who_made_what_and_from_what() -> None:
    found = cited()
    assert [author["name"] for author in found["authors"]] == ["A. One", "B: Two"]
    assert found["message"].endswith("the films that its network learnt from: Us, 2026.")
    assert found["abstract"].startswith("1 synthetic radiograph of 16 × 16 pixels")
    assert found["license"] == "CC-BY-4.0"
    assert found.keys().isdisjoint({"doi", "url", "contact", "date-released"})


@pytest.mark.parametrize(
    ("given", "key", "expected"),
    [
        ({"identifier": "10.5281/zenodo.12"}, "doi", "10.5281/zenodo.12"),
        ({"identifier": "10.5281/zenodo.12"}, "url", "https://doi.org/10.5281/zenodo.12"),
        ({"identifier": "10.5281/a<b>#c"}, "url", "https://doi.org/10.5281/a%3Cb%3E%23c"),
        ({"identifier": "10.5281/a<b>"}, "doi", None),
        ({"contact": "a@b.org"}, "contact", [{"name": "A. One", "email": "a@b.org"}]),
        (
            {"contact": "https://a.org/b", "publisher": "A clinic"},
            "contact",
            [{"name": "A clinic", "website": "https://a.org/b"}],
        ),
        ({"contact": "ring us"}, "contact", None),
        ({"license": "odbl"}, "license", "ODbL-1.0"),
        ({"license": "cdla-permissive-2.0"}, "license", None),
        (
            {"license": "cdla-permissive-2.0"},
            "license-url",
            "https://spdx.org/licenses/CDLA-Permissive-2.0.html",
        ),
        ({"date": "2026-11-20"}, "date-released", "2026-11-20"),
    ],
)
def test_it_says_what_is_given(given: dict[str, Any], key: str, expected: object) -> None:
    assert cited(**given).get(key) == expected


def test_a_source_that_nobody_names_is_not_cited() -> None:
    found = cited(source={"stated": False})
    assert found["message"] == "If you use this dataset, please cite it as below."


@pytest.mark.parametrize(("date", "year"), [("2026-11-20", "2026"), ("", "n.d."), (" ", "n.d.")])
def test_the_year_is_that_of_the_stated_date_or_none(date: str, year: str) -> None:
    record = record_of(RECORD, date=date, name="films")
    assert f"  year = {{{year}}}," in bibtex(record).splitlines()


def test_hostile_texts_stay_on_their_line() -> None:
    texts = dict.fromkeys(("title", "contact", "publisher", "identifier"), HOSTILE)
    found = cited(**texts, authors=[HOSTILE])
    assert found["license"] == "CC-BY-4.0"
    assert found["title"] == "X --- license: mit # <b> {a} \\b | [c](http://d)"
    entry = bibtex(record_of(RECORD, **texts, authors=[HOSTILE]))
    assert entry.count("{") == entry.count("}")
    assert "\\" not in entry
    assert len(entry.splitlines()) == 9
    assert (
        license_notice(record_of(RECORD, **texts, authors=[HOSTILE])).count("published by X ---")
        == 1
    )


def test_every_licence_leads_somewhere_of_its_own() -> None:
    assert OTHERS.isdisjoint(SPDX)
    assert len({license_url(one) for one in SPDX}) == len(SPDX)
    assert license_url("cc0-1.0").endswith("publicdomain/zero/1.0/legalcode")
    assert license_url("cc-by-nc-sa-4.0").endswith("licenses/by-nc-sa/4.0/legalcode")
