"""Changes: an element, the rule for how it changed, and the element on both sides."""

from __future__ import annotations

from dataclasses import dataclass, replace

from graph_codegen.csdl.ast import Operation
from graph_codegen.errors import Place
from graph_codegen.model.deprecations import Deprecation


def owner_of(element: str) -> str:
    """Return the type, operation or container that an element belongs to, or the element itself."""
    return element.partition("@")[0].partition("/")[0]


def operation_subject(operation: Operation) -> str:
    """Return the name and binding of an operation, which all overloads that share methods have."""
    binding = operation.binding
    return f"{operation.name}({binding.type if binding else ''})"


@dataclass(frozen=True, slots=True)
class End:
    """One side of a change.

    `element` is spelled as an annotation target (CSDL 14.2.2); an annotation adds `@` and its term.
    `value` is a short text of what the document says there. `subject` is the key under which `Surface`
    indexes the methods that depend on the element. `deprecation` is what an annotation says that deprecates.
    """

    element: str
    place: Place
    subject: str = ""
    value: str = ""
    deprecation: Deprecation | None = None

    def part(self, name: str, place: Place, value: str = "") -> End:
        """Return the end for a member of this element, which is a subject of its own."""
        element = f"{self.element}/{name}"
        return End(element, place, element, value)

    def of(self, name: str, place: Place, value: str = "") -> End:
        """Return the end for a part of this element that shares its subject."""
        return End(f"{self.element}{name}", place, self.subject, value)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a CSDL element.

    `kind` is the element's kind; `old` or `new` is None if that side lacks the element. `term` is the
    vocabulary term whose annotation changed, empty for any other change.
    """

    rule: str
    kind: str
    old: End | None
    new: End | None
    term: str = ""

    @property
    def ends(self) -> tuple[End, ...]:
        """The sides that have the element, the old one first."""
        return tuple(end for end in (self.old, self.new) if end)


@dataclass(frozen=True, slots=True)
class Pair:
    """An element that both documents have, possibly under different names."""

    kind: str
    old: End
    new: End

    def change(self, rule: str, old: object = "", new: object = "", term: str = "") -> Change:
        """Return a change of the element from one value to another."""
        return Change(
            rule,
            self.kind,
            replace(self.old, value=str(old)),
            replace(self.new, value=str(new)),
            term,
        )
