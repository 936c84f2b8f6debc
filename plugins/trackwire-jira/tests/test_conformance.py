"""The rules of the conformance kit, on Jira Cloud and on Jira Data Center."""

from __future__ import annotations

from trackwire_jira.conformance import JiraDataCenterEmulator

from trackwire.testing import ProviderConformance


class TestJiraCloud(ProviderConformance, provider="jira"):
    """The plugin keeps every rule on Cloud."""


class TestJiraDataCenter(ProviderConformance, provider="jira", emulator=JiraDataCenterEmulator()):
    """The plugin keeps every rule on Data Center."""
