"""The generator as a library: `generate` a package, `compare` two documents, take a `subset` of one.

Nothing here prints, exits or starts a process, and no state is shared between calls, so they may run in
any thread. What a document holds and the generator does not understand is returned as warnings; what
cannot be used raises `CodegenError`.

A metadata folder holds the settings (default document, roots, name and version of the package) and the
facts about a service that its metadata lacks; see docs/generator.md. The one that comes with the generator
describes Microsoft Graph.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from graph_codegen import __version__, assets
from graph_codegen.csdl import reader, xml
from graph_codegen.csdl.ast import Document
from graph_codegen.errors import CodegenError, Diagnostic, Place, error, refuse
from graph_codegen.facts import supplement
from graph_codegen.facts.settings import Settings
from graph_codegen.facts.settings import load as load_settings
from graph_codegen.facts.settings import named as with_package
from graph_codegen.install import replace
from graph_codegen.install.manifest import MANIFEST, render_manifest
from graph_codegen.install.replace import Written
from graph_codegen.model import provenance
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import Cut, Subset, existing, take
from graph_codegen.model.writer import write

if TYPE_CHECKING:
    from graph_codegen.diff.change.context import Side
    from graph_codegen.diff.report.report import Report as DiffReport
    from graph_codegen.diff.verdict.findings import Finding, Step

__all__ = [
    "CodegenError",
    "Diagnostic",
    "Package",
    "Place",
    "Progress",
    "Report",
    "Source",
    "SubsetDocument",
    "Written",
    "compare",
    "generate",
    "read",
    "read_subset",
    "subset",
]


class Progress:
    """What a function tells its caller while it works. This one ignores everything."""

    def stage(self, what: str) -> AbstractContextManager[None]:
        """Enter a stage of the work, such as `generating`, and leave it at its end."""
        return nullcontext()

    def warn(self, warning: Diagnostic) -> None:
        """Take a warning as soon as it is known; the result has all of them."""


_SILENT = Progress()


@dataclass(frozen=True, slots=True)
class Source:
    """A document as it was read, and its resolved model."""

    document: Document
    model: Model


@dataclass(frozen=True, kw_only=True)
class Package:
    """A generated package: its name, its files as text by path, and what was not understood.

    The files are those of a project: `pyproject.toml`, the folder of the package, and the manifest.
    """

    name: str
    files: Mapping[str, str]
    warnings: tuple[Diagnostic, ...]
    origin: Mapping[str, object]

    @property
    def vendored(self) -> Mapping[str, str]:
        """The files below the folder of the package, with a manifest of their own."""
        prefix = f"{self.name}/"
        inside = {
            path.removeprefix(prefix): text
            for path, text in self.files.items()
            if path.startswith(prefix)
        }
        return {**inside, MANIFEST: render_manifest(inside, self.origin)}

    def write(self, folder: str | Path) -> Written:
        """Write the files to a folder, and delete those of an earlier package that are not in this one.

        Returns how many files were written and deleted. Raises CodegenError, and leaves everything as
        it was, where a file was edited by hand or is not the generator's, and where the folder cannot
        be written.
        """
        return replace.write(self.files, Path(folder))


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a comparison found, and what was not understood of the two documents."""

    details: DiffReport
    old: Side
    new: Side
    warnings: tuple[Diagnostic, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings but the ignored ones, sorted by declaration, element and rule."""
        return self.details.counted

    @property
    def breaking(self) -> tuple[Finding, ...]:
        """The findings that break a service's clients or Python programs, without the ignored ones."""
        from graph_codegen.diff.verdict.findings import Level

        return self.details.at(Level.BREAKING)

    @property
    def ignored(self) -> Mapping[Finding, str]:
        """The ignored findings with the reasons that the ignore file gives."""
        return self.details.ignored

    @property
    def step(self) -> Step:
        """The part of the package's version that should be raised (https://semver.org)."""
        return self.details.comparison.step

    def to_json(self) -> str:
        """Return the report as JSON, as `graph-codegen diff --format json` writes it."""
        from graph_codegen.diff.report.json_report import render_json

        return render_json(self.details)

    def to_markdown(self) -> str:
        """Return the report as Markdown."""
        from graph_codegen.diff.report.markdown import render_markdown

        return render_markdown(self.details)

    def to_html(self) -> str:
        """Return the report as an HTML page that needs no other file."""
        from graph_codegen.diff.report.html import render_html

        return render_html(self.details, self.old.model, self.new.model)


@dataclass(frozen=True, kw_only=True)
class SubsetDocument:
    """A subset of a document as normalised CSDL.

    `cut` holds the navigation properties that lead out of it, and `provenance` says where it comes
    from. `kept` and `document_holds` count declarations by kind.
    """

    xml: str
    cut: tuple[Cut, ...]
    provenance: Mapping[str, object]
    kept: Mapping[str, int]
    document_holds: Mapping[str, int]
    warnings: tuple[Diagnostic, ...]


def generate(
    metadata: str | Path | None = None,
    *,
    roots: Iterable[str] = (),
    package: str | None = None,
    metadata_folder: str | Path | None = None,
    strict: bool = False,
    executor: Executor | None = None,
    progress: Progress = _SILENT,
) -> Package:
    """Generate a package, in memory.

    `metadata` is the path of a CSDL document; `roots` are the entity sets, singletons, paths or types
    whose part of it is generated, or `all`; `package` is the name of the package. The settings of the
    metadata folder say what each of them is by default. `executor` formats the code, in this thread
    without one. If strict, whatever is not understood is an error.

    Raises CodegenError for a document, roots, a name or facts that cannot be used.
    """
    folder = _folder(metadata_folder)
    warnings = _Warnings(progress, strict=strict)
    document, taken = _read_subset(metadata, roots, folder, warnings, progress)
    settings = load_settings(folder)
    if package is not None:
        settings = with_package(settings, package)
    with progress.stage("generating"):
        files = _build(taken.model, settings, folder, executor)
    origin = {
        "generator": f"graph-codegen {__version__}",
        "metadata": {"document": document.file, "sha256": document.sha256},
        "roots": list(taken.roots),
    }
    return Package(
        name=settings.package,
        files={**files, MANIFEST: render_manifest(files, origin)},
        warnings=warnings.found,
        origin=origin,
    )


def compare(
    old: str | Path | Source | None,
    new: str | Path | Source,
    *,
    roots: Iterable[str] = (),
    ignore: str | Path | None = None,
    code: bool = False,
    metadata_folder: str | Path | None = None,
    strict: bool = False,
    executor: Executor | None = None,
    progress: Progress = _SILENT,
) -> Report:
    """Compare the same part of two documents: what changed, and what that breaks.

    `old` and `new` are paths of CSDL documents, or documents that were `read`; None is the one of the
    metadata folder. `ignore` is the path of an ignore file. With `code`, the report has the unified
    diff of the generated packages too. The other arguments are those of `generate`.

    A root need only be in one of the documents: what it leads to was then added or removed. Raises
    CodegenError for documents, roots or an ignore file that cannot be used.
    """
    # Loads the rules and the templates of all reports, which neither `generate` nor `subset` needs.
    from graph_codegen.diff.report.report import Report as DiffReport
    from graph_codegen.diff.verdict import comparison
    from graph_codegen.diff.verdict.ignore import ignored, load

    folder = _folder(metadata_folder)
    warnings = _Warnings(progress, strict=strict)
    settings = load_settings(folder)
    entries = load(Path(ignore)) if ignore is not None else ()
    sources = [_source(given, folder, strict, progress) for given in (old, new)]
    before, after = _sides(sources[0], sources[1], tuple(roots), settings, warnings)
    found = comparison.compare(before, after)
    reasons, outdated = ignored(entries, found.findings, datetime.date.today())
    warnings.add(outdated, strict=False)
    changed = None
    if code:
        from graph_codegen.install.compare import diff_files

        packages = [
            _package(side, settings, folder, executor, progress) for side in (before, after)
        ]
        changed = tuple(diff_files(*packages))
    details = DiffReport(found, reasons, changed)
    return Report(details=details, old=before, new=after, warnings=warnings.found)


def subset(
    metadata: str | Path,
    *,
    roots: Iterable[str] = (),
    date: str | None = None,
    metadata_folder: str | Path | None = None,
    strict: bool = False,
    progress: Progress = _SILENT,
) -> SubsetDocument:
    """Take the subset of a CSDL document that is reachable from roots.

    `date` is the document's, by default the one in its name. The other arguments are those of
    `generate`. Raises CodegenError for a document or roots that cannot be used.
    """
    folder = _folder(metadata_folder)
    warnings = _Warnings(progress, strict=strict)
    source = _source(metadata, folder, strict, progress)
    warnings.add(source.model.diagnostics)
    taken = take(source.model, _roots(source, tuple(roots), folder, warnings))
    date = date or provenance.date_of(source.document.file)
    return SubsetDocument(
        xml=write(taken.model).decode(),
        cut=taken.cut,
        provenance=provenance.describe(source.document, date, source.model, taken),
        kept=provenance.counts(taken.model),
        document_holds=provenance.counts(source.model),
        warnings=warnings.found,
    )


def read(
    metadata: str | Path | None = None,
    *,
    metadata_folder: str | Path | None = None,
    strict: bool = False,
    progress: Progress = _SILENT,
) -> Source:
    """Read a CSDL document, by default the one of the metadata folder.

    Its model's diagnostics say what was not understood. Raises CodegenError for a document that cannot
    be read; if strict, for whatever is not understood.
    """
    source = _source(metadata, _folder(metadata_folder), strict, progress)
    _Warnings(progress, strict=strict).add(source.model.diagnostics)
    return source


def read_subset(
    metadata: str | Path | None = None,
    *,
    roots: Iterable[str] = (),
    metadata_folder: str | Path | None = None,
    strict: bool = False,
    progress: Progress = _SILENT,
) -> Subset:
    """Return the part of a document that `generate` would generate, with its supplement.

    Arguments and errors are those of `generate`.
    """
    warnings = _Warnings(progress, strict=strict)
    return _read_subset(metadata, roots, _folder(metadata_folder), warnings, progress)[1]


@dataclass
class _Warnings:
    """Collects warnings and passes them on; if strict, they are errors."""

    progress: Progress
    strict: bool = field(kw_only=True)
    found: tuple[Diagnostic, ...] = ()

    def add(self, diagnostics: Iterable[Diagnostic], *, strict: bool | None = None) -> None:
        new = tuple(diagnostics)
        if self.strict if strict is None else strict:
            refuse(new)
        for diagnostic in new:
            self.progress.warn(diagnostic)
        self.found += new


def _folder(given: str | Path | None) -> Path:
    return assets.folder("metadata") if given is None else Path(given)


def _source(
    given: str | Path | Source | None, folder: Path, strict: bool, progress: Progress
) -> Source:
    """Read a document; its diagnostics are left to the caller, unless strict."""
    if isinstance(given, Source):
        return given
    path = folder / load_settings(folder).document if given is None else Path(given)
    with progress.stage(f"reading {xml.name(path)}"):
        document = reader.read_file(path)
        model = resolve(document)
    if strict:
        refuse(model.diagnostics)
    return Source(document, model)


def _roots(
    source: Source, given: Sequence[str], folder: Path, warnings: _Warnings
) -> Sequence[str]:
    """Return the given roots, or the default roots that a document has.

    An older document, or that of another cloud, lacks some of them.
    """
    if given:
        return given
    wanted = load_settings(folder).roots
    found = existing(source.model, wanted)
    warnings.add(map(_lacks(source.document.file), _missing(wanted, found)), strict=False)
    return found or wanted


def _missing(wanted: Sequence[str], found: Sequence[str]) -> tuple[str, ...]:
    return tuple(root for root in wanted if root not in found)


def _lacks(file: str) -> Callable[[str], Diagnostic]:
    return lambda root: Diagnostic(f"has no {root}", Place(file))


def _read_subset(
    metadata: str | Path | None,
    roots: Iterable[str],
    folder: Path,
    warnings: _Warnings,
    progress: Progress,
) -> tuple[Document, Subset]:
    source = _source(metadata, folder, warnings.strict, progress)
    warnings.add(source.model.diagnostics)
    model, redundant = supplement.apply(source.model, supplement.load(folder))
    warnings.add(redundant)
    supplemented = Source(source.document, model)
    return source.document, take(model, _roots(supplemented, tuple(roots), folder, warnings))


def _sides(
    old: Source, new: Source, roots: tuple[str, ...], settings: Settings, warnings: _Warnings
) -> tuple[Side, Side]:
    """Take the subset of two documents, to compare them."""
    from graph_codegen.diff.change.context import Side

    wanted = roots or settings.roots
    found = [existing(source.model, wanted) for source in (old, new)]
    for root in wanted:
        lacking = [
            source.document.file
            for source, had in zip((old, new), found, strict=True)
            if root not in had
        ]
        # A given root that neither has is a mistake; some default ones are newer, or not in every cloud.
        if len(lacking) == 2 and (roots or not any(found)):
            raise error(f"neither document has the root {root}", " and ".join(lacking))
        warnings.add((_lacks(file)(root) for file in lacking), strict=False)
    before, after = (
        Side(source.document, source.model, take(source.model, had))
        for source, had in zip((old, new), found, strict=True)
    )
    for side in (before, after):
        inside = {*side.model.types, *(operation.name for operation in side.model.operations)}
        about = (d for d in side.whole.diagnostics if not d.type or d.type in inside)
        warnings.add(about, strict=False)
    return before, after


def _package(
    side: Side, settings: Settings, folder: Path, executor: Executor | None, progress: Progress
) -> Mapping[str, str]:
    """Generate the package of one side; a document without any of the roots has none."""
    if not side.subset.roots:
        return {}
    whole, _ = supplement.apply(side.whole, supplement.load(folder))
    with progress.stage(f"generating from {side.document.file}"):
        return _build(take(whole, side.subset.roots).model, settings, folder, executor)


def _build(
    model: Model, settings: Settings, folder: Path, executor: Executor | None
) -> Mapping[str, str]:
    # Loads black and Jinja, which takes longer than it takes to refuse bad input.
    from graph_codegen.emit.package import build, facts

    return build(model, settings, facts(folder), executor=executor)
