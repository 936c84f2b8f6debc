"""Connects the Linear provider to an emulator, as Trackwire itself would.

It is imported without the plugin and without the hub's libraries, so that a test can be left out
where these are not installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulators.linear_accounts import API_KEY
from trackwire.connector import ConnectContext, Connector, Identity, Resource
from trackwire.fetching import new_client
from trackwire.secret import Secret

if TYPE_CHECKING:
    from emulators.linear import LinearEmulator
    from trackwire.provider import Provider


@dataclass
class Vault:
    """The user's secrets, and what a plugin gave to be kept.

    Args:
        values: By field.
        kept: The fields' new values, each time.
        before_keeping: Called before they are stored; what it raises leaves the old ones.
    """

    values: dict[str, str] = field(default_factory=lambda: {"api_key": API_KEY})
    kept: list[Mapping[str, str]] = field(default_factory=list)
    before_keeping: Callable[[Mapping[str, str]], object] = lambda _: None

    def get(self, name: str) -> Secret | None:
        """Return a secret."""
        return Secret(self.values[name]) if name in self.values else None

    def keep(self, values: Mapping[str, str]) -> None:
        """Store new values."""
        self.before_keeping(values)
        self.kept.append(values)
        self.values.update(values)


@contextmanager
def context_of(
    emulator: LinearEmulator,
    team: str | None,
    *,
    vault: Vault | None = None,
    workspace: str = "acme",
    page_size: int | None = None,
    max_wait: float = 900.0,
    notices: list[str] | None = None,
    **more: Any,
) -> Iterator[ConnectContext]:
    """Serve the emulator and give the means to reach it; waits pass at once.

    Args:
        emulator: The emulator.
        team: The bound team's id or key, or None.
        vault: The secrets; by default a good API key.
        workspace: The binding's.
        page_size: As in the context.
        max_wait: As of the client, in seconds.
        notices: Gets what the client tells.
        more: Further members of the context.
    """
    from emulators.server import serve

    secrets = vault or Vault()
    with serve(emulator) as served:
        address = f"{served.url}/graphql"
        credentials = {"api_url": address} | ({} if team is None else {"team_id": team})
        with new_client(
            address,
            address_field="api_url",
            pause=provider().pause,
            max_wait=max_wait,
            notify=(notices if notices is not None else []).append,
            sleep=emulator.pass_time,
        ) as client:
            yield ConnectContext(
                workspace=workspace,
                credentials=credentials,
                client=client,
                secret=secrets.get,
                keep_secrets=secrets.keep,
                page_size=page_size,
                **more,
            )


def new_emulator() -> LinearEmulator:
    """Return an emulator with the team ENG."""
    from emulators.linear import LinearEmulator

    emulator = LinearEmulator()
    emulator.model.add_team("ENG")
    return emulator


def provider() -> Provider:
    """Return the provider."""
    from trackwire_linear import trackwire_provider

    return trackwire_provider()


def connect(context: ConnectContext) -> Connector:
    """Open the bound team."""
    open_team = provider().connect
    assert open_team is not None
    return open_team(context)


def discover(context: ConnectContext) -> list[Resource]:
    """List the teams in sight."""
    list_teams = provider().discover
    assert list_teams is not None
    return list(list_teams(context))


def verify(context: ConnectContext) -> Identity:
    """Ask who the credentials are."""
    ask = provider().verify
    assert ask is not None
    return ask(context)
