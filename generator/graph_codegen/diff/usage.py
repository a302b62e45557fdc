"""Whether an application uses what findings are about: its uses, matched by the names in the old package."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from graph_codegen.csdl.ast import TypeRef, split_name
from graph_codegen.diff.change.changes import End, operation_subject
from graph_codegen.diff.verdict.findings import Finding
from graph_codegen.diff.verdict.surface import method_key
from graph_codegen.emit.methods import Method
from graph_codegen.usage.uses import ANY

if TYPE_CHECKING:  # a report on no application does without the client's templates
    from graph_codegen.usage.offered import Offered
    from graph_codegen.usage.uses import Path, Places, Uses

_TYPES = frozenset({"EnumType", "EntityType", "ComplexType"})
_MEMBERS = frozenset({"Member", "Property", "NavigationProperty"})
_SOURCES = frozenset({"EntitySet", "Singleton"})
_OF_EACH_CALL = frozenset({"parameter-made-required"})
"""Rules on a parameter of the old document that concern who does not give it, too."""


class Usage(StrEnum):
    """Whether an application uses an element: certainly, perhaps, or not at all.

    Perhaps is: it uses the name, of something whose type is not known.
    """

    USED = "used"
    PERHAPS = "perhaps"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True)
class Concern:
    """What a finding is to an application: whether that uses the element, and where."""

    usage: Usage
    uses: Places = ()


UNUSED = Concern(Usage.UNUSED)


def find_concerns(
    findings: Iterable[Finding], offered: Offered, uses: Uses
) -> Mapping[Finding, Concern]:
    """Return what each finding is to an application that was written for the old package."""
    matcher = _Matcher(offered, uses)
    return {finding: matcher.concern(finding) for finding in findings}


class _Matcher:
    def __init__(self, offered: Offered, uses: Uses) -> None:
        self._offered = offered
        self._uses = uses

    def concern(self, finding: Finding) -> Concern:
        methods = self._methods(finding)
        if certain := _sorted(self._certain(finding, methods)):
            return Concern(Usage.USED, certain)
        if possible := _sorted(self._possible(finding, methods)):
            return Concern(Usage.PERHAPS, possible)
        return UNUSED

    # -- what is used for certain

    def _certain(self, finding: Finding, methods: Iterable[Path]) -> Iterator[Places]:
        for path in methods:
            argument = self._argument(finding, path)
            yield (
                self._uses.arguments.get((path, argument), ())
                if argument
                else (self._uses.methods.get(path, ()))
            )
        if finding.renames_client:
            yield self._uses.methods.get((), ())
        end = finding.old or finding.end
        owner, _, name = end.subject.partition("/")
        if finding.kind in _TYPES:
            yield from self._of_class(owner)
        elif finding.kind == "Member" and not finding.old:
            yield from self._of_class(owner)  # which has a value that it did not have
        elif finding.kind in _MEMBERS:
            attribute = self._attribute(finding, owner, name)
            for used, places in self._attributes_by_name.get(attribute, ()):
                if self._has(used, owner, attribute):
                    yield places

    def _argument(self, finding: Finding, path: Path) -> str:
        """Return the argument of a method without which a finding is nothing to a call; empty for none."""
        if finding.kind != "Parameter" or not finding.old or finding.rule.id in _OF_EACH_CALL:
            return ""
        name = finding.old.element.rpartition("/")[2]
        method = self._offered.methods.get(path)
        found = (a for a in method.parameters if a.wire_name == name) if method else ()
        return next((argument.name for argument in found if not argument.required), "")

    def _of_class(self, name: str) -> Iterator[Places]:
        """Yield the uses of a type: by its name, of its attributes, and of what takes or gives its values."""
        yield self._uses.classes.get(name, ())
        for (owner, attribute), places in self._uses.attributes.items():
            values = self._offered.values(owner, attribute)
            inherits = any(t.name == name for t in self._offered.model.lineage(owner))
            if owner == name or inherits or any(ref.name == name for ref in values):
                yield places
        for path, places in self._uses.methods.items():
            method = self._offered.methods.get(path)
            if method and name in _signature(method):
                yield places

    def _attribute(self, finding: Finding, owner: str, name: str) -> str:
        """Return the name of a member in the old package, or in the new one if only that has it."""
        names = self._offered.names
        known = names.members if finding.kind == "Member" else names.attributes
        if finding.old and name in known.get(owner, {}):
            return known[owner][name]
        return finding.python.rpartition(".")[2]

    def _has(self, used: str, owner: str, attribute: str) -> bool:
        """Whether an attribute that is used of a type is that of another: inherited, or of a derived type."""
        if used == owner or any(t.name == owner for t in self._offered.model.lineage(used)):
            return True
        own = self._offered.attributes.get(used, {})
        return attribute not in own and self._offered.related(used, owner)

    @cached_property
    def _attributes_by_name(self) -> Mapping[str, list[tuple[str, Places]]]:
        found: dict[str, list[tuple[str, Places]]] = {}
        for (owner, name), places in self._uses.attributes.items():
            found.setdefault(name, []).append((owner, places))
        return found

    @cached_property
    def _attributes_by_type(self) -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = {}
        for attributes in self._offered.attributes.values():
            for name, ref in attributes.items():
                found.setdefault(ref.name, set()).add(name)
        return found

    # -- what is perhaps used

    def _possible(self, finding: Finding, methods: Iterable[Path]) -> Iterator[Places]:
        for path in methods:
            for tail, places in (*self._tails.get(path[-1], ()), *self._tails.get(ANY, ())):
                if self._leads_to(tail, path):
                    yield places
            if self._argument(finding, path):
                yield self._uses.arguments.get((path, ANY), ())
            for depth in range(len(path)):
                yield self._uses.methods.get((*path[:depth], ANY), ())
            method = self._offered.methods.get(path)
            if method and method.request.operation:
                yield self._uses.segments.get(split_name(method.request.operation.name)[1], ())
        if finding.renames_client:
            for each in self._offered.clients:
                yield from (places for _, places in self._tails.get(each, ()))
        if finding.old is None:  # nothing that is only new can have been used
            if finding.kind == "Member":  # but what now may have another value
                for each in self._attributes_by_type.get(finding.end.subject.partition("/")[0], ()):
                    yield from (places for _, places in self._tails.get(each, ()))
            return
        owner, _, name = finding.old.subject.partition("/")
        if finding.kind in _TYPES:
            names = self._offered.names
            members = (names.members if finding.kind == "EnumType" else names.attributes).get(
                owner, {}
            )
            named = {names.classes.get(owner, ""), split_name(owner)[1]}
            for each in {*named, *members, *members.values(), ANY}:
                yield from (places for _, places in self._tails.get(each, ()))
        elif finding.kind in _SOURCES:  # a path begins with its name
            yield self._uses.words.get(name, ())
        elif finding.kind in _MEMBERS:
            attribute = self._attribute(finding, owner, name)
            for each in {name, attribute, ANY}:
                yield from (places for _, places in self._tails.get(each, ()))
                yield self._uses.words.get(each, ())
            for used, places in self._attributes_by_name.get(attribute, ()):
                if not any(self._offered.values(used, attribute)):  # so it may be of another type
                    yield places
            for used, places in self._attributes_by_name.get(ANY, ()):
                if self._offered.related(used, owner):
                    yield places

    @cached_property
    def _tails(self) -> Mapping[str, list[tuple[Path, Places]]]:
        """The attributes of what is not known, by the last one."""
        found: dict[str, list[tuple[Path, Places]]] = {}
        for tail, places in self._uses.unknown.items():
            found.setdefault(tail[-1], []).append((tail, places))
        return found

    def _leads_to(self, tail: Path, path: Path) -> bool:
        """Whether attributes of something unknown may lead to a method: not by way of another resource."""
        for one, other in zip(reversed(tail), reversed(path), strict=False):
            if one not in (other, ANY):
                return one not in self._resource_names
        return True

    @cached_property
    def _resource_names(self) -> frozenset[str]:
        return frozenset(path[-1] for path in self._offered.paths if path)

    # -- the methods that a finding is about

    def _methods(self, finding: Finding) -> frozenset[Path]:
        """Return the paths of the methods in the old client that a finding is about.

        A resource has the same methods at each of its paths, of which a finding names one.
        """
        named = {*finding.methods.removed, *finding.methods.altered}
        found = {path for name in named for path in self._same(tuple(name.split(".")))}
        about_one = (
            "@" in finding.element and named
        )  # such as a capability, of all that the resource has
        if not about_one and finding.kind not in _TYPES:
            found |= {
                path for end in _ends(finding) for path in self._by_subject.get(end.subject, ())
            }
        return frozenset(found)

    def _same(self, path: Path) -> Iterable[Path]:
        method = self._offered.methods.get(path)
        return self._by_key[method_key(method)] if method else [path]

    @cached_property
    def _by_key(self) -> Mapping[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        for path, method in self._offered.methods.items():
            found.setdefault(method_key(method), []).append(path)
        return found

    @cached_property
    def _by_subject(self) -> Mapping[str, set[Path]]:
        """The methods by the elements that their requests name."""
        found: dict[str, set[Path]] = {}
        for path, method in self._offered.methods.items():
            for subject in _subjects(method):
                found.setdefault(subject, set()).add(path)
        return found


def _ends(finding: Finding) -> Iterator[End]:
    return (end for end in (finding.old, finding.new) if end)


def _subjects(method: Method) -> Iterator[str]:
    request = method.request
    yield request.segments[0]
    yield from request.steps
    for operation in (request.through, request.operation):
        if operation:
            yield operation_subject(operation)


def _signature(method: Method) -> Iterator[str]:
    """Yield the types that a method takes and returns."""
    request = method.request
    types: list[TypeRef | None] = [request.target, request.body, request.returns]
    types += [argument.type for argument in method.arguments]
    return (ref.name for ref in types if ref)


def _sorted(found: Iterable[Places]) -> Places:
    return tuple(
        sorted(
            {place for places in found for place in places},
            key=lambda place: (place.file, place.line),
        )
    )
