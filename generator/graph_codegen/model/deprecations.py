"""What a document says is deprecated (Org.OData.Core.V1, term Revisions)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from graph_codegen.csdl.ast import Annotation, Collection, Constant, EnumType, Record
from graph_codegen.csdl.vocabulary import REVISIONS
from graph_codegen.model.model import Model
from graph_codegen.text import shorten


@dataclass(frozen=True, slots=True)
class Deprecation:
    """That an element is deprecated: since when, when it is to be removed, in which version, and why.

    What the document does not say is empty.
    """

    date: str = ""
    removal_date: str = ""
    version: str = ""
    description: str = ""

    @property
    def when(self) -> str:
        """Since when, and when it is to be removed, as a sentence that holds whenever it is read."""
        since = f" since {self.date}" if self.date else ""
        version = f" ({self.version})" if self.version else ""
        removal = f"; removal date {self.removal_date}" if self.removal_date else ""
        return f"Deprecated{since}{version}{removal}."

    def days_left(self, day: datetime.date) -> int | None:
        """Return the days from a day until its removal date, None if that is no date."""
        try:
            return (datetime.date.fromisoformat(self.removal_date) - day).days
        except ValueError:
            return None

    @property
    def text(self) -> str:
        """What is said about it, in one paragraph."""
        return " ".join(filter(None, [self.when, self.description]))

    def text_on(self, day: datetime.date) -> str:
        """Return the text in short, with the days that are left from a day on."""
        left = self.days_left(day)
        if left is None:
            days = ""
        elif left > 0:
            days = f" ({left} day{'' if left == 1 else 's'} left)"
        else:
            days = " (the removal date has come)"
        return f"{shorten(self.text, 1_000)}{days}"


def find_deprecation(annotations: Iterable[Annotation]) -> Deprecation | None:
    """Return what annotations say of the deprecation of their element, the latest; None if nothing."""
    found = [
        _deprecation(record)
        for annotation in annotations
        if annotation.term == REVISIONS and isinstance(annotation.value, Collection)
        for record in annotation.value.items
        if isinstance(record, Record) and _text(record, "Kind").endswith("/Deprecated")
    ]
    return max(found, key=lambda one: one.date, default=None)


def with_deprecation(deprecation: Deprecation | None, text: str) -> str:
    """Return the text about an element, with what is said about its deprecation."""
    return " ".join(filter(None, [text, deprecation.text if deprecation else ""]))


def _deprecation(record: Record) -> Deprecation:
    return Deprecation(
        date=_text(record, "Date"),
        removal_date=_text(record, "RemovalDate"),
        version=_text(record, "Version"),
        description=" ".join(_text(record, "Description").split()),
    )


def _text(record: Record, name: str) -> str:
    value = record.get(name)
    return value.text.strip() if isinstance(value, Constant) else ""


@dataclass(frozen=True, slots=True)
class Deprecated:
    """A deprecated element: its kind, and its name as targets of annotations are spelled (CSDL 14.2.2)."""

    kind: str
    element: str
    deprecation: Deprecation


def list_deprecated(model: Model) -> tuple[Deprecated, ...]:
    """Return the elements of a model that are deprecated, by name."""
    found = (
        Deprecated(kind, element, deprecation)
        for kind, element, annotations in _annotated(model)
        if (deprecation := find_deprecation(annotations))
    )
    return tuple(sorted(found, key=lambda one: (one.element, one.kind)))


def _annotated(model: Model) -> Iterator[tuple[str, str, Iterable[Annotation]]]:
    """Yield the annotated elements of a model: kind, name and annotations."""
    for declared in model.types.values():
        yield declared.kind, declared.name, declared.annotations
        members = declared.members if isinstance(declared, EnumType) else declared.members()
        for member in members:
            yield type(member).__name__, f"{declared.name}/{member.name}", member.annotations
    for operation in model.operations:
        signature = operation.signature
        yield operation.kind, signature, operation.annotations
        for parameter in operation.parameters:
            yield "Parameter", f"{signature}/{parameter.name}", parameter.annotations
        if operation.returns:
            yield "ReturnType", f"{signature}/$ReturnType", operation.returns.annotations
    if model.container:
        name = model.container.name
        yield "EntityContainer", name, model.container.annotations
        for source in model.container.sources:
            yield source.kind, f"{name}/{source.name}", source.annotations
        for item in model.container.imports:
            yield item.kind, f"{name}/{item.name}", item.annotations
