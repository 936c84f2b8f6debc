"""What the hub shows, to whom, and how it says no."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from uuid import uuid4

import httpx
import pytest
from hubkit import BASE, OPENAPI, SNAPSHOTS, HubProcess, Team, check_answer, join, snapshot


def test_snapshots_are_listed_newest_first(team: Team) -> None:
    ids = [team.publish().json()["snapshot_id"] for _ in range(3)]
    assert [each["snapshot_id"] for each in team.snapshots()] == ids[::-1]


def test_pages_follow_each_other_without_gap_or_repeat(team: Team) -> None:
    ids = [team.publish().json()["snapshot_id"] for _ in range(5)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    sizes = []
    while True:
        page = team.client.get(SNAPSHOTS, params={"limit": "2", **cursor}).json()
        sizes.append(len(page["items"]))
        seen += [each["snapshot_id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert (seen, sizes) == (ids[::-1], [2, 2, 1])


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "limit=-1", "cursor=x", "limit=%C2%B2"]
)
def test_an_unusable_parameter_is_refused(team: Team, query: str) -> None:
    assert team.client.get(f"{SNAPSHOTS}?{query}").status_code == 400


def test_a_snapshot_is_shown_with_what_it_says_of_itself(team: Team) -> None:
    snapshot_id = team.publish().json()["snapshot_id"]
    shown = team.client.get(f"{SNAPSHOTS}{snapshot_id}/").json()
    assert (shown["external_resource_id"], shown["project_slug"], shown["issue_count"]) == (
        "ACME",
        "sign-in",
        1,
    )


@pytest.mark.parametrize("size", [0, 1 << 20, (1 << 20) + 1])
def test_the_body_is_given_back_byte_for_byte(team: Team, size: int) -> None:
    body = json.dumps(snapshot(), indent=3).encode().ljust(size)
    answer = team.publish(gzip.compress(body), Content_Encoding="gzip")
    path = f"{SNAPSHOTS}{answer.json()['snapshot_id']}/body/"
    assert team.client.get(path).content == body


@pytest.mark.parametrize("suffix", ["", "body/"])
def test_another_teams_snapshot_is_not_there(team: Team, other_team: Team, suffix: str) -> None:
    snapshot_id = other_team.publish().json()["snapshot_id"]
    assert team.client.get(f"{SNAPSHOTS}{snapshot_id}/{suffix}").status_code == 404


def test_another_teams_snapshot_is_no_cursor(team: Team, other_team: Team) -> None:
    snapshot_id = other_team.publish().json()["snapshot_id"]
    assert team.client.get(SNAPSHOTS, params={"cursor": snapshot_id}).status_code == 400


@pytest.mark.parametrize("name", ["snapshots", "mappings", "queue"])
def test_another_teams_things_are_not_listed(team: Team, other_team: Team, name: str) -> None:
    other_team.publish()
    other_team.add_mapping(provider="linear", workspace="w", project="p")
    assert team.client.get(f"{BASE}/{name}/").json()["items"] == []


def _protected() -> list[tuple[str, str]]:
    return [
        (method, template.replace("{snapshot_id}", "x").replace("{mapping_id}", "x"))
        for template, item in OPENAPI["paths"].items()
        for method in item
        if method != "parameters" and template != "/healthz"
    ]


@pytest.mark.parametrize(("method", "path"), _protected())
def test_nothing_but_health_is_shown_without_a_token(
    hub: HubProcess, method: str, path: str
) -> None:
    with httpx.Client(event_hooks={"response": [check_answer]}) as client:
        answer = client.request(method, f"{hub.url}{path}")
    assert answer.status_code == 401


def test_health_is_shown_without_a_token(hub: HubProcess) -> None:
    assert httpx.get(f"{hub.url}/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/", SNAPSHOTS[:-1], f"{SNAPSHOTS}x", f"{BASE}/mappings/a/b/"])
def test_an_unknown_path_is_a_problem_document(team: Team, path: str) -> None:
    answer = team.client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_an_impossible_method_is_a_problem_document(team: Team) -> None:
    answer = team.client.put(SNAPSHOTS)
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"Content-Type": "text/plain"}, b"{}", 415),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, b"{}", 415),
        ({"Content-Type": "application/json"}, b" " * 70_000, 413),
        ({"Content-Type": "application/json"}, b"[", 422),
        ({"Content-Type": "application/json"}, b"[]", 422),
        ({"Content-Type": "application/json"}, b'"\xff"', 422),
    ],
    ids=["type", "coding", "length", "open", "list", "no text"],
)
def test_an_unusable_mapping_body_is_refused(
    team: Team, headers: dict[str, str], content: bytes, status: int
) -> None:
    answer = team.client.post(f"{BASE}/mappings/", headers=headers, content=content)
    assert answer.status_code == status


def test_a_chunked_mapping_body_over_its_limit_is_refused(team: Team) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(3):
            yield b" " * (1 << 15)

    answer = team.client.post(
        f"{BASE}/mappings/", headers={"Content-Type": "application/json"}, content=pieces()
    )
    assert answer.status_code == 413


def test_a_failure_is_a_problem_document_and_its_log_shows_no_token(
    start: Callable[..., HubProcess],
) -> None:
    hub = start()
    with join(hub) as team:
        team.publish()
        with closing(sqlite3.connect(hub.database)) as database, database:
            database.execute("UPDATE snapshots SET resolution_status = 'nonsense'")
        answer = team.client.get(SNAPSHOTS)
        log = (hub.database.parent / "hub.log").read_text()
        assert (answer.status_code, answer.headers["content-type"]) == (
            500,
            "application/problem+json",
        )
        assert "nonsense" in log
        assert team.token not in log


def test_a_revoked_token_is_refused_at_once(hub: HubProcess, team: Team) -> None:
    with closing(sqlite3.connect(hub.database)) as database, database:
        database.execute("DELETE FROM tokens WHERE team_id = ?", [team.team_id])
    assert team.client.get(SNAPSHOTS).status_code == 401


def test_the_database_holds_no_token(hub: HubProcess, team: Team) -> None:
    team.publish(key=str(uuid4()))
    assert team.token.encode() not in hub.database.read_bytes()


def test_a_body_that_cannot_be_read_to_its_end_is_cut_short(
    start: Callable[..., HubProcess],
) -> None:
    hub = start()
    with join(hub) as team:
        body = json.dumps(snapshot()).encode().ljust((1 << 20) + 1)
        snapshot_id = team.publish(body).json()["snapshot_id"]
        with closing(sqlite3.connect(hub.database)) as database, database:
            database.execute("UPDATE snapshot_chunks SET zstd = x'00' WHERE position = 1")
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
            team.client.get(f"{SNAPSHOTS}{snapshot_id}/body/")
        log = (hub.database.parent / "hub.log").read_text()
        assert "ZstdError" in log
        assert "ASGI message" not in log
