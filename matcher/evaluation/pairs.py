"""Likelihood ratios of pairs: every mated pair, and a sample of non-mated ones taken without regard to likeness.

A search lists the likest only, and those would make the ratios of strangers look worse than they are; so some probes
are compared with everybody in a gallery small enough for that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from matcher.evaluation.searches import Search
from matcher.evaluation.sizes import Probe, people_of
from matcher.evaluation.throwaway import copy_people, throwaway_matcher
from matcher.pipeline import Matcher
from matcher.settings import Settings

MOST_PEOPLE = 900
MOST_NON_MATED = 150
_BATCH = 8


@dataclass(frozen=True, slots=True, repr=False)
class Pairs:
    """log10 likelihood ratios. mated: one for each mated probe that gave a template and whose person has one.

    non_mated: for each sampled non-mated probe, its ratios to everybody. The people are those searched for.
    """

    mated: tuple[float, ...]
    mated_people: tuple[str, ...]
    non_mated: tuple[tuple[float, ...], ...]
    non_mated_people: tuple[str, ...]


def compare_pairs(
    matcher: Matcher,
    probes: Sequence[Probe],
    settings: Settings,
    own_gallery: str,
    *,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Pairs:
    """The ratios of the pairs above. probes: those that gave a template, with what their search listed."""
    rng = np.random.default_rng(seed)
    strangers = [probe for probe in probes if not probe[0].mated]
    drawn = sorted(rng.choice(len(strangers), min(MOST_NON_MATED, len(strangers)), replace=False))
    unlisted = [probe for probe in probes if probe[0].mated and probe[0].mate is None]
    wanted = [*unlisted, *(strangers[place] for place in drawn)]
    keys = people_of(matcher, own_gallery)
    # The operator's own records are not troubled with lists of everybody, each of which would be audited.
    if len(keys) <= MOST_PEOPLE and not own_gallery:
        found = _compared(matcher, wanted, len(keys), progress)
    else:
        mates = {search.person_id for search, _ in unlisted}
        first = [key for key in keys if key[1] in mates]
        others = [key for key in keys if key[1] not in mates]
        room = max(0, MOST_PEOPLE - len(first))
        sample = [*first, *(others[place] for place in rng.choice(len(others), min(room, len(others)), replace=False))]
        with throwaway_matcher(settings, matcher.engine, expecting=len(sample)) as smaller:
            copy_people(matcher.gallery, sample, smaller.gallery)
            found = _compared(smaller, wanted, len(sample), progress)
    return _gathered(probes, found)


def _compared(
    matcher: Matcher, probes: Sequence[Probe], people: int, progress: Callable[[int, int], None]
) -> list[tuple[Search, dict[str, float]]]:
    """Each probe's ratios to everybody, by person_id; people: how many that is."""
    found = []
    for start in range(0, len(probes), _BATCH):
        progress(start, len(probes))
        batch = probes[start : start + _BATCH]
        answers = matcher.identify_many([photo for _, photo in batch], top=max(people, 1))
        for (search, _), answer in zip(batch, answers, strict=True):
            ratios = {
                one.person.person_id: one.log10_likelihood_ratio
                for one in answer.candidates
                if one.log10_likelihood_ratio is not None
            }
            found.append((search, ratios))
    return found


def _gathered(probes: Sequence[Probe], found: Sequence[tuple[Search, dict[str, float]]]) -> Pairs:
    mated = [
        (search.person_id, search.mate.log10_lr)
        for search, _ in probes
        if search.mate is not None and search.mate.log10_lr is not None
    ]
    # Whoever could not be enrolled has no template to compare with.
    mated += [(search.person_id, ratios[search.person_id]) for search, ratios in found if search.person_id in ratios]
    strangers = [(search.person_id, tuple(ratios.values())) for search, ratios in found if not search.mated and ratios]
    return Pairs(
        mated=tuple(ratio for _, ratio in mated),
        mated_people=tuple(name for name, _ in mated),
        non_mated=tuple(ratios for _, ratios in strangers),
        non_mated_people=tuple(name for name, _ in strangers),
    )
