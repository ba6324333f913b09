"""The rules of the source tree, and the checker that enforces them without importing anything.

`LAYERS` is the whole map: which layer may import which, and what else a layer must keep out. An import counts however
it is made: at the top, inside a function, for types only, or through `import_module("...")`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

# --- the rules ---

# All that the pure part may import from outside. By list, for whatever else there is may hold a way to time, chance,
# files, the network or a database.
# fmt: off
PURE = frozenset({
    "__future__", "ast", "bisect", "collections", "contextlib", "dataclasses", "decimal", "enum", "functools",
    "hashlib", "heapq", "itertools", "json", "math", "operator", "pydantic", "re", "types", "typing", "warnings",
})
# fmt: on

# What needs no import to reach outside, or to differ from process to process, as the hash of a text does.
EFFECTS = frozenset({"__builtins__", "__import__", "breakpoint", "eval", "exec", "hash", "input", "open", "print"})
# Writes the methods of dataclasses out of their own fields.
EXEMPT = {"orchestrator.core.light": frozenset({"exec"})}


@dataclass(frozen=True)
class Layer:
    """One layer: the other layers it may import, and whether it is pure: without effects, clock and chance."""

    may_import: frozenset[str] = frozenset()
    is_pure: bool = False


def layer(may_import: str = "", *, is_pure: bool = False) -> Layer:
    """Write a layer of `orchestrator` with the short names of its neighbours."""
    return Layer(frozenset(f"orchestrator.{name}" for name in may_import.split()), is_pure)


# A module belongs to the longest name here that its own name begins with; the bare root stands for itself alone.
LAYERS: dict[str, Layer] = {
    "orchestrator.errors": layer(is_pure=True),
    "orchestrator.background": layer(),
    "orchestrator.passwords": layer(is_pure=True),
    "orchestrator.money": layer("errors", is_pure=True),
    "orchestrator.journal": layer("errors", is_pure=True),
    "orchestrator.ledger": layer("errors money", is_pure=True),
    "orchestrator.core": layer("errors money journal ledger", is_pure=True),
    "orchestrator.bidding": layer("errors money core"),
    "orchestrator.telemetry": layer("errors money core bidding"),
    "orchestrator.plugins": layer("errors"),
    "orchestrator.store": layer("errors money journal ledger passwords"),
    "orchestrator.judges": layer("errors money core bidding background plugins"),
    "orchestrator.models": layer("errors money core bidding plugins"),
    "orchestrator.comparing": layer("errors money core bidding telemetry"),
    "orchestrator.config": layer("errors money core bidding plugins passwords"),
    "orchestrator.engine": layer("errors money journal ledger core bidding telemetry plugins store"),
    "orchestrator.record": layer("errors money journal ledger core store engine passwords"),
    "orchestrator.practice": layer("errors money ledger core bidding plugins store engine"),
    "orchestrator.progress": layer("errors money journal core store record"),
    "orchestrator.api": layer(
        "errors money journal ledger core bidding telemetry plugins store judges comparing config engine record"
    ),
    "orchestrator.testing": layer("errors money core bidding plugins judges config engine api"),
    "orchestrator.cli": layer(
        "errors money journal ledger core bidding plugins store judges comparing config engine record practice "
        "progress api passwords"
    ),
    # The root hands out the public names, and nothing inside the package goes back up to it.
    "orchestrator": layer(
        "errors money journal ledger core bidding telemetry plugins store judges models comparing config engine record "
        "api testing background",
    ),
    # As a stranger's plugin would: the public names and the testing kit.
    "bidders": Layer(frozenset({"orchestrator", "orchestrator.errors", "orchestrator.testing"})),
}

ROOT_PACKAGE = "orchestrator"
PACKAGES = ("orchestrator", "bidders")
NEVER_IMPORTED = frozenset({"tests", "benchmarks"})
FORBIDDEN_WORDS = frozenset({"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"})
MODULE_LINES_MAX = 500
FUNCTION_LINES_MAX = 80


# --- findings ---


class Rule(StrEnum):
    """What a finding is about."""

    SYNTAX = "syntax"
    LAYER = "layer"
    UNLISTED = "unlisted-module"
    EXTERNAL = "forbidden-import"
    EFFECT = "forbidden-builtin"
    CYCLE = "import-cycle"
    NAME = "forbidden-name"
    MODULE_LENGTH = "module-too-long"
    FUNCTION_LENGTH = "function-too-long"


@dataclass(frozen=True, order=True)
class Finding:
    """One broken rule, at one line of one file."""

    path: str
    line: int
    rule: Rule
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


@dataclass(frozen=True)
class Import:
    """One imported module, by its full name."""

    target: str
    line: int
    how: str


@dataclass(frozen=True)
class Module:
    """One parsed source file; `package` is what its relative imports start from."""

    name: str
    package: str
    path: str
    source: str
    tree: ast.Module


# --- reading ---


def check(root: Path, layers: Mapping[str, Layer] = LAYERS) -> list[Finding]:
    """Check every module of the packages under `root`; a package that is not there yet breaks no rule."""
    modules, findings = _read(root)
    names = {module.name for module in modules} | set(layers)
    collected = {module.name: _collected(module, names, _is_pure(module, layers)) for module in modules}
    imports = {name: collector.found for name, collector in collected.items()}
    for module in modules:
        findings += _check_imports(module, imports[module.name], layers)
        findings += _check_effects(module, collected[module.name].effects)
        findings += _check_file(module, collected[module.name].functions)
    findings += _check_cycles({module.name: module for module in modules}, imports)
    return sorted(findings)


def _read(root: Path) -> tuple[list[Module], list[Finding]]:
    modules, findings = [], []
    for file in sorted(file for package in PACKAGES for file in (root / package).rglob("*.py")):
        path = file.relative_to(root)
        parts = path.with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        package = name if is_package else name.rpartition(".")[0]
        source = file.read_text(encoding="utf-8")
        try:
            tree = ast.parse(source)
        except SyntaxError as error:
            findings.append(Finding(path.as_posix(), error.lineno or 1, Rule.SYNTAX, error.msg))
        else:
            modules.append(Module(name, package, path.as_posix(), source, tree))
    return modules, findings


class _Collector(ast.NodeVisitor):
    """Gathers the imports of one module, however they are made, its functions, and its effects where it is pure.

    All in one walk, for walks take long.
    """

    def __init__(self, module: Module, names: Iterable[str], is_pure: bool) -> None:
        self.found: list[Import] = []
        self.effects: list[ast.Name] = []
        self.functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
        self._module = module
        self._names = set(names)
        self._context = ["eager"]
        self._importers = {"__import__", "import_module"}
        imports = any(importer in module.source for importer in self._importers)
        self._is_pure = is_pure
        self._reads_expressions = imports or is_pure

    def generic_visit(self, node: ast.AST) -> None:
        """Visit what is inside; expressions, most of a module, only where one of them may be of interest."""
        for child in ast.iter_child_nodes(node):
            if self._reads_expressions or not isinstance(child, ast.expr):
                self.visit(child)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(alias.name, node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = self._absolute(node.module or "", node.level)
        for alias in node.names:
            if base == "importlib" and alias.name == "import_module":
                self._importers.add(alias.asname or alias.name)
            # `from package import name` imports a module if there is one of that name, else something in the package.
            inside = f"{base}.{alias.name}"
            self._add(inside if inside in self._names else base, node.lineno)

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
        if called in self._importers:
            for value in [*node.args[:1], *(keyword.value for keyword in node.keywords if keyword.arg == "name")]:
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    name = value.value.lstrip(".")
                    self._add(self._absolute(name, len(value.value) - len(name)), node.lineno, "dynamic")
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if self._is_pure and node.id in EFFECTS and isinstance(node.ctx, ast.Load):
            self.effects.append(node)

    def visit_If(self, node: ast.If) -> None:
        test = node.test.attr if isinstance(node.test, ast.Attribute) else getattr(node.test, "id", None)
        if test != "TYPE_CHECKING":
            self.generic_visit(node)
            return
        self._visit_within("type-only", node.body)
        for child in node.orelse:
            self.visit(child)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._visit_function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._visit_function(node)

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.functions.append(node)
        self._visit_within("deferred", ast.iter_child_nodes(node))

    def _visit_within(self, context: str, nodes: Iterable[ast.AST]) -> None:
        self._context.append(context)
        for node in nodes:
            self.visit(node)
        self._context.pop()

    def _absolute(self, name: str, level: int) -> str:
        if not level:
            return name
        package = self._module.package.split(".")
        return ".".join([*package[: len(package) - level + 1], *filter(None, [name])])

    def _add(self, target: str, line: int, how: str | None = None) -> None:
        found = Import(target, line, how or self._context[-1])
        if found not in self.found:
            self.found.append(found)


def _collected(module: Module, names: Iterable[str], is_pure: bool) -> _Collector:
    collector = _Collector(module, names, is_pure)
    collector.visit(module.tree)
    return collector


# --- judging ---


def layer_of(module: str, layers: Mapping[str, Layer] = LAYERS) -> str | None:
    """Name the layer that a module belongs to, or None if the table has no place for it."""
    if module == ROOT_PACKAGE:
        return module if module in layers else None
    parts = module.split(".")
    prefixes = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((prefix for prefix in prefixes if prefix in layers and prefix != ROOT_PACKAGE), None)


def _check_imports(module: Module, imports: Iterable[Import], layers: Mapping[str, Layer]) -> Iterator[Finding]:
    own = layer_of(module.name, layers)
    if own is None:
        yield Finding(
            module.path, 1, Rule.UNLISTED, f"{module.name} is in no layer: give it a place in tests/layers.py"
        )
        return
    for found in imports:
        top = found.target.partition(".")[0]
        if top in PACKAGES:
            target = layer_of(found.target, layers)
            if target != own and target not in layers[own].may_import:
                message = f"{own} may not import {found.target} ({found.how})"
                yield Finding(module.path, found.line, Rule.LAYER, message)
        elif top in NEVER_IMPORTED or (layers[own].is_pure and top not in PURE):
            message = f"{own} may not import {found.target} ({found.how})"
            yield Finding(module.path, found.line, Rule.EXTERNAL, message)


def _is_pure(module: Module, layers: Mapping[str, Layer]) -> bool:
    own = layer_of(module.name, layers)
    return own is not None and layers[own].is_pure


def _check_effects(module: Module, effects: Iterable[ast.Name]) -> Iterator[Finding]:
    for found in effects:
        if found.id not in EXEMPT.get(module.name, ()):
            message = f"{module.name} is pure, and may not use `{found.id}`"
            yield Finding(module.path, found.lineno, Rule.EFFECT, message)


def _check_file(module: Module, functions: Iterable[ast.FunctionDef | ast.AsyncFunctionDef]) -> Iterator[Finding]:
    words = module.name.rpartition(".")[2].lower().split("_")
    for word in sorted(FORBIDDEN_WORDS.intersection(words)):
        yield Finding(module.path, 1, Rule.NAME, f"'{word}' says nothing: name the module for what it knows")
    lines = len(module.source.splitlines())
    if lines > MODULE_LINES_MAX:
        message = f"{lines} lines, at most {MODULE_LINES_MAX}"
        yield Finding(module.path, MODULE_LINES_MAX + 1, Rule.MODULE_LENGTH, message)
    for node in functions:
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > FUNCTION_LINES_MAX:
            message = f"{node.name} has {length} lines, at most {FUNCTION_LINES_MAX}"
            yield Finding(module.path, node.lineno, Rule.FUNCTION_LENGTH, message)


def _check_cycles(modules: Mapping[str, Module], imports: Mapping[str, list[Import]]) -> Iterator[Finding]:
    """Report, for each import that closes a circle on a walk through the modules, the circle."""
    finished: set[str] = set()
    trail: list[str] = []

    def walk(name: str) -> Iterator[Finding]:
        trail.append(name)
        for found in imports[name]:
            target = found.target
            if target in trail:
                circle = [*trail[trail.index(target) :], target]
                if len(circle) > 2:
                    yield Finding(modules[name].path, found.line, Rule.CYCLE, " -> ".join(circle))
            elif target in modules and target not in finished:
                yield from walk(target)
        trail.pop()
        finished.add(name)

    for name in sorted(modules):
        if name not in finished:
            yield from walk(name)
