"""The rules for providers that connect, in the order in which they are checked."""

from __future__ import annotations

from trackwire.testing.rules import apart, faults, fields, reading, refusals, secrecy

RULES = (
    *reading.RULES,
    *fields.RULES,
    *faults.RULES,
    *refusals.RULES,
    *apart.RULES,
    *secrecy.RULES,
)
