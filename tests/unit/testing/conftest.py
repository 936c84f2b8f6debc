"""Plugins that are written for one test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]

SOURCE = """
from trackwire.hookspecs import hookimpl
from trackwire.provider import CredentialField, Provider
{above}

@hookimpl
def trackwire_provider():
    return Provider(
        name="acme",
        title={title},
        api_version={api_version},
        resource_type="acme_board",
        credential_key="board",
        credential_fields=(CredentialField(name="board", help="The board's short name"),),
        {more}
    )
"""


@pytest.fixture
def written(tmp_path: Path, installed: Callable[..., object]) -> Write:
    """Writes a plugin as the distribution acme-plugin 1.2, and puts it on the import path.

    Its provider is sound but for what the test changes.
    """
    del installed  # it puts the import path and the imported modules back

    def write(
        above: str = "",
        *,
        title: str = '"Acme"',
        api_version: str = "1",
        more: str = "",
        points: str = "",
        monkeypatch: pytest.MonkeyPatch,
    ) -> Path:
        site = tmp_path / "site"
        info = site / "acme_plugin-1.2.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-plugin\nVersion: 1.2\n")
        claim = "[trackwire.providers]\nacme = fake_acme_plugin\n"
        (info / "entry_points.txt").write_text(claim + points)
        source = SOURCE.format(above=above, title=title, api_version=api_version, more=more)
        (site / "fake_acme_plugin.py").write_text(source)
        monkeypatch.syspath_prepend(site)
        return site

    return write
