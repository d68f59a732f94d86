"""Tails against a cohort of other people: who is in it, and the arithmetic over blocks of templates."""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from matcher.scoring.likeness import Vectors, on_grid, similarities_on_grid
from matcher.scoring.tail import SKIPPED, Tail, draw, kept, line

Codes = NDArray[np.int64]

LARGEST_COHORT = 4096
_BLOCK = 1024


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


def tails(vectors: Vectors, cohort: Vectors, people: Codes | None = None, codes: Codes | None = None) -> Tail:
    """The tails of vectors against a cohort, unit rows; with people and codes, against other people only.

    A vector's tail does not depend on the others, to the last bit.
    """
    return tails_on_grid(vectors, on_grid(cohort), people, codes)


def tails_on_grid(vectors: Vectors, cohort: Vectors, people: Codes | None = None, codes: Codes | None = None) -> Tail:
    """The same against a cohort that `on_grid` has moved already; the vectors are still as they are."""
    levels, spreads = [], []
    for start in range(0, len(vectors), _BLOCK):
        rows = slice(start, start + _BLOCK)
        likeness = similarities_on_grid(on_grid(vectors[rows]), cohort)
        size = len(cohort)
        excluded = np.zeros(len(likeness), dtype=np.bool_)
        if people is not None and codes is not None:
            place = np.minimum(np.searchsorted(codes, people[rows]), size - 1)
            excluded = codes[place] == people[rows]
            likeness[excluded, place[excluded]] = -np.inf
        highest, _ = highest_of(likeness, kept(size))
        level, spread = np.empty(len(likeness)), np.empty(len(likeness))
        for chosen, count in ((excluded, size - 1), (~excluded, size)):
            if chosen.any():
                part = draw(highest[chosen], count)
                level[chosen], spread[chosen] = part.level, part.spread
        levels.append(level)
        spreads.append(spread)
    return Tail(np.concatenate(levels), np.concatenate(spreads)) if levels else Tail(np.zeros(0), np.ones(0))


def highest_of(likeness: NDArray[np.float32], count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The highest `count` of each row, falling, and their columns; where equal, the smaller column first."""
    columns = np.argpartition(likeness, likeness.shape[1] - count, axis=1)[:, -count:]
    columns.sort(axis=1)
    values = np.take_along_axis(likeness, columns, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(values, order, axis=1), np.take_along_axis(columns, order, axis=1)


def leaving_one_out(highest: NDArray[np.float32], cohort: int) -> Tail:
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
