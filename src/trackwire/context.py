"""What a plugin's code may know of the binding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from trackwire.model import Status

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportContext:
    """What a reader of exports may know of the binding.

    Args:
        workspace: The bound workspace.
        credentials: The plain values by field name; never a secret or personal one.
        status_map: Status names of this tracker to wire statuses, the project's own.
        priority_map: Priority names of this tracker to 0 (highest) to 4, the project's own.
    """

    workspace: str
    credentials: Mapping[str, object] = field(default_factory=dict, repr=False)
    status_map: Mapping[str, Status] = field(default_factory=dict)
    priority_map: Mapping[str, int] = field(default_factory=dict)

    def value_of(self, name: str) -> str | None:
        """Give one of the plain values as text without outer blanks.

        Args:
            name: The credential field's name.

        Returns:
            The text, of an integer too; None where the value is missing, blank or of another type.
        """
        value = self.credentials.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int):
            return None
        return str(value).strip() or None

    def status_of(self, name: str) -> Status | None:
        """Place a status by the project's map: by its exact name, then whatever its case.

        Args:
            name: The tracker's name of the status.

        Returns:
            The wire status, or None where the project does not map that name.
        """
        return _by_name(self.status_map, name)

    def priority_of(self, name: str) -> int | None:
        """Place a priority by the project's map: by its exact name, then whatever its case.

        Args:
            name: The tracker's name of the priority.

        Returns:
            0 (highest) to 4, or None where the project does not map that name.
        """
        return _by_name(self.priority_map, name)


def _by_name(names: Mapping[str, _T], name: str) -> _T | None:
    if name in names:
        return names[name]
    plain = name.strip().casefold()
    return next((value for key, value in names.items() if key.strip().casefold() == plain), None)
