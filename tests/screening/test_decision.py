from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from cxr_release.errors import DecisionError
from cxr_release.logbook import log
from cxr_release.logbook.entry import effective_of
from cxr_release.screening.decision import DECISION, PAGE, TERMINAL, NewDecision

HASH = "a" * 64
LOGGED = b"""\
{"seq":1,"at":"2026-11-20T12:00:00.000Z","reviewer":"a.b","image_id":"checkpoint-1-large-00012",\
"image_sha256":"%b","decision":"exclude","reason":"other","note":"\xc3\xa9 \\"x\\"","prev":"%b"}
""" % (b"a" * 64, b"0" * 64)
"""A log of one line, written by hand: the form is fixed for good."""


def test_the_line_is_the_one_that_the_design_fixes(tmp_path: Path) -> None:
    (tmp_path / "a.b.jsonl").write_bytes(LOGGED)
    (one,) = log.read(DECISION, tmp_path / "a.b.jsonl")
    assert (one.image_id, one.image_sha256) == ("checkpoint-1-large-00012", HASH)
    assert (one.decision, one.reason, one.note) == ("exclude", "other", 'é "x"')
    wish = NewDecision(one.image_id, HASH, "exclude", "other", 'é "x"')
    (second,) = log.append(DECISION, tmp_path, "a.b", [wish])
    first, line = (tmp_path / "a.b.jsonl").read_bytes().splitlines()
    assert first + b"\n" == LOGGED
    assert second.prev == hashlib.sha256(first).hexdigest()
    changed = [b'"seq":1', b"2026-11-20T12:00:00.000Z", b"0" * 64]
    new = [b'"seq":2', json.loads(line)["at"].encode(), second.prev.encode()]
    for old, now in zip(changed, new, strict=True):
        first = first.replace(old, now)
    assert line == first
    assert (tmp_path / "a.b.head").read_bytes() == line + b"\n"


@pytest.mark.parametrize("via", [PAGE, TERMINAL, ""])
def test_a_line_says_how_a_decision_came_where_that_is_known(tmp_path: Path, via: str) -> None:
    log.append(DECISION, tmp_path, "x", [NewDecision("a", HASH, "keep", via=via)])
    text = (tmp_path / "x.jsonl").read_bytes()
    assert (f'"note":"","via":"{via}","prev":'.encode() in text) == bool(via)
    assert (b"via" in text) == bool(via)
    (one,) = log.read(DECISION, tmp_path / "x.jsonl")
    assert one.via == via
    # What a line came by is chained as everything else is.
    log.append(DECISION, tmp_path, "x", [NewDecision("b", HASH, "keep", via=PAGE)])
    (tmp_path / "x.head").unlink()
    (tmp_path / "x.jsonl").write_bytes(
        text.replace(b'"terminal"', b'"page"')
        + (tmp_path / "x.jsonl").read_bytes().removeprefix(text)
    )
    if via == TERMINAL:
        with pytest.raises(DecisionError, match="1 fault"):
            log.read(DECISION, tmp_path / "x.jsonl")
    else:
        assert len(log.read(DECISION, tmp_path / "x.jsonl")) == 2


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('"note":"",', '"note":"","via":"",', "via is empty"),
        ('"note":"",', '"note":"","via":"telephone",', "is not one of page, terminal"),
        ('"note":"",', '"note":"","via":1,', "via has the wrong type"),
        ('"note":"",', '"via":"page","note":"",', "expected the keys"),
        ('"note":"",', '"note":"","by":"page",', "expected the keys"),
        ('"note":"",', "", "expected the keys"),
    ],
)
def test_another_form_of_a_line_is_refused(tmp_path: Path, old: str, new: str, what: str) -> None:
    log.append(DECISION, tmp_path, "x", [NewDecision("a", HASH, "keep")])
    path = tmp_path / "x.jsonl"
    path.write_text(path.read_text().replace(old, new))
    (tmp_path / "x.head").unlink()
    with pytest.raises(DecisionError) as caught:
        log.read(DECISION, path)
    assert what in str(caught.value)


def test_a_decision_stands_on_its_film_until_it_is_retracted(tmp_path: Path) -> None:
    wishes = [
        NewDecision("a", HASH, "keep"),
        NewDecision("b", HASH, "keep"),
        NewDecision("a", HASH, "retract"),
    ]
    standing = effective_of(log.append(DECISION, tmp_path, "x", wishes))
    assert {film: one.fingerprint for film, one in standing.items()} == {"b": HASH}


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        ({"decision": "delete"}, "not one of keep"),
        ({"decision": "exclude"}, "has a reason"),
        ({"reason": "other"}, "nothing else has"),
        ({"note": "x" * 2001}, "longer than 2000"),
        ({"note": "\ud800"}, "is not valid Unicode text"),
        ({"image_sha256": "short"}, "not a SHA-256"),
        ({"image_id": ""}, "1 to 255 printable"),
        ({"via": "telephone"}, "is not one of page, terminal"),
        ({"image_id": "a\nb"}, "1 to 255 printable"),
    ],
)
def test_a_malformed_decision_cannot_even_be_wished(bad: dict[str, str], what: str) -> None:
    values = {"image_id": "a", "image_sha256": HASH, "decision": "keep"} | bad
    with pytest.raises(DecisionError, match=what):
        NewDecision(**values)  # type: ignore[arg-type]
