"""Endless services are refused soon, with the root and a remedy, instead of walked for ever."""

from __future__ import annotations

import re
import time

import pytest

from graph_codegen.errors import CodegenError
from graph_codegen.limits import ARGUMENTS, CHARACTERS, REQUESTS, SEGMENTS
from graph_codegen.model.model import Model
from graph_codegen.service import requests
from tests.hostile import values
from tests.hostile.generated import FILE, generate, imported
from tests.support.csdl import document, model

KEY = '<Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String"/>'
SEALED = (
    '<Annotation Term="Org.OData.Capabilities.V1.ReadRestrictions"><Record>'
    '<PropertyValue Property="Readable" Bool="false"/></Record></Annotation>'
    '<Annotation Term="Org.OData.Capabilities.V1.UpdateRestrictions"><Record>'
    '<PropertyValue Property="Updatable" Bool="false"/></Record></Annotation>'
    '<Annotation Term="Org.OData.Capabilities.V1.DeleteRestrictions"><Record>'
    '<PropertyValue Property="Deletable" Bool="false"/></Record></Annotation>'
    '<Annotation Term="Org.OData.Capabilities.V1.InsertRestrictions"><Record>'
    '<PropertyValue Property="Insertable" Bool="false"/></Record></Annotation>'
)


def service(types: int, each: int, told: str = "", *, many: bool = False) -> str:
    """Return a service of layers: each type contains the next several times."""
    target = "Collection(graph.t{})" if many else "graph.t{}"
    layers = "".join(
        f'<EntityType Name="t{n}">{KEY}'
        + "".join(
            f'<NavigationProperty Name="n{n}x{m}" Type="{target.format(n + 1)}"'
            f' ContainsTarget="true">{told}</NavigationProperty>'
            for m in range(each)
        )
        + "</EntityType>\n"
        for n in range(types)
    )
    last = f'<EntityType Name="t{types}">{KEY}</EntityType>'
    container = (
        '<EntityContainer Name="c"><Singleton Name="little" Type="graph.last"/>\n'
        f'<Singleton Name="top" Type="graph.t0">{told}</Singleton></EntityContainer>'
    )
    return f'{layers}{last}<EntityType Name="last">{KEY}</EntityType>\n{container}'


def web(types: int) -> str:
    """Return a service in which every type contains every other."""
    declared = "".join(
        f'<EntityType Name="t{n}">{KEY}'
        + "".join(
            f'<NavigationProperty Name="n{n}x{m}" Type="graph.t{m}" ContainsTarget="true"/>'
            for m in range(types)
        )
        + "</EntityType>"
        for n in range(types)
    )
    return f'{declared}<EntityContainer Name="c"><Singleton Name="top" Type="graph.t0"/></EntityContainer>'


def refusal(found: Model) -> str:
    start = time.monotonic()
    with pytest.raises(CodegenError) as caught:
        requests.list_requests(found)
    assert time.monotonic() - start < 20
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.place.line > 0
    return diagnostic.message


@pytest.mark.parametrize(
    "text",
    [service(40, 2), service(20, 3, many=True), service(40, 2, SEALED), web(12)],
    ids=["two ways", "three ways into collections", "ways to nothing", "web"],
)
def test_paths_that_multiply_are_refused(text: str) -> None:
    message = refusal(model(text))
    if "segments" not in message:
        limit, _, advice = message.partition(", ")
        assert limit in (
            f"more than {REQUESTS:,} requests",
            f"requests with more than {ARGUMENTS:,} keys and parameters",
            f"requests of more than {CHARACTERS:,} characters",
        )
        assert advice == (
            "most of them below the root top: choose narrower roots, such as top/… or a type"
        )


def test_the_command_says_so_too() -> None:
    with pytest.raises(CodegenError, match=re.escape(f"{FILE}:")) as caught:
        generate(document(service(40, 2)))
    assert "below the root top" in str(caught.value)


def test_a_path_without_end_is_refused() -> None:
    text = service(2_000, 1)
    message = f"more than {SEGMENTS} segments in a path below the root top: choose narrower roots"
    assert refusal(model(text)) == message
    with pytest.raises(CodegenError, match="segments in a path"):
        list(requests.list_offers(model(text)))


def test_a_long_path_is_walked() -> None:
    found = requests.list_requests(model(service(SEGMENTS - 1, 1)))
    assert max(len(request.segments) for request in found) == SEGMENTS


def test_many_requests_are_walked_in_their_order() -> None:
    found = requests.list_requests(model(service(10, 2)))
    paths = [request.path for request in found]
    assert len(set(paths)) == 2**11
    assert paths.index("/top/n0x0") < paths.index("/top/n0x0/n1x0") < paths.index("/top/n0x1")


def test_every_key_of_a_path_has_its_own_name() -> None:
    item = f'<EntityType Name="item">{KEY}' + "".join(
        f'<NavigationProperty Name="{name}" Type="Collection(graph.{target})" ContainsTarget="true"/>'
        for name, target in (("children", "item"), ("others", "other"))
    )
    other = f'<EntityType Name="other">{KEY}<NavigationProperty Name="children"' \
        ' Type="Collection(graph.item)" ContainsTarget="true"/></EntityType>'  # fmt: skip
    source = '<EntitySet Name="children" EntityType="graph.item"/>'
    container = f'<EntityContainer Name="c">{source}</EntityContainer>'
    text = f"{item}</EntityType>{other}{container}"
    found = requests.list_requests(model(text))
    assert max(len(request.keys) for request in found) == 4
    for request in found:
        names = [key.name for key in request.keys]
        assert len(set(names)) == len(names), request.path
    generate(document(text))


def test_a_parameter_may_have_the_name_of_a_key() -> None:
    text = (
        f'<EntityType Name="t">{KEY}</EntityType>\n<Function Name="f" IsBound="true">'
        '<Parameter Name="b" Type="graph.t"/>\n<Parameter Name="t-id" Type="Edm.String"/>'
        '<Parameter Name="f_t-id" Type="Edm.String"/><ReturnType Type="Edm.String"/></Function>'
        '<EntityContainer Name="c"><EntitySet Name="ts" EntityType="graph.t"/></EntityContainer>'
    )
    paths = {request.path for request in requests.list_requests(model(text))}
    assert "/ts/{t-id}/f(t-id={f_f_t-id},f_t-id={f_t-id})" in paths
    made = generate(document(text))
    with imported(made) as module:
        values.check(made, module)
