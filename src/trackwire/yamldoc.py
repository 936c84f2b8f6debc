"""Reads YAML as nodes and edits one section of it.

Reading nodes lets a wrong value be named by its line and its own spelling. Editing replaces the
lines of one top-level section and no other byte: a round trip of the whole document, comments and
quotes kept, still respells other people's nulls, flow collections and indentation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode
from ruamel.yaml.scalarstring import DoubleQuotedScalarString
from ruamel.yaml.util import load_yaml_guess_indent

from trackwire.errors import ProjectError

_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping in a YAML file, or the absence of one.

    Args:
        path: The file.
        name: The dotted name of the section; empty for the document.
        values: The nodes by key.
    """

    path: Path
    name: str
    values: Mapping[str, Node]

    def section(self, key: str) -> Section:
        """Return the mapping under a key; an absent or null one is empty.

        Raises:
            ProjectError: There is something else under it.
        """
        node = self.values.get(key)
        if node is not None and not (_is(node, "null") or isinstance(node, MappingNode)):
            raise self.error(key, "must be a mapping")
        return _section(self.path, self._dotted(key), node)

    def text(self, key: str) -> str | None:
        """Return the text under a key, or None where it is absent or null.

        Raises:
            ProjectError: It is neither; a value that only looks like text is to be quoted.
        """
        node = self.values.get(key)
        if node is None or _is(node, "null"):
            return None
        if not _is(node, "str"):
            raise self.error(key, "is not read as text by YAML; put it in double quotes")
        return str(node.value)

    def plain(self, key: str) -> str | int:
        """Return the text or integer under a key.

        Raises:
            ProjectError: It is neither, or an integer that is not spelled as one is printed
                (`007`, `0x1F`), which would change its meaning.
        """
        node = self.values[key]
        if _is(node, "str"):
            return str(node.value)
        if _is(node, "int") and isinstance(node.value, str):
            number = _decimal(node.value)
            if number is not None:
                return number
        raise self.error(key, "is not read as text or an integer by YAML; put it in double quotes")

    def error(self, key: str, problem: str) -> ProjectError:
        """Make the error for a key, naming file, line and column.

        Args:
            key: A key of this section.
            problem: What is wrong with its value.
        """
        mark = self.values[key].start_mark
        place = f"{self.path}:{mark.line + 1}:{mark.column + 1}" if mark else str(self.path)
        return ProjectError(f"{place}: {self._dotted(key)} {problem}")

    def _dotted(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key


def read_document(path: Path, text: str) -> Section:
    """Parse a YAML document whose root is a mapping.

    Args:
        path: The file, for messages.
        text: Its content.

    Raises:
        ProjectError: It is not YAML, or not a mapping; with line and column.
    """
    return _section(path, "", _root(path, text))


def edit_section(path: Path, text: str, key: str, change: Callable[[Any], None]) -> str:
    """Change one top-level section; every line outside it stays byte for byte.

    Args:
        path: The file, for messages.
        text: Its content.
        key: The section's key; a section that is absent is added at the end.
        change: Edits the section's mapping in place; one that it leaves empty is removed.

    Returns:
        The new content.

    Raises:
        ProjectError: The document is malformed, or the section cannot be edited by itself.
    """
    lines = text.splitlines(keepends=True)
    start, end = _lines_of(path, text, lines, key)
    section = "".join(lines[start:end])
    try:
        yaml = YAML()
        yaml.preserve_quotes = True
        yaml.width = 1 << 20
        loaded, indent, offset = load_yaml_guess_indent(section, yaml=yaml)
    except YAMLError as error:
        raise ProjectError(
            f"{path}:{start + 1}: the section {key} cannot be edited by itself (does it use an "
            "alias?); edit it by hand"
        ) from error
    document = loaded or {}
    if document.get(key) is None:
        document[key] = {}
    change(document[key])
    if not document[key]:
        del document[key]
    yaml.indent(
        mapping=2, sequence=4 if indent is None else indent, offset=2 if offset is None else offset
    )
    rendered = StringIO()
    if document:
        yaml.dump(document, rendered)
    replacement = rendered.getvalue()
    if "\r\n" in text:
        replacement = replacement.replace("\n", "\r\n")
    head = "".join(lines[:start])
    if head and replacement and not head.endswith("\n"):
        head += "\n"
    return head + replacement + "".join(lines[end:])


def quoted(text: str) -> str:
    """Mark a text to be written in double quotes.

    Args:
        text: The text.
    """
    marked: str = DoubleQuotedScalarString(text)
    return marked


def _root(path: Path, text: str) -> MappingNode | None:
    try:
        node = YAML().compose(StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise ProjectError(f"{place}: malformed YAML: {error.problem or error.context}") from error
    except YAMLError as error:
        problem = " ".join(str(error).split())
        raise ProjectError(f"{path}: malformed YAML: {problem}") from error
    if node is None or _is(node, "null"):
        return None
    if not isinstance(node, MappingNode):
        raise ProjectError(f"{path}:1:1: the document must be a mapping")
    return node


def _lines_of(path: Path, text: str, lines: list[str], key: str) -> tuple[int, int]:
    root = _root(path, text)
    if root is None:
        return len(lines), len(lines)
    if root.flow_style:
        raise ProjectError(f"{path}: write the document in block style, a key a line, first")
    starts = {name.value: name.start_mark.line for name, _ in root.value}
    if key not in starts:
        return len(lines), len(lines)
    start = starts[key]
    end = min((line for line in starts.values() if line > start), default=len(lines))
    while end > start + 1 and _belongs_to_next(lines[end - 1]):
        end -= 1
    return start, end


def _belongs_to_next(line: str) -> bool:
    return not line.strip() or line.startswith(("#", "...", "---"))


def _section(path: Path, name: str, node: Node | None) -> Section:
    values: dict[str, Node] = {}
    for key, value in node.value if isinstance(node, MappingNode) else ():
        if key.value in values:
            raise ProjectError(
                f"{path}:{key.start_mark.line + 1}:{key.start_mark.column + 1}: "
                f"the key {key.value} stands twice"
            )
        values[str(key.value)] = value
    return Section(path, name, values)


def _is(node: Node, kind: str) -> bool:
    return isinstance(node, ScalarNode) and node.tag == _TAG + kind


def _decimal(spelling: str) -> int | None:
    try:
        number = int(spelling)
    except ValueError:
        return None
    return number if str(number) == spelling else None
