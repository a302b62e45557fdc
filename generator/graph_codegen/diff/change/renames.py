"""Renames that are nearly certain: one element removed, one added, with the same shape and similar names.

Every judgement is symmetric: if A to B is a rename, so is B to A.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

from graph_codegen.csdl.ast import EnumType, StructuredType, TypeDeclaration, split_name
from graph_codegen.model.model import Model

MIN_TYPO_LENGTH = 5
"""Minimum length of a name at which one differing letter is a typo, and not another word."""

_SEPARATORS = re.compile(r"[_\-.]")

_T = TypeVar("_T")


def is_respelling(one: str, other: str) -> bool:
    """Whether two names are spellings of the same one: they differ in case, separators or one typo.

    Merely similar names are not: `startDateTime` and `endDateTime`, `mute` and `unmute`.
    """
    first, second = (_SEPARATORS.sub("", name).casefold() for name in (one, other))
    return first == second or _is_typo(first, second) or _is_typo(second, first)


def _is_typo(one: str, other: str) -> bool:
    """Whether a name lacks one letter of the other, or swaps two adjacent letters of it."""
    if min(len(one), len(other)) < MIN_TYPO_LENGTH:
        return False
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) == len(other):
        swapped = other[at + 1 : at + 2] + other[at : at + 1]
        return one == other[:at] + swapped + other[at + 2 :]
    return other[at : at + 1].isalpha() and one == other[:at] + other[at + 1 :]


def match_renamed(
    only_old: Iterable[_T],
    only_new: Iterable[_T],
    *,
    old_shape: Callable[[_T], Hashable],
    new_shape: Callable[[_T], Hashable],
    certain: Callable[[_T, _T], bool],
) -> tuple[list[tuple[_T, _T]], list[_T], list[_T]]:
    """Return the pairs of old and new elements that are renames, and the rest of both sides.

    The elements of a pair have equal shapes and are `certain` to be the same; an element that is so with
    several others is in no pair.
    """
    only_old, only_new = list(only_old), list(only_new)
    by_shape: dict[Hashable, list[_T]] = {}
    for new in only_new:
        by_shape.setdefault(new_shape(new), []).append(new)
    candidates = [
        (old, new)
        for old in only_old
        for new in by_shape.get(old_shape(old), ())
        if certain(old, new)
    ]
    times_old = Counter(id(old) for old, _ in candidates)
    times_new = Counter(id(new) for _, new in candidates)
    found = [
        (old, new) for old, new in candidates if times_old[id(old)] == 1 and times_new[id(new)] == 1
    ]
    renamed = {id(one) for pair in found for one in pair}
    return (
        found,
        [old for old in only_old if id(old) not in renamed],
        [new for new in only_new if id(new) not in renamed],
    )


def find_renamed_types(old: Model, new: Model) -> Mapping[str, str]:
    """Return the renamed types, new names by old ones.

    A type is renamed if a new type of the same kind has the same members, and either a similar name or
    the same name in another namespace.
    """
    only_old = [declared for name, declared in old.types.items() if name not in new.types]
    only_new = [declared for name, declared in new.types.items() if name not in old.types]
    found, _, _ = match_renamed(
        only_old, only_new, old_shape=_shape, new_shape=_shape, certain=_certain
    )
    return {one.name: other.name for one, other in found}


def _shape(declared: TypeDeclaration) -> Hashable:
    """Return what a type is apart from its name, even where it refers to itself."""
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
    # All types without members have the same shape, which proves nothing.
    return any(_members(old)) and is_respelling(split_name(old.name)[1], split_name(new.name)[1])


def _members(declared: TypeDeclaration) -> Iterable[object]:
    return declared.members() if isinstance(declared, StructuredType) else declared.members
