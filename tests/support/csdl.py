"""Small CSDL documents, and the command that reads them."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import chdir
from pathlib import Path
from typing import ParamSpec, TypeVar

from click.testing import CliRunner

from graph_codegen.cli import main
from graph_codegen.csdl import reader
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve

_P = ParamSpec("_P")
_T = TypeVar("_T")

EDM = "http://docs.oasis-open.org/odata/ns/edm"
EDMX = "http://docs.oasis-open.org/odata/ns/edmx"

FILE = "test.csdl.xml"

ITEM = '<EntityType Name="item"><Key><PropertyRef Name="id"/></Key>{}</EntityType>'.format(
    '<Property Name="id" Type="Edm.String" Nullable="false"/>'
)
"""An entity type to refer to."""


def schema(body: str, namespace: str = "microsoft.graph", alias: str = "graph") -> str:
    """Return a schema element around declarations."""
    alias = f' Alias="{alias}"' if alias else ""
    return f'<Schema xmlns="{EDM}" Namespace="{namespace}"{alias}>\n{body.strip()}\n</Schema>'


def document(*schemas: str) -> bytes:
    """Return a document of schemas; text that is not an element is the body of microsoft.graph."""
    elements = "\n".join(text if text.startswith("<Schema") else schema(text) for text in schemas)
    services = f"<edmx:DataServices>\n{elements}\n</edmx:DataServices>"
    return f'<edmx:Edmx Version="4.0" xmlns:edmx="{EDMX}">\n{services}\n</edmx:Edmx>\n'.encode()


def line_of(data: bytes, text: str) -> int:
    """Return the number of the line that holds a text; the text must occur exactly once."""
    assert data.count(text.encode()) == 1, f"{text!r} occurs {data.count(text.encode())} times"
    return data[: data.index(text.encode())].count(b"\n") + 1


def model(*schemas: str) -> Model:
    """Return the resolved model of schemas."""
    return resolve(reader.read(document(*schemas), FILE))


SERVICE = """
<EntityType Name="entity" Abstract="true">
  <Key><PropertyRef Name="id"/></Key>
  <Property Name="id" Type="Edm.String" Nullable="false"/>
</EntityType>
<EntityType Name="cloudCommunications">
  <NavigationProperty Name="calls" Type="Collection(graph.call)" ContainsTarget="true"/>
</EntityType>
<EntityType Name="call" BaseType="graph.entity">
  <Property Name="state" Type="graph.callState"/>
  <NavigationProperty Name="owner" Type="graph.user"/>
</EntityType>
<EntityType Name="groupCall" BaseType="graph.call"/>
<EntityType Name="user" BaseType="graph.entity" OpenType="true"/>
<EnumType Name="callState"><Member Name="established" Value="3"/></EnumType>
<Action Name="mute" IsBound="true">
  <Parameter Name="bindingParameter" Type="graph.call"/>
  <Parameter Name="clientContext" Type="Edm.String"/>
  <ReturnType Type="Edm.Boolean"/>
</Action>
<EntityContainer Name="GraphService">
  <Singleton Name="communications" Type="graph.cloudCommunications"/>
</EntityContainer>
"""
"""A service that is quick to generate; `owner` leads outside `communications`."""

ROOT = ("--root", "communications")

PROGRAM = "python -m graph_codegen"
"""What usage messages call the command when a process runs it as a module."""


class Inline(Executor):
    """Runs each call where it is submitted: starting processes would cost more than the work."""

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        done: Future[_T] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as problem:
            done.set_exception(problem)
        return done


def graph_codegen(
    *arguments: str | Path, cwd: Path | None = None, cache: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command in this process, which saves the time that Python takes to start.

    `cache` is the user's cache folder, in which it remembers what it wrote; without one it cannot.

    Its standard output and error are its own; the working folder, the warning filters and the
    garbage collector are afterwards as they were. `test_cli_commands.py` shows that a process gives
    the same answers.
    """
    words = [*map(str, arguments)]
    thresholds = gc.get_threshold()
    try:
        with chdir(cwd or Path.cwd()), warnings.catch_warnings():
            done = CliRunner().invoke(
                main,
                words,
                prog_name=PROGRAM,
                obj=Inline,
                catch_exceptions=False,
                env={"XDG_CACHE_HOME": str(cache or os.devnull)},
            )
    finally:
        gc.set_threshold(*thresholds)
    return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)


def graph_codegen_process(
    *arguments: str | Path, cwd: Path | None = None, before: Callable[[], object] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, which calls `before` first."""
    return subprocess.run(
        [sys.executable, "-m", "graph_codegen", *map(str, arguments)],
        cwd=cwd,
        preexec_fn=before,
        capture_output=True,
        text=True,
        check=False,
    )


def content(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder by its path below it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
