"""Derive the golden files from the documentation page: `python -m tests.golden.extract SEED`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.golden.documented import CREATE_CALL, Mend

TITLES = {
    "01-peer-to-peer-service-hosted": "Call a user, media hosted by the service",
    "02-peer-to-peer-app-hosted": "Call a user, media hosted by the app",
    "03-group-service-hosted": "Call a group, media hosted by the service",
    "04-group-app-hosted": "Call a group, media hosted by the app",
    "05-meeting-service-hosted": "Join a scheduled meeting, media hosted by the service",
    "06-meeting-app-hosted": "Join a scheduled meeting, media hosted by the app",
    "07-meeting-id-with-passcode": "Join a meeting by its id and passcode",
    "08-meeting-id-without-passcode": "Join a meeting by its id alone",
    "09-pstn-service-hosted": "Call a phone number, media hosted by the service",
    "10-pstn-app-hosted": "Call a phone number, media hosted by the app",
}
STATES = ("establishing", "established")
SHARING = ("content-sharing-started", "content-sharing-updated", "content-sharing-ended")
NOTIFICATIONS = {
    "01-peer-to-peer-service-hosted": STATES + SHARING,
    "05-meeting-service-hosted": (*STATES, "roster", "roster-delta"),
}
SHAPES = {0: "meeting", 1: "peer-to-peer"}  # by the number of targets; more are a group
APP_HOSTED = "#microsoft.graph.appHostedMediaConfig"

HEAD = re.compile(
    r"^(?:(?P<method>POST) (?P<url>https://\S+)|HTTP/1\.1 (?P<status>\d{3}) (?P<reason>.+))\n"
    r"(?P<headers>(?:[\w-]+: .+\n)+)",
    re.MULTILINE,
)
# One head can stand over several bodies, each below a line that says when it is sent.
CAPTION = re.compile(r"(?:.+\n)?(?=\{\n)")
TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[\[\]{},:]|[^\s\[\]{},:"]+')
NESTING = {"{": 1, "[": 1, "}": -1, "]": -1}


@dataclass(frozen=True)
class Block:
    """A documented message, its body as the page has it, and the lines where it stands."""

    head: dict[str, Any]
    body: str
    first: int
    body_line: int
    last: int


def extract(text: str) -> dict[str, Any]:
    """Every golden file that comes from the page: its path and its content."""
    files: dict[str, Any] = {}
    mends: list[Mend] = []
    blocks = dict(zip(message_files(), blocks_of(text), strict=True))
    for file, block in blocks.items():
        mended, found = mend(block.body, file, block.body_line)
        files[file] = {**block.head, "body": json.loads(mended)}
        mends += found
    for name, title in TITLES.items():
        own = {file: block for file, block in blocks.items() if file.startswith(f"{name}/")}
        call = files[f"{name}/request.json"]["body"]
        files[f"{name}/example.json"] = {
            "title": title,
            "shape": SHAPES.get(len(call.get("targets", [])), "group"),
            "media": "app" if call["mediaConfig"]["@odata.type"] == APP_HOSTED else "service",
            "seed_lines": {f.removeprefix(f"{name}/"): [b.first, b.last] for f, b in own.items()},
        }
    return {**files, "mends.json": [asdict(one) for one in mends]}


def message_files() -> Iterator[str]:
    """The file of every documented message, in the order of the page."""
    for name in TITLES:
        yield from (f"{name}/request.json", f"{name}/response.json")
        for number, slug in enumerate(NOTIFICATIONS.get(name, ()), start=1):
            yield f"{name}/notifications/{number:02}-{slug}.json"


def blocks_of(text: str) -> Iterator[Block]:
    """All documented messages, in the order of the page."""
    for match in HEAD.finditer(text):
        first, head = match.start(), head_of(match)
        position = match.end()
        while caption := CAPTION.match(text, position):
            end = end_of_value(text, caption.end())
            lines = (text.count("\n", 0, at) + 1 for at in (first, caption.end(), end))
            yield Block(head, text[caption.end() : end], *lines)
            first = position = end + 1


def head_of(match: re.Match[str]) -> dict[str, Any]:
    """The request or status line with the headers below it."""
    headers = dict(line.split(": ", 1) for line in match["headers"].splitlines())
    if match["status"]:
        return {"status": int(match["status"]), "reason": match["reason"], "headers": headers}
    return {"method": match["method"], "url": match["url"], "headers": headers}


def end_of_value(text: str, start: int) -> int:
    """The position behind the object that begins at `start`."""
    depth = 0
    for token in TOKEN.finditer(text, start):
        depth += NESTING.get(token[0], 0)
        if depth == 0:
            return token.end()
    raise ValueError(f"the object at position {start} does not end")


def mend(body: str, file: str, first_line: int) -> tuple[str, list[Mend]]:
    """The body without its trailing commas, and what was mended."""
    mends: list[Mend] = []
    tokens = list(TOKEN.finditer(body))
    # From the end, so that what is still to be mended keeps its place.
    for value, comma, closer in reversed(list(zip(tokens, tokens[1:], tokens[2:], strict=False))):
        if comma[0] == "," and closer[0] in ("}", "]"):
            mended = body[: comma.start()] + body[comma.end() :]
            line = body.count("\n", 0, comma.start())
            before, after = body.split("\n")[line], mended.split("\n")[line]
            fault = f"trailing comma after `{value[0]}`"
            mends.insert(0, Mend(file, first_line + line, fault, before, after))
            body = mended
    return body, mends


def render(content: Any) -> str:
    """The text of a golden file."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def main(seed: str) -> None:
    """Write every golden file that the page yields."""
    for name, content in extract(Path(seed).read_text(encoding="utf-8")).items():
        path = CREATE_CALL / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render(content), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
