"""The doctor: each finding stands alone, and a hub is asked without publishing anything."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from projectkit import (
    SCOPE,
    WORKSPACE,
    bind_project,
    fill,
    json_lines,
    make_registry,
    make_service,
)

from trackwire import doctor
from trackwire.delivery.probing import Admission, probe
from trackwire.destination import endpoint_url
from trackwire.doctor import Finding, Patient, State, examine
from trackwire.doctor.finding import apart
from trackwire.errors import DeliveryDeferred, StoreError
from trackwire.lock import DATA_DIRECTORY
from trackwire.secret import Secret
from trackwire.store import STORE_FILE, TrackerSqliteStore

TOKEN = "hushhush-hub-token"
SUBJECTS = ("project", "plugin", "credentials", "route", "tracker", "store", "hub")


@pytest.fixture
def patient(tmp_path: Path, no_keyring: None) -> Patient:
    """A project bound to acme, whose plugin cannot be asked anything live."""
    bind_project(tmp_path)
    service = make_service(tmp_path)
    return Patient(
        tmp_path, make_registry(), service.credentials, service.hubs, None, lambda _: None
    )


def about(subject: str, findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.subject == subject]


def test_subjects_come_in_order(patient: Patient) -> None:
    subjects = [finding.subject for finding in examine(patient)]
    assert list(dict.fromkeys(subjects)) == list(SUBJECTS)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (StoreError("the disk is full"), "the disk is full"),
        (PermissionError(13, "Permission denied", "/a/file"), "/a/file: Permission denied"),
        (ValueError(TOKEN), "it could not be looked at: a defect of trackwire (ValueError)"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("subject", SUBJECTS)
def test_check_that_fails_is_a_finding_and_stops_no_other(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, subject: str, error: Exception, text: str
) -> None:
    def failing(_patient: Patient) -> Iterator[Finding]:
        raise error

    before = examine(patient)
    monkeypatch.setattr(doctor, "_CHECKS", {**doctor._CHECKS, subject: failing})
    after = examine(patient)
    assert [(f.state, f.text) for f in about(subject, after)] == [(State.WRONG, text)]
    assert [f for f in after if f.subject != subject] == [f for f in before if f.subject != subject]


def test_provider_that_cannot_read_live_needs_no_secret(patient: Patient) -> None:
    (lacking,) = [f for f in about("credentials", examine(patient)) if "api_key" in f.text]
    assert (lacking.state, lacking.remedy) == (
        State.WARNING,
        "run: trackwire credentials set api_key, or set TRACKWIRE_ACME_API_KEY",
    )


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ("it is wrong; run: this; or that", ("it is wrong", "run: this; or that")),
        ("refused (HTTP 400: a; (b; c)); mend it", ("refused (HTTP 400: a; (b; c))", "mend it")),
        ("refused (a; b", ("refused (a; b", None)),
        ("it is wrong", ("it is wrong", None)),
    ],
)
def test_remedy_is_told_from_the_problem(message: str, parts: tuple[str, str | None]) -> None:
    assert apart(message) == parts


def test_hub_without_a_token_is_said_to_take_no_snapshots(tmp_path: Path, no_keyring: None) -> None:
    with running(StrictHub(always(401))) as endpoint:
        service = make_service(tmp_path)
        (finding,) = about("hub", service.doctor(endpoint.partition("/api")[0]))
    assert "does not take snapshots without a token (HTTP 401)" in finding.text


def test_store_is_not_made_by_looking_for_it(patient: Patient) -> None:
    examine(patient)
    assert not (patient.root / ".kittify" / "trackwire").exists()


def test_binding_that_vanished_while_its_fields_stayed_was_removed_by_another_tool(
    patient: Patient,
) -> None:
    config = patient.root / ".kittify" / "config.yaml"
    text = config.read_text()
    config.write_text(text.replace(f"tracker:\n  provider: acme\n  workspace: {WORKSPACE}\n", ""))
    (finding,) = about("project", examine(patient))
    assert finding.state is State.WRONG
    assert "another tool seems to have removed it" in finding.text


def test_project_that_was_unbound_is_not_wrong(patient: Patient) -> None:
    make_service(patient.root).unbind()
    (finding,) = about("project", examine(patient))
    assert finding.state is State.WARNING


def test_census_that_was_not_believed_is_wrong(patient: Patient) -> None:
    service = make_service(patient.root)
    fill(service, json_lines("1"))
    with TrackerSqliteStore(patient.root / DATA_DIRECTORY / STORE_FILE) as store:
        store.journal.doubted(SCOPE, "most are gone; if so, run: trackwire pull --accept-gone")
    doubts = [f for f in about("store", examine(patient)) if f.state is State.WRONG]
    assert [(f.text, f.remedy) for f in doubts] == [
        ("most are gone", "if so, run: trackwire pull --accept-gone")
    ]


Answer = Callable[[Any], int]


@dataclass
class StrictHub:
    """A hub that answers each request as a test says, and keeps what it was sent.

    Args:
        answer: Gives the status from the headers.
    """

    answer: Answer
    sent: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def running(hub: StrictHub) -> Iterator[str]:
    """Run a hub, and give the URL of its endpoint."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hub.sent.append((dict(self.headers), body))
            self.send_response(hub.answer(self.headers))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing on standard error."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield endpoint_url(f"http://127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def token_first(headers: Any) -> int:
    return 400 if headers["Authorization"] == f"Bearer {TOKEN}" else 401


def always(status: int) -> Answer:
    return lambda _headers: status


@pytest.mark.parametrize(
    ("answer", "token", "admission"),
    [
        (token_first, TOKEN, Admission.ADMITTED),
        (token_first, "another", Admission.DENIED),
        (token_first, None, Admission.DENIED),
        (always(403), TOKEN, Admission.DENIED),
        (always(400), TOKEN, Admission.UNTOLD),
        (always(422), TOKEN, Admission.UNTOLD),
        (always(400), None, Admission.OPEN),
        (always(503), TOKEN, Admission.BUSY),
        (always(429), TOKEN, Admission.BUSY),
        (always(404), TOKEN, Admission.NO_HUB),
        (always(301), TOKEN, Admission.NO_HUB),
        (always(200), TOKEN, Admission.NO_HUB),
    ],
)
def test_hub_is_understood(answer: Answer, token: str | None, admission: Admission) -> None:
    with running(StrictHub(answer)) as endpoint:
        found = probe(endpoint, Secret(token) if token else None, 10)
    assert found.admission is admission


def test_what_a_hub_is_sent_can_be_no_publish() -> None:
    hub = StrictHub(token_first)
    with running(hub) as endpoint:
        probe(endpoint, Secret(TOKEN), 10)
    assert [len(headers["Idempotency-Key"]) > 255 for headers, _ in hub.sent] == [True, True]
    assert [body for _, body in hub.sent] == [b"{}", b"{}"]


def test_hub_that_is_not_there_is_not_reached() -> None:
    with running(StrictHub(always(400))) as endpoint:
        pass
    with pytest.raises(DeliveryDeferred, match="cannot connect") as caught:
        probe(endpoint, Secret(TOKEN), 10)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "state", "text"),
    [
        (token_first, State.OK, "takes the token of TRACKWIRE_HUB_TOKEN"),
        (always(401), State.WRONG, "does not take the token of TRACKWIRE_HUB_TOKEN (HTTP 401)"),
        (always(400), State.WARNING, "does not tell whether it takes the token"),
        (always(503), State.WARNING, "cannot answer now (HTTP 503)"),
        (always(404), State.WRONG, "does not answer as a hub does (HTTP 404)"),
    ],
)
def test_answer_of_the_hub_is_a_finding(
    tmp_path: Path, answer: Answer, state: State, text: str, no_keyring: None
) -> None:
    with running(StrictHub(answer)) as endpoint:
        environ = {"TRACKWIRE_HUB_URL": endpoint.partition("/api")[0], "TRACKWIRE_HUB_TOKEN": TOKEN}
        service = make_service(tmp_path, environ=environ)
        (finding,) = about("hub", service.doctor())
    assert (finding.state, text in finding.text) == (state, True)
    assert (finding.remedy is None) is (state is State.OK)
    assert TOKEN not in str(finding)


def test_hub_that_asks_for_no_token_is_sound(tmp_path: Path, no_keyring: None) -> None:
    with running(StrictHub(always(422))) as endpoint:
        service = make_service(tmp_path)
        (finding,) = about("hub", service.doctor(endpoint.partition("/api")[0]))
    assert finding.state is State.OK
    assert finding.text.endswith("asks for no token, and there is none")


def test_missing_route_of_a_provider_that_lists_nothing_names_no_list(patient: Patient) -> None:
    bind_project(patient.root, board=None)
    (finding,) = about("route", examine(patient))
    assert finding.state is State.WRONG
    assert "discover" not in (finding.remedy or "")
