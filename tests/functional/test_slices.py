"""A slice of one's own: a configuration, and the commands that read it."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.support.csdl import SERVICE, content, document, graph_codegen

PAGE = (Path(__file__).parents[2] / "docs" / "slices.md").read_text(encoding="utf-8")

CONFIGURATION = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0]

GRAPH = SERVICE.replace(
    '<Singleton Name="communications"',
    '<EntitySet Name="users" EntityType="graph.user"/><Singleton Name="communications"',
)
"""A document that has what the page names."""

FILE = "graph.csdl.xml"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the configuration of the page."""
    return project_in(tmp_path / "project")


def project_in(folder: Path, text: str = CONFIGURATION) -> Path:
    folder.mkdir()
    (folder / "graph-codegen.toml").write_text(text, encoding="utf-8")
    (folder / FILE).write_bytes(document(GRAPH))
    return folder


def answer(folder: Path, *arguments: str) -> str:
    done = graph_codegen(*arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_commands_of_the_page_work(project: Path) -> None:
    commands = re.findall(r"^graph-codegen ([^#\n]*)", "\n".join(blocks("sh")), re.MULTILINE)
    assert len(commands) > 3
    for command in commands:
        answer(project, *shlex.split(command))
    manifest = json.loads((project / "generated" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["roots"] == ["communications", "users"]
    assert manifest["metadata"]["document"] == FILE
    assert (project / "app" / "_vendor" / "my_graph" / "client.py").is_file()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_two_projects_side_by_side_need_no_options(tmp_path: Path) -> None:
    one = project_in(tmp_path / "one")
    table = CONFIGURATION.replace("my_graph", "another")
    other = project_in(tmp_path / "other", table)
    (other / "graph-codegen.toml").unlink()
    (other / "pyproject.toml").write_text(f"[tool.graph-codegen]\n{table}", encoding="utf-8")
    for project, package in ((one, "my_graph"), (other, "another")):
        (project / "src").mkdir()
        done = graph_codegen("generate", cwd=project / "src")
        assert done.stderr.startswith(f"configuration: {project}")
        assert (project / "generated" / package / "client.py").is_file()
        assert not content(project / "src")
        assert answer(project, "check") == ""


def test_the_command_line_comes_first(project: Path) -> None:
    other = project_in(project / "other", 'package = "named"\nroots = ["users"]')
    options = ("--package", "said", "--root", "users", "--service-root", "http://localhost")
    answer(project, "generate", *options, "--output", "out")
    manifest = json.loads((project / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["roots"], manifest["service_root"]) == (["users"], "http://localhost")
    assert (project / "out" / "said").is_dir()

    given = ("--config", str(other / "graph-codegen.toml"), "--metadata", FILE)
    answer(project, "generate", *given)
    assert {path.name for path in other.iterdir()} > {"generated"}
    assert not (project / "generated").exists()


def test_every_command_reads_the_configuration(project: Path) -> None:
    for arguments in (
        ("generate",), ("check",), ("vendor", "app"), ("diff", FILE, FILE), ("slice", FILE), ("openapi",),
        ("clouds", f"GLOBAL={FILE}"), ("inspect", "call"), ("api", "--output", "api.md"),
    ):  # fmt: skip
        done = graph_codegen(*arguments, cwd=project)
        assert (done.returncode, done.stderr.partition("\n")[0]) == (
            0,
            f"configuration: {project / 'graph-codegen.toml'}",
        ), arguments
    assert "users" in (project / "api.md").read_text(encoding="utf-8")
    assert FILE in content(project / "metadata")
    (project / "graph-codegen.toml").write_text("rots = []")
    done = graph_codegen("inspect", "call", cwd=project)
    assert done.returncode == 2
    assert "graph-codegen.toml: rots is not a key: did you mean roots?" in done.stderr


def test_the_class_and_the_home_of_a_client_can_be_said(project: Path) -> None:
    config = project / "graph-codegen.toml"
    config.write_text(CONFIGURATION + 'class = "Directory"\nhome = "communications"\n')
    answer(project, "generate")
    client = (project / "generated" / "my_graph" / "client.py").read_text(encoding="utf-8")
    assert "class DirectoryClient(" in client
    assert "class AsyncDirectoryClient(" in client
    package = (project / "generated" / "my_graph" / "__init__.py").read_text(encoding="utf-8")
    assert "DirectoryClient" in package
    assert "CommunicationsClient" not in package + client


def test_a_document_must_be_the_one_that_the_configuration_names(project: Path) -> None:
    config = project / "graph-codegen.toml"
    config.write_text(CONFIGURATION + f'sha256 = "{"0" * 64}"\n')
    done = graph_codegen("generate", cwd=project)
    assert done.returncode == 2
    assert f"{FILE}: is not the document of the configuration: its SHA-256 is " in done.stderr
    digest = done.stderr.split()[-1]
    config.write_text(CONFIGURATION + f'sha256 = "{digest}"\n')
    answer(project, "generate")


def test_facts_of_ones_own_are_laid_over_ours(project: Path) -> None:
    config = project / "graph-codegen.toml"
    config.write_text(CONFIGURATION + 'facts = "facts"\n')
    (project / "facts").mkdir()
    rule = '{"shape": "any", "description": "muting", "source": "us", "any_of": ["Calls.Mute.All"]}'
    (project / "facts" / "permissions.json").write_text(
        f'{{"operations": {{"POST /communications/calls/{{call-id}}/mute": {{"application": [{rule}]}}}}}}'
    )
    (project / "facts" / "supplement.json").write_text(
        '{"microsoft.graph.call": {"properties": {"mine": "Edm.String"}}}'
    )
    answer(project, "generate")
    client = (project / "generated" / "my_graph" / "client.py").read_text(encoding="utf-8")
    assert "Calls.Mute.All" in client
    assert "Calls.JoinGroupCall.All" in client  # of the creation of calls, by our facts
    models = (project / "generated" / "my_graph" / "models" / "graph.py").read_text("utf-8")
    assert "mine:" in models
