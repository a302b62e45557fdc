"""The one place that turns CSDL names into Python names.

Names are never made unique by a number: see `distinct`. A name that someone gives an element is spelled
instead of its own name.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from graph_codegen.csdl.ast import (
    ENTITY,
    GEOGRAPHIC,
    PATHS,
    ROOT_NAMESPACE,
    EnumType,
    NavigationProperty,
    Property,
    split_name,
)
from graph_codegen.emit import spelling
from graph_codegen.emit.distinct import (
    NONE,
    Join,
    constant_with,
    digests,
    first,
    pascal_with,
    rank,
    settle,
    snake_with,
)
from graph_codegen.emit.parts import divide
from graph_codegen.errors import CodegenError, error
from graph_codegen.model.model import Model
from graph_codegen.service.requests import STREAM

KEYWORDS = frozenset(keyword.kwlist)

ANNOTATION_NAMES = frozenset({"bool", "cached_property", "edm", "list", "str"})
"""Names used inside generated classes, which an attribute of the same name would hide."""

MODEL_ATTRIBUTES = frozenset(
    {
        "_abc_impl", "_abstract", "_assign", "_calculate_keys", "_copy_and_set_values", "_get_value",
        "_held_schema", "_iter", "_member", "_note", "_odata_type", "_parse",
        "_read", "_received", "_recovered", "_reference", "_select", "_setattr_handler", "_strictly",
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
        "BaseModule",
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

NO_NAMES: Mapping[str, str] = {}

CLASS_NAMES = KEYWORDS | MODULE_NAMES | BEHAVIOUR_NAMES | {"ConfigDict", "StrEnum"}
"""Names that no class may have; datamodel-code-generator would change the last two."""


MODULES_TAKEN = frozenset({"annotations", "declared", "register_namespaces"}) | {
    *("aux", "con", "nul", "prn"), *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))
}  # fmt: skip
"""Names that no module may have: other imports of `models`, and device names of Windows."""

LONGEST_MODULE = 200
"""Longest name of a module before what tells it apart; file systems allow 255 characters."""

CLIENT_ATTRIBUTES = frozenset(
    {"aclose", "close", "follow", "get_recording", "request", "stream_recording"}
)
"""The methods of the clients; a test keeps the list complete."""


def snake_case(name: str) -> str:
    """Spell a CSDL name as a Python attribute: `callbackUri` becomes `callback_uri`."""
    return avoid(spelling.snake(name), KEYWORDS)


def class_name(name: str) -> str:
    """Spell a type's simple name as a Python class: `callRoute` becomes `CallRoute`."""
    simple = spelling.pascal(name)
    return f"Graph{simple}" if simple in CLASS_NAMES else simple


def attribute_name(name: str) -> str:
    """Spell a property as an attribute of a model, avoiding those of `GraphModel`."""
    return avoid(snake_case(name), MODEL_ATTRIBUTES | ANNOTATION_NAMES)


def is_attribute(item: Property | NavigationProperty) -> bool:
    """Whether a member is an attribute of its class: streams and any entities are only addressed."""
    return item.type != STREAM and not leads_anywhere(item)


def leads_anywhere(item: Property | NavigationProperty) -> bool:
    """Whether a member is navigation to entities of which nothing is known, as those outside of a subset."""
    return isinstance(item, NavigationProperty) and item.type.name == ENTITY


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
    return spelling.constant(name)


def module_name(namespace: str) -> str:
    """Spell a namespace as a module: `microsoft.graph.callRecords` becomes `call_records`."""
    name = namespace.removeprefix(f"{ROOT_NAMESPACE}.").removeprefix("microsoft.")
    name = snake_case(spelling.ascii_only(name))
    # Two underscores represent a dot in annotations on their way to the templates.
    name = re.sub("__+", "_", name)
    # A module imports another as `_name`, which an attribute of that name would hide in annotations.
    if name in MODULES_TAKEN or f"_{name}" in MODEL_ATTRIBUTES:
        return f"{name}_namespace"
    name = f"{name}namespace" if name.endswith("_") else name
    return name[:LONGEST_MODULE].rstrip("_")


def edm_annotation(name: str) -> str:
    """Spell an Edm type as an annotation: `Edm.Int64` becomes `edm.Int64`."""
    return EDM_ANNOTATIONS.get(name, f"edm.{name.removeprefix('Edm.')}")


def schema_name(type_name: str) -> str:
    """Spell a full type name as one flat name: `CallRecordsSession`; microsoft.graph needs no prefix."""
    namespace, simple = split_name(type_name)
    prefix = "" if namespace == ROOT_NAMESPACE else _pascal(module_name(namespace))
    return prefix + class_name(spelling.ascii_only(simple))


def _pascal(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))


def avoid(name: str, taken: frozenset[str]) -> str:
    """Append an underscore to a name that is taken."""
    return f"{name}_" if name in taken else name


@dataclass(frozen=True, kw_only=True)
class Names:
    """The Python names of a model: classes with their modules, attributes and members by owner.

    `parts` are the modules of the types in those namespaces whose module is divided. `given` are the names
    that someone gave, by the element: a namespace, or what annotation targets are spelled like (CSDL
    14.2.2), operations without signature.
    """

    modules: Mapping[str, str]
    parts: Mapping[str, str]
    classes: Mapping[str, str]
    schemas: Mapping[str, str]
    attributes: Mapping[str, Mapping[str, str]]
    members: Mapping[str, Mapping[str, str]]
    given: Mapping[str, str]

    @cached_property
    def every_module(self) -> frozenset[str]:
        """All modules, parts as well."""
        return frozenset([*self.modules.values(), *self.parts.values()])

    def module_of(self, type_name: str) -> str:
        """Return the module that a class is in: that of its namespace, or a part of it."""
        return self.parts.get(type_name) or self.modules[split_name(type_name)[0]]


def assign_names(model: Model, given: Mapping[str, str] = NO_NAMES) -> Names:
    """Return the Python names of everything in a model but the methods of its client.

    `modules` is by namespace, `parts`, `classes` and `schemas` by full type name, `attributes` (including
    inherited ones) and `members` by full type name and then by CSDL name. Raises CodegenError for two names
    in `given` that collide.
    """
    return _Assignment(model, given).names()


def settle_given(
    claims: Mapping[str, Sequence[str]],
    join: Join,
    given: Mapping[str, str],
    elements: Mapping[str, str],
    taken: Collection[str] = NONE,
) -> Mapping[str, tuple[str, ...]]:
    """Return the names of things that are in one place, all different, see `settle`.

    `elements` are the elements that the claims are about: those with a `given` name keep it. Raises
    CodegenError for two given names that collide.
    """
    if not given:
        return settle(claims, join, taken=taken)
    fixed = [wire for wire in claims if elements.get(wire) in given]
    met: dict[str, str] = {}
    for wire in fixed:
        for name in claims[wire]:
            other = met.setdefault(name, wire)
            if elements[other] != elements[wire]:
                raise clash(given, elements[other], elements[wire])
    return settle(claims, join, taken=taken, fixed=fixed)


def clash(given: Mapping[str, str], one: str, other: str) -> CodegenError:
    """Return the error for two given names that are one in Python: it shows their lines."""
    lines = " and ".join(f'"{element}" = "{given[element]}"' for element in (one, other))
    return error("one name for two in the same place", f"[names] {lines}")


class _Assignment:
    def __init__(self, model: Model, given: Mapping[str, str]) -> None:
        self._model = model
        self._given = given

    def names(self) -> Names:
        model = self._model
        by_namespace: dict[str, list[str]] = {}
        for name in model.types:
            by_namespace.setdefault(split_name(name)[0], []).append(name)
        modules = self._settled(
            {n: self._spelled(n, module_name, n) for n in by_namespace}, snake_with
        )
        classes: dict[str, str] = {}
        for own in by_namespace.values():
            plain = {name: self._spelled(name, class_name, split_name(name)[1]) for name in own}
            classes |= self._settled(plain, pascal_with)
        schemas = settle({name: [schema_name(name)] for name in model.types}, pascal_with)
        enums = (declared for declared in model.types.values() if isinstance(declared, EnumType))
        return Names(
            modules=modules,
            parts=divide(model, modules),
            classes=classes,
            schemas={name: spelled for name, (spelled,) in schemas.items()},
            attributes=self._attributes(),
            members={declared.name: self._members(declared) for declared in enums},
            given=self._given,
        )

    def _spelled(self, element: str, spell: Callable[[str], str], name: str) -> str:
        return spell(self._given.get(element, name))

    def _settled(self, plain: Mapping[str, str], join: Join, owner: str = "") -> Mapping[str, str]:
        claims = {wire: [name] for wire, name in plain.items()}
        elements = {wire: f"{owner}{wire}" for wire in plain}
        found = settle_given(claims, join, self._given, elements)
        return {wire: name for wire, (name,) in found.items()}

    def _members(self, declared: EnumType) -> Mapping[str, str]:
        owner = f"{declared.name}/"
        plain = {
            m.name: self._spelled(owner + m.name, member_name, m.name) for m in declared.members
        }
        return self._settled(plain, constant_with, owner)

    # -- attributes: a type has those of its base types

    def _attributes(self) -> Mapping[str, Mapping[str, str]]:
        """Return the attributes of each type, inherited ones too, by type and CSDL name.

        Two properties collide if one type has both, whether it declares them or inherits them.
        """
        model = self._model
        own = {
            declared.name: {
                item.name: self._spelled(f"{declared.name}/{item.name}", attribute_name, item.name)
                for item in declared.members()
            }
            for declared in model.structured()
        }
        lineages = {name: [owner.name for owner in model.lineage(name)] for name in own}
        giving_way = {item for name in own for item in self._colliding(lineages[name], own)}
        used = {name for names in own.values() for name in names.values()}
        owners: dict[str, str] = {}
        for owner, wire in sorted(giving_way, key=lambda item: (rank(item[1]), item[0])):
            candidates = (snake_with(own[owner][wire], digest) for digest in digests(wire))
            name = next(n for n in candidates if n not in used and owners.get(n, wire) == wire)
            owners[name] = wire
            own[owner][wire] = name
        found: dict[str, dict[str, str]] = {}
        for name, lineage in lineages.items():
            found[name] = {}
            for owner in lineage:
                found[name].update(own[owner])
        return found

    def _colliding(
        self, lineage: Sequence[str], own: Mapping[str, Mapping[str, str]]
    ) -> Iterator[tuple[str, str]]:
        """Yield the properties that give way to another, of those that the last type of a lineage has."""
        names = [own[owner].values() for owner in lineage]
        if len({*chain(*names)}) == sum(map(len, names)):
            return
        fresh = {*own[lineage[-1]].values()}
        claimants: dict[str, list[tuple[str, str]]] = {}
        for owner in lineage:
            for wire, name in own[owner].items():
                if name in fresh:
                    claimants.setdefault(name, []).append((owner, wire))
        for items in claimants.values():
            if len(items) > 1:
                given = [
                    f"{owner}/{wire}" for owner, wire in items if f"{owner}/{wire}" in self._given
                ]
                if len(given) > 1:
                    raise clash(self._given, *given[:2])
                fixed = [wire for owner, wire in items if f"{owner}/{wire}" in given]
                keeps = first((wire for _, wire in items), fixed)
                yield from (item for item in items if item[1] != keeps)
