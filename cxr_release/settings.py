"""Settings: plain values → frozen dataclasses, each value checked by what its field says of it.

A number has both ends. A text has a longest length and no control character, whatever else its
field asks for: it goes into file names, cards, figures and terminals.
"""

from __future__ import annotations

import math
import re
import reprlib
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, fields, is_dataclass
from types import MappingProxyType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from cxr_release.errors import Fault, ParamsError
from cxr_release.spelling import did_you_mean

P = TypeVar("P")

LONGEST = 200
"""Characters of a text of which its field says nothing else."""
LONGEST_PROSE = 20_000
"""Characters of a text of several lines, which goes into the card as it is."""
LONGEST_LIST = 1_000

LATER: Mapping[str, Any] = MappingProxyType({"later": True})
"""Metadata of what files written before there was such a key lack: it then has its default."""

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80
_SHORT.maxlong, _SHORT.maxlist, _SHORT.maxdict, _SHORT.maxlevel = 60, 3, 2, 2
_CONTROLS = {"Cc", "Cs", "Zl", "Zp"}
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that show what follows in another order than it is written."""


def checked_by(unit: str, accept: Callable[[Any], bool], **options: Any) -> Any:
    """A dataclass field whose value must satisfy `accept`; `unit` says so to the user."""
    return field(metadata={"unit": unit, "accept": accept}, **options)


def read_by(
    unit: str, read: Callable[[Any], Any], accept: Callable[[Any], bool], **options: Any
) -> Any:
    """A field whose value is written in several ways.

    Args:
        unit: says to the user what is accepted.
        read: plain value → the field's value, or a TypeError or ValueError that completes the
            sentence "<value> …".
        accept: whether the value that was read is right.
        options: as of `dataclasses.field`.
    """
    return field(metadata={"unit": unit, "read": read, "accept": accept}, **options)


def between(low: float, high: float, unit: str = "", *, later: bool = False, **options: Any) -> Any:
    """A number from `low` to `high`, both included; with `later`, see `LATER`."""
    text = f"from {low:,} to {high:,} {unit}".strip()
    metadata = {"unit": text, "accept": lambda value: low <= value <= high}
    return field(metadata={**metadata, **(LATER if later else {})}, **options)


def matching(pattern: str, unit: str, **options: Any) -> Any:
    """A text that a regular expression matches as a whole."""
    shape = re.compile(pattern, re.ASCII)
    return checked_by(unit, lambda value: shape.fullmatch(value) is not None, **options)


def prose(**options: Any) -> Any:
    """A text of one or several lines."""
    return field(metadata={"longest": LONGEST_PROSE, "lines": True}, **options)


def by_name(name_fault: Callable[[str], str], **options: Any) -> Any:
    """Sections by name; `name_fault` says why a name is refused, and is empty of others."""
    return field(metadata={"name_fault": name_fault}, **options)


def path(**options: Any) -> Any:
    """A file's or folder's path; empty where there is none."""
    return field(metadata={"longest": 4_000}, **options)


def checked(
    kind: type[P], raw: object, *, where: str = "", moved: Mapping[str, str] | None = None
) -> P:
    """Build one dataclass of settings from plain values.

    Args:
        kind: of settings.
        raw: mappings, lists, texts and numbers, as YAML gives them.
        where: the file, for the error.
        moved: keys that there were → where to say so now.

    Raises:
        ParamsError: with one fault for every key that is unknown, missing or wrong.
    """
    faults: list[Fault] = []
    result: P = _build(kind, raw, "", faults, moved or {})
    if faults:
        raise ParamsError(f"{len(faults)} wrong parameter(s)", where=where, faults=sorted(faults))
    return result


def _build(kind: Any, raw: Any, place: str, faults: list[Fault], moved: Mapping[str, str]) -> Any:
    """One dataclass from one mapping; what is wrong goes to `faults`."""
    if not isinstance(raw, Mapping):
        faults.append(Fault(place or "(top level)", "expected a section with keys"))
        return None
    specs = {spec.name: spec for spec in fields(kind)}
    types = get_type_hints(kind)
    prefix = f"{place}." if place else ""
    for key in raw:
        if key not in specs:
            name = f"{prefix}{key if isinstance(key, str) and key.isprintable() else repr(key)}"
            near = did_you_mean(str(key)[:LONGEST], specs)
            remedy = moved.get(name, f"{near} known here: {', '.join(specs)}".strip())
            faults.append(
                Fault(name if len(name) <= LONGEST else _SHORT.repr(name), "unknown key", remedy)
            )
    values: dict[str, Any] = {}
    for name, spec in specs.items():
        where = prefix + name
        kind_of, nullable = _without_none(types[name])
        if nullable and raw.get(name) is None:
            values[name] = None
        elif name not in raw and "later" in spec.metadata:
            is_section = isinstance(kind_of, type) and is_dataclass(kind_of)
            values[name] = kind_of() if is_section else spec.default
        elif name not in raw:
            faults.append(Fault(where, "missing"))
        elif is_dataclass(kind_of):
            values[name] = _build(kind_of, raw[name], where, faults, moved)
        elif get_origin(kind_of) is Mapping and is_dataclass(get_args(kind_of)[1]):
            # A dict, which `dataclasses.asdict` enters.
            values[name] = {
                each: _build(
                    get_args(kind_of)[1], raw[name][each], f"{where}.{each}", faults, moved
                )
                for each in _names(raw[name], where, spec.metadata, faults)
            }
        else:
            values[name] = _value(types[name], raw[name], where, spec.metadata, faults)
    return kind(**values) if len(values) == len(specs) else None


def _names(raw: Any, place: str, metadata: Mapping[str, Any], faults: list[Fault]) -> Iterator[str]:
    """Names of sections that the user gives, sorted; what is wrong with others goes to `faults`."""
    if not isinstance(raw, Mapping) or len(raw) > LONGEST_LIST:
        faults.append(Fault(place, f"expected at most {LONGEST_LIST:,} sections by name, or {{}}"))
        return
    for name in sorted(raw, key=str):
        fault = metadata["name_fault"](name) if isinstance(name, str) else "is not text"
        if fault:
            faults.append(Fault(place, f"{_SHORT.repr(name)} {fault}"))
        else:
            yield name


def _without_none(kind: Any) -> tuple[Any, bool]:
    """A type without its None, and whether it had one: such a key may be null, or left out, as in
    records of before there was such a key."""
    if get_origin(kind) in (Union, UnionType) and type(None) in get_args(kind):
        return get_args(kind)[0], True
    return kind, False


def _value(
    kind: Any, raw: Any, where: str, metadata: Mapping[str, Any], faults: list[Fault]
) -> Any:
    try:
        value = metadata["read"](raw) if "read" in metadata else _coerce(kind, raw, metadata)
    except (TypeError, ValueError) as error:
        faults.append(Fault(where, f"{_SHORT.repr(raw)} {error}"))
        return None
    if "accept" in metadata and not metadata["accept"](value):
        unit = f"expected {metadata['unit']}"
        faults.append(Fault(where, f"{_SHORT.repr(raw)} is out of range", unit))
    return value


def _coerce(kind: Any, raw: Any, metadata: Mapping[str, Any]) -> Any:
    """`raw` as `kind`, or an error that completes the sentence "<value> …"."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _coerce(get_args(kind)[0], raw, metadata)
    if origin is Literal:
        if not isinstance(raw, str) or raw not in get_args(kind):
            raise ValueError(f"is not one of {', '.join(map(repr, get_args(kind)))}")
        return raw
    if origin is tuple:
        if not isinstance(raw, list):
            raise TypeError("is not a list")
        if len(raw) > LONGEST_LIST:
            raise ValueError(f"has more than {LONGEST_LIST:,} entries")
        return tuple(_coerce(get_args(kind)[0], item, metadata) for item in raw)
    if origin is Mapping:
        if not isinstance(raw, Mapping):
            raise TypeError("is not a list of names and values")
        if len(raw) > LONGEST_LIST:
            raise ValueError(f"has more than {LONGEST_LIST:,} entries")
        name, value = get_args(kind)
        return {_coerce(name, key, {}): _coerce(value, item, {}) for key, item in raw.items()}
    if kind is float:
        return _number(raw)
    if isinstance(raw, kind) and not (kind is int and isinstance(raw, bool)):
        if kind is str:
            _check_text(raw, metadata)
        return raw
    raise TypeError(f"is not {_KINDS.get(kind, kind.__name__)}")


_KINDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}


def _number(raw: Any) -> float:
    # YAML 1.1 reads 5e-5 (no dot) as text, and bool is an int to Python.
    if isinstance(raw, str) and re.fullmatch(
        r"[+-]?[0-9]{1,40}(\.[0-9]{0,40})?[eE][+-]?[0-9]{1,9}", raw
    ):
        raw = float(raw)
    if not isinstance(raw, int | float) or isinstance(raw, bool):
        raise TypeError("is not a number")
    try:
        value = float(raw)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise ValueError("is not a finite number")
    return value


def _check_text(text: str, metadata: Mapping[str, Any]) -> None:
    longest = metadata.get("longest", LONGEST)
    if len(text) > longest:
        raise ValueError(f"is longer than {longest:,} characters")
    plain = text.replace("\n", " ") if metadata.get("lines") else text
    if "\n" in plain:
        raise ValueError("has more than one line")
    for character in plain:
        if unicodedata.category(character) in _CONTROLS or _TURNING.match(character):
            raise ValueError(f"holds a control character, {character!a}")
