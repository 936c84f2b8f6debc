"""What the author of a provider plugin writes against.

A plugin describes its tracker as one frozen `Provider` and returns it from the hook in
`trackwire.hookspecs`. Nothing else of Trackwire's is needed but the issue model and, for reading
exports, `trackwire.records`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO

from trackwire.context import ExportContext

if TYPE_CHECKING:
    from trackwire.connector import Connect, Discover, Pause, Verify
    from trackwire.model import Issue

__all__ = [
    "NAME_PATTERN",
    "RESERVED_NAMES",
    "SUPPORTED_API_VERSIONS",
    "CredentialField",
    "ExportContext",
    "Exported",
    "ExportedIssue",
    "MoreFollows",
    "MorePrecedes",
    "Provider",
    "ReadExport",
    "is_provider_name",
    "normalize_provider_name",
]

SUPPORTED_API_VERSIONS = range(1, 2)
"""The plugin API versions that this core can load; a plugin states the one it was written for."""

NAME_PATTERN = re.compile(r"[a-z][a-z0-9_]*")
"""What names of providers, resource types and credential fields look like (matched in full)."""

RESERVED_NAMES = frozenset({"disable", "hub"})
"""Names that no provider may bear: `TRACKWIRE_<NAME>_...` has a meaning of its own for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialField:
    """One value that a provider needs from its user.

    Args:
        name: In snake case; `TRACKWIRE_<PROVIDER>_<NAME>` overrides it from the environment.
        help: One line that tells a person where to find the value.
        secret: Kept in the system keyring or the user's private file, shown masked, and sent
            only to the origin it was given for.
        personal: Kept in the user's file, never in the project.
        required: Whether the tracker cannot be read without it.
        default: The value where none is given.
        origin: Whether this is the address that the secrets are sent to; at most one field is.
        instead_of: A required field that need not be set where this one is, or None.
    """

    name: str
    help: str
    secret: bool = False
    personal: bool = False
    required: bool = True
    default: str | None = None
    origin: bool = False
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class ExportedIssue:
    """An issue read from an export.

    Args:
        issue: The issue.
        place: Where in the file it stands, such as `issues[3]`.
        foreign: Why it belongs to another workspace or resource than the bound one, naming the
            field; None where it belongs here or does not say.
    """

    issue: Issue
    place: str
    foreign: str | None = None


@dataclass(frozen=True, slots=True)
class MoreFollows:
    """Says that the export is one page of several and not the last.

    Args:
        reason: What in the file says so.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class MorePrecedes:
    """Says that the export is one page of several and not the first.

    Args:
        reason: What in the file says so.
    """

    reason: str


Exported = ExportedIssue | MoreFollows | MorePrecedes
"""What a reader of exports yields."""

ReadExport = Callable[[BinaryIO, ExportContext], Iterator[Exported]]
"""Reads the issues out of a saved answer of the tracker's API.

Takes a seekable binary stream and the context, yields issues as it reads them, and raises
`trackwire.errors.RecordError` for the first bad record.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Everything that is particular to one tracker.

    Args:
        name: The normalized name; equals the entry point's.
        title: The name that people use.
        api_version: The plugin API version that the plugin was written for: a literal, never
            derived from the installed core.
        resource_type: What the hub calls the kind of resource, `[a-z][a-z0-9_]*`, or None.
        credential_key: The field that holds the resource's id; set exactly if `resource_type` is.
        credential_fields: What the user is asked for, in that order.
        read_export: Reads saved API answers, or None where the provider has no such reader.
        connect: Opens the bound resource for reading, or None where it cannot be read live.
        discover: Lists the resources that the credentials can see, or None.
        verify: Asks the tracker who the credentials are, or None.
        pause: Tells how long an answer asks to wait, where the tracker says so in a way of its
            own, or None.
        gateways: Addresses, beside the origin field's, that the secrets may be sent to: servers
            of the tracker's maker that stand before every customer's site.
    """

    name: str
    title: str
    api_version: int
    resource_type: str | None = None
    credential_key: str | None = None
    credential_fields: tuple[CredentialField, ...] = ()
    read_export: ReadExport | None = None
    connect: Connect | None = None
    discover: Discover | None = None
    verify: Verify | None = None
    pause: Pause | None = None
    gateways: tuple[str, ...] = ()

    @property
    def fields_by_name(self) -> Mapping[str, CredentialField]:
        """The declared fields by their names, in the declared order."""
        return MappingProxyType({declared.name: declared for declared in self.credential_fields})

    @property
    def origin_field(self) -> CredentialField | None:
        """The field that holds the address that the secrets are sent to, or None without one."""
        return next((declared for declared in self.credential_fields if declared.origin), None)


def normalize_provider_name(name: str) -> str:
    """Bring a provider's name into normal form: lower case, stripped, `-` and spaces as `_`.

    Args:
        name: As a person or another tool wrote it.
    """
    return re.sub(r"[-\s]", "_", name.strip().lower())


def is_provider_name(name: str) -> bool:
    """Tell whether a name is in normal form and may belong to a provider.

    Args:
        name: The name in question.
    """
    return NAME_PATTERN.fullmatch(name) is not None and name not in RESERVED_NAMES
