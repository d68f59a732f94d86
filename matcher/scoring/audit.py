"""When two people of one gallery are more alike than chance allows."""

import math
from dataclasses import dataclass, replace
from typing import Self

from matcher.scoring.falsematch import FalseMatchLaw, Reach

_STRICTEST = 1e-300


@dataclass(frozen=True, slots=True)
class Bar:
    """From which score on pairs of a gallery are worth a look. people: how many it has; pairs: n (n - 1) / 2.

    The law is used as far as it takes, because among many pairs only scores that no calibration has seen stand out;
    `reach` says of each how far that was.
    """

    score: float
    people: int
    law: FalseMatchLaw

    @classmethod
    def of(cls, law: FalseMatchLaw, people: int, *, expected: float) -> Self:
        """At which chance would bring `expected` pairs among so many people."""
        endless = replace(law, modelled_to=math.inf)
        pairs = max(people * (people - 1) / 2, 1.0)
        fmr = min(max(expected / pairs, _STRICTEST), 0.5)
        return cls(endless.threshold(fmr, 1), people, law)

    def chance(self, score: float) -> float:
        """How many pairs with this score or more chance would bring."""
        endless = replace(self.law, modelled_to=math.inf)
        return self.people * (self.people - 1) / 2 * float(endless.fmr(score))

    def reach(self, score: float) -> Reach:
        return self.law.reach(score)
