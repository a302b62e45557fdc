"""Changes of annotations: the vocabulary table decides which rules a term's changes fall under."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Protocol

from graph_codegen.csdl.ast import Annotation, Collection, Constant, Dynamic, Expression, Record
from graph_codegen.csdl.vocabulary import (
    DESCRIPTIVE_PROPERTIES,
    flags,
    is_descriptive,
    meaning_of,
    value_of,
)
from graph_codegen.diff.change.changes import Change, Pair
from graph_codegen.diff.change.context import Context
from graph_codegen.model.deprecations import find_deprecation


class Annotated(Protocol):
    """Any element that has annotations."""

    @property
    def annotations(self) -> tuple[Annotation, ...]:
        """The annotations."""
        ...


def compare_annotations(
    context: Context, pair: Pair, old: Annotated, new: Annotated, *, skip_term: str = ""
) -> Iterator[Change]:
    """Yield what changed in the annotations of an element.

    `skip_term` is a term whose change another rule has reported already.
    """
    if old.annotations == new.annotations:
        return
    before, after = _group(old.annotations), _group(new.annotations)
    for name in sorted({*before, *after}):
        term, _ = name
        if term == skip_term or (is_descriptive(term) and not context.described):
            continue
        # Graph repeats a term on some elements by mistake, mostly with the same value.
        removed = [a for a in before.get(name, ()) if a not in after.get(name, ())]
        added = [a for a in after.get(name, ()) if a not in before.get(name, ())]
        for one, other in zip_longest(dict.fromkeys(removed), dict.fromkeys(added)):
            yield from _annotation(pair, name, one, other, described=context.described)


Name = tuple[str, str]
"""A term and a qualifier."""


def _group(annotations: tuple[Annotation, ...]) -> Mapping[Name, list[Annotation]]:
    groups: dict[Name, list[Annotation]] = {}
    for annotation in annotations:
        groups.setdefault((annotation.term, annotation.qualifier), []).append(annotation)
    return groups


@dataclass(frozen=True, slots=True)
class _Annotated:
    """Both ends of an annotation; a side without it has the place of the annotated element."""

    term: str
    ends: Pair

    def change(self, rule: str, old: str, new: str) -> Change:
        return self.ends.change(rule, old, new, self.term)

    def replaced(
        self, what: str, old: Expression | None, new: Expression | None, rule: str = ""
    ) -> Change:
        """Return the change from one value to another; a missing value leaves that side out."""
        how = "added" if old is None else "removed" if new is None else "changed"
        change = self.change(rule or f"{what}-{how}", text(old), text(new))
        return replace(
            change, old=None if old is None else change.old, new=None if new is None else change.new
        )


def _annotation(
    pair: Pair, name: Name, old: Annotation | None, new: Annotation | None, *, described: bool
) -> Iterator[Change]:
    term, qualifier = name
    suffix = f"@{term}#{qualifier}" if qualifier else f"@{term}"
    changed = _Annotated(
        term,
        Pair(
            pair.kind,
            pair.old.of(suffix, old.place if old else pair.old.place),
            pair.new.of(suffix, new.place if new else pair.new.place),
        ),
    )
    before, after = (value_of(one) if one else None for one in (old, new))
    if before == after:
        return
    facts_before, facts_after = _facts(before), _facts(after)
    meaning = meaning_of(term)
    if meaning == "description":
        yield changed.replaced("description", before, after)
    elif facts_before == facts_after:
        if described:
            yield changed.replaced("description", before, after)
    elif meaning == "deprecation":
        yield _deprecation(changed, old, new)
    elif meaning == "capability":
        yield from _capability(changed, facts_before, facts_after)
    else:
        yield changed.replaced("annotation", facts_before, facts_after)


def _facts(value: Expression | None) -> Expression | None:
    """Return a value without the descriptive texts inside it."""
    match value:
        case Record(values, type_name):
            kept = [(name, _facts(item)) for name, item in values]
            return Record(
                tuple(
                    (name, item)
                    for name, item in kept
                    if item is not None and name not in DESCRIPTIVE_PROPERTIES
                ),
                type_name,
            )
        case Collection(items):
            facts = (_facts(item) for item in items)
            return Collection(tuple(item for item in facts if item is not None))
        case _:
            return value


# -- deprecations


def _deprecation(changed: _Annotated, old: Annotation | None, new: Annotation | None) -> Change:
    was, is_now = (value_of(one) if one else None for one in (old, new))
    before, after = _deprecations(was), _deprecations(is_now)
    if _facts(Collection(before)) == _facts(Collection(after)):
        return changed.replaced("annotation", _facts(was), _facts(is_now))
    if not after:
        return changed.replaced("", Collection(before), None, "deprecation-withdrawn")
    if not before:
        change = changed.replaced("", None, Collection(after), "deprecated")
    else:
        texts = text(Collection(before)), text(Collection(after))
        change = changed.change("deprecation-changed", *texts)
    deprecation = find_deprecation([new] if new else ())
    return replace(change, new=change.new and replace(change.new, deprecation=deprecation))


def _deprecations(value: Expression | None) -> tuple[Expression, ...]:
    """Return the revisions that deprecate (Core.V1 RevisionKind)."""
    items = value.items if isinstance(value, Collection) else ()
    return tuple(
        item
        for item in items
        if isinstance(item, Record) and text(item.get("Kind")) == "Deprecated"
    )


# -- capabilities


def _capability(
    changed: _Annotated, old: Expression | None, new: Expression | None
) -> Iterator[Change]:
    known = flags()
    before, after = dict(_flags(old, known)), dict(_flags(new, known))
    withdrawn = _forbidden(after) - _forbidden(before)
    granted = _forbidden(before) - _forbidden(after)
    for rule, names in (("capability-withdrawn", withdrawn), ("capability-granted", granted)):
        for name in sorted(names):
            yield changed.change(
                rule, f"{name}={_spell_flag(before, name)}", f"{name}={_spell_flag(after, name)}"
            )
    if (not withdrawn and not granted) or _rest(old, known) != _rest(new, known):
        yield changed.replaced("", old, new, "restriction-changed")


def _flags(
    value: Expression | None, known: frozenset[str], record: str = ""
) -> Iterator[tuple[str, bool]]:
    """Yield the paths of the flags in a value, with whether each allows something."""
    match value:
        case Constant("Bool", flag) if not record:
            yield "Supported", flag == "true"
        case Record(values):
            for name, item in values:
                path = record + name
                if path in known and isinstance(item, Constant):
                    yield path, item.text == "true"
                elif _contains_flags(path, known):
                    yield from _flags(item, known, f"{path}/")
        case _:
            pass


def _contains_flags(path: str, known: frozenset[str]) -> bool:
    return any(flag.startswith(f"{path}/") for flag in known)


def _forbidden(flags: Mapping[str, bool]) -> set[str]:
    return {name for name, allowed in flags.items() if not allowed}


def _spell_flag(flags: Mapping[str, bool], name: str) -> str:
    return str(flags.get(name, True)).lower()


def _rest(value: Expression | None, known: frozenset[str], record: str = "") -> Expression | None:
    """Return what a capability says besides its flags, None for nothing."""
    if not isinstance(value, Record):
        return value if record else None
    paths = [(name, item, record + name) for name, item in value.values]
    kept = [
        (name, _rest(item, known, f"{path}/") if _contains_flags(path, known) else item)
        for name, item, path in paths
        if path not in known
    ]
    values = tuple((name, item) for name, item in kept if item is not None)
    return Record(values, value.type) if values else None


def text(value: Expression | None) -> str:
    """Return a value in short: `{Date: 2023-06-14, Kind: Deprecated}`."""
    match value:
        case None:
            return ""
        case Constant("EnumMember", members):
            return " ".join(member.rpartition("/")[2] for member in members.split())
        case Constant(_, constant):
            return constant
        case Record(values):
            return f"{{{', '.join(f'{name}: {text(item)}' for name, item in values)}}}"
        case Collection(items):
            return ", ".join(map(text, items))
        case Dynamic(kind, attributes, items, name):
            given = (*(f"{key}={told}" for key, told in attributes), *map(text, items), name)
            return f"{kind}({', '.join(filter(None, given))})"
