"""Diagnostics: what is wrong with the input, with its place, type and property."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from graph_codegen.limits import FINDINGS
from graph_codegen.text import printable


@dataclass(frozen=True, slots=True)
class Place:
    """A line (counted from 1) of a metadata document; line 0 is the document as a whole."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        file = printable(self.file)
        return f"{file}:{self.line}" if self.line else file


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A message about the input. `type` and `property` are CSDL names, empty if it is about neither.

    `output` are the lines that another program wrote about it.
    """

    message: str
    place: Place
    type: str = ""
    property: str = ""
    output: tuple[str, ...] = field(default=(), kw_only=True)

    def __str__(self) -> str:
        subject = "/".join(part for part in (self.type, self.property) if part)
        return f"{self.place}: {subject + ': ' if subject else ''}{self.message}"


class CodegenError(Exception):
    """The one exception for bad input and refused output; `diagnostics` says what is wrong."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__("\n".join(map(str, diagnostics)))
        self.diagnostics = diagnostics

    def __reduce__(self) -> tuple[type[CodegenError], tuple[Diagnostic, ...]]:
        return type(self), self.diagnostics


def error(message: str, place: Place | str, *, type: str = "", property: str = "") -> CodegenError:
    """Return an error with a single diagnostic; a string as place is the name of a file."""
    where = place if isinstance(place, Place) else Place(place)
    return CodegenError(Diagnostic(message, where, type, property))


def bounded(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return diagnostics; raises CodegenError if there are more than a document may have."""
    found = tuple(islice(diagnostics, FINDINGS + 1))
    if len(found) > FINDINGS:
        raise error(f"more than {FINDINGS:,} things are not understood", found[-1].place)
    return found


def refuse(diagnostics: Iterable[Diagnostic]) -> None:
    """Raise CodegenError with diagnostics, if there are any."""
    found = tuple(diagnostics)
    if found:
        raise CodegenError(*found)
