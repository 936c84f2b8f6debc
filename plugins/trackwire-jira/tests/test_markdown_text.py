"""Texts written as Markdown, read back by a reader of Markdown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from trackwire_jira import markdown_text as md

GFM = MarkdownIt("commonmark").enable(["table", "strikethrough"])

LINES = st.text(
    st.sampled_from("*_`~[]()<>!#|&;\\-+=:.1aé \t") | st.characters(codec="utf-8"),
    min_size=1,
    max_size=12,
).map(lambda value: "".join(char for char in value if char not in "\r\n\0").strip())


@settings(max_examples=500, deadline=None)
@given(LINES.filter(bool))
def test_a_line_reads_as_itself(line):
    opening, inline, closing = GFM.parse(md.guarded(md.escaped(line)))
    assert (opening.type, closing.type) == ("paragraph_open", "paragraph_close")
    assert [(part.type, part.content) for part in inline.children] == [("text", line)]


@settings(max_examples=500, deadline=None)
@given(LINES.filter(bool))
def test_code_reads_as_itself(code):
    _, inline, _ = GFM.parse(f"a {md.code_span(code)} b")
    found = [(part.type, part.content) for part in inline.children]
    assert found == [("text", "a "), ("code_inline", code), ("text", " b")]


@pytest.mark.parametrize(
    "text",
    [
        *("snake_case_name", "a & b", "AT&T", "a < b", "1 <2", "x <= y", "#tag", "1.5", "a - b"),
        *("a | b", "Hi!", "(c)", "a: b", "50%", "$x$", "C#", "a > b", "2026-03-02"),
    ],
)
def test_plain_prose_is_left_as_it_is(text):
    assert md.guarded(md.escaped(text)) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("see https://host/a_b.", "see <https://host/a_b>."),
        ("(https://host/a)", "(<https://host/a>)"),
        ("https://host/a_(b)", "<https://host/a_(b)>"),
        ("https://host/?a&copy;=2", "https://host/?a\\&copy;=2"),
        ("https://...", "https://..."),
    ],
)
def test_a_web_address_becomes_a_link_on_itself(text, written):
    assert md.escaped(text) == written


def test_inside_a_link_no_address_becomes_another():
    assert md.escaped("https://host", linking=False) == "https://host"


@pytest.mark.parametrize(
    ("text", "before", "after", "written"),
    [
        ("x", "", "", "**x**"),
        ("x", "a", "b", "**x**"),
        ("(x)", " ", ".", "**(x)**"),
        ("(x)", "a", " ", "<strong>(x)</strong>"),
        ("(x)", " ", "b", "<strong>(x)</strong>"),
        ("x", "*", "", "<strong>x</strong>"),
        ("x", "", "~", "<strong>x</strong>"),
        ("x", "\x1f", "", "**x**"),
        ("(x)", "\x1f", "", "<strong>(x)</strong>"),
        ("(x)", "\N{NO-BREAK SPACE}", "", "**(x)**"),
    ],
)
def test_a_tag_stands_where_a_delimiter_would_be_plain(text, before, after, written):
    assert md.marked(text, {"strong"}, before, after) == written


def test_several_marks_nest_in_one_order():
    assert md.marked("x", set(md.MARKS), "", "") == "***~~<u><sup><sub>x</sub></sup></u>~~***"


def test_a_link_without_a_label_shows_its_target():
    assert md.link("", "https://host") == "<https://host>"


def test_a_link_to_nowhere_is_a_link():
    assert md.link("a", "") == "[a](<>)"
