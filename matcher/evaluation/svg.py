"""Small charts as SVG text: two axes, lines, dots with intervals, and a legend; no other program is needed to see them.

Positions are numbers of the axes; what lies beyond an axis is drawn at its edge. All text is escaped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

from matcher.charts.axis import Axis

WIDTH, HEIGHT = 400, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 28, 44
INK, SOFT, RULE = "#1c2128", "#5d6672", "#dfe3e8"
COLOURS = ("#2b5f9e", "#c2622d", "#3c8a5b", "#7a4fa3", "#5d6672")


@dataclass(slots=True)
class Chart:
    """One chart that is drawn on, then written; later marks cover earlier ones."""

    title: str
    x: Axis
    y: Axis
    marks: list[str] = field(default_factory=list)
    legend: list[tuple[str, str]] = field(default_factory=list)

    def line(self, points: Sequence[tuple[float, float]], colour: str, *, dashed: bool = False) -> None:
        """A line through the points."""
        places = " ".join(f"{self._across(x):.1f},{self._down(y):.1f}" for x, y in points)
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        self.marks.append(f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="1.6"{dash}/>')

    def steps(self, points: Sequence[tuple[float, float]], colour: str) -> None:
        """A line that keeps each point's height until the next one."""
        corners = [points[0]] if points else []
        for (_, before), (x, y) in pairwise(points):
            corners += [(x, before), (x, y)]
        self.line(corners, colour)

    def band(self, lower: Sequence[tuple[float, float]], upper: Sequence[tuple[float, float]], colour: str) -> None:
        """The area between two lines."""
        outline = [*lower, *reversed(upper)]
        places = " ".join(f"{self._across(x):.1f},{self._down(y):.1f}" for x, y in outline)
        self.marks.append(f'<polygon points="{places}" fill="{colour}" fill-opacity="0.13"/>')

    def dot(self, x: float, y: float, colour: str, *, low: float, high: float, radius: float = 3.2) -> None:
        """A dot with its interval upright through it."""
        place = self._across(x)
        self.marks.append(
            f'<line x1="{place:.1f}" x2="{place:.1f}" y1="{self._down(low):.1f}" y2="{self._down(high):.1f}" '
            f'stroke="{colour}" stroke-width="1.2"/>'
            f'<circle cx="{place:.1f}" cy="{self._down(y):.1f}" r="{radius:.1f}" fill="{colour}"/>'
        )

    def name(self, colour: str, text: str) -> None:
        """A line of the legend."""
        self.legend.append((colour, text))

    def svg(self) -> str:
        """The chart as an element of its own, fit for a file and for a page."""
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'aria-label="{escape(self.title)}" font-family="system-ui, sans-serif" font-size="11">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            _text(_LEFT, 16, self.title, INK, size=13, weight=600),
            *self._grid(),
            *self.marks,
            *self._names(),
        ]
        return "\n".join(parts) + "\n</svg>\n"

    def _across(self, value: float) -> float:
        return _LEFT + self.x.share(value) * (WIDTH - _LEFT - _RIGHT)

    def _down(self, value: float) -> float:
        return HEIGHT - _BOTTOM - self.y.share(value) * (HEIGHT - _TOP - _BOTTOM)

    def _grid(self) -> list[str]:
        bottom, right = HEIGHT - _BOTTOM, WIDTH - _RIGHT
        parts = []
        for value, label in self.x.ticks:
            place = self._across(value)
            parts.append(f'<line x1="{place:.1f}" x2="{place:.1f}" y1="{_TOP}" y2="{bottom}" stroke="{RULE}"/>')
            parts.append(_text(place, bottom + 14, label, SOFT, anchor="middle"))
        for value, label in self.y.ticks:
            place = self._down(value)
            parts.append(f'<line x1="{_LEFT}" x2="{right}" y1="{place:.1f}" y2="{place:.1f}" stroke="{RULE}"/>')
            parts.append(_text(_LEFT - 6, place + 4, label, SOFT, anchor="end"))
        parts.append(_text((_LEFT + right) / 2, HEIGHT - 10, self.x.title, INK, anchor="middle"))
        middle = (_TOP + bottom) / 2
        parts.append(_text(12, middle, self.y.title, INK, anchor="middle", turned=True))
        return parts

    def _names(self) -> list[str]:
        if not self.legend:
            return []
        widest = max(len(text) for _, text in self.legend)
        left, top = WIDTH - _RIGHT - 24 - 6.0 * widest, HEIGHT - _BOTTOM - 8 - 15 * len(self.legend)
        parts = [
            f'<rect x="{left - 6:.1f}" y="{top - 3:.1f}" width="{26 + 6.0 * widest:.1f}" '
            f'height="{15 * len(self.legend) + 6}" fill="#fff" fill-opacity="0.85"/>'
        ]
        for row, (colour, text) in enumerate(self.legend):
            y = top + 15 * row + 11
            parts.append(f'<rect x="{left:.1f}" y="{y - 7:.1f}" width="10" height="6" fill="{colour}"/>')
            parts.append(_text(left + 15, y, text, SOFT))
        return parts


def _text(
    x: float, y: float, text: str, colour: str, *, anchor: str = "start", size: int = 0, weight: int = 0,
    turned: bool = False,
) -> str:  # fmt: skip
    looks = f' font-size="{size}"' if size else ""
    looks += f' font-weight="{weight}"' if weight else ""
    looks += f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}"{looks}>{escape(text)}</text>'
