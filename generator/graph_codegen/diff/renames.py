"""Renames that are near certain: one thing gone, one thing new, and too alike to be a coincidence.

Every judgement is symmetric: what A calls a rename of B, B calls a rename of A.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from difflib import SequenceMatcher
from typing import TypeVar

from graph_codegen.edm import EnumType, Model, StructuredType, TypeDeclaration, split_name

ALIKE = 0.6
"""How alike two names must be, from 0 to 1, where their shape alone could be a coincidence."""

TELLING = 3
"""Members that a type must have for its shape alone to be no coincidence."""

_T = TypeVar("_T")


def similarity(one: str, other: str) -> float:
    """Return how alike two names are, from 0 to 1, whatever their capitals, in either order."""
    first, second = sorted((one.casefold(), other.casefold()))
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


def pairs(
    gone: Iterable[_T],
    come: Iterable[_T],
    *,
    old_shape: Callable[[_T], Hashable],
    new_shape: Callable[[_T], Hashable],
    certain: Callable[[_T, _T], bool],
) -> tuple[list[tuple[_T, _T]], list[_T], list[_T]]:
    """Return the pairs of one that is gone and one that has come, and what is left of both.

    A pair is of equal shape, and certain; neither may be certain with any other: what could be either
    of two is neither.
    """
    gone, come = list(gone), list(come)
    by_shape: dict[Hashable, list[_T]] = {}
    for new in come:
        by_shape.setdefault(new_shape(new), []).append(new)
    candidates = [
        (old, new) for old in gone for new in by_shape.get(old_shape(old), ()) if certain(old, new)
    ]
    times_old = Counter(id(old) for old, _ in candidates)
    times_new = Counter(id(new) for _, new in candidates)
    found = [
        (old, new) for old, new in candidates if times_old[id(old)] == 1 and times_new[id(new)] == 1
    ]
    renamed = {id(one) for pair in found for one in pair}
    return (
        found,
        [old for old in gone if id(old) not in renamed],
        [new for new in come if id(new) not in renamed],
    )


def types(old: Model, new: Model) -> Mapping[str, str]:
    """Return the new names of types by their old ones.

    A type is renamed when one of the same kind and with the same members has come in its place, and
    either its name is alike or it has so many members that they tell.
    """
    gone = [declared for name, declared in old.types.items() if name not in new.types]
    come = [declared for name, declared in new.types.items() if name not in old.types]
    found, _, _ = pairs(gone, come, old_shape=_shape, new_shape=_shape, certain=_certain)
    return {one.name: other.name for one, other in found}


def _shape(declared: TypeDeclaration) -> Hashable:
    """Return what a type is without its name; a mention of itself is not of its name."""
    if isinstance(declared, EnumType):
        return (
            "EnumType",
            declared.is_flags,
            frozenset((member.name, member.value) for member in declared.members),
        )
    return (
        declared.kind,
        declared.base,
        frozenset(
            (item.name, "" if item.type.name == declared.name else item.type.name)
            for item in declared.members()
        ),
    )


def _certain(old: TypeDeclaration, new: TypeDeclaration) -> bool:
    count = len(tuple(_members(old)))
    namespace, simple = split_name(old.name)
    other_namespace, other = split_name(new.name)
    if simple == other:
        return count > 0
    alike = similarity(simple, other) >= ALIKE
    return (alike and count > 0) or (count >= TELLING and namespace == other_namespace)


def _members(declared: TypeDeclaration) -> Iterable[object]:
    return declared.members() if isinstance(declared, StructuredType) else declared.members
