"""Divides the modules of namespaces that derive types from each other, which Python could not import.

A type is in the part of its namespace that says how often its line of base types changes namespace: the
base type is in the same part, or in an earlier part of another namespace. The module of such a namespace
only exports what its parts hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from itertools import pairwise

from graph_codegen.csdl.ast import split_name
from graph_codegen.model.model import Model


def divide(model: Model, modules: Mapping[str, str]) -> Mapping[str, str]:
    """Return the modules of the types whose namespaces are divided, by full type name.

    `modules` are the modules of the namespaces.
    """
    circular = _circular(model)
    taken = frozenset(modules.values())
    found: dict[str, str] = {}
    for name in model.types:
        namespace, _ = split_name(name)
        if namespace in circular:
            lineage = [split_name(declared.name)[0] for declared in model.lineage(name)]
            changes = sum(before != after for before, after in pairwise(lineage))
            found[name] = _free(f"{modules[namespace]}_part{changes}", taken)
    return found


def _free(part: str, taken: Set[str]) -> str:
    while part in taken:
        part += "x"
    return part


def _circular(model: Model) -> frozenset[str]:
    """Return the namespaces that derive types from each other, and those between such ones."""
    bases: dict[str, set[str]] = {}
    for declared in model.structured():
        own, base = split_name(declared.name)[0], split_name(declared.base)[0]
        if base and own != base:
            bases.setdefault(own, set()).add(base)
    derived: dict[str, set[str]] = {}
    for own, leads in bases.items():
        for base in leads:
            derived.setdefault(base, set()).add(own)
    return frozenset(_within(bases)) & _within(derived)


def _within(leads: Mapping[str, set[str]]) -> frozenset[str]:
    """Return the nodes of a graph that lead into a circle, or are in one."""
    left = {node: len(targets) for node, targets in leads.items()}
    back: dict[str, list[str]] = {}
    for node, targets in leads.items():
        for target in targets:
            back.setdefault(target, []).append(node)
    ends = [target for target in back if target not in left]
    while ends:
        for node in back.get(ends.pop(), ()):
            left[node] -= 1
            if not left[node]:
                ends.append(node)
    return frozenset(node for node, count in left.items() if count)
