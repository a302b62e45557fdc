"""Make docs/emulator.png: the page of the emulator with the call of `make demo` in it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.emulator.browser import Browser

PROJECT = Path(__file__).parents[2]
PICTURE = PROJECT / "docs/emulator.png"


def main() -> None:
    """Play the demo, and take the picture when its call has ended."""
    command = [sys.executable, "-u", str(PROJECT / "examples/ivr-bot/demo.py"), "--stay"]
    browser = Browser()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        address = next(
            found[0] for line in demo.stdout if (found := re.search(r"http:\S+#token=\S+", line))
        )
        browser.show(width=1280, height=820)
        browser.open(address)
        browser.find("#call-list .row", "terminated")
        browser.find("#timeline .row", "playPrompt").click()
        browser.shoot(PICTURE)
        demo.terminate()
    browser.close()


if __name__ == "__main__":
    main()
