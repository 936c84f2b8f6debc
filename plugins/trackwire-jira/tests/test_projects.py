"""The bound project, the list of projects, and whom Jira takes the credentials for."""

from __future__ import annotations

import pytest
from trackwire_jira.connector import connect, discover, verify

from trackwire.connector import Identity, Resource
from trackwire.errors import CredentialError, TrackerError

PROJECT = "/rest/api/2/project/ACME"
ACME = Resource("ACME", "Acme", "ACME")


def test_a_project_that_was_renamed_names_the_command_that_binds_the_new_key(server):
    server.answer(PROJECT, {"key": "NEW", "name": "Acme"})
    with pytest.raises(TrackerError, match="bind jira --workspace acme --set project_key=NEW"):
        connect(server.context())


def test_the_case_of_the_bound_key_does_not_matter(server):
    server.answer("/rest/api/2/project/acme", {"key": "ACME", "name": "Acme"})
    server.answer("/rest/api/2/search", {"issues": [], "total": 0})
    list(connect(server.context(credentials={"project_key": "acme"})).pages(None, None))
    (search,) = server.bodies("/search")
    assert search["jql"].startswith('project = "ACME"')


def test_without_a_project_key_nothing_can_be_read(server):
    with pytest.raises(CredentialError, match="project_key"):
        connect(server.context(credentials={"project_key": None}))


def test_a_key_that_is_no_key_stays_within_its_part_of_the_path(server):
    with pytest.raises(TrackerError):
        connect(server.context(credentials={"project_key": "../user?x"}))
    assert server.requests[-1].url.raw_path == b"/rest/api/2/project/..%2Fuser%3Fx"


def test_data_center_lists_its_projects(server):
    server.answer("/rest/api/2/project", [{"key": "ACME", "name": "Acme"}])
    assert list(discover(server.context(credentials={"project_key": None}))) == [ACME]


def test_cloud_lists_its_projects_page_by_page(cloud):
    pages = [{"values": [{"key": key, "name": key}], "isLast": key == "C"} for key in "ABC"]
    cloud.answer("/rest/api/3/project/search", *pages)
    assert [resource.id for resource in discover(cloud.context())] == ["A", "B", "C"]
    starts = [request.url.params["startAt"] for request in cloud.asked("/project/search")]
    assert starts == ["0", "1", "2"]


def test_an_empty_page_of_projects_is_the_last(cloud):
    cloud.answer("/rest/api/3/project/search", {"values": [], "isLast": False})
    assert list(discover(cloud.context())) == []


def test_a_list_of_projects_that_gives_its_first_page_again_is_an_error(cloud):
    first = {"values": [{"key": "A", "name": "A"}], "isLast": False, "startAt": 0}
    cloud.answer("/rest/api/3/project/search", first)
    with pytest.raises(TrackerError, match="from place 1 on, and gave it from place 0"):
        list(discover(cloud.context()))


def test_the_identity_on_cloud(cloud):
    myself = {"accountId": "5b10", "displayName": "Ana", "timeZone": "America/New_York"}
    cloud.answer("/myself", myself | {"emailAddress": "ana@example.test"})
    assert verify(cloud.context()) == Identity(
        account="Ana", deployment="Cloud", timezone="America/New_York", resource=ACME
    )


def test_the_identity_on_data_center(server):
    server.answer("/myself", {"key": "JIRAUSER1", "displayName": "Ana"})
    assert verify(server.context()) == Identity(
        account="Ana", deployment="Data Center 10.3.1", resource=ACME
    )


def test_an_identity_never_is_an_email_address(server):
    server.answer("/myself", {"displayName": "ana@example.test", "key": "JIRAUSER1"})
    assert verify(server.context()).account == "JIRAUSER1"


@pytest.mark.parametrize("status", [403, 404])
def test_the_identity_of_an_account_that_does_not_see_the_project_has_no_resource(server, status):
    server.answer("/myself", {"displayName": "Ana"})
    server.answer(PROJECT, {}, status=status)
    assert verify(server.context()).resource is None


def test_an_identity_without_a_bound_project_has_no_resource(server):
    server.answer("/myself", {"displayName": "Ana"})
    assert verify(server.context(credentials={"project_key": None})).resource is None


def test_another_failure_than_an_unseen_project_is_no_missing_resource(server):
    server.answer("/myself", {"displayName": "Ana"})
    server.answer(PROJECT, {}, status=400)
    with pytest.raises(TrackerError, match="HTTP 400"):
        verify(server.context())
