"""Where snapshots belong, and what a change of the mappings does to them."""

from __future__ import annotations

import pytest
from hubkit import BASE, Team, snapshot

from trackwire.hub.resolution import ResolutionStatus, RouteResolution, RoutingKey, resolve

ACME = RoutingKey("jira", "acme", "jira_project", "ACME")
WORKSPACE = RoutingKey("jira", "acme")
EXACT, FALLBACK = ("m-1", "web"), ("m-2", "all")
RESOLVED = RouteResolution(ResolutionStatus.RESOLVED, *EXACT)
BY_WORKSPACE = RouteResolution(ResolutionStatus.WORKSPACE_FALLBACK, *FALLBACK)
QUEUED = RouteResolution(ResolutionStatus.QUEUED)
ROUTE = {
    "provider": "jira",
    "workspace": "acme.example",
    "external_resource_type": "jira_project",
    "external_resource_id": "ACME",
}
SITE = {"provider": "jira", "workspace": "acme.example"}


@pytest.mark.parametrize(
    ("key", "mappings", "expected"),
    [
        (ACME, {ACME: EXACT, WORKSPACE: FALLBACK}, RESOLVED),
        (ACME, {ACME: EXACT}, RESOLVED),
        (ACME, {WORKSPACE: FALLBACK}, BY_WORKSPACE),
        (ACME, {}, QUEUED),
        (ACME, {RoutingKey("jira", "other", "jira_project", "ACME"): EXACT}, QUEUED),
        (ACME, {RoutingKey("jira", "acme", "jira_project", "BETA"): EXACT}, QUEUED),
        (ACME, {RoutingKey("jira", "acme", "jira_board", "ACME"): EXACT}, QUEUED),
        (WORKSPACE, {ACME: EXACT}, QUEUED),
        (WORKSPACE, {WORKSPACE: FALLBACK}, BY_WORKSPACE),
    ],
)
def test_the_exact_key_goes_before_the_workspace_before_the_queue(
    key: RoutingKey, mappings: dict[RoutingKey, tuple[str, str]], expected: RouteResolution
) -> None:
    assert resolve(key, mappings.get) == expected


def test_half_a_routing_key_cannot_be() -> None:
    with pytest.raises(ValueError, match="both"):
        RoutingKey("jira", "acme", "jira_project", None)


def resolution(team: Team) -> tuple[str, str | None]:
    found = team.snapshots()[0]["resolution"]
    return found["status"], found["project"]


def test_the_receipt_says_how_the_route_was_resolved(team: Team) -> None:
    mapping = team.add_mapping(**ROUTE, project="web").json()
    assert team.publish().json()["resolution"] == {
        "status": "resolved",
        "mapping_id": mapping["mapping_id"],
        "project": "web",
    }


def test_a_null_route_falls_back_to_its_workspace(team: Team) -> None:
    team.add_mapping(**SITE, project="all")
    team.publish(snapshot(external_resource_type=None, external_resource_id=None))
    assert resolution(team) == ("workspace_fallback", "all")


def test_the_mapping_of_another_team_resolves_nothing(team: Team, other_team: Team) -> None:
    other_team.add_mapping(**ROUTE, project="theirs")
    team.publish()
    assert resolution(team) == ("queued", None)


@pytest.mark.parametrize("key", [ROUTE, SITE])
def test_a_new_mapping_resolves_what_waits_for_it(team: Team, key: dict[str, str]) -> None:
    team.publish()
    team.publish()
    added = team.add_mapping(**key, project="web").json()
    assert (added["resolved_snapshots"], team.queue()) == (2, [])


def test_a_new_mapping_leaves_alone_what_it_does_not_match(team: Team) -> None:
    team.publish(snapshot(external_resource_id="BETA"))
    added = team.add_mapping(**ROUTE, project="web").json()
    assert (added["resolved_snapshots"], len(team.queue())) == (0, 1)


def test_a_new_mapping_leaves_another_teams_queue_alone(team: Team, other_team: Team) -> None:
    other_team.publish()
    team.add_mapping(**ROUTE, project="web")
    assert len(other_team.queue()) == 1


def test_a_new_mapping_leaves_resolved_snapshots_as_they_are(team: Team) -> None:
    team.add_mapping(**SITE, project="all")
    team.publish()
    team.add_mapping(**ROUTE, project="web")
    assert resolution(team) == ("workspace_fallback", "all")


def test_without_its_mapping_a_snapshot_falls_back_to_its_workspace(team: Team) -> None:
    mapping = team.add_mapping(**ROUTE, project="web").json()
    team.publish()
    team.add_mapping(**SITE, project="all")
    team.client.delete(f"{BASE}/mappings/{mapping['mapping_id']}/")
    assert resolution(team) == ("workspace_fallback", "all")


def test_without_any_mapping_a_snapshot_waits_again(team: Team) -> None:
    mapping = team.add_mapping(**ROUTE, project="web").json()
    team.publish()
    assert team.client.delete(f"{BASE}/mappings/{mapping['mapping_id']}/").status_code == 204
    assert [each["snapshot_count"] for each in team.queue()] == [1]


def test_the_queue_has_one_entry_a_routing_key_longest_waiting_first(team: Team) -> None:
    for resource in ("ACME", "BETA", "ACME"):
        team.publish(snapshot(external_resource_id=resource))
    assert [(each["external_resource_id"], each["snapshot_count"]) for each in team.queue()] == [
        ("ACME", 2),
        ("BETA", 1),
    ]


def test_a_second_mapping_of_a_routing_key_is_refused(team: Team) -> None:
    team.add_mapping(**SITE, project="all")
    assert team.add_mapping(**SITE, project="other").status_code == 409


def test_two_teams_may_map_the_same_routing_key(team: Team, other_team: Team) -> None:
    team.add_mapping(**ROUTE, project="ours")
    assert other_team.add_mapping(**ROUTE, project="theirs").status_code == 201


def test_another_teams_mapping_cannot_be_removed(team: Team, other_team: Team) -> None:
    mapping = other_team.add_mapping(**ROUTE, project="theirs").json()
    answer = team.client.delete(f"{BASE}/mappings/{mapping['mapping_id']}/")
    assert answer.status_code == 404
    assert len(other_team.client.get(f"{BASE}/mappings/").json()["items"]) == 1


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({**SITE, "project": " "}, "#/project"),
        (SITE, "#"),
        ({**SITE, "project": "p", "external_resource_type": "jira_project"}, "#"),
        ({**SITE, "project": "p", "provider": "Jira"}, "#/provider"),
        ({**ROUTE, "project": "p", "external_resource_id": " ACME"}, "#/external_resource_id"),
    ],
)
def test_a_faulty_mapping_is_pointed_at(
    team: Team, members: dict[str, object], pointer: str
) -> None:
    answer = team.add_mapping(**members)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
