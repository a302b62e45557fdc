"""The generator as a library: `generate` a package, `compare` two documents, take a `subset` of one.

Nothing here prints, exits or starts a process, but that of ruff for packages that are very large, and calls
share no state, so they may run in any thread. What a document holds and the generator does not understand is
returned as warnings; what cannot be used raises `CodegenError`.

A configuration says what is generated and how, and names further facts; see docs/slices.md. No function
looks for one: without `config` it is the one that comes with the generator, Microsoft Graph's cloud
communications.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from dataclasses import replace as changed
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from graph_codegen import __version__
from graph_codegen.csdl import reader, xml
from graph_codegen.csdl.ast import Document, Unread
from graph_codegen.emit.sbom import SBOM, Origin, render_sbom
from graph_codegen.errors import CodegenError, Diagnostic, Place, error, refuse
from graph_codegen.facts import clouds, corrections, documented, notifications, supplement
from graph_codegen.facts.settings import Settings, with_package, with_roots, with_service_root
from graph_codegen.facts.settings import load as load_settings
from graph_codegen.install import replace
from graph_codegen.install.manifest import MANIFEST, render_manifest
from graph_codegen.install.replace import Written
from graph_codegen.model import provenance
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import ALL, Cut, Subset
from graph_codegen.model.unsaid import count_unsaid
from graph_codegen.model.writer import write
from graph_codegen.openapi import content as openapi
from graph_codegen.service.left_out import LeftOut, find_left_out
from graph_codegen.service.requests import list_requests
from graph_codegen.service.slices import existing, missing, take_slice
from graph_codegen.text import shorten

if TYPE_CHECKING:
    from graph_codegen.diff.change.context import Side
    from graph_codegen.diff.report.report import Report as DiffReport
    from graph_codegen.diff.verdict.findings import Finding, Step
    from graph_codegen.emit.package import Built
    from graph_codegen.usage.files import File
    from graph_codegen.usage.resolve import Ask

__all__ = [
    "CodegenError",
    "Diagnostic",
    "LeftOut",
    "Package",
    "Place",
    "Progress",
    "Report",
    "Source",
    "SubsetDocument",
    "Written",
    "compare",
    "compare_series",
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

    def note(self, note: Diagnostic) -> None:
        """Take a note about something that is right, and could be more."""


_SILENT = Progress()


@dataclass(frozen=True, slots=True)
class Source:
    """A document as it was read, and its resolved model, of which `corrected` elements were corrected."""

    document: Document
    model: Model
    corrected: int = 0


@dataclass(frozen=True, kw_only=True)
class Package:
    """A generated package: its name, its files as text by path, and what was not understood.

    The files are those of a project: `pyproject.toml`, the folder of the package, and the manifest.
    `unsaid` is what the form of the document leaves open, with the number of elements; `unread` are the
    requests below the roots that the document has and the package lacks, `left_out` the declarations that
    no request reaches.
    """

    name: str
    files: Mapping[str, str]
    warnings: tuple[Diagnostic, ...]
    origin: Mapping[str, object]
    unsaid: Mapping[str, int] = field(default_factory=dict[str, int])
    unread: tuple[Unread, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

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
    """What a comparison found, and what was not understood of the two documents.

    `uncompared` is what only one of them can say, since it is CSDL and the other OpenAPI, with numbers.
    """

    details: DiffReport
    old: Side
    new: Side
    warnings: tuple[Diagnostic, ...]
    uncompared: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings that count, sorted by declaration, element and rule.

        Ignored ones do not, nor those that are about nothing that the application uses if there is one.
        """
        return self.details.counted

    @property
    def breaking(self) -> tuple[Finding, ...]:
        """The findings that count and break Python programs."""
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

    def to_markdown(self, command: str = "") -> str:
        """Return the report as Markdown for a pull request; `command` shows what there is no room for."""
        from graph_codegen.diff.report.markdown import render_markdown

        return render_markdown(self.details, command)

    def to_github(self, document: str | Path, command: str = "") -> str:
        """Return the report as annotations of a workflow at GitHub, at the lines of the files concerned.

        They are files below the working folder: those of the application, or the new document, whose path is
        `document`. `command` shows what GitHub has no room for.
        """
        from graph_codegen.diff.report.github import render_github

        return render_github(self.details, str(document), Path.cwd(), command)

    def to_sarif(self, document: str | Path) -> str:
        """Return the report as SARIF, at places as `to_github` has them."""
        from graph_codegen.diff.report.sarif import render_sarif

        return render_sarif(self.details, str(document), Path.cwd(), __version__)

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
    exclude: Iterable[str] = (),
    package: str | None = None,
    service_root: str | None = None,
    documented_only: bool = False,
    config: str | Path | None = None,
    strict: bool = False,
    corrected: bool = True,
    references: Iterable[str | Path] = (),
    descriptions: bool = False,
    executor: Executor | None = None,
    progress: Progress = _SILENT,
) -> Package:
    """Generate a package, in memory.

    `metadata` is the path of a document, CSDL or OpenAPI; `roots` are the entity sets, singletons, paths,
    types or requests whose part of it is generated, or `all`, and `exclude` are those that are left out of
    it; `package` is the name of the package, `service_root` the address below which its clients send
    requests. `config` is the path of a configuration, which says what each of them is by default. If
    `documented_only`, requests that no page of the documentation has are left out, and the types that only
    they need. `executor` formats the code, in this thread without one. If strict, whatever is not understood
    is an error. Unless `corrected` is false, raw metadata of Graph is corrected as its maintainers do before
    they publish it. `references` are the documents that it refers to, without which what has their types is
    untyped. If `descriptions`, those of the document become docstrings, before those of the facts.

    Raises CodegenError for a document, roots, a name, a service root, a configuration or facts that cannot
    be used.
    """
    roots, exclude = tuple(roots), tuple(exclude)
    given = {
        "roots": roots,
        "exclude": exclude,
        "service_root": service_root,
        "documented_only": documented_only,
        "descriptions": descriptions,
    }
    run = _Run(
        config,
        strict,
        progress,
        roots,
        exclude,
        documented_only,
        corrected=corrected,
        references=references,
    )
    document, taken = run.read_subset(metadata)
    settings = run.settings
    if package is not None:
        settings = with_package(settings, package)
    if service_root is not None:
        settings = with_service_root(settings, service_root)
    with progress.stage("generating"):
        built = run.build(taken.model, settings, executor, descriptions=descriptions)
    made = Origin(document.file, document.sha256, built.makers)
    project = built.files["pyproject.toml"]
    files = {**built.files, SBOM: render_sbom(project, made, generator=__version__)}
    origin = {
        "generator": f"graph-codegen {__version__}",
        "metadata": {"document": document.file, "sha256": document.sha256},
        "roots": list(taken.roots),
        **({"exclude": list(settings.exclude)} if settings.exclude else {}),
        "service_root": settings.service_root,
        "documented_only": settings.documented_only,
        "descriptions": descriptions,
        # What no configuration says, for a check without these arguments.
        **({"given": names} if (names := [name for name in given if given[name]]) else {}),
    }
    return Package(
        name=settings.package,
        files={**files, MANIFEST: render_manifest(files, origin)},
        warnings=tuple(run.warnings),
        origin=origin,
        unsaid=count_unsaid(taken.model),
        unread=_below_roots(document.unread, taken),
        left_out=find_left_out(taken.model),
    )


def compare(
    old: str | Path | Source | None,
    new: str | Path | Source,
    *,
    roots: Iterable[str] = (),
    exclude: Iterable[str] = (),
    ignore: str | Path | None = None,
    used_by: Iterable[str | Path] = (),
    using: str | None = None,
    package: str | None = None,
    code: bool = False,
    on: datetime.date | None = None,
    config: str | Path | None = None,
    strict: bool = False,
    corrected: bool = True,
    references: Iterable[str | Path] = (),
    executor: Executor | None = None,
    progress: Progress = _SILENT,
) -> Report:
    """Compare the same part of two documents: what changed, and what that breaks.

    `old` and `new` are paths of documents, CSDL or OpenAPI, or documents that were `read`; None is the one
    of the configuration. `ignore` is the path of an ignore file. `used_by` are files and folders of an
    application: the report says what it uses, and counts only that. It imports `package`, by default that
    of the configuration. `using="mypy"` asks mypy, where it is installed, for the types that the syntax
    does not tell; none of the application is run. With `code`, the report has the unified diff of the
    generated packages too. `on` is the day by which entries of the ignore file expire, and from which the
    days until removal dates are counted: today (UTC) by default. The other arguments are those of
    `generate`.

    A root need only be in one of the documents: what it leads to was then added or removed. Raises
    CodegenError for documents, roots, an application or an ignore file that cannot be used.
    """
    # Loads the rules and the templates of all reports, which neither `generate` nor `subset` needs.
    from graph_codegen.diff.verdict.ignore import find_ignored, load_ignore_file

    run = _Run(
        config, strict, progress, (*roots,), (*exclude,), corrected=corrected, references=references
    )
    entries = load_ignore_file(Path(ignore)) if ignore is not None else ()
    files: tuple[File, ...] = ()
    if application := (*map(Path, used_by),):
        from graph_codegen.usage.files import read_application

        files, unreadable = read_application(application)
        run.warn(unreadable)
    ask = _type_checker(using) if using else None
    if ask and not files:
        raise error("needs an application to tell the types of: used_by", f"using {using}")
    report = run.compare(*run.take_sides(run.read(old), run.read(new)))
    findings = report.details.comparison.findings
    day = on or datetime.datetime.now(datetime.UTC).date()
    reasons, outdated = find_ignored(entries, findings, day)
    run.warn(outdated)
    concerns = None
    if files:
        from graph_codegen.diff.usage import find_concerns
        from graph_codegen.usage.offered import offered_by
        from graph_codegen.usage.resolve import find_uses

        settings = run.settings if package is None else with_package(run.settings, package)
        offered = offered_by(report.old.model, settings)
        concerns = find_concerns(findings, offered, find_uses(files, offered, ask))
    difference = None
    if code:
        from graph_codegen.install.compare import diff_files

        packages = (run.package(side, executor) for side in (report.old, report.new))
        difference = tuple(diff_files(*packages))
    details = changed(report.details, ignored=reasons, code=difference, concerns=concerns, on=day)
    return changed(report, details=details, warnings=tuple(run.warnings))


def compare_series(
    documents: Iterable[str | Path | Source],
    *,
    roots: Iterable[str] = (),
    exclude: Iterable[str] = (),
    config: str | Path | None = None,
    strict: bool = False,
    corrected: bool = True,
    references: Iterable[str | Path] = (),
    progress: Progress = _SILENT,
) -> Iterator[Report]:
    """Compare each document of a series with the one before it, in their order.

    Two documents at a time are in memory, as long as the caller keeps no report. A root need only be in one
    of the documents; where a given one is in none, the last report is followed by CodegenError. Other
    arguments and errors are those of `compare`.
    """
    run = _Run(
        config, strict, progress, (*roots,), (*exclude,), corrected=corrected, references=references
    )
    before: Side | None = None
    had: set[str] = set()
    for given in documents:
        after = run.take_side(run.read(given))
        had.update(existing(after.whole, run.settings.roots))
        if before:
            yield run.compare(before, after)
        before = after
    if before:
        run.refuse_lacking(had, "none of the documents", before.document.file)


def _type_checker(name: str) -> Ask:
    """Return what asks a type checker. Raises CodegenError if it is not known, or not installed."""
    from graph_codegen.usage.typed import ask_mypy, find_mypy

    if name != "mypy":
        raise error("is no type checker that can be asked: mypy can", shorten(name))
    find_mypy()
    return ask_mypy


def subset(
    metadata: str | Path,
    *,
    roots: Iterable[str] = (),
    exclude: Iterable[str] = (),
    date: str | None = None,
    config: str | Path | None = None,
    strict: bool = False,
    corrected: bool = True,
    references: Iterable[str | Path] = (),
    progress: Progress = _SILENT,
) -> SubsetDocument:
    """Take the subset of a document that is reachable from roots, as CSDL.

    `date` is the document's, by default the one in its name. The other arguments are those of
    `generate`. Raises CodegenError for a document or roots that cannot be used.
    """
    run = _Run(
        config, strict, progress, (*roots,), (*exclude,), corrected=corrected, references=references
    )
    source = run.read(metadata)
    run.warn(source.model.diagnostics)
    if source.model.partial:
        message = "OpenAPI says less than a subset as CSDL would have to say: take it of the CSDL document"
        raise error(message, source.document.file)
    taken = take_slice(source.model, run.choose_roots(source, kept=False), run.settings.exclude)
    date = date or provenance.date_of(source.document.file)
    return SubsetDocument(
        xml=write(taken.model).decode(),
        cut=taken.cut,
        provenance=provenance.describe(
            source.document,
            date,
            source.model,
            taken,
            corrected=source.corrected,
            left_out=find_left_out(taken.model),
        ),
        kept=provenance.count_declarations(taken.model),
        document_holds=provenance.count_declarations(source.model),
        warnings=tuple(run.warnings),
    )


def read(
    metadata: str | Path | None = None,
    *,
    config: str | Path | None = None,
    strict: bool = False,
    corrected: bool = True,
    references: Iterable[str | Path] = (),
    progress: Progress = _SILENT,
) -> Source:
    """Read a CSDL document, by default the one of the configuration.

    Its model's diagnostics say what was not understood. Raises CodegenError for a document that cannot
    be read; if strict, for whatever is not understood.
    """
    run = _Run(config, strict, progress, corrected=corrected, references=references)
    source = run.read(metadata)
    run.warn(source.model.diagnostics)
    return source


def read_data(
    data: bytes,
    name: str,
    *,
    config: str | Path | None = None,
    strict: bool = False,
    corrected: bool = True,
    references: Iterable[str | Path] = (),
    progress: Progress = _SILENT,
) -> Source:
    """Read a document that was fetched; `name` is what messages call it.

    What is not understood is left to the caller, unless strict. Other arguments and errors are those of
    `read`.
    """
    run = _Run(config, strict, progress, corrected=corrected, references=references)
    return run.resolve(_parse_document(data, name))


def read_subset(
    metadata: str | Path | None = None,
    *,
    roots: Iterable[str] = (),
    exclude: Iterable[str] = (),
    documented_only: bool = False,
    config: str | Path | None = None,
    strict: bool = False,
    corrected: bool = True,
    references: Iterable[str | Path] = (),
    progress: Progress = _SILENT,
) -> Subset:
    """Return the part of a document that `generate` would generate, with its supplement.

    Arguments and errors are those of `generate`.
    """
    run = _Run(
        config,
        strict,
        progress,
        (*roots,),
        (*exclude,),
        documented_only,
        corrected=corrected,
        references=references,
    )
    return run.read_subset(metadata)[1]


def _read_document(path: Path) -> Document:
    return _parse_document(xml.load(path), xml.display_name(path))


def _parse_document(data: bytes, name: str) -> Document:
    """Read a document, CSDL or OpenAPI by its content. Raises CodegenError for one that cannot be read."""
    if not openapi.recognise(data):
        return reader.read(data, name)
    # Loads a parser of YAML, which CSDL does not need.
    from graph_codegen.openapi.reader import read as read_openapi

    return read_openapi(data, name)


def _below_roots(unread: tuple[Unread, ...], taken: Subset) -> tuple[Unread, ...]:
    """Return the requests whose paths begin at an entity set or singleton of a subset; of the whole, all."""
    if ALL in taken.roots:
        return unread
    heads = {source.name for source in taken.model.sources}
    return tuple(one for one in unread if _HEAD.sub(r"\1", one.request) in heads)


_HEAD = re.compile(r"\w+ /([^/(]*).*", re.DOTALL)
"""A request, with the first name on its path."""


class _Run:
    """One call of a function: its configuration, the roots it was given, and the warnings so far."""

    def __init__(
        self,
        config: str | Path | None,
        strict: bool,
        progress: Progress,
        roots: tuple[str, ...] = (),
        exclude: tuple[str, ...] = (),
        documented_only: bool = False,
        *,
        corrected: bool,
        references: Iterable[str | Path] = (),
    ) -> None:
        self._config = Path(config) if config is not None else None
        self.warnings: list[Diagnostic] = []
        self._roots = roots
        self._exclude = exclude
        self._documented_only = documented_only
        self._strict = strict
        self._corrected = corrected
        self._references = tuple(map(Path, references))
        self._progress = progress

    @cached_property
    def settings(self) -> Settings:
        """The settings of the configuration, for the given roots."""
        found = with_roots(load_settings(self._config), self._roots)
        found = changed(found, exclude=self._exclude) if self._exclude else found
        return changed(found, documented_only=True) if self._documented_only else found

    @cached_property
    def supplement(self) -> supplement.Supplement:
        """What the facts add to the metadata."""
        return supplement.load(*self.settings.fact_folders)

    def warn(self, diagnostics: Iterable[Diagnostic]) -> None:
        for diagnostic in diagnostics:
            self._progress.warn(diagnostic)
            self.warnings.append(diagnostic)

    def _warn_of_roots(self, roots: Iterable[str], file: str) -> None:
        self.warn(Diagnostic(f"has no {shorten(root)}", Place(file)) for root in roots)

    def read(self, given: str | Path | Source | None) -> Source:
        """Read a document, without warning of what is not understood; if strict, that is an error."""
        if isinstance(given, Source):
            return given
        path = self._kept() if given is None else Path(given)
        with self._progress.stage(f"reading {xml.display_name(path)}"):
            document = _read_document(path)
        if given is None and self.settings.sha256 not in ("", document.sha256):
            message = f"is not the document of the configuration: its SHA-256 is {document.sha256}"
            raise error(message, str(path))
        return self.resolve(document)

    def _kept(self) -> Path:
        """Return the path of the document of the configuration."""
        path = self.settings.document
        if self.settings.address and not path.exists():
            message = f"is not there: graph-codegen update fetches it from {self.settings.address}"
            raise error(message, str(path))
        return path

    def resolve(self, document: Document) -> Source:
        """Return a document with its model, of which what Graph's maintainers would correct is corrected.

        If strict, raises CodegenError for what is not understood.
        """
        model = resolve(document, *map(_read_document, self._references))
        for note in model.notes:
            self._progress.note(note)
        corrected = 0
        if self._corrected and corrections.concern(model):
            known = corrections.load(*self.settings.fact_folders)
            model, corrected = corrections.apply(model, known)
        if self._strict:
            refuse(model.diagnostics)
        return Source(document, model, corrected)

    def read_subset(self, given: str | Path | None) -> tuple[Document, Subset]:
        """Read a document, add the supplement and take the subset."""
        source = self.read(given)
        self.warn(source.model.diagnostics)
        model, redundant = self._supplemented(source)
        if self._strict:
            refuse(redundant)
        self.warn(redundant)
        roots = self.choose_roots(Source(source.document, model), kept=given is None)
        self._warn_of_idle_excludes(model)
        return source.document, self._take(model, roots)

    def _supplemented(self, source: Source) -> tuple[Model, tuple[Diagnostic, ...]]:
        """Return a model with the supplement, and what is redundant in that."""
        if source.document.supplemented:
            return source.model, ()
        return supplement.apply(source.model, self.supplement)

    def _warn_of_idle_excludes(self, model: Model) -> None:
        for text in self.settings.exclude:
            if problem := missing(model, text):
                (found,) = problem.diagnostics
                reason = found.message.partition(": ")[2]
                message = f"nothing is excluded by {shorten(text)}: {reason}"
                self.warn([changed(found, message=message)])

    def _take(self, model: Model, roots: Sequence[str]) -> Subset:
        """Take the part of a document that is generated."""
        taken = take_slice(model, roots, self.settings.exclude)
        if not self.settings.documented_only:
            return taken
        return documented.take_documented(taken, documented.load(*self.settings.fact_folders))

    def choose_roots(self, source: Source, *, kept: bool) -> Sequence[str]:
        """Return the given roots, or those of the configuration that a document has.

        An older document, or that of another cloud, lacks some of them. The one that is `kept` for the
        configuration must have all that it names.
        """
        wanted, ours = self.settings.roots, load_settings()
        lacking = {root: problem for root in wanted if (problem := missing(source.model, root))}
        named = self._roots or (kept and wanted != ours.roots)
        if lacking and (named or len(lacking) == len(wanted)):
            found = next(iter(lacking.values())).diagnostics[0]
            if not kept or self.settings.document != ours.document:
                raise CodegenError(found)
            hint = "it is a part of Graph: name the whole, by --metadata or graph-codegen init FILE"
            raise CodegenError(changed(found, message=f"{found.message}; {hint}"))
        self._warn_of_roots(lacking, source.document.file)
        return self._bring(source.model, [root for root in wanted if root not in lacking])

    def _bring(self, model: Model, roots: Sequence[str]) -> Sequence[str]:
        """Return roots with the types of the notifications about them."""
        known = notifications.load(*self.settings.fact_folders)
        return notifications.bring(known, model, roots)

    def take_sides(self, old: Source, new: Source) -> tuple[Side, Side]:
        """Take the subsets of two documents to compare, and warn of what is not understood of them."""
        had = {
            root for source in (old, new) for root in existing(source.model, self.settings.roots)
        }
        files = f"{old.document.file} and {new.document.file}"
        self.refuse_lacking(had, "neither document", files)
        return self.take_side(old), self.take_side(new)

    def refuse_lacking(self, had: Collection[str], which: str, files: str) -> None:
        """Raise CodegenError for a root that is not among those that any of the compared documents had.

        A given root that none has is a mistake; a default one may be newer than all of them.
        """
        for root in self.settings.roots:
            if root not in had and (self._roots or not had):
                raise error(f"{which} has the root {shorten(root)}", files)

    def take_side(self, source: Source) -> Side:
        """Take the subset of a document to compare, and warn of what it lacks and what is not understood."""
        from graph_codegen.diff.change.context import Side

        wanted, model = self.settings.roots, source.model
        had = existing(model, wanted)
        self._warn_of_roots((root for root in wanted if root not in had), source.document.file)
        taken = take_slice(model, self._bring(model, had), self.settings.exclude)
        side = Side(source.document, model, taken)
        inside = {*side.model.types, *(operation.name for operation in side.model.operations)}
        self.warn(d for d in model.diagnostics if not d.type or d.type in inside)
        return side

    def compare(self, old: Side, new: Side) -> Report:
        """Compare two subsets."""
        from graph_codegen.diff.change.common import reduce_sides
        from graph_codegen.diff.report.report import Report as DiffReport
        from graph_codegen.diff.verdict import comparison

        before, after, uncompared = reduce_sides(old, new)
        chosen = self.settings
        found = comparison.compare(before, after, chosen.home, chosen.names, chosen.levels)
        return Report(
            details=DiffReport(found),
            old=before,
            new=after,
            warnings=tuple(self.warnings),
            uncompared=uncompared,
        )

    def package(self, side: Side, executor: Executor | None) -> Mapping[str, str]:
        """Generate the package of one side; a document without any of the roots has none."""
        if not side.subset.roots:
            return {}
        whole, _ = self._supplemented(Source(side.document, side.whole))
        with self._progress.stage(f"generating from {side.document.file}"):
            model = self._take(whole, side.subset.roots).model
            return self.build(model, self.settings, executor).files

    def _compare_clouds(self, model: Model, settings: Settings) -> clouds.Clouds:
        """Return which clouds have the requests of a model, by the documents of the clouds."""
        offers: dict[str, clouds.Offer] = {}
        for cloud, path in settings.clouds.items():
            source = self.read(path)
            offers[cloud] = clouds.list_offer(source.document, source.model, settings.roots)
        return clouds.compare(offers, (request.http for request in list_requests(model)))

    def build(
        self,
        model: Model,
        settings: Settings,
        executor: Executor | None,
        *,
        descriptions: bool = False,
    ) -> Built:
        # Loads black and Jinja, which takes longer than refusing bad input.
        from graph_codegen.emit.package import build, facts

        known = facts(
            *settings.fact_folders,
            own_descriptions=descriptions,
            service_root=settings.service_root,
        )
        if settings.clouds:
            known = changed(known, clouds=self._compare_clouds(model, settings))
        return build(model, settings, known, executor=executor)
