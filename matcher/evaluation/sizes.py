"""The same searches among fewer people, so that predicted false alarms can be held against observed ones at any size.

A smaller gallery is a random sample of the people of the large one, with their templates. Whoever was searched for and
is not in the sample is non-mated there: their searches count too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from matcher.among import EVERYBODY
from matcher.evaluation.searches import Search
from matcher.evaluation.throwaway import copy_people, throwaway_matcher
from matcher.pipeline import Matcher
from matcher.preparing import PreparedPhoto
from matcher.records.values import PersonKey
from matcher.settings import Settings

Probe = tuple[Search, PreparedPhoto]

LADDER = (100, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000)
DRAWS = 2
_SIZES = 4
_MOST_PROBES = 2_000
_BATCH = 64


@dataclass(frozen=True, slots=True, repr=False)
class SizedSearches:
    """Non-mated searches among `people` people, of several samples. alarms: the false-alarm probability of each first
    candidate, 1.0 where nobody was listed. persons: who was searched for."""

    people: int
    samples: int
    alarms: tuple[float, ...]
    persons: tuple[str, ...]


def ladder(people: int) -> tuple[int, ...]:
    """The sizes to sample from a gallery of so many people: round, and at most two thirds of it, which leaves the
    samples something to differ by."""
    return tuple(size for size in LADDER if size <= people * 2 / 3)[-_SIZES:]


def search_at_sizes(
    matcher: Matcher,
    probes: Sequence[Probe],
    settings: Settings,
    own_gallery: str,
    *,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[SizedSearches, ...]:
    """Search samples of the matcher's gallery, each size twice; empty where nothing is calibrated.

    probes: those that gave a template. own_gallery: its name, empty for all people.
    """
    keys = people_of(matcher, own_gallery)
    sizes = ladder(len(keys))
    rng = np.random.default_rng(seed)
    chosen = _chosen(probes, rng)
    found = []
    for step, size in enumerate(sizes):
        alarms: list[float] = []
        persons: list[str] = []
        for sample in range(DRAWS):
            progress(DRAWS * step + sample, DRAWS * len(sizes))
            drawn = [keys[place] for place in rng.choice(len(keys), size, replace=False)]
            seen = _searched(matcher, drawn, chosen, settings)
            alarms += [alarm for _, alarm in seen]
            persons += [person for person, _ in seen]
        if alarms:
            found.append(SizedSearches(size, DRAWS, tuple(alarms), tuple(persons)))
    return tuple(found)


def people_of(matcher: Matcher, own_gallery: str) -> list[PersonKey]:
    """Everyone's key, in an order that does not depend on when they were enrolled."""
    return sorted(matcher.gallery.person_keys(own_gallery or None))


def _chosen(probes: Sequence[Probe], rng: np.random.Generator) -> list[Probe]:
    """All probes, or those of randomly chosen people, as many as are searched in reasonable time."""
    by_person: dict[str, list[Probe]] = {}
    for probe in probes:
        by_person.setdefault(probe[0].person_id, []).append(probe)
    names = sorted(by_person)
    chosen: list[Probe] = []
    for place in rng.permutation(len(names)):
        if len(chosen) >= _MOST_PROBES:
            break
        chosen += by_person[names[place]]
    return chosen


def _searched(
    matcher: Matcher, drawn: Sequence[PersonKey], probes: Sequence[Probe], settings: Settings
) -> list[tuple[str, float]]:
    """Of each probe whose person was not drawn: who it shows, and the first candidate's false-alarm probability."""
    inside = {person_id for _, person_id in drawn}
    outside = [probe for probe in probes if probe[0].person_id not in inside]
    seen = []
    with throwaway_matcher(settings, matcher.engine, expecting=len(drawn)) as smaller:
        copy_people(matcher.gallery, drawn, smaller.gallery)
        for start in range(0, len(outside), _BATCH):
            batch = outside[start : start + _BATCH]
            answers = smaller.identify_many([photo for _, photo in batch], top=1, among=EVERYBODY)
            for (search, _), answer in zip(batch, answers, strict=True):
                if not answer.scoring.calibrated:
                    return []
                best = answer.candidates[0].false_alarm_probability if answer.candidates else None
                seen.append((search.person_id, 1.0 if best is None else best))
    return seen
