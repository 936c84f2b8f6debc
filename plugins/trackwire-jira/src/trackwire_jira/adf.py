"""The plain text of a rich-text body of API v3, in the Atlassian Document Format.

It loses no text: what a reader sees in the document is in the result, in the same order, and a
node of an unknown type gives its text too. Nothing that stands where a document should makes it
fail, for one odd body must not stop the reading of a whole project.
https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeAlias

Node: TypeAlias = dict[str, object]


class _Break(NamedTuple):
    """At least this many line ends, between what is before and what follows."""

    lines: int


class _Glue(NamedTuple):
    """Keeps the next text on the line of the last, whatever breaks come between, or stops that."""

    holds: bool


class _Link(NamedTuple):
    """Text that links to a target."""

    text: str
    target: str


class _Below(NamedTuple):
    """The children of a node, that many lists and tables deep."""

    children: tuple[object, ...]
    depth: int


_Written: TypeAlias = str | _Link | _Break | _Glue
_Part: TypeAlias = _Written | _Below
_LINE, _PARAGRAPH = _Break(1), _Break(2)
_GLUE, _LOOSE = _Glue(holds=True), _Glue(holds=False)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DEEPEST_INDENT = 16
_LARGEST_NUMBER = 10**18  # what is beyond is no date, order or id, and slow to write out


def plain_text(document: object) -> str:
    """Give the text of a document; empty where it has none.

    Args:
        document: The parsed JSON of a document or of any node in one.
    """
    writer = _Writer()
    # a stack of our own: nesting in a file is not bounded by the interpreter's recursion limit
    pending: list[_Part] = [_Below(_as_nodes(document), 0)]
    while pending:
        part = pending.pop()
        if isinstance(part, _Below):
            for child in reversed(part.children):
                pending += reversed(_parts(child, part.depth))
        else:
            writer.write(part)
    return writer.result()


class _Writer:
    """Puts texts together with the breaks between them, none of them at either end."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._lines = 0
        self._glued = False
        self._link: _Link | None = None

    def write(self, part: _Written) -> None:
        if isinstance(part, str):
            if part:
                self._end_link()
                self._append(part)
        elif isinstance(part, _Break):
            if not self._glued:
                self._lines = max(self._lines, part.lines)
        elif isinstance(part, _Link):
            self._append_linked(part)
        else:
            self._glued = part.holds
            if part.holds:
                self._end_link()
                self._lines = 0

    def result(self) -> str:
        self._end_link()
        return "".join(self._pieces)

    def _append(self, text: str) -> None:
        if self._lines and self._pieces:
            self._pieces.append("\n" * self._lines)
        self._pieces.append(text)
        self._lines, self._glued = 0, False

    def _append_linked(self, part: _Link) -> None:
        """Write linked text, whose target follows once where several texts in a row share it."""
        if not part.text:
            return
        before = ""
        if self._link and self._link.target == part.target and not self._lines:
            before = self._link.text
        else:
            self._end_link()
        self._append(part.text)
        self._link = _Link(before + part.text, part.target)

    def _end_link(self) -> None:
        if self._link is not None:
            if self._link.text != self._link.target:
                self._pieces.append(f" ({self._link.target})")
            self._link = None


def _parts(child: object, depth: int) -> list[_Part]:
    if isinstance(child, str):
        return [child]
    if not isinstance(child, dict):
        return [_Below(_as_nodes(child), depth)]
    kind = child.get("type")
    handler = _HANDLERS.get(kind, _other) if isinstance(kind, str) else _other
    return handler(child, depth)


def _as_nodes(value: object) -> tuple[object, ...]:
    if isinstance(value, list | tuple):
        return tuple(value)
    return (value,) if isinstance(value, str | dict) else ()


def _content(node: Node, depth: int) -> list[_Part]:
    content = node.get("content")
    return [_Below(_as_nodes(content), depth)] if content else []


def _attribute(node: Node, *names: str) -> str:
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


def _own_text(node: Node) -> str:
    text = node.get("text")
    return text if isinstance(text, str) else ""


def _gap(depth: int) -> _Break:
    return _LINE if depth else _PARAGRAPH


def _text(node: Node, depth: int) -> list[_Part]:
    text = _own_text(node)
    target = _link_target(node) if "marks" in node else ""
    return [_Link(text, target) if target else text, *_content(node, depth)]


def _link_target(node: Node) -> str:
    for mark in _as_nodes(node["marks"]):
        if isinstance(mark, dict) and mark.get("type") == "link":
            return _attribute(mark, "href")
    return ""


def _inline(*names: str) -> Callable[[Node, int], list[_Part]]:
    def parts(node: Node, depth: int) -> list[_Part]:
        return [_attribute(node, *names) or _own_text(node), *_content(node, depth)]

    return parts


def _hard_break(node: Node, depth: int) -> list[_Part]:
    return ["\n", *_content(node, depth)]


def _mention(node: Node, depth: int) -> list[_Part]:
    name = _attribute(node, "text") or _own_text(node) or _attribute(node, "id")
    return [name if name.startswith("@") else f"@{name}", *_content(node, depth)]


def _date(node: Node, depth: int) -> list[_Part]:
    stamp = _attribute(node, "timestamp")
    try:
        text = (_EPOCH + timedelta(milliseconds=int(stamp))).date().isoformat()
    except (ValueError, OverflowError):
        text = stamp or _own_text(node)
    return [text, *_content(node, depth)]


def _card(node: Node, depth: int) -> list[_Part]:
    text = _attribute(node, "url") or _own_text(node)
    attributes = node.get("attrs")
    if not text and isinstance(attributes, dict):
        data: Node = {"attrs": attributes.get("data")}
        name, url = _attribute(data, "name"), _attribute(data, "url")
        return [_Link(name, url) if name and url else name or url, *_content(node, depth)]
    return [text, *_content(node, depth)]


def _media(node: Node, depth: int) -> list[_Part]:
    text = _attribute(node, "alt", "__fileName", "url") or _own_text(node) or "[media]"
    return [text, *_content(node, depth)]


def _media_block(node: Node, depth: int) -> list[_Part]:
    return [_LINE, *_media(node, depth), _LINE]


def _block(node: Node, depth: int) -> list[_Part]:
    gap = _gap(depth)
    return [gap, _own_text(node), *_content(node, depth), gap]


def _titled_block(node: Node, depth: int) -> list[_Part]:
    gap = _gap(depth)
    return [gap, _attribute(node, "title"), gap, *_block(node, depth)]


def _rule(node: Node, depth: int) -> list[_Part]:
    return [_gap(depth), "---", _gap(depth), *_content(node, depth)]


def _list(node: Node, depth: int) -> list[_Part]:
    indent = "  " * min(depth, _DEEPEST_INDENT)
    parts: list[_Part] = [_gap(depth), _own_text(node)]
    for position, item in enumerate(_as_nodes(node.get("content"))):
        marker = f"{_first_number(node) + position}." if node.get("type") == "orderedList" else "-"
        if isinstance(item, dict) and item.get("type") == "listItem":
            parts += _item(f"{indent}{marker} ", item, depth)
        else:
            parts.append(_Below((item,), depth + 1))
    return [*parts, _gap(depth)]


def _first_number(ordered_list: Node) -> int:
    order = _attribute(ordered_list, "order")
    return int(order) if re.fullmatch("[0-9]{1,9}", order) else 1


def _item(marker: str, node: Node, depth: int) -> list[_Part]:
    own = [_own_text(node), *_content(node, depth + 1)]
    return [_LINE, marker, _GLUE, *own, _LOOSE, _LINE]


def _task(node: Node, depth: int) -> list[_Part]:
    return _item("- [x] " if _attribute(node, "state") == "DONE" else "- [ ] ", node, depth)


def _bullet(node: Node, depth: int) -> list[_Part]:
    return _item("- ", node, depth)


def _row(node: Node, depth: int) -> list[_Part]:
    parts: list[_Part] = [_LINE, f"|{_own_text(node)}"]
    for cell in _as_nodes(node.get("content")):
        parts += [" ", _GLUE, _Below((cell,), depth + 1), _GLUE, " |"]
    return [*parts, _LINE]


def _other(node: Node, depth: int) -> list[_Part]:
    visible = _attribute(node, "text", "title", "alt", "shortName", "name", "url")
    return [_own_text(node), visible, *_content(node, depth)]


_BLOCKS = (
    *("doc", "paragraph", "heading", "blockquote", "panel", "codeBlock", "table", "caption"),
    *("taskList", "decisionList", "mediaSingle", "mediaGroup"),
    *("layoutSection", "layoutColumn", "bodiedExtension"),
)
_HANDLERS: dict[str, Callable[[Node, int], list[_Part]]] = {
    **dict.fromkeys(_BLOCKS, _block),
    **dict.fromkeys(("expand", "nestedExpand"), _titled_block),
    **dict.fromkeys(("inlineCard", "blockCard", "embedCard"), _card),
    **dict.fromkeys(("bulletList", "orderedList"), _list),
    **dict.fromkeys(("listItem", "decisionItem"), _bullet),
    **dict.fromkeys(("status", "placeholder"), _inline("text")),
    "text": _text,
    "hardBreak": _hard_break,
    "mention": _mention,
    "emoji": _inline("text", "shortName"),
    "date": _date,
    "media": _media_block,
    "mediaInline": _media,
    "rule": _rule,
    "taskItem": _task,
    "tableRow": _row,
}
