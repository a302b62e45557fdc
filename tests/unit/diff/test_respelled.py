"""Names in Python that change because others come or go are findings, and told once."""

from __future__ import annotations

from collections.abc import Mapping

from graph_codegen.csdl import reader
from graph_codegen.diff.change.context import Side
from graph_codegen.diff.verdict.comparison import compare
from graph_codegen.diff.verdict.findings import Finding
from graph_codegen.emit.names import NO_NAMES
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import ALL, take
from tests.support.csdl import FILE, document, schema

KEY = '<Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String"/>'
THING = f'<EntityType Name="thing">{KEY}{{}}</EntityType>'
SET = '<EntityContainer Name="c"><EntitySet Name="things" EntityType="graph.thing"/>{}</EntityContainer>'
ACT = '<Action Name="{}" IsBound="true"><Parameter Name="on" Type="graph.thing"/>{}</Action>'
ALL_OF_IT = THING.format("") + SET.format("")


def findings(
    old: tuple[str, ...], new: tuple[str, ...], given: Mapping[str, str] = NO_NAMES
) -> list[Finding]:
    found = compare(side(*old), side(*new), given=given).findings
    return [finding for finding in found if finding.rule.id == "python-name-changed"]


def side(*schemas: str) -> Side:
    read = reader.read(document(*schemas), FILE)
    model = resolve(read)
    return Side(read, model, take(model, [ALL]))


def told(found: list[Finding]) -> list[tuple[str, tuple[str, str]]]:
    return [(finding.element, finding.values) for finding in found]


def test_an_action_that_gives_way_to_one_of_another_namespace() -> None:
    long = schema(ACT.format("mute", ""), "microsoft.graph.far.away", "")
    near = schema(ACT.format("mute", ""), "microsoft.graph.far", "")
    (found,) = findings((ALL_OF_IT, long), (ALL_OF_IT, long, near))
    assert found.element == "microsoft.graph.far.away.mute(microsoft.graph.thing)"
    assert found.values[0] == "mute"
    assert found.methods.removed == ("things.mute",)
    assert found.methods.added == (f"things.{found.values[1]}",)


def test_a_resource_that_gives_way_takes_its_methods_along() -> None:
    def contained(name: str) -> str:
        return f'<NavigationProperty Name="{name}" Type="graph.part" ContainsTarget="true"/>'

    part = f'<EntityType Name="part">{KEY}</EntityType>'
    old, new = (
        part + THING.format("".join(map(contained, names))) + SET.format("")
        for names in (["A_b"], ["A_b", "aB"])
    )
    element = "microsoft.graph.thing/A_b"
    found = findings((old,), (new,))
    assert {finding.element for finding in found} == {element}
    (resource,) = (finding for finding in found if finding.methods.removed)
    kinds = ("delete", "get", "update")
    assert resource.methods.removed == tuple(f"things.a_b.{kind}" for kind in kinds)


def test_types_members_and_parameters() -> None:
    enum = '<EnumType Name="{}"><Member Name="AB"/>{}</EnumType>'
    both = '<Parameter Name="{}" Type="Edm.String"/>'
    old = ALL_OF_IT + enum.format("Kind", "") + ACT.format("act", both.format("A_b"))
    new = (
        ALL_OF_IT
        + enum.format("Kind", '<Member Name="ab"/>')
        + enum.format("kind", "")
        + ACT.format("act", both.format("A_b") + both.format("aB"))
    )
    elements = [element for element, _ in told(findings((old,), (new,)))]
    assert "microsoft.graph.Kind" in elements
    assert "microsoft.graph.Kind/AB" in elements
    given = {"microsoft.graph.Kind": "OldKind", "microsoft.graph.kind": "Kind2"}
    again = [element for element, _ in told(findings((old,), (new,), given))]
    assert again == [element for element in elements if element != "microsoft.graph.Kind"]


def test_what_collides_with_none_is_never_among_them() -> None:
    same = ALL_OF_IT + ACT.format("act", "")
    assert findings((same,), (same,)) == []
    assert findings((same,), (same + ACT.format("other", ""),)) == []
