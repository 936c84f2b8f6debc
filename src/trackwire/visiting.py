"""Pulls a bound project: its plugin found, its tracker opened, its scope filled."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from trackwire.connecting import fingerprint, open_context, opened
from trackwire.defaults import OVERLAP, TRACKER_WAIT_SECONDS
from trackwire.errors import ProjectError, UsageError
from trackwire.pulling import Pull, PullProgress, PullReport, pull
from trackwire.registry import Registered, require_registered
from trackwire.route import explain

if TYPE_CHECKING:
    from trackwire.connector import Connect
    from trackwire.credentials import TrackerCredentialStore
    from trackwire.route import Route
    from trackwire.store import TrackerSqliteStore

LONGEST_OVERLAP = timedelta(days=3650)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_IMPORT = "import saved answers of its API, or issues in wire form with --format jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullOptions:
    """How a project is pulled.

    Args:
        full: Whether to read everything again, and to take a census.
        since: Read what changed since then, beside the regular course; with an offset from UTC.
            None for the regular course.
        limit: How many issues to read at most, or None.
        overlap: How much of what was read before is read again.
        max_wait: Seconds that all waits for the tracker may take together.
        accept_gone: Whether a census may find more than half of the issues gone.
        progress: Told after each page.
    """

    full: bool = False
    since: datetime | None = None
    limit: int | None = None
    overlap: timedelta = OVERLAP
    max_wait: float = TRACKER_WAIT_SECONDS
    accept_gone: bool = False
    progress: Callable[[PullProgress], None] = lambda _: None

    def check(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            UsageError: Names the option.
        """
        if self.since is not None:
            self._check_since(self.since)
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"the limit is {self.limit}; it takes a number of issues, 1 or more")
        if not timedelta(0) <= self.overlap <= LONGEST_OVERLAP:
            raise UsageError(
                f"the overlap is {self.overlap.total_seconds():g} s; it takes 0 to "
                f"{LONGEST_OVERLAP.total_seconds():g}"
            )
        if not math.isfinite(self.max_wait) or self.max_wait < 0:
            raise UsageError(f"the longest wait is {self.max_wait}; it takes seconds, 0 or more")

    def _check_since(self, since: datetime) -> None:
        if since.utcoffset() is None:
            raise UsageError(f"since is {since.isoformat()}, without an offset from UTC")
        if since < _EPOCH:
            raise UsageError(f"since is {since.isoformat()}; it takes 1970 or later")
        if since > datetime.now(UTC):
            raise UsageError(f"since is {since.isoformat()}, which is in the future")
        if self.full:
            raise UsageError("a full pull reads everything: leave out either full or since")
        if self.accept_gone:
            raise UsageError(
                "a pull since some time takes no census: leave out either since or accept_gone"
            )


def require_pullable(route: Route) -> tuple[Registered, Connect]:
    """Return the plugin that reads a project's tracker live.

    Args:
        route: The bound project's route.

    Raises:
        UsageError: No plugin is in use, or it cannot read the tracker; says what to do instead.
        ProjectError: No resource is bound.
    """
    registered = require_registered(route.config.provider, route.outcome)
    if registered.provider.connect is None:
        raise UsageError(f"{registered.found} does not read the live tracker; {_IMPORT}")
    if route.routing.is_null:
        raise ProjectError(f"nothing can be pulled: {explain(route)}")
    return registered, registered.provider.connect


def pull_scope(
    route: Route,
    store: TrackerSqliteStore,
    credentials: TrackerCredentialStore,
    options: PullOptions,
    notify: Callable[[str], None],
) -> PullReport:
    """Read the live tracker into a project's scope.

    Args:
        route: The bound project's route.
        store: The store; the caller holds the project's lock.
        credentials: The user's credentials.
        options: How to pull.
        notify: Told what a person should know while it runs.

    Raises:
        UsageError: It cannot be pulled, or not so.
        ProjectError: No resource is bound.
        CredentialError: A credential is missing, or not for that address.
        TrackerError: The tracker refused, or its answer cannot be used; what was read is kept.
        TrackerDeferred: Likewise, and the same call may succeed later.
        ProviderError: The plugin failed.
    """
    registered, connect = require_pullable(route)
    plugin = str(registered.found)
    for note in route.config.notes:
        notify(note)
    with open_context(
        credentials,
        route.config,
        registered.provider,
        plugin=plugin,
        page_size=options.limit,
        max_wait=options.max_wait,
        notify=notify,
    ) as context:
        return pull(
            Pull(
                connector=opened(connect, context, plugin, route.config.bound()),
                scope=route.scope,
                store=store,
                fingerprint=fingerprint(
                    registered.found, route.config, str(context.client.base_url)
                ),
                full=options.full,
                since=options.since,
                limit=options.limit,
                overlap=options.overlap,
                accept_gone=options.accept_gone,
                progress=options.progress,
                notify=notify,
            )
        )
