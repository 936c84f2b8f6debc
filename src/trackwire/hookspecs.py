"""The hook that a provider plugin implements.

A distribution names its plugin module under the entry-point group `trackwire.providers`::

    [project.entry-points."trackwire.providers"]
    acme = "acme_trackwire"

and the module implements the one hook::

    from trackwire.hookspecs import hookimpl
    from trackwire.provider import CredentialField, Provider

    @hookimpl
    def trackwire_provider():
        return Provider(
            name="acme",
            title="Acme Tracker",
            api_version=1,
            resource_type="acme_board",
            credential_key="board",
            credential_fields=(
                CredentialField(name="board", help="The board's short name"),
            ),
        )
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from trackwire.provider import Provider

PROJECT = "trackwire"
"""What pluggy knows the project by; both markers bear it."""

ENTRY_POINT_GROUP = "trackwire.providers"
"""Under this group a distribution names its plugin; the entry's name is the provider's."""

hookspec = pluggy.HookspecMarker(PROJECT)
"""Marks the specification of a hook; a plugin has none."""

hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks the function of a plugin that implements the hook."""


@hookspec
def trackwire_provider() -> Provider:  # type: ignore[empty-body]  # a specification has no body
    """Return the provider that this plugin adds.

    The name it bears must equal the entry point's. It is called once, when the provider is first
    needed, and must neither use the network nor read the environment.
    """
