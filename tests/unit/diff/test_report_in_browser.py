"""The HTML report in a real browser: what stays in view, search, filters, keys and print."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from graph_codegen.csdl import reader
from graph_codegen.diff.change.context import Side
from graph_codegen.diff.report.html import render_html
from graph_codegen.diff.report.report import FEW, Report
from graph_codegen.diff.usage import Concern, Usage
from graph_codegen.diff.verdict.comparison import compare
from graph_codegen.diff.verdict.surface import MethodChanges
from graph_codegen.errors import Place
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import ALL, take
from tests.support.browser import Browser
from tests.support.csdl import document

TYPES = 40
MANY = tuple(f"calls.m{index:02}" for index in range(60))


def side(file: str, kind: str) -> Side:
    body = "".join(
        f'<ComplexType Name="t{index}"><Property Name="size" Type="Edm.{kind}"/></ComplexType>'
        for index in range(TYPES)
    )
    read = reader.read(document(body), file)
    whole = resolve(read)
    return Side(read, whole, take(whole, (ALL,)))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of a change in each of many types; the first has many methods, and two are used."""
    before, after = side("old.xml", "String"), side("new.xml", "Int32")
    found = compare(before, after)
    first, second, *others = found.findings
    tall = replace(first, methods=MethodChanges(removed=MANY))
    uses = {
        tall: Concern(Usage.USED, (Place("app/calls.py", 3),)),
        second: Concern(Usage.PERHAPS, (Place("app/calls.py", 5),)),
    }
    concerns = {**uses, **dict.fromkeys(others[:-1], Concern(Usage.USED, (Place("app/x.py", 1),)))}
    report = Report(replace(found, findings=(tall, second, *others)), concerns=concerns)
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_html(report, before.model, after.model), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def browser(chromium: Browser, path: Path) -> Iterator[Browser]:
    chromium.open("about:blank")
    chromium.show(width=1360, height=800)
    chromium.open(path.as_uri())
    yield chromium
    assert chromium.complaints() == []
    assert chromium.asked() <= {"file://", "://", "data://", "about://"}


def rows(browser: Browser) -> list[str]:
    found: list[str] = browser.run(
        "return [...document.querySelectorAll('.finding')].filter((row) => row.checkVisibility())"
        ".map((row) => row.querySelector('.name').title)"
    )
    return found


def box(browser: Browser, selector: str) -> dict[str, float]:
    found: dict[str, float] = browser.run(
        "return document.querySelector(arguments[0]).getBoundingClientRect().toJSON()", selector
    )
    return found


def settle(browser: Browser) -> None:
    """Wait until the page has been drawn after a change."""
    browser.driver.execute_async_script(
        "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))"
    )


TALL = ".finding:has(.methods.gone details, details.methods.gone)"


@pytest.mark.parametrize("width", [1360, 1000, 600])
def test_names_and_verdicts_stay_in_view_while_one_scrolls(browser: Browser, width: int) -> None:
    browser.show(width=width, height=600)
    browser.run("document.querySelector('details.methods').open = true")
    settle(browser)
    assert box(browser, TALL)["height"] > 1_000
    browser.run(
        "window.scrollTo(0, document.querySelector(arguments[0]).getBoundingClientRect().top"
        " + scrollY + 500)",
        TALL,
    )
    settle(browser)
    verdicts, heading = box(browser, f"{TALL} .verdicts"), box(browser, ".group h3")
    for shown in (verdicts, heading):
        assert 0 <= shown["top"] < shown["bottom"] <= 600, shown
    assert verdicts["top"] >= heading["bottom"] - 1
    assert browser.width() <= width
    covered = browser.run(
        "const box = document.querySelector(arguments[0]).getBoundingClientRect();"
        "const top = document.elementFromPoint(box.left + 2, box.top + 2);"
        "return !!top.closest('.verdicts')",
        f"{TALL} .badge",
    )
    assert covered, "something is in front of the verdicts"


def test_a_search_leaves_what_has_all_words_and_is_kept_in_the_address(browser: Browser) -> None:
    assert len(rows(browser)) == TYPES
    browser.find("#q").send_keys("T7 type-changed")
    assert rows(browser) == ["microsoft.graph.t7/size"]
    assert browser.texts("#shown") == [f"1 of {TYPES} findings"]
    address = browser.driver.current_url
    browser.open("about:blank")
    browser.open(address)
    assert rows(browser) == ["microsoft.graph.t7/size"]
    browser.find("#reset").click()
    assert len(rows(browser)) == TYPES


def test_a_filter_leaves_what_the_application_uses(browser: Browser) -> None:
    for usage, number in (("used", TYPES - 2), ("perhaps", 1), ("unused", 1)):
        browser.run(
            "const field = document.getElementById('usage'); field.value = arguments[0];"
            "field.dispatchEvent(new Event('input', {bubbles: true}))",
            usage,
        )
        assert len(rows(browser)) == number


def test_all_is_reached_by_the_keyboard(browser: Browser) -> None:
    browser.press("/")
    assert browser.focused("#q")
    browser.press("t7")
    assert rows(browser) == ["microsoft.graph.t7/size"]
    browser.press(Keys.ESCAPE)
    assert len(rows(browser)) == TYPES
    assert browser.focused("#q")
    browser.press("j")  # which is text where one writes
    assert rows(browser) == []
    browser.press(Keys.ESCAPE, Keys.ESCAPE)
    assert not browser.focused("#q")
    visited = []
    for key in "jjjk":
        browser.press(key)
        visited.append(browser.run("return document.activeElement.querySelector('.name').title"))
        settle(browser)
        shown = browser.run("return document.activeElement.getBoundingClientRect().toJSON()")
        assert shown["top"] < 800
        assert shown["bottom"] > box(browser, ".filters")["bottom"]
    every = rows(browser)
    assert visited == [every[0], every[1], every[2], every[1]]
    assert browser.focus_contrast() >= 3
    browser.tab_to("summary")
    browser.press(Keys.ENTER)
    assert browser.run("return document.activeElement.parentElement.open")


def test_keys_go_only_to_what_is_shown(browser: Browser) -> None:
    browser.find("#q").send_keys("size t1")
    browser.press(Keys.TAB)
    every = rows(browser)
    assert 5 < len(every) < TYPES
    browser.run("document.activeElement.blur()")
    for _ in range(len(every) + 3):
        browser.press("j")
    at = browser.run("return document.activeElement.querySelector('.name').title")
    assert at == every[-1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_can_be_read_in_both_schemes(browser: Browser, scheme: str) -> None:
    browser.show(scheme=scheme)  # type: ignore[arg-type]
    assert browser.pale() == []


def test_a_print_has_all_methods_of_what_is_shown_and_no_controls(browser: Browser) -> None:
    browser.find("#q").send_keys("t0/")
    assert len(rows(browser)) == 1
    browser.run(
        "window.seen = []; addEventListener('beforeprint', () => setTimeout(() => 0));"
        "matchMedia('print').addEventListener('change', (event) => event.matches && seen.push("
        "[...document.querySelectorAll('.finding .methods code')].filter((one) => one.checkVisibility()"
        ").length, document.querySelector('.filters').checkVisibility(),"
        "getComputedStyle(document.querySelector('.verdicts')).position))"
    )
    assert len(browser.texts(".finding .methods code")) == FEW
    browser.driver.execute_cdp_cmd("Page.printToPDF", {})
    browser.until(lambda: len(browser.run("return seen")) >= 3, "a print")
    assert browser.run("return seen")[:3] == [len(MANY), False, "static"]
    browser.until(lambda: len(browser.texts(".finding .methods code")) == FEW, "the page as it was")
