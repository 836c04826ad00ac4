"""Every setting has both ends, every text a length; no text as params.yaml ends in a traceback."""

from __future__ import annotations

import copy
import dataclasses
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxr_release import plain_yaml
from cxr_release.errors import DecisionError, ParamsError
from cxr_release.params.load import load_params
from cxr_release.params.project import Params
from cxr_release.screening.decision import PRESCREEN, load_reasons
from cxr_release.spelling import REVIEWER
from tests.support import ROOT

DEFAULT = (ROOT / "params.yaml").read_text()
PARSED = yaml.safe_load(DEFAULT)


def leaves(kind: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting, and the type that it is declared with."""
    for name, hint in get_type_hints(kind).items():
        where = f"{place}{name}"
        if dataclasses.is_dataclass(hint):
            yield from leaves(hint, f"{where}.")
        else:
            yield where, hint


SETTINGS = dict(leaves(Params))


def item_of(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is tuple else kind


def with_value(where: str, value: Any) -> dict[str, Any]:
    raw: dict[str, Any] = copy.deepcopy(PARSED)
    section, _, key = where.rpartition(".")
    kind = SETTINGS[where]
    (raw[section] if section else raw)[key] = [value] if get_origin(kind) is tuple else value
    return raw


def faults(tmp_path: Path, raw: Any) -> dict[str, str]:
    """What is said of each setting of a file."""
    path = tmp_path / "params.yaml"
    text = raw if isinstance(raw, str) else yaml.safe_dump(raw)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ParamsError) as caught:
        load_params(path)
    assert str(path) in str(caught.value)
    assert all(len(line) < 1000 for line in str(caught.value).splitlines())
    return {fault.where: fault.what for fault in caught.value.faults}


NUMBERS = [where for where, kind in SETTINGS.items() if item_of(kind) in (int, float)]
TEXTS = [where for where, kind in SETTINGS.items() if item_of(kind) is str]


def test_these_are_all_settings() -> None:
    assert len(NUMBERS) + len(TEXTS) + 37 > len(SETTINGS) > len(NUMBERS) + len(TEXTS)
    assert len(SETTINGS) == sum(
        len(one) if isinstance(one, dict) else 1 for one in yaml.safe_load(DEFAULT).values()
    )


@pytest.mark.parametrize(
    "facts",
    [
        {"a|b": "code"}, {"a\nb": "code"}, {"": "code"}, {"x" * 61: "code"}, {"a\u202eb": "code"},
        {"age": "years"}, {"age": 3}, {3: "code"}, {"age": None}, [], "age", None,
        {f"column {at}": "code" for at in range(51)},
    ],
)  # fmt: skip
def test_facts_are_names_and_kinds(tmp_path: Path, facts: Any) -> None:
    assert "ingest.facts" in faults(tmp_path, with_value("ingest.facts", facts))


def test_facts_may_have_names_of_any_language(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    named = {"Körpergröße (cm)": "number", "部位": "code"}
    path.write_text(yaml.safe_dump(with_value("ingest.facts", named)), encoding="utf-8")
    assert load_params(path).ingest.facts == named


@pytest.mark.parametrize("where", NUMBERS)
def test_every_number_has_both_ends(tmp_path: Path, where: str) -> None:
    for value in (10**30, -(10**30), 10**400, math.inf, -math.inf, math.nan, "9" * 30, True, None):
        assert where in faults(tmp_path, with_value(where, value)), value


@pytest.mark.parametrize("where", TEXTS)
@pytest.mark.parametrize(
    "value", ["a\0b", "a\x1bb", "a\x7fb", "a\x85b", "a\u2028b", "a\u202eb", "x" * 30_000, 1, None]
)
def test_every_text_has_a_length_and_no_control_character(
    tmp_path: Path, where: str, value: Any
) -> None:
    said = faults(tmp_path, with_value(where, value))
    assert where in said
    assert all(one.isprintable() for one in "".join(said.values()))


@pytest.mark.parametrize("where", TEXTS)
def test_prose_alone_has_lines(tmp_path: Path, where: str) -> None:
    of_lines = {"population", "purpose", "funding", "interests", "ethics", "source_citation"}
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(with_value(where, "one\ntwo")))
    if where.removeprefix("release.") in of_lines:
        assert load_params(path)
    else:
        with pytest.raises(ParamsError, match=re.escape(where)):
            load_params(path)


@pytest.mark.parametrize(
    ("date", "right"),
    [
        ("2026-11-20", True), ("2028-02-29", True), ("2026-02-31", False), ("2026-02-29", False),
        ("2026-00-10", False), ("0000-01-01", False), ("2026-13-01", False), ("26-01-01", False),
        ("２０２６-01-01", False), ("2026-01-01\n", False),
        ("20260101", False), ("2026-W01-1", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("quote", ['"', ""])
def test_a_date_is_a_day_of_the_calendar(
    tmp_path: Path, date: str, right: bool, quote: str
) -> None:
    """Quoted or not: YAML would make a date, or an error, of some of them."""
    if not quote and not date.isprintable():
        pytest.skip("needs quotes")
    text = DEFAULT.replace('date: ""', f"date: {quote}{date!s}{quote}".replace("\n", "\\n"))
    if right:
        path = tmp_path / "params.yaml"
        path.write_text(text, encoding="utf-8")
        assert load_params(path).release.date == date
    else:
        assert "release.date" in faults(tmp_path, text)


@pytest.mark.parametrize("section", ["screen", "audit"])
@pytest.mark.parametrize(
    "name", ["a..b", "prescreen", "A.b", ".a", "a.", "a/b", "x" * 65, "é", " "]
)
def test_an_adjudicator_is_somebody_who_can_have_a_log(
    tmp_path: Path, section: str, name: str
) -> None:
    raw = with_value(f"{section}.adjudicator", name)
    raw["screen"]["conflict"] = "adjudicate" if section == "screen" else "exclude"
    assert f"{section}.adjudicator" in faults(tmp_path, raw)
    assert PRESCREEN == "prescreen"
    assert not REVIEWER.fullmatch("a..b")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("\nsplit:", "\ntrain:\n  steps: 1\n\nsplit:", "key 'train' is a duplicate"),
        ("  batch_size: 8\n", "  batch_size: 8\n  batch_size: 9\n", "'batch_size' is"),
        ("  batch_size: 8\n", "  batch_size: 8\n  'batch_size': 9\n", "'batch_size' is"),
        ("seed: 2026", "seed: 2026\nseed: 2027", "key 'seed' is a duplicate"),
        ("authors: []", "authors: &a [x]", "anchor"),
        ("authors: []", "authors: !!set {x}", "tag"),
        ("seed: 2026", "? [1]\n: 2\nseed: 2026", "a list or a section for a key"),
        ("authors: []", "authors: " + "[" * 5000, "nested"),
        ("authors: []", "authors:\n    " + "- " * 5000, "nested"),
        ("authors: []", "authors: [" + "x, " * 9000 + "]", "more than 5,000"),
        ("seed: 2026", "seed: " + "9" * 5000, "a number or a date that is not valid"),
        ("seed: 2026", "seed: 2026\n---\nseed: 1", "document"),
        ("seed: 2026", "seed: 2026 # " + "x" * 70_000, "larger than 65,536 bytes"),
        ("seed: 2026", "seed: \x01", "control"),
        ("seed: 2026", "seed: 2026\n<<: {seed: 1}", "<<: unknown key"),
        ("seed: 2026", "seed: 2026\n12: 1", "12: unknown key"),
        ("seed: 2026", "seed: 2026\n\"a\\0\\nb\": 1", "unknown key"),
    ],
)  # fmt: skip
def test_what_is_more_than_plain_yaml_is_named(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in DEFAULT
    path = tmp_path / "params.yaml"
    path.write_text(DEFAULT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ParamsError, match=re.escape(said)) as caught:
        load_params(path)
    for line in str(caught.value).splitlines():
        assert line.isprintable()
        assert len(line) < 1000


def bombs() -> dict[str, bytes]:
    lol = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(30))
    return {
        "latin-1": b"a: \xe9",
        "utf-16": "a: 1".encode("utf-16"),
        "aliases": lol.encode(),
        "brackets": b"[" * 60_000,
        "braces": b"{" * 60_000,
        "keys": b"? " * 30_000,
        "quotes": b"'" * 60_001,
        "colons": b"a: " * 20_000,
        "digits": b"1_" * 30_000,
        "minutes": b"1:" * 30_000 + b"1",
        "comma": b"[" + b"," * 60_000,
        "tabs": b"\t" * 60_000,
        "lines": b"a\n" * 30_000,
    }


@pytest.mark.parametrize("data", bombs().values(), ids=bombs().keys())
def test_bombs_are_refused_in_time(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file.yaml"
    path.write_bytes(data)
    with pytest.raises(ParamsError):
        load_params(path)
    with pytest.raises(DecisionError):
        load_reasons(path)


def strange(path: Path, kind: str) -> None:
    """Something else in a file's place."""
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link to a pipe":
        os.mkfifo(path.with_name("pipe"))
        path.symlink_to("pipe")
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "large":
        with path.open("wb") as stream:
            stream.truncate(2**34)


@pytest.mark.parametrize("kind", ["folder", "pipe", "link to a pipe", "device", "large"])
def test_what_is_no_small_plain_file_is_not_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file.yaml"
    strange(path, kind)
    for load, error in ((load_params, ParamsError), (load_reasons, DecisionError)):
        with pytest.raises(error) as caught:
            load(path)
        assert caught.value.where == str(path)
        assert "\n" not in str(caught.value)


MARKS = (
    "a|seed|train|steps|: |:|\n|\n  |- |? |[|]|{|}|,|&x |*x|!!str |'|\"|\\0|#|>|---|...|%|1|0x|1e9"
)
TOKENS = st.sampled_from([*MARKS.split("|"), "|", "~", "<<", "\t"])
YAML = st.one_of(st.text(max_size=300), st.lists(TOKENS, max_size=60).map("".join))
PLACES = st.integers(0, len(DEFAULT))


@settings(deadline=1000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(YAML, PLACES, PLACES)
def test_any_text_is_params_or_a_fault(tmp_path: Path, text: str, start: int, end: int) -> None:
    path = tmp_path / "params.yaml"
    for one in (text, DEFAULT[: min(start, end)] + text + DEFAULT[max(start, end) :]):
        path.write_text(one, encoding="utf-8", errors="replace")
        try:
            assert isinstance(load_params(path), Params)
        except ParamsError as error:
            assert len(str(error)) < 100_000


SINGLE = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
PLAIN = st.recursive(
    SINGLE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc_"), inner, max_size=4),
    max_leaves=20,
)


@given(PLAIN)
def test_plain_values_come_back_as_they_are(value: Any) -> None:
    """What a YAML library writes of plain values is read as those values."""
    assert plain_yaml.of_text(yaml.safe_dump(value), deepest=50) == value
