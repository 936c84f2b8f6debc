"""Pulling a bound project, as a library's user does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from projectkit import PROVIDER, WORKSPACE, LiveTracker, make_issue, make_service, running_tracker

from trackwire.connector import ConnectContext, Listed, Page
from trackwire.discovery import Found
from trackwire.errors import LockedError, ProjectError, ProviderError, TrackerError, UsageError
from trackwire.lock import project_lock
from trackwire.project import Binding, write_binding
from trackwire.provider import CredentialField, Provider
from trackwire.registry import ProviderRegistry, Registered
from trackwire.service import SyncReport, TrackerService

NOW = datetime(2026, 11, 1, 10, tzinfo=UTC)
FIELDS = (
    CredentialField(name="base_url", help="The site", origin=True),
    CredentialField(name="board", help="The board"),
)


@dataclass
class Reads:
    """A connector of some issues; an exception is raised in an issue's place."""

    items: Sequence[str | BaseException] = ("1", "2")

    def pages(self, since: datetime | None, cursor: str | None) -> Iterator[Page]:
        del since
        for number, item in enumerate(self.items[int(cursor or 0) :], start=int(cursor or 0) + 1):
            if isinstance(item, BaseException):
                raise item
            last = number == len(self.items)
            issue = make_issue(item, updated_at=NOW)
            yield Page(issues=[issue], cursor=None if last else str(number))

    def census(self) -> Iterator[Sequence[Listed]]:
        yield [Listed(item, NOW) for item in self.items if isinstance(item, str)]

    def fetch(self, ids: Sequence[str]) -> Page:
        return Page(issues=[make_issue(external_id, updated_at=NOW) for external_id in ids])


class OnePlugin(ProviderRegistry):
    """A registry whose only plugin is given by hand."""

    def __init__(self, provider: Provider) -> None:
        found = Found(PROVIDER, "acme-plugin", "1.2", None)  # type: ignore[arg-type]  # not loaded
        super().__init__((), environ={})
        self._outcomes[PROVIDER] = Registered(PROVIDER, provider, found)


Make = Callable[..., TrackerService]


@pytest.fixture
def tracker() -> Iterator[LiveTracker]:
    """A server on loopback that records what it is asked."""
    with running_tracker() as made:
        yield made


@pytest.fixture
def make(tmp_path: Path, tracker: LiveTracker, no_keyring: None) -> Make:
    """Makes the service of a bound project, whose plugin connects as a test says."""
    (tmp_path / ".kittify").mkdir()
    (tmp_path / ".kittify" / "config.yaml").touch()
    fields = {"base_url": tracker.url, "board": "B1"}
    write_binding(tmp_path, Binding(provider=PROVIDER, workspace=WORKSPACE), set_fields=fields)

    def service(connect: Any = lambda _: Reads(), **environ: str) -> TrackerService:
        provider = Provider(
            name=PROVIDER,
            title="Acme",
            api_version=1,
            resource_type="acme_board",
            credential_key="board",
            credential_fields=FIELDS,
            connect=connect,
        )
        made = make_service(tmp_path, environ=environ)
        made.registry = OnePlugin(provider)
        return made

    return service


def test_report_tells_what_was_read(make: Make) -> None:
    report = make().pull()
    assert (report.issues, report.changes.created, report.complete) == (2, 2, True)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"since": datetime(2026, 11, 1)}, "without an offset"),  # noqa: DTZ001 - what it is about
        ({"since": datetime(2999, 1, 1, tzinfo=UTC)}, "in the future"),
        ({"since": datetime(1969, 12, 31, tzinfo=UTC)}, "it takes 1970 or later"),
        ({"since": NOW, "full": True}, "leave out either full or since"),
        ({"since": NOW, "accept_gone": True}, "leave out either since or accept_gone"),
        ({"limit": 0}, "the limit is 0"),
        ({"overlap": timedelta(seconds=-1)}, "the overlap is -1 s"),
        ({"max_wait": float("nan")}, "the longest wait is nan"),
        ({"max_wait": -1.0}, "the longest wait is -1"),
    ],
)
def test_option_that_cannot_be_meant_is_refused_before_anything_is_made(
    make: Make, options: dict[str, Any], fault: str
) -> None:
    service = make()
    before = sorted(service.root.rglob("*"))
    with pytest.raises(UsageError, match=fault):
        service.pull(**options)
    assert sorted(service.root.rglob("*")) == before


def test_second_pull_is_refused_at_once(make: Make) -> None:
    service = make()
    with project_lock(service.root, "pull"), pytest.raises(LockedError, match="trackwire pull"):
        service.pull()


def test_failure_carries_a_report_and_keeps_what_was_read(make: Make) -> None:
    service = make(lambda _: Reads(["1", TrackerError("no more")]))
    with pytest.raises(TrackerError) as caught:
        service.pull()
    assert getattr(caught.value.report, "issues", None) == 1
    assert service.status().state.issue_count == 1


def test_connector_of_the_plugin_is_guarded(make: Make) -> None:
    with pytest.raises(ProviderError, match=r"acme-plugin 1\.2: its pages failed: SystemExit"):
        make(lambda _: Reads([SystemExit(0)])).pull()


def test_connect_gets_the_resource_and_the_address(make: Make, tracker: LiveTracker) -> None:
    seen: list[ConnectContext] = []

    def connect(context: ConnectContext) -> Reads:
        seen.append(context)
        return Reads()

    make(connect).pull()
    assert seen[0].value_of("board") == "B1"
    assert str(seen[0].client.base_url).rstrip("/") == tracker.url


def test_changed_map_makes_the_next_pull_read_everything(make: Make) -> None:
    service = make()
    service.pull()
    config = service.root / ".kittify" / "config.yaml"
    mapped = config.read_text().replace("trackwire:\n", "trackwire:\n  status_map: {Odd: done}\n")
    config.write_text(mapped)
    assert service.pull().full is True
    assert service.pull().full is False


def test_binding_without_a_resource_is_refused(make: Make) -> None:
    service = make()
    binding = service.config().binding
    write_binding(service.root, binding, drop_fields=frozenset({"board"}))
    with pytest.raises(ProjectError, match="board is not set"):
        service.pull()


def test_sync_that_cannot_pull_carries_how_far_it_came(make: Make) -> None:
    failing = make(
        lambda _: Reads(["1", TrackerError("no")]), TRACKWIRE_HUB_URL="http://127.0.0.1:9"
    )
    with pytest.raises(TrackerError) as caught:
        failing.sync()
    report = caught.value.report
    assert isinstance(report, SyncReport)
    assert report.pull is not None
    assert (report.pull.issues, report.publish) == (1, None)
