"""The rules that a plugin must keep: each is broken by one fake distribution."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from trackwire.discovery import Found
from trackwire.registry import Broken, ProviderRegistry, Registered

Install = Callable[..., tuple[Found, ...]]


@pytest.mark.parametrize(
    ("folder", "problem"),
    [
        ("api_too_new", "API version 99, and this trackwire supports 1 to 1: update trackwire"),
        ("api_too_old", "written for plugin API version 0, and this trackwire supports 1 to 1"),
        ("api_text", "plugin API version '1'"),
        ("api_boolean", "plugin API version True"),
        ("api_float", "plugin API version 1.0"),
        ("half_routing_type", "half a routing"),
        ("half_routing_key", "half a routing"),
        ("bad_resource_type", "resource_type 'Acme-Board' does not match"),
        ("key_undeclared", "credential_key 'board' is not among its credential_fields"),
        ("key_secret", "credential_key 'board' is a secret field"),
        ("key_personal", "credential_key 'board' is a personal field"),
        ("field_twice", "declares the credential field 'board' twice"),
        ("bad_field_name", "credential field 'api-token' does not match"),
        ("secret_default", "secret credential field 'board' has a default"),
        ("two_origins", "at most one credential field is the origin"),
        ("secret_origin", "at most one credential field is the origin, and that one is not secret"),
        ("field_list", "not a tuple of CredentialField"),
        ("field_dict", "not a tuple of CredentialField"),
        ("blank_title", "title is blank"),
        ("number_title", "title is blank"),
        ("number_type", "resource_type 7 is not plain text"),
        ("not_callable", "its connect cannot be called"),
        ("gateway_text", "gateways are not a tuple of addresses"),
        ("gateway_number", "gateways are not a tuple of addresses"),
        ("gateway_plain", "http://gateway.example: plain http would show the secrets"),
        ("stand_in_unknown", "'token' stands in for 'api_token', which it does not declare"),
    ],
)
def test_unsound_provider_is_broken(installed: Install, folder: str, problem: str) -> None:
    outcome = ProviderRegistry(installed(folder), environ={}).outcome("acme")
    assert isinstance(outcome, Broken)
    assert problem in outcome.reason


def test_default_of_a_secret_is_not_shown(installed: Install) -> None:
    outcome = ProviderRegistry(installed("secret_default"), environ={}).outcome("acme")
    assert "hunter2" not in repr(outcome)


@pytest.mark.parametrize(
    ("folder", "name", "problem"),
    [
        ("capital_name", "acme", "'Acme' is not in normal form: it must be 'acme'"),
        ("dashed_name", "acme_cloud", "'acme-cloud' is not in normal form"),
        ("reserved_name", "hub", "the name 'hub' is reserved"),
        ("look_alike", "acm\u0435", "is not a provider's name: lower-case letters a to z"),
    ],
)
def test_ill_named_entry_point_is_broken_and_not_absent(
    installed: Install, folder: str, name: str, problem: str
) -> None:
    outcome = ProviderRegistry(installed(folder), environ={}).outcome(name)
    assert isinstance(outcome, Broken)
    assert problem in outcome.reason


def test_look_alike_does_not_touch_the_name_that_it_imitates(installed: Install) -> None:
    registry = ProviderRegistry(installed("good", "look_alike"), environ={})
    assert isinstance(registry.outcome("acme"), Registered)
