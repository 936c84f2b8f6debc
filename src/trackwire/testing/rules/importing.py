"""Rules about what loading a plugin, that is its import and its hook, does beside."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from trackwire.testing.inspection import QUICK_MILLISECONDS, Inspection
from trackwire.testing.rules.rule import Need, Rule, Violation

if TYPE_CHECKING:
    from trackwire.testing.subject import Subject

_MOST_SHOWN = 3
_LATER = "Do it in the function that needs it, when that is called."


def _finds_nothing(
    look: Callable[[Inspection], tuple[str, ...]], what: str
) -> Callable[[Subject], None]:
    """Make the check that an inspection has nothing to tell of one kind."""

    def check(subject: Subject) -> None:
        inspection = subject.inspection
        if inspection is not None and (found := look(inspection)):
            more = f" and {len(found) - _MOST_SHOWN} more" if len(found) > _MOST_SHOWN else ""
            raise Violation(f"{what} {', '.join(found[:_MOST_SHOWN])}{more}")

    return check


def _check_quiet(subject: Subject) -> None:
    if subject.inspection is not None and subject.inspection.printed:
        raise Violation(f"its load prints {subject.inspection.printed!r}")


def _check_quick(subject: Subject) -> None:
    inspection = subject.inspection
    if inspection is None:
        return
    if inspection.milliseconds is None:
        raise Violation("it loads once, and not a second time")
    if inspection.milliseconds >= QUICK_MILLISECONDS:
        raise Violation(f"its load took {inspection.milliseconds:.0f} ms at best")


RULES = (
    Rule(
        id="import-quiet",
        text="Loading prints nothing, not even a warning.",
        reason="Standard output is for results, and a program reads it.",
        remedy="Take prints and top-level logging out, and mend what Python warns of.",
        need=Need.LOAD,
        check=_check_quiet,
    ),
    Rule(
        id="import-no-network",
        text="Loading does nothing on the network.",
        reason="`trackwire providers` and a publish would wait for a server that may not answer.",
        remedy="Connect in connect, discover or verify, by context.client alone.",
        need=Need.LOAD,
        check=_finds_nothing(lambda inspection: inspection.network, "its load calls"),
    ),
    Rule(
        id="import-starts-no-process",
        text="Loading starts no other program.",
        reason="Other programs may be absent, slow, or what an attacker has put there.",
        remedy=_LATER,
        need=Need.LOAD,
        check=_finds_nothing(lambda inspection: inspection.processes, "its load calls"),
    ),
    Rule(
        id="import-writes-no-file",
        text="Loading writes, moves and removes no file.",
        reason="It may run as another user, in a directory of somebody else's, or read-only.",
        remedy=_LATER,
        need=Need.LOAD,
        check=_finds_nothing(lambda inspection: inspection.files, "its load calls"),
    ),
    Rule(
        id="import-keeps-environment",
        text="Loading changes no environment variable.",
        reason="Credentials and switches are read there, for other providers too.",
        remedy="Take os.environ[...] = ... and its like out.",
        need=Need.LOAD,
        check=_finds_nothing(lambda inspection: inspection.environment, "its load changes"),
    ),
    Rule(
        id="import-leaves-no-thread",
        text="Loading leaves no thread running.",
        reason="A command would not end, or end in a crash.",
        remedy=_LATER,
        need=Need.LOAD,
        check=_finds_nothing(lambda inspection: inspection.threads, "its load leaves"),
    ),
    Rule(
        id="import-keeps-settings",
        text="Loading leaves signals, working directory, sys.path, locale, logging, warnings and "
        "the like as they are.",
        reason="They belong to the whole process, and so to everybody's code in it.",
        remedy="Take the change out; log to logging.getLogger(__name__) without configuring it.",
        need=Need.LOAD,
        check=_finds_nothing(lambda inspection: inspection.settings, "its load changes"),
    ),
    Rule(
        id="import-keeps-core",
        text="Loading replaces nothing in Trackwire.",
        reason="Every provider's snapshots would go through what was put there.",
        remedy="Use what trackwire.provider and its neighbours offer, and report what is missing.",
        need=Need.LOAD,
        check=_finds_nothing(lambda inspection: inspection.core, "its load"),
    ),
    Rule(
        id="import-without-http",
        text="Loading imports no HTTP library.",
        reason="Every command that needs the provider would pay for it, a publish too.",
        remedy="Import it within connect, discover, verify and read_export, or for type checkers "
        "alone (if TYPE_CHECKING).",
        need=Need.LOAD,
        check=_finds_nothing(lambda inspection: inspection.http, "its load imports"),
    ),
    Rule(
        id="import-quick",
        text=f"Loading costs less than {QUICK_MILLISECONDS} ms beyond what the core costs.",
        reason="Every command that needs the provider waits for it.",
        remedy="Import what is large within the functions that use it; python -X importtime shows "
        "what is.",
        need=Need.PROVIDER,
        check=_check_quick,
    ),
    Rule(
        id="load-keeps-no-variable",
        text="The provider holds no value of the user's TRACKWIRE_ variables.",
        reason="It is shown in lists, logs and error reports, and a secret would be with it.",
        remedy="Read no environment variable: what a user sets comes in the context's credentials "
        "and by context.secret.",
        need=Need.PROVIDER,
        check=_finds_nothing(
            lambda inspection: inspection.variables, "repr() of its provider has the value of"
        ),
    ),
)
"""The rules of this module, in their order."""
