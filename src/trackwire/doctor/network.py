"""What is asked over the network: whom the tracker sees, and whether the hub takes the token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from trackwire.connecting import identified, missing_fields, open_context, origin_problem
from trackwire.doctor.finding import Finding, State
from trackwire.errors import CredentialError, UsageError, command
from trackwire.registry import Registered

if TYPE_CHECKING:
    from trackwire.connector import Identity
    from trackwire.doctor.finding import Patient
    from trackwire.provider import Provider
    from trackwire.route import Route

HUB_SECONDS = 15.0
TRACKER_SECONDS = 15.0


def tracker(patient: Patient) -> Iterator[Finding]:
    """Tell whom the tracker takes the credentials for, and whether it shows them the resource."""
    route = patient.route()
    if route is None or route.provider is None or not isinstance(route.outcome, Registered):
        return
    verify, plugin = route.provider.verify, str(route.outcome.found)
    if verify is None:
        yield Finding("tracker", State.OK, f"not asked: {plugin} has no way to")
        return
    if missing := missing_fields(route.provider, route.values):
        names = ", ".join(declared.name for declared in missing)
        yield Finding("tracker", State.WARNING, f"not asked: {names} not set", "see credentials")
        return
    from trackwire.fetching import Limits  # httpx takes its time to import

    try:
        with open_context(
            patient.credentials,
            route.config,
            route.provider,
            plugin=plugin,
            max_wait=TRACKER_SECONDS,
            limits=Limits(answer_seconds=TRACKER_SECONDS),
            notify=patient.notify,
        ) as context:
            identity = identified(verify, context, plugin)
    except (CredentialError, UsageError) as error:
        if str(error) not in _told_of_credentials(patient, route, route.provider):
            raise
        text = "not asked: the credentials cannot be sent"
        yield Finding("tracker", State.WARNING, text, "see credentials")
        return
    said = [identity.deployment, f"the account's timezone is {identity.timezone}"]
    known = [text for text in (said if identity.timezone else said[:1]) if text]
    yield Finding("tracker", State.OK, "; ".join([f"it knows {identity.account}", *known]))
    yield from _resource(route, identity)


def _told_of_credentials(patient: Patient, route: Route, provider: Provider) -> set[str | None]:
    return {
        origin_problem(patient.credentials, route.config, provider, name, route.values)
        for name in provider.fields_by_name.keys() & route.values.keys()
    }


def _resource(route: Route, identity: Identity) -> Iterator[Finding]:
    bound = route.routing.external_resource_id
    if bound is None:
        return
    seen = identity.resource
    if seen is None:
        text = f"the account does not see {bound}, or there is no such thing"
        yield Finding("tracker", State.WRONG, text, _remedy_for_resource(route))
    elif bound != seen.id:
        text = f"what is bound as {bound} is {seen.id} ({seen.name}) at the tracker"
        yield Finding("tracker", State.WARNING, text, _rebind_command(route, seen.id))
    else:
        yield Finding("tracker", State.OK, f"the account sees {bound} ({seen.name})")


def _rebind_command(route: Route, resource_id: str) -> str:
    config, key = route.config, route.provider.credential_key if route.provider else None
    chosen = ("--set", f"{key}={resource_id}")
    return f"run: {command('bind', config.provider, '--workspace', config.workspace, *chosen)}"


def _remedy_for_resource(route: Route) -> str:
    if route.provider is not None and route.provider.discover is not None:
        return f"what it sees is listed by: {_discover_command(route)}"
    return "give the account access to it, or bind to another"


def _discover_command(route: Route) -> str:
    return command("discover", route.config.provider)


def hub(patient: Patient) -> Iterator[Finding]:
    """Tell whether the hub is there and takes the token; nothing is published."""
    from trackwire.delivery.probing import Admission, probe  # httpx takes its time to import
    from trackwire.destination import hub_of

    if patient.hub is None and patient.hubs.default_url() is None:
        yield Finding("hub", State.WARNING, "none is named", "run: trackwire login URL")
        return
    target = patient.hubs.target(patient.hub)
    address = hub_of(target.endpoint)
    login = f"run: {command('login', address)}"
    answer = probe(target.endpoint, target.token, HUB_SECONDS)
    status = f"HTTP {answer.status_code}"
    source = f"the token of {target.token_source}" if target.token else "snapshots without a token"
    match answer.admission:
        case Admission.ADMITTED:
            yield Finding("hub", State.OK, f"{address} takes {source}")
        case Admission.OPEN:
            yield Finding("hub", State.OK, f"{address} asks for no token, and there is none")
        case Admission.DENIED:
            yield Finding("hub", State.WRONG, f"{address} does not take {source} ({status})", login)
        case Admission.UNTOLD:
            text = f"{address} is there, and does not tell whether it takes {source} ({status})"
            yield Finding("hub", State.WARNING, text, "the next publish will tell")
        case Admission.BUSY:
            yield Finding(
                "hub", State.WARNING, f"{address} cannot answer now ({status})", "try later"
            )
        case Admission.NO_HUB:
            text = f"{address} does not answer as a hub does ({status})"
            yield Finding("hub", State.WRONG, text, "check the address")
