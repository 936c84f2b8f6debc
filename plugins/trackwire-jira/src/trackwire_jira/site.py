"""One Jira site: what it is, the login it takes, and requests with their answers."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from trackwire.answers import described, read_answer
from trackwire.errors import CredentialError, TrackerError, command
from trackwire.origin import WebAddress, parse_address
from trackwire.secret import Secret
from trackwire_jira.shapes import ServerInfo, Tenant

if TYPE_CHECKING:
    import httpx

    from trackwire.connector import ConnectContext

_T = TypeVar("_T")
_SERVER_INFO = "rest/api/2/serverInfo"
_CLOUD_HOSTS = (".atlassian.net", ".jira.com")
_GATEWAY_PATH = "/ex/jira/"
_TOKEN = re.compile(r"[!-~]+")
_LOGIN_REASON = "X-Seraph-LoginReason"
_REFUSALS = frozenset({"AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED", "AUTHORISATION_FAILED"})
_NEW_TOKEN = (
    "check that it has not expired and is this site's, and store a new one with: "
    f"{command('credentials', 'set', 'api_token')}"
)
_CAPTCHA = "if Jira asks for a CAPTCHA, log in once with a browser"
REMEDIES: Mapping[int, str] = MappingProxyType(
    {
        401: f"Jira does not take the token; {_NEW_TOKEN}; on Cloud the e-mail address must be the "
        f"token's account's (another: {command('credentials', 'set', 'email')}), and a token with "
        "scopes needs read:jira-work and read:jira-user",
        403: "the token's account may not do this: ask the site's administrator for access to "
        f"Jira and for the permission Browse Projects; {_CAPTCHA}",
        404: "check that base_url is the site's own address, with its context path where it has "
        "one, such as https://jira.example/jira",
        410: "Jira has removed this part of its API: update trackwire-jira",
    }
)
"""What mends an error, by its HTTP status."""


class Site:
    """Sends requests to one site, with the first of the logins that it takes.

    Args:
        context: The binding's address and credentials.
        info: What the site says it is.

    Raises:
        CredentialError: The token or, for Cloud, the e-mail address is missing or cannot be one.
    """

    def __init__(self, context: ConnectContext, info: ServerInfo) -> None:
        self.info = info
        self._client = context.client
        self._logins = _logins(context, is_cloud=self.is_cloud)
        self._login = next(self._logins)
        self._is_taken = False

    @property
    def is_cloud(self) -> bool:
        """Whether it is Jira Cloud; else it is Data Center, or a Server of old."""
        return self.info.deployment_type == "Cloud"

    def ask(self, method: str, path: str, shape: type[_T], **parts: Any) -> _T:
        """Send a request and read its answer.

        Args:
            method: The HTTP method.
            path: Such as `rest/api/2/myself`, below the site's address.
            shape: What the answer's body is read into.
            parts: `params` or `json`, as httpx takes them.

        Raises:
            TrackerError: Jira did not take the login, whatever the status says, or answered with
                an error or something else than `shape`.
        """
        return read_answer(self.send(method, path, **parts), shape, REMEDIES)

    def send(self, method: str, path: str, **parts: Any) -> httpx.Response:
        """Send a request like `ask`, and return its answer, which may be an error.

        Raises:
            TrackerError: Jira did not take the login, and hides it.
        """
        told = answer = self._sent(method, path, parts)
        while not self._is_taken and _is_refused(answer) and (login := next(self._logins, None)):
            self._login = login
            answer = self._sent(method, path, parts)
            if not _is_refused(answer) or b"scope" in answer.content:
                told = answer  # to name a scope is to know the token, which the site does not
        self._is_taken = self._is_taken or not _is_refused(answer)
        if reason := _hidden_refusal(told):  # it can look like a success with nothing in it
            raise TrackerError(
                f"{described(told.request)}: Jira did not take the login, and answered as to a "
                f"stranger ({_LOGIN_REASON}: {reason}); {_NEW_TOKEN}; {_CAPTCHA}"
            )
        return told

    def _sent(self, method: str, path: str, parts: Mapping[str, Any]) -> httpx.Response:
        root, authorization = self._login
        headers = {"Authorization": authorization.reveal()}
        return self._client.request(method, root + path, headers=headers, **parts)


def open_site(context: ConnectContext) -> Site:
    """Find out what the site is, and log in.

    Args:
        context: The binding's address and credentials.

    Raises:
        CredentialError: The token or, for Cloud, the e-mail address is missing or cannot be one.
        TrackerError: What answers is no Jira site, or does not take the login.
    """
    answer = context.client.get(_SERVER_INFO)  # a login is not needed, nor known yet
    if answer.status_code not in {401, 403}:
        return Site(context, read_answer(answer, ServerInfo, {**REMEDIES, 400: REMEDIES[404]}))
    kind = "Cloud" if _is_cloud_address(_address(context)) else None
    site = Site(context, ServerInfo(version="", deployment_type=kind))
    site.info = site.ask("GET", _SERVER_INFO, ServerInfo)
    return site


def required(context: ConnectContext, name: str) -> str:
    """Give a value that Jira cannot be read without.

    Args:
        context: The binding's credentials.
        name: The credential field.

    Raises:
        CredentialError: It is missing.
    """
    secret = context.secret(name) if name == "api_token" else None
    value = secret.reveal().strip() if secret else context.value_of(name)
    if value is None:
        run = _setting(context, name)
        raise CredentialError(f"Jira needs {name}, which is not set; run: {run}")
    return value


def _logins(context: ConnectContext, *, is_cloud: bool) -> Iterator[tuple[str, Secret]]:
    """Yield what to try in turn: where the API is, if not at the address, and the header."""
    token = required(context, "api_token")
    if not _TOKEN.fullmatch(token):
        run = _setting(context, "api_token")
        raise CredentialError(f"api_token has characters that no token has; set it anew: {run}")
    bearer = Secret(f"Bearer {token}")
    if not is_cloud:
        yield "", bearer
        return
    pair = f"{required(context, 'email')}:{token}"
    basic = Secret(f"Basic {base64.b64encode(pair.encode()).decode()}")
    yield "", basic
    site = _address(context)
    if site.path.startswith(_GATEWAY_PATH):
        yield "", bearer
    elif context.gateways and (site.is_loopback or _is_cloud_address(site)):
        for root in _gateway_roots(context, site):  # a token with scopes is taken there alone
            yield root, basic
            yield root, bearer


def _gateway_roots(context: ConnectContext, site: WebAddress) -> Iterator[str]:
    answer = context.client.get(f"{site.origin}/_edge/tenant_info")
    try:
        cloud_id = read_answer(answer, Tenant).cloud_id
    except TrackerError:  # the site's own refusal is the one to tell
        return
    for gateway in context.gateways:
        yield f"{gateway.rstrip('/')}{_GATEWAY_PATH}{cloud_id}/"


def _address(context: ConnectContext) -> WebAddress:
    return parse_address(str(context.client.base_url))


def _is_cloud_address(site: WebAddress) -> bool:
    is_cloud_host = site.scheme == "https" and site.host.endswith(_CLOUD_HOSTS)
    return is_cloud_host or site.path.startswith(_GATEWAY_PATH)


def _setting(context: ConnectContext, name: str) -> str:
    place = ("--workspace", context.workspace) if context.workspace else ()
    return command("credentials", "set", name, "--provider", "jira", *place)


def _is_refused(answer: httpx.Response) -> bool:
    return answer.status_code == 401 or _hidden_refusal(answer) is not None


def _hidden_refusal(answer: httpx.Response) -> str | None:
    reasons = [text.strip() for text in answer.headers.get(_LOGIN_REASON, "").split(",")]
    if "OUT" in reasons and "OK" not in reasons:
        return "OUT"
    return next((reason for reason in reasons if reason in _REFUSALS), None)
