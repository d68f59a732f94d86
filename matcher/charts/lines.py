"""Lines with dots over names in order or over numbers, with intervals where they are known."""

from collections.abc import Sequence

from matcher.charts.axis import Axis
from matcher.charts.bars import WIDTH
from matcher.charts.drawing import LINE, framed, legend, rule, text, wide
from matcher.charts.plot import Plot, Series

_HEIGHT = 180.0


def lines(
    plot: Plot, x: Axis, y: Axis, places: Sequence[float], *, expected: Series | None = None, valued: bool = False
) -> str:
    """A line for each series, broken where a number is missing. places: of the plot's names on the axis `x`.

    expected: a line of its own, dashed and without dots, to hold the others against. valued: numbers at the dots.
    """
    left = 14 + max((wide(label) for _, label in y.ticks), default=0.0)
    names, above = legend(plot, left, 2, WIDTH - left)
    sheet = _Sheet(x, y, left, above + 20, above + 20 + _HEIGHT)
    marks = [*names, text(left, above + 12, y.title), *sheet.grid()]
    if expected is not None:
        marks.append(sheet.way([*zip(places, expected.values, strict=True)], f"expected line-{expected.colour}"))
    for series in plot.series:
        points = [*zip(places, series.values, strict=True)]
        marks += [sheet.way(part, f"line line-{series.colour}") for part in _unbroken(points)]
        marks += sheet.dots(plot, series, places, valued=valued)
    marks.append(text((left + WIDTH) / 2, sheet.bottom + 16 + LINE, x.title, anchor="middle"))
    return framed(plot, WIDTH, sheet.bottom + 22 + LINE, marks)


class _Sheet:
    """Where the two axes put things."""

    def __init__(self, x: Axis, y: Axis, left: float, top: float, bottom: float) -> None:
        self._x, self._y = x, y
        self.left, self.top, self.bottom = left, top, bottom

    def across(self, value: float) -> float:
        return self.left + 16 + self._x.share(value) * (WIDTH - self.left - 44)

    def down(self, value: float) -> float:
        return self.bottom - self._y.share(value) * (self.bottom - self.top)

    def grid(self) -> list[str]:
        parts = []
        for value, label in self._y.ticks:
            y = self.down(value)
            parts += [rule(self.left, y, WIDTH, y), text(self.left - 8, y + 4, label, anchor="end")]
        for value, label in self._x.ticks:
            parts.append(text(self.across(value), self.bottom + 16, label, anchor="middle"))
        return parts

    def way(self, points: Sequence[tuple[float, float | None]], kind: str) -> str:
        placed = " ".join(f"{self.across(x):.1f},{self.down(y):.1f}" for x, y in points if y is not None)
        return f'<polyline class="{kind}" points="{placed}"/>'

    def dots(self, plot: Plot, series: Series, places: Sequence[float], *, valued: bool) -> list[str]:
        parts = []
        for place, (x, value) in enumerate(zip(places, series.values, strict=True)):
            if value is None:
                continue
            across = self.across(x)
            low, high = _ends(series, place)
            if low is not None and high is not None:
                parts.append(rule(across, self.down(low), across, self.down(high), f"line-{series.colour}"))
            parts.append(
                f'<circle class="series-{series.colour}" cx="{across:.1f}" cy="{self.down(value):.1f}" r="3.5"/>'
            )
            if valued:
                parts.append(text(across, self.down(value) - 8, plot.shown(value), "chart-value", anchor="middle"))
        return parts


def _ends(series: Series, place: int) -> tuple[float | None, float | None]:
    return (series.low[place] if series.low else None), (series.high[place] if series.high else None)


def _unbroken(points: Sequence[tuple[float, float | None]]) -> list[list[tuple[float, float | None]]]:
    parts: list[list[tuple[float, float | None]]] = [[]]
    for point in points:
        if point[1] is None:
            parts.append([])
        else:
            parts[-1].append(point)
    return [part for part in parts if len(part) > 1]
