"""What a configuration may say, and what is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_codegen.assets import folder
from graph_codegen.errors import CodegenError
from graph_codegen.facts import settings
from graph_codegen.facts.settings import Settings

BETA = "https://graph.microsoft.com/beta"


def load(folder: Path, text: str) -> Settings:
    file = folder / "graph-codegen.toml"
    file.write_text(text, encoding="utf-8")
    return settings.load(file)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(CodegenError) as caught:
        load(folder, text)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.place.file == str(folder / "graph-codegen.toml")
    assert diagnostic.message.isprintable()
    return diagnostic.message


def test_what_is_not_said_is_as_it_comes_with_the_generator(tmp_path: Path) -> None:
    assert load(tmp_path, "") == settings.load()
    assert settings.load().document.is_file()


def test_everything_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "facts").mkdir()
    (tmp_path / "templates").mkdir()
    found = load(
        tmp_path,
        f"""
        document = "metadata/graph.xml"
        sha256 = "{'0a' * 32}"
        roots = ["users", "groups"]
        package = "my_graph"
        version = "1.2"
        class = "Directory"
        home = "users"
        service_root = "{BETA}/"
        documented_only = true
        facts = "facts"
        templates = "templates"
        names = {{ "microsoft.graph.user/mail" = "address" }}
        diff.levels = {{ member-added = "breaking" }}
        """,
    )
    assert found == Settings(
        document=tmp_path / "metadata" / "graph.xml",
        sha256="0a" * 32,
        roots=("users", "groups"),
        package="my_graph",
        version="1.2",
        class_name="Directory",
        home="users",
        service_root=BETA,
        documented_only=True,
        names={"microsoft.graph.user/mail": "address"},
        levels={"member-added": "breaking"},
        facts=tmp_path / "facts",
        templates=tmp_path / "templates",
    )
    assert found.fact_folders == (folder("metadata"), tmp_path / "facts")


@pytest.mark.parametrize(
    ("document", "name", "service_root"),
    [
        (f"{BETA}/$metadata", "graph.microsoft.com-beta.csdl.xml", BETA),
        (f"{BETA}/$metadata?x=1", "graph.microsoft.com-beta.csdl.xml", settings.GRAPH),
        ("https://example.org/graph.yaml", "example.org-graph.yaml", settings.GRAPH),
        ("https://u:p@h/$metadata", "h.csdl.xml", settings.GRAPH),
        ("http://example.org/$metadata", "example.org.csdl.xml", settings.GRAPH),
        ("https://example.org/graph.csdl.xml.gz", "example.org-graph.csdl.xml", settings.GRAPH),
    ],
)
def test_an_address_says_where_its_document_is_kept_and_where_requests_go(
    tmp_path: Path, document: str, name: str, service_root: str
) -> None:
    found = load(tmp_path, f'document = "{document}"')
    assert (found.address, found.service_root) == (document, service_root)
    assert found.document.parent == tmp_path
    assert found.document.name == name
    root = f'document = "{document}"\nservice_root = "https://example.com"'
    assert load(tmp_path, root).service_root == "https://example.com"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = " + "[" * 5000, "the configuration is not understood: "),
        ("= 5", "the configuration is not understood: Invalid statement"),
        ("slice = 5", "slice is not a key"),
        ("rots = []", "rots is not a key: did you mean roots?"),
        ('"\\u001b[31m" = 5', "\\u001b[31m is not a key"),
        ('roots = "communications"', "roots is not a list of strings"),
        ("roots = [5]", "roots is not a list of strings"),
        ("roots = []", "roots [] has no root"),
        ("home = 5", "home is not a string"),
        ('home = "calls"', "home is calls, which is not a root"),
        ('documented_only = "no"', "documented_only is not true or false"),
        ("names = { a = 5 }", "names is not a table of strings"),
        *(
            (f"diff = {wrong}", "diff is not a table with the table levels, of strings, alone")
            for wrong in (
                "5",
                "{}",
                "{ levels = 5 }",
                "{ levels = { a = 5 } }",
                "{ levels = {}, a = {} }",
            )
        ),
        ('version = "1.0\\n"', "version 1.0\\u000a is not a version, such as 1.2.3"),
        ('package = "json"', "package json is a module of Python's standard library: choose"),
        ('class = "calls"', "class calls is not what the name of a class may begin with"),
        ('sha256 = "no"', "sha256 no is not a SHA-256 in hexadecimal"),
        ('service_root = "beta"', "service_root beta is not a service root, such as"),
        ('document = ""', "document  is not a path"),
        ('document = "a/.."', "document a/.. is not a path"),
        ('document = "a\\u0000.xml"', "document a\\u0000.xml is not a path"),
        ('document = "https://"', "document https:// is not an address"),
        ('document = "https://../../.."', "document https://../../.. is not an address"),
        ('document = "https://[::1"', "document https://[::1 is not an address"),
        ('facts = ""', "facts  is not a path"),
        ('facts = "nowhere"', "facts is nowhere, which is not a folder"),
        ('templates = "nowhere"', "templates is nowhere, which is not a folder"),
        ('templates = "../beside"', "templates is ../beside, which is not below the configuration"),
        ('templates = "."', "templates is ., which is not below the configuration"),
        ('templates = "link"', "templates is link, which is not below the configuration"),
    ],
)
def test_a_configuration_of_another_form_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    folder = tmp_path / "project"
    for place in (folder, tmp_path / "beside"):
        place.mkdir()
    (folder / "link").symlink_to(tmp_path / "beside")
    assert refusal(folder, text).startswith(message)


def test_home_that_a_configuration_names_may_be_what_a_root_begins_with(tmp_path: Path) -> None:
    roots = 'roots = ["communications/calls", "domains"]'
    assert load(tmp_path, f'{roots}\nhome = "communications"').home == "communications"
    assert load(tmp_path, roots).home == ""


@pytest.mark.parametrize(
    ("roots", "home"),
    [
        ((), "communications"),
        (("users", "communications"), "communications"),
        (("users",), ""),
        (("all",), ""),
    ],
)
def test_home_is_among_the_given_roots_or_none(roots: tuple[str, ...], home: str) -> None:
    found = settings.with_roots(settings.load(), roots)
    assert (found.roots, found.home) == (roots or settings.load().roots, home)
