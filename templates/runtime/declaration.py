"""What the declaration of a method says: its request line, and a signature that types the rest.

The generated client declares each method once, as a function whose body is its docstring alone. Its
keys are positional, as is the entity or stream that it sends; the parameters of actions and functions
are keywords; the query options are those of the TypedDict that it unpacks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property, update_wrapper
from inspect import Parameter as Argument
from inspect import signature
from types import MethodType, NoneType
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    NotRequired,
    TypedDict,
    Unpack,
    get_args,
    get_type_hints,
)

from pydantic.alias_generators import to_camel

from .cloud import Cloud
from .content import CONTENT_WRITTEN, F
from .lazy import arguments, decode, model
from .operation import Kind, Operation, Parameter
from .options import ActionOptions, QueryOptions, option_of
from .permissions import NO_PERMISSIONS, Permissions
from .recording import RECORDING
from .spelling import meant

if TYPE_CHECKING:
    from .decode import Decoder
    from .paging import PageData

_KEY = re.compile(r"\{([^{}]+)\}")
_ARGUMENT = re.compile(r"=\{([^{}]+)\}")
_ALIAS = re.compile(r"=@(\w+)")


class Resource(Generic[F]):
    """A part of the client, of one flavour; `at` is its attribute path below the client."""

    def __init_subclass__(cls, *, at: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for member in vars(cls).values():
            if isinstance(member, Declaration):
                member.at = at

    if (
        not TYPE_CHECKING
    ):  # at run time the flavour means nothing, and generic classes take long to make

        def __class_getitem__(cls, flavour: Any) -> type[Resource]:
            return cls

    def __init__(self, session: Any) -> None:
        # The attributes of a resource are named after those of Graph: none begins with `_`.
        self._session = session

    if not TYPE_CHECKING:  # a type checker should refuse attributes that are not there

        def __getattr__(self, name: str) -> Any:
            public = [one for one in dir(type(self)) if not one.startswith("_")]
            hint = meant(name, public) or f"; it has {', '.join(public)}"
            # Without the object, Python's own traceback does not guess once more.
            problem = f"{type(self).__name__} has no attribute {name}"
            raise AttributeError(problem + (hint if name[:1] != "_" else ""), name=name)


def session_of(resource: Resource[Any]) -> Any:
    """Return the session, of either flavour, that a resource sends its requests through."""
    return vars(resource)["_session"]


class Facts(TypedDict):
    """What a declaration says besides its request line and its signature.

    `clouds` are those that have the request, `clouds_unknown` those that may have it, `documented` says
    that the documentation has it, `permissions` are those that are documented; `wire_names` are the wire
    names that cannot be derived from the names of the parameters, `media_types` those of the stream that it
    reads.
    `of_stream` says that it deletes a stream.
    """

    clouds: frozenset[Cloud]
    clouds_unknown: NotRequired[frozenset[Cloud]]
    documented: NotRequired[bool]
    permissions: NotRequired[Permissions]
    wire_names: NotRequired[Mapping[str, str]]
    media_types: NotRequired[tuple[str, ...]]
    of_stream: NotRequired[bool]


class Declaration:
    """A method as a class of the client declares it.

    As an attribute of the class it can be called with an instance, like a function; instances have it as
    a `BoundMethod`.
    """

    __wrapped__: Callable[..., Any]
    __name__: str
    __qualname__: str
    at: str
    """The attribute path, below the client, of the resource that has the method."""

    def __init__(
        self, function: Callable[..., Any], verb: str, path: str, **facts: Unpack[Facts]
    ) -> None:
        # The generic class that holds the declaration is private: messages name those of a flavour.
        function.__qualname__ = function.__qualname__.removeprefix("_")
        update_wrapper(self, function)
        self._verb = verb
        self._path = path
        self._facts = facts

    def __call__(self, owner: Resource[Any], /, *arguments: Any, **keywords: Any) -> Any:
        """Call the method of an instance."""
        return getattr(owner, self.__name__)(*arguments, **keywords)

    def __reduce__(self) -> str:
        return self.__qualname__

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.__wrapped__, include_extras=True)

    @cached_property
    def _arguments(self) -> tuple[Argument, ...]:
        return tuple(signature(self.__wrapped__).parameters.values())[1:]

    @cached_property
    def _positional(self) -> tuple[str, ...]:
        """The names of the keys, and of the entity or stream where one is sent."""
        return tuple(a.name for a in self._arguments if a.kind is Argument.POSITIONAL_OR_KEYWORD)

    @cached_property
    def _collected(self) -> str:
        """The name by which the signature collects the options."""
        return self._arguments[-1].name

    @cached_property
    def _options(self) -> Mapping[str, str]:
        """The options by the keywords that they have in this method."""
        declared: type[QueryOptions] = get_args(self._hints[self._collected])[0]
        return {keyword: option_of(keyword) for keyword in declared.__annotations__}

    @cached_property
    def operation(self) -> Operation:
        """The operation that the method sends."""
        written: Mapping[str, str] = self.__wrapped__.__annotations__
        others = {*self._positional, self._collected, "return"}
        named = [name for name in written if name not in others]
        wire_names = {name: to_camel(name) for name in written} | {
            **self._facts.get("wire_names", {})
        }
        placeholders = {*_ARGUMENT.findall(self._path)} & {wire_names[name] for name in named}
        aliases = _ALIAS.findall(self._path)
        found = [] if self._path == RECORDING else _KEY.findall(self._path)
        keys = [wire for wire in found if wire not in placeholders]
        entity = self._positional[len(keys) :]
        is_stream = not {"bytes", CONTENT_WRITTEN}.isdisjoint(written.values())
        kind = self._kind(bool(entity), is_stream, keys)
        parameters = [
            Parameter(wire, name, "path", written[name].replace("models.", ""), True)
            for wire, name in zip(keys, self._positional, strict=False)
        ]
        for name in (*entity, *named):
            form = written[name].removeprefix("Unset | ")
            wire = wire_names[name]
            is_alias = wire in aliases
            parameters.append(
                Parameter(
                    f"@{wire}" if is_alias else wire,
                    name,
                    "query" if is_alias else self._location(wire, placeholders),
                    form.replace("models.", "").removesuffix(" | F"),
                    form == written[name],
                )
            )
        for keyword, option in self._options.items():
            if option not in ActionOptions.__annotations__:
                reference = QueryOptions.__annotations__[option]
                form = getattr(reference, "__forward_arg__", str(reference))
                parameters.append(Parameter(f"${option}", keyword, "query", form, False))
        returns = written["return"].replace("models.", "").replace("Iterator[bytes]", "bytes")
        return Operation(
            method=self._verb,
            path=self._path,
            python=".".join(filter(None, [self.at, self.__name__])).removesuffix(".__call__"),
            kind=kind,
            parameters=tuple(parameters),
            returns=None if returns == "None" else returns,
            clouds=self._facts["clouds"],
            clouds_unknown=self._facts.get("clouds_unknown", frozenset()),
            documented=self._facts.get("documented", False),
            permissions=self._facts.get("permissions", NO_PERMISSIONS),
            media_types=self._facts.get("media_types", ()),
        )

    def _location(
        self, wire_name: str, placeholders: set[str]
    ) -> Literal["path", "header", "body"]:
        if "media_types" in self._facts:  # of a stream, whose only keyword chooses among them
            return "header"
        return "path" if wire_name in placeholders else "body"

    def _calls_function(self, keys: list[str]) -> bool:
        """Whether the last segment has parentheses, with arguments or nothing in them, not keys."""
        _, parenthesis, inside = self._path.rpartition("/")[2].partition("(")
        values = _KEY.findall(inside)
        return bool(parenthesis) and (not values or any(value not in keys for value in values))

    def _kind(self, sends_entity: bool, is_stream: bool, keys: list[str]) -> Kind:
        match self._verb:
            case _ if self._path.endswith("/$ref"):
                return self._kind_of_reference()
            case "POST":
                return "create" if sends_entity else "action"
            case "PATCH" | "PUT":
                return "put_content" if is_stream else "update"
            case "DELETE":
                return "delete_content" if self._facts.get("of_stream") else "delete"
            case _ if self._path == RECORDING:
                return "recording"
            case _ if self._calls_function(keys):
                return "function"
            case _ if self._path.endswith("/$count"):
                return "count"
            case _ if is_stream:
                return "content"
            case _:
                return "list" if isinstance(self, PageDeclaration) else "get"

    def _kind_of_reference(self) -> Kind:
        match self._verb:
            case "POST":
                return "add_ref"
            case "PUT":
                return "set_ref"
            case "DELETE":
                return "remove_ref"
            case _:
                return "list_refs" if isinstance(self, PageDeclaration) else "get_ref"

    @cached_property
    def decoder(self) -> Decoder[Any] | None:
        """What reads the response; None where its body means nothing."""
        returns = self._hints["return"]
        if returns is NoneType:
            return None
        if self.operation.returns == "bytes":
            return decode.content()
        if self.operation.kind == "count":
            return decode.count()
        if self.operation.kind == "get_ref":
            return decode.reference()
        if self.operation.kind == "update":
            return decode.optional_model(get_args(returns)[0])
        if isinstance(returns, type) and issubclass(returns, model.GraphModel):
            return decode.model(returns)
        return decode.value(returns)

    @cached_property
    def _checks(self) -> arguments.Checks:
        others = {self._collected, "return"}
        types = {name: hint for name, hint in self._hints.items() if name not in others}
        inside = (p for p in self.operation.parameters if p.location == "path")
        keys = {p.name: p.wire_name for p in inside if p.name in self._positional}
        return arguments.Checks(self.operation.python, types, keys, self._options)

    def bind(
        self, owner: Resource[Any], arguments: tuple[Any, ...], keywords: Mapping[str, Any]
    ) -> tuple[dict[str, Any], QueryOptions]:
        """Return the arguments of a call by name, and its options.

        Raises TypeError, as Python does for any function, for arguments that are missing, given twice
        or too many, and what `Checks.take` raises for values that are not of the declared types.
        """
        checks = self._checks
        checks.refuse_unknown(keywords)
        self.__wrapped__(owner, *arguments, **keywords)
        given = {**dict(zip(self._positional, arguments, strict=False)), **keywords}
        options: Any = {}
        taken: dict[str, Any] = {}
        for name, value in given.items():
            option = self._options.get(name)
            if option is None:
                taken[name] = checks.take(name, value)
            else:
                options[option] = checks.take(name, value)
        return taken, options


class PageDeclaration(Declaration):
    """A method that returns a collection, a page at a time."""

    @cached_property
    def decoder(self) -> Decoder[PageData[Any]]:
        """What reads a page."""
        refers = self.operation.kind == "list_refs"
        return decode.page(decode.REFERENCE if refers else get_args(self._hints["return"])[0])


class BoundMethod:
    """A method of one resource; to `help`, `inspect` and `pickle` it is like any bound method."""

    def __init__(self, declaration: Declaration, owner: Resource[Any]) -> None:
        self.__wrapped__ = MethodType(declaration.__wrapped__, owner)
        self._owner = owner
        self.__doc__ = declaration.__doc__
        self.__module__ = declaration.__module__
        self._declaration = declaration
        self._session: Any = session_of(owner)

    if not TYPE_CHECKING:  # a type checker should refuse attributes that are not there

        def __getattr__(self, name: str) -> Any:
            return getattr(self.__wrapped__, name)

    def __get__(self, owner: object, cls: type | None = None) -> BoundMethod:
        return self  # that it is a descriptor makes it a routine to `inspect`

    def __repr__(self) -> str:
        return f"<bound method {self._declaration.__qualname__} of {self._owner!r}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BoundMethod) and self.__wrapped__ == other.__wrapped__

    def __hash__(self) -> int:
        return hash(self.__wrapped__)

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self._owner, self._declaration.__name__)

    def _request(
        self, arguments: tuple[Any, ...], keywords: Mapping[str, Any]
    ) -> tuple[Operation, Decoder[Any] | None, dict[str, Any], QueryOptions]:
        """Return what a session needs to send the request of a call."""
        declared = self._declaration
        return (
            declared.operation,
            declared.decoder,
            *declared.bind(self._owner, arguments, keywords),
        )
