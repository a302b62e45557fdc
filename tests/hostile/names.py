"""Names and texts that try to be more than names and texts."""

from __future__ import annotations

import keyword

from hypothesis import strategies as st

from graph_codegen.emit.methods import OPTIONS, UNDECLARED
from graph_codegen.emit.names import MODEL_ATTRIBUTES, MODULE_NAMES
from graph_codegen.service.requests import COLLECTION_OPTIONS

PLAIN = (
    "alpha",
    "bravo",
    "charlie",
    "delta",
    "echo",
    "foxtrot",
    "golf",
    "hotel",
    "india",
    "juliett",
    "kilo",
    "lima",
    "mike",
    "november",
    "oscar",
    "papa",
    "quebec",
    "romeo",
    "sierra",
    "tango",
    "uniform",
    "victor",
    "whiskey",
    "xray",
    "yankee",
    "zulu",
    "callId",
    "isE2EEncrypted",
    "ipv4Address",
    "request-id",
    "remoteControl",
    "x509",
)
"""Names that stay different in Python."""

TAKEN = tuple(
    sorted(
        {
            *keyword.kwlist, *keyword.softkwlist, *MODEL_ATTRIBUTES, *MODULE_NAMES, *OPTIONS,
            UNDECLARED, *COLLECTION_OPTIONS, *(f"request_{name}" for name in OPTIONS),
            "__init__", "__class__", "__proto__", "__pydantic_validator__", "__dict__", "__slots__",
            "__init_subclass__", "_members", "_odata_type", "_abstract", "_", "__", "___", "_1", "_0x",
            "self", "cls", "mro", "name", "value", "Enum", "enum", "StrEnum", "baseModel", "BaseModel",
            "RootModel", "Model", "root", "Optional", "Union", "List", "Dict", "Literal", "Annotated",
            "cachedProperty", "registerNamespaces", "edm", "graph", "models", "operations", "options",
            "Elsewhere", "elsewhere", "odataType", "modelConfig", "ConfigDict", "conint", "datetime",
            "date", "time", "uuid", "UUID", "Decimal", "timedelta", "AnyUrl", "json", "typing", "open",
            "int", "float", "bytes", "bool", "str", "object", "type", "print", "exec", "eval", "import",
            "__import__", "property", "classmethod", "staticmethod", "frozenset", "tuple", "set", "dict",
            "remote_Control", "a__b", "A-B", "a-b-", "x-", "fooBar", "fooBar2", "FOO", "camelCase_",
            "TRUE", "nULL", "undefined", "init", "main", "con", "nul", "aux", "annotations", "isUnknown",
            "send", "session", "credential", "close", "aclose", "headers", "createdDateTime", "getX",
        }
    )
)  # fmt: skip
"""Names that mean something to the generated code, Python, pydantic or datamodel-code-generator."""

UNICODE = (
    "größe", "ﬁle", "file", "ﬀ", "Ⅷ", "ª", "𝐚𝐛", "ｆｕｌｌ", "ſelf", "K", "İ", "ı", "日本", "שלום",
    "é", "e\u0301x".replace("\u0301", ""), "ǅ", "Ω", "a·b".replace("·", "x"), "ß", "µ", "μ",
)  # fmt: skip
"""Letters of other scripts, and ones that normalisation makes equal."""

LONG = ("x" * 128, "aB" * 64, "_" * 128, "é" * 128, "A" * 127 + "1")

LEGAL = st.one_of(
    st.sampled_from(PLAIN),
    st.sampled_from(PLAIN),
    st.sampled_from(PLAIN),
    st.sampled_from(TAKEN),
    st.sampled_from(UNICODE),
    st.sampled_from(LONG),
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,9}", fullmatch=True),
)
"""Simple names as CSDL allows them."""

BROKEN = (
    "", " ", "a b", "a.b", "1a", "-a", "a\n", "a\nimport os", "a\r", "a\x85b", "a\u2028b",
    "a\u202eb", "a\u200bb", "a\u2066b", "\ufeffa", "a\x9b31mb", "a'", 'a"', '"""', "'''", "a\\", "a\\n",
    "{{a}}", "{%a%}", "{#a#}", "{a}", "../a", "..", "/etc/passwd", "a/b", "a\\b", "a;b", "a#b", "a(b)",
    "a:b", "a,b", "a=b", "a|b", "`a`", "<a>", "a&b", "$a", "@a", "%s", "a\tb", "x" * 10_000, "a" * 129,
    "callState(GraphEnum): import os #", "__import__('os').system('x')", "x = exec('y')", "🦊", "a‍b",
    "ẞ", "\U00011f04",
)  # fmt: skip
"""Strings that are not names in CSDL and not data in Python; letters younger than Unicode 3.2."""

TEXTS = (
    "plain", 'ends in "', "ends in \\", '"""', '"""\nimport os\n"""', "'''", '\\"""', "\\", "\n", "\r",
    "\r\n", "\n\n\n", "\t", " leading", "trailing ", "a\x85b", "a\u2028b\u2029c", "\u202eevil\u202c",
    "\u200b\u200d\ufeff", "\u2066x\u2069", "\x9b31mred\x9b0m", "\x7f", "\x80\x9f", "\U000e0001",
    "{{ 7 * 7 }}", "{% raw %}", "{% for x in y %}", "{#", "#}", "{% endraw %}{{ self }}", "%s %(x)s",
    "{0} {x!r} {__class__}", "f'{x}'", "# type: ignore", "# fmt: off", "# noqa", "\n# fmt: skip\n",
    "\nclass X(GraphModel):\n    pass\n", "X.model_rebuild()", "\nX.model_rebuild()\n",
    " edm Field Any GraphEnum _graph. _call_records. ", "| a | b |", "`code`", "[a](javascript:x)",
    "<script>alert(1)</script>", "<!-- -->", "]]>", "&amp;", "\\N{BULLET} \\x41 \\u0041 \\U00000041",
    "é" * 50, "word " * 60, "x" * 300, "x" * 10_000, "🦊" * 20, "a\u0301", "\ud7ff\ue000\ufffd",
    "\\\n", "\n\\", "\"\\\"\n", "' + exec('x') + '", "eval(input())", "*/", "//", "\n    pass\n",
)  # fmt: skip
"""Descriptions that try to break out of wherever they are put."""

ANY_TEXT = st.one_of(
    st.sampled_from(TEXTS),
    st.text(
        st.characters(
            exclude_categories=["Cs"],
            exclude_characters=[
                *map(chr, (*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF)),
            ],
        ),
        max_size=30,
    ),
)
"""Texts that XML can hold."""
