"""black and ruff give the same text, for whole modules and for their parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from graph_codegen import api
from graph_codegen.emit import package
from graph_codegen.emit.formatting import divide, format_with_black, format_with_ruff, join
from graph_codegen.errors import CodegenError
from graph_codegen.install.manifest import MANIFEST
from tests.support.published import NEWEST, published

GENERATED = Path(__file__).parents[3] / "generated"

CLASSES = "".join(f"class C{number}:\n    x = 'a'\n\n\n\n" for number in range(20))

FORMATTED = "\n\n".join(f'class C{number}:\n    x = "a"\n' for number in range(20))


def test_ruff_formats_the_default_package_as_black_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "BLACK_LINES", 0)
    made = api.generate()

    stale = {
        path
        for path, text in made.files.items()
        if text != (GENERATED / path).read_text(encoding="utf-8")
    }
    assert stale == {"sbom.cdx.json", MANIFEST}, "these alone say what formatted"
    assert '"ruff"' in made.files["sbom.cdx.json"]
    assert '"black"' not in made.files["sbom.cdx.json"]


@pytest.mark.thorough
def test_black_formats_all_of_graph_as_ruff_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(source: str, path: str) -> str:
        """Format parts of which black's trees fit into memory."""
        text = format_with_ruff(source, path)
        assert join(format_with_black(part, path) for part in divide(source, 2_500)) == text, path
        return text

    ruff = package._Formatter("ruff", both, 50_000)
    monkeypatch.setattr(package, "_RUFF", ruff)
    made = api.generate(published(NEWEST), roots=["all"], package="whole_graph")
    assert made.files["whole_graph/client.py"].count("\n") > 500_000


@pytest.mark.parametrize("lines", [1, 7, 1_000])
@pytest.mark.parametrize("formatter", [package._BLACK, package._RUFF], ids=lambda one: one.name)
def test_a_module_in_parts_is_formatted_as_the_whole_is(
    formatter: package._Formatter, lines: int
) -> None:
    parts = list(divide(CLASSES, lines))
    assert len(parts) > 1 or lines == 1_000
    assert join(formatter.format(part, "a.py") for part in parts) == FORMATTED


def test_a_class_in_a_text_is_no_class() -> None:
    """The header of a user's template may have such a text."""
    source = f'"""About\n\nclass rooms."""\n{CLASSES}'
    formatter = package._Formatter("black", format_with_black, 1)
    (result,) = package._format({"a.py": source}, formatter, None).values()
    assert result() == f'"""About\n\nclass rooms."""\n\n\n{FORMATTED}'


@pytest.mark.parametrize("formatter", [package._BLACK, package._RUFF], ids=lambda one: one.name)
def test_what_is_not_python_is_refused_with_the_line_of_the_module(
    formatter: package._Formatter,
) -> None:
    formatter = replace(formatter, lines=1)
    (result,) = package._format({"a.py": f"{CLASSES}class (:"}, formatter, None).values()
    with pytest.raises(
        CodegenError, match=r"a\.py: the generated code is not valid Python.*\b101\b"
    ):
        result()
