"""The canonical wire values: what the installed plugins declare is what the contract says."""

from __future__ import annotations

import pytest

from trackwire.registry import ProviderRegistry, Registered
from trackwire.routing import resolve_resource_routing


@pytest.mark.parametrize(
    ("name", "resource_type", "credential_key", "resource_id"),
    [
        pytest.param(
            *("jira", "jira_project", "project_key", "ACME"), marks=pytest.mark.needs_jira
        ),
        pytest.param(
            *("linear", "linear_team", "team_id", "abc-123-def"), marks=pytest.mark.needs_linear
        ),
    ],
)
def test_an_installed_plugin_declares_its_canonical_wire_values(
    name: str, resource_type: str, credential_key: str, resource_id: str
) -> None:
    outcome = ProviderRegistry().outcome(name)
    assert isinstance(outcome, Registered)
    assert (
        outcome.found.dist,
        outcome.provider.resource_type,
        outcome.provider.credential_key,
    ) == (
        f"trackwire-{name}",
        resource_type,
        credential_key,
    )
    routing = resolve_resource_routing(outcome.provider, {credential_key: resource_id})
    assert (routing.external_resource_type, routing.external_resource_id) == (
        resource_type,
        resource_id,
    )
