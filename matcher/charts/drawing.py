"""The parts that all charts are put together from: the frame that names itself, texts, rectangles, lines."""

from collections.abc import Iterable
from html import escape
from unicodedata import east_asian_width

from matcher.charts.plot import Plot

_NARROW, _WIDE = 6.4, 12.2
"""About how wide a letter and an ideograph are, at the 12 units that labels have."""
LINE = 18


def framed(plot: Plot, width: float, height: float, marks: Iterable[str]) -> str:
    """An SVG element that tells what it shows; marks: in the order in which they cover each other."""
    title, description = f"{plot.key}-title", f"{plot.key}-description"
    parts = [
        f'<svg class="chart" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-labelledby="{title}" aria-describedby="{description}">',
        f'<title id="{title}">{escape(plot.title)}</title>',
        f'<desc id="{description}">{escape(plot.description)}</desc>',
        *marks,
        "</svg>",
    ]
    return "\n".join(parts)


def text(x: float, y: float, words: str, kind: str = "chart-label", *, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def box(x: float, y: float, width: float, height: float, colour: int, *, told: str = "") -> str:
    """A filled rectangle in a series' colour. told: what a pointer that rests on it is told."""
    inner = f"<title>{escape(told)}</title>" if told else ""
    shape = f'class="series-{colour}" x="{x:.1f}" y="{y:.1f}" width="{max(0.0, width):.1f}" height="{height:.1f}"'
    return f"<rect {shape}>{inner}</rect>" if inner else f"<rect {shape}/>"


def rule(x1: float, y1: float, x2: float, y2: float, kind: str = "chart-rule") -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def wide(words: str) -> float:
    """About how wide a label is."""
    return sum(_WIDE if east_asian_width(sign) in "WF" else _NARROW for sign in words)


def legend(plot: Plot, left: float, top: float, width: float) -> tuple[list[str], float]:
    """The names of several series in lines of at most this width, and how high they are; nothing for one series."""
    if len(plot.series) < 2:
        return [], 0.0
    parts, x, y = [], left, top
    for series in plot.series:
        needed = 16 + wide(series.name) + 18
        if x > left and x + needed > left + width:
            x, y = left, y + LINE
        parts += [box(x, y, 10, 10, series.colour), text(x + 16, y + 9.5, series.name)]
        x += needed
    return parts, y - top + LINE
