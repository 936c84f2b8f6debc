"""A plugin that is written for one test."""

from __future__ import annotations

from pathlib import Path

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


def write_plugin(
    place: Path,
    above: str = "",
    *,
    title: str = '"Acme"',
    api_version: str = "1",
    more: str = "",
    points: str = "",
) -> Path:
    """Write a plugin as the distribution acme-plugin 1.2, and return where it is installed.

    Its provider is sound but for the changes.
    """
    site = place / "site"
    info = site / "acme_plugin-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-plugin\nVersion: 1.2\n")
    claim = "[trackwire.providers]\nacme = fake_acme_plugin\n"
    (info / "entry_points.txt").write_text(claim + points)
    source = SOURCE.format(above=above, title=title, api_version=api_version, more=more)
    (site / "fake_acme_plugin.py").write_text(source)
    return site
