"""Loads a provider plugin: imports it, calls its hook, and says what goes wrong."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TextIO

import pluggy

from trackwire import hookspecs
from trackwire.diversion import stdout_diverted
from trackwire.patches import core_kept
from trackwire.soundness import UnsoundPluginError, check_entry_name, checked_provider

if TYPE_CHECKING:
    from trackwire.discovery import Found
    from trackwire.provider import Provider

SLOW_SECONDS = 5.0
"""After how long a person is told which plugin is still loading."""

_LONGEST_TEXT = 500
_MOST_CHANGES = 3


def load_provider(found: Found, *, slow_after: float, advice: str) -> Provider:
    """Load a plugin and check it.

    Args:
        found: The claim.
        slow_after: Seconds after which standard error is told that it is still loading.
        advice: What is said then of how to do without the plugin.

    Raises:
        UnsoundPluginError: The plugin breaks a rule of its contract.
        BaseException: Whatever its import or its hook raises, `SystemExit` included.
    """
    check_entry_name(found)
    answer = load_answer(found, slow_after=slow_after, advice=advice)
    return checked_provider(answer, found.name)


def load_answer(found: Found, *, slow_after: float = SLOW_SECONDS, advice: str = "") -> object:
    """Import a plugin and return what its hook returns, unchecked.

    What the plugin prints goes to standard error, and the core stays as it is. A load that takes
    its time, or waits for that of another thread, is told of on standard error, and goes on.

    Args:
        found: The claim.
        slow_after: Seconds after which it is told of.
        advice: What is said then of how to do without the plugin.

    Raises:
        UnsoundPluginError: It implements no hook, or several, or it changes the core.
        BaseException: Whatever its import or its hook raises, `SystemExit` included.
    """
    with (
        _told_when_slow(found, slow_after, advice),
        core_kept(found.entry_point.value) as changes,
        contextlib.redirect_stderr(sys.stderr),  # and back, where the plugin leaves another
        stdout_diverted(),
    ):
        answer = hook_of(found.entry_point.load(), found)()
    if changes:
        raise UnsoundPluginError(f"it {_listed(changes)}, and a plugin leaves the core as it is")
    return answer


def describe(error: BaseException) -> str:
    """Say in one line what went wrong in a load.

    Args:
        error: What was raised; its text is the plugin's.
    """
    try:
        text = " ".join(str(error).split())
    except (Exception, SystemExit):
        text = ""
    if len(text) > _LONGEST_TEXT:
        text = f"{text[:_LONGEST_TEXT]}..."
    if isinstance(error, UnsoundPluginError):
        return text
    text = text.replace("; ", ", ")  # a semicolon separates what is wrong from what mends it
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def hook_of(plugin: object, found: Found) -> Callable[[], object]:
    """Find the one hook that a plugin implements.

    Args:
        plugin: What the entry point loads to.
        found: The claim.

    Returns:
        What calls the hook and returns its answer, whatever that is.

    Raises:
        UnsoundPluginError: It implements none, or several.
        pluggy.PluginValidationError: It implements one that there is not, or in another form.
    """
    # A manager of its own for each plugin: one that is broken can leave nothing behind in it.
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin, name=f"{found.dist}:{found.entry_point.name}")
    manager.check_pending()
    hook = manager.hook.trackwire_provider
    implementations = hook.get_hookimpls()
    if not implementations:
        raise UnsoundPluginError(
            f"{found.entry_point.value} implements no hook: decorate a function named "
            "trackwire_provider with trackwire.hookspecs.hookimpl"
        )
    if len(implementations) > 1:
        raise UnsoundPluginError(
            f"{found.entry_point.value} implements trackwire_provider {len(implementations)} "
            "times, but a plugin adds one provider, and each provider has its own entry point"
        )

    def call() -> object:
        answers = hook()
        return answers[0] if answers else None

    return call


def _listed(changes: list[str]) -> str:
    rest = len(changes) - _MOST_CHANGES
    named = ", ".join(changes[:_MOST_CHANGES])
    return f"{named} and does {rest} more such things" if rest > 0 else named


@contextlib.contextmanager
def _told_when_slow(found: Found, seconds: float, advice: str) -> Iterator[None]:
    what = f"{found} ({found.entry_point.value})"
    text = "; ".join(filter(None, (f"still loading {what}", advice)))
    timer = threading.Timer(seconds, _note, (sys.stderr, text))
    timer.daemon = True
    with contextlib.suppress(RuntimeError):  # no more threads: it loads all the same
        timer.start()
    try:
        yield
    except KeyboardInterrupt:
        _note(sys.stderr, f"interrupted while loading {what}")
        raise
    finally:
        timer.cancel()
        if timer.is_alive():
            timer.join()


def _note(stream: TextIO, text: str) -> None:
    shown = text if text.isprintable() else text.encode("unicode_escape").decode()
    with contextlib.suppress(OSError, ValueError):  # nobody listens
        stream.write(f"note: {shown}\n")
        stream.flush()
