"""Executes GraphQL queries over the state of an emulated Linear.

graphql-core validates every text against `descriptions/linear.graphql` and executes it; a list of
issues in a plain query is put together from fragments that are kept with each issue instead.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    build_schema,
    execute_sync,
    get_named_type,
    parse,
    print_ast,
    validate,
    value_from_ast_untyped,
)

from emulators.linear_lists import DEFAULT_FIRST, InputError, Settings, page_of_issues
from emulators.linear_root import graph_of, root_of

if TYPE_CHECKING:
    from emulators.linear_model import Issue, Model

_SCHEMA_FILE = Path(__file__).parent / "descriptions" / "linear.graphql"


@cache
def load_schema() -> GraphQLSchema:
    """Read the description of the API."""
    return build_schema(_SCHEMA_FILE.read_text(encoding="utf-8"))


@cache
def parsed(text: str) -> tuple[DocumentNode | None, tuple[str, ...]]:
    """Parse and validate a query once; returns the document, and what is wrong with it."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return None, (error.message,)
    return document, tuple(error.message for error in validate(load_schema(), document))


def complexity(document: DocumentNode, variables: Mapping[str, Any]) -> int:
    """Count a query's points as the API's documentation does, with each doubt to the worst.

    A property is a tenth, an object one, and a list multiplies all that is in it by its `first`,
    or by 50; the sum is rounded up.
    """
    query = load_schema().query_type
    assert query is not None
    points = _points(_operation(document).selection_set, query, variables)
    return math.ceil(round(points, 6))


def answer(
    document: DocumentNode, variables: Mapping[str, Any], model: Model, settings: Settings
) -> bytes:
    """Execute a validated query and return the answer's JSON."""
    plain = _plain_list(document)
    if plain is not None:
        return _answer_from_fragments(document, plain, variables, model, settings)
    return _executed(document, variables, root_of(model, settings))


def executed_whole(
    document: DocumentNode, variables: Mapping[str, Any], model: Model, settings: Settings
) -> bytes:
    """Execute a validated query by graphql-core alone: what `answer` must agree with."""
    return _executed(document, variables, root_of(model, settings))


def _executed(
    document: DocumentNode, variables: Mapping[str, Any], root: Mapping[str, Any]
) -> bytes:
    result = execute_sync(
        load_schema(),
        document,
        root,
        variable_values=dict(variables),
        field_resolver=_resolve,
    )
    return json.dumps(result.formatted).encode()


def _resolve(source: Mapping[str, Any], info: Any, **arguments: Any) -> Any:
    value = source[info.field_name]
    return value(**arguments) if callable(value) else value


@dataclass(frozen=True)
class _PlainList:
    """A query for one page of issues and nothing else.

    Args:
        rest: The query without the issues themselves.
        nodes: What is asked for of each issue.
        key: That as text.
    """

    rest: DocumentNode
    nodes: SelectionSetNode
    key: str


_PLAIN_LISTS: dict[int, tuple[DocumentNode, _PlainList | None]] = {}


def _plain_list(document: DocumentNode) -> _PlainList | None:
    known = _PLAIN_LISTS.get(id(document))
    if known is None or known[0] is not document:
        known = _PLAIN_LISTS[id(document)] = (document, _recognized(document))
    return known[1]


def _recognized(document: DocumentNode) -> _PlainList | None:
    operation = _operation(document)
    roots = operation.selection_set.selections
    if len(document.definitions) > 1 or len(roots) > 1 or not _is_plain(operation.selection_set):
        return None
    root = roots[0]
    if not isinstance(root, FieldNode) or root.name.value != "issues" or not root.selection_set:
        return None
    lists = {f.name.value: f for f in root.selection_set.selections if isinstance(f, FieldNode)}
    if lists.keys() != {"nodes", "pageInfo"}:
        return None
    nodes = lists["nodes"].selection_set
    assert nodes is not None
    only_page = SelectionSetNode(selections=(lists["pageInfo"],))
    issues = FieldNode(
        name=root.name, arguments=root.arguments, directives=(), selection_set=only_page
    )
    rest = OperationDefinitionNode(
        operation=operation.operation,
        name=operation.name,
        variable_definitions=operation.variable_definitions,
        directives=(),
        selection_set=SelectionSetNode(selections=(issues,)),
    )
    return _PlainList(DocumentNode(definitions=(rest,)), nodes, print_ast(nodes))


def _is_plain(selected: SelectionSetNode) -> bool:
    """Tell whether there are only fields, under their own names."""
    return all(
        isinstance(field, FieldNode)
        and field.alias is None
        and not field.directives
        and (field.selection_set is None or _is_plain(field.selection_set))
        for field in selected.selections
    )


def _answer_from_fragments(
    document: DocumentNode,
    plain: _PlainList,
    variables: Mapping[str, Any],
    model: Model,
    settings: Settings,
) -> bytes:
    drawn: list[Issue] = []

    def issues(**arguments: Any) -> dict[str, Any]:
        page = page_of_issues(model, settings, **arguments)
        drawn.extend(page.issues)
        return {"pageInfo": page.info}

    rest = json.loads(_executed(plain.rest, variables, {"issues": issues}))
    if "errors" in rest:
        return executed_whole(document, variables, model, settings)
    info = json.dumps(rest["data"]["issues"]["pageInfo"]).encode()
    fragments = b", ".join([_fragment(i, plain, model, variables) for i in drawn])
    return b'{"data": {"issues": {"nodes": [' + fragments + b'], "pageInfo": ' + info + b"}}}"


def _fragment(issue: Issue, plain: _PlainList, model: Model, variables: Mapping[str, Any]) -> bytes:
    kept = issue.rendered.get(plain.key)
    if kept is None:
        value = _selected(plain.nodes, graph_of(issue, model), variables)
        kept = issue.rendered[plain.key] = json.dumps(value).encode()
    return kept


def _selected(selected: SelectionSetNode, source: Any, variables: Mapping[str, Any]) -> Any:
    if source is None:
        return None
    if isinstance(source, list):
        return [_selected(selected, item, variables) for item in source]
    found = {}
    for field in _fields(selected):
        value = source[field.name.value]
        if callable(value):
            value = value(**_arguments(field, variables))
        if field.selection_set is not None:
            value = _selected(field.selection_set, value, variables)
        found[field.name.value] = value
    return found


def _operation(document: DocumentNode) -> OperationDefinitionNode:
    found = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    if len(found) != 1:
        raise InputError("One operation is expected", "Send one operation.")
    return found[0]


def _fields(selected: SelectionSetNode) -> Iterator[FieldNode]:
    for field in selected.selections:
        if not isinstance(field, FieldNode):
            raise InputError("Fragments are not emulated", "Send fields alone.")
        yield field


def _arguments(field: FieldNode, variables: Mapping[str, Any]) -> dict[str, Any]:
    values = {
        argument.name.value: value_from_ast_untyped(argument.value, dict(variables))
        for argument in field.arguments or ()
    }
    return {n: value for n, value in values.items() if value is not None and value is not Undefined}


def _points(
    selected: SelectionSetNode, parent: GraphQLObjectType, variables: Mapping[str, Any]
) -> float:
    points = 0.0
    for field in _fields(selected):
        if field.selection_set is None:
            points += 0.1
            continue
        kind = get_named_type(parent.fields[field.name.value].type)
        assert isinstance(kind, GraphQLObjectType)
        inside = _points(field.selection_set, kind, variables)
        if kind.name.endswith("Connection"):
            points += inside * _arguments(field, variables).get("first", DEFAULT_FIRST)
        else:
            points += 1 + inside
    return points
