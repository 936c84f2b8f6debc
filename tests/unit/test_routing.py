"""The route of a snapshot: the contract's cases, and what holds for any mapping."""

from __future__ import annotations

import copy
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from contract.documents import CONTRACTS
from hypothesis import given
from hypothesis import strategies as st

from trackwire.provider import CredentialField, Provider
from trackwire.registry import ProviderRegistry
from trackwire.routing import ResourceRouting, RoutingReason, resolve_resource_routing
from trackwire.secret import Secret


def provider(name: str, resource_type: str | None = None, key: str | None = None) -> Provider:
    fields = () if key is None else (CredentialField(name=key, help="The resource"),)
    return Provider(
        name=name,
        title=name.title(),
        api_version=1,
        resource_type=resource_type,
        credential_key=key,
        credential_fields=fields,
    )


JIRA = provider("jira", "jira_project", "project_key")
LINEAR = provider("linear", "linear_team", "team_id")
BEADS = provider("beads")


class Word(str):
    __slots__ = ()


class Number(int):
    pass


CASES = [
    pytest.param(JIRA, {"project_key": "ACME"}, ("jira_project", "ACME", "routed"), id="jira"),
    pytest.param(
        LINEAR,
        {"team_id": "abc-123-def"},
        ("linear_team", "abc-123-def", "routed"),
        id="linear",
    ),
    pytest.param(JIRA, {"team_id": "x"}, (None, None, "id_missing"), id="jira-without-key"),
    pytest.param(LINEAR, {"project_key": "A"}, (None, None, "id_missing"), id="linear-without-key"),
    pytest.param(
        JIRA,
        {"base_url": "https://acme.example", "email": "a@b", "api_token": "t"},
        (None, None, "id_missing"),
        id="credentials-without-routing-key",
    ),
    pytest.param(JIRA, {}, (None, None, "id_missing"), id="no-credentials"),
    pytest.param(JIRA, {"project_key": None}, (None, None, "id_missing"), id="none"),
    pytest.param(JIRA, {"project_key": ""}, (None, None, "id_blank"), id="empty"),
    pytest.param(JIRA, {"project_key": "   "}, (None, None, "id_blank"), id="blank"),
    pytest.param(JIRA, {"project_key": "\t\n\u2003"}, (None, None, "id_blank"), id="odd-blanks"),
    pytest.param(BEADS, {"project_key": "ACME"}, (None, None, "no_resource_type"), id="beads"),
    pytest.param(None, {"project_key": "ACME"}, (None, None, "no_provider"), id="unregistered"),
    pytest.param(JIRA, {"project_key": 10001}, ("jira_project", "10001", "routed"), id="integer"),
    pytest.param(JIRA, {"project_key": 0}, ("jira_project", "0", "routed"), id="zero"),
    pytest.param(JIRA, {"project_key": True}, (None, None, "id_not_text"), id="true"),
    pytest.param(JIRA, {"project_key": False}, (None, None, "id_not_text"), id="false"),
    pytest.param(JIRA, {"project_key": 1.0}, (None, None, "id_not_text"), id="float"),
    pytest.param(JIRA, {"project_key": ["ACME"]}, (None, None, "id_not_text"), id="list"),
    pytest.param(JIRA, {"project_key": {}}, (None, None, "id_not_text"), id="mapping"),
    pytest.param(JIRA, {"project_key": b"ACME"}, (None, None, "id_not_text"), id="bytes"),
    pytest.param(JIRA, {"project_key": Secret("A")}, (None, None, "id_not_text"), id="secret"),
    pytest.param(JIRA, {"project_key": 10**5000}, (None, None, "id_not_text"), id="huge-integer"),
    pytest.param(JIRA, {"project_key": "A\ud800"}, (None, None, "id_not_text"), id="surrogate"),
    pytest.param(JIRA, {"project_key": " ACME\n"}, ("jira_project", "ACME", "routed"), id="outer"),
    pytest.param(JIRA, {"project_key": "A  B"}, ("jira_project", "A  B", "routed"), id="inner"),
    pytest.param(JIRA, {"project_key": "\u00c5"}, ("jira_project", "\u00c5", "routed"), id="utf8"),
    pytest.param(JIRA, {"project_key": Word("A ")}, ("jira_project", "A", "routed"), id="str-sub"),
    pytest.param(JIRA, {"project_key": Number(7)}, ("jira_project", "7", "routed"), id="int-sub"),
]


@pytest.mark.parametrize(("declared", "credentials", "expected"), CASES)
def test_route_is_as_the_contract_says(
    declared: Provider | None,
    credentials: Mapping[str, object],
    expected: tuple[str | None, str | None, str],
) -> None:
    route = resolve_resource_routing(declared, credentials)
    assert (route.external_resource_type, route.external_resource_id, route.reason) == expected


VECTORS = json.loads((CONTRACTS / "fixtures/resource-routing.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_route_is_as_the_fixture_says(vector: dict[str, Any]) -> None:
    said = vector["declaration"]
    declared = said and provider(vector["provider"], said["resource_type"], said["credential_key"])
    route = resolve_resource_routing(declared, vector["credentials"])
    assert {
        "external_resource_type": route.external_resource_type,
        "external_resource_id": route.external_resource_id,
    } == vector["expected"]


def test_fixture_has_every_case_of_the_contract() -> None:
    declared = {vector["provider"] for vector in VECTORS}
    routed = {
        vector["provider"] for vector in VECTORS if vector["expected"]["external_resource_id"]
    }
    assert (declared, routed) == ({"jira", "linear", "beads", "notion"}, {"jira", "linear"})


def installed(name: str) -> Provider | None:
    return ProviderRegistry(environ={}).provider(name)


@pytest.mark.needs_jira
@pytest.mark.parametrize(
    ("credentials", "expected"),
    [
        ({"project_key": "ACME"}, ("jira_project", "ACME")),
        ({"team_id": "abc-123-def"}, (None, None)),
    ],
)
def test_installed_jira_plugin_routes_as_the_contract_says(
    credentials: Mapping[str, object], expected: tuple[str | None, str | None]
) -> None:
    route = resolve_resource_routing(installed("jira"), credentials)
    assert (route.external_resource_type, route.external_resource_id) == expected


@pytest.mark.needs_linear
@pytest.mark.parametrize(
    ("credentials", "expected"),
    [
        ({"team_id": "abc-123-def"}, ("linear_team", "abc-123-def")),
        ({"project_key": "ACME"}, (None, None)),
    ],
)
def test_installed_linear_plugin_routes_as_the_contract_says(
    credentials: Mapping[str, object], expected: tuple[str | None, str | None]
) -> None:
    route = resolve_resource_routing(installed("linear"), credentials)
    assert (route.external_resource_type, route.external_resource_id) == expected


def test_provider_that_is_not_installed_routes_to_null() -> None:
    assert resolve_resource_routing(installed("notion"), {"project_key": "ACME"}).is_null


@pytest.mark.parametrize("pair", [("jira_project", None), (None, "ACME")])
def test_half_a_route_cannot_be_made(pair: tuple[str | None, str | None]) -> None:
    with pytest.raises(ValueError, match="both set or both null"):
        ResourceRouting(*pair, RoutingReason.ROUTED)


def test_route_cannot_be_changed() -> None:
    route = resolve_resource_routing(JIRA, {"project_key": "ACME"})
    with pytest.raises(FrozenInstanceError):
        route.external_resource_id = None  # type: ignore[misc]  # what the test is about


def test_null_route_knows_that_it_is_null() -> None:
    routes = [resolve_resource_routing(JIRA, given) for given in ({"project_key": "A"}, {})]
    assert [route.is_null for route in routes] == [False, True]


def test_default_mapping_gains_no_key() -> None:
    credentials: defaultdict[str, str] = defaultdict(lambda: "invented")
    assert resolve_resource_routing(JIRA, credentials).is_null
    assert credentials == {}


class OnlyGet(Mapping[str, object]):
    """A mapping that tells which keys it was asked for."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def get(self, key: object, default: object = None) -> object:
        self.asked.append(key)
        return default

    def __getitem__(self, key: str) -> object:
        raise AssertionError("read by index")

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("iterated over")

    def __len__(self) -> int:
        raise AssertionError("counted")


def test_no_other_credential_is_read() -> None:
    credentials = OnlyGet()
    resolve_resource_routing(JIRA, credentials)
    assert credentials.asked == ["project_key"]


ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**4299, max_value=10**4301)
    | st.floats()
    | st.complex_numbers()
    | st.text(alphabet=st.characters(exclude_categories=()))
    | st.text().map(Word)
    | st.integers().map(Number)
    | st.text(alphabet=" \t\n\u2003\x1f")
    | st.binary()
    | st.dates()
    | st.text().map(Secret)
)
VALUES = ATOMS | st.lists(ATOMS) | st.dictionaries(st.text(), ATOMS) | st.tuples(ATOMS)
KEYS = st.sampled_from(["project_key", "team_id"]) | st.text()
PROVIDERS = st.sampled_from([JIRA, LINEAR, BEADS, None])


@given(PROVIDERS, st.dictionaries(KEYS, VALUES))
def test_route_is_never_half_null(
    declared: Provider | None, credentials: dict[str, object]
) -> None:
    route = resolve_resource_routing(declared, credentials)
    assert (route.external_resource_type is None) == (route.external_resource_id is None)
    assert (route.reason is RoutingReason.ROUTED) == (route.external_resource_id is not None)


@given(PROVIDERS, st.dictionaries(KEYS, VALUES))
def test_routed_id_is_what_utf8_can_carry_and_has_no_outer_blanks(
    declared: Provider | None, credentials: dict[str, object]
) -> None:
    resource_id = resolve_resource_routing(declared, credentials).external_resource_id
    if resource_id is not None:
        assert type(resource_id) is str
        assert resource_id == resource_id.strip() != ""
        resource_id.encode()


def identities(credentials: Mapping[str, object]) -> list[object]:
    """What is where: equality would not do, for a NaN is not equal to itself."""
    return [
        (key, id(value), [id(inner) for inner in value] if isinstance(value, list | dict) else [])
        for key, value in credentials.items()
    ]


@given(PROVIDERS, st.dictionaries(KEYS, VALUES))
def test_arguments_stay_untouched(
    declared: Provider | None, credentials: dict[str, object]
) -> None:
    before, frozen = identities(credentials), copy.copy(declared)
    resolve_resource_routing(declared, credentials)
    assert identities(credentials) == before
    assert declared == frozen


@given(PROVIDERS, st.dictionaries(KEYS, VALUES))
def test_same_arguments_give_the_same_route(
    declared: Provider | None, credentials: dict[str, object]
) -> None:
    first, second = (resolve_resource_routing(declared, credentials) for _ in range(2))
    assert first == second
