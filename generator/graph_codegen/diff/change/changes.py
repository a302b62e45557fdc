"""What comparing yields: an element, the rule that says how it changed, and both of its sides."""

from __future__ import annotations

from dataclasses import dataclass, replace

from graph_codegen.csdl.ast import Operation
from graph_codegen.errors import Place


def owner_of(element: str) -> str:
    """Return the type, operation or container that an element belongs to, or that it is itself."""
    return element.partition("@")[0].partition("/")[0]


def operation_subject(operation: Operation) -> str:
    """Return what requests know an operation by: all overloads of one binding share methods' names."""
    binding = operation.binding
    return f"{operation.name}({binding.type if binding else ''})"


@dataclass(frozen=True, slots=True)
class End:
    """One side of a change.

    `element` is spelled as an annotation target (CSDL 14.2.2), an annotation with `@` and its term
    behind. `value` is what stands there, in short. `subject` is what the requests of the service
    know the element by, see `surface`.
    """

    element: str
    place: Place
    subject: str = ""
    value: str = ""

    def part(self, name: str, place: Place, value: str = "") -> End:
        """Return the end for a member of this element; its subject is itself."""
        element = f"{self.element}/{name}"
        return End(element, place, element, value)

    def of(self, name: str, place: Place, value: str = "") -> End:
        """Return the end for what belongs to this element and is no subject of its own."""
        return End(f"{self.element}{name}", place, self.subject, value)


@dataclass(frozen=True, slots=True)
class Change:
    """One change: `kind` is the CSDL element that changed; a side where it is not is None."""

    rule: str
    kind: str
    old: End | None
    new: End | None


@dataclass(frozen=True, slots=True)
class Pair:
    """An element that both documents have, under one name or another."""

    kind: str
    old: End
    new: End

    def change(self, rule: str, old: object = "", new: object = "") -> Change:
        """Return a change of the element, from one value to another."""
        return Change(
            rule,
            self.kind,
            replace(self.old, value=str(old)),
            replace(self.new, value=str(new)),
        )
