"""One Jira site: what it is, the login it takes, and requests with their answers."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from trackwire.answers import read_answer
from trackwire.errors import CredentialError, TrackerError, command
from trackwire.origin import WebAddress, parse_address
from trackwire_jira.shapes import ServerInfo, Tenant

if TYPE_CHECKING:
    import httpx

    from trackwire.connector import ConnectContext

_T = TypeVar("_T")
_CLOUD = "Cloud"
_UNKNOWN = ServerInfo(version="")
_SERVER_INFO = "rest/api/2/serverInfo"
_CLOUD_HOSTS = (".atlassian.net", ".jira.com")
_GATEWAY_PATH = "/ex/jira/"
_CLOUD_ID = re.compile(r"[0-9A-Za-z-]+")
_TOKEN = re.compile(r"[!-~]+")
_LOGIN_REASON = "X-Seraph-LoginReason"
_REFUSALS = frozenset({"AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED", "AUTHORISATION_FAILED"})
_NEW_TOKEN = (
    "check that it has not expired and is this site's, and store a new one with: "
    f"{command('credentials', 'set', 'api_token')}"
)
_REMEDIES: Mapping[int, str] = MappingProxyType(
    {
        401: f"Jira does not take the token; {_NEW_TOKEN}; on Cloud the e-mail address must be the "
        "token's account's, and a token with scopes needs read:jira-work and read:jira-user",
        403: "the token's account may not do this: ask the site's administrator for access to "
        "Jira and for the permission Browse Projects; if Jira asks for a CAPTCHA, log in once "
        "with a browser",
        404: "check that base_url is the site's own address, with its context path where it has "
        "one, such as https://jira.example/jira",
        410: "Jira has removed this part of its API: update trackwire-jira",
        429: "Jira limits the rate of this account's requests: try again later",
        503: "Jira is down for now, or under maintenance: try again later",
    }
)


class RefusedError(TrackerError):
    """Jira answered with an error.

    Args:
        message: What it said and what mends it.
        status: The HTTP status.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Login:
    root: str
    authorization: str = field(repr=False)


class Site:
    """Sends requests to one site, with the first of the logins that it takes.

    Args:
        client: Reaches the site.
        logins: What to try, in order; drawn as needed.
        info: What the site says it is.
    """

    def __init__(self, client: httpx.Client, logins: Iterator[_Login], info: ServerInfo) -> None:
        self.info = info
        self._client = client
        self._logins = logins
        self._login = next(logins)
        self._is_taken = False

    @property
    def is_cloud(self) -> bool:
        """Whether it is Jira Cloud; else it is Data Center, or a Server of old."""
        return self.info.deployment_type == _CLOUD

    def ask(
        self,
        method: str,
        path: str,
        shape: type[_T],
        remedies: Mapping[int, str] = _REMEDIES,
        **parts: Any,
    ) -> _T:
        """Send a request and read its answer.

        Args:
            method: The HTTP method.
            path: Such as `rest/api/2/myself`, below the site's address.
            shape: What the answer's body is read into.
            remedies: What mends a status, over the usual ones.
            parts: `params` or `json`, as httpx takes them.

        Raises:
            RefusedError: Jira answered with an error.
            TrackerError: Jira did not take the login, whatever the status says, or answered with
                something else than `shape`.
        """
        response = answer = self._send(method, path, parts)
        while not self._is_taken and _is_refused(answer):
            login = next(self._logins, None)
            if login is None:
                break
            self._login = login
            answer = self._send(method, path, parts)
            if b"scope" in answer.content:  # it knows the token, and says what it lacks
                response = answer
        else:
            response, self._is_taken = answer, True
        _require_login(response)
        try:
            return read_answer(response, shape, remedies={**_REMEDIES, **remedies})
        except TrackerError as error:
            if response.is_success:
                raise
            raise RefusedError(str(error), response.status_code) from error

    def _send(self, method: str, path: str, parts: Mapping[str, Any]) -> httpx.Response:
        headers = {"Authorization": self._login.authorization}
        return self._client.request(method, self._login.root + path, headers=headers, **parts)


def open_site(context: ConnectContext) -> Site:
    """Find out what the site is, and log in.

    Args:
        context: The binding's address and credentials.

    Raises:
        CredentialError: The token or, for Cloud, the e-mail address is missing or cannot be one.
        TrackerError: What answers is no Jira site, or does not take the login.
    """
    response = context.client.get(_SERVER_INFO)  # a login is not needed, nor known yet
    if response.status_code in {401, 403}:
        is_cloud = _is_cloud_address(parse_address(str(context.client.base_url)))
        site = Site(context.client, _logins(context, is_cloud=is_cloud), _UNKNOWN)
        site.info = site.ask("GET", _SERVER_INFO, ServerInfo)
        return site
    info = read_answer(response, ServerInfo, remedies=_REMEDIES)
    is_cloud = info.deployment_type == _CLOUD
    return Site(context.client, _logins(context, is_cloud=is_cloud), info)


def required(context: ConnectContext, name: str) -> str:
    """Give a plain value that Jira cannot be read without.

    Args:
        context: The binding's credentials.
        name: The credential field.

    Raises:
        CredentialError: It is missing.
    """
    value = context.value_of(name)
    if value is None:
        raise CredentialError(
            f"Jira needs {name}, which is not set; run: {_setting(context, name)}"
        )
    return value


def _logins(context: ConnectContext, *, is_cloud: bool) -> Iterator[_Login]:
    token = _token(context)
    if not is_cloud:
        yield _Login("", f"Bearer {token}")
        return
    pair = f"{required(context, 'email')}:{token}"
    basic = f"Basic {base64.b64encode(pair.encode()).decode()}"
    yield _Login("", basic)
    site = parse_address(str(context.client.base_url))
    if site.path.startswith(_GATEWAY_PATH):
        yield _Login("", f"Bearer {token}")
        return
    if not context.gateways or not (site.is_loopback or _is_cloud_address(site)):
        return
    cloud_id = _cloud_id(context.client, site)
    for gateway in context.gateways if cloud_id else ():
        # a token with scopes is taken there alone
        root = f"{gateway.rstrip('/')}{_GATEWAY_PATH}{cloud_id}/"
        yield _Login(root, basic)
        yield _Login(root, f"Bearer {token}")


def _token(context: ConnectContext) -> str:
    secret = context.secret("api_token")
    run = _setting(context, "api_token")
    if secret is None:
        raise CredentialError(f"Jira needs api_token, which is not set; run: {run}")
    token = secret.reveal().strip()
    if not _TOKEN.fullmatch(token):
        raise CredentialError(f"api_token has characters that no token has; set it anew: {run}")
    return token


def _setting(context: ConnectContext, name: str) -> str:
    place = ("--provider", "jira", "--workspace", context.workspace)
    return command("credentials", "set", name, *place)


def _is_cloud_address(site: WebAddress) -> bool:
    is_cloud_host = site.scheme == "https" and site.host.endswith(_CLOUD_HOSTS)
    return is_cloud_host or site.path.startswith(_GATEWAY_PATH)


def _cloud_id(client: httpx.Client, site: WebAddress) -> str | None:
    response = client.get(f"{site.origin}/_edge/tenant_info")
    try:
        cloud_id = read_answer(response, Tenant).cloud_id
    except TrackerError:  # the site's own refusal is the one to tell
        return None
    return cloud_id if _CLOUD_ID.fullmatch(cloud_id) else None


def _is_refused(response: httpx.Response) -> bool:
    return response.status_code == 401 or _refusal(response) is not None


def _require_login(response: httpx.Response) -> None:
    """Raise where Jira answers as to nobody, which can look like a success with nothing in it."""
    reason = _refusal(response)
    if reason is None:
        return
    request = f"{response.request.method} {response.request.url.path}"
    raise TrackerError(
        f"{request}: Jira did not take the login, and answered as to a stranger "
        f"({_LOGIN_REASON}: {reason}); {_NEW_TOKEN}; if Jira asks for a CAPTCHA, log in once with "
        "a browser"
    )


def _refusal(response: httpx.Response) -> str | None:
    reasons = [text.strip() for text in response.headers.get(_LOGIN_REASON, "").split(",")]
    if "OUT" in reasons and "OK" not in reasons:
        return "OUT"
    return next((reason for reason in reasons if reason in _REFUSALS), None)
