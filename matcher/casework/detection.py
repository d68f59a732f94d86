"""How well somebody tells same from different: signal detection theory's sensitivity d' and response criterion c.

d' = z(H) - z(F) and c = -(z(H) + z(F)) / 2, where H is the share of same-person pairs called so and F that of different
pairs called the same; z is the normal quantile (Macmillan and Creelman 2005). Shares are moved off 0 and 1 by the
log-linear correction: half a hit and one trial are added to each kind (Hautus 1995). c above 0 means that somebody
says "same person" too rarely, below 0 too often.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Detection:
    """Counts of answers to pairs whose truth is known."""

    hits: int = 0
    misses: int = 0
    false_alarms: int = 0
    correct_rejections: int = 0

    @property
    def trials(self) -> int:
        return self.hits + self.misses + self.false_alarms + self.correct_rejections

    @property
    def accuracy(self) -> float | None:
        """The share of right answers; None before the first."""
        return (self.hits + self.correct_rejections) / self.trials if self.trials else None

    @property
    def d_prime(self) -> float | None:
        """Sensitivity; None before there were pairs of both kinds."""
        return None if self._z is None else self._z[0] - self._z[1]

    @property
    def criterion(self) -> float | None:
        """Response criterion; None before there were pairs of both kinds."""
        return None if self._z is None else -(self._z[0] + self._z[1]) / 2

    @property
    def _z(self) -> tuple[float, float] | None:
        same, different = self.hits + self.misses, self.false_alarms + self.correct_rejections
        if not same or not different:
            return None
        quantile = NormalDist().inv_cdf
        return quantile((self.hits + 0.5) / (same + 1)), quantile((self.false_alarms + 0.5) / (different + 1))


def detection(answers: Iterable[tuple[bool, bool]]) -> Detection:
    """Counts of (is the same person, was called the same person)."""
    hits = misses = alarms = rejections = 0
    for same, called in answers:
        hits += same and called
        misses += same and not called
        alarms += called and not same
        rejections += not called and not same
    return Detection(hits, misses, alarms, rejections)
