"""Namespaces that derive types from each other: their modules are divided."""

from __future__ import annotations

from graph_codegen.emit import names
from tests.hostile import values
from tests.hostile.allowed import findings
from tests.hostile.generated import generate, imported
from tests.support.csdl import document, model, schema


def complex_type(name: str, base: str = "", **properties: str) -> str:
    own = "".join(f'<Property Name="{n}" Type="{ref}"/>' for n, ref in properties.items())
    derived = f' BaseType="{base}"' if base else ""
    return f'<ComplexType Name="{name}"{derived}>{own}</ComplexType>'


def test_namespaces_may_derive_types_from_each_other() -> None:
    """Whatever refers to whatever, and whatever hangs on such namespaces."""
    a = [
        complex_type("first", when="Edm.DateTimeOffset", kind="x.kind", all="Collection(y.third)"),
        complex_type("third", "y.second", by="Edm.Guid", peer="x.third", other="x.first"),
        '<EnumType Name="kind"><Member Name="one"/></EnumType>',
    ]
    b = [
        complex_type("second", "x.first", much="Edm.Decimal", self="y.second"),
        complex_type("third", "x.third", last="Edm.Untyped", any="z.leaf"),
    ]
    c = [complex_type("leaf", "y.third", of="x.kind"), complex_type("alone", only="x.third")]
    d = [complex_type("top"), complex_type("bottom", "z.alone")]
    texts = [schema("".join(own), ns, "") for own, ns in ((a, "x"), (b, "y"), (c, "z"))]
    made = generate(document(*texts, schema("".join(d), "x.part2", "")))
    assert findings(made.files, made.package) == []
    paths = {path.rpartition("/")[2] for path in made.files if "/models/" in path}
    assert paths == {
        "__init__.py", "x.py", "x_part0.py", "x_part2.py", "x_part2x.py", "y.py", "y_part1.py", "y_part3.py",
        "z.py",
    }  # fmt: skip
    with imported(made) as module:
        values.check(made, module)


def test_only_namespaces_that_derive_from_each_other_are_divided() -> None:
    texts = [
        schema(complex_type("a", "y.b"), "x", ""),
        schema(complex_type("b", "z.c"), "y", ""),
        schema(complex_type("c", see="x.a"), "z", ""),
    ]
    assert names.assign_names(model(*texts)).parts == {}
