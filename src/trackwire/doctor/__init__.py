"""Looks for what is wrong with a project, its plugin, its credentials, its tracker and its hub."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from trackwire.doctor import network, project
from trackwire.doctor.finding import Finding, Patient, State, wrong
from trackwire.errors import TrackwireError

__all__ = ["Finding", "Patient", "State", "examine"]

_CHECKS = MappingProxyType(
    {
        "project": project.configuration,
        "plugin": project.plugins,
        "credentials": project.credentials,
        "route": project.route,
        "tracker": network.tracker,
        "store": project.store,
        "hub": network.hub,
    }
)


def examine(patient: Patient) -> list[Finding]:
    """Look for what is wrong; what fails is a finding, and the rest is looked at all the same.

    Args:
        patient: What to look at.
    """
    return [finding for subject in _CHECKS for finding in _run(subject, patient)]


def _run(subject: str, patient: Patient) -> Iterator[Finding]:
    try:
        yield from _CHECKS[subject](patient)
    except TrackwireError as error:
        yield wrong(subject, str(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        yield Finding(subject, State.WRONG, f"{where}{error.strerror or error}")
    except Exception as error:
        # Its text is left out: nobody has seen to it that it holds no secret.
        text = f"it could not be looked at: a defect of trackwire ({type(error).__name__})"
        yield Finding(subject, State.WRONG, text, "report it")
