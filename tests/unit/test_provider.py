"""What the author of a provider plugin is given: the context of an export and the declaration."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import trackwire
from trackwire.model import Status
from trackwire.provider import (
    RESERVED_NAMES,
    CredentialField,
    ExportContext,
    Provider,
    is_provider_name,
)
from trackwire.routing import resolve_resource_routing

SITE = CredentialField(name="base_url", help="The site's address", origin=True)
BOARD = CredentialField(name="board", help="The board's short name")
STATUSES = {"WAITING": Status.CANCELED, "Waiting": Status.BLOCKED, " Stra\u00dfe ": Status.DONE}
PRIORITIES = {"p1": 0, "P1": 1, "Low": 4}


def provider(*fields: CredentialField) -> Provider:
    return Provider(
        name="acme",
        title="Acme",
        api_version=1,
        resource_type="acme_board",
        credential_key="board",
        credential_fields=fields,
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Waiting", Status.BLOCKED),
        ("WAITING", Status.CANCELED),
        ("waiting", Status.CANCELED),
        (" waiting\t", Status.CANCELED),
        ("STRASSE", Status.DONE),
        ("Doing", None),
        ("", None),
    ],
)
def test_status_is_placed_by_its_exact_name_then_whatever_its_case(
    name: str, expected: Status | None
) -> None:
    context = ExportContext(workspace="acme", status_map=STATUSES)
    assert context.status_of(name) is expected


@pytest.mark.parametrize(
    ("name", "expected"), [("P1", 1), ("p1", 0), (" P1 ", 0), ("LOW", 4), ("P9", None)]
)
def test_priority_is_placed_by_its_exact_name_then_whatever_its_case(
    name: str, expected: int | None
) -> None:
    context = ExportContext(workspace="acme", priority_map=PRIORITIES)
    assert context.priority_of(name) == expected


def test_context_without_maps_places_nothing() -> None:
    context = ExportContext(workspace="acme")
    assert (context.status_of("Open"), context.priority_of("High")) == (None, None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("SHIP", "SHIP"),
        (" SHIP\n", "SHIP"),
        (42, "42"),
        *((value, None) for value in ("", "  ", None, True, 1.5, ["SHIP"])),
    ],
)
def test_value_is_read_as_the_route_reads_it(value: object, expected: str | None) -> None:
    context = ExportContext(workspace="acme", credentials={"board": value})
    routing = resolve_resource_routing(provider(BOARD), context.credentials)
    assert (context.value_of("board"), routing.external_resource_id) == (expected, expected)


def test_value_that_was_not_given_is_none() -> None:
    assert ExportContext(workspace="acme").value_of("board") is None


def test_fields_are_found_by_name_in_the_declared_order() -> None:
    fields = provider(SITE, BOARD).fields_by_name
    assert list(fields.items()) == [("base_url", SITE), ("board", BOARD)]


def test_field_of_the_origin_is_found() -> None:
    assert provider(BOARD, SITE).origin_field is SITE


def test_provider_need_not_have_an_origin() -> None:
    assert provider(BOARD).origin_field is None


def own_variables() -> Iterator[str]:
    """The variables that the core reads by a fixed name."""
    for path in Path(trackwire.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and re.fullmatch(r"TRACKWIRE_[A-Z_]+[A-Z]", node.value)
            ):
                yield node.value


def test_first_words_of_the_cores_own_variables_are_no_providers_names() -> None:
    words = {variable.split("_")[1].lower() for variable in own_variables()}
    assert words == RESERVED_NAMES


@pytest.mark.parametrize("name", sorted(RESERVED_NAMES))
def test_reserved_name_belongs_to_no_provider(name: str) -> None:
    assert not is_provider_name(name)
