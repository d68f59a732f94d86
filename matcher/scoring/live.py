"""Scores of searches in an operator's own gallery: what they rest on now, made ready ahead of searches."""

import threading
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from matcher.among import Among
from matcher.errors import OutsideCalibration
from matcher.gallery import Gallery
from matcher.gallery_crowd import GalleryCrowd
from matcher.records.values import GallerySize, GalleryState, PersonKey
from matcher.scoring.agreeing import Bench
from matcher.scoring.calibration import Calibration
from matcher.scoring.crowd import ALWAYS_ANEW, MOVED, Crowd, code_of, learn_crowd, templates_of
from matcher.scoring.keeping import Shelf
from matcher.scoring.learning import LEAST_ALONE, NotEnoughPeople
from matcher.scoring.normaliser import ProbeTails
from matcher.scoring.outlook import SPARE, Glance, Outlook
from matcher.scoring.population import Population
from matcher.scoring.rating import CROWDED, Asked, Ratings, Scale, most_considered, rate, tails_of_probes
from matcher.scoring.strangers import count_factor, expected_of_some
from matcher.scoring.tail import Tail

_KEPT_COUNTS = 256
_WARMED_AT_ONCE = 500
_PAUSE = 0.02
# A pass over everybody is not worth it for the last few: they are met at their first search.
_NEARLY_ALL = 0.98
# Changes of the records since the last search up to which those whom they concern are looked up; after more, as after a
# large import, everybody is met again. So they are when this share of what was known ahead is out of date.
_LOOKED_UP = 20_000
_OUTDATED = 0.05


class Scorer:
    """Scores for one gallery and engine. Any number of threads may share it."""

    def __init__(
        self,
        gallery: Gallery,
        *,
        population: Population | None,
        calibration: Calibration | None,
        prior: float,
        shelf: Shelf | None = None,
        parts: Sequence[int] = (),
    ) -> None:
        """population, calibration: of the gallery's engine; None where there is none. prior: the share of searches
        whose person is in the gallery, above 0 and below 1. shelf: where to keep what is learned; None for nowhere.
        parts: the dimensions of a joined engine's parts, in their order; empty for other engines."""
        self._gallery = gallery
        self._people: GalleryCrowd = gallery.crowd
        self._population = population
        self._calibration = calibration
        self.prior = prior
        self._shelf = shelf
        self._bench = Bench(parts) if parts else None
        self._learning = threading.Lock()
        self._crowds: dict[str | None, Crowd] = {}
        self._counts: dict[tuple[Among, int], int] = {}
        self._factors: dict[tuple[Among, int, int], float] = {}

    @property
    def calibration(self) -> Calibration | None:
        return self._calibration

    def scale(self, among: Among, state: GalleryState, *, fpir: float | None = None) -> Scale:
        """What searches among these people rest on, at this state of the gallery.

        Raises OutsideCalibration for a target FPIR that can't be kept.
        """
        people = self._count(among, state)
        crowd = self._crowd(among.gallery, state)
        calibration = None
        if crowd is not None and self._calibration is not None:
            calibration = self._calibration.times(self._factor(among, state, crowd, self._calibration))
        if fpir is not None:
            if calibration is None:
                raise OutsideCalibration(
                    f"no list can be cut at FPIR {fpir:g}: scores of {state.engine} are not calibrated here; search "
                    "without a target, or calibrate on people with several photos"
                )
            calibration.false_matches.threshold(fpir, people)
        return Scale(people, crowd, calibration)

    def rate(
        self,
        probes: NDArray[np.float32],
        retrieved: Sequence[Sequence[PersonKey]],
        vectors: Mapping[PersonKey, NDArray[np.float32]],
        scale: Scale,
        asked: Asked,
        *,
        qualities: Sequence[float | None] | None = None,
        sides: Sequence[ProbeTails] | None = None,
    ) -> tuple[Ratings, ...]:
        """Rank the retrieved people of each probe, as `rating.rate`."""
        found = rate(probes, retrieved, vectors, scale, asked, prior=self.prior, qualities=qualities, sides=sides)
        if self._bench is None or scale.crowd is None:
            return found
        return self._bench.judged(found, probes, vectors, scale.crowd)

    def warm(self, stop: threading.Event) -> None:
        """Meet everyone before a search does: learn all galleries' crowd and the tails of everyone, until stopped.

        About 60 microseconds of one core a person; a search that meets 200 people for the first time takes ten
        milliseconds longer than one that does not. Cheap where it was done before, also by another process.
        """
        state = self._gallery.state()
        for name in {None, *self._crowds}:
            crowd = self._ahead(name, state)
            people = self._count(Among(gallery=name), state)
            if crowd is None or (
                _NEARLY_ALL * people <= len(crowd.store) <= people
                and (people < CROWDED or self._is_known_ahead(crowd, state))
            ):
                continue
            if len(crowd.store) > people:
                present = [code_of(key) for _, key in self._people.keys(name)]
                crowd.store.forget_others(np.array(present, dtype=np.int64))
            self._meet(name, crowd, state, stop)
            if self._shelf is not None and crowd.templates > ALWAYS_ANEW:
                self._shelf.save_tails(name, crowd)

    def _meet(self, name: str | None, crowd: Crowd, state: GalleryState, stop: threading.Event) -> None:
        after, cohort = -1, set(crowd.numbers.tolist())
        ahead: list[tuple[NDArray[np.int64], Tail]] = []
        while numbers := self._people.numbers(name, after=after, count=_WARMED_AT_ONCE):
            if stop.wait(_PAUSE):
                return
            after = numbers[-1]
            people = self._people.templates(numbers)
            found = list(people.values())
            if found:
                codes = [code_of(held.key) for held in found]
                tails = crowd.tails_of(codes, templates_of([held.vectors for held in found]))
                single = [len(held.ids) == 1 and number not in cohort for number, held in people.items()]
                rows = np.flatnonzero(single)
                ids = np.array([found[row].ids[0] for row in rows.tolist()], dtype=np.int64)
                ahead.append((ids, tails.take(rows)))
        if self._count(Among(gallery=name), state) >= CROWDED:
            # What was changed meanwhile comes after this version, and is left out when it is next asked.
            crowd.ahead.outlook = Outlook.of(ahead, state.version)

    def _is_known_ahead(self, crowd: Crowd, state: GalleryState) -> bool:
        outlook = self._outlook(crowd, state)
        return outlook is not None and len(outlook.outdated) <= _OUTDATED * max(1, len(outlook.ids))

    def _outlook(self, crowd: Crowd, state: GalleryState) -> Outlook | None:
        """What is known ahead of reading, as the records are now; None where everybody has to be met first."""
        known = crowd.ahead.outlook
        if known is None or known.version == state.version:
            return known
        if not 0 < state.version - known.version <= _LOOKED_UP:
            return None
        outdated = self._people.siblings(after=known.version, to=state.version)
        if outdated is None:
            return None
        crowd.ahead.outlook = current = known.at(state.version, outdated)
        return current

    def glance(self, probes: NDArray[np.float32], scale: Scale, state: GalleryState, asked: Asked) -> Glance | None:
        """How to tell which of these probes' hits are worth reading; None where all of them are to be read."""
        if scale.crowd is None or scale.people < CROWDED:
            return None
        outlook = self._outlook(scale.crowd, state)
        return (
            None
            if outlook is None
            else Glance(outlook, tails_of_probes(probes, scale.crowd), most_considered(asked) + SPARE)
        )

    def _factor(self, among: Among, state: GalleryState, crowd: Crowd, calibration: Calibration) -> float:
        """How much more often these people are falsely matched than those of the calibration."""
        law = calibration.false_matches
        known = self._factors.get((among, state.version, crowd.version))
        if known is not None:
            return known
        factor = count_factor(crowd.highest, law)
        whole = Among(gallery=among.gallery)
        some, everyone = self._count(among, state), self._count(whole, state)
        if among != whole and some < everyone:
            theirs = crowd.highest_among(lambda numbers: self._people.among(numbers, among))
            factor *= count_factor(theirs, law.times(factor), expected=expected_of_some(some, everyone))
        if len(self._factors) >= _KEPT_COUNTS:
            self._factors.clear()
        self._factors[among, state.version, crowd.version] = factor
        return factor

    def _count(self, among: Among, state: GalleryState) -> int:
        if among == Among(gallery=among.gallery):
            # Who has no photo of this engine can't be found; the kept counts say how many can at most.
            return sum(min(size.people, size.templates.get(state.engine, 0)) for size in _sizes(among.gallery, state))
        asked = (among, state.version)
        count = self._counts.get(asked)
        if count is None:
            if len(self._counts) >= _KEPT_COUNTS:
                self._counts.clear()
            count = self._counts[asked] = self._gallery.count_people(among)
        return count

    def _crowd(self, gallery: str | None, state: GalleryState) -> Crowd | None:
        """The gallery's crowd, learned anew where it has changed too much; None where there are too few people."""
        known = self._crowds.get(gallery)
        if known is not None and known.fits(state.version):
            return known
        with self._learning:
            known = self._crowds.get(gallery)
            if known is not None and known.fits(state.version):
                return known
            kept = self._shelf.load(self._people, gallery) if self._shelf is not None and known is None else None
            crowd = kept if kept is not None and kept.fits(state.version) else self._learned(gallery, state)
            if crowd is not None:
                self._crowds[gallery] = crowd
            return crowd

    def _ahead(self, gallery: str | None, state: GalleryState) -> Crowd | None:
        """The same, but learned anew in good time, so that no search has to wait for it."""
        crowd = self._crowd(gallery, state)
        if crowd is None or crowd.templates <= ALWAYS_ANEW:
            return crowd
        if crowd.fits(state.version, moved=MOVED / 2) and not self._holds_somebody_removed(gallery, crowd, state):
            return crowd
        anew = self._learned(gallery, state)
        if anew is not None:
            with self._learning:
                self._crowds[gallery] = anew
        return anew

    def _holds_somebody_removed(self, gallery: str | None, crowd: Crowd, state: GalleryState) -> bool:
        # Whose template serves as a stranger's must not stay in memory after their removal, few as they may be.
        numbers = crowd.numbers.tolist()
        return state.version != crowd.version and len(self._people.among(numbers, Among(gallery=gallery))) < len(
            numbers
        )

    def _learned(self, gallery: str | None, state: GalleryState) -> Crowd | None:
        people = self._count(Among(gallery=gallery), state)
        if self._population is None and people < LEAST_ALONE:
            return None
        templates = sum(size.templates.get(state.engine, 0) for size in _sizes(gallery, state))
        try:
            crowd = learn_crowd(
                self._people, gallery, self._population, size=people, version=state.version, templates=templates
            )
        except NotEnoughPeople:
            return None
        if self._shelf is not None and templates > ALWAYS_ANEW:
            self._shelf.save(gallery, crowd)
        return crowd


def _sizes(gallery: str | None, state: GalleryState) -> list[GallerySize]:
    """Those of the galleries that are searched; none for one that is not there."""
    return [size for name, size in state.galleries.items() if gallery in {None, name}]
