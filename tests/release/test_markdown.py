from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cxr_release.release.documents.markdown import Ready, code, escape, finalize, link, one_line

HOSTILE = st.text(alphabet=st.sampled_from(list("ab1 _*`#<>[]()!|\\~&;:/-+=.\n\t\"'$^@éß骨")))
RENDERER = MarkdownIt("gfm-like", {"linkify": False})


@given(HOSTILE)
def test_escaped_text_shows_itself_and_nothing_else(text: str) -> None:
    shown = RENDERER.render(f"Title: {escape(text)}")
    expected = f"Title: {one_line(text)}".strip()
    assert html.unescape(shown) == f"<p>{expected}</p>\n"


@given(HOSTILE)
def test_escaped_text_stays_in_its_cell(text: str) -> None:
    table = RENDERER.render(f"| a | b |\n|---|---|\n| {escape(text)} | {code(text)} |\n")
    assert table.count("<td>") == 2
    assert html.unescape(table).count(f"<td>{one_line(text)}</td>") >= 1


@given(HOSTILE)
def test_text_at_the_start_of_a_line_opens_no_block(text: str) -> None:
    shown = RENDERER.render(f"before\n\n{escape(text)}\n")
    assert shown.count("<p>") + shown.count("<ol") >= 1
    for tag in ("<h1", "<h2", "<hr", "<blockquote", "<pre", "<ul", "<table"):
        assert tag not in shown


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1


def test_entities_are_shown_as_they_were_written() -> None:
    assert RENDERER.render(escape("&copy; &lt;b&gt;")) == "<p>&amp;copy; &amp;lt;b&amp;gt;</p>\n"


def test_words_with_underscores_stay_readable() -> None:
    assert escape("held_out films") == "held_out films"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.org/a_b?c=d#e", "<https://example.org/a_b?c=d#e>"),
        ("a.b@example.org", "<a.b@example.org>"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("https://example.org> <b>", r"https://example.org\> \<b\>"),
        ("[x](http://a)", r"\[x\](http://a)"),
    ],
)
def test_only_addresses_become_links(text: str, expected: str) -> None:
    assert link(text) == expected


def test_what_is_markdown_already_is_printed_as_it_is() -> None:
    assert finalize(Ready("**a**")) == "**a**"
    assert finalize("**a**") == r"\*\*a\*\*"
    assert finalize(7) == 7
