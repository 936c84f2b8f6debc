"""Which issues belong to the bound site and project."""

from __future__ import annotations

import pytest
from trackwire_jira.belonging import Bound, foreign_reason
from trackwire_jira.shapes import Fields, Project, Record, Status

from trackwire.provider import ExportContext


def reason(*, workspace="acme", base_url=None, project_key=None, key=None, project=None, at=None):
    fields = Fields("Title", Status("Open"), project=Project(project) if project else None)
    self_url = f"{at}/rest/api/2/issue/1" if at else None
    credentials = {"base_url": base_url, "project_key": project_key}
    bound = Bound.of(ExportContext(workspace=workspace, credentials=credentials))
    return foreign_reason(Record("1", fields, key=key, self=self_url), bound)


@pytest.mark.parametrize(
    ("project_key", "project", "key"),
    [
        ("ACME", "ACME", "ACME-1"),
        (" acme ", "ACME", None),
        ("ACME", None, "acme-1"),
        ("ACME", None, None),
        (None, "BETA", "BETA-1"),
        ("  ", "BETA", "BETA-1"),
        (["ACME"], "BETA", "BETA-1"),
        ("ACME", "ACME", "OLD-1"),
    ],
)
def test_an_issue_of_the_bound_project_belongs(project_key, project, key):
    assert reason(project_key=project_key, project=project, key=key) is None


def test_another_project_is_named_with_its_field():
    assert (
        reason(project_key="ACME", project="BETA", key="BETA-1")
        == "field fields.project.key is 'BETA', but the binding's project_key is 'ACME'"
    )


def test_another_keys_prefix_is_named_where_the_project_is_not_said():
    assert (
        reason(project_key="ACME", key="BETA-1")
        == "field key is 'BETA-1', but the binding's project_key is 'ACME'"
    )


@pytest.mark.parametrize(
    ("workspace", "base_url", "at"),
    [
        ("acme.atlassian.net", None, "https://ACME.atlassian.net"),
        ("https://acme.atlassian.net/", None, "https://acme.atlassian.net"),
        ("acme", "https://acme.atlassian.net", "https://acme.atlassian.net"),
        ("acme", "https://jira.acme.test", "https://acme.atlassian.net"),
        ("acme", "https://jira.acme.test", "https://jira.acme.test:8443/jira"),
        ("acme", None, "https://other.atlassian.net"),
        ("acme.atlassian.net", None, "http://localhost:8090/jira"),
        ("acme.atlassian.net", None, "http://127.0.0.1:8090"),
        ("acme.atlassian.net", None, "http://[::1]:8090"),
        ("acme.atlassian.net", None, "https://api.atlassian.com/ex/jira/11-22"),
        ("acme", "http://localhost:8090", "https://jira.acme.test"),
        ("acme", "https://api.atlassian.com/ex/jira/11-22", "https://jira.acme.test"),
        ("acme.atlassian.net", None, None),
    ],
)
def test_an_issue_of_the_bound_site_or_of_an_unknown_one_belongs(workspace, base_url, at):
    assert reason(workspace=workspace, base_url=base_url, at=at) is None


@pytest.mark.parametrize(
    ("workspace", "base_url"),
    [
        ("acme.atlassian.net", None),
        ("acme.atlassian.net", "https://acme.atlassian.net"),
        ("acme.atlassian.net", "http://localhost:8090"),
        ("acme", "https://acme.atlassian.net"),
    ],
)
def test_another_site_is_named_with_its_field(workspace, base_url):
    assert reason(workspace=workspace, base_url=base_url, at="https://beta.atlassian.net") == (
        f"field self is at 'beta.atlassian.net', but the binding's workspace is {workspace!r}"
    )
