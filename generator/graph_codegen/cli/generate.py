"""The commands that write the package, or compare it: `generate`, `check` and `vendor`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from graph_codegen.cli import common
from graph_codegen.errors import error
from graph_codegen.install import manifest


@click.command()
@common.metadata
@common.roots
@common.strict
@common.package
@common.generated
def generate(
    metadata: Path | None, roots: tuple[str, ...], strict: bool, package: str | None, target: Path
) -> None:
    """Write the generated package."""
    _write(common.files(metadata, roots, strict, package), target)


@click.command()
@common.metadata
@common.roots
@common.strict
@common.package
@common.generated
def check(
    metadata: Path | None, roots: tuple[str, ...], strict: bool, package: str | None, target: Path
) -> None:
    """Fail, and show the difference, when the generated package is not what would be generated."""
    files = common.files(metadata, roots, strict, package)
    with manifest.reading(target):
        _compare(files, target, "graph-codegen generate")


@click.command()
@click.argument("destination", metavar="DEST", type=click.Path(path_type=Path, file_okay=False))
@common.metadata
@common.roots
@common.strict
@common.package
@click.option(
    "--check",
    is_flag=True,
    help="Write nothing; fail, and show the difference, when DEST is not what would be written.",
)
def vendor(
    destination: Path,
    metadata: Path | None,
    roots: tuple[str, ...],
    strict: bool,
    package: str | None,
    check: bool,
) -> None:
    """Copy the package into the folder DEST of an application, or update it there.

    Only the folder of the package in DEST is written to, and only what is generated. Files edited by
    hand are refused, and the difference is shown.
    """
    built = common.build(metadata, roots, strict, package)
    files, target = _vendored(built), _place(destination, built.package)
    with manifest.reading(target, whole=True):
        manifest.refuse_links(files, target)
        if check:
            _compare(files, target, f"graph-codegen vendor {destination}, with the same options")
            return
        for line in manifest.edits(files, target):
            click.echo(line)
    _write(files, target, whole=True)


def _vendored(built: common.Generated) -> dict[str, str]:
    """Return the files below the folder of the package, with a manifest of their own."""
    prefix = f"{built.package}/"
    inside = {
        path.removeprefix(prefix): text
        for path, text in built.files.items()
        if path.startswith(prefix)
    }
    return inside | {manifest.MANIFEST: manifest.manifest(inside, built.origin)}


def _place(destination: Path, package: str) -> Path:
    """Return the folder of a package in another; raises CodegenError where there can be none."""
    place = destination / package
    try:
        if destination.is_symlink() and not destination.exists():
            raise error("is a symbolic link that leads nowhere", str(destination))
        if place.exists() and not place.is_dir():
            raise error("is a file: the folder of the package belongs here", str(place))
    except OSError as problem:
        raise error(f"cannot read: {problem.strerror}", str(problem.filename)) from None
    return place


def _write(files: Mapping[str, str], target: Path, *, whole: bool = False) -> None:
    written, deleted = manifest.write(files, target, whole=whole)
    common.log.print(
        f"{len(files)} files in {target}: {written} written, {deleted} deleted,"
        f" {len(files) - written} as they were"
    )


def _compare(files: Mapping[str, str], target: Path, command: str) -> None:
    """Show how a folder differs from what a command would write, and exit if it does.

    What differs from the folder's own manifest is named besides: it is not merely out of date. So is
    what would be imported in place of a module, with which the folder differs though all files agree.
    """
    hiding = manifest.hiding(files, target)
    for path, reason in (manifest.unlike_manifest(target) | hiding).items():
        common.log.print(f"{target / path}: {reason}")
    difference = list(manifest.differences(files, target))
    for line in difference:
        click.echo(line)
    if difference:
        common.log.print(f"{target} is stale: run {command}")
    if difference or hiding:
        sys.exit(common.DIFFERENT)
    common.log.print(f"{target} is what would be generated")
