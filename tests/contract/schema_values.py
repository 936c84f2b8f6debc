"""Values that a JSON Schema of the contracts allows, made by construction (JSON Schema 2020-12).

The library hypothesis-jsonschema reads no draft after 7, and fails with the Hypothesis of today.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator

Rules = dict[str, list[Any]]
"""Keyword -> its values in all the subschemas that apply to one place."""
Values = st.SearchStrategy[Any]

TYPES = {"null", "boolean", "integer", "number", "string", "array", "object"}
ANNOTATIONS = {"$schema", "$id", "$defs", "$comment", "title", "description", "examples", "default"}
UNDERSTOOD = {"type", "enum", "const", "pattern", "not", "minLength", "maxLength", "format", "if"}
UNDERSTOOD |= {"minimum", "maximum", "items", "minItems", "maxItems", "required", "properties"}
UNDERSTOOD |= {"additionalProperties", "anyOf"}

CHARACTERS = st.characters(exclude_categories=["Cs"])
NAMES = st.sampled_from(["x_new", "$ref", "a/b~c", ""]) | st.text(CHARACTERS, max_size=5)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-1e9, 1e9) | NAMES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=3,
)
FRACTIONS = ["", ".0", ".1", ".123456", ".999999999"]
LAST_SECOND = datetime(9999, 12, 31, 23, 59, 58)  # noqa: DTZ001 - the offset is added as text
"""A fraction that a reader rounds up stays within the years that there are."""
OFFSETS = ["Z", "+00:00", "-00:00", "+05:30", "-23:59"]


def values_of(schema: dict[str, Any], definition: str | None = None) -> Values:
    """Return the values that a schema allows, as JSON has them.

    An optional member is absent or present, and an open object has unknown members now and then.
    A `date-time` is one that the calendar has; no text has a lone surrogate, no integer a fraction.

    Args:
        schema: A JSON Schema whose references stay within its `$defs`.
        definition: The name of one of them, to take that instead of the whole.

    Raises:
        NotImplementedError: The schema uses a keyword that is not understood here.
    """
    definitions = schema.get("$defs", {})
    maker = _Maker(definitions)
    part = definitions[definition] if definition else schema
    return maker.matching(maker.values(maker.rules(part)), part)


class _Maker:
    """Makes strategies of schemas that share definitions."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self._definitions = definitions

    def matching(self, values: Values, *schemas: Any) -> Values:
        whole = {"allOf": schemas, "$defs": self._definitions}
        return values.filter(Draft202012Validator(whole).is_valid)

    def rules(self, *schemas: Any) -> Rules:
        rules: Rules = {}
        for keyword, value in (found for schema in schemas for found in self._keywords(schema)):
            if keyword not in UNDERSTOOD:
                raise NotImplementedError(f"no values are made for the keyword {keyword}")
            rules.setdefault(keyword, []).append(value)
        return rules

    def values(self, rules: Rules) -> Values:
        if "anyOf" in rules:
            first, *others = ({"anyOf": branches} for branches in rules["anyOf"])
            rest = _without(rules, "anyOf")
            return st.one_of([self.values(self._and(rest, p, *others)) for p in first["anyOf"]])
        if "if" in rules:
            return self._by_conditions(rules["if"], _without(rules, "if"))
        if choices := [*rules.get("enum", []), *([value] for value in rules.get("const", []))]:
            made = st.sampled_from([v for v in choices[0] if all(v in more for more in choices)])
        else:
            types = TYPES.intersection(*map(_listed, rules.get("type", [])))
            made = st.one_of([self._of_type(name, rules) for name in sorted(types)])
        refused = [{"not": schema} for schema in rules.get("not", [])]
        return self.matching(made, *refused) if refused else made

    def _keywords(self, schema: Any) -> Iterator[tuple[str, Any]]:
        members = schema if isinstance(schema, dict) else {} if schema else {"not": {}}
        for keyword, value in members.items():
            if keyword == "$ref":
                yield from self._keywords(self._definitions[value.removeprefix("#/$defs/")])
            elif keyword == "allOf":
                yield from (found for part in value for found in self._keywords(part))
            elif keyword == "if":
                yield "if", {"then": {}, "else": {}, **members}
            elif keyword not in {"then", "else", *ANNOTATIONS}:
                yield keyword, value

    def _and(self, rules: Rules, *schemas: Any) -> Rules:
        more = self.rules(*schemas)
        return {name: rules.get(name, []) + more.get(name, []) for name in rules | more}

    def _by_conditions(self, conditions: list[dict[str, Any]], rules: Rules) -> Values:
        met = [self._and(rules, schema["if"], schema["then"]) for schema in conditions]
        unmet = self._and(rules, *(schema["else"] for schema in conditions))
        made = st.one_of([self.values(each) for each in [*met, unmet]])
        outcomes = [
            {name: schema[name] for name in ("if", "then", "else")} for schema in conditions
        ]
        return self.matching(made, *outcomes)

    def _of_type(self, name: str, rules: Rules) -> Values:
        low, high = max(rules.get("minimum", [-1000])), min(rules.get("maximum", [10**6]))
        made: dict[str, Callable[[], Values]] = {
            "null": st.none,
            "boolean": st.booleans,
            "integer": lambda: st.integers(low, high),
            "number": lambda: st.floats(low, high),
            "string": lambda: _texts(rules),
            "array": lambda: self._arrays(rules),
            "object": lambda: self._objects(rules),
        }
        return made[name]()

    def _arrays(self, rules: Rules) -> Values:
        items = self.values(self.rules(*rules.get("items", [])))
        shortest = max(rules.get("minItems", [0]))
        longest = min([*rules.get("maxItems", []), shortest + 3])
        return st.lists(items, min_size=shortest, max_size=longest)

    def _objects(self, rules: Rules) -> Values:
        required = {name for names in rules.get("required", []) for name in names}
        parts: dict[str, list[Any]] = {name: [] for name in sorted(required)}
        for name, schema in (m for group in rules.get("properties", []) for m in group.items()):
            parts.setdefault(name, []).append(schema)
        members = {name: self.values(self.rules(*schemas)) for name, schemas in parts.items()}
        needed = {name: values for name, values in members.items() if name in required}
        optional = {name: values for name, values in members.items() if name not in required}
        known = st.fixed_dictionaries(needed, optional=optional)
        others = rules.get("additionalProperties", [])
        if False in others:
            return known
        names = NAMES.filter(lambda name: name not in members)
        values = self.values(self.rules(*others)) if others else ANYTHING
        unknown: Values = st.just({}) | st.dictionaries(names, values, max_size=2)
        return st.builds(operator.or_, known, unknown)


def _texts(rules: Rules) -> st.SearchStrategy[str]:
    patterns = [re.compile(pattern, re.ASCII) for pattern in rules.get("pattern", [])]
    shortest = max(rules.get("minLength", [0]))
    longest = min([*rules.get("maxLength", []), shortest + 12])
    refused = [rule["pattern"] for rule in rules.get("not", []) if "pattern" in rule]
    if "date-time" in rules.get("format", []):
        return _times(patterns)

    def is_clean(character: str) -> bool:
        return not any(re.search(pattern, character) for pattern in refused)

    if patterns:
        alphabet = "".join(filter(is_clean, map(chr, range(128))))
        found = st.from_regex(patterns[0], alphabet=alphabet)
        return found.filter(lambda text: all(pattern.search(text) for pattern in patterns))
    alphabets = [CHARACTERS.filter(is_clean), CHARACTERS] if refused else [CHARACTERS]
    return st.one_of([st.text(each, min_size=shortest, max_size=longest) for each in alphabets])


def _times(patterns: list[re.Pattern[str]]) -> st.SearchStrategy[str]:
    ends = [fraction + offset for fraction in FRACTIONS for offset in OFFSETS]
    fitting = [end for end in ends if all(p.search(f"2026-11-22T10:00:00{end}") for p in patterns)]
    seconds = st.datetimes(max_value=LAST_SECOND).map(lambda t: t.isoformat(timespec="seconds"))
    return st.builds(operator.add, seconds, st.sampled_from(fitting))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _without(rules: Rules, name: str) -> Rules:
    return {other: rules[other] for other in rules if other != name}
