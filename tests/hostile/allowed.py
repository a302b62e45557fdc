"""What generated Python may consist of: a grammar of its own, far smaller than Python's.

Only the statements, calls, decorators and names that the templates write are let through. Text of a
document can stand in string constants and nowhere else, and a name is only one that the module
imports, declares or has from the short lists here. Whatever else turns up is a finding.
"""

from __future__ import annotations

import ast
import io
import keyword
import re
import tokenize
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache

from graph_codegen.emit.formatting import HEADER
from graph_codegen.emit.names import BEHAVIOUR_NAMES
from graph_codegen.emit.templates import TEMPLATES

BUILTINS = frozenset({"str", "bool", "int", "float", "bytes", "tuple", "frozenset", "object"})
"""What generated code uses of Python's own names."""

VERBS = frozenset({"DELETE", "GET", "PATCH", "POST", "PUT"})
CLOUDS = frozenset({"GLOBAL", "US_GOV_L4", "US_GOV_L5", "CHINA"})
RULE_FIELDS = frozenset(
    {"shape", "description", "source", "when", "at_least", "odata_type", "any_of", "all_of"}
)
PERMISSION_FIELDS = frozenset({"application", "delegated", "dissent"})

LIBRARY = {
    "__future__": {"annotations"},
    "collections.abc": {"Iterable", "Iterator", "Mapping", "Sequence"},
    "importlib": {"import_module"},
    "pydantic": {"Field"},
    "typing_extensions": {"deprecated"},
    "typing": {"TYPE_CHECKING", "Any", "BinaryIO", "ClassVar", "Literal", "TypedDict", "Unpack"},
}
"""Names that may be imported from outside the package, by module."""

_SWITCHES = (
    (
        '# mypy: disable-error-code="empty-body"',
        "# pyright: reportReturnType=false",
    ),
    (
        '# mypy: disable-error-code="empty-body, deprecated"',
        "# pyright: reportReturnType=false, reportDeprecated=false",
    ),
)
"""What type checkers are told at the head of the client: declarations have no body."""

_MODEL_SWITCHES = ('# mypy: disable-error-code="deprecated"', "# pyright: reportDeprecated=false")
"""What they are told in modules of models that may use deprecated classes."""

_DEPRECATED_FIELD = "json_schema_extra={'deprecated': True}"

_LAZY = {"models": ("", "models"), "edm": ("_runtime", "_runtime.edm")}
"""What the client loads on first use: where it is imported from, and the module below the package."""


def _is_base_module(node: ast.If, needed: set[str]) -> bool:
    """Whether a statement has type checkers import modules of which some hold base classes."""
    told = [one.names[0].name for one in node.body if isinstance(one, ast.ImportFrom)]
    seen = [f"    from . import {name} as _{name}" for name in told]
    held = [f"    _{name} = BaseModule(__package__, {name!r})" for name in told]
    held = held[: len(node.orelse)]
    written = ast.unparse(node) == "\n".join(["if TYPE_CHECKING:", *seen, "else:", *held])
    return written and all(map(_is_identifier, told)) and "BaseModule" in needed


def _is_lazy(node: ast.If) -> bool:
    """Whether a statement has type checkers import modules that are loaded on first use."""
    names = [
        alias.name for one in node.body if isinstance(one, ast.ImportFrom) for alias in one.names
    ]
    if not names or not _LAZY.keys() >= {*names}:
        return False
    seen = [f"    from .{_LAZY[name][0]} import {name}" for name in names]
    loaded = [f"    {name} = LazyModule(__package__, {_LAZY[name][1]!r})" for name in names]
    return ast.unparse(node) == "\n".join(["if TYPE_CHECKING:", *seen, "else:", *loaded])


def _is_identifier(name: str) -> bool:
    """Whether a name is an identifier in the form in which Python compares it."""
    return name.isidentifier() and unicodedata.normalize("NFKC", name) == name


_MODULE_PATH = re.compile(r"models/[a-z][a-z0-9_]*\.py")
_FIXED_PATHS = frozenset({"__init__.py", "client.py", "operations.py", "options.py", "py.typed"})


def findings(files: Mapping[str, str], package: str) -> list[str]:
    """Return what is in the files of a generated package that no template of ours writes."""
    found: list[str] = []
    inside = {
        path.removeprefix(f"{package}/"): text
        for path, text in files.items()
        if path.startswith(f"{package}/")
    }
    outside = set(files) - {f"{package}/{path}" for path in inside}
    outside -= {"LICENSE", "README.md", "pyproject.toml", "sbom.cdx.json"}
    found += [f"{path}: is no file of the package" for path in sorted(outside)]
    for path, text in inside.items():
        if path.startswith(("_runtime/", "bot/")):
            found += _copied(path, text)
        elif path not in _FIXED_PATHS and not _MODULE_PATH.fullmatch(path) and path != _MODELS:
            found.append(f"{path!r}: is no file of the package")
        elif path != "py.typed":
            found += [f"{path}: {problem}" for problem in module_findings(path, text)]
    return found


_MODELS = "models/__init__.py"


def _copied(path: str, text: str) -> Iterator[str]:
    folder, _, name = path.removeprefix("_").partition("/")
    template = TEMPLATES / folder / name
    known = "" if path == "_runtime/__init__.py" else None
    if known is None and template.is_file():
        known = template.read_text("utf-8")
    if known is None or text != HEADER + known:
        yield f"{path}: is not the template's"


def module_findings(path: str, text: str) -> list[str]:
    """Return what is wrong with one generated module; `path` is that below the package."""
    found = [f"line {n} has what cannot be seen" for n, line in _lines(text) if not _seen(line)]
    kinds = _SWITCHES if path == "client.py" else ((), _MODEL_SWITCHES)
    told = [[*_comments(text, (HEADER.strip(), *kind))] for kind in kinds]
    fewest = min(told, key=len)
    found += fewest
    tree = ast.parse(text)
    checker = _Checker(tree)
    checker.module(_STATEMENTS.get(path, _Checker.model_statement))
    return found + checker.found


def _lines(text: str) -> Iterator[tuple[int, str]]:
    return enumerate(text.split("\n"), 1)


def _seen(line: str) -> bool:
    return line.isprintable()


def _comments(text: str, heads: tuple[str, ...]) -> Iterator[str]:
    """Yield where a comment stands that is not one of the first lines, `heads`."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        line, column = token.start
        known = column == 0 and line <= len(heads) and token.string == heads[line - 1]
        if token.type == tokenize.COMMENT and not known:
            yield f"line {line} has a comment"


class _Checker:
    """Walks a module along the grammar; what does not fit is found, with its line."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self.found: list[str] = []
        self._imported: set[str] = set()
        self._declared = {node.name for node in tree.body if isinstance(node, ast.ClassDef)} | {
            name for node in tree.body for name in _targets(node)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                self._imported |= {alias.asname or alias.name for alias in node.names}

    def _bad(self, node: ast.AST, what: str = "") -> None:
        line = getattr(node, "lineno", 0)
        self.found.append(f"line {line}: {what or ast.unparse(node)[:80]!r} is not allowed")

    def _need(self, holds: bool, node: ast.AST, what: str = "") -> None:
        if not holds:
            self._bad(node, what)

    # -- modules

    def module(self, statement: Callable[[_Checker, ast.stmt], bool]) -> None:
        first, *rest = self._tree.body
        self._need(_is_text(first), first, "a module without docstring")
        for node in rest:
            if not (self._import(node) or self._exports(node) or statement(self, node)):
                self._bad(node)
        self._unique(self._tree, self._bound(self._tree.body))

    def _unique(self, node: ast.AST, names: Iterable[str]) -> None:
        for name, times in Counter(names).items():
            self._need(times == 1, node, f"{name}, bound {times} times,")
            self._need(
                _is_identifier(name) and not keyword.iskeyword(name),
                node,
                f"the name {name!r}",
            )

    def _bound(self, body: Iterable[ast.stmt]) -> Iterator[str]:
        for node in body:
            match node:
                case ast.ImportFrom():
                    yield from (alias.asname or alias.name for alias in node.names)
                case ast.If():
                    yield from self._bound(node.body)
                case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                    yield node.name
                case _:
                    yield from _targets(node)

    def _import(self, node: ast.stmt) -> bool:
        match node:
            case ast.If(ast.Name("TYPE_CHECKING"), body, []):
                return all(map(self._import, body))
            case ast.ImportFrom(str(module), names, 0):
                known = all(a.name in LIBRARY.get(module, ()) for a in names)
                named = {(a.name, a.asname) for a in names if a.asname}
                return known and named <= {("deprecated", "_deprecated")}
            case ast.ImportFrom(module, names, 1 | 2):
                plain = all(_is_identifier(part) for part in (module or "a").split("."))
                same = all(a.asname in (None, a.name, f"_{a.name}") for a in names)
                return plain and same and all(_is_identifier(a.name) for a in names)
        return False

    def _exports(self, node: ast.stmt) -> bool:
        match node:
            case ast.Assign([ast.Name("__all__")], ast.List(items)):
                return all(
                    isinstance(item, ast.Constant)
                    and item.value in self._declared | self._imported | self._lazy()
                    for item in items
                )
        return False

    def _lazy(self) -> set[str]:
        """Return the names that the package loads on first use."""
        for node in self._tree.body:
            match node:
                case ast.Assign([ast.Name("_MODULES")], ast.Dict(keys)):
                    return {str(key.value) for key in keys if isinstance(key, ast.Constant)}
        return set()

    # -- expressions

    def _known(self, name: str) -> bool:
        return name in self._declared | self._imported | BUILTINS

    def _annotation(self, node: ast.expr | None) -> bool:
        match node:
            case ast.Constant(None):
                return True
            case ast.Name(name):
                return self._known(name)
            case ast.Attribute(ast.Name(module), name):
                prefixed = module in self._imported and (
                    module in ("edm", "models") or module.startswith("_")
                )
                return prefixed and _is_identifier(name)
            case ast.Attribute(ast.Attribute(ast.Name("models"), module), name):
                return _is_identifier(module) and _is_identifier(name)
            case ast.Subscript(ast.Name("Literal"), ast.Tuple(texts)):
                return self._known("Literal") and all(map(_is_string, texts))
            case ast.Subscript(ast.Name("Mapping"), ast.Tuple([ast.Name("str"), inner])):
                return self._known("Mapping") and self._annotation(inner)
            case ast.Subscript(ast.Name(generic), inner):
                generics = ("Sequence", "Page", "Unpack", "ClassVar", "Iterable", "Iterator")
                return generic in generics and self._known(generic) and self._annotation(inner)
            case ast.Subscript(ast.Attribute(ast.Name("edm"), "Collection"), inner):
                return "edm" in self._imported and self._annotation(inner)
            case ast.BinOp(left, ast.BitOr(), right):
                return self._annotation(left) and self._annotation(right)
        return False

    # -- models

    def model_statement(self, node: ast.stmt) -> bool:
        match node:
            case ast.If():
                return _is_base_module(node, self._imported)
            case ast.Expr(call):
                return self._declares(call)
            case ast.ClassDef(_, [base, *added], keywords, body, decorators):
                self._need(all(_is_behaviour(one) for one in added), node)
                self._need(self._deprecation(decorators), node)
                named = {k.arg: k.value for k in keywords}
                self._need(self._annotation(base), base)
                self._need(named.keys() <= {"odata_type", "abstract", "key", "open_type"}, node)
                key = named.pop("key", ast.Tuple([]))
                self._need(isinstance(key, ast.Tuple) and all(map(_is_string, key.elts)), node)
                self._need(all(isinstance(v, ast.Constant) for v in named.values()), node)
                self._need(_is_text(body[0]), node, "a class without docstring")
                for item in body[1:]:
                    self._need(_is_text(item) or self._member(item), item)
                self._unique(node, self._bound(body))
                return True
        return False

    def _member(self, node: ast.stmt) -> bool:
        match node:
            case ast.Assign([ast.Name("_members")], ast.Dict(keys, values)):
                return all(_is_string(k) for k in keys) and all(map(_is_flag, values))
            case ast.Assign([ast.Name()], value):
                return _is_string(value)
            case ast.AnnAssign(ast.Name(), ast.Subscript(ast.Name("ClassVar"), inner), None):
                return self._annotation(inner)
            case ast.AnnAssign(ast.Name(), annotation, ast.Constant(None)):
                return self._annotation(annotation)
            case ast.AnnAssign(ast.Name(), annotation, ast.Call(ast.Name("Field"), [], keywords)):
                if keywords and ast.unparse(keywords[-1]) == _DEPRECATED_FIELD:
                    keywords = keywords[:-1]
                    if len(keywords) == 1:
                        return ast.unparse(keywords[0]) == "default=None" and self._annotation(
                            annotation
                        )
                match [(k.arg, k.value) for k in keywords]:
                    case [
                        ("default", ast.Constant(None)),
                        ("validation_alias", ast.Constant(str(read))),
                        ("serialization_alias", ast.Constant(str(written))),
                    ]:
                        return read == written and self._annotation(annotation)
        return False

    def _deprecation(self, decorators: list[ast.expr]) -> bool:
        """Whether decorators are none, or the one that marks what is deprecated."""
        match decorators:
            case []:
                return True
            case [ast.Call(ast.Name("_deprecated"), [text], [category])]:
                quiet = ast.unparse(category) == "category=None"
                return "_deprecated" in self._imported and _is_string(text) and quiet
        return False

    def _declares(self, call: ast.expr) -> bool:
        """Whether a call lets the classes of this module, and of others, be made on first use."""
        match call:
            case ast.Call(ast.Name("declared"), [names, *others], []):
                own = ast.unparse(names) == "globals()" and "declared" in self._imported
                return own and all(
                    isinstance(one, ast.Name) and one.id in self._imported for one in others
                )
        return False

    def models_statement(self, node: ast.stmt) -> bool:
        match node:
            case ast.Expr(ast.Call(ast.Name("declared")) as call):
                return self._declares(call)
            case ast.Expr(ast.Call(ast.Name("register_namespaces"), [], keywords)):
                return all(
                    isinstance(k.value, ast.Name)
                    and k.arg == f"_{k.value.id}"
                    and k.value.id in self._imported - {"register_namespaces", "GraphModel"}
                    for k in keywords
                )
        return False

    # -- client

    def client_statement(self, node: ast.stmt) -> bool:
        match node:
            case ast.If():
                return _is_lazy(node)
            case ast.Assign([ast.Name()], value):
                return self._clouds(value)
            case ast.ClassDef(name, bases, keywords, body, []):
                self._need(self._client_bases(name, bases), node)
                at = [k.arg == "at" and _is_string(k.value) for k in keywords]
                self._need(at in ([], [True]), node)
                described = name.startswith("_") or _is_text(body[0])
                self._need(described, node, "a class without docstring")
                for item in body:
                    self._need(_is_text(item) or self._client_member(item), item)
                self._unique(node, self._bound(body))
                return True
        return False

    def _client_bases(self, name: str, bases: list[ast.expr]) -> bool:
        spelled = [ast.unparse(base) for base in bases]
        if name.startswith("_"):
            return spelled in (["Resource[F]"], ["RecordingMethods[F]"])
        flavour = "Async" if f"_{name}" not in self._declared else "Sync"
        generic = f"_{name.removeprefix('Async') if flavour == 'Async' else name}[{flavour}]"
        client = "AsyncClientBase" if flavour == "Async" else "ClientBase"
        return generic.partition("[")[0] in self._declared and spelled in (
            [generic],
            [client, generic],
        )

    def _client_member(self, node: ast.stmt) -> bool:
        match node:
            case ast.Assign([ast.Name("_version" | "_endpoint")], value):
                return _is_string(value)
            case ast.Assign(
                [ast.Name("with_response")],
                ast.Call(ast.Name("response_of"), [ast.Name("__call__")], []),
            ):
                return "response_of" in self._imported
            case ast.Assign(
                [ast.Name()],
                ast.Call(ast.Name("Child"), [ast.Lambda(nothing, ast.Tuple([sync, twin]))], []),
            ):
                names = ast.unparse(sync), ast.unparse(twin)
                return (
                    not ast.unparse(nothing)
                    and set(names) <= self._declared
                    and names[1] == f"Async{names[0]}"
                )
            case ast.FunctionDef(decorator_list=[ast.Call(verb, [path], facts), *others]):
                declared = ast.unparse(verb).partition(".")
                return (
                    declared[0] in VERBS & self._imported
                    and declared[2] in ("", "page", "stream")
                    and self._deprecation(others)
                    and _is_string(path)
                    and all(k.arg is not None and self._fact(k.arg, k.value) for k in facts)
                    and self._signature(node)
                )
        return False

    def _fact(self, name: str, value: ast.expr) -> bool:
        match name, value:
            case "clouds" | "clouds_unknown", ast.Name(constant):
                return constant in self._declared
            case "documented" | "of_stream", ast.Constant(True):
                return True
            case "permissions", ast.Call(ast.Name("Permissions"), [], found):
                return all(
                    (
                        self._rules(k.value)
                        if k.arg == "rules"
                        else k.arg in PERMISSION_FIELDS and _is_data(k.value)
                    )
                    for k in found
                )
            case "media_types", ast.Tuple(texts):
                return all(map(_is_string, texts))
            case "wire_names", ast.Dict(keys, values):
                return all(map(_is_string, (*keys, *values)))
        return False

    def _signature(self, node: ast.FunctionDef) -> bool:
        arguments = node.args
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        own = [a.arg for a in named]
        collected = arguments.kwarg.arg if arguments.kwarg else ""
        self._unique(node, [*own, collected])
        return (
            own[:1] == ["self"]
            and not arguments.vararg
            and arguments.kwarg is not None
            and re.fullmatch("(request_)*options", collected) is not None
            and self._annotation(arguments.kwarg.annotation)
            and all(self._annotation(a.annotation) for a in named[1:])
            and not arguments.defaults
            and all(d is None or _is_name(d, "UNSET") for d in arguments.kw_defaults)
            and self._annotation(node.returns)
            and len(node.body) == 1
            and _is_text(node.body[0])
        )

    def _clouds(self, node: ast.expr) -> bool:
        match node:
            case ast.Call(ast.Subscript(ast.Name("frozenset"), ast.Name("Cloud")), given, []):
                names = [n for g in given for n in (g.elts if isinstance(g, ast.List) else [g])]
                return all(
                    isinstance(n, ast.Attribute) and _is_name(n.value, "Cloud") and n.attr in CLOUDS
                    for n in names
                )
        return False

    def _rules(self, node: ast.expr) -> bool:
        match node:
            case ast.Tuple(items):
                return all(
                    isinstance(item, ast.Call)
                    and _is_name(item.func, "PermissionRule")
                    and not item.args
                    and all(k.arg in RULE_FIELDS and _is_data(k.value) for k in item.keywords)
                    for item in items
                )
        return False

    # -- the table of operations, and the options

    def operations_statement(self, node: ast.stmt) -> bool:
        match node:
            case ast.AnnAssign(ast.Name("OPERATIONS"), annotation, table):
                return ast.unparse(annotation) == "tuple[Operation, ...]" and bool(
                    re.fullmatch(r"tuple\(operations_of\(\w+Client\)\)", ast.unparse(table or node))
                )
            case ast.Expr(ast.Constant(str())):
                return True
        return False

    def options_statement(self, node: ast.stmt) -> bool:
        match node:
            case ast.ClassDef(
                _, [ast.Name("Options" | "TypedDict")], [ast.keyword("total")], body, []
            ):
                for item in body[1:]:
                    plain = isinstance(item, ast.AnnAssign) and item.value is None
                    self._need(plain and self._annotation(item.annotation), item)  # type: ignore[attr-defined]
                return _is_text(body[0])
        return False

    # -- the package

    def package_statement(self, node: ast.stmt) -> bool:
        match node:
            case ast.Assign([ast.Name("__version__")], value):
                return _is_string(value)
            case ast.Assign([ast.Name("_MODULES")], ast.Dict(keys, values)):
                return all(map(_is_string, [k for k in keys if k])) and all(map(_is_string, values))
            case ast.FunctionDef("__getattr__" | "__dir__"):
                return ast.dump(node) == _lazy_functions()[node.name]
        return False


_STATEMENTS: Mapping[str, Callable[[_Checker, ast.stmt], bool]] = {
    "__init__.py": _Checker.package_statement,
    "client.py": _Checker.client_statement,
    "operations.py": _Checker.operations_statement,
    "options.py": _Checker.options_statement,
    _MODELS: _Checker.models_statement,
}


@cache
def _lazy_functions() -> Mapping[str, str]:
    """Return the two functions of the package as the template has them: nothing varies in them."""
    template = (TEMPLATES / "package" / "init.py.jinja2").read_text("utf-8")
    tree = ast.parse(template[template.index("def __getattr__") :])
    return {node.name: ast.dump(node) for node in tree.body if isinstance(node, ast.FunctionDef)}


def _targets(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.Assign(targets):
            yield from (t.id for t in targets if isinstance(t, ast.Name))
        case ast.AnnAssign(ast.Name(name)):
            yield name


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and _is_string(node.value)


def _is_behaviour(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in BEHAVIOUR_NAMES


def _is_string(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_name(node: ast.expr | None, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_flag(node: ast.expr) -> bool:
    """Whether a node is a name on the wire with its number."""
    match node:
        case ast.Tuple([ast.Constant(str()), ast.Constant(int())]):
            return True
        case ast.Tuple([ast.Constant(str()), ast.UnaryOp(ast.USub(), ast.Constant(int()))]):
            return True
    return False


def _is_data(node: ast.expr) -> bool:
    """Whether a node is a constant or a tuple of constants."""
    return isinstance(node, ast.Constant) or (
        isinstance(node, ast.Tuple) and all(map(_is_data, node.elts))
    )
