"""What a command imports, and the completion of the shells."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

HEAVY = {
    *("httpx", "httpcore", "ruamel.yaml", "keyring", "rich", "msgspec", "sqlite3"),
    *("importlib_metadata", "pluggy", "tenacity", "filelock", "sqlalchemy", "starlette"),
    *("uvicorn", "ijson", "platformdirs"),
}
IMPORTED = """
import atexit, sys
before = set(sys.modules)
atexit.register(lambda: print(*set(sys.modules) - before, sep="\\n", file=sys.stderr))
from trackwire.cli import main
main(prog_name="trackwire")
"""


def imported(user: Any, *arguments: str, **environ: str) -> set[str]:
    """Run a command that is to succeed, and return the modules that it imported.

    Unmeasured: coverage imports modules of its own into a process that it follows.
    """
    unmeasured = {
        name: value
        for name, value in user.environ.items()
        if not name.startswith("COVERAGE_PROCESS_")
    }
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *arguments],
        cwd=user.project,
        env=unmeasured | environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def complete(user: Any, shell: str, words: str, index: int) -> list[str]:
    """Ask for the completions as the shell's script does."""
    environ = {"_TRACKWIRE_COMPLETE": f"{shell}_complete", "COMP_WORDS": words}
    done = subprocess.run(
        [sys.executable, "-m", "trackwire"],
        cwd=user.project,
        env=user.environ | environ | {"COMP_CWORD": str(index)},
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_version_imports_nothing_heavy(user: Any) -> None:
    assert imported(user, "--version") & HEAVY == set()


@pytest.mark.parametrize("command", ["", "publish", "bind", "pull", "sync", "discover", "doctor"])
def test_help_imports_nothing_heavy_but_the_model(user: Any, command: str) -> None:
    assert imported(user, *command.split(), "--help") & HEAVY <= {"msgspec"}


def test_version_imports_no_library_but_click(user: Any) -> None:
    packages = {name.partition(".")[0] for name in imported(user, "--version")}
    assert packages - sys.stdlib_module_names == {"click", "trackwire"}


def test_version_imports_no_command(user: Any) -> None:
    own = {name for name in imported(user, "--version") if name.startswith("trackwire.")}
    assert own == {
        "trackwire.cli",
        "trackwire.cli.lazy",
        "trackwire.cli.output",
        "trackwire.errors",
    }


@pytest.mark.parametrize("command", ["status", "route", "publish --dry-run"])
def test_look_at_the_project_imports_no_http_and_opens_no_keyring(bound: Any, command: str) -> None:
    bound.does("credentials", "set", "token", "--stdin", given="hushhush")
    needless = {"httpx", "httpcore", "keyring", "tenacity", "sqlalchemy", "starlette", "ijson"}
    assert imported(bound, *command.split()) & needless == set()


def test_route_imports_nothing_that_pulls_or_publishes_alone_need(bound: Any) -> None:
    needless = {"pulling", "visiting", "connecting", "connector", "publishing", "store"}
    modules = {f"trackwire.{name}" for name in needless} | {"filelock", "sqlite3"}
    assert imported(bound, "route") & modules == set()


@pytest.mark.parametrize("command", ["status", "publish --dry-run"])
def test_look_at_the_store_imports_nothing_that_a_pull_alone_needs(
    bound: Any, command: str
) -> None:
    modules = {"trackwire.pulling", "trackwire.connecting", "trackwire.connector", "filelock"}
    assert imported(bound, *command.split()) & modules == set()


@pytest.mark.parametrize("command", ["status", "route", "publish --dry-run", "credentials list"])
def test_result_off_a_terminal_loads_no_renderer_of_terminals(bound: Any, command: str) -> None:
    assert "rich.console" not in imported(bound, *command.split())


def test_dry_run_leaves_the_hubs_token_in_the_keyring(bound: Any, memory_keyring: Any) -> None:
    bound.does("login", "http://127.0.0.1:9", "--token-stdin", given="hushhush")
    assert list(memory_keyring.held.values()) == ["hushhush"]
    assert "keyring" not in imported(bound, "publish", "--dry-run")


def test_import_of_a_file_loads_the_one_plugin_that_it_needs(bound: Any) -> None:
    mark = bound.home / "imported"
    bound.install("other", f"open({str(mark)!r}, 'w').close()")
    bound.does("import", "-", given=bound.cards("3"))
    bound.does("publish", "--dry-run")
    assert not mark.exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_of_the_shell_is_generated(user: Any, shell: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "trackwire"],
        env=user.environ | {"_TRACKWIRE_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
    )
    assert "_TRACKWIRE_COMPLETE" in done.stdout
    assert f"{shell}_complete" in done.stdout


def test_command_is_completed(user: Any) -> None:
    assert complete(user, "bash", "trackwire pub", 1) == ["publish"]


def test_option_is_completed(user: Any) -> None:
    assert complete(user, "bash", "trackwire publish --req", 2) == ["--require-routing"]


def test_providers_name_is_completed(acme: Any) -> None:
    assert complete(acme, "bash", "trackwire bind ac", 2) == ["acme"]


def test_name_of_a_broken_plugin_is_completed_without_loading_it(user: Any) -> None:
    user.install("broken", "raise SystemExit(3)")
    assert complete(user, "bash", "trackwire bind bro", 2) == ["broken"]


def test_choice_is_completed(user: Any) -> None:
    words = "trackwire bind x --doctrine-mode sp"
    assert complete(user, "bash", words, 4) == ["spec_kitty_authoritative", "split_ownership"]


def test_zsh_and_fish_are_given_the_same_command(user: Any) -> None:
    for shell in ("zsh", "fish"):
        environ = {"_TRACKWIRE_COMPLETE": f"{shell}_complete", "COMP_WORDS": "trackwire rou"}
        done = subprocess.run(
            [sys.executable, "-m", "trackwire"],
            env=user.environ | environ | {"COMP_CWORD": "rou" if shell == "fish" else "1"},
            capture_output=True,
            text=True,
        )
        assert "route" in done.stdout


def test_document_of_a_process_is_one_line_of_json(bound: Any) -> None:
    done = bound.process("status", "--json")
    assert done.stdout.count("\n") == 1
    assert json.loads(done.stdout)["ok"] is True
