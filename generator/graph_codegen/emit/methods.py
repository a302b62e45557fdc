"""The methods of the client: what each is called, the request it sends, and the arguments it takes.

This is what a client offers, whatever its types are called and whatever is known about its requests:
`declarations` adds those for generating it, and a comparison of two documents compares it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from functools import lru_cache

from graph_codegen.csdl.ast import Operation, Parameter, TypeRef, split_name
from graph_codegen.emit.distinct import settle, snake_with
from graph_codegen.emit.names import NO_NAMES, parameter_name, settle_given
from graph_codegen.service.capabilities import is_optional
from graph_codegen.service.requests import (
    COLLECTION_OPTIONS,
    COUNT_OPTIONS,
    ENTITY_OPTIONS,
    REFERENCE,
    STREAM,
    Request,
)

OPTIONS = ("headers", "query", "timeout", "retry")
"""What every method takes besides the parameters of its operation; actions also take `UNDECLARED`."""

UNDECLARED = "undeclared"

OPTION_SET_NAMES: Mapping[tuple[str, ...], str] = {
    (): "Options",
    ENTITY_OPTIONS: "EntityOptions",
    COLLECTION_OPTIONS: "CollectionOptions",
    COUNT_OPTIONS: "CountOptions",
}
"""Names of the sets of options that no annotation restricts; the others are named after their members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """An argument of a method: its names on the wire and in Python, and its type.

    `type` is None where no document declares it: for an option, the content of a stream, and a reference.
    `choices` are the texts that it takes, where they are all known.
    """

    wire_name: str
    name: str
    type: TypeRef | None = None
    nullable: bool = False
    required: bool = True
    choices: tuple[str, ...] = ()

    @property
    def plain_name(self) -> str:
        """The name of an option where no parameter of the operation has it."""
        return self.wire_name.removeprefix("$")


@dataclass(frozen=True, slots=True)
class OptionSet:
    """The options of a method, which many methods share: those of its query come first."""

    options: tuple[Argument, ...]

    @property
    def query_options(self) -> tuple[Argument, ...]:
        """The system query options."""
        return tuple(option for option in self.options if option.wire_name.startswith("$"))

    @property
    def renamed(self) -> tuple[Argument, ...]:
        """The options whose plain name a parameter of the operation has."""
        return tuple(option for option in self.options if option.name != option.plain_name)

    @property
    def plain_set(self) -> str:
        """The name of the class that types the same options by their plain names."""
        if any(option.wire_name == UNDECLARED for option in self.options):
            return "ActionOptions"
        names = tuple(option.plain_name for option in self.query_options)
        return OPTION_SET_NAMES.get(names) or "".join(map(str.capitalize, names)) + "Options"

    @property
    def name(self) -> str:
        """The name of the class that types the keywords."""
        plain = self.plain_set.removesuffix("Options")
        words = (word for option in self.renamed for word in option.name.split("_"))
        return f"{plain}{''.join(map(str.capitalize, words))}Options"

    @property
    def declared(self) -> tuple[Argument, ...]:
        """The options that the class declares itself, besides those of `Options`."""
        return self.options if self.renamed else self.query_options


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A method of the client, and the request that it sends.

    `owner` is the attribute path of its resource. `entity` is a body that is a single value,
    `parameters` are those of the action or function that it calls, after those of the composable
    function to whose result that is bound; `options` are what the client takes besides.
    """

    owner: tuple[str, ...]
    name: str
    request: Request
    keys: tuple[Argument, ...]
    entity: Argument | None
    parameters: tuple[Argument, ...]
    options: tuple[Argument, ...]

    @property
    def python(self) -> str:
        """The attribute path of the method: `calls.participants.invite`."""
        return ".".join((*self.owner, self.name))

    @property
    def own_arguments(self) -> tuple[Argument, ...]:
        """The arguments other than keys and options."""
        entity = (self.entity,) if self.entity else ()
        return (*entity, *self.parameters)

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """All arguments, in the order of the signature."""
        return (*self.keys, *self.own_arguments, *self.options)

    @property
    def option_set(self) -> OptionSet:
        """The set of its options."""
        return OptionSet(self.options)

    @property
    def options_name(self) -> str:
        """The name by which its declaration collects the options."""
        return _free("options", {argument.name for argument in self.arguments})

    @property
    def stream_name(self) -> str:
        """The name of the method that gives the same stream in pieces, empty for none."""
        return stream_name(self.name) if self.request.returns == STREAM else ""

    @property
    def wire_names(self) -> Mapping[str, str]:
        """The names on the wire that do not follow from those of the arguments."""
        # Comparisons build methods too, and do without pydantic, which takes long to load.
        from pydantic.alias_generators import to_camel

        own = ((argument.name, argument.wire_name) for argument in self.own_arguments)
        return {name: wire_name for name, wire_name in own if to_camel(name) != wire_name}


def build_method(
    owner: tuple[str, ...], name: str, request: Request, given: Mapping[str, str] = NO_NAMES
) -> Method:
    """Return the method with a name that sends a request, of the resource at an attribute path.

    `given` are the names that someone gave to elements: see `Names`.
    """
    keys = tuple(_keys(request))
    taken = {key.name for key in keys}
    entity = _entity(request.body, taken) if request.body else None
    parameters = tuple(_parameters(request, taken, given))
    taken = {argument.name for argument in (*keys, *filter(None, [entity]), *parameters)}
    options, names = _free_options(request.options, undeclared=request.kind == "action")
    if not taken.isdisjoint(names):
        options = tuple(replace(option, name=_free(option.name, taken)) for option in options)
    return Method(
        owner=owner,
        name=name,
        request=request,
        keys=keys,
        entity=entity,
        parameters=parameters,
        options=options,
    )


def format_argument(media_types: tuple[str, ...]) -> Argument:
    """Return the argument that chooses one of the media types of a stream."""
    return Argument(wire_name="Accept", name="format", required=False, choices=media_types)


@lru_cache(maxsize=1_000)
def _free_options(
    query: tuple[str, ...], *, undeclared: bool
) -> tuple[tuple[Argument, ...], frozenset[str]]:
    """Return the query options and then the client's own options, and their names while none is taken.

    Most methods have the same ones.
    """
    wire_names = [*(f"${option}" for option in query), *OPTIONS, *([UNDECLARED] * undeclared)]
    names = [option.removeprefix("$") for option in wire_names]
    options = tuple(
        Argument(wire_name=option, name=name, required=False)
        for option, name in zip(wire_names, names, strict=True)
    )
    return options, frozenset(names)


def _free(name: str, taken: Iterable[str]) -> str:
    """Return a name of the client's own that gives way to the arguments of an operation."""
    while name in taken:
        name = f"request_{name}"
    return name


def stream_name(name: str) -> str:
    """Return the name of the method that gives the stream of another in pieces."""
    return f"stream_{name.replace('get_', '', 1)}"


def _keys(request: Request) -> Iterator[Argument]:
    claims = {key.name: [parameter_name(key.name)] for key in request.keys}
    types = {key.name: key.value for key in request.keys}
    for wire_name, (name,) in settle(claims, snake_with).items():
        yield Argument(wire_name=wire_name, name=name, type=types[wire_name])


def _entity(body: TypeRef, taken: Set[str]) -> Argument:
    """Return the argument for a body, with a name that no key has."""
    if body == STREAM:
        return Argument(wire_name="content", name=_beside("content", taken))
    if body == REFERENCE:
        return Argument(wire_name="@odata.id", name=_beside("entity", taken))
    name = split_name(body.name)[1]
    return Argument(wire_name=name, name=_beside(parameter_name(name), taken), type=body)


def _parameters(request: Request, keys: Set[str], given: Mapping[str, str]) -> Iterator[Argument]:
    taken = keys
    outer = request.through_parameters
    for operation, named in (
        (request.through, outer),
        (request.operation, request.own_parameters),
    ):
        if operation:
            found = [*_arguments(operation, named, taken, given)]
            taken = taken | {argument.name for argument in found}
            yield from found


def _arguments(
    operation: Operation,
    named: Mapping[str, Parameter],
    taken: Set[str],
    given: Mapping[str, str],
) -> Iterator[Argument]:
    """Yield the arguments for parameters of an operation, with names that are not taken."""
    elements = {wire: f"{operation.name}/{parameter.name}" for wire, parameter in named.items()}
    claims = {
        wire: [_beside(parameter_name(given.get(elements[wire], wire)), taken)] for wire in named
    }
    for wire, (name,) in settle_given(claims, snake_with, given, elements, taken).items():
        yield Argument(
            wire_name=wire,
            name=name,
            type=named[wire].type,
            nullable=named[wire].nullable is not False,
            required=not is_optional(operation, named[wire]),
        )


def _beside(name: str, taken: Set[str]) -> str:
    while name in taken:
        name += "_parameter"
    return name
