"""What the commands share: options, reading metadata, generating, and where messages go."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from graph_codegen import __version__
from graph_codegen.assets import folder
from graph_codegen.cli.progress import stage
from graph_codegen.cli.workers import current_workers
from graph_codegen.csdl import reader, xml
from graph_codegen.csdl.ast import Document
from graph_codegen.diff.change.context import Side
from graph_codegen.errors import Diagnostic, error, refuse
from graph_codegen.facts import supplement
from graph_codegen.facts.settings import Settings, load, named
from graph_codegen.install import manifest
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import Subset, existing, take

DIFFERENT = 1
"""Exit code of a check that found a difference."""

REFUSED = 2
"""Exit code for input or output that was refused."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it: 128 and the number of the signal."""

PATIENT = 200_000, 50, 100
"""Thresholds of the garbage collector: what is read here lives until the end, and to look for garbage
in it as often as usual is a sixth of the time."""

log = Console(stderr=True, soft_wrap=True, markup=False, emoji=False, highlight=False)
"""Where everything goes that is no answer: texts, as they stand."""

metadata = click.option(
    "--metadata",
    type=click.Path(path_type=Path),
    help="CSDL document to read; the subset that comes with graph-codegen by default.",
)
roots = click.option(
    "--root",
    "roots",
    multiple=True,
    help="Entity set, singleton, path or type to start from (repeatable); `all` is everything.",
)
strict = click.option(
    "--strict", is_flag=True, help="Make everything that is not understood an error."
)
package = click.option("--package", help="Name of the generated package.")
generated = click.option(
    "--output",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("generated"),
    show_default=True,
    help="Folder of the generated package.",
)


Read = tuple[Document, Model]
"""A document and its resolved model."""


def show(lines: Iterable[Text]) -> None:
    """Write lines to standard output, with their styles where that is a terminal."""
    if sys.stdout.isatty():
        console = Console(soft_wrap=True, emoji=False, highlight=False)
        for line in lines:
            console.print(line)
    else:
        for line in lines:
            click.echo(line.plain)


def settings() -> Settings:
    """Return the settings that come with graph-codegen; raises CodegenError when they are odd."""
    return load(folder("metadata"))


def read(path: Path | None, *, strict: bool, quiet: bool = False) -> Read:
    """Read a document, by default the one of the settings, and say what is not understood.

    If quiet, that is said later (see `sides`). Raises CodegenError for a document that cannot be
    read; if strict, for what is not understood.
    """
    source = path or folder("metadata") / settings().document
    with stage(log, f"reading {xml.name(source)}"):
        document = reader.read_file(source)
        model = resolve(document)
    report(() if quiet and not strict else model.diagnostics, strict=strict)
    return document, model


def sides(old: Read, new: Read, roots: tuple[str, ...]) -> tuple[Side, Side]:
    """Take the subset of two documents, by default that of the settings, to compare them.

    A root need only be in one of them: what it leads to has then come or gone. Says what is not
    understood of the subsets. Raises CodegenError for a given root that neither has, and where
    neither has any of the default ones.
    """
    wanted = roots or settings().roots
    before, after = (existing(model, wanted) for _, model in (old, new))
    for root in wanted:
        lacking = [d.file for (d, _), had in ((old, before), (new, after)) if root not in had]
        # One that was asked for is a mistake; of the default roots some come later, or elsewhere.
        if len(lacking) == 2 and (roots or not (before or after)):
            raise error(f"neither document has the root {root}", " and ".join(lacking))
        for file in lacking:
            log.print(f"warning: {file}: has no {root}")
    both = Side(*old, take(old[1], before)), Side(*new, take(new[1], after))
    for side in both:
        inside = {*side.model.types, *(operation.name for operation in side.model.operations)}
        about = (d for d in side.whole.diagnostics if not d.type or d.type in inside)
        report(tuple(about), strict=False)
    return both


def report(diagnostics: tuple[Diagnostic, ...], *, strict: bool) -> None:
    """Warn of what is not understood; if strict, raise CodegenError for it."""
    if strict:
        refuse(diagnostics)
    for diagnostic in diagnostics:
        log.print(f"warning: {diagnostic}")


def default_roots(model: Model, document: Document) -> tuple[str, ...]:
    """Return the default roots that a model has: an older document, or another cloud's, lacks some."""
    wanted = settings().roots
    found = existing(model, wanted)
    for root in wanted:
        if root not in found:
            log.print(f"warning: {document.file}: has no {root}")
    return found or wanted


def subset(path: Path | None, roots: tuple[str, ...], *, strict: bool) -> tuple[Document, Subset]:
    """Read a document and take the subset, supplemented; the settings name the default roots.

    Raises CodegenError as `read` does, and for roots that the document does not have.
    """
    document, model = read(path, strict=strict)
    supplemented, redundant = supplement.apply(model, supplement.load(folder("metadata")))
    report(redundant, strict=strict)
    return document, take(supplemented, roots or default_roots(supplemented, document))


@dataclass(frozen=True)
class Generated:
    """What was generated: the package's name, all files by path, and what the manifest tells of it."""

    package: str
    files: Mapping[str, str]
    origin: Mapping[str, object]


def build(
    metadata: Path | None, roots: tuple[str, ...], strict: bool, package: str | None
) -> Generated:
    """Generate a package, in memory, from the options of a command.

    Raises CodegenError for metadata, roots or a name that are refused.
    """
    gc.set_threshold(*PATIENT)
    document, taken = subset(metadata, roots, strict=strict)
    chosen = settings()
    if package:
        chosen = named(chosen, package)
    # What the package module needs takes longer to load than bad input takes to be refused.
    from graph_codegen.emit.package import build as build_package
    from graph_codegen.emit.package import facts

    with stage(log, "generating"), current_workers() as executor:
        known = facts(folder("metadata"))
        built = build_package(taken.model, chosen, known, executor=executor)
    origin = {
        "generator": f"graph-codegen {__version__}",
        "metadata": {"document": document.file, "sha256": document.sha256},
        "roots": list(taken.roots),
    }
    return Generated(chosen.package, built, origin)


def files(
    metadata: Path | None, roots: tuple[str, ...], strict: bool, package: str | None
) -> dict[str, str]:
    """Return the files that `generate` writes, with their manifest; raises as `build` does."""
    built = build(metadata, roots, strict, package)
    return {**built.files, manifest.MANIFEST: manifest.manifest(built.files, built.origin)}
