"""`trackwire plugin check`: a verdict for each rule, for people and for machines."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

DISTS = Path(__file__).resolve().parents[1] / "data" / "dists"
QUICK = ("--rule", "name-normal", "--rule", "routing-atomic", "--rule", "credential-key-plain")

# The rule that each hostile distribution breaks first; those of `damaged` cannot be imported.
HOSTILE = {
    "api_boolean": "api-version-supported",
    "api_text": "api-version-supported",
    "api_too_new": "api-version-supported",
    "api_too_old": "api-version-supported",
    "bad_resource_type": "resource-type-well-formed",
    "bad_value": "import-succeeds",
    "capital_name": "name-normal",
    "endless": "import-succeeds",
    "exits": "import-succeeds",
    "half_routing_key": "routing-atomic",
    "half_routing_type": "routing-atomic",
    "hook_raises": "hook-returns-provider",
    "import_error": "import-succeeds",
    "key_secret": "credential-key-plain",
    "look_alike": "name-normal",
    "missing_dependency": "import-succeeds",
    "misspelt_hook": "hook-implemented",
    "no_hook": "hook-implemented",
    "other_name": "name-agrees",
    "patches_class": "import-keeps-core",
    "patches_loaded": "import-keeps-core",
    "patches_unloaded": "import-keeps-core",
    "prints": "import-quiet",
    "returns_dict": "hook-returns-provider",
    "returns_none": "hook-returns-provider",
    "unreadable": "entry-points-readable",
}


def failed(plugin: dict[str, Any]) -> list[str]:
    return [each["rule"] for each in plugin["verdicts"] if each["outcome"] == "failed"]


def test_sound_plugin_is_shown_with_a_line_for_each_rule(user: Any) -> None:
    user.on_path(DISTS / "good")
    shown = user.does("plugin", "check", "acme", *QUICK).splitlines()
    assert shown[0] == "acme (fake-good 1.0)"
    assert [line.split()[:2] for line in shown[1:4]] == [
        ["ok", "name-normal"],
        ["ok", "routing-atomic"],
        ["ok", "credential-key-plain"],
    ]
    assert shown[4] == "  rules: 3 kept, 0 broken"


def test_sound_plugin_keeps_every_rule(user: Any) -> None:
    user.on_path(DISTS / "good")
    document = user.json("plugin", "check", "acme")
    assert document["ok"] is True
    assert document["counts"]["failed"] == document["counts"]["not_checked"] == 0
    assert document["counts"]["passed"] > 30


def test_broken_rule_is_shown_with_finding_reason_and_remedy(user: Any) -> None:
    user.on_path(DISTS / "key_secret")
    done = user.run("plugin", "check", "acme", *QUICK)
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    (at,) = (number for number, line in enumerate(lines) if "FAILED" in line)
    assert "credential-key-plain" in lines[at]
    assert "its credential_key 'board' is a secret field" in lines[at + 1]
    assert lines[at + 2].split()[0] == "why:"
    assert lines[at + 3].split()[0] == "remedy:"
    assert lines[-1] == "  rules: 2 kept, 1 broken"


def test_document_has_a_verdict_for_each_rule(user: Any) -> None:
    user.on_path(DISTS / "key_secret")
    document = user.json("plugin", "check", "fake-key-secret", *QUICK, code=1)
    assert document["ok"] is False
    assert document["counts"] == {
        "passed": 2,
        "failed": 1,
        "not_concerned": 0,
        "not_checked": 0,
    }
    (plugin,) = document["plugins"]
    assert [plugin[key] for key in ("name", "distribution", "version")] == [
        "acme",
        "fake-key-secret",
        "1.0",
    ]
    verdict = plugin["verdicts"][-1]
    assert verdict.keys() == {"rule", "outcome", "detail", "text", "reason", "remedy"}
    assert (verdict["rule"], verdict["outcome"]) == ("credential-key-plain", "failed")


@pytest.mark.parametrize(("folder", "rule"), HOSTILE.items())
def test_hostile_distribution_breaks_the_rule_of_its_defect(
    user: Any, folder: str, rule: str
) -> None:
    user.on_path(DISTS / folder)
    dist = f"fake-{folder.replace('_', '-')}"
    limit = "2" if folder == "endless" else "60"
    document = user.json("plugin", "check", dist, "--rule", rule, "--timeout", limit, code=1)
    assert [failed(plugin) for plugin in document["plugins"]] == [[rule]]


def test_plugins_are_checked_one_by_one_where_none_is_named(user: Any) -> None:
    for folder in ("good", "beads", "key_secret"):
        user.on_path(DISTS / folder)
    document = user.json("plugin", "check", "--rule", "title-given", "--rule", "one-claim", code=1)
    plugins = {plugin["distribution"]: failed(plugin) for plugin in document["plugins"]}
    assert plugins["fake-beads"] == []
    assert plugins["fake-good"] == plugins["fake-key-secret"] == ["one-claim"]


def test_plugin_that_is_switched_off_is_checked_on_demand_alone(user: Any) -> None:
    user.on_path(DISTS / "good")
    user.setenv("TRACKWIRE_DISABLE_PLUGINS", "fake-good")
    done = user.run("plugin", "check", *QUICK)
    assert done.exit_code == 0
    assert "note: fake-good 1.0 is switched off by TRACKWIRE_DISABLE_PLUGINS" in done.stderr
    assert "acme (fake-good 1.0)" not in done.stdout
    assert "acme (fake-good 1.0)" in user.does("plugin", "check", "acme", *QUICK)


def test_unknown_name_is_refused_with_what_is_installed(user: Any) -> None:
    user.on_path(DISTS / "good")
    line = user.fails("plugin", "check", "jora", code=2)
    assert line.startswith("no installed plugin is named 'jora'; installed: acme (fake-good 1.0)")


def test_unknown_rule_is_refused(user: Any) -> None:
    line = user.fails("plugin", "check", "--rule", "be-nice", code=2)
    assert line == "there is no rule 'be-nice'; see: trackwire plugin check --list"


def test_rules_are_listed(user: Any) -> None:
    from trackwire.testing import RULES

    lines = user.does("plugin", "check", "--list").splitlines()
    assert [line.split()[0] for line in lines] == [rule.id for rule in RULES]
    document = user.json("plugin", "check", "--list")
    assert document["rules"][0].keys() == {"rule", "text", "reason", "remedy", "need"}


def test_output_of_a_plugin_is_not_in_the_document(user: Any) -> None:
    user.on_path(DISTS / "prints")
    done = user.process("plugin", "check", "acme", "--rule", "import-quiet", "--json")
    (plugin,) = json.loads(done.stdout)["plugins"]
    assert failed(plugin) == ["import-quiet"]
    assert done.stderr == ""


def test_terminal_shows_what_is_being_checked(user: Any) -> None:
    user.on_path(DISTS / "endless")
    shown = user.terminal("plugin", "check", "acme", "--timeout", "3", "--rule", "import-succeeds")
    shown.expect("acme: loading fake-endless 1.0", timeout=60)
    shown.expect("FAILED", timeout=60)
    shown.wait()
    assert shown.exitstatus == 1


def test_interrupt_leaves_no_process_behind(user: Any, tmp_path: Path) -> None:
    note = tmp_path / "loading"
    user.install(
        "endless",
        f"import os\nopen({str(note)!r}, 'a').write(f'{{os.getpid()}} ')\nwhile True: pass\n",
    )
    with user.start("plugin", "check", "endless") as process:
        await_that(lambda: note.exists() and note.read_text().endswith(" "))
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stderr == "interrupted\n"
    for child in map(int, note.read_text().split()):
        await_that(lambda child=child: has_ended(child))


def await_that(happened: Any) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def has_ended(process: int) -> bool:
    """Whether a process is no more, or waits for nothing but to be forgotten."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.needs_jira
@pytest.mark.needs_linear
def test_our_own_plugins_keep_every_rule_of_their_declaration(user: Any) -> None:
    from trackwire.testing.rules import declaration, exports, importing, routing

    modules = (declaration, importing, routing, exports)
    chosen = [word for m in modules for rule in m.RULES for word in ("--rule", rule.id)]
    document = user.json("plugin", "check", "jira", "linear", *chosen)
    assert [plugin["name"] for plugin in document["plugins"]] == ["jira", "linear"]
    assert document["counts"]["passed"] == len(chosen)  # two words a rule, and two plugins
