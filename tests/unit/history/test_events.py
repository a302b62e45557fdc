"""When elements came, changed and went, followed through a few small documents and through any."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, reject

from graph_codegen import CodegenError, api
from graph_codegen.diff.report.facts import list_facts
from graph_codegen.diff.verdict.rules import RULES
from graph_codegen.history.events import History, Version, What, trace
from graph_codegen.history.steps import ENTERED, LEFT, MOVED_UP, Step, take_step
from graph_codegen.model.model import Model
from graph_codegen.model.writer import write
from tests.support.csdl import SERVICE, document
from tests.support.models import NEIGHBOURS
from tests.support.published import DESCRIBED, NEWEST, OLDER, OLDEST, RAW, published
from tests.support.shipped import ROOTS as SHIPPED


def _step(report: api.Report) -> Step:
    return take_step(report.details.comparison, report.old, report.new)


def follow(documents: Sequence[bytes], roots: Sequence[str] = ("all",)) -> History:
    sources = (api.read_data(data, f"{n}.xml") for n, data in enumerate(documents))
    steps = map(_step, api.compare_series(sources, roots=roots))
    versions = [Version(date(2026, 1, n), f"{n}.xml", "") for n, _ in enumerate(documents, 1)]
    return trace(versions, steps)


def told(*bodies: str, roots: Sequence[str] = ("communications",)) -> dict[str, str]:
    """Return the events of each element as a line."""
    found = follow([document(body) for body in bodies], roots)
    return {
        one.name: "; ".join(
            " ".join([str(event.version), event.what, *(f.rule.id for f in event.findings)])
            for event in one.events
        )
        for one in found.elements
    }


def former(*bodies: str) -> dict[str, tuple[str, ...]]:
    found = follow([document(body) for body in bodies], ("communications",))
    return {one.name: one.former for one in found.elements}


def put(body: str, where: str, what: str) -> str:
    assert body.count(where) == 1
    return body.replace(where, what + where)


SUBJECT = put(
    SERVICE, '<NavigationProperty Name="owner"', '<Property Name="subject" Type="Edm.String"/>'
)
NUMBER = SUBJECT.replace('"subject" Type="Edm.String"', '"subject" Type="Edm.Int32"')
CALL = "microsoft.graph.call"


def test_an_element_comes_changes_goes_and_comes_back() -> None:
    assert told(SERVICE, SUBJECT, NUMBER, SERVICE, SUBJECT) == {
        f"{CALL}/subject": "1 came property-added; 2 changed property-type-changed; "
        "3 went property-removed; 4 came property-added"
    }


def test_equal_documents_have_no_history() -> None:
    found = follow([document(SERVICE)] * 2)
    assert (found.elements, [sum(counts.values()) for counts in found.counts]) == ((), [0])


def test_an_annotation_is_a_change_of_its_element() -> None:
    note = '<Annotation Term="Org.OData.Core.V1.Computed" Bool="true"/></Property>'
    noted = SUBJECT.replace('"subject" Type="Edm.String"/>', f'"subject" Type="Edm.String">{note}')
    assert told(SUBJECT, noted, SUBJECT) == {
        f"{CALL}/subject": "1 changed annotation-added; 2 changed annotation-removed"
    }


ROOM = '<ComplexType Name="room"><Property Name="name" Type="Edm.{}"/></ComplexType>'
WITH_ROOM = put(
    SUBJECT.replace('"subject" Type="Edm.String"', '"subject" Type="graph.room"'),
    '<EntityContainer', ROOM.format("String"),
)  # fmt: skip


def test_an_element_comes_and_goes_with_its_declaration() -> None:
    other = WITH_ROOM.replace(ROOM.format("String"), ROOM.format("Int32"))
    found = told(SERVICE, WITH_ROOM, other, SERVICE, other)
    assert (
        found["microsoft.graph.room"] == "1 came type-added; 3 went type-removed; 4 came type-added"
    )
    assert found["microsoft.graph.room/name"] == (
        "1 came; 2 changed property-type-changed; 3 went; 4 came"
    )
    assert "microsoft.graph.room/name" not in told(SERVICE, WITH_ROOM, SERVICE)


def test_what_enters_and_leaves_the_slice_comes_and_goes() -> None:
    there = put(SUBJECT, "<EntityContainer", ROOM.format("String"))
    assert told(there, WITH_ROOM, there)["microsoft.graph.room"] == (
        "1 came type-entered; 2 went type-left"
    )


MUTE = "microsoft.graph.mute(microsoft.graph.call, Edm.String)"
LESS = SERVICE.replace('  <Parameter Name="clientContext" Type="Edm.String"/>\n', "")
OTHER = SERVICE.replace('"clientContext" Type="Edm.String"', '"clientContext" Type="Edm.Int32"')


def test_an_operation_is_the_same_whatever_its_parameters() -> None:
    without = SERVICE[: SERVICE.index("<Action")] + SERVICE[SERVICE.index("<EntityContainer") :]
    short = "microsoft.graph.mute(microsoft.graph.call)"
    assert told(without, SERVICE, LESS, without) == {
        short: "1 came operation-added; 3 went operation-removed",
        f"{short}/clientContext": "1 came; 2 went parameter-removed",
    }
    names = former(without, SERVICE, LESS, OTHER)
    assert names["microsoft.graph.mute(microsoft.graph.call, Edm.Int32)"] == (MUTE, short)


def test_a_retyped_parameter_is_the_same_one() -> None:
    name = "microsoft.graph.mute(microsoft.graph.call, Edm.Int32)/clientContext"
    assert told(SERVICE, OTHER)[name] == "1 changed parameter-type-changed"
    assert former(SERVICE, OTHER)[name] == (f"{MUTE}/clientContext",)


def test_a_renamed_property_is_the_same_one() -> None:
    renamed = NUMBER.replace('"subject"', '"Subject"')
    assert told(SERVICE, SUBJECT, NUMBER, renamed, SERVICE) == {
        f"{CALL}/Subject": "1 came property-added; 2 changed property-type-changed; "
        "3 changed property-renamed; 4 went property-removed"
    }
    assert former(NUMBER, renamed) == {f"{CALL}/Subject": (f"{CALL}/subject",)}
    assert former(NUMBER, renamed, NUMBER) == {f"{CALL}/subject": (f"{CALL}/Subject",)}


def test_what_belongs_to_a_renamed_type_goes_with_it() -> None:
    renamed = NUMBER.replace('"call"', '"Call"').replace("graph.call)", "graph.Call)")
    renamed = renamed.replace('"graph.call"', '"graph.Call"')
    gone = renamed.replace('<Property Name="subject" Type="Edm.Int32"/>', "")
    lost = gone[: gone.index("<Action")] + gone[gone.index("<EntityContainer") :]
    found = told(SUBJECT, NUMBER, renamed, gone, lost)
    assert found["microsoft.graph.Call"].startswith("2 changed type-renamed")
    assert found["microsoft.graph.Call/subject"] == (
        "1 changed property-type-changed; 3 went property-removed"
    )
    name = "microsoft.graph.mute(microsoft.graph.Call, Edm.String)"
    assert found[name] == "4 went operation-removed"
    assert former(SUBJECT, NUMBER, renamed)["microsoft.graph.Call/subject"] == (f"{CALL}/subject",)


def test_a_name_that_is_used_again_has_one_history() -> None:
    other = NUMBER.replace('"subject"', '"Subject"')
    found = told(SUBJECT, SERVICE, other, NUMBER)
    assert found == {
        f"{CALL}/subject": "1 went property-removed; 2 came property-added; 3 changed property-renamed"
    }


def test_a_property_that_moves_up_stays_in_its_type() -> None:
    at = '<Property Name="id" Type="Edm.String" Nullable="false"/>'
    moved = put(SERVICE, at, '<Property Name="subject" Type="Edm.String"/>')
    assert told(SUBJECT, moved, SUBJECT)[f"{CALL}/subject"] == (
        "1 changed property-moved-to-base; 2 changed property-moved-from-base"
    )


def test_a_root_need_be_in_one_document() -> None:
    rooms = put(WITH_ROOM, "<EntityContainer", "").replace("graph.room", "Edm.String")
    found = told(SERVICE, SERVICE + "\n", rooms, roots=("communications", "room"))
    assert found["microsoft.graph.room"] == "2 came type-added"
    with pytest.raises(CodegenError, match=r"1\.xml: none of the documents has the root nothing"):
        told(SERVICE, SUBJECT, roots=("communications", "nothing"))


def test_the_rules_that_enter_and_leave_are_all_of_them() -> None:
    assert {rule for rule in RULES if rule.endswith("-entered")} == ENTERED
    assert {rule for rule in RULES if rule.endswith("-left")} == LEFT
    assert RULES[MOVED_UP].moves


# -- any documents


def elements(model: Model) -> set[str]:
    """Return the names of all declarations and of what is in them."""
    declared = {o.signature: o for o in model.operations} | {**model.types}
    inside = {
        f"{name}{key}"
        for name, one in declared.items()
        for key, _, _ in list_facts(one)
        if key.startswith("/")
    }
    owner = model.container.name if model.container else ""
    offered = [*(s.name for s in model.sources), *(i.name for i in model.imports)]
    sources = {f"{owner}/{name}" for name in offered}
    return {*declared, *inside, *sources, owner, *(term.name for term in model.terms)}


def check(found: History, models: Sequence[Model]) -> None:
    """Compare when elements came and went with which versions have them."""
    there = [elements(model) for model in models]
    for one in found.elements:
        findings = [f for event in one.events for f in event.findings]
        doubtful = {f.rule.id for f in findings} & {"python-name-changed", "type-kind-changed"}
        nested = one.name.count("/") > 1
        if one.former or doubtful or nested or any(f.rule.moves for f in findings):
            continue
        versions = [number for number, names in enumerate(there) if one.name in names]
        present = one.events[0].what is not What.CAME
        expected = []
        events = {event.version: event.what for event in one.events}
        for number in range(len(there)):
            what = events.get(number)
            present = what is What.CAME or (present and what is not What.WENT)
            expected += [number] if present else []
        assert versions == expected, one


def series(documents: Sequence[bytes], roots: Sequence[str] = ("all",)) -> None:
    sources = [api.read_data(data, f"{n}.xml") for n, data in enumerate(documents)]
    reports = [*api.compare_series(sources, roots=roots)]
    models = [reports[0].old.model, *(report.new.model for report in reports)]
    found = trace((), map(_step, reports))
    check(found, models)
    counted = [f for one in found.elements for event in one.events for f in event.findings]
    assert sorted(map(id, counted)) == sorted(id(f) for r in reports for f in r.findings)


@given(NEIGHBOURS)
def test_the_history_of_any_documents_is_what_they_hold(pair: tuple[Model, Model]) -> None:
    try:
        old, new = map(write, pair)
        series([old, new, old, new])
    except CodegenError:
        reject()


def test_the_history_of_graph_is_what_its_documents_hold() -> None:
    names = (OLDEST, DESCRIBED, OLDER, RAW, NEWEST)
    series([published(name).read_bytes() for name in names], SHIPPED)


# -- memory


def test_two_documents_at_a_time_are_in_memory() -> None:
    alive: list[weakref.ref[Model]] = []
    most = []

    def sources() -> Iterator[api.Source]:
        for body in (SERVICE, SUBJECT, NUMBER, SERVICE, SUBJECT):
            gc.collect()
            most.append(sum(ref() is not None for ref in alive))
            found = [api.read_data(document(body), "a.xml")]
            alive.append(weakref.ref(found[0].model))
            yield found.pop()

    steps = [*map(_step, api.compare_series(sources(), roots=("communications",)))]
    assert len(steps) == 4
    assert max(most) == 1  # and the one that is read next
    gc.collect()
    assert not any(ref() for ref in alive)
    assert [len(step.findings) for step in steps] == [1, 1, 1, 1]
    assert all(one.new == other.old for one, other in pairwise(steps))
