"""Actions and functions (CSDL 12): which overloads correspond, and what changed in them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from functools import cached_property

from graph_codegen.csdl.ast import Operation, TypeRef
from graph_codegen.diff.change import renames
from graph_codegen.diff.change.annotations import compare_annotations
from graph_codegen.diff.change.changes import Change, End, Pair, operation_subject
from graph_codegen.diff.change.context import Context, Side
from graph_codegen.diff.change.parameters import compare_parameters, compare_results
from graph_codegen.model.model import Model


@dataclass(frozen=True)
class _Overload:
    """An operation with the types of its parameters and result by their new names."""

    operation: Operation
    parameters: tuple[tuple[str, TypeRef], ...]
    returns: TypeRef | None

    @property
    def key(self) -> tuple[str, str]:
        """The name and binding, which corresponding overloads share."""
        bound = self.operation.is_bound and self.parameters
        return self.operation.name, str(self.parameters[0][1]) if bound else ""

    @cached_property
    def own(self) -> tuple[tuple[str, TypeRef], ...]:
        """The parameters besides the binding parameter."""
        return self.parameters[1:] if self.operation.is_bound else self.parameters

    @property
    def shape(self) -> Hashable:
        """All that matters besides its name and the name of the binding parameter."""
        return self.operation.kind, self.key[1], self.own, self.returns

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.own)

    @cached_property
    def signature(self) -> str:
        return self.operation.signature

    @property
    def end(self) -> End:
        return _end(self.operation)


def _end(operation: Operation) -> End:
    return End(operation.signature, operation.place, operation_subject(operation))


def compare_operations(context: Context) -> Iterator[Change]:
    """Yield every change of actions and functions."""
    before = _grouped(context.old.model, context.ref)
    after = _grouped(context.new.model, lambda ref: ref)
    only_before: list[_Overload] = []
    only_after: list[_Overload] = []
    for key in sorted({*before, *after}):
        matches, left, right = _match(before.get(key, []), after.get(key, []))
        for one, other in matches:
            yield from _operation(context, one, other)
        only_before += left
        only_after += right
    renamed, removed, added = renames.match_renamed(
        only_before, only_after, old_shape=_shape, new_shape=_shape, name=_name
    )
    for one, other in renamed:
        yield _pair(one, other).change(
            "operation-renamed", one.operation.name, other.operation.name
        )
        yield from _operation(context, one, other)
    for one in removed:
        yield _removed(context, one)
    for other in added:
        yield _added(context, other)


def pair_operations(old: Model, new: Model) -> Iterator[tuple[Operation, Operation]]:
    """Yield the operations of two models that are the same one, whatever became of its parameters."""
    before, after = (_grouped(model, lambda ref: ref) for model in (old, new))
    for key in before.keys() & after.keys():
        matches, _, _ = _match(before[key], after[key])
        yield from ((one.operation, other.operation) for one, other in matches)


_Key = tuple[str, str]


def _grouped(model: Model, ref: Callable[[TypeRef], TypeRef]) -> dict[_Key, list[_Overload]]:
    grouped: dict[_Key, list[_Overload]] = {}
    for operation in model.operations:
        overload = _Overload(
            operation,
            tuple((p.name, ref(p.type)) for p in operation.parameters),
            ref(operation.returns.type) if operation.returns else None,
        )
        grouped.setdefault(overload.key, []).append(overload)
    return grouped


_Matches = tuple[list[tuple[_Overload, _Overload]], list[_Overload], list[_Overload]]


def _match(old: list[_Overload], new: list[_Overload]) -> _Matches:
    """Pair overloads of one name and binding: equal ones first, then the most similar ones.

    Returns the pairs, and the rest of both sides. A single overload on each side makes a pair, however
    much it changed; of several overloads, those that share a parameter's name can make one.
    """
    candidates = sorted(
        (
            (one, other)
            for one in old
            for other in new
            if one.own == other.own or one.names & other.names or len(old) == len(new) == 1
        ),
        key=_closeness,
    )
    matches: list[tuple[_Overload, _Overload]] = []
    left = {id(overload): overload for overload in (*old, *new)}
    for one, other in candidates:
        if id(one) in left and id(other) in left:
            matches.append((left.pop(id(one)), left.pop(id(other))))
    return matches, [one for one in old if id(one) in left], [o for o in new if id(o) in left]


def _closeness(pair: tuple[_Overload, _Overload]) -> tuple[bool, int, list[str]]:
    """Sort by similarity, then by a text that is the same in both directions."""
    one, other = pair
    different = len(one.names ^ other.names)
    spelled = sorted((one.signature, other.signature))
    return one.own != other.own, different, spelled


def _shape(overload: _Overload) -> Hashable:
    return overload.shape


def _name(overload: _Overload) -> str:
    return overload.operation.name


def _pair(one: _Overload, other: _Overload) -> Pair:
    return Pair(other.operation.kind, one.end, other.end)


def _removed(context: Context, one: _Overload) -> Change:
    remains = _outside(one, context.new)
    rule = "operation-left" if remains else "operation-removed"
    return Change(rule, one.operation.kind, one.end, remains)


def _added(context: Context, other: _Overload) -> Change:
    existed = _outside(other, context.old)
    rule = "operation-entered" if existed else "operation-added"
    return Change(rule, other.operation.kind, existed, other.end)


def _outside(overload: _Overload, side: Side) -> End | None:
    """Return the end of the same operation outside of the subset, None if there is no such operation.

    Its parameters may differ, which does not matter to a subset that lacks it.
    """
    binding = overload.operation.binding
    found = side.outside.get((overload.operation.name, str(binding and binding.type)))
    return _end(found) if found else None


def _operation(context: Context, one: _Overload, other: _Overload) -> Iterator[Change]:
    old, new = one.operation, other.operation
    if old == new:
        return
    pair = _pair(one, other)
    if old.kind != new.kind:
        yield pair.change("operation-kind-changed", old.kind, new.kind)
    if old.is_composable != new.is_composable:
        turned = "composable" if new.is_composable else "not-composable"
        yield pair.change(f"function-made-{turned}")
    if old.entity_set_path != new.entity_set_path:
        yield pair.change("operation-attribute-changed", _path(old), _path(new))
    yield from compare_parameters(context, pair, old, new)
    yield from compare_results(context, pair, old, new)
    yield from compare_annotations(context, pair, old, new)


def _path(operation: Operation) -> str:
    """Spell the attribute without effect on a client: EntitySetPath (CSDL 12.6)."""
    return f"EntitySetPath={operation.entity_set_path}" if operation.entity_set_path else ""
