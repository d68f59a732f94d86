"""What an operator's own gallery teaches the scores, kept up as the gallery changes."""

import threading
from collections import OrderedDict
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

_KEPT_TAILS = 200_000


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


@dataclass(slots=True, repr=False)
class Crowd:
    """The normaliser of one gallery, with the tails of people that searches came upon.

    version, templates: of the records when it was learned. tails: code -> (template's bytes, level, spread).
    """

    normaliser: Normaliser
    version: int
    templates: int
    tails: "OrderedDict[int, tuple[bytes, float, float]]" = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fits(self, version: int) -> bool:
        """Whether it still stands for the gallery at this version of the records."""
        changes = abs(version - self.version)
        return not changes or (self.templates > ALWAYS_ANEW and changes <= MOVED * self.templates)

    def tails_of(self, codes: Sequence[int], templates: Vectors) -> Tail:
        """The tails of people's templates, float32 (n, d); those seen before with the same template are remembered."""
        marks = [template.tobytes() for template in templates]
        with self.lock:
            known = [self.tails.get(code) for code in codes]
        found = [entry if entry and entry[0] == mark else None for entry, mark in zip(known, marks, strict=True)]
        missing = [place for place, entry in enumerate(found) if entry is None]
        if missing:
            made = self.normaliser.templates(templates[missing], np.array([codes[place] for place in missing]))
            for row, place in enumerate(missing):
                found[place] = (marks[place], float(made.level[row]), float(made.spread[row]))
            self._remember({codes[place]: entry for place in missing if (entry := found[place])})
        pairs = np.array([entry[1:] for entry in found if entry], dtype=np.float64).reshape(-1, 2)
        return Tail(pairs[:, 0], pairs[:, 1])

    def _remember(self, entries: Mapping[int, tuple[bytes, float, float]]) -> None:
        with self.lock:
            self.tails.update(entries)
            while len(self.tails) > _KEPT_TAILS:
                self.tails.popitem(last=False)


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
