"""A plugin by somebody else, installed as a wheel beside ours."""

from __future__ import annotations

import importlib.util
import json
import sysconfig
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from thirdparty.routed import ROUTES, pair, providers, publish

from trackwire.testing import FaultyApi, RecordingHub, SampleIssue

if TYPE_CHECKING:
    from userkit import User

BEGIN = datetime(2026, 11, 1, 10, tzinfo=UTC)
each_provider = pytest.mark.parametrize("provider", sorted(ROUTES))


@each_provider
def test_plugin_under_test_is_the_wheel(provider: str) -> None:
    module = {"cardmill": "cardmill_trackwire"}.get(provider, f"trackwire_{provider}")
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).parents[1] == Path(sysconfig.get_path("purelib"))


def test_providers_lists_the_three(user: User) -> None:
    listed = {
        name: (row["resource_type"], row["credential_key"], row["outcome"])
        for name, row in providers(user).items()
    }
    assert listed == {name: (*route[:2], "registered") for name, route in ROUTES.items()}


@each_provider
def test_publish_carries_the_plugins_own_wire_value(
    user: User, hub: RecordingHub, provider: str
) -> None:
    resource_type, _, resource_id = ROUTES[provider]
    done, snapshot = publish(user, hub, provider)
    assert pair(snapshot) == (resource_type, resource_id)
    assert done.stderr == ""


@each_provider
def test_plugin_check_passes(user: User, provider: str) -> None:
    done = user.process("plugin", "check", provider, "--json")
    assert done.returncode == 0, done.stdout + done.stderr


@each_provider
@pytest.mark.parametrize("named", ["cardmill", "cardmill-trackwire"])
def test_example_that_is_switched_off_routes_to_null_and_the_others_stay(
    user: User, hub: RecordingHub, provider: str, named: str
) -> None:
    user.environ["TRACKWIRE_DISABLE_PLUGINS"] = named
    resource_type, _, resource_id = ROUTES[provider]
    done, snapshot = publish(user, hub, provider)
    if provider == "cardmill":
        assert pair(snapshot) == (None, None)
        assert done.stderr.splitlines() == [
            "note: the route is null/null: the plugin for cardmill is switched off by "
            "TRACKWIRE_DISABLE_PLUGINS"
        ]
    else:
        assert pair(snapshot) == (resource_type, resource_id)
        assert done.stderr == ""


def test_pull_from_the_examples_tracker_is_published_with_its_route(
    user: User, hub: RecordingHub
) -> None:
    from cardmill_trackwire.conformance import CardmillEmulator

    _, key, resource_id = ROUTES["cardmill"]
    issues = [
        SampleIssue(id=str(number), title=f"Segel {number}", updated_at=BEGIN + timedelta(number))
        for number in range(1, 13)
    ]
    token = CardmillEmulator.credentials["token"]
    with FaultyApi(CardmillEmulator(), resource_id, issues) as tracker:
        user.environ |= {"TRACKWIRE_CARDMILL_SITE_URL": tracker.url}
        user.environ |= {"TRACKWIRE_CARDMILL_TOKEN": token}
        for command in (
            ("bind", "cardmill", "--workspace", "acme", "--set", f"{key}={resource_id}"),
            ("pull",),
            ("publish", "--hub", hub.url),
        ):
            done = user.process(*command)
            assert done.returncode == 0, done.stderr
    (snapshot,) = hub.documents
    assert pair(snapshot) == ("cardmill_board", resource_id)
    assert {issue["ref"]["id"] for issue in snapshot["issues"]} == {each.id for each in issues}
    assert token not in json.dumps(snapshot)
