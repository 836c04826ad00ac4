"""DataCite metadata: all that is asked for, the same in JSON and XML, hostile texts harmless."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.errors import ReleaseError
from cxr_release.release.documents.datacite import REQUIRED, datacite, to_xml
from tests.support.deposits import RECORD
from tests.support.records import record_of

SPACE = "{http://datacite.org/schema/kernel-4}"


def made(**changes: Any) -> tuple[dict[str, Any], ET.Element]:
    """The metadata of a record, and the XML's root."""
    metadata = datacite(record_of(RECORD, **changes), year=2026, size=1234)
    return metadata, ET.fromstring(to_xml(metadata))  # noqa: S314 - our own


def texts(root: ET.Element, path: str) -> list[str]:
    return [one.text or "" for one in root.findall(path.replace("/", f"/{SPACE}"))]


def test_it_holds_what_datacite_asks_for() -> None:
    metadata, root = made()
    assert metadata.keys() >= set(REQUIRED)
    assert metadata["publicationYear"] == "2026"
    assert metadata["types"]["resourceTypeGeneral"] == "Dataset"
    assert metadata["publisher"] == {"name": "A. One; B. Two"}
    assert texts(root, "./creators/creator/creatorName") == ["A. One", "B. Two"]
    assert texts(root, "./titles/title") == ["Films"]
    assert texts(root, "./publisher") == ["A. One; B. Two"]
    assert texts(root, "./publicationYear") == ["2026"]
    assert texts(root, "./version") == ["1.2.0"]
    assert texts(root, "./language") == ["en"]
    assert texts(root, "./sizes/size") == ["13 films", "1234 bytes"]
    kind = root.find(f"{SPACE}resourceType")
    assert kind is not None
    assert kind.attrib == {"resourceTypeGeneral": "Dataset"}
    rights = root.find(f"{SPACE}rightsList/{SPACE}rights")
    assert rights is not None
    assert rights.attrib["rightsIdentifier"] == "CC-BY-4.0"
    assert rights.attrib["rightsURI"].endswith("licenses/by/4.0/legalcode")
    described = root.findall(f"{SPACE}descriptions/{SPACE}description")
    assert [one.attrib["descriptionType"] for one in described] == ["Abstract", "Methods", "Other"]


def test_dois_of_the_source_are_what_it_derives_from() -> None:
    metadata, root = made()
    found = ["10.1038/s41597-024-03383-0", "10.57760/sciencedb.15391"]
    assert [
        relatedidentifier["relatedIdentifier"]
        for relatedidentifier in metadata["relatedIdentifiers"]
    ] == found
    assert texts(root, "./relatedIdentifiers/relatedIdentifier") == found
    for one in root.iter(f"{SPACE}relatedIdentifier"):
        assert one.attrib == {"relatedIdentifierType": "DOI", "relationType": "IsDerivedFrom"}


def test_a_doi_that_is_given_is_said_and_one_that_is_not_is_left_to_the_repository() -> None:
    metadata, root = made()
    assert "doi" not in metadata
    assert texts(root, "./identifier") == ["(:tba)"]
    metadata, root = made(identifier="10.5281/zenodo.12")
    assert metadata["doi"] == "10.5281/zenodo.12"
    assert texts(root, "./identifier") == ["10.5281/zenodo.12"]


def test_who_paid_and_who_publishes_is_said() -> None:
    metadata, root = made(funding="A grant", publisher="A clinic")
    assert metadata["fundingReferences"] == [{"funderName": "A grant"}]
    assert texts(root, "./fundingReferences/fundingReference/funderName") == ["A grant"]
    assert texts(root, "./publisher") == ["A clinic"]
    assert texts(root, "./contributors/contributor/contributorName") == ["A clinic"]


def test_the_year_is_given_or_that_of_the_release_and_never_the_clocks() -> None:
    dated = record_of(RECORD, date="2025-01-31")
    assert datacite(dated, year=None, size=1)["publicationYear"] == "2025"
    assert datacite(dated, year=2026, size=1)["publicationYear"] == "2026"
    with pytest.raises(ReleaseError, match="the year of publication is not given"):
        datacite(record_of(RECORD), year=None, size=1)
    with pytest.raises(ReleaseError, match="26 is not a year"):
        datacite(record_of(RECORD), year=26, size=1)


@pytest.mark.parametrize(("key", "empty"), [("title", "\n"), ("authors", ["\u200b"])])
def test_what_is_asked_for_and_empty_is_named(key: str, empty: object) -> None:
    with pytest.raises(ReleaseError, match="DataCite asks for"):
        datacite(record_of(RECORD, **{key: empty}), year=2026, size=1)


@given(st.text(min_size=1).map(lambda text: f"a{text}"))
def test_any_text_gives_sound_xml_that_says_it(text: str) -> None:
    changes = dict.fromkeys(("title", "publisher", "funding", "contact", "purpose"), text)
    source = dict.fromkeys(RECORD["source"], text)
    metadata, root = made(**changes, authors=[text], source=source)
    assert len(root.findall(f"{SPACE}titles/{SPACE}title")) == 1
    assert "".join(texts(root, "./titles/title")).startswith("a")
    assert metadata["rightsList"][0]["rights"] == "CC-BY-4.0"
