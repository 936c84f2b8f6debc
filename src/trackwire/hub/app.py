"""The hub as an ASGI application; contracts/hub-openapi.json describes it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.routing import Route

from trackwire.destination import ENDPOINT_PATH
from trackwire.hub import views
from trackwire.hub.database import open_database
from trackwire.hub.intake import publish
from trackwire.hub.middleware import AcceptedCodings, Failures
from trackwire.hub.problems import HANDLERS
from trackwire.hub.requests import Hub, Slots

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from trackwire.hub.settings import Settings

_BASE = ENDPOINT_PATH.removesuffix("snapshots/")


class _Snapshots(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        return await run_in_threadpool(views.list_snapshots, request)

    async def post(self, request: Request) -> Response:
        return await publish(request)


class _Mappings(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        return await run_in_threadpool(views.list_mappings, request)

    async def post(self, request: Request) -> Response:
        return await views.add_mapping(request)


def create_app(settings: Settings) -> Starlette:
    """Make the application of one hub.

    Args:
        settings: How it works.

    Raises:
        StoreError: The database cannot be used.
    """
    engine = open_database(settings.database, settings.busy_seconds)
    hub = Hub(settings, engine, Slots(settings.max_in_process))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        hub.engine.dispose()

    app = Starlette(
        routes=[
            Route(ENDPOINT_PATH, _Snapshots),
            Route(f"{ENDPOINT_PATH}{{snapshot_id}}/", views.get_snapshot),
            Route(f"{ENDPOINT_PATH}{{snapshot_id}}/body/", views.get_body),
            Route(f"{_BASE}mappings/", _Mappings),
            Route(f"{_BASE}mappings/{{mapping_id}}/", views.remove_mapping, methods=["DELETE"]),
            Route(f"{_BASE}queue/", views.list_queue),
            Route("/healthz", views.healthz),
        ],
        middleware=[Middleware(AcceptedCodings, path=ENDPOINT_PATH), Middleware(Failures)],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    # The trailing slash belongs to a path, and a redirected publish would lose its body.
    app.router.redirect_slashes = False
    app.state.hub = hub
    return app
