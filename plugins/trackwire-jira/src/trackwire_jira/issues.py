"""Maps one issue, as Jira's REST API gives it, to the wire form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from trackwire.errors import RecordError
from trackwire.model import ExternalRef, Issue
from trackwire_jira import adf, vocabulary
from trackwire_jira.belonging import Bound, page_url

if TYPE_CHECKING:
    from trackwire.provider import ExportContext
    from trackwire_jira import shapes

_ASK = "name it in the `fields` of the request that saved this file"

REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "id": "an issue is known by its numeric id, which every answer of the REST API carries: "
        "export it again without taking parts out",
        "fields": _ASK,
        "fields.summary": _ASK,
        "fields.status": _ASK,
    }
)
"""What mends a part that is missing, by its name in the record."""


def to_issue(record: shapes.Record, context: ExportContext, bound: Bound, place: str) -> Issue:
    """Map one issue to the wire form.

    Args:
        record: The issue, checked.
        context: The project's own names of statuses and priorities.
        bound: What the binding says of the site.
        place: Where the record stands, for the error.

    Raises:
        RecordError: `fields.updated` is no time with an offset from UTC.
    """
    fields = record.fields
    resolution = fields.resolution.name if fields.resolution else None
    priority = fields.priority.name if fields.priority else None
    return Issue(
        ref=ExternalRef(
            system="jira",
            workspace=context.workspace,
            id=record.id,
            key=record.key,
            url=page_url(record, bound),
        ),
        title=fields.summary,
        body=_body(fields.description),
        status=vocabulary.status_of(fields.status, resolution, context.status_map),
        issue_type=vocabulary.type_of(fields.issuetype),
        priority=vocabulary.priority_of(priority, context.priority_map),
        assignees=_assignees(fields.assignee),
        labels=fields.labels or (),
        updated_at=_time(fields.updated, place),
    )


def _body(description: object) -> str | None:
    # version 2 gives wiki markup, which is passed through; version 3 a rich-text document
    text = description if isinstance(description, str) else adf.plain_text(description)
    return text if text.strip() else None


def _assignees(user: shapes.User | None) -> tuple[str, ...]:
    """Give the account's most stable id; on old servers a name can be an e-mail address."""
    if user is None:
        return ()
    ids = (user.account_id, user.key, user.name)
    return next(((given,) for given in ids if given and "@" not in given), ())


def _time(text: str | None, place: str) -> datetime | None:
    """Read a time such as `2010-08-17T16:36:29.180+0200` (ISO 8601)."""
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise RecordError(place, "fields.updated", f"{text[:40]!r} is no ISO 8601 time") from None
    if time.tzinfo is None:
        problem = f"{text[:40]!r} has no offset from UTC, such as +0000"
        raise RecordError(place, "fields.updated", problem)
    return time
