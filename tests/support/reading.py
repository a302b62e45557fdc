"""A plain reading of CSDL documents, to check what the generator says about them.

It shares nothing with the generator: it knows the XML and the specification of CSDL only. A
document becomes a flat table of facts, one for each element that can differ, with the line it is on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple
from xml.etree import ElementTree
from xml.parsers import expat

ALL = "all"
"""The root that stands for the whole document."""

OPTIONAL = "Org.OData.Core.V1.OptionalParameter"

BINDING_PARAMETER = "the first Parameter"
"""The tag of the parameter that an operation is bound to: its name does not matter."""

COMPUTED = "Org.OData.Core.V1.Computed"
AGAIN = " again"
"""Behind the term of an annotation that an element has a second time, with another value."""

_QUALIFIED = re.compile(r"(\w+(?:\.\w+)*)\.(\w+)")
_TYPES = ("EntityType", "ComplexType", "EnumType")
_FACETS = ("MaxLength", "Precision", "Scale", "Unicode", "SRID", "DefaultValue")


class Key(NamedTuple):
    """What a fact is about: the class of the element, and its name as an annotation target."""

    cls: str
    element: str


@dataclass(frozen=True)
class Fact:
    """One element: what it belongs to, where it stands, and what it says."""

    key: Key
    owner: Key | None
    tag: str
    line: int
    fields: Mapping[str, str]

    @property
    def name(self) -> str:
        """The element, as an annotation target with the term behind."""
        return self.key.element.removesuffix(AGAIN)


class Node(ElementTree.Element):
    """An element that knows its line."""

    line: int = 0

    @property
    def kind(self) -> str:
        """The name of the element without its XML namespace."""
        return self.tag.rpartition("}")[2]

    def parts(self, *kinds: str) -> list[Node]:
        return [one for one in self if isinstance(one, Node) and one.kind in kinds]

    def flag(self, name: str, default: str = "false") -> str:
        return self.get(name, default).strip()


def parse(data: bytes) -> Node:
    """Return the root of an XML document, every element with its line."""
    builder = ElementTree.TreeBuilder(element_factory=Node)
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True

    def start(tag: str, attributes: dict[str, str]) -> None:
        node = builder.start(tag, attributes)
        assert isinstance(node, Node)
        node.line = parser.CurrentLineNumber

    parser.StartElementHandler = start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.Parse(data, True)
    root = builder.close()
    assert isinstance(root, Node)
    return root


def item(type_name: str) -> str:
    """The type of the items of a collection, and a type itself otherwise."""
    return type_name.removeprefix("Collection(").removesuffix(")")


class Operation(NamedTuple):
    """One overload: its name with its namespace, and the types of its parameters."""

    name: str
    node: Node
    types: tuple[str, ...]

    @property
    def element(self) -> str:
        return f"{self.name}({', '.join(self.types)})"

    @property
    def parameters(self) -> list[Node]:
        return self.node.parts("Parameter")

    @property
    def names(self) -> frozenset[str]:
        """The names of the parameters behind the binding one."""
        return frozenset(one.attrib["Name"] for one in self.parameters[1:])


class Remark(NamedTuple):
    """An annotation in place: its term with the qualifier, and its value in one spelling."""

    term: str
    node: Node
    value: str


class Reading:
    """One document: what it declares, under full names."""

    def __init__(self, data: bytes) -> None:
        schemas = [one for one in parse(data).iter() if isinstance(one, Node)]
        schemas = [one for one in schemas if one.kind == "Schema"]
        self._aliases = {
            schema.attrib["Alias"]: schema.attrib["Namespace"]
            for schema in schemas
            if "Alias" in schema.attrib
        }
        self.types: dict[str, Node] = {}
        self.operations: list[Operation] = []
        self.sources: dict[str, Node] = {}
        self.container: tuple[str, Node] | None = None
        self.terms: dict[str, Node] = {}
        self._outside: dict[str, list[Node]] = {}
        self.lineage = cache(self._lineage)
        for schema in schemas:
            for one in schema.parts(*_TYPES, "Action", "Function", "EntityContainer", "Term"):
                self._declare(one, f"{schema.attrib['Namespace']}.{one.attrib['Name']}")
            for one in schema.parts("Annotations"):
                remarks = self._outside.setdefault(self._target(one.attrib["Target"]), [])
                remarks.extend(one.parts("Annotation"))
        elements = [operation.element for operation in self.operations]
        assert len(set(elements)) == len(elements), "an operation must be told from its overloads"

    def _declare(self, one: Node, name: str) -> None:
        if one.kind in _TYPES:
            self.types[name] = one
        elif one.kind == "Term":
            self.terms[name] = one
        elif one.kind == "EntityContainer":
            assert self.container is None
            self.container = name, one
            self.sources = {
                source.attrib["Name"]: source for source in one.parts("EntitySet", "Singleton")
            }
        else:
            assert one.flag("IsBound") == "true", "Graph's operations are all bound"
            types = tuple(self.full(parameter) for parameter in one.parts("Parameter"))
            self.operations.append(Operation(name, one, types))

    # -- names

    def resolve(self, text: str) -> str:
        """Any spelling with its aliases replaced: a name, a collection, a path, a signature."""
        return _QUALIFIED.sub(lambda m: f"{self._aliases.get(m[1], m[1])}.{m[2]}", text)

    def _target(self, text: str) -> str:
        return re.sub(r"\s*,\s*", ", ", self.resolve(text))

    def full(self, typed: Node, attribute: str = "Type") -> str:
        return self.resolve(typed.attrib[attribute])

    # -- the hierarchy

    def base(self, name: str) -> str | None:
        base = self.types[name].get("BaseType")
        return self.resolve(base) if base else None

    def _lineage(self, name: str) -> tuple[str, ...]:
        """A type and what it derives from, the nearest first."""
        base = self.base(name)
        return (name, *(self.lineage(base) if base else ()))

    def inherits_flag(self, name: str, flag: str) -> str:
        """Whether a type or one it derives from says so: OpenType and HasStream are inherited."""
        flags = [self.types[one].flag(flag) for one in self.lineage(name)]
        return "true" if "true" in flags else "false"

    def inherited_key(self, name: str) -> str:
        """The key of a type, or of the nearest type it derives from that has one."""
        for one in self.lineage(name):
            keys = [ref.attrib["Name"] for part in self.types[one].parts("Key") for ref in part]
            if keys:
                return ", ".join(keys)
        return ""

    # -- annotations

    def remarks(self, node: Node, *targets: str) -> Iterator[Remark]:
        """The annotations of an element, wherever they stand."""
        remarks = list(node.parts("Annotation"))
        for target in targets:
            remarks += self._outside.get(target, ())
        found: dict[str, list[Node]] = {}
        for one in remarks:
            term, qualifier = self.full(one, "Term"), one.get("Qualifier")
            found.setdefault(f"{term}#{qualifier}" if qualifier else term, []).append(one)
        for term, nodes in found.items():
            different: dict[str, Node] = {}
            for one in nodes:
                different.setdefault(self.value(one), one)
            assert len(different) <= 2
            for index, (value, one) in enumerate(different.items()):
                yield Remark(term + AGAIN * index, one, value)

    def value(self, node: Node) -> str:
        """The value of an annotation or of a part of one, in one spelling for what is the same."""
        for name, text in node.attrib.items():
            if name not in ("Term", "Qualifier", "Property", "Type"):
                return self._constant(name, text)
        inner = [one for one in node if isinstance(one, Node) and one.kind != "Annotation"]
        if node.kind in ("Annotation", "PropertyValue"):
            assert len(inner) <= 1
            return self._expression(inner[0]) if inner else "Bool true"
        raise AssertionError(f"an expression in {node.kind}")

    def parts_of(self, node: Node, path: str = "") -> Iterator[tuple[str, str]]:
        """The values of a record by their paths, and those of the records inside it."""
        for record in node.parts("Record"):
            for one in record.parts("PropertyValue"):
                below = f"{path}/{one.attrib['Property']}"
                if one.parts("Record"):
                    yield from self.parts_of(one, below)
                else:
                    yield below, self.value(one)

    def _expression(self, node: Node) -> str:
        if node.kind == "Collection":
            inner = [self._expression(one) for one in node if isinstance(one, Node)]
            return f"[{'; '.join(inner)}]"
        if node.kind == "Record":
            values = {
                one.attrib["Property"]: self.value(one) for one in node.parts("PropertyValue")
            }
            inside = "; ".join(f"{name}: {values[name]}" for name in sorted(values))
            return f"{self.resolve(node.get('Type', ''))}{{{inside}}}"
        assert not len(node), f"{node.kind} is no constant"
        return self._constant(node.kind, node.text or "")

    def constants(self, node: Node) -> Iterator[str]:
        """The constants in the value of an annotation, those that only describe it left out."""
        for name, text in node.attrib.items():
            if name not in ("Term", "Qualifier", "Property", "Type"):
                yield from self._words(name, text)
        for one in node:
            assert isinstance(one, Node)
            if one.get("Property") in ("Description", "LongDescription"):
                continue
            if len(one) or one.kind in ("PropertyValue", "Record", "Collection"):
                yield from self.constants(one)
            else:
                yield from self._words(one.kind, one.text or "")

    def _words(self, kind: str, text: str) -> Iterable[str]:
        """A constant, or the simple names of the members of an enumeration."""
        if kind == "EnumMember":
            return [one.rpartition("/")[2] for one in text.split()]
        return [self._constant(kind, text).partition(" ")[2]]

    def _constant(self, kind: str, text: str) -> str:
        if kind == "EnumMember":
            text = " ".join(sorted(self.resolve(text).split()))
        elif kind.endswith("Path"):
            text = self.resolve(text)
        return f"{kind} {text}"

    # -- the subset

    def closure(self, roots: Iterable[str]) -> Scope:
        """What can be reached from roots: entity sets, singletons and types of a document."""
        roots = tuple(roots)
        if roots == (ALL,):
            return Scope(frozenset(self.types), frozenset(self.sources), whole=True)
        sources = frozenset(roots) & self.sources.keys()
        starts = [self.source_type(self.sources[one]) for one in sources]
        named = (one if "." in one else f"microsoft.graph.{one}" for one in roots)
        starts += [one for one in named if one in self.types]
        bound: dict[str, list[Operation]] = {}
        for operation in self.operations:
            bound.setdefault(item(operation.types[0]), []).append(operation)
        derived: dict[str, set[str]] = {}
        for one in self.types:
            for ancestor in self.lineage(one):
                derived.setdefault(ancestor, set()).add(one)
        found: set[str] = set()
        held: set[str] = set()
        while starts:
            name = starts.pop()
            if name in held or name not in self.types:
                continue
            held.add(name)
            starts += derived[name]
            for one in self.lineage(name):
                if one not in found:
                    found.add(one)
                    starts += self._mentions(one, bound.get(one, ()))
        return Scope(frozenset(found), sources, whole=False)

    def _mentions(self, name: str, bound: Iterable[Operation]) -> Iterator[str]:
        for member in self.types[name].parts("Property", "NavigationProperty"):
            if member.kind == "Property" or member.flag("ContainsTarget") == "true":
                yield item(self.full(member))
        for operation in bound:
            yield from map(item, operation.types[1:])
            for returned in operation.node.parts("ReturnType"):
                yield item(self.full(returned))

    def source_type(self, source: Node) -> str:
        return self.full(source, "Type" if source.kind == "Singleton" else "EntityType")


class Scope(NamedTuple):
    """The part of a document that is looked at."""

    types: frozenset[str]
    sources: frozenset[str]
    whole: bool


# -- facts


def facts(reading: Reading, scope: Scope) -> dict[Key, Fact]:
    """Every element of a scope with what it says."""
    return {fact.key: fact for fact in _Facts(reading, scope).all()}


class _Facts:
    def __init__(self, reading: Reading, scope: Scope) -> None:
        self._reading = reading
        self._scope = scope

    def all(self) -> Iterator[Fact]:
        reading, scope = self._reading, self._scope
        for name in scope.types:
            yield from self._type(name, reading.types[name])
        for operation in reading.operations:
            if item(operation.types[0]) in scope.types:
                yield from self._operation(operation)
        if reading.container:
            yield from self._container(*reading.container)
        if scope.whole:
            for name, node in reading.terms.items():
                fields = {one: node.attrib[one] for one in node.attrib if one != "Name"}
                fields["Type"] = reading.full(node)
                yield from self._with_remarks(Key("term", name), None, node, fields, name)

    def _with_remarks(
        self, key: Key, owner: Key | None, node: Node, fields: Mapping[str, str], *targets: str
    ) -> Iterator[Fact]:
        yield Fact(key, owner, node.kind, node.line, fields)
        for term, remark, value in self._reading.remarks(node, *targets):
            element = Key("annotation", f"{key.element}@{term}")
            fields = {"value": value, "constants": "\n".join(self._reading.constants(remark))}
            fields |= dict(self._reading.parts_of(remark))
            yield Fact(element, key, remark.kind, remark.line, fields)

    def _type(self, name: str, node: Node) -> Iterator[Fact]:
        key = Key("type", name)
        fields: dict[str, str] = {}
        if node.kind == "EnumType":
            fields["flags"] = node.flag("IsFlags")
            fields["underlying"] = node.get("UnderlyingType", "Edm.Int32")
        else:
            reading = self._reading
            keys = [ref.attrib["Name"] for one in node.parts("Key") for ref in one]
            fields["base"] = reading.base(name) or ""
            fields["bases"] = " ".join(reading.lineage(name)[1:])
            fields["abstract"] = node.flag("Abstract")
            fields["open"] = node.flag("OpenType")
            fields["inherits open"] = reading.inherits_flag(name, "OpenType")
            fields["stream"] = node.flag("HasStream")
            fields["inherits stream"] = reading.inherits_flag(name, "HasStream")
            fields["key"] = ", ".join(keys)
            fields["inherits key"] = reading.inherited_key(name)
        yield from self._with_remarks(key, None, node, fields, name)
        previous = -1
        for member in node.parts("Member"):
            previous = int(member.get("Value", previous + 1))
            element = Key("member", f"{name}/{member.attrib['Name']}")
            value = {"value": str(previous), "flags": fields["flags"]}
            yield from self._with_remarks(element, key, member, value, element.element)
        for member in node.parts("Property", "NavigationProperty"):
            if self._is_kept(member):
                element = Key("property", f"{name}/{member.attrib['Name']}")
                fields = self._typed(member)
                remarks = self._reading.remarks(member, element.element)
                computed = (one.value != "Bool false" for one in remarks if one.term == COMPUTED)
                fields["computed"] = str(any(computed)).lower()
                if member.kind == "NavigationProperty":
                    fields["contains"] = member.flag("ContainsTarget")
                    fields["partner"] = member.get("Partner", "")
                yield from self._with_remarks(element, key, member, fields, element.element)

    def _is_kept(self, member: Node) -> bool:
        held = member.kind == "Property" or member.flag("ContainsTarget") == "true"
        return held or item(self._reading.full(member)) in self._scope.types

    def _typed(self, node: Node) -> dict[str, str]:
        full = self._reading.full(node)
        facets = (f"{one}={node.attrib[one]}" for one in _FACETS if one in node.attrib)
        return {
            "spelled": full,
            "type": item(full),
            "collection": str(full.startswith("Collection(")).lower(),
            "nullable": node.flag("Nullable", "true"),
            "facets": ", ".join(facets),
        }

    def _attributes(self, node: Node) -> Iterator[str]:
        if node.flag("IsComposable") == "true":
            yield "IsComposable"
        if "EntitySetPath" in node.attrib:
            yield f"EntitySetPath={self._reading.full(node, 'EntitySetPath')}"

    def _operation(self, operation: Operation) -> Iterator[Fact]:
        key, node = Key("operation", operation.element), operation.node
        parameters = operation.parameters
        fields = {
            "attributes": ", ".join(self._attributes(node)),
            "order": ", ".join(one.attrib["Name"] for one in parameters[1:]),
        }
        # A target without parentheses means all overloads.
        overloads = (operation.element, operation.name)
        yield from self._with_remarks(key, None, node, fields, *overloads)
        for parameter in parameters:
            names = [f"{one}/{parameter.attrib['Name']}" for one in overloads]
            element = Key("parameter", names[0])
            fields = self._typed(parameter)
            terms = (remark.term for remark in self._reading.remarks(parameter, *names))
            # An action has its parameters in a body, where what is missing is null.
            in_body = node.kind == "Action"
            fields["null by default"] = fields["nullable"] if in_body else "false"
            fields["optional"] = str(OPTIONAL in terms).lower()
            tag = BINDING_PARAMETER if parameter is parameters[0] else parameter.kind
            if tag == BINDING_PARAMETER:
                fields["name"] = parameter.attrib["Name"]
            for fact in self._with_remarks(element, key, parameter, fields, *names):
                yield replace(fact, tag=tag) if fact.key == element else fact
        for returned in node.parts("ReturnType"):
            names = [f"{one}/$ReturnType" for one in overloads]
            element = Key("return", names[0])
            yield from self._with_remarks(element, key, returned, self._typed(returned), *names)

    def _container(self, name: str, node: Node) -> Iterator[Fact]:
        key = Key("container", "")
        if self._scope.whole:
            yield from self._with_remarks(key, None, node, {"name": name}, name)
        for source in self._scope.sources:
            one = self._reading.sources[source]
            element = Key("source", f"{name}/{source}")
            fields = {"type": self._reading.source_type(one)}
            yield from self._with_remarks(element, None, one, fields, element.element)
            for binding in one.parts("NavigationPropertyBinding"):
                path = self._reading.full(binding, "Path")
                target = self._reading.full(binding, "Target")
                if target.partition("/")[0] in self._scope.sources:
                    below = Key("binding", f"{element.element}/{path}")
                    yield Fact(below, element, binding.kind, binding.line, {"target": target})


# -- other spellings of the same

_NAMES = re.compile(r'\b(Type|BaseType|EntityType|Target|Path|EntitySetPath)="([^"]*)"')
_ALIAS = re.compile(r'<Schema Namespace="([\w.]+)" Alias="(\w+)"')


def with_full_names(text: str) -> str:
    """A document that uses no alias."""
    aliases = {alias: namespace for namespace, alias in _ALIAS.findall(text)}
    return _respelled(text, lambda prefix: aliases.get(prefix, prefix))


def with_aliases(text: str) -> str:
    """A document that uses an alias wherever there is one."""
    aliases = dict(_ALIAS.findall(text))
    return _respelled(text, lambda prefix: aliases.get(prefix, prefix))


def with_other_aliases(text: str) -> str:
    """A document whose aliases have other names."""
    aliases = {alias: f"{alias}_2" for _, alias in _ALIAS.findall(text)}
    text = _respelled(text, lambda prefix: aliases.get(prefix, prefix))
    return _ALIAS.sub(lambda match: match[0].removesuffix('"') + '_2"', text)


def _respelled(text: str, prefix: Callable[[str], str]) -> str:
    def names(match: re.Match[str]) -> str:
        value = _QUALIFIED.sub(lambda name: f"{prefix(name[1])}.{name[2]}", match[2])
        return f'{match[1]}="{value}"'

    return _NAMES.sub(names, text)
