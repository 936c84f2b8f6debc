"""Which server a URL names: the rules that hubs and credentials share (RFC 3986, RFC 6454)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import quote, urlsplit

from trackwire.errors import UsageError

_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNFIT = re.compile(r"[\x00-\x20\x7f\\]")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LOOPBACK_NETWORK = ipaddress.IPv4Network("127.0.0.0/8")
_PATH_CHARACTERS = "/%:@!$&'()*+,;=~"
_SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class WebAddress:
    """A normalized http or https URL.

    Args:
        scheme: `http` or `https`.
        host: Lower case, in ASCII (IDNA), without a final dot; an IPv6 address in brackets.
        port: The port, or None for the scheme's own.
        path: Percent-encoded; empty or beginning with a slash.
    """

    scheme: str
    host: str
    port: int | None
    path: str

    @property
    def origin(self) -> str:
        """Scheme, host and port; the scheme's own port is left out."""
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"

    @property
    def is_loopback(self) -> bool:
        """Whether the host is `localhost`, in 127.0.0.0/8, or `::1`."""
        if self.host in {"localhost", "[::1]"}:
            return True
        try:
            return ipaddress.IPv4Address(self.host) in _LOOPBACK_NETWORK
        except ValueError:
            return False


def origin_of(url: str) -> str:
    """Return the URL's origin, the same for every spelling of it.

    Args:
        url: An absolute http or https URL; its path counts for nothing.

    Returns:
        Scheme, host and port in lower case; the scheme's own port is left out.

    Raises:
        UsageError: It is no such URL; the text says what is wrong.
    """
    return parse_address(url).origin


def parse_address(url: str) -> WebAddress:
    """Read and normalize an http or https URL that names a server and a path, nothing else.

    Args:
        url: The URL as a person wrote it; outer blanks are dropped.

    Raises:
        UsageError: No scheme or another one, no or an invalid host or port, user information,
            a query or a fragment. The text shows nothing that could be a secret.
    """
    text = url.strip()
    if "@" in text:
        _refuse(text, "carries a user name or a password; leave out what stands before the @")
    if "?" in text or "#" in text:
        _refuse(text, "has a query or a fragment; end it before the ? or #")
    if "://" not in text:
        _refuse(text, "has no scheme; begin it with https://")
    if _UNFIT.search(text):
        _refuse(text, "contains a blank, a control character or a backslash")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        _refuse(text, f"cannot be read: {error}")
    if parts.scheme not in _DEFAULT_PORTS:
        _refuse(text, "is neither http nor https")
    if not host:
        _refuse(text, "names no host")
    if port == 0:
        _refuse(text, "has the port 0; give the one that the server listens on")
    return WebAddress(
        scheme=parts.scheme,
        host=_normalized_host(host, text),
        port=None if port == _DEFAULT_PORTS[parts.scheme] else port,
        path=_normalized_path(parts.path, text),
    )


def require_safe(address: WebAddress, carried: str) -> None:
    """Refuse plain http, except to a loopback address.

    Args:
        address: Where something is to be sent.
        carried: What the network would see, for the error.

    Raises:
        UsageError: It is plain http to a host that is not loopback.
    """
    if address.scheme == "http" and not address.is_loopback:
        raise UsageError(
            f"{address.origin}: plain http would show the {carried} to the network; "
            "use https (http is for localhost, 127.0.0.0/8 and ::1 only)"
        )


def _normalized_host(host: str, url: str) -> str:
    try:
        if ":" in host and "%" not in host:
            return f"[{ipaddress.IPv6Address(host).compressed}]"
        name = _ascii_name(host).lower().removesuffix(".")
        labels = name.split(".")
        if _NUMBER.fullmatch(
            labels[-1]
        ):  # 127.1 and 0x7f.1 mean different hosts to different tools
            return str(ipaddress.IPv4Address(name))
    except ValueError as error:
        _refuse(url, f"has an invalid host: {error}")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        _refuse(url, "has an invalid host name")
    return name


def _ascii_name(host: str) -> str:
    if host.isascii():
        return host
    import idna  # only names beyond ASCII need its tables

    return idna.encode(host, uts46=True).decode("ascii")


def _normalized_path(path: str, url: str) -> str:
    if any(segment in {".", ".."} for segment in path.split("/")):
        _refuse(url, "has . or .. in its path; write the path out")
    try:
        return quote(path, safe=_PATH_CHARACTERS)
    except UnicodeEncodeError:
        _refuse(url, "is not UTF-8 text")


def _refuse(url: str, problem: str) -> NoReturn:
    hidden = any(mark in url for mark in "@?#")
    shown = "the address" if hidden else f"the address {url[:_SHOWN_CHARACTERS]!r}"
    raise UsageError(f"{shown} {problem}")
