"""The secrets as a connector gets and replaces them: declared ones, for one address alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trackwire.connecting.fields import remedy_of
from trackwire.errors import CredentialError, ProviderError
from trackwire.secret import Secret

if TYPE_CHECKING:
    from trackwire.credentials import TrackerCredentialStore, Value
    from trackwire.project import TrackerProjectConfig
    from trackwire.provider import Provider


@dataclass(frozen=True, slots=True)
class BoundSecrets:
    """A connector's access to the secrets of one binding, for one address.

    Args:
        credentials: The user's credentials.
        config: The project, or what it would be bound to.
        provider: The registered provider.
        plugin: The plugin's distribution and version, for messages.
        address: The tracker's address.
        given: Values by field that a person has typed just now.
    """

    credentials: TrackerCredentialStore
    config: TrackerProjectConfig
    provider: Provider
    plugin: str
    address: Value
    given: Mapping[str, str] = field(repr=False)

    def get(self, name: str) -> Secret | None:
        """Return a secret field's value, or None where it is not set.

        Args:
            name: The field.

        Raises:
            CredentialError: It may not be sent to the address, or no request could carry it.
            ProviderError: The provider declares no such secret field.
        """
        self._require_secret(name)
        held = (
            Secret(self.given[name])
            if name in self.given
            else self.credentials.secret(self.config, self.provider, name, self.address)
        )
        if held is None:
            return None
        value = held.reveal().strip()
        if not value.isprintable():  # a library that refuses it would quote it
            problem = "has characters that no credential has, such as a line break"
            raise CredentialError(f"{name} {problem}; {self._anew(name)}")
        return Secret(value)

    def keep(self, values: Mapping[str, str]) -> None:
        """Store new values where the old ones lie, before it returns.

        Args:
            values: The new value of each secret field.

        Raises:
            CredentialError: One of them cannot be kept; nothing was stored.
            ProviderError: The provider declares no such secret field, or it is no text.
        """
        for name, value in values.items():
            self._require_secret(name)
            if not isinstance(value, str) or not value.strip():
                raise ProviderError(f"{self.plugin}: it keeps no text as {name}; report it")
        if typed := sorted(self.given.keys() & values.keys()):
            raise CredentialError(
                f"the tracker has replaced {', '.join(typed)}, which was typed and is stored "
                "nowhere; get a new one, and bind the project before it is used"
            )
        self.credentials.rotate(self.config, self.provider, values, self.address)

    def _anew(self, name: str) -> str:
        if name in self.given:
            return "give it again"
        declared = self.provider.fields_by_name[name]
        return remedy_of(self.credentials, self.config, self.provider, declared)

    def _require_secret(self, name: str) -> None:
        declared = self.provider.fields_by_name.get(name)
        if declared is None or not declared.secret:
            raise ProviderError(
                f"{self.plugin}: it uses {name!r} as a secret and declares no such secret field; "
                "report it to its author"
            )
