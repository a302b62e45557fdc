"""Renames that are nearly certain: one element removed, one added, with the same shape and similar names.

Every judgement is symmetric: if A to B is a rename, so is B to A.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

from graph_codegen.csdl.ast import EnumType, StructuredType, TypeDeclaration, split_name
from graph_codegen.model.model import Model

MIN_TYPO_LENGTH = 5
"""Minimum length of a name at which one differing letter is a typo, and not another word."""

_SEPARATORS = re.compile(r"[_\-.]")

_T = TypeVar("_T")


def _essence(name: str) -> str:
    """Return what the spellings of a name have in common, apart from typos."""
    return _SEPARATORS.sub("", name).casefold()


def _is_respelling(one: str, other: str) -> bool:
    """Whether two names, as `_essence` returns them, are the same but for one typo.

    Merely similar names are not: `startDateTime` and `endDateTime`, `mute` and `unmute`.
    """
    return one == other or _is_typo(one, other) or _is_typo(other, one)


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
    name: Callable[[_T], str],
) -> tuple[list[tuple[_T, _T]], list[_T], list[_T]]:
    """Return the pairs of old and new elements that are renames, and the rest of both sides.

    The elements of a pair have equal shapes, and names that are spellings of the same one: they differ in
    case, separators or one typo. An element for which there are several others is in no pair, nor is one
    whose shape is None, which proves nothing.
    """
    only_old, only_new = list(only_old), list(only_new)
    before = _spelled(only_old, old_shape, name)
    after = _spelled(only_new, new_shape, name)
    pairs = [
        (old, new)
        for shape, spellings in before.items()
        for old, new in _unambiguous(spellings, after.get(shape, {}))
    ]
    order = {id(old): position for position, old in enumerate(only_old)}
    pairs.sort(key=lambda pair: order[id(pair[0])])
    renamed = {id(one) for pair in pairs for one in pair}
    return (
        pairs,
        [old for old in only_old if id(old) not in renamed],
        [new for new in only_new if id(new) not in renamed],
    )


def _spelled(
    items: Iterable[_T], shape: Callable[[_T], Hashable], name: Callable[[_T], str]
) -> dict[Hashable, dict[str, list[_T]]]:
    """Group elements by shape, and then by what their names have in common with respellings."""
    groups: dict[Hashable, dict[str, list[_T]]] = {}
    for item in items:
        form = shape(item)
        if form is not None:
            groups.setdefault(form, {}).setdefault(_essence(name(item)), []).append(item)
    return groups


def _unambiguous(
    before: Mapping[str, list[_T]], after: Mapping[str, list[_T]]
) -> Iterator[tuple[_T, _T]]:
    """Yield the elements of which each is a respelling of the other alone."""
    matches = set(_matches(before, after))
    times_before: Counter[str] = Counter()
    times_after: Counter[str] = Counter()
    for one, other in matches:
        times_before[one] += len(after[other])
        times_after[other] += len(before[one])
    for one, other in matches:
        if times_before[one] == 1 and times_after[other] == 1:
            yield before[one][0], after[other][0]


def _matches(before: Collection[str], after: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the respellings among names; comparing each with each would take too long for many."""
    for one in before:
        found = (one, *_without_letter(one), *_swapped(one))
        yield from (
            (one, other) for other in found if other in after and _is_respelling(one, other)
        )
    for other in after:
        shorter = _without_letter(other)
        yield from ((one, other) for one in shorter if one in before and _is_respelling(one, other))


def _without_letter(name: str) -> Iterator[str]:
    return (name[:at] + name[at + 1 :] for at in range(len(name)))


def _swapped(name: str) -> Iterator[str]:
    return (name[:at] + name[at + 1] + name[at] + name[at + 2 :] for at in range(len(name) - 1))


def find_renamed_types(old: Model, new: Model) -> Mapping[str, str]:
    """Return the renamed types, new names by old ones.

    A type is renamed if a new type of the same kind has the same members, and either a similar name or
    the same name in another namespace.
    """
    only_old = [declared for name, declared in old.types.items() if name not in new.types]
    only_new = [declared for name, declared in new.types.items() if name not in old.types]
    found, _, _ = match_renamed(
        only_old,
        only_new,
        old_shape=_shape,
        new_shape=_shape,
        name=lambda declared: split_name(declared.name)[1],
    )
    return {one.name: other.name for one, other in found}


def _shape(declared: TypeDeclaration) -> Hashable:
    """Return what a type is apart from its name, even where it refers to itself.

    All types without members are the same, which proves nothing: that is None.
    """
    if not any(_members(declared)):
        return None
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


def _members(declared: TypeDeclaration) -> Iterable[object]:
    return declared.members() if isinstance(declared, StructuredType) else declared.members
