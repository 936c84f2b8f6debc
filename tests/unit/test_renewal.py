"""A bearer token that is renewed: what is sent, what is stored, and in which order."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from trackwire.connector import ConnectContext
from trackwire.errors import CredentialError, TrackerError
from trackwire.fetching import new_client
from trackwire.fetching.renewal import RenewedToken
from trackwire.secret import Secret

if TYPE_CHECKING:
    import httpx

CLIENT_ID = "obviously-fake-client-id"
CLIENT_SECRET = "obviously-fake-client-secret"


@dataclass
class Office:
    """A server that takes the newest access token, and renews it (RFC 6749, section 6).

    Args:
        renewals: How often it has renewed.
        is_good: Whether the newest access token is still taken.
        refusal: Status and body for a token that is not taken.
        rotates: Whether a new refresh token comes with a new access token.
        granted: What a renewal answers in place of the truth: status and body.
        spent: The refresh tokens that were tried.
        before_grant: Called before a renewal is answered.
        before_answer: Called before another request is answered, with its `Authorization`.
        seen: The method, path and token of every request.
        forms: The content type and the form of every renewal.
    """

    renewals: int = 0
    is_good: bool = True
    refusal: tuple[int, object] = (401, {"error": "invalid_token"})
    rotates: bool = True
    granted: tuple[int, object] | None = None
    spent: list[str] = field(default_factory=list)
    before_grant: Callable[[], object] = lambda: None
    before_answer: Callable[[str], object] = lambda _: None
    seen: list[tuple[str, str, str]] = field(default_factory=list)
    forms: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def access_token(self) -> str:
        return f"obviously-fake-access-{self.renewals}"

    @property
    def refresh_token(self) -> str:
        return f"obviously-fake-refresh-{self.renewals if self.rotates else 0}"

    def renew(self) -> dict[str, str]:
        self.renewals += 1
        self.is_good = True
        tokens = {"access_token": self.access_token, "token_type": "Bearer"}
        return tokens | ({"refresh_token": self.refresh_token} if self.rotates else {})

    def answer(self, authorization: str) -> tuple[int, object]:
        self.before_answer(authorization)
        is_taken = self.is_good and authorization == f"Bearer {self.access_token}"
        return (200, {"account": "Ada"}) if is_taken else self.refusal

    def grant(self, form: Mapping[str, str]) -> tuple[int, object]:
        self.before_grant()
        token = form["refresh_token"]
        self.spent.append(token)
        if self.granted is not None:
            return self.granted
        if token != self.refresh_token:
            said = f"the token {token} was used before"
            return 400, {"error": "invalid_grant", "error_description": said}
        return 200, self.renew()


def handler_of(office: Office) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._note()
            self._send(*office.answer(self.headers.get("Authorization", "")))

        def do_POST(self) -> None:
            self._note()
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            office.forms.append((self.headers["Content-Type"], form))
            self._send(*office.grant(form))

        def _note(self) -> None:
            token = self.headers.get("Authorization", "")
            office.seen.append((self.command, self.path, token))

        def _send(self, status: int, value: object) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@dataclass
class Desk:
    """A user's secrets, and a client that sends the access token among them to the office.

    Args:
        url: The office's address.
        secrets: By field.
        before_keeping: Called before each one is stored, with its name.
        is_refused: As of the token.
        token_url: Likewise, or empty for the office's.
    """

    url: str
    secrets: dict[str, str]
    before_keeping: Callable[[str], object] = lambda _: None
    is_refused: Callable[[httpx.Response], bool] | None = None
    token_url: str = ""

    def ask(self, times: int = 1) -> httpx.Response:
        with closing(new_client(self.url, notify=lambda _: None)) as client:
            context = ConnectContext(
                workspace="acme", client=client, secret=self.secret, keep_secrets=self.keep
            )
            token_url = self.token_url or f"{self.url}/oauth/token"
            client.auth = RenewedToken(context, token_url, self.is_refused)
            return [client.get("api/me") for _ in range(times)][-1]

    def secret(self, name: str) -> Secret | None:
        return Secret(self.secrets[name]) if name in self.secrets else None

    def keep(self, values: Mapping[str, str]) -> None:
        for name, value in values.items():
            self.before_keeping(name)
            self.secrets[name] = value


@pytest.fixture
def office() -> Office:
    """An office whose access token has expired."""
    return Office(is_good=False)


@pytest.fixture
def desk(office: Office) -> Iterator[Desk]:
    """A user who was given the office's tokens, and what it takes to renew them."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_of(office))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    secrets = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    secrets |= {"access_token": office.access_token, "refresh_token": office.refresh_token}
    yield Desk(f"http://127.0.0.1:{server.server_address[1]}", secrets)
    server.shutdown()
    thread.join()
    server.server_close()


def test_token_goes_as_bearer(office: Office, desk: Desk) -> None:
    office.is_good = True
    desk.ask()
    assert office.seen == [("GET", "/api/me", f"Bearer {desk.secrets['access_token']}")]


def test_expired_token_is_renewed_and_the_request_sent_again(office: Office, desk: Desk) -> None:
    assert desk.ask().json() == {"account": "Ada"}


def test_renewal_is_a_form_with_the_refresh_token_and_the_application(
    office: Office, desk: Desk
) -> None:
    desk.ask()
    form = {"grant_type": "refresh_token", "refresh_token": "obviously-fake-refresh-0"}
    form |= {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    assert office.forms == [("application/x-www-form-urlencoded", form)]


def test_access_token_does_not_go_where_it_is_renewed(office: Office, desk: Desk) -> None:
    desk.ask()
    assert ("POST", "/oauth/token", "") in office.seen


def test_good_token_is_not_renewed(office: Office, desk: Desk) -> None:
    office.is_good = True
    desk.ask()
    assert office.forms == []


def test_tracker_that_refuses_in_its_own_way_is_understood(office: Office, desk: Desk) -> None:
    office.refusal = (200, {"refused": True})
    desk.is_refused = lambda answer: "refused" in answer.json()
    assert desk.ask().json() == {"account": "Ada"}


def test_token_that_expires_twice_is_renewed_by_the_rotated_one(office: Office, desk: Desk) -> None:
    desk.ask()
    office.is_good = False
    desk.ask()
    assert office.spent == ["obviously-fake-refresh-0", "obviously-fake-refresh-1"]


def test_token_that_expires_within_a_run_is_renewed(office: Office, desk: Desk) -> None:
    expiring = iter([False, True])

    def expire(_: str) -> None:
        office.is_good = next(expiring, True)

    office.before_answer = expire
    assert desk.ask(times=3).is_success


def test_refresh_token_that_does_not_rotate_stays(office: Office, desk: Desk) -> None:
    office.rotates = False
    desk.ask()
    assert desk.secrets["refresh_token"] == "obviously-fake-refresh-0"


def test_renewed_tokens_are_kept_before_they_are_used(office: Office, desk: Desk) -> None:
    kept: list[str] = []

    def look(authorization: str) -> None:
        if authorization == "Bearer obviously-fake-access-1":
            kept.extend((desk.secrets["access_token"], desk.secrets["refresh_token"]))

    office.before_answer = look
    desk.ask()
    assert kept == ["obviously-fake-access-1", "obviously-fake-refresh-1"]


def test_run_that_ends_between_the_two_new_tokens_loses_neither(office: Office, desk: Desk) -> None:
    stored: list[str] = []

    def end(name: str) -> None:
        if office.renewals and stored:
            raise KeyboardInterrupt
        if office.renewals:
            stored.append(name)

    desk.before_keeping = end
    with pytest.raises(KeyboardInterrupt):
        desk.ask()
    desk.before_keeping = lambda _: None
    office.is_good = False
    assert desk.ask().is_success


def test_no_refresh_token_is_spent_where_a_new_one_could_not_be_kept(
    office: Office, desk: Desk
) -> None:
    def refuse(_: str) -> None:
        raise CredentialError("nothing can be kept")

    desk.before_keeping = refuse
    with pytest.raises(CredentialError):
        desk.ask()
    assert office.spent == []


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_either_token_that_could_not_be_kept_is_reason_enough(
    office: Office, desk: Desk, name: str
) -> None:
    def refuse(kept: str) -> None:
        if kept == name:
            raise CredentialError("it is set in the environment")

    desk.before_keeping = refuse
    with pytest.raises(CredentialError):
        desk.ask()
    assert office.spent == []


def another_process_renews(office: Office, desk: Desk) -> None:
    desk.secrets.update(office.renew())


def test_token_that_another_process_has_renewed_is_taken_over(office: Office, desk: Desk) -> None:
    def renew_once(_: str) -> None:
        if not office.renewals:
            another_process_renews(office, desk)

    office.before_answer = renew_once
    assert (desk.ask().is_success, office.spent) == (True, [])


def test_token_that_another_process_renews_at_the_same_time_is_taken_over(
    office: Office, desk: Desk
) -> None:
    office.before_grant = lambda: another_process_renews(office, desk)
    assert desk.ask().is_success


def test_token_taken_over_that_is_refused_as_well_is_renewed(office: Office, desk: Desk) -> None:
    def renew_and_expire(_: str) -> None:
        if not office.renewals:
            another_process_renews(office, desk)
            office.is_good = False

    office.before_answer = renew_and_expire
    assert (desk.ask().is_success, office.spent) == (True, ["obviously-fake-refresh-1"])


@pytest.mark.parametrize("lacking", ["refresh_token", "client_id", "client_secret"])
def test_nothing_is_renewed_unless_all_it_takes_is_given(
    office: Office, desk: Desk, lacking: str
) -> None:
    del desk.secrets[lacking]
    assert (desk.ask().status_code, office.spent) == (401, [])


def test_token_that_is_removed_meanwhile_is_not_taken_over(office: Office, desk: Desk) -> None:
    def remove(_: str) -> None:
        desk.secrets.clear()

    office.before_answer = remove
    assert (desk.ask().status_code, len(office.seen)) == (401, 1)


def test_new_token_that_is_refused_too_is_not_renewed_again(office: Office, desk: Desk) -> None:
    def expire(_: str) -> None:
        office.is_good = False

    office.before_answer = expire
    assert (desk.ask().status_code, len(office.spent)) == (401, 1)


def test_refused_renewal_says_what_mends_it_and_shows_no_secret(office: Office, desk: Desk) -> None:
    desk.secrets["refresh_token"] = "obviously-fake-refresh-of-old"
    with pytest.raises(TrackerError) as caught:
        desk.ask()
    said = str(caught.value)
    assert "invalid_grant" in said
    assert (
        "trackwire credentials set refresh_token and trackwire credentials set access_token" in said
    )
    assert [name for name, value in desk.secrets.items() if value in said] == []


@pytest.mark.parametrize("tokens", [{}, {"access_token": ""}, {"access_token": None}])
def test_renewal_that_gives_no_access_token_names_the_field(
    office: Office, desk: Desk, tokens: Any
) -> None:
    office.granted = (200, tokens)
    with pytest.raises(TrackerError, match="field access_token"):
        desk.ask()


def test_nothing_is_sent_to_another_server_to_renew(office: Office, desk: Desk) -> None:
    desk.token_url = "http://127.0.0.1:1/oauth/token"
    with pytest.raises(TrackerError, match="was not sent"):
        desk.ask()
