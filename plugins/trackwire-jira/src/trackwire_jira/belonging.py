"""Whether an issue belongs to what the project is bound to: its site and its Jira project."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from trackwire.provider import ExportContext
    from trackwire_jira.shapes import Record

_HOST_NAME = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)
_GATEWAY = "api.atlassian.com"  # it serves every Cloud site, by an id in the path


@dataclass(frozen=True, slots=True)
class Bound:
    """What the binding says of the site and the project, ready to compare with.

    Args:
        workspace: The bound workspace, as it is written.
        site: The site's address without a slash at its end, or None where none is bound or only
            that of a gateway.
        hosts: The hosts, in lower case, that an issue of the site may come from; empty where the
            binding names none.
        project_key: The bound project's key, stripped, or None.
    """

    workspace: str
    site: str | None
    hosts: frozenset[str]
    project_key: str | None

    @classmethod
    def of(cls, context: ExportContext) -> Bound:
        """Read them from what a reader knows of the binding."""
        site = _site_address(context.value_of("base_url"))
        hosts = _hosts(context.workspace, site)
        return cls(context.workspace, site, hosts, context.value_of("project_key"))


def foreign_reason(record: Record, bound: Bound) -> str | None:
    """Tell why an issue belongs elsewhere; None where it belongs here or does not say.

    Args:
        record: The issue.
        bound: The binding.
    """
    return foreign_project(record, bound) or _foreign_site(record.self, bound)


def page_url(record: Record, bound: Bound) -> str | None:
    """Give the address of an issue's page.

    Args:
        record: The issue.
        bound: The binding, whose site comes first; else it is where the record came from.
    """
    site = bound.site or site_of(record.self)
    if record.key is None or site is None:
        return None
    return f"{site}/browse/{quote(record.key)}"


def site_of(self_url: str | None) -> str | None:
    """Give the address of the site that a REST address belongs to, its context path included.

    Args:
        self_url: An issue's `self`, such as `https://host/jira/rest/api/2/issue/1`.

    Returns:
        Such as `https://host/jira`; None for a gateway's address or what is no REST address.
    """
    root, rest, _ = (self_url or "").partition("/rest/")
    if not rest or _host(root) in {None, _GATEWAY}:
        return None
    return _without_user(root)


def foreign_project(record: Record, bound: Bound) -> str | None:
    """Tell why an issue of the bound site belongs to another project; None where it does not.

    Args:
        record: The issue.
        bound: The binding.
    """
    if bound.project_key is None:
        return None
    project = record.fields.project
    if project is not None and project.key:
        field, key = "fields.project.key", project.key
    elif record.key and "-" in record.key:
        field, key = "key", record.key.rpartition("-")[0]
    else:
        return None
    if key.strip().casefold() == bound.project_key.casefold():
        return None
    said = key if field != "key" else record.key
    return f"field {field} is {said!r}, but the binding's project_key is {bound.project_key!r}"


def _foreign_site(self_url: str | None, bound: Bound) -> str | None:
    host = _telling_host((self_url or "").partition("/rest/")[0])
    if host is None or not bound.hosts or host in bound.hosts:
        return None
    return f"field self is at {host!r}, but the binding's workspace is {bound.workspace!r}"


def _hosts(workspace: str, site: str | None) -> frozenset[str]:
    site_host = _telling_host(site) if site else None
    workspace_host = _telling_host(workspace if "://" in workspace else f"//{workspace}")
    if not _HOST_NAME.fullmatch(workspace_host or ""):
        # a bare name may be a Cloud site's or any server's: only an address tells which
        workspace_host = f"{workspace.strip().lower()}.atlassian.net" if site_host else None
    return frozenset(host for host in (site_host, workspace_host) if host)


def _telling_host(address: str) -> str | None:
    host = _host(address)
    return None if host is None or _says_nothing(host) else host


def _says_nothing(host: str) -> bool:
    if host == _GATEWAY or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=64)
def _host(address: str) -> str | None:
    try:
        return urlsplit(address.strip()).hostname
    except ValueError:
        return None


def _site_address(base_url: str | None) -> str | None:
    if base_url is None:
        return None
    address = base_url if "://" in base_url else f"https://{base_url}"
    if _host(address) in {None, _GATEWAY}:
        return None
    return _without_user(address.rstrip("/"))


def _without_user(address: str) -> str:
    """Leave out a user and a password, which some put into addresses."""
    scheme, _, rest = address.partition("://")
    server, slash, path = rest.partition("/")
    return f"{scheme}://{server.rpartition('@')[2]}{slash}{path}"
