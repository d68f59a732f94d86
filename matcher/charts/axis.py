"""Axes: where a value stands between two ends, and which round numbers are written beside them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Axis:
    """From low to high, with a label at each tick. log: equal ratios are equally far apart; low is then above 0."""

    title: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    log: bool = False

    def share(self, value: float) -> float:
        """Where a value stands, 0 at the low end and 1 at the high one; what lies beyond stands at the end."""
        value = min(max(value, self.low), self.high)
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def round_ticks(highest: float, *, whole: bool = False, at_most: int = 5) -> list[float]:
    """0 and multiples of a round step up to the first that is not below `highest`; whole: whole numbers only."""
    if highest <= 0:
        highest = 1.0
    rough = highest / at_most
    if whole:
        rough = max(1.0, rough)
    power = 10.0 ** math.floor(math.log10(rough))
    fit = (step * power for step in _STEPS if step * power >= rough * (1 - 1e-9))
    step = next(one for one in fit if not whole or one == int(one))
    return [count * step for count in range(math.ceil(highest / step - 1e-9) + 1)]


def places_axis(names: Sequence[str], *, at_most: int = 12) -> Axis:
    """The axis of names that follow one another, at 0, 1, 2 ...; written at so many of them that they don't collide."""
    every = max(1, math.ceil(len(names) / at_most))
    ticks = [(place, name) for place, name in enumerate(names) if place % every == 0]
    return Axis("", 0, max(1, len(names) - 1), ticks)
