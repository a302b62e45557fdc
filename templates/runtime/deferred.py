"""Classes that are made when they are first needed.

Pydantic takes half a millisecond to make a class, and a program uses few of those that there are. So a class
statement in a module of the models only notes what its class consists of; the class is made when its name is
first asked for, when another that is made names it in an annotation, or when `@odata.type` selects it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from threading import RLock
from types import ModuleType, prepare_class
from typing import Any

making = RLock()
"""Held while classes and their validators are made: a class may name one that is not made yet."""

_NAME = re.compile(r"\w+")

_noted: dict[type, Deferred] = {}
"""The class statements by the classes that were made of them."""


class Deferred(type):
    """A class statement: it stands for its class, in the statements of derived classes too."""

    bases: tuple[Any, ...]
    namespace: dict[str, Any]
    options: dict[str, Any]
    derived: list[Deferred]
    """The statements that derive from this one."""
    home: dict[str, Any]
    """The names of the module, and in `siblings` its class statements by name."""
    siblings: dict[str, Deferred]
    made: Any

    def __new__(
        mcs, name: str, bases: tuple[Any, ...], namespace: dict[str, Any], **options: Any
    ) -> Deferred:
        """Note a class statement; nothing is derived from what stands for its bases."""
        note = super().__new__(mcs, name, (), {"__module__": namespace["__module__"]})
        note.bases, note.namespace, note.options = bases, namespace, options
        note.derived, note.home, note.siblings, note.made = [], {}, {}, None
        for base in bases:
            if isinstance(base, Deferred):
                base.derived.append(note)
        return note

    def __init__(cls, name: str, bases: tuple[Any, ...], namespace: Any, **options: Any) -> None:
        """Leave the options to the class that is made."""
        super().__init__(name, (), namespace)


def standing_for(made: type) -> Any:
    """Return what stands for a class in class statements that are deferred."""
    note = Deferred(made.__name__, (), {"__module__": made.__module__})
    note.made = made
    _noted[made] = note
    return note


class BaseModule:
    """Stands for another module of models in class statements that are deferred."""

    def __init__(self, package: str, name: str) -> None:
        self.module = import_module(f"{package}.{name}")

    def __getattr__(self, name: str) -> Any:
        module = vars(self.module)
        made = module.get(name)
        return _noted.get(made, made) if made else module["__noted__"][name]


def defer(module: dict[str, Any], *others: ModuleType) -> Iterable[Any]:
    """Let the classes of a module be made on first use, and those of others that it exports.

    `module` are its names, after its class statements. Returns what stands for its own classes.
    """
    notes: dict[str, Deferred] = {}
    for name, value in [*module.items()]:
        if isinstance(value, BaseModule):
            module[name] = value.module
        elif isinstance(value, Deferred):
            if value.made:
                module[name] = value.made
            else:
                notes[name] = value
                del module[name]
                value.home, value.siblings = module, notes
    for other in others:
        for name in other.__all__:
            module.pop(name, None)  # as the module may be loaded anew
    module["__noted__"] = notes
    module["__getattr__"] = _getter(module, notes, others)
    module["__dir__"] = lambda: sorted({*module, *module["__all__"]})
    if _have_code(notes.values()):
        for note in notes.values():
            make(note)
    return notes.values()


def _have_code(notes: Iterable[Deferred]) -> bool:
    """Whether any class has functions, as a template of a user may write: they name other classes."""
    kinds: set[type] = set()
    for note in notes:
        kinds.update(map(type, note.namespace.values()))
    return any(hasattr(kind, "__get__") for kind in kinds)


def _getter(
    module: dict[str, Any], notes: dict[str, Deferred], others: Iterable[ModuleType]
) -> Callable[[str], Any]:
    def get(name: str) -> Any:
        note = notes.get(name)
        if note is not None:
            return make(note)
        if name in module["__all__"]:
            for other in others:
                if name in other.__all__:
                    found = module[name] = getattr(other, name)
                    return found
        raise AttributeError(f"module {module['__name__']!r} has no attribute {name!r}")

    return get


def make(note: Any) -> Any:
    """Return the class that a statement stands for, or the class itself.

    The classes that its annotations name are made before it, as far as they do not need it themselves: so
    pydantic understands the annotations at once. Chains of them do not nest.
    """
    if not isinstance(note, Deferred):
        return note
    if note.made is None:
        with making:
            _make(note)
    return note.made


def made(note: Any) -> Any:
    """Return the class that a statement stands for, or the class itself; None if it is not made."""
    return note.made if isinstance(note, Deferred) else note


def _make(note: Deferred) -> None:
    entered: set[Deferred] = set()
    left = [note]
    while left:
        last = left[-1]
        bases = [base for base in last.bases if isinstance(base, Deferred) and not base.made]
        if last.made:
            left.pop()
        elif last not in entered:
            entered.add(last)
            left += [one for one in (*_named(last), *bases) if one not in entered]
        elif bases:  # one of them names this class, and waited for it
            left += bases
        else:
            _finish(left.pop())


def _named(note: Deferred) -> Iterator[Deferred]:
    """Yield the classes of the same module that annotations name and that are not made."""
    for annotation in note.namespace.get("__annotations__", {}).values():
        for name in _NAME.findall(annotation):
            named = note.siblings.get(name)
            if named is not None and not named.made:
                yield named


def _finish(note: Deferred) -> None:
    bases: tuple[Any, ...] = tuple(map(make, note.bases))
    metaclass, namespace, options = prepare_class(note.__name__, bases, note.options)
    for name, value in note.namespace.items():
        namespace[name] = value
    made: Any = metaclass(note.__name__, bases, namespace, **options)
    if "__deprecated__" in vars(note):
        made.__deprecated__ = vars(note)["__deprecated__"]
    _noted[made] = note  # first, as others read `made` while classes are made
    note.made = note.home[note.__name__] = made


def has_derived(cls: type) -> bool:
    """Whether any class derives from a class, made or not."""
    note = _noted.get(cls)
    return bool(note and note.derived) or bool(cls.__subclasses__())


def derived(cls: type) -> list[type]:
    """Return the classes that derive from a class directly, those of its package first, in their order."""
    note = _noted.get(cls)
    made: list[type] = list(map(make, note.derived)) if note else []
    others: list[type] = cls.__subclasses__()
    return [*made, *(one for one in others if one not in made)]
