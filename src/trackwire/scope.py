"""What a scope is and how far it is filled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Fill(StrEnum):
    """Whether a scope holds its resource's state."""

    NEVER = "never"
    PARTIAL = "partial"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose issues they are: rows of one scope are never published under another's route.

    Args:
        provider: The provider's normalized name.
        workspace: The provider's site or organisation.
        resource_id: The resource's id, or None for a binding without one.
    """

    provider: str
    workspace: str
    resource_id: str | None = None

    def __str__(self) -> str:
        resource = f", {self.resource_id}" if self.resource_id else ""
        return f"{self.provider} at {self.workspace}{resource}"


@dataclass(frozen=True, slots=True)
class Upserted:
    """What a write of issues changed.

    Args:
        created: Issues that were not there, or were gone.
        updated: Issues whose content differs from before.
        unchanged: Issues that were there as they are.
        gone: Issues that are not at the tracker any more.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    gone: int = 0

    def __add__(self, other: Upserted) -> Upserted:
        """Return what both changed together."""
        return Upserted(
            created=self.created + other.created,
            updated=self.updated + other.updated,
            unchanged=self.unchanged + other.unchanged,
            gone=self.gone + other.gone,
        )

    @property
    def total(self) -> int:
        """How many issues were written or found as they are."""
        return self.created + self.updated + self.unchanged


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeState:
    """What the store holds of a scope.

    Args:
        scope: The scope.
        fill: How far it is filled.
        issue_count: Issues that are at the tracker.
        mapping_count: Mappings of work packages.
    """

    scope: Scope
    fill: Fill = Fill.NEVER
    issue_count: int = 0
    mapping_count: int = 0


def state_of(scope: Scope, states: Iterable[ScopeState]) -> ScopeState:
    """Pick a scope's state out of what a store holds; one that it does not know was never filled.

    Args:
        scope: The scope.
        states: What the store holds.
    """
    return next((state for state in states if state.scope == scope), ScopeState(scope=scope))
