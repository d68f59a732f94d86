"""Do the two engines of a joined one say the same of a candidate?

A joined template is its parts' templates side by side, so each part can be asked alone: its own normalised score, and
how often strangers reach that, both learned from the gallery's cohort. The engines disagree where one of them sees
the person and the other a stranger.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from matcher.records.values import PersonKey
from matcher.scoring.cohort import Codes
from matcher.scoring.crowd import Crowd, code_of, templates_of
from matcher.scoring.falsematch import FalseMatchLaw, Searches, fit_law
from matcher.scoring.fusion import Agreement, agreement
from matcher.scoring.learning import LEAST_ALONE, learn
from matcher.scoring.likeness import Floats, Vectors, similarities, unit
from matcher.scoring.normaliser import Normaliser
from matcher.scoring.rating import Rated, Ratings
from matcher.scoring.strangers import Strangers

MOST = 1024
"""People of the cohort that a part is judged by: enough for a score of one in a thousand, learned in 0.2 seconds."""

_KEPT = 7


@dataclass(frozen=True, slots=True, repr=False)
class Judge:
    """One part. columns: of the joined template. law: how often strangers reach a score of this part."""

    columns: slice
    normaliser: Normaliser
    law: FalseMatchLaw

    @classmethod
    def of(cls, own: Vectors, codes: Codes, columns: slice) -> Self:
        """Learned from a cohort's joined templates, float32 (c, d), and their people's codes, ascending."""
        side = unit(own[:, columns])
        normaliser = learn(side, codes, people=len(codes), population=None)
        strangers = Strangers.of(normaliser)
        if strangers is None:
            raise ValueError(f"a cohort of {len(codes)} is too small to judge by")
        return cls(columns, normaliser, fit_law([Searches(strangers.highest(), len(codes) - 1)]))

    def scores(self, probe: NDArray[np.float32], templates: Vectors, codes: Codes) -> Floats:
        """This part's scores, float64 (n,), of a joined probe (d,) against joined templates (n, d)."""
        mine, theirs = unit(probe[None, self.columns]), unit(templates[:, self.columns])
        tails = self.normaliser.templates(theirs, codes)
        found: Floats = self.normaliser.probes(mine).scores(similarities(mine, theirs), tails, codes)[0]
        return found

    def verdicts(self, probe: NDArray[np.float32], templates: Vectors, codes: Codes) -> tuple[Agreement, ...]:
        """What this part says of each candidate alone: the person, perhaps, or a stranger."""
        return agreement(self.scores(probe, templates, codes), self.law)


@dataclass(frozen=True, slots=True, repr=False)
class Judges:
    """Both parts of a joined engine, for one gallery's crowd."""

    first: Judge
    second: Judge

    @classmethod
    def of(cls, normaliser: Normaliser, dimensions: Sequence[int]) -> Self | None:
        """Learned from the gallery's cohort; None where it is too small to judge by.

        dimensions: of the two parts' templates, in their order.
        """
        own, codes = normaliser.own[:MOST], normaliser.codes[:MOST]
        if len(codes) < LEAST_ALONE:
            return None
        border = dimensions[0]
        return cls(Judge.of(own, codes, slice(0, border)), Judge.of(own, codes, slice(border, sum(dimensions))))

    def judged(
        self, ratings: Ratings, probe: NDArray[np.float32], photos: Mapping[PersonKey, NDArray[np.float32]]
    ) -> Ratings:
        """The same list, each candidate with whether the engines agree about it.

        probe: float32 (d,). photos: every vector of the people listed.
        """
        if not ratings.listed:
            return ratings
        keys = [entry.key for entry in ratings.listed]
        templates = templates_of([photos[key] for key in keys])
        codes = np.array([code_of(key) for key in keys], dtype=np.int64)
        both = (judge.verdicts(probe, templates, codes) for judge in (self.first, self.second))
        listed = tuple(_marked(*one) for one in zip(ratings.listed, *both, strict=True))
        return replace(ratings, listed=listed)


def together(first: Agreement, second: Agreement) -> Agreement:
    """Whether two engines say the same of a candidate: the person, perhaps, or a stranger."""
    if first is second:
        return Agreement.AGREE
    return Agreement.DOUBTFUL if Agreement.DOUBTFUL in {first, second} else Agreement.DISAGREE


def _marked(entry: Rated, first: Agreement, second: Agreement) -> Rated:
    return replace(entry, agreement=together(first, second))


class Bench:
    """The judges of a joined engine, learned once for each crowd. Any number of threads may share it."""

    def __init__(self, dimensions: Sequence[int]) -> None:
        """dimensions: of the two parts' templates, in their order."""
        self._dimensions = dimensions
        self._learning = threading.Lock()
        self._known: list[tuple[Crowd, Judges | None]] = []

    def judged(
        self,
        ratings: Sequence[Ratings],
        probes: NDArray[np.float32],
        photos: Mapping[PersonKey, NDArray[np.float32]],
        crowd: Crowd,
    ) -> tuple[Ratings, ...]:
        """The same lists, each candidate with whether the engines agree; as they are where the crowd is too small."""
        judges = self._judges(crowd)
        if judges is None:
            return tuple(ratings)
        return tuple(judges.judged(one, probe, photos) for one, probe in zip(ratings, probes, strict=True))

    def _judges(self, crowd: Crowd) -> Judges | None:
        with self._learning:
            for known, judges in self._known:
                if known is crowd:
                    return judges
            made = Judges.of(crowd.normaliser, self._dimensions)
            self._known = [*self._known[-_KEPT:], (crowd, made)]
            return made
