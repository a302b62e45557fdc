"""Enumerations and their members (CSDL 10)."""

from __future__ import annotations

from collections.abc import Iterator

from graph_codegen.csdl.ast import EnumType, Member
from graph_codegen.diff.change import renames
from graph_codegen.diff.change.annotations import compare_annotations
from graph_codegen.diff.change.changes import Change, Pair
from graph_codegen.diff.change.context import Context
from graph_codegen.emit.names import member_name


def compare_enum_types(
    context: Context, pair: Pair, old: EnumType, new: EnumType
) -> Iterator[Change]:
    """Yield what changed in an enumeration, except its annotations."""
    if old.is_flags != new.is_flags:
        yield pair.change("flags-changed", _flags(old), _flags(new))
    if old.underlying != new.underlying:
        yield pair.change("underlying-type-changed", old.underlying, new.underlying)
    before = {member.name: member for member in old.members}
    after = {member.name: member for member in new.members}
    renamed, removed, added = renames.match_renamed(
        [member for member in old.members if member.name not in after],
        [member for member in new.members if member.name not in before],
        old_shape=_value,
        new_shape=_value,
        name=lambda member: member.name,
    )
    kept = [(m, after[m.name]) for m in old.members if m.name in after]
    for one, other in [*kept, *renamed]:
        yield from _member(context, pair, one, other, flags=bool(old.is_flags and new.is_flags))
    for member in removed:
        end = pair.old.part(member.name, member.place, str(member.value))
        yield Change("member-removed", "Member", end, None)
    for member in added:
        end = pair.new.part(member.name, member.place, str(member.value))
        yield Change("member-added", "Member", None, end)


def _flags(declared: EnumType) -> str:
    return "flags" if declared.is_flags else "no flags"


def _value(member: Member) -> int | None:
    return member.value


def _member(
    context: Context, owner: Pair, old: Member, new: Member, *, flags: bool
) -> Iterator[Change]:
    pair = Pair("Member", owner.old.part(old.name, old.place), owner.new.part(new.name, new.place))
    if old.name != new.name:
        same = member_name(old.name) == member_name(new.name)
        yield pair.change("member-respelled" if same else "member-renamed", old.name, new.name)
    if old.value != new.value:
        rule = "flag-value-changed" if flags else "member-value-changed"
        yield pair.change(rule, old.value, new.value)
    yield from compare_annotations(context, pair, old, new)
