"""From a score to the chance of a false alarm, at any gallery size.

The scores of `normaliser.py` have a nearly standard normal upper tail, so two numbers describe it:

    FMR(s) = 1 - Phi(shift + slope * s)          the chance that a stranger's template scores s or more
    FPIR(N, s) = 1 - (1 - FMR(s))^N              the chance that any of N strangers does (NISTIR 8271)

and the law holds at sizes that were never measured. The tail of a normal distribution is always convex in logarithm,
so FMR falls with the score everywhere.

What two numbers can't say is how much denser one gallery is than another. That is one more factor, on the odds of a
false match, which each gallery counts among its own people (`strangers.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from matcher.errors import OutsideCalibration
from matcher.scoring.likeness import Floats
from matcher.scoring.normal import log_tail, quantile

_TARGETS = (0.1, 0.05, 0.03)
_LEAST_ALARMS = 5


class Reach(StrEnum):
    """How well a score is covered by the data behind a calibration."""

    MEASURED = "measured"
    MODELLED = "modelled"
    BEYOND = "beyond"


@dataclass(frozen=True, slots=True)
class FalseMatchLaw:
    """The law above. measured_to: as far as strangers were seen; modelled_to: as far as the law is used.

    Beyond `modelled_to` probabilities stay at its value, and are to be read as "at most".
    factor: on the odds of FMR; above 1 where strangers are alike more often than in the data behind the law.
    """

    shift: float
    slope: float
    measured_to: float
    modelled_to: float
    factor: float = 1.0

    def __post_init__(self) -> None:
        if not (self.slope > 0 and np.isfinite([self.shift, self.slope]).all()):
            raise ValueError(
                f"a law of shift {self.shift} and slope {self.slope} does not fall; fit it on more searches"
            )
        if not 0 < self.factor < np.inf:
            raise ValueError(f"a factor of {self.factor} on false matches; give a number above 0")
        if not self.measured_to <= self.modelled_to:
            raise ValueError(f"measured to {self.measured_to} but modelled only to {self.modelled_to}")

    def times(self, factor: float) -> Self:
        """The same where false matches are this much more frequent."""
        return replace(self, factor=self.factor * factor)

    def reach(self, score: float) -> Reach:
        if score <= self.measured_to:
            return Reach.MEASURED
        return Reach.MODELLED if score <= self.modelled_to else Reach.BEYOND

    def log_fmr(self, scores: ArrayLike) -> Floats:
        """The natural logarithm of FMR, float64, same shape; exact where FMR itself would round to 0."""
        placed = self.shift + self.slope * np.minimum(np.asarray(scores, dtype=np.float64), self.modelled_to)
        logs = log_tail(placed)
        if self.factor != 1:
            # On the odds, so that a rate stays one: log p' with p' / (1 - p') = factor * p / (1 - p).
            logs = -np.logaddexp(0.0, log_tail(-placed) - logs - np.log(self.factor))
        return logs

    def fmr(self, scores: ArrayLike) -> Floats:
        """The chance that one stranger's template scores this or more, float64, same shape."""
        rates: Floats = np.exp(self.log_fmr(scores))
        return rates

    def fpir(self, scores: ArrayLike, people: int) -> Floats:
        """The chance that any of `people` strangers scores this or more, float64, same shape; 0 among nobody."""
        if people < 0:
            raise ValueError(f"{people} people; give 0 or more")
        rates: Floats = -np.expm1(people * np.log1p(-np.minimum(self.fmr(scores), 1 - 1e-16)))
        return rates

    def threshold(self, fpir: float, people: int) -> float:
        """The score at which FPIR is as asked for, among `people`; rises with people and as the FPIR gets stricter.

        Raises OutsideCalibration where the law would have to be used beyond `modelled_to`.
        """
        if not 0 < fpir < 1:
            raise ValueError(f"the target FPIR is {fpir}; give a share above 0 and below 1")
        fmr = -np.expm1(np.log1p(-fpir) / max(people, 1))
        plain = fmr / (fmr + self.factor * (1 - fmr))
        score = float((-quantile(plain) - self.shift) / self.slope)
        if score > self.modelled_to:
            least = float(self.fpir(self.modelled_to, people))
            raise OutsideCalibration(
                f"FPIR {fpir:g} among {people} people is outside what was calibrated; the strictest is {least:.1g}"
            )
        return score


@dataclass(frozen=True, slots=True)
class Searches:
    """Non-mated searches of one gallery. top: float64 (n,), the highest score of each. people: the gallery's size."""

    top: Floats
    people: int


def fit_law(searches: Sequence[Searches]) -> FalseMatchLaw:
    """The law whose FPIR agrees with what was observed at FPIR 0.1, 0.05 and 0.03.

    Each set of searches (one gallery and size) weighs the same. At each target, the observed threshold is laid against
    the normal score that the target asks for at that size; the law is the least-squares line. Remove people who are in
    the data under two names first: their matches are no false ones, and they rule the tail.
    It counts as measured down to an FMR of 3 in all comparisons of the largest set (the rule of three), and is used
    down to a thousandth of that.
    Raises OutsideCalibration where there are too few searches: 5 must alarm at FPIR 0.1, in at least one set.
    """
    seen, asked, mass = [], [], []
    for part in searches:
        falling = np.sort(part.top)[::-1]
        targets = [target for target in _TARGETS if target * falling.size >= _LEAST_ALARMS]
        for target in targets:
            seen.append(falling[int(target * falling.size)])
            asked.append(-quantile(-np.expm1(np.log1p(-target) / part.people)))
            mass.append(1 / len(targets))
    if not seen:
        raise OutsideCalibration(
            "too few non-mated searches to calibrate; 50 people who are not in the gallery are needed"
        )
    shift, slope = _line(np.array(seen), np.array(asked), np.array(mass))
    finest = 3 / max(part.top.size * part.people for part in searches)
    measured_to, modelled_to = ((-quantile(fmr) - shift) / slope for fmr in (finest, finest / 1000))
    return FalseMatchLaw(shift, slope, float(measured_to), float(modelled_to))


def _line(seen: Floats, asked: Floats, mass: NDArray[np.float64]) -> tuple[float, float]:
    weights = mass / mass.sum()
    x, y = float(weights @ seen), float(weights @ asked)
    # One observation's worth of the identity: a set of one size and few searches has hardly a slope of its own.
    prior = 0.05
    slope = (weights @ ((seen - x) * (asked - y)) + prior) / (weights @ (seen - x) ** 2 + prior)
    return y - float(slope) * x, float(slope)
