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
from graph_codegen.diff.verdict.rules import RULES, Effect
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


PUT = (
    '<Annotation Term="Org.OData.Capabilities.V1.UpdateRestrictions"><Record>'
    '<PropertyValue Property="UpdateMethod"><EnumMember>Org.OData.Capabilities.V1.HttpMethod/PUT</EnumMember>'
    "</PropertyValue></Record></Annotation>"
)


def noted(text: str) -> str:
    return f'<Annotation Term="graph.old" String="{text}"/>'


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
      <EntityType Name="fileItem" BaseType="graph.{file_base}">{file_more}</EntityType>
      <EntityType Name="version"{version_base}><Property Name="number" Type="Edm.Int32"/>{version_key}
        <NavigationProperty Name="author" Type="graph.user" ContainsTarget="{author}"/></EntityType>
      <EntityType Name="user" BaseType="graph.entity"{user_stream}>{tags}{labels}{drafts}{user_notes}
      </EntityType>
      <EntityType Name="lonely" BaseType="graph.entity"/>
      <EntityType Name="tag">{tag_described}{tag_key}<Property Name="id" Type="Edm.String" Nullable="false"/>
        <Property Name="code" Type="Edm.String" Nullable="false"/></EntityType>
      <EntityType Name="label">{label_key}<NavigationProperty Name="of" Type="graph.user"/>
        <Property Name="id" Type="Edm.String" Nullable="false"/>
        <Property Name="text" Type="{label_text}"{label_facets}>{described}</Property></EntityType>
      <EntityType Name="draft" BaseType="graph.entity"><Property Name="one" Type="{draft_one}"{draft_null}/>
        <Property Name="two" Type="Edm.String"{draft_required}/></EntityType>
      {kinds}{members_of}{family}{operations}{terms}
      <EntityContainer Name="{service}">{sites}{archive}{users}{sources}{imports}
        <EntitySet Name="stable" EntityType="graph.tag"/><EntitySet Name="steady" EntityType="graph.item"/>
      </EntityContainer>""",
    "kinds": "{spare}{sphere}{shade}{wrap}{wall}{vault}",
    "spare": '<ComplexType Name="spare"/>',
    "sphere": '<ComplexType Name="sphere"><Property Name="radius" Type="Edm.Int32"/></ComplexType>',
    "shade": '<EnumType Name="shade"><Member Name="dark" Value="0"/></EnumType>',
    "wrap": '<EntityType Name="wrap"/>',
    "wall": '<ComplexType Name="wall" Abstract="true"/>',
    "vault": '<ComplexType Name="vault" OpenType="true"/>',
    "members_of": """
      <EnumType Name="phase"{underlying}><Member Name="new" Value="0"/>{running}{stopped}{gone}
        <Member Name="lost" Value="{lost}"/></EnumType>
      <EnumType Name="alert"{flags}><Member Name="sound" Value="1"/><Member Name="all" Value="2"/></EnumType>
      <EnumType Name="right" IsFlags="true"><Member Name="read" Value="1"/><Member Name="all" Value="{all}"/>
      </EnumType>""",
    "running": '<Member Name="Running" Value="1"/>',
    "stopped": '<Member Name="stopped" Value="2"/>',
    "gone": '<Member Name="gone_away" Value="3"/>',
    "lost": "9",
    "flags": ' IsFlags="true"',
    "all": "3",
    "family": "{up}{down}",
    "up": '<ComplexType Name="upBase"/><ComplexType Name="up" BaseType="graph.upBase">'
    '<Property Name="p" Type="Edm.String"/></ComplexType>',
    "down": '<ComplexType Name="downBase"><Property Name="p" Type="Edm.String"/></ComplexType>'
    '<ComplexType Name="down" BaseType="graph.downBase"/>',
    "file_base": "item",
    "tags": '<NavigationProperty Name="tags" Type="Collection(graph.tag)" ContainsTarget="true"/>',
    "labels": '<NavigationProperty Name="labels" Type="Collection(graph.label)" ContainsTarget="true"'
    "{labels_partner}>{label_limits}</NavigationProperty>",
    "drafts": '<NavigationProperty Name="drafts" Type="Collection(graph.draft)"'
    ' ContainsTarget="{drafts_kept}"/>',
    "drafts_kept": "false",
    "tag_key": '<Key><PropertyRef Name="id"/></Key>',
    "label_key": '<Key><PropertyRef Name="id"/></Key>',
    "label_text": "Edm.String",
    "described": '<Annotation Term="Org.OData.Core.V1.Description" String="What it says."/>',
    "draft_one": "Edm.Int32",
    "draft_required": ' Nullable="false"',
    "user_notes": f'{deprecated("2026-01-01")}{{noted}}',
    "noted": '<Annotation Term="Org.OData.Core.V1.LongDescription" String="A user."/>',
    "service": "Service",
    "terms": '<Term Name="old" Type="Edm.String"/>{billing}{new_term}',
    "billing": '<Term Name="billing" Type="Edm.String"{applies}/>',
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
    "operations": "{copy}{move}{find}{find_more}{seek}{scan}{loose}{turn}{read}{rest}{plain}",
    "turn": operation("Action", "turn", "{turn_to}{turn_by}{turn_at}{turn_on}{turn_x}", "", "user"),
    "turn_to": parameter("to", "graph.note"),
    "turn_by": parameter("by", "Edm.Int32"),
    "turn_at": parameter("at", "Edm.String"),
    "turn_on": parameter("turnOn", "Edm.String"),
    "turn_x": parameter("x") + parameter("y"),
    "read": operation(
        "Function", "read", parameter("off", notes="{read_off}"), "{read_result}", "user"
    ).replace('IsBound="true"', 'IsBound="true"{read_attributes}'),
    "rest": '<Function Name="rest" IsBound="true"{rest_attributes}>'
    '<Parameter Name="{rest_it}" Type="graph.user"/>{rest_result}</Function>',
    "rest_it": "it",
    "rest_attributes": ' IsComposable="true"',
    "rest_result": '<ReturnType Type="Edm.Int32" Nullable="false"/>',
    "plain": '<Action Name="reset"/><Action Name="resetAll"/><Action Name="start"/>',
    "imports": '<ActionImport Name="reset" Action="graph.{reset}"/>{start}{more_imports}',
    "reset": "reset",
    "start": '<ActionImport Name="start" Action="graph.start"/>',
    "read_off": OPTIONAL,
    "read_result": "Collection(graph.note)",
    "copy": operation("Action", "copy", "{copy_name}{copy_more}").replace(
        "</Action>", "{copy_returns}</Action>"
    ),
    "copy_returns": '<ReturnType Type="{copy_result}"/>',
    "copy_name": parameter("name", more=' Nullable="false"'),
    "copy_result": "graph.note",
    "move": operation("Action", "move", "{move_more}"),
    "find": operation("Function", "find", parameter("text", notes="{find_text}"), "Edm.Int32"),
    "seek": operation("Function", "seek", parameter("text"), "Edm.String", "version"),
    "scan": operation("Function", "scan", parameter("text"), "Edm.String", "version"),
    "loose": operation("Action", "loose", "", "", "lonely"),
    "sites": '<EntitySet Name="sites" EntityType="graph.site"/>',
    "archive": '<Singleton Name="archive" Type="graph.site">{archive_notes}</Singleton>',
    "users": '<EntitySet Name="users" EntityType="graph.user">{users_bindings}{users_notes}</EntitySet>',
    "users_bindings": '<NavigationPropertyBinding Path="tags" Target="stable"/>',
    "label_limits": noted("first"),
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
    ("type-added", "kinds", "{spare}{sphere}{shade}{wrap}{wall}{vault}" '<ComplexType Name="extra"/>'),
    ("type-removed", "spare", ""),
    ("type-renamed", "sphere",
     '<ComplexType Name="spheres"><Property Name="radius" Type="Edm.Int32"/></ComplexType>'),
    ("type-kind-changed", "shade", '<ComplexType Name="shade"/>'),
    ("structure-kind-changed", "wrap", '<ComplexType Name="wrap"/>'),
    ("base-type-changed", "file_base", "entity"),
    ("type-made-concrete", "wall", '<ComplexType Name="wall"/>'),
    ("type-closed", "vault", '<ComplexType Name="vault"/>'),
    ("stream-added", "user_stream", ' HasStream="true"'),
    ("key-removed", "tag_key", ""),
    ("key-changed", "tag_key", '<Key><PropertyRef Name="code"/></Key>'),
    ("key-changed", "label_key", '<Key><PropertyRef Name="id"/><PropertyRef Name="text"/></Key>'),
    ("member-removed", "gone", ""),
    ("member-renamed", "gone", '<Member Name="gone_awayy" Value="3"/>'),
    ("member-respelled", "running", '<Member Name="running" Value="1"/>'),
    ("member-value-changed", "lost", "8"),
    ("flag-value-changed", "all", "4"),
    ("flags-changed", "flags", ""),
    ("underlying-type-changed", "underlying", ' UnderlyingType="Edm.Int64"'),
    ("required-property-added", "note_more", '<Property Name="must" Type="Edm.String" Nullable="false"/>'),
    ("property-moved-to-base", "up",
     '<ComplexType Name="upBase"><Property Name="p" Type="Edm.String"/></ComplexType>'
     '<ComplexType Name="up" BaseType="graph.upBase"/>'),
    ("property-moved-from-base", "down",
     '<ComplexType Name="downBase"/><ComplexType Name="down" BaseType="graph.downBase">'
     '<Property Name="p" Type="Edm.String"/></ComplexType>'),
    ("property-type-changed", "owner", '<NavigationProperty Name="owner" Type="graph.item"/>'),
    ("property-type-changed", "tags",
     '<NavigationProperty Name="tags" Type="Collection(graph.user)" ContainsTarget="true"/>'),
    ("property-format-changed", "draft_one", "Edm.Int64"),
    ("property-collection-changed", "draft_one", "Collection(Edm.Int32)"),
    ("property-collection-changed", "owner",
     '<NavigationProperty Name="owner" Type="Collection(graph.user)"/>'),
    ("property-made-nullable", "draft_required", ""),
    ("property-made-required", "draft_null", ' Nullable="false"'),
    ("containment-gained", "drafts_kept", "true"),
    ("partner-changed", "labels_partner", ' Partner="of"'),
    ("facet-changed", "label_facets", ' MaxLength="9"'),
    ("function-made-composable", "read_attributes", ' IsComposable="true"'),
    ("function-made-not-composable", "rest_attributes", ""),
    ("operation-attribute-changed", "read_attributes", ' EntitySetPath="it"'),
    ("binding-parameter-changed", "rest_it", "one"),
    ("parameter-renamed", "turn_on", parameter("turn_on")),
    ("parameter-type-changed", "turn_at", parameter("at", "Edm.Guid")),
    ("parameter-format-changed", "turn_by", parameter("by", "Edm.Int64")),
    ("parameter-collection-changed", "turn_to", parameter("to", "Collection(graph.note)")),
    ("parameter-made-required", "read_off", ""),
    ("parameter-made-not-null", "turn_at", parameter("at", more=' Nullable="false"')),
    ("parameter-order-changed", "turn_x", parameter("y") + parameter("x")),
    ("return-added", "move", operation("Action", "move", "{move_more}", "Edm.Int32")),
    ("return-removed", "copy_returns", ""),
    ("return-format-changed", "rest_result", '<ReturnType Type="Edm.Int64" Nullable="false"/>'),
    ("return-collection-changed", "read_result", "graph.note"),
    ("return-nullability-changed", "rest_result", '<ReturnType Type="Edm.Int32"/>'),
    ("entity-source-renamed", "archive",
     '<Singleton Name="archives" Type="graph.site">{archive_notes}</Singleton>'),
    ("entity-source-type-changed", "sites", '<EntitySet Name="sites" EntityType="graph.item"/>'),
    ("import-added", "more_imports", '<ActionImport Name="resetAll" Action="graph.resetAll"/>'),
    ("import-removed", "start", ""),
    ("import-changed", "reset", "resetAll"),
    ("entity-container-renamed", "service", "Services"),
    ("navigation-binding-added", "sites",
     '<EntitySet Name="sites" EntityType="graph.site">'
     '<NavigationPropertyBinding Path="items" Target="steady"/></EntitySet>'),
    ("navigation-binding-removed", "users_bindings", ""),
    ("navigation-binding-changed", "users_bindings",
     '<NavigationPropertyBinding Path="tags" Target="steady"/>'),
    ("term-added", "new_term", '<Term Name="newer" Type="Edm.String"/>'),
    ("term-removed", "billing", ""),
    ("term-changed", "applies", ' AppliesTo="EntityType"'),
    ("deprecation-changed", "user_notes", f'{deprecated("2026-02-02")}{{noted}}'),
    ("deprecation-withdrawn", "user_notes", "{noted}"),
    ("restriction-changed", "archive_notes", PUT),
    ("description-added", "tag_described",
     '<Annotation Term="Org.OData.Core.V1.Description" String="A tag."/>'),
    ("description-changed", "described",
     '<Annotation Term="Org.OData.Core.V1.Description" String="What it is."/>'),
    ("description-removed", "noted", ""),
    ("annotation-changed", "label_limits", noted("changed")),
    ("annotation-removed", "label_limits", ""),
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


def test_every_rule_has_a_change() -> None:
    """But those of what comes with another change: of what enters or leaves the subset, or collides."""
    moved = {
        f"{what}-{how}" for what in ("type", "property", "operation") for how in ("entered", "left")
    }
    assert {rule for rule, _, _ in CHANGES} == RULES.keys() - moved - {"python-name-changed"}


PAIRS = tuple((one, other) for one, other in combinations(CHANGES, 2) if one[1] != other[1])

each_share = pytest.mark.parametrize(
    "share", [0, *(pytest.param(n, marks=pytest.mark.thorough) for n in range(1, 40))]
)
"""A fortieth of all pairs in ordinary runs, all in thorough ones."""


@each_share
def test_a_verdict_is_the_same_alone_and_with_any_other_change(share: int) -> None:
    wrong: list[str] = []
    for pair in PAIRS[share::40]:
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


def test_an_alternate_key_that_is_a_new_property_adds_its_methods() -> None:
    key = ("annotation-added", "item_notes", ALTERNATE.replace('"path"', '"code"'))
    code = ("property-added", "item_more", '<Property Name="code" Type="Edm.String"/>')
    found = {f.rule.id: f for f in compare(side(), side(key, code)).findings}

    assert found["annotation-added"].effect is Effect.ADDITIVE
    assert "steady.get_by_code" in found["annotation-added"].methods.added
    assert found["property-added"].methods.added == ()


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
