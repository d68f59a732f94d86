"""Calibrate an engine on people whose photos are known: searches with and without their mate, at several sizes.

This is what `matcher calibrate` runs on an operator's own records, and what the shipped calibration was made with.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.errors import OutsideCalibration
from matcher.scoring.by_quality import LEAST_RANGE, QualityLaw, fit_by_quality, fitness
from matcher.scoring.calibration import Calibration, Source
from matcher.scoring.cohort import Codes, choose_cohort
from matcher.scoring.falsematch import FalseMatchLaw, Searches, fit_law
from matcher.scoring.learning import learn
from matcher.scoring.likelihood import LEAST_MATED, fit_likelihood
from matcher.scoring.likeness import Floats, Vectors, similarities
from matcher.scoring.population import Population

FOLDS = 5
MATED_PER_PERSON = 3
WORSE_PER_PERSON = 6
AS_THEY_ARE = 2.0
"""What photos as they are weigh together, beside those that were made worse: most searches are with such."""
SIZES = (250, 500, 1000, 2000)
_FEWEST = 250


@dataclass(frozen=True, slots=True, repr=False)
class Portfolio:
    """The photos of one kind of people: press photos, or portraits of one group; each gets galleries of its own.

    vectors: float32 (n, d), unit rows. people: int64 (n,). enrolled: bool (n,), photos that may stand in a gallery;
    of each person the first of them does, and all others are probes. quality: float64 (n,), of the photos, 0 to 100,
    NaN where it is not known. worse: bool (n,), copies of photos that were made worse: they are searched with for the
    likelihood ratio by quality, and for nothing else. None stands for all unknown, and for none.
    """

    name: str
    vectors: Vectors
    people: Codes
    enrolled: NDArray[np.bool_]
    quality: Floats | None = None
    worse: NDArray[np.bool_] | None = None

    @property
    def qualities(self) -> Floats:
        return np.full(len(self.people), np.nan) if self.quality is None else self.quality

    @property
    def made_worse(self) -> NDArray[np.bool_]:
        return np.zeros(len(self.people), dtype=np.bool_) if self.worse is None else self.worse


@dataclass(frozen=True, slots=True, repr=False)
class _Searched:
    """The searches of one gallery. top: the highest score of each non-mated one. mates: the mates' scores, and of each
    the quality of its probe and whether that was made worse; all (m,)."""

    people: int
    top: Floats
    mates: Floats
    quality: Floats
    worse: NDArray[np.bool_]


def calibrate(
    portfolios: Sequence[Portfolio],
    *,
    engine: str,
    description: str,
    date: str,
    population: Population | None,
    same: frozenset[tuple[int, int]] = frozenset(),
    seed: int = 0,
) -> Calibration:
    """The calibration of an engine from known people.

    Each fifth of the people in turn is left out of the gallery and searched for; their highest scores give the law
    of false matches, the mates of the others the likelihood ratio; each portfolio weighs the same in both. Where the
    quality of 30 mated probes or more is known, and not all of one kind, the ratio by quality is fitted too.
    Galleries have 250, 500, 1,000, 2,000 and all people.
    same: pairs of codes that are known to be one person (smaller first); they count as neither.
    Raises OutsideCalibration below 300 people or 30 mated searches.
    """
    found = [
        [one for fold in range(FOLDS) for one in _searches(part, fold, population, same, seed)] for part in portfolios
    ]
    searches = [search for part in found for search in _together(part)]
    if not searches:
        raise OutsideCalibration(f"no portfolio has {_FEWEST * FOLDS // (FOLDS - 1)} people; calibrate with more")
    plain = [np.concatenate([one.mates[~one.worse] for one in part]) for part in found if part]
    mated = np.concatenate(plain)
    weights = np.concatenate([np.full(scores.size, 1 / max(scores.size, 1)) for scores in plain])
    law = fit_law(searches)
    source = Source(
        engine=engine,
        description=description,
        date=date,
        people=np.unique(np.concatenate([part.people for part in portfolios])).size,
        sizes=tuple(sorted({part.people for part in searches})),
        non_mated=sum(part.top.size for part in searches),
        mated=mated.size,
    )
    return Calibration(source, law, fit_likelihood(mated, law, weights=weights), _by_quality(found, law))


def _together(part: Sequence[_Searched]) -> list[Searches]:
    """The non-mated searches of one portfolio, those of galleries of one size as one."""
    sizes = dict.fromkeys(one.people for one in part)
    return [Searches(np.concatenate([one.top for one in part if one.people == size]), size) for size in sizes]


def _by_quality(found: Sequence[Sequence[_Searched]], law: FalseMatchLaw) -> QualityLaw | None:
    """Portfolios weigh the same, and in each the photos as they are twice what those do that were made worse.

    None for too few, or where their quality hardly differs.
    """
    mates, qualities, weights = [], [], []
    for part in (part for part in found if part):
        scores, quality, worse = (
            np.concatenate([getattr(one, name) for one in part]) for name in ("mates", "quality", "worse")
        )
        known = np.isfinite(quality)
        for chosen, weight in ((known & ~worse, AS_THEY_ARE), (known & worse, 1.0)):
            mates.append(scores[chosen])
            qualities.append(quality[chosen])
            weights.append(np.full(mates[-1].size, weight / max(mates[-1].size, 1)))
    measured = np.concatenate([*qualities, np.zeros(0)])
    if measured.size < LEAST_MATED or np.ptp(fitness(measured)) < LEAST_RANGE:
        return None
    return fit_by_quality(np.concatenate(mates), measured, law, weights=np.concatenate(weights))


def _searches(
    part: Portfolio, fold: int, population: Population | None, same: frozenset[tuple[int, int]], seed: int
) -> list[_Searched]:
    """The searches of one fold in galleries of each size."""
    rng = np.random.default_rng([seed, fold])
    everyone = np.random.default_rng(seed).permutation(np.unique(part.people))
    left_out = np.isin(part.people, everyone[fold::FOLDS])
    worse = part.made_worse
    first = np.zeros(len(part.people), dtype=np.bool_)
    candidates = np.flatnonzero(part.enrolled & ~left_out & ~worse)
    first[candidates[np.unique(part.people[candidates], return_index=True)[1]]] = True
    gallery = rng.permutation(np.flatnonzero(first))
    non_mated = _few(part.people, np.flatnonzero(left_out & ~worse), 2)
    found = []
    # Whole tens, so that the folds of a portfolio have the same size and are taken together.
    largest = gallery.size - gallery.size % 10
    for size in sorted({size for size in (*SIZES, largest) if _FEWEST <= size <= largest}):
        chosen = gallery[:size][np.argsort(part.people[gallery[:size]])]
        enrolled = part.people[chosen]
        others = ~first & np.isin(part.people, enrolled)
        kinds = ((others & ~worse, MATED_PER_PERSON), (others & worse, WORSE_PER_PERSON))
        mated = np.concatenate([_few(part.people, np.flatnonzero(rows), most) for rows, most in kinds])
        place = choose_cohort(enrolled)
        normaliser = learn(part.vectors[chosen[place]], enrolled[place], people=size, population=population)
        templates = normaliser.templates(part.vectors[chosen], enrolled)
        probes = np.concatenate([non_mated, mated])
        likeness = similarities(part.vectors[probes], part.vectors[chosen])
        scores = normaliser.probes(part.vectors[probes]).scores(likeness, templates, enrolled)
        _forget(scores, part.people[probes], enrolled, same)
        mate = np.searchsorted(enrolled, part.people[mated])
        own = scores[non_mated.size + np.arange(mated.size), mate]
        top = scores[: non_mated.size].max(axis=1)
        found.append(_Searched(size, top, own, part.qualities[mated], worse[mated]))
    return found


def _few(people: Codes, rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most `most` rows of each person: a few much-photographed people must not stand for all."""
    order = rows[np.argsort(people[rows], kind="stable")]
    names = people[order]
    since = np.arange(order.size) - np.searchsorted(names, names)
    return order[since < most]


def _forget(scores: Floats, left: Codes, right: Codes, same: frozenset[tuple[int, int]]) -> None:
    for one, other in same:
        for a, b in ((one, other), (other, one)):
            scores[np.ix_(left == a, right == b)] = -np.inf
