"""The deployment, the login, and the answers that are none."""

from __future__ import annotations

import base64

import httpx
import pytest
from trackwire_jira.connector import connect, verify
from trackwire_jira.projects import bound_project
from trackwire_jira.site import open_site

from trackwire.errors import CredentialError, TrackerError

TOKEN = "fake-token-that-must-not-show"
BASIC = "Basic " + base64.b64encode(f"ana@example.test:{TOKEN}".encode()).decode()
GATEWAY = "https://gateway.example"
PROJECT = "/rest/api/2/project/ACME"
SITE_PROJECT = f"https://acme.atlassian.net{PROJECT}"
GATEWAY_PROJECT = f"{GATEWAY}/ex/jira/11-aa{PROJECT}"
TENANT = "/_edge/tenant_info"
ACME = {"key": "ACME", "name": "Acme"}
STRANGER = {"errorMessages": ["No project could be found with key 'ACME'."]}


def logins(jira, path=PROJECT):
    return [request.headers.get("Authorization") for request in jira.asked(path)]


def connect_error(jira, **changes) -> str:
    with pytest.raises(TrackerError) as caught:
        connect(jira.context(**changes))
    return str(caught.value)


def test_the_deployment_is_asked_for_without_a_login(cloud):
    connect(cloud.context())
    assert logins(cloud, "/serverInfo") == [None]


def test_cloud_is_told_by_its_deployment_type(cloud):
    assert open_site(cloud.context()).is_cloud


@pytest.mark.parametrize("deployment", ["Server", "Data Center", None])
def test_any_other_deployment_type_or_none_is_a_server(jira, deployment):
    jira.data_center(deploymentType=deployment)
    assert not open_site(jira.context()).is_cloud


def test_what_does_not_say_its_version_is_no_jira(jira):
    jira.answer("/rest/api/2/serverInfo", {"status": "ok"})
    assert "version" in connect_error(jira)


def test_cloud_gets_the_email_and_the_token_as_basic(cloud):
    connect(cloud.context())
    assert logins(cloud) == [BASIC]


def test_data_center_gets_the_token_as_bearer_and_needs_no_email(server):
    connect(server.context(credentials={"email": None}))
    assert logins(server) == [f"Bearer {TOKEN}"]


def test_cloud_without_an_email_names_the_command_that_sets_it(cloud):
    with pytest.raises(CredentialError, match="trackwire credentials set email"):
        connect(cloud.context(credentials={"email": None}))


def test_a_command_names_no_workspace_where_there_is_none(cloud):
    with pytest.raises(CredentialError, match=r"set email --provider jira$"):
        connect(cloud.context(workspace="", credentials={"email": None}))


@pytest.mark.parametrize("status", [400, 404])
def test_an_address_of_a_page_instead_of_the_site_is_to_be_checked(server, status):
    server.answer("/rest/api/2/serverInfo", {}, status=status)
    with pytest.raises(TrackerError, match="check that base_url is the site's own address"):
        connect(server.context())


def test_without_a_token_the_command_that_sets_it_is_named(server):
    with pytest.raises(CredentialError, match="trackwire credentials set api_token"):
        connect(server.context(token=None))


@pytest.mark.parametrize("token", ["fake-tok\u00e9n", "fake token", "fake\ntoken", ""])
def test_a_token_that_cannot_be_one_is_refused_without_showing_it(server, token):
    with pytest.raises(CredentialError, match="characters that no token has") as caught:
        connect(server.context(token=token))
    assert token not in str(caught.value) or not token


def test_blanks_around_a_token_are_dropped(server):
    connect(server.context(token=f" {TOKEN}\n"))
    assert logins(server) == [f"Bearer {TOKEN}"]


def test_a_site_that_answers_strangers_nothing_is_asked_again_with_the_login(jira):
    jira.answer("/serverInfo", httpx.Response(401), httpx.Response(200, json={"version": "9.12.0"}))
    site = open_site(jira.context(credentials={"base_url": "https://jira.example/jira"}))
    assert (site.info.version, logins(jira, "/serverInfo")) == (
        "9.12.0",
        [None, f"Bearer {TOKEN}"],
    )


@pytest.mark.parametrize("reason", ["AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED", "OUT"])
def test_an_answer_as_to_a_stranger_is_an_error_though_it_is_200(server, reason):
    server.answer(PROJECT, ACME, X_Seraph_LoginReason=reason)
    assert f"X-Seraph-LoginReason: {reason}" in connect_error(server)


@pytest.mark.parametrize("reason", ["OK", "OUT, OK"])
def test_an_answer_as_to_the_account_is_believed(server, reason):
    server.answer(PROJECT, ACME, X_Seraph_LoginReason=reason)
    connect(server.context())


def test_a_login_that_ends_in_mid_read_is_an_error(server):
    site = open_site(server.context())
    bound_project(server.context(), site)
    server.answer(PROJECT, ACME, X_Seraph_LoginReason="AUTHENTICATED_FAILED")
    with pytest.raises(TrackerError, match="did not take the login"):
        bound_project(server.context(), site)


def test_a_token_with_scopes_goes_to_the_gateway(cloud):
    cloud.answer(SITE_PROJECT, {}, status=401)
    cloud.answer(TENANT, {"cloudId": "11-aa"})
    cloud.answer(GATEWAY_PROJECT, ACME)
    connect(cloud.context(gateways=(GATEWAY,)))
    assert [(r.url.host, r.headers["Authorization"]) for r in cloud.asked(PROJECT)] == [
        ("acme.atlassian.net", BASIC),
        ("gateway.example", BASIC),
    ]


def test_the_gateway_is_tried_too_where_the_site_answers_as_to_a_stranger(cloud):
    refused = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
    cloud.answer(SITE_PROJECT, httpx.Response(404, json=STRANGER, headers=refused))
    cloud.answer(TENANT, {"cloudId": "11-aa"})
    cloud.answer(GATEWAY_PROJECT, ACME)
    connect(cloud.context(gateways=(GATEWAY,)))
    assert cloud.requests[-1].url.host == "gateway.example"


def test_the_gateway_gets_a_bearer_where_it_refuses_the_pair(cloud):
    cloud.answer(SITE_PROJECT, {}, status=401)
    cloud.answer(TENANT, {"cloudId": "11-aa"})
    cloud.answer(GATEWAY_PROJECT, httpx.Response(401), httpx.Response(200, json=ACME))
    connect(cloud.context(gateways=(GATEWAY,)))
    assert logins(cloud) == [BASIC, BASIC, f"Bearer {TOKEN}"]


def test_the_site_is_asked_for_its_id_without_a_login(cloud):
    cloud.answer(SITE_PROJECT, {}, status=401)
    cloud.answer(TENANT, {"cloudId": "11-aa"})
    cloud.answer(GATEWAY_PROJECT, ACME)
    connect(cloud.context(gateways=(GATEWAY,)))
    assert logins(cloud, TENANT) == [None]


def test_once_the_gateway_has_taken_the_token_all_goes_there(cloud):
    cloud.answer(SITE_PROJECT, {}, status=401)
    cloud.answer(TENANT, {"cloudId": "11-aa"})
    cloud.answer(GATEWAY_PROJECT, ACME)
    cloud.answer("/rest/api/3/search/jql", {"issues": []})
    list(connect(cloud.context(gateways=(GATEWAY,))).pages(None, None))
    assert cloud.requests[-1].url.host == "gateway.example"


@pytest.mark.parametrize(
    ("tenant", "status"),
    [({"cloudId": "../../evil"}, 200), ({"cloudId": "a b"}, 200), ({}, 200), ({}, 404)],
)
def test_without_a_usable_id_of_the_site_the_gateway_is_left_alone(cloud, tenant, status):
    cloud.answer(SITE_PROJECT, {}, status=401)
    cloud.answer(TENANT, tenant, status=status)
    connect_error(cloud, gateways=(GATEWAY,))
    assert {request.url.host for request in cloud.requests} == {"acme.atlassian.net"}


def test_a_site_outside_of_atlassians_domains_is_not_followed_to_the_gateway(cloud):
    cloud.answer(PROJECT, {}, status=401)
    credentials = {"base_url": "https://jira.example"}
    connect_error(cloud, gateways=(GATEWAY,), credentials=credentials)
    assert {request.url.host for request in cloud.requests} == {"jira.example"}


def test_where_neither_takes_the_token_the_sites_answer_is_told(cloud):
    cloud.answer(SITE_PROJECT, {"message": "Client must be authenticated"}, status=401)
    cloud.answer(TENANT, {"cloudId": "11-aa"})
    cloud.answer(GATEWAY_PROJECT, {"message": "Unauthorized"}, status=401)
    assert "Client must be authenticated" in connect_error(cloud, gateways=(GATEWAY,))


def test_a_gateway_that_misses_a_scope_is_told(cloud):
    cloud.answer(SITE_PROJECT, {}, status=401)
    cloud.answer(TENANT, {"cloudId": "11-aa"})
    no_scope = httpx.Response(401, json={"message": "Unauthorized; scope does not match"})
    cloud.answer(GATEWAY_PROJECT, no_scope, httpx.Response(401))
    error = connect_error(cloud, gateways=(GATEWAY,))
    assert "scope does not match" in error
    assert "read:jira-work" in error


def test_an_address_at_the_gateway_works_as_it_is(jira):
    def taken(request):
        is_bearer = request.headers.get("Authorization", "").startswith("Bearer ")
        info = {"version": "1001", "deploymentType": "Cloud"}
        return httpx.Response(200, json=info) if is_bearer else httpx.Response(401)

    jira.answer(f"{GATEWAY}/ex/jira/11-aa/rest/api/2/serverInfo", taken)
    context = jira.context(credentials={"base_url": f"{GATEWAY}/ex/jira/11-aa/"})
    assert open_site(context).is_cloud


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (401, "trackwire credentials set api_token"),
        (403, "the account sees no project with the key 'ACME'"),
        (404, "the account sees no project with the key 'ACME'"),
        (410, "update trackwire-jira"),
        (429, "limits how often it is asked"),
        (503, "out of service for now"),
    ],
)
def test_a_refusal_of_the_project_names_its_own_remedy(server, status, remedy):
    server.answer(PROJECT, {"errorMessages": ["Jira's own words"]}, status=status)
    error = connect_error(server)
    assert f"HTTP {status}: Jira's own words" in error
    assert remedy in error


@pytest.mark.parametrize(
    ("status", "remedy"), [(403, "Browse Projects"), (404, "context path"), (410, "update")]
)
def test_a_refusal_of_another_request_names_its_own_remedy(server, status, remedy):
    server.answer("/myself", {}, status=status)
    with pytest.raises(TrackerError, match=remedy):
        verify(server.context())


def test_an_address_without_its_context_path_is_told_from_the_web_page(jira):
    jira.answer("/serverInfo", httpx.Response(200, html="<html><title>Login</title></html>"))
    assert "web page" in connect_error(jira)


def test_the_context_path_of_the_address_is_kept(server):
    connect(server.context(credentials={"base_url": "https://jira.example/jira/"}))
    assert {str(r.url).partition("/rest/")[0] for r in server.requests} == {
        "https://jira.example/jira"
    }


def test_no_repr_shows_the_token(cloud):
    site = open_site(cloud.context())
    assert TOKEN not in f"{vars(site)!r}"
