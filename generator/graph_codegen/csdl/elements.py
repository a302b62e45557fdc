"""What reading any CSDL element needs: its place, its names, and a report of what is not understood."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lxml import etree

from graph_codegen.csdl.ast import TypeRef
from graph_codegen.csdl.xml import Element
from graph_codegen.errors import MOST_FINDINGS, CodegenError, Diagnostic, Place, error
from graph_codegen.text import printable

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
EDMX = "{http://docs.oasis-open.org/odata/ns/edmx}"

FACETS = ("MaxLength", "Precision", "Scale", "SRID", "Unicode", "DefaultValue")
"""Attributes that narrow a type (CSDL 7.2); they are facts of the document and travel as text."""

_SIMPLE = r"[^\W\d][\w-]{0,127}"
_SIMPLE_NAME = re.compile(_SIMPLE)
_DOTTED_NAME = re.compile(rf"{_SIMPLE}(\.{_SIMPLE})*")
"""Identifiers (CSDL 15.2); a hyphen is none of theirs, yet Graph has a property `request-id`."""

_PATH = re.compile(r"(?! )[\w./@#$*(), -]+")
"""Paths and annotation targets: names, and what can stand between them (CSDL 14.2.2, 14.4.1.1)."""

RESERVED = frozenset({"Edm", "odata", "System", "Transient"})
"""What no schema may call itself (CSDL 5.1): the generator takes `Edm.` for types of its own."""

MOST_ATTRIBUTES = 100
"""Attributes of one element before reading it stops: lxml's time grows with their square."""

_LONGEST = 200
"""Characters of a document's text that a message repeats."""

_DECLARATION_DEPTH = 3
"""Elements above a declaration: edmx:Edmx, edmx:DataServices, Schema."""


def parse_type_ref(text: str) -> TypeRef:
    """Parse `graph.call` or `Collection(graph.call)`."""
    if text.startswith("Collection(") and text.endswith(")"):
        return TypeRef(text[len("Collection(") : -1], collection=True)
    return TypeRef(text)


def place_of(element: Element, file: str) -> Place:
    """Return the place of an element in a file."""
    line = element.sourceline
    return Place(file, line if isinstance(line, int) else 0)


def local_name(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return etree.QName(element).localname


def shown(text: str) -> str:
    """Return a text as a message repeats it: on one line, without control characters, not too long."""
    seen = printable(text[:_LONGEST])
    return seen if len(text) <= _LONGEST else f"{seen}…"


def quoted(text: str) -> str:
    """Return a text as a message quotes it, as `shown` does."""
    return repr(text) if len(text) <= _LONGEST else f"{text[:_LONGEST]!r}…"


class ElementReader:
    """Reads attributes and child elements, and collects what it does not understand."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._diagnostics: list[Diagnostic] = []

    def _place(self, element: Element) -> Place:
        return place_of(element, self._file)

    def _report(self, message: str, element: Element) -> None:
        if len(self._diagnostics) == MOST_FINDINGS:
            raise error(
                f"more than {MOST_FINDINGS} things are not understood", self._place(element)
            )
        self._diagnostics.append(Diagnostic(message, self._place(element), *_subject(element)))

    def _error(self, message: str, element: Element) -> CodegenError:
        type_name, member = _subject(element)
        return error(message, self._place(element), type=type_name, property=member)

    # -- attributes

    def _attributes(self, element: Element, *known: str) -> Mapping[str, str]:
        """Return the known attributes; report the others."""
        if len(element.attrib) > MOST_ATTRIBUTES:
            raise self._error(
                f"{local_name(element)} has {len(element.attrib)} attributes", element
            )
        found: dict[str, str] = {}
        for key, text in element.items():
            name, value = str(key), str(text)
            if name in known:
                found[name] = value
            else:
                message = f"attribute {shown(name)} of {local_name(element)} is not understood"
                self._report(message, element)
        return found

    def _required(self, element: Element, name: str) -> str:
        value = element.get(name)
        if not value:
            raise self._error(f"{local_name(element)} has no {name}", element)
        return value

    def _name(self, element: Element, attribute: str = "Name") -> str:
        """Return a simple name. What is none never gets any further: code is made of names."""
        return self._checked(_SIMPLE_NAME, self._required(element, attribute), attribute, element)

    def _full_name(self, element: Element, attribute: str) -> str:
        """Return a name with its namespace, or a namespace."""
        return self._checked(_DOTTED_NAME, self._required(element, attribute), attribute, element)

    def _type_ref(self, element: Element, attribute: str = "Type") -> TypeRef:
        ref = parse_type_ref(self._required(element, attribute))
        self._checked(_DOTTED_NAME, ref.name, attribute, element)
        return ref

    def _checked(self, form: re.Pattern[str], name: str, attribute: str, element: Element) -> str:
        # Newer versions of Python know more letters: only those that all know make a name.
        if not form.fullmatch(name) or printable(name) != name:
            message = f"{attribute} of {local_name(element)} is no name: {quoted(name)}"
            raise self._error(message, element)
        return name

    def _path(self, element: Element, attribute: str, *, required: bool = False) -> str:
        """Return a path or target; one that is not required may be empty or absent."""
        text = self._required(element, attribute) if required else element.get(attribute)
        return self._checked(_PATH, text, attribute, element) if text else ""

    def _flag(self, element: Element, name: str) -> bool | None:
        value = element.get(name)
        if value is None:
            return None
        if value not in ("true", "false"):
            raise self._error(f"{name} is {quoted(value)}, not true or false", element)
        return value == "true"

    def _facets(self, attributes: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        return tuple((name, attributes[name]) for name in FACETS if name in attributes)

    # -- content

    def _children(
        self, element: Element, *known: str, namespace: str = EDM
    ) -> Iterator[tuple[str, Element]]:
        """Yield (local name, element) of the known child elements; report everything else."""
        if not len(element) and not element.text:  # as most elements of a real document
            return
        children = list(element)
        wanted = {namespace + name: name for name in known}
        if any((text or "").strip() for text in (element.text, *(c.tail for c in children))):
            self._report(f"text in {local_name(element)} is not understood", element)
        for child in children:
            name = wanted.get(str(child.tag))
            if name is None:
                self._unknown(child, element)
            else:
                yield name, child

    def _empty(self, element: Element) -> None:
        """Report whatever is in an element that holds nothing."""
        for _ in self._children(element):
            pass

    def _text(self, element: Element) -> str:
        """Return the text of an element that holds nothing else."""
        for child in element:
            self._unknown(child, element)
        return element.text or ""

    def _unknown(self, child: Element, parent: Element) -> None:
        self._report(
            f"element {local_name(child)} in {local_name(parent)} is not understood", child
        )


def _subject(element: Element) -> tuple[str, str]:
    """Return the declaration that an element stands in, and the member of it."""
    path = [*reversed(list(element.iterancestors())), element]
    if len(path) <= _DECLARATION_DEPTH:
        return "", ""
    declaration, *inside = path[_DECLARATION_DEPTH:]
    if "Target" in declaration.attrib:
        type_name, _, member = str(declaration.get("Target")).partition("/")
        return shown(type_name), shown(member)
    namespace = path[_DECLARATION_DEPTH - 1].get("Namespace")
    name = declaration.get("Name")
    member = next((str(e.get("Name")) for e in inside if e.get("Name")), "")
    return shown(f"{namespace}.{name}") if name else "", shown(member)
