"""What is asked for on a terminal."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

BIND = ("bind", "acme", "--workspace", "site.example")
HUB = "http://127.0.0.1:9"  # where nothing listens


def stored(user: Any) -> dict[str, dict[str, Any]]:
    entries = tomllib.loads(user.credentials.read_text())["credential"]
    return {entry["field"]: entry for entry in entries}


def answer(session: Any, *pairs: tuple[str, str]) -> str:
    """Answer each prompt, and return everything that the terminal showed."""
    shown = ""
    for prompt, reply in pairs:
        session.expect_exact(prompt)
        shown += session.before + session.after
        session.sendline(reply)
    return shown + session.read()


ALL = (
    ("base_url: ", "https://site.example"),
    ("email (optional): ", "me@site.example"),
    ("token (for https://site.example): ", "hushhush"),
    ("board: ", "B1"),
)


def test_every_missing_field_is_asked_for_and_kept(acme: Any) -> None:
    session = acme.terminal(*BIND)
    answer(session, *ALL)
    session.close()
    assert session.exitstatus == 0
    assert stored(acme)["token"]["value"] == "hushhush"
    assert acme.json("route")["external_resource_id"] == "B1"


def test_secret_is_never_echoed(acme: Any) -> None:
    with acme.terminal(*BIND) as session:
        assert "hushhush" not in answer(session, *ALL)


def test_plain_answers_are_echoed(acme: Any) -> None:
    with acme.terminal(*BIND) as session:
        assert "https://site.example" in answer(session, *ALL)


def test_secret_is_bound_to_the_address_that_was_shown(acme: Any) -> None:
    with acme.terminal(*BIND) as session:
        answer(session, *ALL)
    assert stored(acme)["token"]["origin"] == "https://site.example"


def test_every_field_may_be_skipped(acme: Any) -> None:
    session = acme.terminal(*BIND)
    shown = answer(
        session, ("base_url: ", ""), ("email (optional): ", ""), ("token: ", ""), ("board: ", "")
    )
    session.close()
    assert session.exitstatus == 0
    assert "board is not set" in shown
    assert not acme.credentials.exists()


def test_help_of_a_field_is_shown_before_its_prompt(acme: Any) -> None:
    with acme.terminal(*BIND) as session:
        session.expect_exact("base_url: ")
        assert "The site's address" in session.before


def test_field_that_is_set_is_not_asked_for(acme: Any) -> None:
    acme.setenv("TRACKWIRE_ACME_TOKEN", "hushhush")
    with acme.terminal(*BIND, "--set", "board=B1", "--set", "base_url=https://a.example") as s:
        shown = answer(s, ("email (optional): ", ""))
    assert "token" not in shown.partition("email (optional): ")[0]


def test_workspace_is_asked_for(acme: Any) -> None:
    with acme.terminal("bind", "acme") as session:
        answer(session, ("Workspace: ", "site.example"), *ALL)
    assert acme.json("status")["workspace"] == "site.example"


def test_address_of_the_projects_file_is_shown_before_the_secret_is_given(acme: Any) -> None:
    acme.does(*BIND, "--set", "base_url=https://elsewhere.example", "--set", "board=B1")
    with acme.terminal(*BIND) as session:
        prompts = (("email (optional): ", ""), ("token (for https://elsewhere.example): ", "hush"))
        answer(session, *prompts)
    assert stored(acme)["token"]["origin"] == "https://elsewhere.example"


@pytest.mark.parametrize("key", ["c", "d"])
def test_leaving_at_a_prompt_exits_130_and_writes_nothing(acme: Any, key: str) -> None:
    session = acme.terminal(*BIND)
    session.expect_exact("base_url: ")
    session.sendline("https://site.example")
    session.expect_exact("email (optional): ")
    session.sendcontrol(key)
    shown = session.read()
    session.close()
    assert "interrupted" in shown
    assert session.exitstatus == 130
    assert not acme.config.exists()


def test_unusable_address_is_asked_for_again(acme: Any) -> None:
    with acme.terminal(*BIND) as session:
        shown = answer(session, ("base_url: ", "site.example"), *ALL)
    assert "has no scheme" in shown
    assert acme.json("status")["external_resource_id"] == "B1"


def test_plain_http_beyond_loopback_is_asked_for_again(acme: Any) -> None:
    with acme.terminal(*BIND) as session:
        shown = answer(session, ("base_url: ", "http://site.example"), *ALL)
    assert "plain http" in shown
    assert acme.json("status")["external_resource_id"] == "B1"


def test_token_is_asked_for_and_never_echoed(user: Any) -> None:
    with user.terminal("login", HUB) as session:
        assert "hushhush" not in answer(session, ("Token: ", "hushhush"))
    assert stored(user)["token"]["value"] == "hushhush"


def test_credential_is_asked_for_and_never_echoed(bound: Any) -> None:
    with bound.terminal("credentials", "set", "token") as session:
        assert "hushhush" not in answer(session, ("token: ", "hushhush"))
    assert stored(bound)["token"]["value"] == "hushhush"


def test_no_prompt_with_json(acme: Any) -> None:
    session = acme.terminal(*BIND, "--json")
    assert '"ok":true' in session.read()
    session.close()
    assert session.exitstatus == 0


def test_heading_of_a_table_is_shown_as_it_is_written(user: Any) -> None:
    import pexpect  # type: ignore[import-untyped]  # ships no annotations

    source = "from trackwire.cli.output import table; print(*table(['[bold]:key:'], [['x']]))"
    with pexpect.spawn(sys.executable, ["-c", source], env=user.environ, timeout=20) as session:
        assert session.read().split() == [b"[bold]:key:", b"x"]


def test_progress_leaves_the_result_on_the_terminal(bound: Any) -> None:
    (bound.project / "a.json").write_text(bound.cards("1", "2", "3"))
    with bound.terminal("import", "a.json") as session:
        assert "a.json: 1 created, 0 updated, 2 unchanged" in session.read()


def test_secret_that_was_typed_is_in_no_process_argument(acme: Any) -> None:
    with acme.terminal(*BIND) as session:
        for prompt, reply in ALL[:3]:
            session.expect_exact(prompt)
            session.sendline(reply)
        session.expect_exact("board: ")
        arguments = {path: read(path) for path in Path("/proc").glob("[0-9]*/cmdline")}
    assert any(b"trackwire" in text for text in arguments.values())
    assert [path for path, text in arguments.items() if b"hushhush" in text] == []


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it ended meanwhile
        return b""


def test_misspelt_provider_is_asked_about(bound: Any) -> None:
    with bound.terminal("bind", "acmee", "--workspace", "site.example") as session:
        session.expect_exact("no plugin is installed for acmee; is acme meant? [Y/n]: ")
        session.sendline("")
        answer(session, ("base_url: ", ""), ("email (optional): ", ""), ("token: ", ""))
    shown = bound.json("route")
    assert (shown["provider"], shown["external_resource_id"]) == ("acme", "B1")


def test_provider_that_is_meant_as_typed_is_bound(bound: Any) -> None:
    with bound.terminal("bind", "acmee", "--workspace", "site.example") as session:
        session.expect_exact("is acme meant? [Y/n]: ")
        session.sendline("n")
        session.read()
    assert bound.json("status")["provider"] == "acmee"


def test_secret_is_not_asked_for_where_it_would_not_be_kept(bound: Any) -> None:
    bound.does("credentials", "set", "base_url", "--stdin", given="https://elsewhere.example")
    with bound.terminal("credentials", "set", "token") as session:
        shown = session.read()
    assert "token: " not in shown
    assert "run: trackwire credentials set token --origin https://elsewhere.example" in shown
