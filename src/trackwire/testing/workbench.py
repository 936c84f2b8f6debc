"""A project bound to one provider and apart from everything else on the machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from trackwire.binding import BindRequest
from trackwire.connecting import GuardedConnector, open_context, opened
from trackwire.credentials import TrackerCredentialStore
from trackwire.lock import data_directory
from trackwire.login import HubLogin
from trackwire.registry import require_registered
from trackwire.service import TrackerService
from trackwire.store import STORE_FILE, TrackerSqliteStore
from trackwire.testing.api import PAGE_SIZE, FaultyApi
from trackwire.testing.hub import RecordingHub
from trackwire.testing.registry import found_of, registry_of_claims
from trackwire.userfile import UserStore

if TYPE_CHECKING:
    from trackwire.connector import ConnectContext
    from trackwire.model import Checkpoint, Issue
    from trackwire.provider import Provider
    from trackwire.pulling import PullReport
    from trackwire.scope import Fill
    from trackwire.testing.emulator import Emulator, SampleIssue
    from trackwire.testing.subject import Subject

_WORKSPACE = "acme"
_ADDRESS = "https://tracker.example"
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Workbench:
    """A temporary project that is bound to a provider, with its tracker on loopback.

    A context manager. What the machine's user has stored, the keyring and the variables of the
    environment play no part; everything else is the code that serves a user.

    Args:
        provider: The provider, sound.
        emulator: Its tracker, or None where nothing is asked of it: then every required field
            has a made-up value.
        issues: What the tracker holds at first, in any order.
        page_size: How many issues one page of the tracker's has at most.
        values: Values by credential field, over those of the emulator; a blank one is left out.
        dist: The distribution's name; by default `NAME-trackwire`.
        version: The distribution's version.

    Raises:
        ProviderError: The provider is unsound.
        UsageError: A value is for no declared field.
    """

    def __init__(
        self,
        provider: Provider,
        emulator: Emulator | None = None,
        *,
        issues: Sequence[SampleIssue] = (),
        page_size: int = PAGE_SIZE,
        values: Mapping[str, str] = _NOTHING,
        dist: str | None = None,
        version: str = "1.0",
    ) -> None:
        self.provider = provider
        self.notes: list[str] = []
        """What the person would have been told on standard error."""
        self._emulator = emulator
        self._given = dict(values)
        self._known = {**(emulator.credentials if emulator else _made_up(provider)), **values}
        self.resource_id = self._known.get(provider.credential_key or "", "").strip()
        """The bound resource; empty where there is none."""
        self.found = found_of(provider, dist, version)
        """The claim that stands for the plugin."""
        self._registry = registry_of_claims([self.found])
        self._api = (
            FaultyApi(emulator, self.resource_id, issues, page_size=page_size) if emulator else None
        )
        self._resources = ExitStack()

    @classmethod
    def of(cls, subject: Subject, **options: Any) -> Self:
        """Make the workbench of what the kit checks.

        Args:
            subject: A plugin that was loaded.
            options: As the class takes them.
        """
        if subject.provider is None:
            raise ValueError(f"{subject.found} has no provider: {subject.problem}")
        found = subject.found
        return cls(
            subject.provider, subject.emulator, dist=found.dist, version=found.version, **options
        )

    def __enter__(self) -> Self:
        with ExitStack() as resources:
            directory = resources.enter_context(TemporaryDirectory(prefix="trackwire-"))
            if self._api is not None:
                resources.enter_context(self._api)
            self._set_up(Path(directory))
            self._resources = resources.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    @property
    def api(self) -> FaultyApi:
        """The tracker.

        Raises:
            ValueError: There is no emulator.
        """
        if self._api is None:
            raise ValueError(f"{self.found}: no emulator is given, so there is no tracker")
        return self._api

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values of the provider's secret fields."""
        declared = self.provider.credential_fields
        return tuple(self.values[f.name] for f in declared if f.secret and f.name in self.values)

    def pull(self, *, max_wait: float = 0, **options: Any) -> PullReport:
        """Pull as a user does, but without patience.

        Args:
            max_wait: Seconds that all waits for the tracker may take together.
            options: As `trackwire.service.TrackerService.pull` takes them.

        Raises:
            TrackwireError: What a user's pull raises.
            EmulatorError: The emulator failed.
        """
        with self._watched():
            return self.service.pull(max_wait=max_wait, **options)

    def issues(self) -> dict[str, Issue]:
        """Return what the project's store holds, by the tracker's own ids."""
        with self._store() as store:
            return {issue.ref.id: issue for issue in store.list_issues(self.scope)}

    def fill(self) -> Fill:
        """Tell how far the project's scope is filled."""
        with self._store() as store:
            return store.fill(self.scope)

    def checkpoint(self) -> Checkpoint:
        """Return how far the project's store has read the tracker."""
        with self._store() as store:
            return store.get_checkpoint(self.scope)

    def publish(self, **options: Any) -> dict[str, Any]:
        """Publish the project to a hub of its own, and return the document that the hub got.

        Args:
            options: As `trackwire.service.TrackerService.publish` takes them, but `hub`.

        Raises:
            TrackwireError: What a user's publish raises.
        """
        with RecordingHub() as hub:
            self.service.publish(hub=hub.url, **options)
            return hub.documents[-1]

    @contextmanager
    def context(self, *, max_wait: float = 0) -> Iterator[ConnectContext]:
        """Give what the provider's functions get to reach the tracker with.

        Args:
            max_wait: Seconds that all waits for the tracker may take together.
        """
        with (
            self._watched(),
            open_context(
                self.service.credentials,
                self.service.config(),
                self.provider,
                plugin=str(self.found),
                max_wait=max_wait,
                notify=self.notes.append,
            ) as context,
        ):
            yield context

    @contextmanager
    def connector(self) -> Iterator[GuardedConnector]:
        """Open the bound resource for reading, as a pull does."""
        route = self.service.route()
        registered = require_registered(route.config.provider, route.outcome)
        connect = registered.provider.connect
        if connect is None:
            raise ValueError(f"{self.found} does not connect")
        with self.context() as context:
            yield opened(connect, context, str(self.found), route.config.bound())

    def files(self) -> list[Path]:
        """List every file of the project; what the user alone keeps lies elsewhere."""
        return sorted(path for path in self.root.rglob("*") if path.is_file())

    def _set_up(self, directory: Path) -> None:
        self.root = directory / "project"
        """The project's directory."""
        self.root.mkdir()
        users = UserStore(directory / "user" / "credentials.toml", keyring=False)
        self.service = TrackerService(
            self.root,
            registry=self._registry,
            credentials=TrackerCredentialStore(users, {}),
            hubs=HubLogin(users, {}),
            notify=self.notes.append,
        )
        """The service of the project."""
        origin = self.provider.origin_field
        address = self._api.url if self._api else _ADDRESS
        addressed = {origin.name: address} if origin else {}
        known = {**self._known, **addressed, **self._given}
        self.values = {name: value for name, value in known.items() if value.strip()}
        """The bound values by credential field, secret ones among them."""
        workspace = self._emulator.workspace if self._emulator else _WORKSPACE
        request = BindRequest(provider=self.provider.name, workspace=workspace, values=self.values)
        self.service.bind(request)
        self.scope = self.service.route().scope
        """Whose issues the project's are."""

    def _store(self) -> TrackerSqliteStore:
        return TrackerSqliteStore(data_directory(self.root) / STORE_FILE)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        finally:
            if self._api is not None and self._api.failure is not None:
                raise self._api.failure


def _made_up(provider: Provider) -> dict[str, str]:
    return {
        declared.name: f"made-up-{declared.name.replace('_', '-')}"
        for declared in provider.credential_fields
        if (declared.required or declared.name == provider.credential_key)
        and declared.default is None
        and not declared.origin
    }
