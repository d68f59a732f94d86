"""From components to one score and a verdict.

    logit(score / 100) = _BASE + sum over _WEIGHTS of weight * ln((component / 100 + 0.05) / 1.05)

A product of powers: one hopeless component makes the photo hopeless, however good the others are. Which components
stand here, and with what weight, was fitted on real photos and degraded copies (docs/quality.md). The others either
did not predict a missed person, or depend on the colour of the skin; they are reported and never count.
"""

import math
from dataclasses import dataclass

from matcher.errors import BadSetting
from matcher.quality.scale import hundred, rising
from matcher.quality.values import Components, Measure, Verdict

_BASE = 2.613
_WEIGHTS = {
    Measure.LANDMARKS: 1.629,
    Measure.SHARPNESS: 1.823,
    Measure.GRAIN: 0.485,
    Measure.BLOCKS: 0.682,
    Measure.OVER_EXPOSURE: 0.426,
    Measure.YAW: 1.622,
    Measure.PITCH: 2.899,
}
_OFFSET = 0.05


@dataclass(frozen=True, slots=True)
class QualityPolicy:
    """Which scores are poor (searched, with a warning) and which unfit (refused unless searched all the same).

    The defaults are for hopeless photos: they refuse none of the ordinary photos they were measured on. Raises
    BadSetting unless 0 <= unfit_below <= poor_below <= 100.
    """

    poor_below: float = 55.0
    unfit_below: float = 10.0

    def __post_init__(self) -> None:
        if not 0 <= self.unfit_below <= self.poor_below <= 100:
            raise BadSetting(
                f"photos are poor below {self.poor_below} and unfit below {self.unfit_below}; "
                "give 0 <= unfit <= poor <= 100"
            )

    def verdict(self, score: float) -> Verdict:
        if score < self.unfit_below:
            return Verdict.UNFIT
        return Verdict.POOR if score < self.poor_below else Verdict.GOOD


DEFAULT_POLICY = QualityPolicy()


def losses(components: Components) -> dict[Measure, float]:
    """What each component that counts takes from the score, in logits, 0 or more."""
    return {
        measure: weight * math.log((1 + _OFFSET) / (components[measure].score / 100 + _OFFSET))
        for measure, weight in _WEIGHTS.items()
    }


def overall(components: Components) -> float:
    """The score, 0 to 100: of the photos it was fitted on, half of their weight degraded, that share was found."""
    return hundred(100 * rising(_BASE - sum(losses(components).values()), 0, 1))
