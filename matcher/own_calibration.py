"""`matcher calibrate`: the scores fitted on the operator's own people, those with several photos being the mates."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from matcher.errors import OutsideCalibration
from matcher.gallery import Gallery
from matcher.records.bulk import in_parts
from matcher.scoring.calibrating import Portfolio, calibrate
from matcher.scoring.calibration import Calibration
from matcher.scoring.crowd import code_of
from matcher.scoring.likelihood import LEAST_MATED
from matcher.scoring.likeness import Vectors, unit
from matcher.scoring.opening import known_population

LEAST_PEOPLE = 320
"""Four fifths of them make the smallest gallery that false alarms are counted in."""


MOST_PEOPLE = 3_000
"""Of those with several photos, and of those with one: more would take hours and hardly change a number."""


def calibrate_on(gallery: Gallery, name: str | None, *, today: date) -> Calibration:
    """A calibration from the people of one gallery, or of all; written nowhere.

    Raises OutsideCalibration, saying what is missing, below 320 people or 30 who have a second photo.
    """
    vectors, people = _photos(gallery, name)
    names, photos = np.unique(people, return_counts=True)
    several = int(np.count_nonzero(photos > 1))
    if names.size < LEAST_PEOPLE or several < LEAST_MATED:
        raise OutsideCalibration(
            f"there are {names.size} people with photos, {several} of them with more than one; to calibrate, "
            f"{LEAST_PEOPLE} people are needed, {LEAST_MATED} of them with two photos or more taken on different days"
        )
    where = "all galleries" if name is None else f"the gallery {name}"
    portfolio = Portfolio(where, vectors, people, np.ones(len(people), dtype=np.bool_))
    return calibrate(
        [portfolio],
        engine=gallery.engine,
        description=f"the operator's own people in {where}, {several:,} of them with several photos",
        date=today.isoformat(),
        population=known_population(gallery.engine),
    )


def _photos(gallery: Gallery, name: str | None) -> tuple[Vectors, NDArray[np.int64]]:
    """Every photo's unit vector and its person's code, people by code; photos in an order of their own content.

    Of more people than `MOST_PEOPLE` of a kind, those of the smallest codes: a choice by chance that is the same each
    time.
    """
    chosen: dict[bool, list[tuple[int, NDArray[np.float32]]]] = {True: [], False: []}
    for part in in_parts(sorted(gallery.person_keys(name), key=code_of)):
        found = gallery.vectors_by_person(part)
        for key in part:
            if key in found:
                kind = chosen[len(found[key]) > 1]
                if len(kind) < MOST_PEOPLE:
                    kind.append((code_of(key), found[key]))
        if all(len(kind) >= MOST_PEOPLE for kind in chosen.values()):
            break
    people = sorted((*chosen[True], *chosen[False]), key=lambda person: person[0])
    if not people:
        return np.zeros((0, gallery.dimension), dtype=np.float32), np.zeros(0, dtype=np.int64)
    vectors = [rows[np.lexsort(rows.T[::-1])] for _, rows in people]
    codes = np.repeat([code for code, _ in people], [len(rows) for rows in vectors])
    return unit(np.concatenate(vectors)), codes.astype(np.int64)
