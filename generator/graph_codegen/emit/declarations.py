"""The declarations of the client's methods: their annotations, docstrings and facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from graph_codegen.csdl.ast import ENTITY, ROOT_NAMESPACE, Parameter, TypeRef, split_name
from graph_codegen.emit import reference
from graph_codegen.emit.methods import Argument, Method, format_argument
from graph_codegen.emit.names import Names, edm_annotation
from graph_codegen.facts.clouds import Clouds
from graph_codegen.facts.descriptions import Descriptions
from graph_codegen.facts.documented import Documentation, Documented
from graph_codegen.facts.media_types import MediaTypes
from graph_codegen.facts.permissions import Needs, Rules
from graph_codegen.model.deprecations import find_deprecation, with_deprecation
from graph_codegen.service.requests import STREAM, Request
from graph_codegen.text import LINE_LENGTH, docstring_source, string_source

OTHER_ANNOTATIONS: Mapping[str, str] = {
    "$select": "Sequence[str]", "$expand": "Sequence[str]", "$filter": "str", "$orderby": "Sequence[str]",
    "$top": "int", "$skip": "int", "$search": "str", "$count": "bool",
    "content": "bytes | BinaryIO | Iterable[bytes] | F", "@odata.id": "str",
    "headers": "Mapping[str, str] | None", "query": "Mapping[str, str] | None", "timeout": "float",
    "retry": "RetryPolicy", "undeclared": "Mapping[str, object]",
}  # fmt: skip
"""Annotations of the arguments that no document types: the system query options (OData URL conventions
5.1), the client's own options as the runtime declares them, the content of a stream, and a reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A method as the client declares it.

    `returns` is the annotation of the result, None for no result. `reference` is the page of the type
    that the method is about. `clouds` is the constant for the clouds that have the request, `clouds_unknown`
    that for those of which it is not known, if there are any.
    `documented` says that the documentation has the request, `undocumented` that it is known to lack it.
    `permissions` are the arguments of `Permissions` by name, without empty ones. `media_types` are those
    of the stream that it reads, where they are known.
    """

    method: Method
    returns: str | None
    docstring: str
    reference: str
    documented: bool
    undocumented: bool
    permissions: Mapping[str, object]
    clouds: str
    clouds_unknown: str
    media_types: tuple[str, ...]

    @property
    def deprecated(self) -> str:
        """The source of what is said about its deprecation, empty for nothing."""
        deprecation = self.method.request.deprecation
        return string_source(deprecation.text) if deprecation else ""

    @property
    def is_page(self) -> bool:
        """Whether it returns a collection, a page at a time."""
        return self.returns is not None and self.returns.startswith("Page[")

    @property
    def bare_returns(self) -> str | None:
        """The result as `Operation.returns` spells it."""
        return self.returns and self.returns.replace("models.", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarationWriter:
    """Turns methods into declarations, with the names of a model and the facts about its requests."""

    names: Names
    rules: Rules
    clouds: Clouds
    descriptions: Descriptions
    documented: Documented
    media_types: MediaTypes

    def declaration(self, method: Method) -> Declaration:
        """Return the declaration of a method; one that reads a stream of several formats takes one."""
        request = method.request
        is_content = request.kind == "content"
        media_types = self.media_types.get(request.steps[-1], ()) if is_content else ()
        if len(media_types) > 1:
            method = replace(method, parameters=(format_argument(media_types),))
        documentation = self.documented.of(request)
        return Declaration(
            method=method,
            returns=self._returns(request),
            docstring=docstring_source(self._docstring(method), indent=8, code=request.http),
            reference=_reference(request),
            documented=documentation is not None,
            undocumented=self.documented.lacks(request),
            permissions=_permissions(documentation, self.rules.get(request.http)),
            clouds=self.clouds.constant(request),
            clouds_unknown=self.clouds.constant_of_unknown(request),
            media_types=media_types,
        )

    def argument_annotation(self, argument: Argument) -> str:
        """Return the annotation of an argument."""
        if argument.choices:
            return f"Literal[{', '.join(map(repr, argument.choices))}]"
        if argument.type is None:
            return OTHER_ANNOTATIONS[argument.wire_name]
        annotation = self.annotation(argument.type)
        return f"{annotation} | None" if argument.nullable else annotation

    def parameter(self, argument: Argument) -> str:
        """Return an argument as a parameter of a method: its name, annotation and default."""
        annotation, default = self.argument_annotation(argument), ""
        if not argument.required:
            annotation, default = f"Unset | {annotation}", " = UNSET"
        source = f"{argument.name}: {annotation}{default}"
        # black puts a union that takes more than a line in parentheses, and ruff keeps those that are there.
        fits = len(f"        {source},") <= LINE_LENGTH
        if fits or not (default or annotation.endswith(" | None")):
            return source
        return f"{argument.name}: ({annotation}){default}"

    def annotation(self, ref: TypeRef) -> str:
        """Return the annotation of a value of a type, as a module of the package writes it."""
        if ref.collection:
            return f"Sequence[{self.annotation(TypeRef(ref.name))}]"
        if ref.primitive:
            return edm_annotation(ref.name)
        namespace, _ = split_name(ref.name)
        module = "" if namespace == ROOT_NAMESPACE else f"{self.names.modules[namespace]}."
        return f"models.{module}{self.names.classes[ref.name]}"

    def _docstring(self, method: Method) -> str:
        """Return the docstring of a method without its last paragraph, the request line."""
        request = method.request
        parameters = {**request.through_parameters, **request.own_parameters}
        described = [
            f"    {a.name}: {self._argument(method, a, parameters)}"
            for a in (*method.keys, *method.own_arguments)
        ]
        described += [
            f"    {option.name}: The option `{option.plain_name}` of the client."
            for option in method.option_set.renamed
        ]
        summary = self._summary(method.request)
        summary = with_deprecation(method.request.deprecation, summary)
        if self.documented.lacks(method.request):
            summary = f"Undocumented as far as known. {summary}"
        return "\n".join([summary, "", "Args:", *described] if described else [summary])

    def _argument(
        self, method: Method, argument: Argument, parameters: Mapping[str, Parameter]
    ) -> str:
        """Return the text about an argument: what is known about it, or else what it is."""
        if argument in method.keys:
            owner, _, key = argument.wire_name.rpartition("-")
            return f"{key[:1].upper()}{key[1:]} of the {owner}." if owner else "Key of the entity."
        if argument.choices:
            return f"Media type of the content; {argument.choices[0]} unless given."
        if argument is method.entity:
            return _ENTITIES[method.request.kind]
        parameter = parameters[argument.wire_name]
        text = self.descriptions.of_parameter(method.request, argument.wire_name, parameter)
        return with_deprecation(
            find_deprecation(parameter.annotations),
            text or f"`{argument.wire_name}` of the {method.request.kind}.",
        )

    def _summary(self, request: Request) -> str:
        """Return the first paragraph of a docstring: what the request does."""
        described = self.descriptions.of_request(request)
        if described:
            return described
        if request.operation:
            return f"Call the {request.operation.kind.lower()} `{request.operation.name}`."
        if request.target == STREAM:
            return _STREAMS[request.kind]
        of_type = self.names.classes.get(request.target.name)
        return f"{_SUMMARIES[request.kind]}{f' of the type `{of_type}`' if of_type else ''}."

    def _returns(self, request: Request) -> str | None:
        """Return the annotation of the result, None for no result."""
        if request.returns is None:
            return None
        if request.kind == "count":
            return "int"
        if request.returns == STREAM:
            return "bytes"
        annotation = self.annotation(TypeRef(request.returns.name))
        if request.returns.collection:
            return f"Page[{annotation}]"
        return f"{annotation} | None" if request.kind == "update" else annotation


def _permissions(documentation: Documentation | None, needs: Needs | None) -> Mapping[str, object]:
    """Return the arguments of `Permissions`, without empty ones."""
    documentation, needs = documentation or Documentation(), needs or Needs()
    found = {
        "application": documentation.application,
        "delegated": documentation.delegated,
        "rules": needs.rules,
        "dissent": needs.dissent if documentation.application else "",
    }
    return {name: value for name, value in found.items() if value}


def _reference(request: Request) -> str:
    """Return the page of the type that a request is about; without one, that of the last key."""
    if not request.target.primitive:
        return reference.page("EntityType", request.target.name)
    owners = [key.type for key in request.keys if key.type != ENTITY]
    return reference.page("EntityType", owners[-1]) if owners else reference.OVERVIEW


_ENTITIES = {
    "create": "What to create.",
    "update": "What to change: the properties that are set.",
    "put_content": "The new content.",
    "add_ref": "Address of the entity: below the service root, such as `/users/{id}`, or whole.",
    "set_ref": "Address of the entity: below the service root, such as `/users/{id}`, or whole.",
}

_SUMMARIES = {
    "list": "List entities",
    "count": "Count entities",
    "get": "Get an entity",
    "create": "Create an entity",
    "update": "Update the properties that are set of an entity",
    "delete": "Delete an entity",
    "list_refs": "List references to entities, by their addresses,",
    "add_ref": "Add a reference to an entity",
    "remove_ref": "Remove a reference to an entity",
    "get_ref": "Get the reference, as an address, to an entity",
    "set_ref": "Set the reference to an entity",
}

_STREAMS = {
    "content": "Read the stream.",
    "put_content": "Write the stream.",
    "delete_content": "Delete the stream.",
}
