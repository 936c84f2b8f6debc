"""Judges a snapshot's document as it is read; contracts/tracker-snapshot-publish.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

import msgspec

from trackwire.hub.faults import faults_of, missing_fault, pointer
from trackwire.hub.members import Member, UnreadableError, Whole, read_members
from trackwire.hub.problems import Fault
from trackwire.hub.resolution import RoutingKey
from trackwire.model import (
    Checkpoint,
    DoctrineMode,
    FieldOwner,
    Issue,
    NonEmpty,
    WorkPackageMapping,
)

MOST_FAULTS = 100

_RECORDS: dict[str, type[msgspec.Struct]] = {"issues": Issue, "mappings": WorkPackageMapping}
_ResourceType = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*\Z")]
_NOT_NORMAL = re.compile(r"[A-Z\s-]")


class RoutingMembers(msgspec.Struct, frozen=True, kw_only=True):
    """The four members that make a routing key, in whatever document they stand."""

    provider: NonEmpty
    workspace: NonEmpty
    external_resource_type: _ResourceType | None = None
    external_resource_id: NonEmpty | None = None

    @property
    def key(self) -> RoutingKey:
        """The routing key."""
        return RoutingKey(
            self.provider, self.workspace, self.external_resource_type, self.external_resource_id
        )


class NewMapping(RoutingMembers, frozen=True, kw_only=True):
    """What adds a resource mapping; without a resource it stands for the whole workspace."""

    project: Annotated[str, msgspec.Meta(pattern=r"\S")]


class _Head(RoutingMembers, frozen=True, kw_only=True):
    doctrine_mode: DoctrineMode
    doctrine_field_owners: dict[str, FieldOwner]
    project_uuid: str | None
    project_slug: str | None
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """What the hub keeps of a snapshot beside its document.

    Args:
        key: The routing key.
        doctrine_mode: Which side is authoritative.
        project_uuid: The sender's project, or None.
        project_slug: The sender's name for it, or None.
        issue_count: How many issues it has.
        mapping_count: How many mappings it has.
    """

    key: RoutingKey
    doctrine_mode: str
    project_uuid: str | None
    project_slug: str | None
    issue_count: int
    mapping_count: int


class FaultyError(Exception):
    """The document is not a snapshot.

    Args:
        faults: What is wrong, at most `MOST_FAULTS`.
    """

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults[:MOST_FAULTS]


def read_snapshot(chunks: Iterable[bytes]) -> SnapshotFacts:
    """Judge a document and count what is in it, in constant memory.

    Args:
        chunks: The document in UTF-8, in pieces of any size.

    Raises:
        FaultyError: It is not a snapshot; reading stops at the first `MOST_FAULTS` faults.
    """
    names = {*_Head.__struct_fields__, *_RECORDS}
    document = _Document()
    try:
        for member in read_members(chunks, names, _RECORDS):
            document.take(member)
            if len(document.faults) >= MOST_FAULTS:
                raise FaultyError(document.faults)
    except UnreadableError as error:
        unreadable = Fault(pointer("#", *error.place), str(error))
        raise FaultyError([*document.faults[: MOST_FAULTS - 1], unreadable]) from error
    return document.facts()


def read_mapping(members: object) -> NewMapping:
    """Judge what adds a resource mapping.

    Args:
        members: As JSON has it.

    Raises:
        FaultyError: It is not that.
    """
    if not isinstance(members, dict):
        raise FaultyError([Fault("#", "not a JSON object")])
    if faults := [*faults_of(members, NewMapping, "#"), *_route_faults(members)]:
        raise FaultyError(faults)
    return msgspec.convert(members, NewMapping)


def _route_faults(members: dict[str, object]) -> Iterator[Fault]:
    provider = members.get("provider")
    if isinstance(provider, str) and _NOT_NORMAL.search(provider):
        yield Fault("#/provider", "must be in normal form: lower case, `-` and blanks as `_`")
    resource_id = members.get("external_resource_id")
    if isinstance(resource_id, str) and resource_id != resource_id.strip():
        yield Fault("#/external_resource_id", "must not begin or end with a blank")
    yield from _half_faults(members, "external_resource_type", "external_resource_id")
    yield from _half_faults(members, "external_resource_id", "external_resource_type")


def _half_faults(members: dict[str, object], name: str, other: str) -> Iterator[Fault]:
    if members.get(name) is None and isinstance(members.get(other), str):
        place = pointer("#", name) if name in members else "#"
        yield Fault(place, f"{name} is null, although {other} is set: set both or neither")


class _Document:
    """What has been read so far."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._members: dict[str, object] = {}
        self._counts: dict[str, int] = {}

    def take(self, member: Member) -> None:
        name, index, value = member
        if isinstance(index, Whole):
            self._take_whole(name, index, value)
        else:
            self._counts[name] = index + 1
            self.faults.extend(faults_of(value, _RECORDS[name], pointer("#", name, index)))

    def _take_whole(self, name: str, index: Whole, value: object) -> None:
        if name in self._members or name in self._counts:
            self.faults.append(Fault(pointer("#", name), "is given twice"))
        elif index is Whole.OPENED_ARRAY:
            self._counts[name] = 0
        elif name in _RECORDS:
            self._counts[name] = 0
            self.faults.append(Fault(pointer("#", name), "must be an array"))
        else:
            self._members[name] = value

    def facts(self) -> SnapshotFacts:
        missing = [name for name in _RECORDS if name not in self._counts]
        self.faults += [missing_fault("#", name) for name in missing]
        self.faults += faults_of(self._members, _Head, "#")
        self.faults += _route_faults(self._members)
        if self.faults:
            raise FaultyError(self.faults)
        head = msgspec.convert(self._members, _Head)
        return SnapshotFacts(
            key=head.key,
            doctrine_mode=head.doctrine_mode,
            project_uuid=head.project_uuid,
            project_slug=head.project_slug,
            issue_count=self._counts["issues"],
            mapping_count=self._counts["mappings"],
        )
