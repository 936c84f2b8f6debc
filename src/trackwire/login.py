"""Which hub a publish goes to, and the token that is that hub's and no other's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from trackwire.destination import endpoint_url, hub_of
from trackwire.errors import UsageError
from trackwire.secret import Secret
from trackwire.userfile import TOKEN_OWNER, Entry, UserStore

URL_VARIABLE = "TRACKWIRE_HUB_URL"
TOKEN_VARIABLE = "TRACKWIRE_HUB_TOKEN"  # noqa: S105 - a variable's name, not a token


@dataclass(frozen=True, slots=True, kw_only=True)
class HubTarget:
    """Where a publish goes.

    Args:
        endpoint: The normalized endpoint URL.
        token: The hub's token, or None to send none.
        token_source: Where the token is from, or None.
    """

    endpoint: str
    token: Secret | None
    token_source: str | None


class HubLogin:
    """The hubs that a user has logged in to.

    Args:
        users: The user's own store.
        environ: The environment: `TRACKWIRE_HUB_URL` and `TRACKWIRE_HUB_TOKEN` win over it.
    """

    def __init__(
        self, users: UserStore | None = None, environ: Mapping[str, str] = os.environ
    ) -> None:
        self._users = users or UserStore()
        self._environ = environ

    def login(self, url: str, token: Secret) -> str:
        """Remember a hub with its token, and publish to it from now on.

        Args:
            url: The hub's address.
            token: Its token.

        Returns:
            Where the token lies now, for a person.

        Raises:
            UsageError: The address or the token is unusable.
        """
        usable = usable_token(token.reveal())
        endpoint = endpoint_url(url)
        place = self._users.put(_token_entry(endpoint), usable.reveal())
        self._users.use_hub(hub_of(endpoint))
        return place

    def logout(self, url: str | None = None) -> list[str]:
        """Forget a hub's token, or every hub's.

        Args:
            url: The hub's address, or None for all.

        Returns:
            The addresses of the hubs that were forgotten.
        """
        chosen = None if url is None else endpoint_url(url)
        file = self._users.read()
        dropped = [e for e in _tokens(file.credential) if chosen in {None, e.workspace}]
        for entry in dropped:
            self._users.drop(entry)
        if file.hub is not None and chosen in {None, endpoint_url(file.hub)}:
            self._users.use_hub(None)
        return [hub_of(entry.workspace or "") for entry in dropped]

    def default_url(self) -> str | None:
        """Return the address of the hub where none is named, or None.

        Raises:
            UsageError: The address in the environment is unusable.
        """
        named = self._environ.get(URL_VARIABLE, "").strip()
        return hub_of(endpoint_url(named)) if named else self._users.read().hub

    def target(self, url: str | None = None, *, with_token: bool = True) -> HubTarget:
        """Choose the hub and its token.

        A token from the environment goes to the hub that the environment names, or, where it
        names none, to the one that the user names; a stored token goes to the hub it was stored
        for.

        Args:
            url: The hub's address as the user named it for this publish, or None.
            with_token: Whether to look for the token; without, no keyring is opened.

        Raises:
            UsageError: No hub is named anywhere, or its address or the token is unusable.
        """
        chosen = self.default_url() if url is None else url
        if chosen is None:
            raise UsageError("no hub is named; give --hub URL, or run: trackwire login URL")
        endpoint = endpoint_url(chosen)
        if not with_token:
            return HubTarget(endpoint=endpoint, token=None, token_source=None)
        token = self._environ.get(TOKEN_VARIABLE, "").strip()
        named = self._environ.get(URL_VARIABLE, "").strip()
        if token and (not named or endpoint_url(named) == endpoint):
            return HubTarget(
                endpoint=endpoint,
                token=Secret(_checked(token, TOKEN_VARIABLE)),
                token_source=TOKEN_VARIABLE,
            )
        stored = next(
            (e for e in _tokens(self._users.read().credential) if e.workspace == endpoint), None
        )
        if stored is None:
            return HubTarget(endpoint=endpoint, token=None, token_source=None)
        return HubTarget(
            endpoint=endpoint,
            token=Secret(self._users.value_of(stored)),
            token_source="trackwire login",  # noqa: S106 - says where from
        )


def usable_token(text: str) -> Secret:
    """Return a hub's token as it will be sent, without the blanks around it.

    Args:
        text: As a person gave it.

    Raises:
        UsageError: No token has such characters, or it is empty.
    """
    return Secret(_checked(text, "the token"))


def _checked(token: str, name: str) -> str:
    value = token.strip()
    if not value.isascii() or not value.isprintable() or not value or " " in value:
        raise UsageError(f"{name} is empty or holds characters that no token has")
    return value


def _token_entry(endpoint: str) -> Entry:
    return Entry(provider=TOKEN_OWNER, workspace=endpoint, field="token", origin=endpoint)


def _tokens(entries: tuple[Entry, ...]) -> list[Entry]:
    return [entry for entry in entries if entry.provider == TOKEN_OWNER]
