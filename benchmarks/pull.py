"""How long a pull takes beside what the tracker itself takes to serve it.

Run it from the repository, in an environment with both plugins and the test dependencies:

    python benchmarks/pull.py [--tracker cloud datacenter linear] [--issues 1000 10000 100000]
        [--delay 0] [--repeat 3]

An emulated tracker runs in a process of its own; `--delay` lets each answer take so many seconds
longer, as a real tracker's does. A first pull, which is not measured, records the requests that it
sends. The floor sends exactly these once more with a bare HTTP client and throws the answers away.
Floor and pull are measured in turn, each in a fresh process and after its imports; a line shows
the medians. `start s` is what comes before: the imports and opening the service. `again s` is a
second pull into the same project, with nothing changed. Peak memory is that of the whole process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measuring import Measured, middle, run, timed

if TYPE_CHECKING:
    import httpx

    from trackwire.fetching import TrackerClient
    from trackwire.service import TrackerService

ROOT = Path(__file__).resolve().parents[1]
EXIT_SECONDS = 10
HEADING = (
    "tracker      issues  delay s  requests  floor s   pull s  ratio  issues/s   cpu s"
    "  start s  again s  peak MiB  floor MiB"
)


@dataclass(frozen=True)
class Tracker:
    """An emulated tracker, and how a project is bound to it.

    Args:
        module: Runs it.
        provider: The provider's name.
        address: The credential field of its address.
        secret: The credential field of its secret.
        resource: The credential field of the bound resource.
    """

    module: str
    provider: str
    address: str
    secret: str
    resource: str


TRACKERS = {
    "cloud": Tracker("emulators.jira_cloud", "jira", "base_url", "api_token", "project_key"),
    "datacenter": Tracker(
        "emulators.jira_datacenter", "jira", "base_url", "api_token", "project_key"
    ),
    "linear": Tracker("emulators.linear", "linear", "api_url", "api_key", "team_id"),
}


@dataclass(frozen=True)
class Facts:
    """What a measured process has to know.

    Args:
        tracker: The tracker's name in `TRACKERS`.
        access: What the emulator says of itself.
        directory: The project.
        requests: The file with the requests.
    """

    tracker: str
    access: dict[str, str]
    directory: str
    requests: str


def main() -> None:
    """Measure, and print a line for each tracker and size."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tracker", nargs="+", choices=TRACKERS, default=list(TRACKERS))
    parser.add_argument("--issues", nargs="+", type=int, default=[1000, 10_000, 100_000])
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--role", choices=ROLES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role:
        print(json.dumps(ROLES[options.role](Facts(**json.load(sys.stdin)))))
        return
    print(HEADING)
    for tracker in options.tracker:
        for issues in options.issues:
            print(line(tracker, issues, options.delay, options.repeat), flush=True)


def line(tracker: str, issues: int, delay: float, repeat: int) -> str:
    """Measure one tracker with so many issues."""
    floors, pulls, agains = [], [], []
    with (
        emulator(tracker, issues, delay) as access,
        tempfile.TemporaryDirectory() as kept,
    ):
        facts = Facts(tracker, access, f"{kept}/recorded", f"{kept}/requests.json")
        pulls.append(run(__file__, "record", vars(facts)))
        for number in range(repeat):
            floors.append(run(__file__, "floor", vars(facts)))
            anew = Facts(tracker, access, f"{kept}/{number}", facts.requests)
            pulls.append(run(__file__, "pull", vars(anew)))
            agains.append(run(__file__, "pull", vars(anew)))
    if any(result["issues"] != issues for result in pulls):
        raise SystemExit(f"not every one of {issues} issues was read")
    del pulls[0]
    floor, pull = middle(floors, "seconds"), middle(pulls, "seconds")
    return (
        f"{tracker:<11}{issues:>8}{delay:>9.2f}{floors[0]['requests']:>10.0f}"
        f"{floor:>9.2f}{pull:>9.2f}{pull / floor:>7.2f}{issues / pull:>10.0f}"
        f"{middle(pulls, 'cpu'):>8.2f}{middle(pulls, 'start'):>9.2f}"
        f"{middle(agains, 'seconds'):>9.2f}{middle(pulls, 'mebibytes'):>10.0f}"
        f"{middle(floors, 'mebibytes'):>11.0f}"
    )


@contextmanager
def emulator(tracker: str, issues: int, delay: float) -> Iterator[dict[str, str]]:
    """Run an emulated tracker; yields how to get in."""
    command = (sys.executable, "-m", TRACKERS[tracker].module)
    arguments = ("--issues", str(issues), "--delay", str(delay))
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    with subprocess.Popen(
        (*command, *arguments), env=environ, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield access_of(process.stdout.readline())
        finally:
            process.terminate()
            process.wait(EXIT_SECONDS)


def access_of(told: str) -> dict[str, str]:
    """Read what an emulator says once it takes connections: Linear's its address alone."""
    if not told.startswith("http"):
        facts: dict[str, str] = json.loads(told)
        return facts
    sys.path.insert(0, str(ROOT / "tests"))
    from emulators.linear_accounts import API_KEY

    return {"url": f"{told.strip()}/graphql", "token": API_KEY, "project": "ENG"}


def floor(facts: Facts) -> Measured:
    """Send the recorded requests, and throw the answers away."""
    import httpx

    requests = json.loads(Path(facts.requests).read_text("utf-8"))
    with httpx.Client(timeout=None, trust_env=False) as client:  # noqa: S113 - on loopback

        def replay() -> None:
            for each in requests:
                client.request(**each).raise_for_status()

        return {**timed(replay), "requests": len(requests)}


def pull(facts: Facts) -> Measured:
    """Pull into a project; the second time, what has changed."""
    began = time.perf_counter()
    service = opened(facts)
    start = time.perf_counter() - began
    result = timed(service.pull)
    return {**result, "start": start, "issues": service.status().state.issue_count}


def record(facts: Facts) -> Measured:
    """Pull, and keep the requests that were sent."""
    from unittest.mock import patch

    from trackwire.fetching import TrackerClient

    requests: list[dict[str, Any]] = []
    send = TrackerClient.send

    def sent(client: TrackerClient, request: httpx.Request, **options: Any) -> httpx.Response:
        headers = {k: v for k, v in request.headers.items() if k not in {"host", "content-length"}}
        requests.append(
            {
                "method": request.method,
                "url": str(request.url),
                "headers": headers,
                "content": request.read().decode(),
            }
        )
        return send(client, request, **options)

    with patch.object(TrackerClient, "send", sent):
        result = pull(facts)
    Path(facts.requests).write_text(json.dumps(requests), "utf-8")
    return result


def opened(facts: Facts) -> TrackerService:
    """Open the project, bound to the tracker; with all that a pull imports."""
    import trackwire.fetching  # noqa: F401 - a pull imports it
    from trackwire.binding import BindRequest
    from trackwire.credentials import TrackerCredentialStore
    from trackwire.login import HubLogin
    from trackwire.service import TrackerService
    from trackwire.userfile import UserStore

    directory = Path(facts.directory)
    tracker, access = TRACKERS[facts.tracker], facts.access
    users = UserStore(directory / "user" / "credentials.toml")
    prefix = f"TRACKWIRE_{tracker.provider.upper()}"
    environ = {
        f"{prefix}_{tracker.address.upper()}": access["url"],
        f"{prefix}_{tracker.secret.upper()}": access["token"],
    }
    if "email" in access:
        environ[f"{prefix}_EMAIL"] = access["email"]
    credentials = TrackerCredentialStore(users, environ)
    service = TrackerService(directory, credentials=credentials, hubs=HubLogin(users, environ))
    if not (directory / ".kittify").exists():
        directory.mkdir(exist_ok=True)
        values = {tracker.resource: access["project"]}
        workspace = "acme" if tracker.provider == "linear" else "emulated.example"
        service.bind(BindRequest(provider=tracker.provider, workspace=workspace, values=values))
    service.route()
    return service


ROLES: dict[str, Callable[[Facts], Measured]] = {"floor": floor, "pull": pull, "record": record}

if __name__ == "__main__":
    main()
