"""The rules that a rendered datacard keeps: those of the Hub for its header, and links that lead.

Sources: https://github.com/huggingface/hub-docs/blob/main/datasetcard.md, the list of tasks in
huggingface.js (packages/tasks/src/pipelines.ts), and `datasets`, which reads `configs` and
`dataset_info`.
"""

from __future__ import annotations

import html
import json
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from cxr_release.errors import Fault, ReleaseError
from cxr_release.licenses import SPDX
from cxr_release.params.identity import NOT_STATED
from cxr_release.release.configs import Config
from cxr_release.release.documents.card import with_header
from cxr_release.release.documents.filled import CARD, bodies_of
from cxr_release.release.layout import DATASHEET
from cxr_release.release.record import Record


def written(release: Path) -> str:
    """The card of a release with its header, and the datasheet below it."""
    return "\n".join((release / name).read_text(encoding="utf-8") for name in (CARD, DATASHEET))


def rendered(record: Record, configs: Sequence[Config], pairs: Sequence[Mapping[str, Any]]) -> str:
    """The same, from what both are made of."""
    bodies = bodies_of(record, configs, pairs)
    return f"{with_header(record, configs, bodies[CARD])}\n{bodies[DATASHEET]}"


def first_screen(text: str) -> str:
    """What a card says before its first section to read on, as one line without marks of lists."""
    body = header_and_body(text)[1] if text.startswith("---\n") else text
    before, mark, _ = body.partition("\n## Read on\n")
    assert mark
    return " ".join(re.sub(r"^> ?(- )?", "", before, flags=re.MULTILINE).split())


def warnings_of(text: str) -> list[str]:
    """What a card says before use, on its first screen: each item as one line."""
    body = header_and_body(text)[1] if text.startswith("---\n") else text
    quoted = body.partition("\n> - ")[2].partition("\n\n")[0]
    assert quoted
    return [" ".join(re.sub(r"\n>", " ", item).split()) for item in quoted.split("\n> - ")]


_UNFILLED = re.compile(r"\[More Information Needed\]|\{[{%#] ")
"""The Hub's mark of an empty section; a template's tags (braces of BibTeX have no space)."""

_FENCED = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"(?<!\\)`[^`\n]*`")
_PICTURE = re.compile(r"(?<!\\)!\[[^\]]*\]\(<?([^)>\s]*)")
_LINK = re.compile(r"(?<!\\)\]\(<?([^)>\s]*)")
_ELSEWHERE = re.compile(r"https?://|mailto:")
_HEADING = re.compile(r"^#{1,6}[ \t]+(.*?)[ \t]*#*$", re.MULTILINE)
_STRIPPED = re.compile(r"(?<!\\)<(script|iframe|style|object|embed|form|input|link|meta)\b", re.I)
_DETAILS = re.compile(r"(?<!\\)<(/?)(details|summary)\b", re.I)


def body_faults(bodies: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Where the words of card and datasheet are not whole, or not true to the folder.

    Args:
        bodies: file name → its Markdown, without a header.
        folder: the release folder.
    """
    prose = {name: _FENCED.sub("", body) for name, body in bodies.items()}
    slugs = {
        name: [slug(heading) for heading in _HEADING.findall(text)] for name, text in prose.items()
    }
    for name, body in bodies.items():
        yield from (f"unfilled: {mark}" for mark in _UNFILLED.findall(body))
        for each in sorted({one for one in slugs[name] if slugs[name].count(one) > 1}):
            yield f"two headings lead to #{each}"
        yield from _prose_faults(name, _CODE.sub("", prose[name]), slugs, folder)


def _prose_faults(
    name: str, words: str, slugs: Mapping[str, Sequence[str]], folder: Path
) -> Iterator[str]:
    """Faults of what a document says outside its code: what stands as code does nothing."""
    pictures = _PICTURE.findall(words)
    for target in pictures:
        if not _is_there(folder, _below(name, target)):
            yield f"shows a picture that is not there: {target}"
    for target in _LINK.findall(words):
        if target in pictures or _ELSEWHERE.match(target):
            continue
        path, _, anchor = target.partition("#")
        document = _below(name, path) if path else name
        if not _is_there(folder, document):
            yield f"links to a file that is not there: {target}"
        elif anchor and anchor not in slugs.get(document, ()):
            yield f"links to a heading that is not there: {target}"
    for tag in _STRIPPED.findall(words):
        yield f"has the HTML tag <{tag.lower()}>, which the Hub strips"
    yield from _open_tags(words)


def _below(name: str, target: str) -> str:
    """Where a link of a document leads, below the release folder; empty: to no place in it."""
    if target.startswith(("/", "~")):
        return ""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
    return "" if path.startswith("..") else path


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub and the Hub make it."""
    shown = html.unescape(re.sub(r"\\(.)", r"\1", heading)).lower()
    return re.sub(r"[^\w\- ]", "", shown).replace(" ", "-")


def _is_there(folder: Path, name: str) -> bool:
    """Whether a name leads to a file of the folder, and not out of it."""
    if not name:
        return False
    return (folder / name).is_file() and not (folder / name).is_symlink()


def _open_tags(words: str) -> Iterator[str]:
    opened: list[str] = []
    for closes, tag in _DETAILS.findall(words):
        name = tag.lower()
        if not closes:
            opened.append(name)
        elif not opened or opened.pop() != name:
            yield f"closes <{name}> where it is not open"
            return
    yield from (f"does not close <{name}>" for name in opened)


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
LONGEST = 100_000
"""Characters of a header: a bound of ours, ten times what this many configs need."""

SIZES = {
    "n<1K": 10**3,
    "1K<n<10K": 10**4,
    "10K<n<100K": 10**5,
    "100K<n<1M": 10**6,
    "1M<n<10M": 10**7,
    "10M<n<100M": 10**8,
}
"""Size category → rows that it stays below."""

TASKS = frozenset(
    {
        *("depth-estimation", "image-classification", "object-detection", "image-segmentation"),
        *("text-to-image", "image-to-text", "image-to-image", "image-to-video"),
        *("unconditional-image-generation", "zero-shot-image-classification", "mask-generation"),
        *("zero-shot-object-detection", "image-feature-extraction", "keypoint-detection"),
        *("visual-question-answering", "image-text-to-text", "feature-extraction", "other"),
    }
)
"""Tasks of the Hub that a set of films can be for."""

ANNOTATORS = frozenset(
    {"no-annotation", "crowdsourced", "expert-generated", "found", "machine-generated", "other"}
)
_SOURCE = re.compile(r"original|extended(\|[\w.-]+(/[\w.-]+)?)?|[\w.-]+(/[\w.-]+)?")
_SPLIT = re.compile(r"\w+(\.\w+)*")
_NOT_IN_A_NAME = re.compile(r'[<>:/\\|?*"]')
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C, ten times as fast, where PyYAML has it."""

_SPECIAL = (yaml.AnchorToken, yaml.AliasToken, yaml.TagToken, yaml.DirectiveToken)


def plain_yaml_faults(text: str) -> Iterator[str]:
    """What in a header is more than plain YAML: anchors, tags, a key twice, too much of it.

    Raises:
        yaml.YAMLError: it is no YAML.
    """
    if len(text) > LONGEST:
        yield f"its header has {len(text):,} characters, at most {LONGEST:,}"
        return
    if any(isinstance(token, _SPECIAL) for token in yaml.scan(text, _LOADER)):
        yield "its header has an anchor, an alias or a tag of YAML"
        return
    yield from (
        f"key {key} stands twice in its header" for key in _twice(yaml.compose(text, _LOADER))
    )


def _twice(node: Any) -> Iterator[str]:
    if isinstance(node, yaml.MappingNode):
        keys = [key.value for key, _ in node.value]
        yield from sorted({str(key) for key in keys if keys.count(key) > 1})
        for _, value in node.value:
            yield from _twice(value)
    elif isinstance(node, yaml.SequenceNode):
        for one in node.value:
            yield from _twice(one)


def header_faults(header: Mapping[str, Any]) -> Iterator[str]:
    """Where a header breaks a rule of the Hub."""
    yield from (f"key {key} is missing or empty" for key in REQUIRED if not header.get(key))
    rules: dict[str, Callable[[Any], bool]] = {
        "language": lambda value: value in _languages(),
        "tags": lambda value: value == value.strip() and "," not in value,
        "size_categories": SIZES.__contains__,
        "task_categories": TASKS.__contains__,
        "annotations_creators": ANNOTATORS.__contains__,
        "source_datasets": lambda value: bool(_SOURCE.fullmatch(value)),
    }
    for key, allows in rules.items():
        values = header.get(key) or []
        if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
            yield f"{key} is no list of texts"
            continue
        yield from (f"{key}: the Hub does not know {one!r}" for one in values if not allows(one))
        if len(set(values)) < len(values):
            yield f"{key} says the same twice"
    if not isinstance(header.get("pretty_name") or "", str):
        yield "pretty_name is no text"
    yield from _licence_faults(header)
    yield from _named_faults(header, "configs", _config_faults)
    yield from _named_faults(header, "dataset_info", _info_faults)


@cache
def _languages() -> frozenset[str]:
    """ISO 639 codes, as `datasets` lists them."""
    listed = files("datasets").joinpath("utils", "resources", "languages.json")
    return frozenset(json.loads(listed.read_text(encoding="utf-8")))


def _licence_faults(header: Mapping[str, Any]) -> Iterator[str]:
    license_id = header.get("license")
    # What is not stated is known to the Hub as `unknown`; nothing is published under that.
    if license_id and license_id not in SPDX and license_id != NOT_STATED["license"]:
        yield f"the Hub does not know the license {license_id!r}"


def _named_faults(
    header: Mapping[str, Any], key: str, faults: Callable[[Mapping[str, Any]], Iterator[str]]
) -> Iterator[str]:
    """Faults of a list of mappings, each with the name of its config."""
    entries = header.get(key) or []
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        yield f"{key} is no list of mappings"
        return
    names = [one.get("config_name") for one in entries]
    for name, entry in zip(names, entries, strict=True):
        if not isinstance(name, str) or not name:
            yield f"{key}: an entry has no config_name"
            continue
        if _NOT_IN_A_NAME.search(name) or name == "data":
            yield f"{key}: {name!r} cannot be the name of a config"
        if names.count(name) > 1:
            yield f"{key}: config {name} stands there twice"
        yield from (f"config {name}: {what}" for what in faults(entry))


def _config_faults(entry: Mapping[str, Any]) -> Iterator[str]:
    files_of = entry.get("data_files")
    if not isinstance(files_of, list) or not files_of:
        yield "data_files is no list of a split and its path"
        return
    for one in files_of:
        if not isinstance(one, dict) or one.keys() != {"split", "path"}:
            yield "data_files has an entry that is not a split and its path"
            continue
        if not isinstance(one["split"], str) or not _SPLIT.fullmatch(one["split"]):
            yield f"{one['split']!r} cannot be the name of a split"
        paths = one["path"] if isinstance(one["path"], list) else [one["path"]]
        if not paths or not all(isinstance(path, str) and _is_inside(path) for path in paths):
            yield f"data_files leads out of the release: {one['path']}"


def _is_inside(pattern: str) -> bool:
    return bool(pattern) and ".." not in pattern.split("/") and not re.match(r"/|\w+:", pattern)


def _info_faults(entry: Mapping[str, Any]) -> Iterator[str]:
    splits = entry.get("splits")
    if not isinstance(splits, list) or not splits:
        yield "dataset_info has no splits"
    else:
        counted = ("num_bytes", "num_examples")
        sound = (isinstance(split, dict) and _counts(split, counted) for split in splits)
        if not all(sound):
            yield "dataset_info: a split lacks num_bytes or num_examples"
    if not _counts(entry, ("download_size", "dataset_size")):
        yield "dataset_info lacks download_size or dataset_size"
    if _features(entry) is None:
        yield "dataset_info: datasets cannot read its features"


def _counts(entry: Mapping[str, Any], keys: Sequence[str]) -> bool:
    values = [entry.get(key) for key in keys]
    return all(
        isinstance(value, int) and not isinstance(value, bool) and value >= 0 for value in values
    )


def _features(entry: Mapping[str, Any]) -> Any:
    """The features that a `dataset_info` states, or None where `datasets` cannot read them."""
    from datasets import Features

    try:
        return Features._from_yaml_list(entry["features"]) or None
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def stated_features(header: Mapping[str, Any]) -> dict[str, Any]:
    """Config → features, as `dataset_info` states them."""
    return {entry["config_name"]: _features(entry) for entry in header["dataset_info"]}


_HEADER = re.compile(r"\A---\n(.*?\n)---\n(.*)\Z", re.DOTALL)


def lint(folder: Path, configs: Sequence[Config]) -> None:
    """Hold the finished card against the finished folder.

    Raises:
        ReleaseError: with every fault.
    """
    text = (folder / "README.md").read_text(encoding="utf-8")
    faults = {Fault("README.md", what) for what in _card_faults(text, folder, configs)}
    if faults:
        raise ReleaseError(
            f"{len(faults)} fault(s) in the card", where="README.md", faults=sorted(faults)
        )


def header_and_body(text: str) -> tuple[dict[str, Any], str]:
    """The two parts of a card.

    Raises:
        ReleaseError: there is no header, or it is no plain YAML mapping.
    """
    parts = _HEADER.match(text)
    if not parts:
        raise ReleaseError("has no YAML header", where="README.md")
    try:
        # First: an alias can stand for more than any memory holds.
        faults = list(plain_yaml_faults(parts[1]))
        header = None if faults else yaml.safe_load(parts[1])
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ReleaseError(f"its header is no YAML: {error}", where="README.md") from error
    if faults:
        raise ReleaseError("; ".join(faults), where="README.md")
    if not isinstance(header, dict):
        raise ReleaseError("its header is no mapping", where="README.md")
    return header, parts[2]


def _card_faults(text: str, folder: Path, configs: Sequence[Config]) -> list[str]:
    try:
        header, body = header_and_body(text)
    except ReleaseError as error:
        return [error.what]
    sheet = (folder / DATASHEET).read_text(encoding="utf-8")
    faults = [*header_faults(header), *body_faults({CARD: body, DATASHEET: sheet}, folder)]
    return faults or [*_file_faults(header, folder, configs), *_count_faults(header, configs)]


def _file_faults(header: dict[str, Any], folder: Path, configs: Sequence[Config]) -> Iterator[str]:
    matched = {folder / name for config in configs if not config.opens for name in config.files}
    for entry in header["configs"]:
        for data_files in entry["data_files"]:
            path = data_files["path"]
            for pattern in path if isinstance(path, list) else [path]:
                found = sorted(folder.glob(pattern))
                matched |= set(found)
                if not found:
                    yield f"config {entry['config_name']}: nothing matches {pattern}"
    for file in sorted(set(folder.rglob("*.parquet")) - matched):
        yield f"no config holds {file.relative_to(folder).as_posix()}"


def _count_faults(header: dict[str, Any], configs: Sequence[Config]) -> Iterator[str]:
    from datasets import Features

    opened = [config for config in configs if config.opens]
    stated = {
        info["config_name"]: info["splits"][0]["num_examples"] for info in header["dataset_info"]
    }
    names = [entry["config_name"] for entry in header["configs"]]
    if stated != {config.name: config.rows for config in opened} or set(names) != set(stated):
        yield "dataset_info departs from the finished shards"
        return
    features = stated_features(header)
    for config in opened:
        if features[config.name] != Features.from_arrow_schema(config.table.arrow):
            yield f"dataset_info: the features of {config.name} are not those of its table"
    rows = stated.get("default", 0)
    size = next((name for name, limit in SIZES.items() if rows < limit), None)
    if header["size_categories"] != [size]:
        yield f"size_categories is {header['size_categories']}, expected {size}"
