"""Publishes that are killed before and after the hub has accepted, and two at once."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import TYPE_CHECKING

import pytest
from projectkit import IdempotentHub, bind_project, fill, json_lines, make_service

from trackwire.errors import LockedError
from trackwire.ledger import LedgerEntry, PublishState
from trackwire.lock import DATA_DIRECTORY
from trackwire.store import STORE_FILE, TrackerSqliteStore

if TYPE_CHECKING:
    from trackwire.service import TrackerService

Start = Callable[..., "Popen[str]"]

_KILLED = """
import os, signal
from pathlib import Path
from projectkit import make_service
from trackwire import ledger
from trackwire.delivery import sending

def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

root, url, moment = sys.argv[1:]
if moment == "before":
    sending.deliver = kill
else:
    ledger.Ledger.finish = kill
token = {name: os.environ[name] for name in ("TRACKWIRE_HUB_TOKEN",) if name in os.environ}
make_service(Path(root), environ=token).publish(hub=url)
"""

_HOLDING = """
from pathlib import Path
from projectkit import make_service
from trackwire.delivery import sending

inner = sending.deliver

def deliver(*arguments, **options):
    print("holds", flush=True)
    sys.stdin.readline()
    return inner(*arguments, **options)

sending.deliver = deliver
make_service(Path(sys.argv[1])).publish(hub=sys.argv[2])
print("done", flush=True)
"""

_REFERENCE_HUB = """
from pathlib import Path
from trackwire.hub.app import create_app
from trackwire.hub.database import open_database
from trackwire.hub.server import listen, serve
from trackwire.hub.settings import Settings
from trackwire.hub.teams import create_token

path = Path(sys.argv[1])
engine = open_database(path)
_, token = create_token(engine, "a team", "a test")
engine.dispose()
listener = listen("127.0.0.1", 0)
print(listener.getsockname()[1], token.reveal(), flush=True)
serve(create_app(Settings(database=path)), listener, lambda: print("ready", flush=True))
"""


@pytest.fixture
def service(tmp_path: Path) -> TrackerService:
    bind_project(tmp_path)
    service = make_service(tmp_path)
    fill(service, json_lines("1", "2"))
    return service


def last(service: TrackerService) -> LedgerEntry:
    with TrackerSqliteStore(service.root / DATA_DIRECTORY / STORE_FILE) as store:
        (entry,) = store.ledger.latest()
    return entry


def publish_and_die(start: Start, service: TrackerService, url: str, moment: str) -> None:
    process = start(_KILLED, service.root, url, moment)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (-signal.SIGKILL, "")


@pytest.mark.parametrize("moment", ["before", "after"])
def test_publish_after_a_killed_one_has_its_key(
    service: TrackerService, idempotent_hub: IdempotentHub, start_python: Start, moment: str
) -> None:
    publish_and_die(start_python, service, idempotent_hub.url, moment)
    killed = last(service)
    report = service.publish(hub=idempotent_hub.url)
    assert (killed.state, report.idempotency_key) == (
        PublishState.PENDING,
        killed.idempotency_key,
    )


@pytest.mark.parametrize(("moment", "replayed"), [("before", False), ("after", True)])
def test_hub_accepts_a_killed_publish_once(
    service: TrackerService,
    idempotent_hub: IdempotentHub,
    start_python: Start,
    moment: str,
    replayed: bool,
) -> None:
    publish_and_die(start_python, service, idempotent_hub.url, moment)
    report = service.publish(hub=idempotent_hub.url)
    assert (report.replayed, len(idempotent_hub.accepted)) == (replayed, 1)
    assert last(service).state is PublishState.DELIVERED


def test_spool_of_a_killed_publish_is_removed_by_the_next(
    service: TrackerService, idempotent_hub: IdempotentHub, start_python: Start
) -> None:
    publish_and_die(start_python, service, idempotent_hub.url, "before")
    left = len(list((service.root / DATA_DIRECTORY).glob("spool-*")))
    service.publish(hub=idempotent_hub.url)
    assert (left, list((service.root / DATA_DIRECTORY).glob("spool-*"))) == (1, [])


def test_change_after_a_killed_publish_is_a_publish_of_its_own(
    service: TrackerService, idempotent_hub: IdempotentHub, start_python: Start
) -> None:
    publish_and_die(start_python, service, idempotent_hub.url, "after")
    fill(service, json_lines("3"))
    service.publish(hub=idempotent_hub.url)
    assert len(idempotent_hub.accepted) == 2
    assert len(json.loads(idempotent_hub.state)["issues"]) == 3


def test_going_back_after_a_killed_publish_is_accepted_anew(
    service: TrackerService, idempotent_hub: IdempotentHub, start_python: Start
) -> None:
    service.publish(hub=idempotent_hub.url)
    first = idempotent_hub.state
    fill(service, json_lines("3"))
    publish_and_die(start_python, service, idempotent_hub.url, "after")
    fill(service, json_lines("1", "2"), replace_all=True)
    service.publish(hub=idempotent_hub.url)
    assert (len(idempotent_hub.accepted), idempotent_hub.state) == (3, first)


@pytest.mark.needs_hub
@pytest.mark.parametrize(("moment", "status"), [("before", 201), ("after", 200)])
def test_reference_hub_finishes_a_killed_publish_once(
    service: TrackerService,
    start_python: Start,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    status: int,
) -> None:
    hub = start_python(_REFERENCE_HUB, service.root / "hub.sqlite")
    assert hub.stdout is not None
    port, token = hub.stdout.readline().split()
    assert hub.stdout.readline() == "ready\n"
    url = f"http://127.0.0.1:{port}"
    fill(service, json_lines("3"))
    trusted = make_service(service.root, environ={"TRACKWIRE_HUB_TOKEN": token})
    monkeypatch.setenv("TRACKWIRE_HUB_TOKEN", token)
    process = start_python(_KILLED, service.root, url, moment)
    process.communicate(timeout=60)
    report = trusted.publish(hub=url)
    assert (process.returncode, report.status_code, report.replayed) == (
        -signal.SIGKILL,
        status,
        status == 200,
    )


def test_second_publish_waits_for_the_first(
    service: TrackerService, idempotent_hub: IdempotentHub, start_python: Start
) -> None:
    first = start_python(_HOLDING, service.root, idempotent_hub.url)
    assert first.stdout is not None
    assert first.stdout.readline() == "holds\n"
    told: list[str] = []

    def let_go(line: str) -> None:
        told.append(line)
        assert first.stdin is not None
        first.stdin.write("\n")
        first.stdin.flush()

    second = make_service(service.root, notify=let_go)
    report = second.publish(hub=idempotent_hub.url, timeout=60)
    assert (report.replayed, len(idempotent_hub.accepted)) == (True, 1)
    assert told == [f"waiting up to 60 s for trackwire publish (process {first.pid})"]
    assert first.stdout.readline() == "done\n"


def test_second_publish_gives_up_at_its_timeout_and_sends_nothing(
    service: TrackerService, idempotent_hub: IdempotentHub, start_python: Start
) -> None:
    first = start_python(_HOLDING, service.root, idempotent_hub.url)
    assert first.stdout is not None
    assert first.stdout.readline() == "holds\n"
    with pytest.raises(LockedError, match=rf"trackwire publish \(process {first.pid}\) is working"):
        service.publish(hub=idempotent_hub.url, timeout=0.2)
    assert idempotent_hub.keys == []


def test_lock_of_a_killed_publish_is_free(
    service: TrackerService, idempotent_hub: IdempotentHub, start_python: Start
) -> None:
    first = start_python(_HOLDING, service.root, idempotent_hub.url)
    assert first.stdout is not None
    assert first.stdout.readline() == "holds\n"
    first.kill()
    first.wait()
    assert service.publish(hub=idempotent_hub.url, timeout=5).ok
