"""The verdict of a change is the same whether it comes alone or with any other that is independent of it.

A small service has slots, some within others. A change fills a slot otherwise; so any two changes of
different slots are independent, and come out the same in either order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from itertools import combinations

import pytest

from graph_codegen.csdl import reader
from graph_codegen.diff.change.context import Side
from graph_codegen.diff.verdict.comparison import compare
from graph_codegen.diff.verdict.findings import Finding
from graph_codegen.diff.verdict.rules import Effect
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import ALL, take
from tests.support.csdl import FILE, document


def forbid(term: str, flag: str) -> str:
    record = f'<Record><PropertyValue Property="{flag}" Bool="false"/></Record>'
    return f'<Annotation Term="Org.OData.Capabilities.V1.{term}">{record}</Annotation>'


def deprecated(date: str) -> str:
    kind = '<PropertyValue Property="Kind" EnumMember="Org.OData.Core.V1.RevisionKind/Deprecated"/>'
    record = f'<Record>{kind}<PropertyValue Property="Date" Date="{date}"/></Record>'
    return f'<Annotation Term="Org.OData.Core.V1.Revisions"><Collection>{record}</Collection></Annotation>'


COMPUTED = '<Annotation Term="Org.OData.Core.V1.Computed"/>'
ALTERNATE = (
    '<Annotation Term="Org.OData.Core.V1.AlternateKeys"><Collection><Record><PropertyValue Property="Key">'
    '<Collection><Record><PropertyValue Property="Name" PropertyPath="path"/></Record></Collection>'
    "</PropertyValue></Record></Collection></Annotation>"
)
OPTIONAL = '<Annotation Term="Org.OData.Core.V1.OptionalParameter"/>'


def operation(
    kind: str, name: str, parameters: str = "", result: str = "", binding: str = "item"
) -> str:
    bound = f'<Parameter Name="it" Type="graph.{binding}"/>'
    returns = f'<ReturnType Type="{result}"/>' if result else ""
    return f'<{kind} Name="{name}" IsBound="true">{bound}{parameters}{returns}</{kind}>'


def parameter(name: str, type: str = "Edm.String", more: str = "", notes: str = "") -> str:
    return f'<Parameter Name="{name}" Type="{type}"{more}>{notes}</Parameter>'


SLOTS: Mapping[str, str] = {
    "whole": """
      <EnumType Name="state"><Member Name="open" Value="0"/>{members}</EnumType>
      <ComplexType Name="note"{note}><Property Name="text" Type="{text}"/>{note_more}</ComplexType>
      <EntityType Name="entity"><Key><PropertyRef Name="id"/></Key>
        <Property Name="id" Type="Edm.String" Nullable="false"/></EntityType>
      <EntityType Name="site" BaseType="graph.entity">{site_notes}{items}{owner}{site_more}</EntityType>
      <EntityType Name="item" BaseType="graph.entity"{stream}>
        <Property Name="path" Type="Edm.String"/>{content}{versions}{item_more}{item_notes}</EntityType>
      <EntityType Name="fileItem" BaseType="graph.item">{file_more}</EntityType>
      <EntityType Name="version"{version_base}><Property Name="number" Type="Edm.Int32"/>{version_key}
        <NavigationProperty Name="author" Type="graph.user" ContainsTarget="{author}"/></EntityType>
      <EntityType Name="user" BaseType="graph.entity"/>
      <EntityType Name="lonely" BaseType="graph.entity"/>
      {operations}
      <EntityContainer Name="Service">{sites}{archive}{users}{sources}{imports}</EntityContainer>""",
    "items": '<NavigationProperty Name="items" Type="Collection(graph.item)" ContainsTarget="true">'
    "{items_notes}{items_more}</NavigationProperty>",
    "owner": '<NavigationProperty Name="owner" Type="graph.user"/>',
    "content": '<Property Name="content" Type="Edm.Stream">{content_notes}</Property>',
    "versions": '<NavigationProperty Name="versions" Type="Collection(graph.version)" ContainsTarget="true">'
    "{versions_notes}{versions_update}{versions_more}</NavigationProperty>",
    "versions_notes": forbid("InsertRestrictions", "Insertable"),
    "text": "Edm.String",
    "stream": ' HasStream="true"',
    "author": "true",
    "operations": "{copy}{move}{find}{find_more}{seek}{scan}{loose}",
    "copy": operation("Action", "copy", "{copy_name}{copy_more}", "{copy_result}"),
    "copy_name": parameter("name", more=' Nullable="false"'),
    "copy_result": "graph.note",
    "move": operation("Action", "move", "{move_more}"),
    "find": operation("Function", "find", parameter("text", notes="{find_text}"), "Edm.Int32"),
    "seek": operation("Function", "seek", parameter("text"), "Edm.String", "version"),
    "scan": operation("Function", "scan", parameter("text"), "Edm.String", "version"),
    "loose": operation("Action", "loose", "", "", "lonely"),
    "sites": '<EntitySet Name="sites" EntityType="graph.site"/>',
    "archive": '<Singleton Name="archive" Type="graph.site">{archive_notes}</Singleton>',
    "users": '<EntitySet Name="users" EntityType="graph.user">{users_notes}</EntitySet>',
    "users_notes": forbid("FilterRestrictions", "Filterable"),
}
"""What a slot of the service holds; one that is not here is empty."""

CHANGES: tuple[tuple[str, str, str], ...] = (
    ("type-made-abstract", "note", ' Abstract="true"'),
    ("type-opened", "note", ' OpenType="true"'),
    ("stream-removed", "stream", ""),
    ("base-type-extended", "version_base", ' BaseType="graph.entity"'),
    ("key-added", "version_key", '<Key><PropertyRef Name="number"/></Key>'),
    ("member-added", "members", '<Member Name="shut" Value="1"/>'),
    ("property-added", "note_more", '<Property Name="author" Type="Edm.String"/>'),
    ("property-added", "site_more", '<NavigationProperty Name="all" Type="Collection(graph.item)"/>'),
    ("property-added", "item_more", '<Property Name="preview" Type="Edm.Stream"/>'),
    ("property-added", "file_more", '<Property Name="size" Type="Edm.Int64"/>'),
    ("property-added", "site_more",
     '<NavigationProperty Name="lonely" Type="graph.lonely" ContainsTarget="true"/>'),
    ("property-removed", "owner", ""),
    ("property-removed", "items", ""),
    ("property-removed", "versions", ""),
    ("property-removed", "content", ""),
    ("property-type-changed", "text", "Edm.Int32"),
    ("containment-lost", "author", "false"),
    ("property-renamed", "owner", '<NavigationProperty Name="Owner" Type="graph.user"/>'),
    ("property-kind-changed", "owner", '<Property Name="owner" Type="graph.user"/>'),
    ("operation-added", "find_more", operation("Function", "find", parameter("deep"), "Edm.Int32")),
    ("operation-added", "find_more", operation("Action", "lock")),
    ("operation-added", "find_more", operation("Action", "wake", "", "", "lonely")),
    ("operation-removed", "seek", ""),
    ("operation-removed", "loose", ""),
    ("operation-renamed", "scan", operation("Function", "Scan", parameter("text"), "Edm.String", "version")),
    ("operation-kind-changed", "move", operation("Function", "move", "{move_more}", "Edm.Int32")),
    ("optional-parameter-added", "copy_more", parameter("deep")),
    ("optional-parameter-added", "copy_more", parameter("timeout")),
    ("required-parameter-added", "move_more", parameter("to", more=' Nullable="false"')),
    ("parameter-removed", "copy_name", ""),
    ("parameter-made-optional", "find_text", OPTIONAL),
    ("parameter-made-nullable", "copy_name", parameter("name")),
    ("return-type-changed", "copy_result", "Edm.Int32"),
    ("entity-source-added", "sources", '<Singleton Name="lonely" Type="graph.lonely"/>'),
    ("entity-source-added", "sources", '<EntitySet Name="items" EntityType="graph.item"/>'),
    ("entity-source-added", "sources", '<Singleton Name="first" Type="graph.site"/>'),
    ("entity-source-removed", "archive", ""),
    ("entity-source-removed", "sites", ""),
    ("entity-source-removed", "users", ""),
    ("entity-source-kind-changed", "users", '<Singleton Name="users" Type="graph.user"/>'),
    ("deprecated", "item_notes", deprecated("2027-01-01")),
    ("capability-withdrawn", "items_notes", forbid("InsertRestrictions", "Insertable")),
    ("capability-withdrawn", "items_more", forbid("FilterRestrictions", "Filterable")),
    ("capability-withdrawn", "items_more", forbid("ReadRestrictions", "Readable")),
    ("capability-withdrawn", "versions_update", forbid("UpdateRestrictions", "Updatable")),
    ("capability-withdrawn", "versions_more", forbid("TopSupported", "Supported")),
    ("capability-withdrawn", "versions_more", forbid("ReadRestrictions", "Readable")),
    ("capability-withdrawn", "archive_notes", forbid("UpdateRestrictions", "Updatable")),
    ("capability-granted", "versions_notes", ""),
    ("capability-granted", "users_notes", ""),
    ("annotation-added", "content_notes", COMPUTED),
    ("annotation-added", "item_notes", ALTERNATE),
)  # fmt: skip
"""Changes: the rule, the slot, and what it holds then."""

_SLOT = re.compile(r"\{(\w+)\}")


def service(**changed: str) -> bytes:
    def fill(name: str) -> str:
        held = changed.get(name, SLOTS.get(name, ""))
        return _SLOT.sub(lambda match: fill(match[1]), held)

    return document(fill("whole"))


@cache
def side(*changes: tuple[str, str, str]) -> Side:
    read = reader.read(service(**{slot: text for _, slot, text in changes}), FILE)
    model = resolve(read)
    assert not model.diagnostics, model.diagnostics
    return Side(read, model, take(model, (ALL,)))


def verdicts(*changes: tuple[str, str, str]) -> Mapping[tuple[str, ...], str]:
    """The effect of each finding, by what changed."""

    def told(finding: Finding) -> tuple[str, ...]:
        ends = (f"{end.subject} {end.value}" if end else "" for end in (finding.old, finding.new))
        return finding.rule.id, *ends

    return {told(f): f.effect.value for f in compare(side(), side(*changes)).findings}


alone = cache(verdicts)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change[0]}-{change[1]}")
def test_each_change_is_found(change: tuple[str, str, str]) -> None:
    assert change[0] in {rule for rule, *_ in alone(change)}


PAIRS = tuple((one, other) for one, other in combinations(CHANGES, 2) if one[1] != other[1])

each_share = pytest.mark.parametrize(
    "share", [0, *(pytest.param(n, marks=pytest.mark.thorough) for n in range(1, 5))]
)
"""A fifth of all pairs in ordinary runs, all in thorough ones."""


@each_share
def test_a_verdict_is_the_same_alone_and_with_any_other_change(share: int) -> None:
    wrong: list[str] = []
    for pair in PAIRS[share::5]:
        together = verdicts(*pair)
        expected = {told: effect for one in pair for told, effect in alone(one).items()}
        wrong += [
            f"{pair[0]} and {pair[1]}: {told} is {together[told]}, alone {effect}"
            for told, effect in expected.items()
            if together.get(told, effect) != effect
        ]
    assert not wrong, "\n".join(wrong)


def test_an_operation_on_what_only_another_change_leads_to_adds_nothing_alone() -> None:
    wake = ("operation-added", "find_more", operation("Action", "wake", "", "", "lonely"))
    lonely = ("entity-source-added", "sources", '<Singleton Name="lonely" Type="graph.lonely"/>')
    found = {f.rule.id: f for f in compare(side(), side(wake, lonely)).findings}

    assert found["operation-added"].effect is Effect.INVISIBLE
    assert "lonely.wake" in found["entity-source-added"].methods.added


def test_a_property_that_moves_to_a_new_base_type_takes_no_methods() -> None:
    declared = """
    <EntityType Name="report"><Key><PropertyRef Name="id"/></Key>
      <Property Name="id" Type="Edm.String" Nullable="false"/></EntityType>
    {}
    <EntityContainer Name="x"><Singleton Name="meeting" Type="graph.meeting"/>
      <Singleton Name="other" Type="graph.report"/></EntityContainer>
    """
    reports = (
        '<NavigationProperty Name="reports" Type="Collection(graph.report)" ContainsTarget="true"/>'
    )
    old, new = (
        reader.read(document(declared.format(types)), FILE)
        for types in (
            f'<EntityType Name="meeting">{reports}</EntityType>',
            f'<EntityType Name="base">{reports}</EntityType>'
            '<EntityType Name="meeting" BaseType="graph.base"/>',
        )
    )
    sides = [Side(read, resolve(read), take(resolve(read), (ALL,))) for read in (old, new)]
    findings = compare(sides[0], sides[1]).findings

    assert [f.rule.id for f in findings if f.effect.breaks] == []
