"""Renders the modules of the models from the OpenAPI document, by datamodel-code-generator.

Each namespace becomes one module, generated separately, or several parts of one (`parts`). Edm types and
types of other modules are passed to datamodel-code-generator as custom types with names like `edm__Int64`,
which the templates write as `edm.Int64`: so it has no reason to rename anything, and we write the imports
ourselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock

from datamodel_code_generator import generate
from datamodel_code_generator.config import GenerateConfig
from datamodel_code_generator.enums import DataModelType, InputFileType
from datamodel_code_generator.format import PythonVersion
from pydantic.alias_generators import to_camel

from graph_codegen.csdl.ast import ROOT_NAMESPACE, TypeRef, parse_type_ref, split_name
from graph_codegen.emit import reference
from graph_codegen.emit.names import (
    BEHAVIOUR_NAMES,
    BEHAVIOURS,
    MODULE_NAMES,
    Names,
    edm_annotation,
)
from graph_codegen.emit.schemas import DEPRECATION, SCHEMAS
from graph_codegen.emit.templates import gathered, render
from graph_codegen.emit.x_graph import EXTENSION, JSON
from graph_codegen.errors import error
from graph_codegen.model.deprecations import Deprecation, with_deprecation
from graph_codegen.text import docstring_source, string_source

_STRING = re.compile(r'"""(?:[^"\\]|\\.)*"""|(?<=@_deprecated\()"(?:[^"\\]|\\.)*"', re.DOTALL)
"""A docstring or the text about a deprecation, as written by `text`: every quote inside is escaped."""

_PARSING = Lock()
"""Held while datamodel-code-generator runs: it parses with `ast`, which older patch versions of CPython
cannot do in two threads ("AST constructor recursion depth mismatch",
https://github.com/python/cpython/issues/106905)."""

_FIRST = re.compile(r"^(class |@_deprecated\()", re.MULTILINE)
"""The beginning of the first class."""

_REBUILD = re.compile(r"^\w+\.model_rebuild\(\)$", re.MULTILINE)

RUNTIME_NAMES = frozenset({"edm", "GraphModel", "Untyped"})
"""Names in annotations that come from the runtime."""


def _foreign(*path: str) -> JSON:
    """Return the schema of a type that is defined elsewhere; the templates restore the dots."""
    return {"customTypePath": f"elsewhere.{'__'.join(path)}"}


@dataclass(frozen=True, slots=True)
class _Module:
    """A module to be generated: its namespace, and the schemas in it by class name.

    `types` are the full names of its types; `inherited` are the runtime names that its classes need for
    inherited members.
    """

    namespace: str
    name: str
    schemas: Mapping[str, JSON]
    types: tuple[str, ...]
    inherited: frozenset[str]


def render_models(document: JSON, names: Names) -> dict[str, str]:
    """Return the source of the package `models` by path below it, unformatted.

    `document` is the OpenAPI document of the model that `names` describes.
    """
    modules = list(_modules(document, names))
    deprecated = any(schema.get("deprecated") for schema in _schemas(document).values())
    sources = {
        f"{module.name}.py": _source(module, names, uses_deprecated=deprecated)
        for module in modules
    }
    root_names = {name for m in modules if m.namespace == ROOT_NAMESPACE for name in m.schemas}
    module_names = sorted({names.modules[module.namespace] for module in modules})
    sources |= dict(_divided(modules, names, uses_deprecated=deprecated))
    sources["__init__.py"] = render(
        "models/init.py.jinja2",
        root_namespace=ROOT_NAMESPACE,
        uses_deprecated=deprecated,
        modules=module_names,
        names=sorted(root_names, key=str.casefold),
        exports=sorted([*root_names, *module_names]),
    )
    return sources


def _divided(
    modules: Iterable[_Module], names: Names, *, uses_deprecated: bool
) -> Iterator[tuple[str, str]]:
    """Yield path and source of the modules of namespaces that are divided."""
    parts: dict[str, dict[str, list[str]]] = {}
    for module in modules:
        if module.name != names.modules[module.namespace]:
            parts.setdefault(module.namespace, {})[module.name] = sorted(module.schemas)
    for namespace, found in parts.items():
        exports = sorted(name for exported in found.values() for name in exported)
        source = render(
            "models/parts.py.jinja2",
            namespace=namespace,
            parts=dict(sorted(found.items())),
            uses_deprecated=uses_deprecated,
            exports=exports,
        )
        yield f"{names.modules[namespace]}.py", source


def _modules(document: JSON, names: Names) -> Iterator[_Module]:
    schemas = _schemas(document)
    by_module: dict[tuple[str, str], dict[str, JSON]] = {}
    types: dict[tuple[str, str], list[str]] = {}
    inherited: dict[str, set[str]] = {}
    abroad: set[str] = set()
    for schema in schemas.values():
        heir = names.module_of(schema[EXTENSION]["name"])
        for base in _foreign_bases(schemas, schema, names):
            abroad.add(base[EXTENSION]["name"])
            values = base.get("allOf", [base])[-1].get("properties", {}).values()
            inherited.setdefault(heir, set()).update(*map(_runtime_names, values))
    abroad.update(names.parts)
    for schema in schemas.values():
        type_name = schema[EXTENSION]["name"]
        namespace, _ = split_name(type_name)
        home = "" if type_name in abroad else namespace
        own = _Rewriter(home, schemas, names).schema(type_name, schema)
        module = namespace, names.module_of(type_name)
        by_module.setdefault(module, {})[names.classes[type_name]] = own
        types.setdefault(module, []).append(type_name)
    for module, found in by_module.items():
        namespace, module_name = module
        lent = frozenset(inherited.get(module_name, ()))
        yield _Module(namespace, module_name, found, tuple(types[module]), lent)


def _schemas(document: JSON) -> JSON:
    """Return the schemas of types: a document has others too, which CSDL does not declare."""
    found: JSON = document["components"]["schemas"]
    return {name: schema for name, schema in found.items() if EXTENSION in schema}


def _bases(schemas: JSON, schema: JSON) -> Iterator[JSON]:
    """Yield the schemas of all base types, the nearest first."""
    while "allOf" in schema:
        schema = schemas[schema["allOf"][0]["$ref"].removeprefix(SCHEMAS)]
        yield schema


def _foreign_bases(schemas: JSON, schema: JSON, names: Names) -> Iterator[JSON]:
    """Yield the schemas of all base types that are in another module.

    Pydantic resolves inherited annotations in the module of the derived class, where a name from the
    module of the base means something else or nothing.
    """
    module = names.module_of(schema[EXTENSION]["name"])
    for base in _bases(schemas, schema):
        if names.module_of(base[EXTENSION]["name"]) != module:
            yield base


def _runtime_names(schema: JSON) -> Iterator[str]:
    """Yield the runtime names in the annotation of a property."""
    if EXTENSION in schema:  # of `@odata.type` there is no declaration
        ref = parse_type_ref(schema[EXTENSION]["type"])
        if ref.collection:
            yield "edm"
        if ref.primitive:
            yield edm_annotation(ref.name).partition(".")[0]


class _Rewriter:
    """Turns a schema of the public document into one for the document of its module.

    `home` is the namespace whose types are referenced unqualified: the schema's, or empty.
    """

    def __init__(self, home: str, schemas: JSON, names: Names) -> None:
        self._home = home
        self._schemas = schemas
        self._names = names

    def schema(self, type_name: str, schema: JSON) -> JSON:
        graph: JSON = schema[EXTENSION]
        lineage = (schema, *_bases(self._schemas, schema))
        is_open = any(one[EXTENSION].get("open") for one in lineage)
        text = reference.docstring(graph | {"open": is_open}, _described(schema))
        python: JSON = {"docstring": docstring_source(text)}
        if deprecation := _deprecation(schema):
            python["deprecated"] = string_source(deprecation.text)
        members = {member["name"]: member["value"] for member in graph.get("members", ())}
        if members and not graph.get("isFlags"):
            return {
                "type": "string",
                "enum": schema["enum"],
                "x-enum-varnames": schema["x-enum-varnames"],
                "x-python": python | {"docstrings": _docstrings(_members(schema))},
            }
        if graph["kind"] == "EnumType" and not members:
            return {"type": "object", "x-python": python | {"empty_enum": True}}
        if graph["kind"] == "EnumType":
            pairs = zip(schema["x-enum-varnames"], members.items(), strict=True)
            return {"type": "object", "x-python": python | {"flags": dict(pairs)}}
        python["odata_type"] = f"#{type_name}"
        python["abstract"] = bool(graph.get("abstract"))
        python["open"] = is_open
        # A part of a complex value (`address/id`) is a key that no body leaves out.
        python["key"] = tuple(name for name in graph.get("key", ()) if "/" not in name)
        attributes = self._names.attributes[type_name]
        python["behaviour"] = _behaviour(type_name, attributes.values())
        python["wire_names"] = {
            name: wire for wire, name in attributes.items() if to_camel(name) != wire
        }
        *base, own = schema.get("allOf", [schema])
        declared = {w: v for w, v in own.get("properties", {}).items() if not w.startswith("@")}
        refs = {w: parse_type_ref(v[EXTENSION]["type"]) for w, v in declared.items()}
        properties = {wire: self._value(ref) for wire, ref in refs.items()}
        python["docstrings"] = _docstrings(
            (attributes[wire], _property_text(value)) for wire, value in declared.items()
        )
        python["deprecated_names"] = [
            attributes[wire] for wire, value in declared.items() if value.get("deprecated")
        ]
        rewritten = {"type": "object", "properties": properties}
        if not base:
            return rewritten | {"x-python": python}
        target = graph["base"]
        module = self._names.module_of(target)
        if module == self._names.module_of(type_name):
            reference_ = {"$ref": SCHEMAS + self._names.classes[target]}
            return {"allOf": [reference_, rewritten], "x-python": python}
        path = _foreign(f"_{module}", self._names.classes[target])["customTypePath"]
        return rewritten | {"customBasePath": path, "x-python": python}

    def _value(self, ref: TypeRef) -> JSON:
        """Return the schema of a property; all are nullable and optional."""
        if ref.collection:
            return {"type": "array", "items": self._value(TypeRef(ref.name))}
        if ref.primitive:
            return _foreign(*edm_annotation(ref.name).split("."))
        namespace, _ = split_name(ref.name)
        if namespace == self._home:
            return {"$ref": SCHEMAS + self._names.classes[ref.name]}
        return _foreign(f"_{self._names.modules[namespace]}", self._names.classes[ref.name])


def _behaviour(type_name: str, attributes: Iterable[str]) -> str:
    """Return the class of the runtime that adds members to a type, empty for none.

    Of another service, a type of the same name may have properties that are called like the members.
    """
    name, added = BEHAVIOURS.get(type_name, ("", frozenset[str]()))
    return "" if added & {*attributes} else name


def _property_text(schema: JSON) -> str:
    null = schema[EXTENSION].get("nullable", True)
    return reference.property_text(_described(schema), null=null)


def _deprecation(schema: JSON) -> Deprecation | None:
    told = schema.get("x-ms-deprecation")
    return told and Deprecation(*(told.get(name, "") for name in DEPRECATION.values()))


def _described(schema: JSON) -> str:
    return with_deprecation(_deprecation(schema), schema.get("description", ""))


def _members(schema: JSON) -> Iterator[tuple[str, str]]:
    yield from zip(schema["x-enum-varnames"], schema["x-enum-descriptions"], strict=True)


def _docstrings(texts: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the sources of the docstrings of attributes that have a description."""
    return {name: docstring_source(text) for name, text in texts if text}


def _source(module: _Module, names: Names, *, uses_deprecated: bool) -> str:
    body = _body(module, names)
    code = _STRING.sub("", body)  # a word in a string does not use a name
    qualified = {word.partition(".")[0] for word in _words(code) if "." in word}
    others = sorted(m[1:] for m in qualified if m[:1] == "_" and m[1:] in names.every_module)
    bases = {*re.findall(r"^class \w+\(_(\w+)\.", code, re.MULTILINE)}
    base_modules = [m for m in others if m in bases]
    typing_modules = [m for m in others if m not in bases]
    used = (MODULE_NAMES | BEHAVIOUR_NAMES | {"edm", "Any"}).intersection(_words(code, "."))
    declaring = {"declared", "BaseModule"} if base_modules else {"declared"}
    typing = ["TYPE_CHECKING"] if others else []
    typing += [name for name in ("Any", "ClassVar") if name in used]
    return render(
        "models/module.py.jinja2",
        namespace=module.namespace,
        runtime=used | (module.inherited & RUNTIME_NAMES) | declaring,
        inherited=module.inherited - used,
        behaviours=sorted(BEHAVIOUR_NAMES),
        typing=typing,
        base_modules=base_modules,
        typing_modules=typing_modules,
        names=sorted(module.schemas),
        deprecated="@_deprecated(" in code,
        uses_deprecated=uses_deprecated,
        body=body,
    )


def _words(source: str, also: str = "") -> list[str]:
    """Return what is between punctuation: names, dotted ones as one word unless `also` has the dot."""
    return re.split(rf"[()\[\]|,:=\s{also}]+", source)


def _body(module: _Module, names: Names) -> str:
    """Return the classes of a module, each after its base."""
    document = {
        "openapi": "3.1.0",
        "info": {"title": module.namespace, "version": "v1.0"},
        "paths": {},
        "components": {"schemas": dict(module.schemas)},
    }
    # The filters of warnings belong to the process, so they are left alone here: other threads may
    # be using them. There is nothing to warn of, since custom types stand where a format could.
    with _PARSING, gathered("models") as templates:
        config = GenerateConfig(
            input_file_type=InputFileType.OpenAPI,
            output_model_type=DataModelType.PydanticV2BaseModel,
            target_python_version=PythonVersion.PY_311,
            custom_template_dir=templates,
            base_class="elsewhere.GraphModel",
            aliases=dict(_aliases(module, names)),
            use_union_operator=True,
            use_standard_collections=True,
            strict_refs=True,
            formatters=[],
        )
        source = str(generate(document, config=config))
    # The head of the module is ours; and what it rebuilds at once, our models build on first use.
    first = _FIRST.search(source)
    body = _REBUILD.sub("", source[first.start() if first else 0 :]).strip()
    found = re.findall(r"^class (\w+)\(", body, re.MULTILINE)
    if sorted(found) != sorted(module.schemas):
        changed = sorted(set(found) ^ set(module.schemas))
        message = f"the templates of models left out, added or renamed classes: {changed}"
        raise error(message, module.namespace)
    return body


def _aliases(module: _Module, names: Names) -> Iterator[tuple[str, str]]:
    for type_name in module.types:
        for wire, attribute in names.attributes.get(type_name, {}).items():
            yield f"{names.classes[type_name]}.{wire}", attribute
