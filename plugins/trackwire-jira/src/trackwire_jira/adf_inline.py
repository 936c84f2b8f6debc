"""The Markdown of what stands in the lines of a rich-text document: texts, marks, links, cards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, zip_longest
from typing import NamedTuple

from trackwire_jira import markdown_text as md
from trackwire_jira.adf_nodes import (
    Node,
    attribute,
    card_parts,
    kind_of,
    link_target,
    marks_of,
    media_name,
    own_text,
)
from trackwire_jira.adf_text import plain_text


class Span(NamedTuple):
    """A piece of a line.

    Args:
        text: What a reader sees, or Markdown where it is `verbatim`.
        marks: The names of its marks: any of `markdown_text.MARKS`, and `code`.
        target: Where it links to; empty where it does not.
        verbatim: Whether `text` is Markdown already.
    """

    text: str
    marks: frozenset[str] = frozenset()
    target: str = ""
    verbatim: bool = False


def lines_of(nodes: Iterable[object]) -> list[str]:
    """Give the Markdown of inline nodes, line by line, none of them blank at either end."""
    lines: list[list[Span]] = [[]]
    for span in _spans(nodes):
        if span.text.isprintable():  # and so in one line, as most are
            lines[-1].append(span)
            continue
        first, *others = md.LINE_END.split(span.text)
        lines[-1].append(span._replace(text=first))
        lines += [[span._replace(text=text)] for text in others]
    written = [_line(spans).strip(" \t") if spans else "" for spans in lines]
    filled = [position for position, line in enumerate(written) if line]
    return written[filled[0] : filled[-1] + 1] if filled else []


def bold(text: str) -> list[str]:
    """Give the Markdown of a title, line by line."""
    return lines_of([{"type": "text", "text": text, "marks": [{"type": "strong"}]}])


def _spans(nodes: Iterable[object]) -> Iterator[Span]:
    for node in filter(None, nodes):
        if isinstance(node, dict) and not node.get("content"):
            yield _SPANS.get(kind_of(node), _plain)(node)
        elif isinstance(node, dict) and kind_of(node) == "text":
            yield _text(node)
            yield Span(plain_text(node["content"]))
        else:
            yield Span(plain_text(node))


def _plain(node: Node) -> Span:
    return Span(plain_text(node))


def _text(node: Node) -> Span:
    if "marks" not in node:
        return Span(own_text(node))
    names = {_mark_name(mark) for mark in marks_of(node)}
    return Span(own_text(node), frozenset(names & {*md.MARKS, "code"}), link_target(node))


def _mark_name(mark: Node) -> str:
    name = kind_of(mark)
    return attribute(mark, "type") if name == "subsup" else name


def _status(node: Node) -> Span:
    return Span(md.code_span(md.LINE_END.sub(" ", plain_text(node))), verbatim=True)


def _card(node: Node) -> Span:
    name, url = card_parts(node)
    if name and url:
        return Span(name, target=url)
    link = md.autolink(url)
    return Span(link, verbatim=True) if link else Span(name or url)


def _media(node: Node) -> Span:
    name, url = media_name(node), attribute(node, "url")
    if url:
        label = md.escaped(md.LINE_END.sub(" ", name), linking=False)
        picture = md.link(label, url)
        if not label:
            return Span(picture, verbatim=True)
        return Span(f"!{picture}", target=link_target(node), verbatim=True)
    return Span(f"[media: {name}]" if name else "[media]", target=link_target(node))


_SPANS: dict[str, Callable[[Node], Span]] = {
    "text": _text,
    "status": _status,
    "inlineCard": _card,
    "blockCard": _card,
    "embedCard": _card,
    "media": _media,
    "mediaInline": _media,
}


def _line(spans: Sequence[Span]) -> str:
    if len(spans) == 1 and _is_bare(spans[0]):  # most lines are, and this is the fast way
        return md.escaped(spans[0].text)
    groups = [list(group) for _, group in groupby(_pieces(spans), lambda span: span.target)]
    written = ""
    for group, following in zip_longest(groups, groups[1:]):
        if group[0].target:
            if written.endswith("!"):  # it would make a picture of the link
                written = f"{written[:-1]}\\!"
            written += _link(group)
        else:
            written += _run(group, written[-1:], "" if following is None else _first(following))
    return written


def _is_bare(span: Span) -> bool:
    text, marks, target, verbatim = span
    return not (marks or target or verbatim) and text == text.strip()


def _pieces(spans: Iterable[Span]) -> Iterator[Span]:
    """Join spans of one kind, and take the white space at the edges out from under the marks."""
    filled = (span for span in spans if span.text)
    for (verbatim, marks, target), alike in groupby(filled, _kind):
        if verbatim:
            yield from alike
            continue
        text = "".join(span.text for span in alike)
        core = text if "code" in marks else text.strip()
        start = text.index(core)
        end = start + len(core)
        if start:
            yield Span(text[:start], target=target)
        if core:
            yield Span(core, marks, target)
        if end < len(text):
            yield Span(text[end:], target=target)


def _kind(span: Span) -> tuple[bool, frozenset[str], str]:
    return span.verbatim, span.marks, span.target


def _link(pieces: Sequence[Span]) -> str:
    label = _run(pieces, "[", "]")
    target = pieces[0].target
    on_itself = len(pieces) == 1 and not pieces[0].marks and pieces[0].text == target
    return (on_itself and md.autolink(target)) or md.link(label, target)


def _run(pieces: Sequence[Span], before: str, after: str) -> str:
    written = ""
    for piece, following in zip_longest(pieces, pieces[1:]):
        last = written[-1:] or before
        text = _piece(piece, last, _first_character(following) if following else after)
        written += f" {text}" if last == text[0] == "`" else text
    return written


def _piece(span: Span, before: str, after: str) -> str:
    if span.verbatim:
        return span.text
    if "code" in span.marks:
        text = md.code_span(span.text)
    else:
        text = md.escaped(span.text, linking=not span.target)
    return md.marked(text, span.marks - {"code"}, before, after)


def _first(group: Sequence[Span]) -> str:
    return "[" if group[0].target else _first_character(group[0])


def _first_character(span: Span) -> str:
    """Give the character that the Markdown of a piece begins with."""
    if span.verbatim:
        return span.text[0]
    if "code" in span.marks:
        return "`"
    return "*" if span.marks else md.escaped(span.text[0])[0]
