"""The input of a comparison: two documents, their subsets, and the types that were renamed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from graph_codegen.csdl.ast import Document, Operation, TypeRef
from graph_codegen.model.model import Model
from graph_codegen.model.subset import Subset


@dataclass(frozen=True)
class Side:
    """One document: the document as read, its whole model, and the subset to compare."""

    document: Document
    whole: Model
    subset: Subset

    @property
    def model(self) -> Model:
        """The model of the subset."""
        return self.subset.model

    @cached_property
    def outside(self) -> Mapping[tuple[str, str], Operation]:
        """The operations outside of the subset, by name and binding; of several overloads the first."""
        inside = frozenset(map(id, self.subset.model.operations))
        return {
            (operation.name, str(operation.binding and operation.binding.type)): operation
            for operation in reversed(self.whole.operations)
            if id(operation) not in inside
        }


@dataclass(frozen=True)
class Context:
    """Both sides, with the renamed types (new names by old ones).

    `described` says that both documents have descriptions. The normalised subset has none, so its lack
    of them makes no difference.
    """

    old: Side
    new: Side
    renamed: Mapping[str, str]
    described: bool

    def ref(self, old: TypeRef) -> TypeRef:
        """Return a type reference of the old document with the new name of the type."""
        new = self.renamed.get(old.name)
        return TypeRef(new, old.collection) if new else old
