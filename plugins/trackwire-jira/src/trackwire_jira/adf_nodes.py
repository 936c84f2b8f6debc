"""Reads the parts of a node of the Atlassian Document Format, whatever stands in their place.

https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

Node: TypeAlias = dict[str, object]

DEEPEST = 24
"""How many blocks may hold each other before their Markdown becomes plain text."""
LISTS = frozenset({"bulletList", "orderedList", "taskList", "decisionList"})
"""The types of lists."""
ITEMS = frozenset({"listItem", "taskItem", "blockTaskItem", "decisionItem"})
"""The types of what lists consist of."""

_INLINE = frozenset(
    {
        *("text", "hardBreak", "mention", "emoji", "date", "status", "inlineCard", "placeholder"),
        *("mediaInline", "inlineExtension"),
    }
)
_HEADLESS = frozenset({"doc", "layoutSection", "layoutColumn", "mediaSingle", "mediaGroup"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_NUMBER = 10**18  # what is beyond is no date, order or id, and slow to write out


def as_nodes(value: object) -> tuple[object, ...]:
    """Give what stands where nodes should: each a node, a text, or something of no use."""
    if isinstance(value, list | tuple):
        return tuple(value)
    return (value,) if isinstance(value, str | dict) else ()


def kind_of(node: Node) -> str:
    """Give the node's type; empty where it is no text."""
    kind = node.get("type")
    return kind if isinstance(kind, str) else ""


def own_text(node: Node) -> str:
    """Give the text that the node itself carries."""
    text = node.get("text")
    return text if isinstance(text, str) else ""


def attribute(node: Node, *names: str) -> str:
    """Give the first of the attributes that is a text or an integer, as text."""
    attributes = node.get("attrs")
    if isinstance(attributes, dict):
        for name in names:
            value = attributes.get(name)
            if isinstance(value, str) and value:
                return value
            if type(value) is int and abs(value) < _LARGEST_NUMBER:
                return str(value)
    return ""


def marks_of(node: Node) -> list[Node]:
    """Give the marks on a node."""
    if "marks" not in node:
        return []
    return [mark for mark in as_nodes(node["marks"]) if isinstance(mark, dict)]


def link_target(node: Node) -> str:
    """Give the address that the node's link mark has."""
    links = (mark for mark in marks_of(node) if mark.get("type") == "link")
    return next((attribute(link, "href") for link in links), "")


def first_number(ordered_list: Node) -> int:
    """Give the number of an ordered list's first item."""
    order = attribute(ordered_list, "order")
    return int(order) if re.fullmatch("[0-9]{1,9}", order) else 1


def mention_text(node: Node) -> str:
    """Give the name of who is mentioned, after an at sign."""
    name = attribute(node, "text") or own_text(node) or attribute(node, "id")
    return name if name.startswith("@") else f"@{name}"


def date_text(node: Node) -> str:
    """Give the day of a date in UTC, as ISO 8601 writes it, or else what stands there."""
    stamp = attribute(node, "timestamp")
    try:
        return (_EPOCH + timedelta(milliseconds=int(stamp))).date().isoformat()
    except (ValueError, OverflowError):
        return stamp or own_text(node)


def card_parts(node: Node) -> tuple[str, str]:
    """Give the name and the address of a card; one of them, or both, may be empty."""
    url = attribute(node, "url")
    attributes = node.get("attrs")
    if url or own_text(node) or not isinstance(attributes, dict):
        return own_text(node), url
    data: Node = {"attrs": attributes.get("data")}
    return attribute(data, "name"), attribute(data, "url")


def media_name(node: Node) -> str:
    """Give the words that stand for a file or picture."""
    return attribute(node, "alt", "__fileName") or own_text(node)


def visible_attribute(node: Node) -> str:
    """Give what a reader would see of a node of an unknown type, besides its content."""
    return attribute(node, "text", "title", "alt", "shortName", "name", "url")


def head_of(block: Node) -> str:
    """Give what a reader sees at the head of a block, besides its content."""
    kind = kind_of(block)
    if kind == "panel":
        return attribute(block, "panelIconText")
    return "" if kind in _HEADLESS else visible_attribute(block)


def lead_of(item: Node) -> str:
    """Give the Markdown that tells an item of a list from a mere bullet."""
    kind = kind_of(item)
    if kind in {"taskItem", "blockTaskItem"}:
        return "[x]" if attribute(item, "state") == "DONE" else "[ ]"
    return "**Decision:**" if kind == "decisionItem" else ""


def is_inline(node: object) -> bool:
    """Tell whether a node stands in a line, not in lines of its own."""
    if isinstance(node, dict):
        return kind_of(node) in _INLINE
    return not isinstance(node, list | tuple)
