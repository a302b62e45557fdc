"""Resolves the names, attributes and calls of an application to what a package offers.

It is flow-insensitive: a variable is of every type that is assigned to it anywhere in its scope, and an
attribute that no model has is of every type that is assigned to an attribute of that name. What is not known
stays `Unknown`, so that nothing is lost: an attribute of that counts as perhaps used.
"""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from typing import TypeVar

from graph_codegen.csdl.ast import TypeRef
from graph_codegen.errors import Place
from graph_codegen.usage.files import File
from graph_codegen.usage.kit import KIT, read_kit
from graph_codegen.usage.offered import Offered
from graph_codegen.usage.scopes import Binding, Members, Module, Scope, called_name, last_name, scan
from graph_codegen.usage.typed import Answers, class_names, position
from graph_codegen.usage.types import (
    ANYTHING,
    BUILT_IN,
    TAIL,
    Display,
    Function,
    Library,
    Own,
    Package,
    Plain,
    Resource,
    Type,
    Types,
    Unknown,
    Value,
    one_of,
)
from graph_codegen.usage.uses import ANY, Path, Places, Uses

DEPTH = 40
"""Steps from one expression to others before its type is left open."""

_PLAIN: Types = frozenset({Plain()})
_LIBRARY: Types = frozenset({Library()})
_DISPLAY: Types = frozenset({Display()})
_NOTHING: Types = frozenset()

_OPEN = frozenset(
    {"Edm.Untyped", "Edm.EntityType", "Edm.ComplexType", "Edm.PrimitiveType", "Edm.Stream"}
)

_PLAIN_CLASSES = frozenset({"bool", "bytes", "complex", "float", "int", "str"})

_COLLECTIONS = frozenset({"dict", "frozenset", "list", "set", "tuple", "type"})

_PASSING = _COLLECTIONS | {
    "aiter", "anext", "cast", "copy", "deepcopy", "enumerate", "filter", "iter", "map", "max", "min", "next",
    "replace", "reversed", "sorted", "zip",
}  # fmt: skip
"""Functions whose results hold their arguments, or what is in them."""

_KEEPING = frozenset(
    {"asynccontextmanager", "cache", "cached_property", "classmethod", "contextmanager", "final", "lru_cache",
     "overload", "override", "property", "staticmethod"}
)  # fmt: skip
"""Decorators of functions that are called, and return what they return, as without them."""

_OPEN_MODULES = frozenset(
    {"_typeshed", "argparse", "types", "typing", "typing_extensions", "unittest", "weakref"}
)
_OPEN_CLASSES = frozenset(
    {
        "MagicMock",
        "Mock",
        "ModuleType",
        "Namespace",
        "NonCallableMock",
        "Protocol",
        "SimpleNamespace",
    }
)
"""Modules and classes that stand for anything, or have attributes that no class says."""

_ANSWERING = frozenset({"__getattr__", "__getattribute__"})

_BUILTINS = frozenset(dir(builtins))

_HOLDERS = frozenset({"AsyncPage", "Page"})
"""Classes of the package that hold what stands in their brackets."""

_NAMING = frozenset({"delattr", "getattr", "hasattr", "setattr"})
_NAMING_OWN = frozenset({"__delattr__", "__getattr__", "__getattribute__", "__setattr__"})
_NAMING_LATER = frozenset({"attrgetter", "methodcaller"})
"""Functions that take the name of an attribute: after what it is of, as its method, and without it."""

_WHOLE = frozenset(
    {"__dict__", "__members__", "dict", "json", "model_copy", "model_dump", "model_dump_json", "model_fields",
     "model_fields_set", "to_dict", "to_json"}
)  # fmt: skip
"""Attributes of models and enumerations for all that is in one."""

_WORD = re.compile(r"[^\W\d]\w*")
_PATH = re.compile(r"#?[^\W\d]\w*(\.[^\W\d]\w*)*")
_INSIDE = re.compile(r"(?<!\w)(?:[^\W\d]\w*)?(?:\.[^\W\d]\w*)+")
"""Attributes in a text, which may be code or a template."""


Ask = Callable[[Sequence[File], Mapping[str, Sequence[ast.expr]]], Answers]
"""What tells the types of expressions of the files of an application, of each file by its name."""


def find_uses(files: Sequence[File], offered: Offered, ask: Ask | None = None) -> Uses:
    """Return what the files of an application use of a package.

    `ask` is asked for the types that the syntax does not tell. Whoever imports the bot kit uses what that
    uses for certain: there, where it is imported.
    """
    found = _find(files, offered, {})
    if ask:
        found = _find(files, offered, ask(files, found.open))
    if found.kit:
        found.add_kit(_find(read_kit(offered.package), offered, {}))
    return found.uses()


def _find(files: Sequence[File], offered: Offered, answers: Answers) -> _Found:
    members: Members = {}
    parsed = [scan(f.file, f.module, f.tree, members) for f in files if f.tree]
    resolver = _Resolver(parsed, members, offered)
    found = _Found(offered.package)
    for module in parsed:
        _Reader(resolver, found, module, answers).read()
    for file in files:
        if file.tree is None:
            found.add_words(file)
    return found


class _Found:
    """Collects uses."""

    def __init__(self, package: str) -> None:
        self._importing_kit = re.compile(rf"\b{re.escape(package)}(\.| import ){KIT}\b")
        self._classes: dict[str, set[Place]] = {}
        self._attributes: dict[tuple[str, str], set[Place]] = {}
        self._methods: dict[Path, set[Place]] = {}
        self._arguments: dict[tuple[Path, str], set[Place]] = {}
        self._unknown: dict[Path, set[Place]] = {}
        self._words: dict[str, set[Place]] = {}
        self._segments: dict[str, set[Place]] = {}
        self.kit: set[Place] = set()
        """Where the kit is imported."""
        self.open: dict[str, list[ast.expr]] = {}
        """Expressions of unknown types of which an attribute is used, by their files."""

    def add_kit_in(self, text: str, place: Place) -> None:
        """Add a use of the kit, if a text names it as a module."""
        if self._importing_kit.search(text):
            self.kit.add(place)

    def add_kit(self, kit: _Found) -> None:
        """Add what the kit uses for certain."""
        for name in kit._classes:
            self._classes.setdefault(name, set()).update(self.kit)
        for key in kit._attributes:
            self._attributes.setdefault(key, set()).update(self.kit)
        for path in kit._methods:
            self._methods.setdefault(path, set()).update(self.kit)
        for argument in kit._arguments:
            self._arguments.setdefault(argument, set()).update(self.kit)

    def add_class(self, name: str, place: Place) -> None:
        self._classes.setdefault(name, set()).add(place)

    def add_client(self, place: Place) -> None:
        self._methods.setdefault((), set()).add(place)

    def add_attribute(self, of: Types, name: str, place: Place) -> None:
        """Add the use of an attribute of something."""
        for each in of:
            match each:
                case Value(type=owner):
                    self._attributes.setdefault((owner, name), set()).add(place)
                case Resource(path=path):
                    self._methods.setdefault((*path, name), set()).add(place)
                case Library():
                    pass
                case Plain() | Display() if name in BUILT_IN:
                    pass
                case Unknown(tail=tail):
                    self.add_unknown((*tail, name), place)
                case _:
                    self.add_unknown((name,), place)

    def add_argument(self, method: Path, name: str, place: Place) -> None:
        self._arguments.setdefault((method, name), set()).add(place)

    def add_unknown(self, tail: Path, place: Place) -> None:
        self._unknown.setdefault(tail[-TAIL:], set()).add(place)

    def add_text(self, text: str, place: Place) -> None:
        """Add a text: it may be the name of anything, or have names of properties in it."""
        self.add_kit_in(text, place)
        if _PATH.fullmatch(text):
            self.add_unknown(tuple(text.removeprefix("#").split(".")), place)
        for path in {*_INSIDE.findall(text)}:
            self.add_unknown(tuple(filter(None, path.split("."))), place)
        segments = "/" in text
        for word in {*_WORD.findall(text)}:
            self._words.setdefault(word, set()).add(place)
            if segments:
                self._segments.setdefault(word, set()).add(place)

    def add_words(self, file: File) -> None:
        """Add all words of a file whose syntax is not known."""
        for number, line in enumerate(file.text.splitlines(), 1):
            place = Place(file.file, number)
            self.add_kit_in(line, place)
            for word in {*_WORD.findall(line)}:
                self.add_unknown((word,), place)
                self._words.setdefault(word, set()).add(place)
                self._segments.setdefault(word, set()).add(place)

    def uses(self) -> Uses:
        return Uses(
            classes=_sorted(self._classes),
            attributes=_sorted(self._attributes),
            methods=_sorted(self._methods),
            arguments=_sorted(self._arguments),
            unknown=_sorted(self._unknown),
            words=_sorted(self._words),
            segments=_sorted(self._segments),
        )


_K = TypeVar("_K")


def _sorted(found: dict[_K, set[Place]]) -> dict[_K, Places]:
    return {key: tuple(sorted(at, key=lambda p: (p.file, p.line))) for key, at in found.items()}


class _Reader:
    """Reads the uses of one module."""

    def __init__(
        self, resolver: _Resolver, found: _Found, module: Module, answers: Answers
    ) -> None:
        self._resolver = resolver
        self._answers = answers
        self._found = found
        self._module = module
        self._line = 0
        self._called: set[int] = set()
        """Expressions that are called, or of which an attribute is."""

    def read(self) -> None:
        texts = {id(node.value) for node, _ in self._module.nodes if isinstance(node, ast.Expr)}
        for node, scope in self._module.nodes:
            self._line = getattr(node, "lineno", self._line)
            if (
                id(node) in texts
                and isinstance(node, ast.Constant)
                and ">>>" not in str(node.value)
            ):
                continue  # a docstring without examples
            self._read(node, scope, Place(self._module.file, self._line))

    def _read(self, node: ast.AST, scope: Scope, place: Place) -> None:
        resolver, found = self._resolver, self._found
        match node:
            case ast.Attribute():
                of = self._owner(node.value, scope)
                found.add_attribute(of, node.attr, place)
                if node.attr in _WHOLE:
                    self._whole(of, place)
                self._called.add(id(node.value))
                self._handed_on(node, scope, place)
                self._name(node, scope, place)
            case ast.Name(ctx=ast.Store()) if scope.owner:
                self._override(scope.owner, node.id, scope, place)
            case ast.FunctionDef() | ast.AsyncFunctionDef() if scope.owner:
                self._override(scope.owner, node.name, scope, place)
            case ast.Name(ctx=ast.Load()):
                self._name(node, scope, place)
                if not scope.find(node.id) and node.id not in _BUILTINS:
                    found.add_unknown((node.id,), place)
                if node.id in _NAMING | _NAMING_LATER and id(node) not in self._called:
                    found.add_unknown((ANY,), place)  # called elsewhere
                self._handed_on(node, scope, place)
            case ast.Call():
                self._called.add(id(node.func))
                of = resolver.types(node.func, scope)
                for keyword in node.keywords:
                    self._keyword(of, keyword, scope, Place(place.file, keyword.lineno))
                self._by_name(node, scope, place)
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                self._members(node.iter, scope, place)
            case ast.Subscript() if not resolver.is_written(node.slice, scope):
                self._members(node.value, scope, place)
            case ast.MatchClass():
                for name in node.kwd_attrs:
                    found.add_attribute(resolver.types(node.cls, scope), name, place)
            case ast.ImportFrom():
                module = "." * node.level + (node.module or "")
                for alias in node.names:
                    found.add_kit_in(f"{module}.{alias.name}", place)
                    types = resolver.imported(module, alias.name)
                    self._classes(types, place)
                    if alias.name != "*" and any(isinstance(each, Unknown) for each in types):
                        found.add_unknown((alias.name,), place)
            case ast.Import():
                for alias in node.names:
                    found.add_kit_in(alias.name, place)
            case ast.Constant(value=str(text)):
                found.add_text(text, place)
            case ast.Constant(value=bytes(content)):
                found.add_text(content.decode(errors="replace"), place)
            case _:
                pass

    def _owner(self, node: ast.expr, scope: Scope) -> Types:
        """Return the types of an expression of which an attribute is used."""
        types = self._resolver.types(node, scope)
        if not any(isinstance(each, Unknown) for each in types):
            return types
        answer = self._answers.get(position(self._module.file, node))
        if answer is None:
            self._found.open.setdefault(self._module.file, []).append(node)
            return types
        known = frozenset(each for each in types if not isinstance(each, Unknown))
        return known | self._resolver.told(answer)

    def _keyword(self, of: Types, keyword: ast.keyword, scope: Scope, place: Place) -> None:
        """Add the use of a keyword of a call: of a class, of a method, or of what may hand it on to one."""
        name = keyword.arg or ANY
        # Texts are uses of attributes themselves.
        open_ = name != ANY or not self._resolver.is_written(keyword.value, scope)
        for each in of:
            match each:
                case Resource(path=path):
                    self._found.add_argument(path, name, place)
                case Value() if open_:
                    self._found.add_attribute(frozenset({each}), name, place)
                case _ if name != ANY:
                    self._found.add_unknown((name,), place)
                case _:
                    pass

    def _handed_on(self, node: ast.Attribute | ast.Name, scope: Scope, place: Place) -> None:
        """Add that it is not known what a method is called with, if an expression is one and no call."""
        if id(node) not in self._called:
            for each in self._resolver.types(node, scope):
                if isinstance(each, Resource):
                    self._found.add_argument(each.path, ANY, place)

    def _by_name(self, node: ast.Call, scope: Scope, place: Place) -> None:
        """Add uses of attributes whose names are not written down."""
        called, arguments = called_name(node), node.args
        of, names = ANYTHING, arguments[:0]
        if called in _NAMING:
            of = self._owner(arguments[0], scope) if len(arguments) > 1 else ANYTHING
            names = arguments[1:2] or arguments
        elif called in _NAMING_OWN and isinstance(node.func, ast.Attribute):
            of, names = self._owner(node.func.value, scope), arguments[:1]
        elif called in _NAMING_LATER:
            names = arguments if called == "attrgetter" else arguments[:1]
        elif called in ("eval", "exec") and isinstance(node.func, ast.Name):
            names = arguments[:1]
        if not all(self._resolver.is_written(name, scope) for name in names):
            self._found.add_attribute(of, ANY, place)
        for argument in (*arguments, *(keyword.value for keyword in node.keywords)):
            if called in ("vars", "dict"):
                self._whole(self._resolver.types(argument, scope), place)
            self._members(argument, scope, place)
        if not all(self._resolver.is_written(argument, scope) for argument in arguments):
            types = self._resolver.types(node.func, scope)
            self._whole(frozenset(filter(self._resolver.is_enumeration, types)), place)

    def _whole(self, of: Types, place: Place) -> None:
        """Add the use of whatever models have."""
        self._found.add_attribute(frozenset(t for t in of if isinstance(t, Value)), ANY, place)

    def _members(self, node: ast.expr, scope: Scope, place: Place) -> None:
        """Add the use of whatever members an enumeration has, if an expression names one."""
        if isinstance(node, ast.Name | ast.Attribute) and self._resolver.names_class(node, scope):
            types = self._resolver.types(node, scope)
            self._whole(frozenset(filter(self._resolver.is_enumeration, types)), place)

    def _override(self, owner: ast.ClassDef, name: str, scope: Scope, place: Place) -> None:
        """Add the use of what a class declares anew, or of a protocol, which anything may follow."""
        for base in owner.bases:
            outer = scope.parent or scope
            types = self._resolver.types(base, outer)
            self._found.add_attribute(
                frozenset(t for t in types if isinstance(t, Value)), name, place
            )
            named = base.value if isinstance(base, ast.Subscript) else base
            if isinstance(named, ast.Name | ast.Attribute) and last_name(named) == "Protocol":
                self._found.add_unknown((name,), place)

    def _name(self, node: ast.Attribute | ast.Name, scope: Scope, place: Place) -> None:
        """Add the use of a class, if an expression names one."""
        if self._resolver.names_class(node, scope):
            self._classes(self._resolver.types(node, scope), place)

    def _classes(self, types: Types, place: Place) -> None:
        for each in types:
            if isinstance(each, Value):
                self._found.add_class(each.type, place)
            elif each == Resource():
                self._found.add_client(place)


class _Resolver:
    """Knows the types of expressions."""

    def __init__(self, modules: Sequence[Module], members: Members, offered: Offered) -> None:
        self._offered = offered
        self._members = members
        self._folders = {
            folder for each in modules for folder in FilePath(each.file).absolute().parents
        }
        self._by_name: dict[str, list[Module]] = {}
        for module in modules:
            self._by_name.setdefault(module.name[-1] if module.name else "", []).append(module)
        self._true: dict[tuple[Hashable, ...], bool] = {}
        self._near: dict[str, bool] = {}
        self._known: dict[tuple[Hashable, ...], Types] = {}
        self._depth = 0
        self._meant: dict[Path, list[Module]] = {}
        self._quoted: list[ast.expr] = []

    # -- expressions

    def types(self, node: ast.expr, scope: Scope) -> Types:
        """Return the types of the value of an expression."""
        return self._remember("value", node, scope)

    def names_class(self, node: ast.Attribute | ast.Name, scope: Scope) -> bool:
        """Whether an expression names what a module has, such as a class."""
        if isinstance(node, ast.Attribute):
            return any(isinstance(t, Package | Own) for t in self.types(node.value, scope))
        found = scope.find(node.id)
        return not found or self._ask(
            ("class", id(found)), lambda: any(one.how in ("import", "class") for one in found)
        )

    def _ask(self, key: tuple[Hashable, ...], ask: Callable[[], bool]) -> bool:
        """Return what is true of all that a name is bound to, found the first time."""
        if key not in self._true:
            self._true[key] = ask()
        return self._true[key]

    def is_enumeration(self, of: Type) -> bool:
        """Whether something is an enumeration of the models."""
        return isinstance(of, Value) and of.type in self._offered.names.members

    def is_written(self, node: ast.expr, scope: Scope, depth: int = 3) -> bool:
        """Whether a value is a text or a number that stands in the code, or a collection of those."""
        match node:
            case ast.Constant():
                return True
            case ast.Tuple() | ast.List() | ast.Set():
                return all(self.is_written(item, scope, depth) for item in node.elts)
            case ast.Dict():
                return all(
                    key is not None and self.is_written(key, scope, depth) for key in node.keys
                )
            case ast.IfExp():
                return all(self.is_written(one, scope, depth) for one in (node.body, node.orelse))
            case ast.Name():
                found = scope.find(node.id)
            case ast.Attribute():
                found = self._members.get(node.attr, ())
            case _:
                return False
        return bool(found and depth) and self._ask(
            ("written", id(found), depth),
            lambda: all(
                one.how in ("value", "element")
                and isinstance(one.node, ast.expr)
                and self.is_written(one.node, one.scope, depth - 1)
                for one in found
            ),
        )

    def _remember(self, how: str, node: ast.AST, scope: Scope) -> Types:
        return self._once((how, id(node)), lambda: self._find(how, node, scope))

    def _once(self, key: tuple[Hashable, ...], find: Callable[[], Types]) -> Types:
        """Return types, found the first time; what depends on itself, or is far away, may be anything."""
        if key not in self._known:
            if self._depth >= DEPTH:
                return ANYTHING
            self._known[key] = ANYTHING
            self._depth += 1
            self._known[key] = find()
            self._depth -= 1
        return self._known[key]

    def _find(self, how: str, node: ast.AST, scope: Scope) -> Types:
        if how == "annotation" and isinstance(node, ast.expr):
            return one_of(self._annotated(node, scope))
        if how == "element" and isinstance(node, ast.expr):
            return _elements(self.types(node, scope))
        return self._value(node, scope) if isinstance(node, ast.expr) else ANYTHING

    def _value(self, node: ast.expr, scope: Scope) -> Types:
        match node:
            case ast.Constant(value=None):
                return ANYTHING
            case ast.Constant() | ast.JoinedStr() | ast.Compare():
                return _PLAIN
            case ast.Name():
                return self._named(node.id, scope)
            case ast.Attribute():
                return self._attributes(self.types(node.value, scope), node.attr)
            case ast.Call():
                return self._called(node, scope)
            case ast.Subscript():
                return _elements(self.types(node.value, scope))
            case ast.Await() | ast.NamedExpr() | ast.Starred():
                return self.types(node.value, scope)
            case ast.Dict() | ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self._displayed(node, scope)
            case ast.Tuple() | ast.List() | ast.Set():
                return self._displayed(node, scope)
            case ast.IfExp():
                return one_of(self.types(node.body, scope), self.types(node.orelse, scope))
            case ast.BoolOp():
                return one_of(*(self.types(value, scope) for value in node.values))
            case ast.BinOp():
                return one_of(self.types(node.left, scope), self.types(node.right, scope), ANYTHING)
            case _:
                return ANYTHING

    def _displayed(self, node: ast.expr, scope: Scope) -> Types:
        items: Iterable[ast.expr | None]
        match node:
            case ast.Dict():
                items = node.values
            case ast.Tuple() | ast.List() | ast.Set():
                items = node.elts
            case ast.DictComp():
                items = [node.value]
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                items = [node.elt]
            case _:
                items = ()
        types = (self.types(item, scope) for item in items if item)
        return one_of(
            *(frozenset(t for t in each if not isinstance(t, Unknown)) for each in types), _DISPLAY
        )

    def _annotated(self, node: ast.expr, scope: Scope) -> Types:
        """Return the types of what is annotated so, none for what only holds others."""
        return self._once(("annotated", id(node)), lambda: self._said(node, scope))

    def _said(self, node: ast.expr, scope: Scope) -> Types:
        match node:
            case ast.Constant(value=str(text)):
                try:
                    inner = ast.parse(text, mode="eval").body
                except (SyntaxError, ValueError, RecursionError, MemoryError):
                    return ANYTHING
                self._quoted.append(inner)  # which keeps its identity
                return (
                    ANYTHING if isinstance(inner, ast.Constant) else self._annotated(inner, scope)
                )
            case ast.Constant():
                return _NOTHING
            case ast.Name() if node.id in _PLAIN_CLASSES and not scope.find(node.id):
                return _PLAIN
            case ast.Name() if node.id in _COLLECTIONS and not scope.find(node.id):
                return _NOTHING
            case ast.Name() | ast.Attribute():
                types = self.types(node, scope)
                return frozenset(t if isinstance(t, Value | Resource) else Unknown() for t in types)
            case ast.Subscript():
                inside = self._annotated(node.slice, scope)
                known = frozenset(each for each in inside if not isinstance(each, Unknown | Plain))
                if not known:
                    return one_of(inside, self._annotated(node.value, scope))
                return inside if self._holds(node.value, scope) else inside | ANYTHING
            case ast.Tuple() | ast.List():
                return _NOTHING.union(*(self._annotated(item, scope) for item in node.elts))
            case ast.BinOp():
                return self._annotated(node.left, scope) | self._annotated(node.right, scope)
            case _:
                return ANYTHING

    def _holds(self, node: ast.expr, scope: Scope) -> bool:
        """Whether a class, such as `list`, has no attributes but those of what it holds, and its own."""
        if not isinstance(node, ast.Name | ast.Attribute):
            return False
        if last_name(node) in _COLLECTIONS | _HOLDERS:
            return True
        return self.types(node, scope) == _LIBRARY

    # -- names

    def _named(self, name: str, scope: Scope) -> Types:
        found, module = scope.find(name), scope.module
        if not found or found is module.names.get(name):
            return self._of_module(module, name)
        return self._once(("name", id(found)), lambda: one_of(*map(self._bound, found)))

    def _of_module(self, module: Scope, name: str) -> Types:
        """Return the types of a name of a module; another module may assign it, as an attribute."""
        found = module.names.get(name)

        def find() -> Types:
            if not found:
                return one_of(*(self._in_module(star, name) for star in module.stars))
            return one_of(*map(self._bound, found), self._assigned(name))

        return self._once(("module", id(module), name), find)

    def _bound(self, binding: Binding) -> Types:
        match binding.how:
            case "value" | "element" | "annotation":
                return self._remember(binding.how, binding.node, binding.scope)
            case "function" if isinstance(binding.node, ast.FunctionDef | ast.AsyncFunctionDef):
                return frozenset({Function(binding.node, binding.scope)})
            case "class" if isinstance(binding.node, ast.ClassDef):
                # A base such as `list[Call]` makes no call.
                names = (b for b in binding.node.bases if isinstance(b, ast.Name | ast.Attribute))
                bases = (self.types(base, binding.scope) for base in names)
                known = (frozenset(t for t in each if isinstance(t, Value)) for each in bases)
                return ANYTHING.union(*known)
            case "import":
                found = binding.module, binding.name
                return self._once(("import", *found), lambda: self.imported(*found))
            case _:
                return ANYTHING

    # -- what a type checker says

    def told(self, types: Iterable[str]) -> Types:
        """Return the types that a type checker spells so: what is not known to be another is anything."""
        names = {name for each in types for name in class_names(each)}
        return one_of(*map(self._class_told, names))

    def _class_told(self, name: str) -> Types:
        parts = tuple(name.split("."))
        first, last = parts[0], parts[-1]
        if parts in ((last,), ("builtins", last)):
            if last in _PLAIN_CLASSES:
                return _PLAIN
            return _DISPLAY if last in _COLLECTIONS - {"type"} else ANYTHING
        if self._offered.package in parts:
            found: Types = frozenset({Package()})
            for part in parts[parts.index(self._offered.package) + 1 :]:
                found = self._attributes(found, part)
            return found
        for end in range(len(parts) - 1, 0, -1):
            if modules := self._own(parts[:end]):
                declared = [one for each in modules for one in each.scope.names.get(parts[end], ())]
                if end < len(parts) - 1 or not declared:
                    return ANYTHING
                others = all(self._is_other(one) for one in declared)
                return _LIBRARY if others else one_of(*map(self._bound, declared))
        if first in sys.stdlib_module_names:
            return ANYTHING if first in _OPEN_MODULES else _LIBRARY
        return ANYTHING if first in _OPEN_MODULES or self._is_near(first) else _LIBRARY

    def _is_other(self, binding: Binding, depth: int = 8) -> bool:
        """Whether a class of the application is no model, and has only the attributes that it says."""
        node = binding.node
        if not isinstance(node, ast.ClassDef) or node.keywords or not depth:
            return False
        own = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
        return own.isdisjoint(_ANSWERING) and all(
            self._is_other_base(base, binding.scope, depth) for base in node.bases
        )

    def _is_other_base(self, base: ast.expr, scope: Scope, depth: int) -> bool:
        base = base.value if isinstance(base, ast.Subscript) else base
        if not isinstance(base, ast.Name | ast.Attribute) or last_name(base) in _OPEN_CLASSES:
            return False
        if self.types(base, scope) == _LIBRARY:
            return True
        if not isinstance(base, ast.Name):
            return False
        found = scope.find(base.id)
        if not found:
            return base.id in _BUILTINS and not scope.module.stars
        declared: list[Binding] = []
        for one in found:
            parts = tuple(filter(None, one.module.split(".")))
            if one.how == "import" and one.name and self._offered.package not in parts:
                modules = self._own(parts)
                there = [each.scope.names.get(one.name, ()) for each in modules]
                if not there or not all(there):
                    return False
                declared += [each for bindings in there for each in bindings]
            else:
                declared.append(one)
        return all(self._is_other(one, depth - 1) for one in declared)

    def _is_near(self, package: str) -> bool:
        """Whether a package may be the application's own, though none of its files were named."""
        if package not in self._near:
            self._near[package] = any(
                (folder / name).exists()
                for folder in self._folders
                for name in (package, f"{package}.py", f"src/{package}")
            )
        return self._near[package]

    # -- modules

    def imported(self, module: str, name: str) -> Types:
        """Return the types of a module, or of a name in it if there is one."""
        return self._in_module(module, name) if name else self._module(module)

    def _module(self, module: str) -> Types:
        parts = tuple(part for part in module.split(".") if part)
        if self._offered.package in parts:
            inside = parts[parts.index(self._offered.package) + 1 :]
            found: Types = frozenset({Package()})
            for part in inside:
                found = self._attributes(found, part)
            return found
        own = [Own(each) for each in self._own(parts)]
        if own:
            return frozenset(own)
        if parts and not module.startswith(".") and parts[0] in sys.stdlib_module_names:
            return _LIBRARY
        return ANYTHING

    def _own(self, parts: Path) -> Sequence[Module]:
        """Return the modules of the application that an import may mean."""
        if parts not in self._meant:
            named = self._by_name.get(parts[-1], ()) if parts else ()
            self._meant[parts] = [each for each in named if _may_be(parts, each.name)]
        return self._meant[parts]

    def _in_module(self, module: str, name: str) -> Types:
        if not module.strip(".") or name == self._offered.package:
            return self._module(f"{module}.{name}")
        return self._attributes(self._module(module), name)

    # -- attributes

    def _attributes(self, types: Types, name: str) -> Types:
        return one_of(*(self._attribute(each, name) for each in types))

    def _attribute(self, of: Type, name: str) -> Types:
        match of:
            case Package(path=path):
                return self._packaged(path, name)
            case Value(type=owner):
                values = [*self._offered.values(owner, name)]
                # Of no model: a method of all of them, or of a collection.
                return (
                    one_of(*map(self._of_model, values)) if values else frozenset({of, *ANYTHING})
                )
            case Resource(path=path):
                return self._below(path, name)
            case Own(module=module):
                return self._owned(module, name)
            case Library():  # of which a module may be given more
                return one_of(_LIBRARY, self._assigned(name))
            case Plain() if name in BUILT_IN:
                return _PLAIN
            case Display() if name in BUILT_IN:
                return frozenset({of, *ANYTHING})
            case Plain() | Display():
                return one_of(frozenset({Unknown((name,))}), self._assigned(name))
            case Function():
                return ANYTHING
            case Unknown(tail=tail):
                if name == self._offered.package:  # such as `app._vendor.NAME`
                    return frozenset({Package()})
                below = (*tail, name)[-TAIL:]
                inside: Types = frozenset(map(Own, self._own(below)))  # `import a.b` binds `a`
                return one_of(frozenset({Unknown(below)}), inside, self._assigned(name))

    def _packaged(self, path: Path, name: str) -> Types:
        """Return what a name means at a path in the package."""
        if path in ((), ("client",)) and name in self._offered.clients:
            return frozenset({Resource()})
        if path == ("client",) and name in self._offered.resources:
            return frozenset({Resource(self._offered.resources[name])})
        if path[:1] == ("models",):
            module = path[1] if len(path) > 1 else ""
            if (module, name) in self._offered.classes:
                return frozenset({Value(self._offered.classes[module, name])})
            if module == "graph":
                return self._packaged(("models",), name)
            if len(path) == 1 and name in {"graph", *self._offered.modules}:
                return frozenset({Package((*path, name))})
            return frozenset({Unknown((name,))})
        if not path and name in ("models", "client"):
            return frozenset({Package((name,))})
        return frozenset({Unknown((name,))})

    def _below(self, path: Path, name: str) -> Types:
        below = (*path, name)
        if below in self._offered.methods or below in self._offered.paths:
            return frozenset({Resource(below)})
        if path in self._offered.methods:  # such as `with_response`
            return frozenset({Resource(path), *ANYTHING})
        return frozenset({Unknown(below[-TAIL:])})

    def _owned(self, module: Module, name: str) -> Types:
        """Return the types of a name in a module of the application."""
        if name == self._offered.package:
            return frozenset({Package()})
        inside: Types = frozenset(Own(each) for each in self._own((*module.name, name)))
        if name in module.scope.names:
            return self._of_module(module.scope, name)
        stars = self._of_module(module.scope, name) if module.scope.stars else _NOTHING
        return one_of(stars, inside, self._assigned(name))

    def _assigned(self, name: str) -> Types:
        """Return the types of what is assigned to attributes of a name, of whatever that may be."""
        members = self._members.get(name)
        if not members:
            return _NOTHING
        return self._once(("member", name), lambda: one_of(*self._members_of(members)))

    def _members_of(self, members: Iterable[Binding]) -> Iterator[Types]:
        for binding in members:
            types = self._bound(binding)
            yield types
            for each in types:
                if isinstance(each, Function) and each.node.decorator_list:  # such as `property`
                    yield self._results(each)

    def _of_model(self, ref: TypeRef) -> Types:
        """Return the types of what a document declares to be of a type."""
        if ref.name in self._offered.model.types:
            return (
                frozenset({Value(ref.name)}) if ref.name in self._offered.attributes else ANYTHING
            )
        return _PLAIN if ref.primitive and ref.name not in _OPEN else ANYTHING

    # -- calls

    def _called(self, node: ast.Call, scope: Scope) -> Types:
        types = [self._result(each) for each in self.types(node.func, scope)]
        name = called_name(node)
        if name in _PASSING:
            types += [_elements(self.types(argument, scope)) for argument in node.args]
            if name == "cast":
                types += [
                    self._remember("annotation", argument, scope) for argument in node.args[:1]
                ]
        return one_of(*types)

    def _result(self, of: Type) -> Types:
        match of:
            case Value():
                return frozenset({of})
            case Resource(path=()):
                return frozenset({of})
            case Resource(path=path) if path in self._offered.methods:
                returns = self._offered.methods[path].request.returns
                return self._of_model(returns) if returns else ANYTHING
            case Function():
                return self._results(of)
            case _:
                return ANYTHING

    def _results(self, function: Function) -> Types:
        node = function.node
        if node.returns:
            found = self._remember("annotation", node.returns, function.scope)
        else:
            found = one_of(*(self.types(each, function.scope) for each in function.scope.results))
        known = all(_decorator(each) in _KEEPING for each in node.decorator_list)
        return found if known else one_of(found, ANYTHING)


def _may_be(parts: Path, name: Path) -> bool:
    """Whether a module of a name may be imported by these parts: either may lack the first ones."""
    shared = min(len(parts), len(name))
    return parts[-shared:] == name[-shared:]


def _decorator(node: ast.expr) -> str:
    node = node.func if isinstance(node, ast.Call) else node
    return last_name(node) if isinstance(node, ast.Attribute | ast.Name) else ""


def _elements(types: Types) -> Types:
    """Return the types of what is in a collection of these types, or comes out of a `with`."""
    found: set[Type] = set()
    for each in types:
        found |= {each} if isinstance(each, Value | Resource) else ANYTHING
    return frozenset(found) or ANYTHING
