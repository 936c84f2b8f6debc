"""What a rule of the kit is, and what checking one comes to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trackwire.testing.subject import Subject


class Violation(AssertionError):  # noqa: N818 - it is said of a plugin, and no error of ours
    """A plugin breaks a rule; the text says how, and holds no secret."""


class Need(StrEnum):
    """What a plugin must have or do for a rule to concern it; each holds what stands above it."""

    CLAIM = "claim"
    """Nothing: every claim of a provider's name is concerned."""
    LOAD = "load"
    """Its load comes to an end, be it in an error; what follows does not hold this."""
    MODULE = "module"
    """Its entry point loads."""
    HOOK = "hook"
    """It implements the hook, once."""
    PROVIDER = "provider"
    """The hook returns a `Provider`."""
    FIELDS = "fields"
    """Its credential fields are well-formed."""
    ROUTING = "routing"
    """It declares a resource."""
    READ_EXPORT = "read_export"
    """It is sound, reads exports, and has an emulator; it need not declare a resource."""
    CONNECT = "connect"
    """It is sound, connects, declares a resource, and has an emulator."""
    DISCOVER = "discover"
    """It is as for CONNECT, and discovers."""
    VERIFY = "verify"
    """It is as for CONNECT, and verifies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule that a provider plugin keeps (contracts/provider-plugin.md, "Rules").

    Args:
        id: In lower case with dashes, such as `routing-atomic`; stable once released.
        text: What the plugin must do, in one line.
        reason: What goes wrong for whom where it does not, in one line.
        remedy: What its author changes, in one line.
        need: Which plugins it concerns.
        check: Checks it; raises `Violation`.
    """

    id: str
    text: str
    reason: str
    remedy: str
    need: Need
    check: Callable[[Subject], None]


class Outcome(StrEnum):
    """What checking a rule came to."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CONCERNED = "not_concerned"
    """The plugin does not do what the rule is about."""
    NOT_CHECKED = "not_checked"
    """A rule that comes before it failed, so that this one says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What checking one rule came to.

    Args:
        rule: The rule.
        outcome: How it ended.
        detail: What was found, in one line; empty where it passed.
    """

    rule: Rule
    outcome: Outcome
    detail: str = ""
