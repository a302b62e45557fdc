"""The report on real documents against a plain reading of the XML: no more, no less, no noise.

The plain difference takes two things on the report's word, since the XML does not tell them: what is
called a rename (a removal and an addition, which is checked), and which of two rules applies where
that depends on Python (`FAMILIES`).
"""

from __future__ import annotations

import gc
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from graph_codegen.csdl import reader
from graph_codegen.diff.change.changes import End
from graph_codegen.diff.change.context import Side
from graph_codegen.diff.verdict.comparison import compare
from graph_codegen.diff.verdict.findings import Comparison, Finding
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import existing, take
from tests.support.published import CHINA, GOVERNMENT, NEWEST, OLDER, OLDEST, published
from tests.support.reading import (
    AGAIN,
    ALL,
    BINDING_PARAMETER,
    OPTIONAL,
    Fact,
    Key,
    Operation,
    Reading,
    facts,
    item,
    with_aliases,
    with_full_names,
    with_other_aliases,
)

ROOT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((ROOT / "metadata" / "settings.toml").read_text(encoding="utf-8"))

DEFAULT: tuple[str, ...] = tuple(SETTINGS["slice"]["roots"])
WHOLE = (ALL,)

NAMES = (OLDEST, OLDER, NEWEST, GOVERNMENT, CHINA)
PAIRS = ((OLDEST, OLDER), (OLDER, NEWEST), (NEWEST, GOVERNMENT), (NEWEST, CHINA))

DEPRECATION = "Org.OData.Core.V1.Revisions"
DESCRIPTIONS = ("Org.OData.Core.V1.Description", "Org.OData.Core.V1.LongDescription")
CAPABILITIES = "Org.OData.Capabilities.V1."

GRANTED_BY_DEFAULT = frozenset(
    {
        *("Insertable", "Updatable", "Deletable", "Readable", "Countable", "Expandable"),
        *("Filterable", "Searchable", "Sortable", "Supported"),
    }
)
"""Capabilities that hold where nothing is said (the vocabulary Org.OData.Capabilities.V1)."""

FAMILIES: Mapping[str, str] = {
    "property-format-changed": "property-type-changed",
    "parameter-format-changed": "parameter-type-changed",
    "return-format-changed": "return-type-changed",
    "capability-withdrawn": "capability",
    "capability-granted": "capability",
    "restriction-changed": "capability",
}
"""Rules that share one kind of plain difference."""

RENAMES = frozenset(
    {
        *("type-renamed", "property-renamed", "operation-renamed", "parameter-renamed"),
        *("entity-source-renamed", "member-renamed", "member-respelled"),
    }
)

FLIPS = frozenset({"capability-withdrawn", "capability-granted"})

CLASSES: Mapping[str, str] = {
    "EnumType": "type",
    "EntityType": "type",
    "ComplexType": "type",
    "Member": "member",
    "Property": "property",
    "NavigationProperty": "property",
    "Action": "operation",
    "Function": "operation",
    "Parameter": "parameter",
    "ReturnType": "return",
    "EntityContainer": "container",
    "EntitySet": "source",
    "Singleton": "source",
    "NavigationPropertyBinding": "binding",
    "Term": "term",
}
"""The classes of facts by the CSDL elements."""

Counts = Mapping[str, Mapping[str, int]]

COUNTS: Mapping[tuple[str, str], Counts] = {
    (OLDEST, OLDER): {
        "annotation": {"added": 3},
        "operation": {"added": 9},
        "property": {"added": 17, "changed": 2, "moved": 16},
        "type": {"added": 30, "changed": 2, "entered": 1},
    },
    (OLDER, NEWEST): {
        "annotation": {"added": 1},
        "operation": {"added": 7},
        "property": {"added": 30},
        "type": {"added": 27},
    },
    (NEWEST, GOVERNMENT): {
        "annotation": {"changed": 2, "removed": 1},
        "operation": {"removed": 10},
        "parameter": {"removed": 3},
        "property": {"removed": 39},
        "type": {"left": 3, "removed": 51},
    },
    (NEWEST, CHINA): {
        "operation": {"removed": 43},
        "source": {"removed": 1},
        "type": {"left": 32, "removed": 172},
    },
}
"""What differs under the default roots: the documents do not change, and neither does this."""


# -- the plain difference


class Difference(NamedTuple):
    """One plain difference, or what a finding tells of one."""

    what: str
    cls: str
    old: str | None
    new: str | None
    old_line: int | None
    new_line: int | None
    old_value: str | None
    new_value: str | None

    @property
    def how(self) -> str:
        if self.what in RENAMES:
            return "renamed"
        for how in ("moved", "left", "entered"):
            if how in self.what.split("-"):
                return how
        if self.old and self.new:
            return "changed"
        return "removed" if self.old else "added"


@dataclass(frozen=True)
class Document:
    """The facts of a document: those of its subset, and all of them."""

    reading: Reading
    facts: Mapping[Key, Fact]
    whole: Mapping[Key, Fact]
    children: dict[Key, list[Fact]] = field(default_factory=dict[Key, list[Fact]])

    def __post_init__(self) -> None:
        for fact in self.facts.values():
            if fact.owner:
                self.children.setdefault(fact.owner, []).append(fact)

    def roots(self) -> Iterator[Fact]:
        """What belongs to nothing else: types, operations, entity sets, …."""
        return (fact for fact in self.facts.values() if fact.owner is None)

    def operations(self, *, inside: bool) -> list[Operation]:
        every = self.reading.operations
        return [one for one in every if (Key("operation", one.element) in self.facts) is inside]

    def inherited(self, name: str, local: str) -> Fact | None:
        """A property that a type has from a type it derives from."""
        for base in self.reading.lineage(name)[1:]:
            fact = self.facts.get(Key("property", base + local))
            if fact:
                return fact
        return None

    def at(self, end: End) -> list[Fact]:
        """The annotations that a finding can mean: a term stands twice on some elements."""
        keys = (Key("annotation", end.element + again) for again in ("", AGAIN))
        found = (self.facts[key] for key in keys if key in self.facts)
        return [fact for fact in found if fact.line == end.place.line]

    def subject_line(self, element: str) -> int | None:
        """The line of what is annotated, where the annotation is not there."""
        if Key("annotation", element) in self.facts:
            return None
        subject = element.partition("@")[0]
        keys = (Key(cls, subject) for cls in set(CLASSES.values()))
        return next((self.facts[key].line for key in keys if key in self.facts), None)


def _settle(olds: dict[Key, Fact], news: dict[Key, Fact]) -> None:
    """Take out what a term that stands twice says on both sides, in whichever place."""
    twice = {key for key in (*olds, *news) if key.element.endswith(AGAIN)}
    for again in twice:
        first = Key(again.cls, again.element.removesuffix(AGAIN))
        before, after = (
            [facts.pop(key) for key in (first, again) if key in facts] for facts in (olds, news)
        )
        said = [[fact.fields["value"] for fact in facts] for facts in (after, before)]
        left = (
            [fact for fact in facts if fact.fields["value"] not in others]
            for facts, others in zip((before, after), said, strict=True)
        )
        for side, kept in zip((olds, news), left, strict=True):
            side |= dict(zip((first, again), kept, strict=False))


class Plain:
    """The plain differences of two documents, once renames are undone."""

    def __init__(self, old: Document, new: Document, renames: Mapping[str, str]) -> None:
        self.found: list[Difference] = []
        self.flips: Counter[tuple[str, str, str]] = Counter()
        self._old = old
        self._new = new
        self._renames = renames
        olds = {self._renamed(fact.key): fact for fact in old.roots()}
        news = {fact.key: fact for fact in new.roots()}
        overloads = old.operations(inside=True), new.operations(inside=True)
        for one, other in paired(*overloads, renames):
            fact = olds.pop(self._renamed(Key("operation", one.element)))
            olds[Key("operation", other.element)] = fact
        self._left = self._across(old.operations(inside=True), new.operations(inside=False))
        entered = self._across(old.operations(inside=False), new.operations(inside=True))
        self._entered = {inside: outside for outside, inside in entered.items()}
        self._level(olds, news)

    def _across(self, olds: list[Operation], news: list[Operation]) -> dict[str, str]:
        """Operations of which only one document has its own in the subset."""
        both = paired(olds, news, self._renames)
        return {one.element: other.element for one, other in both}

    def _renamed(self, key: Key) -> Key:
        return Key(key.cls, self._renames.get(key.element, key.element))

    def _level(self, olds: Mapping[Key, Fact], news: Mapping[Key, Fact]) -> None:
        """Compare what belongs together; what is in something added or removed goes without saying."""
        for key in olds.keys() | news.keys():
            old, new = olds.get(key), news.get(key)
            if old and new:
                self._both(old, new)
            else:
                self._one(old, new)

    def _both(self, old: Fact, new: Fact) -> None:
        for what in changes(old, new, self._renames):
            self._add(what, old, new)
        olds = {
            self._local(one, old, new, self._renames): one
            for one in self._old.children.get(old.key, ())
        }
        news = {self._local(one, new, new, {}): one for one in self._new.children.get(new.key, ())}
        if old.key.cls == "type":
            self._moves(old, new, olds, news)
        if old.key.cls == "parameter" and omittable(old) != omittable(new):
            # It is told as what it means.
            for children in (olds, news):
                children.pop(Key("annotation", f"@{OPTIONAL}"), None)
        _settle(olds, news)
        self._level(olds, news)

    def _local(self, child: Fact, owner: Fact, new: Fact, renames: Mapping[str, str]) -> Key:
        """The name of a child inside its owner, as the new document has it."""
        if child.tag == BINDING_PARAMETER:
            return Key(child.key.cls, BINDING_PARAMETER)
        renamed = renames.get(child.key.element)
        if renamed:
            return Key(child.key.cls, renamed.removeprefix(new.key.element))
        return Key(child.key.cls, child.key.element.removeprefix(owner.key.element))

    def _moves(self, old: Fact, new: Fact, olds: dict[Key, Fact], news: dict[Key, Fact]) -> None:
        """Take out what a type declares on one side and has inherited on the other."""
        for key in [*olds]:
            base = self._new.inherited(new.key.element, key.element)
            if key.cls == "property" and key not in news and base:
                declared = olds.pop(key)
                self._add("property-moved-to-base", declared, base)
                self._both(declared, base)
        for key in [*news]:
            base = self._old.inherited(old.key.element, key.element)
            if key.cls == "property" and key not in olds and base:
                declared = news.pop(key)
                self._add("property-moved-from-base", base, declared)
                self._both(base, declared)

    def _one(self, old: Fact | None, new: Fact | None) -> None:
        fact = old or new
        assert fact
        how, outside = "removed" if old else "added", self._outside(old, new)
        if outside:
            how = "left" if old else "entered"
        self._add(appearance(fact, how), old or outside, new or outside)

    def _outside(self, old: Fact | None, new: Fact | None) -> Fact | None:
        """The same in the other document, which has it though not in its subset."""
        fact, other = (old, self._new) if old else (new, self._old)
        assert fact
        cls, element = fact.key
        if cls == "operation":
            its = (self._left if old else self._entered).get(element)
            return other.whole[Key(cls, its)] if its else None
        if cls not in ("type", "property"):
            return None
        renames = self._renames if old else {new: old for old, new in self._renames.items()}
        owner, slash, rest = element.partition("/")
        return other.whole.get(Key(cls, renames.get(owner, owner) + slash + rest))

    def _add(self, what: str, old: Fact | None, new: Fact | None) -> None:
        fact = new or old
        assert fact
        self.found.append(
            Difference(
                what,
                fact.key.cls,
                old.name if old else None,
                new.name if new else None,
                old.line if old else None,
                new.line if new else None,
                value(what, old),
                value(what, new),
            )
        )
        if what == "capability":
            self._flip(
                (old or new or fact).name, *(one.fields if one else {} for one in (old, new))
            )

    def _flip(self, name: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        """Note what a capability annotation withdraws and grants, and whether it says more."""
        before, after = (flags(fields) for fields in (old, new))
        flipped = {
            path
            for path in before.keys() | after.keys()
            if before.get(path, "true") != after.get(path, "true")
        }
        for path in flipped:
            how = "withdrawn" if after.get(path) == "false" else "granted"
            self.flips[f"capability-{how}", name, path] += 1
        if not flipped or others(old) != others(new):
            self.flips["restriction-changed", name, ""] += 1


def flags(fields: Mapping[str, str]) -> Mapping[str, str]:
    """What a capability annotation allows and forbids; without a record, it is the whole."""
    if fields.get("value", "").startswith("Bool "):
        return {"Supported": fields["value"].removeprefix("Bool ")}
    return {
        path.removeprefix("/"): said.removeprefix("Bool ")
        for path, said in fields.items()
        if path.rpartition("/")[2] in GRANTED_BY_DEFAULT
    }


def others(fields: Mapping[str, str]) -> Mapping[str, str]:
    """What a capability annotation says besides."""
    return {
        path: said
        for path, said in fields.items()
        if path.startswith("/") and path.rpartition("/")[2] not in GRANTED_BY_DEFAULT
    }


def paired(
    olds: Iterable[Operation], news: Iterable[Operation], renames: Mapping[str, str]
) -> list[tuple[Operation, Operation]]:
    """The overloads that both sides have: of one name, bound to one type, told by parameters."""
    groups: dict[tuple[str, str], tuple[list[Operation], list[Operation]]] = {}
    for one in olds:
        name = renames.get(one.element, one.element).partition("(")[0]
        bound = item(one.types[0])
        binding = one.types[0].replace(bound, renames.get(bound, bound))
        groups.setdefault((name, binding), ([], []))[0].append(one)
    for one in news:
        groups.setdefault((one.name, one.types[0]), ([], []))[1].append(one)
    found: list[tuple[Operation, Operation]] = []
    for left, right in groups.values():
        same = [(one, two) for one in left for two in right if one.names == two.names]
        found += same
        ones = [one for one in left if one not in [old for old, _ in same]]
        twos = [two for two in right if two not in [new for _, new in same]]
        if ones and twos:
            assert len(ones) == len(twos) == 1, f"which is which? {ones} {twos}"
            found.append((ones[0], twos[0]))
    return found


def appearance(fact: Fact, how: str) -> str:
    """The rule for something that only one side has."""
    cls = fact.key.cls
    if cls == "annotation":
        return annotation(fact, how)
    if cls == "parameter" and how == "added":
        return f"{'optional' if omittable(fact) else 'required'}-parameter-added"
    if cls == "property" and how == "added" and needed(fact):
        return "required-property-added"
    names = {"source": "entity-source", "binding": "navigation-binding"}
    return f"{names.get(cls, cls)}-{how}"


def changes(old: Fact, new: Fact, renames: Mapping[str, str]) -> Iterator[str]:
    """The rules for what differs between two facts of one element."""
    cls = old.key.cls
    if cls == "annotation":
        if old.fields["value"] != new.fields["value"]:
            yield annotation(new, "changed")
        return
    if cls == "term":
        if old.fields != new.fields:
            yield "term-changed"
        return
    if old.tag != new.tag:
        yield KIND_CHANGED[frozenset((old.tag, new.tag))]
    if cls == "operation":
        olds, news = (fact.fields["order"].split(", ") for fact in (old, new))
        if [one for one in olds if one in news] != [one for one in news if one in olds]:
            yield "parameter-order-changed"
        if old.fields["attributes"] != new.fields["attributes"]:
            yield "operation-attribute-changed"
        return
    if old.tag == BINDING_PARAMETER:
        if old.fields != new.fields:
            yield "binding-parameter-changed"
        return
    for name in old.fields.keys() & new.fields.keys():
        before, after = renames.get(old.fields[name], old.fields[name]), new.fields[name]
        if before != after and (cls, name) in CHANGED:
            rule = CHANGED[cls, name](old, new)
            if rule:
                yield rule
    if cls == "parameter" and omittable(old) != omittable(new):
        yield f"parameter-made-{'optional' if omittable(new) else 'required'}"


def annotation(fact: Fact, how: str) -> str:
    """The rule for an annotation that was added, changed or removed."""
    term = fact.name.rpartition("@")[2].partition("#")[0]
    if term == DEPRECATION:
        rules = {"added": "deprecated", "removed": "deprecation-withdrawn"}
        return rules.get(how, "deprecation-changed")
    if term in DESCRIPTIONS:
        return f"description-{how}"
    return "capability" if term.startswith(CAPABILITIES) else f"annotation-{how}"


def needed(member: Fact) -> bool:
    """Whether a value must have a property."""
    said = [member.fields[name] for name in ("nullable", "collection", "computed")]
    return "true" not in said and "DefaultValue" not in member.fields["facets"]


def omittable(parameter: Fact) -> bool:
    """Whether a call can leave a parameter out; an action takes that for null."""
    return "true" in (parameter.fields["optional"], parameter.fields["null by default"])


Changed = Callable[[Fact, Fact], str | None]


def _rule(rule: str) -> Changed:
    return lambda old, new: rule


def _turned(name: str, on: str, off: str) -> Changed:
    """What a type inherits anyway it may say or not."""

    def rule(old: Fact, new: Fact) -> str | None:
        inherited = f"inherits {name}"
        if inherited in new.fields and old.fields[inherited] == new.fields[inherited]:
            return None
        return on if new.fields[name] == "true" else off

    return rule


def _swapped(cls: str) -> Changed:
    """A swap of single value and collection is told where the type of the items is the same."""

    def rule(old: Fact, new: Fact) -> str | None:
        return f"{cls}-collection-changed" if old.fields["type"] == new.fields["type"] else None

    return rule


def _base(old: Fact, new: Fact) -> str:
    kept = set(old.fields["bases"].split()) <= set(new.fields["bases"].split())
    return "base-type-extended" if kept else "base-type-changed"


def _number(old: Fact, new: Fact) -> str:
    flags = old.fields["flags"] == new.fields["flags"] == "true"
    return "flag-value-changed" if flags else "member-value-changed"


def _key(old: Fact, new: Fact) -> str | None:
    before, after = old.fields["inherits key"], new.fields["inherits key"]
    if before == after:
        return None
    if not before:
        return "key-added"
    return "key-changed" if after else "key-removed"


KIND_CHANGED: Mapping[frozenset[str], str] = {
    frozenset(("EntityType", "ComplexType")): "structure-kind-changed",
    frozenset(("EntityType", "EnumType")): "type-kind-changed",
    frozenset(("ComplexType", "EnumType")): "type-kind-changed",
    frozenset(("Property", "NavigationProperty")): "property-kind-changed",
    frozenset(("Action", "Function")): "operation-kind-changed",
    frozenset(("EntitySet", "Singleton")): "entity-source-kind-changed",
}

CHANGED: Mapping[tuple[str, str], Changed] = {
    ("type", "base"): _base,
    ("type", "abstract"): _turned("abstract", "type-made-abstract", "type-made-concrete"),
    ("type", "open"): _turned("open", "type-opened", "type-closed"),
    ("type", "stream"): _turned("stream", "stream-added", "stream-removed"),
    ("type", "key"): _key,
    ("type", "flags"): _rule("flags-changed"),
    ("type", "underlying"): _rule("underlying-type-changed"),
    ("member", "value"): _number,
    ("property", "type"): _rule("property-type-changed"),
    ("property", "collection"): _swapped("property"),
    ("property", "nullable"): _turned(
        "nullable", "property-made-nullable", "property-made-required"
    ),
    ("property", "contains"): _turned("contains", "containment-gained", "containment-lost"),
    ("property", "partner"): _rule("partner-changed"),
    ("property", "facets"): _rule("facet-changed"),
    ("parameter", "type"): _rule("parameter-type-changed"),
    ("parameter", "collection"): _swapped("parameter"),
    ("parameter", "nullable"): _turned(
        "nullable", "parameter-made-nullable", "parameter-made-not-null"
    ),
    ("parameter", "facets"): _rule("facet-changed"),
    ("return", "type"): _rule("return-type-changed"),
    ("return", "collection"): _swapped("return"),
    ("return", "nullable"): _rule("return-nullability-changed"),
    ("return", "facets"): _rule("facet-changed"),
    ("source", "type"): _rule("entity-source-type-changed"),
    ("binding", "target"): _rule("navigation-binding-changed"),
    ("container", "name"): _rule("entity-container-renamed"),
}
"""The rule for a field of a fact that changed."""

VALUES: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "property-added",
            "required-property-added",
            "property-removed",
            "property-type-changed",
        ),
        "spelled",
    ),
    **dict.fromkeys(("optional-parameter-added", "required-parameter-added"), "spelled"),
    **dict.fromkeys(("parameter-removed", "parameter-type-changed"), "spelled"),
    **dict.fromkeys(("property-collection-changed", "parameter-collection-changed"), "spelled"),
    **dict.fromkeys(("return-type-changed", "return-collection-changed"), "spelled"),
    **dict.fromkeys(("member-added", "member-removed"), "value"),
    **dict.fromkeys(("member-value-changed", "flag-value-changed"), "value"),
    **dict.fromkeys(("base-type-changed", "base-type-extended"), "base"),
    **dict.fromkeys(("key-added", "key-removed", "key-changed"), "inherits key"),
    **dict.fromkeys(("entity-source-added", "entity-source-removed"), "type"),
    **dict.fromkeys(("navigation-binding-added", "navigation-binding-removed"), "target"),
    **dict.fromkeys(("navigation-binding-changed",), "target"),
    **dict.fromkeys(("description-added", "description-removed", "description-changed"), "value"),
    **dict.fromkeys(("term-added", "term-removed"), "Type"),
    "entity-source-type-changed": "type",
    "facet-changed": "facets",
    "parameter-order-changed": "order",
    "operation-attribute-changed": "attributes",
}
"""The field whose value a finding has to tell, by its rule."""


def value(what: str, fact: Fact | None) -> str | None:
    """What a finding should say of one side, None where the XML does not settle it."""
    name = VALUES.get(what)
    if name is None:
        return None
    return fact.fields[name].removeprefix("String ") if fact else ""


# -- the report


@pytest.fixture(autouse=True, scope="module")
def _few_collections() -> Iterator[None]:
    """Millions of small objects, of which none is garbage: looking for some takes half the time."""
    gc.disable()
    yield
    gc.enable()


@cache
def reading(name: str) -> Reading:
    return Reading(published(name).read_bytes())


@cache
def document(name: str, roots: Sequence[str]) -> Document:
    one = reading(name)
    if roots == WHOLE:
        whole = facts(one, one.closure(WHOLE))
        return Document(one, whole, whole)
    return Document(one, facts(one, one.closure(roots)), document(name, WHOLE).facts)


def side(file: Path, roots: Sequence[str]) -> Side:
    read = reader.read_file(file)
    model = resolve(read)
    return Side(read, model, take(model, roots if roots == WHOLE else existing(model, roots)))


@cache
def known(name: str, roots: Sequence[str]) -> Side:
    return side(published(name), roots)


@dataclass(frozen=True)
class Both:
    """The report on two documents, and what it should be."""

    old: Document
    new: Document
    comparison: Comparison
    plain: Plain

    def told(self) -> Iterator[Difference]:
        """The findings as plain differences, several of one capability annotation as one."""
        capabilities: set[Difference] = set()
        for finding in self.comparison.findings:
            one = told(finding)
            if one.what == "capability":
                capabilities.add(self.said(one))
            else:
                yield one
        yield from capabilities

    def said(self, one: Difference) -> Difference:
        """A capability that no annotation mentions is told at the element that has it."""
        if one.old and one.old_line == self.old.subject_line(one.old):
            one = one._replace(old=None, old_line=None)
        if one.new and one.new_line == self.new.subject_line(one.new):
            one = one._replace(new=None, new_line=None)
        return one


@cache
def both(old: str, new: str, roots: tuple[str, ...]) -> Both:
    comparison = compare(known(old, roots), known(new, roots))
    documents = document(old, roots), document(new, roots)
    renames = {
        finding.old.element: finding.new.element
        for finding in comparison.findings
        if finding.rule.id in RENAMES and finding.old and finding.new
    }
    return Both(*documents, comparison, Plain(*documents, renames))


def told(finding: Finding) -> Difference:
    old, new = finding.old, finding.new
    what = FAMILIES.get(finding.rule.id, finding.rule.id)
    return Difference(
        what,
        "annotation" if "@" in finding.element else CLASSES[finding.kind],
        old.element if old else None,
        new.element if new else None,
        old.place.line if old else None,
        new.place.line if new else None,
        (old.value if old else "") if what in VALUES else None,
        (new.value if new else "") if what in VALUES else None,
    )


def without_lines(one: Difference) -> Difference:
    return one._replace(old_line=None, new_line=None)


def listed(differences: Counter[Difference]) -> str:
    return "\n".join(["", *sorted(map(str, differences.elements()))])


pairs = pytest.mark.parametrize(("old", "new"), PAIRS)
scopes = pytest.mark.parametrize("roots", [DEFAULT, WHOLE], ids=["default", "all"])


@scopes
@pairs
def test_nothing_is_missing(old: str, new: str, roots: tuple[str, ...]) -> None:
    one = both(old, new, roots)
    missing = Counter(map(without_lines, one.plain.found))
    missing -= Counter(map(without_lines, one.told()))
    assert not missing, listed(missing)


@scopes
@pairs
def test_nothing_is_invented(old: str, new: str, roots: tuple[str, ...]) -> None:
    one = both(old, new, roots)
    invented = Counter(without_lines(told) for told in one.told() if told.what not in RENAMES)
    invented -= Counter(map(without_lines, one.plain.found))
    assert not invented, listed(invented)


@scopes
@pairs
def test_lines(old: str, new: str, roots: tuple[str, ...]) -> None:
    """Both ends of a finding stand where the XML has them."""
    one = both(old, new, roots)
    right: dict[Difference, list[Difference]] = {}
    for difference in one.plain.found:
        right.setdefault(without_lines(difference), []).append(difference)
    wrong = Counter(
        told for told in one.told() if told not in right.get(without_lines(told), [told])
    )
    assert not wrong, listed(wrong)


@scopes
@pairs
def test_a_rename_is_a_removal_and_an_addition(old: str, new: str, roots: tuple[str, ...]) -> None:
    one = both(old, new, roots)
    renamed = [told for told in one.told() if told.what in RENAMES]
    found = Plain(one.old, one.new, {}).found if renamed else []
    ends = {(d.cls, d.how, d.old or d.new, d.old_line or d.new_line) for d in found}
    for told in renamed:
        assert (told.cls, "removed", told.old, told.old_line) in ends
        assert (told.cls, "added", told.new, told.new_line) in ends


@scopes
@pairs
def test_capabilities(old: str, new: str, roots: tuple[str, ...]) -> None:
    """What an annotation withdraws and what it grants, by the defaults of the vocabulary."""
    one = both(old, new, roots)
    findings: Counter[tuple[str, str, str]] = Counter()
    for finding in one.comparison.findings:
        if FAMILIES.get(finding.rule.id) == "capability":
            said = one.said(told(finding))
            name = said.old or said.new or ""
            findings[finding.rule.id, name, flipped(finding.old, finding.new)] += 1
    plain = one.plain.flips
    assert not plain - findings, sorted((plain - findings).elements())
    assert not findings - plain, sorted((findings - plain).elements())


def flipped(old: End | None, new: End | None) -> str:
    """The capability of `Insertable=true → Insertable=false`."""
    if old and new and {old.value[-5:], new.value[-5:]} == {"=true", "false"}:
        names = {end.value.rpartition("=")[0] for end in (old, new)}
        assert len(names) == 1
        return names.pop()
    return ""


@scopes
@pairs
def test_values_of_annotations(old: str, new: str, roots: tuple[str, ...]) -> None:
    """Dates, versions, types and all other constants of an annotation are told."""
    one = both(old, new, roots)
    for finding in one.comparison.findings:
        if "@" in finding.element and finding.rule.id not in FLIPS:
            for end, document in ((finding.old, one.old), (finding.new, one.new)):
                if end and end.value:
                    for fact in document.at(end):
                        said = fact.fields["constants"].split("\n")
                        assert [text for text in said if text not in end.value] == []


@scopes
@pairs
def test_what_changed_is_in_the_summary(old: str, new: str, roots: tuple[str, ...]) -> None:
    untold = [
        f"{finding.element}: {finding.summary}"
        for finding in both(old, new, roots).comparison.findings
        if finding.rule.id.endswith("-changed")
        for end in (finding.old, finding.new)
        if end and end.value not in finding.summary
    ]
    assert untold == []


@pairs
def test_counts(old: str, new: str) -> None:
    one = both(old, new, DEFAULT)
    assert counted(one.plain.found) == COUNTS[old, new]
    assert counted(one.told()) == COUNTS[old, new]


def counted(differences: Iterable[Difference]) -> Counts:
    """How many elements of each class were added, removed, changed, …."""
    elements = {(d.cls, d.how, d.old or d.new, d.old_line or d.new_line) for d in differences}
    table: dict[str, dict[str, int]] = {}
    for cls, how, *_ in sorted(elements, key=str):
        row = table.setdefault(cls, {})
        row[how] = row.get(how, 0) + 1
    return table


# -- the same in other words


@pytest.mark.parametrize("respelled", [with_full_names, with_aliases, with_other_aliases])
@pytest.mark.parametrize("name", NAMES)
def test_aliases_are_no_difference(
    name: str, respelled: Callable[[str], str], tmp_path: Path
) -> None:
    text = published(name).read_text(encoding="utf-8")
    spelled = respelled(text)
    words = sum(one != other for one, other in zip(text.split(), spelled.split(), strict=True))
    assert words > 1_000
    other = tmp_path / "respelled.csdl.xml"
    other.write_text(spelled, encoding="utf-8")

    assert compare(known(name, WHOLE), side(other, WHOLE)).findings == ()
