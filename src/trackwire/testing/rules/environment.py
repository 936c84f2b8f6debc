"""What the rules about the process share: made-up variables, and what must stay as it is."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import socket
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from trackwire.testing.inspector import _settings
from trackwire.testing.rules.rule import Violation

if TYPE_CHECKING:
    from trackwire.provider import Provider

_UNUSUAL_LEVEL, _UNUSUAL_SECONDS = 31, 611.0


def variables_of(provider: Provider) -> dict[str, str]:
    """Make up a variable for each credential field but the address.

    Args:
        provider: The provider.
    """
    return {
        f"TRACKWIRE_{provider.name}_{field.name}".upper(): f"made-up-variable-{number}-of-the-kit"
        for number, field in enumerate(provider.credential_fields)
        if not field.origin
    }


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for a block.

    Args:
        variables: Their values by their names.
    """
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def process_kept(what: str) -> Iterator[None]:
    """Require that a block prints nothing and leaves the process as it was.

    Args:
        what: What the block does, for the violation.
    """
    output = io.StringIO()
    with (
        _unusual_settings(),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
    ):
        before = _state()
        yield
        after = _state()
    if output.getvalue():
        raise Violation(f"{what} prints")  # not what: a secret may be in it
    if changed := [name for name, value in before.items() if after[name] != value]:
        raise Violation(f"{what} changes {' and '.join(changed)}")


@contextmanager
def _unusual_settings() -> Iterator[None]:
    """Have settings that nobody else sets: what was changed before is changed once more."""
    root = logging.getLogger()
    level, handlers, last = root.level, root.handlers, logging.lastResort
    timeout = socket.getdefaulttimeout()
    with warnings.catch_warnings():
        warnings.resetwarnings()
        warnings.filterwarnings("ignore", message=".?")
        root.handlers, logging.lastResort = [], logging.NullHandler()
        root.setLevel(_UNUSUAL_LEVEL)
        socket.setdefaulttimeout(_UNUSUAL_SECONDS)
        try:
            yield
        finally:
            socket.setdefaulttimeout(timeout)
            root.setLevel(level)
            root.handlers, logging.lastResort = handlers, last


def _state() -> dict[str, Any]:
    return {
        **_settings(),
        "the environment": dict(os.environ),
        "the timeout of sockets": socket.getdefaulttimeout(),
    }
