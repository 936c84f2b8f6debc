"""What a scope calls itself, and what a write adds up to."""

from __future__ import annotations

from trackwire.scope import Fill, Scope, ScopeState, Upserted


def test_scope_names_provider_workspace_and_resource() -> None:
    assert str(Scope("jira", "acme.example", "ACME")) == "jira at acme.example, ACME"


def test_scope_without_resource_names_none() -> None:
    assert str(Scope("notion", "acme-wiki")) == "notion at acme-wiki"


def test_issues_that_are_gone_do_not_count_as_written() -> None:
    assert Upserted(created=1, updated=2, unchanged=4, gone=8).total == 7


def test_state_of_unknown_scope_is_never_filled() -> None:
    assert ScopeState(scope=Scope("a", "b")).fill is Fill.NEVER
