"""A bearer token that is renewed where the tracker refuses it, for trackers that take OAuth."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

import httpx
import msgspec

from trackwire.answers import read_answer
from trackwire.errors import command
from trackwire.model import NonEmpty

if TYPE_CHECKING:
    from trackwire.connector import ConnectContext

_APPLICATION = ("client_id", "client_secret")
_ROTATED = ("refresh_token", "access_token")  # stored one by one: one alone must be the former
_UNAUTHORIZED = 401


class _Tokens(msgspec.Struct, frozen=True):
    access_token: NonEmpty
    refresh_token: str | None = None


class RenewedToken(httpx.Auth):
    """Sends the secret field `access_token` as a bearer token (RFC 6750).

    Where the tracker refuses it, and `refresh_token`, `client_id` and `client_secret` are set, it
    is renewed once (RFC 6749, section 6). A refresh token may be good for one use only, so the new
    tokens are stored before the new access token is used, and none is spent where they could not
    be. To be set as the client's `auth`.

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
        """Send the request, and again where it was refused and there is another token for it.

        Raises:
            CredentialError: New tokens could not be kept.
            TrackerError: The tracker does not renew the token.
        """
        response = yield self._authorized(request)
        if self._is_refused(response) and self._takes_over():
            response = yield self._authorized(request)
        if self._is_refused(response) and (form := self._form()):
            # tells that new ones could not be kept while the old one is still unused
            self._context.keep_secrets(self._revealed(*_ROTATED))
            answer = yield self._context.client.build_request("POST", self._token_url, data=form)
            if answer.is_success or not self._takes_over():
                self._keep(answer)
            yield self._authorized(request)

    def _authorized(self, request: httpx.Request) -> httpx.Request:
        token = self._token.reveal() if self._token is not None else ""
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    def _takes_over(self) -> bool:
        """Take what another process may have stored meanwhile, which may have renewed it too."""
        stored = self._context.secret("access_token")
        if stored is None or stored == self._token:
            return False
        self._token = stored
        return True

    def _form(self) -> dict[str, str] | None:
        form = self._revealed("refresh_token", *_APPLICATION)
        is_whole = len(form) == 1 + len(_APPLICATION)
        return {"grant_type": "refresh_token", **form} if is_whole else None

    def _keep(self, answer: httpx.Response) -> None:
        both = " and ".join(command("credentials", "set", name) for name in _ROTATED)
        remedy = f"authorize Trackwire anew at the tracker, then run: {both}"
        tokens = read_answer(answer, _Tokens, remedies={400: remedy, 401: remedy})
        new = {name: getattr(tokens, name) for name in _ROTATED}
        self._context.keep_secrets({name: value for name, value in new.items() if value})
        self._token = self._context.secret("access_token")

    def _revealed(self, *names: str) -> dict[str, str]:
        secrets = ((name, self._context.secret(name)) for name in names)
        return {name: secret.reveal() for name, secret in secrets if secret is not None}
