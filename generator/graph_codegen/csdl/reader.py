"""CSDL XML → declarations: every element and attribute is either read or reported.

Source: OASIS OData CSDL XML Representation 4.01. Names stay as the document spells them; `resolve`
makes them full.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from graph_codegen.csdl import foreign, xml
from graph_codegen.csdl.ast import (
    EDM,
    EDMX,
    Annotation,
    Binding,
    Collection,
    Constant,
    Document,
    Dynamic,
    EntityContainer,
    EntitySource,
    EnumType,
    Expression,
    Member,
    NavigationProperty,
    Operation,
    OperationImport,
    Parameter,
    Property,
    Record,
    Reference,
    ReturnType,
    Schema,
    StructuredType,
    Term,
    TypeDeclaration,
    TypeDefinition,
    TypeRef,
    parse_type_ref,
)
from graph_codegen.csdl.identifiers import RESERVED, is_dotted_name, is_path, is_simple_name
from graph_codegen.csdl.xml import Element
from graph_codegen.errors import CodegenError, Diagnostic, Place, error
from graph_codegen.limits import ELEMENT_ATTRIBUTES, FINDINGS, NAMESPACE, PARAMETERS, PATH
from graph_codegen.text import shorten

FACETS = ("MaxLength", "Precision", "Scale", "SRID", "Unicode", "DefaultValue")
"""Attributes that narrow a type (CSDL 7.2); they are kept as the document writes them."""

CONSTANTS = frozenset(
    {
        "Binary", "Bool", "Date", "DateTimeOffset", "Decimal", "Duration", "EnumMember", "Float",
        "Guid", "Int", "String", "TimeOfDay", "AnnotationPath", "AnyPropertyPath", "ModelElementPath",
        "NavigationPropertyPath", "Path", "PropertyPath",
    }
)  # fmt: skip
"""Constant and path expressions (CSDL 14.3, 14.4.1), as attribute or as element."""

_VALUES = (*CONSTANTS, "UrlRef")
"""Attributes that hold the value of an annotation: constants, paths, and an address (CSDL 14.4.14)."""

DYNAMIC: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "And", "Or", "Not", "Eq", "Ne", "Gt", "Ge", "Lt", "Le", "Has", "In", "Add", "Sub", "Neg",
            "Mul", "Div", "DivBy", "Mod", "If", "LabeledElementReference", "Null", "UrlRef",
        ),
        (),
    ),
    "Apply": ("Function",),
    "Cast": ("Type", *FACETS),
    "IsOf": ("Type", *FACETS),
    "LabeledElement": ("Name", *_VALUES),
}  # fmt: skip
"""Expressions that are evaluated (CSDL 14.4), with the attributes that each of them has."""

_EXPRESSIONS = ("Record", "Collection", *CONSTANTS, *DYNAMIC)


_BLANK = " \t\r\n"
"""White space of XML (XML 1.0, 2.3): around names, flags and numbers it does not count (XML Schema,
whiteSpace)."""

_FLAGS = {"true": True, "1": True, "false": False, "0": False}
"""The spellings of a flag (XML Schema, xs:boolean)."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,99}")
_INT64 = range(-(2**63), 2**63)

_LONGEST = 200
"""Characters of a document's text that a message quotes."""

_DECLARATION_DEPTH = 3
"""Elements above a declaration: edmx:Edmx, edmx:DataServices, Schema."""


def read_file(path: Path) -> Document:
    """Read a CSDL document from a file. Raises CodegenError as `read` does, and for an unreadable file."""
    return read(xml.load(path), xml.display_name(path))


def read(data: bytes, file: str) -> Document:
    """Read a CSDL document.

    `file` is what messages call the document. Returns its declarations, and a diagnostic for
    everything that was not understood. Raises CodegenError for a document that is not XML or not
    CSDL, and for an invalid name: names become code.
    """
    if other := foreign.describe_bytes(data):
        raise error(other, file)
    root = xml.parse(data, file)
    if other := foreign.describe_root(root):
        raise error(other, Place(file, root.line))
    return _Reader(file).document(root, hashlib.sha256(data).hexdigest())


class _Reader:
    """Reads the elements of a document, and collects what it does not understand.

    The method for a kind of element takes the element. `name` is the full name of a declaration.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._diagnostics: list[Diagnostic] = []

    # -- document and schemas

    def document(self, root: Element, sha256: str) -> Document:
        """Read the whole document from its root element."""
        self._attributes(root, "Version")
        aliases: list[tuple[str, str]] = []
        references: list[Reference] = []
        schemas: list[Schema] = []
        for name, child in self._children(root, "DataServices", "Reference", namespace=EDMX):
            if name == "Reference":
                included = dict(self._includes(child))
                aliases.extend((alias, namespace) for namespace, alias in included.items() if alias)
                references.append(self._reference(child, included))
            else:
                self._attributes(child)
                schemas.extend(self._schema(e) for _, e in self._children(child, "Schema"))
        if not schemas:
            raise error("not a CSDL document: it holds no Schema", self._place(root))
        aliases.extend((s.alias, s.namespace) for s in schemas if s.alias)
        return Document(
            self._file,
            sha256,
            tuple(schemas),
            tuple(aliases),
            tuple(self._diagnostics),
            references=tuple(references),
        )

    def _reference(self, element: Element, namespaces: Iterable[str]) -> Reference:
        uri = shorten(element.attributes.get("Uri", ""))
        return Reference(uri, tuple(namespaces), self._place(element))

    def _includes(self, reference: Element) -> Iterator[tuple[str, str]]:
        """Yield the namespaces, with their aliases, of an edmx:Reference; its address is never fetched."""
        self._attributes(reference, "Uri")
        for name, child in self._children(
            reference, "Include", "IncludeAnnotations", "Annotation", namespace=EDMX
        ):
            match name:
                case "Include":
                    attributes = self._attributes(child, "Namespace", "Alias")
                    self._inline(child)
                    alias = self._name(child, "Alias") if "Alias" in attributes else ""
                    yield self._full_name(child, "Namespace"), alias
                case "IncludeAnnotations":
                    self._attributes(child, "TermNamespace", "Qualifier", "TargetNamespace")
                    self._empty(child)
                case _:
                    self._annotation(child)

    def _schema(self, element: Element) -> Schema:
        attributes = self._attributes(element, "Namespace", "Alias")
        namespace = self._full_name(element, "Namespace")
        for name in (namespace.partition(".")[0], attributes.get("Alias", "").strip(_BLANK)):
            if name in RESERVED:
                raise self._error(f"a schema cannot call itself {name} (CSDL 5.1)", element)
        types: list[TypeDeclaration] = []
        definitions: list[TypeDefinition] = []
        operations: list[Operation] = []
        terms: list[Term] = []
        containers: list[EntityContainer] = []
        targets: list[tuple[str, tuple[Annotation, ...], Place]] = []
        for tag, child in self._children(
            element, "EnumType", "EntityType", "ComplexType", "TypeDefinition", "Action", "Function",
            "Term", "EntityContainer", "Annotations", "Annotation",
        ):  # fmt: skip
            if tag == "Annotations":
                targets.append(self._annotations(child))
                continue
            if tag == "Annotation":  # of the schema itself
                self._annotation(child)
                continue
            name = f"{namespace}.{self._name(child)}"
            match tag:
                case "EnumType":
                    types.append(self._enum_type(child, name))
                case "EntityType" | "ComplexType":
                    types.append(self._structured_type(child, name, tag))
                case "TypeDefinition":
                    definitions.append(self._type_definition(child, name))
                case "Action" | "Function":
                    operations.append(self._operation(child, name, tag))
                case "Term":
                    terms.append(self._term(child, name))
                case _:
                    containers.append(self._container(child, name))
        if len(containers) > 1:
            raise error("a schema holds at most one EntityContainer", containers[1].place)
        return Schema(
            namespace=namespace,
            alias=self._name(element, "Alias") if "Alias" in attributes else "",
            types=tuple(types),
            definitions=tuple(definitions),
            operations=tuple(operations),
            terms=tuple(terms),
            container=containers[0] if containers else None,
            targets=tuple(targets),
        )

    # -- types and their members (CSDL 6 to 11)

    def _type_definition(self, element: Element, name: str) -> TypeDefinition:
        attributes = self._attributes(element, "Name", "UnderlyingType", *FACETS)
        self._inline(element)
        return TypeDefinition(
            name=name,
            underlying=self._full_name(element, "UnderlyingType"),
            facets=_facets(attributes),
            place=self._place(element),
        )

    def _enum_type(self, element: Element, name: str) -> EnumType:
        attributes = self._attributes(element, "Name", "UnderlyingType", "IsFlags")
        underlying = "UnderlyingType" in attributes
        members: list[Member] = []
        successor = 0
        annotations: list[Annotation] = []
        for tag, child in self._children(element, "Member", "Annotation"):
            if tag == "Annotation":
                annotations.append(self._annotation(child))
            else:
                members.append(self._member(child, successor))
                successor = (members[-1].value or 0) + 1
        return EnumType(
            name=name,
            members=tuple(members),
            underlying=self._full_name(element, "UnderlyingType") if underlying else "Edm.Int32",
            is_flags=bool(self._flag(element, "IsFlags")),
            annotations=tuple(annotations),
            place=self._place(element),
        )

    def _member(self, element: Element, successor: int) -> Member:
        """Read a member; one without a value has its predecessor's plus one (CSDL 10.3)."""
        value = (
            self._attributes(element, "Name", "Value").get("Value", str(successor)).strip(_BLANK)
        )
        if not _INTEGER.fullmatch(value):
            raise self._error(f"the value {_quoted(value)} is not an integer", element)
        if int(value) not in _INT64:
            raise self._error(f"the value {value} does not fit 64 bits", element)
        return Member(self._name(element), int(value), self._inline(element), self._place(element))

    def _structured_type(self, element: Element, name: str, kind: str) -> StructuredType:
        only_entity = ("HasStream",) if kind == "EntityType" else ()
        attributes = self._attributes(
            element, "Name", "BaseType", "Abstract", "OpenType", *only_entity
        )
        key: list[str] = []
        properties: list[Property] = []
        navigation: list[NavigationProperty] = []
        annotations: list[Annotation] = []
        for tag, child in self._children(
            element, "Property", "NavigationProperty", "Annotation",
            *(("Key",) if kind == "EntityType" else ()),
        ):  # fmt: skip
            match tag:
                case "Property":
                    properties.append(self._property(child))
                case "NavigationProperty":
                    navigation.append(self._navigation_property(child))
                case "Key":
                    key.extend(self._key(child))
                case _:
                    annotations.append(self._annotation(child))
        return StructuredType(
            kind="EntityType" if kind == "EntityType" else "ComplexType",
            name=name,
            base=self._full_name(element, "BaseType") if "BaseType" in attributes else "",
            abstract=bool(self._flag(element, "Abstract")),
            open=bool(self._flag(element, "OpenType")),
            has_stream=bool(self._flag(element, "HasStream")),
            key=tuple(key),
            properties=tuple(properties),
            navigation=tuple(navigation),
            annotations=tuple(annotations),
            place=self._place(element),
        )

    def _key(self, element: Element) -> Iterator[str]:
        self._attributes(element)
        for _, reference in self._children(element, "PropertyRef"):
            self._attributes(reference, "Name", "Alias")
            self._empty(reference)
            yield self._path(reference, "Name", required=True)

    def _property(self, element: Element) -> Property:
        attributes = self._attributes(element, "Name", "Type", "Nullable", *FACETS)
        return Property(
            name=self._name(element),
            type=self._type_ref(element),
            nullable=self._flag(element, "Nullable"),
            facets=_facets(attributes),
            annotations=self._inline(element),
            place=self._place(element),
        )

    def _navigation_property(self, element: Element) -> NavigationProperty:
        self._attributes(element, "Name", "Type", "Nullable", "ContainsTarget", "Partner")
        annotations: list[Annotation] = []
        for tag, child in self._children(
            element, "Annotation", "ReferentialConstraint", "OnDelete"
        ):
            match tag:
                case "Annotation":
                    annotations.append(self._annotation(child))
                case "ReferentialConstraint":  # the service sees to both
                    self._attributes(child, "Property", "ReferencedProperty")
                    self._inline(child)
                case _:
                    self._attributes(child, "Action")
                    self._inline(child)
        return NavigationProperty(
            name=self._name(element),
            type=self._type_ref(element),
            nullable=self._flag(element, "Nullable"),
            contains_target=bool(self._flag(element, "ContainsTarget")),
            partner=self._path(element, "Partner"),
            annotations=tuple(annotations),
            place=self._place(element),
        )

    # -- operations and terms (CSDL 12, 14.1)

    def _operation(self, element: Element, name: str, kind: str) -> Operation:
        only_function = ("IsComposable",) if kind == "Function" else ()
        self._attributes(element, "Name", "IsBound", "EntitySetPath", *only_function)
        parameters: list[Parameter] = []
        returns: list[ReturnType] = []
        annotations: list[Annotation] = []
        for tag, child in self._children(element, "Parameter", "ReturnType", "Annotation"):
            match tag:
                case "Parameter":
                    parameters.append(self._parameter(child))
                case "ReturnType":
                    returns.append(self._return_type(child))
                case _:
                    annotations.append(self._annotation(child))
        if len(parameters) > PARAMETERS:
            raise self._error(f"{kind} has more than {PARAMETERS} parameters", element)
        is_bound = bool(self._flag(element, "IsBound"))
        if is_bound and not parameters:
            raise self._error(f"{kind} is bound and has no parameter to be bound by", element)
        if len(returns) > 1:
            raise self._error(f"{kind} has more than one ReturnType", element)
        return Operation(
            kind="Action" if kind == "Action" else "Function",
            name=name,
            parameters=tuple(parameters),
            returns=returns[0] if returns else None,
            is_bound=is_bound,
            is_composable=bool(self._flag(element, "IsComposable")),
            entity_set_path=self._path(element, "EntitySetPath"),
            annotations=tuple(annotations),
            place=self._place(element),
        )

    def _parameter(self, element: Element) -> Parameter:
        attributes = self._attributes(element, "Name", "Type", "Nullable", *FACETS)
        return Parameter(
            name=self._name(element),
            type=self._type_ref(element),
            nullable=self._flag(element, "Nullable"),
            facets=_facets(attributes),
            annotations=self._inline(element),
            place=self._place(element),
        )

    def _return_type(self, element: Element) -> ReturnType:
        attributes = self._attributes(element, "Type", "Nullable", *FACETS)
        return ReturnType(
            type=self._type_ref(element),
            nullable=self._flag(element, "Nullable"),
            facets=_facets(attributes),
            annotations=self._inline(element),
            place=self._place(element),
        )

    def _term(self, element: Element, name: str) -> Term:
        self._attributes(element, "Name", "Type", "Nullable", "AppliesTo", "BaseTerm", *FACETS)
        return Term(
            name=name,
            type=self._type_ref(element),
            nullable=self._flag(element, "Nullable"),
            applies_to=self._path(element, "AppliesTo"),
            annotations=self._inline(element),
            place=self._place(element),
        )

    # -- container (CSDL 13)

    def _container(self, element: Element, name: str) -> EntityContainer:
        attributes = self._attributes(element, "Name", "Extends")
        sources: list[EntitySource] = []
        imports: list[OperationImport] = []
        annotations: list[Annotation] = []
        for tag, child in self._children(
            element, "EntitySet", "Singleton", "ActionImport", "FunctionImport", "Annotation"
        ):
            match tag:
                case "Annotation":
                    annotations.append(self._annotation(child))
                case "ActionImport" | "FunctionImport":
                    imports.append(self._operation_import(child, tag))
                case _:
                    sources.append(self._entity_source(child, tag))
        return EntityContainer(
            name,
            tuple(sources),
            tuple(annotations),
            self._place(element),
            tuple(imports),
            extends=self._full_name(element, "Extends") if "Extends" in attributes else "",
        )

    def _operation_import(self, element: Element, kind: str) -> OperationImport:
        """Read an import; to which entity set its results belong makes no difference for a client."""
        of_function = ("IncludeInServiceDocument",) if kind == "FunctionImport" else ()
        operation = kind.removesuffix("Import")
        self._attributes(element, "Name", operation, "EntitySet", *of_function)
        return OperationImport(
            "ActionImport" if kind == "ActionImport" else "FunctionImport",
            self._name(element),
            self._full_name(element, operation),
            self._inline(element),
            self._place(element),
        )

    def _entity_source(self, element: Element, kind: str) -> EntitySource:
        type_attribute = "EntityType" if kind == "EntitySet" else "Type"
        told = "IncludeInServiceDocument" if kind == "EntitySet" else "Nullable"
        self._attributes(element, "Name", type_attribute, told)
        bindings: list[Binding] = []
        annotations: list[Annotation] = []
        for tag, child in self._children(element, "NavigationPropertyBinding", "Annotation"):
            if tag == "Annotation":
                annotations.append(self._annotation(child))
            else:
                bindings.append(self._binding(child))
        return EntitySource(
            kind="EntitySet" if kind == "EntitySet" else "Singleton",
            name=self._name(element),
            type=self._full_name(element, type_attribute),
            bindings=tuple(bindings),
            annotations=tuple(annotations),
            place=self._place(element),
        )

    def _binding(self, element: Element) -> Binding:
        self._attributes(element, "Path", "Target")
        self._inline(element)
        return Binding(
            self._path(element, "Path", required=True),
            self._path(element, "Target", required=True),
            self._place(element),
        )

    # -- annotations and their values (CSDL 14)

    def _annotations(self, element: Element) -> tuple[str, tuple[Annotation, ...], Place]:
        """Read annotations on a target; the element's qualifier applies to those without their own."""
        self._attributes(element, "Target", "Qualifier")
        qualifier = self._qualifier(element)
        found = self._inline(element)
        if qualifier:
            found = tuple(replace(a, qualifier=a.qualifier or qualifier) for a in found)
        return self._path(element, "Target", required=True), found, self._place(element)

    def _inline(self, element: Element) -> tuple[Annotation, ...]:
        """Read the content of an element that holds only annotations."""
        if not element.children and not element.text:  # like most elements
            return ()
        return tuple(self._annotation(child) for _, child in self._children(element, "Annotation"))

    def _annotation(self, element: Element) -> Annotation:
        attributes = self._attributes(element, "Term", "Qualifier", *_VALUES)
        return Annotation(
            self._full_name(element, "Term"),
            self._value(element, attributes),
            self._qualifier(element),
            self._place(element),
        )

    def _qualifier(self, element: Element) -> str:
        """Return the qualifier, empty where there is none; Graph has some with dots in them."""
        given = element.attributes.get("Qualifier")
        return self._full_name(element, "Qualifier") if given else ""

    def _value(self, element: Element, attributes: Mapping[str, str]) -> Expression | None:
        """Read the value of an Annotation or PropertyValue, given as attribute or as child."""
        given = [*_constants(attributes), *self._operands(element)]
        if len(given) > 1:
            self._report(f"{element.local_name} has {len(given)} values: one is read", element)
        return given[0] if given else None

    def _operands(self, element: Element) -> Iterator[Expression]:
        """Read the expressions in an element; annotations of an annotation are dropped (CSDL 14.2)."""
        for name, child in self._children(element, "Annotation", *_EXPRESSIONS):
            if name == "Annotation":
                self._annotation(child)
            else:
                yield self._expression(name, child)

    def _expression(self, name: str, element: Element) -> Expression:
        match name:
            case "Record":
                self._attributes(element, "Type")
                values = sorted(self._property_values(element), key=lambda pair: pair[0])
                return Record(tuple(values), self._path(element, "Type"))
            case "Collection":
                self._attributes(element)
                return Collection(tuple(self._operands(element)))
            case "LabeledElementReference":
                self._attributes(element)
                return Dynamic(name, text=self._text(element).strip(_BLANK))
            case _ if name in DYNAMIC:
                attributes = self._attributes(element, *DYNAMIC[name])
                told = {key: text for key, text in attributes.items() if key not in _VALUES}
                operands = (*_constants(attributes), *self._operands(element))
                return Dynamic(name, tuple(sorted(told.items())), operands)
            case _:
                self._attributes(element)
                return _constant(name, self._text(element))

    def _property_values(self, element: Element) -> Iterator[tuple[str, Expression]]:
        for tag, child in self._children(element, "PropertyValue", "Annotation"):
            if tag == "Annotation":
                self._annotation(child)
                continue
            attributes = self._attributes(child, "Property", *_VALUES)
            value = self._value(child, attributes)
            if value is None:
                self._report("PropertyValue has no value", child)
            else:
                yield self._name(child, "Property"), value

    # -- attributes of any element

    def _attributes(self, element: Element, *known: str) -> Mapping[str, str]:
        """Return the attributes, and report those that are not known."""
        attributes = element.attributes
        if len(attributes) > ELEMENT_ATTRIBUTES:
            message = f"{element.local_name} has {len(attributes)} attributes"
            raise self._error(message, element)
        for name in attributes:
            if name not in known:
                message = f"attribute {shorten(name)} of {element.local_name} is not understood"
                self._report(message, element)
        return attributes

    def _required(self, element: Element, name: str) -> str:
        value = element.attributes.get(name, "").strip(_BLANK)
        if not value:
            raise self._error(f"{element.local_name} has no {name}", element)
        return value

    def _name(self, element: Element, attribute: str = "Name") -> str:
        """Return a simple name. Invalid ones are refused, since names become code."""
        return self._checked(is_simple_name, self._required(element, attribute), attribute, element)

    def _full_name(self, element: Element, attribute: str) -> str:
        """Return a name with its namespace, or a namespace."""
        return self._checked_full(self._required(element, attribute), attribute, element)

    def _checked_full(self, name: str, attribute: str, element: Element) -> str:
        namespace = name if attribute == "Namespace" else name.rpartition(".")[0]
        if len(namespace) > NAMESPACE:
            message = f"{attribute} of {element.local_name} has a namespace"
            raise self._error(f"{message} of more than {NAMESPACE} characters", element)
        return self._checked(is_dotted_name, name, attribute, element)

    def _type_ref(self, element: Element) -> TypeRef:
        ref = parse_type_ref(self._required(element, "Type"))
        self._checked_full(ref.name, "Type", element)
        return ref

    def _path(self, element: Element, attribute: str, *, required: bool = False) -> str:
        """Return a path or target; one that is not required may be empty or absent."""
        given = element.attributes.get(attribute, "").strip(_BLANK)
        text = self._required(element, attribute) if required else given
        if len(text) > PATH:
            message = f"{attribute} of {element.local_name} has more than {PATH:,} characters"
            raise self._error(message, element)
        return self._checked(is_path, text, attribute, element) if text else ""

    def _checked(
        self, is_valid: Callable[[str], bool], name: str, attribute: str, element: Element
    ) -> str:
        if not is_valid(name):
            message = f"{attribute} of {element.local_name} is not a name: {_quoted(name)}"
            raise self._error(message, element)
        return name

    def _flag(self, element: Element, name: str) -> bool | None:
        value = element.attributes.get(name)
        if value is None:
            return None
        flag = _FLAGS.get(value.strip(_BLANK))
        if flag is None:
            raise self._error(f"{name} is {_quoted(value)}, not true or false", element)
        return flag

    # -- content of any element

    def _children(
        self, element: Element, *known: str, namespace: str = EDM
    ) -> Iterator[tuple[str, Element]]:
        """Yield (local name, element) of the known child elements; report everything else."""
        if element.text and not element.text.isspace():
            self._report(f"text in {element.local_name} is not understood", element)
        for child in element.children:
            name = child.local_name
            if name in known and child.name == (EDM if name == "Annotation" else namespace) + name:
                yield name, child
            else:
                self._report_unknown(child)

    def _empty(self, element: Element) -> None:
        """Report whatever is in an element that should be empty."""
        for _ in self._children(element):
            pass

    def _text(self, element: Element) -> str:
        """Return the text of an element that holds nothing else."""
        for child in element.children:
            self._report_unknown(child)
        return element.text

    # -- diagnostics

    def _place(self, element: Element) -> Place:
        return Place(self._file, element.line)

    def _report_unknown(self, element: Element) -> None:
        parent = element.parent.local_name if element.parent else "the document"
        self._report(f"element {element.local_name} in {parent} is not understood", element)

    def _report(self, message: str, element: Element) -> None:
        if len(self._diagnostics) == FINDINGS:
            raise error(f"more than {FINDINGS:,} things are not understood", self._place(element))
        self._diagnostics.append(Diagnostic(message, self._place(element), *_subject(element)))

    def _error(self, message: str, element: Element) -> CodegenError:
        type_name, member = _subject(element)
        return error(message, self._place(element), type=type_name, property=member)


def _constants(attributes: Mapping[str, str]) -> Iterator[Constant]:
    """Yield the values that attributes give."""
    return (_constant(name, text) for name, text in attributes.items() if name in _VALUES)


def _constant(kind: str, text: str) -> Constant:
    """Return a constant; white space around anything but text does not count."""
    return Constant(kind, text if kind == "String" else text.strip(_BLANK))


def _facets(attributes: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    given = ((name, attributes[name]) for name in FACETS if name in attributes)
    return tuple(
        (name, text if name == "DefaultValue" else text.strip(_BLANK)) for name, text in given
    )


def _subject(element: Element) -> tuple[str, str]:
    """Return the names of the declaration that an element is in, and of the declaration's member."""
    path = [*reversed(list(element.ancestors())), element]
    if len(path) <= _DECLARATION_DEPTH:
        return "", ""
    schema, declaration, *inside = path[_DECLARATION_DEPTH - 1 :]
    if "Target" in declaration.attributes:
        type_name, _, member = declaration.attributes["Target"].partition("/")
        return shorten(type_name), shorten(member)
    namespace, name = schema.attributes.get("Namespace"), declaration.attributes.get("Name")
    names = (e.attributes.get("Name") for e in inside)
    member = next(filter(None, names), "")
    return shorten(f"{namespace}.{name}") if name else "", shorten(member)


def _quoted(text: str) -> str:
    """Return a text as a message quotes it, in Python's notation, not too long."""
    return repr(text) if len(text) <= _LONGEST else f"{text[:_LONGEST]!r}…"
