"""The score of a probe against a template: where their similarity stands among strangers, seen from both sides.

    score = (z of the template's tail + z of the probe's tail) / 2

Both tails come from a cohort: people of the operator's own gallery, blended with a shipped population of nobody
(`population.py`) that weighs as much as 200 people where it fits, and less where the gallery shows that it does not.
One-sided scores, the minimum of both, and scores with the raw similarity mixed in were measured and are worse, or
unfair to dense groups.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from matcher.scoring.cohort import Codes, highest_of, leaving_one_out, tails_on_grid
from matcher.scoring.likeness import Floats, Vectors, on_grid, similarities_on_grid
from matcher.scoring.spread import SpreadLaw
from matcher.scoring.tail import Tail, draw, kept

SETTLED = 250
"""From how many people on false alarms were as predicted, within a factor of 1.5, also where no population fits."""


class Basis(StrEnum):
    """What a gallery's scores rest on; an answer says so."""

    SHIPPED = "shipped population"
    BLENDED = "own gallery and shipped population"
    SMALL = "own gallery, still small"
    OWN = "own gallery"


@dataclass(frozen=True, slots=True, repr=False)
class ProbeTails:
    """The tails of probes, with one tail more for each member of the cohort that is among their most similar.

    A candidate is never part of the crowd it is measured against: its own tail leaves it out.
    plain: the tails of n probes. codes: int64 (n, k), the people left out, -1 for none.
    without: level and spread, float64 (n, k) each.
    """

    plain: Tail
    codes: Codes
    without_level: Floats
    without_spread: Floats

    def row(self, place: int) -> Self:
        """Those of one probe alone."""
        rows = slice(place, place + 1)
        return type(self)(self.plain.take(rows), self.codes[rows], self.without_level[rows], self.without_spread[rows])

    def scores(self, likeness: NDArray[np.floating], templates: Tail, people: Codes) -> Floats:
        """The scores of candidates, float64 (n, m).

        likeness: (n, m), similarities to the m templates. templates: their tails. people: int64 (m,), their people.
        """
        similar = np.asarray(likeness, dtype=np.float64)
        probe_side = Tail(self.plain.level[:, None], self.plain.spread[:, None]).z(similar)
        by_code = np.argsort(people, kind="stable")
        first = np.searchsorted(people[by_code], self.codes, side="left")
        last = np.searchsorted(people[by_code], self.codes, side="right")
        for row, place in np.argwhere((last > first) & (self.codes >= 0)):
            columns = by_code[first[row, place] : last[row, place]]
            own = Tail(self.without_level[row, place], self.without_spread[row, place])
            probe_side[row, columns] = own.z(similar[row, columns])
        scores: Floats = 0.5 * (templates.z(similar) + probe_side)
        return scores


@dataclass(frozen=True, slots=True, repr=False)
class Normaliser:
    """The cohort of one gallery and engine, and what was learned from it. Made by `learning.learn`.

    own: float32 (c, d) unit templates, one of each cohort person. codes: int64 (c,), their people, ascending.
    drawn: float32 (m, d), templates of nobody; m is 0 where the engine has no population.
    share: the weight of the drawn tails in the blend, 0 to 1. level_offset, spread_offset: what this gallery's
    tails differ by from the population's, on average. level_depth, spread_depth: what a tail drawn from a cohort of
    this size lacks, on average, beside one drawn from a large cohort. law: how spread follows level.
    """

    own: Vectors
    codes: Codes
    drawn: Vectors
    people: int
    share: float
    level_offset: float
    spread_offset: float
    level_depth: float
    spread_depth: float
    law: SpreadLaw
    own_grid: Vectors = field(init=False, compare=False)
    drawn_grid: Vectors = field(init=False, compare=False)

    def __post_init__(self) -> None:
        # Once, because moving a large cohort takes as long as comparing a probe with it.
        object.__setattr__(self, "own_grid", on_grid(self.own))
        object.__setattr__(self, "drawn_grid", on_grid(self.drawn))

    def __repr__(self) -> str:
        return f"Normaliser({self.basis}, {self.people} people, cohort of {len(self.codes)})"

    @property
    def basis(self) -> Basis:
        if self.share == 1:
            return Basis.SHIPPED
        if self.share > 0.1:
            return Basis.BLENDED
        return Basis.OWN if self.people >= SETTLED else Basis.SMALL

    def templates(self, vectors: Vectors, people: Codes) -> Tail:
        """The tails of gallery templates, each against other people only; kept beside the template.

        vectors: float32 (n, d), unit rows. people: int64 (n,), whose they are. About 60 microseconds of one core each.
        """
        own = tails_on_grid(vectors, self.own_grid, people, self.codes) if self.share < 1 else None
        drawn = tails_on_grid(vectors, self.drawn_grid) if self.share > 0 else None
        return self.blend(own, drawn)

    def probes(self, vectors: Vectors) -> ProbeTails:
        """The tails of probes, float32 (n, d) unit rows; about 0.5 ms for one."""
        drawn = tails_on_grid(vectors, self.drawn_grid) if self.share > 0 else None
        if self.share == 1:
            nobody = np.zeros((len(vectors), 0))
            return ProbeTails(self.blend(None, drawn), nobody.astype(np.int64), nobody, nobody)
        cohort = len(self.codes)
        highest, members = highest_of(similarities_on_grid(on_grid(vectors), self.own_grid), kept(cohort) + 1)
        without = leaving_one_out(highest, cohort)
        wide = None if drawn is None else Tail(drawn.level[:, None], drawn.spread[:, None])
        blended = self.blend(without, wide)
        plain = self.blend(draw(highest, cohort), drawn)
        return ProbeTails(plain, self.codes[members[:, :-1]], blended.level, blended.spread)

    def blend(self, own: Tail | None, drawn: Tail | None) -> Tail:
        """Tails drawn from the cohort and from the population as one, steadied; at least one must be there."""
        moved = None
        if drawn is not None:
            shifted = Tail(drawn.level + self.level_offset, drawn.spread * np.exp(self.spread_offset))
            moved = self.law.smooth(shifted, cohort=len(self.drawn))
        steady = None
        if own is not None:
            deep = Tail(own.level + self.level_depth, own.spread * np.exp(self.spread_depth))
            steady = self.law.smooth(deep, cohort=len(self.codes))
        if steady is None or moved is None:
            alone = moved if steady is None else steady
            if alone is None:
                raise ValueError("a tail of neither the gallery nor the population")
            return alone
        level = (1 - self.share) * steady.level + self.share * moved.level
        logs = (1 - self.share) * np.log(steady.spread) + self.share * np.log(moved.spread)
        return Tail(level, np.exp(logs))
