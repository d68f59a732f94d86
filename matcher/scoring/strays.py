"""Whether one of a person's photos looks like the others: its score against the template over all others."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from matcher.scoring.crowd import Crowd
from matcher.scoring.fusion import person_template
from matcher.scoring.likeness import Floats, likeness_to, unit


def stray_scores(photos: Sequence[NDArray[np.float32]], codes: Sequence[int], crowd: Crowd) -> tuple[Floats, ...]:
    """The score of each of a person's photos against the mean of the others, float64 (photos,) for each person.

    photos: float32 (n, d), n at least 2, of each person, as the engine made them. codes: whose they are.
    """
    if not photos:
        return ()
    units = [unit(each) for each in photos]
    others = np.stack([person_template(np.delete(each, place, axis=0)) for each in units for place in range(len(each))])
    whose = np.repeat(np.array(codes, dtype=np.int64), [len(each) for each in units])
    tails = crowd.of_photos.templates(others, whose)
    sides = crowd.normaliser.probes(np.concatenate(units))
    scores = np.array(
        [
            sides.row(row).scores(
                likeness_to(probe, others[row : row + 1])[None], tails.take(slice(row, row + 1)), whose[row : row + 1]
            )[0, 0]
            for row, probe in enumerate(np.concatenate(units))
        ]
    )
    return tuple(np.split(scores, np.cumsum([len(each) for each in units])[:-1]))
