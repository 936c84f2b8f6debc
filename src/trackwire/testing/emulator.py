"""What the author of a plugin tells the kit about the tracker: how its API and its exports look.

The kit makes up issues and asks for them through the plugin; an `Emulator` renders them as the
tracker would. The kit does the rest: it serves the answers on loopback, injects faults, and
compares what the plugin read with what was made up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

from trackwire.model import Status

ASSIGNEES, IN_PROGRESS, LABELS = "assignees", "in_progress", "labels"
PRIORITIES, PRIORITY_NAMES = "priorities", "priority_names"
LACKABLE = frozenset({ASSIGNEES, IN_PROGRESS, LABELS, PRIORITIES, PRIORITY_NAMES})
"""What `Emulator.lacks` may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleIssue:
    """A made-up issue, in terms that every tracker has a form of its own for.

    Args:
        id: The tracker's own id: decimal digits.
        title: One line; it may hold any character.
        body: Plain text of one paragraph, or None for an issue without any.
        status: `todo`, `in_progress` or `done`.
        own_status: Whether its status has a name of the team's own, which the plugin cannot know:
            render one where the tracker has such, whatever `status` is.
        priority: 0 (highest) to 4, or None; render what the tracker has for it, or nothing.
        assignee: The account's id, or None where nobody is assigned.
        assignee_deleted: Whether that account was deleted: render what the tracker then shows.
        labels: Names of labels.
        updated_at: The last change, in UTC and whole seconds.
        is_foreign: Whether it belongs to another resource: only in an export.
        is_damaged: Whether a part that cannot be done without is missing: only in an export.
    """

    id: str
    title: str
    body: str | None = None
    status: Status = Status.TODO
    own_status: bool = False
    priority: int | None = None
    assignee: str | None = None
    assignee_deleted: bool = False
    labels: tuple[str, ...] = ()
    updated_at: datetime
    is_foreign: bool = False
    is_damaged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleTracker:
    """What the made-up tracker holds at the moment.

    Args:
        resource_id: The resource that the issues belong to: the credential key's value.
        issues: Its issues, by their last change, then by id; none is foreign or damaged.
        page_size: How many issues one page of an answer has at most, whatever is asked for.
    """

    resource_id: str
    issues: Sequence[SampleIssue]
    page_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request of the plugin's, as it arrived.

    Args:
        method: In capitals.
        target: Path and query, as in the request line.
        headers: By their names in lower case.
        body: The body.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def path(self) -> str:
        """The path, without the query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The query, decoded; the last of a name's values."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    def json(self) -> object:
        """Decode the body as JSON.

        Raises:
            ValueError: It is none.
        """
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a tracker answers.

    Args:
        status: The HTTP status.
        headers: Beside those that the server adds.
        body: The body.
        is_page: Whether this is a page of the list of issues; faults are aimed at such answers.
        cut_at: After how many bytes of the body the connection breaks, or None where it holds.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_page: bool = False
    cut_at: int | None = None

    @classmethod
    def of_json(cls, value: object, *, status: int = 200, is_page: bool = False) -> Answer:
        """Return an answer that holds a value as JSON.

        Args:
            value: What `json.dumps` takes.
            status: The HTTP status.
            is_page: Whether this is a page of the list of issues.
        """
        return cls(
            status=status,
            headers={"Content-Type": "application/json"},
            body=json.dumps(value, ensure_ascii=False).encode(),
            is_page=is_page,
        )


class Emulator:
    """Renders made-up issues as one tracker does; to be subclassed by the author of a plugin.

    The distribution names its subclass under the entry-point group `trackwire.conformance`, with
    the provider's name, so that `trackwire plugin check` finds it::

        [project.entry-points."trackwire.conformance"]
        acme = "acme_trackwire.conformance:AcmeEmulator"

    It is called from several threads at once and keeps no state: all there is to know is in the
    request and in the tracker that it is given.
    """

    credentials: ClassVar[Mapping[str, str]] = {}
    """A made-up value for every required field but the origin, of eight characters or more where
    the field is secret; the kit sets the origin itself."""

    workspace: ClassVar[str] = "acme"
    """The workspace that the kit binds a project to."""

    path: ClassVar[str] = ""
    """The path of the tracker's address, such as `/graphql`."""

    lacks: ClassVar[frozenset[str]] = frozenset()
    """What the tracker, or its API, does not have, so that no rule asks for it: `assignees` (no
    account ids), `in_progress` (no state between `todo` and `done`), `labels`, `priorities`, and
    `priority_names` (priorities are bare numbers)."""

    def answer(self, request: Request, tracker: SampleTracker) -> Answer:
        """Answer a request as the tracker would; only for a plugin that connects.

        A request without the right credentials is refused as the tracker refuses it.

        Args:
            request: The request.
            tracker: What the tracker holds at the moment.
        """
        raise NotImplementedError

    def account_of(self, assignee: str) -> str:
        """Give the id that an issue of the wire has for an account, where it is not the tracker's.

        Args:
            assignee: The account's id, as `SampleIssue.assignee` has it.
        """
        return assignee

    def refusal(self, status: int, request: Request) -> Answer:
        """Word a refusal as the tracker does.

        Args:
            status: The HTTP status: 401, 403, 404, 410, 429 or 500.
            request: What is refused.
        """
        del request
        return Answer.of_json({"error": f"refused with {status}"}, status=status)

    def expired(self, request: Request) -> Answer:
        """Say that the credentials have expired as the tracker does where its status is 200.

        Args:
            request: What is refused.

        Returns:
            By default the login page that single sign-on puts before an API.
        """
        del request
        page = b"<!doctype html><title>Log in</title><form></form>"
        return Answer(headers={"Content-Type": "text/html"}, body=page)

    def export(self, tracker: SampleTracker, issues: Sequence[SampleIssue]) -> bytes:
        """Render a saved answer of the API, the last page; only for a plugin that reads exports.

        Args:
            tracker: The made-up tracker.
            issues: What the export holds, in that order; foreign and damaged ones among them.
        """
        raise NotImplementedError
