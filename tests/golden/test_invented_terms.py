"""An entry in the table of terms is all that a restriction takes: requests, comparisons and rules follow."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from graph_codegen.csdl import vocabulary
from graph_codegen.csdl.vocabulary import Restriction, Term
from graph_codegen.diff.verdict.findings import Level, Step
from graph_codegen.diff.verdict.rules import Effect
from graph_codegen.service.requests import Request, list_requests
from tests.golden import rules
from tests.golden.rules import Example
from tests.support.csdl import ITEM, model

INVOKE = Term(
    name="Contoso.V1.InvokeRestrictions",
    meaning="capability",
    restrictions=(Restriction("Invocable", frozenset({"action"})),),
)
"""A capability on an operation."""

FROZEN = Term(
    name="Contoso.V1.Frozen",
    restrictions=(Restriction(requests=frozenset({"update", "delete"}), value=True),),
)
"""A tag on a resource."""

PAGED = Term(
    name="Contoso.V1.PagingSupport",
    meaning="capability",
    restrictions=(Restriction("Offset/Supported", option="skip"),),
)
"""A capability with a flag in a record inside its record, which is about a query option."""

PAGE = """
### `capability-withdrawn`

Graph: breaking. Python: depends on the client's methods.

Here: breaks at type-check and at run time.

```diff self.mute(self.call)@Contoso.V1.InvokeRestrictions
 <EntityType Name="call"/>
 <Action Name="mute" IsBound="true">
   <Parameter Name="bindingParameter" Type="self.call"/>
+  <Annotation Term="Contoso.V1.InvokeRestrictions">
+    <Record><PropertyValue Property="Invocable" Bool="false"/></Record>
+  </Annotation>
 </Action>
 <Singleton Name="call" Type="self.call"/>
```

Here: breaks at type-check and at run time.

```diff self.GraphService/calls@Contoso.V1.PagingSupport
 <EntityType Name="call"/>
 <EntitySet Name="calls" EntityType="self.call">
   <Annotation Term="Contoso.V1.PagingSupport">
     <Record>
       <PropertyValue Property="Offset">
-        <Record><PropertyValue Property="Supported" Bool="true"/></Record>
+        <Record><PropertyValue Property="Supported" Bool="false"/></Record>
       </PropertyValue>
     </Record>
   </Annotation>
 </EntitySet>
```

### `annotation-added`

Graph: compatible. Python: depends on the client's methods.

Here: breaks at type-check and at run time.

```diff self.GraphService/call@Contoso.V1.Frozen
 <EntityType Name="call"/>
 <Singleton Name="call" Type="self.call">
+  <Annotation Term="Contoso.V1.Frozen"/>
 </Singleton>
```

### `annotation-removed`

Graph: compatible. Python: depends on the client's methods.

Here: additive.

```diff self.GraphService/call@Contoso.V1.Frozen
 <EntityType Name="call"/>
 <Singleton Name="call" Type="self.call">
-  <Annotation Term="Contoso.V1.Frozen"/>
 </Singleton>
```
"""
"""What `docs/rules.md` would say of them."""

EXAMPLES = tuple(example for section in rules.sections(PAGE) for example in section.examples)


@pytest.fixture
def invented(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enter the terms in the table."""
    for term in (INVOKE, FROZEN, PAGED):
        monkeypatch.setitem(vocabulary.TERMS, term.name, term)


def requests(annotation: str) -> dict[str, Request]:
    service = model(f"""
        {ITEM.format("")}
        <Action Name="mute" IsBound="true">
          <Parameter Name="it" Type="graph.item"/>
          {annotation if "Invoke" in annotation else ""}
        </Action>
        <EntityContainer Name="service">
          <EntitySet Name="items" EntityType="graph.item">
            {annotation if "Invoke" not in annotation else ""}
          </EntitySet>
        </EntityContainer>
        """)
    return {request.http: request for request in list_requests(service)}


def flag(term: Term, *records: str) -> str:
    value = '<PropertyValue Property="{}">{}</PropertyValue>'
    text = f'<PropertyValue Property="{records[-1]}" Bool="false"/>'
    for name in reversed(records[:-1]):
        text = value.format(name, f"<Record>{text}</Record>")
    return f'<Annotation Term="{term.name}"><Record>{text}</Record></Annotation>'


ANNOTATIONS = {
    "operation": flag(INVOKE, "Invocable"),
    "tag": f'<Annotation Term="{FROZEN.name}"/>',
    "option": flag(PAGED, "Offset", "Supported"),
}

Effects = Callable[[str], tuple[set[str], set[str]]]


@pytest.fixture
def effects() -> Effects:
    """What an annotation takes away: requests, and options of the requests that are left."""

    def compare(annotation: str) -> tuple[set[str], set[str]]:
        before, after = requests(""), requests(annotation)
        options: set[str] = {
            option
            for line, request in after.items()
            for option in set(before[line].options) - set(request.options)
        }
        return before.keys() - after.keys(), options

    return compare


def test_an_unknown_term_takes_nothing_away(effects: Effects) -> None:
    assert [effects(annotation) for annotation in ANNOTATIONS.values()] == [(set(), set())] * 3


@pytest.mark.usefixtures("invented")
def test_requests_and_options_follow_the_table(effects: Effects) -> None:
    assert {name: effects(annotation) for name, annotation in ANNOTATIONS.items()} == {
        "operation": ({"POST /items/{item-id}/mute"}, set()),
        "tag": ({"PATCH /items/{item-id}", "DELETE /items/{item-id}"}, set()),
        "option": (set(), {"skip"}),
    }


@pytest.mark.usefixtures("invented")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.id)
def test_comparisons_and_the_page_follow_the_table(example: Example) -> None:
    comparison = rules.comparison(example)
    (finding,) = comparison.findings

    assert finding.rule.id == example.rule
    assert finding.element == example.element.replace("self.", "microsoft.graph.")
    assert finding.effect is example.expected
    assert finding.methods.removed or finding.methods.added or finding.methods.altered
    assert (comparison.step is Step.MAJOR) is (finding.level is Level.BREAKING)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.id)
def test_without_an_entry_a_term_says_nothing_about_methods(example: Example) -> None:
    (finding,) = rules.comparison(example).findings

    assert finding.effect is Effect.INVISIBLE
    assert finding.methods.removed == finding.methods.added == finding.methods.altered == ()
