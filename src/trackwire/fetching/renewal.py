"""A bearer token that is renewed where the tracker refuses it, for trackers that take OAuth."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

import httpx
import msgspec

from trackwire.answers import read_answer
from trackwire.errors import command

if TYPE_CHECKING:
    from trackwire.connector import ConnectContext
    from trackwire.secret import Secret

_GIVEN_FOR_RENEWAL = ("refresh_token", "client_id", "client_secret")
_UNAUTHORIZED = 401


class _Tokens(msgspec.Struct, frozen=True):
    access_token: str
    refresh_token: str | None = None


class RenewedToken(httpx.Auth):
    """Sends the secret field `access_token` as a bearer token (RFC 6750).

    Where the tracker refuses it, and `refresh_token`, `client_id` and `client_secret` are set, it
    is renewed once (RFC 6749, section 6). A refresh token may be good for one use only, so the new
    tokens are stored before the new access token is used. To be set as the client's `auth`.

    Args:
        context: The client, and the secrets.
        token_url: Where tokens are renewed; an address that the secrets may be sent to.
        is_refused: Tells whether an answer refuses the token; by default the status 401 does.
    """

    requires_response_body = True

    def __init__(
        self,
        context: ConnectContext,
        token_url: str,
        is_refused: Callable[[httpx.Response], bool] | None = None,
    ) -> None:
        self._context = context
        self._token_url = token_url
        self._is_refused = is_refused or (lambda answer: answer.status_code == _UNAUTHORIZED)
        self._token = context.secret("access_token")

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the request, and once more where it was refused and the token could be renewed."""
        response = yield self._authorized(request)
        if not self._is_refused(response):
            return
        stored = self._context.secret("access_token")
        if stored != self._token:  # another process has renewed it
            self._token = stored
            response = yield self._authorized(request)
            if not self._is_refused(response):
                return
        form = self._form()
        if form is None:
            return
        answer = yield httpx.Request("POST", self._token_url, data=form)
        self._keep(answer)
        yield self._authorized(request)

    def _authorized(self, request: httpx.Request) -> httpx.Request:
        token = self._token.reveal() if self._token is not None else ""
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    def _form(self) -> dict[str, str] | None:
        given = {name: self._context.secret(name) for name in _GIVEN_FOR_RENEWAL}
        form = {name: secret.reveal() for name, secret in given.items() if secret is not None}
        if len(form) < len(_GIVEN_FOR_RENEWAL):
            return None
        self._check_keeping(self._token, form["refresh_token"])
        return {"grant_type": "refresh_token", **form}

    def _check_keeping(self, token: Secret | None, refresh_token: str) -> None:
        """Tell that new tokens could not be kept while the old one is still unused."""
        held = {"access_token": token.reveal()} if token is not None else {}
        self._context.keep_secrets({**held, "refresh_token": refresh_token})

    def _keep(self, answer: httpx.Response) -> None:
        both = " and ".join(
            command("credentials", "set", name) for name in ("access_token", "refresh_token")
        )
        remedy = f"authorize Trackwire anew at the tracker, then run: {both}"
        tokens = read_answer(answer, _Tokens, remedies={400: remedy, 401: remedy})
        new = {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token}
        self._context.keep_secrets({name: value for name, value in new.items() if value})
        self._token = self._context.secret("access_token")
