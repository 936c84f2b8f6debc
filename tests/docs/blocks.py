"""The pages of the documentation, and the code blocks in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = sorted((ROOT / "docs").rglob("*.md"))

_MARKDOWN = MarkdownIt("commonmark").enable("table")
_LABEL = re.compile(r"(In )?`([^`]+)`:")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code.

    Args:
        page: The document.
        line: Where it begins there, from 1.
        kind: The first word of its info string.
        word: What follows it, or nothing.
        content: Its text.
        file: The file that the line above names by "`NAME`:" or "In `NAME`:", or nothing.
        part: Whether it is only a part of that file ("In `NAME`:").
    """

    page: Path
    line: int
    kind: str
    word: str
    content: str
    file: str = ""
    part: bool = False

    @property
    def place(self) -> str:
        """Document and line, for a person."""
        return place(self.page, self.line)


def place(page: Path, line: int) -> str:
    """Name a line of a document."""
    name = page.relative_to(ROOT) if page.is_relative_to(ROOT) else page
    return f"{name}:{line}"


def blocks_of(page: Path, text: str | None = None) -> list[Block]:
    """Return the fenced blocks of a page, in order.

    Args:
        page: The document.
        text: What it says; None for what it says on the disk.
    """
    found: list[Block] = []
    above = ""
    for token in _MARKDOWN.parse(page.read_text("utf-8") if text is None else text):
        if token.type == "fence":
            kind, _, word = token.info.strip().partition(" ")
            label = _LABEL.fullmatch(above)
            part, file = (bool(label[1]), label[2]) if label else (False, "")
            line = token.map[0] + 1
            found.append(Block(page, line, kind, word.strip(), token.content, file, part))
        if token.type == "inline":
            above = token.content.rpartition("\n")[2]
        elif token.type not in {"paragraph_open", "paragraph_close"}:
            above = ""
    return found


def indented_blocks_of(page: Path, text: str | None = None) -> list[str]:
    """Return where a page has code that is indented and not fenced.

    Args:
        page: The document.
        text: What it says; None for what it says on the disk.
    """
    tokens = _MARKDOWN.parse(page.read_text("utf-8") if text is None else text)
    return [place(page, token.map[0] + 1) for token in tokens if token.type == "code_block"]
