"""LICENSE, CITATION.cff and CHANGELOG.md of a release."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from cxr_release.files import write_text
from cxr_release.release.markdown import escape, one_line

SPDX = {
    "apache-2.0": "Apache-2.0",
    "cc-by-4.0": "CC-BY-4.0",
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "cc-by-nc-sa-4.0": "CC-BY-NC-SA-4.0",
    "cc-by-sa-4.0": "CC-BY-SA-4.0",
    "cc0-1.0": "CC0-1.0",
    "mit": "MIT",
    "odc-by": "ODC-By-1.0",
}
"""Licence as the Hub writes it → as SPDX does, for those that datasets usually carry."""

_CREATIVE_COMMONS = {
    "cc-by-4.0": "https://creativecommons.org/licenses/by/4.0/legalcode",
    "cc-by-nc-4.0": "https://creativecommons.org/licenses/by-nc/4.0/legalcode",
    "cc-by-nc-sa-4.0": "https://creativecommons.org/licenses/by-nc-sa/4.0/legalcode",
    "cc-by-sa-4.0": "https://creativecommons.org/licenses/by-sa/4.0/legalcode",
    "cc0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/legalcode",
}


def license_url(license_id: str) -> str:
    """Where the text of a licence stands."""
    spdx = SPDX.get(license_id, license_id)
    return _CREATIVE_COMMONS.get(license_id, f"https://spdx.org/licenses/{spdx}.html")


def write_notices(folder: Path, record: Mapping[str, Any]) -> None:
    """Write the three files from the release's record."""
    write_text(folder / "LICENSE", _license(record))
    write_text(folder / "CITATION.cff", _citation(record))
    write_text(folder / "CHANGELOG.md", _changelog(record))


def _license(record: Mapping[str, Any]) -> str:
    license_id, source = record["license"], record["source"]
    authors = ", ".join(one_line(author) for author in record["authors"])
    return "\n".join(
        [
            f"{one_line(record['title'])}, version {record['version']}",
            f"by {authors}",
            "",
            f"This dataset is licensed under {SPDX.get(license_id, license_id)}.",
            "This notice is not the licence. Its text, which alone counts, stands at",
            license_url(license_id),
            "",
            "When you share the dataset or what you make of it, name the title, the version and",
            "the authors above, link the licence, and say what you changed.",
            "",
            "The films are synthetic: a network drew them that was trained on",
            f"  {one_line(source['title'])}",
            f"  licence: {one_line(source['license'])}",
            f"  cite as: {one_line(source['citation'])}",
            "",
            *_shown(source["films_shown"]),
        ]
    )


def _shown(films: int) -> list[str]:
    """What holds for source films that the release shows; nothing where it shows none."""
    if not films:
        return []
    return [
        f"The table audit_pairs shows {films:,} film(s) of that source, for comparison. The",
        "licence above does not cover them: they stay under the licence of the source and its",
        "terms. They were changed: resampled to 8-bit grey of one size; negatives inverted;",
        "mirrored where they faced right.",
        "",
    ]


def _citation(record: Mapping[str, Any]) -> str:
    title, total = one_line(record["title"]), record["counts"]["total"]
    license_id = record["license"]
    citation = {
        "cff-version": "1.2.0",
        "message": "If you use this dataset, please cite it as below.",
        "type": "dataset",
        "title": title,
        "version": record["version"],
        "abstract": f"{total['released']} synthetic radiographs drawn by a diffusion model.",
        "authors": [{"name": one_line(author)} for author in record["authors"]],
        "keywords": ["synthetic data", "radiograph", "diffusion model"],
    }
    if license_id in SPDX:
        citation["license"] = SPDX[license_id]
    else:
        citation["license-url"] = license_url(license_id)
    return yaml.safe_dump(citation, sort_keys=False, allow_unicode=True, width=10_000)


def _changelog(record: Mapping[str, Any]) -> str:
    total, screening = record["counts"]["total"], record["reviews"]["screening"]
    audit = record["reviews"]["audit"]
    return "\n".join(
        [
            f"# Changes of {escape(record['title'])}",
            "",
            f"## {record['version']}",
            "",
            f"- {total['released']:,} films released of {total['generated']:,} generated;"
            f" {total['excluded']:,} excluded.",
            f"- Films looked at: {screening['looked_at']:,} by {screening['reviewers']:,}"
            f" reviewer(s); {screening['undecided']:,} undecided.",
            f"- Nearest pairs of a source film and a synthetic one: {audit['judged']:,} of"
            f" {audit['pairs']:,} judged by {audit['reviewers']:,} reviewer(s);"
            f" films excluded for it: {audit['excluded_films']:,}.",
            "",
        ]
    )
