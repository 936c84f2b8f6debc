"""Calls of a provider's functions that reach the tracker: what they raise, what they return."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from trackwire.checking import is_e_mail, plugin_code
from trackwire.connector import Identity, Resource
from trackwire.errors import ProviderError
from trackwire.model import is_utf8

if TYPE_CHECKING:
    from trackwire.connector import ConnectContext, Discover, Verify

_MASKED_ACCOUNT = "an account named by an e-mail address"

_T = TypeVar("_T")


def discovered(discover: Discover, context: ConnectContext, plugin: str) -> list[Resource]:
    """Have a provider list the resources that the credentials can see.

    Args:
        discover: The provider's.
        context: What it may know.
        plugin: The plugin's distribution and version, for messages.

    Raises:
        TrackerError: The tracker refused.
        ProviderError: The plugin failed, or yielded what is no resource.
    """
    with code_of(plugin, "discover"):
        found: list[object] = list(discover(context))
    return [_checked_resource(resource, plugin, "discover") for resource in found]


def identified(verify: Verify, context: ConnectContext, plugin: str) -> Identity:
    """Have a provider ask the tracker who the credentials are.

    Args:
        verify: The provider's.
        context: What it may know.
        plugin: The plugin's distribution and version, for messages.

    Returns:
        The identity; an account that is an e-mail address is masked, for that is personal.

    Raises:
        TrackerError: The tracker refused.
        ProviderError: The plugin failed, or returned what is no identity.
    """
    identity = called(verify, "verify", context, plugin)
    if not isinstance(identity, Identity) or not isinstance(identity.account, str):
        raise broken(plugin, "verify", f"it returned {type(identity).__name__}, not an Identity")
    for name, text in (("deployment", identity.deployment), ("timezone", identity.timezone)):
        if not isinstance(text, str | None):
            raise broken(plugin, "verify", f"{name} is {type(text).__name__}, not text")
    if identity.resource is not None:
        _checked_resource(identity.resource, plugin, "verify")
    return replace(identity, account=_MASKED_ACCOUNT) if is_e_mail(identity.account) else identity


def called(
    function: Callable[[ConnectContext], _T], name: str, context: ConnectContext, plugin: str
) -> _T:
    """Call a function of a provider's.

    Args:
        function: The function.
        name: Its name, for messages.
        context: What it may know.
        plugin: The plugin's distribution and version, for messages.
    """
    with code_of(plugin, name):
        return function(context)


def code_of(plugin: str, name: str) -> AbstractContextManager[None]:
    """Run code of a plugin's function in the block; what it ought not to raise names the plugin.

    Args:
        plugin: The plugin's distribution and version.
        name: The function's name.
    """
    return plugin_code(lambda error: broken(plugin, name, _described(error)))


def broken(plugin: str, name: str, problem: str) -> ProviderError:
    """Make the error of a function of a plugin's that does not keep its contract.

    Args:
        plugin: The plugin's distribution and version.
        name: The function's name.
        problem: What is wrong with it.
    """
    return ProviderError(f"{plugin}: its {name} failed: {problem}; report it to its author")


def _described(error: BaseException) -> str:
    # Its text is left out: nobody has seen to it that it holds no secret.
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where} (trackwire --debug shows more)"


def _checked_resource(resource: object, plugin: str, name: str) -> Resource:
    if not isinstance(resource, Resource):
        raise broken(plugin, name, f"it gave {type(resource).__name__}, not a Resource")
    texts = (resource.id, resource.name, "" if resource.key is None else resource.key)
    if not all(isinstance(text, str) and is_utf8(text) for text in texts):
        raise broken(plugin, name, "a resource's id, name or key is no text")
    if not resource.id.strip():
        raise broken(plugin, name, "a resource's id is blank")
    return resource
