"""What a command says is one line of text, whatever names stand in it and whatever prints it."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release import plain_yaml
from cxr_release.errors import CxrReleaseError, Fault
from cxr_release.exit_status import one_line_errors
from tests.support.commands import run

NAMES = st.text() | st.sampled_from(["a\nb", "\x1b[2J", "\u202egnp.", "\u200b", "\udcff", "\0"])


@given(NAMES, NAMES, NAMES)
def test_a_message_is_a_line_that_shows_all_that_is_in_it(
    where: str, what: str, remedy: str
) -> None:
    fault = Fault(where, what, remedy)
    assert str(fault).isprintable()
    head, *rest = str(CxrReleaseError(what, where=where, remedy=remedy, faults=[fault])).split("\n")
    assert head.isprintable()
    assert rest == [f"  {fault}"]


@pytest.mark.parametrize("name", ["Röntgen 1.png", "胸部.png", "a'b\".png", "😀.png"])
def test_what_can_be_read_is_shown_as_it_is(name: str) -> None:
    assert name in str(Fault(name, "is truncated"))


def test_a_link_to_itself_is_named(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for command in (
        ["status", "--root", str(loop)],
        ["exclude", "x", "--reason", "artefact", "--reviewer", "a.b", "--root", str(loop)],
        ["ingest", str(loop), str(tmp_path / "out")],
        ["archive", str(loop), str(tmp_path / "o.zip")],
    ):
        done = run(*command)
        assert done.returncode == 1
        assert str(loop) in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_terminal_that_lacks_a_letter_is_shown_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding="ascii"))
    with one_line_errors():
        sys.stdout.write("Müller → 12\n")
    assert printed.getvalue() == b"M\\xfcller \\u2192 12\n"


@pytest.mark.parametrize(("text", "value"), [("010", "010"), ("-007", "-007"), ("0", 0), ("8", 8)])
def test_a_number_with_zeros_in_front_is_none(text: str, value: object) -> None:
    """YAML 1.1 reads it as octal, YAML 1.2, which DVC reads, as decimal."""
    assert plain_yaml.of_text(text) == value
