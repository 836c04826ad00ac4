"""The rules that a card is held against: each is broken once, and named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.errors import ReleaseError
from cxr_release.params.project import Params
from cxr_release.release.layout import DATASHEET
from tests.support.card_rules import (
    REQUIRED,
    header_and_body,
    header_faults,
    lint,
    slug,
)
from tests.support.release_artefacts import make_release
from tests.support.release_configs import configs_of

Break = Callable[[Path], None]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, params: Params) -> Path:
    return make_release(tmp_path_factory.mktemp("lint"), params)


def headed(change: Callable[[dict[str, Any]], Any]) -> Break:
    """Change the header."""

    def apply(release: Path) -> None:
        card = release / "README.md"
        header, body = header_and_body(card.read_text(encoding="utf-8"))
        change(header)
        card.write_text(f"---\n{yaml.safe_dump(header)}---\n{body}", encoding="utf-8")

    return apply


def setting(key: str, value: Any) -> Break:
    return headed(lambda header: header.update({key: value}))


def first(key: str, **values: Any) -> Break:
    """Change the first entry of a list."""
    return headed(lambda header: header[key][0].update(values))


def replaced(old: str, new: str) -> Break:
    def apply(release: Path) -> None:
        card = release / "README.md"
        text = card.read_text(encoding="utf-8")
        assert old in text
        card.write_text(text.replace(old, new, 1), encoding="utf-8")

    return apply


def added(text: str) -> Break:
    """Write more below the card."""

    def apply(release: Path) -> None:
        with (release / "README.md").open("a", encoding="utf-8") as stream:
            stream.write(f"\n{text}\n")

    return apply


def on_the_sheet(text: str) -> Break:
    """Write more below the datasheet."""

    def apply(release: Path) -> None:
        with (release / DATASHEET).open("a", encoding="utf-8") as stream:
            stream.write(f"\n{text}\n")

    return apply


def removed(name: str) -> Break:
    return lambda release: (release / name).unlink()


def more(release: Path) -> None:
    shard = release / "data" / "checkpoint-1" / "train-00000-of-00001.parquet"
    shutil.copy(shard, release / "data" / "stray.parquet")


def linked(release: Path) -> None:
    (release / "figures" / "more.png").symlink_to("/etc/hostname")
    added("![more](figures/more.png)")(release)


FILES = {"split": "train", "path": "data/*"}
HEADERS: list[tuple[Break, str]] = [
    (replaced("---\n", "--\n"), "has no YAML header"),
    (replaced("language:\n", "language: [\n"), "its header is no YAML"),
    (replaced("language:\n", "language: &a\n"), "an anchor, an alias or a tag"),
    (replaced("pretty_name: ", "pretty_name: !!str "), "an anchor, an alias or a tag"),
    (replaced("language:\n", "license: mit\nlanguage:\n"), "key license stands twice"),
    (setting("more", 100_000 * "a"), "characters, at most 100,000"),
    (setting("license", "none-of-mine"), "does not know the license 'none-of-mine'"),
    (setting("pretty_name", 1), "pretty_name is no text"),
    (setting("language", ["english"]), "language: the Hub does not know 'english'"),
    (setting("language", "en"), "language is no list of texts"),
    (setting("tags", ["a, b"]), "tags: the Hub does not know 'a, b'"),
    (setting("tags", ["a", "a"]), "tags says the same twice"),
    (setting("size_categories", ["n<2K"]), "size_categories: the Hub does not know"),
    (setting("size_categories", ["1K<n<10K"]), "expected n<1K"),
    (setting("task_categories", ["drawing"]), "task_categories: the Hub does not know"),
    (setting("annotations_creators", ["me"]), "annotations_creators: the Hub does not know"),
    (setting("source_datasets", ["a/b/c"]), "source_datasets: the Hub does not know"),
    (setting("configs", {}), "key configs is missing or empty"),
    (setting("configs", "all"), "configs is no list of mappings"),
    (headed(lambda one: one["configs"][0].pop("config_name")), "an entry has no config_name"),
    (first("configs", config_name="data"), "'data' cannot be the name of a config"),
    (first("configs", config_name="a|b"), "'a|b' cannot be the name of a config"),
    (first("configs", config_name="checkpoint-1"), "config checkpoint-1 stands there twice"),
    (first("configs", data_files="data/*"), "is no list of a split and its path"),
    (first("configs", data_files=["data/*"]), "an entry that is not a split and its path"),
    (first("configs", data_files=[FILES | {"split": "a-b"}]), "cannot be the name of a split"),
    (first("configs", data_files=[FILES | {"path": "../*"}]), "leads out of the release: ../*"),
    (first("configs", data_files=[FILES | {"path": "http://d"}]), "leads out of the release"),
    (first("dataset_info", splits=[]), "dataset_info has no splits"),
    (first("dataset_info", splits=[{"name": "train"}]), "lacks num_bytes or num_examples"),
    (first("dataset_info", download_size=-1), "lacks download_size or dataset_size"),
    (first("dataset_info", features="all"), "cannot read its features"),
    (
        headed(lambda one: one["dataset_info"][0]["features"].pop()),
        "the features of default are not those of its table",
    ),
    (headed(lambda one: one["dataset_info"].pop()), "departs from the finished shards"),
    (replaced("num_examples: 13", "num_examples: 14"), "departs from the finished shards"),
    (
        removed("data/checkpoint-3/train-00000-of-00001.parquet"),
        "config checkpoint-3: nothing matches data/checkpoint-3/train-*.parquet",
    ),
    (more, "no config holds data/stray.parquet"),
]
BODIES: list[tuple[Break, str]] = [
    (added("[More Information Needed]"), "unfilled: [More Information Needed]"),
    (added("{{ uses }}"), "unfilled: {{ "),
    (removed("figures/checkpoint-3.png"), "not there: figures/checkpoint-3.png"),
    (linked, "shows a picture that is not there: figures/more.png"),
    (added("[a](MORE.md)"), "links to a file that is not there: MORE.md"),
    (added("[a](../LICENSE)"), "links to a file that is not there: ../LICENSE"),
    (added("[a](/etc/hostname)"), "links to a file that is not there: /etc/hostname"),
    (added("[a](#more)"), "links to a heading that is not there: #more"),
    (added(f"[a]({DATASHEET}#more)"), f"to a heading that is not there: {DATASHEET}#more"),
    (on_the_sheet("[a](../README.md#more)"), "to a heading that is not there: ../README.md#more"),
    (on_the_sheet("[a](LICENSE)"), "links to a file that is not there: LICENSE"),
    (on_the_sheet("![a](figures/losses.png)"), "a picture that is not there: figures/losses.png"),
    (on_the_sheet("</details>"), "closes <details> where it is not open"),
    (added("## Once\n\n# Once"), "two headings lead to #once"),
    (added("a <script src='b'>"), "the HTML tag <script>"),
    (added("<details><summary>a"), "does not close <summary>"),
    (added("</details>"), "closes <details> where it is not open"),
]


@pytest.mark.parametrize(("broken", "expected"), HEADERS + BODIES)
def test_lint_names_what_is_wrong(
    whole: Path, tmp_path: Path, broken: Break, expected: str
) -> None:
    release = Path(shutil.copytree(whole, tmp_path / "release"))
    configs = configs_of(release)
    broken(release)
    with pytest.raises(ReleaseError) as caught:
        lint(release, configs)
    assert expected in str(caught.value)


def test_a_sound_card_passes(whole: Path) -> None:
    lint(whole, configs_of(whole))


@pytest.mark.parametrize("key", REQUIRED)
def test_a_key_that_is_missing_is_named(whole: Path, key: str) -> None:
    header, _ = header_and_body((whole / "README.md").read_text(encoding="utf-8"))
    assert list(header_faults({**header, key: None})) == [f"key {key} is missing or empty"]


@pytest.mark.parametrize(
    "text",
    [
        "```\n[a](b.md) <script> [c](#d)\n## Uses\n```",
        "`[a](b.md) <iframe>`",
        r"\[a\](b.md) \<script\>",
        "[a](https://example.org/#b) [c](mailto:a@b.org) <https://example.org>",
        "[a](LICENSE) [b](release.json) ![c](figures/losses.png)",
        "<details><summary>a</summary>\n\nb\n\n</details>",
    ],
)
def test_what_is_code_or_leads_elsewhere_is_let_be(whole: Path, tmp_path: Path, text: str) -> None:
    release = Path(shutil.copytree(whole, tmp_path / "release"))
    added(text)(release)
    lint(release, configs_of(release))


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Who is in it, and who is not", "who-is-in-it-and-who-is-not"),
        ("### `audit_pairs`", "-audit_pairs"),
        (r"A \_b\_ &amp; c", "a-_b_--c"),
    ],
)
def test_anchors_are_those_of_the_hub(heading: str, anchor: str) -> None:
    assert slug(heading) == anchor


@given(st.text(alphabet="-:{}[]&*!|>'\"\n ab1", max_size=60))
def test_any_header_is_read_or_refused(text: str) -> None:
    try:
        header, _ = header_and_body(f"---\n{text}\n---\nbody")
    except ReleaseError:
        return
    assert isinstance(list(header_faults(header)), list)
