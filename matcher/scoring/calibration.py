"""Everything that turns an engine's scores into probabilities, as one value and one JSON file."""

import json
import math
from dataclasses import asdict, dataclass, replace
from typing import Self

from matcher.errors import BadSetting
from matcher.scoring.by_quality import QualityLaw
from matcher.scoring.falsematch import FalseMatchLaw, Reach
from matcher.scoring.likelihood import LikelihoodLaw

FORMAT = "calibration/2"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a calibration is from.

    engine: the key of the templates. description: the data, in words. date: ISO 8601. people: how many were in it.
    sizes: the gallery sizes of the searches. non_mated, mated: how many searches of each kind.
    """

    engine: str
    description: str
    date: str
    people: int
    sizes: tuple[int, ...]
    non_mated: int
    mated: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """false_matches: score to false alarms. likelihood: score to likelihood ratio. source: the data behind both.

    by_quality: the ratio given the quality of the probe's photo; None where that was not known of the data.
    """

    source: Source
    false_matches: FalseMatchLaw
    likelihood: LikelihoodLaw
    by_quality: QualityLaw | None = None

    def times(self, factor: float) -> Self:
        """The same among people who are falsely matched this much more often than those it was made with."""
        less = math.log(factor)
        given = self.by_quality
        return replace(
            self,
            false_matches=self.false_matches.times(factor),
            likelihood=replace(self.likelihood, constant=self.likelihood.constant - less),
            by_quality=None if given is None else replace(given, constant=given.constant - less),
        )

    def likelihood_at(self, quality: float | None) -> LikelihoodLaw:
        """The law for probes of this quality, 0 to 100; None: not known, then the law that asks for none."""
        return self.likelihood if quality is None or self.by_quality is None else self.by_quality.at(quality)

    def reach(self, score: float, people: int) -> Reach:
        """How well an FPIR is covered: measured only at gallery sizes from the smallest to the largest that were."""
        reach = self.false_matches.reach(score)
        inside = min(self.source.sizes) <= people <= max(self.source.sizes)
        return reach if inside or reach is Reach.BEYOND else Reach.MODELLED

    def to_json(self) -> str:
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote; BadSetting for anything else."""
        try:
            content = json.loads(text)
            if content["format"] != FORMAT:
                raise BadSetting(
                    f"this calibration is of format {content['format']}; this program reads {FORMAT}; calibrate again"
                )
            source = {**content["source"], "sizes": tuple(content["source"]["sizes"])}
            given = content["by_quality"]
            return cls(
                Source(**source),
                FalseMatchLaw(**content["false_matches"]),
                LikelihoodLaw(**content["likelihood"]),
                None if given is None else QualityLaw(**given),
            )
        except (ValueError, KeyError, TypeError) as exc:
            raise BadSetting("this is not a calibration file, or it is damaged; calibrate again") from exc
