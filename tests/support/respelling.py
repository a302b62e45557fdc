"""The same facts in other words: CSDL documents with their elements shuffled and names spelled otherwise."""

from __future__ import annotations

import random
from collections.abc import Iterator

from lxml import etree

from graph_codegen.csdl.ast import EDM

IN_ORDER = frozenset({"Action", "Function", "Key", "Collection"})
"""Elements whose children have an order that means something: parameters, parts of a key, items."""


def shuffled(data: bytes, seed: int) -> bytes:
    """The same document with all in another order whose order means nothing."""
    root = etree.fromstring(data)
    _shuffle(root, random.Random(seed))
    return etree.tostring(root)


def respelled(data: bytes, seed: int) -> bytes:
    """The same facts in another order, under an alias, with annotations out of line."""
    chance = random.Random(seed)
    root = etree.fromstring(data)
    schemas = list(root.iter(f"{EDM}Schema"))
    for index, schema in enumerate(schemas):
        schema.set("Alias", schema.get("Alias") or f"alias{index}")
    aliases = {schema.get("Namespace", ""): schema.get("Alias", "") for schema in schemas}
    for schema in schemas:
        for declaration in list(schema):
            _move_annotations(schema, declaration, chance)
    _shuffle(root, chance)
    for schema in schemas:
        schema.insert(0, etree.Comment("a comment"))
    for element in root.iter(f"{EDM}*"):
        for name in {"Type", "BaseType", "EntityType", "Target"}.intersection(element.keys()):
            if chance.random() < 0.7:
                element.set(name, _aliased(element.get(name, ""), aliases))
    etree.indent(root, space=" " * chance.randint(0, 7))
    return etree.tostring(root)


def _move_annotations(
    schema: etree._Element, declaration: etree._Element, chance: random.Random
) -> None:
    """Write some annotations of a declaration and its members out of line (CSDL 14.2.2)."""
    if declaration.tag in (f"{EDM}Annotations", f"{EDM}Term"):
        return
    name = f"{schema.get('Namespace')}.{declaration.get('Name')}"
    if declaration.tag in (f"{EDM}Action", f"{EDM}Function"):
        types = [str(p.get("Type")) for p in declaration.iter(f"{EDM}Parameter")]
        name = f"{name}({','.join(types)})"
    for element, target in _targets(declaration, name):
        found = element.findall(f"{EDM}Annotation")
        if found and chance.random() < 0.6:
            moved = etree.SubElement(schema, f"{EDM}Annotations", {"Target": target})
            moved.extend(found)


def _targets(declaration: etree._Element, name: str) -> Iterator[tuple[etree._Element, str]]:
    yield declaration, name
    for child in declaration:
        if child.tag == f"{EDM}ReturnType":
            yield child, f"{name}/$ReturnType"
        elif child.get("Name"):
            yield child, f"{name}/{child.get('Name')}"


def _shuffle(element: etree._Element, chance: random.Random) -> None:
    children = list(element)
    for child in children:
        _shuffle(child, chance)
    # A member without a value has its predecessor's plus one (CSDL 10.3).
    counted = any(c.tag == f"{EDM}Member" and "Value" not in c.attrib for c in children)
    if str(element.tag).removeprefix(EDM) not in IN_ORDER and not counted:
        chance.shuffle(children)
        element[:] = children


def _aliased(name: str, aliases: dict[str, str]) -> str:
    """Spell the namespaces in a reference or a target as their aliases, the longest first."""
    for namespace in sorted(aliases, key=len, reverse=True):
        for before in ("", "(", ",", " "):
            # Only where a simple name follows: `a.b.c` is none of the namespace `a`.
            head, found, tail = name.partition(f"{before}{namespace}.")
            simple = tail.split("/")[0].split(",")[0].split("(")[0]
            if found and "." not in simple and (before or not head):
                name = f"{head}{before}{aliases[namespace]}.{tail}"
    return name
