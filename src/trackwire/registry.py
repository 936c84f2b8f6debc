"""The provider registry: block, refuse duplicates, load, validate; a plugin at a time.

What became of a provider's name is one of four values, each with its own consequence for a
publish (contracts/tracker-snapshot-publish.md, "Resource routing"):

    Registered      its route is derived
    Blocked         switched off by the user: null/null
    Unregistered    nobody provides it: null/null
    Broken          somebody does, wrongly: the publish stops

A distribution that speaks of provider plugins and cannot be read may be anybody's plugin: a name
that nobody else claims is broken by it.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pluggy

from trackwire import hookspecs
from trackwire.discovery import Found, Scan, Unreadable, canonical_distribution, scan
from trackwire.errors import ProviderError, UsageError
from trackwire.provider import Provider, normalize_provider_name
from trackwire.soundness import UnsoundPluginError, check_entry_name, checked_provider

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
    """

    def __init__(
        self, claims: Iterable[Found] | None = None, environ: Mapping[str, str] = os.environ
    ) -> None:
        self._claims: dict[str, tuple[Found, ...]] = {}
        scanned = scan() if claims is None else Scan(tuple(claims))
        for found in scanned.claims:
            self._claims[found.name] = (*self._claims.get(found.name, ()), found)
        self._disabled = frozenset(
            canonical_distribution(word)
            for word in environ.get(DISABLE_VARIABLE, "").split(",")
            if word.strip()
        )
        self._unreadable = tuple(u for u in scanned.unreadable if not self._is_disabled(u.dist))
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
        return _load(name, active[0])

    def _settle_unclaimed(self, name: str) -> Outcome:
        if not self._unreadable or self._is_disabled(name):
            return Unregistered(name)
        reasons = " and ".join(map(describe_unreadable, self._unreadable))
        return Broken(name, (), f"no plugin that can be read claims it, and {reasons}")

    def _is_disabled(self, *names: str) -> bool:
        return not self._disabled.isdisjoint(map(canonical_distribution, names))


def describe_unreadable(unreadable: Unreadable) -> str:
    """Say what is wrong with a distribution whose claims cannot be read, and what mends it.

    Args:
        unreadable: The distribution.
    """
    dist, place = unreadable.dist, f" (line {unreadable.line})" if unreadable.line else ""
    return (
        f"{unreadable}: its entry_points.txt{place} cannot be read, so its plugin is not known; "
        f"reinstall or uninstall {dist}, or switch it off with {DISABLE_VARIABLE}={dist}"
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


def _load(name: str, found: Found) -> Outcome:
    try:
        check_entry_name(found)
        with contextlib.redirect_stdout(sys.stderr):  # standard output is for results
            provider = checked_provider(_call_hook(found.entry_point.load(), found), name)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    # Whatever else an import raises (SystemExit refuses an interpreter) must not end the command.
    except BaseException as error:
        return Broken(
            name,
            (found,),
            f"{found}: {_describe(error)}; update or uninstall {found.dist}, or switch it "
            f"off with {DISABLE_VARIABLE}={found.dist}",
            error,
        )
    return Registered(name, provider, found)


def _call_hook(plugin: object, found: Found) -> object:
    # A manager of its own for each plugin: one that is broken can leave nothing behind in it.
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin, name=f"{found.dist}:{found.entry_point.name}")
    manager.check_pending()
    hook = manager.hook.trackwire_provider
    implementations = hook.get_hookimpls()
    if not implementations:
        raise UnsoundPluginError(
            f"{found.entry_point.value} implements no hook; decorate a function named "
            "trackwire_provider with trackwire.hookspecs.hookimpl"
        )
    if len(implementations) > 1:
        raise UnsoundPluginError(
            f"{found.entry_point.value} implements trackwire_provider {len(implementations)} "
            "times; a plugin adds one provider, and each provider has its own entry point"
        )
    answers = hook()
    return answers[0] if answers else None


def _describe(error: BaseException) -> str:
    if isinstance(error, UnsoundPluginError):
        return str(error)
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
