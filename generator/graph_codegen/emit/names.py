"""The one place that turns CSDL names into Python names.

Names are never made unique by a number: two CSDL names that become the same Python name are an
error that names both.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from graph_codegen.csdl.ast import (
    ENTITY,
    GEOGRAPHIC,
    PATHS,
    ROOT_NAMESPACE,
    EnumType,
    NavigationProperty,
    Property,
    StructuredType,
    split_name,
)
from graph_codegen.emit.parts import divide
from graph_codegen.errors import CodegenError, Diagnostic, Place
from graph_codegen.model.model import Model
from graph_codegen.service.requests import STREAM

_BOUNDARY = re.compile(
    r"(?<=[a-z])(?=[A-Z])"  # call|Id
    r"|(?<=[A-Z0-9])(?=[A-Z][a-z])"  # E2E|Encrypted, ipv4|Address
    r"|(?<=_)(?=[A-Z])"  # remote_|Control, which must differ from remote|Control
    r"|[^0-9A-Za-z_]+"
)

KEYWORDS = frozenset(keyword.kwlist)

ANNOTATION_NAMES = frozenset({"bool", "cached_property", "edm", "list", "str"})
"""Names used inside generated classes, which an attribute of the same name would hide."""

MODEL_ATTRIBUTES = frozenset(
    {
        "_abc_impl", "_abstract", "_assign", "_calculate_keys", "_copy_and_set_values", "_get_value",
        "_held_schema", "_iter", "_member", "_note", "_odata_type", "_parse", "_received", "_reference",
        "_select", "_setattr_handler",
        "construct", "copy", "dict", "from_dict", "from_json", "from_orm", "json", "model_computed_fields",
        "model_config", "model_construct", "model_copy", "model_dump", "model_dump_json", "model_extra",
        "model_fields", "model_fields_set", "model_json_schema", "model_parametrized_name",
        "model_post_init", "model_rebuild", "model_validate", "model_validate_json",
        "model_validate_strings", "misfits", "next_link", "odata_type", "parse_file", "parse_obj",
        "parse_raw", "schema", "schema_json", "to_dict", "to_json", "undeclared", "update_forward_refs",
        "validate", "with_undeclared",
    }
)  # fmt: skip
"""The attributes and methods of `GraphModel`; a test keeps the list complete."""

EDM_ANNOTATIONS: Mapping[str, str] = {
    "Edm.String": "str",
    "Edm.Stream": "edm.Binary",
    "Edm.Decimal": "edm.EdmDecimal",
    "Edm.Untyped": "Untyped",
    "Edm.PrimitiveType": "Untyped",
    "Edm.ComplexType": "GraphModel",
    "Edm.EntityType": "GraphModel",
    "Edm.EntityReference": "str",
    **dict.fromkeys(GEOGRAPHIC, "edm.GeoJson"),
    **dict.fromkeys(PATHS, "str"),
}
"""The Edm types whose annotation is not their own name in the runtime's `edm` module."""

MODULE_NAMES = frozenset(
    {
        "Field",
        "GraphEnum",
        "GraphFlags",
        "GraphModel",
        "TYPE_CHECKING",
        "ClassVar",
        "Any",
        "Untyped",
    }
)
"""Names that a generated module imports."""

BEHAVIOURS: Mapping[str, tuple[str, frozenset[str]]] = {
    "microsoft.graph.commsNotification": (
        "CommsNotificationBehaviour",
        frozenset({"call_id", "operation_id", "participant_id", "resource_kind"}),
    ),
    "microsoft.graph.resultInfo": ("ResultInfoBehaviour", frozenset({"explain"})),
}
"""Classes of the runtime that add members to a type, with the names of those, by full type name."""

BEHAVIOUR_NAMES = frozenset(name for name, _ in BEHAVIOURS.values())

CLASS_NAMES = KEYWORDS | MODULE_NAMES | BEHAVIOUR_NAMES | {"ConfigDict", "StrEnum"}
"""Names that no class may have; datamodel-code-generator would change the last two."""


MODULES_TAKEN = frozenset({"annotations", "register_namespaces"}) | {
    *("aux", "con", "nul", "prn"), *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))
}  # fmt: skip
"""Names that no module may have: other imports of `models`, and device names of Windows."""

LONGEST_MODULE = 200
"""Longest name of a module; file systems allow 255 characters including the suffix."""

CLIENT_ATTRIBUTES = frozenset(
    {"aclose", "close", "follow", "get_recording", "request", "stream_recording"}
)
"""The methods of the clients; a test keeps the list complete."""


def words(name: str) -> list[str]:
    """Split `isE2EEncrypted` into `is`, `E2E`, `Encrypted`."""
    return [word for word in _BOUNDARY.split(name) if word]


@lru_cache(maxsize=10_000)
def snake_case(name: str) -> str:
    """Spell a CSDL name as a Python attribute: `callbackUri` becomes `callback_uri`.

    The same names come again and again, so the last answers are kept.
    """
    return avoid(_ensure_letter_first("_".join(words(name)).lower(), "n"), KEYWORDS)


def class_name(name: str) -> str:
    """Spell a type's simple name as a Python class: `callRoute` becomes `CallRoute`."""
    parts = re.split("[^0-9A-Za-z]+", name)
    simple = _ensure_letter_first("".join(part[:1].upper() + part[1:] for part in parts), "N")
    return f"Graph{simple}" if simple in CLASS_NAMES else simple


def attribute_name(name: str) -> str:
    """Spell a property as an attribute of a model, avoiding those of `GraphModel`."""
    return avoid(snake_case(name), MODEL_ATTRIBUTES | ANNOTATION_NAMES)


def is_attribute(item: Property | NavigationProperty) -> bool:
    """Whether a member is an attribute of its class: streams and any entities are only addressed."""
    leads_anywhere = isinstance(item, NavigationProperty) and item.type.name == ENTITY
    return item.type != STREAM and not leads_anywhere


def segment_name(segment: str) -> str:
    """Spell a segment of a path as an attribute of the client: a cast to `graph.call` becomes `as_call`."""
    namespace, simple = split_name(segment)
    return f"as_{snake_case(simple)}" if namespace else attribute_name(segment)


def parameter_name(name: str) -> str:
    """Spell a parameter of an operation as a Python parameter.

    Only `self` is taken: the options of the client give way to parameters, see `methods`.
    """
    spelled = snake_case(name)
    return f"{spelled}_parameter" if spelled == "self" else spelled


def member_name(name: str) -> str:
    """Spell an enumeration member as a constant: `unknownFutureValue` → `UNKNOWN_FUTURE_VALUE`."""
    return _ensure_letter_first("_".join(words(name)).upper(), "N")


def module_name(namespace: str) -> str:
    """Spell a namespace as a module: `microsoft.graph.callRecords` becomes `call_records`."""
    name = snake_case(namespace.removeprefix(f"{ROOT_NAMESPACE}.").removeprefix("microsoft."))
    # Two underscores represent a dot in annotations on their way to the templates.
    name = re.sub("__+", "_", name)
    # A module imports another as `_name`, which an attribute of that name would hide in annotations.
    if name in MODULES_TAKEN or f"_{name}" in MODEL_ATTRIBUTES:
        return f"{name}_namespace"
    return f"{name}namespace" if name.endswith("_") else name


def edm_annotation(name: str) -> str:
    """Spell an Edm type as an annotation: `Edm.Int64` becomes `edm.Int64`."""
    return EDM_ANNOTATIONS.get(name, f"edm.{name.removeprefix('Edm.')}")


def schema_name(type_name: str) -> str:
    """Spell a full type name as one flat name: `CallRecordsSession`; microsoft.graph needs no prefix."""
    namespace, simple = split_name(type_name)
    prefix = "" if namespace == ROOT_NAMESPACE else _pascal(module_name(namespace))
    return prefix + class_name(simple)


def _pascal(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))


def _ensure_letter_first(name: str, letter: str) -> str:
    """Prefix a letter to a name that does not start with one: to pydantic, `_` means private."""
    return name if name[:1].isalpha() else letter + name


def avoid(name: str, taken: frozenset[str]) -> str:
    """Append an underscore to a name that is taken."""
    return f"{name}_" if name in taken else name


@dataclass(frozen=True)
class Names:
    """The Python names of a model: classes with their modules, attributes and members by owner.

    `parts` are the modules of the types in those namespaces whose module is divided.
    """

    modules: Mapping[str, str]
    parts: Mapping[str, str]
    classes: Mapping[str, str]
    schemas: Mapping[str, str]
    attributes: Mapping[str, Mapping[str, str]]
    members: Mapping[str, Mapping[str, str]]

    def module_of(self, type_name: str) -> str:
        """Return the module that a class is in: that of its namespace, or a part of it."""
        return self.parts.get(type_name) or self.modules[split_name(type_name)[0]]


def assign_names(model: Model) -> Names:
    """Return the Python names of everything in a model.

    `modules` is by namespace, `parts`, `classes` and `schemas` by full type name, `attributes` (including
    inherited ones) and `members` by full type name and then by CSDL name. Raises CodegenError for
    every pair of CSDL names that share a Python name, and for namespaces that cannot be modules.
    """
    problems: list[Diagnostic] = []
    places = {name: declared.place for name, declared in model.types.items()}
    firsts = {split_name(name)[0]: place for name, place in reversed(places.items())}
    namespaces = sorted(firsts)
    modules = {namespace: module_name(namespace) for namespace in namespaces}
    problems += _collisions(modules.items(), firsts)
    problems += _no_modules(modules, firsts)
    classes = {name: class_name(split_name(name)[1]) for name in model.types}
    for namespace in namespaces:
        own = [(n, c) for n, c in classes.items() if split_name(n)[0] == namespace]
        problems += _collisions(own, places)
    schemas = {name: schema_name(name) for name in model.types}
    problems += _collisions(schemas.items(), places)
    attributes: dict[str, Mapping[str, str]] = {}
    members: dict[str, Mapping[str, str]] = {}
    for type_name, declared in model.types.items():
        if isinstance(declared, StructuredType):
            attributes[type_name], found = _attributes(model, declared)
        else:
            members[type_name], found = _members(declared)
        problems += found
    if problems:
        raise CodegenError(*dict.fromkeys(problems))
    return Names(modules, divide(model, modules), classes, schemas, attributes, members)


def _no_modules(modules: Mapping[str, str], places: Mapping[str, Place]) -> Iterator[Diagnostic]:
    for namespace, module in modules.items():
        if len(module) > LONGEST_MODULE:
            yield Diagnostic("the namespace is too long to name a file", places[namespace])


def _attributes(
    model: Model, declared: StructuredType
) -> tuple[Mapping[str, str], list[Diagnostic]]:
    items = [item for owner in model.lineage(declared.name) for item in owner.members()]
    names = {item.name: attribute_name(item.name) for item in items}
    places = {item.name: item.place for item in items}
    own = {
        item.name for item in declared.members()
    }  # collisions of inherited attributes are reported for the base
    found = _collisions(names.items(), places, declared.name)
    return names, [problem for problem in found if problem.property in own]


def _members(declared: EnumType) -> tuple[Mapping[str, str], list[Diagnostic]]:
    names = {member.name: member_name(member.name) for member in declared.members}
    places = {member.name: member.place for member in declared.members}
    return names, _collisions(names.items(), places, declared.name)


def _collisions(
    pairs: Iterable[tuple[str, str]], places: Mapping[str, Place], owner: str = ""
) -> list[Diagnostic]:
    """Return a diagnostic for each CSDL name whose Python name is taken by an earlier one."""
    first: dict[str, str] = {}
    problems: list[Diagnostic] = []
    for csdl_name, python_name in pairs:
        other = first.setdefault(python_name, csdl_name)
        if other != csdl_name:
            problems.append(
                Diagnostic(
                    f"{other} and {csdl_name} both become {python_name} in Python",
                    places[csdl_name],
                    owner or csdl_name,
                    csdl_name if owner else "",
                )
            )
    return problems
