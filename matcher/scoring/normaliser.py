"""The score of a probe against a template: where their similarity stands among strangers, seen from both sides.

    score = (z of the template's tail + z of the probe's tail) / 2

Both tails come from a cohort: people of the operator's own gallery, blended with a shipped population of nobody
(`population.py`) that weighs as much as `PRIOR` people. One-sided scores, the minimum of both, and scores with the raw
similarity mixed in were measured and are worse, or unfair to dense groups.
"""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from matcher.errors import MatcherError
from matcher.scoring.likeness import Floats, Vectors, similarities
from matcher.scoring.population import Population
from matcher.scoring.spread import SpreadLaw, fit_law
from matcher.scoring.tail import LEAST_COHORT, SKIPPED, Tail, draw, kept, line

Codes = NDArray[np.int64]

LARGEST_COHORT = 4096
DRAWN = 2048
PRIOR = 200
OFFSET_PRIOR = 10
LEAST_ALONE = 60
_BLOCK = 1024


class NotEnoughPeople(MatcherError):
    """The gallery is too small for scores of its own, and there is no population for the engine."""


class Basis(StrEnum):
    """What a gallery's scores rest on; an answer says so."""

    SHIPPED = "shipped population"
    BLENDED = "own gallery and shipped population"
    OWN = "own gallery"


def choose_cohort(people: Codes, *, size: int = LARGEST_COHORT) -> NDArray[np.int64]:
    """Which people serve as the cohort: positions in `people` (distinct codes), ascending by code.

    Chosen by a hash of the code, so that the order of enrolment plays no part and one more person changes one place.
    """
    order = np.argsort(people, kind="stable")
    if people.size > size:
        keys = np.array(
            [blake2b(int(code).to_bytes(8, "little", signed=True), digest_size=8).digest() for code in people]
        )
        order = np.sort(np.argsort(keys, kind="stable")[:size])
        order = order[np.argsort(people[order], kind="stable")]
    return order.astype(np.int64)


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
    """The cohort of one gallery and engine, and what was learned from it. Made by `build`.

    own: float32 (c, d) unit templates, one of each cohort person. codes: int64 (c,), their people, ascending.
    drawn: float32 (m, d), templates of nobody; m is 0 where the engine has no population.
    share: the weight of the drawn tails in the blend, 0 to 1. level_offset, spread_offset: what this gallery's
    tails differ by from the population's, on average. law: how spread follows level.
    """

    own: Vectors
    codes: Codes
    drawn: Vectors
    people: int
    share: float
    level_offset: float
    spread_offset: float
    law: SpreadLaw

    def __repr__(self) -> str:
        return f"Normaliser({self.basis}, {self.people} people, cohort of {len(self.codes)})"

    @property
    def basis(self) -> Basis:
        if self.share == 1:
            return Basis.SHIPPED
        return Basis.BLENDED if self.share > 0.1 else Basis.OWN

    def templates(self, vectors: Vectors, people: Codes) -> Tail:
        """The tails of gallery templates, each against other people only; kept beside the template.

        vectors: float32 (n, d), unit rows. people: int64 (n,), whose they are. About 60 microseconds of one core each.
        """
        own = _tails(vectors, self.own, people, self.codes) if self.share < 1 else None
        drawn = _tails(vectors, self.drawn) if self.share > 0 else None
        return self._blend(own, drawn)

    def probes(self, vectors: Vectors) -> ProbeTails:
        """The tails of probes, float32 (n, d) unit rows; about 0.5 ms for one."""
        drawn = _tails(vectors, self.drawn) if self.share > 0 else None
        if self.share == 1:
            nobody = np.zeros((len(vectors), 0))
            return ProbeTails(self._blend(None, drawn), nobody.astype(np.int64), nobody, nobody)
        cohort = len(self.codes)
        highest, members = _highest(similarities(vectors, self.own), kept(cohort) + 1)
        without = _leaving_one_out(highest, cohort)
        wide = None if drawn is None else Tail(drawn.level[:, None], drawn.spread[:, None])
        blended = self._blend(without, wide)
        plain = self._blend(draw(highest, cohort), drawn)
        return ProbeTails(plain, self.codes[members[:, :-1]], blended.level, blended.spread)

    def _blend(self, own: Tail | None, drawn: Tail | None) -> Tail:
        moved = None
        if drawn is not None:
            shifted = Tail(drawn.level + self.level_offset, drawn.spread * np.exp(self.spread_offset))
            moved = self.law.smooth(shifted, cohort=len(self.drawn))
        if own is None or moved is None:
            alone = moved if own is None else self.law.smooth(own, cohort=len(self.codes))
            if alone is None:
                raise ValueError("a tail of neither the gallery nor the population")
            return alone
        steady = self.law.smooth(own, cohort=len(self.codes))
        level = (1 - self.share) * steady.level + self.share * moved.level
        logs = (1 - self.share) * np.log(steady.spread) + self.share * np.log(moved.spread)
        return Tail(level, np.exp(logs))


def build(own: Vectors, codes: Codes, *, people: int, population: Population | None, seed: int = 0) -> Normaliser:
    """Learn from a gallery's cohort.

    own: float32 (c, d), one unit template of each person that `choose_cohort` named (the mean of a person's photos,
    scaled to length 1). codes: int64 (c,), ascending. people: how many the gallery has in all, c or more.
    Raises NotEnoughPeople without population below 60 people. A gallery of 4,096 people or more takes about a second.
    """
    if len(own) != len(codes) or people < len(codes) or (np.diff(codes) <= 0).any():
        raise ValueError(
            f"{len(own)} templates of {len(codes)} cohort people in a gallery of {people}; codes must ascend"
        )
    if population is None and people < LEAST_ALONE:
        raise NotEnoughPeople(
            f"the gallery has {people} people; scores need {LEAST_ALONE}, or a population fitted for this engine"
        )
    drawn = np.zeros((0, own.shape[1]), np.float32) if population is None else population.draw(DRAWN, seed=seed)
    alone = population is None
    # One person leaves the cohort when a template of its own is measured.
    if len(codes) <= LEAST_COHORT:
        nobody = _tails(drawn[: DRAWN // 2], drawn[DRAWN // 2 :])
        return Normaliser(own, codes, drawn, people, 1.0, 0.0, 0.0, fit_law(nobody, np.ones(len(nobody))))
    seen = _tails(own, own, codes, codes)
    if alone:
        return Normaliser(own, codes, drawn, people, 0.0, 0.0, 0.0, fit_law(seen, np.ones(len(seen))))
    expected = _tails(own, drawn)
    trust = len(codes) / (len(codes) + OFFSET_PRIOR)
    level_offset = trust * float(np.mean(seen.level - expected.level))
    spread_offset = trust * float(np.mean(np.log(seen.spread / expected.spread)))
    nobody = _tails(drawn[: DRAWN // 2], drawn[DRAWN // 2 :])
    together = Tail(
        np.concatenate([seen.level, nobody.level + level_offset]),
        np.concatenate([seen.spread, nobody.spread * np.exp(spread_offset)]),
    )
    weights = np.concatenate([np.ones(len(seen)), np.full(len(nobody), PRIOR / len(nobody))])
    law = fit_law(together, weights)
    return Normaliser(own, codes, drawn, people, PRIOR / (PRIOR + people), level_offset, spread_offset, law)


def _tails(vectors: Vectors, cohort: Vectors, people: Codes | None = None, codes: Codes | None = None) -> Tail:
    """The tails of vectors against a cohort; with people and codes, against other people only."""
    levels, spreads = [], []
    for start in range(0, len(vectors), _BLOCK):
        rows = slice(start, start + _BLOCK)
        likeness = similarities(vectors[rows], cohort)
        size = len(cohort)
        excluded = np.zeros(len(likeness), dtype=np.bool_)
        if people is not None and codes is not None:
            place = np.minimum(np.searchsorted(codes, people[rows]), size - 1)
            excluded = codes[place] == people[rows]
            likeness[excluded, place[excluded]] = -np.inf
        highest, _ = _highest(likeness, kept(size))
        level, spread = np.empty(len(likeness)), np.empty(len(likeness))
        for chosen, count in ((excluded, size - 1), (~excluded, size)):
            if chosen.any():
                part = draw(highest[chosen], count)
                level[chosen], spread[chosen] = part.level, part.spread
        levels.append(level)
        spreads.append(spread)
    return Tail(np.concatenate(levels), np.concatenate(spreads)) if levels else Tail(np.zeros(0), np.ones(0))


def _highest(likeness: NDArray[np.float32], count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The highest `count` of each row, falling, and their columns; where equal, the smaller column first."""
    columns = np.argpartition(likeness, likeness.shape[1] - count, axis=1)[:, -count:]
    columns.sort(axis=1)
    values = np.take_along_axis(likeness, columns, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(values, order, axis=1), np.take_along_axis(columns, order, axis=1)


def _leaving_one_out(highest: NDArray[np.float32], cohort: int) -> Tail:
    """The tails when the member at each place is left out and the next takes its place: (n, kept(cohort)) each."""
    used = np.asarray(highest, dtype=np.float64)
    sides = []
    for weights in line(cohort):
        padded = np.concatenate([np.zeros(SKIPPED), weights])
        before = np.cumsum(padded * used[:, :-1], axis=1)
        after = np.cumsum((padded * used[:, 1:])[:, ::-1], axis=1)[:, ::-1]
        # Without place j: the first j keep their weights, all later ones move up by one.
        sides.append(np.concatenate([np.zeros((len(used), 1)), before[:, :-1]], axis=1) + after)
    return Tail(sides[0], np.maximum(sides[1], 1e-6))
