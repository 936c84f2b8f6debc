"""The forms that texts and numbers of an event have (contracts/batch-api-contract.md)."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import Annotated

import msgspec

_ULID = r"^[0-9A-HJKMNP-TV-Z]{26}\Z"
_NODE_ID = r"^[0-9A-Fa-f]{12}\Z"
_PROJECT_UUID = (
    r"^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-4[0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}\Z"
)
_COMMIT_SHA = r"^[0-9A-Fa-f]{40}\Z"
_REPO_SLUG = r"^[^/\u0000-\u0020]+/[^/\u0000-\u0020]+\Z"
_WP_ID = r"^WP[0-9]{2}\Z"
_FEATURE_SLUG = r"^[0-9]{3}-[a-z0-9-]+\Z"
_FEATURE_NUMBER = r"^[0-9]{3}\Z"
_CLOCK = r"T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]+)?"
_TIME = _CLOCK + r"(?:Z|[+-][0-9]{2}:[0-9]{2})\Z"
_UTC_TIME = _CLOCK + r"(?:Z|[+]00:00)\Z"

NonEmpty = Annotated[str, msgspec.Meta(min_length=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Time = Annotated[datetime, msgspec.Meta(tz=True)]
TimeText = Annotated[str, msgspec.Meta(pattern=_TIME)]
UTCText = Annotated[str, msgspec.Meta(pattern=_UTC_TIME)]
ULID = Annotated[str, msgspec.Meta(pattern=_ULID)]
NodeId = Annotated[str, msgspec.Meta(pattern=_NODE_ID)]
ProjectUUID = Annotated[str, msgspec.Meta(pattern=_PROJECT_UUID)]
CommitSHA = Annotated[str, msgspec.Meta(pattern=_COMMIT_SHA)]
RepoSlug = Annotated[str, msgspec.Meta(pattern=_REPO_SLUG)]
WPId = Annotated[str, msgspec.Meta(pattern=_WP_ID)]
FeatureSlug = Annotated[str, msgspec.Meta(pattern=_FEATURE_SLUG)]
FeatureNumber = Annotated[str, msgspec.Meta(pattern=_FEATURE_NUMBER)]

IN_WORDS = MappingProxyType(
    {
        _ULID: "a ULID: 26 characters of 0-9A-HJKMNP-TV-Z",
        _NODE_ID: "12 hexadecimal digits",
        _PROJECT_UUID: "a UUID of version 4, with hyphens",
        _COMMIT_SHA: "40 hexadecimal digits",
        _REPO_SLUG: "owner/repo, with one slash and no blank",
        _WP_ID: "WP and two digits, such as WP01",
        _FEATURE_SLUG: "three digits, a hyphen and a name in a-z0-9-, such as 001-sign-in",
        _FEATURE_NUMBER: "three digits, such as 001",
        _TIME: "a time such as 2026-11-20T09:00:00+01:00 or 2026-11-20T08:00:00Z",
        _UTC_TIME: "a time in UTC, with Z or +00:00, such as 2026-11-20T08:00:00Z",
    }
)
"""What each pattern asks for, for the texts of errors."""


def in_words(problem: str) -> str:
    """Name a form where a decoder's text names its pattern.

    Args:
        problem: What is wrong with a field, as `trackwire.wording.explain` says it.
    """
    for pattern, words in IN_WORDS.items():
        if problem == f"expected text matching regex {pattern!r}":
            return f"expected {words}"
    return problem
