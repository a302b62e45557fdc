"""Strategies for models: small, valid, and with every construct of CSDL."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from hypothesis import strategies as st

from graph_codegen.csdl import vocabulary
from graph_codegen.csdl.ast import (
    Annotation,
    Collection,
    Constant,
    EntityContainer,
    EntitySource,
    EnumType,
    Expression,
    Member,
    NavigationProperty,
    Operation,
    Parameter,
    Property,
    Record,
    ReturnType,
    StructuredType,
    Term,
    TypeRef,
)
from graph_codegen.model.model import Model

NAMES = st.sampled_from(["a", "b", "Zeta", "_v2", "isE2EEncrypted"])
TEXTS = st.text(
    st.characters(categories=("L", "N", "P", "S", "Zs"), include_characters="\t\n\r"), max_size=12
)
FLAGS = st.sampled_from([None, True, False])
FACETS = st.sampled_from([(), (("MaxLength", "36"),), (("Precision", "9"), ("Scale", "variable"))])

ITEM = "microsoft.graph.item"
REFS = st.builds(
    TypeRef, st.sampled_from(["Edm.String", "Edm.Int64", "other.kind", ITEM]), st.booleans()
)

CONSTANTS = st.one_of(
    st.builds(Constant, st.sampled_from(["String", "Path"]), TEXTS),
    st.sampled_from([Constant("Bool", "true"), Constant("EnumMember", "a.b/c")]),
)


def _containers(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    values = st.dictionaries(NAMES, inner, max_size=3).map(lambda d: tuple(sorted(d.items())))
    items = st.lists(inner.filter(lambda v: not isinstance(v, Collection)), max_size=3)
    return st.one_of(
        st.builds(Record, values, st.sampled_from(["", "a.record"])),
        st.builds(Collection, items.map(tuple)),
    )


# The text of an element is trimmed where spaces mean nothing; text proper is not.
EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    CONSTANTS.map(lambda c: replace(c, text=c.text.strip()) if c.kind == "Path" else c),
    _containers,
    max_leaves=5,
)
ANNOTATIONS = st.dictionaries(
    st.tuples(st.sampled_from(["a.b", "Org.OData.Core.V1.Computed"]), st.sampled_from(["", "q"])),
    st.none() | EXPRESSIONS,
    max_size=2,
).map(lambda d: tuple(Annotation(t, v, q) for (t, q), v in sorted(d.items(), key=lambda i: i[0])))


def _by_name(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    unique = st.lists(strategy, max_size=3, unique_by=lambda item: item.name)  # type: ignore[attr-defined]
    return unique.map(lambda items: tuple(sorted(items, key=lambda item: item.name)))  # type: ignore[attr-defined]


MEMBERS = st.lists(
    st.builds(Member, NAMES, st.integers(-(2**63), 2**63 - 1), ANNOTATIONS),
    max_size=3,
    unique_by=lambda member: member.name,
).map(lambda members: tuple(sorted(members, key=lambda m: (m.value, m.name))))
PROPERTIES = _by_name(
    st.builds(
        Property, name=NAMES, type=REFS, nullable=FLAGS, facets=FACETS, annotations=ANNOTATIONS
    )
)
NAVIGATION = _by_name(
    st.builds(
        NavigationProperty,
        name=NAMES.map(lambda name: f"{name}Nav"),
        type=st.builds(TypeRef, st.just(ITEM), st.booleans()),
        nullable=FLAGS,
        contains_target=st.booleans(),
        partner=st.just(""),
        annotations=ANNOTATIONS,
    )
)
ENUMS = st.builds(
    EnumType,
    name=st.just("other.kind"),
    members=MEMBERS,
    underlying=st.sampled_from(["Edm.Int32", "Edm.Byte", "Edm.Int64"]),
    is_flags=st.booleans(),
    annotations=ANNOTATIONS,
)
ITEMS = st.builds(
    StructuredType,
    kind=st.just("EntityType"),
    name=st.just(ITEM),
    base=st.just(""),
    abstract=st.booleans(),
    open=st.booleans(),
    has_stream=st.booleans(),
    key=st.just(()),
    properties=PROPERTIES,
    navigation=NAVIGATION,
    annotations=ANNOTATIONS,
)
OPERATIONS = st.builds(
    Operation,
    kind=st.just("Function"),
    name=st.just("other.call"),
    parameters=st.lists(
        st.builds(
            Parameter, name=NAMES, type=REFS, nullable=FLAGS, facets=FACETS, annotations=ANNOTATIONS
        ),
        min_size=1,
        max_size=3,
        unique_by=lambda parameter: parameter.name,
    ).map(tuple),
    returns=st.none() | st.builds(ReturnType, REFS, FLAGS, FACETS, ANNOTATIONS),
    is_bound=st.booleans(),
    is_composable=st.booleans(),
    entity_set_path=st.sampled_from(["", "a/b"]),
    annotations=ANNOTATIONS,
)
SOURCES = _by_name(
    st.builds(
        EntitySource,
        kind=st.sampled_from(["EntitySet", "Singleton"]),
        name=NAMES,
        type=st.just(ITEM),
        bindings=st.just(()),
        annotations=ANNOTATIONS,
    )
)
MODELS = st.builds(
    lambda enum, item, operation, term, container: Model(
        types={enum.name: enum, item.name: item},
        operations=(operation,),
        terms=(term,),
        container=container,
    ),
    ENUMS,
    ITEMS,
    OPERATIONS,
    st.builds(
        Term,
        name=st.just("other.term"),
        type=REFS,
        nullable=st.sampled_from([None, True, False]),
        applies_to=st.sampled_from(["", ITEM]),
        annotations=ANNOTATIONS,
    ),
    st.builds(EntityContainer, st.just("other.Service"), SOURCES, ANNOTATIONS),
)


# -- services that differ in the ways that matter to a client

BASE = "microsoft.graph.base"
THING = "microsoft.graph.thing"


def _record(path: Sequence[str], flag: Expression, **more: Expression) -> Record:
    name, *rest = path
    value = _record(rest, flag) if rest else flag
    return Record(tuple(sorted({name: value, **more}.items())))


def _revision(kind: str, day: str) -> Expression:
    values: dict[str, Expression] = {
        "Date": Constant("Date", day),
        "Description": Constant("String", f"since {day}"),
        "Kind": Constant("EnumMember", f"Org.OData.Core.V1.RevisionKind/{kind}"),
    }
    return Collection((Record(tuple(values.items())),))


def _bindings(*names: str) -> Expression:
    return Collection(tuple(Constant("String", f"microsoft.graph.{name}") for name in names))


def _choices() -> Iterator[Annotation]:
    """Yield the annotations to choose from: what each term can rule out, and some that say other things."""
    for term in vocabulary.TERMS.values():
        for restriction in term.restrictions:
            for flag in (vocabulary.TRUE, vocabulary.FALSE):
                if restriction.flag:
                    path = restriction.flag.split("/")
                    yield Annotation(term.name, _record(path, flag))
                    yield Annotation(term.name, _record(path, flag, MaxLevels=Constant("Int", "3")))
                else:
                    yield Annotation(term.name, flag)
        if any(not restriction.flag for restriction in term.restrictions):
            yield Annotation(term.name)
    yield Annotation(vocabulary.OPTIONAL_PARAMETER)
    yield Annotation(vocabulary.REQUIRES_EXPLICIT_BINDING)
    for names in (["mute"], ["muteAll"], ["mute", "muteAll"]):
        yield Annotation(vocabulary.EXPLICIT_OPERATION_BINDINGS, _bindings(*names))
    for text in ("one", "two"):
        yield Annotation(vocabulary.DESCRIPTION, Constant("String", text))
    for kind, day in itertools.product(("Deprecated", "Added"), ("2024-01-01", "2025-01-01")):
        yield Annotation("Org.OData.Core.V1.Revisions", _revision(kind, day))


_CHOICES = tuple(_choices())
# By index: hypothesis spells out what it samples from, over and over.
_ANNOTATED = st.lists(
    st.integers(0, len(_CHOICES) - 1).map(_CHOICES.__getitem__),
    max_size=2,
    unique_by=lambda annotation: annotation.term,
).map(lambda found: tuple(sorted(found, key=lambda annotation: annotation.term)))
_WORDS = st.sampled_from(["id", "state", "states", "status", "other"])
_KINDS = st.builds(
    TypeRef,
    st.sampled_from(["Edm.String", "Edm.Int32", "Edm.Int64", "Edm.Stream", "other.kind"]),
    st.booleans(),
)
_WORDED = st.lists(
    st.builds(
        Parameter, name=_WORDS, type=_KINDS, nullable=FLAGS, facets=FACETS, annotations=_ANNOTATED
    ),
    max_size=3,
    unique_by=lambda parameter: parameter.name,
)


def _properties(prefix: str) -> st.SearchStrategy[tuple[Property, ...]]:
    one = st.builds(
        Property,
        name=_WORDS.map(lambda name: prefix + name),
        type=_KINDS,
        nullable=FLAGS,
        facets=FACETS,
        annotations=_ANNOTATED,
    )
    return _by_name(one)  # type: ignore[return-value]


def _entity(name: str, *bases: str) -> st.SearchStrategy[StructuredType]:
    simple = name.rpartition(".")[2]
    targets = st.builds(TypeRef, st.sampled_from([BASE, ITEM]), st.booleans())
    navigation = _by_name(
        st.builds(
            NavigationProperty,
            name=st.sampled_from([f"{simple}Items", f"{simple}Parts"]),
            type=targets,
            nullable=FLAGS,
            contains_target=st.booleans(),
            partner=st.sampled_from(["", "back"]),
            annotations=_ANNOTATED,
        )
    )
    flag = st.booleans()
    return st.builds(
        lambda base, abstract, opened, stream, key, own, nav, annotations: StructuredType(
            kind="EntityType", name=name, base=base, abstract=abstract, open=opened,
            has_stream=stream, key=() if base else ((f"{simple}Key",) if key else ()),
            properties=(Property(name=f"{simple}Key", type=TypeRef("Edm.String")), *own),
            navigation=nav, annotations=annotations,
        ),
        st.sampled_from(["", *bases]), flag, flag, flag, flag, _properties(simple), navigation, _ANNOTATED,
    )  # fmt: skip


_OPERATIONS = st.lists(
    st.builds(
        lambda kind, name, target, collection, own, returns, annotations: Operation(
            kind=kind,
            name=f"microsoft.graph.{name}",
            parameters=(Parameter(name="bindingParameter", type=TypeRef(target, collection)), *own),
            returns=ReturnType(returns) if returns else None,
            is_bound=True,
            annotations=annotations,
        ),
        st.sampled_from(["Action", "Function"]),
        st.sampled_from(["mute", "muteAll", "count"]),
        st.sampled_from([BASE, ITEM]),
        st.booleans(),
        _WORDED,
        st.none() | _KINDS,
        _ANNOTATED,
    ),
    max_size=4,
    unique_by=lambda o: (o.signature, tuple(p.name for p in o.parameters)),
).map(tuple)

SERVICES = st.builds(
    lambda base, item, thing, kind, operations, sources, annotations: Model(
        types={t.name: t for t in (base, item, kind, *([thing] if thing else []))},
        operations=operations,
        container=EntityContainer("microsoft.graph.GraphService", sources, annotations),
    ),
    _entity(BASE),
    _entity(ITEM, BASE),
    st.none() | _entity(THING, BASE, ITEM),
    st.builds(
        EnumType,
        name=st.just("other.kind"),
        members=MEMBERS,
        underlying=st.just("Edm.Int32"),
        is_flags=st.booleans(),
        annotations=_ANNOTATED,
    ),
    _OPERATIONS,
    _by_name(
        st.builds(
            EntitySource,
            kind=st.sampled_from(["EntitySet", "Singleton"]),
            name=st.sampled_from(["items", "item", "things"]),
            type=st.sampled_from([BASE, ITEM]),
            bindings=st.just(()),
            annotations=_ANNOTATED,
        )
    ),
    _ANNOTATED,
)
"""Services over the same few names, so that two of them share some elements and differ in others."""


# -- pairs of services that differ in one thing


_T = TypeVar("_T")


def _with(items: tuple[_T, ...], one: _T, other: _T) -> tuple[_T, ...]:
    return tuple(other if item is one else item for item in items)


def _type_steps(old: StructuredType, new: StructuredType) -> Iterator[StructuredType]:
    yield replace(old, base=new.base)
    yield replace(old, key=new.key)
    yield replace(old, properties=new.properties)
    yield replace(old, navigation=new.navigation)
    yield replace(old, annotations=new.annotations)
    for one, other in zip(old.navigation, new.navigation, strict=False):
        changed = replace(one, annotations=other.annotations)
        yield replace(old, navigation=_with(old.navigation, one, changed))


def _operation_steps(old: Operation, new: Operation) -> Iterator[Operation]:
    yield new
    yield replace(old, annotations=new.annotations)
    yield replace(old, kind=new.kind)
    yield replace(old, returns=new.returns)
    yield replace(old, parameters=(*old.parameters[:1], *new.parameters[1:]))


def _source_steps(old: EntitySource, new: EntitySource) -> Iterator[EntitySource]:
    yield replace(old, annotations=new.annotations)
    yield replace(old, kind=new.kind)
    yield replace(old, type=new.type)


def _steps(old: Model, new: Model) -> Iterator[Model]:
    """Yield `old` with one thing in it replaced by what `new` has there."""
    for name in sorted({*old.types, *new.types}):
        before, after = old.types.get(name), new.types.get(name)
        types = {key: value for key, value in old.types.items() if key != name}
        yield replace(old, types={**types, name: after} if after else types)
        if isinstance(before, StructuredType) and isinstance(after, StructuredType):
            for changed in _type_steps(before, after):
                yield replace(old, types={**types, name: changed})
    yield replace(old, operations=new.operations)
    for call, other_call in zip(old.operations, new.operations, strict=False):
        for operation in _operation_steps(call, other_call):
            yield replace(old, operations=_with(old.operations, call, operation))
    yield replace(old, container=new.container)
    if old.container:
        for set_, other_set in zip(old.sources, new.sources, strict=False):
            for source in _source_steps(set_, other_set):
                sources = _with(old.sources, set_, source)
                yield replace(old, container=replace(old.container, sources=sources))


@st.composite
def _neighbours(draw: st.DrawFn) -> tuple[Model, Model]:
    old, new = draw(SERVICES.filter(lambda model: model.sources)), draw(SERVICES)
    steps = [*_steps(old, new), new]
    return old, steps[draw(st.integers(0, len(steps) - 1))]


NEIGHBOURS = _neighbours()
"""Pairs of services that differ in one element or attribute, and some that differ in everything."""
