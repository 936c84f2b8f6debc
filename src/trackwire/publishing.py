"""One publish, from the store's state to the hub's receipt."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from trackwire.defaults import DELIVERY_SECONDS
from trackwire.errors import (
    ScopeError,
    TemporaryError,
    TrackwireError,
    UndeliveredError,
    UsageError,
)
from trackwire.files import replacing
from trackwire.ledger import PublishState, idempotency_key
from trackwire.lock import DATA_DIRECTORY
from trackwire.scope import Fill
from trackwire.snapshot import Snapshot, remove_leftovers, spooled

if TYPE_CHECKING:
    from trackwire.delivery.receipt import Resolution
    from trackwire.login import HubTarget
    from trackwire.project import TrackerProjectConfig
    from trackwire.routing import ResourceRouting
    from trackwire.scope import Scope
    from trackwire.store import TrackerSqliteStore


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishReport:
    """What a publish came to, or would come to.

    Args:
        ok: Whether the hub has accepted the snapshot; for a dry run, whether it would be sent.
        dry_run: Whether nothing was sent.
        status_code: The HTTP status of the last answer, or None without one.
        endpoint: The normalized endpoint URL, or None for a dry run without a hub.
        idempotency_key: The key, or None for a dry run without a hub.
        replayed: Whether the hub had accepted the same publish before.
        provider: The provider's normalized name.
        workspace: The workspace.
        external_resource_type: The resource type, or None.
        external_resource_id: The resource's id, or None.
        routing_reason: Why the route is so.
        issue_count: Issues in the body.
        mapping_count: Mappings in the body.
        body_bytes: The body's length before compression.
        body_sha256: The body's digest, lower-case hex.
        attempts: How many requests were sent.
        resolution: How the hub resolved the route, or None where it did not say.
        error: Why it is not ok, or None.
    """

    ok: bool
    dry_run: bool
    status_code: int | None
    endpoint: str | None
    idempotency_key: str | None
    replayed: bool
    provider: str
    workspace: str
    external_resource_type: str | None
    external_resource_id: str | None
    routing_reason: str
    issue_count: int
    mapping_count: int
    body_bytes: int
    body_sha256: str
    attempts: int
    resolution: Resolution | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """What is to be published, and how.

    Args:
        config: The project.
        routing: The route.
        scope: Whose issues.
        store: The store.
        directory: The project's data directory.
        output: Where to copy the exact body to, or None.
        timeout: Seconds for the whole delivery.
        notify: Told what a person should know while it runs.
        progress: Told how many issues are rendered.
    """

    config: TrackerProjectConfig
    routing: ResourceRouting
    scope: Scope
    store: TrackerSqliteStore
    directory: Path
    output: Path | None = None
    timeout: float = DELIVERY_SECONDS
    notify: Callable[[str], None] = lambda _: None
    progress: Callable[[int], None] = lambda _: None


def check_fill(
    store: TrackerSqliteStore,
    scope: Scope,
    *,
    allow_empty: bool,
    partial: bool,
    filled_by: str = "trackwire import FILE",
) -> None:
    """Refuse to publish a scope that does not hold its resource's state.

    Args:
        store: The store.
        scope: What would be published.
        allow_empty: Whether a scope that was never filled is meant.
        partial: Whether one that is filled in part is meant.
        filled_by: The command that fills it.

    Raises:
        ScopeError: It was never filled, or in part, and that was not said to be meant.
    """
    fill = store.fill(scope)
    if fill is Fill.NEVER and not allow_empty:
        filled = [str(s.scope) for s in store.scopes() if s.fill is not Fill.NEVER]
        others = f"; filled are: {'; '.join(filled)}" if filled else ""
        raise ScopeError(
            f"nothing was ever read for {scope}{others}. Run: {filled_by}, or "
            "publish an empty snapshot with --allow-empty"
        )
    if fill is Fill.PARTIAL and not partial:
        raise ScopeError(
            f"{scope} is filled in part only: the hub would take the missing issues for gone. "
            f"Run: {filled_by}, for the rest, or publish what is there with --partial"
        )


def rehearse(publish: Publish, target: HubTarget | None) -> PublishReport:
    """Render the snapshot and say what would be sent; nothing is sent or recorded.

    Args:
        publish: What is to be published.
        target: Where to, or None where no hub is named.
    """
    with _rendered(publish) as snapshot:
        key = None
        if target is not None:
            digest = snapshot.body.sha256.hex()
            generation = publish.store.ledger.next_generation(target.endpoint, digest)
            key = idempotency_key(publish.store.id, target.endpoint, generation, digest)
        return replace(
            _report(publish, snapshot),
            ok=True,
            dry_run=True,
            endpoint=None if target is None else target.endpoint,
            idempotency_key=key,
        )


def send(publish: Publish, target: HubTarget) -> PublishReport:
    """Render the snapshot, record it in the ledger and deliver it.

    Args:
        publish: What is to be published; the caller holds the project's lock.
        target: Where to.

    Raises:
        DeliveryError: The hub refused it; the error's `report` says how far it came.
        DeliveryDeferred: It is worth repeating; likewise.
    """
    from trackwire.delivery.sending import deliver

    remove_leftovers(publish.directory)
    ledger = publish.store.ledger
    with _rendered(publish) as snapshot:
        entry = ledger.begin(
            publish.store.id,
            target.endpoint,
            snapshot.body.sha256.hex(),
            str(publish.scope),
            snapshot.issue_count,
        )
        report = replace(
            _report(publish, snapshot),
            endpoint=target.endpoint,
            idempotency_key=entry.idempotency_key,
        )
        try:
            delivery = deliver(
                snapshot.body,
                endpoint=target.endpoint,
                key=entry.idempotency_key,
                token=target.token,
                codings=ledger.codings(target.endpoint),
                timeout=publish.timeout,
                notify=publish.notify,
            )
        except TrackwireError as error:
            repeatable = isinstance(error, TemporaryError)
            state = PublishState.PENDING if repeatable else PublishState.FAILED
            ledger.finish(entry, state, str(error))
            if isinstance(error, UndeliveredError):
                _remember(publish, target, error.codings)
                error.report = replace(
                    report, status_code=error.status_code, attempts=error.attempts, error=str(error)
                )
            raise
        resolution = delivery.receipt.resolution
        ledger.finish(
            entry, PublishState.DELIVERED, resolution.status if resolution else "accepted"
        )
        _remember(publish, target, delivery.codings)
        return replace(
            report,
            ok=True,
            status_code=delivery.status_code,
            replayed=delivery.replayed,
            attempts=delivery.attempts,
            resolution=resolution,
        )


@contextlib.contextmanager
def _rendered(publish: Publish) -> Iterator[Snapshot]:
    with spooled(
        publish.directory,
        publish.store,
        publish.scope,
        publish.config,
        publish.routing,
        publish.progress,
    ) as snapshot:
        if publish.output is not None:
            _copy(snapshot, publish.output)
        yield snapshot


def _copy(snapshot: Snapshot, output: Path) -> None:
    try:
        with snapshot.body.path.open("rb") as body, _opened(output) as copy:
            shutil.copyfileobj(body, copy)
    except OSError as error:
        raise UsageError(
            f"{output}: the body cannot be written there: {error.strerror}; nothing was sent. "
            "Name another file with --output"
        ) from error


def check_output(root: Path, output: Path) -> None:
    """Refuse to write the body over the project's own files.

    Args:
        root: The project's directory.
        output: Where the body is to be copied to.

    Raises:
        UsageError: It is inside `.kittify`.
    """
    own = (root / DATA_DIRECTORY).parent.resolve()
    if output.resolve().is_relative_to(own):
        raise UsageError(f"{output}: is among the project's own files; name another with --output")


def _opened(output: Path) -> contextlib.AbstractContextManager[BinaryIO]:
    if output.exists() and not output.is_file():  # a device or pipe is written to, not replaced
        return output.open("wb")
    return replacing(output, mode=0o600)


def _remember(publish: Publish, target: HubTarget, codings: frozenset[str] | None) -> None:
    if codings is not None:
        publish.store.ledger.remember_codings(target.endpoint, codings)


def _report(publish: Publish, snapshot: Snapshot) -> PublishReport:
    return PublishReport(
        ok=False,
        dry_run=False,
        status_code=None,
        endpoint=None,
        idempotency_key=None,
        replayed=False,
        provider=publish.config.provider,
        workspace=publish.config.workspace,
        external_resource_type=publish.routing.external_resource_type,
        external_resource_id=publish.routing.external_resource_id,
        routing_reason=publish.routing.reason,
        issue_count=snapshot.issue_count,
        mapping_count=snapshot.mapping_count,
        body_bytes=snapshot.body.size,
        body_sha256=snapshot.body.sha256.hex(),
        attempts=0,
    )
