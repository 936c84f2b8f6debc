"""What the header fields of a publish say, judged before its body is read."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

import http_sf

from trackwire.hub.decoding import ACCEPT_ENCODING, DECODERS, Decoder
from trackwire.hub.problems import Problem
from trackwire.secret import Secret

if TYPE_CHECKING:
    from starlette.datastructures import Headers

LONGEST_KEY = 255
_SHA256_BYTES = 32


@dataclass(frozen=True, slots=True)
class PublishHead:
    """The head of a publish.

    Args:
        idempotency_key: The key, without the quotes of the structured form.
        decoder: Undoes the content coding.
        sha256: The digest that the body must have before compression, or None where none is given.
    """

    idempotency_key: str
    decoder: Decoder
    sha256: bytes | None


def read_publish_head(headers: Headers, max_bytes: int) -> PublishHead:
    """Judge the header fields of a publish.

    Args:
        headers: All of them.
        max_bytes: The limit on `Content-Length`.

    Raises:
        Problem: 400, 413 or 415.
    """
    key = _idempotency_key(headers)
    require_json(headers)
    decoder = _decoder(headers)
    require_length(headers, max_bytes)
    return PublishHead(key, decoder, _sha256(headers))


def bearer_token(headers: Headers) -> Secret | None:
    """Return the token of `Authorization: Bearer`, or None (RFC 6750).

    Args:
        headers: Those of the request.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return Secret(token.strip()) if scheme.lower() == "bearer" and token.strip() else None


def require_json(headers: Headers) -> None:
    """Refuse a body that does not say that it is JSON.

    Args:
        headers: Those of the request.

    Raises:
        Problem: 415.
    """
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Problem(415, "the body must be sent with Content-Type: application/json")


def require_length(headers: Headers, max_bytes: int) -> None:
    """Refuse a body that says it is over the limit.

    Args:
        headers: Those of the request.
        max_bytes: The limit on `Content-Length`, in bytes.

    Raises:
        Problem: 413.
    """
    length = headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) > max_bytes:
        raise too_large(max_bytes)


def too_large(max_bytes: int) -> Problem:
    """Return the problem of a body over the limit.

    Args:
        max_bytes: The limit, in bytes.
    """
    return Problem(
        413,
        f"the body is over the limit of {max_bytes} bytes, which holds before and after "
        "decompression",
    )


def digest_field(sha256: bytes) -> str:
    """Return a digest in the form of `Repr-Digest` (RFC 9530).

    Args:
        sha256: The digest, 32 bytes.
    """
    return f"sha-256=:{b64encode(sha256).decode()}:"


def _idempotency_key(headers: Headers) -> str:
    fields = headers.getlist("idempotency-key")
    if not fields:
        raise Problem(400, "the header Idempotency-Key is missing")
    if len(fields) > 1:
        raise Problem(400, "the header Idempotency-Key is given more than once")
    key = _unquoted(fields[0].strip())
    if not 1 <= len(key) <= LONGEST_KEY or not all("!" <= character <= "~" for character in key):
        raise Problem(
            400, f"Idempotency-Key must be 1 to {LONGEST_KEY} visible ASCII characters, no blanks"
        )
    return key


def _unquoted(field: str) -> str:
    if not field.startswith('"'):
        return field
    try:
        value = http_sf.parse(field.encode("latin-1"), tltype="item")
    except ValueError as error:
        raise Problem(400, f"Idempotency-Key is not a string of RFC 8941: {error}") from error
    return str(value[0]) if isinstance(value, tuple) else ""


def _decoder(headers: Headers) -> Decoder:
    coding = ", ".join(headers.getlist("content-encoding")).strip().lower() or "identity"
    if coding not in DECODERS:
        raise Problem(
            415,
            f"the content coding is not taken; this hub takes {ACCEPT_ENCODING} or none",
            headers={"Accept-Encoding": ACCEPT_ENCODING},
        )
    return DECODERS[coding]()


def _sha256(headers: Headers) -> bytes | None:
    field = ", ".join(headers.getlist("repr-digest"))
    if not field.strip():
        return None
    try:
        digests = http_sf.parse(field.encode("latin-1"), tltype="dictionary")
    except ValueError as error:
        raise Problem(400, f"Repr-Digest is not a dictionary of RFC 8941: {error}") from error
    if not isinstance(digests, dict) or "sha-256" not in digests:
        return None
    member = digests["sha-256"]
    digest = member[0] if isinstance(member, tuple) else None
    if not isinstance(digest, bytes) or len(digest) != _SHA256_BYTES:
        raise Problem(400, "Repr-Digest: sha-256 must be 32 bytes, written as :BASE64:")
    return digest
