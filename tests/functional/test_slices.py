"""A slice of one's own: a configuration, and the commands that read it."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest.mock import patch

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from graph_codegen import api
from graph_codegen.assets import folder
from graph_codegen.cli import metadata
from graph_codegen.facts import notifications, settings
from graph_codegen.install.manifest import list_given
from tests.support.csdl import SERVICE, content, document, graph_codegen

PAGE = (Path(__file__).parents[2] / "docs" / "slices.md").read_text(encoding="utf-8")

CONFIGURATION = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0]

GRAPH = SERVICE.replace(
    '<Singleton Name="communications"',
    '<EntitySet Name="users" EntityType="graph.user"/><Singleton Name="communications"',
)
"""A document that has what the page names."""

FILE = "graph.csdl.xml"

SCHEMAS = Path(metadata.__file__).parent


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the configuration of the page."""
    return project_in(tmp_path / "project")


def project_in(folder: Path, text: str = CONFIGURATION) -> Path:
    folder.mkdir()
    (folder / "graph-codegen.toml").write_text(text, encoding="utf-8")
    (folder / FILE).write_bytes(document(GRAPH))
    (folder / "newer.csdl.xml").write_bytes(document(GRAPH.replace("mute", "silence")))
    return folder


def answer(folder: Path, *arguments: str) -> str:
    done = graph_codegen(*arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_commands_of_the_page_work(project: Path) -> None:
    commands = re.findall(r"^graph-codegen ([^#\n]*)", "\n".join(blocks("sh")), re.MULTILINE)
    first, *others = map(shlex.split, commands)
    assert first[0] == "init"
    begun = project / "begun"
    begun.mkdir()
    with serving({"/v1.0/$metadata": document(GRAPH)}) as address:
        answer(begun, *(word.replace("https://graph.microsoft.com", address) for word in first))
    assert (
        settings.load(begun / "graph-codegen.toml").roots
        == settings.load(project / "graph-codegen.toml").roots
    )
    assert len(others) > 3
    printed = [(words, answer(project, *words)) for words in others]
    (listed,) = blocks("text")
    assert listed == "".join(text for words, text in printed if words[0] == "roots")
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
    assert "\nMicrosoft Graph: typed models" in (project / "out" / "README.md").read_text("utf-8")

    given = ("--config", str(other / "graph-codegen.toml"), "--metadata", FILE)
    answer(project, "generate", *given)
    assert {path.name for path in other.iterdir()} > {"generated"}
    assert not (project / "generated").exists()


def test_every_command_reads_the_configuration(project: Path) -> None:
    for day in ("2026-01-31", "2026-02-28"):
        (project / f"{day}.xml").write_bytes(document(GRAPH))
    for arguments in (
        ("generate",), ("check",), ("vendor", "app"), ("diff", FILE, FILE), ("slice", FILE), ("openapi",),
        ("clouds", f"GLOBAL={FILE}"), ("inspect", "call"), ("api", "--output", "api.md"), ("roots", FILE),
        ("deprecations",), ("history", "2026-01-31.xml", "2026-02-28.xml"), ("update", FILE),
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


# -- templates


def test_templates_of_ones_own_are_laid_over_ours(project: Path) -> None:
    answer(project, "generate")
    before = content(project / "generated")
    for path, text in {
        "package/README.md.jinja2": "{{ package }} is ours\n",
        "runtime/added.py": "ADDED = 1\n",
        "models/Enum.jinja2": "class {{ class_name }}(GraphEnum):\n    MINE = 'mine'\n",
    }.items():
        (project / "mine" / path).parent.mkdir(parents=True)
        (project / "mine" / path).write_text(text, encoding="utf-8")
    (project / "graph-codegen.toml").write_text(CONFIGURATION + 'templates = "mine"\n')
    answer(project, "generate")
    after = content(project / "generated")
    assert after["README.md"] == b"my_graph is ours"
    assert after["my_graph/_runtime/added.py"].endswith(b"ADDED = 1\n")
    assert b'MINE = "mine"' in after["my_graph/models/graph.py"]
    changed = {path for path in after if after[path] != before.get(path)}
    assert changed == {
        "README.md",
        "manifest.json",
        "my_graph/_runtime/added.py",
        "my_graph/models/graph.py",
    }


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("package/README.md.jinja2", b"{{ nothing }}", "cannot be rendered: 'nothing' is undefined"),
        ("package/README.md.jinja2", b"{{ 1 / 0 }}", "cannot be rendered: division by zero"),
        ("package/README.md.jinja2", b"\xff", "cannot be rendered: 'utf-8' codec"),
        ("package/LICENSE", b"\xff", "cannot be read: 'utf-8' codec"),
        ("runtime/wire.py", b"\xff", "cannot be read: 'utf-8' codec"),
        ("models/Enum.jinja2", b"{{ 1 / 0 }}", "cannot be rendered: division by zero"),
        ("models/Enum.jinja2", b"\xff", "cannot be rendered: 'utf-8' codec"),
        ("models/Enum.jinja2", b"", "left out, added or renamed classes: ['CallState']"),
        ("client/client.py.jinja2", b"class (", "is not valid Python"),
        ("bot/bot.py", b"class (", "is not valid Python"),
    ],
)  # fmt: skip
def test_a_template_that_fails_is_refused_by_name(
    project: Path, path: str, text: bytes, said: str
) -> None:
    (project / "mine" / path).parent.mkdir(parents=True)
    (project / "mine" / path).write_bytes(text)
    (project / "graph-codegen.toml").write_text(CONFIGURATION + 'templates = "mine"\n')
    done = graph_codegen("generate", cwd=project)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (project / "generated").exists()


def test_no_template_is_outside_of_the_folder_of_the_configuration(project: Path) -> None:
    config, far = project / "graph-codegen.toml", project.parent / "far"
    (far / "package").mkdir(parents=True)
    (project / "mine").mkdir()
    (project / "link").symlink_to(far)
    (project / "mine" / "package").symlink_to(far / "package")
    for place, said in (
        ("../far", "templates is ../far, which is not below the configuration"),
        (str(far), "which is not below the configuration"),
        ("link", "templates is link, which is not below the configuration"),
        (".", "templates is ., which is not below the configuration"),
        ("mine", "mine/package: is a symbolic link"),
    ):
        config.write_text(f'{CONFIGURATION}templates = "{place}"\n')
        done = graph_codegen("generate", cwd=project)
        assert done.returncode == 2
        assert said in done.stderr


# -- init and update


@pytest.mark.parametrize("given", [(), (FILE,)])
def test_init_writes_a_configuration_that_works(tmp_path: Path, given: tuple[str, ...]) -> None:
    (tmp_path / FILE).write_bytes(document(GRAPH))
    options = ("--package", "mine", "--root", "communications") if given else ()
    answer(tmp_path, "init", *given, *options)
    text = (tmp_path / "graph-codegen.toml").read_text(encoding="utf-8")
    found = settings.load(tmp_path / "graph-codegen.toml")
    assert found.roots == (("communications",) if given else settings.load().roots)
    assert found.package == ("mine" if given else "my_graph")
    assert text.count("\n# ") > 5
    # The template leaves neither blank lines behind, nor a last line without an end.
    assert not re.search(r"\n\n\n|\[\n\n", text)
    assert re.search(r"\n\n# The metadata:.*\n\Z", text, re.DOTALL)
    answer(tmp_path, "inspect", "call")
    done = graph_codegen("init", cwd=tmp_path)
    assert done.returncode == 2
    assert f"{tmp_path / 'graph-codegen.toml'}: is there already" in done.stderr
    # What is offered in comments is understood.
    offered = re.sub(r"^# (?=\w+ = |\[names\]|\")", "", text, flags=re.MULTILINE)
    assert {*tomllib.loads(offered)} > {"class", "home", "names", "facts", "templates"}
    settings.parse(
        {
            k: v
            for k, v in tomllib.loads(offered).items()
            if k not in ("facts", "templates", "home")
        },
        tmp_path / "x",
        settings.load(),
    )


def test_init_takes_the_roots_that_the_document_has(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(document(GRAPH.replace('"communications"', '"phones"')))
    answer(tmp_path, "init", FILE)
    assert settings.load(tmp_path / "graph-codegen.toml").roots == ("all",)


@contextmanager
def serving(documents: Mapping[str, bytes]) -> Iterator[str]:
    """Give the address of a server that has documents, by path, with their entity tags."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = documents.get(self.path, b"")
            etag = f'W/"{hashlib.sha256(data).hexdigest()[:8]}"'
            if data and self.headers["If-None-Match"] == etag:
                self.send_response(304)
                self.end_headers()
                return
            self.send_response(200 if data else 404)
            self.send_header("ETag", etag)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_address_is_fetched_by_init_and_update_alone(tmp_path: Path) -> None:
    documents = {"/beta/$metadata": document(GRAPH)}
    config, kept = tmp_path / "graph-codegen.toml", tmp_path / "127.0.0.1-beta.csdl.xml"
    with serving(documents) as address:
        answer(tmp_path, "init", f"{address}/beta/$metadata", "--root", "communications")
        first = settings.load(config)
        assert (first.document, kept.read_bytes()) == (kept, document(GRAPH))
        assert first.sha256 == hashlib.sha256(document(GRAPH)).hexdigest()
        assert first.service_root == f"{address}/beta"
        before = config.read_text(encoding="utf-8")
        done = graph_codegen("update", "--report", "report.md", cwd=tmp_path)
        assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "nothing changed")
        assert "**Nothing changed.**" in (tmp_path / "report.md").read_text(encoding="utf-8")
        assert done.stderr.splitlines()[-3:] == [
            f"{address}/beta/$metadata has not changed since it was fetched",
            f"reading {kept.name} …",
            f"nothing of the slice changed: {kept} stays as it is",
        ]
        assert config.read_text(encoding="utf-8") == before
        # What is not as it was fetched is fetched again.
        kept.write_bytes(document(GRAPH.replace("mute", "hush")))
        done = graph_codegen("update", cwd=tmp_path)
        assert (
            f"fetched {len(document(GRAPH)):,} bytes from {address}/beta/$metadata" in done.stderr
        )
        kept.write_bytes(document(GRAPH))
        config.write_text(before, encoding="utf-8")

        newer = documents["/beta/$metadata"] = document(GRAPH.replace("mute", "silence"))
        assert "operation-removed" in answer(tmp_path, "update", "--report", "report.md")
        assert (tmp_path / "report.md").is_file()
    after = settings.load(config)
    assert kept.read_bytes() == newer
    assert (after.sha256, after.version) == (hashlib.sha256(newer).hexdigest(), "0.2.0")
    assert (first.etag, after.etag) == (f'W/"{first.sha256[:8]}"', f'W/"{after.sha256[:8]}"')
    assert config.read_text(encoding="utf-8") == before.replace(first.sha256, after.sha256).replace(
        '"0.1.0"', '"0.2.0"'
    ).replace(first.sha256[:8], after.sha256[:8])

    answer(tmp_path, "generate")  # without a network
    client = (tmp_path / "generated" / "my_graph" / "client.py").read_text(encoding="utf-8")
    assert f'_endpoint = "{address}/beta"' in client
    assert "def silence(" in client
    kept.unlink()
    done = graph_codegen("generate", cwd=tmp_path)
    assert done.returncode == 2
    assert f"{kept}: is not there: graph-codegen update fetches it from {address}" in done.stderr
    with serving(documents) as other:
        answer(tmp_path, "update", f"{other}/beta/$metadata")
    assert kept.read_bytes() == newer
    assert settings.load(config).etag == ""  # it would be another document's


def test_an_update_leaves_the_document_that_comes_along(tmp_path: Path) -> None:
    (tmp_path / "graph-codegen.toml").write_text('roots = ["communications"]')
    newer = settings.load().document.read_bytes().replace(b'"mute"', b'"silence"')
    (tmp_path / "newer.xml").write_bytes(newer)
    with patch("graph_codegen.update.slices.keep") as keep:
        done = graph_codegen("update", "newer.xml", cwd=tmp_path)
    assert not keep.called
    assert done.returncode == 2
    assert "graph-codegen.toml: names no document to update" in done.stderr


@pytest.mark.parametrize("given", [(FILE,), ()])
def test_init_refuses_a_root_that_is_not_there(tmp_path: Path, given: tuple[str, ...]) -> None:
    (tmp_path / FILE).write_bytes(document(GRAPH))
    done = graph_codegen("init", *given, "--root", "usrs", cwd=tmp_path)
    assert done.returncode == 2
    assert "the root usrs does not exist" in done.stderr
    assert "near are users" in done.stderr
    assert [*content(tmp_path)] == [FILE]


def test_init_writes_over_metadata_alone(tmp_path: Path) -> None:
    kept = tmp_path / "127.0.0.1-v1.0.csdl.xml"
    with serving({"/v1.0/$metadata": document(GRAPH)}) as address:
        for present, code in ((b"my notes", 2), (document(SERVICE), 0)):
            kept.write_bytes(present)
            done = graph_codegen("init", f"{address}/v1.0/$metadata", cwd=tmp_path)
            assert done.returncode == code, done.stderr
            assert (kept.read_bytes() == present) is (code == 2)


def test_an_update_needs_a_document_and_something_to_update(project: Path, tmp_path: Path) -> None:
    done = graph_codegen("update", cwd=project)
    assert done.returncode == 2
    assert "graph-codegen.toml: names no address: say a file or an address" in done.stderr
    (project / "newer.xml").write_bytes(document(GRAPH.replace("mute", "silence")))
    answer(project, "update", "newer.xml")
    assert (project / FILE).read_bytes() == (project / "newer.xml").read_bytes()
    assert (project / "graph-codegen.toml").read_text(encoding="utf-8") == CONFIGURATION
    with patch("graph_codegen.cli.update.checkout", lambda: None):
        done = graph_codegen("update", "newer.xml", cwd=tmp_path)
    assert done.returncode == 2
    assert "graph-codegen init writes a configuration" in done.stderr


# -- roots


def test_a_slice_of_requests_and_without_a_path(project: Path) -> None:
    (project / "graph-codegen.toml").write_text(
        'document = "graph.csdl.xml"\nroots = ["communications", "GET /users/{id}"]\n'
        'exclude = ["PATCH /communications/calls/*", "groupCall"]\npackage = "my_graph"\n'
    )
    answer(project, "generate")
    manifest = json.loads((project / "generated" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["roots"] == ["GET /users/{user-id}", "communications"]
    assert manifest["exclude"] == ["PATCH /communications/calls/*", "groupCall"]
    answer(project, "api", "--output", "api.md")
    page = (project / "api.md").read_text(encoding="utf-8")
    assert "`GET /users/{user-id}`" in page
    assert "`PATCH /communications`" in page
    assert not re.search("PATCH /users|PATCH /communications/calls|GroupCall", page)
    answer(project, "generate", "--exclude", "communications/calls", "--output", "other")
    assert b"calls" not in content(project / "other")["my_graph/client.py"]


def test_a_root_or_an_exclude_that_is_not_there_names_the_nearest(project: Path) -> None:
    config = project / "graph-codegen.toml"
    config.write_text(CONFIGURATION.replace("users", "usrs") + 'exclude = ["users/{id}/mesages"]')
    done = graph_codegen("generate", cwd=project)
    assert done.returncode == 2
    assert f"{FILE}: the root usrs does not exist" in done.stderr
    assert "near are users, user" in done.stderr
    assert "graph-codegen init" not in done.stderr
    config.write_text(CONFIGURATION + 'exclude = ["comunications/calls"]')
    done = graph_codegen("generate", cwd=project)
    assert done.returncode == 0
    assert (
        "warning: graph.csdl.xml: nothing is excluded by comunications/calls: it is" in done.stderr
    )


def test_the_document_that_comes_along_is_said_to_be_a_part_of_graph(tmp_path: Path) -> None:
    for option in ("--root", "--config"):
        (tmp_path / "own.toml").write_text('roots = ["groups"]')
        done = graph_codegen(
            "generate", option, "groups" if option == "--root" else "own.toml", cwd=tmp_path
        )
        assert done.returncode == 2
        assert "communications.csdl.xml: the root groups does not exist" in done.stderr
        assert (
            "it is a part of Graph: name the whole, by --metadata or graph-codegen init"
            in done.stderr
        )


@pytest.mark.parametrize(
    "arguments",
    [
        ("roots", FILE),
        ("roots", FILE, "CALL"),
        ("deprecations",),
        *(("inspect", t) for t in ("call", "callState", "user")),
    ],
)
def test_answers_come_as_json(project: Path, arguments: tuple[str, ...]) -> None:
    schema = json.loads((SCHEMAS / f"{arguments[0]}.schema.json").read_text(encoding="utf-8"))
    found = json.loads(answer(project, *arguments, "--format", "json"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(found)
    assert found["format"] == schema["properties"]["format"]["const"]
    told = answer(project, *arguments)
    for item in (*found.get("roots", ()), *found.get("properties", ()), *found.get("members", ())):
        assert item.get("root", item.get("name")) in told


def test_what_is_excluded_is_not_among_what_is_deprecated(project: Path) -> None:
    kind = '<PropertyValue Property="Kind" EnumMember="Org.OData.Core.V1.RevisionKind/Deprecated"/>'
    revisions = f"<Collection><Record>{kind}</Record></Collection>"
    note = f'<Annotation Term="Org.OData.Core.V1.Revisions">{revisions}</Annotation>'
    (project / FILE).write_bytes(
        document(f'{GRAPH}<Annotations Target="graph.groupCall">{note}</Annotations>')
    )
    assert "groupCall" in answer(project, "deprecations")
    assert not answer(project, "deprecations", "--exclude", "groupCall")


# -- notifications


NOTIFIED = GRAPH.replace(
    '<EnumType Name="callState">',
    '<ComplexType Name="commsNotifications">'
    '<Property Name="value" Type="graph.commsNotification"/></ComplexType>'
    '<ComplexType Name="commsNotification"/><EnumType Name="callState">',
)


@pytest.mark.parametrize(
    ("root", "brings"),
    [("communications", True), ("/communications/calls", True), ("users", False),
     ("POST /communications/calls/*/mute", False)],
)  # fmt: skip
def test_a_root_brings_the_types_of_its_notifications(
    tmp_path: Path, root: str, brings: bool
) -> None:
    (tmp_path / FILE).write_bytes(document(NOTIFIED))
    found = api.read_subset(tmp_path / FILE, roots=[root])
    assert ("microsoft.graph.commsNotification" in found.model.types) is brings
    assert ("commsNotifications" in found.roots) is brings
    without = api.read_subset(tmp_path / FILE, roots=[root], exclude=["commsNotifications"])
    assert "microsoft.graph.commsNotifications" not in without.model.types


def test_every_type_of_notifications_exists_and_names_its_page() -> None:
    known = notifications.load(folder("metadata"))
    model = api.read().model
    assert all(f"microsoft.graph.{name}" in model.types for name in known)
    assert {root for roots in known.values() for root in roots} == {
        "communications", "communications/calls", "subscriptions",
    }  # fmt: skip
    assert not {*known} & {*settings.load().roots}
    text = (folder("metadata") / notifications.FILE).read_text(encoding="utf-8")
    for name, found in json.loads(text).items():
        assert found["source"].startswith("https://learn.microsoft.com/graph/")
        assert name.lower() in found["source"]


# -- clouds


def clouds_of(project: Path, method: str) -> tuple[set[str], set[str]]:
    """Return the clouds that a method of the generated client has, and those of which it is not known."""
    program = (
        "import sys, json; sys.path.insert(0, 'generated'); from my_graph import OPERATIONS\n"
        f"[found] = [o for o in OPERATIONS if o.python == {method!r}]\n"
        "print(json.dumps([[c.name for c in x] for x in (found.clouds, found.clouds_unknown)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=project, capture_output=True, text=True, check=True
    )
    having, unknown = json.loads(done.stdout)
    return {*having}, {*unknown}


EVERY_CLOUD = {"GLOBAL", "US_GOV_L4", "US_GOV_L5", "CHINA"}


def test_clouds_are_claimed_only_where_their_metadata_was_compared(project: Path) -> None:
    answer(project, "generate")
    assert clouds_of(project, "calls.create") == (
        {"GLOBAL", "US_GOV_L4", "US_GOV_L5"}, set(),
    )  # fmt: skip
    assert clouds_of(project, "users.list") == (set(), EVERY_CLOUD)

    answer(project, "generate", "--service-root", "https://graph.microsoft.com/beta")
    assert clouds_of(project, "calls.create") == (set(), EVERY_CLOUD)

    (project / "gov.xml").write_bytes(document(GRAPH.replace("mute", "silence")))
    config = project / "graph-codegen.toml"
    config.write_text(f'{CONFIGURATION}[clouds]\nGLOBAL = "{FILE}"\nUS_GOV_L4 = "gov.xml"\n')
    answer(project, "generate")
    assert clouds_of(project, "users.list") == ({"GLOBAL", "US_GOV_L4", "US_GOV_L5"}, {"CHINA"})
    assert clouds_of(project, "calls.mute") == ({"GLOBAL"}, {"CHINA"})
    assert re.search(r"calls/\{call-id\}/mute +yes +no", answer(project, "clouds"))
    config.write_text(CONFIGURATION + '[clouds]\nMARS = "gov.xml"\n')
    done = graph_codegen("generate", cwd=project)
    assert done.returncode == 2
    assert "has another cloud than GLOBAL, US_GOV_L4, US_GOV_L5, CHINA" in done.stderr


# -- vendored


def test_a_check_of_what_is_vendored_remembers_the_options(project: Path) -> None:
    options = (
        "--root",
        "users",
        "--exclude",
        "PATCH /users/*",
        "--service-root",
        "http://localhost/a",
    )
    answer(project, "vendor", "app", *options)
    answer(project, "vendor", "app", "--check")
    assert (
        graph_codegen(
            "vendor", "app", "--check", "--root", "communications", cwd=project
        ).returncode
        == 1
    )
    # The configuration is asked for all that was not given, and a change of it is noticed.
    answer(project, "vendor", "other")
    answer(project, "vendor", "other", "--check")
    config = project / "graph-codegen.toml"
    config.write_text(CONFIGURATION.replace('"users", ', ""))
    assert graph_codegen("vendor", "other", "--check", cwd=project).returncode == 1
    answer(project, "vendor", "app", "--check")


@pytest.mark.parametrize(
    "given", ['["roots"], "roots": 5', '["roots"], "roots": [5]', "5", '["x"]']
)
def test_a_manifest_of_another_form_remembers_nothing(tmp_path: Path, given: str) -> None:
    (tmp_path / "manifest.json").write_text(f'{{"files": {{}}, "given": {given}}}')
    assert list_given(tmp_path) == {}
