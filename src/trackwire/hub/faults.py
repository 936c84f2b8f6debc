"""Names every fault of a value against a type of the model, each with its JSON Pointer."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, get_args, get_origin
from urllib.parse import quote

import msgspec

from trackwire.hub.problems import Fault
from trackwire.wording import explain

_LONGEST_NAME = 100


def pointer(base: str, *tokens: str | int) -> str:
    """Extend a JSON Pointer in URI fragment form (RFC 6901, section 6).

    Args:
        base: The pointer to extend; `#` is the document.
        tokens: Names and indexes. One that is absurdly long is left out with all that follow.
    """
    for token in map(str, tokens):
        if len(token) > _LONGEST_NAME:
            break
        base += "/" + quote(token.replace("~", "~0").replace("/", "~1"), safe="~")
    return base


def faults_of(value: object, kind: Any, place: str) -> list[Fault]:
    """Return what keeps a value from being of a type.

    Args:
        value: As JSON has it.
        kind: A struct of `trackwire.model`, or any type that msgspec converts to.
        place: The value's JSON Pointer.
    """
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        return list(_inner_faults(value, kind, place)) or [_fault(place, error)]
    return []


def missing_fault(place: str, name: str) -> Fault:
    """Return the fault of an object that lacks a member; it points at the object.

    Args:
        place: The object's JSON Pointer.
        name: The member's name.
    """
    return Fault(place, f"`{name}` is missing")


def _inner_faults(value: object, kind: Any, place: str) -> Iterator[Fault]:
    kind = _without_null(kind)
    if isinstance(value, dict):
        yield from _member_faults(value, kind, place)
    elif isinstance(value, list) and get_origin(kind) is tuple:
        for index, element in enumerate(value):
            yield from faults_of(element, get_args(kind)[0], pointer(place, index))


def _member_faults(value: dict[str, object], kind: Any, place: str) -> Iterator[Fault]:
    if get_origin(kind) is dict:
        for name, member in value.items():
            yield from faults_of(member, get_args(kind)[1], pointer(place, name))
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for field in msgspec.structs.fields(kind):
            where = pointer(place, field.encode_name)
            if field.encode_name in value:
                yield from faults_of(value[field.encode_name], field.type, where)
            elif field.required:
                yield missing_fault(place, field.encode_name)


def _without_null(kind: Any) -> Any:
    if get_origin(kind) is Annotated:
        return _without_null(get_args(kind)[0])
    if get_origin(kind) is UnionType:
        inner = [each for each in get_args(kind) if each is not type(None)]
        return inner[0] if len(inner) == 1 else kind
    return kind


def _fault(place: str, error: msgspec.ValidationError) -> Fault:
    return Fault(place, explain(error)[1])
