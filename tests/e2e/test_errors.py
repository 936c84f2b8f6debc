"""What every command has in common: help, JSON, exit codes, errors, interruption."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from trackwire.cli import main
from trackwire.errors import LockedError
from trackwire.lock import project_lock

WITHOUT_EXTRA = [
    *(["bind"], ["unbind"], ["status"], ["route"], ["providers"]),
    *(["credentials", "list"], ["credentials", "set"], ["credentials", "remove"]),
    *(["import"], ["map", "add"], ["map", "list"], ["map", "remove"]),
    *(["pull"], ["sync"], ["discover"], ["doctor"]),
    *(["publish"], ["login"], ["logout"], ["demo"], ["plugin", "new"], ["plugin", "check"]),
]


def commands(group: click.Group, *path: str) -> Iterator[tuple[list[str], click.Command]]:
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield [*path, name], command


ALL = {" ".join(path): command for path, command in commands(main)}


def test_the_lists_above_are_all_commands() -> None:
    assert {name for name in ALL if not name.startswith("hub ")} == {
        " ".join(path) for path in WITHOUT_EXTRA
    }


@pytest.mark.parametrize("name", ALL)
def test_command_has_json(name: str) -> None:
    assert "--json" in {option for parameter in ALL[name].params for option in parameter.opts}


@pytest.mark.parametrize("name", ALL)
def test_every_option_is_explained(name: str) -> None:
    options = [p for p in ALL[name].params if isinstance(p, click.Option)]
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize("path", WITHOUT_EXTRA, ids=" ".join)
def test_help_needs_no_project(user: Any, path: list[str]) -> None:
    assert user.does(*path, "--help").startswith(f"Usage: main {' '.join(path)}")


@pytest.mark.parametrize("path", WITHOUT_EXTRA, ids=" ".join)
def test_wrong_usage_is_one_line(user: Any, path: list[str]) -> None:
    message = user.fails(*path, "--no-such", code=2)
    assert message.startswith("No such option")
    assert "--no-such" in message
    assert f"{' '.join(path)} --help" in message


@pytest.mark.parametrize("path", WITHOUT_EXTRA, ids=" ".join)
def test_wrong_usage_with_json_is_one_document(user: Any, path: list[str]) -> None:
    failed = user.json(*path, "--no-such", code=2)
    assert failed["ok"] is False
    assert "--no-such" in failed["error"]


@pytest.mark.parametrize("arguments", [["nonsense"], ["credentials", "nonsense"], ["map", "x"]])
def test_unknown_command_is_wrong_usage(user: Any, arguments: list[str]) -> None:
    assert "No such command" in user.json(*arguments, code=2)["error"]


def test_directory_that_is_not_there_is_wrong_usage(user: Any) -> None:
    user.project = user.project / "nowhere"
    assert "nowhere" in user.json("status", code=2)["error"]


@pytest.mark.parametrize(
    "arguments",
    [["unbind"], ["status"], ["route"], ["credentials", "list"], ["map", "list"], ["publish"]],
    ids=" ".join,
)
def test_unbound_project_is_one_document_and_exit_code_1(user: Any, arguments: list[str]) -> None:
    failed = user.json(*arguments, code=1)
    assert set(failed) == {"ok", "error"}
    assert "not a project" in failed["error"]


def test_bare_command_shows_the_help_and_is_wrong_usage(user: Any) -> None:
    done = user.process()
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: trackwire" in done.stderr


def test_debug_shows_the_traceback(user: Any) -> None:
    done = user.process("--debug", "status")
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: ")


def test_no_traceback_without_debug(user: Any) -> None:
    done = user.process("status")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_defect_is_a_line_that_keeps_its_text_to_itself(
    user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError("hushhush")

    monkeypatch.setattr("trackwire.registry.ProviderRegistry.names", fail)
    message = user.fails("providers", code=1)
    assert "ZeroDivisionError" in message
    assert "trackwire --debug" in message
    assert "hushhush" not in message


def test_directory_option_chooses_the_project(user: Any, tmp_path: Path) -> None:
    user.does("bind", "notion", "--workspace", "w")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    user.project, project = elsewhere, user.project
    assert user.process("-C", f"../{project.name}", "status").returncode == 0


def test_file_that_cannot_be_written_is_a_line_that_names_it(user: Any) -> None:
    (user.project / ".kittify").write_text("in the way")
    message = user.fails("bind", "notion", "--workspace", "w", code=1)
    assert ".kittify" in message


def test_reader_that_closes_early_gets_no_traceback(bound: Any) -> None:
    code = (
        "import os\n"
        "from trackwire.cli import main\n"
        "reading, writing = os.pipe(); os.close(reading); os.dup2(writing, 1)\n"
        "main(prog_name='trackwire')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "status"],
        cwd=bound.project,
        env=bound.environ,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    assert done.returncode == 1


@contextlib.contextmanager
def import_under_way(user: Any) -> Iterator[subprocess.Popen[str]]:
    """An import that holds the project's lock and waits for more of its standard input."""
    with user.start("import", "--format", "jsonl", "-", stdin=subprocess.PIPE) as process:
        process.stdin.write(user.lines(*map(str, range(2000))))
        process.stdin.flush()
        while is_free(user.project):
            assert process.poll() is None
        yield process


def is_free(project: Path) -> bool:
    try:
        with project_lock(project, "look", wait=0):
            return True
    except LockedError:
        return False


def test_interrupted_import_exits_130(bound: Any) -> None:
    with import_under_way(bound) as process:
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert stderr == "interrupted\n"


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_import_that_is_cut_short_leaves_the_state_before_it(bound: Any, end: int) -> None:
    with import_under_way(bound) as process:
        process.send_signal(end)
        process.communicate(timeout=20)
    assert bound.json("status")["scope"]["issue_count"] == 2
    assert "1 created" in bound.does("import", "-", given=bound.cards("7"))


def test_every_result_is_an_object_with_ok(bound: Any) -> None:
    looks = [["status"], ["route"], ["providers"], ["credentials", "list"], ["map", "list"]]
    assert [bound.json(*look)["ok"] for look in looks] == [True] * len(looks)


def test_notes_stay_off_standard_output(bound: Any) -> None:
    done = bound.run("bind", "notion", "--workspace", "w", "--json")
    assert "note: " in done.stderr
    assert json.loads(done.stdout)["provider"] == "notion"


ESC = "\x1b[31m\x1b]0;owned\x07"


def test_text_of_others_does_not_steer_the_terminal(acme: Any) -> None:
    acme.does("bind", "acme", "--workspace", f"site{ESC}.example", "--set", "board=B1")
    for command in (("status",), ("route",), ("publish", "--dry-run", "--allow-empty")):
        done = acme.run(*command)
        assert "\x1b" not in done.stdout + done.stderr
        assert "\\x1b[31m" in done.stdout


def test_address_with_a_password_in_the_environment_is_refused_unseen(acme: Any) -> None:
    acme.does("bind", "acme", "--workspace", "w", "--set", "board=B1")
    acme.setenv("TRACKWIRE_HUB_URL", "https://user:s3cr3t-word@hub.example")
    done = acme.run("status", "--json")
    assert done.exit_code == 2
    assert "s3cr3t-word" not in done.stdout + done.stderr


def test_deep_json_on_standard_input_is_wrong_usage(acme: Any) -> None:
    done = acme.run("bind", "acme", "--workspace", "w", "--credentials-stdin", given="[" * 200_000)
    assert done.exit_code == 2
    assert "standard input is not JSON" in done.stderr


@pytest.mark.parametrize("arguments", [("status", "--json"), ("status",), ("nonsense", "--json")])
def test_output_that_cannot_be_written_is_no_traceback(
    acme: Any, arguments: tuple[str, ...]
) -> None:
    acme.does("bind", "acme", "--workspace", "w", "--set", "board=B1")
    with Path("/dev/full").open("w") as full:
        done = acme.process(*arguments, stdout=full)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


def test_text_that_the_terminals_encoding_lacks_is_escaped(acme: Any) -> None:
    acme.does("bind", "acme", "--workspace", "rocket-\N{ROCKET}", "--set", "board=B1")
    acme.setenv("PYTHONIOENCODING", "latin-1")
    done = acme.process("status")
    assert done.returncode == 0
    assert "rocket-\\U0001f680" in done.stdout
