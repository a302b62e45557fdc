"""Which requests a resource takes → the annotations that rule out the others.

OpenAPI lists what there is, and CSDL says what there is not: what a resource of its kind could take, and
the document lacks, is restricted by the terms of `csdl.vocabulary`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from graph_codegen.csdl.ast import Annotation, Constant, Expression, Record
from graph_codegen.csdl.vocabulary import (
    CAPABILITIES,
    FALSE,
    TERMS,
    UPDATE_RESTRICTIONS,
    Kind,
    Option,
    Restriction,
)

_ONE: tuple[Option, ...] = ("select", "expand")
_MANY: tuple[Option, ...] = (*_ONE, "filter", "orderby", "top", "skip", "search", "count")

_OF_ITEMS = frozenset[Kind]({"get", "update", "delete"})
_READING = frozenset[Kind]({"list", "get"})


@dataclass(frozen=True, slots=True)
class Form:
    """The requests that a kind of resource can take, and the query options of those that read."""

    kinds: tuple[Kind, ...]
    options: tuple[Option, ...] = ()
    has_items: bool = False


COLLECTION = Form(("list", "create", "count", "get", "update", "delete"), _MANY, has_items=True)
SINGLE = Form(("get", "update", "delete"), _ONE)
SINGLETON = Form(("get", "update"), _ONE)
REFERENCED = Form(("list", "count", "list_refs", "add_ref", "remove_ref"), _MANY)
REFERENCED_ONE = Form(("get", "get_ref", "set_ref", "remove_ref"), _ONE)
STREAM = Form(("content", "put_content"))

PUT = Constant("EnumMember", f"{CAPABILITIES}HttpMethod/PUT")

_TAGS = frozenset({"TopSupported", "SkipSupported", "IndexableByKey"})
"""Terms whose value is the flag itself; the value of all others is a record."""


@dataclass(slots=True)
class Offer:
    """What a document offers of a resource, on any path to it.

    `by_key` says that its items have addresses, `by_put` that updates replace.
    """

    kinds: set[Kind] = field(default_factory=set["Kind"])
    options: set[Option] = field(default_factory=set["Option"])
    by_key: bool = False
    by_put: bool = False


def restrict(offer: Offer, form: Form) -> tuple[Annotation, ...]:
    """Return the annotations under which a resource of a form takes exactly the requests of an offer."""
    could, options = set(form.kinds), set(form.options)
    if form.has_items and not offer.by_key:
        could -= _OF_ITEMS
    left = could - offer.kinds
    lacking = options - offer.options if offer.kinds & _READING else set[Option]()
    found: list[Annotation] = []
    for term in TERMS.values():
        flags: dict[str, Constant] = {}
        for restriction in filter(_is_permission, term.restrictions):
            rules_out = restriction.requests & could
            if restriction.scope == "items":
                applies = form.has_items and not offer.by_key
            elif rules_out:
                wanted = restriction.option is None or restriction.option not in offer.options
                applies = wanted and not rules_out & offer.kinds and bool(rules_out & left)
            else:
                applies = restriction.option in lacking
            if applies:
                flags[restriction.flag] = FALSE
                left -= rules_out
                lacking -= {restriction.option} - {None}
        values = [*_nested(flags)]
        if term.name == UPDATE_RESTRICTIONS and offer.by_put:
            values.append(("UpdateMethod", PUT))
        if values:
            tag = term.name.removeprefix(CAPABILITIES) in _TAGS
            found.append(Annotation(term.name, FALSE if tag else Record(tuple(sorted(values)))))
    return tuple(found)


def _is_permission(restriction: Restriction) -> bool:
    """Whether a restriction applies where its flag is false; the others are facts, such as Computed."""
    return not restriction.value


def _nested(flags: dict[str, Constant]) -> Iterator[tuple[str, Expression]]:
    """Yield the values of the record in which flags are at their paths."""
    for path, value in flags.items():
        head, _, rest = path.partition("/")
        yield head, Record(((rest, value),)) if rest else value


def options_of(names: Iterable[str]) -> set[Option]:
    """Return the query options among the names of parameters."""
    given = {*names}
    return {option for option in _MANY if f"${option}" in given}
