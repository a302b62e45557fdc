"""Every vocabulary term that the generator understands, and what each of them means.

One entry in `TERMS` says which requests and query options an annotation takes away, and what a change
of it means in a comparison; the walk over the service and the comparison look their answers up here.

Source: OData Vocabularies 4.01, Org.OData.Core.V1, Org.OData.Capabilities.V1, Org.OData.Validation.V1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from graph_codegen.csdl.ast import Annotation, Constant, Expression, Record

Kind = Literal[
    "list",
    "get",
    "create",
    "update",
    "delete",
    "count",
    "content",
    "put_content",
    "delete_content",
    "list_refs",
    "add_ref",
    "remove_ref",
    "get_ref",
    "set_ref",
    "action",
    "function",
]
"""The kinds of requests that a service takes; a `ref` is the address of an entity (`$ref`)."""

Option = Literal["select", "expand", "filter", "orderby", "top", "skip", "search", "count"]
"""The system query options (OData URL conventions 5.1), without the dollar sign."""

Scope = Literal["resource", "by key", "items"]
"""Which requests a restriction applies to: those of the annotated element, only those that address an
item by its key, or everything from the items of a collection downward."""

Meaning = Literal["annotation", "capability", "deprecation", "description"]
"""The group of rules that a comparison reports a change under."""

CORE = "Org.OData.Core.V1."
CAPABILITIES = "Org.OData.Capabilities.V1."

ALTERNATE_KEYS = f"{CORE}AlternateKeys"
KEY_AS_SEGMENT_SUPPORTED = f"{CAPABILITIES}KeyAsSegmentSupported"
COMPUTED = f"{CORE}Computed"
DESCRIPTION = f"{CORE}Description"
EXPLICIT_OPERATION_BINDINGS = f"{CORE}ExplicitOperationBindings"
OPTIONAL_PARAMETER = f"{CORE}OptionalParameter"
REQUIRES_EXPLICIT_BINDING = f"{CORE}RequiresExplicitBinding"
REVISIONS = f"{CORE}Revisions"
UPDATE_RESTRICTIONS = f"{CAPABILITIES}UpdateRestrictions"
READING_RESTRICTIONS = "GraphCodegen.V1.ReadingRestrictions"
"""Our own term, for what OpenAPI tells apart and no term of OData does: ReadRestrictions has one flag for
all requests that read, CountRestrictions one for the request of the number of items and the query option."""

TRUE = Constant("Bool", "true")
FALSE = Constant("Bool", "false")

DESCRIPTIVE_PROPERTIES = frozenset({"Description", "LongDescription"})
"""Properties of records whose values are descriptive text, whatever the term."""


@dataclass(frozen=True, slots=True)
class Restriction:
    """Something that an annotation rules out when its flag has a certain value.

    `flag` is the path of the flag in the annotation's record; empty where the term itself is a flag.
    The flag rules out `requests` and the query option `option` while it equals `value`; any other
    value and a missing flag allow them. On an entity set, a singleton or a property this concerns
    the requests of that resource, on an action or function the calls of it.
    """

    flag: str = ""
    requests: frozenset[Kind] = frozenset()
    option: Option | None = None
    scope: Scope = "resource"
    value: bool = False

    def applies(self, value: Expression) -> bool:
        """Whether the value of an annotation rules this out."""
        flag: Expression | None = value
        if isinstance(value, Record):
            for name in filter(None, self.flag.split("/")):
                flag = flag.get(name) if isinstance(flag, Record) else None
        # What an expression comes to that the service evaluates is not known: it rules nothing out.
        return isinstance(flag, Constant) and (flag != FALSE) is self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A vocabulary term.

    `default` is the value of an annotation that gives none. `restrictions` are what it can rule out; the
    flags of a capability are permissions, so that each of its restrictions applies at `false`.
    `shapes_methods` says that the client's methods depend on it in a way of its own, which code
    elsewhere implements. `holds_names` says that its texts are qualified names, in which aliases count.
    """

    name: str
    meaning: Meaning = "annotation"
    default: Expression = TRUE
    restrictions: tuple[Restriction, ...] = ()
    shapes_methods: bool = False
    holds_names: bool = False

    @property
    def affects_methods(self) -> bool:
        """Whether a change of the term can add, remove or alter methods of the client."""
        return self.shapes_methods or bool(self.restrictions)

    @property
    def affects_items(self) -> bool:
        """Whether everything below the items of a collection depends on the term."""
        return any(r.scope == "items" for r in self.restrictions)


def _capability(name: str, *restrictions: Restriction) -> Term:
    return Term(name=CAPABILITIES + name, meaning="capability", restrictions=restrictions)


def _removes(flag: str, *requests: Kind, scope: Scope = "resource") -> Restriction:
    return Restriction(flag, frozenset(requests), scope=scope)


def _without(flag: str, option: Option, *requests: Kind) -> Restriction:
    return Restriction(flag, frozenset(requests), option)


TERMS: dict[str, Term] = {
    term.name: term
    for term in (
        _capability(
            "ReadRestrictions",
            _removes("Readable", "list", "get", "count", "content", "list_refs", "get_ref"),
            _removes("ReadByKeyRestrictions/Readable", "get", scope="by key"),
        ),
        _capability("InsertRestrictions", _removes("Insertable", "create", "add_ref")),
        _capability(
            "UpdateRestrictions",
            _removes("Updatable", "update", "put_content", "delete_content", "set_ref"),
        ),
        _capability(
            "DeleteRestrictions", _removes("Deletable", "delete", "delete_content", "remove_ref")
        ),
        _capability(
            "NavigationRestrictions",
            _removes("Referenceable", "list_refs", "add_ref", "remove_ref", "get_ref", "set_ref"),
        ),
        _capability("IndexableByKey", _removes("Supported", scope="items")),
        _capability("CountRestrictions", _without("Countable", "count", "count")),
        _capability("SelectSupport", _without("Supported", "select")),
        _capability("ExpandRestrictions", _without("Expandable", "expand")),
        _capability("FilterRestrictions", _without("Filterable", "filter")),
        _capability("SortRestrictions", _without("Sortable", "orderby")),
        _capability("TopSupported", _without("Supported", "top")),
        _capability("SkipSupported", _without("Supported", "skip")),
        _capability("SearchRestrictions", _without("Searchable", "search")),
        Term(
            name=READING_RESTRICTIONS,
            meaning="capability",
            restrictions=(
                _removes("List", "list"),
                _removes("Get", "get"),
                _removes("Count", "count"),
                _without("CountOption", "count"),
                _removes("ListReferences", "list_refs"),
                _removes("GetReference", "get_ref"),
            ),
        ),
        Term(
            name=COMPUTED,
            restrictions=(
                Restriction(requests=frozenset({"put_content", "delete_content"}), value=True),
            ),
        ),
        _capability("KeyAsSegmentSupported"),
        Term(name=ALTERNATE_KEYS, shapes_methods=True),
        Term(name=OPTIONAL_PARAMETER, shapes_methods=True),
        Term(name=REQUIRES_EXPLICIT_BINDING, shapes_methods=True),
        Term(name=EXPLICIT_OPERATION_BINDINGS, shapes_methods=True, holds_names=True),
        Term(name=REVISIONS, meaning="deprecation"),
        Term(name=DESCRIPTION, meaning="description"),
        Term(name=f"{CORE}LongDescription", meaning="description"),
        Term(name="Org.OData.Validation.V1.DerivedTypeConstraint", holds_names=True),
    )
}
"""All terms by full name. Nothing derived from this table is kept anywhere else."""


def meaning_of(term: str) -> Meaning:
    """Return what a change of a term means; an unknown term of Capabilities.V1 is a capability."""
    known = TERMS.get(term)
    if known:
        return known.meaning
    return "capability" if term.startswith(CAPABILITIES) else "annotation"


def value_of(annotation: Annotation) -> Expression:
    """Return the value of an annotation: that of its term by default (CSDL 14.2.1) if it gives none."""
    if annotation.value is not None:
        return annotation.value
    known = TERMS.get(annotation.term)
    return known.default if known else TRUE


def restrictions_in(annotations: Iterable[Annotation]) -> Iterator[Restriction]:
    """Yield everything that the annotations of an element rule out."""
    for annotation in annotations:
        term = TERMS.get(annotation.term)
        if term and term.restrictions:
            value = value_of(annotation)
            yield from (r for r in term.restrictions if r.applies(value))


def flags() -> frozenset[str]:
    """Return the paths of all flags of capability records: a flag means the same in each of them."""
    terms = (term for term in TERMS.values() if term.meaning == "capability")
    return frozenset(r.flag for term in terms for r in term.restrictions if r.flag)


def is_descriptive(term: str) -> bool:
    """Whether the value of a term is descriptive text."""
    return meaning_of(term) == "description"


def holds_names(term: str) -> bool:
    """Whether the texts in a term's value are qualified names, in which aliases are resolved."""
    known = TERMS.get(term)
    return known is not None and known.holds_names
