"""Holds requests against a description of the operations that a tracker has.

A description is a JSON document: `operations`, each with `method`, `path` (a template as in
OpenAPI), `query` (a JSON Schema of the parameters as one object), `body` (a JSON Schema, or
absent where the operation takes none) and `answer` (a JSON Schema of the body of a 200); and
`schemas`, which these refer to as `#/schemas/NAME`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator

_FOLDER = Path(__file__).parent / "descriptions"
_INTEGER = re.compile(r"-?[0-9]{1,19}")

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One operation of a description, ready to check requests."""

    method: str
    template: str
    path: re.Pattern[str]
    parameters: Json
    query: Draft202012Validator
    body: Draft202012Validator | None
    answer: Draft202012Validator


@dataclass(frozen=True)
class Seen:
    """A request as it arrived.

    Args:
        method: In capitals.
        path: Percent-decoded, below the API's own address.
        query: The raw query string.
        headers: Names in lower case.
        body: Its bytes.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The query's parameters in their order."""
        return parse_qsl(self.query, keep_blank_values=True)

    @property
    def json(self) -> Json:
        """The body's JSON object; empty where there is no body."""
        value = json.loads(self.body) if self.body else {}
        return value if isinstance(value, dict) else {}


class Description:
    """What requests a tracker takes and what it answers."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = operations

    def faults(self, seen: Seen) -> list[str]:
        """Tell what the description does not allow in a request; empty where it allows it."""
        operation = self.find(seen.method, seen.path)
        if operation is None:
            return [f"{seen.method} {seen.path}: no such operation"]
        place = f"{seen.method} {operation.template}"
        found = [*_query_faults(operation, seen), *_body_faults(operation, seen)]
        return [f"{place}: {fault}" for fault in found]

    def answer_faults(self, method: str, path: str, answer: object) -> list[str]:
        """Tell where the body of a 200 is not as the description says."""
        operation = self.find(method, path)
        if operation is None:
            return [f"{method} {path}: no such operation"]
        return list(_schema_faults(operation.answer, answer, "answer"))

    def find(self, method: str, path: str) -> Operation | None:
        """Return the operation that a request is for; one with a fixed path comes first."""
        fitting = [o for o in self.operations if o.method == method and o.path.fullmatch(path)]
        return min(fitting, key=lambda o: o.template.count("{"), default=None)


@cache
def load_description(name: str) -> Description:
    """Read a description of the folder `descriptions` by its name without `.json`."""
    document = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return Description([_operation(o, document["schemas"]) for o in document["operations"]])


def _operation(declared: Json, schemas: Json) -> Operation:
    def validator(schema: Json) -> Draft202012Validator:
        whole = {**schema, "schemas": schemas}
        Draft202012Validator.check_schema(whole)
        return Draft202012Validator(whole)

    template = declared["path"]
    body = declared.get("body")
    return Operation(
        method=declared["method"],
        template=template,
        path=re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))),
        parameters=declared["query"]["properties"],
        query=validator(declared["query"]),
        body=None if body is None else validator(body),
        answer=validator(declared["answer"]),
    )


def _query_faults(operation: Operation, seen: Seen) -> Iterator[str]:
    values: Json = {}
    for name, text in seen.parameters:
        schema = operation.parameters.get(name, {})
        if schema.get("type") == "array":
            item = schema.get("items", {})
            values.setdefault(name, []).extend(_typed(part, item) for part in text.split(","))
        elif name in values:
            yield f"query: {name} is given twice"
        else:
            values[name] = _typed(text, schema)
    yield from _schema_faults(operation.query, values, "query")


def _body_faults(operation: Operation, seen: Seen) -> Iterator[str]:
    if operation.body is None:
        if seen.body:
            yield "body: the operation takes none"
        return
    kind = seen.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/json":
        yield f"body: its content type is {kind or 'missing'}, not application/json"
        return
    try:
        value = json.loads(seen.body)
    except ValueError as error:
        yield f"body: no JSON: {error}"
        return
    yield from _schema_faults(operation.body, value, "body")


def _typed(text: str, schema: Json) -> object:
    """Read a parameter as its schema's type; text that is no such value stays text."""
    if schema.get("type") == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if schema.get("type") == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text


def _schema_faults(validator: Draft202012Validator, value: object, place: str) -> Iterator[str]:
    for error in validator.iter_errors(value):
        where = "".join(f".{step}" for step in error.absolute_path)
        yield f"{place}{where}: {error.message[:300]}"
