"""Annotations: deprecations, capabilities and descriptions by what they say, all others by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Protocol

from graph_codegen.csdl.ast import Annotation, Collection, Constant, Expression, Record
from graph_codegen.diff.change.changes import Change, Pair
from graph_codegen.diff.change.context import Context
from graph_codegen.model.writer import DESCRIPTIVE_PROPERTIES, DESCRIPTIVE_TERMS
from graph_codegen.service.capabilities import CAPABILITIES

REVISIONS = "Org.OData.Core.V1.Revisions"

_TRUE = Constant("Bool", "true")
"""What a tagging term says without a value: the default of those that Graph uses (CSDL 14.2.1)."""

_FLAGS = frozenset(
    {
        "Countable", "Deletable", "Expandable", "Filterable", "Insertable", "Readable", "Searchable",
        "Sortable", "Supported", "Updatable",
    }
)  # fmt: skip
"""Properties of capability records that allow a thing as a whole; saying nothing allows it."""

_PARTS = frozenset({"ReadByKeyRestrictions"})
"""Records inside capability records whose flags count as well."""


class Annotated(Protocol):
    """Whatever has annotations."""

    @property
    def annotations(self) -> tuple[Annotation, ...]:
        """The annotations."""
        ...


def compare_annotations(
    context: Context, pair: Pair, old: Annotated, new: Annotated, *, apart_from: str = ""
) -> Iterator[Change]:
    """Yield what changed in the annotations of an element; `apart_from` is a term told elsewhere."""
    if old.annotations == new.annotations:
        return
    before, after = _by_name(old.annotations), _by_name(new.annotations)
    for name in sorted({*before, *after}):
        term = name[0]
        if term == apart_from or (term in DESCRIPTIVE_TERMS and not context.described):
            continue
        # A term may stand twice on one element by mistake, and often says the same both times.
        gone = [one for one in before.get(name, ()) if one not in after.get(name, ())]
        come = [one for one in after.get(name, ()) if one not in before.get(name, ())]
        for one, other in zip_longest(dict.fromkeys(gone), dict.fromkeys(come)):
            ends = _ends(pair, one, other)
            yield from _annotation(ends, one, other, described=context.described)


Name = tuple[str, str]
"""A term and a qualifier."""


def _by_name(annotations: tuple[Annotation, ...]) -> Mapping[Name, list[Annotation]]:
    found: dict[Name, list[Annotation]] = {}
    for annotation in annotations:
        found.setdefault((annotation.term, annotation.qualifier), []).append(annotation)
    return found


def _ends(pair: Pair, old: Annotation | None, new: Annotation | None) -> Pair:
    """Return the ends of an annotation; where it is missing, the element that it is not on."""
    present = old or new
    name = f"@{present.term}" if present else ""
    if present and present.qualifier:
        name += f"#{present.qualifier}"
    return Pair(
        pair.kind,
        pair.old.of(name, old.place if old else pair.old.place),
        pair.new.of(name, new.place if new else pair.new.place),
    )


def _annotation(
    pair: Pair, old: Annotation | None, new: Annotation | None, *, described: bool
) -> Iterator[Change]:
    term = (old or new or _NOTHING).term
    before, after = _value(old), _value(new)
    if before == after:
        return
    if term in DESCRIPTIVE_TERMS:
        yield _told(pair, "description", before, after)
    elif _plain(before) == _plain(after):
        if described:
            yield _told(pair, "description", before, after)
    elif term == REVISIONS:
        yield from _revisions(pair, before, after)
    elif term.startswith(CAPABILITIES):
        yield from _capability(pair, _plain(before), _plain(after))
    else:
        yield _told(pair, "annotation", _plain(before), _plain(after))


_NOTHING = Annotation("")


def _value(annotation: Annotation | None) -> Expression | None:
    return None if annotation is None else annotation.value or _TRUE


def _told(
    pair: Pair, what: str, old: Expression | None, new: Expression | None, kind: str = ""
) -> Change:
    how = "added" if old is None else "removed" if new is None else "changed"
    return _sided(pair.change(kind or f"{what}-{how}", text(old), text(new)), old, new)


def _sided(change: Change, old: Expression | None, new: Expression | None) -> Change:
    """Leave out the side that has no such annotation."""
    return Change(
        change.rule,
        change.kind,
        change.old if old is not None else None,
        change.new if new is not None else None,
    )


def _plain(value: Expression | None) -> Expression | None:
    """Return a value without the descriptive texts inside it."""
    match value:
        case Record(values, type_name):
            kept = [(name, _plain(item)) for name, item in values]
            return Record(
                tuple(
                    (name, item)
                    for name, item in kept
                    if item is not None and name not in DESCRIPTIVE_PROPERTIES
                ),
                type_name,
            )
        case Collection(items):
            plain = (_plain(item) for item in items)
            return Collection(tuple(item for item in plain if item is not None))
        case _:
            return value


# -- deprecations


def _revisions(pair: Pair, old: Expression | None, new: Expression | None) -> Iterator[Change]:
    before, after = _deprecations(old), _deprecations(new)
    if _plain(Collection(before)) == _plain(Collection(after)):
        yield _told(pair, "annotation", _plain(old), _plain(new))
    elif not before:
        yield _told(pair, "", None, Collection(after), "deprecated")
    elif not after:
        yield _told(pair, "", Collection(before), None, "deprecation-withdrawn")
    else:
        yield pair.change("deprecation-changed", text(Collection(before)), text(Collection(after)))


def _deprecations(value: Expression | None) -> tuple[Expression, ...]:
    """Return the revisions that deprecate (Core.V1 RevisionKind)."""
    items = value.items if isinstance(value, Collection) else ()
    return tuple(
        item
        for item in items
        if isinstance(item, Record) and text(item.get("Kind")) == "Deprecated"
    )


# -- capabilities


def _capability(pair: Pair, old: Expression | None, new: Expression | None) -> Iterator[Change]:
    before, after = dict(_flags(old)), dict(_flags(new))
    withdrawn, granted = _forbidden(after) - _forbidden(before), _forbidden(before) - _forbidden(
        after
    )
    for rule, names in (("capability-withdrawn", withdrawn), ("capability-granted", granted)):
        for name in sorted(names):
            yield pair.change(
                rule, f"{name}={_spelled(before, name)}", f"{name}={_spelled(after, name)}"
            )
    if (not withdrawn and not granted) or _rest(old) != _rest(new):
        yield _told(pair, "", old, new, "restriction-changed")


def _flags(value: Expression | None, owner: str = "") -> Iterator[tuple[str, bool]]:
    match value:
        case Constant("Bool", said):
            yield "Supported", said == "true"
        case Record(values):
            for name, item in values:
                if name in _FLAGS and isinstance(item, Constant):
                    yield owner + name, item.text == "true"
                elif name in _PARTS:
                    yield from _flags(item, f"{owner}{name}/")
        case _:
            pass


def _forbidden(flags: Mapping[str, bool]) -> set[str]:
    return {name for name, allowed in flags.items() if not allowed}


def _spelled(flags: Mapping[str, bool], name: str) -> str:
    return str(flags.get(name, True)).lower()


def _rest(value: Expression | None) -> Expression | None:
    """Return what a capability says besides its flags; None where that is nothing."""
    if not isinstance(value, Record):
        return None
    kept = [
        (name, _rest(item) if name in _PARTS else item)
        for name, item in value.values
        if name not in _FLAGS
    ]
    values = tuple((name, item) for name, item in kept if item is not None)
    return Record(values, value.type) if values else None


def text(value: Expression | None) -> str:
    """Return a value in short: `{Date: 2023-06-14, Kind: Deprecated}`."""
    match value:
        case None:
            return ""
        case Constant("EnumMember", said):
            return " ".join(part.rpartition("/")[2] for part in said.split())
        case Constant(_, said):
            return said
        case Record(values):
            return f"{{{', '.join(f'{name}: {text(item)}' for name, item in values)}}}"
        case Collection(items):
            return ", ".join(map(text, items))
