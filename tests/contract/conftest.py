"""The contract's documents, schemas and fixtures, read from the checkout that holds the tests."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from contract.documents import CONTRACTS, KINDS
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no annotations
from referencing import Registry, Resource

Fault = tuple[str, str]


PATTERN_OF_PARAMETER = {
    "valid_fixture": "*/valid/*.json",
    "invalid_fixture": "*/invalid/*.json",
    "valid_snapshot": "snapshot/valid/*.json",
    "valid_of_events": "event*/valid/*.json",
    "invalid_of_events": "event*/invalid/*.json",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, pattern in PATTERN_OF_PARAMETER.items():
        if name in metafunc.fixturenames:
            paths = sorted((CONTRACTS / "fixtures").glob(pattern))
            assert paths, f"no fixtures match {pattern}"
            ids = [f"{path.parts[-3]}-{path.stem}" for path in paths]
            metafunc.parametrize(name, paths, ids=ids)


@pytest.fixture(scope="session")
def contracts() -> Path:
    return CONTRACTS


@pytest.fixture(scope="session")
def document() -> str:
    return (CONTRACTS / "tracker-snapshot-publish.md").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def blocks(document: str) -> list[tuple[str, str]]:
    """The fenced blocks of the document: info string and text."""
    return re.findall(r"^```(\S[^\n]*)\n(.*?)^```$", document, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="session")
def table(document: str) -> Callable[[str], list[list[str]]]:
    """Reads the cells of the first table under a heading, its head left out."""

    def rows(heading: str) -> list[list[str]]:
        section = document.split(f"\n{heading}\n", 1)[1]
        found = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)
        assert found, f"no table under {heading!r}"
        lines = found.group().splitlines()[2:]
        return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]

    return rows


@pytest.fixture(scope="session")
def schemas() -> dict[str, dict[str, Any]]:
    return {
        kind: json.loads((CONTRACTS / f"schemas/{kind}.schema.json").read_text(encoding="utf-8"))
        for kind in KINDS
    }


@pytest.fixture(scope="session")
def faults(schemas: dict[str, dict[str, Any]]) -> Callable[..., set[Fault]]:
    """Validates a value by patterns alone and gives (pointer, keyword) of each fault."""
    registry: Registry[Any] = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas.values()
    )

    def check(value: object, kind: str, definition: str = "") -> set[Fault]:
        reference = schemas[kind]["$id"] + (f"#/$defs/{definition}" if definition else "")
        validator = Draft202012Validator({"$ref": reference}, registry=registry)
        return {
            (pointer(error.absolute_path), error.validator)
            for error in validator.iter_errors(value)
        }

    return check


def pointer(path: Any) -> str:
    """Write a path as a JSON pointer; percent-encoding is left out, for no fixture needs it."""
    return "#" + "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
