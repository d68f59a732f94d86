"""What an operator's own gallery teaches the scores, kept up as the gallery changes."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
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
from matcher.scoring.likeness import Floats, Vectors, unit
from matcher.scoring.normaliser import Normaliser
from matcher.scoring.outlook import Outlook
from matcher.scoring.population import Population
from matcher.scoring.remembered import TailStore, marks_of
from matcher.scoring.strangers import Strangers
from matcher.scoring.tail import Tail

ALWAYS_ANEW = 500
"""Up to this many people every change of the gallery is learned at once: it takes a few dozen milliseconds."""

MOVED = 0.1
"""Above that, once this share of the templates has changed since the last time."""


class People(Protocol):
    """What is asked of a gallery: its people's numbers and keys, and their vectors."""

    def keys(self, gallery: str | None) -> Iterable[tuple[int, PersonKey]]: ...

    def vectors(self, numbers: Iterable[int]) -> Mapping[int, tuple[PersonKey, NDArray[np.float32]]]: ...


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


def photos_of(vectors: Sequence[NDArray[np.float32]]) -> Vectors:
    """One photo of each person, float32 (n, d), unit rows: which one depends on nothing but the photos."""
    return np.stack([min(unit(each), key=lambda photo: photo.tobytes()) for each in vectors])


@dataclass(slots=True, repr=False)
class Ahead:
    """What is known of people before they are read; replaced as a whole, None before everybody was met."""

    outlook: Outlook | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Crowd:
    """The normalisers of one gallery, with the tails of people that it has met.

    normaliser: of the cohort's templates, for the side of the probe, which is compared with templates. of_photos: of
    single photos of the same people, for the side of the template, which strangers' single photos are compared with;
    the same where nobody has several photos. A mean over photos is nearer to other means than a photo is, so with one
    normaliser for both, false alarms in galleries of two and three photos a person were half as many as predicted.

    numbers: int64 (c,), of the cohort's people in the records. highest: float64 (c,), the highest score of each of
    them among the others; empty where they are too few. version, templates: of the records when it was learned.
    """

    normaliser: Normaliser
    of_photos: Normaliser
    numbers: NDArray[np.int64]
    highest: Floats
    version: int
    templates: int
    store: TailStore = field(default_factory=TailStore)
    ahead: Ahead = field(default_factory=Ahead)
    _strangers: list[Strangers | None] = field(default_factory=list)
    _counting: threading.Lock = field(default_factory=threading.Lock)

    def fits(self, version: int, *, moved: float = MOVED) -> bool:
        """Whether it still stands for the gallery at this version of the records."""
        changes = abs(version - self.version)
        return not changes or (self.templates > ALWAYS_ANEW and changes <= moved * self.templates)

    def tails_of(self, codes: Sequence[int], templates: Vectors) -> Tail:
        """The tails of people's templates, float32 (n, d); those met before with the same template are remembered."""
        marks = marks_of(templates)
        found, known = self.store.find(codes, marks)
        if known.all():
            return found
        missing = np.flatnonzero(~known)
        numbers = [codes[place] for place in missing.tolist()]
        made = self.of_photos.templates(templates[missing], np.array(numbers, dtype=np.int64))
        self.store.keep(numbers, marks[missing], made)
        found.level[missing], found.spread[missing] = made.level, made.spread
        return found

    def tails_among_templates(self, codes: Sequence[int], templates: Vectors) -> Tail:
        """Where people's templates are compared with each other, and not with photos."""
        if self.of_photos is self.normaliser:
            return self.tails_of(codes, templates)
        return self.normaliser.templates(templates, np.array(codes, dtype=np.int64))

    def highest_among(self, chosen: Callable[[Iterable[int]], frozenset[int]]) -> Floats:
        """The highest score of each of those of the cohort's people whom `chosen` names, among these alone."""
        with self._counting:
            if not self._strangers:
                self._strangers.append(Strangers.of(self.of_photos))
        (strangers,) = self._strangers
        if strangers is None:
            return np.zeros(0)
        kept = chosen(self.numbers.tolist())
        return strangers.highest(np.flatnonzero([number in kept for number in self.numbers.tolist()]))


def learn_crowd(
    people: People, gallery: str | None, population: Population | None, *, size: int, version: int, templates: int
) -> Crowd:
    """Draw the cohort of a gallery (None: of all) and learn from it; raises NotEnoughPeople.

    size: how many people it has. The cohort is those of the smallest codes who have a template, so it depends on who
    is in the gallery and on nothing else.
    """
    # Twice as many as are needed: some may have photos of another engine only.
    chosen = nsmallest(2 * LARGEST_COHORT, ((code_of(key), number) for number, key in people.keys(gallery)))
    vectors = people.vectors([number for _, number in chosen])
    cohort = [(code, number) for code, number in chosen if number in vectors][:LARGEST_COHORT]
    codes: Codes = np.array([code for code, _ in cohort], dtype=np.int64)
    dimension = population.centres.shape[1] if population is not None else 1
    theirs = [vectors[number][1] for _, number in cohort]
    count = max(size, len(codes))

    def learned(own: Vectors) -> Normaliser:
        return learn(own, codes, people=count, population=population)

    nobody = np.zeros((0, dimension), dtype=np.float32)
    normaliser = learned(templates_of(theirs) if cohort else nobody)
    several = any(len(each) > 1 for each in theirs)
    of_photos = learned(photos_of(theirs)) if several else normaliser
    strangers = Strangers.of(of_photos)
    return Crowd(
        normaliser=normaliser,
        of_photos=of_photos,
        numbers=np.array([number for _, number in cohort], dtype=np.int64),
        highest=np.zeros(0) if strangers is None else strangers.highest(),
        version=version,
        templates=templates,
    )
