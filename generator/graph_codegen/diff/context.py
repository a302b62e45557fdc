"""What is compared: two documents, their subsets, and what is called differently in the new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from graph_codegen.edm import Document, Model, Operation, TypeRef
from graph_codegen.subset import Subset


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
    def declared(self) -> Mapping[str, Operation]:
        """All operations of the document by their signatures, those outside of the subset too."""
        return {operation.signature: operation for operation in self.whole.operations}


@dataclass(frozen=True)
class Context:
    """Both sides, and the new names of renamed types by their old ones.

    `described` says that both documents have descriptions: the normalised subset has none, and what
    one of two documents cannot have is no difference.
    """

    old: Side
    new: Side
    renamed: Mapping[str, str] = field(default_factory=dict[str, str])
    described: bool = True

    def ref(self, old: TypeRef) -> TypeRef:
        """Return a reference of the old document as the new one calls it."""
        new = self.renamed.get(old.name)
        return TypeRef(new, old.collection) if new else old
