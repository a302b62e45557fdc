"""The rules: every way in which two documents can differ, with what it means for whom.

A rule's id is stable: ignore files, reports and scripts name it. `docs/rules.md` explains each with
an example, which the tests run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Policy(StrEnum):
    """What Graph's own policy calls a change.

    Breaking is to remove, rename or retype a declared property, API or parameter, or to require a
    new one. Source: https://learn.microsoft.com/graph/versioning-and-support.
    """

    BREAKING = "breaking"
    COMPATIBLE = "compatible"


class Effect(StrEnum):
    """What a change does to Python code that uses the generated package.

    BOTH: a type checker refuses code that it accepted, and the code fails when it runs.
    TYPE_CHECK: a type checker refuses it, and it still runs. RUN_TIME: it fails when it runs, and no
    type checker says so. ADDITIVE: code can use something new. INVISIBLE: code cannot tell.
    """

    BOTH = "type-check and run-time"
    TYPE_CHECK = "type-check"
    RUN_TIME = "run-time"
    ADDITIVE = "additive"
    INVISIBLE = "invisible"

    @property
    def breaks(self) -> bool:
        """Whether code breaks, at type-check or at run time."""
        return self in (Effect.BOTH, Effect.TYPE_CHECK, Effect.RUN_TIME)


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of change. `effect` is None where it depends on what the client's methods become."""

    id: str
    title: str
    policy: Policy
    effect: Effect | None


_BREAKING, _COMPATIBLE = Policy.BREAKING, Policy.COMPATIBLE
_BOTH, _TYPE_CHECK, _RUN_TIME = Effect.BOTH, Effect.TYPE_CHECK, Effect.RUN_TIME
_ADDITIVE, _INVISIBLE, _BY_METHODS = Effect.ADDITIVE, Effect.INVISIBLE, None

RULES: Mapping[str, Rule] = {
    rule.id: rule
    for rule in (
        # Types
        Rule("type-added", "type added", _COMPATIBLE, _ADDITIVE),
        Rule("type-removed", "type removed", _BREAKING, _BOTH),
        Rule("type-renamed", "type renamed", _BREAKING, _BOTH),
        Rule("type-entered", "type entered the subset", _COMPATIBLE, _ADDITIVE),
        Rule("type-left", "type left the subset", _COMPATIBLE, _BOTH),
        Rule("type-kind-changed", "type became another kind of type", _BREAKING, _BOTH),
        Rule("structure-kind-changed", "entity and complex type swapped", _BREAKING, _BY_METHODS),
        Rule("base-type-changed", "base type changed", _BREAKING, _BOTH),
        Rule("base-type-extended", "base type added", _COMPATIBLE, _ADDITIVE),
        Rule("type-made-abstract", "type made abstract", _COMPATIBLE, _RUN_TIME),
        Rule("type-made-concrete", "type no longer abstract", _COMPATIBLE, _ADDITIVE),
        Rule("type-opened", "type opened", _COMPATIBLE, _INVISIBLE),
        Rule("type-closed", "type closed", _COMPATIBLE, _INVISIBLE),
        Rule("stream-added", "media stream added", _COMPATIBLE, _BY_METHODS),
        Rule("stream-removed", "media stream removed", _BREAKING, _BY_METHODS),
        Rule("key-added", "key added", _COMPATIBLE, _BY_METHODS),
        Rule("key-removed", "key removed", _BREAKING, _BY_METHODS),
        Rule("key-changed", "key changed", _BREAKING, _BY_METHODS),
        # Enumerations
        Rule("member-added", "member added", _COMPATIBLE, _ADDITIVE),
        Rule("member-removed", "member removed", _BREAKING, _BOTH),
        Rule("member-renamed", "member renamed", _BREAKING, _BOTH),
        Rule("member-respelled", "member spelled otherwise", _BREAKING, _RUN_TIME),
        Rule("member-value-changed", "numeric value changed", _COMPATIBLE, _INVISIBLE),
        Rule("flag-value-changed", "numeric value of a flag changed", _COMPATIBLE, _RUN_TIME),
        Rule("flags-changed", "became, or is no longer, a flags enumeration", _BREAKING, _BOTH),
        Rule("underlying-type-changed", "underlying type changed", _COMPATIBLE, _INVISIBLE),
        # Properties, structural and navigation
        Rule("property-added", "property added", _COMPATIBLE, _ADDITIVE),
        Rule("required-property-added", "required property added", _BREAKING, _ADDITIVE),
        Rule("property-removed", "property removed", _BREAKING, _BOTH),
        Rule("property-renamed", "property renamed", _BREAKING, _BOTH),
        Rule("property-entered", "property entered the subset", _COMPATIBLE, _ADDITIVE),
        Rule("property-left", "property left the subset", _COMPATIBLE, _BOTH),
        Rule("property-moved-to-base", "property moved to a base type", _COMPATIBLE, _INVISIBLE),
        Rule("property-moved-from-base", "property moved from a base type", _COMPATIBLE, _INVISIBLE),
        Rule("property-type-changed", "type changed", _BREAKING, _BOTH),
        Rule("property-format-changed", "type changed, but not in Python", _BREAKING, _INVISIBLE),
        Rule("property-collection-changed", "single value and collection swapped", _BREAKING, _BOTH),
        Rule("property-kind-changed", "structural and navigation swapped", _BREAKING, _BY_METHODS),
        Rule("property-made-nullable", "null allowed", _COMPATIBLE, _INVISIBLE),
        Rule("property-made-required", "null no longer allowed", _BREAKING, _INVISIBLE),
        Rule("containment-gained", "now contains its target", _COMPATIBLE, _BY_METHODS),
        Rule("containment-lost", "no longer contains its target", _BREAKING, _BY_METHODS),
        Rule("partner-changed", "partner changed", _COMPATIBLE, _INVISIBLE),
        Rule("facet-changed", "facet changed", _COMPATIBLE, _INVISIBLE),
        # Operations
        Rule("operation-added", "operation added", _COMPATIBLE, _BY_METHODS),
        Rule("operation-removed", "operation removed", _BREAKING, _BY_METHODS),
        Rule("operation-renamed", "operation renamed", _BREAKING, _BY_METHODS),
        Rule("operation-entered", "operation entered the subset", _COMPATIBLE, _BY_METHODS),
        Rule("operation-left", "operation left the subset", _COMPATIBLE, _BY_METHODS),
        Rule("operation-kind-changed", "action and function swapped", _BREAKING, _BY_METHODS),
        Rule("operation-attribute-changed", "attribute changed", _COMPATIBLE, _INVISIBLE),
        Rule("binding-parameter-changed", "binding parameter changed", _COMPATIBLE, _INVISIBLE),
        Rule("optional-parameter-added", "optional parameter added", _COMPATIBLE, _ADDITIVE),
        Rule("required-parameter-added", "required parameter added", _BREAKING, _BOTH),
        Rule("parameter-removed", "parameter removed", _BREAKING, _BOTH),
        Rule("parameter-renamed", "parameter renamed", _BREAKING, _BOTH),
        Rule("parameter-type-changed", "type changed", _BREAKING, _TYPE_CHECK),
        Rule("parameter-format-changed", "type changed, but not in Python", _BREAKING, _INVISIBLE),
        Rule("parameter-collection-changed", "single value and collection swapped", _BREAKING, _TYPE_CHECK),
        Rule("parameter-made-optional", "may be left out", _COMPATIBLE, _ADDITIVE),
        Rule("parameter-made-required", "must be given", _BREAKING, _BOTH),
        Rule("parameter-made-nullable", "null allowed", _COMPATIBLE, _ADDITIVE),
        Rule("parameter-made-not-null", "null no longer allowed", _BREAKING, _TYPE_CHECK),
        Rule("parameter-order-changed", "order of parameters changed", _COMPATIBLE, _INVISIBLE),
        Rule("return-added", "result added", _COMPATIBLE, _ADDITIVE),
        Rule("return-removed", "result removed", _BREAKING, _BOTH),
        Rule("return-type-changed", "result's type changed", _BREAKING, _BOTH),
        Rule("return-format-changed", "result's type changed, but not in Python", _BREAKING, _INVISIBLE),
        Rule("return-collection-changed", "single result and collection swapped", _BREAKING, _BOTH),
        Rule("return-nullability-changed", "nullability of the result changed", _COMPATIBLE, _INVISIBLE),
        # Entity container
        Rule("entity-source-added", "entity set or singleton added", _COMPATIBLE, _BY_METHODS),
        Rule("entity-source-removed", "entity set or singleton removed", _BREAKING, _BY_METHODS),
        Rule("entity-source-renamed", "entity set or singleton renamed", _BREAKING, _BY_METHODS),
        Rule("entity-source-type-changed", "type of the entities changed", _BREAKING, _BOTH),
        Rule("entity-source-kind-changed", "entity set and singleton swapped", _BREAKING, _BOTH),
        Rule("entity-container-renamed", "entity container renamed", _COMPATIBLE, _INVISIBLE),
        Rule("navigation-binding-added", "navigation property binding added", _COMPATIBLE, _INVISIBLE),
        Rule("navigation-binding-removed", "navigation property binding removed", _COMPATIBLE, _INVISIBLE),
        Rule("navigation-binding-changed", "navigation property binding changed", _COMPATIBLE, _INVISIBLE),
        # Terms
        Rule("term-added", "term added", _COMPATIBLE, _INVISIBLE),
        Rule("term-removed", "term removed", _COMPATIBLE, _INVISIBLE),
        Rule("term-changed", "term changed", _COMPATIBLE, _INVISIBLE),
        # Annotations
        Rule("deprecated", "deprecated", _COMPATIBLE, _INVISIBLE),
        Rule("deprecation-changed", "deprecation changed", _COMPATIBLE, _INVISIBLE),
        Rule("deprecation-withdrawn", "no longer deprecated", _COMPATIBLE, _INVISIBLE),
        Rule("capability-withdrawn", "capability withdrawn", _BREAKING, _BY_METHODS),
        Rule("capability-granted", "capability granted", _COMPATIBLE, _BY_METHODS),
        Rule("restriction-changed", "restrictions changed", _COMPATIBLE, _INVISIBLE),
        Rule("description-added", "description added", _COMPATIBLE, _INVISIBLE),
        Rule("description-changed", "description changed", _COMPATIBLE, _INVISIBLE),
        Rule("description-removed", "description removed", _COMPATIBLE, _INVISIBLE),
        Rule("annotation-added", "annotation added", _COMPATIBLE, _BY_METHODS),
        Rule("annotation-changed", "annotation changed", _COMPATIBLE, _BY_METHODS),
        Rule("annotation-removed", "annotation removed", _COMPATIBLE, _BY_METHODS),
    )
}  # fmt: skip
"""All rules by id, in the order of the documentation."""
