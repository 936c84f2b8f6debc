"""Reads YAML as nodes and edits one section of it.

Reading nodes lets a wrong value be named by its line and its own spelling. Editing replaces the
lines of one top-level section and no other byte: a round trip of the whole document, comments and
quotes kept, still respells other people's nulls, flow collections and indentation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString
from ruamel.yaml.util import load_yaml_guess_indent

from trackwire.errors import ProjectError

_TAG = "tag:yaml.org,2002:"
_BYTE_ORDER_MARK = "\ufeff"
_DOCUMENT_END = re.compile(r"\.\.\.(\s|$)")
_UNREADABLE = (NotImplementedError, AssertionError, ValueError, OverflowError)
"""What the reader raises for YAML that it is not made for, beside its own errors."""


class _NotAMappingError(Exception):
    """What is to be edited as a mapping is none; `edit_section` adds the place."""


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping in a YAML file, or the absence of one.

    Args:
        path: The file.
        name: The dotted name of the section; empty for the document.
        values: The nodes by key.
        lines: The line that each key stands in, counted from 1.
    """

    path: Path
    name: str
    values: Mapping[str, Node]
    lines: Mapping[str, int]

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
        change: Edits the section's mapping in place; one that it leaves empty is removed. What
            it raises is its own, but for what `mapping_in` finds.

    Returns:
        The new content.

    Raises:
        ProjectError: The document is malformed, or the section cannot be edited by itself.
    """
    mark = _BYTE_ORDER_MARK if text.startswith(_BYTE_ORDER_MARK) else ""
    lines = text.removeprefix(mark).splitlines(keepends=True)
    start, end = _lines_of(path, text.removeprefix(mark), lines, key)
    # A comment would keep the carriage return of its line, and end with two.
    before = "".join(lines[start:end]).replace("\r\n", "\n")
    with _editable(f"{path}:{start + 1}", key):
        document, yaml = _loaded(before)
    try:
        change(mapping_in(document, key))
    except _NotAMappingError as error:
        raise ProjectError(f"{path}:{start + 1}: {error}, in the section {key}") from None
    if not document[key]:
        del document[key]
    with _editable(f"{path}:{start + 1}", key):
        section = _rendered(yaml, document)
    newline = "\r\n" if "\r\n" in text else "\n"
    head = "".join(lines[:start])
    if head and section and not head.endswith("\n"):
        head += newline
    return mark + head + section.replace("\n", newline) + "".join(lines[end:])


def quoted(text: str) -> str:
    """Mark a text to be written in double quotes.

    Args:
        text: The text.
    """
    marked: str = DoubleQuotedScalarString(text)
    return marked


def mapping_in(parent: Any, key: str) -> Any:
    """Return the mapping under a key for editing, made where it is absent or null.

    Args:
        parent: The mapping that holds it.
        key: The key.
    """
    if parent.get(key) is None:
        parent[key] = {}
    if not isinstance(parent[key], dict):
        raise _NotAMappingError(f"{key} must be a plain mapping")
    return parent[key]


@contextmanager
def _editable(place: str, key: str) -> Iterator[None]:
    try:
        yield
    except (YAMLError, TypeError, LookupError, *_UNREADABLE) as error:
        raise ProjectError(
            f"{place}: the section {key} cannot be edited by itself (does it use an alias?); "
            "edit it by hand"
        ) from error


def _loaded(section: str) -> tuple[Any, YAML]:
    """Return the section's document, and what writes it in its own style."""
    yaml = _reader()
    yaml.preserve_quotes = True
    yaml.width = 1 << 20
    _, indent, offset = load_yaml_guess_indent(section)
    document = yaml.load(section) or {}
    yaml.indent(
        mapping=2, sequence=4 if indent is None else indent, offset=2 if offset is None else offset
    )
    return document, yaml


def _rendered(yaml: YAML, document: Any) -> str:
    rendered = StringIO()
    if document:
        yaml.dump(document, rendered)
    return rendered.getvalue()


def _root(path: Path, text: str) -> MappingNode | None:
    try:
        node = _reader().compose(StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise ProjectError(f"{place}: malformed YAML: {error.problem or error.context}") from error
    except ReaderError as error:
        problem = " ".join(str(error).split())
        raise ProjectError(f"{path}{_place_of(error, text)}: malformed YAML: {problem}") from error
    except RecursionError:
        raise ProjectError(f"{path}: it is nested too deeply to be read") from None
    except _UNREADABLE as error:
        raise ProjectError(
            f"{path}: the YAML reader cannot take it; write escapes such as \\U0001F600 as "
            "characters, and put comments on lines of their own, before a key"
        ) from error
    if node is None or _is(node, "null"):
        return None
    if not isinstance(node, MappingNode):
        raise ProjectError(f"{path}:1:1: the document must be a mapping")
    return node


def _reader() -> YAML:
    yaml = YAML()
    yaml.composer.warn_double_anchors = False  # YAML lets an anchor be given anew
    return yaml


def _place_of(error: ReaderError, text: str) -> str:
    before = text[: error.position].splitlines(keepends=True)
    return f":{len(before) or 1}:{len(before[-1]) + 1 if before else 1}"


def _lines_of(path: Path, text: str, lines: list[str], key: str) -> tuple[int, int]:
    root = _root(path, text)
    end = _end_of_document(lines)
    if root is None:
        return end, end
    if root.flow_style:
        raise ProjectError(f"{path}: write the document in block style, a key a line, first")
    if root.start_mark.column:
        place = f"{path}:{root.start_mark.line + 1}"
        raise ProjectError(f"{place}: write the keys of the document without indentation first")
    starts = [name.start_mark.line for name, _ in root.value]
    start = next((name.start_mark.line for name, _ in root.value if name.value == key), None)
    if start is None:
        return end, end
    end = min((line for line in starts if line > start), default=len(lines))
    while end > start + 1 and _belongs_to_next(lines[end - 1]):
        end -= 1
    return start, end


def _end_of_document(lines: list[str]) -> int:
    marked = (index for index, line in enumerate(lines) if _DOCUMENT_END.match(line))
    return next(marked, len(lines))


def _belongs_to_next(line: str) -> bool:
    return not line.strip() or line.startswith(("#", "...", "---"))


def _section(path: Path, name: str, node: Node | None) -> Section:
    values: dict[str, Node] = {}
    lines: dict[str, int] = {}
    for key, value in node.value if isinstance(node, MappingNode) else ():
        if not isinstance(key, ScalarNode):
            continue  # a list or mapping as a key is nobody's whom this module reads for
        if key.value in values:
            raise ProjectError(
                f"{path}:{key.start_mark.line + 1}:{key.start_mark.column + 1}: "
                f"the key {key.value} stands twice; put what is under both under one"
            )
        if isinstance(value, ScalarNode) and value.start_mark.index == value.end_mark.index:
            value.start_mark = key.end_mark  # an absent value would stand there
        values[str(key.value)] = value
        lines[str(key.value)] = key.start_mark.line + 1
    return Section(path, name, values, lines)


def _is(node: Node, kind: str) -> bool:
    return isinstance(node, ScalarNode) and node.tag == _TAG + kind


def _decimal(spelling: str) -> int | None:
    try:
        number = int(spelling)
    except ValueError:
        return None
    return number if str(number) == spelling else None
