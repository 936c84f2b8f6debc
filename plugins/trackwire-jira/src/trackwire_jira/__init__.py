"""The Jira provider: Cloud and Data Center, API versions 2 and 3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from trackwire.hookspecs import hookimpl
from trackwire.provider import (
    CredentialField,
    ExportContext,
    Exported,
    Provider,
)

if TYPE_CHECKING:
    from trackwire.connector import ConnectContext, Connector, Identity, Resource


def read_export(stream: BinaryIO, context: ExportContext) -> Iterator[Exported]:
    """Read issues out of a saved answer; see `trackwire_jira.export.read_export`."""
    from trackwire_jira import export  # its libraries are not needed to know the provider

    return export.read_export(stream, context)


def connect(context: ConnectContext) -> Connector:
    """Open the bound project for reading; see `trackwire_jira.connector.connect`."""
    from trackwire_jira import connector

    return connector.connect(context)


def verify(context: ConnectContext) -> Identity:
    """Ask Jira who the credentials are; see `trackwire_jira.connector.verify`."""
    from trackwire_jira import connector

    return connector.verify(context)


def discover(context: ConnectContext) -> Iterator[Resource]:
    """List the projects that the credentials can see; see `trackwire_jira.connector.discover`."""
    from trackwire_jira import connector

    return connector.discover(context)


@hookimpl
def trackwire_provider() -> Provider:
    """Return the provider `jira`."""
    return Provider(
        name="jira",
        title="Jira",
        api_version=1,
        resource_type="jira_project",
        credential_key="project_key",
        credential_fields=(
            CredentialField(
                name="base_url",
                help="The site's address, such as https://acme.atlassian.net",
                origin=True,
            ),
            CredentialField(
                name="email",
                help="The account's e-mail address; Cloud only, Data Center needs none",
                personal=True,
                required=False,
            ),
            CredentialField(
                name="api_token",
                help="Cloud: an API token of the account; Data Center: a personal access token",
                secret=True,
            ),
            CredentialField(
                name="project_key",
                help="The project's key, such as ACME: what stands before the dash in ACME-12",
            ),
        ),
        read_export=read_export,
        connect=connect,
        verify=verify,
        discover=discover,
        gateways=("https://api.atlassian.com",),  # a token with scopes is taken there alone
    )
