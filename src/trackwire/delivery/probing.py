"""Asks a hub whether it is there and takes a token, without publishing anything.

The contract has one request, the publish. This one cannot be stored: its key has 256 characters,
one more than a key may have ("Idempotency key"), and its body is no snapshot. A hub that takes the
token refuses the key (400) or the body (422), and one that does not take it says 401 or 403. A hub
that looks at the key first would say 400 either way, so the same is asked without a token too.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from trackwire.deadline import Deadline
from trackwire.delivery.body import Body
from trackwire.delivery.posting import Posting, WorthRepeating, new_client, post
from trackwire.delivery.transport import DeadlineTransport
from trackwire.errors import DeliveryDeferred
from trackwire.origin import parse_address

if TYPE_CHECKING:
    from trackwire.secret import Secret

_UNUSABLE_KEY = "0" * 256
_NO_SNAPSHOT = b"{}"
_DENIED = frozenset({401, 403})
_REFUSED = frozenset({400, 413, 415, 422})
_BUSY = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


class Admission(Enum):
    """What a hub makes of a token, or of none."""

    ADMITTED = "it takes the token"
    OPEN = "it asks for no token"
    DENIED = "it does not take the token"
    UNTOLD = "it does not tell whether it takes the token"
    BUSY = "it cannot answer now"
    NO_HUB = "this is no hub"


@dataclass(frozen=True, slots=True)
class Probe:
    """What a hub answered.

    Args:
        admission: What it makes of the token.
        status_code: The HTTP status of the answer that says so.
    """

    admission: Admission
    status_code: int


def probe(endpoint: str, token: Secret | None, timeout: float) -> Probe:
    """Ask a hub whether it is there and takes a token; nothing is published.

    Args:
        endpoint: What `trackwire.destination.endpoint_url` returned.
        token: The hub's own token, or None to ask without one.
        timeout: Seconds for all of it.

    Raises:
        DeliveryDeferred: It was not reached.
        DeliveryError: It speaks no HTTP, or its certificate is not trusted.
        CredentialError: The token cannot be sent.
        UsageError: The environment names an unusable proxy.
    """
    deadline = Deadline.after(timeout)
    status = _status(endpoint, token, deadline)
    admission = _meaning(status, with_token=token is not None)
    if admission is Admission.ADMITTED and _status(endpoint, None, deadline) not in _DENIED:
        return Probe(Admission.UNTOLD, status)
    return Probe(admission, status)


def _meaning(status: int, *, with_token: bool) -> Admission:
    if status in _DENIED:
        return Admission.DENIED
    if status in _REFUSED:
        return Admission.ADMITTED if with_token else Admission.OPEN
    return Admission.BUSY if status in _BUSY else Admission.NO_HUB


def _status(endpoint: str, token: Secret | None, deadline: Deadline) -> int:
    with tempfile.TemporaryDirectory(prefix="trackwire-") as directory:
        path = Path(directory) / "body"
        path.write_bytes(_NO_SNAPSHOT)
        body = Body(path, len(_NO_SNAPSHOT), hashlib.sha256(_NO_SNAPSHOT).digest())
        posting = Posting(body=body, endpoint=endpoint, key=_UNUSABLE_KEY, token=token)
        transport = DeadlineTransport(parse_address(endpoint), deadline)
        with new_client(transport) as client:
            try:
                return post(posting, None, client, transport).status_code
            except WorthRepeating as failure:
                raise DeliveryDeferred(str(failure)) from failure
