"""A value that must not be shown: it prints as a mask and is read only on purpose."""

from __future__ import annotations


class Secret:
    """Holds a secret text so that no log, error, `repr()` or f-string shows it.

    Args:
        value: The secret itself.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself; call it only where it is sent or stored."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('****')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> tuple[type, tuple[str]]:
        raise TypeError("a secret is not pickled")
