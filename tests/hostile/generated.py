"""Generates a package from a document in this process, and imports it from memory."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import CodeType, ModuleType

from graph_codegen.assets import folder
from graph_codegen.csdl import reader
from graph_codegen.emit import names, package
from graph_codegen.emit.names import Names
from graph_codegen.facts import settings
from graph_codegen.facts.settings import Settings
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import ALL, take

FILE = "hostile.csdl.xml"

PREFIX = "hostile_package_"

_numbers = itertools.count()


@dataclass(frozen=True)
class Generated:
    """A model with its names, and the files made of it."""

    model: Model
    names: Names
    package: str
    files: Mapping[str, str]


@cache
def known() -> tuple[package.Facts, Settings]:
    """Return the facts and settings that come with the generator."""
    return package.facts(folder("metadata"), own_descriptions=True), settings.load()


def generate(data: bytes, *roots: str) -> Generated:
    """Return what is generated from a document, under a package name of its own.

    Raises CodegenError as the command does.
    """
    facts, chosen = known()
    chosen = settings.with_package(chosen, f"{PREFIX}{next(_numbers)}")
    model = take(resolve(reader.read(data, FILE)), roots or (ALL,)).model
    files = package.build(model, chosen, facts).files
    return Generated(model, names.assign_names(model), chosen.package, files)


class _Sources(MetaPathFinder, InspectLoader):
    """Finds the modules of a package in memory."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files

    def _path(self, fullname: str) -> str | None:
        stem = fullname.replace(".", "/")
        return next((p for p in (f"{stem}/__init__.py", f"{stem}.py") if p in self._files), None)

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        found = self._path(fullname)
        if found is None:
            return None
        return spec_from_loader(
            fullname, self, origin=found, is_package=found.endswith("/__init__.py")
        )

    def get_source(self, fullname: str) -> str:
        return self._files[self._path(fullname) or ""]

    def get_code(self, fullname: str) -> CodeType:
        path = self._path(fullname) or ""
        compiled = _same if "/_runtime/" in path else compile
        return compiled(self._files[path], path.partition("/")[2], "exec")


@cache
def _same(source: str, path: str, mode: str) -> CodeType:
    """Compile what is the same in every package."""
    code: CodeType = compile(source, path, mode)
    return code


@contextmanager
def imported(made: Generated) -> Iterator[Callable[[str], ModuleType]]:
    """Give a function that imports modules of a package; all of them are forgotten afterwards."""
    finder = _Sources(made.files)
    sys.meta_path.insert(0, finder)

    def module(path: str = "") -> ModuleType:
        return import_module(f"{made.package}.{path}" if path else made.package)

    try:
        yield module
    finally:
        sys.meta_path.remove(finder)
        for name in [n for n in sys.modules if n.split(".")[0] == made.package]:
            del sys.modules[name]
