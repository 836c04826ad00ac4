"""What a project changes of the keys: `cards/keys.yaml`, read strictly."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cxr_release import plain_yaml
from cxr_release.errors import CxrReleaseError, Fault
from cxr_release.review_app.keys import NAMES, STANDARD, Bindings

_KEY = re.compile(r"(ctrl\+)?(shift\+)?(\S|[a-z]+\d{0,2})")
_SYSTEM = re.compile(r"tab|f\d{1,2}|contextmenu|printscreen|capslock|numlock|scrolllock|insert")
_WITH_CTRL = re.compile(r"(?:shift\+)?(?:arrow(?:left|right|up|down)|z)|y|enter|delete|space")
"""What browsers leave to pages of all that is pressed with Ctrl or Cmd."""
_WAYS_OUT = ("enter", "escape", "space")
"""Keys that mean something in every window that opens, and on every button."""
_REMEDY = "write `action: [key, ...]`, line by line; docs/keys.md lists actions and keys"
_ANOTHER = "take another key"


def load_keys(path: Path) -> Bindings:
    """The keys of a project: the standard ones, and what its file changes of them.

    Args:
        path: action → a key, or a list of keys. There may be no such file.

    Raises:
        CxrReleaseError: it cannot be read, names an action that no page has, or leaves it
            without a key, or names what is not a key, is the browser's, or has an action already.
    """
    if not path.exists():
        return STANDARD
    try:
        given = plain_yaml.of_file(path)
    except (OSError, plain_yaml.NotPlainError) as error:
        why = error.strerror if isinstance(error, OSError) else f"not plain YAML: {error}"
        raise CxrReleaseError(f"cannot be read: {why}", where=str(path), remedy=_REMEDY) from error
    if given is None:
        return STANDARD
    if not isinstance(given, dict) or not all(isinstance(action, str) for action in given):
        raise CxrReleaseError("expected an action and its keys", where=str(path), remedy=_REMEDY)
    changed = {action: _listed(keys) for action, keys in given.items()}
    bindings = {**STANDARD, **{action: keys or () for action, keys in changed.items()}}
    lines = path.read_text("utf-8").splitlines()
    faults = [
        Fault(f"{path}, line {_line(lines, action)}: {action}", what, remedy)
        for action, keys in changed.items()
        for what, remedy in _faults(action, keys, bindings)
    ]
    if faults:
        raise CxrReleaseError(
            f"{len(faults)} {'key' if len(faults) == 1 else 'keys'} cannot be set so",
            where=str(path),
            remedy="correct these lines, or delete them: then the standard keys hold",
            faults=faults,
        )
    return bindings


def _listed(value: Any) -> tuple[str, ...] | None:
    """Keys as a file writes them: a list, or one alone; None: something else."""
    keys = value if isinstance(value, list) else [value]
    if any(isinstance(key, bool) or not isinstance(key, str | int) for key in keys):
        return None
    return tuple(map(str, keys))


def _line(lines: list[str], action: str) -> int:
    """On which line of the file an action stands."""
    start = re.compile(rf"\s*['\"]?{re.escape(action)}['\"]?\s*:")
    return next((number for number, line in enumerate(lines, 1) if start.match(line)), 1)


def _faults(
    action: str, keys: tuple[str, ...] | None, bindings: Bindings
) -> Iterator[tuple[str, str]]:
    """What is wrong with the keys of an action, and what to do about each."""
    if action not in STANDARD:
        close = difflib.get_close_matches(action, STANDARD, 1)
        yield "no page has such an action", f"did you mean {close[0]}?" if close else _REMEDY
        return
    if keys is None:
        yield "expected a key, or a list of keys", _REMEDY
        return
    if not keys:
        yield "is left without a key", "give it one, or delete the line"
    for key in dict.fromkeys(keys):
        if keys.count(key) > 1:
            yield f"{key!r} is there twice", "list it once"
        fault = _key_fault(action, key)
        if fault:
            yield fault
        others = [other for other, theirs in bindings.items() if other != action and key in theirs]
        if others:
            yield (
                f"{key!r} has the action {others[0]} already",
                f"{_ANOTHER}, or give {others[0]} another one in this file",
            )


def _key_fault(action: str, key: str) -> tuple[str, str] | None:
    match = _KEY.fullmatch(key)
    control, shift, plain = match.groups() if match else ("", "", key.rpartition("+")[2])
    if len(plain) == 1 and plain != plain.lower():
        return f"{key!r} is a capital", "write the small letter, with shift+ before it"
    if _SYSTEM.fullmatch(plain) or (control and not _WITH_CTRL.fullmatch(f"{shift or ''}{plain}")):
        return f"{key!r} is kept by the browser or the system", _ANOTHER
    if match is None or (len(plain) > 1 and plain not in NAMES):
        return f"{key!r} is not a key", f"a key is a letter, a digit, a sign, or {', '.join(NAMES)}"
    if not control and not shift and plain in _WAYS_OUT and key not in STANDARD[action]:
        return f"{key!r} presses buttons and closes windows", _ANOTHER
    return None
