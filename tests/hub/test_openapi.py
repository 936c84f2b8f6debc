"""The written interface and the running one are the same."""

from __future__ import annotations

from pathlib import Path

from hubkit import OPENAPI
from jsonschema import Draft202012Validator
from starlette.endpoints import HTTPEndpoint
from starlette.routing import Route

from trackwire.hub.app import create_app
from trackwire.hub.requests import Hub
from trackwire.hub.settings import Settings

METHODS = {"get", "post", "put", "patch", "delete"}


def documented() -> set[tuple[str, str]]:
    return {
        (path, method) for path, item in OPENAPI["paths"].items() for method in METHODS & set(item)
    }


def methods(route: Route) -> set[str]:
    if isinstance(route.endpoint, type) and issubclass(route.endpoint, HTTPEndpoint):
        return METHODS & set(dir(route.endpoint))
    return METHODS & {method.lower() for method in route.methods or ()}


def test_each_route_is_documented_and_each_documented_path_is_served(tmp_path: Path) -> None:
    app = create_app(Settings(database=tmp_path / "hub.sqlite"))
    served = {
        (route.path, method)
        for route in app.routes
        if isinstance(route, Route)
        for method in methods(route)
    }
    hub = app.state.hub
    assert isinstance(hub, Hub)
    hub.engine.dispose()
    assert served == documented()


def test_each_schema_is_a_schema() -> None:
    for schema in OPENAPI["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_each_operation_has_a_name_of_its_own() -> None:
    names = [OPENAPI["paths"][path][method]["operationId"] for path, method in documented()]
    assert len(set(names)) == len(names)


def test_no_error_is_anything_but_a_problem_document() -> None:
    for path, method in documented():
        for status, response in OPENAPI["paths"][path][method]["responses"].items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"]
