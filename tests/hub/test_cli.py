"""`trackwire hub`: the server's process, and the commands beside it."""

from __future__ import annotations

import json
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from hubkit import BASE, SNAPSHOTS, first_line, snapshot

from trackwire.cli import main
from trackwire.cli.hub import hub
from trackwire.errors import StoreError, TrackwireError, UsageError
from trackwire.hub.database import open_database
from trackwire.hub.teams import list_teams

MAIN = "from trackwire.cli.hub import hub; hub()"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "hub.sqlite"


@contextmanager
def serving(database: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", MAIN, "serve", "--database", str(database), *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def run(*arguments: str, database: Path) -> str:
    result = CliRunner().invoke(
        hub, [*arguments, "--database", str(database)], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return result.stdout


def run_json(*arguments: str, database: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(run(*arguments, "--json", database=database))
    return document


def python(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def refusal(*arguments: str, database: Path) -> TrackwireError:
    result = CliRunner().invoke(hub, [*arguments, "--database", str(database)])
    assert isinstance(result.exception, TrackwireError)
    return result.exception


def test_serve_says_where_it_listens_once_it_does(database: Path) -> None:
    with serving(database, "--port", "0") as process:
        line = first_line(process)
        assert re.fullmatch(r"listening on http://127\.0\.0\.1:\d+\n", line)
        url = line.split()[-1]
        assert httpx.get(f"{url}/healthz").status_code == 200


def test_serve_says_so_in_json(database: Path) -> None:
    with serving(database, "--port", "0", "--json") as process:
        document = json.loads(first_line(process))
        assert document["ok"] is True
        assert httpx.get(f"{document['url']}/healthz").status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_without_an_error(database: Path, number: signal.Signals) -> None:
    with serving(database, "--port", "0") as process:
        first_line(process)
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        assert (process.returncode, out, err) == (0, "", "")


def test_a_request_in_process_is_answered_before_it_stops(database: Path) -> None:
    token = run_json("token", "create", "--team", "red", "--name", "t", database=database)["token"]
    body = json.dumps(snapshot()).encode()
    with serving(database, "--port", "0") as process:
        port = int(first_line(process).rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            head = (
                f"POST {SNAPSHOTS} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n"
                f"Idempotency-Key: k\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
            )
            connection.sendall(head.encode())
            assert connection.recv(1024).startswith(b"HTTP/1.1 100 ")
            process.send_signal(signal.SIGTERM)
            connection.sendall(body)
            assert connection.recv(1024).startswith(b"HTTP/1.1 201 ")
        assert process.wait(timeout=10) == 0


def test_a_port_in_use_is_named(database: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        error = refusal("serve", "--port", port, database=database)
    assert re.search(rf"port {port}.*in use.*--port", str(error))


def test_another_host_than_loopback_is_warned_of(database: Path) -> None:
    with serving(database, "--port", "0", "--host", "0.0.0.0") as process:
        first_line(process)
        process.send_signal(signal.SIGTERM)
        assert "unprotected" in process.communicate(timeout=10)[1]


def test_a_loopback_host_is_not_warned_of_by_whatever_name(database: Path) -> None:
    with serving(database, "--port", "0", "--host", "localhost") as process:
        first_line(process)
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=10)[1] == ""


def test_max_body_is_the_limit(database: Path) -> None:
    token = run_json("token", "create", "--team", "red", "--name", "t", database=database)["token"]
    with serving(database, "--port", "0", "--max-body", "10") as process:
        url = first_line(process).split()[-1]
        headers = {
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": "k",
            "Content-Type": "application/json",
        }
        answer = httpx.post(f"{url}{SNAPSHOTS}", content=b"x" * 11, headers=headers)
        assert answer.status_code == 413


def test_a_token_is_printed_alone_and_once(database: Path) -> None:
    token = run("token", "create", "--team", "red", "--name", "ci", database=database).strip()
    assert re.fullmatch(r"twh_[\w-]{43}", token)
    assert token not in run("token", "list", "--json", database=database)


def test_a_second_token_belongs_to_the_same_team(database: Path) -> None:
    for name in ("ci", "laptop"):
        run("token", "create", "--team", "red", "--name", name, database=database)
    engine = open_database(database)
    assert list(list_teams(engine).values()) == ["red"]
    engine.dispose()


def test_commands_work_while_the_hub_runs(database: Path) -> None:
    with serving(database, "--port", "0") as process:
        url = first_line(process).split()[-1]
        made = run_json("token", "create", "--team", "red", "--name", "ci", database=database)
        client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {made['token']}"})
        with client:
            headers = {"Idempotency-Key": "k"}
            assert client.post(SNAPSHOTS, json=snapshot(), headers=headers).status_code == 201
            waiting = run_json("queue", database=database)["queue"]
            assert (waiting[0]["team"], waiting[0]["snapshot_count"]) == ("red", 1)
            added = run_json(*ADD_SITE, database=database)
            assert added["resolved_snapshots"] == 1
            assert client.get(f"{BASE}/queue/").json() == {"items": []}
            run("token", "revoke", made["token_id"], database=database)
            assert client.get(SNAPSHOTS).status_code == 401


TOKEN = ("token", "create", "--team", "red", "--name", "ci")
ADD_SITE = (
    *("mapping", "add", "--team", "red", "--provider", "Jira"),
    *("--workspace", "acme.example", "--project", "web"),
)


@pytest.fixture
def red(database: Path) -> None:
    run("token", "create", "--team", "red", "--name", "ci", database=database)


@pytest.mark.usefixtures("red")
def test_a_mapping_is_added_listed_and_removed(database: Path) -> None:
    resource = ("--type", "jira_project", "--id", " ACME ")
    added = run_json(*ADD_SITE, *resource, database=database)
    assert (added["provider"], added["external_resource_id"]) == ("jira", "ACME")
    assert len(run_json("mapping", "list", "--team", "red", database=database)["mappings"]) == 1
    run("mapping", "remove", added["mapping_id"], database=database)
    assert run_json("mapping", "list", database=database)["mappings"] == []


@pytest.mark.usefixtures("red")
def test_a_second_mapping_of_a_key_is_a_mistake_of_the_caller(database: Path) -> None:
    run(*ADD_SITE, database=database)
    assert isinstance(refusal(*ADD_SITE, database=database), UsageError)


@pytest.mark.usefixtures("red")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*ADD_SITE, "--type", "jira_project"), "both --type and --id"),
        ((*ADD_SITE, "--type", "Jira Project", "--id", "A"), "external_resource_type"),
        (("mapping", "remove", "nothing"), "'nothing'"),
        (("mapping", "list", "--team", "blue"), "'blue'"),
        (("queue", "--team", "blue"), "token create"),
        (("token", "revoke", "nothing"), "'nothing'"),
        (("token", "create", "--team", " ", "--name", "x"), "blank"),
    ],
)
def test_a_mistake_is_named(database: Path, arguments: tuple[str, ...], words: str) -> None:
    error = refusal(*arguments, database=database)
    assert isinstance(error, UsageError)
    assert words in str(error)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("token", "list"), "no tokens"),
        (("mapping", "list"), "no mappings"),
        (("queue",), "nothing waits"),
    ],
)
def test_an_empty_list_says_so(database: Path, arguments: tuple[str, ...], words: str) -> None:
    open_database(database).dispose()
    assert words in run(*arguments, database=database)


def test_the_database_is_in_the_users_data_directory_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert CliRunner().invoke(main, ["hub", *TOKEN]).exit_code == 0
    made = tmp_path / "trackwire" / "hub.sqlite"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("queue", "--team", "blue", "--database", "{}/hub.sqlite"), 2),
        ((*TOKEN, "--database", "{}/file/hub.sqlite"), 1),
        (("queue", "--database", "{}/absent.sqlite"), 2),
        (("queue", "--database", "{}/unreadable.sqlite"), 75),
        ((*TOKEN, "--database", "{}/unwritable.sqlite"), 75),
        ((*TOKEN, "--database", "{}/hub.sqlite"), 0),
    ],
)
def test_the_exit_code_tells_what_to_do(
    tmp_path: Path, arguments: tuple[str, ...], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trackwire.cli.hub.database.BUSY_SECONDS", 0.1)
    (tmp_path / "file").touch()
    with ExitStack() as stack:
        for name, lock in (("unreadable", "EXCLUSIVE"), ("unwritable", "IMMEDIATE")):
            path = tmp_path / f"{name}.sqlite"
            open_database(path).dispose()
            stack.enter_context(closing(sqlite3.connect(path))).execute(f"BEGIN {lock}")
        filled = [argument.format(tmp_path) for argument in arguments]
        result = CliRunner().invoke(main, ["hub", *filled, "--json"])
    assert (result.exit_code, json.loads(result.stdout)["ok"]) == (code, code == 0)


def test_a_database_that_fails_a_command_is_named(database: Path) -> None:
    open_database(database).dispose()
    with closing(sqlite3.connect(database)) as damaged:
        damaged.execute("DROP TABLE tokens")
    error = refusal(*TOKEN, database=database)
    assert isinstance(error, StoreError)
    assert str(database) in str(error)


def test_without_the_extra_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['starlette'] = None\n"
        "from click.testing import CliRunner\n"
        "from trackwire.cli.hub import hub\n"
        "print(CliRunner().invoke(hub, ['queue']).exception)"
    )
    output = python(code)
    assert 'python -m pip install "trackwire[hub]"' in output


def test_its_module_loads_none_of_the_hubs_libraries() -> None:
    code = (
        "import sys, trackwire.cli.hub\n"
        "print([n for n in ('sqlalchemy', 'starlette', 'uvicorn', 'ijson') if n in sys.modules])"
    )
    output = python(code)
    assert output == "[]\n"


def test_reading_command_makes_no_database_where_there_is_none(tmp_path: Path) -> None:
    absent = tmp_path / "typo.sqlite"
    done = CliRunner().invoke(main, ["hub", "queue", "--database", str(absent)])
    assert done.exit_code == 2
    assert f"{absent}: there is no hub's database" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_hub_that_cannot_start_does_not_say_that_it_listens() -> None:
    code = (
        "from contextlib import asynccontextmanager\n"
        "from starlette.applications import Starlette\n"
        "from trackwire.hub.server import listen, serve\n"
        "@asynccontextmanager\n"
        "async def failing(app):\n"
        "    raise OSError('no room')\n"
        "    yield\n"
        "serve(Starlette(lifespan=failing), listen('127.0.0.1', 0), lambda: print('ready'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert "no room" in done.stderr
