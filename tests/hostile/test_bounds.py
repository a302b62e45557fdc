"""What costs much is done in linear time, or refused with the element and the limit.

The limits are those of `limits`, which docs/generator.md lists.
"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from graph_codegen import api, limits
from graph_codegen.csdl import reader
from graph_codegen.emit import package
from graph_codegen.errors import CodegenError
from graph_codegen.model import resolver
from graph_codegen.model.resolver import resolve
from graph_codegen.service import requests
from tests.hostile import attacks
from tests.hostile.attacks import (
    action,
    complex_type,
    container,
    entity,
    entity_set,
    function,
    prop,
    respelled,
    singleton,
)
from tests.hostile.generated import generate
from tests.support.csdl import SERVICE, document, graph_codegen, model, schema
from tests.support.published import GOVERNMENT, NEWEST, published

PAGE = Path(__file__).parents[2] / "docs" / "generator.md"

LONGEST_NAMESPACE = ".".join(["n" * 63] * 8)


def refusal(data: bytes) -> str:
    """Return the message with which a document is refused, or its service."""
    with pytest.raises(CodegenError) as caught:
        requests.list_requests(resolve(reader.read(data, "a.xml")))
    (diagnostic,) = caught.value.diagnostics
    return str(diagnostic).removeprefix("a.xml:")


def annotated(count: int) -> str:
    return "".join(f'<Annotation Term="a.b{n}"/>' for n in range(count))


def test_names_have_a_longest() -> None:
    assert len(LONGEST_NAMESPACE) == limits.NAMESPACE
    body = complex_type("t", prop("p", "g.t"))
    resolve(reader.read(document(schema(body, LONGEST_NAMESPACE, "g")), "a.xml"))
    too_long = f"has a namespace of more than {limits.NAMESPACE} characters"
    message = refusal(document(schema(body, f"{LONGEST_NAMESPACE}n", "g")))
    assert f"Namespace of Schema {too_long}" in message
    used = complex_type("t", prop("p", f"{LONGEST_NAMESPACE}n.t"))
    assert f"Type of Property {too_long}" in refusal(document(used))
    path = f'<Annotations Target="{"a" * (limits.PATH + 1)}"/>'
    assert "Target of Annotations has more than 10,000 characters" in refusal(document(path))


def test_aliases_grow_a_document_only_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "EXPANDED", 10 * len(LONGEST_NAMESPACE))
    for count, refused in ((9, False), (11, True)):
        data = document(
            schema(complex_type("t"), LONGEST_NAMESPACE, "g"),
            schema(complex_type("u", "".join(prop(f"p{n}", "g.t") for n in range(count)))),
        )
        if refused:
            assert "aliases such as g stand for more than" in refusal(data)
        else:
            resolve(reader.read(data, "a.xml"))


def test_an_element_has_only_so_many_annotations() -> None:
    model(complex_type("t", annotated(limits.ANNOTATIONS)))
    message = "microsoft.graph.t: more than 1,000 annotations, with the values in them"
    assert message in refusal(document(complex_type("t", annotated(limits.ANNOTATIONS + 1))))
    values = "".join(f"<String>{n}</String>" for n in range(limits.ANNOTATIONS))
    told = f'<Annotation Term="a.b"><Collection>{values}</Collection></Annotation>'
    assert message in refusal(document(complex_type("t", told)))


def test_an_annotation_without_signature_counts_for_each_overload(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resolver, "ALL_ANNOTATIONS", 100)
    types = "".join(entity(f"t{n}") + action("mute", f"t{n}") for n in range(11))
    targeted = f'<Annotations Target="graph.mute">{annotated(10)}</Annotations>'
    message = "microsoft.graph.mute: more than 100 annotations, counted for each overload"
    assert message in refusal(document(types + targeted))


def test_operations_have_only_so_many_parameters_and_overloads() -> None:
    names = [f"p{n}" for n in range(limits.PARAMETERS)]
    model(entity("t") + action("mute", "t", *names[1:]))
    message = "microsoft.graph.mute: Action has more than 100 parameters"
    assert message in refusal(document(entity("t") + action("mute", "t", *names)))
    mutes = [action("mute", "t", f"p{n}") for n in range(limits.OVERLOADS + 1)]
    model(entity("t") + "".join(mutes[1:]) + entity("u") + action("mute", "u"))
    message = "microsoft.graph.mute: more than 50 overloads that are bound alike"
    assert message in refusal(document(entity("t") + "".join(mutes)))


def test_enumerations_have_only_so_many_members() -> None:
    own = [f'<Member Name="m{n}"/>' for n in range(limits.MEMBERS + 1)]
    model(f'<EnumType Name="t">{"".join(own[1:])}</EnumType>')
    message = "microsoft.graph.t: more than 5,000 members"
    assert message in refusal(document(f'<EnumType Name="t">{"".join(own)}</EnumType>'))


def test_packages_have_only_so_many_types(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(complex_type(f"t{n}", "", f"t{n - 1}" if n else "") for n in range(20))
    for name, most, message in (
        ("TYPES", 19, "microsoft.graph.t9: more than 19 types: choose narrower roots"),
        ("LINEAGES", 209, "more than 209 types, each counted with its base types"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(package, name, most + 1)
            generate(document(text))
            patched.setattr(package, name, most)
            with pytest.raises(CodegenError, match=message):
                generate(document(text))


def test_packages_have_only_so_many_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "NAMESPACES", 3)
    schemas = [schema(complex_type("t"), f"n{n}", "") for n in range(4)]
    generate(document(*schemas[1:]))
    with pytest.raises(CodegenError, match=r"n3\.t: more than 3 namespaces"):
        generate(document(*schemas))


OLD = """<Annotation Term="Org.OData.Core.V1.Revisions"><Collection><Record>
<PropertyValue Property="Date" Date="2024-01-02"/><PropertyValue Property="Kind">
<EnumMember>Org.OData.Core.V1.RevisionKind/Deprecated</EnumMember></PropertyValue>
</Record></Collection></Annotation>"""


@pytest.mark.parametrize("limit", ["BLACK_LINES", "BLACK_CHARACTERS"])
def test_much_code_is_formatted_by_ruff_in_the_same_way(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_types = "".join(complex_type(f"old{n}", OLD) for n in range(2))  # which are decorated
    data = document(SERVICE + old_types)
    made = generate(data)
    monkeypatch.setattr(package, limit, 100)
    monkeypatch.setattr(package, "_BLACK", None)
    other = generate(data)
    for path, text in other.files.items():
        if path.endswith(".py"):
            before = made.files[path.replace(other.package, made.package)]
            assert text.replace(other.package, made.package) == before


def test_types_inherit_only_so_much() -> None:
    own = "".join(prop(f"p{n}") for n in range(400))
    heirs = [complex_type(f"t{n}", "", "base") for n in range(500)]
    model(complex_type("base", own) + "".join(heirs[1:]))
    message = "more than 200,000 properties, counted for each type that inherits them"
    assert message in refusal(document(complex_type("base", own) + "".join(heirs)))


@pytest.mark.parametrize("walk", [requests.list_requests, requests.list_offers])
def test_the_requests_of_one_resource_are_counted_as_they_come(
    walk: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Composable functions multiply at a single resource: none of them comes after the limit."""
    met: list[object] = []
    made = requests.Request

    def counted(**fields: Any) -> requests.Request:
        met.append(fields)
        return made(**fields)

    monkeypatch.setattr(requests, "Request", counted)
    monkeypatch.setattr(requests, "REQUESTS", 1_000)
    functions = "".join(
        function(f"f{n}", "t", returns="graph.t", more=' IsComposable="true"') for n in range(200)
    )
    found = model(entity("t") + functions + container(singleton("s", "t")))
    with pytest.raises(CodegenError, match="more than 1,000 requests"):
        list(walk(found))  # type: ignore[call-overload]
    assert len(met) < 1_100


@pytest.mark.parametrize("walk", [requests.list_requests, requests.list_offers])
@pytest.mark.parametrize(
    ("limit", "most", "message"),
    [
        ("REQUESTS", 300, "more than 300 requests, most of them below the root i"),
        ("ARGUMENTS", 300, "requests with more than 300 keys and parameters"),
        ("CHARACTERS", 9_000, "requests of more than 9,000 characters"),
    ],
)
def test_the_requests_of_imports_count_as_well(
    walk: Callable[..., object],
    limit: str,
    most: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(requests, limit, most)
    found = resolve(reader.read(attacks.imported_overloads(7_500), "a.xml"))
    with pytest.raises(CodegenError, match=message):
        list(walk(found))  # type: ignore[call-overload]


def test_a_service_has_only_so_many_arguments() -> None:
    """A parameter may have very few characters, and each is an argument of a method."""
    message = refusal(attacks.short_parameters(900_000))
    assert "requests with more than 300,000 keys and parameters" in message


@pytest.mark.parametrize("walk", [requests.list_requests, requests.list_offers])
def test_operations_that_can_be_called_nowhere_are_counted(
    walk: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "CALLS", 5_000)
    needs = '<Annotation Term="Org.OData.Core.V1.RequiresExplicitBinding"/>'
    lists = "".join(f"<String>graph.a{n}</String>" for n in range(100))
    found = model(
        entity("t")
        + "".join(action(f"a{n}", "t", told=needs) for n in range(100))
        + '<EntityType Name="u"><Annotation Term="Org.OData.Core.V1.ExplicitOperationBindings">'
        + f"<Collection>{lists}</Collection></Annotation></EntityType>"
        + container("".join(singleton(f"s{n}", "t") for n in range(100)))
    )
    with pytest.raises(CodegenError, match="more than 5,000 operations to look at"):
        list(walk(found))  # type: ignore[call-overload]


def test_resources_are_counted_before_they_are_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "REQUESTS", 1_000)
    sealed = attacks.sealed_sets(100_000)
    with pytest.raises(CodegenError, match="more than 1,000 requests"):
        requests.list_requests(resolve(reader.read(sealed, "a.xml")))


COSTLY: Mapping[str, int] = {
    "flags": 150_000,
    "properties": 250_000,
    "types_of_one_shape": 250_000,
    "schemas": 400_000,
    "unbound": 100_000,
    "key_of_many_parts": 250_000,
    "overloads_of_types": 300_000,
    "entity_sets": 100_000,
}
"""Attacks that took more than twenty seconds at this size, or at twice that, when they were found."""


@pytest.mark.parametrize("name", COSTLY)
def test_a_comparison_takes_its_time_once(name: str, tmp_path: Path) -> None:
    old = attacks.ATTACKS[name](COSTLY[name])
    (tmp_path / "old.xml").write_bytes(old)
    (tmp_path / "new.xml").write_bytes(respelled(old))
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "graph_codegen",
            *["diff", "old.xml", "new.xml", "--root", "all", "--format", "html"],
        ],
        cwd=tmp_path,
        preexec_fn=_bounded,
        capture_output=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]


@pytest.mark.parametrize(
    "made",
    [
        attacks.bodies_by_reference, attacks.requests_by_reference, attacks.arguments_in_one_segment,
        attacks.parts_of_a_key_in_one_segment, attacks.properties_that_wait,
    ],
)  # fmt: skip
def test_openapi_is_read_in_linear_time(made: Callable[[int], bytes], tmp_path: Path) -> None:
    """Each took more than twenty seconds of a megabyte, or would have, when it was found."""
    (tmp_path / "old.json").write_bytes(made(1_000_000))
    result = subprocess.run(
        [sys.executable, "-c", "from graph_codegen import api; api.read('old.json')"],
        cwd=tmp_path,
        preexec_fn=_bounded,
        capture_output=True,
        check=False,
    )
    assert result.returncode in (0, 1), result.returncode
    last = result.stderr.decode().splitlines()[-1:]
    assert not last or last[0].startswith("graph_codegen.errors.CodegenError: old.json: ")


def _bounded() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))


def test_the_page_lists_the_limits() -> None:
    """Every limit is a row of the table, as a number, with twice the room that whole Graph needs."""
    rows = rows_of_the_page()
    given = {name: limit for name, (limit, _) in rows.items()}
    assert given == {n: v for n, v in vars(limits).items() if n.isupper()}
    for name, (limit, graph) in rows.items():
        assert 2 * graph <= limit, name


def rows_of_the_page() -> dict[str, tuple[int, int]]:
    """Return each limit, and what Graph has of it, 0 where the page does not say that."""
    text = PAGE.read_text("utf-8").replace("| – |", "| 0 |")
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([\d,]+) \| ([\d,]+) \|", text, re.MULTILINE)
    return {name: (number(limit), number(graph)) for name, limit, graph in rows}


def number(text: str) -> int:
    return int(text.replace(",", ""))


@pytest.mark.thorough
def test_the_page_says_what_graph_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest document stays within a limit of what the page says, and is refused by one less."""
    graph = {name: has for name, (_, has) in rows_of_the_page().items()}
    whole = api.read(published(NEWEST)).model
    walked = ("REQUESTS", "ARGUMENTS", "CHARACTERS", "CALLS", "SEGMENTS")
    for name in walked:
        monkeypatch.setattr(requests, name, graph[name])
    assert len(requests.list_requests(whole)) == graph["REQUESTS"]
    for name in walked:
        with monkeypatch.context() as less:
            less.setattr(requests, name, graph[name] - 1)
            with pytest.raises(CodegenError):
                requests.list_requests(whole)
    assert len(whole.types) == graph["TYPES"]
    assert sum(len(whole.lineage(name)) for name in whole.types) == graph["LINEAGES"]
    (said,) = re.findall(r"it has ([\d,]+) requests", PAGE.read_text("utf-8"))
    assert len(requests.list_requests(api.read(published(GOVERNMENT)).model)) == number(said)


def test_what_a_new_name_can_be_is_found_without_comparing_all(tmp_path: Path) -> None:
    old = document(complex_type("t", prop("callId") + prop("startTime")))
    new = document(complex_type("t", prop("call_id") + prop("startTmie")))
    for name, data in (("old.xml", old), ("new.xml", new)):
        (tmp_path / name).write_bytes(data)
    result = graph_codegen("diff", "old.xml", "new.xml", "--root", "all", cwd=tmp_path)
    assert result.stdout.count("property-renamed") == 2


def test_requests_of_many_sets_are_refused_by_name() -> None:
    sets = "".join(entity_set(f"s{n}", "t") for n in range(limits.REQUESTS // 5))
    message = refusal(document(entity("t") + container(sets)))
    assert "more than 50,000 requests, most of them below the root s" in message
