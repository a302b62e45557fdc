"""What is compared: two documents, their subsets, and what is called differently in the new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from graph_codegen.csdl.ast import Document, Operation, TypeRef
from graph_codegen.model.model import Model
from graph_codegen.model.subset import Subset


@dataclass(frozen=True)
class Side:
    """One document: as it was read, its whole model, and the subset that is compared."""

    document: Document
    whole: Model
    subset: Subset

    @property
    def model(self) -> Model:
        """The model of the subset."""
        return self.subset.model

    @cached_property
    def outside(self) -> Mapping[tuple[str, str], Operation]:
        """The operations outside of the subset, by name and what they are bound to.

        Of overloads the first: whether one is there is what is asked.
        """
        inside = frozenset(map(id, self.subset.model.operations))
        return {
            (operation.name, str(operation.binding and operation.binding.type)): operation
            for operation in reversed(self.whole.operations)
            if id(operation) not in inside
        }


@dataclass(frozen=True)
class Context:
    """Both sides, and the new names of renamed types by their old ones.

    `described` says that both documents have descriptions: the normalised subset has none, and what
    one of two documents cannot have is no difference.
    """

    old: Side
    new: Side
    renamed: Mapping[str, str]
    described: bool

    def ref(self, old: TypeRef) -> TypeRef:
        """Return a reference of the old document as the new one calls it."""
        new = self.renamed.get(old.name)
        return TypeRef(new, old.collection) if new else old
