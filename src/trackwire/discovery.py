"""Finds provider plugins among the installed distributions without importing any of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
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
    one whose metadata cannot be read has no claim.
    """
    claims = {
        (found.name, found.dist, found.entry_point.name, found.entry_point.value): found
        for found in map(_found, _entry_points())
    }
    return tuple(claims[key] for key in sorted(claims))


def _entry_points() -> list[EntryPoint]:
    try:
        return list(importlib_metadata.entry_points(group=ENTRY_POINT_GROUP))
    except Exception:
        return [
            entry_point
            for distribution in _first_of_each_name(importlib_metadata.distributions())
            for entry_point in _entry_points_of(distribution)
        ]


def _first_of_each_name(distributions: Iterable[Any]) -> Iterator[Any]:
    seen = set()
    for distribution in distributions:
        name = _metadata(distribution, "Name")
        if name == _UNKNOWN or canonical_distribution(name) not in seen:
            seen.add(canonical_distribution(name))
            yield distribution


def _entry_points_of(distribution: Any) -> list[EntryPoint]:
    try:
        return list(distribution.entry_points.select(group=ENTRY_POINT_GROUP))
    except Exception:
        return []


def _found(entry_point: EntryPoint) -> Found:
    distribution = entry_point.dist
    return Found(
        name=normalize_provider_name(entry_point.name),
        dist=_metadata(distribution, "Name"),
        version=_metadata(distribution, "Version"),
        entry_point=entry_point,
    )


def _metadata(distribution: Any, name: str) -> str:
    try:
        value = None if distribution is None else distribution.metadata[name]
    except Exception:
        value = None
    return str(value) if value else _UNKNOWN
