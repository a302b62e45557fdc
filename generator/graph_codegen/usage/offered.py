"""What a generated package offers to an application: classes, their attributes, the client's methods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from graph_codegen.csdl.ast import EnumType, TypeRef
from graph_codegen.emit.client import client_prefix, name_resources
from graph_codegen.emit.method_names import client_methods
from graph_codegen.emit.methods import Method
from graph_codegen.emit.names import Names, assign_names, is_attribute
from graph_codegen.facts.settings import Settings
from graph_codegen.model.model import Model
from graph_codegen.service.requests import list_requests
from graph_codegen.usage.uses import Path


@dataclass(frozen=True, kw_only=True)
class Offered:
    """A package by its name, the model that it is generated from, and the names of both.

    `clients` are the classes of its client and `resources` of what the client consists of, with attribute
    paths; `methods` are those of the client by their attribute paths; one that reads a stream has two.
    """

    package: str
    model: Model
    names: Names
    clients: frozenset[str]
    resources: Mapping[str, Path]
    methods: Mapping[Path, Method]

    @cached_property
    def paths(self) -> frozenset[Path]:
        """The paths that lead to methods."""
        return frozenset(path[:depth] for path in self.methods for depth in range(len(path)))

    @cached_property
    def modules(self) -> frozenset[str]:
        """The modules of classes besides `models` itself."""
        return frozenset(self.names.modules.values())

    @cached_property
    def classes(self) -> Mapping[tuple[str, str], str]:
        """The types by module and class; the root namespace's are in `models`, whose name is empty, too."""
        found: dict[tuple[str, str], str] = {}
        for name, class_ in self.names.classes.items():
            module = self.names.modules.get(name.rpartition(".")[0], "")
            found[module, class_] = name
            found.setdefault(("", class_), name)
        return found

    @cached_property
    def attributes(self) -> Mapping[str, Mapping[str, TypeRef]]:
        """The attributes of each type with the types of their values; of an enumeration its members."""
        found: dict[str, dict[str, TypeRef]] = {}
        for declared in self.model.types.values():
            if isinstance(declared, EnumType):
                own = self.names.members[declared.name]
                found[declared.name] = dict.fromkeys(own.values(), TypeRef(declared.name))
                continue
            own = self.names.attributes[declared.name]
            found[declared.name] = {
                own[item.name]: item.type
                for owner in self.model.lineage(declared.name)
                for item in owner.members()
                if is_attribute(item)
            }
        return found

    def values(self, owner: str, attribute: str) -> Iterator[TypeRef]:
        """Yield the types of an attribute: of a type, or of those derived from it if it has none itself."""
        own = self.attributes.get(owner, {})
        if attribute in own:
            yield own[attribute]
            return
        for name in self.model.descendants(owner):
            if attribute in self.attributes[name]:
                yield self.attributes[name][attribute]

    def related(self, one: str, other: str) -> bool:
        """Whether a value of one type may be one of the other: either is derived from the other."""
        return one == other or one in self._ancestors(other) or other in self._ancestors(one)

    def _ancestors(self, name: str) -> Iterator[str]:
        return (declared.name for declared in self.model.lineage(name))


def offered_by(model: Model, settings: Settings) -> Offered:
    """Return what the package offers that is generated from a model by these settings."""
    prefix = client_prefix(model, settings)
    by_path = client_methods(model, list_requests(model), settings.home, settings.names)
    classes = name_resources(by_path, prefix)
    methods = {
        (*offer.attributes, name): method
        for offer in by_path.values()
        for method in offer.methods
        for name in (method.name, method.stream_name)
        if name
    }
    return Offered(
        package=settings.package,
        model=model,
        names=assign_names(model, settings.names),
        clients=frozenset({f"{prefix}Client", f"Async{prefix}Client"}),
        resources={
            each: by_path[path].attributes
            for path, name in classes.items()
            for each in (name, f"Async{name}")
        },
        methods=methods,
    )
