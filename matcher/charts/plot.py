"""What a chart shows: names along one axis, one or more series of numbers along the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Shown = Callable[[float], str]
"""How a number is written for the reader, as in 1,234 or 12 %."""


@dataclass(frozen=True, slots=True)
class Series:
    """One number for each name of the plot; None where there is none, which is not 0.

    low, high: of each number's interval; empty where none is known. colour: 1 to 6, as the style sheet has them.
    """

    name: str
    values: Sequence[float | None]
    colour: int = 1
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.colour <= 6:
            raise ValueError(f"colour {self.colour} is not one of 1 to 6")
        for ends in (self.low, self.high):
            if ends and len(ends) != len(self.values):
                raise ValueError(f"{len(ends)} ends of intervals for {len(self.values)} values of {self.name!r}")


@dataclass(frozen=True, slots=True)
class Plot:
    """key: names the chart within its page. title: what it shows, description: what is to be seen in it, in words.

    names: of the bars or the places along the axis; along, up: what these and the numbers are. shown: how numbers are
    written. Raises ValueError where a series has another number of values.
    """

    key: str
    title: str
    description: str
    names: Sequence[str]
    series: Sequence[Series]
    shown: Shown
    along: str = ""
    up: str = ""

    def __post_init__(self) -> None:
        if not (self.key.isascii() and self.key.replace("-", "").isalnum()):
            raise ValueError(f"key {self.key!r} can't name an element; use letters, digits and hyphens")
        for series in self.series:
            if len(series.values) != len(self.names):
                raise ValueError(f"{series.name!r} has {len(series.values)} values for {len(self.names)} names")

    def table(self) -> list[tuple[str, list[str]]]:
        """The numbers by name, a cell for each series; a number that there is not is a dash."""
        return [(name, [self._cell(series, place) for series in self.series]) for place, name in enumerate(self.names)]

    def highest(self, *, stacked: bool = False) -> float:
        """The largest number that has to fit, of all series or of their sum."""
        columns = [[series.values[place] or 0.0 for series in self.series] for place in range(len(self.names))]
        ends = [end for series in self.series for end in series.high if end is not None]
        tops = [sum(column) if stacked else max(column, default=0.0) for column in columns]
        return max([*tops, *ends], default=0.0)

    def _cell(self, series: Series, place: int) -> str:
        value = series.values[place]
        return "–" if value is None else self.shown(value)  # noqa: RUF001 - an en dash stands for no number
