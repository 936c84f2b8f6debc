"""Publishing a snapshot and emitting events are independent: neither changes for the other."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from contract.documents import ROOT
from projectkit import bind_project, fill, json_lines, make_service, running_hub

from trackwire.errors import RecordError
from trackwire.events import decode_answer, decode_batch, decode_event, decode_refusal

FaultsOf = Callable[..., set[tuple[str, str]]]
Verdicts = dict[str, bool]

PARTS = (
    "contracts/batch-api-contract.md",
    "docs/reference/event-envelope.md",
    "contracts/schemas/event*.json",
    "contracts/fixtures/event*/valid/*.json",
    "contracts/fixtures/event*/invalid/*.json",
)
DECODERS: dict[str, Callable[[bytes], object]] = {
    "event": decode_event,
    "event-batch": decode_batch,
    "event-batch-answer": decode_answer,
    "event-batch-refusal": decode_refusal,
}
PUBLISH = """
import sys
from trackwire.cli import main
root, url, *planted = sys.argv[1:]
for name in planted:
    __import__(name)
main(["-C", root, "publish", "--hub", url, "--json"], standalone_mode=False)
print(*(name for name in sys.modules if name.startswith("trackwire.events")), file=sys.stderr)
"""


@dataclass(frozen=True)
class State:
    """The event contract at one moment.

    Args:
        digests: SHA-256 of each file.
        schema_verdicts: Whether the schema allows each fixture.
        code_verdicts: Whether our reading takes each fixture.
    """

    digests: dict[str, str]
    schema_verdicts: Verdicts
    code_verdicts: Verdicts


@dataclass(frozen=True)
class Published:
    """What two full publishes, one in this process and one in its own, came to.

    Args:
        before: The event contract before them.
        after: And after them.
        bodies: What the hub accepted.
    """

    before: State
    after: State
    bodies: list[bytes]


def files(*patterns: str) -> list[Path]:
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern))


def is_decodable(path: Path) -> bool:
    try:
        DECODERS[path.parts[-3]](path.read_bytes())
    except RecordError:
        return False
    return True


def event_contract(faults: FaultsOf) -> State:
    fixtures = {str(path.relative_to(ROOT)): path for path in files(*PARTS[3:])}
    return State(
        {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files(*PARTS)},
        {
            name: not faults(json.loads(path.read_bytes()), path.parts[-3])
            for name, path in fixtures.items()
        },
        {name: is_decodable(path) for name, path in fixtures.items()},
    )


def publish_in_a_process(root: Path, url: str, *planted: str) -> list[str]:
    """Run `trackwire publish` from the checkout, and return the modules of events it loaded."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRACKWIRE_")}
    own = {"HOME": str(root), "XDG_CONFIG_HOME": str(root), "XDG_DATA_HOME": str(root)}
    own["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    paths = [str(ROOT / "tests/data/dists/good"), os.environ.get("PYTHONPATH", "")]
    own["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    done = subprocess.run(
        [sys.executable, "-c", PUBLISH, str(root), url, *planted],
        cwd=ROOT,
        env=kept | own,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status_code"] == 201
    return done.stderr.split()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    bind_project(root)
    fill(make_service(root), json_lines("1", "2"))
    return root


@pytest.fixture(scope="module")
def published(project: Path, faults: FaultsOf) -> Published:
    before = event_contract(faults)
    with running_hub() as one, running_hub() as other:
        make_service(project).publish(hub=one.url)
        publish_in_a_process(project, other.url)
        return Published(before, event_contract(faults), [one.state, other.state])


def test_every_part_of_the_event_contract_is_looked_at() -> None:
    assert [pattern for pattern in PARTS if not files(pattern)] == []


def test_publishes_arrive_with_their_route(published: Published) -> None:
    members = ("external_resource_type", "external_resource_id")
    routes = [tuple(json.loads(body)[name] for name in members) for body in published.bodies]
    assert routes == [("acme_board", "B1")] * 2


def test_publish_leaves_every_file_of_the_event_contract_as_it_was(published: Published) -> None:
    assert published.after.digests == published.before.digests


def test_publish_leaves_every_event_fixture_as_valid_for_the_schema(published: Published) -> None:
    assert published.after.schema_verdicts == published.before.schema_verdicts


def test_publish_leaves_every_event_fixture_as_valid_for_the_code(published: Published) -> None:
    assert published.after.code_verdicts == published.before.code_verdicts


@pytest.mark.parametrize("side", ["schema_verdicts", "code_verdicts"])
def test_after_a_publish_a_fixture_is_valid_exactly_where_its_folder_says_so(
    published: Published, side: str
) -> None:
    verdicts: Verdicts = getattr(published.after, side)
    assert verdicts == {name: "/valid/" in name for name in verdicts}


def test_publish_loads_nothing_of_events(project: Path) -> None:
    with running_hub() as hub:
        assert publish_in_a_process(project, hub.url) == []


def test_module_of_events_would_be_noticed(project: Path) -> None:
    with running_hub() as hub:
        assert "trackwire.events" in publish_in_a_process(project, hub.url, "trackwire.events")
