"""The commands that write the package, or compare it: `generate`, `check` and `vendor`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Mapping
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
    tell,
    told_all,
)
from graph_codegen.cli.options import Generating
from graph_codegen.cli.unchanged import Run
from graph_codegen.cli.workers import current_workers
from graph_codegen.errors import error
from graph_codegen.facts import settings
from graph_codegen.install import compare, manifest, replace
from graph_codegen.install.replace import Written
from graph_codegen.service.left_out import count_left_out


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
@click.option(
    "--check",
    is_flag=True,
    help="Write nothing; fail, and show the difference, when DEST is not what would be written.",
)
def vendor_command(
    destination: Path,
    verbose: bool,
    check: bool,
    **given: Unpack[Generating],
) -> None:
    """Copy the package into the folder DEST of an application, or update it there.

    Only the folder of the package in DEST is written to, and only what is generated. Files edited by
    hand are refused, and the difference is shown. A check without the options that say what is generated
    takes those that the package there was made with.
    """
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
    _tell(replace.write(files, target, whole=True), files, target)
    _tell_gaps(built, verbose=verbose)


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
