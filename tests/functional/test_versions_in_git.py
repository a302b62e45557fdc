"""`graph-codegen diff` of documents that a git repository has, whatever stands in it."""

from __future__ import annotations

import gzip
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from graph_codegen.history import git as asked
from tests.support.csdl import ROOT, SERVICE, document, graph_codegen
from tests.support.repositories import ISOLATED, commit, git, repository

FILE = "metadata/graph.xml"
OLD = document(SERVICE)
NEW = document(SERVICE.replace("mute", "silence"))
REMOVED = (
    "operation-removed  microsoft.graph.mute(microsoft.graph.call, Edm.String): operation removed"
)


@pytest.fixture(scope="module", autouse=True)
def _isolated() -> object:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ISOLATED.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with two versions of a document. No test writes to it."""
    folder = repository(tmp_path_factory.mktemp("project"))
    commit(folder, {FILE: OLD, "note": b"x"})
    git(folder, "tag", "v1")
    commit(folder, {FILE: NEW, "packed.xml.gz": gzip.compress(OLD)})
    return folder


def diff(folder: Path, old: str, new: str = FILE) -> subprocess.CompletedProcess[str]:
    return graph_codegen("diff", old, new, *ROOT, cwd=folder)


def refused(folder: Path, old: str) -> str:
    done = diff(folder, old)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = (line for line in done.stderr.splitlines() if not line.endswith(" …"))
    return line


@pytest.mark.parametrize("name", [f"git:v1:{FILE}", f"git:HEAD~1:{FILE}", "git:v1:./graph.xml",
                                  f"git:HEAD^{{/A: comm|A commit}}~1:{FILE}",
                                  "git:HEAD:packed.xml.gz"])  # fmt: skip
def test_a_version_is_compared_as_a_file_is(project: Path, name: str) -> None:
    done = diff(project / "metadata", name, "graph.xml")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == f"{name} → graph.xml"
    assert REMOVED in done.stdout
    assert f"old {name}:" in done.stdout


def test_both_may_be_versions(project: Path) -> None:
    done = diff(project, f"git:HEAD:{FILE}", f"git:v1:{FILE}")
    assert "operation-removed  microsoft.graph.silence(" in done.stdout
    assert done.stderr.splitlines() == [f"reading git:HEAD:{FILE} …", f"reading git:v1:{FILE} …"]


def test_a_file_of_such_a_name_is_still_a_file(tmp_path: Path) -> None:
    (tmp_path / "git:v1:graph.xml").write_bytes(OLD)
    assert diff(tmp_path, "./git:v1:graph.xml", "./git:v1:graph.xml").returncode == 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("git:", "is not understood: a document in git is git:REV:PATH"),
        ("git:HEAD", "is not understood: a document in git is git:REV:PATH"),
        ("git:HEAD:", "is not understood: a document in git is git:REV:PATH"),
        (f"git::{FILE}", "is not understood: a document in git is git:REV:PATH"),
        (f"git:v2:{FILE}", "git knows no revision v2"),
        (f"git:--output=x:{FILE}", "git knows no revision --output=x"),
        ("git:v1:graph.xml",
         "v1 has no such file: a path begins at the top of the repository, or with ./"),
        ("git:v1:--help",
         "v1 has no such file: a path begins at the top of the repository, or with ./"),
        ("git:v1:metadata", "is no file in git: it is a tree"),
        ("git:v1:../x", "git refuses: '../x' is outside repository at '{}'"),
        ("git:v1:note", "this is text that begins with 'x', and not metadata"),
    ],
)  # fmt: skip
def test_what_git_does_not_have_is_refused(project: Path, name: str, message: str) -> None:
    assert refused(project, name).startswith(f"error: {name}: {message.format(project)}")


def test_a_long_name_is_refused_at_once(project: Path) -> None:
    braces = "{" * 100_000
    assert "is not understood: a document in git is git:REV:PATH" in refused(
        project, f"git:{braces}"
    )


def test_what_is_no_name_of_git_is_refused(project: Path) -> None:
    hostile = "git:v1:\x1b[2Jmetadata\nHEAD:note"
    shown = "git:v1:\\u001b[2Jmetadata\\u000aHEAD:note"
    assert refused(project, hostile) == f"error: {shown}: a name with a line end is none of git's"


def test_without_a_repository_or_git_there_are_no_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    name = f"git:v1:{FILE}"
    reason = "not a git repository (or any of the parent directories): .git"
    assert refused(tmp_path, name) == f"error: {name}: git refuses: {reason}"
    monkeypatch.setenv("PATH", str(tmp_path))
    expected = f"error: {name}: git cannot be run: No such file or directory"
    assert refused(tmp_path, name) == expected


def test_a_large_file_is_not_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "BYTES", 0)
    assert refused(project, f"git:v1:{FILE}") == f"error: git:v1:{FILE}: larger than 0 MB"


def test_git_has_its_time(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "SECONDS", 0.0)
    name = f"git:v1:{FILE}"
    assert refused(project, name) == f"error: {name}: git takes more than 0.0 seconds"


def test_a_pointer_is_not_taken_for_the_document(tmp_path: Path) -> None:
    folder = repository(tmp_path / "lfs")
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    commit(folder, {"graph.xml": pointer})
    assert refused(folder, "git:HEAD:graph.xml") == (
        "error: git:HEAD:graph.xml: is kept by Git LFS: the repository has a pointer to it"
    )


def hostile_settings(canary: str) -> Mapping[str, str]:
    """What a repository can name to be run, by what git would run it for."""
    return {
        "core.fsmonitor": canary,
        "core.pager": canary,
        "core.sshCommand": canary,
        "core.hooksPath": "hooks",
        "diff.external": canary,
        "diff.evil.textconv": canary,
        "diff.evil.command": canary,
        "filter.evil.smudge": canary,
        "filter.evil.clean": canary,
        "gpg.program": canary,
        "log.showSignature": "true",
        "pager.cat-file": canary,
        "alias.cat-file": f"!{canary}",
    }


@pytest.fixture
def hostile(tmp_path: Path) -> tuple[Path, Path]:
    """A repository that names a program wherever it can, and the file that the program would make."""
    canary, made = tmp_path / "canary", tmp_path / "made"
    canary.write_text(f"#!/bin/sh\ntouch '{made}'\n", encoding="utf-8")
    canary.chmod(0o755)
    folder = repository(tmp_path / "hostile")
    commit(folder, {FILE: OLD, ".gitattributes": b"*.xml diff=evil filter=evil\n"})
    git(folder, "tag", "v1")
    commit(folder, {FILE: NEW})
    (folder / "hooks").mkdir()
    for hook in ("reference-transaction", "pre-auto-gc", "post-checkout", "post-index-change"):
        (folder / "hooks" / hook).symlink_to(canary)
    for key, value in hostile_settings(str(canary)).items():
        git(folder, "config", key, value)
    return folder, made


def test_the_hostile_repository_is_one(hostile: tuple[Path, Path]) -> None:
    """An ordinary command of git runs what it names."""
    folder, made = hostile
    subprocess.run(["git", "diff", "v1"], cwd=folder, capture_output=True, check=False)
    assert made.exists()


def test_nothing_that_a_repository_names_is_run(hostile: tuple[Path, Path]) -> None:
    folder, made = hostile
    done = diff(folder, f"git:v1:{FILE}", f"git:HEAD:{FILE}")
    assert (done.returncode, REMOVED in done.stdout) == (0, True), done.stderr
    done = graph_codegen("history", FILE, "--git", "v1..HEAD", *ROOT, cwd=folder)
    assert (done.returncode, "operation removed" in done.stdout) == (0, True), done.stderr
    assert not made.exists()


@pytest.mark.parametrize(
    "address", ["ext::{}", "ssh://host/x", "file://{}", "https://localhost:9/x"]
)
def test_what_a_partial_clone_lacks_is_not_fetched(
    hostile: tuple[Path, Path], address: str
) -> None:
    folder, made = hostile
    canary = folder.parent / "canary"
    found = git(folder, "rev-parse", f"v1:{FILE}")
    for key, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "protocol.ext.allow": "always",
        "remote.origin.url": address.format(canary),
        "remote.origin.uploadpack": str(canary),
        "remote.origin.promisor": "true",
    }.items():
        git(folder, "config", key, value)
    lost = folder / ".git" / "objects" / found[:2] / found[2:]
    os.chmod(lost, 0o644)  # noqa: PTH101
    lost.unlink()
    reason = "is not in the repository, as in a partial clone or a submodule"
    assert refused(folder, f"git:v1:{FILE}") == f"error: git:v1:{FILE}: {reason}"
    done = graph_codegen("history", FILE, "--git", "v1..HEAD", *ROOT, cwd=folder)
    assert (done.returncode, done.stderr) == (2, f"error: {FILE} v1..HEAD: {reason}\n")
    assert not made.exists()
