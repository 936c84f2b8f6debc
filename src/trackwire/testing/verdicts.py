"""Checks the rules of the kit, one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from trackwire.loading import describe
from trackwire.registry import describe_unreadable
from trackwire.soundness import faults, field_faults
from trackwire.testing.rules.declaration import READABLE
from trackwire.testing.rules.rule import Need, Outcome, Rule, Verdict, Violation
from trackwire.testing.subject import Stage, Subject

if TYPE_CHECKING:
    from trackwire.discovery import Unreadable
    from trackwire.provider import Provider

_STAGES = {
    Need.CLAIM: Stage.CLAIM,
    Need.MODULE: Stage.MODULE,
    Need.HOOK: Stage.HOOK,
}
_CAPABILITIES = {
    Need.READ_EXPORT: ("read_export",),
    Need.CONNECT: ("connect",),
    Need.DISCOVER: ("connect", "discover"),
    Need.VERIFY: ("connect", "verify"),
}

BASES = {Need.READ_EXPORT: "export-in-order", Need.CONNECT: "pull-one-page"}
"""By need, the rule without which those after it say nothing: it reads without any fault."""


def verdicts(
    subject: Subject, rules: Iterable[Rule], lost: Collection[Need] = ()
) -> Iterator[Verdict]:
    """Check rules, one after the other; what builds on one that failed is not checked.

    Args:
        subject: The plugin.
        rules: The rules, in the order of `RULES`.
        lost: The needs whose basis has failed before.
    """
    without_basis = set(lost)
    for rule in rules:
        if rule.need in without_basis:
            yield Verdict(rule=rule, outcome=Outcome.NOT_CHECKED)
            continue
        verdict = verdict_of(subject, rule)
        if loses_basis(verdict):
            without_basis.add(rule.need)
        yield verdict


def loses_basis(verdict: Verdict) -> bool:
    """Tell whether a verdict leaves the rules of its need without their basis.

    Args:
        verdict: The verdict.
    """
    rule = verdict.rule
    return verdict.outcome is Outcome.FAILED and BASES.get(rule.need) == rule.id


def verdict_of(subject: Subject, rule: Rule) -> Verdict:
    """Check one rule.

    Args:
        subject: The plugin.
        rule: The rule.
    """
    if (excuse := excuse_of(subject, rule)) is not None:
        return Verdict(rule=rule, outcome=excuse)
    try:
        rule.check(subject)
    except Violation as violation:
        return Verdict(rule=rule, outcome=Outcome.FAILED, detail=" ".join(str(violation).split()))
    except KeyboardInterrupt:
        raise
    # Whatever else a plugin raises (SystemExit, say) is to be told of.
    except BaseException as error:
        detail = f"checking it ended in {describe(error)}"
        return Verdict(rule=rule, outcome=Outcome.FAILED, detail=detail)
    return Verdict(rule=rule, outcome=Outcome.PASSED)


def verdicts_of_unreadable(unreadable: Unreadable, rules: Iterable[Rule]) -> Iterator[Verdict]:
    """Tell of a distribution whose claims cannot be read: one rule is broken, no other checked.

    Args:
        unreadable: The distribution.
        rules: The rules.
    """
    for rule in rules:
        if rule.id == READABLE:
            detail = describe_unreadable(unreadable)
            yield Verdict(rule=rule, outcome=Outcome.FAILED, detail=detail)
        else:
            yield Verdict(rule=rule, outcome=Outcome.NOT_CHECKED)


def excuse_of(subject: Subject, rule: Rule) -> Outcome | None:
    """Tell why a rule is not to be checked; None where it is.

    Args:
        subject: The plugin.
        rule: The rule.
    """
    if rule.need in _STAGES:
        return None if subject.stage >= _STAGES[rule.need] else Outcome.NOT_CHECKED
    if rule.need is Need.LOAD:
        inspection = subject.inspection
        return None if inspection is not None and inspection.ended else Outcome.NOT_CHECKED
    if subject.provider is None:
        return Outcome.NOT_CHECKED
    return _excuse_of_provider(subject, subject.provider, rule.need)


def _excuse_of_provider(subject: Subject, provider: Provider, need: Need) -> Outcome | None:
    if need is Need.PROVIDER:
        return None
    if need in _CAPABILITIES:
        if any(getattr(provider, each) is None for each in _CAPABILITIES[need]):
            return Outcome.NOT_CONCERNED
        ready = _is_ready(subject, provider)
        if need is not Need.READ_EXPORT:
            declared = (provider.origin_field, provider.resource_type, provider.credential_key)
            ready = ready and None not in declared
        return None if ready else Outcome.NOT_CHECKED
    if any(field_faults(provider)):
        return Outcome.NOT_CHECKED
    if need is Need.ROUTING and (provider.resource_type is None or provider.credential_key is None):
        return Outcome.NOT_CONCERNED
    return None


def _is_ready(subject: Subject, provider: Provider) -> bool:
    return subject.emulator is not None and not any(faults(provider, subject.found.name))
