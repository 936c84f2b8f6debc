"""The Markdown of a rich-text body of API v3, in the Atlassian Document Format.

It is CommonMark with the tables, task items and struck text of GFM. No text is lost: what has no
counterpart in Markdown gives its text, and so does what is nested too deep to be indented.
https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import NamedTuple

from trackwire_jira import adf_table
from trackwire_jira import markdown_text as md
from trackwire_jira.adf_inline import bold, lines_of
from trackwire_jira.adf_nodes import (
    DEEPEST,
    ITEMS,
    Node,
    as_nodes,
    attribute,
    first_number,
    head_of,
    is_inline,
    kind_of,
    lead_of,
    own_text,
)
from trackwire_jira.adf_text import plain_text

_LARGEST_MARKER = 999_999_999
_ALERTS = {
    "info": "NOTE",
    "note": "IMPORTANT",
    "tip": "TIP",
    "success": "TIP",
    "warning": "WARNING",
    "error": "CAUTION",
}
_MAY_FOLLOW_AT_ONCE = re.compile(r"(?:[-+]|1[.)]) \S")


class _Block(NamedTuple):
    """Lines of Markdown that stand together.

    Args:
        text: The lines.
        family: What Markdown would join it with, or distinguish it by: `paragraph`, `bullet` or
            `ordered`; empty for others.
        other: Whether it is a list with the other marker of its family.
    """

    text: str
    family: str = ""
    other: bool = False


def markdown_of(document: object) -> str:
    """Give the Markdown of a document; empty where it has no text.

    Args:
        document: The parsed JSON of a document or of any node in one.
    """
    return _joined(_blocks(as_nodes(document), 0))


def _joined(blocks: Sequence[_Block]) -> str:
    return "\n\n".join(block.text for block in blocks)


def _blocks(nodes: Sequence[object], depth: int) -> list[_Block]:
    if depth > DEEPEST:
        return _paragraph(lines_of([plain_text(nodes)]))
    blocks: list[_Block] = []
    for inline, group in groupby(nodes, is_inline):
        if inline:
            blocks += _paragraph(lines_of(group))
            continue
        for node in group:
            blocks += _block(node, depth, blocks[-1] if blocks else None)
    return blocks


def _block(node: object, depth: int, previous: _Block | None) -> list[_Block]:
    if not isinstance(node, dict):
        return _blocks(as_nodes(node), depth + 1)
    kind = kind_of(node)
    if kind in _FAMILIES:
        return _list(node, depth, previous)
    return _HANDLERS.get(kind, _other)(node, depth)


def _children(node: Node, depth: int) -> list[_Block]:
    own = _paragraph(lines_of([own_text(node)]))
    return own + _blocks(as_nodes(node.get("content")), depth + 1)


def _paragraph(lines: Sequence[str]) -> list[_Block]:
    text = "\\\n".join(md.guarded(line) for line in lines)
    return [_Block(text, "paragraph")] if text else []


def _inline_content(node: Node) -> list[str]:
    return lines_of([own_text(node), *as_nodes(node.get("content"))])


def _text_block(node: Node, depth: int) -> list[_Block]:
    return _paragraph(_inline_content(node))


def _heading(node: Node, depth: int) -> list[_Block]:
    level = attribute(node, "level")
    text = "<br>".join(_inline_content(node))
    return [_Block(md.heading(text, int(level) if level in set("123456") else 1))] if text else []


def _alone(node: Node, depth: int) -> list[_Block]:
    """Give what is inline by its nature a paragraph of its own."""
    return _paragraph(lines_of([node]))


def _code(node: Node, depth: int) -> list[_Block]:
    return [_Block(md.fence(plain_text(node), attribute(node, "language")))]


def _rule(node: Node, depth: int) -> list[_Block]:
    return [_Block("***"), *_children(node, depth)]


def _quote(node: Node, depth: int) -> list[_Block]:
    return _quoted(_children(node, depth))


def _quoted(blocks: Sequence[_Block]) -> list[_Block]:
    lines = _joined(blocks).split("\n")
    return [_Block("\n".join(f"> {line}" if line else ">" for line in lines))] if blocks else []


def _panel(node: Node, depth: int) -> list[_Block]:
    icon = _paragraph(lines_of([head_of(node)]))
    blocks = [*icon, *_children(node, depth)]
    alert = _ALERTS.get(attribute(node, "panelType"))
    if not alert or not blocks:
        return _quoted(blocks)
    return [_Block(f"> [!{alert}]\n{_quoted(blocks)[0].text}")]


def _expand(node: Node, depth: int) -> list[_Block]:
    return _quoted([*_paragraph(bold(head_of(node))), *_children(node, depth)])


def _table(node: Node, depth: int) -> list[_Block]:
    table = adf_table.table(node, depth)
    return [*_paragraph(lines_of([own_text(node)])), *([_Block(table)] if table else [])]


def _other(node: Node, depth: int) -> list[_Block]:
    return [*_paragraph(lines_of([head_of(node)])), *_children(node, depth)]


def _list(node: Node, depth: int, previous: _Block | None) -> list[_Block]:
    family = _FAMILIES[kind_of(node)]
    other = previous is not None and previous.family == family and not previous.other
    items = _items(node, depth)
    if family == "bullet":
        markers = ["+" if other else "-"] * len(items)
    else:
        first = first_number(node)
        numbers = (min(first + position, _LARGEST_MARKER) for position in range(len(items)))
        markers = [f"{number}{')' if other else '.'}" for number in numbers]
    written = [_item(marker, item) for marker, item in zip(markers, items, strict=True)]
    gap = "\n\n" if any("\n\n" in item for item in written) else "\n"
    lists = [_Block(gap.join(written), family, other)] if written else []
    return [*_paragraph(lines_of([own_text(node)])), *lists]


def _items(node: Node, depth: int) -> list[list[_Block]]:
    """Give the blocks of each item; a list among them belongs to the item before it."""
    items: list[list[_Block]] = []
    for child in as_nodes(node.get("content")):
        kind = kind_of(child) if isinstance(child, dict) else ""
        if kind in _FAMILIES and items:
            items[-1] += _block(child, depth + 1, items[-1][-1] if items[-1] else None)
        elif kind in ITEMS and isinstance(child, dict):
            items.append(_led(lead_of(child), _children(child, depth)))
        else:
            items.append(_blocks((child,), depth + 1))
    return items


def _led(lead: str, blocks: list[_Block]) -> list[_Block]:
    if lead and blocks and blocks[0].family == "paragraph":
        return [_Block(f"{lead} {blocks[0].text}", "paragraph"), *blocks[1:]]
    return [_Block(lead, "paragraph"), *blocks] if lead else blocks


def _item(marker: str, blocks: Sequence[_Block]) -> str:
    text = ""
    for position, block in enumerate(blocks):
        tight = (
            position
            and blocks[position - 1].family == "paragraph"
            and block.family in {"bullet", "ordered"}
            and _MAY_FOLLOW_AT_ONCE.match(block.text)
        )
        text += ("\n" if tight else "\n\n" if position else "") + block.text
    indent = " " * (len(marker) + 1)
    lines = [f"{indent}{line}" if line else "" for line in text.split("\n")]
    return marker + "\n".join(lines)[len(marker) :]


_FAMILIES = {
    "bulletList": "bullet",
    "taskList": "bullet",
    "decisionList": "bullet",
    "orderedList": "ordered",
}
_HANDLERS: dict[str, Callable[[Node, int], list[_Block]]] = {
    **dict.fromkeys(("paragraph", "caption"), _text_block),
    **dict.fromkeys(("media", "blockCard", "embedCard"), _alone),
    **dict.fromkeys(("expand", "nestedExpand"), _expand),
    "heading": _heading,
    "codeBlock": _code,
    "rule": _rule,
    "blockquote": _quote,
    "panel": _panel,
    "table": _table,
}
