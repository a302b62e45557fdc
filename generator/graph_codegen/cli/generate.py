"""The commands that write the package, or compare it: `generate`, `check` and `vendor`."""

from __future__ import annotations

import hashlib
import os
import sys
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Unpack

import click

from graph_codegen import api
from graph_codegen.cli import options
from graph_codegen.cli.console import (
    DIFFERENT,
    PROGRESS,
    recording,
    render_counts,
    say,
    show,
    tell,
    told_all,
)
from graph_codegen.cli.options import Generating, Reading
from graph_codegen.cli.unchanged import Run
from graph_codegen.cli.workers import current_workers
from graph_codegen.csdl import xml
from graph_codegen.errors import CodegenError, error
from graph_codegen.facts import settings
from graph_codegen.history import git
from graph_codegen.install import compare, manifest, replace
from graph_codegen.install.replace import Written
from graph_codegen.service.left_out import count_left_out
from graph_codegen.text import shorten


@click.command("generate")
@options.generating
@options.generated
@options.verbose
def generate_command(
    target: Path | None,
    verbose: bool,
    **given: Unpack[Generating],
) -> None:
    """Write the generated package."""
    target = target or options.generated_beside(given["config"])
    run = Run("generate", target, {**given, "verbose": verbose}, given["metadata"], given)
    if earlier := run.recall():
        _tell(Written(0, 0), earlier.files, target)
        for line in earlier.told:
            tell(line)
        return
    with recording() as told:
        built = _generate(given)
    _tell(built.write(target), built.files, target)
    with recording() as gaps:
        _tell_gaps(built, verbose=verbose)
    if told_all():
        run.remember(built.files, [*told, *gaps])


@click.command("check")
@options.generating
@options.generated
def check_command(
    target: Path | None,
    **given: Unpack[Generating],
) -> None:
    """Fail, and show the difference, when the generated package is not what would be generated."""
    target = target or options.generated_beside(given["config"])
    built = _generate(given)
    with replace.reading(target):
        _compare(built.files, target, "graph-codegen generate")


@click.command("vendor")
@click.argument("destination", metavar="DEST", type=click.Path(path_type=Path, file_okay=False))
@options.generating
@options.verbose
@options.used_by
@options.using
@click.option("--dry-run", is_flag=True, help="Write nothing; show what would change.")
@click.option(
    "--check",
    is_flag=True,
    help="Write nothing; fail, and show the difference, when DEST is not what would be written.",
)
def vendor_command(
    destination: Path,
    verbose: bool,
    used_by: tuple[Path, ...],
    using: str | None,
    dry_run: bool,
    check: bool,
    **given: Unpack[Generating],
) -> None:
    """Copy the package into the folder DEST of an application, or update it there.

    Only the folder of the package in DEST is written to, and only what is generated. Files edited by
    hand are refused, and the difference is shown. A check without the options that say what is generated
    takes those that the package there was made with.

    With the application that uses it, or as a dry run, shows what the newer document changes before anything
    is written. The older one, which the package there was made from, is looked for beside the newer one, and
    in the last commit of git.
    """
    if check and (dry_run or used_by):
        raise error("shows all that differs: leave --dry-run and --used-by out", "--check")
    if check:
        name = given["package"] or settings.load(given["config"]).package
        known = manifest.list_given(destination / name)
        given["roots"] = given["roots"] or tuple(known.get("roots", ()))
        given["exclude"] = given["exclude"] or tuple(known.get("exclude", ()))
        given["service_root"] = given["service_root"] or known.get("service_root")
        for flag in ("documented_only", "descriptions"):
            given[flag] = given[flag] or bool(known.get(flag))
    built = _generate(given)
    files, target = built.vendored, _place(destination, built.name)
    with replace.reading(target, whole=True):
        replace.refuse_links(files, target)
        if check:
            _compare(files, target, f"graph-codegen vendor {destination}, with the same options")
            return
        for line in compare.diff_edits(files, target):
            say(line)
        if used_by or dry_run:
            _show_changes(target, built.name, used_by, using, given)
        if dry_run:
            changed, stale = replace.find_pending(files, target)
            tell(f"{target}: {len(changed)} files would be written, {len(stale)} deleted")
            return
    _tell(replace.write(files, target, whole=True), files, target)
    _tell_gaps(built, verbose=verbose)


def _show_changes(
    target: Path, package: str, used_by: tuple[Path, ...], using: str | None, given: Generating
) -> None:
    """Show what changed since the document that a package was made from.

    Raises CodegenError if that is not found, and an application is to be told what it means.
    """
    from graph_codegen.diff.report.terminal import render_terminal

    name, sha256 = manifest.find_document(target)
    if not sha256:
        tell(f"{target}: there is no package yet that could be compared")
        return
    reading = Reading(
        config=given["config"],
        strict=given["strict"],
        corrected=given["corrected"],
        references=given["references"],
    )
    new = given["metadata"] or settings.load(given["config"]).document
    old = _find_document(name, sha256, new, reading)
    if old is None:
        problem = (
            f"was made from {shorten(name)}, which is neither beside {new} nor in the last commit of git:"
            " graph-codegen diff OLD NEW compares what you name"
        )
        if used_by:
            raise error(problem, str(target))
        tell(f"{target}: {problem}")
        return
    report = api.compare(
        old,
        new,
        roots=given["roots"],
        exclude=given["exclude"],
        used_by=used_by,
        using=using,
        package=package,
        **reading,
        progress=PROGRESS,
    )
    show(render_terminal(report.details))


def _find_document(name: str, sha256: str, new: Path, reading: Reading) -> api.Source | None:
    """Return the document with a SHA-256: the new one, one beside it, or what git has in its place."""
    beside = new.with_name(Path(name).name or new.name)
    committed = f"{git.PREFIX}HEAD:./{Path(os.path.relpath(new)).as_posix()}"
    readers: tuple[Callable[[], bytes], ...] = (
        partial(xml.load, new),
        partial(xml.load, beside),
        partial(git.read_version, committed),
    )
    for read in readers:
        with suppress(CodegenError):
            data = read()
            if hashlib.sha256(data).hexdigest() == sha256:
                return api.read_data(data, Path(name).name, **reading, progress=PROGRESS)
    return None


def _generate(given: Generating) -> api.Package:
    with current_workers() as executor:
        return api.generate(**given, executor=executor, progress=PROGRESS)


def _place(destination: Path, package: str) -> Path:
    """Return the folder of a package in another; raises CodegenError where it cannot be."""
    place = destination / package
    try:
        if destination.is_symlink() and not destination.exists():
            raise error("is a symbolic link that leads nowhere", str(destination))
        if place.exists() and not place.is_dir():
            raise error("is a file: the folder of the package belongs here", str(place))
    except OSError as problem:
        raise error(f"cannot read: {problem.strerror}", str(problem.filename)) from None
    return place


def _tell(done: Written, files: Collection[str], target: Path) -> None:
    tell(
        f"{len(files)} files in {target}: {done.written} written, {done.deleted} deleted,"
        f" {len(files) - done.written} as they were"
    )


def _tell_gaps(built: api.Package, *, verbose: bool) -> None:
    """Say what the document leaves open, and how much of it the package lacks; if verbose, all of that."""
    if built.left_out:
        counts = render_counts(count_left_out(built.left_out))
        more = "" if verbose else "; --verbose lists it"
        tell(f"left out, since no path leads there: {counts}{more}")
    for item in built.left_out if verbose else ():
        tell(f"  {item}")
    if built.unsaid:
        tell(f"the document does not say {render_counts(built.unsaid)}")
    if built.unread:
        counts = render_counts(Counter(one.kind for one in built.unread))
        first = built.unread[0].request
        tell(f"requests of the document that are left out: {counts}; the first is {first}")
    for one in built.unread if verbose else ():
        tell(f"  {one.request}")


def _compare(files: Mapping[str, str], target: Path, command: str) -> None:
    """Show how a folder differs from what a command would write, and exit if it does.

    Files that differ from the folder's own manifest are named too, since they are not merely out of
    date. So is what would be imported instead of a module, which counts though all files are equal.
    """
    shadowing = compare.find_shadowing(files, target)
    for path, reason in (compare.find_unlisted(target) | shadowing).items():
        tell(f"{target / path}: {reason}")
    difference = list(compare.diff_folder(files, target))
    for line in difference:
        say(line)
    if difference:
        tell(f"{target} is stale: run {command}")
    if difference or shadowing:
        sys.exit(DIFFERENT)
    tell(f"{target} is what would be generated")
