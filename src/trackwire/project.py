"""The project's configuration in `.kittify/config.yaml`, a file that other tools write too."""

from __future__ import annotations

import difflib
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from trackwire.errors import ProjectError
from trackwire.files import replacing
from trackwire.lock import data_directory
from trackwire.model import DoctrineMode, FieldOwner, Status
from trackwire.provider import is_provider_name, normalize_provider_name
from trackwire.yamldoc import Section, edit_section, mapping_in, quoted, read_document

_Choice = TypeVar("_Choice", bound=StrEnum)

_OUR_KEYS = ("fields", "status_map", "priority_map", "unbound")
CONFIG_FILE = Path(".kittify") / "config.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What a project is bound to.

    Args:
        provider: The provider's normalized name.
        workspace: The provider's site or organisation.
        doctrine_mode: Which side is authoritative.
        doctrine_field_owners: Field name to its owner.
    """

    provider: str
    workspace: str
    doctrine_mode: DoctrineMode = DoctrineMode.EXTERNAL_AUTHORITATIVE
    doctrine_field_owners: Mapping[str, FieldOwner] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerProjectConfig:
    """A project's configuration as it was when read.

    Args:
        root: The project's directory.
        project_uuid: `project.uuid`, or None.
        project_slug: `project.slug`, or None.
        binding: `tracker`, or None where the project is not bound.
        unbound: `trackwire.unbound`: what the fields of a project that is not bound are for.
        fields: `trackwire.fields`: the binding's plain shared values.
        status_map: `trackwire.status_map`: the tracker's status names to wire statuses.
        priority_map: `trackwire.priority_map`: the tracker's priority names to 0 to 4.
        notes: What a person should know of the file: keys of ours that mean nothing.
    """

    root: Path
    project_uuid: str | None = None
    project_slug: str | None = None
    binding: Binding | None = None
    unbound: Binding | None = None
    fields: Mapping[str, str | int] = field(default_factory=dict)
    status_map: Mapping[str, Status] = field(default_factory=dict)
    priority_map: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The configuration file."""
        return self.root / CONFIG_FILE

    @property
    def owner(self) -> Binding | None:
        """What the plain fields are for: the binding, or the one before it was removed."""
        return self.binding or self.unbound

    @property
    def provider(self) -> str:
        """The bound provider's normalized name; raises `ProjectError` where none is bound."""
        return self.bound().provider

    @property
    def workspace(self) -> str:
        """The bound workspace; raises `ProjectError` where none is bound."""
        return self.bound().workspace

    def bound(self) -> Binding:
        """Return the binding.

        Raises:
            ProjectError: The project is not bound.
        """
        if self.binding is None:
            raise ProjectError(
                f"{self.path}: the project is not bound to a tracker; "
                "run: trackwire bind PROVIDER --workspace WORKSPACE"
            )
        return self.binding


def load_project(root: Path) -> TrackerProjectConfig:
    """Read a project's configuration.

    Args:
        root: The project's directory.

    Raises:
        ProjectError: There is none, or it is malformed; with line and column.
    """
    path = root / CONFIG_FILE
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        raise ProjectError(_no_project(root)) from None
    except UnicodeDecodeError as error:
        raise ProjectError(f"{path}: byte {error.start}: not UTF-8; save it as UTF-8") from error
    except OSError as error:
        raise ProjectError(f"{path}: {error.strerror}") from error
    return _interpret(root, read_document(path, text))


def is_project(root: Path) -> bool:
    """Tell whether a directory is a project.

    Args:
        root: The directory.
    """
    return (root / CONFIG_FILE).is_file()


def create_project(root: Path) -> None:
    """Make a directory a project, with a fresh uuid and the directory's name as slug.

    Args:
        root: The directory; the caller holds its lock.
    """

    def identify(project: Any) -> None:
        project["uuid"] = quoted(str(uuid.uuid4()))
        name = os.fsencode(root.resolve().name).decode(errors="replace")
        project["slug"] = quoted(name or "project")

    _write(root, edit_section(root / CONFIG_FILE, "", "project", identify))


def write_binding(
    root: Path,
    binding: Binding | None,
    *,
    set_fields: Mapping[str, str | int] | None = None,
    drop_fields: frozenset[str] = frozenset(),
) -> None:
    """Change the binding and the plain fields; everything else in the file survives.

    Args:
        root: The project's directory; the caller holds its lock.
        binding: The new binding, or None to remove it.
        set_fields: Fields to set under `trackwire.fields`.
        drop_fields: Fields to remove there.

    Raises:
        ProjectError: The file is malformed; it stays as it is.
    """
    held = load_project(root)
    path = root / CONFIG_FILE
    kept = {name: value for name, value in held.fields.items() if name not in drop_fields}
    fields = {**kept, **{name: str(value) for name, value in (set_fields or {}).items()}}
    left = held.owner if binding is None and fields else None

    def change_tracker(tracker: Any) -> None:
        if binding is None:
            tracker.clear()
        else:
            _bind(tracker, binding)

    def change_fields(ours: Any) -> None:
        section = mapping_in(ours, "fields")
        for name in section.keys() - fields.keys():
            del section[name]
        for name in set_fields or {}:
            section[name] = quoted(str(fields[name]))
        if not section:
            del ours["fields"]
        ours.pop("unbound", None)
        if left is not None:
            ours["unbound"] = {"provider": left.provider, "workspace": quoted(left.workspace)}

    text = path.read_bytes().decode()
    if binding != held.binding:
        text = edit_section(path, text, "tracker", change_tracker)
    if fields != held.fields or left != held.unbound:
        text = edit_section(path, text, "trackwire", change_fields)
    _check_result(root, text)
    _write(root, text)


def _check_result(root: Path, text: str) -> None:
    path = root / CONFIG_FILE
    try:
        _interpret(root, read_document(path, text))
    except ProjectError as error:
        raise ProjectError(
            f"{path}: nothing was written, for the file would not be readable afterwards (does "
            "something refer to an anchor in tracker or trackwire?); edit it by hand"
        ) from error


def _interpret(root: Path, document: Section) -> TrackerProjectConfig:
    project, ours = document.section("project"), document.section("trackwire")
    fields, statuses = ours.section("fields"), ours.section("status_map")
    priorities = ours.section("priority_map")
    return TrackerProjectConfig(
        root=root,
        project_uuid=project.text("uuid"),
        project_slug=project.text("slug"),
        binding=_binding(document),
        unbound=_unbound(ours.section("unbound")),
        fields={name: fields.plain(name) for name in fields.values},
        status_map={name: _choice(statuses, name, Status) for name in statuses.values},
        priority_map={name: _priority(priorities, name) for name in priorities.values},
        notes=tuple(_unknown(ours, key) for key in ours.values if key not in _OUR_KEYS),
    )


def _unknown(section: Section, key: str) -> str:
    near = difflib.get_close_matches(key, _OUR_KEYS, n=1)
    remedy = f"write {near[0]}" if near else "remove it"
    place = f"{section.path}:{section.lines[key]}"
    return f"{place}: {section.name}.{key} is no key of trackwire's and is ignored; {remedy}"


def _unbound(section: Section) -> Binding | None:
    provider, workspace = section.text("provider"), section.text("workspace")
    if provider is None or workspace is None:
        return None
    return Binding(provider=provider, workspace=workspace)


def _binding(document: Section) -> Binding | None:
    tracker = document.section("tracker")
    if not tracker.values:
        return None
    provider, workspace = tracker.text("provider"), tracker.text("workspace")
    if provider is None or workspace is None or not workspace.strip():
        missing = "provider" if provider is None else "workspace"
        raise document.error(
            "tracker",
            f"has no {missing}; add it, or remove the section and run: "
            "trackwire bind PROVIDER --workspace WORKSPACE",
        )
    name = normalize_provider_name(provider)
    if not is_provider_name(name):
        raise tracker.error("provider", f"is {provider!r}, which is no provider's name")
    doctrine = tracker.section("doctrine")
    owners = doctrine.section("field_owners")
    return Binding(
        provider=name,
        workspace=workspace.strip(),
        doctrine_mode=_choice(doctrine, "mode", DoctrineMode)
        if doctrine.text("mode") is not None
        else DoctrineMode.EXTERNAL_AUTHORITATIVE,
        doctrine_field_owners={key: _choice(owners, key, FieldOwner) for key in owners.values},
    )


def _choice(section: Section, key: str, choices: type[_Choice]) -> _Choice:
    try:
        return choices(section.text(key) or "")
    except ValueError:
        raise section.error(key, f"must be one of {', '.join(choices)}") from None


def _priority(section: Section, key: str) -> int:
    value = section.plain(key)
    if not isinstance(value, int) or not 0 <= value <= 4:
        raise section.error(key, "must be a number from 0 (highest) to 4")
    return value


def _no_project(root: Path) -> str:
    nearest = next((str(parent) for parent in root.resolve().parents if is_project(parent)), None)
    hint = f"; {nearest} is one: use -C {nearest}" if nearest else ""
    return (
        f"{root}: not a project, there is no {CONFIG_FILE}; "
        f"run: trackwire bind PROVIDER --workspace WORKSPACE{hint}"
    )


def _bind(tracker: Any, binding: Binding) -> None:
    tracker["provider"] = binding.provider
    tracker["workspace"] = quoted(binding.workspace)
    doctrine = mapping_in(tracker, "doctrine")
    doctrine["mode"] = str(binding.doctrine_mode)
    doctrine["field_owners"] = {
        name: str(owner) for name, owner in binding.doctrine_field_owners.items()
    }


def _write(root: Path, text: str) -> None:
    path, staging = root / CONFIG_FILE, data_directory(root)
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        with replacing(path, mode=mode, staging=staging) as stream:
            stream.write(text.encode())
    except OSError as error:
        raise ProjectError(
            f"{path}: cannot be written: {error.strerror}; it stays as it was"
        ) from error


def _umask() -> int:
    mask = os.umask(0o077)  # what another thread makes in this instant is private
    os.umask(mask)
    return mask
