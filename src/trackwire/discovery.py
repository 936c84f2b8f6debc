"""Finds provider plugins among the installed distributions without importing any of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import importlib_metadata
from importlib_metadata import EntryPoint

from trackwire.hookspecs import ENTRY_POINT_GROUP
from trackwire.provider import normalize_provider_name

_UNKNOWN = "(unknown)"


@dataclass(frozen=True, slots=True)
class Found:
    """One claim of a provider's name by an installed distribution.

    Args:
        name: The entry point's name in normal form.
        dist: The distribution's name.
        version: The distribution's version.
        entry_point: What to load; its `name` is as the distribution wrote it.
    """

    name: str
    dist: str
    version: str
    entry_point: EntryPoint = field(repr=False)

    def __str__(self) -> str:
        return f"{self.dist} {self.version}"


def canonical_distribution(name: str) -> str:
    """Bring a distribution's name into the form in which names are compared (PEP 503).

    Args:
        name: The name in any spelling; spaces count as dashes.
    """
    return re.sub(r"[-_.\s]+", "-", name.strip().lower())


def find_providers() -> tuple[Found, ...]:
    """List every claim in the group `trackwire.providers`, sorted by name and distribution.

    A distribution that is visible through two paths counts once, as the import system sees it;
    one whose entry points cannot be read has no claim.
    """
    claims = {
        (found.name, found.dist, found.entry_point.name, found.entry_point.value): found
        for distribution in importlib_metadata.distributions()
        if ENTRY_POINT_GROUP in _text(distribution, "entry_points.txt")
        for found in map(_found, _entry_points(_visible(distribution)))
    }
    return tuple(claims[key] for key in sorted(claims))


def _visible(distribution: Any) -> Any:
    """Return what the import system sees under the distribution's name: maybe another version."""
    try:
        return importlib_metadata.distribution(_header(distribution, "Name"))
    except Exception:  # its directory bears another name, or one of that name is damaged
        return distribution


def _entry_points(distribution: Any) -> list[EntryPoint]:
    try:
        return list(distribution.entry_points.select(group=ENTRY_POINT_GROUP))
    except Exception:
        return []


def _found(entry_point: EntryPoint) -> Found:
    return Found(
        name=normalize_provider_name(entry_point.name),
        dist=_header(entry_point.dist, "Name"),
        version=_header(entry_point.dist, "Version"),
        entry_point=entry_point,
    )


def _header(distribution: Any, name: str) -> str:
    """Read a field of the core metadata that has one line.

    Not through `distribution.metadata`: that parses the long description too, as an e-mail.
    """
    text = _text(distribution, "METADATA") or _text(distribution, "PKG-INFO")
    head = text.partition("\n\n")[0]
    line = re.search(rf"^{name}:[ \t]*(\S.*?)\s*$", head, re.IGNORECASE | re.MULTILINE)
    return line[1] if line else _UNKNOWN


def _text(distribution: Any, file: str) -> str:
    try:
        return distribution.read_text(file) or ""
    except Exception:  # undecodable, or a finder of somebody else's
        return ""
