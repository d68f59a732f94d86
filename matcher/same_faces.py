"""Photos of one backlog that show the same face: each compared with those before it, by the scores of searches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from matcher.among import Among
from matcher.pipeline import Matcher
from matcher.records.values import PersonKey
from matcher.scoring.likeness import unit
from matcher.scoring.rating import Asked

ALARMING = 0.01
"""Photos are linked whose likeness would come up by chance, among as many strangers, in at most so many searches."""
_NEAREST = 5
_BLOCK = 1_024


@dataclass(frozen=True, slots=True)
class SameFace:
    """Two photos by number, the later one first. false_alarm_probability: that any of as many strangers as there are
    photos would be so alike."""

    number: int
    other: int
    score: float
    false_alarm_probability: float


def same_faces(
    matcher: Matcher, among: Among, numbers: Sequence[int], vectors: NDArray[np.float32]
) -> Iterator[SameFace]:
    """Which photos show the face of an earlier one; without calibration none can be said to.

    numbers: of the photos, ascending. vectors: their templates as the engine made them, float32 (n, dimension).
    """
    state = matcher.gallery.state()
    scale = matcher.scorer.scale(among, state)
    if len(numbers) < 2 or scale.calibration is None:
        return
    # As many strangers can be found as there are photos, not as there are people in the galleries.
    scale = replace(scale, people=len(numbers))
    units = unit(vectors)
    keys: list[PersonKey] = [("-job", str(number)) for number in numbers]
    for first in range(0, len(numbers), _BLOCK):
        block = units[first : first + _BLOCK]
        likeness = block @ units[: first + len(block)].T
        for row, near in enumerate(likeness):
            place = first + row
            best = np.argsort(-near[:place], kind="stable")[:_NEAREST] if place <= _NEAREST else _largest(near[:place])
            photos = {keys[other]: vectors[other][None] for other in best.tolist()}
            if not photos:
                continue
            (rated,) = matcher.scorer.rate(vectors[place][None], [list(photos)], photos, scale, Asked(_NEAREST))
            for entry in rated.listed:
                if entry.fpir is not None and entry.fpir <= ALARMING:
                    yield SameFace(numbers[place], int(entry.key[1]), entry.score, entry.fpir)


def _largest(near: NDArray[np.float32]) -> NDArray[np.int64]:
    found = np.argpartition(-near, _NEAREST)[:_NEAREST]
    return found[np.argsort(-near[found], kind="stable")]
