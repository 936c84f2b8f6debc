"""The rules of the kit as test methods, one for each rule that concerns a plugin."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from trackwire.testing.rules import RULES, Need, Outcome, Rule, Verdict, Violation
from trackwire.testing.subject import Subject, subject_of
from trackwire.testing.verdicts import BASES, excuse_of, verdict_of

if TYPE_CHECKING:
    from trackwire.testing.emulator import Emulator


class ProviderConformance:
    """Checks that an installed plugin keeps every rule; to be subclassed in one line.

    With a docstring, that is::

        class TestAcme(ProviderConformance, provider="acme"):
            '''The plugin keeps every rule.'''

    The subclass has a method `test_...` for each rule that concerns the plugin, named after the
    rule. Where the plugin does not load, those rules remain that do not need it to, and one of
    them fails with the reason.

    Args:
        provider: The name of the entry point.
        emulator: The emulator to use in place of the one that the distribution names.

    Raises:
        UsageError: No installed distribution claims the name.
    """

    subject: ClassVar[Subject]
    _bases: ClassVar[dict[Need, Verdict]]

    def __init_subclass__(
        cls, *, provider: str | None = None, emulator: Emulator | None = None, **others: Any
    ) -> None:
        super().__init_subclass__(**others)
        if provider is None:  # a subclass of what has its rules already
            return
        cls.subject = subject_of(provider, emulator=emulator)
        cls._bases = {}
        for rule in RULES:
            if excuse_of(cls.subject, rule) is None:
                method = _test_of(rule)
                setattr(cls, method.__name__, method)

    @classmethod
    def _verdict_of(cls, rule: Rule) -> Verdict:
        if (basis := BASES.get(rule.need)) is None:
            return verdict_of(cls.subject, rule)
        if rule.need not in cls._bases:
            (first,) = (each for each in RULES if each.id == basis)
            cls._bases[rule.need] = verdict_of(cls.subject, first)
        found = cls._bases[rule.need]
        if rule.id == basis:
            return found
        if found.outcome is Outcome.FAILED:
            detail = f"not checked, for {basis} fails; mend that first"
            return Verdict(rule=rule, outcome=Outcome.NOT_CHECKED, detail=detail)
        return verdict_of(cls.subject, rule)


def _test_of(rule: Rule) -> Callable[[ProviderConformance], None]:
    def test(self: ProviderConformance) -> None:
        __tracebackhide__ = True  # what pytest shows is to be the verdict
        verdict = self._verdict_of(rule)
        if verdict.outcome is Outcome.NOT_CHECKED:
            raise Violation(f"{rule.id}: {verdict.detail}") from None
        if verdict.outcome is Outcome.FAILED:
            raise Violation(
                f"{rule.id}: {verdict.detail}\n"
                f"  the rule: {rule.text}\n"
                f"  why: {rule.reason}\n"
                f"  remedy: {rule.remedy}"
            ) from None

    test.__name__ = f"test_{rule.id.replace('-', '_')}"
    test.__qualname__ = f"ProviderConformance.{test.__name__}"
    test.__doc__ = rule.text
    return test
