"""The rules that a provider plugin keeps (contracts/provider-plugin.md, "Rules")."""

from __future__ import annotations

from trackwire.testing.rules import connecting, declaration, exports, importing, routing
from trackwire.testing.rules.rule import Need, Outcome, Rule, Verdict, Violation

__all__ = ["RULES", "Need", "Outcome", "Rule", "Verdict", "Violation"]

RULES: tuple[Rule, ...] = (
    *declaration.RULES,
    *importing.RULES,
    *routing.RULES,
    *exports.RULES,
    *connecting.RULES,
)
"""Every rule, in the order in which they are checked."""
