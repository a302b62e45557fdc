"""Draws times against sizes as SVG: both axes logarithmic, and a colour, a mark and a label for each line.

Text is of a grey that is readable on light and on dark pages, and the same figures give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 84, 170, 36, 48
LABELS_APART = 15

GREY = "#777777"
COLOURS = ("#2f81f7", "#d9730d", "#2da44e", "#bf5af2", "#d1426f")
MARKS = (
    '<circle cx="{x}" cy="{y}" r="4"/>',
    '<rect x="{left}" y="{top}" width="8" height="8"/>',
    '<path d="M{x} {top}l5 9h-10z"/>',
    '<path d="M{x} {top}l5 4 -5 5 -5 -5z"/>',
    '<path d="M{left} {top}l8 8m0 -8l-8 8"/>',
)


@dataclass(frozen=True, slots=True)
class Line:
    """What one program takes: pairs of bytes and seconds, in the order of the bytes."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Times of several programs for the same work."""

    title: str
    size_of: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class _Axis:
    """Maps values between two powers of ten to places between two others."""

    lowest: int
    highest: int
    start: float
    end: float

    def place(self, value: float) -> float:
        part = (log10(value) - self.lowest) / (self.highest - self.lowest)
        return round(self.start + part * (self.end - self.start), 1)

    def powers(self) -> Iterator[int]:
        return iter(range(self.lowest, self.highest + 1))


def svg(chart: Chart) -> str:
    """Return the text of an SVG file."""
    points = [point for line in chart.lines for point in line.points]
    across = _axis([size for size, _ in points], LEFT, WIDTH - RIGHT)
    up = _axis([seconds for _, seconds in points], HEIGHT - BOTTOM, TOP)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}"'
            f' viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
            ' aria-labelledby="title desc"'
            f' font-family="sans-serif" font-size="12" fill="{GREY}">',
            f'<title id="title">{escape(chart.title)}</title>',
            f'<desc id="desc">{escape(_told(chart))}</desc>',
            f'<text x="{LEFT}" y="20" font-size="14">{escape(chart.title)}</text>',
            *_grid(across, up),
            f'<text x="{(LEFT + WIDTH - RIGHT) / 2:g}" y="{HEIGHT - 10}" text-anchor="middle">'
            f"{escape(chart.size_of)}</text>",
            f'<text x="14" y="{(TOP + HEIGHT - BOTTOM) / 2:g}" text-anchor="middle"'
            f' transform="rotate(-90 14 {(TOP + HEIGHT - BOTTOM) / 2:g})">processor time</text>',
            *_lines(chart.lines, across, up),
            "</svg>\n",
        ]
    )


def _told(chart: Chart) -> str:
    """Return what the plot shows, in words, for who does not see it."""
    ends = (
        f"{line.name}: {points[0]} to {points[-1]}"
        for line in chart.lines
        for points in [[f"{seconds:.2g} s for {size:,} bytes" for size, seconds in line.points]]
    )
    return f"Seconds of the processor by {chart.size_of}, both logarithmic. {'; '.join(ends)}."


def _axis(values: Sequence[float], start: float, end: float) -> _Axis:
    """Return the axis of the powers of ten around some values."""
    lowest = floor(log10(min(values)))
    return _Axis(lowest, max(ceil(log10(max(values))), lowest + 1), start, end)


def _grid(across: _Axis, up: _Axis) -> Iterator[str]:
    stroke = f'stroke="{GREY}" stroke-opacity="0.3"'
    for power in across.powers():
        x = across.place(10**power)
        yield f'<path d="M{x:g} {up.start:g}V{up.end:g}" {stroke}/>'
        yield (
            f'<text x="{x:g}" y="{up.start + 18:g}" text-anchor="middle">'
            f'{_scaled(power, ("", "k", "M", "G"), "B")}</text>'
        )
    for power in up.powers():
        y = up.place(10.0**power)
        yield f'<path d="M{across.start:g} {y:g}H{across.end:g}" {stroke}/>'
        yield (
            f'<text x="{across.start - 8:g}" y="{y + 4:g}" text-anchor="end">'
            f'{_scaled(power + 9, ("n", "µ", "m", "", "k"), "s")}</text>'
        )


def _scaled(power: int, prefixes: Sequence[str], unit: str) -> str:
    """Return a power of ten of the first unit with the prefix that makes it short."""
    at = min(power // 3, len(prefixes) - 1)
    return f"{10 ** (power - 3 * at)} {prefixes[at]}{unit}"


def _lines(lines: Sequence[Line], across: _Axis, up: _Axis) -> Iterator[str]:
    placed = [
        [(across.place(size), up.place(seconds)) for size, seconds in line.points] for line in lines
    ]
    labels = _labels([places[-1][1] for places in placed])
    for at, (line, places) in enumerate(zip(lines, placed, strict=True)):
        colour = COLOURS[at]
        way = " ".join(f"{x:g},{y:g}" for x, y in places)
        yield f'<g stroke="{colour}" stroke-width="2" fill="{colour}">'
        yield f'<polyline points="{way}" fill="none"/>'
        right = across.end + 16
        for x, y in (*places, (right, labels[at])):
            yield MARKS[at].format(x=f"{x:g}", y=f"{y:g}", left=f"{x - 4:g}", top=f"{y - 4:g}")
        yield "</g>"
        yield f'<text x="{right + 10:g}" y="{labels[at] + 4:g}">{escape(line.name)}</text>'


def _labels(heights: Sequence[float]) -> list[float]:
    """Return where labels are, which have the order of the ends of their lines and do not overlap."""
    placed = [0.0] * len(heights)
    free = float(TOP)
    for at in sorted(range(len(heights)), key=heights.__getitem__):
        placed[at] = max(heights[at], free)
        free = placed[at] + LABELS_APART
    return placed
