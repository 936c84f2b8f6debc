"""The exceptions that Trackwire raises: one type per reaction a caller can have.

Which is a kind of which::

    TrackwireError              something is wrong, and the text says where and what mends it
        UsageError              what was asked for cannot be: change the call
        ProjectError            `.kittify/config.yaml` is absent, unbound or malformed
        CredentialError         a credential is unusable where it is, or refused where it would go
        ProviderError           a provider plugin is broken
        RecordError             one record of an imported file is bad
        StoreError              the local store cannot be used
            ScopeError          the bound scope is not filled as the publish needs it
        TrackerError            the tracker refused, or its answer cannot be used
            CursorError         it does not take a page's cursor any more: begin again
            TrackerDeferred     it was not reached, or asks to wait too long
        UndeliveredError        the hub has not accepted a snapshot
            DeliveryError       and will not: a person is needed
            DeliveryDeferred    it was not reached, or not in time
        TemporaryError          it may well work later, unchanged
            LockedError         another process is working on this project
            TrackerDeferred     see above
            DeliveryDeferred    see above

A caller that repeats work catches `TemporaryError`; one that shows errors to a person catches
`TrackwireError`. Every text names the file, field or distribution, and never holds a secret.
"""

from __future__ import annotations

import shlex


class TrackwireError(Exception):
    """Base of all errors that Trackwire raises on purpose; `str()` is fit for a person.

    `report` says how far the work came, where there is something to say, for a machine.
    """

    report: object | None = None


class UsageError(TrackwireError):
    """What was asked for cannot be done as asked."""


class ProjectError(TrackwireError):
    """The project's configuration is absent, unbound or malformed."""


class CredentialError(TrackwireError):
    """A credential is unusable where it lies, or refused where it would go."""


class ProviderError(TrackwireError):
    """A provider plugin that is needed is broken."""


class RecordError(TrackwireError):
    """One record of a file or of a message is bad.

    Args:
        place: Where in it, such as `issues[3]`, `line 17` or `$.events[3]`.
        field: The dotted name of the field in the file's own terms, or None for the whole record.
        problem: What is wrong and, where it is not obvious, what mends it.
    """

    def __init__(self, place: str, field: str | None, problem: str) -> None:
        where = f"{place}, field {field}" if field else place
        super().__init__(f"{where}: {problem}")
        self.place = place
        self.field = field
        self.problem = problem


class StoreError(TrackwireError):
    """The local store cannot be read or written; what is in it stays as it is."""


class ScopeError(StoreError):
    """The bound scope is empty or incomplete where that would publish a wrong state."""


class TrackerError(TrackwireError):
    """The tracker refused, or answered what cannot be used; a person is needed."""


class CursorError(TrackerError):
    """The tracker does not take a page's cursor any more; reading begins again."""


class UndeliveredError(TrackwireError):
    """A publish that the hub has not accepted.

    Args:
        message: What happened and what mends it.
        status_code: The HTTP status of the last answer, or None without one.
        attempts: How many requests were sent.
        codings: The content codings that the hub said it takes, or None where it did not say.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        attempts: int = 0,
        codings: frozenset[str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.attempts = attempts
        self.codings = codings


class DeliveryError(UndeliveredError):
    """The hub gave a final answer other than acceptance."""


class TemporaryError(TrackwireError):
    """It failed for now, and the same call may succeed later."""


class LockedError(TemporaryError):
    """Another process holds the project's lock."""


class TrackerDeferred(TrackerError, TemporaryError):  # noqa: N818 - a delay, not an error
    """The tracker was not reached, or asks to wait longer than there is time."""


class DeliveryDeferred(UndeliveredError, TemporaryError):  # noqa: N818 - a delay, not an error
    """The hub was not reached, or asked to wait beyond the deadline."""


def command(*words: str) -> str:
    """Return a command for a person to type, quoted so that no word of it is read as shell.

    Args:
        words: What follows `trackwire`, a word each; some may be somebody else's text.
    """
    return shlex.join(("trackwire", *words))


def assignment(field: str) -> str:
    """Return `FIELD=VALUE` for a command that a person is to complete, such as `project_key=KEY`.

    Args:
        field: The field's name.
    """
    return f"{field}={field.rpartition('_')[2].upper()}"
