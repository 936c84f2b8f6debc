"""Finds provider plugins among the installed distributions without importing any of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import importlib_metadata
from importlib_metadata import EntryPoint

from trackwire.hookspecs import ENTRY_POINT_GROUP
from trackwire.provider import normalize_provider_name

CONFORMANCE_GROUP = "trackwire.conformance"
"""The entry-point group that names emulators for `trackwire.testing`."""

_BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
_ENTRY_POINTS = "entry_points.txt"
_UNDECODABLE = "\N{REPLACEMENT CHARACTER}"
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


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An installed distribution that may register a plugin: nobody can tell which.

    Args:
        dist: The distribution's name.
        version: The distribution's version.
        line: The first line of its `entry_points.txt` that is wrong, from 1; None if none shows.
    """

    dist: str
    version: str
    line: int | None

    def __str__(self) -> str:
        return f"{self.dist} {self.version}"


@dataclass(frozen=True, slots=True)
class Scan:
    """What the installed distributions say of provider plugins.

    Args:
        claims: Every claim in the group `trackwire.providers`, by name and distribution.
        unreadable: The distributions that speak of the group in a way that cannot be read.
    """

    claims: tuple[Found, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class _Installed:
    distribution: Any
    dist: str
    version: str
    has_metadata: bool


def canonical_distribution(name: str) -> str:
    """Bring a distribution's name into the form in which names are compared (PEP 503).

    Args:
        name: The name in any spelling; spaces count as dashes.
    """
    return re.sub(r"[-_.\s]+", "-", name.strip().lower())


def scan() -> Scan:
    """Look through the installed distributions for those that speak of `trackwire.providers`.

    A distribution that is visible through two paths counts once, as the import system sees it.
    Where that leaves a doubt, it is kept: two claims of a name are an error that is seen, and a
    plugin that vanishes is not.
    """
    claims: dict[tuple[str, str, str, str], Found] = {}
    unreadable: dict[str, Unreadable] = {}
    for distribution in importlib_metadata.distributions():
        if ENTRY_POINT_GROUP not in (_text(distribution, _ENTRY_POINTS) or ""):
            continue
        installed = _visible(distribution)
        points = _entry_points(installed.distribution)
        if points is None:
            fault = _unreadable(installed)
            unreadable.setdefault(canonical_distribution(fault.dist), fault)
        for point in points or ():
            found = _found(point, installed)
            claims.setdefault((found.name, found.dist, point.name, point.value), found)
    return Scan(
        tuple(claims[key] for key in sorted(claims)),
        tuple(unreadable[key] for key in sorted(unreadable)),
    )


def wrong_line(found: Found) -> int | None:
    """Return the first line of a claim's `entry_points.txt` that is no entry, from 1, or None.

    Args:
        found: The claim.
    """
    distribution = getattr(found.entry_point, "dist", None)  # a made one stands for none
    return None if distribution is None else _wrong_line(distribution)


def emulators_of(found: Found) -> tuple[EntryPoint, ...]:
    """Return what the same distribution names as the emulator of a claimed provider.

    Args:
        found: The claim.
    """
    distribution = getattr(found.entry_point, "dist", None)  # a made one stands for none
    if distribution is None:
        return ()
    points = distribution.entry_points.select(group=CONFORMANCE_GROUP)
    return tuple(point for point in points if normalize_provider_name(point.name) == found.name)


def _visible(distribution: Any) -> _Installed:
    """Return what the import system sees in a distribution's place: maybe another version.

    Only a distribution whose directory and metadata both bear the same name can stand before it,
    and one without metadata is what an uninstallation left behind.
    """
    key = _directory_name(distribution)
    namesakes = list(importlib_metadata.distributions(name=key)) if key else []
    itself = _installed(distribution, key)
    if len(namesakes) < 2:
        return itself
    name = canonical_distribution(itself.dist)
    others = [_installed(namesake, key) for namesake in namesakes]
    rivals = [other for other in others if canonical_distribution(other.dist) == name]
    return min([*rivals, itself], key=lambda rival: not rival.has_metadata)


def _directory_name(distribution: Any) -> str | None:
    try:
        # What the library tells distributions apart by has no public name.
        return str(distribution._normalized_name)
    except Exception:
        return None


def _installed(distribution: Any, directory_name: str | None) -> _Installed:
    """Read a distribution's name and version once.

    Not through `distribution.metadata`: that parses the long description too, as an e-mail.
    """
    texts = (_text(distribution, file) for file in ("METADATA", "PKG-INFO"))
    text = next((text for text in texts if text is not None), None)
    headers: dict[str, str] = {}
    for line in (text or "").removeprefix(_BYTE_ORDER_MARK).split("\n"):
        if not line.strip():
            break
        header, _, value = line.partition(":")
        headers.setdefault(header.lower(), value.strip())
    return _Installed(
        distribution=distribution,
        dist=headers.get("name") or directory_name or _UNKNOWN,
        version=headers.get("version") or _UNKNOWN,
        has_metadata=text is not None,
    )


def _entry_points(distribution: Any) -> list[EntryPoint] | None:
    """Return a distribution's claims, or None for one whose claims cannot be read."""
    try:
        points = list(distribution.entry_points.select(group=ENTRY_POINT_GROUP))
    except Exception:
        return None
    # The library passes over what stands under a header that it does not know for one.
    return points if points or _wrong_line(distribution) is None else None


def _wrong_line(distribution: Any) -> int | None:
    lines = (_text(distribution, _ENTRY_POINTS) or "").splitlines()
    for number, line in enumerate(map(str.strip, lines), start=1):
        is_header = line.startswith("[") and line.endswith("]")
        is_odd = line[1:-1] != line[1:-1].strip() if is_header else "=" not in line
        if _UNDECODABLE in line or (is_odd and line and not line.startswith("#")):
            return number
    return None


def _unreadable(installed: _Installed) -> Unreadable:
    return Unreadable(installed.dist, installed.version, _wrong_line(installed.distribution))


def _found(entry_point: EntryPoint, installed: _Installed) -> Found:
    return Found(
        name=normalize_provider_name(entry_point.name),
        dist=installed.dist,
        version=installed.version,
        entry_point=entry_point,
    )


def _text(distribution: Any, file: str) -> str | None:
    try:
        text: str | None = distribution.read_text(file)
    except UnicodeDecodeError as error:
        return error.object.decode("utf-8", errors="replace")
    except Exception:  # a finder of somebody else's
        return None
    return text
