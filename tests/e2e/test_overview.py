"""`trackwire status`, `route`, `providers` and `map`."""

from __future__ import annotations

import json
import os
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from trackwire import __version__
from trackwire.cli import main

BAD_PLUGINS = {
    "raises": ("raise RuntimeError('no such thing')", "RuntimeError: no such thing"),
    "leaves": ("raise SystemExit(3)", "SystemExit: 3"),
    "hooks_nothing": ("x = 1", "implements no hook"),
    "misspelt": (
        "from trackwire.hookspecs import hookimpl\n"
        "@hookimpl\ndef trackwire_providr():\n    return None\n",
        "trackwire_providr",
    ),
}


def test_status_of_no_project_names_the_remedy(user: Any) -> None:
    message = user.fails("status", code=1)
    assert "trackwire bind PROVIDER" in message
    assert str(user.project) in message


def test_failed_look_leaves_nothing_behind(user: Any) -> None:
    for command in ("status", "route"):
        user.fails(command, code=1)
    assert list(user.project.iterdir()) == []


def test_looking_makes_no_store(acme: Any) -> None:
    acme.does("bind", "acme", "--workspace", "site.example", "--set", "board=B1")
    for command in (("status",), ("route",), ("map", "list"), ("credentials", "list")):
        acme.does(*command)
    assert list((acme.project / ".kittify" / "trackwire").glob("*.sqlite*")) == []


def test_project_below_is_pointed_to(user: Any) -> None:
    user.does("bind", "notion", "--workspace", "w")
    below = user.project / "src"
    below.mkdir()
    user.project = below
    assert f"-C {below.parent}" in user.fails("status", code=1)


def test_status_shows_binding_route_and_issues(bound: Any) -> None:
    shown = bound.does("status")
    assert "acme at site.example" in shown
    assert "acme_board B1" in shown
    assert "2 issues, 0 mappings (complete)" in shown
    assert "published  never" in shown


def test_status_shows_other_scopes(bound: Any) -> None:
    bound.does("bind", "acme", "--workspace", "site.example", "--set", "board=B2")
    (other,) = bound.json("status")["other_scopes"]
    assert (other["resource_id"], other["issue_count"]) == ("B1", 2)


def test_route_has_the_five_parts(bound: Any) -> None:
    shown = bound.json("route")
    assert shown["provider"] == "acme"
    assert shown["workspace"] == "site.example"
    assert shown["external_resource_type"] == "acme_board"
    assert shown["external_resource_id"] == "B1"
    assert shown["routing_reason"] == "routed"


def test_route_names_the_source_of_each_part(bound: Any) -> None:
    project = {"source": "project", "where": str(bound.config)}
    assert bound.json("route")["sources"] == {
        "provider": project,
        "workspace": project,
        "external_resource_type": {"source": "plugin", "where": "acme-plugin 1.2"},
        "external_resource_id": project,
    }


def test_route_takes_the_environment_over_the_project_and_warns(bound: Any) -> None:
    bound.setenv("TRACKWIRE_ACME_BOARD", "B2")
    done = bound.run("route")
    assert "environment: TRACKWIRE_ACME_BOARD" in done.stdout
    assert "note: TRACKWIRE_ACME_BOARD overrides another value" in done.stderr


def test_route_does_not_warn_where_they_agree(bound: Any) -> None:
    bound.setenv("TRACKWIRE_ACME_BOARD", "B1")
    assert bound.json("route")["warnings"] == []


def test_blank_environment_variable_counts_as_unset(bound: Any) -> None:
    bound.setenv("TRACKWIRE_ACME_BOARD", "  ")
    assert bound.json("route")["external_resource_id"] == "B1"


def test_route_without_a_plugin_is_null(user: Any) -> None:
    user.does("bind", "notion", "--workspace", "w")
    shown = user.json("route")
    assert shown["external_resource_type"] is None
    assert shown["external_resource_id"] is None
    assert shown["routing_reason"] == "provider_unregistered"


def test_route_without_the_id_says_how_to_set_it(acme: Any) -> None:
    acme.does("bind", "acme", "--workspace", "site.example")
    assert "trackwire bind acme --workspace site.example --set board=" in acme.does("route")


@pytest.mark.parametrize("name", ["acme", "ACME-plugin"])
def test_switched_off_plugin_is_blocked(bound: Any, name: str) -> None:
    bound.setenv("TRACKWIRE_DISABLE_PLUGINS", name)
    assert bound.json("route")["routing_reason"] == "provider_blocked"


def test_broken_plugin_has_no_route(acme: Any) -> None:
    acme.does("bind", "notion", "--workspace", "w")
    acme.install("notion", "raise SystemExit('no')")
    assert "notion-plugin 1.2" in acme.fails("route", code=1)


def listed(user: Any) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in user.json("providers")["providers"]}


def test_providers_describes_a_registered_plugin(acme: Any) -> None:
    assert listed(acme)["acme"] == {
        "name": "acme",
        "title": "Acme Boards",
        "resource_type": "acme_board",
        "credential_key": "board",
        "distribution": "acme-plugin",
        "version": "1.2",
        "outcome": "registered",
        "reason": None,
    }


@pytest.mark.parametrize("defect", BAD_PLUGINS)
def test_providers_lists_a_broken_plugin_with_its_reason(acme: Any, defect: str) -> None:
    source, reason = BAD_PLUGINS[defect]
    acme.install("bad", source)
    assert listed(acme)["bad"]["outcome"] == "broken"
    assert reason in listed(acme)["bad"]["reason"]
    assert listed(acme)["acme"]["outcome"] == "registered"


def test_providers_names_both_claimants_of_a_name(acme: Any) -> None:
    acme.install("acme", "raise RuntimeError", dist="other-plugin")
    shown = acme.does("providers")
    assert "acme-plugin 1.2" in shown
    assert "other-plugin 1.2" in shown
    assert listed(acme)["acme"]["outcome"] == "broken"


def test_providers_lists_an_ill_named_entry_point_as_broken(acme: Any) -> None:
    acme.install("azure_devops", "x = 1", entry="azure-devops")
    assert listed(acme)["azure_devops"]["outcome"] == "broken"


def test_providers_does_not_import_a_blocked_plugin(acme: Any) -> None:
    mark = acme.home / "imported"
    acme.install("bad", f"open({str(mark)!r}, 'w').close()")
    acme.setenv("TRACKWIRE_DISABLE_PLUGINS", "bad")
    assert listed(acme)["bad"]["outcome"] == "blocked"
    assert not mark.exists()


def test_what_a_plugin_prints_stays_off_standard_output(user: Any) -> None:
    user.install("loud", "print('hello from a plugin')\nraise RuntimeError")
    done = user.process("providers", "--json")
    assert "hello from a plugin" not in done.stdout
    assert "hello from a plugin" in done.stderr


def test_mapping_is_added_listed_and_removed(bound: Any) -> None:
    bound.does("map", "add", "WP01", "1")
    (held,) = bound.json("map", "list")["mappings"]
    assert (held["wp_id"], held["external_id"]) == ("WP01", "1")
    bound.does("map", "remove", "WP01", "1")
    assert bound.does("map", "list") == "no mappings\n"


def test_mapping_is_published(bound: Any) -> None:
    bound.does("map", "add", "WP01", "1")
    assert bound.json("publish", "--dry-run")["mapping_count"] == 1


@pytest.mark.parametrize("name", ["WP1", "wp01", "WP001", ""])
def test_ill_formed_work_package_is_refused(bound: Any, name: str) -> None:
    assert "WP01" in bound.fails("map", "add", name, "1", code=2)


def test_mapping_to_an_issue_that_is_not_at_hand_is_refused(bound: Any) -> None:
    assert "import it first" in bound.fails("map", "add", "WP01", "77", code=2)


def test_removing_no_mapping_is_refused(bound: Any) -> None:
    assert "trackwire map list" in bound.fails("map", "remove", "WP01", "1", code=2)


def test_path_that_is_not_utf8_is_in_the_document_in_escapes(user: Any) -> None:
    user.project = Path(os.fsdecode(bytes(user.project) + b"-\xff"))
    user.project.mkdir()
    user.does("bind", "notion", "--workspace", "w")
    shown = user.does("route", "--json")
    assert "rocket-\\udcff" in shown
    assert json.loads(shown)["sources"]["provider"]["where"] == str(user.config)


def test_caller_in_this_process_may_take_the_output_in_memory() -> None:
    with redirect_stdout(StringIO()) as shown, pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert (ended.value.code, __version__ in shown.getvalue()) == (0, True)
