"""Bars that lie, for names that need room to be read, and bars that stand, for what follows one another in time."""

from matcher.charts.axis import Axis, round_ticks
from matcher.charts.drawing import LINE, box, framed, legend, rule, text, wide
from matcher.charts.plot import Plot

WIDTH = 640.0
_ROW, _BAR = 24.0, 14.0
_HEIGHT = 240.0
_EDGE = 18.0
"""Room for the last name, which may be wider than its column."""
_MOST_LABELS = 12


def lying(plot: Plot) -> str:
    """A row for each name; several series are stacked. The row's sum stands behind it."""
    left = 12 + max(map(wide, plot.names), default=0.0)
    room = WIDTH - left - 64
    names, above = legend(plot, left, 2, room)
    scale = Axis("", 0.0, max(plot.highest(stacked=True), 1e-9), ())
    marks = list(names)
    for place, name in enumerate(plot.names):
        top = above + 4 + place * _ROW
        marks.append(text(left - 8, top + _BAR - 2.5, name, anchor="end"))
        x, total = left, 0.0
        for series in plot.series:
            value = series.values[place] or 0.0
            width = scale.share(value) * room
            if value:
                marks.append(box(x, top, width, _BAR, series.colour, told=_told(plot, name, series.name, value)))
            x, total = x + width, total + value
        marks.append(text(x + 6, top + _BAR - 2.5, plot.shown(total), "chart-value"))
    bottom = above + 4 + len(plot.names) * _ROW
    marks.insert(0, rule(left, above + 1, left, bottom))
    return framed(plot, WIDTH, bottom + 2, marks)


def standing(plot: Plot, *, stacked: bool = False, touching: bool = False, whole: bool = True) -> str:
    """A column for each name, several series beside or upon one another. touching: the columns of a histogram.

    whole: the numbers are counts, so that the axis has no halves.
    """
    ticks = round_ticks(plot.highest(stacked=stacked), whole=whole)
    axis = Axis(plot.up, 0.0, ticks[-1], [(tick, plot.shown(tick)) for tick in ticks])
    left = 14 + max(wide(label) for _, label in axis.ticks)
    names, above = legend(plot, left, 2, WIDTH - left)
    top, bottom = above + 20, above + 20 + _HEIGHT - 80
    marks = [*names, text(left, above + 12, plot.up), *_grid(axis, left, top, bottom)]
    step = (WIDTH - left - _EDGE) / max(1, len(plot.names))
    for place, name in enumerate(plot.names):
        marks += _column(plot, axis, place, (left + place * step, step), (top, bottom), stacked=stacked,
                         touching=touching)  # fmt: skip
        if place % _every(plot, step) == 0:
            marks.append(text(left + (place + 0.5) * step, bottom + 16, name, anchor="middle"))
    marks.append(text((left + WIDTH) / 2, bottom + 16 + LINE, plot.along, anchor="middle"))
    return framed(plot, WIDTH, bottom + 22 + LINE, marks)


def _grid(axis: Axis, left: float, top: float, bottom: float) -> list[str]:
    parts = []
    for value, label in axis.ticks:
        y = bottom - axis.share(value) * (bottom - top)
        parts += [rule(left, y, WIDTH, y), text(left - 8, y + 4, label, anchor="end")]
    return parts


def _column(
    plot: Plot, axis: Axis, place: int, across: tuple[float, float], ends: tuple[float, float], *, stacked: bool,
    touching: bool,
) -> list[str]:  # fmt: skip
    """The boxes of one name. across: where its room begins and how wide it is. ends: top and bottom of the axis."""
    (x, step), (top, bottom) = across, ends
    gap = 1.0 if touching else max(2.0, 0.14 * step)
    each = (step - 2 * gap) / (1 if stacked else len(plot.series))
    parts, y = [], bottom
    for number, series in enumerate(plot.series):
        value = series.values[place]
        if not value:
            continue
        height = axis.share(value) * (bottom - top)
        y = y - height if stacked else bottom - height
        start = x + gap if stacked else x + gap + number * each
        parts.append(
            box(start, y, each, height, series.colour, told=_told(plot, plot.names[place], series.name, value))
        )
    return parts


def _every(plot: Plot, step: float) -> int:
    """Names that would run into each other are written at every second, third ... place."""
    needed = 10 + max(map(wide, plot.names), default=0.0)
    return max(1, -int(-needed // step), -(-len(plot.names) // _MOST_LABELS) if needed > step else 1)


def _told(plot: Plot, name: str, series: str, value: float) -> str:
    return f"{name}, {series}: {plot.shown(value)}" if len(plot.series) > 1 else f"{name}: {plot.shown(value)}"
