"""What is left when the plugin by somebody else is uninstalled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from thirdparty.routed import ROUTES, pair, providers, publish

if TYPE_CHECKING:
    from userkit import User

    from trackwire.testing import RecordingHub


def test_example_is_not_listed_any_more(uninstalled: User) -> None:
    assert sorted(providers(uninstalled)) == ["jira", "linear"]


def test_its_project_publishes_null_and_says_so_in_one_line(
    uninstalled: User, hub: RecordingHub
) -> None:
    done, snapshot = publish(uninstalled, hub, "cardmill")
    assert pair(snapshot) == (None, None)
    assert done.stderr.splitlines() == [
        "note: the route is null/null: no plugin is installed for cardmill; "
        "see: trackwire providers"
    ]


@pytest.mark.parametrize("provider", ["jira", "linear"])
def test_projects_of_ours_keep_their_route(
    uninstalled: User, hub: RecordingHub, provider: str
) -> None:
    resource_type, _, resource_id = ROUTES[provider]
    _, snapshot = publish(uninstalled, hub, provider)
    assert pair(snapshot) == (resource_type, resource_id)
