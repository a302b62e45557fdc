"""Which requests and types a slice has: roots, and what is excluded, as people write them.

`users/{id}/onlineMeetings`, `/users/*/onlineMeetings` and `users/onlineMeetings` are the same path, and
`POST /communications/calls/*/answer` is an operation, or any other request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from graph_codegen.csdl.ast import (
    NavigationProperty,
    Property,
    StructuredType,
    TypeDeclaration,
    TypeRef,
)
from graph_codegen.errors import CodegenError, error
from graph_codegen.model.model import Model
from graph_codegen.model.subset import (
    ALL,
    Cut,
    Subset,
    Use,
    check_root,
    find_type,
    nearest,
    suggestion,
    take,
    take_uses,
)
from graph_codegen.service.capabilities import is_optional
from graph_codegen.service.requests import Request, list_requests
from graph_codegen.text import shorten

_LINE = re.compile(r"(DELETE|GET|PATCH|POST|PUT)\s+(\S.*)")
_KEY = re.compile(r"\{[^{}]*\}|\*")
_ARGUMENTS = re.compile(r"\([^()]*\)")
_KEY_VALUE = re.compile(r"\(\s*(?!\*)[^()=]+\)")
"""A key without the name of its property: `users('{id}')` is `users/{id}`."""
_NAME = re.compile(r"([^\s(,=]+)\s*=")

_NEAREST = 3
"""How many requests a message names."""


def without_arguments(path: str) -> str:
    """Return a path without what is in parentheses: arguments of functions, keys."""
    return _ARGUMENTS.sub("", path)


def normal_form(line: str) -> str:
    """Return a request line as it is compared: `GET /users/{}/onlinemeetings/getallrecordings/delta`.

    The case of letters, the names of keys, the arguments of functions and namespaces make no difference.
    """
    return _normal(without_arguments(line))


def normal_form_of(request: Request) -> str:
    """Return the normal form of a request, in which a key in parentheses is one like any other."""
    return normal_form(_with_plain_keys(request))


def _normal(line: str) -> str:
    method, _, path = line.partition(" ")
    plain = _KEY.sub("{}", path).lower().split("/")
    return f"{method} " + "/".join(part.rpartition(".")[2] for part in plain)


def _with_plain_keys(request: Request) -> str:
    """Return the line of a request with `/{id}` for each key that is in parentheses."""
    keys = tuple(f"{{{key.name}}}" for key in request.keys)

    def plain(found: re.Match[str]) -> str:
        return "/{id}" if any(key in found[0] for key in keys) else found[0]

    return _ARGUMENTS.sub(plain, request.http)


def _called(request: Request) -> str:
    """Return the normal form of a request in which what is called has `()`."""
    line = _ARGUMENTS.sub("()", _with_plain_keys(request))
    return _normal(f"{line}()" if request.kind == "action" else line)


def _pattern(line: str) -> re.Pattern[str]:
    """Return what matches the calls that a line stands for, as `_called` writes them.

    In parentheses are the key of an item, or the arguments of a function, which a line may leave out.
    """

    def part(text: str) -> str:
        name = text.removesuffix("()")
        return re.escape(name) + (r"(?:\(\))?" if name == text else r"(?:\(\)|/\{\})")

    return re.compile("/".join(map(part, _normal(_ARGUMENTS.sub("()", line)).split("/"))))


@dataclass(frozen=True, slots=True)
class Root:
    """A root or an exclude: everything, a path without keys, a request, or a type.

    `text` is its one spelling. `line` matches the requests that it is, None for all others; `names` are
    those of the arguments or of the key in parentheses at its end, None without any.
    """

    text: str
    segments: tuple[str, ...] = ()
    line: re.Pattern[str] | None = None
    names: frozenset[str] | None = None

    @property
    def is_type(self) -> bool:
        """Whether it is a type, which has no requests."""
        return not self.segments and not self.line and self.text != ALL

    def covers(self, request: Request) -> bool:
        """Whether it is a request, or one that leads to it.

        An operation without parentheses is all its overloads, and an item without names has any key.
        """
        if self.line:
            return bool(self.line.fullmatch(_called(request))) and self._has_names_of(request)
        if self.segments:
            return request.segments[: len(self.segments)] == self.segments
        return self.text == ALL

    def _has_names_of(self, request: Request) -> bool:
        operation = request.operation
        if self.names is None:
            return True
        if operation is None:
            return self.names == _names(request.path)
        own = operation.own
        wanted = {p.name.lower() for p in own if not is_optional(operation, p)}
        return wanted <= self.names <= {p.name.lower() for p in own}


def _names(path: str) -> frozenset[str] | None:
    """Return the names of the arguments, or of the parts of a key, in parentheses at the end of a path."""
    end = _KEY_VALUE.sub("/{}", path).rstrip("/").rpartition("(")
    if not end[1] or not end[2].endswith(")") or end[2] == "*)":
        return None
    return frozenset(name.lower() for name in _NAME.findall(end[2]))


def parse(model: Model, text: str) -> Root:
    """Return what a text stands for in a model, whether it is there or not."""
    line = _LINE.fullmatch(text.strip())
    if line:
        path = _KEY_VALUE.sub("/{}", "/" + line[2].strip("/"))
        whole = f"{line[1]} {path}"
        return Root(whole, _segments(path), _pattern(whole), _names(path))
    segments = _segments(text)
    heads = {*(source.name for source in model.sources), *(item.name for item in model.imports)}
    if segments and segments[0] in heads:
        return Root("/".join(segments), segments)
    return Root(text)


def _segments(path: str) -> tuple[str, ...]:
    """Return the names on a path, without keys."""
    parts = without_arguments(path.strip()).split("/")
    return tuple(part for part in parts if part and not _KEY.fullmatch(part))


def existing(model: Model, roots: Iterable[str]) -> tuple[str, ...]:
    """Return the roots that a model has: an older document, or that of another cloud, may lack some."""
    return tuple(root for root in roots if not missing(model, root))


def missing(model: Model, root: str) -> CodegenError | None:
    """Return the error for a root that a model lacks, with the nearest ones, and None for one that it has."""
    try:
        _find(model, root)
    except CodegenError as problem:
        return problem
    return None


def take_slice(model: Model, roots: Sequence[str], exclude: Sequence[str] = ()) -> Subset:
    """Return the part of a model that roots lead to, without what is excluded.

    Besides the roots of `take` there are requests. A request that is excluded is left out, and a path with
    all that it leads to; of a type, also the properties, operations and resources that need it. What is
    excluded need not be there. Raises CodegenError as `take` does, and where nothing is left.
    """
    excluded = [parse(model, text) for text in exclude]
    whole, model = model, _without_types(model, (x.text for x in excluded if x.is_type))
    excluded = [x for x in excluded if not x.is_type]
    gone = whole.types.keys() - model.types.keys()
    roots = [root for root in roots if find_type(whole, root) not in gone]
    for root in roots:
        if gone and missing(model, root) and not missing(whole, root):
            raise error(f"the root {shorten(root)} is of a type that is excluded", model.place)
    found = [_find(model, root) for root in roots]
    chosen = [one.root for one in found]
    if not excluded and not any(root.line for root in chosen):
        return take(model, [root.text for root in chosen])
    types = [root.text for root in chosen if root.is_type]
    base = take(model, [*types, *dict.fromkeys(needed for one in found for needed in one.needs)])
    every = list_requests(base.model)
    for one in chosen:
        if one.line and not any(map(one.covers, every)):
            message = "leads to nothing beside the others: the result of its function has a path of its own"
            raise error(f"the root {shorten(one.text)} {message}", model.place)
    kept = [
        request
        for request in every
        if any(root.covers(request) for root in chosen)
        and not any(x.covers(request) for x in excluded)
    ]
    if not kept and not types:
        raise error("what is excluded leaves no request", model.place)
    return replace(
        take_requests(_pruned(base, every, kept), every, kept, types),
        roots=tuple(sorted({root.text for root in chosen})),
    )


def take_requests(
    taken: Subset, every: Iterable[Request], kept: Sequence[Request], types: Sequence[str]
) -> Subset:
    """Return what some requests of a subset need, and some of its types.

    So does a composable function where something bound to its result is kept.
    """
    through = {(request.owner_segments, request.through) for request in kept if request.through}
    found = [
        *kept,
        *(
            request
            for request in every
            if (request.segments, request.operation) in through
            and not request.through
            and request not in kept
        ),
    ]
    uses = (
        Use(request.segments, _values(request), request.operation, _result(request))
        for request in found
    )
    rest = take_uses(taken.model, uses, types)
    lines = frozenset(request.http for request in found)
    cut = sorted({*taken.cut, *rest.cut}, key=str)
    return Subset(taken.roots, replace(rest.model, lines=lines), tuple(cut))


def _result(request: Request) -> tuple[int, str] | None:
    """Return after how many segments a path goes on in the result of a function, and the type of that."""
    through = request.through
    if through is None or through.returns is None:
        return None
    return len(request.owner_segments), through.returns.type.name


def _values(request: Request) -> tuple[TypeRef, ...]:
    return tuple(ref for ref in (request.body, request.returns) if ref)


# -- roots


@dataclass(frozen=True, slots=True)
class _Found:
    """A root that is there, and the paths and types that lead to all that it needs, but for a type itself."""

    root: Root
    needs: tuple[str, ...]


def _find(model: Model, text: str) -> _Found:
    """Return the root that a text stands for; raises CodegenError, with the nearest ones, if none."""
    root = parse(model, text)
    if root.line:
        return _find_requests(model, root)
    try:
        check_root(model, root.text)
    except CodegenError as problem:
        raise _with_requests(model, root, problem) from None
    return _Found(root, () if root.is_type else (root.text,))


def _find_requests(model: Model, root: Root) -> _Found:
    requests = _list_near(model, root.segments)
    found = [request for request in requests if root.covers(request)]
    if not found:
        near = suggestion(_nearest_lines(model, root, requests))
        message = f"the root {shorten(root.text)} does not exist: there is no such request{near}"
        raise error(message, model.place)
    one = found[0]
    whole = one.http if len(found) == 1 else without_arguments(_with_plain_keys(one))
    paths = ("/".join(_resource(model, request.segments)) for request in found)
    types = (ref.name for request in found for ref in _values(request) if ref.name in model.types)
    return _Found(replace(root, text=whole), tuple(dict.fromkeys((*paths, *types))))


def _list_near(model: Model, segments: Sequence[str]) -> tuple[Request, ...]:
    """Return the requests of the resource at the longest part of a path that there is, and of those below."""
    below = _resource(model, segments)
    return list_requests(replace(model, paths=(below,))) if below else ()


def _nearest_lines(model: Model, root: Root, requests: Iterable[Request]) -> Iterable[str]:
    """Return requests with the path of a root, else with a similar end, else what it may begin with."""
    verb = root.text.partition(" ")[0]
    same: list[str] = []
    ends: dict[str, str] = {}
    for request in requests:
        if root.line and root.line.fullmatch(f"{verb} {_called(request).partition(' ')[2]}"):
            same.append(request.http)
        ends.setdefault(_end(normal_form_of(request)), request.http)
    if same:
        return same[:_NEAREST]
    if ends:
        return [ends[end] for end in nearest(_end(normal_form(root.text)), ends)]
    heads = (*(source.name for source in model.sources), *(item.name for item in model.imports))
    return nearest("".join(root.segments[:1]), heads)


def _end(normal: str) -> str:
    """Return the last name of a request line, with the key after it."""
    parts = normal.split("/")
    return "/".join(parts[-2:] if parts[-1] == "{}" else parts[-1:])


def _with_requests(model: Model, root: Root, problem: CodegenError) -> CodegenError:
    """Return the error for a path that is not one of a resource, with the requests that have this path."""
    names = _names_of(root.segments)
    requests = _list_near(model, root.segments)
    near = [r.http for r in requests if _names_of(_segments(r.path)) == names][:_NEAREST]
    if not near:
        return problem
    (found,) = problem.diagnostics
    reason = found.message.partition("; near are ")[0]
    return CodegenError(replace(found, message=reason + suggestion(near)))


def _names_of(segments: Sequence[str]) -> list[str]:
    """Return the segments of a path as they are compared: without casts and namespaces."""
    names = [segment.lower() for segment in segments[:-1] if "." not in segment]
    return [*names, *(segment.lower().rpartition(".")[2] for segment in segments[-1:])]


def _resource(model: Model, segments: Sequence[str]) -> tuple[str, ...]:
    """Return as many segments as are names of resources; those of operations and streams are not."""
    for end in range(len(segments), 0, -1):
        if has_path(model, segments[:end]):
            return tuple(segments[:end])
    return ()


def has_path(model: Model, segments: Sequence[str]) -> bool:
    """Whether segments are a path that is a root."""
    try:
        check_root(model, "/".join(segments))
    except CodegenError:
        return False
    return True


# -- excludes


def _without_types(model: Model, texts: Iterable[str]) -> Model:
    """Return a model without types, those derived from them, and all that is of one of them."""
    named = {name for name in (find_type(model, text) for text in texts) if name}
    gone = named.union(*(model.descendants(name) for name in named))
    if not gone:
        return model
    types = {
        name: _without_members(declared, lambda _, item: item.type.name in gone)
        for name, declared in model.types.items()
        if name not in gone
    }
    operations = tuple(
        operation
        for operation in model.operations
        if not any(parameter.type.name in gone for parameter in operation.parameters)
        and not (operation.returns and operation.returns.type.name in gone)
    )
    kept = tuple(source for source in model.sources if source.type not in gone)
    names = {source.name for source in kept}
    sources = tuple(
        replace(s, bindings=tuple(b for b in s.bindings if b.target.split("/")[0] in names))
        for s in kept
    )
    left = {operation.name for operation in operations}
    imports = tuple(item for item in model.imports if item.operation in left)
    container = model.container and replace(model.container, sources=sources, imports=imports)
    return replace(model, types=types, operations=operations, container=container)


def _pruned(taken: Subset, every: Iterable[Request], kept: Iterable[Request]) -> Subset:
    """Return a subset without the navigation that only requests follow which are not kept."""
    used = {step for request in kept for step in request.steps}
    gone = {step for request in every for step in request.steps} - used
    cut = tuple(
        Cut(declared.name, item.name, item.type.name)
        for declared in taken.model.structured()
        for item in declared.navigation
        if f"{declared.name}/{item.name}" in gone and item.contains_target
    )
    dropped = {(one.type, one.property) for one in cut}
    types = {
        name: _without_members(declared, lambda owner, item: (owner, item.name) in dropped)
        for name, declared in taken.model.types.items()
    }
    return Subset(taken.roots, replace(taken.model, types=types), (*taken.cut, *cut))


def _without_members(
    declared: TypeDeclaration, is_gone: Callable[[str, Property | NavigationProperty], bool]
) -> TypeDeclaration:
    if not isinstance(declared, StructuredType):
        return declared
    return replace(
        declared,
        properties=tuple(p for p in declared.properties if not is_gone(declared.name, p)),
        navigation=tuple(n for n in declared.navigation if not is_gone(declared.name, n)),
    )
