"""What the kit checks: one claim of a provider's name, what it loads to, and its emulator."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from trackwire.discovery import Found, Unreadable, canonical_distribution, emulators_of, scan
from trackwire.diversion import stdout_diverted
from trackwire.errors import UsageError
from trackwire.loading import describe, hook_of
from trackwire.patches import core_kept
from trackwire.provider import Provider, normalize_provider_name
from trackwire.testing.emulator import Emulator

if TYPE_CHECKING:
    from trackwire.testing.inspection import Inspection

TIME_LIMIT = 30.0
"""After how many seconds a load, or the check of a rule, counts as endless."""


class Stage(IntEnum):
    """How far a plugin comes when it is loaded."""

    CLAIM = 0
    """Its entry point cannot be loaded."""
    MODULE = 1
    """Its entry point can be loaded, and implements no usable hook."""
    HOOK = 2
    """Its hook can be called, and returns no provider."""
    PROVIDER = 3
    """Its hook returns a provider, sound or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One plugin under check.

    Args:
        found: The claim: distribution, version, entry point.
        provider: What its hook returned, sound or not, or None where it does not load or returns
            no `Provider`.
        problem: Why there is no provider, in one line; None where there is one.
        stage: How far it comes when it is loaded.
        inspection: What loading it does to a process; None for one that is not installed.
        emulator: The distribution's emulator, or None where it names none.
        emulator_problem: Why the emulator that it names cannot be used; None where it can be.
    """

    found: Found
    provider: Provider | None
    problem: str | None = None
    stage: Stage = Stage.PROVIDER
    inspection: Inspection | None = None
    emulator: Emulator | None = None
    emulator_problem: str | None = None


def subject_of(
    name: str, *, emulator: Emulator | None = None, time_limit: float = TIME_LIMIT
) -> Subject:
    """Load an installed plugin for the kit.

    It is loaded in a process of its own first, and in this one only if it comes to an end there.

    Args:
        name: The provider's name, in any form. Where several distributions claim it, the first
            is meant, and breaks a rule.
        emulator: The emulator to use in place of the one that the distribution names.
        time_limit: Seconds that its load may take.

    Raises:
        UsageError: No installed distribution claims the name.
    """
    normalized = normalize_provider_name(name)
    scanned = scan()
    claims = [found for found in scanned.claims if found.name == normalized]
    if not claims:
        raise unknown_name(name)
    return subject_of_claim(claims[0], emulator=emulator, time_limit=time_limit)


def subject_of_claim(
    found: Found, *, emulator: Emulator | None = None, time_limit: float = TIME_LIMIT
) -> Subject:
    """Load the plugin of an installed claim for the kit.

    Args:
        found: The claim.
        emulator: The emulator to use in place of the one that the distribution names.
        time_limit: Seconds that its load may take.
    """
    from trackwire.testing.inspection import inspect_load

    inspection = inspect_load(found, time_limit)
    if inspection.problem is not None:
        return Subject(
            found=found,
            provider=None,
            problem=inspection.problem,
            stage=inspection.stage,
            inspection=inspection,
        )
    stage, provider, problem = load(found)
    emulator_problem = None
    if emulator is None and stage is Stage.PROVIDER:
        emulator, emulator_problem = _load_emulator(found)
    return Subject(
        found=found,
        provider=provider,
        problem=problem,
        stage=stage,
        inspection=inspection,
        emulator=emulator,
        emulator_problem=emulator_problem,
    )


def claims_named(names: tuple[str, ...]) -> tuple[Found | Unreadable, ...]:
    """Find the claims that are meant by names.

    Args:
        names: Providers' or distributions' names, in any form; none for every claim.

    Raises:
        UsageError: Nothing that is installed bears one of the names.
    """
    scanned = scan()
    everything: tuple[Found | Unreadable, ...] = (*scanned.claims, *scanned.unreadable)
    if not names:
        return everything
    chosen: dict[Found | Unreadable, None] = {}
    for name in names:
        meant = [each for each in everything if _is_named(each, name)]
        if not meant:
            raise unknown_name(name)
        chosen.update(dict.fromkeys(meant))
    return tuple(chosen)


def unknown_name(name: str) -> UsageError:
    """Make the error of a name that nothing installed bears; it says what is installed.

    Args:
        name: The name.
    """
    scanned = scan()
    installed = [f"{found.name} ({found})" for found in scanned.claims]
    installed += [f"{unreadable}, whose claims cannot be read" for unreadable in scanned.unreadable]
    known = f"installed: {', '.join(installed)}" if installed else "no plugin is installed"
    return UsageError(f"no installed plugin is named {name!r}; {known}")


def load(found: Found) -> tuple[Stage, Provider | None, str | None]:
    """Load a plugin as the registry does, as far as it comes.

    Args:
        found: The claim.

    Returns:
        How far it came, its provider, and why there is none.
    """
    stage = Stage.CLAIM
    try:
        with (
            core_kept(found.entry_point.value),
            stdout_diverted(),
        ):
            plugin = found.entry_point.load()
            stage = Stage.MODULE
            hook = hook_of(plugin, found)
            stage = Stage.HOOK
            answer = hook()
    except KeyboardInterrupt:
        raise
    # Whatever else a plugin raises (SystemExit, say) is to be told of.
    except BaseException as error:
        return stage, None, describe(error)
    if not isinstance(answer, Provider):
        problem = f"trackwire_provider() returned {type(answer).__name__}, not a Provider"
        return stage, None, problem
    return Stage.PROVIDER, answer, None


def _is_named(each: Found | Unreadable, name: str) -> bool:
    if isinstance(each, Found) and each.name == normalize_provider_name(name):
        return True
    return canonical_distribution(each.dist) == canonical_distribution(name)


def _load_emulator(found: Found) -> tuple[Emulator | None, str | None]:
    points = emulators_of(found)
    if not points:
        return None, None
    named = " and ".join(point.value for point in points)
    if len(points) > 1:
        return None, f"it names several emulators: {named}"
    try:
        with stdout_diverted():
            loaded = points[0].load()
            emulator = loaded() if isinstance(loaded, type) else loaded
    except KeyboardInterrupt:
        raise
    # Whatever else a plugin raises (SystemExit, say) is to be told of.
    except BaseException as error:
        return None, f"its emulator {named} cannot be loaded: {describe(error)}"
    if not isinstance(emulator, Emulator):
        return None, f"{named} is {type(emulator).__name__}, not an Emulator"
    return emulator, None
