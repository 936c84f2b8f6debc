"""The conformance kit for those who write provider plugins: importable, and no plugin of pytest.

A test of a whole plugin is one line::

    class TestAcme(ProviderConformance, provider="acme"):
        '''The plugin keeps every rule.'''

The rules are in `trackwire.testing.rules`, and `trackwire plugin check` checks the same ones. The
fakes stand in for a registry, a store, a hub and a tracker in tests of one's own.
"""

from __future__ import annotations

from trackwire.testing import rules as _rules
from trackwire.testing.api import EmulatorError, Exchange, FaultyApi
from trackwire.testing.conformance import ProviderConformance
from trackwire.testing.emulator import Answer, Emulator, Request, SampleIssue, SampleTracker
from trackwire.testing.hub import Publish, RecordingHub
from trackwire.testing.inspection import Inspection
from trackwire.testing.registry import registry_of
from trackwire.testing.rules import Need, Outcome, Rule, Verdict, Violation
from trackwire.testing.store import TemporaryStore, temporary_store
from trackwire.testing.subject import Stage, Subject, subject_of
from trackwire.testing.verdicts import verdicts
from trackwire.testing.workbench import Workbench

__all__ = [
    "RULES",
    "Answer",
    "Emulator",
    "EmulatorError",
    "Exchange",
    "FaultyApi",
    "Inspection",
    "Need",
    "Outcome",
    "ProviderConformance",
    "Publish",
    "RecordingHub",
    "Request",
    "Rule",
    "SampleIssue",
    "SampleTracker",
    "Stage",
    "Subject",
    "TemporaryStore",
    "Verdict",
    "Violation",
    "Workbench",
    "registry_of",
    "subject_of",
    "temporary_store",
    "verdicts",
]

RULES: tuple[Rule, ...] = _rules.RULES
"""Every rule, in the order in which they are checked."""
