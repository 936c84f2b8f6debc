"""The parts of an import and a publish that `publish.py` measures, each in a process of its own."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import baseline
from made_issues import PROJECT, WORKSPACE
from measuring import Measured, preload, timed
from receiving import ENDPOINT, last_coding

if TYPE_CHECKING:
    from trackwire.service import TrackerService

STORE = Path(".kittify/trackwire/store.sqlite")
TIMEOUT_SECONDS = 3600.0
WATCHED = ("trackwire", "trackwire_jira")
SENDING = ("trackwire.delivery.sending", "encodings.idna")
ZSTD = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a measured process has to know.

    Args:
        lines: The issues' file.
        directory: The project.
        database: The baseline's database.
        body: The snapshot's bytes, as Trackwire renders them.
        receiver: The receiver's address.
        token: The receiver's token.
    """

    lines: str
    directory: str
    database: str
    body: str
    receiver: str
    token: str = "measured"  # noqa: S105 - of a receiver that does not look

    @property
    def store(self) -> Path:
        """The project's store."""
        return Path(self.directory) / STORE


def bind(directory: Path) -> None:
    """Make the project.

    Raises:
        SystemExit: It has no route, so that other work than that of a snapshot with its route
            would be measured.
    """
    from trackwire.binding import BindRequest

    directory.mkdir()
    values = {"project_key": PROJECT, "base_url": f"https://{WORKSPACE}"}
    request = BindRequest(provider="jira", workspace=WORKSPACE, values=values)
    service = service_of(directory, "")
    service.bind(request)
    if service.route().routing.is_null:
        raise SystemExit(
            "the measured project has no route: install the plugin trackwire-jira in this "
            f"environment ({sys.prefix}) and run the benchmark again"
        )


def service_of(directory: Path, token: str) -> TrackerService:
    """Open the project, apart from the user's own files and variables."""
    from trackwire.credentials import TrackerCredentialStore
    from trackwire.login import TOKEN_VARIABLE, HubLogin
    from trackwire.service import TrackerService
    from trackwire.userfile import UserStore

    users = UserStore(directory / "user" / "credentials.toml")
    environ = {TOKEN_VARIABLE: token} if token else {}
    credentials = TrackerCredentialStore(users, environ)
    return TrackerService(directory, credentials=credentials, hubs=HubLogin(users, environ))


def forget(facts: Facts) -> None:
    """Remove what the last run has stored."""
    shutil.rmtree(facts.store.parent, ignore_errors=True)
    for path in (facts.database, facts.body):
        Path(path).unlink(missing_ok=True)


def opened(facts: Facts, *modules: str) -> TrackerService:
    """Open the project with its plugin; import before the clock what the command would import."""
    store = ("trackwire.store", "filelock", "hashlib", "hmac", "secrets")
    preload("trackwire.cli.importing", "trackwire.cli.publishing", *store, *modules)
    service = service_of(Path(facts.directory), facts.token)
    service.route()
    return service


def import_issues(facts: Facts) -> Measured:
    """Import the file into the project."""
    from trackwire.imports import ImportFile

    reports: list[Any] = []
    service = opened(facts, "trackwire.imports")
    files = [ImportFile.at(Path(facts.lines))]
    result = timed(lambda: reports.extend(service.import_files(files, file_format="jsonl")))
    return {**result, "issues": reports[0].changes.created}


def publish(facts: Facts) -> Measured:
    """Publish the project to the reference hub."""
    service = opened(facts, "trackwire.publishing", *SENDING)
    return published(lambda: service.publish(hub=facts.receiver, timeout=TIMEOUT_SECONDS))


def publish_plain(facts: Facts) -> Measured:
    """Publish the project to the receiver that throws bodies away; tell how the body travelled."""
    return {**publish(facts), "coding": last_coding(facts.receiver)}


def publish_compressed(facts: Facts) -> Measured:
    """Do so when the receiver has said that it takes compressed bodies."""
    preload(ZSTD)
    return publish_plain(facts)


def render(facts: Facts) -> Measured:
    """Render the snapshot; then, unmeasured, keep its bytes."""
    service = opened(facts, "trackwire.publishing")
    result = published(lambda: service.publish(dry_run=True))
    service.publish(dry_run=True, output=Path(facts.body))
    return result


def published(call: Callable[[], Any]) -> Measured:
    """Measure a publish, and tell what it was about."""
    reports: list[Any] = []
    result = timed(lambda: reports.append(call()))
    (report,) = reports
    return {**result, "issues": report.issue_count, "digest": report.body_sha256}


def bare_post(facts: Facts) -> Measured:
    """Send the snapshot's bytes from their file, and nothing else."""
    import httpx

    preload("encodings.idna")

    def pieces() -> Iterable[bytes]:
        with Path(facts.body).open("rb") as stream:
            while piece := stream.read(1 << 16):
                yield piece

    headers = {"Content-Length": str(Path(facts.body).stat().st_size), "Repr-Digest": "none"}
    with httpx.Client(timeout=None, trust_env=False) as client:  # noqa: S113 - on loopback
        url = facts.receiver + ENDPOINT
        return timed(lambda: client.post(url, content=pieces(), headers=headers).raise_for_status())


def baseline_publish(facts: Facts) -> Measured:
    """Publish the baseline's rows, in the snapshot that Trackwire renders."""
    with Path(facts.body).open("rb") as stream:
        head, _, _ = stream.read(1 << 16).partition(b',"issues":[')
    checkpoint = {"cursor": None, "updated_since": None}
    frame = {**json.loads(head + b"}"), "issues": [], "mappings": [], "checkpoint": checkpoint}
    endpoint = facts.receiver + ENDPOINT
    return baseline.load_and_dump(Path(facts.database), frame, endpoint, facts.token)


ROLES: dict[str, Callable[[Facts], Measured]] = {
    "baseline-fill": lambda facts: baseline.import_at_once(Path(facts.lines), Path(facts.database)),
    "baseline-import": lambda facts: baseline.import_row_by_row(
        Path(facts.lines), Path(facts.database)
    ),
    "baseline-publish": baseline_publish,
    "import": import_issues,
    "render": render,
    "publish": publish_plain,
    "publish-zstd": publish_compressed,
    "publish-hub": publish,
    "bare-post": bare_post,
}
