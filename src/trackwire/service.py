"""What a project can be told to do: bind, route, pull, import, map, publish, and its status.

Everything that the command line does is here for a library's user too. A method imports what it
alone needs, so that to show a route does not wait for what only a pull takes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from trackwire.credentials import TrackerCredentialStore
from trackwire.defaults import DELIVERY_SECONDS, OVERLAP, TRACKER_WAIT_SECONDS
from trackwire.errors import ProjectError, TrackwireError, UsageError
from trackwire.lock import DATA_DIRECTORY, data_directory, project_lock
from trackwire.login import HubLogin, HubTarget
from trackwire.project import TrackerProjectConfig, load_project
from trackwire.registry import ProviderRegistry
from trackwire.route import Route, derive_route, explain, is_pullable

if TYPE_CHECKING:
    from trackwire.binding import BindReport, BindRequest, Prospect
    from trackwire.connector import Resource
    from trackwire.discovering import Discovery
    from trackwire.doctor import Finding
    from trackwire.imports import ImportFile, ImportReport
    from trackwire.keeping import SetRequest
    from trackwire.model import WorkPackageMapping
    from trackwire.overview import Overview
    from trackwire.publishing import PublishReport
    from trackwire.pulling import PullProgress, PullReport
    from trackwire.store import TrackerSqliteStore
    from trackwire.visiting import PullOptions

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What a pull and the publish after it came to.

    Args:
        pull: What the pull came to, or None where it did not begin.
        publish: What the publish came to, or None where it did not begin.
    """

    pull: PullReport | None
    publish: PublishReport | None = None


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
        from trackwire.binding import bind

        return bind(self.root, self.registry, self.credentials, request, self.notify)

    def unbind(self, *, purge: bool = False) -> TrackerProjectConfig:
        """Remove the binding; see `trackwire.binding.unbind`."""
        from trackwire.binding import unbind

        return unbind(self.root, self.credentials, purge=purge, notify=self.notify)

    def prospect(self, request: BindRequest) -> Prospect:
        """Tell what a binding would lack; see `trackwire.binding.prospect`."""
        from trackwire.binding import prospect

        return prospect(self.root, self.registry, self.credentials, request)

    def set_credential(self, request: SetRequest) -> str:
        """Keep a credential where it belongs; see `trackwire.keeping.set_credential`."""
        from trackwire.keeping import set_credential

        return set_credential(self.root, self.registry, self.credentials, request, self.notify)

    def config(self) -> TrackerProjectConfig:
        """Read the project's configuration; see `trackwire.project.load_project`."""
        return load_project(self.root)

    def route(self) -> Route:
        """Derive the bound project's route; see `trackwire.route.derive_route`."""
        return derive_route(self.root, self.registry, self.credentials)

    def status(self) -> Overview:
        """Tell the project's binding, route, issues at hand and last publishes."""
        from trackwire.overview import overview

        return overview(self.route(), self.hubs.default_url())

    def doctor(self, hub: str | None = None) -> list[Finding]:
        """Look for what is wrong; see `trackwire.doctor.examine`."""
        from trackwire.doctor import Patient, examine

        return examine(
            Patient(self.root, self.registry, self.credentials, self.hubs, hub, self.notify)
        )

    def discover(
        self,
        provider: str,
        workspace: str | None = None,
        given: Mapping[str, str] = _NOTHING,
        *,
        confirmed_origin: str | None = None,
        max_wait: float = TRACKER_WAIT_SECONDS,
    ) -> list[Resource]:
        """List what the credentials can see at a provider; see `trackwire.discovering.discover`.

        The arguments are those of `trackwire.discovering.Discovery`.
        """
        from trackwire.discovering import Discovery, discover

        wish = Discovery(
            provider=provider,
            workspace=workspace,
            given=given,
            confirmed_origin=confirmed_origin,
            max_wait=max_wait,
        )
        return discover(self.root, self.registry, self.credentials, wish, self.notify)

    def discovery_prospect(self, wish: Discovery) -> Prospect:
        """Tell what is missing to see it; see `trackwire.discovering`."""
        from trackwire.discovering import discovery_prospect

        return discovery_prospect(self.root, self.registry, self.credentials, wish)

    def pull(
        self,
        *,
        full: bool = False,
        since: datetime | None = None,
        limit: int | None = None,
        overlap: timedelta = OVERLAP,
        max_wait: float = TRACKER_WAIT_SECONDS,
        accept_gone: bool = False,
        progress: Callable[[PullProgress], None] = lambda _: None,
    ) -> PullReport:
        """Read the live tracker into the bound scope; each page is kept as soon as it is read.

        The arguments are those of `trackwire.visiting.PullOptions`; for the errors see
        `trackwire.visiting.pull_scope`.

        Raises:
            LockedError: Another process is working on the project; the text says which.
        """
        from trackwire.visiting import PullOptions

        options = PullOptions(
            full=full,
            since=since,
            limit=limit,
            overlap=overlap,
            max_wait=max_wait,
            accept_gone=accept_gone,
            progress=progress,
        )
        return self._pull(options)

    def sync(
        self,
        options: PullOptions | None = None,
        *,
        hub: str | None = None,
        timeout: float = DELIVERY_SECONDS,
        progress: Callable[[int], None] = lambda _: None,
    ) -> SyncReport:
        """Pull, then publish what is there then; a pull that fails is not published.

        Args:
            options: How to pull; None for the regular course.
            hub: The hub's address; None for the one that the user logged in to.
            timeout: Seconds for the whole delivery.
            progress: Told from time to time how many issues are rendered.

        Raises:
            TrackwireError: What `pull` or `publish` raises, with a `SyncReport` as its `report`.
        """
        from trackwire.visiting import PullOptions

        self._target(hub, dry_run=False)  # a hub that is not there is said before the long part
        pulled: PullReport | None = None
        try:
            pulled = self._pull(options or PullOptions())
            published = self.publish(hub=hub, timeout=timeout, progress=progress)
        except TrackwireError as error:
            error.report = _sync_report(pulled, error.report)
            raise
        return SyncReport(pull=pulled, publish=published)

    def _pull(self, options: PullOptions) -> PullReport:
        from trackwire.visiting import pull_scope, require_pullable

        options.check()
        require_pullable(self.route())
        with project_lock(self.root, "pull", wait=0), self._store() as store:
            return pull_scope(self.route(), store, self.credentials, options, self.notify)

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
        from trackwire.imports import import_groups, reader_for

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
        """Tie a work package to an issue of the bound scope; see `trackwire.mapping`."""
        from trackwire.mapping import add_mapping

        route = self.route()
        with self._store() as store:
            return add_mapping(store, route.scope, wp_id, issue, readable=is_pullable(route))

    def list_mappings(self) -> list[WorkPackageMapping]:
        """List the bound scope's mappings."""
        scope = self.route().scope
        if not self._store_path.exists():
            return []
        with self._store() as store:
            return list(store.list_mappings(scope))

    def remove_mapping(self, wp_id: str, issue: str) -> WorkPackageMapping:
        """Remove a mapping of the bound scope; see `trackwire.mapping.remove_mapping`."""
        from trackwire.mapping import remove_mapping

        scope = self.route().scope
        with self._store() as store:
            return remove_mapping(store, scope, wp_id, issue)

    def publish(
        self,
        *,
        hub: str | None = None,
        dry_run: bool = False,
        output: Path | None = None,
        timeout: float = DELIVERY_SECONDS,
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
        from trackwire.publishing import Publish, check_fill, check_output, rehearse, send

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
            check_fill(
                store,
                route.scope,
                allow_empty=allow_empty,
                partial=partial,
                filled_by="trackwire pull" if is_pullable(route) else "trackwire import FILE",
            )
            pulls = store.journal.state(route.scope)
            if pulls.run is not None:
                self.notify(
                    "a pull was interrupted: some issues may be as they were before it; to go on "
                    "run: trackwire pull"
                )
            if pulls.doubt is not None:
                self.notify(pulls.doubt)
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
        from trackwire.store import STORE_FILE

        return self.root / DATA_DIRECTORY / STORE_FILE

    def _store(self) -> TrackerSqliteStore:
        from trackwire.store import TrackerSqliteStore

        data_directory(self.root)
        return TrackerSqliteStore(self._store_path)

    @contextmanager
    def _exclusive(self, *, dry_run: bool, wait: float) -> Iterator[Path]:
        if dry_run:
            yield data_directory(self.root)
            return
        with project_lock(self.root, "publish", wait=wait, notify=self.notify) as directory:
            yield directory


def _sync_report(pulled: PullReport | None, report: object) -> SyncReport:
    from trackwire.publishing import PublishReport
    from trackwire.pulling import PullReport

    if pulled is None:
        return SyncReport(pull=report if isinstance(report, PullReport) else None)
    return SyncReport(pull=pulled, publish=report if isinstance(report, PublishReport) else None)
