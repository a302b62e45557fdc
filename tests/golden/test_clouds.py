"""In which clouds calls exist: the documented table, and what the clouds' own metadata says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from graph_codegen.clouds import FILE
from graph_comms import OPERATIONS, Cloud

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "metadata"
COMMAND = Path(sys.executable).parent / "graph-codegen"

DOCUMENTED = {
    Cloud.GLOBAL: True,
    Cloud.US_GOV_L4: True,
    Cloud.US_GOV_L5: True,
    Cloud.CHINA: False,
}
"""The table of the page "Create call"."""

DOCUMENTS = [
    f"{cloud}={SHARED / name}"
    for cloud, name in (
        ("GLOBAL", "graph-v1.0-2026-08-04.csdl.xml"),
        ("US_GOV_L4", "graph-v1.0-us-gov.csdl.xml"),
        ("CHINA", "graph-v1.0-china.csdl.xml"),
    )
]

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the metadata of the clouds is not beside this checkout"
)


@pytest.mark.parametrize("python", ["calls.create", "calls.get", "calls.delete"])
def test_calls_exist_where_the_page_says(python: str) -> None:
    [operation] = [o for o in OPERATIONS if o.python == python]
    assert {cloud: cloud in operation.clouds for cloud in Cloud} == DOCUMENTED


def test_some_operations_exist_in_the_global_cloud_only() -> None:
    only = {o.python for o in OPERATIONS if o.clouds == {Cloud.GLOBAL}}
    assert "calls.send_dtmf_tones" in only
    assert "calls.answer" not in only


@needs_shared
def test_the_committed_facts_are_those_of_the_clouds(tmp_path: Path) -> None:
    command = [str(COMMAND), "clouds", *DOCUMENTS, "--output", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    assert (tmp_path / FILE).read_text() == (ROOT / "metadata" / FILE).read_text()


@needs_shared
def test_the_matrix_says_yes_and_no() -> None:
    printed = subprocess.run(
        [COMMAND, "clouds", *DOCUMENTS], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    rows = {line.rsplit(maxsplit=3)[0].rstrip(): line.split()[-3:] for line in printed[1:-3]}
    assert printed[0].split() == ["GLOBAL", "US_GOV_L4", "CHINA"]
    assert rows["POST /communications/calls"] == ["yes", "yes", "no"]
    assert rows["POST /communications/calls/{call-id}/sendDtmfTones"] == ["yes", "no", "no"]
    assert printed[-3:] == ["GLOBAL: 232 of 232", "US_GOV_L4: 150 of 232", "CHINA: 0 of 232"]


@pytest.mark.parametrize("given", ["MARS=x.xml", "CHINA", "CHINA="])
def test_an_unknown_cloud_is_refused(given: str) -> None:
    result = subprocess.run([COMMAND, "clouds", given], capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr.startswith(f"error: {given}: is no CLOUD=DOCUMENT")


@needs_shared
def test_the_global_cloud_must_be_among_them() -> None:
    result = subprocess.run([COMMAND, "clouds", DOCUMENTS[2]], capture_output=True, text=True)
    assert result.returncode == 2
    assert "GLOBAL: must be among the clouds" in result.stderr
