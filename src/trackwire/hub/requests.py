"""What every endpoint needs of a request: its hub, its team, its body."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio
from starlette.requests import ClientDisconnect, Request

from trackwire.hub import headers
from trackwire.hub.problems import Problem, busy
from trackwire.hub.teams import team_of

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from starlette.responses import Response

    from trackwire.hub.settings import Settings


class Slots:
    """Bounds how many snapshots are in process at once; used on the event loop alone.

    Args:
        count: How many.
    """

    def __init__(self, count: int) -> None:
        self._free = count

    def __enter__(self) -> None:
        if not self._free:
            raise busy("as many snapshots are in process as this hub takes at once")
        self._free -= 1

    def __exit__(self, *_: object) -> None:
        self._free += 1


@dataclass(frozen=True, slots=True)
class Hub:
    """What the endpoints share.

    Args:
        settings: How this hub works.
        engine: Its database.
        slots: The snapshots in process.
    """

    settings: Settings
    engine: Engine
    slots: Slots = field(repr=False)


def hub_of(request: Request) -> Hub:
    """Return the hub that serves this request.

    Args:
        request: The request.
    """
    hub: Hub = request.app.state.hub
    return hub


def team_for(request: Request) -> int:
    """Return the team that the request's token belongs to; blocks on the database.

    Args:
        request: The request.

    Raises:
        Problem: 401.
    """
    token = headers.bearer_token(request.headers)
    if token is None:
        raise _unauthorized("a team token is needed, as Authorization: Bearer TOKEN", "Bearer")
    team_id = team_of(hub_of(request).engine, token)
    if team_id is None:
        raise _unauthorized("this hub does not know the token", 'Bearer error="invalid_token"')
    return team_id


def for_team(answer: Callable[[Hub, int, Request], Response]) -> Callable[[Request], Response]:
    """Turn a function of (hub, team, request) into an endpoint that asks for a token first.

    Args:
        answer: Returns the response; it may block, for it runs in a thread of its own.
    """

    def endpoint(request: Request) -> Response:
        return answer(hub_of(request), team_for(request), request)

    return endpoint


async def arriving(request: Request, idle_seconds: float) -> AsyncGenerator[bytes, None]:
    """Yield the request's body as it arrives.

    Args:
        request: The request.
        idle_seconds: How long it may stop arriving.

    Raises:
        Problem: 400 when the connection breaks, 408 when the body stops arriving.
    """
    async with aclosing(request.stream()) as stream:
        while True:
            try:
                with anyio.fail_after(idle_seconds):
                    chunk = await anext(stream, None)
            except ClientDisconnect as error:
                raise Problem(400, "the body ended early") from error
            except TimeoutError as error:
                raise Problem(
                    408,
                    f"no part of the body arrived for {idle_seconds:g} seconds",
                    headers={"Connection": "close"},
                ) from error
            if chunk is None:
                return
            yield chunk


async def small_body(request: Request, max_bytes: int) -> bytes:
    """Read a whole JSON body that is small.

    Args:
        request: The request.
        max_bytes: The most that it may have, in bytes.

    Raises:
        Problem: 400, 408, 413 or 415.
    """
    headers.require_json(request.headers)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(415, "this body must be sent without a content coding")
    headers.require_length(request.headers, max_bytes)
    body = bytearray()
    async with aclosing(arriving(request, hub_of(request).settings.idle_seconds)) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > max_bytes:
                raise headers.too_large(max_bytes)
    return bytes(body)


def _unauthorized(detail: str, challenge: str) -> Problem:
    return Problem(401, detail, headers={"WWW-Authenticate": challenge})
