"""Calibrate an engine on people whose photos are known: searches with and without their mate, at several sizes.

This is what `matcher calibrate` runs on an operator's own records, and what the shipped calibration was made with.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.errors import OutsideCalibration
from matcher.scoring.calibration import Calibration, Source
from matcher.scoring.cohort import Codes, choose_cohort
from matcher.scoring.falsematch import Searches, fit_law
from matcher.scoring.learning import learn
from matcher.scoring.likelihood import fit_likelihood
from matcher.scoring.likeness import Floats, Vectors, similarities
from matcher.scoring.population import Population

FOLDS = 5
MATED_PER_PERSON = 3
SIZES = (250, 500, 1000, 2000)
_FEWEST = 250


@dataclass(frozen=True, slots=True, repr=False)
class Portfolio:
    """The photos of one kind of people: press photos, or portraits of one group; each gets galleries of its own.

    vectors: float32 (n, d), unit rows. people: int64 (n,). enrolled: bool (n,), photos that may stand in a gallery;
    of each person the first of them does, and all others are probes.
    """

    name: str
    vectors: Vectors
    people: Codes
    enrolled: NDArray[np.bool_]


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
    of false matches, the mates of the others the likelihood ratio; each portfolio weighs the same in both.
    Galleries have 250, 500, 1,000, 2,000 and all people.
    same: pairs of codes that are known to be one person (smaller first); they count as neither.
    Raises OutsideCalibration below 300 people or 30 mated searches.
    """
    searches: list[Searches] = []
    mates: list[Floats] = []
    for part in portfolios:
        tops: dict[int, list[Floats]] = {}
        own: list[Floats] = []
        for fold in range(FOLDS):
            for size, top, mated in _searches(part, fold, population, same, seed):
                tops.setdefault(size, []).append(top)
                own.append(mated)
        searches += [Searches(np.concatenate(found), size) for size, found in tops.items()]
        mates += [np.concatenate(own)] if sum(found.size for found in own) else []
    if not searches:
        raise OutsideCalibration(f"no portfolio has {_FEWEST * FOLDS // (FOLDS - 1)} people; calibrate with more")
    mated = np.concatenate([*mates, np.zeros(0)])
    weights = np.concatenate([*(np.full(found.size, 1 / found.size) for found in mates), np.zeros(0)])
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
    return Calibration(source, law, fit_likelihood(mated, law, weights=weights))


def _searches(
    part: Portfolio, fold: int, population: Population | None, same: frozenset[tuple[int, int]], seed: int
) -> list[tuple[int, Floats, Floats]]:
    """(gallery size, highest score of each non-mated search, mates' scores) at each size of one fold."""
    rng = np.random.default_rng([seed, fold])
    everyone = np.random.default_rng(seed).permutation(np.unique(part.people))
    left_out = np.isin(part.people, everyone[fold::FOLDS])
    first = np.zeros(len(part.people), dtype=np.bool_)
    candidates = np.flatnonzero(part.enrolled & ~left_out)
    first[candidates[np.unique(part.people[candidates], return_index=True)[1]]] = True
    gallery = rng.permutation(np.flatnonzero(first))
    non_mated = _few(part.people, np.flatnonzero(left_out), 2)
    found = []
    # Whole tens, so that the folds of a portfolio have the same size and are taken together.
    largest = gallery.size - gallery.size % 10
    for size in sorted({size for size in (*SIZES, largest) if _FEWEST <= size <= largest}):
        chosen = gallery[:size][np.argsort(part.people[gallery[:size]])]
        enrolled = part.people[chosen]
        mated = _few(part.people, np.flatnonzero(~first & np.isin(part.people, enrolled)), MATED_PER_PERSON)
        place = choose_cohort(enrolled)
        normaliser = learn(part.vectors[chosen[place]], enrolled[place], people=size, population=population)
        templates = normaliser.templates(part.vectors[chosen], enrolled)
        probes = np.concatenate([non_mated, mated])
        likeness = similarities(part.vectors[probes], part.vectors[chosen])
        scores = normaliser.probes(part.vectors[probes]).scores(likeness, templates, enrolled)
        _forget(scores, part.people[probes], enrolled, same)
        mate = np.searchsorted(enrolled, part.people[mated])
        found.append((size, scores[: non_mated.size].max(axis=1), scores[non_mated.size + np.arange(mated.size), mate]))
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
