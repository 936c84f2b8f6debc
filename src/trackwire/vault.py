"""The system keyring, where there is a usable one; nothing here raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "trackwire"
_USABLE_PRIORITY = 1


def keep(account: str, value: str) -> bool:
    """Put a secret into the keyring.

    Args:
        account: The name to find it by.
        value: The secret.

    Returns:
        Whether the keyring took it; a locked or absent one does not.
    """
    backend = _usable_keyring()
    if backend is None:
        return False
    try:
        backend.set_password(SERVICE, account, value)
    except Exception:
        return False
    return True


def recall(account: str) -> str | None:
    """Take a secret out of the keyring.

    Args:
        account: The name to find it by.

    Returns:
        The secret, or None where the keyring does not give it out.
    """
    backend = _usable_keyring()
    try:
        return None if backend is None else backend.get_password(SERVICE, account)
    except Exception:
        return None


def forget(account: str) -> bool:
    """Remove a secret from the keyring.

    Args:
        account: The name to find it by.

    Returns:
        Whether it is not there any more.
    """
    backend = _usable_keyring()
    try:
        if backend is None:
            return False
        if backend.get_password(SERVICE, account) is not None:
            backend.delete_password(SERVICE, account)
    except Exception:
        return False
    return True


def _usable_keyring() -> KeyringBackend | None:
    try:
        import keyring

        backend = keyring.get_keyring()
        usable = backend.priority >= _USABLE_PRIORITY
    except Exception:
        return None
    return backend if usable else None
