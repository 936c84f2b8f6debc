"""Which issues belong to the bound team and organisation."""

from __future__ import annotations

import pytest
from trackwire_linear.belonging import foreign_reason
from trackwire_linear.shapes import Record, Team, WorkflowState

from trackwire.provider import ExportContext

UUID = "11111111-2222-4333-8444-555555555555"
OTHER_UUID = "99999999-2222-4333-8444-555555555555"
PAGE = "https://linear.app/acme/issue/ENG-12/cold-cache"


def reason(team_id, *, team=None, url=None, workspace="acme"):
    record = Record("1", "Title", WorkflowState("backlog"), team=team, url=url)
    context = ExportContext(workspace=workspace, credentials={"team_id": team_id})
    return foreign_reason(record, context)


@pytest.mark.parametrize(
    ("team_id", "team"),
    [
        (UUID, Team(id=UUID, key="ENG")),
        (UUID.upper(), Team(id=UUID)),
        ("ENG", Team(id=UUID, key="ENG")),
        (" eng ", Team(key="ENG")),
        ("abc-123-def", Team(id="abc-123-def", key="ENG")),
        (UUID, Team(key="ENG")),
        ("ENG", Team(id=UUID)),
        (UUID, Team()),
        (UUID, None),
        (None, Team(id=UUID, key="ENG")),
        ("  ", Team(id=UUID, key="ENG")),
        ([UUID], Team(id=OTHER_UUID)),
    ],
)
def test_an_issue_of_the_bound_team_or_of_an_unknown_one_belongs(team_id, team):
    assert reason(team_id, team=team, url=PAGE) is None


@pytest.mark.parametrize(
    ("team_id", "team", "said"),
    [
        (UUID, Team(id=OTHER_UUID, key="ENG"), f"field team.id is '{OTHER_UUID}'"),
        ("ENG", Team(id=UUID, key="OPS"), "field team.key is 'OPS'"),
        ("ENG", Team(key="OPS"), "field team.key is 'OPS'"),
        ("abc-123-def", Team(id="xyz-789"), "field team.id is 'xyz-789'"),
        ("abc-123-def", Team(id=UUID, key="ENG"), "field team.key is 'ENG'"),
    ],
)
def test_another_team_is_named_with_its_field(team_id, team, said):
    assert reason(team_id, team=team) == f"{said}, but the binding's team_id is '{team_id}'"


@pytest.mark.parametrize(
    ("workspace", "url"),
    [
        ("acme", PAGE),
        ("ACME", PAGE),
        ("linear.app/acme", PAGE),
        ("https://linear.app/acme/team/ENG", PAGE),
        ("Acme Incorporated", PAGE),
        ("beta", None),
        ("beta", "https://elsewhere.test/acme/issue/ENG-12"),
        ("beta", "https://linear.app/"),
        ("beta", "https://[broken"),
    ],
)
def test_an_issue_of_the_bound_organisation_or_of_an_unknown_one_belongs(workspace, url):
    assert reason(UUID, url=url, workspace=workspace) is None


@pytest.mark.parametrize("team", [None, Team(key="ENG")])
def test_another_organisation_is_named_where_no_team_id_says_otherwise(team):
    assert (
        reason("ENG", team=team, url=PAGE, workspace="beta")
        == "field url is of the organisation 'acme', but the binding's workspace is 'beta'"
    )


def test_the_bound_teams_id_settles_it_whatever_the_organisation_is_called_now():
    assert reason(UUID, team=Team(id=UUID), url=PAGE, workspace="renamed") is None
