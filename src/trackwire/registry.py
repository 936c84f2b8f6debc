"""The provider registry: block, refuse duplicates, load, validate; a plugin at a time.

What became of a provider's name is one of four values, each with its own consequence for a
publish (contracts/tracker-snapshot-publish.md, "Resource routing")::

    Registered      its route is derived
    Blocked         switched off by the user: null/null
    Unregistered    nobody provides it: null/null
    Broken          somebody does, wrongly: the publish stops

A distribution that speaks of provider plugins and cannot be read may be anybody's plugin, and so
may one that claims what is no provider's name (a letter of it may only look right): a name that
nobody else claims is broken by it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from trackwire.discovery import Found, Scan, Unreadable, canonical_distribution, scan
from trackwire.errors import ProviderError, UsageError
from trackwire.loading import SLOW_SECONDS, describe, load_provider
from trackwire.provider import NAME_PATTERN, Provider, normalize_provider_name

DISABLE_VARIABLE = "TRACKWIRE_DISABLE_PLUGINS"


@dataclass(frozen=True, slots=True)
class Registered:
    """The plugin was loaded and is sound."""

    name: str
    provider: Provider
    found: Found


@dataclass(frozen=True, slots=True)
class Blocked:
    """The user switched the plugin off; it was not imported."""

    name: str
    claims: tuple[Found, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Broken:
    """Somebody claims the name, but cannot serve it; the reason names distribution and version.

    It has no claims where nobody claims the name who can be read.
    """

    name: str
    claims: tuple[Found, ...]
    reason: str
    error: BaseException | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Unregistered:
    """No installed distribution claims the name."""

    name: str


Outcome = Registered | Blocked | Broken | Unregistered


class ProviderRegistry:
    """Tells what became of each provider's name, loading only the plugin that is asked for.

    Args:
        claims: What discovery found; by default, what is installed, readable or not.
        environ: Where `TRACKWIRE_DISABLE_PLUGINS` is read: entry or distribution names,
            separated by commas.
        slow_after: Seconds after which standard error is told which plugin is still loading.
    """

    def __init__(
        self,
        claims: Iterable[Found] | None = None,
        environ: Mapping[str, str] = os.environ,
        *,
        slow_after: float = SLOW_SECONDS,
    ) -> None:
        self._claims: dict[str, tuple[Found, ...]] = {}
        scanned = scan() if claims is None else Scan(tuple(claims))
        for found in scanned.claims:
            self._claims[found.name] = (*self._claims.get(found.name, ()), found)
        self._disabled = _disabled(environ)
        self._unreadable = tuple(u for u in scanned.unreadable if not self._is_disabled(u.dist))
        self._slow_after = slow_after
        self._outcomes: dict[str, Outcome] = {}

    def names(self) -> tuple[str, ...]:
        """Return every name that an installed distribution claims, in normal form and order."""
        return tuple(sorted(self._claims))

    def unreadable(self) -> tuple[Unreadable, ...]:
        """Return the distributions whose claims cannot be read and that are not switched off."""
        return self._unreadable

    def outcome(self, name: str) -> Outcome:
        """Tell what became of a provider's name, loading its plugin if need be.

        Args:
            name: The provider's name, in any form.
        """
        normalized = normalize_provider_name(name)
        if normalized not in self._outcomes:
            self._outcomes[normalized] = self._settle(normalized)
        return self._outcomes[normalized]

    def provider(self, name: str) -> Provider | None:
        """Return the registered provider, or None for one that is unregistered or blocked.

        Args:
            name: The provider's name, in any form.

        Raises:
            ProviderError: Its plugin is broken.
        """
        outcome = self.outcome(name)
        if isinstance(outcome, Broken):
            raise ProviderError(
                f"the provider plugin for {outcome.name} is broken: {outcome.reason}"
            ) from outcome.error
        return outcome.provider if isinstance(outcome, Registered) else None

    def _settle(self, name: str) -> Outcome:
        claims = self._claims.get(name, ())
        if not claims:
            return self._settle_unclaimed(name)
        active = tuple(found for found in claims if not self._is_disabled(found.name, found.dist))
        if not active:
            return Blocked(name, claims, f"switched off by {DISABLE_VARIABLE}")
        if len(active) > 1:
            claimants = " and ".join(f"{found} ({found.entry_point.value})" for found in active)
            return Broken(
                name,
                active,
                f"{claimants} both claim the name {name!r}, so neither is used; "
                f"uninstall one, or name its distribution in {DISABLE_VARIABLE}",
            )
        return self._load(name, active[0])

    def _load(self, name: str, found: Found) -> Outcome:
        without_it = _switch_off(found.dist)
        try:
            provider = load_provider(
                found,
                slow_after=self._slow_after,
                advice=f"interrupt with Ctrl-C, and {without_it}",
            )
        except KeyboardInterrupt:
            raise
        # Whatever else an import raises (SystemExit, say) must not end the command.
        except BaseException as error:
            mend = f"update or uninstall {found.dist}, or {without_it}"
            return Broken(name, (found,), f"{found}: {describe(error)}; {mend}", error)
        return Registered(name, provider, found)

    def _settle_unclaimed(self, name: str) -> Outcome:
        if self._is_disabled(name):
            return Unregistered(name)
        ill_formed = (claimed for claimed in self._claims if not NAME_PATTERN.fullmatch(claimed))
        astray = map(self.outcome, ill_formed)
        reasons = [
            *map(describe_unreadable, self._unreadable),
            *(outcome.reason for outcome in astray if isinstance(outcome, Broken)),
        ]
        if not reasons:
            return Unregistered(name)
        return Broken(
            name, (), f"no plugin that can be read claims it, and {' and '.join(reasons)}"
        )

    def _is_disabled(self, *names: str) -> bool:
        return not self._disabled.isdisjoint(map(canonical_distribution, names))


def is_switched_off(*names: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether the user has switched off what bears these names.

    Args:
        names: An entry point's name, its distribution's name, or both.
        environ: Where `TRACKWIRE_DISABLE_PLUGINS` is read.
    """
    return not _disabled(environ).isdisjoint(map(canonical_distribution, names))


def _disabled(environ: Mapping[str, str]) -> frozenset[str]:
    words = environ.get(DISABLE_VARIABLE, "").split(",")
    return frozenset(canonical_distribution(word) for word in words if word.strip())


def describe_unreadable(unreadable: Unreadable) -> str:
    """Say what is wrong with a distribution whose claims cannot be read, and what mends it.

    Args:
        unreadable: The distribution.
    """
    dist, place = unreadable.dist, f" (line {unreadable.line})" if unreadable.line else ""
    return (
        f"{unreadable}: its entry_points.txt{place} cannot be read, so its plugin is not known; "
        f"reinstall or uninstall {dist}, or {_switch_off(dist)}"
    )


def require_registered(name: str, outcome: Outcome) -> Registered:
    """Return the plugin in use for a provider that is to be read.

    Args:
        name: The provider's normalized name.
        outcome: What became of it; a broken one has raised before.

    Raises:
        UsageError: None is in use; says what to do instead.
    """
    if isinstance(outcome, Registered):
        return outcome
    wire_form = "import issues in wire form with --format jsonl"
    if isinstance(outcome, Unregistered):
        raise UsageError(
            f"no plugin is installed for {name}; install one (see: trackwire providers), or "
            f"{wire_form}"
        )
    raise UsageError(f"no plugin is in use for {name}: {outcome.reason}; or {wire_form}")


def _switch_off(dist: str) -> str:
    return f"switch it off with {DISABLE_VARIABLE}={dist}"
