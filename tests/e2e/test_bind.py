"""`trackwire bind` and `trackwire unbind`, off a terminal."""

from __future__ import annotations

import json
import tomllib
from typing import Any
from uuid import UUID

import pytest

ANY = ("bind", "acme", "--workspace", "site.example")


def test_directory_becomes_a_project_with_its_name_as_slug(user: Any) -> None:
    made = user.json("bind", "notion", "--workspace", "w")
    shown = user.json("status")
    assert made["created"] is True
    assert shown["project_slug"] == "rocket"
    assert UUID(shown["project_uuid"]).version == 4


def test_bind_says_that_it_made_a_project(user: Any) -> None:
    assert f"made {user.project} a project" in user.does("bind", "notion", "--workspace", "w")


def test_second_bind_keeps_the_uuid(user: Any) -> None:
    user.does("bind", "notion", "--workspace", "w")
    uuid = user.json("status")["project_uuid"]
    assert user.json("bind", "notion", "--workspace", "v")["created"] is False
    assert user.json("status")["project_uuid"] == uuid


def test_provider_without_plugin_binds_with_a_note(user: Any) -> None:
    done = user.run("bind", "notion", "--workspace", "w")
    assert done.exit_code == 0
    assert "no plugin is in use for notion: publishes carry no route" in done.stderr


def test_provider_without_plugin_binds_with_a_note_of_the_installed_ones(acme: Any) -> None:
    done = acme.run("bind", "acmee", "--workspace", "w")
    assert done.exit_code == 0
    assert "there are plugins for: acme" in done.stderr


def test_misspelt_provider_does_not_cost_a_binding_its_fields(bound: Any) -> None:
    before = bound.config.read_text()
    message = bound.fails("bind", "acmee", "--workspace", "site.example", code=2)
    assert "is acme meant? If not, run first: trackwire unbind" in message
    assert bound.config.read_text() == before


def test_provider_like_an_installed_one_is_bound_after_an_unbind(bound: Any) -> None:
    bound.does("unbind")
    assert bound.json("bind", "acmee", "--workspace", "w")["provider"] == "acmee"


def test_provider_that_is_bound_already_is_meant_as_it_stands(acme: Any) -> None:
    acme.config.parent.mkdir()
    acme.config.write_text(
        "tracker: {provider: acmee, workspace: v}\ntrackwire: {fields: {board: B1}}\n"
    )
    assert acme.json("bind", "acmee", "--workspace", "w")["workspace"] == "w"


def test_address_as_workspace_is_refused_with_the_host(acme: Any) -> None:
    message = acme.fails("bind", "acme", "--workspace", "https://site.example", code=2)
    assert "give --workspace site.example" in message
    assert not acme.config.exists()


def test_broken_plugin_refuses_the_bind_and_changes_nothing(user: Any) -> None:
    user.install("acme", "raise SystemExit('no')")
    message = user.fails(*ANY, code=1)
    assert "acme-plugin 1.2" in message
    assert not user.config.exists()


def test_missing_field_is_no_error_off_a_terminal(acme: Any) -> None:
    done = acme.run(*ANY)
    assert done.exit_code == 0
    assert "board is not set" in done.stderr
    assert "not set: base_url, token" in done.stderr


def test_document_names_what_is_missing(acme: Any) -> None:
    assert acme.json(*ANY)["missing"] == ["base_url", "token", "board"]


def test_blank_id_is_said_to_give_no_route(acme: Any) -> None:
    done = acme.run("bind", "acme", "--workspace", "the site", "--set", "board= ")
    assert done.exit_code == 0
    assert (
        "board is blank; run: trackwire bind acme --workspace 'the site' --set board="
        in done.stderr
    )


def test_plain_field_is_kept_in_the_project(acme: Any) -> None:
    assert acme.json(*ANY, "--set", "board=B1")["kept"] == {"board": str(acme.config)}


def test_secret_in_set_is_refused_without_being_shown(acme: Any) -> None:
    message = acme.fails(*ANY, "--set", "token=hushhush", code=2)
    assert "shell's history" in message
    assert "hushhush" not in message
    assert not acme.config.exists()


def test_any_set_is_refused_without_a_plugin(user: Any) -> None:
    message = user.fails("bind", "notion", "--workspace", "w", "--set", "db=hushhush", code=2)
    assert "--credentials-stdin" in message
    assert "hushhush" not in message


def test_set_without_equals_sign_is_refused_without_being_shown(acme: Any) -> None:
    message = acme.fails(*ANY, "--set", "hushhush", code=2)
    assert "NAME=VALUE" in message
    assert "hushhush" not in message


def test_undeclared_field_is_refused_with_the_declared_ones(acme: Any) -> None:
    message = acme.fails(*ANY, "--set", "boat=1", code=2)
    assert "base_url, email, token, board" in message


@pytest.mark.parametrize("given", ["{hushhush", '["hushhush"]', '{"token": 7}', '{"token": null}'])
def test_standard_input_that_is_no_object_of_texts_is_refused(acme: Any, given: str) -> None:
    message = acme.fails(*ANY, "--credentials-stdin", code=2, given=given)
    assert "hushhush" not in message
    assert not acme.config.exists()


def test_standard_input_of_other_bytes_than_utf8_is_refused(acme: Any) -> None:
    message = acme.fails(*ANY, "--credentials-stdin", code=2, given=b'{"token": "\xff"}')
    assert "standard input" in message


def test_secret_from_standard_input_lies_in_the_users_file(acme: Any) -> None:
    acme.does(*ANY, "--credentials-stdin", given='{"token": "hushhush", "board": "B1"}')
    (entry,) = tomllib.loads(acme.credentials.read_text())["credential"]
    assert (entry["field"], entry["value"]) == ("token", "hushhush")
    assert "hushhush" not in acme.config.read_text()


def test_secret_from_standard_input_works_without_a_plugin(user: Any) -> None:
    user.does(
        *("bind", "notion", "--workspace", "w", "--credentials-stdin"), given='{"k": "hushhush"}'
    )
    assert user.json("credentials", "list")["credentials"][0]["value"] == "****"


def test_secret_lies_in_a_usable_keyring_and_not_in_the_file(
    acme: Any, memory_keyring: Any
) -> None:
    acme.does(*ANY, "--credentials-stdin", given='{"token": "hushhush"}')
    assert list(memory_keyring.held.values()) == ["hushhush"]
    assert "hushhush" not in acme.credentials.read_text()


def test_users_file_is_private(acme: Any) -> None:
    acme.does(*ANY, "--credentials-stdin", given='{"token": "hushhush"}')
    assert acme.credentials.stat().st_mode & 0o777 == 0o600
    assert acme.credentials.parent.stat().st_mode & 0o777 == 0o700


def test_environment_counts_as_set(acme: Any) -> None:
    acme.setenv("TRACKWIRE_ACME_TOKEN", "hushhush")
    assert acme.json(*ANY)["missing"] == ["base_url", "board"]


def test_workspace_is_asked_for_by_name_off_a_terminal(acme: Any) -> None:
    assert "--workspace" in acme.fails("bind", "acme", code=2)


@pytest.mark.parametrize("name", ["hub", "1st", "a/b", ""])
def test_no_providers_name_is_refused(user: Any, name: str) -> None:
    assert "no provider's name" in user.fails("bind", name, "--workspace", "w", code=2)


def test_name_is_brought_into_normal_form(user: Any) -> None:
    assert user.json("bind", "Azure DevOps-X", "--workspace", "w")["provider"] == "azure_devops_x"


def test_other_tools_config_survives(acme: Any) -> None:
    acme.config.parent.mkdir()
    foreign = "# the team's\nproject: {uuid: 'u', slug: s}  # flow\nvcs:\n    kind:   'git' # why\n"
    acme.config.write_text(foreign)
    acme.does(*ANY, "--set", "board=B1")
    assert acme.config.read_text().startswith(foreign)
    assert acme.json("status")["project_slug"] == "s"


def test_malformed_config_is_named_with_line_and_column_and_stays(acme: Any) -> None:
    acme.config.parent.mkdir()
    acme.config.write_text("project:\n  a: [1\nb: }\n")
    message = acme.fails(*ANY, code=1)
    assert message.startswith(f"{acme.config}:3:")
    assert acme.config.read_text() == "project:\n  a: [1\nb: }\n"


def test_doctrine_settings_are_kept(acme: Any) -> None:
    acme.does(*ANY, "--doctrine-mode", "split_ownership", "--field-owner", "title=local")
    again = acme.json(*ANY)
    assert again["doctrine_mode"] == "split_ownership"
    assert again["doctrine_field_owners"] == {"title": "local"}


def test_unknown_owner_is_refused_with_the_choices(acme: Any) -> None:
    message = acme.fails(*ANY, "--field-owner", "title=me", code=2)
    assert "external, local, shared" in message


def test_unknown_doctrine_mode_is_refused_with_the_choices(acme: Any) -> None:
    assert "split_ownership" in acme.fails(*ANY, "--doctrine-mode", "mine", code=2)


def test_rebinding_says_what_happens_to_the_issues_at_hand(bound: Any) -> None:
    done = bound.run("bind", "acme", "--workspace", "other.example")
    assert "2 issues of acme at site.example, B1 stay stored" in done.stderr
    assert "board" in done.stderr


def test_rebinding_drops_the_earlier_bindings_fields(bound: Any) -> None:
    assert bound.json("bind", "acme", "--workspace", "o.example")["dropped_fields"] == ["board"]


def test_binding_back_finds_the_issues(bound: Any) -> None:
    bound.does("bind", "acme", "--workspace", "other.example")
    bound.does(*ANY, "--set", "board=B1")
    assert bound.json("status")["scope"]["issue_count"] == 2


def test_address_that_is_none_is_refused(acme: Any) -> None:
    assert "no scheme" in acme.fails(*ANY, "--set", "base_url=site.example", code=2)


def test_secret_for_an_address_that_only_the_project_names_is_refused(acme: Any) -> None:
    acme.does(*ANY, "--set", "base_url=https://evil.example")
    given = json.dumps({"token": "hushhush"})
    message = acme.fails(*ANY, "--credentials-stdin", code=2, given=given)
    assert "https://evil.example" in message
    assert not acme.credentials.exists()


def test_unbind_keeps_the_store(bound: Any) -> None:
    assert "the store and the credentials stay" in bound.does("unbind")
    bound.does(*ANY)
    assert bound.json("status")["scope"]["issue_count"] == 2


def test_purge_removes_binding_and_fields_from_the_file(bound: Any) -> None:
    bound.does("unbind", "--purge")
    assert "acme" not in bound.config.read_text()
    assert "B1" not in bound.config.read_text()
    assert "slug" in bound.config.read_text()


def test_unbind_of_an_unbound_project_fails(bound: Any) -> None:
    bound.does("unbind")
    assert "not bound" in bound.fails("unbind", code=1)


def test_purge_removes_the_store(bound: Any) -> None:
    assert bound.json("unbind", "--purge")["purged"] is True
    assert list((bound.project / ".kittify" / "trackwire").glob("*.sqlite*")) == []
    bound.does(*ANY, "--set", "board=B1")
    assert bound.json("status")["scope"]["fill"] == "never"


def test_purge_works_after_an_unbind(bound: Any) -> None:
    bound.does("unbind")
    assert bound.does("unbind", "--purge").startswith(
        "was not bound; the store and the workspace's credentials were removed"
    )


def test_plain_http_beyond_loopback_is_refused_before_anything_is_kept(acme: Any) -> None:
    given = json.dumps({"base_url": "http://site.example", "token": "hushhush"})
    message = acme.fails(*ANY, "--credentials-stdin", code=2, given=given)
    assert "plain http" in message
    assert not acme.config.exists()
    assert not acme.credentials.exists()
