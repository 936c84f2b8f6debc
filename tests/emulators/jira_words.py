"""The words of a JQL query, and how Jira complains of one."""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<sign>>=|<=|!=|=|>|<|\(|\)|,)|(?P<word>[\w\-]+))"""
)
_RESERVED_WORDS = """
    abort access add after alias all alter and any as asc audit avg before begin between boolean
    break by byte catch cf char character check checkpoint collate collation column commit
    connect continue count create current date decimal declare decrement default defaults define
    delete delimiter desc difference distinct divide do double drop else empty encoding end
    equals escape exclusive exec execute exists explain false fetch file field first float for
    from function go goto grant greater group having identified if immediate in increment index
    initial inner inout input insert int integer intersect intersection into is isempty isnull
    join last left less like limit lock long max min minus mode modify modulo more multiply next
    noaudit not notin nowait null number object of on option or order outer output power
    previous prior privileges public raise raw remove rename resource return returns revoke
    right row rowid rownum rows select session set share size sqrt start strict string subtract
    sum synonym table then to trans transaction trigger true uid union unique update user
    validate values view when whenever where while with
"""
RESERVED = frozenset(_RESERVED_WORDS.split())


class JqlError(Exception):
    """The query is not valid; the text is what Jira would say."""


class Token(NamedTuple):
    """A word, a quoted text, a sign or the end, with its column from 1."""

    kind: str
    text: str
    column: int

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.text.lower() in words


def split_words(text: str) -> list[Token]:
    """Return the query's tokens; the last is the end."""
    found, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            refuse(
                f"The character '{text[position:].lstrip()[0]}' is a reserved JQL character. You "
                f"must enclose it in a string. (line 1, character {position + 1})"
            )
        kind = str(match.lastgroup)
        raw = match[kind]
        value = re.sub(r"\\(.)", r"\1", raw[1:-1]) if kind == "quoted" else raw
        found.append(Token(kind, value, match.start(kind) + 1))
        position = match.end()
    return [*found, Token("end", "the end of the query", end + 1)]


def place_of(token: Token) -> str:
    """Tell where a token stands."""
    return f"(line 1, character {token.column})"


def refuse(message: str) -> NoReturn:
    """Complain of how the query is written."""
    raise JqlError(f"Error in the JQL Query: {message}")


def refuse_value(message: str) -> NoReturn:
    """Complain of a value that is well written but not valid."""
    raise JqlError(message)
