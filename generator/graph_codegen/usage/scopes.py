"""Finds what the names of an application are bound to, scope by scope."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import Literal

How = Literal["value", "element", "annotation", "function", "class", "import", "unknown"]
"""What a name is bound to: the value of an expression, one out of it, what an annotation says, a function,
a class, a module or a name of one, or nothing that is known."""


@dataclass(frozen=True, eq=False, slots=True)
class Binding:
    """What a name is bound to: by a node of the syntax tree, in a scope.

    `module` is the module of an import with dots in front, and `name` the name in it, empty for the module
    itself.
    """

    how: How
    node: ast.AST
    scope: Scope
    module: str = ""
    name: str = ""


@dataclass(eq=False, slots=True, kw_only=True)
class Scope:
    """The names of a module, class or function, and what it returns."""

    parent: Scope | None
    owner: ast.ClassDef | None = None
    """The class whose body it is."""
    names: dict[str, list[Binding]] = field(default_factory=dict[str, list[Binding]])
    results: list[ast.expr] = field(default_factory=list[ast.expr])
    stars: list[str] = field(default_factory=list[str])
    """Modules of which all names are imported."""

    @property
    def is_class(self) -> bool:
        """Whether it is the body of a class."""
        return self.owner is not None

    def bind(self, name: str, binding: Binding) -> None:
        """Bind a name."""
        self.names.setdefault(name, []).append(binding)

    def outer(self) -> Iterator[Scope]:
        """Yield the scopes around it, the module last."""
        scope = self.parent
        while scope:
            yield scope
            scope = scope.parent

    def find(self, name: str) -> Sequence[Binding]:
        """Return what a name is bound to that is used here."""
        if name in self.names:
            return self.names[name]
        outer = (s for s in self.outer() if not s.is_class and name in s.names)
        return next((s.names[name] for s in outer), ())

    @property
    def module(self) -> Scope:
        """The scope of the module."""
        return next((scope for scope in self.outer() if scope.parent is None), self)


@dataclass(eq=False, slots=True)
class Module:
    """A module of the application: its file, name and scope, and all nodes with their scopes."""

    file: str
    name: tuple[str, ...]
    scope: Scope
    nodes: Sequence[tuple[ast.AST, Scope]]


Members = dict[str, list[Binding]]
"""What is assigned to attributes, of whatever it is, by their names."""


def scan(file: str, name: tuple[str, ...], tree: ast.Module, members: Members) -> Module:
    """Return a module of the application; what it assigns to attributes is added to `members`."""
    scope = Scope(parent=None)
    scanner = _Scanner(members, _shared(tree))
    scanner.scan(tree, scope)
    scanner.narrow()
    return Module(file, name, scope, scanner.nodes)


class _Scanner:
    """Goes through a tree without recursion, since trees may be deep."""

    def __init__(self, members: Members, shared: Set[str]) -> None:
        self._members = members
        self._shared = shared
        self.nodes: list[tuple[ast.AST, Scope]] = []
        self._narrowed: list[tuple[str, Binding]] = []

    def scan(self, tree: ast.AST, scope: Scope) -> None:
        pending: list[tuple[ast.AST, Scope]] = [(tree, scope)]
        while pending:
            node, scope = pending.pop()
            self.nodes.append((node, scope))
            inside, outside = self._visit(node, scope)
            kept = {id(child) for child in outside}
            below = [
                (child, scope if id(child) in kept else inside)
                for child in ast.iter_child_nodes(node)
                if not isinstance(child, ast.expr_context)
            ]
            pending += reversed(below)

    def narrow(self) -> None:
        """Bind what is asked for its class to that as well, in the scope that its name is of."""
        for name, binding in self._narrowed:
            around = (binding.scope, *binding.scope.outer())
            owner = next((scope for scope in around if name in scope.names), around[-1])
            owner.bind(name, binding)

    def _visit(self, node: ast.AST, scope: Scope) -> tuple[Scope, Iterable[ast.AST]]:
        """Bind what a node binds; return the scope of what is in it, and what of it stays outside."""
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                inside = Scope(parent=scope)
                self._bind(node.name, Binding("function", node, inside), scope)
                self._parameters(node.args, inside)
                defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
                annotations = filter(None, [node.returns])
                return inside, [*node.decorator_list, *annotations, *defaults]
            case ast.Lambda():
                inside = Scope(parent=scope)
                self._parameters(node.args, inside)
                return inside, ()
            case ast.ClassDef():
                self._bind(node.name, Binding("class", node, scope), scope)
                return Scope(parent=scope, owner=node), [
                    *node.bases,
                    *node.keywords,
                    *node.decorator_list,
                ]
            case ast.Return(value=ast.expr() as value) | ast.Yield(value=ast.expr() as value):
                scope.results.append(value)
            case ast.YieldFrom():
                scope.results.append(node.value)
            case ast.Assign():
                for target in node.targets:
                    self._assign(target, node.value, "value", scope)
            case ast.AnnAssign():
                self._assign(node.target, node.annotation, "annotation", scope)
            case ast.AugAssign() | ast.NamedExpr():
                self._assign(node.target, node.value, "value", scope)
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                self._assign(node.target, node.iter, "element", scope)
            case ast.withitem(optional_vars=ast.expr() as target):
                self._assign(target, node.context_expr, "element", scope)
            case ast.Call():
                for keyword in node.keywords:
                    self._member(keyword.arg, keyword.value, scope)
                match node.args:
                    case [_, ast.Constant(value=str(name)), value]:  # `setattr`
                        self._member(name, value, scope)
                    case [asked, classes] if called_name(node) in ("isinstance", "issubclass"):
                        self._narrow(asked, classes, scope)
                    case _:
                        pass
            case ast.Dict():  # it may be the attributes of something
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        self._member(key.value, value, scope)
            case ast.Import() | ast.ImportFrom():
                self._import(node, scope)
            case ast.Match():
                for pattern in (inner for case in node.cases for inner in ast.walk(case.pattern)):
                    if isinstance(pattern, ast.MatchClass):
                        self._narrow(node.subject, pattern.cls, scope)
            case ast.MatchAs(pattern=ast.MatchClass(cls=cls), name=str(name)):
                self._bind(name, Binding("annotation", cls, scope), scope)
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
                | ast.MatchMapping(rest=str(name))
            ):
                self._bind(name, Binding("unknown", node, scope), scope)
            case _:
                pass
        return scope, ()

    def _narrow(self, asked: ast.expr, classes: ast.expr, scope: Scope) -> None:
        match asked:
            case ast.Name(id=name) | ast.NamedExpr(target=ast.Name(id=name)):
                self._narrowed.append((name, Binding("annotation", classes, scope)))
            case ast.Attribute(attr=name):
                self._member(name, classes, scope, "annotation")
            case _:
                pass

    def _member(self, name: str | None, value: ast.expr, scope: Scope, how: How = "value") -> None:
        if name:
            self._members.setdefault(name, []).append(Binding(how, value, scope))

    def _bind(self, name: str, binding: Binding, scope: Scope) -> None:
        scope.bind(name, binding)
        if name in self._shared:  # whichever scope around it is meant
            for outer in scope.outer():
                outer.bind(name, binding)
        if scope.is_class:
            self._members.setdefault(name, []).append(binding)

    def _parameters(self, arguments: ast.arguments, inside: Scope) -> None:
        positional = [*arguments.posonlyargs, *arguments.args]
        given = [*arguments.kwonlyargs, *filter(None, [arguments.vararg, arguments.kwarg])]
        for one in (*positional, *given):
            how: How = "annotation" if one.annotation else "unknown"
            inside.bind(one.arg, Binding(how, one.annotation or one, inside.parent or inside))

    def _assign(self, target: ast.expr, value: ast.expr, how: How, scope: Scope) -> None:
        pending: list[tuple[ast.expr, How]] = [(target, how)]
        while pending:
            one, way = pending.pop()
            match one:
                case ast.Name():
                    self._bind(one.id, Binding(way, value, scope), scope)
                case ast.Attribute():
                    self._member(one.attr, value, scope, way)
                case ast.Subscript(slice=ast.Constant(value=str(key))):
                    self._member(key, value, scope, way)
                case ast.Starred():
                    pending.append((one.value, way))
                case ast.Tuple() | ast.List():
                    pending.extend((item, "element") for item in one.elts)
                case _:
                    pass

    def _import(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
        for alias in node.names:
            if isinstance(node, ast.Import):
                # Without `as`, the first package is bound.
                module = alias.name if alias.asname else alias.name.partition(".")[0]
                self._bind(alias.asname or module, Binding("import", node, scope, module), scope)
                continue
            module = "." * node.level + (node.module or "")
            if alias.name == "*":
                scope.module.stars.append(module)
            else:
                bound = Binding("import", node, scope, module, alias.name)
                self._bind(alias.asname or alias.name, bound, scope)


def called_name(node: ast.Call) -> str:
    """Return the last name of what is called, empty if it has none."""
    return last_name(node.func) if isinstance(node.func, ast.Name | ast.Attribute) else ""


def last_name(node: ast.Name | ast.Attribute) -> str:
    """Return a name, or that of an attribute."""
    return node.id if isinstance(node, ast.Name) else node.attr


def _shared(tree: ast.Module) -> Set[str]:
    """Return the names that any function of a module declares to be global or nonlocal."""
    declared = (n for n in ast.walk(tree) if isinstance(n, ast.Global | ast.Nonlocal))
    return {name for node in declared for name in node.names}
