"""Renames that are near certain: one thing gone, one thing new, of one shape and alike in name.

Every judgement is symmetric: what A calls a rename of B, B calls a rename of A.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

from graph_codegen.csdl.ast import EnumType, StructuredType, TypeDeclaration, split_name
from graph_codegen.model.model import Model

LONG = 5
"""Letters that a name must have for one of them more or less to be no other word."""

_SEPARATORS = re.compile(r"[_\-.]")

_T = TypeVar("_T")


def alike(one: str, other: str) -> bool:
    """Whether two names are spellings of one: but for capitals, separators, and a slip of one letter.

    What is merely similar is not: `startDateTime` and `endDateTime`, `mute` and `unmute`.
    """
    first, second = (_SEPARATORS.sub("", name).casefold() for name in (one, other))
    return first == second or _slipped(first, second) or _slipped(second, first)


def _slipped(one: str, other: str) -> bool:
    """Whether a name lacks one letter of the other, or has two letters of it swapped."""
    if min(len(one), len(other)) < LONG:
        return False
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) == len(other):
        swapped = other[at + 1 : at + 2] + other[at : at + 1]
        return one == other[:at] + swapped + other[at + 2 :]
    return other[at : at + 1].isalpha() and one == other[:at] + other[at + 1 :]


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


def find_renamed_types(old: Model, new: Model) -> Mapping[str, str]:
    """Return the new names of types by their old ones.

    A type is renamed when one of the same kind and with the same members has come in its place, under
    a name that is alike, or under the same in another namespace.
    """
    gone = [declared for name, declared in old.types.items() if name not in new.types]
    come = [declared for name, declared in new.types.items() if name not in old.types]
    found, _, _ = pairs(gone, come, old_shape=_shape, new_shape=_shape, certain=_certain)
    return {one.name: other.name for one, other in found}


def _shape(declared: TypeDeclaration) -> Hashable:
    """Return what a type is without its name; a mention of itself is not of its name."""
    if isinstance(declared, EnumType):
        return (
            declared.kind,
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
    # Types without members have one shape, which says nothing.
    return any(_members(old)) and alike(split_name(old.name)[1], split_name(new.name)[1])


def _members(declared: TypeDeclaration) -> Iterable[object]:
    return declared.members() if isinstance(declared, StructuredType) else declared.members
