"""Whether an issue belongs to what the project is bound to: its team and its organisation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from trackwire.provider import ExportContext
    from trackwire_linear.shapes import Record, Team

_SITE = "linear.app"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]*")


def foreign_reason(record: Record, context: ExportContext) -> str | None:
    """Tell why an issue belongs elsewhere; None where it belongs here or does not say.

    Args:
        record: The issue.
        context: What is known of the binding: `team_id` is compared with the team's id and key,
            the workspace with the organisation in the address of the issue's page.
    """
    team_id = context.value_of("team_id")
    if record.team is not None and team_id is not None:
        if _same(record.team.id, team_id):
            return None
        if reason := _foreign_team(record.team, team_id):
            return reason
    return _foreign_organisation(record.url, context.workspace)


def slug_of(workspace: str) -> str | None:
    """Give the organisation's key that a workspace names, alone or in an address.

    Args:
        workspace: As the project is bound to it.

    Returns:
        The key in lower case; None where the workspace is a name in words.
    """
    named = _organisation(workspace) or workspace.strip().lower()
    return named if _SLUG.fullmatch(named) else None


def _foreign_team(team: Team, team_id: str) -> str | None:
    """Compare id with id and key with key; what is of the other kind alone says nothing."""
    said = {"team.key": team.key, "team.id": team.id}
    if _UUID.fullmatch(team_id):
        del said["team.key"]
    elif _UUID.fullmatch(team.id or ""):
        del said["team.id"]
    if any(_same(value, team_id) for value in said.values()):
        return None
    for field, value in said.items():
        if value:
            return f"field {field} is {value!r}, but the binding's team_id is {team_id!r}"
    return None


def _same(said: str | None, bound: str) -> bool:
    return said is not None and said.strip().casefold() == bound.casefold()


def _foreign_organisation(url: str | None, workspace: str) -> str | None:
    said, bound = _organisation(url or ""), slug_of(workspace)
    if said is None or bound is None or said == bound:
        return None
    return (
        f"field url is of the organisation {said!r}, but the binding's workspace is {workspace!r}"
    )


def _organisation(address: str) -> str | None:
    """Give the organisation in an address such as `https://linear.app/acme/issue/ENG-12`."""
    try:
        parts = urlsplit(address.strip() if "://" in address else f"//{address.strip()}")
    except ValueError:
        return None
    first = parts.path.lstrip("/").partition("/")[0]
    return first.lower() or None if parts.hostname == _SITE else None
