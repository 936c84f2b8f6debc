"""The tables of a rich-text document as tables of GFM, whose cells have one line each.

https://github.github.com/gfm/#tables-extension-
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from trackwire_jira import markdown_text as md
from trackwire_jira.adf_inline import lines_of
from trackwire_jira.adf_nodes import (
    DEEPEST,
    LISTS,
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

_MOST_FILLERS = 10_000  # what spans leave free; beyond, a file could ask for any amount
_LINES = frozenset({"paragraph", "heading", "caption"})
_WHOLE = frozenset({"media", "blockCard", "embedCard", "table"})


def table(node: Node, depth: int) -> str:
    """Give a table's lines; empty where it has no cells.

    Args:
        node: The table.
        depth: How many nodes it is nested in.
    """
    rows = [_cells(row) for row in as_nodes(node.get("content"))]
    grid = [[_cell(cell, depth) for cell in row] for row in _spread(rows)]
    width = max(map(len, grid), default=0)
    if not width:
        return ""
    if all(isinstance(cell, dict) and kind_of(cell) == "tableHeader" for cell in rows[0]):
        head, *body = grid
    else:
        head, body = [], grid
    head += [""] * (width - len(head))
    return "\n".join(map(_row, [head, ["---"] * width, *body]))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(row: object) -> list[object]:
    if isinstance(row, dict) and kind_of(row) == "tableRow":
        own = own_text(row)
        return [*([own] if own else []), *as_nodes(row.get("content"))]
    return [row]


def _spread(rows: Sequence[Sequence[object]]) -> Iterator[list[object]]:
    """Fill the places that cells above or on the left stretch over."""
    fillers = _MOST_FILLERS
    taken: dict[int, int] = {}  # column: how many more rows
    for row in rows:
        line: list[object] = []
        below: dict[int, int] = {}
        for cell in row:
            while taken.get(len(line)):
                line.append(None)
            across, down = _span(cell, "colspan"), _span(cell, "rowspan")
            fillers -= across * down - 1
            if fillers < 0:
                across = down = 1
            below.update(dict.fromkeys(range(len(line), len(line) + across), down))
            line += [cell, *[None] * (across - 1)]
        taken = {column: rest - 1 for column, rest in (taken | below).items() if rest > 1}
        yield line


def _span(cell: object, name: str) -> int:
    value = attribute(cell, name) if isinstance(cell, dict) else ""
    return max(1, int(value)) if value.isascii() and value.isdecimal() else 1


def _cell(cell: object, depth: int) -> str:
    return "<br>".join(_flat((cell,), depth)).replace("|", "\\|")


def _flat(nodes: Iterable[object], depth: int) -> list[str]:
    """Give the lines of blocks, without what only parts them."""
    lines: list[str] = []
    for inline, group in groupby(nodes, is_inline):
        if inline or depth > DEEPEST:
            lines += lines_of(group)
        else:
            lines += (line for node in group for line in _flat_block(node, depth + 1))
    return lines


def _flat_block(node: object, depth: int) -> list[str]:
    if not isinstance(node, dict):
        return _flat(as_nodes(node), depth)
    kind, content = kind_of(node), as_nodes(node.get("content"))
    if kind in _WHOLE:
        return lines_of([node])
    if kind in _LINES:
        return lines_of([own_text(node), *content])
    if kind == "codeBlock":
        lines = md.LINE_END.split(plain_text(node))
        return [md.code_span(line) for line in lines if line.strip()]
    head = [*lines_of([head_of(node)]), *lines_of([own_text(node)])]
    return head + (_flat_items(node, depth) if kind in LISTS else _flat(content, depth))


def _flat_items(node: Node, depth: int) -> list[str]:
    lines: list[str] = []
    for position, item in enumerate(as_nodes(node.get("content"))):
        number = f"{first_number(node) + position}."
        marker = number if kind_of(node) == "orderedList" else "-"
        lead = lead_of(item) if isinstance(item, dict) else ""
        first, *others = _flat((item,), depth) or [""]
        lines += [" ".join(filter(None, (marker, lead, first))), *others]
    return lines
