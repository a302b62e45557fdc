"""Documents that cost much: small ones, each with as much of one thing as fits a number of bytes.

`respelled` gives each a second version, in which nothing is called as before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from math import isqrt
from typing import Any

from tests.hostile.names import TAKEN
from tests.support.csdl import document, schema

JSON = dict[str, Any]

KEY = '<Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String" Nullable="false"/>'
CAPABILITY = "Org.OData.Capabilities.V1"


def fill(size: int, one: Callable[[int], str]) -> str:
    """Return as many numbered elements as fit a number of bytes."""
    return "".join(_fitting(size, one))


def _fitting(size: int, one: Callable[[int], str]) -> Iterator[str]:
    left = size
    for number in count():
        text = one(number)
        left -= len(text.encode())
        if left < 0:
            return
        yield text


def respelled(data: bytes) -> bytes:
    """Return a document in which every name that ends in a number has one letter more."""
    return re.sub(rb"\b([a-z]+)(\d+)(?=[\"/(),.])", rb"\1x\2", data)


def entity(name: str, body: str = "", base: str = "") -> str:
    based = f' BaseType="graph.{base}"' if base else ""
    return f'<EntityType Name="{name}"{based}>{"" if base else KEY}{body}</EntityType>'


def complex_type(name: str, body: str = "", base: str = "") -> str:
    based = f' BaseType="graph.{base}"' if base else ""
    return f'<ComplexType Name="{name}"{based}>{body}</ComplexType>'


def contains(name: str, target: str, *, many: bool = True, told: str = "") -> str:
    ref = f"Collection(graph.{target})" if many else f"graph.{target}"
    return f'<NavigationProperty Name="{name}" Type="{ref}" ContainsTarget="true">{told}</NavigationProperty>'


def prop(name: str, ref: str = "Edm.String") -> str:
    return f'<Property Name="{name}" Type="{ref}"/>'


def container(body: str) -> str:
    return f'<EntityContainer Name="c">{body}</EntityContainer>'


def singleton(name: str, target: str) -> str:
    return f'<Singleton Name="{name}" Type="graph.{target}"/>'


def entity_set(name: str, target: str) -> str:
    return f'<EntitySet Name="{name}" EntityType="graph.{target}"/>'


def action(name: str, bound: str, *own: str, told: str = "") -> str:
    parameters = "".join(f'<Parameter Name="{n}" Type="Edm.String"/>' for n in ("b", *own)[1:])
    first = f'<Parameter Name="b" Type="graph.{bound}"/>'
    return f'<Action Name="{name}" IsBound="true">{first}{parameters}{told}</Action>'


def function(name: str, bound: str, *own: str, returns: str = "Edm.String", more: str = "") -> str:
    parameters = "".join(f'<Parameter Name="{n}" Type="Edm.String"/>' for n in own)
    first = f'<Parameter Name="b" Type="graph.{bound}"/>'
    return (
        f'<Function Name="{name}" IsBound="true"{more}>{first}{parameters}'
        f'<ReturnType Type="{returns}"/></Function>'
    )


def restricted(term: str, flag: str) -> str:
    return (
        f'<Annotation Term="{CAPABILITY}.{term}"><Record><PropertyValue Property="{flag}"'
        ' Bool="false"/></Record></Annotation>'
    )


# -- names


def long_namespace(size: int) -> bytes:
    """An alias for a long namespace, mentioned often."""
    namespace = ".".join(["n" * 100] * (size // 1100))
    body = fill(size // 2, lambda n: prop(f"p{n}", "g.t"))
    return document(schema(f'<ComplexType Name="t">{body}</ComplexType>', namespace, "g"))


def alias_of_511(size: int) -> bytes:
    """An alias for a namespace as long as CSDL allows, mentioned as often as possible."""
    namespace = ".".join(["n" * 50] * 10)
    body = fill(size - 2000, lambda n: prop(f"p{n}", "g.t"))
    return document(schema(f'<ComplexType Name="t">{body}</ComplexType>', namespace, "g"))


def alias_in_text(size: int) -> bytes:
    """An alias for a long namespace, mentioned in the text of an annotation."""
    namespace = ".".join(["n" * 50] * 10)
    text = "g.a " * ((size - 2000) // 4)
    told = f'<Annotation Term="Org.OData.Validation.V1.DerivedTypeConstraint" String="{text}"/>'
    return document(schema(f'<ComplexType Name="t">{told}</ComplexType>', namespace, "g"))


def many_namespaces_of_511(size: int) -> bytes:
    long = ".".join(["n" * 50] * 9)
    return document(fill(size, lambda n: schema(complex_type(f"t{n}"), f"{long}.n{n}", "")))


def long_names(size: int) -> bytes:
    """Names of 128 characters on paths of many segments."""
    long = "n" * 120
    types = fill(
        size - 3000,
        lambda n: entity(f"t{n}", contains(f"{long}{n}", f"t{n + 1 if n % 60 < 59 else n}")),
    )
    last = types.count("<EntityType")
    sets = "".join(singleton(f"s{n}", f"t{n * 60}") for n in range(last // 60))
    return document(types + entity(f"t{last}") + container(sets))


def schemas(size: int) -> bytes:
    """As many namespaces as possible, with a type in each."""
    return document(fill(size, lambda n: schema(complex_type(f"t{n}"), f"n{n}", "")))


def schemas_in_a_row(size: int) -> bytes:
    """Namespaces of which each derives its type from that of the one before."""
    return document(
        fill(
            size,
            lambda n: schema(
                complex_type("t", "", f"t{n}").replace(
                    f"graph.t{n}", f"n{n - 1}.t" if n % 50 else ""
                ),
                f"n{n}",
                "",
            ).replace(' BaseType=""', ""),
        )
    )


def aliases(size: int) -> bytes:
    return document(fill(size, lambda n: schema("", f"n{n}", f"a{n}")) + schema(complex_type("t")))


# -- types


def types(size: int) -> bytes:
    return document(fill(size, lambda n: f'<ComplexType Name="t{n}"/>'))


def entity_types(size: int) -> bytes:
    return document(fill(size, lambda n: entity(f"t{n}")))


def enums(size: int) -> bytes:
    return document(fill(size, lambda n: f'<EnumType Name="t{n}"><Member Name="m{n}"/></EnumType>'))


def members(size: int) -> bytes:
    own = fill(size, lambda n: f'<Member Name="m{n}"/>')
    return document(f'<EnumType Name="t">{own}</EnumType>')


def flags(size: int) -> bytes:
    """Members of one value."""
    own = fill(size, lambda n: f'<Member Name="m{n}" Value="1"/>')
    return document(f'<EnumType Name="t" IsFlags="true">{own}</EnumType>')


def properties(size: int) -> bytes:
    """Properties of one shape in one type."""
    return document(complex_type("t", fill(size, lambda n: prop(f"p{n}"))))


def required(size: int) -> bytes:
    return document(
        complex_type(
            "t", fill(size, lambda n: f'<Property Name="p{n}" Type="Edm.String" Nullable="false"/>')
        )
    )


def properties_of_types(size: int) -> bytes:
    """Properties of other types, which lead from each type to many others."""
    return document(
        fill(
            size,
            lambda n: complex_type(
                f"t{n}", "".join(prop(f"p{m}", f"graph.t{max(0, n - m)}") for m in range(9))
            ),
        )
    )


def types_of_one_shape(size: int) -> bytes:
    return document(fill(size, lambda n: complex_type(f"t{n}", prop("p"))))


def heirs(size: int) -> bytes:
    """Types that inherit many properties."""
    base = complex_type("base", fill(size // 2, lambda n: prop(f"p{n}")))
    return document(
        base + fill(size // 2, lambda n: f'<ComplexType Name="t{n}" BaseType="graph.base"/>')
    )


def deep_heirs(size: int) -> bytes:
    """Chains of fifty base types, each with some properties."""
    return document(
        fill(size, lambda n: complex_type(f"t{n}", prop(f"p{n}"), f"t{n - 1}" if n % 50 else ""))
    )


def deep_and_wide(size: int) -> bytes:
    """Types below a chain of fifty base types with properties."""
    chain = "".join(
        complex_type(
            f"b{n}",
            fill(size // 100, lambda m: prop(f"p{m}")).replace('"p', f'"p{n}x'),
            f"b{n - 1}" if n else "",
        )
        for n in range(49)
    )
    return document(
        chain + fill(size // 2, lambda n: f'<ComplexType Name="t{n}" BaseType="graph.b48"/>')
    )


def key_of_many_parts(size: int) -> bytes:
    parts = fill(size // 3, lambda n: f'<PropertyRef Name="p{n}"/>')
    own = "".join(prop(f"p{n}") for n in range(parts.count("<")))
    return document(f'<EntityType Name="t"><Key>{parts}</Key>{own}</EntityType>')


def partners(size: int) -> bytes:
    return document(
        entity(
            "t",
            fill(
                size, lambda n: f'<NavigationProperty Name="p{n}" Type="graph.t" Partner="p{n}"/>'
            ),
        )
    )


def type_definitions(size: int) -> bytes:
    return document(
        fill(
            size // 2,
            lambda n: f'<TypeDefinition Name="d{n}" UnderlyingType="Edm.String" MaxLength="9"/>',
        )
        + complex_type("t", fill(size // 2, lambda n: prop(f"p{n}", f"graph.d{n // 2}")))
    )


def facets(size: int) -> bytes:
    return document(
        complex_type(
            "t",
            fill(
                size,
                lambda n: f'<Property Name="p{n}" Type="Edm.Decimal" Scale="9" DefaultValue="{n}"/>',
            ),
        )
    )


def terms(size: int) -> bytes:
    return document(
        complex_type("t")
        + fill(size, lambda n: f'<Term Name="t{n}" Type="Edm.String" AppliesTo="a b c"/>')
    )


# -- operations


def overloads(size: int) -> bytes:
    """Overloads of one action, all bound to one type."""
    return document(
        entity("t")
        + fill(size, lambda n: action("mute", "t", f"p{n}"))
        + container(singleton("s", "t"))
    )


def overloads_alike(size: int) -> bytes:
    """Overloads that share the name of a parameter, so that each resembles all others."""
    return document(
        entity("t")
        + fill(size, lambda n: action("mute", "t", "same", f"p{n}"))
        + container(singleton("s", "t"))
    )


def overloads_of_types(size: int) -> bytes:
    """Overloads of one action, each bound to a type of its own."""
    return document(fill(size, lambda n: entity(f"t{n}") + action("mute", f"t{n}")))


def overloads_annotated(size: int) -> bytes:
    """Annotations without a signature, which apply to all overloads."""
    return document(
        fill(size // 2, lambda n: complex_type(f"t{n}") + action("mute", f"t{n}"))
        + '<Annotations Target="graph.mute">'
        + fill(size // 2, lambda n: f'<Annotation Term="a.b{n}"/>')
        + "</Annotations>"
    )


def overloads_described(size: int) -> bytes:
    """Annotations of a parameter of all overloads."""
    return document(
        fill(size // 2, lambda n: complex_type(f"t{n}") + action("mute", f"t{n}", "p"))
        + '<Annotations Target="graph.mute/p">'
        + fill(size // 2, lambda n: f'<Annotation Term="a.b" Qualifier="q{n}"/>')
        + "</Annotations>"
    )


def actions(size: int) -> bytes:
    return document(
        entity("t") + fill(size, lambda n: action(f"a{n}", "t")) + container(singleton("s", "t"))
    )


def functions(size: int) -> bytes:
    return document(
        entity("t")
        + fill(size, lambda n: function(f"f{n}", "t", f"p{n}"))
        + container(singleton("s", "t"))
    )


def unbound(size: int) -> bytes:
    return document(complex_type("t") + fill(size, lambda n: f'<Action Name="a{n}"/>'))


def parameters(size: int) -> bytes:
    """An action of many parameters."""
    names = fill(size // 2, lambda n: f"p{n} " + " " * 30).split()
    return document(entity("t") + action("a", "t", *names) + container(singleton("s", "t")))


def function_of_many(size: int) -> bytes:
    names = fill(size // 2, lambda n: f"p{n} " + " " * 30).split()
    return document(entity("t") + function("f", "t", *names) + container(singleton("s", "t")))


def parameters_everywhere(size: int) -> bytes:
    """Actions of a hundred parameters, at many places."""
    names = [f"p{n}" for n in range(100)]
    return document(
        entity("t")
        + fill(size // 2, lambda n: action(f"a{n}", "t", *names))
        + container(fill(size // 2, lambda n: singleton(f"s{n}", "t")))
    )


def short_parameters(size: int) -> bytes:
    """As many parameters with as few characters as possible, at many places."""
    names = [f"{a}{b}" for a in "abcdefghij" for b in "abcdefghij"][1:]
    own = "".join(f'<Parameter Name="{name}" Type="n.e"/>' for name in names)
    first = '<Parameter Name="it" Type="n.t"/>'
    actions = fill(size // 2, lambda n: f'<Action Name="x{n}" IsBound="true">{first}{own}</Action>')
    sets = "".join(entity_set(f"s{n}", "t") for n in range(100)).replace("graph.", "n.")
    enum = '<EnumType Name="e"><Member Name="a"/></EnumType>'
    return document(schema(enum + entity("t") + actions + container(sets), "n", ""))


def hostile_names(size: int) -> bytes:
    """Names that mean something to the generated code, each for everything that has a name."""
    names = [n for n in TAKEN if n.isidentifier() and n not in ("id", "_")][: isqrt(size // 250)]
    own = "".join(map(prop, names))
    led = "".join(contains(name, name).replace(' ContainsTarget="true"', "") for name in names)
    return document(
        "".join(entity(name, own) for name in names)
        + entity("led1", led)
        + "".join(action(name, "led1", *(n for n in names if n != "b")) for name in names)
        + container("".join(entity_set(name, "led1") for name in names))
    )


def imports(size: int) -> bytes:
    """Imports of an action each."""
    return document(
        fill(size // 2, lambda n: f'<Action Name="a{n}"/>')
        + container(fill(size // 2, lambda n: f'<ActionImport Name="i{n}" Action="graph.a{n}"/>'))
    )


def imported_overloads(size: int) -> bytes:
    """Imports that all offer the same overloads of a function."""
    overloads = "".join(
        f'<Function Name="f"><Parameter Name="p{n}" Type="Edm.String"/><ReturnType Type="Edm.String"/>'
        "</Function>"
        for n in range(50)
    )
    one = '<FunctionImport Name="i{}" Function="graph.f"/>'
    return document(overloads + container(fill(size - len(overloads), one.format)))


def operations_of_places(size: int) -> bytes:
    """Actions, each of which can be called at many places."""
    return document(
        entity("t")
        + fill(size // 2, lambda n: action(f"a{n}", "t"))
        + container(fill(size // 2, lambda n: singleton(f"s{n}", "t")))
    )


def operations_of_none(size: int) -> bytes:
    """Actions of many places which may not be called."""
    return document(
        '<Annotations Target="graph.t"/>'
        + entity("t")
        + fill(
            size // 2,
            lambda n: action(
                f"a{n}", "t", told='<Annotation Term="Org.OData.Core.V1.RequiresExplicitBinding"/>'
            ),
        )
        + '<EntityType Name="u"><Annotation Term="Org.OData.Core.V1.ExplicitOperationBindings"><Collection>'
        + fill(size // 5, lambda n: f"<String>graph.a{n}</String>")
        + "</Collection></Annotation></EntityType>"
        + container(fill(size // 3, lambda n: singleton(f"s{n}", "t")))
    )


def explicit_bindings(size: int) -> bytes:
    """Operations that require a list of bindings, and long lists."""
    lists = (
        '<Annotation Term="Org.OData.Core.V1.ExplicitOperationBindings"><Collection>'
        + fill(size // 3, lambda n: f"<String>graph.a{n}</String>")
        + "</Collection></Annotation>"
    )
    needs = '<Annotation Term="Org.OData.Core.V1.RequiresExplicitBinding"/>'
    return document(
        entity("t", lists)
        + fill(size // 2, lambda n: action(f"a{n}", "t", told=needs))
        + container(singleton("s", "t"))
    )


def composed(size: int) -> bytes:
    """Composable functions, with functions that are bound to what they return."""
    return document(
        entity("t")
        + fill(
            size, lambda n: function(f"f{n}", "t", returns="graph.t", more=' IsComposable="true"')
        )
        + container(singleton("s", "t"))
    )


# -- the service


def entity_sets(size: int) -> bytes:
    return document(entity("t") + container(fill(size, lambda n: entity_set(f"s{n}", "t"))))


def sealed_sets(size: int) -> bytes:
    """Entity sets of a type that contains a lot, none of which takes requests."""
    told = "".join(
        restricted(f"{term}Restrictions", flag)
        for term, flag in (
            ("Read", "Readable"), ("Insert", "Insertable"), ("Update", "Updatable"),
            ("Delete", "Deletable"), ("Count", "Countable"),
        )
    )  # fmt: skip
    return document(
        entity("t", fill(size // 2, lambda n: contains(f"n{n}", "u", told=told)))
        + entity("u")
        + container(fill(size // 2, lambda n: entity_set(f"s{n}", "t")))
    )


def navigation(size: int) -> bytes:
    return document(
        entity("t", fill(size, lambda n: contains(f"n{n}", "u")))
        + entity("u")
        + container(singleton("s", "t"))
    )


def references(size: int) -> bytes:
    """Navigation that is not contained, at many places."""
    own = fill(size // 2, lambda n: f'<NavigationProperty Name="n{n}" Type="Collection(graph.t)"/>')
    return document(
        entity("t", own) + container(fill(size // 2, lambda n: entity_set(f"s{n}", "t")))
    )


def circles(size: int) -> bytes:
    """Types of which each contains all others."""
    ways = max(2, int((size / 100) ** 0.5))
    return document(
        "".join(
            entity(f"t{n}", "".join(contains(f"n{n}x{m}", f"t{m}") for m in range(ways)))
            for n in range(ways)
        )
        + container(singleton("s", "t0"))
    )


def small_circles(size: int) -> bytes:
    """Many pairs of types that contain each other."""
    pairs = fill(
        size * 4 // 5,
        lambda n: entity(f"t{n}", contains(f"a{n}", f"u{n}"))
        + entity(f"u{n}", contains(f"b{n}", f"t{n}")),
    )
    count = pairs.count("<EntityType") // 2
    return document(pairs + container("".join(entity_set(f"s{n}", f"t{n}") for n in range(count))))


def layers(size: int) -> bytes:
    """Layers of types, each of which contains the next in two ways."""
    found = fill(
        size,
        lambda n: entity(f"t{n}", contains(f"a{n}", f"t{n + 1}") + contains(f"b{n}", f"t{n + 1}")),
    )
    last = entity(f"t{found.count('<EntityType')}")
    return document(found + last + container(singleton("s", "t0")))


def bindings(size: int) -> bytes:
    paths = fill(size, lambda n: f'<NavigationPropertyBinding Path="p{n}" Target="s"/>')
    return document(
        entity("t") + container(f'<EntitySet Name="s" EntityType="graph.t">{paths}</EntitySet>')
    )


def streams(size: int) -> bytes:
    """Streams of a type that is found at many places."""
    own = fill(size // 2, lambda n: prop(f"p{n}", "Edm.Stream"))
    return document(
        entity("t", own) + container(fill(size // 2, lambda n: entity_set(f"s{n}", "t")))
    )


# -- annotations


def annotations_of_one(size: int) -> bytes:
    told = fill(size, lambda n: f'<Annotation Term="a.b{n}"/>')
    return document(entity("t", told) + container(entity_set("s", "t")))


def annotations_of_one_term(size: int) -> bytes:
    """Values of one term, which a comparison has to tell apart."""
    told = fill(size, lambda n: f'<Annotation Term="a.b" String="v{n}"/>')
    return document(entity("t", told))


def annotations_on_a_path(size: int) -> bytes:
    """A resource with many annotations at many places."""
    told = fill(
        size // 2, lambda n: f'<Annotation Term="{CAPABILITY}.ReadRestrictions" Qualifier="q{n}"/>'
    )
    return document(
        entity("t", contains("n", "u", told=told))
        + entity("u")
        + container(fill(size // 2, lambda n: entity_set(f"s{n}", "t")))
    )


def annotations_everywhere(size: int) -> bytes:
    return document(
        complex_type(
            "t",
            fill(
                size,
                lambda n: f'<Property Name="p{n}" Type="Edm.String"><Annotation Term="a.b"/></Property>',
            ),
        )
    )


def targets(size: int) -> bytes:
    return document(
        complex_type("t") + fill(size, lambda n: f'<Annotations Target="graph.t/p{n}"/>')
    )


def targets_of_nothing(size: int) -> bytes:
    return document(
        complex_type("t") + fill(size, lambda n: f'<Annotations Target="graph.{"u" * 100}{n}"/>')
    )


def record(size: int) -> bytes:
    values = fill(size, lambda n: f'<PropertyValue Property="p{n}" Bool="false"/>')
    return document(
        complex_type(
            "t",
            f'<Annotation Term="{CAPABILITY}.ReadRestrictions"><Record>{values}</Record></Annotation>',
        )
    )


def deep_record(size: int) -> bytes:
    one = (
        '<Annotation Term="a.b">'
        + '<Record><PropertyValue Property="p">' * 100
        + "</PropertyValue></Record>" * 100
    )
    return document(
        complex_type(
            "t",
            fill(
                size, lambda n: prop(f"p{n}").replace("/>", ">") + one + "</Annotation></Property>"
            ),
        )
    )


def descriptions(size: int) -> bytes:
    words = "word " * (size // 5)
    return document(
        complex_type("t", f'<Annotation Term="Org.OData.Core.V1.Description" String="{words}"/>')
    )


def description_in_lines(size: int) -> bytes:
    words = "a&#10; &#10;" * (size // 12)
    return document(
        complex_type("t", f'<Annotation Term="Org.OData.Core.V1.Description" String="{words}"/>')
    )


def description_of_one_word(size: int) -> bytes:
    return document(
        complex_type(
            "t", f'<Annotation Term="Org.OData.Core.V1.Description" String="{"x" * size}"/>'
        )
    )


def description_that_is_escaped(size: int) -> bytes:
    return document(
        complex_type(
            "t",
            f'<Annotation Term="Org.OData.Core.V1.Description" String="{"&#xE000;" * (size // 8)}"/>',
        )
    )


# -- faults


def unknown_elements(size: int) -> bytes:
    return document(complex_type("t", fill(size, lambda n: f"<u{n}/>")))


def unknown_references(size: int) -> bytes:
    long = "graph." + "u" * 128
    return document(complex_type("t", fill(size, lambda n: prop(f"p{n}", long))))


def twice(size: int) -> bytes:
    return document(complex_type("t", fill(size, lambda n: prop("p"))))


def colliding(size: int) -> bytes:
    return document(complex_type("t", fill(size, lambda n: prop(f"a_p{n}") + prop(f"a-p{n}"))))


def colliding_types(size: int) -> bytes:
    return document(fill(size, lambda n: complex_type(f"t{n}") + complex_type(f"T{n}")))


def colliding_paths(size: int) -> bytes:
    return document(
        entity("t")
        + container(fill(size, lambda n: entity_set(f"s{n}", "t") + entity_set(f"S{n}", "t")))
    )


def comments(size: int) -> bytes:
    return document(complex_type("t") + "<!-- -->" * (size // 8))


def ampersands(size: int) -> bytes:
    return document(complex_type("t", f'<Annotation Term="a.b" String="{"&amp;" * (size // 5)}"/>'))


def lines(size: int) -> bytes:
    return document(complex_type("t") + "\n" * size)


# -- OpenAPI


def openapi(paths: JSON, types: JSON, **components: JSON) -> bytes:
    """Return an OpenAPI document of an OData service, with a singleton `s` of the type `n.t`."""
    top: JSON = {"/s": {"get": {"responses": {"200": _content("n.t")}}}}
    return json.dumps(
        {
            "openapi": "3.0.1",
            "info": {"x-ms-generated-by": {"toolName": "Microsoft.OpenApi.OData"}},
            "paths": top | paths,
            "components": {"schemas": {"n.t": {"type": "object"}} | types, **components},
        },
        separators=(",", ":"),
    ).encode()


def _content(name: str) -> JSON:
    return {"content": {"application/json": {"schema": _ref(f"schemas/{name}")}}}


def _ref(name: str) -> JSON:
    return {"$ref": f"#/components/{name}"}


def bodies_by_reference(size: int) -> bytes:
    """Actions that share a body of many parts."""
    parts: list[JSON] = [{"properties": {f"p{n}": {}}} for n in range(size // 60)]
    body = {"b": {"content": {"application/json": {"schema": {"allOf": parts}}}}}
    action = {"post": {"requestBody": _ref("requestBodies/b")}}
    return openapi({f"/s/n.a{n}": action for n in range(size // 140)}, {}, requestBodies=body)


def requests_by_reference(size: int) -> bytes:
    """Functions that share a request of many parameters and responses."""
    parameters = [{"name": f"p{n}", "in": "path"} for n in range(size // 90)]
    responses: JSON = {str(n): {} for n in range(size // 30)}
    request = {"parameters": parameters, "responses": responses}
    function = _ref("pathItems/p")
    paths = {f"/s/n.f{n}(a={{a}})": function for n in range(size // 150)}
    return openapi(paths, {}, pathItems={"p": {"get": request}})


def arguments_in_one_segment(size: int) -> bytes:
    arguments = ",".join(f"a{n}={{a{n}}}" for n in range(size // 16))
    return openapi({f"/s/n.f({arguments})": {"get": {}}}, {})


def parts_of_a_key_in_one_segment(size: int) -> bytes:
    names = [f"k{n}" for n in range(size // 30)]
    key = ",".join(f"{name}={{{name}}}" for name in names)
    things = {"post": {"requestBody": _content("n.u"), "responses": {}}}
    types: JSON = {"n.u": {"properties": {name: {} for name in names}}}
    return openapi({"/u": things, f"/u({key})": {"get": {}}}, types)


def properties_that_wait(size: int) -> bytes:
    """Properties of which each proves that the one before leads to entities."""
    count = size // 300
    types = {f"n.u{n}": {"properties": {"q": _ref(f"schemas/n.u{n + 1}")}} for n in range(count)}
    own = {f"p{n}": _ref(f"schemas/n.u{n}") for n in range(count)}
    paths: JSON = {}
    for n in reversed(range(count)):
        paths |= {f"/s/p{n}": {"get": {}}, f"/s/p{n}/q/$ref": {"get": {}}}
    return openapi(paths | {"/s/p0/$ref": {"get": {}}}, types | {"n.t": {"properties": own}})


ATTACKS: Mapping[str, Callable[[int], bytes]] = {
    made.__name__: made
    for made in (
        long_namespace, alias_of_511, alias_in_text, many_namespaces_of_511, long_names, schemas,
        schemas_in_a_row, aliases, types, entity_types, enums, members, flags, properties, required,
        properties_of_types, types_of_one_shape, heirs, deep_heirs, deep_and_wide, key_of_many_parts,
        partners, type_definitions, facets, terms, overloads, overloads_alike, overloads_of_types,
        overloads_annotated, overloads_described, actions, functions, unbound, parameters,
        function_of_many, parameters_everywhere, short_parameters, hostile_names, imports,
        imported_overloads, operations_of_places, operations_of_none,
        explicit_bindings, composed, entity_sets, sealed_sets, navigation, references, circles,
        small_circles, layers, bindings, streams, annotations_of_one, annotations_of_one_term,
        annotations_on_a_path, annotations_everywhere, targets, targets_of_nothing, record, deep_record,
        descriptions, description_in_lines, description_of_one_word, description_that_is_escaped,
        unknown_elements, unknown_references, twice, colliding, colliding_types, colliding_paths,
        comments, ampersands, lines, bodies_by_reference, requests_by_reference,
        arguments_in_one_segment, parts_of_a_key_in_one_segment, properties_that_wait,
    )
}  # fmt: skip
"""What makes each attack, by its name."""
