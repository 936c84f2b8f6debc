"""The values that schemas are tried with are as varied as the schemas allow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from contract.documents import CONTRACTS, KINDS
from contract.schema_values import values_of
from hypothesis import Phase, find, settings

FIRST_FOUND = settings(database=None, max_examples=2000, phases=[Phase.generate])


def load(kind: str) -> dict[str, Any]:
    path = CONTRACTS / f"schemas/{kind}.schema.json"
    schema: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return schema


def objects(schema: dict[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema of an object with members, able to stand alone."""
    shared = {"$defs": schema.get("$defs", {})}
    for name, part in {kind: schema, **schema.get("$defs", {})}.items():
        if "properties" in part:
            yield name, part | shared
        for member, inner in part.get("properties", {}).items():
            for nested in (inner, inner.get("items", {})):
                if "properties" in nested:
                    yield f"{name}.{member}", nested | shared


OBJECTS = [
    place
    for kind in KINDS
    if kind != "event-batch"  # its events are another schema's
    for place in objects(load(kind), kind)
]


def sorts(schema: dict[str, Any], name: str) -> Iterator[Any]:
    """What a member can be: absent, null, another value, or each of those that are listed."""
    part = schema["properties"][name]
    if name not in schema.get("required", []):
        yield "absent"
    yield from part.get("enum", ["a value"])
    if "null" in part.get("type", []):
        yield "null"


def sort_of(value: dict[str, Any], name: str, part: dict[str, Any]) -> Any:
    if name not in value:
        return "absent"
    if value[name] is None:
        return "null"
    return value[name] if "enum" in part else "a value"


@pytest.mark.parametrize(
    ("schema", "name", "sort"),
    [
        pytest.param(schema, name, sort, id=f"{place}-{name}-{sort}")
        for place, schema in OBJECTS
        for name in schema["properties"]
        for sort in sorts(schema, name)
    ],
)
def test_every_sort_of_a_member_is_made(schema: dict[str, Any], name: str, sort: str) -> None:
    part = schema["properties"][name]
    found = find(
        values_of(schema),
        lambda value: sort_of(value, name, part) == sort,
        settings=FIRST_FOUND,
        random=Random(0),
    )
    assert isinstance(found, dict)


@pytest.mark.parametrize("schema", [pytest.param(schema, id=place) for place, schema in OBJECTS])
def test_unknown_members_are_made(schema: dict[str, Any]) -> None:
    found = find(
        values_of(schema),
        lambda value: not value.keys() <= schema["properties"].keys(),
        settings=FIRST_FOUND,
        random=Random(0),
    )
    assert isinstance(found, dict)


def test_a_keyword_that_is_not_understood_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="propertyNames"):
        values_of({"type": "object", "propertyNames": {"pattern": "^a"}})
