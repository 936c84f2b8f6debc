"""The projects that an account can see, and the bound one among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from trackwire.answers import read_answer
from trackwire.errors import TrackerError, command
from trackwire.windows import read_tokens
from trackwire_jira.search import require_start
from trackwire_jira.shapes import NamedProject, Projects
from trackwire_jira.site import REMEDIES, Site, required

if TYPE_CHECKING:
    import httpx

    from trackwire.connector import ConnectContext

_UNSEEN = (403, 404)


def bound_project(context: ConnectContext, site: Site) -> NamedProject:
    """Give the bound project.

    Args:
        context: The binding.
        site: The site, logged in.

    Raises:
        CredentialError: The binding names none.
        TrackerError: The account does not see it, or it has another key now.
    """
    key = required(context, "project_key")
    return _named(key, _asked_for(key, site), context.workspace)


def visible_project(context: ConnectContext, site: Site) -> NamedProject | None:
    """Give the bound project, or None where none is bound or the account does not see it.

    Args:
        context: The binding.
        site: The site, logged in.

    Raises:
        TrackerError: It has another key now, or Jira answers otherwise.
    """
    key = context.value_of("project_key")
    if key is None or (answer := _asked_for(key, site)).status_code in _UNSEEN:
        return None
    return _named(key, answer, context.workspace)


def all_projects(site: Site) -> Iterator[NamedProject]:
    """List the projects that the account can see.

    Args:
        site: The site, logged in.
    """
    if not site.is_cloud:
        yield from site.ask("GET", "rest/api/2/project", list[NamedProject])
        return

    def ask(start: str | None) -> tuple[Sequence[NamedProject], str | None]:
        place = int(start or 0)
        params = {"startAt": str(place), "maxResults": "100", "orderBy": "key"}
        page = site.ask("GET", "rest/api/3/project/search", Projects, params=params)
        require_start(place, page.start_at)
        is_last = page.is_last or not page.values
        return page.values, None if is_last else str(place + len(page.values))

    for projects in read_tokens(ask):
        yield from projects


def _asked_for(key: str, site: Site) -> httpx.Response:
    return site.send("GET", f"rest/api/2/project/{quote(key, safe='')}")


def _named(key: str, answer: httpx.Response, workspace: str) -> NamedProject:
    unseen = (
        f"the account sees no project with the key {key!r}: check project_key, and ask for the "
        f"permission Browse Projects; what it sees: {command('discover', 'jira')}"
    )
    project = read_answer(answer, NamedProject, {**REMEDIES, **dict.fromkeys(_UNSEEN, unseen)})
    if project.key.casefold() != key.casefold():
        place = ("bind", "jira", "--workspace", workspace)
        bind = command(*place, "--set", f"project_key={project.key}")
        raise TrackerError(f"Jira's project {key!r} has the key {project.key!r} now; run: {bind}")
    return project
