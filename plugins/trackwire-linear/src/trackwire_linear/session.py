"""Asks Linear's GraphQL API: the authorization, its renewal, and what an answer's errors mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from trackwire.answers import described, plain_text, read_answer, secrets_of
from trackwire.errors import TrackerError, command
from trackwire_linear.failures import Failure, failures_in

if TYPE_CHECKING:
    import httpx

    from trackwire.connector import ConnectContext
    from trackwire_linear.shapes import Answer

T = TypeVar("T")

_RENEWED_WITH = ("refresh_token", "client_id", "client_secret")
_ROTATED = ("access_token", "refresh_token")
_RENEWALS = 2  # by what another process has stored, then by an exchange
_SHOWN = 3
_DISCOVER = command("discover", "linear")


class RefusalError(TrackerError):
    """Linear answered with errors.

    Args:
        message: What it said, and what mends it.
        failures: The errors.
    """

    def __init__(self, message: str, failures: tuple[Failure, ...]) -> None:
        super().__init__(message)
        self.is_bad_input = any(failure.code == "INPUT_ERROR" for failure in failures)
        self.is_too_complex = any(failure.is_too_complex for failure in failures)


class _Tokens(msgspec.Struct, frozen=True):
    access_token: str
    refresh_token: str | None = None


class Session:
    """One account's way to the API.

    Args:
        context: The client, and the binding's address and secrets.
    """

    def __init__(self, context: ConnectContext) -> None:
        self._context = context
        self._token = context.secret("access_token")
        self._key = None if self._token else context.secret("api_key")

    def ask(self, query: str, shape: type[Answer[T]], **variables: object) -> T:
        """Send a query and read its data.

        Args:
            query: The GraphQL text.
            shape: What the answer looks like.
            variables: The query's variables; one that is None is left out.

        Raises:
            RefusalError: The answer has errors.
            TrackerError: It cannot be used.
            trackwire.errors.CredentialError: Renewed tokens could not be kept.
        """
        sent = {name: value for name, value in variables.items() if value is not None}
        response, failures = self._exchange({"query": query, "variables": sent})
        for _ in range(_RENEWALS):
            if _is_unauthorized(response, failures) and self._renew():
                response, failures = self._exchange({"query": query, "variables": sent})
        if failures:
            raise self._refusal(response, failures)
        remedies = {401: self._renewal, 403: f"see what the account may read with: {_DISCOVER}"}
        return read_answer(response, shape, remedies=remedies).data

    def _exchange(self, body: dict[str, object]) -> tuple[httpx.Response, tuple[Failure, ...]]:
        while True:
            headers = {"Authorization": self._authorization}
            response = self._context.client.post("", json=body, headers=headers)
            failures = failures_in(response)
            limited = any(failure.is_rate_limit for failure in failures)
            # the client repeats such an answer itself unless it comes as a success; then it
            # waits before this next request, until its patience ends
            if not (limited and response.is_success):
                return response, failures

    @property
    def _authorization(self) -> str:
        if self._token is not None:
            return f"Bearer {self._token.reveal()}"
        return self._key.reveal() if self._key is not None else ""

    @property
    def _renewal(self) -> str:
        field = "api_key" if self._token is None else "access_token"
        return f"make a new one in Linear's settings, then: {command('credentials', 'set', field)}"

    def _refusal(self, response: httpx.Response, failures: tuple[Failure, ...]) -> RefusalError:
        hidden = secrets_of(response.request)
        words = "; ".join(plain_text(failure.words, hidden) for failure in failures[:_SHOWN])
        request = described(response.request)
        text = f"Linear refused {request} (HTTP {response.status_code}): {words}"
        if _is_unauthorized(response, failures):
            text = f"{text}; {self._renewal}"
        elif any(failure.code == "FORBIDDEN" for failure in failures):
            text = f"{text}; see what the account may read with: {_DISCOVER}"
        return RefusalError(text, failures)

    def _renew(self) -> bool:
        """Exchange the refresh token, which is good for one use, where all it takes is given."""
        if self._token is None:
            return False
        kept = self._context.secret("access_token")
        if kept is not None and kept != self._token:  # another process was faster
            self._token = kept
            return True
        secrets = {name: self._context.secret(name) for name in _RENEWED_WITH}
        form = {name: secret.reveal() for name, secret in secrets.items() if secret is not None}
        if len(form) < len(_RENEWED_WITH):
            return False
        # tells that new ones could not be kept while the old one is still unused
        current = {"access_token": self._token.reveal(), "refresh_token": form["refresh_token"]}
        self._context.keep_secrets(current)
        tokens = self._granted({"grant_type": "refresh_token", **form})
        renewed = {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token}
        self._context.keep_secrets({name: value for name, value in renewed.items() if value})
        self._token = self._context.secret("access_token")
        return True

    def _granted(self, form: dict[str, str]) -> _Tokens:
        address = self._context.client.base_url.join("/oauth/token")
        response = self._context.client.post(address, data=form)
        set_both = " and ".join(command("credentials", "set", name) for name in _ROTATED)
        remedy = f"authorize Trackwire anew, then: {set_both}"
        return read_answer(response, _Tokens, remedies={400: remedy, 401: remedy})


def _is_unauthorized(response: httpx.Response, failures: tuple[Failure, ...]) -> bool:
    refused = any(failure.code == "AUTHENTICATION_ERROR" for failure in failures)
    return refused or response.status_code == 401
