"""The errors in an answer of Linear's, and the wait that an answer asks for."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import httpx

_BUDGETS = ("Requests", "Endpoint-Requests", "Complexity")
_SHORTEST_WAIT = 1.0
_UNTOLD_WAIT = 60.0
_PLAIN_NUMBER = re.compile(r"[0-9]{1,16}(\.[0-9]{1,16})?")


@dataclass(frozen=True, slots=True)
class Failure:
    """One entry of an answer's `errors`.

    Args:
        code: `extensions.code`, or empty.
        words: What it says for people.
    """

    code: str
    words: str

    @property
    def is_rate_limit(self) -> bool:
        """Whether a budget of requests or of complexity is spent."""
        return self.code == "RATELIMITED"

    @property
    def is_too_complex(self) -> bool:
        """Whether the query asks for more at once than is ever allowed."""
        return not self.is_rate_limit and "too complex" in self.words.lower()


def failures_in(response: httpx.Response) -> tuple[Failure, ...]:
    """Read an answer's errors, whatever its status: the API gives some with a 200.

    Args:
        response: An answer to a query.

    Returns:
        The errors; none where there are none or the answer is no JSON object.
    """
    if b'"errors"' not in response.content:
        return ()
    try:
        document = msgspec.json.decode(response.content)
    except (msgspec.MsgspecError, RecursionError):
        return ()
    errors = document.get("errors") if isinstance(document, dict) else None
    if not errors:
        return ()
    return tuple(map(_failure, errors if isinstance(errors, list) else [errors]))


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
    limited = at_edge or any(failure.is_rate_limit for failure in failures_in(response))
    if not limited and not response.is_success:
        return None
    budgets = [budget for name in _BUDGETS if (budget := _budget(response, name)) is not None]
    # an answer that costs more than is left is refused while something is left
    emptiest = min((budget.left for budget in budgets), default=0.0) if limited else 0.0
    waits = [budget.wait for budget in budgets if budget.left <= emptiest]
    return max(waits, default=_UNTOLD_WAIT if limited and not at_edge else None)


@dataclass(frozen=True, slots=True)
class _Budget:
    """What an answer's headers say of one budget: the share that is left, seconds until full."""

    left: float
    wait: float


def _budget(response: httpx.Response, name: str) -> _Budget | None:
    limit, left, reset = (
        _number(response, f"X-RateLimit-{name}-{part}") for part in ("Limit", "Remaining", "Reset")
    )
    if left is None or reset is None:
        return None
    share = 0.0 if left < 1 else left / limit if limit else 1.0
    return _Budget(share, max(_SHORTEST_WAIT, reset / 1000 - _now(response)))


def _now(response: httpx.Response) -> float:
    """Tell the time by the server's own clock, so that one that is wrong here does no harm."""
    try:
        return parsedate_to_datetime(response.headers["Date"]).timestamp()
    except (KeyError, ValueError):
        return time.time()


def _number(response: httpx.Response, header: str) -> float | None:
    text = response.headers.get(header, "").strip()
    return float(text) if _PLAIN_NUMBER.fullmatch(text) else None


def _failure(error: object) -> Failure:
    if not isinstance(error, dict):
        return Failure("", str(error))
    extensions = error.get("extensions")
    more = extensions if isinstance(extensions, dict) else {}
    said = (error.get("message"), more.get("userPresentableMessage"))
    words = dict.fromkeys(text.rstrip(" .") for text in said if isinstance(text, str))
    words.pop("", None)
    code = more.get("code")
    return Failure(code if isinstance(code, str) else "", ": ".join(words) or "an error unnamed")
