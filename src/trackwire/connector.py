"""What the author of a provider plugin writes to read the live tracker.

A provider's `connect` returns a `Connector`, which says what is particular to its tracker: how a
page of issues is asked for and read. Trackwire does the rest: it gives the connector an HTTP
client that waits and repeats (`trackwire.fetching`), decides from when on to read, keeps each page
in one transaction, goes on after an interruption, and finds what is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from trackwire.context import ExportContext

if TYPE_CHECKING:
    import httpx

    from trackwire.model import Issue
    from trackwire.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectContext(ExportContext):
    """What a connector may know of the binding, and the means to reach its tracker.

    `credentials` holds the personal values too, never a secret one.

    Args:
        client: Sends requests to the tracker: it times out, waits as the tracker asks, repeats
            what failed for now, and reaches no other server than those the secrets are for. A
            connector adds its `Authorization` and leaves the rest as it is.
        secret: Returns a secret field's value, or None where it is not set; raises
            `trackwire.errors.CredentialError` where it may not be sent to the tracker's address.
        keep_secrets: Stores new values of secret fields where the old ones lie, before it
            returns; raises `trackwire.errors.CredentialError` where they cannot be kept.
        page_size: How many issues a page may have at most; None for what suits the tracker.
        gateways: The provider's `gateways`.
    """

    client: httpx.Client
    secret: Callable[[str], Secret | None] = field(repr=False)
    keep_secrets: Callable[[Mapping[str, str]], None] = field(repr=False)
    page_size: int | None = None
    gateways: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A name of the tracker's that neither the project's maps nor the plugin could place.

    Args:
        kind: What it is the name of.
        name: The name, as the tracker has it.
    """

    kind: Literal["status", "priority"]
    name: str


@dataclass(frozen=True, slots=True)
class Unfit:
    """An issue that is at the tracker and cannot be taken in; the others are.

    Args:
        id: The tracker's own id.
        problem: What is wrong with it, naming the issue as people know it.
    """

    id: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some issues of the resource, as they are at the tracker.

    Args:
        issues: The issues, each with its `updated_at`.
        gone: Ids of issues that the tracker says are not the resource's any more, such as those
            archived, in the trash or moved elsewhere.
        cursor: Where to go on behind this page, in the connector's own terms; None on the last.
        unplaced: Names in this page that could not be placed.
        unfit: Issues of this page that cannot be taken in.
    """

    issues: Sequence[Issue] = ()
    gone: Sequence[str] = ()
    cursor: str | None = None
    unplaced: Sequence[Unplaced] = ()
    unfit: Sequence[Unfit] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """That an issue is at the tracker, and since when it is as it is.

    Args:
        id: The tracker's own id.
        updated_at: Its last change there, with an offset from UTC, or None where that costs too
            much to ask.
    """

    id: str
    updated_at: datetime | None = None


class Connector(Protocol):
    """Reads one resource of the live tracker.

    Its methods raise `trackwire.errors.TrackerError` for what a person must mend.
    """

    def pages(self, since: datetime | None, cursor: str | None) -> Iterator[Page]:
        """Read the issues that changed, each page asked for when it is drawn.

        Args:
            since: Yield every issue whose last change was then or later, and others at will;
                None for all issues.
            cursor: Go on behind the page that had this cursor, of an earlier call with the same
                `since`; None to begin.

        Raises:
            trackwire.errors.CursorError: The tracker does not take this cursor any more.
        """
        ...

    def census(self) -> Iterator[Sequence[Listed]]:
        """List every issue that the resource has at the tracker, some at a time."""
        ...

    def fetch(self, ids: Sequence[str]) -> Page:
        """Read issues by their ids.

        Args:
            ids: At most 100.

        Returns:
            One page; an id that is not the resource's, or not there, is neither in it nor an
            error.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whom the tracker takes the credentials for, and what they can see.

    Args:
        account: The account's name or id, never an e-mail address.
        deployment: What the tracker says it is, such as `Cloud` or `Data Center 10.3.1`, or None.
        timezone: The account's timezone, such as `Europe/Berlin`, or None.
        resource: The bound resource as the account sees it, or None where it sees none.
    """

    account: str
    deployment: str | None = None
    timezone: str | None = None
    resource: Resource | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource that the credentials can see.

    Args:
        id: The value to bind: what the provider's `credential_key` takes.
        name: The name that people use.
        key: The short name in the issues' keys, or None.
    """

    id: str
    name: str
    key: str | None = None


Connect = Callable[[ConnectContext], Connector]
"""Opens the bound resource for reading; checks early what would fail later."""

Discover = Callable[[ConnectContext], Iterable[Resource]]
"""Lists the resources that the credentials can see; no resource is bound yet."""

Verify = Callable[[ConnectContext], Identity]
"""Asks the tracker who the credentials are and whether the bound resource is visible."""

Pause = Callable[["httpx.Response"], float | None]
"""Tells from an answer how many seconds to wait before the next request.

None where the answer asks for no wait. An answer that is no success and asks for one is repeated.
The client itself knows the statuses 429 and 503 with `Retry-After` (RFC 9110).
"""
