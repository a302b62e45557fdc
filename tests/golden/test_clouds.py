"""In which clouds calls exist: the documented table, and what the clouds' own metadata says."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_codegen.facts.clouds import FILE
from graph_comms import OPERATIONS, Cloud
from tests.support.csdl import graph_codegen
from tests.support.published import CHINA, GOVERNMENT, NEWEST, published

ROOT = Path(__file__).parents[2]

DOCUMENTED = {
    Cloud.GLOBAL: True,
    Cloud.US_GOV_L4: True,
    Cloud.US_GOV_L5: True,
    Cloud.CHINA: False,
}
"""The table of the page "Create call"."""

DOCUMENTS = {"GLOBAL": NEWEST, "US_GOV_L4": GOVERNMENT, "CHINA": CHINA}


def clouds(*more: str | Path) -> str:
    """Return what the command says of all clouds."""
    documents = (f"{cloud}={published(name)}" for cloud, name in DOCUMENTS.items())
    result = graph_codegen("clouds", *documents, *more)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("python", ["calls.create", "calls.get", "calls.delete"])
def test_calls_exist_where_the_page_says(python: str) -> None:
    [operation] = [o for o in OPERATIONS if o.python == python]
    assert {cloud: cloud in operation.clouds for cloud in Cloud} == DOCUMENTED


def test_some_operations_exist_in_the_global_cloud_only() -> None:
    only = {o.python for o in OPERATIONS if o.clouds == {Cloud.GLOBAL}}
    assert "calls.send_dtmf_tones" in only
    assert "calls.answer" not in only


def test_the_committed_facts_are_those_of_the_clouds(tmp_path: Path) -> None:
    clouds("--output", tmp_path)
    assert (tmp_path / FILE).read_text() == (ROOT / "metadata" / FILE).read_text()


def test_the_matrix_says_yes_and_no() -> None:
    printed = clouds().splitlines()
    rows = {line.rsplit(maxsplit=3)[0].rstrip(): line.split()[-3:] for line in printed[1:-3]}
    assert printed[0].split() == ["GLOBAL", "US_GOV_L4", "CHINA"]
    assert rows["POST /communications/calls"] == ["yes", "yes", "no"]
    assert rows["POST /communications/calls/{call-id}/sendDtmfTones"] == ["yes", "no", "no"]
    assert printed[-3:] == ["GLOBAL: 469 of 469", "US_GOV_L4: 348 of 469", "CHINA: 7 of 469"]


@pytest.mark.parametrize("given", ["MARS=x.xml", "CHINA", "CHINA="])
def test_an_unknown_cloud_is_refused(given: str) -> None:
    result = graph_codegen("clouds", given)
    assert result.returncode == 2
    assert result.stderr.startswith(f"error: {given}: is not CLOUD=DOCUMENT")


def test_the_global_cloud_must_be_among_them() -> None:
    result = graph_codegen("clouds", f"CHINA={published(CHINA)}")
    assert result.returncode == 2
    assert "GLOBAL: must be among the clouds" in result.stderr
