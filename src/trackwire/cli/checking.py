"""`trackwire plugin check`: the rules of the conformance kit on installed plugins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from trackwire.cli.options import finite
from trackwire.cli.output import Output, json_option

if TYPE_CHECKING:
    from trackwire.discovery import Found, Unreadable
    from trackwire.testing.rules.rule import Rule, Verdict

_BROKEN = 1
_LONGEST = 3600  # seconds
_MARKS = {"passed": "ok", "failed": "FAILED", "not_concerned": "-", "not_checked": "-"}
_WIDEST_MARK = len("FAILED")


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--rule", "chosen", metavar="ID", multiple=True, help="Check this rule alone.")
@click.option(
    "--timeout",
    "time_limit",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True, max=_LONGEST),
    callback=finite,
    default=30.0,
    show_default=True,
    help="How long the load of a plugin, and a rule, may take.",
)
@click.option("--list", "listed", is_flag=True, help="List the rules, and check nothing.")
@json_option
@click.pass_obj
def check(
    output: Output,
    names: tuple[str, ...],
    chosen: tuple[str, ...],
    time_limit: float,
    listed: bool,  # noqa: FBT001 - click's form
) -> None:
    """Check that installed plugins keep the rules that provider plugins keep.

    NAME is a provider's or a distribution's name; without one, every installed plugin is checked
    that is not switched off. A plugin is loaded in processes of its own, and reads a made-up
    tracker on this machine; no tracker, hub or credential of yours is used.

    The exit code is 1 if a rule is broken.
    """
    from trackwire.testing.subject import claims_named

    rules = _chosen_rules(chosen)
    if listed:
        output.say({"rules": list(map(_rule_document, rules))}, _rule_lines(rules))
        return
    documents, counts = [], Counter[str]()
    installed = claims_named(names)
    for each in installed if names else _switched_on(output, installed):
        verdicts = _verdicts(output, each, rules, time_limit)
        counts.update(verdict.outcome.value for verdict in verdicts)
        documents.append(_document(each, verdicts))
        if not output.as_json:
            for line in _lines(each, verdicts):
                output.tell(line)
    broken = counts["failed"] > 0
    document = {"ok": not broken, "plugins": documents, "counts": {n: counts[n] for n in _MARKS}}
    output.say(document, [] if documents else [f"nothing was checked: {_lack(installed)}"])
    if broken:
        raise click.exceptions.Exit(_BROKEN)


def _chosen_rules(chosen: tuple[str, ...]) -> list[Rule]:
    from trackwire.errors import UsageError
    from trackwire.testing.rules import RULES

    for rule_id in chosen:
        if rule_id not in {rule.id for rule in RULES}:
            raise UsageError(f"there is no rule {rule_id!r}; see: trackwire plugin check --list")
    return [rule for rule in RULES if not chosen or rule.id in chosen]


def _switched_on(
    output: Output, installed: Iterable[Found | Unreadable]
) -> Iterator[Found | Unreadable]:
    from trackwire.registry import DISABLE_VARIABLE, is_switched_off

    for each in installed:
        if is_switched_off(*_names_of(each)):
            output.note(f"{each} is switched off by {DISABLE_VARIABLE}, and is not checked")
        else:
            yield each


def _lack(installed: Collection[object]) -> str:
    """Tell why there is nothing to check."""
    if installed:
        return "every provider plugin is switched off; name the one to check"
    return "no provider plugin is installed"


def _names_of(each: Found | Unreadable) -> tuple[str, ...]:
    name = getattr(each, "name", None)
    return (each.dist,) if name is None else (name, each.dist)


def _verdicts(
    output: Output, each: Found | Unreadable, rules: list[Rule], time_limit: float
) -> list[Verdict]:
    from trackwire.discovery import Unreadable
    from trackwire.testing.isolation import isolated_verdicts
    from trackwire.testing.verdicts import verdicts_of_unreadable

    if isinstance(each, Unreadable):
        return list(verdicts_of_unreadable(each, rules))
    with output.running(f"{each.name}: loading {each}") as show:

        def begins(rule: Rule) -> None:
            show(f"{each.name}: {rule.id}")

        return list(isolated_verdicts(each, rules, time_limit=time_limit, begins=begins))


def _document(each: Found | Unreadable, verdicts: Iterable[Verdict]) -> dict[str, Any]:
    return {
        "name": getattr(each, "name", None),
        "distribution": each.dist,
        "version": each.version,
        "verdicts": [
            {
                "rule": verdict.rule.id,
                "outcome": verdict.outcome.value,
                "detail": verdict.detail or None,
                "text": verdict.rule.text,
                "reason": verdict.rule.reason,
                "remedy": verdict.rule.remedy,
            }
            for verdict in verdicts
        ],
    }


def _lines(each: Found | Unreadable, verdicts: list[Verdict]) -> Iterator[str]:
    yield f"{getattr(each, 'name', None) or '(unknown)'} ({each})"
    width = max((len(verdict.rule.id) for verdict in verdicts), default=0)
    indent = " " * (_WIDEST_MARK + 4)
    for verdict in verdicts:
        rule = verdict.rule
        mark = _MARKS[verdict.outcome.value]
        unchecked = "  (not checked: see above)" if verdict.outcome == "not_checked" else ""
        yield f"  {mark:<{_WIDEST_MARK}}  {rule.id:<{width}}  {rule.text}{unchecked}"
        if verdict.outcome == "failed":
            yield f"{indent}found:  {verdict.detail}"
            yield f"{indent}why:    {rule.reason}"
            yield f"{indent}remedy: {rule.remedy}"
    yield f"  {_sum(verdicts)}"


def _sum(verdicts: list[Verdict]) -> str:
    counts = Counter(verdict.outcome.value for verdict in verdicts)
    parts = [f"{counts['passed']} kept", f"{counts['failed']} broken"]
    for outcome, words in (("not_concerned", "not concerned"), ("not_checked", "not checked")):
        if counts[outcome]:
            parts.append(f"{counts[outcome]} {words}")
    return f"rules: {', '.join(parts)}"


def _rule_document(rule: Rule) -> dict[str, str]:
    return {
        "rule": rule.id,
        "text": rule.text,
        "reason": rule.reason,
        "remedy": rule.remedy,
        "need": rule.need.value,
    }


def _rule_lines(rules: list[Rule]) -> list[str]:
    width = max((len(rule.id) for rule in rules), default=0)
    return [f"{rule.id:<{width}}  {rule.text}" for rule in rules]
