"""The parts that `pull.py` measures, each in a process of its own, and the emulated trackers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measuring import Measured, preload, timed

if TYPE_CHECKING:
    import httpx

    from trackwire.fetching import TrackerClient
    from trackwire.service import TrackerService

WATCHED = ("trackwire", "trackwire_jira", "trackwire_linear")
COMMON = (
    *("trackwire.fetching", "trackwire.fetching.renewal", "trackwire.visiting", "trackwire.store"),
    *("filelock", "hashlib", "hmac", "secrets", "encodings.idna"),
)
PULLING = {
    "jira": (*COMMON, "trackwire_jira.connector", "ijson.backends.yajl2_c"),
    "linear": (*COMMON, "trackwire_linear.connector"),
}
"""What a pull from a provider imports."""


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
    preload(*PULLING[TRACKERS[facts.tracker].provider])
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
