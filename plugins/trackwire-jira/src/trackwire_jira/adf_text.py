"""The plain text of a rich-text body of API v3, in the Atlassian Document Format.

It loses no text: what a reader sees in the document is in the result, in the same order, and a
node of an unknown type gives its text too. Nothing that stands where a document should makes it
fail, for one odd body must not stop the reading of a whole project.
https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from trackwire_jira.adf_nodes import (
    Node,
    as_nodes,
    attribute,
    card_parts,
    date_text,
    first_number,
    kind_of,
    link_target,
    media_name,
    mention_text,
    own_text,
    visible_attribute,
)


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
_DEEPEST_INDENT = 16


def plain_text(document: object) -> str:
    """Give the text of a document; empty where it has none.

    Args:
        document: The parsed JSON of a document or of any node in one.
    """
    writer = _Writer()
    # a stack of our own: nesting in a file is not bounded by the interpreter's recursion limit
    pending: list[_Part] = [_Below(as_nodes(document), 0)]
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
        return [_Below(as_nodes(child), depth)]
    return _HANDLERS.get(kind_of(child), _other)(child, depth)


def _content(node: Node, depth: int) -> list[_Part]:
    content = node.get("content")
    return [_Below(as_nodes(content), depth)] if content else []


def _gap(depth: int) -> _Break:
    return _LINE if depth else _PARAGRAPH


def _text(node: Node, depth: int) -> list[_Part]:
    text = own_text(node)
    target = link_target(node)
    return [_Link(text, target) if target else text, *_content(node, depth)]


def _inline(*names: str) -> Callable[[Node, int], list[_Part]]:
    def parts(node: Node, depth: int) -> list[_Part]:
        return [attribute(node, *names) or own_text(node), *_content(node, depth)]

    return parts


def _hard_break(node: Node, depth: int) -> list[_Part]:
    return ["\n", *_content(node, depth)]


def _mention(node: Node, depth: int) -> list[_Part]:
    return [mention_text(node), *_content(node, depth)]


def _date(node: Node, depth: int) -> list[_Part]:
    return [date_text(node), *_content(node, depth)]


def _card(node: Node, depth: int) -> list[_Part]:
    name, url = card_parts(node)
    return [_Link(name, url) if name and url else name or url, *_content(node, depth)]


def _media(node: Node, depth: int) -> list[_Part]:
    text = media_name(node) or attribute(node, "url") or "[media]"
    return [text, *_content(node, depth)]


def _media_block(node: Node, depth: int) -> list[_Part]:
    return [_LINE, *_media(node, depth), _LINE]


def _block(node: Node, depth: int) -> list[_Part]:
    gap = _gap(depth)
    return [gap, own_text(node), *_content(node, depth), gap]


def _titled_block(node: Node, depth: int) -> list[_Part]:
    gap = _gap(depth)
    return [gap, attribute(node, "title"), gap, *_block(node, depth)]


def _rule(node: Node, depth: int) -> list[_Part]:
    return [_gap(depth), "---", _gap(depth), *_content(node, depth)]


def _list(node: Node, depth: int) -> list[_Part]:
    indent = "  " * min(depth, _DEEPEST_INDENT)
    parts: list[_Part] = [_gap(depth), own_text(node)]
    for position, item in enumerate(as_nodes(node.get("content"))):
        marker = f"{first_number(node) + position}." if node.get("type") == "orderedList" else "-"
        if isinstance(item, dict) and item.get("type") == "listItem":
            parts += _item(f"{indent}{marker} ", item, depth)
        else:
            parts.append(_Below((item,), depth + 1))
    return [*parts, _gap(depth)]


def _item(marker: str, node: Node, depth: int) -> list[_Part]:
    own = [own_text(node), *_content(node, depth + 1)]
    return [_LINE, marker, _GLUE, *own, _LOOSE, _LINE]


def _task(node: Node, depth: int) -> list[_Part]:
    return _item("- [x] " if attribute(node, "state") == "DONE" else "- [ ] ", node, depth)


def _bullet(node: Node, depth: int) -> list[_Part]:
    return _item("- ", node, depth)


def _row(node: Node, depth: int) -> list[_Part]:
    parts: list[_Part] = [_LINE, f"|{own_text(node)}"]
    for cell in as_nodes(node.get("content")):
        parts += [" ", _GLUE, _Below((cell,), depth + 1), _GLUE, " |"]
    return [*parts, _LINE]


def _other(node: Node, depth: int) -> list[_Part]:
    return [own_text(node), visible_attribute(node), *_content(node, depth)]


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
