"""What commands take of credentials: options that are checked, and questions on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from trackwire.errors import UsageError

if TYPE_CHECKING:
    from trackwire.binding import Prospect
    from trackwire.provider import CredentialField, Provider


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person has given of credentials.

    Args:
        values: Values by field; a blank one says that the question was skipped.
        confirmed_origin: The origin that secrets were given to, or None before there was one.
    """

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    confirmed_origin: str | None = None

    @property
    def given(self) -> dict[str, str]:
        """The values without those that were skipped."""
        return {name: value for name, value in self.values.items() if value}


Choose = Callable[["CredentialField", Answers], str | None]
"""Has a person choose a field's value, or returns None where the plain question is to be asked."""


def ask(
    lookup: Callable[[Answers], Prospect],
    answers: Answers,
    choose: Choose = lambda _field, _answers: None,
) -> Answers:
    """Ask for every field that is missing, one after the other.

    Args:
        lookup: Tells what is missing after the answers so far.
        answers: What was given already.
        choose: Has the value of a field chosen.
    """
    while True:
        prospect = lookup(answers)
        wanted = next((f for f in prospect.missing if f.name not in answers.values), None)
        if wanted is None:
            return answers
        target = prospect.address if wanted.secret else None
        value = choose(wanted, answers)
        if value is None:
            value = _ask_well_formed(wanted, f" (for {target})" if target else "")
        answers = replace(
            answers,
            values={**answers.values, wanted.name: value},
            confirmed_origin=_origin(target) if target else answers.confirmed_origin,
        )


def complete_provider(
    _ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of an installed provider."""
    from trackwire.registry import ProviderRegistry

    names = ProviderRegistry().names()
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def pairs(
    _ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    """Read options of the form NAME=VALUE.

    Raises:
        click.BadParameter: One has no equals sign or no name.
    """
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            # The text itself is not shown: it may be a secret that was put in the wrong place.
            raise click.BadParameter("it takes NAME=VALUE", param=parameter)
        found[name.strip()] = value
    return found


def refuse_secrets(provider: Provider | None, name: str, plain: Mapping[str, str]) -> None:
    """Refuse secrets among what was typed as an argument.

    Args:
        provider: The registered provider, or None where every value counts as secret.
        name: The provider's name.
        plain: The values by field.

    Raises:
        UsageError: One of them is a secret.
    """
    from trackwire.errors import assignment

    secret = {f.name for f in provider.credential_fields if f.secret} if provider else set(plain)
    for given in plain:
        if given in secret:
            counts = f"counts as a secret: no plugin is in use for {name}"
            why = "is a secret" if provider else counts
            raise UsageError(
                f"--set {assignment(given)} would end up in the shell's history, and {given} "
                f"{why}; let it be asked for, set it in the environment, or "
                "give --credentials-stdin"
            )


def _ask_well_formed(wanted: CredentialField, suffix: str) -> str:
    from trackwire.origin import parse_address, require_safe

    while True:
        value = _ask(wanted, suffix)
        try:
            if wanted.origin and value:
                require_safe(parse_address(value), "credentials")
        except UsageError as error:
            click.echo(f"{error}; leave it blank to skip it", err=True)
        else:
            return value


def _ask(wanted: CredentialField, suffix: str) -> str:
    optional = "" if wanted.required else " (optional)"
    click.echo(wanted.help, err=True)
    answer = click.prompt(
        f"{wanted.name}{optional}{suffix}",
        default="",
        show_default=False,
        hide_input=wanted.secret,
        err=True,
    )
    return str(answer).strip()


def _origin(address: str) -> str:
    from trackwire.origin import origin_of

    return origin_of(address)
