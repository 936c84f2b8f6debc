"""`trackwire credentials`, `trackwire login` and `trackwire logout`, off a terminal."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from projectkit import LIVE_PLUGIN, running_tracker
from scripted_server import ScriptedServer, answering

HUB = "http://127.0.0.1:9"  # where nothing listens


def rows(user: Any, *options: str) -> dict[str, dict[str, Any]]:
    listed = user.json("credentials", "list", *options)["credentials"]
    return {row["field"]: row for row in listed}


def test_list_shows_plain_values_with_their_source(bound: Any) -> None:
    row = rows(bound)["board"]
    assert (row["value"], row["source"], row["where"]) == ("B1", "project", str(bound.config))


def test_list_masks_secrets(bound: Any) -> None:
    bound.does("credentials", "set", "token", "--stdin", given="hushhush")
    assert rows(bound)["token"]["value"] == "****"


def test_list_names_fields_that_are_not_set(bound: Any) -> None:
    assert rows(bound)["base_url"]["source"] == "not set"


def test_list_warns_where_the_environment_overrides_the_project(bound: Any) -> None:
    bound.setenv("TRACKWIRE_ACME_BOARD", "B2")
    assert "TRACKWIRE_ACME_BOARD overrides" in rows(bound)["board"]["note"]


def test_list_all_needs_no_project(user: Any) -> None:
    assert user.does("credentials", "list", "--all") == "no credentials\n"


def test_list_all_shows_where_each_secret_is_kept(bound: Any, memory_keyring: Any) -> None:
    bound.does("credentials", "set", "token", "--stdin", given="hushhush")
    assert rows(bound, "--all")["token"]["kept_in"] == "keyring"
    assert list(memory_keyring.held.values()) == ["hushhush"]


def test_set_strips_the_final_line_break(bound: Any) -> None:
    bound.does("credentials", "set", "token", "--stdin", given="hushhush\n")
    (entry,) = tomllib.loads(bound.credentials.read_text())["credential"]
    assert entry["value"] == "hushhush"


def test_set_puts_a_plain_field_into_the_project(bound: Any) -> None:
    kept = bound.json("credentials", "set", "board", "--stdin", given="B2")
    assert kept["kept_in"] == str(bound.config)
    assert bound.json("route")["external_resource_id"] == "B2"


def test_set_puts_a_personal_field_into_the_users_file(bound: Any) -> None:
    kept = bound.json("credentials", "set", "email", "--stdin", given="me@site.example")
    assert kept["kept_in"] == str(bound.credentials)
    assert "me@site.example" not in bound.config.read_text()


def test_set_for_every_workspace_reaches_another_project(bound: Any) -> None:
    bound.does("credentials", "set", "token", "--every-workspace", "--stdin", given="hushhush")
    bound.does("bind", "acme", "--workspace", "other.example")
    assert rows(bound)["token"]["source"] == "user_provider"


def test_set_of_a_plain_field_for_another_workspace_is_refused(bound: Any) -> None:
    options = ("--provider", "acme", "--workspace", "other.example", "--stdin")
    message = bound.fails("credentials", "set", "board", *options, code=1, given="B2")
    assert "trackwire bind acme --workspace other.example" in message


def test_set_of_an_undeclared_field_is_refused(bound: Any) -> None:
    message = bound.fails("credentials", "set", "boat", "--stdin", code=2, given="hushhush")
    assert "board" in message
    assert "hushhush" not in message


def test_value_as_an_argument_is_refused_without_being_shown(bound: Any) -> None:
    message = bound.fails("credentials", "set", "token", "hushhush", code=2)
    assert "hushhush" not in message


def test_set_without_a_value_off_a_terminal_is_refused(bound: Any) -> None:
    assert "--stdin" in bound.fails("credentials", "set", "token", code=2)


def test_secret_in_the_projects_file_is_refused_with_the_command_that_moves_it(bound: Any) -> None:
    bound.config.write_text(bound.config.read_text() + '    token: "hushhush"\n')
    message = bound.fails("route", code=1)
    assert "trackwire credentials set token --from-project" in message
    assert "hushhush" not in message


def test_from_project_moves_the_secret(bound: Any) -> None:
    bound.config.write_text(bound.config.read_text() + '    token: "hushhush"\n')
    bound.does("credentials", "set", "token", "--from-project")
    assert "hushhush" not in bound.config.read_text()
    assert "hushhush" in bound.credentials.read_text()
    assert rows(bound)["board"]["value"] == "B1"


def test_from_project_without_such_a_field_is_refused(bound: Any) -> None:
    message = bound.fails("credentials", "set", "token", "--from-project", code=1)
    assert "trackwire.fields.token" in message


def test_secret_for_the_projects_own_address_needs_the_origin_named(bound: Any) -> None:
    bound.does("credentials", "set", "base_url", "--stdin", given="https://evil.example/x")
    message = bound.fails("credentials", "set", "token", "--stdin", code=2, given="hushhush")
    assert "--origin https://evil.example" in message
    assert not bound.credentials.exists()


def test_undeclared_field_is_refused_before_its_value_is_asked_for(bound: Any) -> None:
    assert "has no field 'boat'" in bound.fails("credentials", "set", "boat", code=2)


def test_unconfirmed_origin_is_refused_before_the_secret_is_asked_for(bound: Any) -> None:
    bound.does("credentials", "set", "base_url", "--stdin", given="https://site.example/x")
    message = bound.fails("credentials", "set", "token", code=2)
    command = "trackwire credentials set token --origin https://site.example"
    assert message.endswith(f"if that is right, run: {command}")


def test_secret_is_replaced_without_naming_its_origin_again(bound: Any) -> None:
    bound.does("credentials", "set", "base_url", "--stdin", given="https://site.example/x")
    options = ("--stdin", "--origin", "https://site.example")
    bound.does("credentials", "set", "token", *options, given="hushhush")
    bound.does("credentials", "set", "token", "--stdin", given="newer")
    assert "newer" in bound.credentials.read_text()


def test_list_without_a_binding_says_how_to_see_all(user: Any) -> None:
    assert "trackwire credentials list --all" in user.fails("credentials", "list", code=1)


def test_named_origin_is_kept_with_the_secret(bound: Any) -> None:
    bound.does("credentials", "set", "base_url", "--stdin", given="https://Site.example/x")
    options = ("--stdin", "--origin", "https://site.example:443")
    bound.does("credentials", "set", "token", *options, given="hushhush")
    assert rows(bound, "--all")["token"]["origin"] == "https://site.example"


def test_remove_forgets_the_value(bound: Any) -> None:
    bound.does("credentials", "set", "token", "--stdin", given="hushhush")
    bound.does("credentials", "remove", "token")
    assert rows(bound)["token"]["source"] == "not set"
    assert "hushhush" not in bound.credentials.read_text()


def test_remove_forgets_the_value_in_the_keyring(bound: Any, memory_keyring: Any) -> None:
    bound.does("credentials", "set", "token", "--stdin", given="hushhush")
    bound.does("credentials", "remove", "token")
    assert memory_keyring.held == {}


def test_remove_of_nothing_says_where_to_look(bound: Any) -> None:
    message = bound.fails("credentials", "remove", "token", code=2)
    assert "trackwire credentials list --all" in message


def test_file_that_others_may_read_is_refused_with_the_remedy(bound: Any) -> None:
    bound.does("credentials", "set", "token", "--stdin", given="hushhush")
    bound.credentials.chmod(0o644)
    message = bound.fails("credentials", "list", code=1)
    assert f"chmod 600 {bound.credentials}" in message


def test_malformed_file_is_named_without_its_text(bound: Any) -> None:
    bound.does("credentials", "set", "token", "--stdin", given="hushhush")
    bound.credentials.write_text('credential = [ { value = "hushhush" \n')
    message = bound.fails("credentials", "list", code=1)
    assert str(bound.credentials) in message
    assert "hushhush" not in message


def test_login_names_the_hub_and_the_place(user: Any) -> None:
    made = user.json("login", f"{HUB}/", "--token-stdin", given="hushhush\n")
    assert (made["hub"], made["kept_in"]) == (HUB, str(user.credentials))


def test_login_to_a_hub_that_is_not_reached_keeps_the_token_with_a_note(user: Any) -> None:
    done = user.run("login", HUB, "--token-stdin", given="hushhush")
    assert done.exit_code == 0
    assert f"note: whether the hub takes the token is not known: cannot connect to {HUB}" in (
        done.stderr
    )
    assert "hushhush" in user.credentials.read_text()


@pytest.mark.needs_hub
def test_token_that_the_hub_does_not_take_is_refused_with_the_remedy(user: Any, hub: Any) -> None:
    message = user.fails("login", hub.url, "--token-stdin", code=1, given="hushhush")
    assert message.startswith(f"{hub.url} does not take this token (HTTP 401), so it is not kept")
    assert message.endswith(f"run: trackwire login {hub.url}")


@pytest.mark.needs_hub
def test_token_that_the_hub_does_not_take_is_an_error_document_without_it(
    user: Any, hub: Any
) -> None:
    failed = user.json("login", hub.url, "--token-stdin", code=1, given="hushhush")
    assert failed["ok"] is False
    assert "does not take this token (HTTP 401)" in failed["error"]
    assert "hushhush" not in failed["error"]


@pytest.mark.needs_hub
def test_token_that_the_hub_does_not_take_is_not_kept(user: Any, hub: Any) -> None:
    user.fails("login", hub.url, "--token-stdin", code=1, given="hushhush")
    assert not user.credentials.exists()


@pytest.mark.needs_hub
def test_token_that_the_hub_does_not_take_replaces_none(user: Any, hub: Any) -> None:
    user.does("login", hub.url, "--token-stdin", given=hub.token)
    user.does("login", HUB, "--token-stdin", given="other")
    before = user.credentials.read_bytes()
    user.fails("login", hub.url, "--token-stdin", code=1, given="hushhush")
    assert user.credentials.read_bytes() == before


@pytest.mark.needs_hub
def test_token_that_the_hub_does_not_take_leaves_the_keyring_alone(
    user: Any, hub: Any, memory_keyring: Any
) -> None:
    user.does("login", hub.url, "--token-stdin", given=hub.token)
    user.fails("login", hub.url, "--token-stdin", code=1, given="hushhush")
    assert list(memory_keyring.held.values()) == [hub.token]


@pytest.mark.needs_hub
def test_login_with_a_token_that_the_hub_takes_has_nothing_to_note(user: Any, hub: Any) -> None:
    assert user.json("login", hub.url, "--token-stdin", given=hub.token)["problem"] is None


def test_login_to_a_server_that_is_no_hub_says_so(user: Any) -> None:
    with running_tracker() as other:
        done = user.run("login", other.url, "--token-stdin", given="hushhush")
    assert "does not answer as a hub does (HTTP 501); check the address" in done.stderr


def test_login_takes_the_token_from_the_environment(user: Any) -> None:
    user.setenv("TRACKWIRE_HUB_TOKEN", "hushhush")
    user.does("login", HUB)
    assert "hushhush" in user.credentials.read_text()


def test_login_keeps_the_token_in_a_usable_keyring(user: Any, memory_keyring: Any) -> None:
    assert user.json("login", HUB, "--token-stdin", given="hushhush")["kept_in"] == (
        "the system keyring"
    )
    assert list(memory_keyring.held.values()) == ["hushhush"]


def test_login_off_a_terminal_without_a_token_is_refused(user: Any) -> None:
    assert "--token-stdin" in user.fails("login", HUB, code=2)


@pytest.mark.parametrize("token", ["", "\n", "hush hush", "hush\x01hush", "hüsch"])
def test_login_refuses_what_is_no_token(user: Any, token: str) -> None:
    message = user.fails("login", HUB, "--token-stdin", code=2, given=token)
    assert "hush" not in message
    assert not user.credentials.exists()


def test_token_as_an_argument_is_refused_without_being_shown(user: Any) -> None:
    assert "hushhush" not in user.fails("login", HUB, "hushhush", code=2)


def test_token_in_the_address_is_refused_without_being_shown(user: Any) -> None:
    address = "https://me:hushhush@hub.example"
    assert "hushhush" not in user.fails("login", address, "--token-stdin", code=2, given="t")


def test_login_to_plain_http_elsewhere_is_refused(user: Any) -> None:
    address = "http://hub.example"
    assert "https" in user.fails("login", address, "--token-stdin", code=2, given="hushhush")


def test_logout_forgets_token_and_hub(bound: Any) -> None:
    bound.does("login", HUB, "--token-stdin", given="hushhush")
    assert bound.json("logout")["forgotten"] == [HUB]
    assert "hushhush" not in bound.credentials.read_text()
    assert bound.json("status")["hub"] is None


def test_logout_of_one_hub_keeps_the_other(bound: Any) -> None:
    other = "http://127.0.0.1:8"
    bound.does("login", HUB, "--token-stdin", given="one")
    bound.does("login", other, "--token-stdin", given="two")
    assert bound.json("logout", HUB)["forgotten"] == [HUB]
    assert bound.json("status")["hub"] == other


def test_logout_keeps_the_providers_credentials(bound: Any) -> None:
    bound.does("credentials", "set", "token", "--stdin", given="hushhush")
    bound.does("login", HUB, "--token-stdin", given="other")
    bound.does("logout")
    assert rows(bound)["token"]["value"] == "****"


def test_logout_of_nothing_is_no_error(user: Any) -> None:
    assert user.does("logout") == "there was no token to forget\n"


@pytest.mark.parametrize("name", ["hub", "a/b"])
def test_what_is_no_providers_name_has_no_credentials(user: Any, name: str) -> None:
    options = ("--provider", name, "--workspace", HUB)
    message = user.fails("credentials", "set", "token", *options, "--stdin", code=2, given="hush")
    assert "trackwire login" in message
    assert not user.credentials.exists()


def test_token_that_the_keyring_does_not_give_out_names_the_login(
    bound: Any, memory_keyring: Any
) -> None:
    bound.does("login", HUB, "--token-stdin", given="hushhush")
    memory_keyring.held.clear()
    assert f"trackwire login {HUB}" in bound.fails("publish", code=1)


def test_secret_that_the_plugin_does_not_declare_is_listed_masked(user: Any) -> None:
    user.does("bind", "acme", "--workspace", "site.example")
    user.does("credentials", "set", "old_key", "--stdin", given="hushhush")
    user.install("acme", LIVE_PLUGIN)
    (row,) = [r for r in user.json("credentials", "list")["credentials"] if r["field"] == "old_key"]
    assert (row["value"], row["note"]) == ("****", None)


def test_login_to_a_busy_hub_says_that_it_does_not_tell(
    user: Any, scripted_server: ScriptedServer
) -> None:
    scripted_server.script(answering(503))
    done = user.run("login", scripted_server.url, "--token-stdin", given="hushhush")
    assert "does not tell whether it takes the token (HTTP 503)" in done.stderr


def test_set_of_a_plain_field_for_every_workspace_is_refused(bound: Any) -> None:
    arguments = ("credentials", "set", "board", "--every-workspace", "--stdin")
    message = bound.fails(*arguments, code=1, given="B2")
    assert "board belongs to the project" in message
    assert bound.json("route")["external_resource_id"] == "B1"


def test_set_of_a_plain_field_outside_a_project_is_refused(acme: Any) -> None:
    place = ("--provider", "acme", "--workspace", "site.example")
    message = acme.fails("credentials", "set", "board", *place, "--stdin", code=1, given="B2")
    assert "board belongs to the project" in message
    assert list(acme.project.iterdir()) == []
