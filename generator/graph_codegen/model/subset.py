"""The part of a model that is reachable from chosen roots.

From each root the closure follows everything that a value of a type can hold or do: structural
properties, contained navigation, base types, derived types of all these, and bound operations with their
parameters and return types. Navigation without containment leads to entities elsewhere: it is kept if its
target is in the subset anyway. If not, references to such entities remain, but nothing of their type.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from graph_codegen.csdl.ast import (
    ENTITY,
    ROOT_NAMESPACE,
    Binding,
    NavigationProperty,
    Operation,
    OperationImport,
    Property,
    StructuredType,
    TypeRef,
)
from graph_codegen.errors import CodegenError, error, refuse
from graph_codegen.model.canonical import ordered
from graph_codegen.model.model import Model
from graph_codegen.model.validate import find_dangling
from graph_codegen.text import shorten

ALL = "all"
"""The root that stands for the whole document."""

LONGEST_NAME = 100
"""Characters of a name that may be near to another; to compare longer ones takes long."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A navigation property of a type in the subset whose target is outside.

    That of an entity type leads to any entity now (`Edm.EntityType`), that of a complex type is left out.
    Types on the way to a chosen path are not in the subset as such: what they lack is not listed.
    """

    type: str
    property: str
    target: str

    def __str__(self) -> str:
        return f"{self.type}/{self.property} → {self.target}"


@dataclass(frozen=True, slots=True)
class Subset:
    """A closed part of a model: nothing in `model` refers outside; `cut` has the properties that did.

    Both are in canonical order, whatever the order of the document.
    """

    roots: tuple[str, ...]
    model: Model
    cut: tuple[Cut, ...]


def take(model: Model, roots: Sequence[str]) -> Subset:
    """Return the subset of a model that is reachable from roots.

    A root is `all`, the name of an entity set or singleton (`communications`), a path from one
    along contained navigation (`communications/calls`), a type (`commsNotifications`, with its
    namespace unless that is microsoft.graph), or an action or function import. Of a path only the
    resource at its end, and what that leads to, takes requests. Raises CodegenError for a root that does
    not exist, for one that needs a type which only an absent document declares, and for a kept element that
    refers to nothing.
    """
    closure = _Closure(model)
    for root in roots:
        closure.add_root(root)
    return closure.subset(roots)


@dataclass(frozen=True, slots=True)
class Use:
    """What a request needs: its resource without keys, the types of its values, and its operation.

    `result` says after how many segments the path goes on in the result of a function, and of which type
    that is.
    """

    segments: tuple[str, ...]
    values: tuple[TypeRef, ...]
    operation: Operation | None
    result: tuple[int, str] | None = None


def take_uses(model: Model, uses: Iterable[Use], types: Sequence[str]) -> Subset:
    """Return the subset of a model that some requests and types need, as `take` does for roots.

    Of bound operations, only those of the requests are kept.
    """
    uses = tuple(uses)
    closure = _Closure(model, frozenset(use.operation for use in uses if use.operation))
    for use in uses:
        closure.add_use(use)
    for name in types:
        closure.add_root(name)
    return closure.subset((*{"/".join(use.segments) for use in uses}, *types))


def check_root(model: Model, root: str) -> None:
    """Raise CodegenError for a root that does not exist, with the nearest ones."""
    if root != ALL:
        _Closure(model).add_root(root)


def find_type(model: Model, name: str) -> str | None:
    """Return the full name of a type, which may be given without its namespace if that is microsoft.graph."""
    candidates = (name, f"{ROOT_NAMESPACE}.{name}")
    return next((c for c in candidates if c in model.types), None)


def nearest(text: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that a text may be a misspelling of, at most three."""
    spelled = {name.lower(): name for name in names if len(name) < LONGEST_NAME}
    text = text[:LONGEST_NAME].lower()
    return tuple(spelled[found] for found in get_close_matches(text, spelled, 3))


def suggestion(names: Iterable[str]) -> str:
    """Return the end of a message about something that does not exist."""
    found = ", ".join(map(shorten, names))
    return f"; near are {found}" if found else ""


class _Closure:
    def __init__(self, model: Model, called: frozenset[Operation] | None = None) -> None:
        self._model = model
        self._called = called
        """The operations to keep; None: all that are bound to a kept type."""
        self._bound_to = _bound_to(model)
        self._types: set[str] = set()
        self._held: set[str] = set()
        self._operations: set[Operation] = set()
        self._sources: set[str] = set()
        self._imports: set[str] = set()
        self._followed: set[str] = set()
        self._paths: set[tuple[str, ...]] = set()
        self._steps: set[tuple[str, str]] = set()
        self._pending: list[tuple[str, str]] = []
        self._everything = False

        self._root = ""
        """The root that is followed, by which the types below are reached."""
        self._lacking: dict[str, CodegenError] = {}

    # -- roots

    def add_root(self, root: str) -> None:
        self._root = root
        if root == ALL:
            self._everything = True
            for name in self._model.types:
                self._hold(name)
            self._operations.update(self._model.operations)
            self._sources.update(s.name for s in self._model.sources)
            self._imports.update(i.name for i in self._model.imports)
            return
        head, *segments = root.split("/")
        source = self._model.container and self._model.container.source(head)
        if source:
            self._sources.add(source.name)
            self._paths.add((source.name, *segments))
            self._follow(root, source.type, segments)
            return
        imported = self._model.container and self._model.container.operation_import(head)
        if imported and not segments:
            self._add_import(imported)
            return
        found = None if segments else find_type(self._model, head)
        if found is None:
            names = [source.name for source in self._model.sources]
            names += (item.name for item in self._model.imports if not segments)
            names += (
                name.removeprefix(f"{ROOT_NAMESPACE}.")
                for name in self._model.types
                if not segments
            )
            message = "it is not an entity set, singleton, path, type or import"
            alike = [n for n in names if n.rpartition(".")[2].lower() == head.lower()]
            near = dict.fromkeys((*alike, *nearest(head, names)))
            raise self._missing(root, message, [*near][:3])
        self._hold(found)

    def _missing(self, root: str, why: str, near: Iterable[str]) -> CodegenError:
        message = f"the root {shorten(root)} does not exist: {why}{suggestion(near)}"
        return error(message, self._model.place)

    def _follow(self, root: str, owner: str, segments: list[str]) -> None:
        """Hold the target of a path; of the types on the way, only their keys and the next step are kept.

        Neither their other members nor their annotations are. A cast leads to what its type itself declares.
        """
        cast = ""
        for segment in segments:
            lineage = self._model.lineage(owner)
            if owner != cast and segment in self._model.descendants(owner):
                self._types.update(declared.name for declared in lineage)
                self._steps.update(
                    (d.name, name) for d in lineage for name in self._model.key(owner)
                )
                owner = cast = segment
                continue
            declaring = lineage[-1:] if owner == cast else lineage
            steps = (
                (declared.name, item)
                for declared in declaring
                for item in declared.navigation
                if item.name == segment and item.contains_target
            )
            step = next(steps, None)
            if step is None:
                contained = (n.name for d in declaring for n in d.navigation if n.contains_target)
                why = f"{owner} contains no {shorten(segment)}"
                raise self._missing(root, why, nearest(segment, contained))
            self._types.update(declared.name for declared in lineage)
            self._steps.add((step[0], segment))
            self._steps.update((d.name, name) for d in lineage for name in self._model.key(owner))
            owner, cast = step[1].type.name, ""
        self._hold(owner)

    def _add_import(self, item: OperationImport) -> None:
        self._imports.add(item.name)
        for operation in self._model.imported(item):
            self._add_operation(operation)

    def add_use(self, use: Use) -> None:
        """Hold the types of the values of a request; of those on the way, keep what leads to it."""
        self._root = "/".join(use.segments)
        imported = self._model.container and self._model.container.operation_import(use.segments[0])
        if imported:
            self._add_import(imported)
            return
        source = self._model.container and self._model.container.source(use.segments[0])
        owner = source.type if source else ""
        path = use.segments
        self._sources.add(path[0])
        for number, segment in enumerate((*path[1:], ""), 1):
            if use.result and use.result[0] == number:
                owner = use.result[1]
            lineage = self._model.lineage(owner)
            self._types.update(declared.name for declared in lineage)
            kept = {segment, *self._model.key(owner)}
            self._steps.update((declared.name, name) for declared in lineage for name in kept)
            member = self._model.first(owner, segment)
            if isinstance(member, Property):
                path = path[:-1]  # a stream, which belongs to the resource before it
            cast = segment if segment in self._model.types else ""
            owner = member.type.name if member else cast
        self._paths.add(path)
        for value in use.values:
            self._hold_ref(value)
        if use.operation:
            self._add_operation(use.operation)

    # -- closure

    def _hold(self, name: str) -> None:
        """Hold a type of which values can occur, and all types derived from it."""
        if name in self._held:  # with all types derived from it
            return
        for each in (name, *self._model.descendants(name)):
            if each not in self._held:
                self._held.add(each)
                self._reach(each)

    def _reach(self, name: str) -> None:
        for declared in self._model.lineage(name):
            self._types.add(declared.name)
        self._types.add(name)
        self._refuse_absent(name)
        self._pending.append((name, self._root))

    def _refuse_absent(self, name: str) -> None:
        """Note that a root needs a type which is not there itself, or whose base type is not."""
        first = next(iter(self._model.lineage(name)), None)
        needed = first.base if first else name
        if needed in self._model.absent and self._root not in self._lacking:
            uri = self._model.absent[needed]
            what = f"{name}, whose base type {needed}" if first else f"{needed}, which"
            message = (
                f"the root {self._root} needs {what} only {uri} declares: give it by --reference"
            )
            self._lacking[self._root] = error(message, first.place if first else self._model.place)

    def subset(self, roots: Iterable[str]) -> Subset:
        """Follow references until there are no new ones, and return what is kept."""
        self._run()
        refuse(d for problem in self._lacking.values() for d in problem.diagnostics)
        kept, cut = self._result()
        refuse(find_dangling(kept))
        return Subset(tuple(sorted({*roots})), ordered(kept), tuple(sorted(cut, key=str)))

    def _run(self) -> None:
        while self._pending:
            name, self._root = self._pending.pop()
            for declared in self._model.lineage(name):
                if declared.name in self._followed:
                    continue
                self._followed.add(declared.name)
                self._follow_members(declared)
                for operation in self._bound_to.get(declared.name, ()):
                    self._add_operation(operation)

    def _follow_members(self, declared: StructuredType) -> None:
        for item in declared.properties:
            self._hold_ref(item.type)
        for navigation in declared.navigation:
            if navigation.contains_target:
                self._hold_ref(navigation.type)

    def _hold_ref(self, ref: TypeRef) -> None:
        if not ref.primitive:
            self._hold(ref.name)

    def _add_operation(self, operation: Operation) -> None:
        left_out = self._called is not None and operation not in self._called
        if left_out or operation in self._operations:
            return
        self._operations.add(operation)
        for parameter in operation.own:
            self._hold_ref(parameter.type)
        if operation.returns:
            self._hold_ref(operation.returns.type)

    # -- result

    def _result(self) -> tuple[Model, list[Cut]]:
        cut: list[Cut] = []
        types = {
            name: self._prune(declared, cut) if isinstance(declared, StructuredType) else declared
            for name, declared in self._model.types.items()
            if name in self._types
        }
        operations = tuple(o for o in self._model.operations if o in self._operations)
        container = self._model.container and replace(
            self._model.container,
            sources=tuple(
                replace(s, bindings=self._bindings(s.bindings))
                for s in self._model.sources
                if s.name in self._sources
            ),
            imports=tuple(i for i in self._model.imports if i.name in self._imports),
        )
        return (
            Model(
                types=types,
                operations=operations,
                terms=self._model.terms if self._everything else (),
                container=container,
                diagnostics=self._model.diagnostics,
                paths=() if self._everything else tuple(sorted(self._paths)),
                partial=self._model.partial,
            ),
            cut,
        )

    def _prune(self, declared: StructuredType, cut: list[Cut]) -> StructuredType:
        kept: list[NavigationProperty] = []
        for item in declared.navigation:
            if self._keeps(declared, item):
                kept.append(item)
            elif declared.name in self._followed:
                cut.append(Cut(declared.name, item.name, item.type.name))
                if declared.kind == "EntityType":
                    any_entity = TypeRef(ENTITY, item.type.collection)
                    kept.append(replace(item, type=any_entity, partner=""))
        properties = tuple(item for item in declared.properties if self._keeps(declared, item))
        if declared.name not in self._followed:
            declared = replace(declared, annotations=())  # which concern all of the type
        elif (properties, tuple(kept)) == (declared.properties, declared.navigation):
            return declared
        return replace(declared, properties=properties, navigation=tuple(kept))

    def _keeps(self, declared: StructuredType, item: Property | NavigationProperty) -> bool:
        if declared.name not in self._followed:
            return (declared.name, item.name) in self._steps
        if isinstance(item, NavigationProperty):  # a type on the way to another is not held
            return item.type.name in self._followed or item.type.name == ENTITY
        return item.type.primitive or item.type.name in self._types

    def _bindings(self, bindings: tuple[Binding, ...]) -> tuple[Binding, ...]:
        """Keep the bindings whose target starts at a kept entity set or singleton."""
        return tuple(b for b in bindings if b.target.split("/")[0] in self._sources)


def _bound_to(model: Model) -> dict[str, tuple[Operation, ...]]:
    """Group bound operations by the type, or the type of the items, that they are bound to."""
    grouped: dict[str, list[Operation]] = {}
    for ref, operations in model.bound.items():
        grouped.setdefault(ref.name, []).extend(operations)
    return {name: tuple(operations) for name, operations in grouped.items()}
