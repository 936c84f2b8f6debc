"""The conformance kit for those who write provider plugins: importable, and no plugin of pytest.

A test of a whole plugin is one line::

    class TestAcme(ProviderConformance, provider="acme"):
        '''The plugin keeps every rule.'''

The rules are in `trackwire.testing.rules`, and `trackwire plugin check` checks the same ones. The
fakes stand in for a registry, a store, a hub and a tracker in tests of one's own.
"""

from __future__ import annotations

from trackwire.testing.api import FaultyApi
from trackwire.testing.conformance import ProviderConformance
from trackwire.testing.emulator import Answer, Emulator, Request, SampleIssue, SampleTracker
from trackwire.testing.hub import RecordingHub
from trackwire.testing.registry import registry_of
from trackwire.testing.rules import RULES, Outcome, Rule, Verdict, Violation
from trackwire.testing.store import temporary_store
from trackwire.testing.subject import Subject, subject_of
from trackwire.testing.verdicts import verdicts
from trackwire.testing.workbench import Workbench

__all__ = [
    "RULES",
    "Answer",
    "Emulator",
    "FaultyApi",
    "Outcome",
    "ProviderConformance",
    "RecordingHub",
    "Request",
    "Rule",
    "SampleIssue",
    "SampleTracker",
    "Subject",
    "Verdict",
    "Violation",
    "Workbench",
    "registry_of",
    "subject_of",
    "temporary_store",
    "verdicts",
]
