"""The library: the functions that the package exports, as a program, a thread and a type checker use them."""

from __future__ import annotations

import gc
import json
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import graph_codegen
from graph_codegen import CodegenError, Package, compare, generate, subset
from graph_codegen.api import read_subset
from graph_codegen.service.requests import list_requests
from tests.support.csdl import SERVICE, content, document, line_of
from tests.support.csdl import graph_codegen as command

PAGE = (Path(__file__).parents[2] / "docs" / "library.md").read_text(encoding="utf-8")
GENERATED = Path(__file__).parents[2] / "generated"
EXAMPLES = re.findall(
    r"^```python\n(.*?)^```$(?:(?:(?!^```).)*?^```text\n(.*?)^```$)?",
    PAGE,
    re.MULTILINE | re.DOTALL,
)
ROOTS = ["communications"]

MUTE = SERVICE[SERVICE.index("<Action") : SERVICE.index("<EntityContainer")]
WITHOUT_MUTE = SERVICE.replace(MUTE, "")
BROKEN = SERVICE.replace('Property Name="state"', 'Property Name="st ate"')

CONFIG = """
document = "service.xml"
roots = ["communications"]
package = "my_service"
version = "1.2.3"
facts = "facts"
"""


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The documents that the examples name, in the working folder."""
    for name, service in (
        ("graph", SERVICE), ("old", SERVICE), ("new", WITHOUT_MUTE), ("broken", BROKEN),
    ):  # fmt: skip
        (tmp_path / f"{name}.xml").write_bytes(document(service))
    (tmp_path / "my_service" / "facts").mkdir(parents=True)
    (tmp_path / "my_service" / "graph-codegen.toml").write_text(CONFIG)
    (tmp_path / "my_service" / "service.xml").write_bytes(document(SERVICE))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(script: str, folder: Path) -> str:
    """Run a script in a process of its own, warnings being errors; return what it prints."""
    (folder / "script.py").write_text(script, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "script.py"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


# -- the page


def test_the_example_runs_as_a_plain_script(inputs: Path) -> None:
    assert "__main__" not in EXAMPLES[0][0]
    assert run(EXAMPLES[0][0], inputs) == EXAMPLES[0][1]


@pytest.mark.parametrize("number", range(1, 4))
def test_the_other_examples_print_what_the_page_says(
    number: int, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed = EXAMPLES[number]
    exec(compile(code, "docs/library.md", "exec"), {"__name__": "example"})
    assert capsys.readouterr().out == printed


def test_every_example_is_run() -> None:
    *shown, pool = EXAMPLES
    assert len(shown) == 4
    assert all(printed for _, printed in shown)
    assert 'if __name__ == "__main__":' in pool[0]


def test_an_executor_formats(inputs: Path) -> None:
    alone = generate("graph.xml", roots=ROOTS)
    with ThreadPoolExecutor() as executor:
        assert generate("graph.xml", roots=ROOTS, executor=executor) == alone


# -- what is loaded


def test_importing_the_package_loads_nothing_else(tmp_path: Path) -> None:
    heavy = [
        "black",
        "click",
        "datamodel_code_generator",
        "httpx",
        "jinja2",
        "lxml",
        "pydantic",
        "rich",
    ]
    script = f"""
import sys
import graph_codegen
loaded = [m for m in sys.modules if m.split(".")[0] in {heavy} or m.startswith("graph_codegen.")]
assert not loaded, loaded
assert {{"generate", "compare", "subset", "CodegenError"}} <= set(dir(graph_codegen))
graph_codegen.CodegenError
assert "lxml" not in sys.modules
graph_codegen.generate
print("lxml" in sys.modules, "black" in sys.modules, "click" in sys.modules)
"""
    assert run(script, tmp_path) == "True False False\n"


def test_every_public_name_is_there() -> None:
    for name in graph_codegen.__all__:
        assert getattr(graph_codegen, name)
    with pytest.raises(AttributeError, match="has no attribute 'generat'"):
        graph_codegen.generat  # type: ignore[attr-defined]  # noqa: B018


# -- the functions


def test_a_package_is_what_the_command_writes(inputs: Path) -> None:
    package = generate("graph.xml", roots=ROOTS, package="my_graph")
    assert package.name == "my_graph"
    assert package.write("library") == (len(package.files), 0)
    command("generate", "--metadata", "graph.xml", "--root", *ROOTS, "--package", "my_graph",
            "--output", "command")  # fmt: skip
    assert content(inputs / "library") == content(inputs / "command")
    assert {p: t.encode() for p, t in package.files.items()} == content(inputs / "library")
    assert package.write(inputs / "library") == (0, 0)


def test_what_is_not_understood_is_a_warning_or_if_strict_an_error(inputs: Path) -> None:
    odd = document(SERVICE.replace('<Action Name="mute"', '<Action Odd="x" Name="mute"'))
    (inputs / "odd.xml").write_bytes(odd)
    expected = (
        f"odd.xml:{line_of(odd, 'Odd')}: microsoft.graph.mute: "
        "attribute Odd of Action is not understood"
    )
    results = (
        generate("odd.xml", roots=ROOTS),
        compare("odd.xml", "graph.xml", roots=ROOTS),
        subset("odd.xml", roots=ROOTS),
    )
    for result in results:
        assert [*map(str, result.warnings)] == [expected]
    strictly: list[Callable[[], object]] = [
        lambda: generate("odd.xml", roots=ROOTS, strict=True),
        lambda: compare("odd.xml", "graph.xml", roots=ROOTS, strict=True),
        lambda: subset("odd.xml", roots=ROOTS, strict=True),
    ]
    for call in strictly:
        with pytest.raises(CodegenError) as caught:
            call()
        assert str(caught.value) == expected


def test_a_report_is_what_the_command_shows(inputs: Path) -> None:
    report = compare(Path("old.xml"), "new.xml", roots=ROOTS, code=True)
    assert [f.rule.id for f in report.findings] == ["operation-removed"]
    assert report.breaking == report.findings
    assert report.step == "major"
    for form, text in (("json", report.to_json()), ("markdown", report.to_markdown()),
                       ("html", report.to_html())):  # fmt: skip
        arguments = ("diff", "old.xml", "new.xml", "--root", *ROOTS, "--format", form, "--code")
        assert command(*arguments).stdout == text
    assert any("mute" in line for line in json.loads(report.to_json())["code"])


def test_an_ignored_finding_does_not_count(inputs: Path) -> None:
    (inputs / "ignore.toml").write_text(
        '[[ignore]]\nrule = "operation-removed"\nelement = "*"\nreason = "unused"\n'
        "expires = 9999-12-31\n"
    )
    report = compare("old.xml", "new.xml", roots=ROOTS, ignore="ignore.toml")
    assert report.findings == report.breaking == ()
    assert list(report.ignored.values()) == ["unused"]


def test_a_subset_is_what_the_command_writes(inputs: Path) -> None:
    taken = subset("graph.xml", roots=ROOTS, date="2031-01-01")
    command("slice", "graph.xml", "--root", *ROOTS, "--date", "2031-01-01", "--output", "sliced")
    assert content(inputs / "sliced") == {
        "communications.csdl.xml": taken.xml.encode(),
        "provenance.json": (
            json.dumps(taken.provenance, indent=2, ensure_ascii=False) + "\n"
        ).encode(),
    }
    assert [*map(str, taken.cut)] == ["microsoft.graph.call/owner → microsoft.graph.user"]


def test_a_configuration_says_what_is_generated_and_how(inputs: Path) -> None:
    config, facts = inputs / "my_service" / "graph-codegen.toml", inputs / "my_service" / "facts"
    (facts / "descriptions.json").write_text(
        '{"types": {"microsoft.graph.call": {"summary": "Somebody on the line."}}, "operations": {}}'
    )
    (facts / "supplement.json").write_text(
        '{"microsoft.graph.call": {"properties": {"undocumented": "Edm.String"}}}'
    )
    package = generate(config=config)
    models = package.files["my_service/models/graph.py"]
    assert "Somebody on the line." in models
    assert "undocumented:" in models
    assert 'version = "1.2.3"' in package.files["pyproject.toml"]
    assert compare(None, config.with_name("service.xml"), config=config).findings == ()
    (facts / "clouds.json").write_text("{}")
    with pytest.raises(CodegenError, match="the clouds are not understood") as caught:
        generate(config=config)
    assert caught.value.diagnostics[0].place.file == str(facts / "clouds.json")


def test_a_setting_leaves_out_what_is_not_documented(inputs: Path) -> None:
    config, facts = inputs / "my_service" / "graph-codegen.toml", inputs / "my_service" / "facts"
    (facts / "documented.json").write_text(
        '{"covers": ["/communications"], "requests": {"GET /Communications": {}}}'
    )
    everything = generate(config=config)
    alone = generate(config=config, documented_only=True)
    config.write_text(f"{CONFIG}documented_only = true")

    again = generate(config=config)
    assert {**again.files, "manifest.json": ""} == {**alone.files, "manifest.json": ""}
    client, whole = (p.files["my_service/client.py"] for p in (alone, everything))
    assert [r.http for r in list_requests(read_subset(config=config).model)] == [
        "GET /communications",  # by these facts, and the others by ours
        "POST /communications/calls",
        "GET /communications/calls/{call-id}",
        "DELETE /communications/calls/{call-id}",
        "POST /communications/calls/{call-id}/mute",
    ]
    assert "def update(" in whole
    assert "def update(" not in client
    assert "documented=True" in whole
    assert "Undocumented as far as known. " in whole
    # A comparison is of all that the service offers.
    assert compare(None, config.with_name("service.xml"), config=config).findings == ()
    (config.parent / "service.xml").write_bytes(
        document(SERVICE.replace('Singleton Name="communications"', 'Singleton Name="telephones"'))
    )
    with pytest.raises(CodegenError, match="no request below the root telephones is documented"):
        generate(config=config, roots=["telephones"])


def test_an_error_has_its_place_and_is_the_only_output(
    inputs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data = (inputs / "broken.xml").read_bytes()
    for call in (
        lambda: generate("broken.xml"),
        lambda: compare("old.xml", "broken.xml", roots=ROOTS),
        lambda: subset("broken.xml"),
    ):
        with pytest.raises(CodegenError) as caught:
            call()
        (found,) = caught.value.diagnostics
        assert (found.place.file, found.place.line) == ("broken.xml", line_of(data, "st ate"))
        assert (found.type, found.property) == ("microsoft.graph.call", "st ate")
    for bad in (
        lambda: generate("nowhere.xml"),
        lambda: generate("graph.xml", roots=["nowhere"]),
        lambda: generate("graph.xml", roots=ROOTS, package="json"),
        lambda: generate("graph.xml", roots=ROOTS, package=""),
        lambda: compare("old.xml", "new.xml", roots=["nowhere"]),
        lambda: compare("old.xml", "new.xml", ignore="nowhere.toml"),
        lambda: generate(config="nowhere.toml"),
    ):
        with pytest.raises(CodegenError):
            bad()
    assert capfd.readouterr() == ("", "")


# -- writing


def edit(folder: Path, package: Package) -> str:
    (folder / package.name / "client.py").write_text("mine\n")
    return "was edited by hand"


def put_in_the_way(folder: Path, package: Package) -> str:
    (folder / "manifest.json").unlink()
    (folder / package.name / "__init__.py").write_text("mine\n")
    return "is in the way and not ours"


def forbid(folder: Path, package: Package) -> str:
    (folder / package.name / "client.py").unlink()
    (folder / package.name / "client.py").mkdir()
    return "cannot read"


@pytest.mark.parametrize("prepare", [edit, put_in_the_way, forbid])
def test_what_is_not_the_generators_is_refused_and_everything_left(
    prepare: Callable[[Path, Package], str], inputs: Path
) -> None:
    generate("old.xml", roots=ROOTS, package="my_graph").write("out")
    newer = generate("new.xml", roots=ROOTS, package="my_graph")
    reason = prepare(inputs / "out", newer)
    before = content(inputs / "out")
    with pytest.raises(CodegenError, match=reason):
        newer.write("out")
    assert content(inputs / "out") == before


def test_what_is_no_longer_generated_is_deleted(inputs: Path) -> None:
    generate("old.xml", roots=ROOTS, package="my_graph").write("out")
    (inputs / "out" / "mine.txt").write_text("mine\n")
    package = generate("old.xml", roots=ROOTS, package="other")
    assert package.write("out").deleted > 0
    assert content(inputs / "out").keys() == package.files.keys() | {"mine.txt"}


# -- threads


def test_it_runs_in_threads_and_leaves_the_process_alone(inputs: Path) -> None:
    """While two threads generate, this one sees warning filters, signals and the collector unchanged."""
    generate("graph.xml", roots=ROOTS)  # whatever is imported, is by now

    def state() -> tuple[object, ...]:
        handlers = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)]
        filters = warnings.filters, list(warnings.filters), warnings.showwarning
        return filters, handlers, gc.isenabled(), Path.cwd(), threading.excepthook

    before, thresholds = state(), gc.get_threshold()
    with ThreadPoolExecutor(2) as threads:
        running = [threads.submit(generate, "graph.xml", roots=ROOTS) for _ in range(4)]
        running.append(threads.submit(generate))
        seen = 0
        while not all(future.done() for future in running):
            assert state() == before
            seen += 1
            time.sleep(0.001)
    *small, whole = [future.result().files for future in running]
    assert all(files == small[0] for files in small)
    for path, text in whole.items():  # without arguments it is the package that comes along
        assert (GENERATED / path).read_text(encoding="utf-8") == text
    assert seen > 20
    assert (state(), gc.get_threshold()) == (before, thresholds)
