"""Real git repositories to read documents from, whatever is configured on this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

ISOLATED = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def git(folder: Path, *arguments: str, day: str = "2026-01-01") -> str:
    """Run git in a folder; what it commits is of a day, at noon (UTC). Returns what it says."""
    when = f"{day}T12:00:00+00:00"
    who = ["-c", "user.name=A maintainer", "-c", "user.email=maintainer@example.org"]
    return subprocess.run(
        ["git", *who, "-c", "init.defaultBranch=main", *arguments],
        cwd=folder,
        env={**os.environ, **ISOLATED, "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def repository(folder: Path) -> Path:
    """Make an empty repository in a folder, which need not exist."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet")
    return folder


def commit(folder: Path, files: Mapping[str, bytes | None], day: str = "2026-01-01") -> str:
    """Commit files, None for one to delete, and return the hash of the commit."""
    for name, data in files.items():
        path = folder / name
        if data is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "A commit", day=day)
    return git(folder, "rev-parse", "HEAD")
