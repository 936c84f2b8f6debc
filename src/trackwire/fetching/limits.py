"""How much of everything one client takes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a client of a tracker stops at.

    Args:
        answer_seconds: How long one answer may take from the request's first byte, and how long
            the failed attempts of one request may take together.
        answer_bytes: How long one answer may be, as it travels and unpacked.
        attempts: How often one request is sent while the tracker asks for no wait.
        redirects: How many redirects one request follows.
    """

    answer_seconds: float = 300.0
    answer_bytes: int = 64 << 20
    attempts: int = 8
    redirects: int = 5
