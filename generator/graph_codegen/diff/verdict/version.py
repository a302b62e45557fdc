"""Computes the next version of a package from the step that findings call for (https://semver.org)."""

from __future__ import annotations

import re

from graph_codegen.diff.verdict.findings import Step

_NUMBERS = re.compile(r"(?:^|\.)([0-9]+)")


def next_version(version: str, step: Step) -> str:
    """Return the version after a step: `1.4.2` becomes `2.0.0`, `1.5.0` or `1.4.3`.

    Before 1.0.0 a break raises the second number, and anything else the third, as is customary. A
    suffix, as in `2.0.0rc1`, is dropped.
    """
    if step is Step.NONE:
        return version
    numbers = [int(number) for number in _NUMBERS.findall(version)]
    major, minor, patch, *_ = [*numbers, 0, 0, 0]
    if step is Step.MAJOR and major:
        return f"{major + 1}.0.0"
    if step is Step.MAJOR or (step is Step.MINOR and major):
        return f"{major}.{minor + 1}.0"
    return f"{major}.{minor}.{patch + 1}"
