"""The projects that an account can see, and the bound one among them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

from trackwire.errors import TrackerError, command
from trackwire_jira.shapes import NamedProject, Projects
from trackwire_jira.site import RefusedError, Site, required

if TYPE_CHECKING:
    from trackwire.connector import ConnectContext

_PAGE_SIZE = 100
_UNSEEN = frozenset({403, 404})


def bound_project(context: ConnectContext, site: Site) -> NamedProject:
    """Give the bound project.

    Args:
        context: The binding.
        site: The site, logged in.

    Raises:
        CredentialError: The binding names none.
        RefusedError: The account does not see it.
        TrackerError: It has another key now.
    """
    key = required(context, "project_key")
    unseen = (
        f"the account sees no project with the key {key!r}: check project_key, and ask for the "
        f"permission Browse Projects; what it sees: {command('discover', 'jira')}"
    )
    path = f"rest/api/2/project/{quote(key, safe='')}"
    project = site.ask("GET", path, NamedProject, dict.fromkeys(_UNSEEN, unseen))
    if project.key.casefold() != key.casefold():
        place = ("bind", "jira", "--workspace", context.workspace)
        bind = command(*place, "--set", f"project_key={project.key}")
        raise TrackerError(f"Jira's project {key!r} has the key {project.key!r} now; run: {bind}")
    return project


def visible_project(context: ConnectContext, site: Site) -> NamedProject | None:
    """Give the bound project, or None where none is bound or the account does not see it.

    Args:
        context: The binding.
        site: The site, logged in.

    Raises:
        TrackerError: It has another key now, or Jira answers otherwise.
    """
    if context.value_of("project_key") is None:
        return None
    try:
        return bound_project(context, site)
    except RefusedError as error:
        if error.status in _UNSEEN:
            return None
        raise


def all_projects(site: Site) -> Iterator[NamedProject]:
    """List the projects that the account can see.

    Args:
        site: The site, logged in.
    """
    if not site.is_cloud:
        yield from site.ask("GET", "rest/api/2/project", list[NamedProject])
        return
    start, is_last = 0, False
    while not is_last:
        params = {"startAt": start, "maxResults": _PAGE_SIZE, "orderBy": "key"}
        page = site.ask("GET", "rest/api/3/project/search", Projects, params=params)
        yield from page.values
        start += len(page.values)
        is_last = page.is_last or not page.values
