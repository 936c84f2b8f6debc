"""What an answer says, of a hub or a tracker: its value, its words, and how long to wait."""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import takewhile
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl, quote

import msgspec

from trackwire.errors import TrackerError
from trackwire.wording import explain

if TYPE_CHECKING:
    import httpx

__all__ = [
    "described",
    "plain_text",
    "read_answer",
    "retry_after",
    "secrets_of",
    "words_of",
]

T = TypeVar("T")

ADDRESS_FIELD = "trackwire.address_field"
"""The request's extension that names the credential field of the tracker's address."""

_TEXT_CHARACTERS = 300
_LONGEST_WAIT = 10.0 * 365 * 24 * 3600
_LONGEST_REFUSAL_BYTES = 1 << 20
_SHORTEST_SECRET = 4
_LONGEST_BEGINNING = 10  # of a secret that is shown where an answer cuts it off
_TEXTS_SHOWN = 10
_DEPTH_SHOWN = 3
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_FORM = "application/x-www-form-urlencoded"
_PLAIN_HEADERS = frozenset(
    {
        *("accept", "accept-encoding", "accept-language", "cache-control", "connection"),
        *("content-length", "content-type", "host", "transfer-encoding", "user-agent"),
    }
)
_TELLING_MEMBERS = (
    *("title", "detail", "message", "error", "error_description"),
    *("errorMessages", "errors"),
)
_NO_REMEDIES: Mapping[int, str] = MappingProxyType({})
_REMEDIES = MappingProxyType(
    {
        401: "the tracker does not take the credentials; give good ones; see: trackwire doctor",
        403: "the account may not do this; give it access at the tracker; see: trackwire doctor",
        404: (
            "there is no such thing, or the account may not see it; "
            "check the address and what is bound; see: trackwire doctor"
        ),
        410: (
            "the tracker has removed this part of its API; "
            "install a newer version of the provider's plugin"
        ),
        429: "it limits how often it is asked; run the command again later",
        503: "it is out of service for now; run the command again later",
    }
)
_TOO_OLD = "the provider's plugin may be too old for this tracker; install a newer version"


def read_answer(
    response: httpx.Response, shape: type[T], remedies: Mapping[int, str] = _NO_REMEDIES
) -> T:
    """Decode an answer of the tracker, or say what is wrong with it.

    Args:
        response: The answer, read.
        shape: What its JSON is decoded into: a msgspec struct of the parts that are used, or
            whatever else `msgspec.json.decode` takes.
        remedies: What mends an answer by its HTTP status; those here come before the general
            ones, and that of 200 is for an answer of another shape.

    Raises:
        TrackerError: The status is no success, or the body is not the JSON that was expected.
            The text names the request without its query, the status or the field, what the
            tracker says, and the remedy; it holds no secret of the request.
    """
    if not response.is_success:
        raise TrackerError(_refusal(response, remedies))
    try:
        return msgspec.json.decode(response.content, type=shape)
    except msgspec.ValidationError as error:
        raise TrackerError(_misfit(response, error, remedies)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TrackerError(_no_json(response, error, remedies)) from error


def words_of(response: httpx.Response) -> str:
    """Tell in one line what an answer that is no success says.

    Args:
        response: The answer, read.

    Returns:
        At most 300 characters of the texts in its JSON, of a web page's title, or of plain text,
        without the secrets of its request; empty where it says nothing.
    """
    if len(response.content) > _LONGEST_REFUSAL_BYTES:
        return ""
    hidden = secrets_of(response.request)
    if _is_web_page(response):
        title = _TITLE.search(response.text)
        return plain_text(f"the web page {html.unescape(title[1])!r}", hidden) if title else ""
    try:
        document = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        is_text = response.headers.get("Content-Type", "").startswith("text/plain")
        return plain_text(response.text, hidden) if is_text else ""
    return plain_text("; ".join(_texts(document, _DEPTH_SHOWN)), hidden)


def secrets_of(request: httpx.Request) -> tuple[str, ...]:
    """List what a request carries that no text may show, the longest first.

    Args:
        request: A request with its body in memory.

    Returns:
        The values of all headers but the usual ones, and of a form's fields; also their parts
        and their forms in a URL.
    """
    values = set()
    for name, value in request.headers.items():
        if name not in _PLAIN_HEADERS:
            values.update(_parts(value))
    if request.headers.get("Content-Type", "").startswith(_FORM):
        values.update(value for _, value in parse_qsl(request.read().decode("utf-8", "replace")))
    values.update([quote(value, safe="") for value in values])
    return tuple(
        sorted((v for v in values if len(v) >= _SHORTEST_SECRET), key=lambda v: (-len(v), v))
    )


def described(request: httpx.Request) -> str:
    """Name a request without its query, such as `GET https://tracker.example/api/issues`.

    Args:
        request: The request.
    """
    url = request.url
    path = url.raw_path.partition(b"?")[0].decode("ascii", "replace")
    shown = f"{request.method} {url.scheme}://{url.netloc.decode('ascii', 'replace')}{path}"
    return plain_text(shown, secrets_of(request))


def plain_text(text: str, hidden: Iterable[str] = ()) -> str:
    """Make a text from elsewhere fit to be shown in one line.

    Args:
        text: Anything; it stays text, and whoever shows it must not read markup in it.
        hidden: What must not be shown.

    Returns:
        At most 300 characters, without control and formatting characters, blanks single.
    """
    visible = "".join(" " if _is_control(character) else character for character in text)
    line = " ".join(visible.split())
    for value in hidden:
        line = _masked(line, value)
    return line if len(line) <= _TEXT_CHARACTERS else f"{line[: _TEXT_CHARACTERS - 1]}…"


def _masked(line: str, value: str) -> str:
    """Mask a value, and a beginning of it where it was cut off."""
    if len(value) < _LONGEST_BEGINNING:
        return line.replace(value, "****")
    beginning = value[:_LONGEST_BEGINNING]
    head, found, rest = line.partition(beginning)
    shown = [head]
    while found:
        whole = found + rest
        alike = takewhile(lambda pair: pair[0] == pair[1], zip(whole, value, strict=False))
        rest = whole[sum(1 for _ in alike) :]
        head, found, rest = rest.partition(beginning)
        shown += ("****", head)
    return "".join(shown)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read how long an answer asks to wait (RFC 9110, section 10.2.3).

    Args:
        headers: The answer's headers; a date counts from `Date`, so that a clock that is wrong
            here does no harm, or else from now.

    Returns:
        Seconds, not negative; None where the header is absent, garbage or in the past.
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), _LONGEST_WAIT)
    until = _date(value)
    if until is None:
        return None
    wait = (until - (_date(headers.get("Date", "")) or datetime.now(UTC))).total_seconds()
    return min(wait, _LONGEST_WAIT) if wait >= 0 else None


def _refusal(response: httpx.Response, remedies: Mapping[int, str]) -> str:
    status = response.status_code
    words = words_of(response)
    told = f"HTTP {status}: {words}" if words else f"HTTP {status}"
    remedy = remedies.get(status) or _REMEDIES.get(status)
    text = f"the tracker refused {described(response.request)} ({told})"
    return f"{text}; {remedy}" if remedy else text


def _misfit(
    response: httpx.Response, error: msgspec.ValidationError, remedies: Mapping[int, str]
) -> str:
    field, problem = explain(error)
    place = f"field {field}: " if field else ""
    said = plain_text(f"{place}{problem}", secrets_of(response.request))
    remedy = remedies.get(200) or _TOO_OLD
    return f"the answer to {described(response.request)} is not as expected: {said}; {remedy}"


def _no_json(response: httpx.Response, error: Exception, remedies: Mapping[int, str]) -> str:
    request = described(response.request)
    if _is_web_page(response):
        words = words_of(response)
        page = f" ({words})" if words else ""
        field = response.request.extensions.get(ADDRESS_FIELD)
        address = f"{field}, the tracker's address" if field else "the tracker's address"
        remedy = remedies.get(200) or f"check {address}"
        return f"a web page came where JSON was expected{page}, in answer to {request}; {remedy}"
    said = plain_text(str(error), secrets_of(response.request)) if response.content else "empty"
    remedy = remedies.get(200) or "check the tracker's address, or try again"
    return f"the answer to {request} is not JSON ({said}); {remedy}"


def _is_web_page(response: httpx.Response) -> bool:
    kind = response.headers.get("Content-Type", "").lower()
    return "html" in kind or response.content[:100].lstrip().startswith(b"<")


def _texts(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and depth:
        for item in value[:_TEXTS_SHOWN]:
            yield from _texts(item, depth - 1)
    elif isinstance(value, dict) and depth:
        for name in _TELLING_MEMBERS:
            told = value.get(name)
            if name == "errors" and isinstance(told, dict):  # by the names of the fields
                items = list(told.items())[:_TEXTS_SHOWN]
                yield from (f"{field}: {text}" for field, text in items if isinstance(text, str))
            else:
                yield from _texts(told, depth - 1)


def _parts(value: str) -> set[str]:
    """Split a header into what may be repeated on its own: tokens, cookies, a password."""
    scheme, _, rest = value.partition(" ")
    cookies = (cookie.partition("=")[2].strip() for cookie in value.split(";"))
    found = {value, rest.strip(), *cookies}
    if scheme.lower() == "basic":
        try:
            pair = base64.b64decode(rest, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return found
        found.update({pair, *pair.split(":", 1)})
    return found


def _is_control(character: str) -> bool:
    return unicodedata.category(character)[0] in "CZ"


def _date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
