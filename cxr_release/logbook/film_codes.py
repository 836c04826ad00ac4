"""A short code of each film, or pair, of a task, by which people tell each other which they mean.

It follows from what is shown alone (the film's hash), never from the film's id: whoever sees the
film learns nothing from its code, not its checkpoint, its batch or whether it is real; and it is
the same for all people, whose opaque names and orders differ. Codes of a task have one length, the
shortest from `SHORTEST` on at which no two are equal.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Any, TypeVar

K = TypeVar("K")

ALPHABET = "0123456789BCDFGHJKMNPQRSTVWXYZ"
"""No vowel, so that no word comes about, and no L, which is read as 1."""
SHORTEST = 4
LONGEST = 16
"""Characters at which no two codes are equal: there are 30 ** 16 of them."""
GROUP = 4
"""Characters of a longer code that are read in one breath."""
_READ = str.maketrans("OIL", "011")
"""What people type for characters that look alike."""


def codes_of(contents: Mapping[K, str]) -> dict[K, str]:
    """The code of each film or pair.

    Films of equal bytes have codes of their own; which gets which is shown by no id.

    Args:
        contents: film or pair → what names its bytes, such as a SHA-256.
    """
    numbers: Counter[str] = Counter()
    digits = {}
    for key in sorted(contents, key=_in_no_order):
        content = contents[key]
        digits[key] = _digits(f"{content}\0{numbers[content]}")
        numbers[content] += 1
    length = SHORTEST
    while len({text[:length] for text in digits.values()}) < len(digits):
        length += 1
    return {key: digits[key][:length] for key in contents}


def written(code: str) -> str:
    """A code as people read it: `7KM2`, or `7KM2-XQ`."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def read(text: str) -> str:
    """A code as somebody typed it: of any case, with blanks or hyphens or without.

    Empty where it cannot be a code.
    """
    plain = "".join(text.upper().split()).replace("-", "").translate(_READ)
    return plain if set(plain) <= set(ALPHABET) else ""


def matching(codes: Mapping[K, str], code: str) -> list[K]:
    """Films whose code begins so, or begins the given one: tasks have codes of other lengths."""
    return [key for key, own in codes.items() if own.startswith(code) or code.startswith(own)]


def resembling(codes: Mapping[K, str], code: str) -> list[K]:
    """Films whose code differs from the given one in one character, or in two that are swapped.

    What is longer of the two does not count beyond the other's end.
    """
    code = code[: len(next(iter(codes.values()), ""))]  # all have one length
    slips = {
        code[:place] + other + code[place + 1 :] for place in range(len(code)) for other in ALPHABET
    } | {
        code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        for place in range(len(code) - 1)
    }
    slips.discard(code)
    return [key for key, own in codes.items() if own[: len(code)] in slips]


def _in_no_order(key: Any) -> bytes:
    return hashlib.sha256(repr(key).encode()).digest()


def _digits(content: str) -> str:
    number = int.from_bytes(hashlib.sha256(f"film code\0{content}".encode()).digest(), "big")
    digits = []
    for _ in range(LONGEST):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(digits)
