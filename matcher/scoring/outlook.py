"""Who of the retrieved can come into a list, before anything of them is read from the records.

Reading 200 scattered people takes longer than finding and rating them. What a score needs of a person beside the
distance, which the index says, are the two numbers of the template's tail. Kept by template, they tell so nearly what
a score will be that only those who come near the list are read, and rated exactly.
"""

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from index.base import Hits
from matcher.scoring.likeness import Floats
from matcher.scoring.normaliser import ProbeTails
from matcher.scoring.tail import Tail

SPARE = 16
"""So many more are read than a list is made of: the index's distances are rounded a little."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, repr=False)
class Outlook:
    """Tails by template, of people of whom a single template is there and who are not of the cohort.

    ids: int64 (n,), of templates, ascending. tails: theirs, n. version: of the records for which it holds. outdated:
    int64 (m,), templates whose person was given another one since; of these it says nothing.
    """

    ids: NDArray[np.int64]
    tails: Tail
    version: int
    outdated: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @classmethod
    def of(cls, parts: Sequence[tuple[NDArray[np.int64], Tail]], version: int) -> Self:
        """From parts in any order, of different templates."""
        ids = np.concatenate([part for part, _ in parts]) if parts else np.zeros(0, dtype=np.int64)
        level = np.concatenate([tail.level for _, tail in parts]) if parts else np.zeros(0)
        spread = np.concatenate([tail.spread for _, tail in parts]) if parts else np.ones(0)
        order = np.argsort(ids, kind="stable")
        return cls(ids[order], Tail(level[order], spread[order]), version)

    def at(self, version: int, outdated: Iterable[int]) -> Self:
        """The same for a later version of the records; outdated: templates whose person was given another."""
        more = np.fromiter(outdated, dtype=np.int64)
        return replace(self, version=version, outdated=np.union1d(self.outdated, more))

    def worth_reading(self, ids: NDArray[np.int64], distances: NDArray[np.float32], probe: Tail, most: int) -> Mask:
        """Which of one search's hits to read: those it knows nothing of, and the `most` highest of the others.

        ids: int64 (k,), -1 for none. distances: float32 (k,), of unit vectors. probe: the one tail of the probe.
        """
        there = ids >= 0
        known = there & self._knows(ids)
        if np.count_nonzero(known) <= most:
            return there
        places = np.searchsorted(self.ids, ids[known])
        scores: Floats = self.tails.take(places).z(-distances[known].astype(np.float64))
        scores += probe.z(-distances[known].astype(np.float64))
        chosen = there & ~known
        chosen[np.flatnonzero(known)[np.argsort(-scores, kind="stable")[:most]]] = True
        return chosen

    def _knows(self, ids: NDArray[np.int64]) -> Mask:
        if not len(self.ids):
            return np.zeros(len(ids), dtype=np.bool_)
        found = self.ids[np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)] == ids
        return np.asarray(found & ~np.isin(ids, self.outdated)) if len(self.outdated) else np.asarray(found)

    def save(self, place: Path) -> None:
        """Write it to a file, whole or not at all; raises OSError."""
        part = place.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(
                file,
                ids=self.ids,
                level=self.tails.level,
                spread=self.tails.spread,
                outdated=self.outdated,
                version=np.array(self.version),
            )
        part.replace(place)

    @classmethod
    def load(cls, place: Path) -> Self | None:
        """From a file that `save` wrote; None where there is none, or not a whole one."""
        try:
            with place.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                made = cls(
                    stored["ids"], Tail(stored["level"], stored["spread"]), int(stored["version"]), stored["outdated"]
                )
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        whole = made.ids.dtype == np.int64 and made.outdated.dtype == np.int64
        return made if whole and made.ids.shape == made.tails.level.shape == made.tails.spread.shape else None


@dataclass(frozen=True, slots=True, repr=False)
class Glance:
    """Probes, and what is known of the people whom they may find. sides: the probes' tails, in their order. most: how
    many of those known are read for each."""

    outlook: Outlook
    sides: Sequence[ProbeTails]
    most: int

    def worth_reading(self, hits: Hits, places: Sequence[int]) -> Mask:
        """Which hits to read, (queries, k); the queries are the probes at these places."""
        rows = zip(hits.ids, hits.distances, places, strict=True)
        each = [self.outlook.worth_reading(ids, far, self.sides[place].plain, self.most) for ids, far, place in rows]
        return np.array(each, dtype=np.bool_).reshape(hits.ids.shape)
