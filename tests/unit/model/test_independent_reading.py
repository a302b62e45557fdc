"""A second reading of the metadata: what it finds is what the package has.

A plain walk over the XML which shares nothing with the generator; where both disagree on purpose,
the difference stands here with its reason.
"""

from __future__ import annotations

import inspect
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest

from graph_comms import OPERATIONS
from graph_comms._runtime.enums import GraphEnum
from graph_comms.models import GraphModel, call_records, graph

ROOT = Path(__file__).parents[3]
METADATA = ROOT / "metadata"
SETTINGS = tomllib.loads((METADATA / "graph-codegen.toml").read_text(encoding="utf-8"))
PROVENANCE = json.loads((METADATA / "provenance.json").read_text(encoding="utf-8"))

NOTIFIED = json.loads((METADATA / "notifications.json").read_text(encoding="utf-8"))
ROOTS: list[str] = [*SETTINGS["roots"], *NOTIFIED]
SUBSET = METADATA / SETTINGS["document"]
WHOLE = ROOT.parent / "shared" / "metadata" / PROVENANCE["document"]

MODULES: Mapping[str, ModuleType] = {
    "microsoft.graph": graph,
    "microsoft.graph.callRecords": call_records,
}

STREAM = "a stream is never in a body: it has methods of its own"
SUPPLEMENT = "documented and sent by Graph, though the metadata does not declare it"
INHERITED = "the supplement gives it to the base type"

NOT_IN_MODELS: Mapping[str, str] = {
    "microsoft.graph.callRecording/content": STREAM,
    "microsoft.graph.callTranscript/content": STREAM,
    "microsoft.graph.callTranscript/metadataContent": STREAM,
    "microsoft.graph.communicationsApplicationInstanceIdentity/tenantId": INHERITED,
    "microsoft.graph.communicationsIdentitySet/applicationInstance": INHERITED,
    "microsoft.graph.communicationsIdentitySet/encrypted": INHERITED,
    "microsoft.graph.communicationsIdentitySet/guest": INHERITED,
    "microsoft.graph.communicationsIdentitySet/onPremises": INHERITED,
    "microsoft.graph.communicationsIdentitySet/phone": INHERITED,
    "microsoft.graph.communicationsUserIdentity/tenantId": INHERITED,
    "microsoft.graph.onlineMeeting/attendeeReport": STREAM,
    "microsoft.graph.virtualEventPresenterDetails/photo": "a stream is never in a body, and a "
    "complex value has no address to read it at",
}
"""Declared properties that the models leave out, with the reason."""

SUPPLEMENTED: Mapping[str, tuple[str, ...]] = {
    "appHostedMediaConfig": ("removeFromDefaultAudioGroup",),
    "call": (
        "activeModalities", "answeredBy", "applicationMetadata", "meetingCapability", "replacesContext",
        "ringingTimeoutInSeconds", "routingPolicies", "terminationReason",
    ),
    "commsNotification": ("callbackUri", "resource", "resourceData"),
    "identity": ("identityProvider", "tenantId"),
    "identitySet": ("applicationInstance", "encrypted", "guest", "onPremises", "phone"),
    "invitationParticipantInfo": ("endpointType", "id", "languageId", "region"),
    "organizerMeetingInfo": ("allowConversationWithoutHost",),
    "participantInfo": ("id",),
    "serviceHostedMediaConfig": ("removeFromDefaultAudioGroup",),
}  # fmt: skip

ONLY_IN_MODELS: Mapping[str, str] = {
    f"microsoft.graph.{owner}/{name}": SUPPLEMENT
    for owner, names in SUPPLEMENTED.items()
    for name in names
}
"""Properties of the models that the metadata does not declare, with the reason."""

ONLY_IN_METHODS: Mapping[str, tuple[str, str, str, bool]] = {
    "microsoft.graph.redirect": ("routingPolicies", "body", "Sequence[str] | None", False),
    "microsoft.graph.transfer": ("clientContext", "body", "str | None", False),
}
"""Parameters of actions that the metadata does not declare, since they are supplemented, too."""

SPELT_OTHERWISE: Mapping[str, list[str]] = {
    "microsoft.graph.operationStatus": ["notStarted", "running", "completed", "failed"],
}
"""Members of enumerations that the service spells otherwise than the metadata."""

CONTENT = "bytes | BinaryIO | Iterable[bytes]"
"""What is written to a stream, as the synchronous client takes it."""

_FORMAT = "Literal['text/vtt', 'application/vnd.microsoft.graph.transcript+text']"

FORMATS: Mapping[str, list[tuple[str, str, str, bool]]] = {
    "microsoft.graph.callTranscript/content": [("Accept", "header", _FORMAT, False)],
}
"""What chooses the format of a stream, which the metadata does not say."""


# -- the reading


class Reading:
    """A CSDL document: its types, what is bound to them, and the types of its entity sets and singletons."""

    def __init__(self, file: Path) -> None:
        tree = ElementTree.parse(file)
        self._aliases: dict[str, str] = {}
        self.types: dict[str, ElementTree.Element] = {}
        self.sources: dict[str, str] = {}
        self.bound: dict[str, list[tuple[str, ElementTree.Element]]] = {}
        self._remarks: dict[str, list[ElementTree.Element]] = {}
        schemas = [one for one in tree.iter() if tag(one) == "Schema"]
        for schema in schemas:
            self._aliases[schema.get("Alias", "")] = schema.attrib["Namespace"]
        for schema in schemas:
            for one in schema:
                self._read(one, schema.attrib["Namespace"])

    def _read(self, one: ElementTree.Element, namespace: str) -> None:
        name = f"{namespace}.{one.get('Name')}"
        if tag(one) in ("EntityType", "ComplexType", "EnumType"):
            self.types[name] = one
        elif tag(one) in ("Action", "Function") and one.get("IsBound") == "true":
            self.bound.setdefault(self.full(parts(one, "Parameter")[0]), []).append((name, one))
        elif tag(one) == "EntityContainer":
            for source in parts(one, "Singleton", "EntitySet"):
                self.sources[source.attrib["Name"]] = self.full(source)
        elif tag(one) == "Annotations":
            head, slash, rest = one.attrib["Target"].partition("/")
            self._remarks.setdefault(self._resolved(head) + slash + rest, []).extend(one)

    def full(self, typed: ElementTree.Element) -> str:
        """The type of a property, parameter, …, with its namespace."""
        text = typed.get("Type") or f"Collection({typed.attrib['EntityType']})"
        inner = item(text)
        return text.replace(inner, self._resolved(inner))

    def _resolved(self, name: str) -> str:
        prefix, _, simple = name.rpartition(".")
        return f"{self._aliases.get(prefix, prefix)}.{simple}"

    def lineage(self, name: str) -> list[str]:
        """A type and what it derives from, the farthest first."""
        base = self.types[name].get("BaseType")
        return [*(self.lineage(self._resolved(base)) if base else ()), name]

    def closure(self, *starts: str) -> set[str]:
        """All types that values of these types can hold, take or give."""
        found: set[str] = set()
        todo = list(starts)
        met: set[str] = set()
        while todo:
            name = todo.pop()
            if name in met or name not in self.types:
                continue
            met.add(name)
            todo += [one for one in self.types if name in self.lineage(one)]
            for one in self.lineage(name):
                if one not in found:
                    found.add(one)
                    todo += self._mentions(one)
        return found

    def step(self, name: str, segment: str) -> tuple[str, ElementTree.Element]:
        """The navigation property of a type that a segment of a path names, and what declares it."""
        (found,) = (
            (owner, member)
            for owner in self.lineage(name)
            for member in parts(self.types[owner], "NavigationProperty")
            if member.attrib["Name"] == segment
        )
        return found

    def keys(self, name: str) -> set[str]:
        """The names of the properties that are the key of a type."""
        keys = (key for one in self.lineage(name) for key in parts(self.types[one], "Key"))
        return {ref.attrib["Name"] for key in keys for ref in key}

    def _mentions(self, name: str) -> Iterator[str]:
        for member in parts(self.types[name], "Property", "NavigationProperty"):
            if tag(member) == "Property" or member.get("ContainsTarget") == "true":
                yield item(self.full(member))
        for binding in (name, f"Collection({name})"):
            for _, operation in self.bound.get(binding, ()):
                for typed in parts(operation, "Parameter", "ReturnType"):
                    yield item(self.full(typed))

    def forbids(self, flag: str, element: ElementTree.Element, target: str) -> bool:
        """Whether any capability of an element is switched off, wherever that is written."""
        remarks = [*parts(element, "Annotation"), *self._remarks.get(target, ())]
        values = [value for remark in remarks for value in remark.iter()]
        return any(v.get("Property") == flag and v.get("Bool") == "false" for v in values)


def tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def parts(element: ElementTree.Element, *tags: str) -> list[ElementTree.Element]:
    return [one for one in element if tag(one) in tags]


def item(type_name: str) -> str:
    return type_name.removeprefix("Collection(").removesuffix(")")


# -- names in Python


def class_name(name: str) -> str:
    namespace, _, simple = name.rpartition(".")
    return f"{MODULES[namespace].__name__}.{simple[0].upper()}{simple[1:]}"


def spelled(type_name: str, module: str, collection: str = "edm.Collection[{}]") -> str:
    """A type as the annotation of a module has it."""
    name = item(type_name)
    if name.startswith("Edm."):
        simple = name.removeprefix("Edm.")
        other = {"String": "str", "Untyped": "Untyped", "Decimal": "edm.EdmDecimal"}
        text = other.get(simple, f"edm.{simple}")
    else:
        owner, _, text = class_name(name).rpartition(".")
        if owner != module:
            text = f"{owner.rpartition('.')[2]}.{text}"
    return text if name == type_name else collection.format(text)


CLASSES: Mapping[str, type[Any]] = {
    f"{module.__name__}.{name}": cls
    for module in MODULES.values()
    for name in module.__all__
    if inspect.isclass(cls := getattr(module, name)) and cls.__module__ == module.__name__
}


def camel(attribute: str) -> str:
    """The wire name of an attribute that has no other: pydantic finds it out on first use."""
    return re.sub("_([a-z])", lambda match: match[1].upper(), attribute)


# -- the comparison


@pytest.fixture(scope="module", params=[SUBSET, WHOLE], ids=["subset", "whole"])
def reading(request: pytest.FixtureRequest) -> Reading:
    if not request.param.exists():
        pytest.skip("the whole metadata is not beside this checkout")
    return Reading(request.param)


@pytest.fixture(scope="module")
def passed(reading: Reading) -> Mapping[str, set[str]]:
    """The types on the way to a root that is a path, and their members that the path needs."""
    found: dict[str, set[str]] = {}
    for head, *steps in (root.split("/") for root in ROOTS):
        name = item(reading.sources.get(head, ""))
        for segment in steps:
            for owner in reading.lineage(name):
                found.setdefault(owner, set()).update({segment, *reading.keys(name)})
            name = item(reading.full(reading.step(name, segment)[1]))
    return found


@pytest.fixture(scope="module")
def held(reading: Reading) -> set[str]:
    """The types that can be reached from the ends of the roots in the settings."""
    starts: list[str] = []
    for head, *steps in (root.split("/") for root in ROOTS):
        name = item(reading.sources.get(head, f"microsoft.graph.{head}"))
        for segment in steps:
            name = item(reading.full(reading.step(name, segment)[1]))
        starts.append(name)
    return reading.closure(*starts)


@pytest.fixture(scope="module")
def types(held: set[str], passed: Mapping[str, set[str]]) -> set[str]:
    """The types of the subset."""
    return held | passed.keys()


def test_types(types: set[str]) -> None:
    assert {class_name(name) for name in types} == CLASSES.keys()


def test_the_subset_has_nothing_else(types: set[str]) -> None:
    assert Reading(SUBSET).types.keys() == types


def test_members_of_enumerations(reading: Reading, types: set[str]) -> None:
    for name in types:
        element = reading.types[name]
        if tag(element) == "EnumType":
            cls = CLASSES[class_name(name)]
            members = {one.attrib["Name"]: one.attrib["Value"] for one in parts(element, "Member")}
            if element.get("IsFlags") == "true":
                assert {wire: str(value) for wire, value in cls._members.values()} == members
            else:
                assert issubclass(cls, GraphEnum)
                assert [one.value for one in cls] == SPELT_OTHERWISE.get(name, list(members))


def test_kinds_and_bases(reading: Reading, types: set[str]) -> None:
    for name in types:
        if tag(reading.types[name]) != "EnumType":
            cls = CLASSES[class_name(name)]
            lineage = [CLASSES[class_name(one)] for one in reversed(reading.lineage(name))]
            assert [*cls.__mro__[: len(lineage) + 1]] == [*lineage, GraphModel]
            assert cls._odata_type == f"#{name}"
            assert cls._abstract is (reading.types[name].get("Abstract") == "true")


def test_properties(
    reading: Reading, types: set[str], held: set[str], passed: Mapping[str, set[str]]
) -> None:
    declared: dict[str, str] = {}
    for name in types:
        module = class_name(name).rpartition(".")[0]
        for member in parts(reading.types[name], "Property", "NavigationProperty"):
            if name not in held and member.attrib["Name"] not in passed[name]:
                continue
            type_name = reading.full(member)
            path = f"{name}/{member.attrib['Name']}"
            declared[path] = f"{spelled(type_name, module)} | None"
    ours: dict[str, str] = {}
    for name in types:
        cls = CLASSES[class_name(name)]
        if issubclass(cls, GraphModel):
            for attribute, annotation in inspect.get_annotations(cls).items():
                if attribute in cls.model_fields:
                    wire_name = cls.model_fields[attribute].serialization_alias or camel(attribute)
                    # A module imports the others under private names.
                    ours[f"{name}/{wire_name}"] = re.sub(r"\b_(?=\w+\.)", "", annotation)

    assert declared.keys() - ours.keys() == NOT_IN_MODELS.keys()
    assert ours.keys() - declared.keys() == ONLY_IN_MODELS.keys()
    both = declared.keys() & ours.keys()
    assert {path: ours[path] for path in both} == {path: declared[path] for path in both}


def test_operations(reading: Reading) -> None:
    walk = Walk(reading)
    for root in ROOTS:
        if root.split("/")[0] in reading.sources:
            walk.root(root)

    ours = {f"{one.method} {one.path}": described(one) for one in OPERATIONS}
    assert sorted(walk.found) == sorted(ours)
    assert walk.found == ours


Described = tuple[tuple[tuple[str, str, str, bool], ...], str | None]


def described(operation: Any) -> Described:
    """What an operation takes beyond the options of a query, and what it returns."""
    own = [p for p in operation.parameters if p.location != "query"]
    return (
        tuple((p.wire_name, p.location, p.type, p.required) for p in own),
        operation.returns,
    )


class Walk:
    """The requests of the service tree: what each resource and each operation takes and returns."""

    def __init__(self, reading: Reading) -> None:
        self.found: dict[str, Described] = {}
        self._reading = reading

    def _add(self, line: str, keys: tuple[str, ...], body: Any, returns: str | None) -> None:
        assert line not in self.found
        path = tuple((key, "path", "str", True) for key in keys)
        self.found[line] = (path + tuple(body), returns)

    def root(self, root: str) -> None:
        """The entity set or singleton that a root begins with, or what its path leads to."""
        head, *steps = root.split("/")
        path, type_name = f"/{head}", self._reading.sources[head]
        keys: tuple[str, ...] = ()
        taken: tuple[str, ...] = ()
        for segment in steps:
            name = item(type_name)
            if name != type_name:
                keys = (*keys, f"{name.rpartition('.')[2]}-id")
                path += f"/{{{keys[-1]}}}"
            owner, member = self._reading.step(name, segment)
            path, type_name = f"{path}/{segment}", self._reading.full(member)
            taken = (*taken, f"{owner}/{segment}")
        if type_name.startswith("Collection("):
            self._collection(path, item(type_name), keys, taken)
        else:
            self.single(path, type_name, keys=keys, taken=taken, removable=bool(steps))

    def single(
        self,
        path: str,
        name: str,
        *,
        keys: tuple[str, ...] = (),
        taken: tuple[str, ...] = (),
        removable: bool = True,
    ) -> None:
        """One entity: read, update, delete, its streams, operations and what it contains."""
        own, simple = _bare(name), name.rpartition(".")[2]
        self._add(f"GET {path}", keys, (), own)
        self._add(f"PATCH {path}", keys, [(simple, "body", own, True)], f"{own} | None")
        if removable:
            self._add(f"DELETE {path}", keys, (), None)
        self._operations(path, name, keys)
        for owner in self._reading.lineage(name):
            for member in parts(self._reading.types[owner], "Property", "NavigationProperty"):
                self._member(path, f"{owner}/{member.attrib['Name']}", member, keys, taken)

    def _member(
        self,
        path: str,
        target: str,
        member: ElementTree.Element,
        keys: tuple[str, ...],
        taken: tuple[str, ...],
    ) -> None:
        below, type_name = f"{path}/{member.attrib['Name']}", self._reading.full(member)
        assert not any(
            self._reading.forbids(flag, member, target)
            for flag in ("Readable", "Insertable", "Updatable", "Deletable", "Countable")
        ), "this walk knows of no capability that is switched off"
        if type_name == "Edm.Stream":
            self._add(f"GET {below}", keys, FORMATS.get(target, ()), "bytes")
            self._add(f"PUT {below}", keys, [("content", "body", CONTENT, True)], None)
            self._add(f"DELETE {below}", keys, (), None)
        # A path takes no navigation twice: replies to replies would have no end.
        if tag(member) == "Property" or target in taken:
            return
        if member.get("ContainsTarget") != "true":
            assert not type_name.startswith("Collection("), "no reference to a collection so far"
            self._add(f"GET {below}", keys, (), _bare(type_name))
            self._add(f"GET {below}/$ref", keys, (), "str")
            self._add(f"PUT {below}/$ref", keys, [("@odata.id", "body", "str", True)], None)
            if member.get("Nullable") != "false":
                self._add(f"DELETE {below}/$ref", keys, (), None)
            for owner in self._reading.lineage(type_name):
                for stream in parts(self._reading.types[owner], "Property"):
                    self._member(below, f"{owner}/{stream.attrib['Name']}", stream, keys, taken)
        elif type_name.startswith("Collection("):
            self._collection(below, item(type_name), keys, (*taken, target))
        else:
            self.single(below, type_name, keys=keys, taken=(*taken, target))

    def _collection(
        self, path: str, name: str, keys: tuple[str, ...], taken: tuple[str, ...]
    ) -> None:
        own, simple = _bare(name), name.rpartition(".")[2]
        self._add(f"GET {path}", keys, (), f"Page[{own}]")
        self._add(f"POST {path}", keys, [(simple, "body", own, True)], own)
        self._add(f"GET {path}/$count", keys, (), "int")
        self._operations(path, f"Collection({name})", keys)
        key = f"{simple}-id"
        if key in keys:
            key = f"{path.rpartition('/')[2]}-{key}"
        self.single(f"{path}/{{{key}}}", name, keys=(*keys, key), taken=taken)

    def _operations(
        self,
        path: str,
        binding: str,
        keys: tuple[str, ...],
        outer: Sequence[tuple[str, str, str, bool]] | None = None,
    ) -> None:
        """The calls of what is bound to a type; `outer` are the arguments of the function in front."""
        for name, operation in self._bound(binding):
            given = parts(operation, "Parameter")[1:]
            returned = [self._reading.full(one) for one in parts(operation, "ReturnType")]
            segment = name.removeprefix("microsoft.graph.")
            if "." in segment:
                segment = name
            if tag(operation) == "Action":
                line = f"POST {path}/{segment}"
            else:
                names = [one.attrib["Name"] for one in given]
                line = f"GET {path}/{segment}({','.join(f'{n}={{{n}}}' for n in names)})"
            body = [*(outer or ()), *(self._parameter(one, tag(operation)) for one in given)]
            body += [ONLY_IN_METHODS[name]] if name in ONLY_IN_METHODS else []
            self._add(line, keys, body, _bare(returned[0], "Page[{}]") if returned else None)
            if operation.get("IsComposable") == "true" and outer is None:
                self._operations(line.removeprefix("GET "), returned[0], keys, body)

    def _bound(self, binding: str) -> Iterator[tuple[str, ElementTree.Element]]:
        for name in self._reading.lineage(item(binding)):
            yield from self._reading.bound.get(binding.replace(item(binding), name), ())

    def _parameter(self, one: ElementTree.Element, kind: str) -> tuple[str, str, str, bool]:
        """A parameter; Graph takes one that an action leaves out as null."""
        nullable = one.get("Nullable") != "false"
        optional = any(r.get("Term", "").endswith(".OptionalParameter") for r in one)
        form = _bare(self._reading.full(one), "Sequence[{}]")
        return (
            one.attrib["Name"],
            "body" if kind == "Action" else "path",
            f"{form} | None" if nullable else form,
            not (optional or (nullable and kind == "Action")),
        )


def _bare(type_name: str, collection: str = "") -> str:
    return spelled(type_name, graph.__name__, collection)
