"""What lies in the project and with the user: configuration, plugin, credentials, route, store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from trackwire.connecting import lacking, origin_problem, remedy_of
from trackwire.doctor.finding import Finding, State, apart, wrong
from trackwire.errors import command
from trackwire.lock import DATA_DIRECTORY
from trackwire.project import CONFIG_FILE, is_project, load_project
from trackwire.registry import Blocked, Broken, Registered, Unregistered, describe_unreadable
from trackwire.route import derive_route, explain
from trackwire.scope import Fill, state_of
from trackwire.store import STORE_FILE, TrackerSqliteStore
from trackwire.yamldoc import read_document

if TYPE_CHECKING:
    from trackwire.credentials import Value
    from trackwire.doctor.finding import Patient
    from trackwire.project import TrackerProjectConfig
    from trackwire.provider import CredentialField, Provider
    from trackwire.registry import Outcome


def configuration(patient: Patient) -> Iterator[Finding]:
    """Look at the configuration, and at what another tool may have done to it."""
    bind = "run: trackwire bind PROVIDER --workspace WORKSPACE"
    if not is_project(patient.root):
        text = f"{patient.root} is no project: there is no {CONFIG_FILE}"
        yield Finding("project", State.WARNING, text, bind)
        return
    config = load_project(patient.root)
    for note in config.notes:
        yield wrong("project", note)
    if config.binding is None:
        text = f"{config.path}: not bound to a tracker"
        if config.fields and config.unbound is None:
            text += ", but trackwire.fields is for one: another tool seems to have removed it"
            yield Finding("project", State.WRONG, text, bind)
        else:
            yield Finding("project", State.WARNING, text, bind)
        return
    provider, workspace = config.provider, config.workspace
    again = f"run: {command('bind', provider, '--workspace', workspace)}"
    yield Finding("project", State.OK, f"{config.path}: bound to {provider} at {workspace}")
    written = _written_provider(config)
    if written != provider:
        text = f"tracker.provider is written {written!r}, not {provider!r}: another tool rewrote it"
        yield Finding("project", State.WARNING, text, again)
    registered = patient.registered()
    declared = registered[1].provider.fields_by_name if registered else config.fields
    if strange := sorted(config.fields.keys() - declared.keys()):
        text = (
            f"trackwire.fields has {', '.join(strange)}, which {provider} does not declare: "
            "another tool seems to have rewritten the tracker section"
        )
        remedy = f"bind to what the project belongs to, and if that is this, {again}"
        yield Finding("project", State.WRONG, text, remedy)


def _written_provider(config: TrackerProjectConfig) -> str | None:
    document = read_document(config.path, config.path.read_text(encoding="utf-8"))
    return document.section("tracker").text("provider")


def plugins(patient: Patient) -> Iterator[Finding]:
    """Tell what became of the plugin that is bound, and of all others."""
    config = patient.config()
    bound = config.provider if config else None
    for name in dict.fromkeys([*([bound] if bound else []), *patient.registry.names()]):
        yield _plugin(patient.registry.outcome(name), needed=name == bound or bound is None)
    if bound is None or bound in patient.registry.names():
        state = State.WRONG if bound is None else State.WARNING
        for unreadable in patient.registry.unreadable():
            yield Finding("plugin", state, *apart(describe_unreadable(unreadable)))


def _plugin(outcome: Outcome, *, needed: bool) -> Finding:
    match outcome:
        case Registered():
            return Finding("plugin", State.OK, f"{outcome.name}: {outcome.found} is in use")
        case Broken():
            state = State.WRONG if needed else State.WARNING
            return Finding("plugin", state, *apart(f"{outcome.name}: broken: {outcome.reason}"))
        case Blocked():
            text = f"{outcome.name}: {outcome.reason}"
            remedy = "publishes carry no route (null/null) until it is switched on again"
            return Finding("plugin", State.WARNING if needed else State.OK, text, remedy)
        case Unregistered():
            text = f"{outcome.name}: no plugin is installed: publishes carry no route (null/null)"
            return Finding("plugin", State.WARNING, text, "install one; see: trackwire providers")


def credentials(patient: Patient) -> Iterator[Finding]:
    """Tell which credentials are set, where each is from, and whether it may be sent."""
    held = patient.registered()
    if held is None:
        return
    config, registered = held
    provider = registered.provider
    values = patient.credentials.effective(config, provider)
    lacks = {f.name for f in lacking(provider, values)}
    for declared in provider.credential_fields:
        value = values.get(declared.name)
        if value is not None:
            yield _present(value)
            if problem := origin_problem(
                patient.credentials, config, provider, declared.name, values
            ):
                yield wrong("credentials", problem)
        elif declared.name in lacks and declared.name != provider.credential_key:
            yield _absent(patient, config, provider, declared)


def _present(value: Value) -> Finding:
    where = f" ({value.detail})" if value.detail else ""
    text = f"{value.field}: from {value.source.replace('_', ' ')}{where}"
    if value.note:
        return Finding("credentials", State.WARNING, f"{text}; {value.note}", "keep one of the two")
    return Finding("credentials", State.OK, text)


def _absent(
    patient: Patient, config: TrackerProjectConfig, provider: Provider, declared: CredentialField
) -> Finding:
    if not declared.required:
        return Finding("credentials", State.OK, f"{declared.name}: not set, and optional")
    state = State.WRONG if provider.connect else State.WARNING
    remedy = remedy_of(patient.credentials, config, provider, declared)
    return Finding("credentials", state, f"{declared.name}: not set ({declared.help})", remedy)


def route(patient: Patient) -> Iterator[Finding]:
    """Tell the route that a publish would carry."""
    held = patient.route()
    if held is None or held.provider is None or held.provider.resource_type is None:
        return
    routing = held.routing
    if routing.is_null:
        text, remedy = apart(f"none (null/null): {explain(held)}")
        if held.provider.discover:
            listed = f"the choices are listed by: {command('discover', held.config.provider)}"
            remedy = f"{remedy}; {listed}" if remedy else listed
        yield Finding("route", State.WRONG, text, remedy)
    else:
        text = f"{routing.external_resource_type} {routing.external_resource_id}"
        yield Finding("route", State.OK, text)


def store(patient: Patient) -> Iterator[Finding]:
    """Tell what the store holds of what is bound."""
    config = patient.config()
    if config is None:
        return
    path = patient.root / DATA_DIRECTORY / STORE_FILE
    get_issues = "run: trackwire pull, or trackwire import FILE"
    if not path.exists():
        yield Finding("store", State.WARNING, "there are no issues yet", get_issues)
        return
    scope = derive_route(patient.root, patient.registry, patient.credentials).scope
    with TrackerSqliteStore(path) as held:
        states, pulls = held.scopes(), held.journal.state(scope)
    state = state_of(scope, states)
    filled = [s.scope for s in states if s.fill is not Fill.NEVER]
    text = f"{state.issue_count} issues of {state.scope}"
    if state.fill is Fill.COMPLETE:
        yield Finding("store", State.OK, f"{text}, complete")
    elif state.fill is Fill.PARTIAL:
        yield Finding("store", State.WARNING, f"{text}, filled in part", get_issues)
    else:
        yield Finding("store", State.WARNING, f"nothing was read yet of {state.scope}", get_issues)
    if pulls.doubt is not None:
        yield wrong("store", pulls.doubt)
    if pulls.run is not None:
        text = "a pull has begun and has not reached its end"
        yield Finding("store", State.WARNING, text, "run: trackwire pull, which goes on")
    if filled and not any(
        (s.provider, s.workspace) == (config.provider, config.workspace) for s in filled
    ):
        text = (
            f"it holds issues of {'; '.join(map(str, filled))}, and none of what is bound: was the "
            "tracker section rewritten by another tool?"
        )
        first = filled[0]
        remedy = f"if so, run: {command('bind', first.provider, '--workspace', first.workspace)}"
        yield Finding("store", State.WARNING, text, remedy)
