"""A real browser for tests of pages: Chromium without a window, which reports all that goes wrong in it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

T = TypeVar("T")

Scheme = Literal["light", "dark"]

PATIENCE = 20.0

_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # which needs rights that containers do not have; it sees our own page alone
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--disable-background-networking",
)


class Browser:
    """Chromium with one page; skips the test where it is not installed."""

    def __init__(self) -> None:
        programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
        if None in programs:
            reason = "chromium and its chromedriver are not installed"
            if os.environ.get("CHROMIUM_REQUIRED"):
                pytest.fail(reason)
            pytest.skip(reason)
        options = webdriver.ChromeOptions()
        options.binary_location = str(programs[0])
        for argument in _ARGUMENTS:
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(programs[1]))

    def close(self) -> None:
        """End it."""
        self.driver.quit()

    def open(self, address: str) -> None:
        """Load a page."""
        self.driver.get(address)

    def before_pages(self, script: str) -> None:
        """Have a script run in every page that is loaded, before its own."""
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})

    def show(self, *, width: int = 1360, height: int = 800, scheme: Scheme = "light") -> None:
        """Change the size of the page, and the colour scheme that the user prefers."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what a function body in JavaScript returns."""
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str, text: str = "") -> WebElement:
        """Return the first visible element of a selector that has a text in it, once there is one."""

        def found() -> WebElement | None:
            element: WebElement | None = self.run(_FIND, selector, text)
            return element

        return self.until(found, f"{selector} with {text!r}")

    def texts(self, selector: str) -> list[str]:
        """Return what the visible elements of a selector say."""
        texts: list[str] = self.run(_TEXTS, selector)
        return texts

    def until(self, condition: Callable[[], T | None], what: str = "") -> T:
        """Return what a condition returns as soon as that is true."""
        deadline = time.monotonic() + PATIENCE
        while True:
            if met := condition():
                return met
            assert time.monotonic() < deadline, f"{what} has not come: {self.texts('body')}"
            time.sleep(0.02)

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        ActionChains(self.driver, duration=0).send_keys(*keys).perform()

    def tab_to(self, selector: str) -> None:
        """Press Tab until the focus is at an element of a selector."""
        for _ in range(100):
            self.press(Keys.TAB)
            if self.focused(selector):
                return
        raise AssertionError(f"Tab does not lead to {selector}")

    def focused(self, selector: str) -> bool:
        """Whether the focus is at an element of a selector."""
        return bool(self.run("return document.activeElement.matches(arguments[0])", selector))

    def width(self) -> int:
        """Return how wide the page is, in CSS pixels: more than it was shown with if one must scroll."""
        return int(self.run("return document.documentElement.scrollWidth"))

    def complaints(self) -> list[str]:
        """Return what the console has had since the last time: errors, violations, failed requests."""
        return [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]

    def asked(self) -> set[str]:
        """Return the origins of all requests since the last time."""
        entries = self.driver.get_log("performance")  # type: ignore[no-untyped-call]
        messages = [json.loads(entry["message"])["message"] for entry in entries]
        return {
            "{0.scheme}://{0.netloc}".format(urlsplit(message["params"]["request"]["url"]))
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        }

    def shoot(self, path: Path) -> None:
        """Write a picture of the page."""
        path.write_bytes(base64.b64decode(self.driver.get_screenshot_as_base64()))

    def pale(self) -> list[str]:
        """Return the texts that are read with difficulty, with their contrast (WCAG 2.2, 1.4.3: 4.5 : 1)."""
        pale: list[str] = self.run(_CONTRAST + "return pale();")
        return pale

    def focus_contrast(self) -> float:
        """Return the contrast between the ring around the focus and what is around it (WCAG 2.2, 1.4.11)."""
        return float(self.run(_CONTRAST + "return ring(document.activeElement);"))


_FIND = """
const [selector, text] = arguments;
return [...document.querySelectorAll(selector)].find(
  (one) => one.checkVisibility() && one.textContent.includes(text)) ?? null;
"""

_TEXTS = """
return [...document.querySelectorAll(arguments[0])].filter((one) => one.checkVisibility())
  .map((one) => one.innerText.replace(/\\s+/g, " ").trim());
"""

_CONTRAST = """
function channels(colour) {
  const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
  return [r, g, b, a];
}
function over([r, g, b, a], [x, y, z]) {
  return [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1];
}
function ground(element) {
  if (!element) return [255, 255, 255, 1];
  const own = channels(getComputedStyle(element).backgroundColor);
  return own[3] === 1 ? own : over(own, ground(element.parentElement));
}
function luminance(colour) {
  const [r, g, b] = colour.map((one) => one / 255)
    .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(one, other) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}
function opaque(element) {
  for (let one = element; one; one = one.parentElement)
    if (getComputedStyle(one).opacity !== "1") return false;
  return true;
}
function pale() {
  const found = [];
  let looked = 0;
  for (const element of document.body.querySelectorAll("*")) {
    if (!element.checkVisibility()) continue;
    const kinds = [];
    if ([...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) kinds.push(null);
    if (element.placeholder) kinds.push("::placeholder");
    for (const kind of kinds) {
      const style = getComputedStyle(element, kind);
      const back = ground(element);
      const value = contrast(over(channels(style.color), back), back);
      looked++;
      if (value < 4.5 || !opaque(element) || (kind && style.opacity !== "1"))
        found.push(`${value.toFixed(2)} ${kind ?? element.textContent.trim().slice(0, 40)}`);
    }
  }
  return looked ? found : ["there is no text"];
}
function ring(element) {
  const style = getComputedStyle(element);
  if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) return 0;
  const around = parseFloat(style.outlineOffset) > 0 ? element.parentElement : element;
  return contrast(channels(style.outlineColor), ground(around));
}
"""
