"""`metadata/corrections.json`: what Graph's maintainers change in its metadata before they publish it.

The document that the service itself serves is raw. It contains where the cleaned one only refers, and lacks
annotations; nothing in it tells. What was found by comparing a raw document with a cleaned one is applied
by name to every document of Graph: where a document is cleaned already, nothing changes. An entry point is
left out only where something else has to be corrected: of any other document it is published.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar, cast

from graph_codegen.csdl.ast import (
    ROOT_NAMESPACE,
    Annotation,
    Collection,
    Constant,
    Document,
    EntityContainer,
    EntitySource,
    EnumType,
    Expression,
    NavigationProperty,
    Operation,
    Parameter,
    Property,
    Record,
    ReturnType,
    StructuredType,
    TypeDeclaration,
)
from graph_codegen.csdl.vocabulary import DESCRIPTIVE_PROPERTIES, TRUE, is_descriptive
from graph_codegen.errors import error
from graph_codegen.facts import files
from graph_codegen.model.model import Model
from graph_codegen.text import printable

FILE = "corrections.json"

_GRAPH = f"{ROOT_NAMESPACE}.GraphService"
"""The name of Graph's entity container, by which its documents are known."""

Json = object
"""What JSON can hold."""

_Annotated = TypeVar(
    "_Annotated", EnumType, StructuredType, Property, NavigationProperty, Operation, Parameter,
    ReturnType, EntityContainer, EntitySource,
)  # fmt: skip

_Values = Mapping[str, Expression | None]
"""What annotations say, by `Term` or `Term#Qualifier`; None: the cleaned document has no such one."""


@dataclass(frozen=True)
class Corrections:
    """What is corrected, by the names of what it concerns, as targets of annotations are spelled.

    `contains_target` and `has_stream` are by navigation property and by entity type, `annotations` by
    element. `left_out` are entity sets and singletons of raw documents that are not published. `documents`
    says what was compared: file and digest of the raw and of the cleaned document.
    """

    contains_target: Mapping[str, bool]
    has_stream: Mapping[str, bool]
    annotations: Mapping[str, _Values]
    left_out: tuple[str, ...]
    documents: Mapping[str, Mapping[str, str]]


NONE = Corrections({}, {}, {}, (), {})


# -- what a raw and a cleaned document differ in


def learn(raw: tuple[Document, Model], cleaned: tuple[Document, Model]) -> Corrections:
    """Return what has to be corrected in a raw model to get what the cleaned one says of the same things.

    Only what both declare is compared: documents of different days differ in what they declare.
    """
    before, after = dict(_elements(raw[1])), dict(_elements(cleaned[1]))
    contains: dict[str, bool] = {}
    streams: dict[str, bool] = {}
    annotations: dict[str, _Values] = {}
    for target in before.keys() & after.keys():
        old, new = before[target], after[target]
        match old, new:
            case NavigationProperty(), NavigationProperty(contains_target=contained):
                if old.contains_target != contained:
                    contains[target] = contained
            case StructuredType(), StructuredType(has_stream=has_stream):
                if old.has_stream != has_stream:
                    streams[target] = has_stream
            case _:
                pass
        had, has = _facts(old.annotations), _facts(new.annotations)
        if changed := {
            name: has.get(name)
            for name in had.keys() | has.keys()
            if had.get(name) != has.get(name)
        }:
            annotations[target] = changed
    documents = {
        name: {"document": document.file, "sha256": document.sha256}
        for name, document in (("raw", raw[0]), ("cleaned", cleaned[0]))
    }
    published = {source.name for source in cleaned[1].sources}
    left_out = (source.name for source in raw[1].sources if source.name not in published)
    return Corrections(contains, streams, annotations, tuple(sorted(left_out)), documents)


_Element = (
    EnumType | StructuredType | Property | NavigationProperty | Operation | Parameter | ReturnType
    | EntityContainer | EntitySource
)  # fmt: skip


def _elements(model: Model) -> Iterator[tuple[str, _Element]]:
    """Yield the elements of a model that can be corrected, with their names as targets (CSDL 14.2.2)."""
    for name, declared in model.types.items():
        yield name, declared
        if isinstance(declared, StructuredType):
            yield from ((f"{name}/{item.name}", item) for item in declared.members())
    for operation in model.operations:
        yield operation.signature, operation
        yield from ((f"{operation.signature}/{p.name}", p) for p in operation.parameters)
        if operation.returns:
            yield f"{operation.signature}/$ReturnType", operation.returns
    if model.container:
        name = model.container.name
        yield name, model.container
        yield from ((f"{name}/{source.name}", source) for source in model.container.sources)


def _facts(annotations: Iterable[Annotation]) -> dict[str, Expression]:
    """Return what annotations say that is no descriptive text."""
    return {
        _name(one): TRUE if one.value is None else _without_texts(one.value)
        for one in annotations
        if not is_descriptive(one.term)
    }


def _name(annotation: Annotation) -> str:
    return f"{annotation.term}#{annotation.qualifier}" if annotation.qualifier else annotation.term


def _without_texts(value: Expression) -> Expression:
    match value:
        case Record(values, type_name):
            kept = (
                (name, _without_texts(item))
                for name, item in values
                if name not in DESCRIPTIVE_PROPERTIES
            )
            return Record(tuple(kept), type_name)
        case Collection(items):
            return Collection(tuple(map(_without_texts, items)))
        case _:
            return value


# -- applying them


def concern(model: Model) -> bool:
    """Whether a model is of Graph, whose metadata the corrections are about."""
    return model.container is not None and model.container.name == _GRAPH


def apply(model: Model, corrections: Corrections) -> tuple[Model, int]:
    """Return a model of Graph with what is corrected of what it declares, and how many elements that are."""
    corrector = _Corrector(corrections)
    return corrector.model(model), corrector.corrected


class _Corrector:
    def __init__(self, corrections: Corrections) -> None:
        self._contains = corrections.contains_target
        self._streams = corrections.has_stream
        self._annotations = corrections.annotations
        self._left_out = corrections.left_out
        self.corrected = 0

    def model(self, model: Model) -> Model:
        corrected = replace(
            model,
            types={name: self._type(declared) for name, declared in model.types.items()},
            operations=tuple(map(self._operation, model.operations)),
            container=model.container and self._container(model.container),
        )
        is_raw = self.corrected > 0
        return self._published(corrected) if is_raw else corrected

    def _container(self, container: EntityContainer) -> EntityContainer:
        sources = tuple(self._annotated(s, f"{container.name}/{s.name}") for s in container.sources)
        return self._annotated(replace(container, sources=sources), container.name)

    def _published(self, model: Model) -> Model:
        """Return a model without the entry points that are not published."""
        container = model.container
        if container is None:
            return model
        kept = tuple(source for source in container.sources if source.name not in self._left_out)
        self.corrected += len(container.sources) - len(kept)
        return replace(model, container=replace(container, sources=kept))

    def _type(self, declared: TypeDeclaration) -> TypeDeclaration:
        name = declared.name
        if isinstance(declared, EnumType):
            return self._annotated(declared, name)
        properties = tuple(self._annotated(p, f"{name}/{p.name}") for p in declared.properties)
        navigation = tuple(self._navigation(n, f"{name}/{n.name}") for n in declared.navigation)
        if properties != declared.properties or navigation != declared.navigation:
            declared = replace(declared, properties=properties, navigation=navigation)
        has_stream = self._streams.get(name, declared.has_stream)
        if has_stream != declared.has_stream:
            self.corrected += 1
            declared = replace(declared, has_stream=has_stream)
        return self._annotated(declared, name)

    def _navigation(self, item: NavigationProperty, target: str) -> NavigationProperty:
        contains_target = self._contains.get(target, item.contains_target)
        if contains_target != item.contains_target:
            self.corrected += 1
            item = replace(item, contains_target=contains_target)
        return self._annotated(item, target)

    def _operation(self, operation: Operation) -> Operation:
        target = operation.signature
        returns = operation.returns
        corrected = replace(
            operation,
            parameters=tuple(
                self._annotated(p, f"{target}/{p.name}") for p in operation.parameters
            ),
            returns=returns and self._annotated(returns, f"{target}/$ReturnType"),
        )
        return self._annotated(corrected, target)

    def _annotated(self, item: _Annotated, target: str) -> _Annotated:
        said = _facts(item.annotations)
        wanted = self._annotations.get(target, {})
        changed = {name: value for name, value in wanted.items() if said.get(name) != value}
        if not changed:
            return item
        self.corrected += 1
        found = [one for one in item.annotations if _name(one) not in changed]
        for name, value in changed.items():
            if value is not None:
                term, _, qualifier = name.partition("#")
                found.append(Annotation(term, value, qualifier, item.place))
        found.sort(key=lambda one: (one.term, one.qualifier))
        return replace(item, annotations=tuple(found))


# -- the file


@dataclass(frozen=True)
class _Content:
    documents: dict[str, dict[str, str]]
    left_out: tuple[str, ...]
    contains_target: dict[str, bool]
    has_stream: dict[str, bool]
    annotations: dict[str, dict[str, Json]]


def load(*folders: Path) -> Corrections:
    """Read the corrections from the last folder that has the file, none if there is none.

    Raises CodegenError if the file is not understood.
    """
    found = [folder for folder in folders if (folder / FILE).exists()]
    if not found:
        return NONE
    path = found[-1] / FILE
    (content,) = files.read(found[-1:], FILE, "the corrections are", _Content)
    annotations: dict[str, _Values] = {}
    for target, values in content.annotations.items():
        try:
            annotations[target] = {name: _optional(value) for name, value in values.items()}
        except ValueError as problem:
            place = f"annotations/{target}"
            message = f"the corrections are not understood: {printable(place)}: {problem}"
            raise error(message, str(path)) from None
    return Corrections(
        content.contains_target,
        content.has_stream,
        annotations,
        content.left_out,
        content.documents,
    )


def render(corrections: Corrections) -> str:
    """Return corrections as the text of the file."""
    content = {
        "documents": corrections.documents,
        "left_out": corrections.left_out,
        "contains_target": dict(sorted(corrections.contains_target.items())),
        "has_stream": dict(sorted(corrections.has_stream.items())),
        "annotations": {
            target: {name: value and _to_json(value) for name, value in sorted(values.items())}
            for target, values in sorted(corrections.annotations.items())
        },
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _to_json(value: Expression) -> Json:
    """Return an expression as JSON: `{"Bool": "true"}`, `{"Record": {…}, "Type": "…"}`, or a list."""
    match value:
        case Constant(kind, text):
            return {kind: text}
        case Record(values, type_name):
            record = {"Record": {name: _to_json(item) for name, item in values}}
            return {**record, "Type": type_name} if type_name else record
        case Collection(items):
            return [_to_json(item) for item in items]
        case _:
            raise error(f"an expression {value.kind} cannot be kept as a correction", FILE)


def _optional(value: Json) -> Expression | None:
    return None if value is None else _from_json(value)


def _from_json(value: Json) -> Expression:
    if isinstance(value, list):
        return Collection(tuple(map(_from_json, cast("list[Json]", value))))
    members = cast("dict[str, Json]", value) if isinstance(value, dict) else {}
    record = members.get("Record")
    if isinstance(record, dict):
        items = cast("dict[str, Json]", record).items()
        values = sorted((name, _from_json(item)) for name, item in items)
        return Record(tuple(values), str(members.get("Type", "")))
    [(kind, text)] = members.items() if len(members) == 1 else [("", None)]
    if not isinstance(text, str):
        raise ValueError('a value is like {"Bool": "true"}, {"Record": {…}}, or a list of such')
    return Constant(kind, text)
