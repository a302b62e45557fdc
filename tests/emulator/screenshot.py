"""Make docs/emulator.png: the page of the emulator with calls of the bot of `make demo` in it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.browser import Browser

PROJECT = Path(__file__).parents[2]
PICTURE = PROJECT / "docs/emulator.png"


def main() -> None:
    """Play the demo, ring its bot once more, and take the picture in the middle of that call."""
    command = [sys.executable, "-u", str(PROJECT / "examples/ivr-bot/demo.py"), "--stay"]
    browser = Browser()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        address = next(
            found[0] for line in demo.stdout if (found := re.search(r"http:\S+#token=\S+", line))
        )
        browser.show(width=1360, height=800)
        browser.open(address)
        browser.find("#call-list .row", "terminated")
        browser.find("#ring-who").send_keys("Cleo")
        browser.find("#ring button").click()
        browser.find("[aria-label='Cleo presses 1']").click()
        browser.find("#timeline", "cancelMediaProcessing")
        browser.find("#timeline .row", "playPrompt").click()
        browser.shoot(PICTURE)
        browser.find("[aria-label='Hang up: Cleo']").click()
        browser.find("#call-facts", "terminated")
        demo.send_signal(signal.SIGINT)
    browser.close()


if __name__ == "__main__":
    main()
