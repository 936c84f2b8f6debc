"""The Markdown of rich-text documents, as a reader of Markdown understands it."""

from __future__ import annotations

import re
import sys
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from trackwire_jira import adf
from trackwire_jira.adf_markdown import markdown_of

GFM = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def node(kind: str, *content, **parts):
    return {"type": kind, **parts, **({"content": list(content)} if content else {})}


def text(value: str, *marks):
    return {"type": "text", "text": value, **({"marks": list(marks)} if marks else {})}


def mark(kind: str, **attrs):
    return {"type": kind, **({"attrs": attrs} if attrs else {})}


def para(*content):
    return node("paragraph", *(text(part) if isinstance(part, str) else part for part in content))


def item(*content):
    return node("listItem", *content)


def table(*rows):
    return node("table", *(node("tableRow", *cells) for cells in rows))


def head(*content, **attrs):
    return node("tableHeader", *content, attrs=attrs)


def cell(*content, **attrs):
    return node("tableCell", *content, attrs=attrs)


def doc(*content):
    return node("doc", *content, version=1)


def parsed(*blocks) -> SyntaxTreeNode:
    return SyntaxTreeNode(GFM.parse(markdown_of(doc(*blocks))))


def kinds(tree: SyntaxTreeNode) -> list[str]:
    return [child.type for child in tree.children]


def seen(tree: SyntaxTreeNode) -> str:
    """Give the text that a reader sees below a node of the parsed Markdown."""
    if tree.type in {"text", "code_inline", "fence"}:
        return tree.content
    if tree.type in {"softbreak", "hardbreak"}:
        return "\n"
    if tree.type == "image":
        return "".join(seen(child) for child in tree.children)
    if tree.type == "html_inline":
        return "\n" if tree.content == "<br>" else ""
    assert tree.type != "html_block"
    return "".join(seen(child) for child in tree.children)


def inline(*content) -> list[SyntaxTreeNode]:
    """Give what a paragraph of these nodes has in it."""
    (paragraph,) = parsed(para(*content)).children
    return paragraph.children[0].children


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5, 6])
def test_a_heading_keeps_its_level(level):
    (heading,) = parsed(node("heading", text("Title"), attrs={"level": level})).children
    assert (heading.tag, seen(heading)) == (f"h{level}", "Title")


@pytest.mark.parametrize("level", [0, 7, "x", True, None, 12])
def test_a_heading_without_a_proper_level_is_a_heading(level):
    (heading,) = parsed(node("heading", text("Title"), attrs={"level": level})).children
    assert (heading.tag, seen(heading)) == ("h1", "Title")


@pytest.mark.parametrize("title", ["a #", "#", "# a", "a ##", "- a", "1. a", "a\nb"])
def test_a_heading_has_its_text_and_no_other(title):
    tree = parsed(node("heading", text(title), attrs={"level": 2}))
    assert (kinds(tree), seen(tree)) == (["heading"], title)


def test_paragraphs_stay_apart():
    tree = parsed(para("one"), para("two"))
    assert [seen(child) for child in tree.children] == ["one", "two"]


@pytest.mark.parametrize(
    "line", ["- a", "+ a", "# a", "1. a", "1) a", "> a", "---", "===", "-", "| - |", "***", "```"]
)
def test_a_line_behind_a_hard_break_stays_in_its_paragraph(line):
    tree = parsed(para("a | b", node("hardBreak"), line))
    assert (kinds(tree), seen(tree)) == (["paragraph"], f"a | b\n{line}")


def test_blank_lines_in_a_text_stay_in_its_paragraph():
    tree = parsed(para("a\r\n\r\n\rb\n"))
    assert (kinds(tree), seen(tree)) == (["paragraph"], "a\n\n\nb")


def test_a_list_in_a_list_is_in_its_item():
    tree = parsed(node("bulletList", item(para("a"), node("bulletList", item(para("b"))))))
    (outer,) = tree.children[0].children
    assert kinds(outer) == ["paragraph", "bullet_list"]


def test_a_list_of_one_line_items_is_tight():
    assert markdown_of(node("bulletList", item(para("a")), item(para("b")))) == "- a\n- b"


def test_an_ordered_list_begins_at_its_number():
    (ordered,) = parsed(
        node("orderedList", item(para("a")), item(para("b")), attrs={"order": 9})
    ).children
    assert (ordered.attrs["start"], len(ordered.children)) == (9, 2)


def test_an_ordered_list_in_an_item_begins_at_its_number():
    inner = node("orderedList", item(para("b")), attrs={"order": 3})
    tree = parsed(node("bulletList", item(para("a"), inner)))
    assert tree.children[0].children[0].children[1].attrs["start"] == 3


def test_an_ordered_list_beyond_the_largest_number_is_one_list():
    ordered = node("orderedList", item(para("a")), item(para("b")), attrs={"order": 999_999_999})
    (found,) = parsed(ordered).children
    assert [seen(child) for child in found.children] == ["a", "b"]


@pytest.mark.parametrize("kind", ["bulletList", "orderedList"])
def test_three_lists_in_a_row_stay_three(kind):
    assert len(parsed(*[node(kind, item(para("a")))] * 3).children) == 3


def test_blocks_of_an_item_stay_in_it():
    code = node("codeBlock", text("a\n\n  b"))
    tree = parsed(node("orderedList", item(para("1"), code), item(para("2")), attrs={"order": 10}))
    first, second = tree.children[0].children
    assert (kinds(first), first.children[1].content) == (["paragraph", "fence"], "a\n\n  b\n")
    assert seen(second) == "2"


def test_an_item_that_holds_a_rule_is_an_item():
    tree = parsed(node("bulletList", item(node("rule")), item(para("a"))))
    assert kinds(tree.children[0].children[0]) == ["hr"]


def test_an_empty_item_is_no_underline():
    tree = parsed(node("bulletList", item(para("a"), node("bulletList", item(), item(para("b"))))))
    assert kinds(tree.children[0].children[0]) == ["paragraph", "bullet_list"]


def test_tasks_have_boxes_and_nest():
    tasks = node(
        "taskList",
        node("taskItem", text("a"), attrs={"state": "DONE"}),
        node("taskItem", text("b"), attrs={"state": "TODO"}),
        node("taskList", node("taskItem", text("c"), attrs={"state": "TODO"})),
    )
    assert markdown_of(tasks) == "- [x] a\n- [ ] b\n  - [ ] c"


def test_a_task_of_blocks_has_its_box_before_them():
    task = node("blockTaskItem", node("codeBlock", text("x")), attrs={"state": "DONE"})
    (found,) = parsed(node("taskList", task)).children[0].children
    assert (kinds(found), seen(found)) == (["paragraph", "fence"], "[x]x\n")


def test_a_decision_says_that_it_is_one():
    assert markdown_of(node("decisionList", node("decisionItem", text("Go.")))) == (
        "- **Decision:** Go."
    )


CODE = [
    *("x = 1", "", "`", "a ``` b", "````\n```", "~~~", "  a\n\tb\n\n", "*a* <b> &amp; \\", "> a"),
    "a  \n  \nb ",
]


@pytest.mark.parametrize("code", CODE)
@pytest.mark.parametrize("around", ["doc", "blockquote", "panel", "listItem", "expand"])
def test_a_code_block_holds_exactly_its_text(code, around):
    block = node("codeBlock", text(code), attrs={"language": "python"})
    wrapped = node("bulletList", item(block)) if around == "listItem" else node(around, block)
    (fence,) = [found for found in parsed(wrapped).walk() if found.type == "fence"]
    assert (fence.content, fence.info) == (f"{code}\n", "python")


@pytest.mark.parametrize("around", ["blockquote", "bulletList"])
def test_lines_of_code_end_in_one_way(around):
    (fence,) = [
        found
        for found in parsed(node(around, node("codeBlock", text("a\rb\r\nc")))).walk()
        if found.type == "fence"
    ]
    assert fence.content == "a\nb\nc\n"


@pytest.mark.parametrize(
    ("language", "info"), [("c++", "c++"), ("a`b\n```", "ab"), ("", ""), (None, ""), ("c#", "c#")]
)
def test_the_language_of_code_is_one_word(language, info):
    (fence,) = parsed(node("codeBlock", text("x"), attrs={"language": language})).children
    assert (fence.info, fence.content) == (info, "x\n")


def test_a_quotation_holds_its_blocks():
    (quote,) = parsed(node("blockquote", para("a"), node("bulletList", item(para("b"))))).children
    assert (quote.type, kinds(quote)) == ("blockquote", ["paragraph", "bullet_list"])


@pytest.mark.parametrize(
    ("kind", "alert"),
    [
        ("info", "NOTE"),
        ("note", "IMPORTANT"),
        ("tip", "TIP"),
        ("success", "TIP"),
        ("warning", "WARNING"),
        ("error", "CAUTION"),
    ],
)
def test_a_panel_is_an_alert_of_its_kind(kind, alert):
    panel = node("panel", para("Careful."), attrs={"panelType": kind})
    assert markdown_of(panel) == f"> [!{alert}]\n> Careful."


def test_a_panel_of_ones_own_is_a_quotation_with_its_icon():
    panel = node("panel", para("a"), attrs={"panelType": "custom", "panelIconText": ":ok:"})
    assert markdown_of(panel) == "> :ok:\n>\n> a"


@pytest.mark.parametrize("kind", ["expand", "nestedExpand"])
def test_an_expand_is_a_quotation_under_its_title(kind):
    (quote,) = parsed(node(kind, para("a"), attrs={"title": "<b> *x*"})).children
    assert (kinds(quote), seen(quote.children[0])) == (["paragraph"] * 2, "<b> *x*")


def test_a_rule_is_a_rule():
    assert kinds(parsed(para("a"), node("rule"), para("b"))) == ["paragraph", "hr", "paragraph"]


def cells_of(tree: SyntaxTreeNode) -> list[list[str]]:
    (found,) = tree.children
    return [
        [seen(cell) for cell in row.children] for part in found.children for row in part.children
    ]


def test_a_table_is_a_table():
    tree = parsed(table([head(para("A")), head(para("B"))], [cell(para("1")), cell(para())]))
    assert (kinds(tree), cells_of(tree)) == (["table"], [["A", "B"], ["1", ""]])


def test_blocks_that_a_cell_holds_in_a_list_of_their_own_are_kept():
    tree = parsed(table([head(para("A"))], [cell([para("one"), para("two")], para("three"))]))
    assert cells_of(tree) == [["A"], ["one\ntwo\nthree"]]


def test_a_table_without_a_head_has_an_empty_one():
    assert cells_of(parsed(table([cell(para("1"))], [cell(para("2"))]))) == [[""], ["1"], ["2"]]


def test_a_row_longer_than_the_head_keeps_its_cells():
    assert cells_of(parsed(table([head(para("A"))], [cell(para("1")), cell(para("2"))]))) == [
        ["A", ""],
        ["1", "2"],
    ]


def test_a_cell_over_columns_and_rows_leaves_the_others_in_their_columns():
    rows = (
        [head(para("A"), colspan=2), head(para("B"))],
        [cell(para("1"), rowspan=2), cell(para("2")), cell(para("3"))],
        [cell(para("4")), cell(para("5"))],
    )
    assert cells_of(parsed(table(*rows))) == [["A", "", "B"], ["1", "2", "3"], ["", "4", "5"]]


def test_a_span_beyond_all_measure_is_one_column():
    rows = ([head(para("A"), colspan=10**9, rowspan="9" * 9)], [cell(para("1"), colspan=-3)])
    assert cells_of(parsed(table(*rows))) == [["A"], ["1"]]


@pytest.mark.parametrize(
    "value", ["a|b", "\\|", "\\", "`|`", "|", "||", "a\\\\|b", "*|*", "https://host/a|b"]
)
def test_a_pipe_stays_in_its_cell(value):
    for content in (text(value), text(value, mark("code")), text(value, mark("strong"))):
        tree = parsed(table([head(para("A"))], [cell(para(content)), cell(para("z"))]))
        assert cells_of(tree)[1] == [value, "z"]


def test_the_blocks_of_a_cell_are_lines_in_it():
    rows = [
        para("a", node("hardBreak"), "b"),
        node("bulletList", item(para("c")), item(para("d"), para("e"))),
        node("orderedList", item(para("f")), attrs={"order": 4}),
        node("taskList", node("taskItem", text("g"), attrs={"state": "DONE"})),
        node("codeBlock", text("h | h\n\ni")),
        node("panel", para("j")),
        node("nestedExpand", para("l"), attrs={"title": "k"}),
        node("heading", text("m"), attrs={"level": 2}),
        node("mediaSingle", node("media", attrs={"alt": "n"})),
        table([cell(para("o"))]),
    ]
    tree = parsed(table([head(para("A"))], [cell(*rows)]))
    assert cells_of(tree)[1][0].split("\n") == [
        *("a", "b", "- c", "- d", "e", "4. f", "- [x] g", "h | h", "i", "j", "k", "l", "m"),
        *("[media: n]", "| o |"),
    ]


@pytest.mark.parametrize(
    ("kind", "found"),
    [("strong", "strong"), ("em", "em"), ("strike", "s"), ("code", "code_inline")],
)
@pytest.mark.parametrize(("before", "after"), [("a ", " b"), ("", ""), ("a", "b"), ("(", ")")])
def test_a_mark_is_on_its_text(kind, found, before, after):
    (marked,) = [
        part
        for part in inline(before, text("x", mark(kind)), after)
        if part.children or part.type == "code_inline"
    ]
    assert (marked.type, seen(marked)) == (found, "x")


@pytest.mark.parametrize(
    ("given", "tag"),
    [
        (mark("underline"), "u"),
        (mark("subsup", type="sub"), "sub"),
        (mark("subsup", type="sup"), "sup"),
    ],
)
def test_a_mark_that_markdown_lacks_is_a_tag(given, tag):
    assert markdown_of(para("a", text("x", given))) == f"a<{tag}>x</{tag}>"


@pytest.mark.parametrize("kind", ["textColor", "backgroundColor", "annotation", "fontSize", "new"])
def test_a_mark_without_counterpart_leaves_its_text(kind):
    assert markdown_of(para("a", text("x", mark(kind, color="#f00")), "b")) == "axb"


def test_white_space_at_the_edge_of_a_mark_is_outside_of_it():
    assert markdown_of(para("a", text(" x ", mark("strong")), "b")) == "a **x** b"


@pytest.mark.parametrize(
    "target",
    [
        "https://host/x_(y)",
        "https://host/a?b=1&c=2",
        "https://host/&copy;",
        "https://host/(",
        "mailto:me@host.example",
        "/relative",
        "#anchor",
    ],
)
def test_a_link_keeps_its_target(target):
    (found,) = inline(text("a [b] c", mark("link", href=target)))
    assert (found.type, found.attrs["href"], seen(found)) == (
        "link",
        target,
        "a [b] c",
    )


def test_white_space_and_angles_in_a_target_are_encoded():
    (found,) = inline(text("a", mark("link", href="https://host/a b<c>\n")))
    assert found.attrs["href"] == "https://host/a%20b%3Cc%3E%0A"


def test_a_link_over_texts_with_other_marks_is_one():
    to = mark("link", href="https://host")
    (found,) = inline(text("my ", to), text("site", to, mark("strong")))
    parts = [part.type for part in found.children if seen(part)]
    assert (found.type, parts) == ("link", ["text", "strong"])


def test_a_link_behind_an_exclamation_mark_is_no_picture():
    for shout in ("a!", "!", "a\\!", "!!"):
        before, link = inline(shout, text("b", mark("link", href="https://host")))
        assert (before.content, link.type) == (shout, "link")


def test_a_link_on_itself_is_written_once():
    assert markdown_of(para(text("https://host", mark("link", href="https://host")))) == (
        "<https://host>"
    )


def test_an_address_in_a_text_is_a_link_up_to_its_last_character():
    found = inline("(see https://host/a_b*c?d=1&e=2).")
    assert [(part.type, seen(part)) for part in found] == [
        ("text", "(see "),
        ("link", "https://host/a_b*c?d=1&e=2"),
        ("text", ")."),
    ]


@pytest.mark.parametrize("kind", ["inlineCard", "blockCard", "embedCard"])
def test_a_card_is_a_link(kind):
    (paragraph,) = parsed(node(kind, attrs={"url": "https://host/1"})).children
    (found,) = paragraph.children[0].children
    assert found.attrs["href"] == "https://host/1"


def test_a_card_with_a_name_shows_it():
    data = {"name": "The *plan*", "url": "https://host/2"}
    (found,) = inline(node("inlineCard", attrs={"data": data}))
    assert (found.attrs["href"], seen(found)) == ("https://host/2", "The *plan*")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (node("mention", attrs={"id": "7", "text": "@Mia_"}), "@Mia_"),
        (node("mention", attrs={"id": "7"}), "@7"),
        (node("emoji", attrs={"shortName": ":own_x:", "id": "atlassian-own"}), ":own_x:"),
        (node("emoji", attrs={"text": "\N{PARTY POPPER}"}), "\N{PARTY POPPER}"),
        (node("date", attrs={"timestamp": "1772409600000"}), "2026-03-02"),
        (node("date", attrs={"timestamp": "soon"}), "soon"),
        (node("status", attrs={"text": "IN `X`"}), "IN `X`"),
        (node("placeholder", attrs={"text": "<here>"}), "<here>"),
        (node("inlineExtension", attrs={"text": "x*y*"}), "x*y*"),
        (node("mediaInline", attrs={"alt": "a.png"}), "[media: a.png]"),
        (node("sparkle", text("in*side*")), "in*side*"),
    ],
)
def test_an_inline_node_shows_its_text_in_its_line(given, expected):
    tree = parsed(para("a ", given, " b"))
    assert (kinds(tree), seen(tree)) == (["paragraph"], f"a {expected} b")


def test_a_status_beside_code_is_apart_from_it():
    found = inline(node("status", attrs={"text": "A"}), text("b", mark("code")))
    assert [part.content for part in found if part.type == "code_inline"] == ["A", "b"]


def test_a_picture_elsewhere_is_shown_from_there():
    picture = node("media", attrs={"type": "external", "url": "https://host/i.png", "alt": "a ]"})
    (paragraph,) = parsed(node("mediaSingle", picture)).children
    (image,) = paragraph.children[0].children
    assert (image.attrs["src"], seen(image)) == ("https://host/i.png", "a ]")


def test_a_picture_that_links_elsewhere_keeps_both_addresses():
    given = node("media", attrs={"url": "https://host/i.png", "alt": "a"})
    linked = {**given, "marks": [mark("link", href="https://host/l")]}
    assert markdown_of(linked) == "[![a](https://host/i.png)](https://host/l)"


def test_a_picture_without_words_is_a_link_to_it():
    assert markdown_of(node("media", attrs={"url": "https://host/i.png"})) == "<https://host/i.png>"


def test_a_file_stands_as_its_name_and_its_link():
    file = node("media", attrs={"alt": "a.png"}, marks=[mark("link", href="https://host/l")])
    assert markdown_of(node("mediaSingle", file, node("caption", text("It falls.")))) == (
        "[\\[media: a.png\\]](https://host/l)\n\nIt falls."
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (node("extension", attrs={"text": "fallback"}), "fallback"),
        (node("bodiedExtension", para("a"), attrs={"text": "t"}), "t\n\na"),
        (node("gadget", para("a"), attrs={"title": "T"}), "T\n\na"),
        (
            node("layoutSection", node("layoutColumn", para("l")), node("layoutColumn", para("r"))),
            "l\n\nr",
        ),
        (node("multiBodiedExtension", node("extensionFrame", para("a"))), "a"),
    ],
)
def test_a_block_without_counterpart_gives_what_it_holds(given, expected):
    assert markdown_of(given) == expected


@pytest.mark.parametrize("empty", [None, 5, [], {}, "", doc(), doc(para()), node("table")])
def test_what_has_no_text_has_no_markdown(empty):
    assert adf.markdown(empty) == ""


@pytest.mark.parametrize(
    "document",
    [
        {"type": "doc", "content": "kept"},
        {"type": "heading", "attrs": None, "content": [text("kept")]},
        {"type": ["doc"], "content": [text("kept")]},
        {"type": "panel", "text": "kept"},
        [[["kept"]]],
        node("taskList", para("kept")),
        node("table", para("kept")),
        node("tableRow", text("kept")),
        node("paragraph", node("table", node("tableRow", cell(para("kept"))))),
        node("text", text("kept")),
    ],
)
def test_a_malformed_document_gives_the_text_it_has(document):
    assert "kept" in markdown_of(document)


@pytest.mark.parametrize("kind", ["panel", "bulletList", "table", "paragraph", "gadget"])
def test_nesting_beyond_the_recursion_limit_is_read(kind):
    document = text("deep")
    for _ in range(20_000):
        document = node(kind, document)
    assert "deep" in markdown_of(document)


def at_the_last_frames(read, spare: int):
    """Call where the interpreter has only so many frames to spare."""
    depth = 0
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + spare)
    try:
        return read()
    finally:
        sys.setrecursionlimit(limit)


def test_a_conversion_that_fails_gives_the_plain_text():
    document = para("a", text("*b*"))
    for _ in range(20):
        document = node("panel", document)
    with pytest.raises(RecursionError):
        at_the_last_frames(lambda: markdown_of(document), 50)
    assert at_the_last_frames(lambda: adf.markdown(document), 50) == "a*b*"


KINDS = st.sampled_from(
    (
        *("doc", "paragraph", "heading", "panel", "expand", "codeBlock", "blockquote", "rule"),
        *("bulletList", "orderedList", "listItem", "table", "tableRow", "tableCell", "hardBreak"),
        *("taskList", "taskItem", "decisionItem", "mediaSingle", "media", "mention", "emoji"),
        *("date", "status", "inlineCard", "text", "unknownNode", "decisionList", "caption"),
    )
)
TEXTS = st.text(
    st.sampled_from("*_`~[]()<>!#|&;\\-+=:.1a \n\t\r") | st.characters(codec="utf-8"),
    min_size=1,
    max_size=8,
)
MARKS = st.lists(
    st.sampled_from(
        [
            *map(mark, ("strong", "em", "strike", "code", "underline")),
            mark("subsup", type="sub"),
            mark("link", href="https://a"),
        ]
    ),
    max_size=3,
    unique_by=lambda given: given["type"],
)
LEAVES = st.builds(lambda value, marks: text(value, *marks), TEXTS, MARKS)
TREES = st.recursive(
    LEAVES,
    lambda children: st.builds(
        lambda kind, content: node(kind, *content), KINDS, st.lists(children, max_size=4)
    ),
    max_leaves=25,
)


def squeezed(value: str) -> str:
    return "".join(value.replace("\0", "\N{REPLACEMENT CHARACTER}").split())


def texts_of(tree) -> list[str]:
    own = [tree["text"]] if "text" in tree else []
    return own + [found for child in tree.get("content", []) for found in texts_of(child)]


@settings(max_examples=400, deadline=None)
@given(TREES)
def test_no_text_is_lost_and_all_is_in_order(tree):
    result = squeezed(seen(SyntaxTreeNode(GFM.parse(markdown_of(tree)))))
    position = 0
    for value in texts_of(tree):
        position = result.index(squeezed(value), position) + len(squeezed(value))


SPANS = st.lists(st.tuples(TEXTS, MARKS), max_size=5)
TAGS = {"u": "underline", "del": "strike", "em": "em", "strong": "strong", "sub": "sub"}
FOUND = {"strong": "strong", "em": "em", "s": "strike", "code_inline": "code", "link": "link"}


def marked_characters(tree: SyntaxTreeNode, marks: frozenset[str]):
    """Give each character that is seen below a node, with the marks on it."""
    for part in tree.children:
        found = {FOUND[part.type]} if part.type in FOUND else set()
        tag = re.fullmatch("<(/?)([a-z]+)>", part.content) if part.type == "html_inline" else None
        if tag and tag[2] in TAGS:
            marks = marks - {TAGS[tag[2]]} if tag[1] else marks | {TAGS[tag[2]]}
        elif part.children:
            yield from marked_characters(part, marks | found)
        else:
            yield from ((char, marks | found) for char in seen(part))


@settings(max_examples=400, deadline=None)
@given(SPANS)
def test_every_character_keeps_its_marks(spans):
    tree = parsed(para(*(text(value, *marks) for value, marks in spans)))
    names = [
        {"sub" if given["type"] == "subsup" else given["type"] for given in marks}
        for _, marks in spans
    ]
    expected = [
        (char, marks)
        for (value, _), marks in zip(spans, names, strict=True)
        for char in squeezed(value)
    ]
    found = marked_characters(tree, frozenset())
    assert [(char, marks) for char, marks in found if not char.isspace()] == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "text", "content", "attrs", "marks"]), children)
        | st.builds(lambda kind, attrs: {"type": kind, "attrs": attrs}, KINDS, children)
        | st.builds(
            lambda kind, value, content: node(
                kind, *content, attrs=dict.fromkeys(("order", "colspan", "level", "url"), value)
            ),
            KINDS,
            st.integers() | TEXTS,
            st.lists(children, max_size=3),
        )
    ),
    max_leaves=15,
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_whatever_stands_for_a_document_is_converted(value):
    assert isinstance(markdown_of(value), str)
