"""Lists the public names of the plugin API with their signatures, as the source writes them.

Nothing is imported or evaluated, so the listing is the same whatever Python or library runs it.

    PYTHONPATH=tests python -m contract.public_surface       # writes it anew, and the rules
"""

from __future__ import annotations

import ast
import contextlib
import copy
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeGuard, TypeVar

from contract.documents import CONTRACTS

DOCUMENT = CONTRACTS / "provider-plugin.md"
LISTING = CONTRACTS / "provider-plugin-api.txt"
COMMAND = "PYTHONPATH=tests python -m contract.public_surface"
PUBLIC_MODULES = (
    "trackwire.hookspecs",
    "trackwire.provider",
    "trackwire.context",
    "trackwire.connector",
    "trackwire.model",
    "trackwire.errors",
    "trackwire.secret",
    "trackwire.origin",
    "trackwire.answers",
    "trackwire.windows",
    "trackwire.records",
    "trackwire.fetching",
    "trackwire.fetching.renewal",
    "trackwire.testing",
    "trackwire.testing.faults",
)

_LINE = 100
_RULES_BEGIN = "<!-- rules: written by the command at the end -->"
_RULES_END = "<!-- /rules -->"
_SPECIAL_METHODS = frozenset(
    {"__init__", "__call__", "__enter__", "__exit__", "__iter__", "__init_subclass__"}
)
_TYPE_VARIABLES = frozenset({"TypeVar", "ParamSpec", "TypeVarTuple"})

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef | ast.Assign | ast.AnnAssign
T = TypeVar("T", bound=Definition)


@dataclass(frozen=True)
class Module:
    """The statements of a module that bind names, those for type checkers among them."""

    name: str
    body: Sequence[ast.stmt]

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        return dict(_definitions(self.body))

    @cached_property
    def imports(self) -> dict[str, tuple[str, str]]:
        return dict(_imports(self.body))

    @cached_property
    def public_names(self) -> list[str]:
        """The names of its `__all__`, or else all that it defines without an underscore."""
        listed = _value(self.definitions.get("__all__"))
        if listed is not None:
            return sorted(ast.literal_eval(listed))
        return sorted(
            name
            for name, definition in self.definitions.items()
            if not name.startswith("_") and not _is_type_variable(definition)
        )


@dataclass
class Surface:
    """Renders the public names of modules under one folder.

    Args:
        root: The folder of the package `trackwire`.
        modules: The public modules.
    """

    root: Path
    modules: Sequence[str] = PUBLIC_MODULES
    _read: dict[str, Module] = field(default_factory=dict)

    def listing(self) -> str:
        return "\n".join("\n".join(self._module(name)) + "\n" for name in self.modules)

    def names(self) -> dict[str, list[str]]:
        return {name: self.module(name).public_names for name in self.modules}

    def fields(self, module: str, name: str) -> list[str]:
        """The fields of a public class, in their order, those of its bases first."""
        home, definition = self._found(module, name)
        assert isinstance(definition, ast.ClassDef)
        inherited = [
            each
            for base in definition.bases
            if isinstance(base, ast.Name) and self._is_ours(home, base.id)
            for each in self.fields(home.name, base.id)
        ]
        return inherited + [
            each.target.id
            for each in definition.body
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
        ]

    def homes(self) -> set[str]:
        """The public names, each under the module that defines it."""
        return {
            f"{self._found(module, name)[0].name}.{name}"
            for module, names in self.names().items()
            for name in names
        }

    def handed_out(self) -> set[str]:
        """The classes and aliases of Trackwire's in the annotations of the public names.

        Each under the module that defines it; those that are public themselves among them.
        """
        found: set[str] = set()
        for module, names in self.names().items():
            for public in names:
                home, definition = self._found(module, public)
                for annotation in _annotations(definition):
                    found.update(self._ours_in(home, annotation))
        return found

    def _ours_in(self, home: Module, annotation: ast.expr) -> Iterator[str]:
        for name in _names_in(annotation):
            if self._is_ours(home, name):
                where, definition = self._found(home.name, name)
                if not _is_type_variable(definition):
                    yield f"{where.name}.{name}"

    def module(self, name: str) -> Module:
        if name not in self._read:
            path = self.root.joinpath(*name.split(".")[1:])
            file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
            self._read[name] = Module(name, ast.parse(file.read_text("utf-8")).body)
        return self._read[name]

    def _module(self, name: str) -> Iterator[str]:
        yield f"[{name}]"
        module = self.module(name)
        for public in module.public_names:
            home = module.imports.get(public)
            if home and {home[0], ".".join(home)} & set(self.modules):
                yield f"{public} = {'.'.join(home)}"
            else:
                yield from self._rendered(*self._found(name, public))

    def _found(self, module: str, name: str) -> tuple[Module, Definition]:
        home = self.module(module)
        if name in home.definitions:
            return home, home.definitions[name]
        if name not in home.imports:
            raise LookupError(f"{module} neither defines nor imports its public name {name}")
        return self._found(*home.imports[name])

    def _is_ours(self, module: Module, name: str) -> bool:
        origin = module.imports.get(name, ("", ""))[0]
        return name in module.definitions or origin.startswith("trackwire.")

    def _rendered(self, home: Module, definition: Definition) -> Iterator[str]:
        if isinstance(definition, Function):
            yield from _function(self._spelt_out(home, definition))
        elif isinstance(definition, ast.ClassDef):
            yield from _decorators(definition)
            arguments = [*map(ast.unparse, definition.bases), *_keywords(definition)]
            yield f"class {definition.name}" + (f"({', '.join(arguments)})" if arguments else "")
            yield from (f"    {line}" for line in self._members(home, definition))
        else:
            yield ast.unparse(definition)

    def _members(self, home: Module, definition: ast.ClassDef) -> Iterator[str]:
        for base in definition.bases:
            if isinstance(base, ast.Name) and self._is_hidden(home, base.id):
                hidden = self._found(home.name, base.id)
                assert isinstance(hidden[1], ast.ClassDef)
                yield from self._members(hidden[0], hidden[1])
        for member in definition.body:
            if isinstance(member, ast.AnnAssign | ast.Assign) and _bound_name(member)[:1] != "_":
                yield ast.unparse(self._spelt_out(home, member))
        for name, kind in _attributes(definition).items():
            yield f"self.{name}" + (f": {ast.unparse(kind)}" if kind else "")
        for method in sorted(_methods(definition), key=lambda each: each.name):
            if _is_public(method):
                yield from _function(self._spelt_out(home, method))

    def _spelt_out(self, home: Module, definition: T) -> T:
        """Put the values of the core's constants in the place of their names in defaults."""
        spelt = copy.deepcopy(definition)
        if isinstance(spelt, Function):
            for defaults in (spelt.args.defaults, spelt.args.kw_defaults):
                defaults[:] = [self._constant(home, default) for default in defaults]
        elif isinstance(spelt, ast.AnnAssign):
            spelt.value = self._constant(home, spelt.value)
        return spelt

    def _constant(self, home: Module, default: Any) -> Any:
        if isinstance(default, ast.Name) and self._is_ours(home, default.id):
            return _value(self._found(home.name, default.id)[1]) or default
        return default

    def _is_hidden(self, module: Module, name: str) -> bool:
        """Whether a base class is Trackwire's and not listed itself."""
        if not self._is_ours(module, name):
            return False
        home, _ = self._found(module.name, name)
        return f"{home.name}.{name}" not in self.homes()


def installed_root() -> Path:
    """The folder of the package as it is installed."""
    spec = importlib.util.find_spec("trackwire")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


def with_rules(document: str) -> str:
    """Put the table of the kit's rules in its place in the document."""
    from trackwire.testing import RULES

    head, begin, rest = document.partition(_RULES_BEGIN)
    _, end, tail = rest.partition(_RULES_END)
    assert begin
    assert end
    rows = [f"| `{rule.id}` | {rule.text.replace('|', '&#124;')} |" for rule in RULES]
    table = "\n".join(["| rule | what the plugin does |", "|---|---|", *rows])
    return f"{head}{begin}\n\n{table}\n\n{end}{tail}"


def _definitions(body: Sequence[ast.stmt]) -> Iterator[tuple[str, Definition]]:
    for statement in body:
        if isinstance(statement, Function | ast.ClassDef):
            yield statement.name, statement
        elif isinstance(statement, ast.Assign | ast.AnnAssign) and _bound_name(statement):
            yield _bound_name(statement), statement
        elif isinstance(statement, ast.If):
            yield from _definitions(statement.body)


def _imports(body: Sequence[ast.stmt]) -> Iterator[tuple[str, tuple[str, str]]]:
    for statement in body:
        if isinstance(statement, ast.ImportFrom) and statement.module:
            for alias in statement.names:
                yield alias.asname or alias.name, (statement.module, alias.name)
        elif isinstance(statement, ast.If):
            yield from _imports(statement.body)


def _bound_name(statement: ast.Assign | ast.AnnAssign) -> str:
    target = statement.target if isinstance(statement, ast.AnnAssign) else statement.targets[0]
    return target.id if isinstance(target, ast.Name) else ""


def _value(definition: Definition | None) -> ast.expr | None:
    return definition.value if isinstance(definition, ast.Assign | ast.AnnAssign) else None


def _is_type_variable(definition: Definition) -> bool:
    value = _value(definition)
    return isinstance(value, ast.Call) and ast.unparse(value.func) in _TYPE_VARIABLES


def _keywords(definition: ast.ClassDef) -> list[str]:
    return [f"{each.arg}={ast.unparse(each.value)}" for each in definition.keywords]


def _methods(definition: ast.ClassDef) -> list[Function]:
    return [each for each in definition.body if isinstance(each, Function)]


def _is_public(method: Function) -> bool:
    return not method.name.startswith("_") or method.name in _SPECIAL_METHODS


def _attributes(definition: ast.ClassDef) -> dict[str, ast.expr | None]:
    """The public attributes that any method of a class sets, with their annotations or None.

    What the class body declares, and a setter of its own, are listed there.
    """
    nodes = [node for method in _methods(definition) for node in ast.walk(method)]
    kinds = {id(node.target): node.annotation for node in nodes if isinstance(node, ast.AnnAssign)}
    declared = [each for each in definition.body if isinstance(each, ast.AnnAssign | ast.Assign)]
    listed = {*map(_bound_name, declared), *(method.name for method in _methods(definition))}
    found: dict[str, ast.expr | None] = {}
    for node in nodes:
        if _is_set_on_self(node) and not node.attr.startswith("_") and node.attr not in listed:
            found[node.attr] = found.get(node.attr) or kinds.get(id(node))
    return dict(sorted(found.items()))


def _is_set_on_self(node: ast.AST) -> TypeGuard[ast.Attribute]:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    )


def _annotations(definition: Definition) -> Iterator[ast.expr]:
    """What a definition says of types: annotations, base classes, and what an alias stands for."""
    if isinstance(definition, Function):
        arguments = definition.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [each for each in (arguments.vararg, arguments.kwarg) if each]
        yield from (each.annotation for each in every if each.annotation)
        if definition.returns:
            yield definition.returns
    elif isinstance(definition, ast.ClassDef):
        yield from definition.bases
        yield from (kind for kind in _attributes(definition).values() if kind)
        for member in definition.body:
            if isinstance(member, Function) and _is_public(member):
                yield from _annotations(member)
            elif isinstance(member, ast.AnnAssign) and not _bound_name(member).startswith("_"):
                yield member.annotation
    elif isinstance(definition, ast.AnnAssign):
        yield definition.annotation
    else:
        yield definition.value


def _names_in(annotation: ast.expr) -> Iterator[str]:
    """The names in an annotation, those in quotes among them."""
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            with contextlib.suppress(SyntaxError):  # a text that is none, as in Literal["a b"]
                yield from _names_in(ast.parse(node.value, mode="eval").body)


def _decorators(definition: Function | ast.ClassDef) -> Iterator[str]:
    yield from (f"@{ast.unparse(each)}" for each in definition.decorator_list)


def _function(definition: Function) -> Iterator[str]:
    yield from _decorators(definition)
    kind = "async def" if isinstance(definition, ast.AsyncFunctionDef) else "def"
    returned = f" -> {ast.unparse(definition.returns)}" if definition.returns else ""
    parameters = list(_parameters(definition.args))
    line = f"{kind} {definition.name}({', '.join(parameters)}){returned}"
    if len(line) <= _LINE:
        yield line
        return
    yield f"{kind} {definition.name}("
    yield from (f"    {each}," for each in parameters)
    yield f"){returned}"


def _parameters(arguments: ast.arguments) -> Iterator[str]:
    positional = [*arguments.posonlyargs, *arguments.args]
    missing = len(positional) - len(arguments.defaults)
    defaults = [None] * missing + list(arguments.defaults)
    for index, (parameter, default) in enumerate(zip(positional, defaults, strict=True), start=1):
        yield _parameter(parameter, default)
        if index == len(arguments.posonlyargs):
            yield "/"
    if arguments.vararg:
        yield f"*{_parameter(arguments.vararg, None)}"
    elif arguments.kwonlyargs:
        yield "*"
    for parameter, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield _parameter(parameter, default)
    if arguments.kwarg:
        yield f"**{_parameter(arguments.kwarg, None)}"


def _parameter(parameter: ast.arg, default: ast.expr | None) -> str:
    annotation = f": {ast.unparse(parameter.annotation)}" if parameter.annotation else ""
    if default is None:
        return f"{parameter.arg}{annotation}"
    equals = " = " if annotation else "="
    return f"{parameter.arg}{annotation}{equals}{ast.unparse(default)}"


if __name__ == "__main__":
    LISTING.write_text(Surface(installed_root()).listing(), "utf-8")
    DOCUMENT.write_text(with_rules(DOCUMENT.read_text("utf-8")), "utf-8")
