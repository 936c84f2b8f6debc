"""What the doctor looks at, and what it says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from trackwire.errors import ProjectError
from trackwire.project import is_project, load_project
from trackwire.registry import Registered
from trackwire.route import derive_route

if TYPE_CHECKING:
    from trackwire.credentials import TrackerCredentialStore
    from trackwire.login import HubLogin
    from trackwire.project import TrackerProjectConfig
    from trackwire.registry import ProviderRegistry
    from trackwire.route import Route


class State(StrEnum):
    """How a finding stands."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Args:
        subject: What it is about: `project`, `plugin`, `credentials`, `route`, `tracker`,
            `store` or `hub`.
        state: How it stands.
        text: What was found; never a credential's value.
        remedy: What to do, or None where there is nothing to do or the text says it.
    """

    subject: str
    state: State
    text: str
    remedy: str | None = None


def wrong(subject: str, message: str) -> Finding:
    """Make a finding of what an error or a note says.

    Args:
        subject: What it is about.
        message: What is wrong and, behind the first semicolon outside brackets, what mends it.
    """
    return Finding(subject, State.WRONG, *apart(message))


def apart(message: str) -> tuple[str, str | None]:
    """Tell what is wrong from what mends it; None where the message does not tell them apart.

    Args:
        message: The text of an error or a note; what somebody else says stands in brackets in it.
    """
    depth = 0
    for index, character in enumerate(message):
        depth += (character == "(") - (character == ")")
        if depth == 0 and message.startswith("; ", index):
            return message[:index], message[index + 2 :]
    return message, None


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined.

    Args:
        root: The project's directory; it need not be a project.
        registry: The provider registry.
        credentials: The user's credentials.
        hubs: The hubs that the user has logged in to.
        hub: The address of a hub, or None for the one that a publish goes to.
        notify: Told before each wait for the tracker.
    """

    root: Path
    registry: ProviderRegistry
    credentials: TrackerCredentialStore
    hubs: HubLogin
    hub: str | None
    notify: Callable[[str], None]

    def config(self) -> TrackerProjectConfig | None:
        """The configuration of a bound project; None where there is none that can be used."""
        try:
            config = load_project(self.root) if is_project(self.root) else None
        except ProjectError:
            return None
        return config if config and config.binding else None

    def registered(self) -> tuple[TrackerProjectConfig, Registered] | None:
        """The configuration and the plugin in use for it, where there are both."""
        config = self.config()
        outcome = self.registry.outcome(config.provider) if config else None
        return (config, outcome) if config and isinstance(outcome, Registered) else None

    def route(self) -> Route | None:
        """The route, where a plugin is in use for it."""
        held = self.registered()
        return derive_route(self.root, self.registry, self.credentials) if held else None
