"""What plugin code does and hands over, checked: its exceptions, its output, its issues."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from trackwire.diversion import stdout_diverted
from trackwire.errors import RecordError, TrackwireError
from trackwire.model import MAX_RECORD_BYTES, Issue, IssueType, Status
from trackwire.wording import explain

if TYPE_CHECKING:
    from trackwire.model import ExternalRef
    from trackwire.project import Binding

_CHOICES: dict[str, type[StrEnum]] = {"status": Status, "issue_type": IssueType}
_E_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_ISSUE = msgspec.json.Decoder(Issue)


@contextlib.contextmanager
def plugin_code(
    broken: Callable[[BaseException], TrackwireError], *allowed: type[Exception]
) -> Iterator[None]:
    """Run code of a plugin: it cannot end the command its own way, nor write among its results.

    Args:
        broken: Makes the error of what the code raised and ought not to have.
        allowed: What it may raise beside Trackwire's own errors.
    """
    try:
        with stdout_diverted():
            yield
    except (TrackwireError, KeyboardInterrupt, GeneratorExit):
        raise
    except allowed:
        raise
    # Whatever else a plugin raises, SystemExit too, must not end the command.
    except BaseException as error:
        raise broken(error) from error


def checked_issue(issue: Issue, place: str) -> Issue:
    """Check an issue that a plugin made, by way of its wire form.

    Args:
        issue: The issue.
        place: Where it is from, for the error.

    Returns:
        The issue as the wire form gives it back.

    Raises:
        RecordError: It has no wire form, or breaks a rule of it.
    """
    with wire_errors(place):
        wire = msgspec.json.encode(issue)
        checked = _ISSUE.decode(wire)
    if len(wire) > MAX_RECORD_BYTES:
        raise RecordError(place, None, f"longer than {MAX_RECORD_BYTES} bytes")
    check_assignees(checked, place)
    return checked


def check_assignees(issue: Issue, place: str) -> None:
    """Refuse assignees that are e-mail addresses.

    Args:
        issue: The issue.
        place: Where it is from, for the error.

    Raises:
        RecordError: One of them is.
    """
    if any(is_e_mail(assignee) for assignee in issue.assignees):
        raise RecordError(
            place, "assignees", "an e-mail address is personal; give the tracker's account id"
        )


def is_e_mail(text: str) -> bool:
    """Tell whether a text is an e-mail address.

    Args:
        text: The text.
    """
    return _E_MAIL.fullmatch(text) is not None


def foreign_field(ref: ExternalRef, binding: Binding) -> str | None:
    """Say which field of a reference names another tracker or workspace than the bound one.

    Args:
        ref: How the tracker knows an issue.
        binding: What the project is bound to.
    """
    for field, stated, bound in (
        ("ref.system", ref.system, binding.provider),
        ("ref.workspace", ref.workspace, binding.workspace),
    ):
        if stated != bound:
            return f"field {field} is {stated!r}, but the project is bound to {bound!r}"
    return None


@contextlib.contextmanager
def wire_errors(place: str) -> Iterator[None]:
    """Turn what a decoder or encoder of issues raises into an error of the record.

    Args:
        place: Where the record is from.
    """
    try:
        yield
    except msgspec.MsgspecError as error:
        field, problem = explain(error)
        choices = _CHOICES.get(field or "")
        if choices and problem.startswith("it cannot be"):
            problem = f"{problem}; it is one of {', '.join(choices)}"
        raise RecordError(place, field, problem) from error
    except (UnicodeError, TypeError, RecursionError) as error:
        raise RecordError(place, None, str(error)) from error
