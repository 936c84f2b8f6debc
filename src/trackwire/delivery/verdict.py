"""What an answer means: accepted, worth repeating, or final (contracts, "Answers")."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from trackwire.answers import retry_after
from trackwire.delivery.answer import describe_problem
from trackwire.delivery.posting import ACCEPTED_STATUS_CODES, WorthRepeating
from trackwire.delivery.receipt import Receipt, read_receipt
from trackwire.destination import hub_of
from trackwire.errors import DeliveryError, UsageError
from trackwire.origin import origin_of

if TYPE_CHECKING:
    from trackwire.delivery.posting import Answer, Posting

RETRIED_STATUS_CODES = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


def judge(posting: Posting, answer: Answer) -> Receipt:
    """Return the receipt of an accepted snapshot.

    Args:
        posting: What was sent.
        answer: What came back.

    Raises:
        WorthRepeating: The hub cannot take it now.
        DeliveryError: Any other answer; the text says what mends it.
    """
    if answer.status_code in ACCEPTED_STATUS_CODES:
        return _receipt(posting, answer)
    if answer.status_code in RETRIED_STATUS_CODES:
        raise WorthRepeating(
            f"the hub cannot take the snapshot now (HTTP {_told(posting, answer)})",
            status_code=answer.status_code,
            retry_after=retry_after(answer.headers),
        )
    raise DeliveryError(_refusal(posting, answer), status_code=answer.status_code)


def _receipt(posting: Posting, answer: Answer) -> Receipt:
    if answer.content is None:
        raise _no_receipt(posting, answer, "it is far too long")
    try:
        receipt = read_receipt(answer.content, posting.hidden)
    except ValueError as error:
        raise _no_receipt(posting, answer, str(error)) from error
    if receipt.digest != posting.body.repr_digest:
        raise DeliveryError(
            f"{posting.origin} gave the receipt of other bytes than were sent: something on the "
            "way changes them, or the hub is broken; tell who runs it",
            status_code=answer.status_code,
        )
    return receipt


def _no_receipt(posting: Posting, answer: Answer, problem: str) -> DeliveryError:
    return DeliveryError(
        f"{posting.origin} answered HTTP {answer.status_code} without a receipt ({problem}); "
        "is this a hub? Check its address",
        status_code=answer.status_code,
    )


def _refusal(posting: Posting, answer: Answer) -> str:
    told = _told(posting, answer)
    match answer.status_code:
        case 401 | 403:
            hub = shlex.quote(hub_of(posting.endpoint))
            who = "no token was sent" if posting.token is None else "it does not accept the token"
            return (
                f"the hub refused the sender, {who} (HTTP {told}); give one that is good there "
                f"with `trackwire login {hub}` or TRACKWIRE_HUB_TOKEN"
            )
        case status if 200 <= status < 300:
            return f"{posting.origin} answered HTTP {status}, which is no receipt; is this a hub?"
        case status if 300 <= status < 400:
            return (
                f"the hub redirects to {_target(posting, answer)} (HTTP {status}), and no redirect "
                "is followed; if that address can be trusted, publish to it: --hub URL"
            )
        case 404 | 405:
            return (
                f"{posting.origin} knows no such endpoint (HTTP {told}); is this a hub? "
                "Check its address"
            )
        case _:
            return f"the hub refused the snapshot (HTTP {told})"


def _told(posting: Posting, answer: Answer) -> str:
    problem = describe_problem(answer.content or b"", posting.hidden)
    return f"{answer.status_code}: {problem}" if problem else str(answer.status_code)


def _target(posting: Posting, answer: Answer) -> str:
    location = answer.headers.get("Location", "")
    try:
        return origin_of(urljoin(posting.endpoint, location).partition("?")[0].partition("#")[0])
    except (UsageError, ValueError):
        return "an unusable address"
