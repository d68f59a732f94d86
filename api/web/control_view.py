"""Officers' results in control cases as a page and a file show them."""

from collections.abc import Iterable
from dataclasses import dataclass

from api.web.words import who
from matcher.casework.controls import OfficerResult
from matcher.casework.detection import Detection

FEW = 20
"""With fewer pairs of either kind nothing is said of how somebody leans."""
_LEANS = 0.5


@dataclass(frozen=True, slots=True)
class OfficerLine:
    """One officer. low, high: 95 % interval of the accuracy (Wilson), None before the first pair.

    lean: "rarely" says "same person" too rarely, "often" too often, "even" neither, "few" too little is known.
    """

    name: str
    reviews: int
    blind_accuracy: float | None
    accuracy: float | None
    low: float | None
    high: float | None
    final: Detection
    lean: str

    def row(self) -> tuple[object, ...]:
        """For a file."""
        final = self.final
        numbers = (self.blind_accuracy, self.accuracy, self.low, self.high)
        counts = (final.hits, final.misses, final.false_alarms, final.correct_rejections)
        shown = tuple(
            "" if number is None else f"{number:.4f}" for number in (*numbers, final.d_prime, final.criterion)
        )
        return (self.name, self.reviews, final.trials, *shown[:4], *counts, *shown[4:])


def officer_lines(results: Iterable[OfficerResult]) -> list[OfficerLine]:
    """By name."""
    return sorted((_line(one) for one in results), key=lambda line: line.name)


def _line(one: OfficerResult) -> OfficerLine:
    from matcher.evaluation.intervals import wilson

    final, low, high = one.final, None, None
    if final.trials:
        interval = wilson(final.hits + final.correct_rejections, final.trials)
        low, high = interval.low, interval.high
    return OfficerLine(
        who(one.account), one.reviews, one.blind.accuracy, final.accuracy, low, high, final, _lean(final)
    )


def _lean(final: Detection) -> str:
    same, different = final.hits + final.misses, final.false_alarms + final.correct_rejections
    if final.criterion is None or min(same, different) < FEW:
        return "few"
    return "rarely" if final.criterion > _LEANS else "often" if final.criterion < -_LEANS else "even"
