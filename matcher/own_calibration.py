"""`matcher calibrate`: the scores fitted on the operator's own people, those with several photos being the mates."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from matcher.errors import OutsideCalibration
from matcher.gallery import Gallery
from matcher.records.bulk import in_parts
from matcher.records.case_pairs import CertainPair
from matcher.records.values import PersonKey
from matcher.scoring.calibrating import Portfolio, calibrate
from matcher.scoring.calibration import Calibration
from matcher.scoring.crowd import code_of
from matcher.scoring.likelihood import LEAST_MATED
from matcher.scoring.likeness import Vectors, unit
from matcher.scoring.opening import known_population
from matcher.wording import counted

LEAST_PEOPLE = 320
"""Four fifths of them make the smallest gallery that false alarms are counted in."""


MOST_PEOPLE = 3_000
"""Of those with several photos, and of those with one: more would take hours and hardly change a number."""


def calibrate_on(gallery: Gallery, name: str | None, *, today: date, pairs: Sequence[CertainPair] = ()) -> Calibration:
    """A calibration from the people of one gallery, or of all; written nowhere.

    pairs: what consulates said for certain. A case's photo of somebody who was confirmed is one more probe of that
    person, and never stands in a gallery. Pairs of two people are not used: they were chosen for their likeness, so
    that false alarms would be counted too high.
    Raises OutsideCalibration, saying what is missing, below 320 people or 30 who have a second photo.
    """
    probes = _probes(pairs, name)
    vectors, people, enrolled = _photos(gallery, name, probes)
    names, photos = np.unique(people, return_counts=True)
    several = int(np.count_nonzero(photos > 1))
    if names.size < LEAST_PEOPLE or several < LEAST_MATED:
        raise OutsideCalibration(
            f"there are {names.size} people with photos, {several} of them with more than one; to calibrate, "
            f"{LEAST_PEOPLE} people are needed, {LEAST_MATED} of them with two photos or more taken on different days"
        )
    where = "all galleries" if name is None else f"the gallery {name}"
    portfolio = Portfolio(where, vectors, people, enrolled)
    confirmed = int(np.count_nonzero(~enrolled))
    return calibrate(
        [portfolio],
        engine=gallery.engine,
        description=data_words(where, several=several, confirmed=confirmed),
        date=today.isoformat(),
        population=known_population(gallery.engine),
    )


def data_words(where: str, *, several: int, confirmed: int) -> str:
    """What a calibration of one's own was made from. several: people with more than one photo. confirmed: photos."""
    of_cases = f", and {counted(confirmed, 'photo')} of cases that consulates confirmed" if confirmed else ""
    return f"the operator's own people in {where}, {several:,} of them with several photos{of_cases}"


def _probes(pairs: Iterable[CertainPair], name: str | None) -> dict[PersonKey, list[NDArray[np.float32]]]:
    """The confirmed photos of each person in these galleries, each photo once."""
    found: dict[PersonKey, dict[bytes, NDArray[np.float32]]] = defaultdict(dict)
    for pair in pairs:
        if pair.mated and name in (None, pair.key[0]):
            found[pair.key][pair.probe.tobytes()] = pair.probe
    return {key: list(photos.values()) for key, photos in found.items()}


@dataclass(frozen=True, slots=True, repr=False)
class _Known:
    """A person by code: photos of the gallery, and of cases; float32 (n, d) and (m, d)."""

    code: int
    enrolled: NDArray[np.float32]
    probes: NDArray[np.float32]

    @property
    def photos(self) -> int:
        return len(self.enrolled) + len(self.probes)


def _photos(
    gallery: Gallery, name: str | None, probes: Mapping[PersonKey, Sequence[NDArray[np.float32]]]
) -> tuple[Vectors, NDArray[np.int64], NDArray[np.bool_]]:
    """Every photo's unit vector, its person's code, and whether it is of the gallery; people by code, photos in an
    order of their own content.

    Of more people than `MOST_PEOPLE` of a kind, those of the smallest codes: a choice by chance that is the same each
    time.
    """
    chosen: dict[bool, list[_Known]] = {True: [], False: []}
    for part in in_parts(sorted(gallery.person_keys(name), key=code_of)):
        found = gallery.vectors_by_person(part)
        for key in part:
            if key in found:
                more = np.array(probes.get(key, ()), dtype=np.float32).reshape(-1, gallery.dimension)
                known = _Known(code_of(key), found[key], more)
                kind = chosen[known.photos > 1]
                if len(kind) < MOST_PEOPLE:
                    kind.append(known)
        if all(len(kind) >= MOST_PEOPLE for kind in chosen.values()):
            break
    people = sorted((*chosen[True], *chosen[False]), key=lambda person: person.code)
    if not people:
        nobody = np.zeros(0, dtype=np.int64)
        return np.zeros((0, gallery.dimension), dtype=np.float32), nobody, nobody.astype(np.bool_)
    vectors = [rows[np.lexsort(rows.T[::-1])] for one in people for rows in (one.enrolled, one.probes)]
    codes = np.repeat([one.code for one in people], [one.photos for one in people])
    enrolled = np.concatenate([np.arange(one.photos) < len(one.enrolled) for one in people])
    return unit(np.concatenate(vectors)), codes.astype(np.int64), enrolled
