"""What a project can be told to do: bind, route, import, map, publish, and its status.

Everything that the command line does is here for a library's user too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trackwire import binding as binder
from trackwire import keeping
from trackwire.credentials import TrackerCredentialStore
from trackwire.errors import ProjectError, UsageError
from trackwire.imports import ImportFile, ImportReport, import_groups, reader_for
from trackwire.lock import DATA_DIRECTORY, data_directory, project_lock
from trackwire.login import HubLogin, HubTarget
from trackwire.project import TrackerProjectConfig, load_project
from trackwire.publishing import (
    DEFAULT_TIMEOUT_SECONDS,
    Publish,
    PublishReport,
    check_fill,
    check_output,
    rehearse,
    send,
)
from trackwire.registry import ProviderRegistry
from trackwire.route import Route, derive_route, explain
from trackwire.scope import ScopeState, state_of
from trackwire.store import STORE_FILE, TrackerSqliteStore

if TYPE_CHECKING:
    from trackwire.binding import BindReport, BindRequest, Prospect
    from trackwire.keeping import SetRequest
    from trackwire.ledger import LedgerEntry
    from trackwire.model import WorkPackageMapping

_WORK_PACKAGE = re.compile(r"WP[0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A project at a glance.

    Args:
        route: The route.
        state: What the bound scope holds.
        others: What other scopes of the store hold.
        hub: The address of the hub where none is named, or None.
        publishes: The latest publish of each destination, the newest first.
    """

    route: Route
    state: ScopeState
    others: tuple[ScopeState, ...]
    hub: str | None
    publishes: tuple[LedgerEntry, ...]


class TrackerService:
    """One project, with the user's credentials and the installed providers.

    Args:
        root: The project's directory.
        registry: The provider registry.
        credentials: The user's credentials.
        hubs: The hubs that the user has logged in to.
        notify: Told what a person should know while something runs.
    """

    def __init__(
        self,
        root: Path,
        *,
        registry: ProviderRegistry | None = None,
        credentials: TrackerCredentialStore | None = None,
        hubs: HubLogin | None = None,
        notify: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.root = root
        self.registry = registry or ProviderRegistry()
        self.credentials = credentials or TrackerCredentialStore()
        self.hubs = hubs or HubLogin(self.credentials.users)
        self.notify = notify

    def bind(self, request: BindRequest) -> BindReport:
        """Bind the project; see `trackwire.binding.bind`."""
        return binder.bind(self.root, self.registry, self.credentials, request, self.notify)

    def unbind(self, *, purge: bool = False) -> TrackerProjectConfig:
        """Remove the binding; see `trackwire.binding.unbind`."""
        return binder.unbind(self.root, self.credentials, purge=purge, notify=self.notify)

    def prospect(self, request: BindRequest) -> Prospect:
        """Tell what a binding would lack; see `trackwire.binding.prospect`."""
        return binder.prospect(self.root, self.registry, self.credentials, request)

    def set_credential(self, request: SetRequest) -> str:
        """Keep a credential where it belongs; see `trackwire.keeping.set_credential`."""
        return keeping.set_credential(
            self.root, self.registry, self.credentials, request, self.notify
        )

    def config(self) -> TrackerProjectConfig:
        """Read the project's configuration; see `trackwire.project.load_project`."""
        return load_project(self.root)

    def route(self) -> Route:
        """Derive the bound project's route; see `trackwire.route.derive_route`."""
        return derive_route(self.root, self.registry, self.credentials)

    def status(self) -> Overview:
        """Tell the project's binding, route, issues at hand and last publishes."""
        route = self.route()
        states: list[ScopeState] = []
        publishes: list[LedgerEntry] = []
        if self._store_path.exists():
            with TrackerSqliteStore(self._store_path) as store:
                states, publishes = store.scopes(), store.ledger.latest()
        return Overview(
            route=route,
            state=state_of(route.scope, states),
            others=tuple(s for s in states if s.scope != route.scope),
            hub=self.hubs.default_url(),
            publishes=tuple(publishes),
        )

    def import_files(
        self,
        files: Sequence[ImportFile],
        *,
        file_format: str | None = None,
        replace_all: bool = False,
        only_bound: bool = False,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Iterator[ImportReport]:
        """Read files into the bound scope, each in one transaction.

        Args:
            files: The files, in order; the last of an issue wins.
            file_format: `jsonl` for one issue in wire form a line; None for what the provider's
                reader reads.
            replace_all: Whether the files together are the whole state; they are then one
                transaction.
            only_bound: Whether to leave out issues of another workspace or resource, instead of
                refusing the file.
            progress: Told from time to time how many issues of a file were read.

        Yields:
            A report for each transaction, as soon as it is kept.

        Raises:
            RecordError: A record is bad or foreign; nothing of its transaction is kept.
            UsageError: The provider has no reader of exports.
        """
        reader_for(self.route(), file_format)
        groups = [files] if replace_all else [[file] for file in files]
        with project_lock(self.root, "import", notify=self.notify), self._store() as store:
            route = self.route()  # the binding may have changed during the wait
            yield from import_groups(
                groups,
                reader_for(route, file_format),
                route,
                store,
                replace_all=replace_all,
                only_bound=only_bound,
                progress=progress,
            )

    def add_mapping(self, wp_id: str, issue: str) -> WorkPackageMapping:
        """Tie a work package to an issue of the bound scope.

        Args:
            wp_id: The work package, such as `WP01`.
            issue: The issue's key or id.

        Raises:
            UsageError: The work package is ill-formed, or the issue is not at hand.
        """
        if _WORK_PACKAGE.fullmatch(wp_id) is None:
            raise UsageError(f"{wp_id!r} is no work package; one looks like WP01")
        scope = self.route().scope
        with self._store() as store:
            held = store.find_issue(scope, issue)
            if held is None:
                raise UsageError(
                    f"there is no issue {issue!r} in {scope}; import it first, or see its key or "
                    "id at the tracker"
                )
            return store.put_mapping(scope, wp_id, held)

    def list_mappings(self) -> list[WorkPackageMapping]:
        """List the bound scope's mappings."""
        scope = self.route().scope
        if not self._store_path.exists():
            return []
        with self._store() as store:
            return list(store.list_mappings(scope))

    def remove_mapping(self, wp_id: str, issue: str) -> WorkPackageMapping:
        """Remove a mapping of the bound scope.

        Args:
            wp_id: The work package.
            issue: The issue's key, whatever its case, or id.

        Raises:
            UsageError: There is no such mapping.
        """
        held = next(
            (
                mapping
                for mapping in self.list_mappings()
                if mapping.wp_id == wp_id
                and (
                    issue == mapping.external_id
                    or issue.lower() == (mapping.external_key or "").lower()
                )
            ),
            None,
        )
        if held is None:
            raise UsageError(f"{wp_id} is not mapped to {issue!r}; see: trackwire map list")
        with self._store() as store:
            store.remove_mapping(self.route().scope, wp_id, held.external_id)
        return held

    def publish(
        self,
        *,
        hub: str | None = None,
        dry_run: bool = False,
        output: Path | None = None,
        timeout: float = DEFAULT_TIMEOUT_SECONDS,
        require_routing: bool = False,
        allow_empty: bool = False,
        partial: bool = False,
        progress: Callable[[int], None] = lambda _: None,
    ) -> PublishReport:
        """Publish the bound scope's state with its route.

        Args:
            hub: The hub's address; None for the one that the user logged in to.
            dry_run: Whether to say what would be sent, and send and record nothing.
            output: Where to write the exact body to, or None.
            timeout: Seconds for the whole delivery, retries included; also how long to wait for
                another process that works on the project.
            require_routing: Whether to refuse a null route.
            allow_empty: Whether to publish a scope that was never filled.
            partial: Whether to publish a scope that is filled in part.
            progress: Told from time to time how many issues are rendered.

        Raises:
            ProjectError: Routing is required and there is none; or no project, or not bound.
            ScopeError: The scope is not filled.
            DeliveryError: The hub refused the snapshot.
            DeliveryDeferred: It was not reached, or not in time.
            LockedError: Another process is working on the project.
        """
        if not math.isfinite(timeout) or timeout <= 0:
            raise UsageError(f"the timeout is {timeout}; it takes seconds, more than 0")
        if output is not None:
            check_output(self.root, output)
        self._publishable(require_routing=require_routing)
        target = self._target(hub, dry_run=dry_run)
        with self._exclusive(dry_run=dry_run, wait=timeout) as directory, self._store() as store:
            route = self._publishable(require_routing=require_routing)  # as it is after the wait
            for note in (value.note for value in route.values.values() if value.note):
                self.notify(note)
            if route.routing.is_null:
                self.notify(f"the route is null/null: {explain(route)}")
            check_fill(store, route.scope, allow_empty=allow_empty, partial=partial)
            publish = Publish(
                config=route.config,
                routing=route.routing,
                scope=route.scope,
                store=store,
                directory=directory,
                output=output,
                timeout=timeout,
                notify=self.notify,
                progress=progress,
            )
            if dry_run or target is None:
                return rehearse(publish, target)
            return send(publish, target)

    def _target(self, hub: str | None, *, dry_run: bool) -> HubTarget | None:
        if dry_run and hub is None and self.hubs.default_url() is None:
            return None
        return self.hubs.target(hub, with_token=not dry_run)

    def _publishable(self, *, require_routing: bool) -> Route:
        route = self.route()
        if require_routing and route.routing.is_null:
            raise ProjectError(f"there is no route: {explain(route)}; nothing was sent")
        return route

    @property
    def _store_path(self) -> Path:
        return self.root / DATA_DIRECTORY / STORE_FILE

    def _store(self) -> TrackerSqliteStore:
        data_directory(self.root)
        return TrackerSqliteStore(self._store_path)

    @contextmanager
    def _exclusive(self, *, dry_run: bool, wait: float) -> Iterator[Path]:
        if dry_run:
            yield data_directory(self.root)
            return
        with project_lock(self.root, "publish", wait=wait, notify=self.notify) as directory:
            yield directory
