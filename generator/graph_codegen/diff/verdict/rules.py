"""The rules: every way in which two documents can differ, and what it means for Graph and for Python.

A rule's id is stable: ignore files, reports and scripts name it, and no code takes it apart. A new rule
is a row here, the code that finds the change, and a section with an example in `docs/rules.md`, which
the tests compare, generate, type-check and run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Literal


class Policy(StrEnum):
    """Graph's own policy on a change.

    It is breaking to remove, rename or retype a declared property, API or parameter, or to require a
    new one; what only an annotation takes away is compatible. Source: https://learn.microsoft.com/graph/versioning-and-support.
    """

    BREAKING = "breaking"
    COMPATIBLE = "compatible"


class Effect(StrEnum):
    """What a change does to Python code that uses the generated package.

    BOTH: a type checker rejects code that it accepted, and the code fails when it runs.
    TYPE_CHECK: a type checker rejects it, and it still runs. RUN_TIME: it fails when it runs, and no
    type checker reports it. DEPRECATED: type checkers can report that it uses what is deprecated.
    ADDITIVE: code can use something new. INVISIBLE: code cannot tell.
    """

    BOTH = "type-check and run-time"
    TYPE_CHECK = "type-check"
    RUN_TIME = "run-time"
    DEPRECATED = "deprecated"
    ADDITIVE = "additive"
    INVISIBLE = "invisible"

    @property
    def breaks(self) -> bool:
        """Whether code breaks, at type-check or at run time."""
        return self in (Effect.BOTH, Effect.TYPE_CHECK, Effect.RUN_TIME)


Reach = Literal["none", "calls", "element", "below"]
"""Which of the client's methods a change can add, remove or alter: none, those that depend on the
element itself, or also those of the resources below it. A change that reaches only `calls` alters methods:
it has no part in how they are named."""

Part = Literal[
    "paths", "links", "shapes", "operations", "parameters", "annotations", "granted", "withdrawn"
]
"""What of a document changes, by which changes are told apart that hide each other: where paths lead, by
entity sets, singletons and navigation properties; whether these contain what they lead to; what types are,
and their other properties; which operations there are; what those take and return; and what annotations
say, by which capabilities are `granted` or `withdrawn`, apart from the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of change.

    `effect` is None if it depends on what happens to the client's methods. `opposite` is the rule
    for the same change in the other direction, empty if that is the rule itself or names this one.
    `fact` is the attribute of a declaration that changed, as the side-by-side report calls it.
    """

    id: str
    title: str
    policy: Policy
    effect: Effect | None
    opposite: str = ""
    reach: Reach = "none"
    directed: bool = False
    """Its own effect holds unless values travel only where the new type suits: see `directions`."""
    part: Part | None = None
    """The part of a document that it changes, None if the element that changed decides."""
    names_client: bool = False
    """The name of the client class can depend on it, and with it the path to every method."""
    one_sided: bool = False
    """The whole declaration is on one side only."""
    renames: bool = False
    """The element has another name on the new side, and is otherwise the same."""
    moves: bool = False
    """The element belongs to another type on the new side."""
    fact: str = ""


_breaking = partial(Rule, policy=Policy.BREAKING)
_compatible = partial(Rule, policy=Policy.COMPATIBLE)
_BOTH, _TYPE_CHECK, _RUN_TIME = Effect.BOTH, Effect.TYPE_CHECK, Effect.RUN_TIME
_DEPRECATED, _ADDITIVE, _INVISIBLE = Effect.DEPRECATED, Effect.ADDITIVE, Effect.INVISIBLE
_BY_METHODS = None

RULES: Mapping[str, Rule] = {
    rule.id: rule
    for rule in (
        # Types
        _compatible(id="type-added", title="type added", effect=_ADDITIVE,
                    opposite="type-removed", one_sided=True, fact="kind"),
        _breaking(id="type-removed", title="type removed", effect=_BOTH, one_sided=True, fact="kind"),
        _breaking(id="type-renamed", title="type renamed", effect=_BOTH, renames=True),
        _compatible(id="type-entered", title="type entered the subset", effect=_ADDITIVE,
                    opposite="type-left", one_sided=True, fact="kind"),
        _compatible(id="type-left", title="type left the subset", effect=_BOTH, one_sided=True, fact="kind"),
        _breaking(id="type-kind-changed", title="type became another kind of type", effect=_BOTH,
                  fact="kind"),
        _breaking(id="structure-kind-changed", title="entity and complex type swapped", effect=_BY_METHODS,
                  reach="element", part="shapes", fact="kind"),
        _breaking(id="base-type-changed", title="base type changed", effect=_BOTH,
                  reach="element", part="shapes", fact="base type"),
        _compatible(id="base-type-extended", title="base type added", effect=_ADDITIVE,
                    opposite="base-type-changed", reach="element", part="shapes", fact="base type"),
        _compatible(id="type-made-abstract", title="type made abstract", effect=_RUN_TIME,
                    opposite="type-made-concrete", fact="abstract"),
        _compatible(id="type-made-concrete", title="type no longer abstract", effect=_ADDITIVE,
                    fact="abstract"),
        _compatible(id="type-opened", title="type opened", effect=_INVISIBLE,
                    opposite="type-closed", fact="open"),
        _compatible(id="type-closed", title="type closed", effect=_INVISIBLE, fact="open"),
        _compatible(id="stream-added", title="media stream added", effect=_BY_METHODS,
                    opposite="stream-removed", reach="element", part="shapes", fact="media stream"),
        _breaking(id="stream-removed", title="media stream removed", effect=_BY_METHODS,
                  reach="element", part="shapes", fact="media stream"),
        _compatible(id="key-added", title="key added", effect=_BY_METHODS,
                    opposite="key-removed", reach="element", part="shapes", fact="key"),
        _breaking(id="key-removed", title="key removed", effect=_BY_METHODS,
                  reach="element", part="shapes", fact="key"),
        _breaking(id="key-changed", title="key changed", effect=_BY_METHODS,
                  reach="element", part="shapes", fact="key"),
        # Enumerations
        _compatible(id="member-added", title="member added", effect=_ADDITIVE, opposite="member-removed"),
        _breaking(id="member-removed", title="member removed", effect=_BOTH),
        _breaking(id="member-renamed", title="member renamed", effect=_BOTH, renames=True),
        _breaking(id="member-respelled", title="spelling of a member changed", effect=_RUN_TIME),
        _compatible(id="member-value-changed", title="numeric value changed", effect=_INVISIBLE),
        _compatible(id="flag-value-changed", title="numeric value of a flag changed", effect=_RUN_TIME),
        _breaking(id="flags-changed", title="became, or is no longer, a flags enumeration", effect=_BOTH,
                  fact="flags"),
        _compatible(id="underlying-type-changed", title="underlying type changed", effect=_INVISIBLE,
                    fact="underlying type"),
        # Properties, structural and navigation
        _compatible(id="property-added", title="property added", effect=_ADDITIVE,
                    opposite="property-removed", reach="below"),
        _breaking(id="required-property-added", title="required property added", effect=_ADDITIVE,
                  opposite="property-removed", reach="below"),
        _breaking(id="property-removed", title="property removed", effect=_BOTH, reach="below"),
        _breaking(id="property-renamed", title="property renamed", effect=_BOTH, reach="below", renames=True),
        _compatible(id="property-entered", title="property entered the subset", effect=_ADDITIVE,
                    opposite="property-left", reach="below"),
        _compatible(id="property-left", title="property left the subset", effect=_BOTH, reach="below"),
        _compatible(id="property-moved-to-base", title="property moved to a base type", effect=_INVISIBLE,
                    opposite="property-moved-from-base", moves=True),
        _compatible(id="property-moved-from-base", title="property moved from a base type", effect=_INVISIBLE,
                    moves=True),
        _breaking(id="property-type-changed", title="type changed", effect=_BOTH, directed=True,
                  reach="below"),
        _breaking(id="property-format-changed", title="type changed, but not in Python", effect=_INVISIBLE),
        _breaking(id="property-collection-changed", title="single value and collection swapped", effect=_BOTH,
                  reach="below"),
        _breaking(id="property-kind-changed", title="structural and navigation swapped", effect=_BY_METHODS,
                  reach="below", part="links"),
        _compatible(id="property-made-nullable", title="null allowed", effect=_INVISIBLE,
                    opposite="property-made-required"),
        _breaking(id="property-made-required", title="null no longer allowed", effect=_INVISIBLE),
        _compatible(id="containment-gained", title="now contains its target", effect=_BY_METHODS,
                    opposite="containment-lost", reach="below", part="links"),
        _breaking(id="containment-lost", title="no longer contains its target", effect=_BY_METHODS,
                  reach="below", part="links"),
        _compatible(id="partner-changed", title="partner changed", effect=_INVISIBLE),
        _compatible(id="facet-changed", title="facet changed", effect=_INVISIBLE),
        # Operations
        _compatible(id="operation-added", title="operation added", effect=_BY_METHODS,
                    opposite="operation-removed", reach="element", one_sided=True, fact="kind"),
        _breaking(id="operation-removed", title="operation removed", effect=_BY_METHODS,
                  reach="element", one_sided=True, fact="kind"),
        _breaking(id="operation-renamed", title="operation renamed", effect=_BY_METHODS,
                  reach="element", renames=True),
        _compatible(id="operation-entered", title="operation entered the subset", effect=_BY_METHODS,
                    opposite="operation-left", reach="element", one_sided=True, fact="kind"),
        _compatible(id="operation-left", title="operation left the subset", effect=_BY_METHODS,
                    reach="element", one_sided=True, fact="kind"),
        _breaking(id="operation-kind-changed", title="action and function swapped", effect=_BY_METHODS,
                  reach="element", fact="kind"),
        _compatible(id="function-made-composable", title="result takes operations now", effect=_BY_METHODS,
                    opposite="function-made-not-composable", reach="element", fact="composable"),
        _breaking(id="function-made-not-composable", title="result takes no operations any more",
                  effect=_BY_METHODS, reach="element", fact="composable"),
        _compatible(id="operation-attribute-changed", title="attribute changed", effect=_INVISIBLE),
        _compatible(id="binding-parameter-changed", title="binding parameter changed", effect=_INVISIBLE),
        _compatible(id="optional-parameter-added", title="optional parameter added", effect=_ADDITIVE,
                    opposite="parameter-removed", reach="element"),
        _breaking(id="required-parameter-added", title="required parameter added", effect=_BOTH,
                  opposite="parameter-removed", reach="element"),
        _breaking(id="parameter-removed", title="parameter removed", effect=_BOTH, reach="element"),
        _breaking(id="parameter-renamed", title="parameter renamed", effect=_BOTH,
                  reach="element", renames=True),
        _breaking(id="parameter-type-changed", title="type changed", effect=_BOTH, directed=True),
        _breaking(id="parameter-format-changed", title="type changed, but not in Python", effect=_INVISIBLE),
        _breaking(id="parameter-collection-changed", title="single value and collection swapped",
                  effect=_BOTH),
        _compatible(id="parameter-made-optional", title="may be left out", effect=_ADDITIVE,
                    opposite="parameter-made-required", reach="calls"),
        _breaking(id="parameter-made-required", title="must be given", effect=_BOTH, reach="calls"),
        _compatible(id="parameter-made-nullable", title="null allowed", effect=_ADDITIVE,
                    opposite="parameter-made-not-null"),
        _breaking(id="parameter-made-not-null", title="null no longer allowed", effect=_BOTH),
        _compatible(id="parameter-order-changed", title="order of parameters changed", effect=_INVISIBLE,
                    reach="element", part="parameters"),
        _compatible(id="return-added", title="result added", effect=_ADDITIVE,
                    opposite="return-removed", reach="calls"),
        _breaking(id="return-removed", title="result removed", effect=_BOTH, reach="calls"),
        _breaking(id="return-type-changed", title="result's type changed", effect=_BOTH, directed=True,
                  reach="calls"),
        _breaking(id="return-format-changed", title="result's type changed, but not in Python",
                  effect=_INVISIBLE),
        _breaking(id="return-collection-changed", title="single result and collection swapped", effect=_BOTH,
                  reach="calls"),
        _compatible(id="return-nullability-changed", title="nullability of the result changed",
                    effect=_INVISIBLE),
        # Entity container
        _compatible(id="entity-source-added", title="entity set or singleton added", effect=_BY_METHODS,
                    opposite="entity-source-removed", reach="below", names_client=True),
        _breaking(id="entity-source-removed", title="entity set or singleton removed", effect=_BY_METHODS,
                  reach="below", names_client=True),
        _breaking(id="entity-source-renamed", title="entity set or singleton renamed", effect=_BY_METHODS,
                  reach="below", names_client=True, renames=True),
        _breaking(id="entity-source-type-changed", title="type of the entities changed", effect=_BOTH,
                  directed=True, reach="below"),
        _breaking(id="entity-source-kind-changed", title="entity set and singleton swapped", effect=_BOTH,
                  reach="below", names_client=True),
        _compatible(id="import-added", title="action or function import added", effect=_BY_METHODS,
                    opposite="import-removed", reach="element"),
        _breaking(id="import-removed", title="action or function import removed", effect=_BY_METHODS,
                  reach="element"),
        _breaking(id="import-changed", title="another operation is imported", effect=_BOTH, reach="element"),
        _compatible(id="entity-container-renamed", title="entity container renamed", effect=_INVISIBLE,
                    renames=True),
        _compatible(id="navigation-binding-added", title="navigation property binding added",
                    effect=_INVISIBLE, opposite="navigation-binding-removed"),
        _compatible(id="navigation-binding-removed", title="navigation property binding removed",
                    effect=_INVISIBLE),
        _compatible(id="navigation-binding-changed", title="navigation property binding changed",
                    effect=_INVISIBLE),
        # Terms
        _compatible(id="term-added", title="term added", effect=_INVISIBLE, opposite="term-removed"),
        _compatible(id="term-removed", title="term removed", effect=_INVISIBLE),
        _compatible(id="term-changed", title="term changed", effect=_INVISIBLE),
        # Annotations
        _compatible(id="deprecated", title="deprecated", effect=_DEPRECATED,
                    opposite="deprecation-withdrawn"),
        _compatible(id="deprecation-changed", title="deprecation changed", effect=_DEPRECATED),
        _compatible(id="deprecation-withdrawn", title="no longer deprecated", effect=_INVISIBLE),
        _compatible(id="capability-withdrawn", title="capability withdrawn", effect=_BY_METHODS,
                  opposite="capability-granted", reach="element", part="withdrawn"),
        _compatible(id="capability-granted", title="capability granted", effect=_BY_METHODS,
                    reach="element", part="granted"),
        _compatible(id="restriction-changed", title="restrictions changed", effect=_INVISIBLE),
        _compatible(id="description-added", title="description added", effect=_INVISIBLE,
                    opposite="description-removed"),
        _compatible(id="description-changed", title="description changed", effect=_INVISIBLE),
        _compatible(id="description-removed", title="description removed", effect=_INVISIBLE),
        _compatible(id="annotation-added", title="annotation added", effect=_BY_METHODS,
                    opposite="annotation-removed", reach="element"),
        _compatible(id="annotation-changed", title="annotation changed", effect=_BY_METHODS, reach="element"),
        _compatible(id="annotation-removed", title="annotation removed", effect=_BY_METHODS, reach="element"),
        # Names in Python
        _compatible(id="python-name-changed", title="name in Python changed", effect=_BOTH),
    )
}  # fmt: skip
"""All rules by id, in the order of the documentation."""
