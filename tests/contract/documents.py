"""Where the contracts lie, and how their documents are read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from markdown_it.token import Token

ROOT = next(
    parent
    for parent in Path(__file__).resolve().parents
    if (parent / "contracts" / "schemas").is_dir()
)
CONTRACTS = ROOT / "contracts"
KINDS_OF_CONTRACT = {
    "tracker-snapshot-publish:2.1.0": ("snapshot", "receipt", "problem"),
    "batch-api:1.0.0": ("event", "event-batch", "event-batch-answer", "event-batch-refusal"),
}
KINDS = tuple(kind for kinds in KINDS_OF_CONTRACT.values() for kind in kinds)
DOCUMENTS = sorted([*CONTRACTS.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
OTHER_PAGES = sorted(ROOT.glob("*.md"))

_MARKDOWN = MarkdownIt("commonmark").enable("table")


def fences(text: str) -> list[tuple[str, str]]:
    """The fenced blocks: info string and content."""
    return [
        (token.info.strip(), token.content)
        for token in _MARKDOWN.parse(text)
        if token.type == "fence"
    ]


def links(text: str) -> list[str]:
    """The targets of all links, those in code left out."""
    return [
        str(child.attrs["href"])
        for token in _MARKDOWN.parse(text)
        for child in token.children or ()
        if child.type == "link_open"
    ]


def headings(text: str, level: int | None = None) -> list[str]:
    tokens = _MARKDOWN.parse(text)
    return [
        _plain(tokens[place + 1])
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and level in {None, int(token.tag[1:])}
    ]


def anchors(text: str) -> set[str]:
    """What a link can name in a page, as forges make it from the headings."""
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings(text)}


def tables(text: str, heading: str) -> list[list[list[str]]]:
    """The tables under a heading and before the next one: rows of cells, the head left out."""
    found: list[list[list[str]]] = []
    here = False
    tokens = _MARKDOWN.parse(text)
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            here = _plain(tokens[place + 1]) == heading
        elif here and token.type == "tbody_open":
            found.append([])
        elif here and token.type == "tr_open":
            row: list[str] = []
        elif here and token.type == "td_open":
            row.append(tokens[place + 1].content)
        elif here and token.type == "tr_close" and row:
            found[-1].append(row)
    assert found, f"no table under {heading!r}"
    return found


def bare(cell: str) -> str:
    return cell.strip("`")


def _plain(inline: Token) -> str:
    return "".join(child.content for child in inline.children or ())
