"""The command line: turns what is typed into calls of the library, and results into text.

Commands are imported when they are used, so that `trackwire --version` and completion are quick.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
from typing import Any

import click

from trackwire import __version__
from trackwire.cli.lazy import LazyGroup
from trackwire.cli.output import Output
from trackwire.errors import TemporaryError, TrackwireError, UsageError

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_TEMPORARY = 75
EXIT_INTERRUPTED = 130
THREAD_SECONDS = 1.0
"""How long a thread that somebody has left running may hold up the end of the process."""

_EXTRA_ARGUMENT = "Got unexpected extra argument"

_COMMANDS = {
    "bind": "binding:bind",
    "unbind": "binding:unbind",
    "status": "status:status",
    "route": "status:route",
    "providers": "status:providers",
    "credentials": "credentials:credentials",
    "discover": "discover:discover",
    "pull": "pulling:pull",
    "import": "importing:import_",
    "map": "mapping:map_",
    "publish": "publishing:publish",
    "sync": "pulling:sync",
    "doctor": "doctor:doctor",
    "login": "login:login",
    "logout": "login:logout",
    "hub": "hub:hub",
    "demo": "demo:demo",
    "plugin": "plugin:plugin",
}


class _Root(LazyGroup):
    """Turns errors into a line and an exit code."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command line; click's own errors end it as Trackwire's do."""
        standalone, extra["standalone_mode"] = extra.get("standalone_mode", True), False
        if not standalone:
            return super().main(*args, **extra)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        given = args[0] if args else extra.get("args") or sys.argv[1:]
        is_process = not args and extra.get("args") is None  # and not a call within a program
        before = _lasting_threads()
        try:
            code = super().main(*args, **extra)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            code = EXIT_USAGE
        except click.ClickException as error:
            _refused(error, as_json="--json" in given)
            code = error.exit_code
        except click.Abort:
            code = _interrupted()
        code = code if isinstance(code, int) else 0
        if is_process and _lasting_threads() - before:
            _end_soon(code)
        sys.exit(code)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what goes wrong becomes a line and an exit code."""
        output = ctx.ensure_object(Output)
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except KeyboardInterrupt as error:
            raise click.exceptions.Exit(_interrupted()) from error
        except Exception as error:
            if ctx.params.get("debug"):
                import traceback

                click.echo(traceback.format_exc(), err=True, nl=False)
            known = _known(error)
            output.fail(known)
            raise click.exceptions.Exit(exit_code(known)) from error


def _lasting_threads() -> set[threading.Thread]:
    """Return the threads that the end of the process waits for."""
    return {thread for thread in threading.enumerate() if not thread.daemon}


def _end_soon(code: int) -> None:
    """End the process in a moment, where threads that a plugin has left running do not end."""
    left = _lasting_threads() - {threading.main_thread(), threading.current_thread()}

    def end() -> None:
        if not any(thread.is_alive() for thread in left):
            return
        with contextlib.suppress(OSError, ValueError, AttributeError):  # nobody listens
            sys.stdout.flush()
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.write("note: a plugin or a library has left a thread running; ended it\n")
            sys.stderr.flush()
        os._exit(code)

    timer = threading.Timer(THREAD_SECONDS, end)
    timer.daemon = True
    with contextlib.suppress(RuntimeError):  # no more threads: it ends when the others have
        timer.start()


def _known(error: Exception) -> TrackwireError:
    if isinstance(error, TrackwireError):
        return error
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return TrackwireError(f"{where}{error.strerror or error}")
    # Its text is left out: nobody has seen to it that it holds no secret.
    return TrackwireError(
        f"a defect of trackwire or a plugin ({type(error).__name__}); "
        "run it with trackwire --debug to see where, and report that"
    )


def _refused(error: click.ClickException, *, as_json: bool) -> None:
    output = Output()
    output.as_json = as_json
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context else "trackwire"
    message = " ".join(error.format_message().split()).removesuffix(".")
    if message.startswith(_EXTRA_ARGUMENT):  # a secret, maybe, that was not to be an argument
        message = _EXTRA_ARGUMENT
    output.fail(UsageError(f"{message}; see: {path} --help"))


def _interrupted() -> int:
    click.echo("interrupted", err=True)
    return EXIT_INTERRUPTED


def exit_code(error: TrackwireError) -> int:
    """Return the exit code that an error ends a command with.

    Args:
        error: The error.

    Returns:
        75 for what is worth repeating (`EX_TEMPFAIL` of sysexits.h), 2 for wrong usage, else 1.
    """
    if isinstance(error, TemporaryError):
        return EXIT_TEMPORARY
    return EXIT_USAGE if isinstance(error, UsageError) else EXIT_FAILED


@click.group(cls=_Root, homes=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="trackwire %(version)s")
@click.option(
    "-C",
    "directory",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False),
    default=".",
    help="The project's directory.  [default: this directory]",
)
@click.option("--debug", is_flag=True, help="Show where in the program an error arose.")
@click.pass_context
def main(ctx: click.Context, directory: str, debug: bool) -> None:  # noqa: FBT001 - click's form
    """Publish issue-tracker snapshots with their route on them.

    Bind a directory to a tracker, pull its issues, log in to a hub, and publish: `trackwire sync`
    does both at once. `trackwire doctor` tells what is wrong, and `trackwire demo` shows it all on
    a hub of its own.

    Exit codes: 0 done, 1 failed and needs a person, 2 wrong usage, 75 failed for now and worth
    repeating, 130 interrupted.
    """
    del debug  # read from the context when an error is shown
    ctx.ensure_object(Output).directory = directory
