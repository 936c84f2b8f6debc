"""The way to the live tracker: credentials checked, address safe, plugin code guarded."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from projectkit import PROVIDER, WORKSPACE, LiveTracker, make_issue, running_tracker

from trackwire import checking, fetching
from trackwire.connecting import (
    discovered,
    fingerprint,
    guarded,
    identified,
    open_context,
    opened,
    origin_problem,
)
from trackwire.connecting.guarding import MAX_IDLE_PAGES
from trackwire.connector import ConnectContext, Identity, Listed, Page, Resource, Unfit, Unplaced
from trackwire.credentials import TrackerCredentialStore
from trackwire.discovery import Found
from trackwire.errors import CredentialError, ProviderError, TrackerError, UsageError
from trackwire.model import Issue, Status
from trackwire.project import Binding, TrackerProjectConfig, load_project, write_binding
from trackwire.provider import CredentialField, Provider
from trackwire.userfile import Entry, UserStore

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

SECRET = "hushhush-secret"
OTHER = "hushhush-other"
PLUGIN = "acme-plugin 1.2"
BINDING = Binding(provider=PROVIDER, workspace=WORKSPACE)
NOW = datetime(2026, 11, 1, 10, tzinfo=UTC)
ACME = Provider(
    name=PROVIDER,
    title="Acme",
    api_version=1,
    resource_type="acme_board",
    credential_key="board",
    credential_fields=(
        CredentialField(name="base_url", help="The site", origin=True),
        CredentialField(name="email", help="The account", personal=True, required=False),
        CredentialField(name="api_key", help="A key", secret=True),
        CredentialField(
            name="access_token", help="Or this", secret=True, required=False, instead_of="api_key"
        ),
        CredentialField(name="refresh_token", help="Fresh", secret=True, required=False),
        CredentialField(name="board", help="The board"),
    ),
)


@dataclass
class Desk:
    """A user with a project that is bound to acme, whose address and secrets a test chooses."""

    root: Path
    users: UserStore
    environ: dict[str, str] = field(default_factory=dict)
    provider: Provider = ACME
    told: list[str] = field(default_factory=list)

    @property
    def credentials(self) -> TrackerCredentialStore:
        return TrackerCredentialStore(self.users, self.environ)

    def bind(self, **fields: str) -> None:
        (self.root / ".kittify").mkdir(parents=True, exist_ok=True)
        (self.root / ".kittify" / "config.yaml").touch()
        write_binding(self.root, BINDING, set_fields=fields)

    def keep(
        self, name: str, value: str, origin: str | None, workspace: str | None = WORKSPACE
    ) -> None:
        self.users.put(
            Entry(provider=PROVIDER, workspace=workspace, field=name, origin=origin), value
        )

    def stored(self) -> dict[str, tuple[str | None, str | None, str]]:
        entries = self.users.read().credential
        return {e.field: (e.workspace, e.origin, self.users.value_of(e)) for e in entries}

    def open(self, **options: Any) -> AbstractContextManager[ConnectContext]:
        return open_context(
            self.credentials,
            load_project(self.root),
            self.provider,
            plugin=PLUGIN,
            notify=self.told.append,
            **options,
        )


@pytest.fixture
def tracker() -> Iterator[LiveTracker]:
    """A server on loopback that records what it is asked."""
    with running_tracker() as made:
        yield made


@pytest.fixture
def desk(tmp_path: Path, users: UserStore, tracker: LiveTracker) -> Desk:
    """A project that is bound to the tracker, with a key stored for it."""
    made = Desk(tmp_path / "project", users)
    made.bind(base_url=tracker.url, board="B1")
    made.keep("api_key", SECRET, tracker.url)
    return made


def revealed(context: ConnectContext, name: str) -> str | None:
    secret = context.secret(name)
    return None if secret is None else secret.reveal()


def test_client_reaches_the_address_of_the_binding(desk: Desk, tracker: LiveTracker) -> None:
    with desk.open() as context:
        context.client.headers["Authorization"] = "Bearer hushhush-tracker-token"
        assert context.client.get("api/me").json()["account"] == "Ada"


@pytest.mark.parametrize(
    ("gateway", "given"),
    [("https://gateway.example", ()), ("http://127.0.0.1:9", ("http://127.0.0.1:9",))],
)
def test_stand_in_on_this_machine_sends_nothing_to_a_real_gateway(
    desk: Desk, gateway: str, given: tuple[str, ...]
) -> None:
    desk.provider = replace(desk.provider, gateways=(gateway,))
    with desk.open() as context:
        assert context.gateways == given


def test_real_site_has_its_gateway(tmp_path: Path, users: UserStore) -> None:
    desk = Desk(tmp_path / "project", users)
    desk.bind(base_url="https://site.example", board="B1")
    desk.keep("api_key", SECRET, "https://site.example")
    desk.provider = replace(desk.provider, gateways=("https://gateway.example",))
    with desk.open() as context:
        assert context.gateways == ("https://gateway.example",)


def test_client_is_closed_with_the_block(desk: Desk) -> None:
    with desk.open() as context:
        pass
    assert context.client.is_closed


def test_context_has_the_plain_and_personal_values_and_no_secret(desk: Desk) -> None:
    desk.environ["TRACKWIRE_ACME_EMAIL"] = "me@acme.example"
    with desk.open() as context:
        assert context.value_of("board") == "B1"
        assert context.value_of("email") == "me@acme.example"
        assert SECRET not in str(dict(context.credentials))


def test_context_prints_no_secret(desk: Desk) -> None:
    with desk.open() as context:
        context.client.headers["Authorization"] = revealed(context, "api_key") or ""
        assert SECRET not in repr(context)


def test_context_has_the_projects_maps(desk: Desk) -> None:
    text = (desk.root / ".kittify" / "config.yaml").read_text()
    mapped = text.replace("trackwire:\n", "trackwire:\n  status_map: {Odd: done}\n")
    (desk.root / ".kittify" / "config.yaml").write_text(mapped)
    with desk.open() as context:
        assert context.status_of("odd") is Status.DONE


def test_stored_secret_is_given_for_its_address(desk: Desk) -> None:
    with desk.open() as context:
        assert revealed(context, "api_key") == SECRET


def test_secret_that_is_not_set_is_none(desk: Desk) -> None:
    with desk.open() as context:
        assert context.secret("access_token") is None


def test_secret_from_the_environment_needs_an_address_from_there(desk: Desk) -> None:
    desk.environ["TRACKWIRE_ACME_API_KEY"] = OTHER
    with pytest.raises(CredentialError, match="TRACKWIRE_ACME_API_KEY"), desk.open():
        pass


def test_secret_from_the_environment_goes_to_an_address_from_there(
    desk: Desk, tracker: LiveTracker
) -> None:
    desk.environ |= {"TRACKWIRE_ACME_API_KEY": OTHER, "TRACKWIRE_ACME_BASE_URL": tracker.url}
    with desk.open() as context:
        assert revealed(context, "api_key") == OTHER


def test_secret_for_another_origin_is_refused_and_nothing_is_sent(
    desk: Desk, tracker: LiveTracker
) -> None:
    desk.keep("api_key", SECRET, "https://other.example")
    with pytest.raises(CredentialError) as caught, desk.open():
        pass
    assert "it was given for https://other.example" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert tracker.requests == []


def test_blanks_around_a_secret_are_dropped(desk: Desk, tracker: LiveTracker) -> None:
    desk.keep("api_key", f" {SECRET}\n", tracker.url)
    with desk.open() as context:
        assert revealed(context, "api_key") == SECRET


def test_secret_that_no_header_can_carry_is_refused_without_being_shown(
    desk: Desk, tracker: LiveTracker
) -> None:
    desk.keep("api_key", f"{SECRET}\nX: y", tracker.url)
    with desk.open() as context, pytest.raises(CredentialError, match="line break") as caught:
        context.secret("api_key")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("name", ["board", "nonsense"])
def test_what_is_no_secret_field_is_not_given_as_a_secret(desk: Desk, name: str) -> None:
    with desk.open() as context, pytest.raises(ProviderError, match=PLUGIN):
        context.secret(name)


def test_missing_required_field_names_its_help_and_the_command(
    desk: Desk, tracker: LiveTracker
) -> None:
    desk.users.drop(desk.users.read().credential[0])
    with pytest.raises(CredentialError) as caught, desk.open():
        pass
    assert str(caught.value) == (
        "api_key is not set (A key); run: trackwire credentials set api_key "
        f"--origin {tracker.url}, or set TRACKWIRE_ACME_API_KEY"
    )
    assert tracker.requests == []


def test_blank_required_field_counts_as_missing(desk: Desk) -> None:
    desk.bind(base_url=" ")
    with pytest.raises(CredentialError, match="base_url is not set"), desk.open():
        pass


def test_field_that_stands_in_makes_up_for_a_required_one(desk: Desk, tracker: LiveTracker) -> None:
    desk.users.drop(desk.users.read().credential[0])
    desk.keep("access_token", SECRET, tracker.url)
    with desk.open() as context:
        assert revealed(context, "access_token") == SECRET


def test_resource_may_be_unset(desk: Desk) -> None:
    write_binding(desk.root, BINDING, drop_fields=frozenset({"board"}))
    with desk.open() as context:
        assert context.value_of("board") is None


def test_plain_http_beyond_loopback_is_refused_with_the_field_and_the_file(desk: Desk) -> None:
    desk.bind(base_url="http://acme.example")
    with pytest.raises(UsageError, match=r"base_url \(.*config\.yaml\): .*plain http"), desk.open():
        pass


def test_provider_without_an_address_is_named(desk: Desk) -> None:
    desk.provider = replace(ACME, credential_fields=ACME.credential_fields[-1:])
    with (
        pytest.raises(ProviderError, match="declares no required field"),
        desk.open(),
    ):
        pass


def test_given_values_win_and_are_kept_nowhere(desk: Desk, tracker: LiveTracker) -> None:
    before = desk.stored()
    given = {"base_url": tracker.url, "api_key": OTHER, "email": ""}
    with desk.open(given=given) as context:
        assert revealed(context, "api_key") == OTHER
        assert context.value_of("email") is None
    assert desk.stored() == before


def test_given_secret_is_not_for_an_address_that_only_the_project_names(desk: Desk) -> None:
    desk.keep("api_key", SECRET, "https://other.example")
    with pytest.raises(UsageError, match="which only the project's file names") as caught:
        desk.open(given={"api_key": OTHER}).__enter__()
    assert OTHER not in str(caught.value)


def test_given_secret_is_for_the_address_that_was_confirmed(
    desk: Desk, tracker: LiveTracker
) -> None:
    with desk.open(given={"api_key": OTHER}, confirmed_origin=tracker.url) as context:
        assert revealed(context, "api_key") == OTHER


def test_stored_secret_does_not_follow_a_given_address(desk: Desk) -> None:
    with (
        pytest.raises(CredentialError, match=r"is not sent to https://other\.example"),
        desk.open(given={"base_url": "https://other.example"}),
    ):
        pass


def test_one_secret_for_the_address_is_enough_and_the_others_are_not_sent(
    desk: Desk, tracker: LiveTracker
) -> None:
    desk.keep("refresh_token", OTHER, "https://other.example")
    with desk.open() as context:
        assert revealed(context, "api_key") == SECRET
        with pytest.raises(CredentialError, match="refresh_token is not sent"):
            context.secret("refresh_token")


def test_given_field_that_is_not_declared_is_refused(desk: Desk) -> None:
    with pytest.raises(UsageError, match="no field 'boat'"), desk.open(given={"boat": "1"}):
        pass


def test_rotated_secret_replaces_the_one_it_came_from(desk: Desk, tracker: LiveTracker) -> None:
    desk.keep("refresh_token", "hushhush-1", tracker.url, workspace=None)
    with desk.open() as context:
        context.keep_secrets({"refresh_token": "hushhush-2"})
        assert revealed(context, "refresh_token") == "hushhush-2"
    assert desk.stored()["refresh_token"] == (None, tracker.url, "hushhush-2")


def test_new_secret_is_kept_for_the_workspace_and_the_address(
    desk: Desk, tracker: LiveTracker
) -> None:
    with desk.open() as context:
        context.keep_secrets({"access_token": OTHER})
    assert desk.stored()["access_token"] == (WORKSPACE, tracker.url, OTHER)


def test_secret_of_the_environment_cannot_be_kept_and_nothing_is(
    desk: Desk, tracker: LiveTracker
) -> None:
    desk.environ |= {"TRACKWIRE_ACME_REFRESH_TOKEN": "x", "TRACKWIRE_ACME_BASE_URL": tracker.url}
    before = desk.stored()
    with desk.open() as context, pytest.raises(CredentialError) as caught:
        context.keep_secrets({"access_token": OTHER, "refresh_token": OTHER})
    assert "unset TRACKWIRE_ACME_REFRESH_TOKEN" in str(caught.value)
    assert OTHER not in str(caught.value)
    assert desk.stored() == before


def test_secret_that_was_typed_cannot_be_kept(desk: Desk, tracker: LiveTracker) -> None:
    given = {"base_url": tracker.url, "refresh_token": "x"}
    with desk.open(given=given) as context, pytest.raises(CredentialError, match="stored nowhere"):
        context.keep_secrets({"refresh_token": OTHER})


def test_rotated_secret_of_another_origin_is_not_replaced(desk: Desk) -> None:
    desk.keep("refresh_token", "hushhush-1", "https://other.example")
    with desk.open() as context, pytest.raises(CredentialError):
        context.keep_secrets({"refresh_token": OTHER})
    assert desk.stored()["refresh_token"][2] == "hushhush-1"


@pytest.mark.parametrize("values", [{"board": "B2"}, {"api_key": " "}, {"api_key": None}])
def test_what_is_no_secret_is_not_kept(desk: Desk, values: Mapping[str, Any]) -> None:
    with desk.open() as context, pytest.raises(ProviderError, match=PLUGIN):
        context.keep_secrets(values)


def test_wait_is_told(desk: Desk, tracker: LiveTracker, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    client = partial(fetching.new_client, sleep=slept.append)
    monkeypatch.setattr(fetching, "new_client", client)
    tracker.answers.append((429, {"Retry-After": "2"}))
    with desk.open() as context:
        context.client.get("api/me")
    assert max(slept) >= 2
    assert "asks to wait 2.0 s (rate limit)" in desk.told[0]


def test_problem_of_a_stored_secret_is_told_without_opening_the_keyring(
    desk: Desk, vault: Any
) -> None:
    desk.keep("api_key", SECRET, "https://other.example")
    opened_before = vault.opened
    config = load_project(desk.root)
    values = desk.credentials.effective(config, ACME)
    problem = origin_problem(desk.credentials, config, ACME, "api_key", values)
    assert problem is not None
    assert "is not sent to" in problem
    assert vault.opened == opened_before


FOUND = Found(PROVIDER, "acme-plugin", "1.2", None)  # type: ignore[arg-type]  # not loaded here
CONFIG = TrackerProjectConfig(root=Path("/project"), binding=BINDING)


@pytest.mark.parametrize(
    ("found", "config", "address"),
    [
        (replace(FOUND, version="1.3"), CONFIG, "https://a.example"),
        (replace(FOUND, dist="other"), CONFIG, "https://a.example"),
        (FOUND, replace(CONFIG, status_map={"Odd": Status.DONE}), "https://a.example"),
        (FOUND, replace(CONFIG, priority_map={"P0": 0}), "https://a.example"),
        (FOUND, CONFIG, "https://b.example"),
    ],
)
def test_fingerprint_follows_what_the_stored_form_depends_on(
    found: Found, config: TrackerProjectConfig, address: str
) -> None:
    before = fingerprint(FOUND, CONFIG, "https://a.example")
    assert fingerprint(found, config, address) != before
    assert fingerprint(FOUND, CONFIG, "https://a.example") == before


@dataclass
class Fake:
    """A connector that gives what a test says; an exception is raised in its place."""

    items: Sequence[Any] = ()
    closed: bool = False

    def pages(self, since: datetime | None, cursor: str | None) -> Iterator[Any]:
        del since, cursor
        return self._given()

    def census(self) -> Iterator[Any]:
        return self._given()

    def fetch(self, ids: Sequence[str]) -> Any:
        del ids
        return next(self._given())

    def _given(self) -> Iterator[Any]:
        try:
            for item in self.items:
                if isinstance(item, BaseException):
                    raise item
                print("noise")  # noqa: T201 - what a test is about
                yield item
        finally:
            self.closed = True


def issue(external_id: str = "1", **changes: Any) -> Issue:
    return make_issue(external_id, **{"updated_at": NOW, **changes})


def pages(*items: Any) -> list[Page]:
    return list(guarded(Fake(items), PLUGIN, BINDING).pages(None, None))


def test_sound_pages_pass() -> None:
    page = Page(issues=[issue()], gone=("2",), cursor="a", unplaced=[Unplaced("status", "Odd")])
    first, last = pages(page, Page())
    assert [held.ref.id for held in first.issues] == ["1"]
    assert (list(first.gone), first.cursor, last.cursor) == (["2"], "a", None)
    assert list(first.unplaced) == [Unplaced("status", "Odd")]


@pytest.mark.parametrize("error", [ValueError(SECRET), SystemExit(SECRET), OSError(SECRET)])
def test_exception_of_the_plugin_names_it_and_the_method_and_not_its_text(
    error: BaseException,
) -> None:
    with pytest.raises(ProviderError) as caught:
        pages(error)
    assert str(caught.value).startswith(f"{PLUGIN}: its pages failed: {type(error).__name__}")
    assert "test_connecting.py:" in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("error", [TrackerError("no"), KeyboardInterrupt()])
def test_what_a_connector_may_raise_passes(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        pages(error)
    assert caught.value is error


def test_connector_that_prints_leaves_standard_output_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pages(Page())
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "noise\n")


@pytest.mark.parametrize(
    "item",
    [
        None,
        [issue()],
        Page(issues="text"),  # type: ignore[arg-type]  # what the test is about
        Page(issues=[{"id": "1"}]),  # type: ignore[list-item]  # what the test is about
        Page(gone=[""]),
        Page(gone=[7]),  # type: ignore[list-item]  # what the test is about
        Page(gone=["\udcff"]),
        Page(cursor=""),
        Page(cursor=7),  # type: ignore[arg-type]  # what the test is about
        Page(unplaced=["Odd"]),  # type: ignore[list-item]  # what the test is about
        Page(unplaced=[Unplaced("colour", "red")]),  # type: ignore[arg-type]  # likewise
        Page(unplaced=[Unplaced("status", 7)]),  # type: ignore[arg-type]  # likewise
        Page(unfit=["7"]),  # type: ignore[list-item]  # likewise
        Page(unfit=[Unfit("", "odd")]),
        Page(unfit=[Unfit("7", 7)]),  # type: ignore[arg-type]  # likewise
        Page(issues=[msgspec.structs.replace(issue(), ref={"id": "1"})]),
        Page(issues=[issue(system="jira")]),
        Page(issues=[issue(workspace="b.example")]),
    ],
    ids=lambda item: repr(item)[:60],
)
def test_page_that_is_none_names_the_plugin(item: object) -> None:
    with pytest.raises(ProviderError, match=f"{PLUGIN}: its pages failed"):
        pages(item, Page())


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"updated_at": None}, "field updated_at: it is missing"),
        ({"updated_at": NOW.replace(tzinfo=None)}, "field updated_at"),
        ({"assignees": ("ada@acme.example",)}, "field assignees"),
        ({"priority": 9}, "field priority"),
        ({"title": None}, "field title"),
        ({"title": "\udcff"}, "issue B1-1"),
    ],
)
def test_issue_that_is_not_fit_to_be_stored_is_named_and_the_others_stay(
    changes: dict[str, Any], fault: str
) -> None:
    (page,) = pages(Page(issues=[issue(**changes), make_issue("2", updated_at=NOW)]))
    assert [one.ref.key for one in page.issues] == ["B1-2"]
    (unfit,) = page.unfit
    assert unfit.problem.startswith("issue B1-1")
    assert fault in unfit.problem


def test_issue_that_is_too_long_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "MAX_RECORD_BYTES", 1000)
    (page,) = pages(Page(issues=[issue(body="x" * 1000)]))
    assert [one.problem for one in page.unfit] == ["issue B1-1: longer than 1000 bytes"]


def test_page_with_an_earlier_cursor_is_a_tracker_that_repeats_itself() -> None:
    drawn = guarded(
        Fake([Page(cursor="a"), Page(cursor="b"), Page(cursor="a")]), PLUGIN, BINDING
    ).pages(None, None)
    assert [next(drawn).cursor, next(drawn).cursor] == ["a", "b"]
    with pytest.raises(TrackerError, match="repeats itself"):
        next(drawn)


def test_cursor_that_the_run_began_with_may_come_once_more() -> None:
    """For one that is kept says less than the place it stands for."""
    drawn = guarded(Fake([Page(cursor="a"), Page(cursor="a")]), PLUGIN, BINDING).pages(None, "a")
    assert next(drawn).cursor == "a"
    with pytest.raises(TrackerError, match="repeats itself"):
        next(drawn)


def test_pages_that_bring_the_same_issues_under_new_cursors_end() -> None:
    endless = [Page(issues=[issue()], cursor=str(number)) for number in range(MAX_IDLE_PAGES + 1)]
    with pytest.raises(TrackerError, match="1000 pages in a row hold nothing new"):
        pages(*endless)


def test_issues_long_forgotten_count_as_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a list of any length takes no more memory than a part of it."""
    from trackwire.connecting import guarding as module

    monkeypatch.setattr(module, "_KNOWN_IDS", 1)
    monkeypatch.setattr(module, "MAX_IDLE_PAGES", 2)
    drawn = [Page(gone=[key], cursor=str(n)) for n, key in enumerate("abcdabcd")]
    assert len(pages(*drawn, Page())) == len(drawn) + 1


def test_a_thousand_pages_in_a_row_without_an_issue_are_too_many() -> None:
    empty = [Page(cursor=str(number)) for number in range(MAX_IDLE_PAGES)]
    with pytest.raises(TrackerError, match="1000 pages in a row hold nothing new"):
        pages(*empty)


def test_an_issue_between_empty_pages_begins_the_count_anew() -> None:
    many = [Page(cursor=str(number)) for number in range(2 * MAX_IDLE_PAGES - 2)]
    many[MAX_IDLE_PAGES - 1] = replace(many[MAX_IDLE_PAGES - 1], gone=["1"])
    assert len(pages(*many, Page())) == 2 * MAX_IDLE_PAGES - 1


def test_end_before_the_last_page_names_the_plugin() -> None:
    with pytest.raises(ProviderError, match="ended before a page that says it is the last"):
        pages(Page(cursor="a"))


def test_connector_is_closed_when_its_pages_are_left() -> None:
    fake = Fake([Page(cursor="a"), Page()])
    drawn = guarded(fake, PLUGIN, BINDING).pages(None, None)
    next(drawn)
    drawn.close()  # type: ignore[attr-defined]  # it is a generator
    assert fake.closed


def census(*items: Any) -> list[Sequence[Listed]]:
    return list(guarded(Fake(items), PLUGIN, BINDING).census())


def test_sound_census_passes() -> None:
    assert census([Listed("1", NOW), Listed("2")]) == [[Listed("1", NOW), Listed("2")]]


@pytest.mark.parametrize(
    "item",
    [
        None,
        "12",
        ["1"],
        [Listed("")],
        [Listed(7)],  # type: ignore[arg-type]  # what the test is about
        [Listed("1", NOW.replace(tzinfo=None))],
        [Listed("1", "2026")],  # type: ignore[arg-type]  # what the test is about
        ValueError(SECRET),
    ],
    ids=str,
)
def test_census_that_is_none_names_the_plugin(item: object) -> None:
    with pytest.raises(ProviderError, match=f"{PLUGIN}: its census failed"):
        census(item)


def test_census_that_never_lists_anything_ends() -> None:
    with pytest.raises(TrackerError, match="repeats itself"):
        census(*[[]] * MAX_IDLE_PAGES)


def test_fetched_issues_are_checked_like_those_of_pages() -> None:
    page = guarded(Fake([Page(issues=[issue(updated_at=None)])]), PLUGIN, BINDING).fetch(["1"])
    assert page.issues == []
    assert page.unfit == [Unfit("1", "issue B1-1, field updated_at: it is missing")]


def test_fetch_that_fails_names_the_plugin() -> None:
    with pytest.raises(ProviderError, match=f"{PLUGIN}: its fetch failed: KeyError"):
        guarded(Fake([KeyError(SECRET)]), PLUGIN, BINDING).fetch(["1"])


CONTEXT: Any = None  # what the functions below leave alone


def raising(error: BaseException) -> Any:
    def function(_context: ConnectContext) -> Any:
        raise error

    return function


def test_connect_that_fails_names_the_plugin() -> None:
    with pytest.raises(ProviderError, match=f"{PLUGIN}: its connect failed: TypeError"):
        opened(raising(TypeError(SECRET)), CONTEXT, PLUGIN, BINDING)


def test_connect_that_returns_no_connector_is_told_what_lacks() -> None:
    def connect(_context: ConnectContext) -> Any:
        return sys

    with pytest.raises(ProviderError, match="its connector has no pages, census, fetch"):
        opened(connect, CONTEXT, PLUGIN, BINDING)


def test_connector_that_is_opened_is_guarded() -> None:
    connector = opened(lambda _: Fake([SystemExit()]), CONTEXT, PLUGIN, BINDING)
    with pytest.raises(ProviderError):
        next(connector.pages(None, None))


def test_resources_are_listed() -> None:
    assert discovered(lambda _: iter([Resource("B1", "First")]), CONTEXT, PLUGIN) == [
        Resource("B1", "First")
    ]


@pytest.mark.parametrize(
    "item",
    [
        "B1",
        Resource(" ", "blank"),
        Resource("B1", 7),  # type: ignore[arg-type]  # what the test is about
        Resource("B\udcff", "First"),
    ],
    ids=str,
)
def test_resource_that_is_none_names_the_plugin(item: Any) -> None:
    with pytest.raises(ProviderError, match=f"{PLUGIN}: its discover failed"):
        discovered(lambda _: [item], CONTEXT, PLUGIN)


def test_discovery_that_fails_names_the_plugin() -> None:
    with pytest.raises(ProviderError, match="its discover failed: SystemExit"):
        discovered(raising(SystemExit(SECRET)), CONTEXT, PLUGIN)


def test_identity_is_returned() -> None:
    ada = Identity(account="Ada", timezone="Europe/Berlin")
    assert identified(lambda _: ada, CONTEXT, PLUGIN) == ada


def test_account_that_is_an_e_mail_address_is_masked() -> None:
    identity = identified(lambda _: Identity(account="ada@acme.example"), CONTEXT, PLUGIN)
    assert "@" not in identity.account


@pytest.mark.parametrize(
    "answer",
    [
        None,
        Identity(account=None),  # type: ignore[arg-type]  # what the test is about
        Identity(account="Ada", timezone=2),  # type: ignore[arg-type]  # likewise
        Identity(account="Ada", resource="B1"),  # type: ignore[arg-type]  # likewise
    ],
    ids=str,
)
def test_identity_that_is_none_names_the_plugin(answer: Any) -> None:
    with pytest.raises(ProviderError, match=f"{PLUGIN}: its verify failed"):
        identified(lambda _: answer, CONTEXT, PLUGIN)


def test_missing_secret_needs_no_origin_named_where_one_was_confirmed(
    desk: Desk, tracker: LiveTracker
) -> None:
    desk.users.drop(desk.users.read().credential[0])
    desk.keep("refresh_token", SECRET, tracker.url)
    with pytest.raises(CredentialError) as caught, desk.open():
        pass
    assert "run: trackwire credentials set api_key, or set" in str(caught.value)


def test_secret_with_a_line_break_is_said_with_the_command_that_replaces_it(
    desk: Desk, tracker: LiveTracker
) -> None:
    desk.keep("api_key", f"{SECRET}\n{SECRET}", tracker.url)
    with desk.open() as context, pytest.raises(CredentialError) as caught:
        context.secret("api_key")
    assert "run: trackwire credentials set api_key" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_typed_secret_for_the_users_own_address_goes_nowhere_else(
    desk: Desk, tracker: LiveTracker
) -> None:
    address, *others = ACME.credential_fields
    own = (replace(address, personal=True), *others)
    desk.provider = replace(ACME, credential_fields=own)
    kept = Entry(provider=PROVIDER, workspace=WORKSPACE, field="base_url", secret=False)
    desk.users.put(kept, "https://own.example")
    desk.users.drop(next(e for e in desk.users.read().credential if e.field == "api_key"))
    with pytest.raises(CredentialError) as caught, desk.open(given={"api_key": OTHER}):
        pass
    assert str(caught.value) == (
        f"what was typed is for https://own.example, and is not sent to {tracker.url}, which "
        "another source names; give the address too: --set base_url=URL"
    )


def test_missing_secret_is_told_without_an_origin_where_the_address_is_unusable(
    desk: Desk,
) -> None:
    desk.users.drop(desk.users.read().credential[0])
    desk.bind(base_url="nowhere")
    with pytest.raises(CredentialError) as caught, desk.open():
        pass
    assert "run: trackwire credentials set api_key, or set" in str(caught.value)


def test_typed_secret_with_a_line_break_is_to_be_typed_again(
    desk: Desk, tracker: LiveTracker
) -> None:
    given = {"base_url": tracker.url, "api_key": f"{OTHER}\nX: y"}
    with desk.open(given=given) as context, pytest.raises(CredentialError) as caught:
        context.secret("api_key")
    assert str(caught.value).endswith("such as a line break; give it again")


def test_issue_that_the_plugin_finds_unfit_stays_so() -> None:
    (page,) = pages(Page(issues=[issue()], unfit=[Unfit("7", "it has no title")]))
    assert list(page.unfit) == [Unfit("7", "it has no title")]


def test_provider_whose_address_may_be_missing_is_named(desk: Desk) -> None:
    address, *others = ACME.credential_fields
    desk.provider = replace(ACME, credential_fields=(replace(address, required=False), *others))
    write_binding(desk.root, BINDING, drop_fields=frozenset({"base_url"}))
    with (
        pytest.raises(ProviderError, match=f"{PLUGIN}: it declares no required field"),
        desk.open(),
    ):
        pass


def test_typed_secret_is_used_though_the_stored_one_is_for_another_address(
    desk: Desk, tracker: LiveTracker
) -> None:
    desk.keep("api_key", SECRET, "https://other.example")
    given = {"base_url": tracker.url, "api_key": OTHER}
    with desk.open(given=given) as context:
        assert revealed(context, "api_key") == OTHER


def test_refusal_names_the_first_of_the_secrets_that_are_for_another_address(desk: Desk) -> None:
    desk.keep("api_key", SECRET, "https://other.example")
    desk.keep("refresh_token", OTHER, "https://third.example")
    with pytest.raises(CredentialError, match=r"^api_key is not sent to "), desk.open():
        pass
