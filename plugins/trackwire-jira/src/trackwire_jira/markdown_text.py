"""Writes texts as Markdown that a reader of it turns back into the same texts.

A character that Markdown would take for its own is escaped, and few others, so that prose and
names such as `snake_case` stay readable. But for `fence`, what goes in and comes out is one line.
https://spec.commonmark.org/0.31.2/ and https://github.github.com/gfm/
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Set

LINE_END = re.compile(r"\r\n|\r|\n")
"""What CommonMark takes for the end of a line."""

_SPECIAL = re.compile(
    r"""
    [\\`*\[\]~]                         # wherever it stands
    | (?<![^\W_])_ | _(?![^\W_])        # an underscore, unless inside a word
    | <(?![\s\d=])                      # what could begin a tag
    | &(?=\#?\w+;)                      # what reads as a character reference
    """,
    re.VERBOSE,
)
_BLOCK_START = re.compile(
    r"""
    \#{1,6}(?:\s|$) | >                 # a heading, a quotation
    | [-+](?:\s|$)                      # an item
    | [-=:|][-=:|\ \t]*$                # an underline, a rule, the line below a table's head
    """,
    re.VERBOSE,
)
_NUMBER = re.compile(r"(\d{1,9})([.)](?:\s.*|$))")
_CLOSING_SIGNS = re.compile(r"(?:^|(?<=\s))(?=#+$)")
_URL = re.compile(r"\bhttps?://[^\s<>\x00-\x1f\x7f]+", re.IGNORECASE)
_AFTER_URL = ".,;:!?'\"]*_~"
_REFERENCE = re.compile(r"&(?=#?\w+;)")
_TAGS = {
    "sub": "sub",
    "sup": "sup",
    "underline": "u",
    "strike": "del",
    "em": "em",
    "strong": "strong",
}
_EDGES = f"\t\n\f\r{string.punctuation}"
_DELIMITERS = {"strike": "~~", "em": "*", "strong": "**"}

MARKS: Set[str] = _TAGS.keys()
"""The names of the marks that `marked` writes."""


def escaped(text: str, *, linking: bool = True) -> str:
    """Write a text, the web addresses in it as links.

    Args:
        text: The text, without line ends.
        linking: Whether an address may become a link: not inside another link.
    """
    pieces, end = [], 0
    for match in _URL.finditer(text) if linking and "://" in text else ():
        url = match[0].rstrip(_AFTER_URL if "(" in match[0] else _AFTER_URL + ")")
        link = autolink(url)
        if link:
            pieces += [_words(text[end : match.start()]), link]
            end = match.start() + len(url)
    return "".join([*pieces, _words(text[end:])])


def _words(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)


def guarded(line: str) -> str:
    """Keep a paragraph's line from beginning another block."""
    numbered = _NUMBER.fullmatch(line)
    if numbered:
        return f"{numbered[1]}\\{numbered[2]}"
    return f"\\{line}" if _BLOCK_START.match(line) else line


def heading(text: str, level: int) -> str:
    """Write a heading, whose text is Markdown."""
    return f"{'#' * level} " + _CLOSING_SIGNS.sub(r"\\", text)


def marked(text: str, marks: Set[str], before: str, after: str) -> str:
    """Put marks on Markdown that neither begins nor ends with white space.

    Where a delimiter beside these neighbours would be read as a plain character, HTML's tags
    stand for it. https://spec.commonmark.org/0.31.2/#left-flanking-delimiter-run

    Args:
        text: The Markdown; not empty.
        marks: Any of `MARKS`.
        before: The character before it; empty at the beginning of a line.
        after: The character behind it; empty at the end of a line.
    """
    if not marks:
        return text
    delimited = marks & _DELIMITERS.keys()
    alike = "strike" not in delimited or len(delimited) == 1
    inside = text if marks == delimited else "<>"
    flanked = _flanks(before, inside[0], alike=alike) and _flanks(after, inside[-1], alike=alike)
    for name, tag in _TAGS.items():
        if name in marks:
            mark = _DELIMITERS.get(name) if flanked else None
            text = f"{mark}{text}{mark}" if mark else f"<{tag}>{text}</{tag}>"
    return text


def _flanks(outside: str, inside: str, *, alike: bool) -> bool:
    if outside in {"*", "~"}:
        return False
    at_an_edge = not outside or outside in _EDGES or unicodedata.category(outside) == "Zs"
    return at_an_edge or (alike and inside.isalnum())


def code_span(text: str) -> str:
    """Write a text as code; empty where it is."""
    if not text:
        return ""
    ticks = "`" * (_longest_run(text) + 1)
    shorn = text[0] == text[-1] == " " and text.strip(" ")
    pad = " " if shorn or text[0] == "`" or text[-1] == "`" else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def fence(code: str, language: str) -> str:
    """Write lines of code as a block."""
    ticks = "`" * max(3, _longest_run(code) + 1)
    info = re.sub(r"[^\w+#.-]", "", language)
    return "\n".join((f"{ticks}{info}", LINE_END.sub("\n", code), ticks))


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def autolink(url: str) -> str:
    """Write a web address as a link on itself; empty where it cannot be one."""
    usable = _URL.fullmatch(url) and not _REFERENCE.search(url)
    return f"<{url}>" if usable else ""


def link(label: str, target: str) -> str:
    """Write a link, whose label is Markdown without a link in it."""
    if not label:
        return autolink(target) or escaped(target)
    address = re.sub(r"[\x00-\x20<>\x7f]", lambda match: f"%{ord(match[0]):02X}", target)
    address = _REFERENCE.sub("&amp;", address.replace("\\", "\\\\"))
    bare = address and "(" not in address and ")" not in address
    return f"[{label}]({address if bare else f'<{address}>'})"
