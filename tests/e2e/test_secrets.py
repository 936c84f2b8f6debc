"""A secret of every kind is planted everywhere it can be; no command brings one to light."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from projectkit import LIVE_PLUGIN, running_tracker

pytestmark = pytest.mark.needs_hub

STORED = "planted-stored-81c1"
FROM_ENVIRONMENT = "planted-environment-52e7"
HUB_FROM_ENVIRONMENT = "planted-hub-environment-9a30"
WITHOUT_PLUGIN = "planted-without-plugin-c4d2"
IN_PROJECT = "planted-in-project-77fe"
ON_INPUT = "planted-on-input-60b5"
PLANTED = (*(STORED, FROM_ENVIRONMENT, HUB_FROM_ENVIRONMENT, WITHOUT_PLUGIN, IN_PROJECT, ON_INPUT),)

COMMANDS = {
    "status": ((), ""),
    "route": ((), ""),
    "providers": ((), ""),
    "credentials list": ((), ""),
    "credentials list --all": ((), ""),
    "credentials set token --stdin": ((), ON_INPUT),
    "credentials set boat --stdin": ((), ON_INPUT),
    "credentials set token --stdin --origin nowhere": ((), ON_INPUT),
    "credentials set token": ((ON_INPUT,), ""),
    "credentials remove token": ((), ""),
    "map list": ((), ""),
    "map add WP01 1": ((), ""),
    "map remove WP01 77": ((), ""),
    "import -": ((), '{"cards": []}'),
    "import --format jsonl -": ((), "{"),
    "pull": ((), ""),
    "sync": ((), ""),
    "doctor": ((), ""),
    "discover acme": ((), ""),
    "discover acme --set": ((f"token={ON_INPUT}",), ""),
    "publish --dry-run": ((), ""),
    "publish": ((), ""),
    "publish --timeout 0.1 --hub http://127.0.0.1:9": ((), ""),
    "bind acme --workspace w --set": ((f"token={ON_INPUT}",), ""),
    "bind acme --workspace w --credentials-stdin": ((), f'{{"token": "{ON_INPUT}", "boat": 1}}'),
    "bind notion --workspace w --set": ((f"key={ON_INPUT}",), ""),
    "bind notion --workspace w --credentials-stdin": ((), f'{{"key": "{ON_INPUT}"'),
    "login http://127.0.0.1:9": ((ON_INPUT,), ""),
    "login http://127.0.0.1:9 --token-stdin": ((), f"{ON_INPUT} {ON_INPUT}"),
    "login": ((f"https://me:{ON_INPUT}@hub.example", "--token-stdin"), "t"),
    "publish --hub": ((f"https://hub.example/?token={ON_INPUT}",), ""),
    "logout https://other.example": ((), ""),
    "unbind": ((), ""),
}


@pytest.fixture
def laden(bound: Any, hub: Any) -> Any:
    """A user with a secret of every kind, in every place."""
    bound.does("credentials", "set", "token", "--stdin", given=STORED)
    bound.does("credentials", "set", "token", "--every-workspace", "--stdin", given=STORED)
    bound.does("login", hub.url, "--token-stdin", given=hub.token)
    bound.does(
        *("credentials", "set", "key", "--provider", "notion", "--workspace", "w", "--stdin"),
        given=WITHOUT_PLUGIN,
    )
    bound.setenv("TRACKWIRE_ACME_TOKEN", FROM_ENVIRONMENT)
    bound.setenv("TRACKWIRE_NOTION_KEY", FROM_ENVIRONMENT)
    return bound


def brought_to_light(text: str, *more: str) -> list[str]:
    return [secret for secret in (*PLANTED, *more) if secret in text]


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize("command", COMMANDS)
def test_command_shows_no_secret(
    laden: Any, hub: Any, command: str, options: tuple[str, ...]
) -> None:
    arguments, given = COMMANDS[command]
    done = laden.run("--debug", *command.split(), *arguments, *options, given=given)
    assert brought_to_light(done.output, hub.token) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_secret_in_the_projects_file_is_shown_by_no_command(laden: Any, command: str) -> None:
    laden.config.write_text(laden.config.read_text() + f'    token: "{IN_PROJECT}"\n')
    arguments, given = COMMANDS[command]
    done = laden.run("--debug", *command.split(), *arguments, given=given)
    assert brought_to_light(done.output) == []


def test_refused_hub_token_is_not_shown(laden: Any, hub: Any) -> None:
    laden.setenv("TRACKWIRE_HUB_TOKEN", HUB_FROM_ENVIRONMENT)
    done = laden.run("--debug", "publish", "--json")
    assert json.loads(done.stdout)["status_code"] == 401
    assert brought_to_light(done.output) == []


def test_secrets_lie_in_the_users_file_and_nowhere_else(laden: Any, hub: Any) -> None:
    for command, (arguments, given) in COMMANDS.items():
        laden.run(*command.split(), *arguments, given=given)
    holding = {
        path
        for path in laden.files()
        if any(s.encode() in path.read_bytes() for s in (*PLANTED, hub.token))
    }
    assert holding == {laden.credentials}


def test_secrets_are_in_no_body(laden: Any, hub: Any) -> None:
    body = laden.home / "body.json"
    laden.does("publish", "--output", str(body))
    assert brought_to_light(body.read_text(), hub.token) == []


def test_hub_keeps_and_logs_no_token(laden: Any, hub: Any) -> None:
    laden.does("publish")
    kept = b"".join(path.read_bytes() for path in hub.database.parent.rglob("*") if path.is_file())
    assert hub.token.encode() not in kept
    assert b"rockets" in kept


@pytest.fixture
def live(user: Any, hub: Any) -> Iterator[Any]:
    """A user with secrets of every kind, and a tracker that answers with what it was told."""
    user.install("acme", LIVE_PLUGIN)
    with running_tracker("1") as tracker:
        given = json.dumps({"base_url": tracker.url, "token": STORED, "board": "B1"})
        user.does("bind", "acme", "--workspace", "live.example", "--credentials-stdin", given=given)
        user.does("login", hub.url, "--token-stdin", given=hub.token)
        yield user


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize("command", ["pull", "sync", "doctor", "discover acme"])
def test_command_at_a_tracker_that_refuses_shows_no_secret(
    live: Any, hub: Any, command: str, options: tuple[str, ...]
) -> None:
    done = live.run("--debug", *command.split(), *options)
    assert done.exit_code == 1
    assert brought_to_light(done.output, hub.token) == []
