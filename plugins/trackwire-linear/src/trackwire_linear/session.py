"""Asks Linear's GraphQL API: the authorization, and what an answer's errors mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from trackwire.answers import described, plain_text, read_answer, secrets_of
from trackwire.errors import TrackerError, command
from trackwire.fetching.renewal import RenewedToken
from trackwire.windows import read_tokens
from trackwire_linear.failures import failures_in, has_code
from trackwire_linear.shapes import Answer, Connection, Failure

if TYPE_CHECKING:
    import httpx

    from trackwire.connector import ConnectContext

N = TypeVar("N")
T = TypeVar("T")

_STATUSES = {"AUTHENTICATION_ERROR": 401, "FORBIDDEN": 403}
_SHOWN = 3


class TooComplexError(TrackerError):
    """A query asks for more at once than is ever allowed."""


class Session:
    """One account's way to the API.

    Args:
        context: The client, and the binding's address and secrets.
    """

    def __init__(self, context: ConnectContext) -> None:
        self.context = context
        self._client, field = context.client, "api_key"
        if context.secret("access_token") is not None:
            field = "access_token"
            token_url = str(self._client.base_url.join("/oauth/token"))
            self._client.auth = RenewedToken(context, token_url, is_unauthorized)
        elif (key := context.secret(field)) is not None:
            self._client.headers["Authorization"] = key.reveal()
        new = command("credentials", "set", field)
        self._remedies = {
            401: f"make a new one in Linear's settings, then: {new}",
            403: f"see what the account may read with: {command('discover', 'linear')}",
        }

    def ask(self, query: str, shape: type[T], **variables: object) -> T:
        """Send a query and read its data.

        Args:
            query: The GraphQL text.
            shape: What its data looks like.
            variables: The query's variables.

        Raises:
            TooComplexError: A part of it must be asked for at a time.
            TrackerError: The answer has errors, or cannot be used.
            trackwire.errors.CredentialError: Renewed tokens could not be kept.
        """
        body = {"query": query, "variables": variables}
        response = self._client.post("", json=body)
        # the client repeats such an answer by itself unless it comes as a success, and waits
        # before the next request in any case, until its patience ends
        while response.is_success and has_code(response, "RATELIMITED"):
            response = self._client.post("", json=body)
        if failures := failures_in(response):
            is_too_complex = any(failure.is_too_complex for failure in failures)
            refusal = TooComplexError if is_too_complex else TrackerError
            raise refusal(self._described(response, failures))
        whole = Answer[shape]  # type: ignore[valid-type] # known at run time alone
        answer: Answer[T] = read_answer(response, whole, self._remedies)
        return answer.data

    def ask_all(
        self, query: str, shape: type[T], list_of: Callable[[T], Connection[N]], **variables: object
    ) -> Iterator[Sequence[N]]:
        """Send a query for each page of a list; where it shifts meanwhile, some may be missed.

        Args:
            query: The GraphQL text, with a variable `after`.
            shape: What their data looks like.
            list_of: Finds the list in the data.
            variables: The query's other variables.

        Yields:
            What each page lists.
        """
        return read_tokens(
            lambda after: page_of(list_of(self.ask(query, shape, after=after, **variables)))
        )

    def _described(self, response: httpx.Response, failures: tuple[Failure, ...]) -> str:
        hidden = secrets_of(response.request)
        words = "; ".join(plain_text(failure.words, hidden) for failure in failures[:_SHOWN])
        request, status = described(response.request), response.status_code
        meant = {_STATUSES.get(failure.extensions.code, status) for failure in failures}
        remedies = [remedy for code, remedy in self._remedies.items() if code in meant]
        return "; ".join((f"Linear refused {request} (HTTP {status}): {words}", *remedies))


def is_unauthorized(response: httpx.Response) -> bool:
    """Tell whether an answer refuses the key or token.

    Args:
        response: The answer.
    """
    return response.status_code == 401 or has_code(response, "AUTHENTICATION_ERROR")


def page_of(listed: Connection[T]) -> tuple[list[T], str | None]:
    """Give what a page lists, and the cursor of the page behind, or None where it is the last.

    Args:
        listed: The page.

    Raises:
        TrackerError: Another page follows, and the answer does not say where it begins.
    """
    place = listed.page_info
    if place.has_next_page and place.end_cursor is None:
        raise TrackerError("Linear says that a page follows, but not where it begins")
    return listed.nodes, place.end_cursor if place.has_next_page else None
