"""The plain text of rich-text documents."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trackwire_jira.adf import plain_text


def node(kind: str, *content, **parts):
    return {"type": kind, **parts, **({"content": list(content)} if content else {})}


def text(value: str, *marks):
    return {"type": "text", "text": value, **({"marks": list(marks)} if marks else {})}


def para(*texts: str):
    return node("paragraph", *(text(value) for value in texts))


def link(href):
    return {"type": "link", "attrs": {"href": href}}


def doc(*content):
    return node("doc", *content, version=1)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (doc(para("One ", "line.")), "One line."),
        (doc(para("First."), para("Second.")), "First.\n\nSecond."),
        (doc(node("heading", text("Title"), attrs={"level": 2}), para("Text.")), "Title\n\nText."),
        (doc(node("paragraph", text("a"), node("hardBreak"), text("b"))), "a\nb"),
        (
            doc(
                para("Do:"),
                node("bulletList", node("listItem", para("a")), node("listItem", para("b"))),
            ),
            "Do:\n\n- a\n- b",
        ),
        (
            doc(
                node(
                    "orderedList",
                    node("listItem", para("a")),
                    node("listItem", para("b")),
                    attrs={"order": 9},
                )
            ),
            "9. a\n10. b",
        ),
        (
            doc(
                node(
                    "bulletList",
                    node("listItem", para("a"), node("bulletList", node("listItem", para("b")))),
                )
            ),
            "- a\n  - b",
        ),
        (doc(node("bulletList", node("listItem"), node("listItem", para("b")))), "- \n- b"),
        (
            doc(
                node(
                    "table",
                    node(
                        "tableRow", node("tableHeader", para("A")), node("tableHeader", para("B"))
                    ),
                    node(
                        "tableRow",
                        node("tableCell", para("1")),
                        node("tableCell", node("paragraph")),
                    ),
                ),
            ),
            "| A | B |\n| 1 |  |",
        ),
        (
            doc(node("codeBlock", text("if x:\n    y()"), attrs={"language": "python"})),
            "if x:\n    y()",
        ),
        (doc(node("blockquote", para("Said."))), "Said."),
        (doc(node("panel", para("Careful."), attrs={"panelType": "warning"})), "Careful."),
        (doc(node("expand", para("Inside."), attrs={"title": "More"})), "More\n\nInside."),
        (doc(para("a"), node("rule"), para("b")), "a\n\n---\n\nb"),
        (
            doc(
                node(
                    "taskList",
                    node("taskItem", text("a"), attrs={"state": "DONE"}),
                    node("taskItem", text("b"), attrs={"state": "TODO"}),
                )
            ),
            "- [x] a\n- [ ] b",
        ),
        (doc(node("decisionList", node("decisionItem", text("Go.")))), "- Go."),
        (
            doc(
                node(
                    "layoutSection",
                    node("layoutColumn", para("l")),
                    node("layoutColumn", para("r")),
                )
            ),
            "l\n\nr",
        ),
        (
            doc(
                node(
                    "mediaSingle",
                    node("media", attrs={"alt": "a graph"}),
                    node("caption", text("It falls.")),
                )
            ),
            "a graph\n\nIt falls.",
        ),
        (doc(node("mediaGroup", node("media", attrs={"id": "1"}))), "[media]"),
        (
            doc(
                node("paragraph", text("ask "), node("mention", attrs={"id": "7", "text": "@Mia"}))
            ),
            "ask @Mia",
        ),
        (node("mention", attrs={"id": "7"}), "@7"),
        (node("mention", attrs={"text": "Mia"}), "@Mia"),
        (
            node("emoji", attrs={"shortName": ":tada:", "text": "\N{PARTY POPPER}"}),
            "\N{PARTY POPPER}",
        ),
        (node("emoji", attrs={"shortName": ":own:"}), ":own:"),
        (node("date", attrs={"timestamp": "1772409600000"}), "2026-03-02"),
        (node("date", attrs={"timestamp": 1772409600000}), "2026-03-02"),
        (node("date", attrs={"timestamp": "soon"}), "soon"),
        (node("date", attrs={"timestamp": "9" * 30}), "9" * 30),
        (node("status", attrs={"text": "LATE", "color": "red"}), "LATE"),
        (node("inlineCard", attrs={"url": "https://host/1"}), "https://host/1"),
        (
            node("blockCard", attrs={"data": {"name": "Plan", "url": "https://host/2"}}),
            "Plan (https://host/2)",
        ),
        (node("inlineCard", attrs={"data": {"url": "https://host/3"}}), "https://host/3"),
        (node("gadget", text("inside"), attrs={"title": "Gadget "}), "Gadget inside"),
        (node("extension", attrs={"text": "fallback", "extensionKey": "toc"}), "fallback"),
    ],
)
def test_a_document_reads_as(document, expected):
    assert plain_text(document) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([text("site", link("https://host"))], "site (https://host)"),
        ([text("https://host", link("https://host"))], "https://host"),
        ([text("", link("https://host")), text("end")], "end"),
        (
            [text("my ", link("https://host")), text("site", link("https://host")), text("!")],
            "my site (https://host)!",
        ),
        (
            [text("a", link("https://a")), text("b", link("https://b"))],
            "a (https://a)b (https://b)",
        ),
    ],
)
def test_the_target_of_a_link_follows_its_text_once(content, expected):
    assert plain_text(doc(node("paragraph", *content))) == expected


def test_the_target_of_a_link_stays_in_its_paragraph():
    linked = node("paragraph", text("site", link("https://host")))
    assert plain_text(doc(linked, linked)) == "site (https://host)\n\nsite (https://host)"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (None, ""),
        (5, ""),
        ([], ""),
        ({}, ""),
        ("loose", "loose"),
        ({"type": 7, "text": "kept"}, "kept"),
        ({"type": ["doc"], "content": [text("kept")]}, "kept"),
        (node("doc", None, 3, "kept", []), "kept"),
        ({"type": "doc", "content": text("kept")}, "kept"),
        ({"type": "doc", "content": "kept"}, "kept"),
        ({"type": "text", "text": None}, ""),
        ({"type": "text", "text": "kept", "marks": "link"}, "kept"),
        ({"type": "text", "text": "kept", "marks": [{"type": "link", "attrs": None}]}, "kept"),
        ({"type": "paragraph", "attrs": [], "text": "kept"}, "kept"),
        (node("bulletList", "kept"), "kept"),
        (node("orderedList", node("listItem", para("kept")), attrs={"order": "x"}), "1. kept"),
        (node("emoji"), ""),
        (node("date"), ""),
        (node("inlineCard", attrs={"data": "x"}), ""),
        (node("status", attrs={"text": True}), ""),
        (node("mention", attrs={"id": 10**5000}), "@"),
    ],
)
def test_a_malformed_document_gives_the_text_it_has(document, expected):
    assert plain_text(document) == expected


def test_nesting_beyond_the_recursion_limit_is_read():
    document = text("deep")
    for _ in range(20_000):
        document = node("panel", document)
    assert plain_text(document) == "deep"


KINDS = st.sampled_from(
    (
        *("doc", "paragraph", "heading", "panel", "expand", "codeBlock", "blockquote", "rule"),
        *("bulletList", "orderedList", "listItem", "table", "tableRow", "tableCell", "hardBreak"),
        *("taskList", "taskItem", "decisionItem", "mediaSingle", "media", "mention", "emoji"),
        *("date", "status", "inlineCard", "text", "unknownNode"),
    )
)
MARKS = st.sampled_from([[], [{"type": "strong"}], [link("https://a")], [link("https://b")]])
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6)
LEAVES = st.builds(lambda value, marks: text(value, *marks), TEXTS, MARKS)
TREES = st.recursive(
    LEAVES,
    lambda children: st.builds(
        lambda kind, content: node(kind, *content), KINDS, st.lists(children, max_size=4)
    ),
    max_leaves=25,
)


def texts_of(tree) -> list[str]:
    own = [tree["text"]] if "text" in tree else []
    return own + [found for child in tree.get("content", []) for found in texts_of(child)]


@settings(max_examples=200, deadline=None)
@given(TREES)
def test_no_text_is_lost_and_all_is_in_order(tree):
    result, position = plain_text(tree), 0
    for value in texts_of(tree):
        position = result.index(value, position) + len(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "text", "content", "attrs", "marks"]), children)
        | st.builds(lambda kind, attrs: {"type": kind, "attrs": attrs}, KINDS, children)
    ),
    max_leaves=15,
)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_whatever_stands_for_a_document_gives_a_text(value):
    assert isinstance(plain_text(value), str)
