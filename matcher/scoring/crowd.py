"""What an operator's own gallery teaches the scores, kept up as the gallery changes."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from heapq import nsmallest
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from matcher.records.values import PersonKey
from matcher.scoring.cohort import LARGEST_COHORT, Codes
from matcher.scoring.fusion import person_template
from matcher.scoring.learning import learn
from matcher.scoring.likeness import Vectors, unit
from matcher.scoring.normaliser import Normaliser
from matcher.scoring.population import Population
from matcher.scoring.tail import Tail

ALWAYS_ANEW = 500
"""Up to this many people every change of the gallery is learned at once: it takes a few dozen milliseconds."""

MOVED = 0.1
"""Above that, once this share of the templates has changed since the last time."""

_KEPT_TAILS = 2_000_000


class People(Protocol):
    """What is asked of a gallery: its people's keys and vectors."""

    def person_keys(self, gallery: str | None = None) -> Iterable[PersonKey]: ...

    def vectors_by_person(self, keys: Iterable[PersonKey]) -> Mapping[PersonKey, NDArray[np.float32]]: ...


def code_of(key: PersonKey) -> int:
    """A person's number in scores: a hash of gallery and person_id, so it says nothing of when they were enrolled."""
    digest = blake2b("\0".join(key).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def templates_of(vectors: Sequence[NDArray[np.float32]]) -> Vectors:
    """One template of each person, float32 (n, d), from the vectors of all their photos as the engine made them."""
    units = unit(np.concatenate(vectors))
    ends = np.cumsum([len(each) for each in vectors])
    made: Vectors = units[ends - 1]
    for place, (end, each) in enumerate(zip(ends.tolist(), vectors, strict=True)):
        if len(each) > 1:
            made[place] = person_template(units[end - len(each) : end])
    return made


class TailStore:
    """Tails by person, with a mark of the template that they are of; a dozen bytes each beside the dictionary."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[int, int] = {}
        self._marks = np.zeros(0, dtype=np.int64)
        self._levels = np.zeros(0, dtype=np.float64)
        self._spreads = np.zeros(0, dtype=np.float64)

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, codes: Sequence[int], marks: NDArray[np.int64]) -> tuple[Tail, NDArray[np.bool_]]:
        """The tails of these people, and which of them are there for this very template; the others are undefined."""
        with self._lock:
            rows = np.array([self._rows.get(code, -1) for code in codes], dtype=np.int64)
            if not len(self._marks):
                return Tail(np.zeros(len(rows)), np.ones(len(rows))), np.zeros(len(rows), dtype=np.bool_)
            known = (rows >= 0) & (self._marks[rows] == marks)
            return Tail(self._levels[rows], self._spreads[rows]), known

    def keep(self, codes: Sequence[int], marks: NDArray[np.int64], tails: Tail) -> None:
        with self._lock:
            if len(self._rows) + len(codes) > _KEPT_TAILS:
                self._rows.clear()
            rows = np.array([self._rows.setdefault(code, len(self._rows)) for code in codes], dtype=np.int64)
            if (short := len(self._rows) - len(self._marks)) > 0:
                more = max(short, len(self._marks) // 2, 1024)
                self._marks, self._levels, self._spreads = (
                    np.concatenate([part, np.zeros(more, dtype=part.dtype)])
                    for part in (self._marks, self._levels, self._spreads)
                )
            self._marks[rows], self._levels[rows], self._spreads[rows] = marks, tails.level, tails.spread


@dataclass(frozen=True, slots=True, repr=False)
class Crowd:
    """The normaliser of one gallery, with the tails of people that it has met.

    version, templates: of the records when it was learned.
    """

    normaliser: Normaliser
    version: int
    templates: int
    store: TailStore = field(default_factory=TailStore)

    def fits(self, version: int) -> bool:
        """Whether it still stands for the gallery at this version of the records."""
        changes = abs(version - self.version)
        return not changes or (self.templates > ALWAYS_ANEW and changes <= MOVED * self.templates)

    def tails_of(self, codes: Sequence[int], templates: Vectors) -> Tail:
        """The tails of people's templates, float32 (n, d); those met before with the same template are remembered."""
        marks = np.array([hash(template.tobytes()) for template in templates], dtype=np.int64)
        found, known = self.store.find(codes, marks)
        if known.all():
            return found
        missing = np.flatnonzero(~known)
        numbers = [codes[place] for place in missing.tolist()]
        made = self.normaliser.templates(templates[missing], np.array(numbers, dtype=np.int64))
        self.store.keep(numbers, marks[missing], made)
        found.level[missing], found.spread[missing] = made.level, made.spread
        return found


def learn_crowd(
    people: People, gallery: str | None, population: Population | None, *, size: int, version: int, templates: int
) -> Crowd:
    """Draw the cohort of a gallery (None: of all) and learn from it; raises NotEnoughPeople.

    size: how many people it has. The cohort is those of the smallest codes who have a template, so it depends on who
    is in the gallery and on nothing else.
    """
    # Twice as many as are needed: some may have photos of another engine only.
    chosen = nsmallest(2 * LARGEST_COHORT, ((code_of(key), key) for key in people.person_keys(gallery)))
    vectors = people.vectors_by_person([key for _, key in chosen])
    cohort = [(code, key) for code, key in chosen if key in vectors][:LARGEST_COHORT]
    codes: Codes = np.array([code for code, _ in cohort], dtype=np.int64)
    dimension = population.centres.shape[1] if population is not None else 1
    own = templates_of([vectors[key] for _, key in cohort]) if cohort else np.zeros((0, dimension), dtype=np.float32)
    return Crowd(
        learn(own, codes, people=max(size, len(codes)), population=population), version=version, templates=templates
    )
