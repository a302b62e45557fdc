"""The plots of docs/performance.md are drawn from the times beside them, and the page shows each.

`pytest --refresh-goldens` draws them anew, `make plots` measures as well.
"""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest

from tests.bench.plots import CHARTS, FOLDER, TIMES, drawn
from tests.conftest import REFRESH

PAGE = FOLDER.with_suffix(".md").read_text(encoding="utf-8")
SVG = "{http://www.w3.org/2000/svg}"


def test_the_plots_are_drawn_from_the_times(request: pytest.FixtureRequest) -> None:
    plots = drawn(TIMES.read_text(encoding="utf-8").splitlines())
    if request.config.getoption(REFRESH):
        for name, text in plots.items():
            (FOLDER / name).write_text(text, encoding="utf-8")
    assert {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.svg")} == plots


def test_the_page_shows_each_plot_with_a_text_for_who_does_not_see_it() -> None:
    shown = re.findall(r"^!\[.{20,}\]\(performance/(.+)\)$", PAGE, re.MULTILINE)
    assert shown == [f"{work}.svg" for work in CHARTS]


@pytest.mark.parametrize("work", CHARTS)
def test_a_plot_stands_alone_and_says_what_it_shows(work: str) -> None:
    root = ElementTree.parse(FOLDER / f"{work}.svg").getroot()
    assert root.get("aria-labelledby") == "title desc"
    assert root.findtext(f"{SVG}title") == CHARTS[work][0]
    told = root.findtext(f"{SVG}desc") or ""
    times = map(json.loads, TIMES.read_text(encoding="utf-8").splitlines())
    assert all(f"{program}: " in told for kind, program, *_ in times if kind == work)
    assert {element.tag for element in root.iter()} <= {
        SVG + name
        for name in ("svg", "title", "desc", "text", "g", "path", "polyline", "circle", "rect")
    }
