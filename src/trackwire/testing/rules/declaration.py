"""Rules about the claim of a name and the data of a provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from trackwire.discovery import scan, wrong_line
from trackwire.provider import NAME_PATTERN, RESERVED_NAMES, Provider
from trackwire.registry import is_switched_off
from trackwire.soundness import (
    api_version_faults,
    capability_faults,
    credential_key_faults,
    field_faults,
    gateway_faults,
    name_faults,
    origin_faults,
    pair_faults,
    privacy_faults,
    resource_type_faults,
    secret_faults,
    title_faults,
)
from trackwire.testing.emulator import LACKABLE
from trackwire.testing.rules.rule import Need, Rule, Violation
from trackwire.testing.subject import Stage

if TYPE_CHECKING:
    from trackwire.testing.emulator import Emulator
    from trackwire.testing.subject import Subject

_SHORT = 8

READABLE = "entry-points-readable"
"""The id of the rule that a distribution breaks whose claims cannot be read."""


def _check_entry_points_readable(subject: Subject) -> None:
    if (line := wrong_line(subject.found)) is not None:
        raise Violation(f"line {line} of its entry_points.txt is neither a group nor an entry")


def _check_name_normal(subject: Subject) -> None:
    written, normal = subject.found.entry_point.name, subject.found.name
    if NAME_PATTERN.fullmatch(normal) is None:
        raise Violation(f"the entry point's name {written!a} is not a provider's name")
    if written != normal:
        raise Violation(f"the entry point is named {written!r} and not {normal!r}")


def _check_name_not_reserved(subject: Subject) -> None:
    if subject.found.name in RESERVED_NAMES:
        raise Violation(f"the name {subject.found.name!r} is reserved")


def _check_one_claim(subject: Subject) -> None:
    found = subject.found
    claims = [each for each in scan().claims if each.name == found.name]
    claims = [each for each in claims if each == found or not is_switched_off(each.dist)]
    if len(claims) > 1:
        named = " and ".join(f"{claim} ({claim.entry_point.value})" for claim in claims)
        raise Violation(f"{named} all claim the name {found.name!r}")


def _check_importable(subject: Subject) -> None:
    if subject.stage is Stage.CLAIM:
        raise Violation(f"{subject.found.entry_point.value}: {subject.problem}")


def _check_hook(subject: Subject) -> None:
    if subject.stage is Stage.MODULE:
        raise Violation(f"{subject.problem}")


def _check_returns_provider(subject: Subject) -> None:
    if subject.stage is Stage.HOOK:
        raise Violation(f"{subject.problem}")
    if type(subject.provider) is not Provider:
        raise Violation(f"it returned {type(subject.provider).__name__}, a subclass of Provider")


def _check_api_version_literal(subject: Subject) -> None:
    if subject.inspection is not None and subject.inspection.follows_core:
        raise Violation("its api_version changes with SUPPORTED_API_VERSIONS of the core")


def _check_origin_declared(subject: Subject) -> None:
    provider = _provider_of(subject)
    reaching = [
        capability
        for capability in ("connect", "discover", "verify")
        if callable(getattr(provider, capability))
    ]
    if not reaching:
        return
    origin = provider.origin_field
    if origin is None:
        raise Violation(f"it has {' and '.join(reaching)}, and no field with origin=True")
    if not origin.required and origin.default is None:
        raise Violation(f"its origin field {origin.name!r} is not required and has no default")


def _check_help_lines(subject: Subject) -> None:
    for field in _provider_of(subject).credential_fields:
        if not field.help.strip():
            raise Violation(f"the help of its field {field.name!r} is blank")
        if not field.help.isprintable():
            raise Violation(f"the help of its field {field.name!r} is not one line of plain text")


def _check_emulator_present(subject: Subject) -> None:
    provider = _provider_of(subject)
    if subject.emulator_problem is not None:
        raise Violation(subject.emulator_problem)
    wanting = [name for name in ("connect", "read_export") if callable(getattr(provider, name))]
    if not wanting:
        return
    if subject.emulator is None:
        raise Violation(f"it has {' and '.join(wanting)}, and its distribution names no emulator")
    if unknown := sorted(subject.emulator.lacks - LACKABLE):
        known = ", ".join(sorted(LACKABLE))
        raise Violation(f"its emulator lacks {', '.join(unknown)}, and can lack {known}")
    if any(field_faults(provider)):
        return
    if absent := list(_values_absent(provider, subject.emulator)):
        raise Violation(f"the credentials of its emulator lack {', '.join(absent)}")
    for field in provider.credential_fields:
        value = subject.emulator.credentials.get(field.name, "")
        if field.secret and field.name in subject.emulator.credentials and len(value) < _SHORT:
            raise Violation(f"its emulator's {field.name!r} is shorter than {_SHORT} characters")


def _values_absent(provider: Provider, emulator: Emulator) -> Iterator[str]:
    stood_in = {f.instead_of for f in provider.credential_fields if f.name in emulator.credentials}
    for field in provider.credential_fields:
        is_needed = field.required and field.default is None and not field.origin
        if is_needed and field.name not in {*emulator.credentials, *stood_in}:
            yield field.name


def _provider_of(subject: Subject) -> Provider:
    if subject.provider is None:
        raise Violation(f"it has no provider: {subject.problem}")
    return subject.provider


def _without(
    find: Callable[[Provider], Iterator[str]],
) -> Callable[[Subject], None]:
    """Make the check that a provider has none of these faults."""

    def check(subject: Subject) -> None:
        if found := list(find(_provider_of(subject))):
            raise Violation(", and ".join(found))

    return check


def _check_resource_declared(subject: Subject) -> None:
    provider = _provider_of(subject)
    if provider.connect is not None and {provider.resource_type, provider.credential_key} == {None}:
        raise Violation("it connects, and has neither resource_type nor credential_key")


def _check_name_agrees(subject: Subject) -> None:
    if found := list(name_faults(_provider_of(subject), subject.found.name)):
        raise Violation(", and ".join(found))


RULES = (
    Rule(
        id=READABLE,
        text="Every line of the distribution's entry_points.txt is a group, an entry or a comment.",
        reason="What stands on a line that cannot be read is lost without a word.",
        remedy="Let the build backend write the file from pyproject.toml, and install again.",
        need=Need.CLAIM,
        check=_check_entry_points_readable,
    ),
    Rule(
        id="name-normal",
        text="The entry point's name is in normal form: a to z, digits and _, a letter first.",
        reason="People and other tools write a name in many ways; one form alone is looked up.",
        remedy='Write the name under [project.entry-points."trackwire.providers"] in normal form, '
        "as trackwire.provider.normalize_provider_name gives it.",
        need=Need.CLAIM,
        check=_check_name_normal,
    ),
    Rule(
        id="name-not-reserved",
        text="The name is none of those that Trackwire keeps for itself.",
        reason="TRACKWIRE_<NAME>_... would mean two things.",
        remedy="Take a name that is not in trackwire.provider.RESERVED_NAMES.",
        need=Need.CLAIM,
        check=_check_name_not_reserved,
    ),
    Rule(
        id="one-claim",
        text="No other installed entry point claims the name.",
        reason="Of two claims neither is used, and a publish that needs the provider stops.",
        remedy="Uninstall one of the distributions or switch it off, or take another name.",
        need=Need.CLAIM,
        check=_check_one_claim,
    ),
    Rule(
        id="import-succeeds",
        text="The module that the entry point names is imported without an error, in time.",
        reason="A plugin that cannot be imported is broken: a publish that needs it stops.",
        remedy="Name a module that is in the distribution, declare every dependency, and neither "
        "raise, wait nor exit at import.",
        need=Need.CLAIM,
        check=_check_importable,
    ),
    Rule(
        id="hook-implemented",
        text="The module implements the hook trackwire_provider once, and no other hook.",
        reason="The hook is all that Trackwire calls of a plugin by its name.",
        remedy="Decorate one function `def trackwire_provider() -> Provider` with "
        "trackwire.hookspecs.hookimpl.",
        need=Need.MODULE,
        check=_check_hook,
    ),
    Rule(
        id="hook-returns-provider",
        text="The hook returns a Provider, and does so without an error, in time.",
        reason="Without it there is no route, and a publish that needs it stops.",
        remedy="Return trackwire.provider.Provider(...) itself, no subclass of it, and do nothing "
        "else in the hook.",
        need=Need.HOOK,
        check=_check_returns_provider,
    ),
    Rule(
        id="name-agrees",
        text="The provider's name is the entry point's name.",
        reason="A plugin would serve another name than the one that it was chosen by.",
        remedy="Give Provider(name=...) and the entry point the same name.",
        need=Need.PROVIDER,
        check=_check_name_agrees,
    ),
    Rule(
        id="api-version-supported",
        text="The plugin API version is one that this Trackwire supports.",
        reason="Another version may mean something else by the same data.",
        remedy="Set Provider(api_version=...) to the version that the plugin was written for, and "
        "require a trackwire that supports it.",
        need=Need.PROVIDER,
        check=_without(api_version_faults),
    ),
    Rule(
        id="api-version-literal",
        text="The plugin API version is a number of the plugin's own.",
        reason="One that is taken from the core claims to fit every later core, unseen.",
        remedy="Write the number: Provider(api_version=1).",
        need=Need.PROVIDER,
        check=_check_api_version_literal,
    ),
    Rule(
        id="title-given",
        text="The provider has a title.",
        reason="Lists and messages show it to people.",
        remedy="Set Provider(title=...) to the tracker's name as its maker writes it.",
        need=Need.PROVIDER,
        check=_without(title_faults),
    ),
    Rule(
        id="capabilities-callable",
        text="read_export, connect, discover, verify and pause are functions or None.",
        reason="The first pull or import would end in an error of Python's.",
        remedy="Give Provider(...) the function itself, or leave the capability out.",
        need=Need.PROVIDER,
        check=_without(capability_faults),
    ),
    Rule(
        id="gateways-safe",
        text="Every gateway is an https address.",
        reason="Secrets are sent there.",
        remedy="Set Provider(gateways=...) to a tuple of addresses such as "
        "https://api.example.com, or leave it out.",
        need=Need.PROVIDER,
        check=_without(gateway_faults),
    ),
    Rule(
        id="fields-well-formed",
        text="credential_fields is a tuple of CredentialField, each with a name of its own in "
        "snake case.",
        reason="A field's name is a key of the project's file and part of an environment variable.",
        remedy="Declare CredentialField(name=..., help=...) with names like api_token, each once; "
        "instead_of names another declared field.",
        need=Need.PROVIDER,
        check=_without(field_faults),
    ),
    Rule(
        id="help-one-line",
        text="The help of each credential field is one line of plain text.",
        reason="It is all that a person sees who is asked for the value.",
        remedy="Set CredentialField(help=...) to where in the tracker the value is found.",
        need=Need.FIELDS,
        check=_check_help_lines,
    ),
    Rule(
        id="secrets-not-shipped",
        text="No secret field has a default.",
        reason="Everybody who installs the plugin would hold that secret.",
        remedy="Leave the default of secret fields out.",
        need=Need.FIELDS,
        check=_without(secret_faults),
    ),
    Rule(
        id="one-origin",
        text="At most one credential field is the origin, and that one is not secret.",
        reason="A secret is bound to the one address that it was given for.",
        remedy="Set CredentialField(origin=True) on the field with the tracker's address alone.",
        need=Need.FIELDS,
        check=_without(origin_faults),
    ),
    Rule(
        id="origin-declared",
        text="A provider that reaches its tracker declares the address: required, or with a "
        "default.",
        reason="Without it nobody knows where the secrets may be sent, so nothing is.",
        remedy="Declare a CredentialField(origin=True), with default=... where all customers share "
        "one address.",
        need=Need.FIELDS,
        check=_check_origin_declared,
    ),
    Rule(
        id="routing-atomic",
        text="resource_type and credential_key are both set, or neither is.",
        reason="Half a route leads nowhere: a hub takes both or none.",
        remedy="Set Provider(resource_type=..., credential_key=...) together, or leave both out.",
        need=Need.FIELDS,
        check=_without(pair_faults),
    ),
    Rule(
        id="resource-type-well-formed",
        text="resource_type matches [a-z][a-z0-9_]*.",
        reason="It is a wire value: hubs compare it byte by byte.",
        remedy="Set Provider(resource_type=...) to a word such as acme_board, and never change it.",
        need=Need.ROUTING,
        check=_without(resource_type_faults),
    ),
    Rule(
        id="credential-key-declared",
        text="credential_key names a declared credential field.",
        reason="Nobody would be asked for the resource's id, and no snapshot would be routed.",
        remedy="Declare a CredentialField of the name that credential_key has.",
        need=Need.ROUTING,
        check=_without(credential_key_faults),
    ),
    Rule(
        id="credential-key-plain",
        text="The field that credential_key names is neither secret nor personal.",
        reason="Its value is sent to the hub, and kept in the project's file for all to see.",
        remedy="Let credential_key name a plain field with the id of the board, team or project.",
        need=Need.ROUTING,
        check=_without(privacy_faults),
    ),
    Rule(
        id="resource-declared",
        text="A provider that connects declares a resource.",
        reason="A pull reads one resource, so there would be nothing that it may read.",
        remedy="Set Provider(resource_type=..., credential_key=...), with a field for the id of "
        "what the issues belong to; or leave connect out.",
        need=Need.PROVIDER,
        check=_check_resource_declared,
    ),
    Rule(
        id="emulator-present",
        text="A provider that connects or reads exports ships an emulator that loads, with a value "
        "for every required field.",
        reason="Without one, nothing of what it reads can be checked.",
        remedy="Subclass trackwire.testing.Emulator, and name it under "
        '[project.entry-points."trackwire.conformance"] with the provider\'s name.',
        need=Need.PROVIDER,
        check=_check_emulator_present,
    ),
)
"""The rules of this module, in their order."""
