"""`trackwire plugin check`: a verdict for each rule, for people and for machines."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from trackwire.testing import isolation
from trackwire.testing.subject import Subject, load
from trackwire.testing.verdicts import verdicts

if TYPE_CHECKING:
    from trackwire.discovery import Found
    from trackwire.testing.rules.rule import Rule, Verdict

DISTS = Path(__file__).resolve().parents[1] / "data" / "dists"
QUICK = ("--rule", "name-normal", "--rule", "routing-atomic", "--rule", "credential-key-plain")

# One for each stage that a load may come to; the rules' own tests know the others.
HOSTILE = {
    "unreadable": "entry-points-readable",
    "import_error": "import-succeeds",
    "misspelt_hook": "hook-implemented",
    "patches_loaded": "import-keeps-core",
}


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has rules about declarations checked in this process, for a test of how verdicts are told."""

    def check(found: Found, rules: Sequence[Rule], **_: object) -> Iterator[Verdict]:
        stage, provider, problem = load(found)
        subject = Subject(found=found, provider=provider, stage=stage, problem=problem)
        return verdicts(subject, rules)

    monkeypatch.setattr(isolation, "isolated_verdicts", check)


def failed(plugin: dict[str, Any]) -> list[str]:
    return [each["rule"] for each in plugin["verdicts"] if each["outcome"] == "failed"]


@pytest.mark.usefixtures("in_process")
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


@pytest.mark.usefixtures("in_process")
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


@pytest.mark.usefixtures("in_process")
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
    document = user.json("plugin", "check", dist, "--rule", rule, "--timeout", "60", code=1)
    assert [failed(plugin) for plugin in document["plugins"]] == [[rule]]


@pytest.mark.usefixtures("in_process")
def test_plugins_are_checked_one_by_one_where_none_is_named(user: Any) -> None:
    for folder in ("good", "beads", "key_secret"):
        user.on_path(DISTS / folder)
    document = user.json("plugin", "check", "--rule", "title-given", "--rule", "one-claim", code=1)
    plugins = {plugin["distribution"]: failed(plugin) for plugin in document["plugins"]}
    assert plugins["fake-beads"] == []
    assert plugins["fake-good"] == plugins["fake-key-secret"] == ["one-claim"]


@pytest.mark.usefixtures("in_process")
def test_plugin_that_is_switched_off_is_checked_on_demand_alone(user: Any) -> None:
    user.on_path(DISTS / "good")
    user.setenv("TRACKWIRE_DISABLE_PLUGINS", "fake-good")
    done = user.run("plugin", "check", *QUICK)
    assert done.exit_code == 0
    assert "note: fake-good 1.0 is switched off by TRACKWIRE_DISABLE_PLUGINS" in done.stderr
    assert "acme (fake-good 1.0)" not in done.stdout
    assert "acme (fake-good 1.0)" in user.does("plugin", "check", "acme", *QUICK)


def test_why_nothing_was_checked_is_told(user: Any) -> None:
    user.on_path(DISTS / "good")
    scanned = user.json("plugin", "check", *QUICK)["plugins"]
    everything = ",".join(plugin["distribution"] for plugin in scanned)
    user.setenv("TRACKWIRE_DISABLE_PLUGINS", everything)
    told = user.does("plugin", "check", *QUICK)
    why = "every provider plugin is switched off; name the one to check"
    assert told == f"nothing was checked: {why}\n"


@pytest.mark.parametrize("seconds", ["nan", "inf", "1e10", "0", "-1"])
def test_time_limit_that_no_clock_can_keep_is_refused(user: Any, seconds: str) -> None:
    line = user.fails("plugin", "check", "--timeout", seconds, code=2)
    assert line.startswith("Invalid value for '--timeout': ")


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
    shown = user.terminal("plugin", "check", "acme", "--timeout", "1", "--rule", "import-succeeds")
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
@pytest.mark.usefixtures("in_process")
def test_our_own_plugins_keep_every_rule_about_the_route(user: Any) -> None:
    from trackwire.testing.rules.routing import RULES

    chosen = [word for rule in RULES for word in ("--rule", rule.id)]
    document = user.json("plugin", "check", "jira", "linear", *chosen)
    assert [plugin["name"] for plugin in document["plugins"]] == ["jira", "linear"]
    assert document["counts"]["passed"] == len(chosen)  # two words a rule, and two plugins
