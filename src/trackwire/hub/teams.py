"""Teams and their tokens: a token belongs to one team and is stored only as its SHA-256."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256
from uuid import uuid4

from sqlalchemy import Connection, Engine, delete, insert, select

from trackwire.errors import UsageError
from trackwire.hub.database import reading, writing
from trackwire.hub.schema import now_text, teams, tokens
from trackwire.secret import Secret

TOKEN_PREFIX = "twh_"  # noqa: S105 - the public start of every token, not a token


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """What may be shown of a token.

    Args:
        token_id: What `revoke_token` takes.
        team: The team's name.
        name: What the token is for.
        created_at: ISO 8601, in UTC.
    """

    token_id: str
    team: str
    name: str
    created_at: str


def create_token(engine: Engine, team: str, name: str) -> tuple[TokenInfo, Secret]:
    """Make a token, and its team where there is none yet.

    Args:
        engine: The hub's database.
        team: The team's name.
        name: What the token is for.

    Returns:
        What may be shown of it, and the token itself, which nothing can show again.

    Raises:
        UsageError: One of the names is blank.
    """
    if not team.strip() or not name.strip():
        raise UsageError("a token needs a team and a name that are not blank")
    token = Secret(TOKEN_PREFIX + secrets.token_urlsafe(32))
    info = TokenInfo(str(uuid4()), team.strip(), name.strip(), now_text())
    with writing(engine) as connection:
        connection.execute(
            insert(tokens).values(
                id=info.token_id,
                team_id=ensure_team(connection, info.team),
                name=info.name,
                sha256=_fingerprint(token),
                created_at=info.created_at,
            )
        )
    return info, token


def list_tokens(engine: Engine) -> list[TokenInfo]:
    """Return what may be shown of all tokens, by team and age.

    Args:
        engine: The hub's database.
    """
    query = (
        select(tokens.c.id, teams.c.name, tokens.c.name, tokens.c.created_at)
        .join(teams)
        .order_by(teams.c.name, tokens.c.created_at)
    )
    with reading(engine) as connection:
        return [TokenInfo(*row) for row in connection.execute(query)]


def revoke_token(engine: Engine, token_id: str) -> None:
    """Make a token worthless from the next request on.

    Args:
        engine: The hub's database.
        token_id: The token's id, not the token itself.

    Raises:
        UsageError: There is no such token.
    """
    with writing(engine) as connection:
        if not connection.execute(delete(tokens).where(tokens.c.id == token_id)).rowcount:
            raise UsageError(f"no token has the id {token_id!r}; `trackwire hub token list`")


def team_of(engine: Engine, token: Secret) -> int | None:
    """Return the id of the team that the token belongs to, or None for an unknown token.

    Args:
        engine: The hub's database.
        token: As the request has it.
    """
    query = select(tokens.c.team_id).where(tokens.c.sha256 == _fingerprint(token))
    with reading(engine) as connection:
        return connection.execute(query).scalar_one_or_none()


def find_team(engine: Engine, name: str) -> int:
    """Return the id of the team.

    Args:
        engine: The hub's database.
        name: The team's name.

    Raises:
        UsageError: There is no such team.
    """
    with reading(engine) as connection:
        team_id = connection.execute(
            select(teams.c.id).where(teams.c.name == name)
        ).scalar_one_or_none()
    if team_id is None:
        raise UsageError(
            f"no team is called {name!r}; a team is made with its first token: "
            "`trackwire hub token create --team TEAM --name NAME`"
        )
    return int(team_id)


def list_teams(engine: Engine) -> dict[int, str]:
    """Return the names of all teams by their ids.

    Args:
        engine: The hub's database.
    """
    query = select(teams.c.id, teams.c.name).order_by(teams.c.name)
    with reading(engine) as connection:
        return {row.id: row.name for row in connection.execute(query)}


def ensure_team(connection: Connection, name: str) -> int:
    """Return the id of the team, making it where there is none.

    Args:
        connection: In a transaction that writes.
        name: The team's name, without outer blanks.
    """
    found = connection.execute(select(teams.c.id).where(teams.c.name == name)).scalar_one_or_none()
    if found is not None:
        return int(found)
    made = connection.execute(insert(teams).values(name=name, created_at=now_text()))
    return int(made.inserted_primary_key[0])  # type: ignore[index]  # set after every insert


def _fingerprint(token: Secret) -> str:
    return sha256(token.reveal().encode()).hexdigest()
