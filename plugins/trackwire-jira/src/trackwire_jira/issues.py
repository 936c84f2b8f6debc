"""Maps one issue, as Jira's REST API gives it, to the wire form."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from trackwire.model import ExternalRef, Issue
from trackwire.records import read_time
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
        status=vocabulary.status_of(fields.status, resolution, context),
        issue_type=vocabulary.type_of(fields.issuetype),
        priority=vocabulary.priority_of(priority, context),
        assignees=_assignees(fields.assignee),
        labels=fields.labels or (),
        updated_at=read_time(fields.updated, place, "fields.updated"),
    )


def _body(description: object) -> str | None:
    # version 2 gives wiki markup, which is passed through; version 3 a rich-text document
    text = description if isinstance(description, str) else adf.markdown(description)
    return text if text.strip() else None


def _assignees(user: shapes.User | None) -> tuple[str, ...]:
    """Give the account's most stable id; on old servers a name can be an e-mail address."""
    if user is None:
        return ()
    ids = (user.account_id, user.key, user.name)
    return next(((given,) for given in ids if given and "@" not in given), ())
