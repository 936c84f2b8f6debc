"""What `publish.py` compares with: the plain way to keep issues in SQLite and to publish them.

A row is committed as it is read; a publish loads every row, builds the document, dumps it, hashes
it and posts it. The commits are as safe as Trackwire's (`synchronous = FULL`, a rollback journal),
the table has the same key, and the bytes that are sent are the same. It leaves out what Trackwire
does besides: it checks nothing, and it keeps no digests, no scope and no ledger.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from measuring import Measured, preload, timed

_TABLE = """CREATE TABLE issue (
    scope_id INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    wire TEXT NOT NULL,
    PRIMARY KEY (scope_id, external_id)
) WITHOUT ROWID"""


def import_row_by_row(lines: Path, database: Path) -> Measured:
    """Parse each line, and commit its row.

    Args:
        lines: The issues in wire form, one a line.
        database: The SQLite file to make.
    """
    with closing(_connected(database)) as connection:
        connection.execute(_TABLE)
        return timed(lambda: _insert(connection, lines))


def import_at_once(lines: Path, database: Path) -> Measured:
    """Do the same in one transaction, where only the rows are wanted.

    Args:
        lines: The issues in wire form, one a line.
        database: The SQLite file to make.
    """

    def load() -> None:
        connection.execute("BEGIN")
        _insert(connection, lines)
        connection.execute("COMMIT")

    with closing(_connected(database)) as connection:
        connection.execute(_TABLE)
        return timed(load)


def load_and_dump(database: Path, frame: dict[str, Any], endpoint: str, token: str) -> Measured:
    """Load every issue, dump the document, hash it, and post it.

    Args:
        database: What `import_row_by_row` made.
        frame: The snapshot's members; its issues are put in.
        endpoint: The receiver's URL for snapshots.
        token: The bearer token.

    Returns:
        What `timed` tells, with `rendered`, what the part before the request took in seconds, and
        the body's `digest`.
    """
    import base64
    import hashlib

    import httpx

    preload("encodings.idna")
    body = b""
    digest = b""

    def render() -> None:
        nonlocal body, digest
        rows = connection.execute("SELECT wire FROM issue WHERE scope_id = 1 ORDER BY external_id")
        document = frame | {"issues": [json.loads(wire) for (wire,) in rows]}
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        digest = hashlib.sha256(body).digest()

    def publish() -> None:
        rendering.update(timed(render))
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Repr-Digest": f"sha-256=:{base64.b64encode(digest).decode()}:",
        }
        client.post(endpoint, content=body, headers=headers).raise_for_status()

    rendering: Measured = {}
    with (
        closing(_connected(database)) as connection,
        httpx.Client(timeout=None, trust_env=False) as client,  # noqa: S113 - on loopback
    ):
        whole = timed(publish)
    return {**whole, "rendering": rendering, "digest": digest.hex()}


def _insert(connection: sqlite3.Connection, lines: Path) -> None:
    with lines.open(encoding="utf-8") as stream:
        for line in stream:
            issue = json.loads(line)
            row = (issue["ref"]["id"], line.rstrip())
            connection.execute("INSERT OR REPLACE INTO issue VALUES (1, ?, ?)", row)


def _connected(database: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(database, isolation_level=None)  # each statement is committed
    connection.execute("PRAGMA synchronous = FULL")
    return connection
