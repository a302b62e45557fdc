"""What a document holds stays text: in Markdown as GitHub renders it, on a terminal, and in a CI's log."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree, html

from graph_codegen.csdl.ast import StructuredType
from graph_codegen.diff.change.changes import End
from graph_codegen.diff.report.changelog import render_entry
from graph_codegen.diff.report.html import render_html
from graph_codegen.diff.report.json_report import render_json
from graph_codegen.diff.report.markdown import LONGEST, render_markdown
from graph_codegen.diff.report.report import Report
from graph_codegen.diff.report.terminal import render_terminal
from graph_codegen.diff.usage import Concern, Usage
from graph_codegen.diff.verdict.findings import Comparison, Finding, Source
from graph_codegen.diff.verdict.rules import RULES, Effect
from graph_codegen.diff.verdict.surface import MethodChanges
from graph_codegen.emit.names import assign_names
from graph_codegen.errors import Place
from graph_codegen.model.model import Model
from graph_codegen.text import (
    code_source,
    is_printable,
    log_line,
    markdown_source,
    without_commands,
)

cmarkgfm = pytest.importorskip("cmarkgfm", reason="GitHub's reader of Markdown is not installed")

SPECIAL = (
    "#12",
    "@name",
    "@org/team",
    "GH-1",
    "owner/repo#1",
    "owner/repo@deadbeef",
    "0123456789abcdef0123456789abcdef01234567",
    "https://example.com/x",
    "http://a.b",
    "ftp://a.b",
    "www.example.com",
    "me@example.com",
    "mailto:me@example.com",
    "xmpp:me@example.com",
    ":x:",
    ":heavy_check_mark:",
    "##[group]",
    "##[error]x",
    "##vso[task.setvariable variable=x]y",
    "::error::x",
    "  ::set-output name=a::b",
    "\n::warning file=a::b\n",
    "\r::debug::x",
    "\x1b[31m",
    "\x9b31m",
    "\u202egnp.exe",
    "\u2066x\u2069",
    "a\u200bb",
    "`",
    "``",
    "```",
    "|",
    "\\|",
    "\\\\|",
    "\\",
    "<b>",
    "</details>",
    "<!--",
    "<script>",
    "<https://example.com>",
    "[a](https://example.com)",
    "![a](b)",
    "[a]: b",
    "[^1]",
    "[ ]",
    "*a*",
    "_a_",
    "~~a~~",
    "$`a`$",
    "$$a$$",
    "&lt;",
    "&#64;name",
    "# a",
    "- a",
    "> a",
    "--- | ---",
    "\n\n",
    "\t",
    " ",
)
"""What is a link, a mention, markup or a command somewhere."""

texts = st.lists(
    st.sampled_from(SPECIAL) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    max_size=6,
).map("".join)


Test = TypeVar("Test", bound=Callable[..., None])


def every_special(test: Test) -> Test:
    for text in SPECIAL:
        test = example(text)(test)
        test = example(f"a{text}b{text}")(test)
    return test


def full(text: str) -> tuple[Report, Model]:
    """A report in which every text is this one."""
    end = End(text, Place(text, 3), text, text)
    plain = Finding(
        rule=RULES["property-type-changed"],
        kind=text,
        old=end,
        new=replace(end, value=f"x{text}"),
        effect=Effect.BOTH,
        python=text,
        methods=MethodChanges(removed=(text,), added=(text,) * 9, altered=(text,)),
    )
    deprecated = replace(plain, rule=RULES["deprecated"], effect=Effect.DEPRECATED)
    added = replace(plain, rule=RULES["type-added"], effect=Effect.ADDITIVE, old=None)
    aside = replace(plain, rule=RULES["type-removed"], new=None)
    source = Source(text, "0" * 64)
    model = Model(types={text: StructuredType(kind="ComplexType", name=text)})
    findings = (plain, deprecated, added, aside)
    compared = Comparison(source, source, (text,), findings, (assign_names(Model(types={})),) * 2)
    uses = dict.fromkeys(findings, Concern(Usage.USED, (Place(text, 1),)))
    lines = tuple(f"{sign}{text}" for sign in "+- @")
    return Report(compared, {aside: text}, lines, uses), model


# -- Markdown


def rendered(markdown: str) -> html.HtmlElement:
    """What GitHub makes of Markdown, before it looks for references in its texts; raw HTML is kept."""
    extensions = ["table", "autolink", "strikethrough", "tasklist", "tagfilter"]
    options = cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE | cmarkgfm.cmark.Options.CMARK_OPT_FOOTNOTES
    page = cmarkgfm.cmark.markdown_to_html_with_extensions(markdown, options, extensions)
    return html.fragment_fromstring(page, create_parent="main")


OWN = {"main", "h1", "h2", "h3", "p", "strong", "code", "pre", "ul", "li"} | {
    *("table", "thead", "tbody", "tr", "th", "td", "details", "summary")
}
"""The elements that our own Markdown makes."""

REFERENCE = re.compile(
    r"""@\w | (?<!&)\#\d | \bGH-\d | \b[0-9a-f]{7,40}\b | :[\w+-]+: | :// | \bwww\. | \$""",
    re.VERBOSE | re.IGNORECASE,
)
"""What GitHub looks for in texts, except in code: mentions, issues, commits, emoji, addresses, formulas."""


def loose(root: html.HtmlElement) -> Iterator[str]:
    """Yield the texts that are not in code."""
    for node in root.iter():
        assert node.tag in OWN, etree.tostring(node)
        if node.tag not in ("code", "pre"):
            yield node.text or ""
        if not any(up.tag in ("code", "pre") for up in node.iterancestors()):
            yield node.tail or ""


def shown(text: str) -> str:
    """A text as code shows it."""
    short = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return log_line(" ".join(short.split())).replace("\\|", "\\u005c|")


@every_special
@given(texts)
def test_nothing_in_a_markdown_report_is_more_than_text(text: str) -> None:
    report, _ = full(text)
    root = rendered(render_markdown(report, f"graph-codegen diff {text or 'x'}"))
    assert not [told for told in loose(root) if REFERENCE.search(told)]
    expected = shown(text)
    codes = [code.text_content() for code in root.iter("code")]
    if expected:
        assert codes.count(expected) >= 3 * 3
    assert all(is_printable(one) for told in codes for one in told if one != "\n")
    assert {len(row) for row in root.iter("tr")} <= {6, 7}
    assert len(list(root.iter("tr"))) == 3 * 2


@every_special
@given(texts)
def test_nothing_in_a_changelog_is_more_than_text(text: str) -> None:
    root = rendered(render_entry(full(text)[0], "1.0.0", "of 2026-08-04"))
    assert not [told for told in loose(root) if REFERENCE.search(told)]
    assert len(list(root.iter("li"))) == 3


@every_special
@given(texts)
def test_nothing_in_a_page_is_markup_or_a_link(text: str) -> None:
    root = rendered(f"| {markdown_source(text)} |\n| --- |\n| {markdown_source(text)} |\n")
    assert {node.tag for node in root.iter()} <= {
        "main",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    found = root.find(".//td").text_content()
    told = found.replace("\u200b", "")
    assert told == " ".join(text.split()).replace("\u200b", "").replace("\0", "\ufffd")
    emoji = re.compile(r":(?!\d\d:)[\w+-]+:|://|www\.", re.IGNORECASE)
    assert not emoji.search(found)


@given(texts)
def test_code_is_itself_alone_and_among_words(text: str) -> None:
    root = rendered(f"a {code_source(text)} b")
    codes = [code.text_content() for code in root.iter("code")]
    assert codes == ([shown(text)] if shown(text) else [])


# -- terminals and logs


def commands(line: str) -> bool:
    """Whether the runner of GitHub or the agent of Azure takes a line for a command."""
    return line.lstrip().startswith("::") or bool(re.search(r"##\w*\[", line))


@every_special
@given(texts)
def test_no_report_commands_a_terminal_or_a_ci(text: str) -> None:
    report, model = full(text)
    lines = [log_line(line.plain) for line in render_terminal(report)]
    assert all(is_printable(one) for line in lines for one in line)
    markdown, page = render_markdown(report), render_html(report, model, model)
    written = render_json(report)
    for told in (*lines, markdown, page, written, render_entry(report, "1.0.0", "of today")):
        assert not [line for line in re.split("[\r\n]", told) if commands(line)]
    assert json.loads(written)["findings"][0]["element"] == text


@every_special
@given(texts)
def test_only_what_is_a_command_is_escaped(text: str) -> None:
    for line in re.split("[\r\n]", text):
        escaped = without_commands(line)
        assert not commands(escaped)
        assert (escaped == line) or commands(line)
        assert escaped.replace("\\u0023", "#").replace("\\u003a", ":") == line
