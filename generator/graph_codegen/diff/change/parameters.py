"""Parameters and results of operations (CSDL 12.7, 12.8)."""

from __future__ import annotations

from collections.abc import Iterator

from graph_codegen.csdl.ast import Operation, Parameter
from graph_codegen.csdl.vocabulary import OPTIONAL_PARAMETER
from graph_codegen.diff.change.annotations import compare_annotations
from graph_codegen.diff.change.changes import Change, End, Pair
from graph_codegen.diff.change.context import Context
from graph_codegen.diff.change.values import compare_facets, compare_type_refs, nullable
from graph_codegen.service.capabilities import is_optional


def compare_parameters(
    context: Context, owner: Pair, old: Operation, new: Operation
) -> Iterator[Change]:
    """Yield what changed in the parameters of an operation."""
    if old.binding and new.binding:
        yield from _binding(context, owner, old.binding, new.binding)
    before, after = _own(old), _own(new)
    renamed = _renamed(context, old, new)
    for name, one in before.items():
        other = after.get(renamed.get(name, name))
        if other:
            yield from _parameter(context, owner, (old, one), (new, other))
        else:
            yield Change("parameter-removed", "Parameter", _end(owner.old, one), None)
    for name, other in after.items():
        if name not in before and name not in renamed.values():
            rule = "optional" if is_optional(new, other) else "required"
            yield Change(f"{rule}-parameter-added", "Parameter", None, _end(owner.new, other))
    kept = [renamed.get(name, name) for name in before if renamed.get(name, name) in after]
    if kept != [name for name in after if name in kept]:
        yield owner.change("parameter-order-changed", ", ".join(before), ", ".join(after))


def _own(operation: Operation) -> dict[str, Parameter]:
    """Return the parameters besides the binding parameter, by name."""
    return {parameter.name: parameter for parameter in operation.own}


def _end(owner: End, parameter: Parameter) -> End:
    return owner.of(f"/{parameter.name}", parameter.place, str(parameter.type))


def _renamed(context: Context, old: Operation, new: Operation) -> dict[str, str]:
    """Return the renamed parameter, new name by old one: the only one that differs, at its position."""
    before, after = tuple(_own(old).values()), tuple(_own(new).values())
    if len(before) != len(after):
        return {}
    different = [
        (one, other) for one, other in zip(before, after, strict=True) if one.name != other.name
    ]
    if len(different) != 1:
        return {}
    ((one, other),) = different
    return {one.name: other.name} if context.ref(one.type) == other.type else {}


def _binding(context: Context, owner: Pair, old: Parameter, new: Parameter) -> Iterator[Change]:
    if old == new:
        return
    pair = Pair("Parameter", _end(owner.old, old), _end(owner.new, new))
    if (old.name, nullable(old.nullable)) != (new.name, nullable(new.nullable)):
        yield pair.change("binding-parameter-changed", _describe(old), _describe(new))
    yield from compare_annotations(context, pair, old, new)


def _describe(parameter: Parameter) -> str:
    return parameter.name if nullable(parameter.nullable) else f"{parameter.name}, not null"


def _parameter(
    context: Context,
    owner: Pair,
    before: tuple[Operation, Parameter],
    after: tuple[Operation, Parameter],
) -> Iterator[Change]:
    (_, old), (_, new) = before, after
    pair = Pair("Parameter", _end(owner.old, old), _end(owner.new, new))
    if old.name != new.name:
        yield pair.change("parameter-renamed", old.name, new.name)
    yield from compare_type_refs("parameter", pair, context, old.type, new.type)
    if nullable(old.nullable) != nullable(new.nullable):
        null = nullable(new.nullable)
        yield pair.change("parameter-made-nullable" if null else "parameter-made-not-null")
    optional = is_optional(*after)
    turned = is_optional(*before) != optional
    if turned:
        yield pair.change("parameter-made-optional" if optional else "parameter-made-required")
    yield from compare_facets(pair, old.facets, new.facets)
    skip_term = OPTIONAL_PARAMETER if turned else ""
    yield from compare_annotations(context, pair, old, new, skip_term=skip_term)


def compare_results(
    context: Context, owner: Pair, old: Operation, new: Operation
) -> Iterator[Change]:
    """Yield what changed in the result of an operation."""
    before, after = old.returns, new.returns
    if before == after:
        return
    pair = Pair("ReturnType", _returned(owner.old, old), _returned(owner.new, new))
    if before is None:
        yield Change("return-added", pair.kind, None, pair.new)
    elif after is None:
        yield Change("return-removed", pair.kind, pair.old, None)
    else:
        yield from compare_type_refs("return", pair, context, before.type, after.type)
        if nullable(before.nullable) != nullable(after.nullable):
            yield pair.change(
                "return-nullability-changed", _null(before.nullable), _null(after.nullable)
            )
        yield from compare_facets(pair, before.facets, after.facets)
        yield from compare_annotations(context, pair, before, after)


def _returned(owner: End, operation: Operation) -> End:
    found = operation.returns
    place, spelled = (found.place, str(found.type)) if found else (operation.place, "")
    return owner.of("/$ReturnType", place, spelled)


def _null(declared: bool | None) -> str:
    return "nullable" if nullable(declared) else "not null"
