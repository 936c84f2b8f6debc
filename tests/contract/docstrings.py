"""The literal blocks in the docstrings of a package."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

_BLOCK = re.compile(r"::\n\n((?:(?: +.*)?\n)+)")


def literal_blocks(root: Path) -> dict[str, list[str]]:
    """Find the literal blocks of every docstring, those of attributes among them.

    Args:
        root: The package's folder.

    Returns:
        The blocks by the file's path in the folder, for each file that has any, in order.
    """
    found = {
        str(path.relative_to(root)): [
            block
            for docstring in _docstrings(ast.parse(path.read_text("utf-8")))
            for block in blocks_of(docstring)
        ]
        for path in sorted(root.rglob("*.py"))
    }
    return {path: blocks for path, blocks in found.items() if blocks}


def blocks_of(docstring: str) -> list[str]:
    """Find the literal blocks of one docstring: what is indented behind `::`.

    Args:
        docstring: Its text, as it stands in the source.
    """
    text = f"{inspect.cleandoc(docstring)}\n"
    return [f"{textwrap.dedent(block).strip()}\n" for block in _BLOCK.findall(text)]


def _docstrings(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Expr):
            match node.value:
                case ast.Constant(value=str(docstring)):
                    yield docstring
