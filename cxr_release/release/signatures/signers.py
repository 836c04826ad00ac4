"""Who may sign: a file of public keys, which comes from the team and never from the release.

Read are `allowed_signers` (ssh-keygen(1)), and plain keys as in a `.pub` file or in what
https://github.com/NAME.keys gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cxr_release.errors import Fault, ReleaseError
from cxr_release.files import read_bounded
from cxr_release.release.signatures.ssh_keys import KINDS, NotSshError, SshKey

LARGEST = 1_000_000
"""Bytes of the file."""
_TYPE = re.compile(r"(sk-)?(ssh|ecdsa)-[a-z0-9-]+(@openssh\.com)?")
_WORD = re.compile(r'(?:[^ \t"]|"[^"]*")+')
_OPTION = re.compile(r'([A-Za-z-]+)="([^"]*)"')
_OPTIONS = re.compile(rf"{_OPTION.pattern}(?:,{_OPTION.pattern})*")
_TIME = re.compile(r"\d{8}(\d{4}(\d{2})?)?Z?")
_READ = frozenset({"namespaces", "valid-after", "valid-before"})


@dataclass(frozen=True)
class Signer:
    """One line: a key, and whose it is."""

    where: str
    """File and line."""
    key: SshKey
    name: str = ""
    """Principals of `allowed_signers`; empty of a plain key."""
    options: Mapping[str, str] = field(default_factory=dict)

    def refusal(self, namespace: str, now: datetime) -> str:
        """Why this line does not vouch for a signature; empty where it does.

        Args:
            namespace: of the signature.
            now: with a time zone. As ssh-keygen has it, for a signature holds no date of its own.
        """
        given = self.options.get("namespaces")
        if given is not None and not _matches(given, namespace):
            return f"is allowed for namespaces {given}, not for {namespace}"
        after, before = (self.options.get(f"valid-{side}") for side in ("after", "before"))
        if after is not None and now < _time(after):
            return f"is valid after {after}"
        if before is not None and now >= _time(before):
            return f"was valid before {before}"
        return ""


def read_signers(path: Path) -> tuple[Signer, ...]:
    """The keys of a file.

    Raises:
        ReleaseError: it cannot be read, or a line is not a key; names every line.
    """
    try:
        text = read_bounded(path, LARGEST, follow=True).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not text"
        raise ReleaseError(f"cannot be read: {reason}", where=str(path)) from error
    signers, faults = [], []
    # As ssh-keygen tells lines and words apart: what Unicode calls a space is none.
    lines = [line.strip(" \t\r") for line in text.split("\n")]
    for number, line in enumerate(lines, start=1):
        if not line or line.startswith("#"):
            continue
        where = f"{path.name}: line {number}"
        try:
            signers.append(_signer(line, where))
        except NotSshError as error:
            faults.append(Fault(where, f"is {error}"))
    if faults or not signers:
        raise ReleaseError(
            "holds lines that are not signers" if faults else "holds no public key",
            where=str(path),
            remedy="give a .pub file, or lines of ssh-keygen's allowed_signers",
            faults=faults,
        )
    return tuple(signers)


def _signer(line: str, where: str) -> Signer:
    """One line that is not empty.

    Raises:
        NotSshError: it is not a signer's.
    """
    if "PRIVATE KEY" in line:
        raise NotSshError("of a private key: give the public one, the file ending in .pub")
    words = _WORD.findall(line)
    if not words:
        raise NotSshError("not a key")
    if _TYPE.fullmatch(words[0]):
        return Signer(where, _key(words))
    name, options = words[0].strip('"'), words[1:2]
    if options and not _TYPE.fullmatch(options[0]):
        return Signer(where, _key(words[2:]), name, dict(_options(options[0])))
    return Signer(where, _key(words[1:]), name)


def _key(words: list[str]) -> SshKey:
    if len(words) < 2:
        raise NotSshError("not a kind of key and a key")
    if words[0] not in KINDS:
        raise NotSshError(f"a key of the kind {ascii(words[0])[:60]}, which is not read")
    key = SshKey.of_text(words[1])
    if key.kind != words[0]:
        raise NotSshError(f"called {words[0]}, and is a key of the kind {key.kind}")
    return key


def _options(text: str) -> Iterator[tuple[str, str]]:
    """Name and value of options such as `namespaces="a,b",valid-before="20300101Z"`."""
    if _OPTIONS.fullmatch(text) is None:
        raise NotSshError(f"with options {ascii(text)[:60]}, which are not read")
    for name, value in _OPTION.findall(text):
        if name.lower() not in _READ:
            raise NotSshError(f"with the option {name[:60]}, which is not read")
        if name.lower() != "namespaces":
            _time(value)
        yield name.lower(), value


def _time(text: str) -> datetime:
    """A moment as OpenSSH writes it: YYYYMMDD[HHMM[SS]][Z]; without Z it is local time."""
    try:
        if not _TIME.fullmatch(text):
            raise ValueError
        moment = datetime.strptime(text.rstrip("Z").ljust(14, "0"), "%Y%m%d%H%M%S")
    except ValueError:
        raise NotSshError(f"with a date {ascii(text)[:60]}, which is not one") from None
    return moment.replace(tzinfo=UTC) if text.endswith("Z") else moment.astimezone()


def _matches(patterns: str, text: str) -> bool:
    """Whether a text is in a list of OpenSSH's patterns: `*`, `?`, and `!` for what is not."""
    allowed = False
    for pattern in patterns.split(","):
        escaped = re.escape(pattern.removeprefix("!"))
        if re.fullmatch(escaped.replace(r"\*", ".*").replace(r"\?", "."), text):
            if pattern.startswith("!"):
                return False
            allowed = True
    return allowed
