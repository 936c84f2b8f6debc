"""The errors in an answer of Linear's, and the wait that an answer asks for."""

from __future__ import annotations

import re
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import msgspec

from trackwire_linear.shapes import Failure

if TYPE_CHECKING:
    import httpx

_BUDGETS = ("Requests", "Endpoint-Requests", "Complexity")
_SHORTEST_WAIT = 1.0
_UNTOLD_WAIT = 60.0
_PLAIN_NUMBER = re.compile(r"[0-9]{1,16}(\.[0-9]{1,16})?")


class _Failed(msgspec.Struct, frozen=True):
    errors: tuple[Failure, ...] | None = None


def failures_in(response: httpx.Response) -> tuple[Failure, ...]:
    """Read an answer's errors, whatever its status: the API gives some with a 200.

    Args:
        response: An answer to a query.

    Returns:
        The errors; none where there are none or the answer is not of the API's making.
    """
    try:
        return msgspec.json.decode(response.content, type=_Failed).errors or ()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ()


def has_code(response: httpx.Response, code: str) -> bool:
    """Tell whether one of an answer's errors is of a kind.

    Args:
        response: An answer to a query.
        code: The kind's `extensions.code`.
    """
    return any(failure.extensions.code == code for failure in failures_in(response))


def pause(response: httpx.Response) -> float | None:
    """Tell how many seconds an answer asks to wait before the next request.

    Args:
        response: Any answer.

    Returns:
        The seconds until the spent budget, or of an answer that is refused for it the emptiest,
        is filled again; None where none is spent, and where the network's edge refuses without
        telling of budgets and so leaves it to `Retry-After`.
    """
    at_edge = response.status_code == 429
    is_limited = at_edge or has_code(response, "RATELIMITED")
    if not is_limited and not response.is_success:
        return None
    budgets = [budget for name in _BUDGETS if (budget := _budget(response, name)) is not None]
    # an answer that costs more than is left is refused while something is left
    emptiest = min((left for left, _ in budgets), default=0.0) if is_limited else 0.0
    untold = _UNTOLD_WAIT if is_limited and not at_edge else None
    return max((wait for left, wait in budgets if left <= emptiest), default=untold)


def _budget(response: httpx.Response, name: str) -> tuple[float, float] | None:
    """Give the share of a budget that is left, and the seconds until it is full."""
    limit, left, reset = (
        _number(response, f"X-RateLimit-{name}-{part}") for part in ("Limit", "Remaining", "Reset")
    )
    if reset is None:
        return None
    share = 0.0 if left is not None and left < 1 else left / limit if left and limit else 1.0
    return share, max(_SHORTEST_WAIT, reset / 1000 - _now(response))


def _now(response: httpx.Response) -> float:
    """Tell the time by the server's own clock, so that one that is wrong here does no harm."""
    try:
        return parsedate_to_datetime(response.headers["Date"]).timestamp()
    except (KeyError, ValueError):
        return time.time()


def _number(response: httpx.Response, header: str) -> float | None:
    text = response.headers.get(header, "").strip()
    return float(text) if _PLAIN_NUMBER.fullmatch(text) else None
