"""Sphinx documents a resource of the client as it documents any class."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from graph_comms.client import Calls, OnlineMeetingsGetAllRecordings

pytestmark = pytest.mark.skipif(find_spec("sphinx") is None, reason="Sphinx is not installed")

INDEX = """
.. autoclass:: graph_comms.client.Calls
   :members:
   :inherited-members:

.. autoclass:: graph_comms.client.OnlineMeetingsGetAllRecordings
   :members:
   :inherited-members:
   :special-members: __call__
"""


def test_autodoc_of_a_resource(tmp_path: Path) -> None:
    (tmp_path / "conf.py").write_text(
        'extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon"]\n', encoding="utf-8"
    )
    (tmp_path / "index.rst").write_text(INDEX, encoding="utf-8")
    built = tmp_path / "built"
    # In a process of its own: autodoc imports modules a second time, with TYPE_CHECKING set.
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--builder", "text"]
    done = subprocess.run([*command, tmp_path, built], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    page = (built / "index.txt").read_text(encoding="utf-8")
    assert "create(call: Call, **options: Unpack[Options]) -> Call" in page
    assert "Call people or join a meeting" in page
    assert "POST /communications/calls" in page
    methods = [name for name in dir(Calls) if callable(getattr(Calls, name)) and name[0] != "_"]
    assert [name for name in methods if f"\n   {name}(" not in page] == []

    assert OnlineMeetingsGetAllRecordings.__name__ in page
    for method in ("__call__", "delta"):
        assert f"\n   {method}(*, meeting_organizer_user_id: " in page
    assert "List the recordings of all meetings of one organizer" in " ".join(page.split())
